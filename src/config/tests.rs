use std::path::Path;

use super::*;

mod bad_input;
mod example;
mod mistakes;
mod release;
mod windows;

fn env() -> Env {
    [("HOME", "/home/ada"), ("PATH", "/usr/bin:/bin")]
        .into_iter()
        .collect()
}

fn load_text(text: &str) -> Result<Settings, Vec<Problem>> {
    load_in(text, Path::new("/work/gonogo.toml"), &env())
}

#[test]
fn an_empty_file_is_the_defaults() {
    let settings = load_text("").unwrap();
    assert_eq!(settings.poll, defaults::POLL);
    assert_eq!(settings.ui, defaults::UI);
    assert_eq!(
        settings.journal.path(),
        Path::new("/home/ada/.local/state/gonogo/journal.db")
    );
    assert_eq!(
        settings.forges[0].api_url.as_str(),
        "https://api.github.com/"
    );
    assert!(settings.policy.services.is_empty());
}

const FULL: &str = r#"
[operator]
name = "ada"
roles = ["release"]

[poll]
interval = "20s"
max_age = "1m 30s"
adapt = false

[journal]
url = "sqlite:state/journal.db"

[forge.hub]
token = { command = ["pass", "show", "it's \"quoted\""] }

[forge.work]
kind = "github"
url = "https://github.example.com:8443"
token = { env = "WORK_TOKEN" }
ca_file = "~/ca.pem"
interval = "40s"

[environment.dev]
tier = "fast"

[environment.staging]

[environment."eu/live"]
tier = "strict"
mode = "auto"
countdown = "45s"
verify = { within = "20m", every = "1m", probes = [{ name = "up", url = "https://{service}.test/up" }], tasks = [{ name = "smoke", text = "log in", role = "qa" }] }

[policy.strict]
gates = [
    "hold",
    { kind = "pipeline", required = ["test"], ignored = ["lint"] },
    { kind = "path", from = "any" },
    { kind = "soak", at_least = "1d" },
    { kind = "review", approvals = 2, own = true },
    { kind = "sign-off", roles = ["qa", "release"], distinct = false },
    { kind = "quality", figures = [{ check = "coverage", after = "lines", at_least = 80 }, { check = "sast", at_most = 2.50 }] },
    { kind = "blocker", labels = ["stop", "p1"] },
    { kind = "parity", with = "staging", file = "deploy/{environment}.toml", except = ["config.replicas", "hosts.*"] },
    { kind = "four-eyes", distinct = ["author", "promoter"] },
    "window",
]

[role.qa]
members = ["@grace", "alan"]
[role.release]
members = ["edsger"]

[window.evenings]
days = ["Thursday", "mon"]
from = 18:00:00
to = "02:00"
zone = "europe/berlin"
environments = ["eu/live"]
[window.fire-drill]
effect = "deny"
from = "2026-11-30 09:00"
to = 2026-11-30T12:30:00
zone = "UTC"
[freeze.year-end]
from = "2026-12-20T18:00"
to = "2027-01-04 06:00"
zone = "America/New_York"
reason = "year end"
services = ["web"]

[service.web]
repo = "work:acme/web"
branch = "main"
group = "front"
path = ["dev", "staging", "eu/live"]
gates = [{ kind = "pipeline", blocking = ["e2e"] }, { kind = "soak", at_least = "2h" }, { kind = "parity", payload = true }, "four-eyes", { kind = "quality", figures = [{ check = "coverage", after = "lines", at_least = 85.5 }] }]
[service.web.promote.staging]
via = "workflow"
workflow = "deploy.yml"
inputs = { env = "{environment}", "the sha" = "{revision}" }
[service.web.promote."eu/live"]
via = "pull-request"
base = "live"
method = "squash"
verify = { within = "10m", tasks = [{ name = "pay", text = "pay with a card" }] }

[service.api]
repo = "hub:acme/api"
path = ["dev", "staging", "eu/live"]
[service.api.promote.dev]
via = "deployment"
[service.api.promote.staging]
workflow = "release.yml"
[service.api.promote."eu/live"]
via = "release"

[service.mainframe]
revision = "2026.47"
path = ["staging", "eu/live"]
gates = [{ kind = "checklist", tasks = [{ name = "install", text = "install it", role = "release" }] }]

[keys]
promote = "ctrl-p"
hold = ["H", "f8"]
quit = false

[ui]
theme = "light"
ascii = true
motion = false
utc = false
"#;

#[test]
fn a_full_file_means_what_it_says() {
    let settings = load_text(FULL).unwrap_or_else(|problems| panic!("{}", render(&problems)));
    insta::assert_debug_snapshot!(settings.policy.services);
    assert_eq!(settings.poll.max_age.as_secs(), 90);
    assert!(!settings.poll.adapt);
    let intervals = settings.forges.iter().map(|forge| forge.interval);
    let intervals: Vec<_> = intervals.map(|it| it.map(|it| it.as_secs())).collect();
    assert_eq!(intervals, [None, Some(40)]);
    assert_eq!(settings.policy.max_age.as_secs(), 90);
    assert_eq!(settings.journal.path(), Path::new("/work/state/journal.db"));
    let work = &settings.forges[1];
    assert_eq!(work.host(), "github.example.com:8443");
    assert_eq!(
        work.api_url.as_str(),
        "https://github.example.com:8443/api/v3"
    );
    assert_eq!(work.ca_file.as_deref(), Some(Path::new("/home/ada/ca.pem")));
    assert!(settings.policy.environments["eu/live"].protected);
    assert!(
        settings
            .policy
            .has_role(&Person::new("ada"), &"release".into())
    );
}

#[test]
fn what_is_shown_loads_again_and_is_equal() {
    for text in ["", FULL, example::EXAMPLE] {
        let settings = load_text(text).unwrap_or_else(|problems| panic!("{}", render(&problems)));
        let shown = show::show(&settings);
        let mut again =
            load_text(&shown).unwrap_or_else(|problems| panic!("{shown}\n{}", render(&problems)));
        again.notes.clone_from(&settings.notes);
        assert_eq!(again, settings);
        assert_eq!(show::show(&again), shown);
    }
}

#[test]
fn the_policy_version_changes_with_what_decides_and_with_nothing_else() {
    let version = |text: &str| load_text(text).unwrap().policy.version.clone();
    let full = version(FULL);
    let same = FULL
        .replace("theme = \"light\"", "theme = \"dark\"")
        .replace("\"20s\"", "\"21s\"")
        .replace("state/journal.db", "other.db");
    assert_eq!(version(&same), full);
    for (from, to) in [
        ("approvals = 2", "approvals = 3"),
        ("1m 30s", "1m 31s"),
        ("\"alan\"", "\"alan\", \"mary\""),
        ("02:00", "02:01"),
        ("at_least = 85.5", "at_least = 86"),
        ("after = \"lines\"", "after = \"branches\""),
        ("[\"stop\", \"p1\"]", "[\"stop\"]"),
        ("with = \"staging\"", "with = \"dev\""),
        ("\"config.replicas\", ", ""),
        ("payload = true", "file = \"a.toml\""),
        ("[\"author\", \"promoter\"]", "[\"approver\", \"promoter\"]"),
        ("tier = \"fast\"", "tier = \"standard\""),
        ("[\"e2e\"]", "[\"e2e\", \"load\"]"),
        ("base = \"live\"", "base = \"prod\""),
        ("acme/api", "acme/api2"),
        ("within = \"20m\"", "within = \"21m\""),
        ("every = \"1m\"", "every = \"2m\""),
        ("{service}.test/up", "{service}.test/down"),
        ("text = \"log in\", role = \"qa\"", "text = \"log in\""),
        ("within = \"10m\"", "within = \"9m\""),
        ("pay with a card", "pay in cash"),
        ("revision = \"2026.47\"", "revision = \"2026.48\""),
        ("install it", "throw it away"),
    ] {
        assert!(FULL.contains(from), "{from}");
        assert_ne!(version(&FULL.replace(from, to)), full, "{from}");
    }
    let example = version(example::EXAMPLE);
    for (from, to) in [
        ("margin = \"10m\"", "margin = \"11m\""),
        ("take a backup", "take two backups"),
        ("role = \"release\" }", "role = \"qa\" }"),
        ("at_most = 1.5", "at_most = 1.501"),
        ("\"/error_rate\"", "\"/errors\""),
        ("equals = \"UP\"", "equals = \"OK\""),
        ("min(up", "max(up"),
        ("every = \"30s\"", "every = \"31s\""),
        ("[\"true\", ", "[\"false\", "),
        ("time_limit = \"30s\"", "time_limit = \"31s\""),
        (">= v2.1.0", ">= v2.1.1"),
    ] {
        assert!(example::EXAMPLE.contains(from), "{from}");
        let changed = version(&example::EXAMPLE.replace(from, to));
        assert_ne!(changed, example, "{from}");
    }
}

#[test]
fn a_policy_that_asks_for_a_second_approver_has_the_gate_for_it() {
    use crate::domain::policy::GateSpec;
    let text = "[role.qa]\nmembers = [\"ada\"]\n[policy.standard]\nrisk = { second = 40 }\n\
        [service.web]\nrepo = \"acme/web\"\npath = [\"dev\", \"production\"]\n";
    let settings = load_text(text).unwrap_or_else(|problems| panic!("{}", render(&problems)));
    let stage = &settings.policy.services[0].path[1];
    let names: Vec<&str> = stage.gates.iter().map(GateSpec::name).collect();
    assert_eq!(
        names,
        [
            "fresh", "pipeline", "path", "review", "window", "risk", "forge", "hold", "manual"
        ]
    );
    let roles: Vec<&str> = stage
        .roles_asked()
        .map(super::super::domain::ids::RoleName::as_str)
        .collect();
    assert_eq!(roles, ["qa"], "any role may be the second approver's");
    let rule = settings.policy.risk_rule(&stage.environment);
    // Nobody is asked for without a warning.
    assert_eq!((rule.warn, rule.second), (Some(40), Some(40)));
    let without = load_text(&text.replace("risk = { second = 40 }", "")).unwrap();
    assert_ne!(without.policy.version, settings.policy.version);
    let stage = &without.policy.services[0].path[1];
    assert!(!stage.gates.iter().any(|gate| gate.name() == "risk"));
    assert_eq!(without.policy.risk_rule(&stage.environment).warn, Some(50));
}

#[test]
fn a_service_names_a_policy_whose_gates_come_on_top_in_one_environment() {
    use crate::domain::policy::GateSpec;
    let text = "[policy.personal]\ngates = [\"four-eyes\", { kind = \"soak\", at_least = \"2h\" }]\n\
        [environment.staging]\n[environment.production]\ntier = \"regulated\"\n\
        [service.web]\nrepo = \"acme/web\"\npath = [\"staging\", \"production\"]\n\
        [service.web.promote.production]\npolicy = \"personal\"\n";
    let settings = load_text(text).unwrap_or_else(|problems| panic!("{}", render(&problems)));
    let [staging, production] = settings.policy.services[0].path.as_slice() else {
        panic!("two stages")
    };
    let names = |gates: &[GateSpec]| gates.iter().map(GateSpec::name).collect::<Vec<_>>();
    assert!(!names(&staging.gates).contains(&"four-eyes"));
    let named = names(&production.gates);
    for gate in ["pipeline", "review", "window", "four-eyes"] {
        assert!(named.contains(&gate), "{named:?}");
    }
    let soak = GateSpec::Soak {
        at_least: jiff::SignedDuration::from_hours(2),
    };
    assert!(production.gates.contains(&soak), "the stricter of both");
    let again = load_text(&show::show(&settings)).unwrap();
    assert_eq!(again.policy, settings.policy);

    let problems = load_text(&text.replace("policy = \"personal\"", "policy = \"personnel\""));
    let told = render(&problems.unwrap_err());
    assert!(told.contains("there is no policy `personnel`"), "{told}");
}

#[test]
fn what_a_service_looks_for_goes_before_what_all_look_for() {
    let text = "[scope]\ntickets = [\"A-1\"]\nfiles = { sql = [\"**/*.sql\"], migrations = [] }\n\
        [service.web]\nrepo = \"acme/web\"\npath = [\"dev\"]\n\
        [service.api]\nrepo = \"acme/api\"\npath = [\"dev\"]\ntickets = [\"B-2\"]\n\
        files = { sql = [\"db/*\"] }\n";
    let settings = load_text(text).unwrap_or_else(|problems| panic!("{}", render(&problems)));
    let [web, api] = settings.policy.services.as_slice() else {
        panic!("two services")
    };
    let kinds: Vec<&str> = web.scope.files.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["infrastructure", "sql"]);
    assert_eq!(web.scope.tickets[0].as_str(), "A-1");
    assert_eq!(api.scope.tickets[0].as_str(), "B-2");
    assert_eq!(api.scope.files["sql"].texts(), ["db/*"]);
    let again = load_text(&show::show(&settings)).unwrap();
    assert_eq!(again.policy, settings.policy);
}

#[test]
fn a_broken_line_is_shown_without_the_token_in_it() {
    let problems = load_text("[forge.github]\ntoken = ghp_secret\nurl = =\n").unwrap_err();
    let shown = render(&problems);
    assert!(problems.len() >= 2, "{shown}");
    assert!(!shown.contains("ghp_secret"), "{shown}");
}

#[test]
fn a_key_that_only_the_keymap_can_judge_gets_its_place() {
    let text = "[keys]\npromot = \"P\"\n";
    let problem = problem_at(text, Path::new("c.toml"), &["keys", "promot"], "no", None);
    assert_eq!((problem.line, problem.column, problem.length), (2, 1, 6));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_checker_panic(text in ".{0,200}") {
        let _ = load_text(&text);
    }

    /// Lines of real files, shuffled: they parse more often than noise does.
    #[test]
    fn no_shuffled_file_makes_the_checker_panic(
        picks in proptest::collection::vec(0..400_usize, 0..40),
    ) {
        let lines: Vec<&str> = mistakes::MISTAKES.lines().chain(FULL.lines()).collect();
        let text: String = picks
            .iter()
            .filter_map(|pick| lines.get(pick % lines.len()))
            .flat_map(|line| [*line, "\n"])
            .collect();
        if let Err(problems) = load_text(&text) {
            proptest::prop_assert!(!problems.is_empty());
            render(&problems);
        }
    }

    /// One value of a good file replaced by one of another type.
    #[test]
    fn no_value_of_a_wrong_type_makes_the_checker_panic(
        pick in 0..400_usize,
        value in proptest::sample::select(vec![
            "1", "-1", "0x10", "1.5", "true", "\"\"", "\"x\"", "[]", "{}", "[[]]", "[1]",
            "{ a = 1 }", "2026-01-01", "2026-01-01T00:00:00Z", "99999999999999999999",
        ]),
    ) {
        let lines: Vec<&str> = FULL.lines().collect();
        let place = pick % lines.len();
        let text: String = lines
            .iter()
            .enumerate()
            .map(|(at, line)| match line.split_once(" = ") {
                Some((key, _)) if at == place => format!("{key} = {value}\n"),
                Some(_) | None => format!("{line}\n"),
            })
            .collect();
        let _ = load_text(&text).map_err(|problems| render(&problems));
    }
}
