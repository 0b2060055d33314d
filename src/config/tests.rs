use std::path::Path;

use super::*;

fn env() -> Env {
    [("HOME", "/home/ada")].into_iter().collect()
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

/// About every kind of mistake, one after the other.
const MISTAKES: &str = r#"
[operater]
name = "ada"

[poll]
intervall = "15s"
interval = 15
max_age = "soon"

[journal]
url = "postgres://ada:hunter2@db/gonogo"

[forge.github]
token = "ghp_0123456789"
url = "http://github.example.com"

[forge.lab]
kind = "gitlab"
url = "https://gitlab.com"

[environment.staging]
tier = "fats"

[environment.production]
tier = "regulated"
mode = "auto"
protected = "yes"

[policy.regulated]
gates = [
    "pipelin",
    "quality",
    { kind = "soak", at_least = "-1h" },
    { kind = "review", aprovals = 2 },
    { kind = "sign-off", roles = ["qa", "boss"] },
    "window", "window",
]

[role.qa]
members = ["ada"]

[window.evenings]
days = ["mon", "tues"]
from = "18:00"
to = "18:00"
zone = "Europe/Berln"
environments = ["prod"]

[freeze.year-end]
from = "2026-12-20 18:00"
to = 2026-12-01T06:00:00
zone = "UTC"

[service.checkout]
repo = "gihub:acme/checkout"
path = ["dev", "stagin", "production"]
interval = "15s"

[service.checkout.promote.production]
via = "workflow"
method = "squash"

[service.checkout.promote.qa]
via = "job"

[service.ledger]
path = []
depends = ["chekout"]
"#;

#[test]
fn every_mistake_is_reported_at_once_with_its_place() {
    let problems = load_text(MISTAKES).unwrap_err();
    let shown = render(&problems);
    assert!(!shown.contains("hunter2") && !shown.contains("0123456789"));
    insta::assert_snapshot!(shown);
}

const FULL: &str = r#"
[operator]
name = "ada"
roles = ["release"]

[poll]
interval = "20s"
max_age = "1m 30s"

[journal]
url = "sqlite:state/journal.db"

[forge.hub]
token = { command = ["pass", "show", "it's \"quoted\""] }

[forge.work]
kind = "github"
url = "https://github.example.com:8443"
token = { env = "WORK_TOKEN" }
ca_file = "~/ca.pem"

[environment.dev]
tier = "fast"

[environment.staging]

[environment."eu/live"]
tier = "strict"
mode = "checklist"

[policy.strict]
gates = [
    "hold",
    { kind = "pipeline", required = ["test"], ignored = ["lint"] },
    { kind = "path", from = "any" },
    { kind = "soak", at_least = "1d" },
    { kind = "review", approvals = 2, own = true },
    { kind = "sign-off", roles = ["qa", "release"], distinct = false },
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
gates = [{ kind = "pipeline", blocking = ["e2e"] }, { kind = "soak", at_least = "2h" }]
[service.web.promote.staging]
via = "workflow"
workflow = "deploy.yml"
inputs = { env = "{environment}", "the sha" = "{revision}" }
[service.web.promote."eu/live"]
via = "pull-request"
base = "live"
method = "squash"

[service.api]
repo = "hub:acme/api"
path = ["dev", "staging", "eu/live"]
[service.api.promote.dev]
via = "deployment"
[service.api.promote.staging]
workflow = "release.yml"
[service.api.promote."eu/live"]
via = "release"

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
    for text in ["", FULL, include_str!("../../config.example.toml")] {
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
        ("tier = \"fast\"", "tier = \"standard\""),
        ("[\"e2e\"]", "[\"e2e\", \"load\"]"),
        ("base = \"live\"", "base = \"prod\""),
        ("acme/api", "acme/api2"),
    ] {
        assert!(FULL.contains(from), "{from}");
        assert_ne!(version(&FULL.replace(from, to)), full, "{from}");
    }
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

#[test]
fn a_file_that_is_not_there_is_a_problem_with_a_hint() {
    let problems = read(Path::new("/no/such/file.toml"), &env()).unwrap_err();
    assert!(render(&problems).starts_with("/no/such/file.toml: cannot be read"));
}

/// A file, and what its only problem says (`""`: it has none).
const CASES: &[(&str, &str)] = &[
    (
        "[poll]\ninterval = \"2m\"",
        "stale before they are read again",
    ),
    ("[poll]\ninterval = \"500ms\"", "at least one second"),
    ("[poll]\nmax_age = \"2y\"", "is not a duration"),
    ("[poll]\nmax_age = \"9000h\"", "longer than a year"),
    ("poll = 1", "`poll` must be a table"),
    (
        "[[forge]]\nurl = \"https://a.b\"",
        "`forge` must be a table",
    ),
    ("[journal]\nurl = \"sqlite::memory:\"", "a file that lasts"),
    ("[journal]\nurl = \"/x.db\"", "must start with `sqlite:`"),
    (
        "[forge.a]\nurl = \"http://127.0.0.1:8080\"\nkind = \"github\"",
        "",
    ),
    (
        "[forge.a]\nurl = \"http://[::1]:8080\"\nkind = \"github\"",
        "",
    ),
    (
        "[forge.a]\nurl = \"http://localhost.evil.example\"\nkind = \"github\"",
        "in the clear",
    ),
    (
        "[forge.a]\nurl = \"ftp://a.b\"\nkind = \"github\"",
        "must start with https",
    ),
    (
        "[forge.a]\nurl = \"https://u:p@a.b\"\nkind = \"github\"",
        "a user or a password",
    ),
    ("[forge.a]\nurl = \"https://a.b\"", "needs `kind`"),
    (
        "[forge.a]\nkind = \"forgejo\"",
        "Forgejo is not supported in this version",
    ),
    ("[forge.a]\nkind = \"svn\"", "`kind` cannot be `svn`"),
    (
        "[forge.a]\ntoken = { env = \"A\", file = \"b\" }",
        "exactly one place",
    ),
    ("[forge.a]\ntoken = { env = \"ghp_abc\" }", "not its value"),
    ("[forge.a]\ntoken = { command = [] }", "`command` is empty"),
    ("[policy.mine]", "[policy.mine] needs `gates`"),
    (
        "[policy.mine]\ngates = [\"soak\"]",
        "a soak needs `at_least`",
    ),
    (
        "[policy.mine]\ngates = [\"sign-off\"]",
        "a sign-off needs `roles`",
    ),
    (
        "[policy.mine]\ngates = [{ approvals = 1 }]",
        "a gate needs `kind`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"review\", approvals = 0 }]",
        "a review by nobody",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"path\", from = \"some\" }]",
        "cannot be `some`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"hold\", x = 1 }]",
        "unknown key `x`",
    ),
    (
        "[policy.mine]\ngates = [{ kind = \"pipeline\", required = [\"a\"], ignored = [\"a\"] }]",
        "check `a` is listed twice",
    ),
    (
        "[operator]\nroles = [\"qa\"]\n[role.qa]\nmembers = [\"b\"]",
        "without a name",
    ),
    (
        "[role.qa]\nmembers = []\n[policy.m]\ngates = [{ kind = \"sign-off\", roles = [\"qa\"] }]",
        "nobody can sign as `qa`",
    ),
    (
        "[window.w]\nfrom = \"9:00\"\nto = \"24:00\"\nzone = \"UTC\"",
        "",
    ),
    (
        "[window.w]\nfrom = \"09:00\"\nto = \"10:00\"",
        "needs `zone`",
    ),
    (
        "[window.w]\nfrom = \"09:00+01:00\"\nto = \"10:00\"\nzone = \"UTC\"",
        "wall-clock",
    ),
    (
        "[window.w]\nfrom = \"25:00\"\nto = \"10:00\"\nzone = \"UTC\"",
        "wall-clock",
    ),
    (
        "[window.w]\nfrom = 2026-01-01T00:00:00Z\nto = \"10:00\"\nzone = \"UTC\"",
        "wall-clock",
    ),
    (
        "[window.w]\nfrom = \"2026-01-01 10:00\"\nto = \"10:00\"\nzone = \"UTC\"",
        "both be times, or both dates",
    ),
    (
        "[window.w]\ndays = [\"mon\"]\nfrom = \"2026-01-01 10:00\"\nto = \"2026-01-02 10:00\"\nzone = \"UTC\"",
        "`days` has no effect",
    ),
    (
        "[window.w]\nservices = []\nfrom = \"09:00\"\nto = \"10:00\"\nzone = \"UTC\"",
        "`services` is empty",
    ),
    (
        "[freeze.f]\nfrom = 2026-12-20\nto = \"2026-12-21 00:00\"\nzone = \"UTC\"\nreason = \"x\"",
        "`2026-12-20` is not a wall-clock time",
    ),
    ("[service.a]\nrepo = \"a/b\"\npath = [\"p\"]", ""),
    (
        "[service.a]\nrepo = \"a\"\npath = [\"p\"]",
        "`a` is not owner/name",
    ),
    (
        "[service.a]\nrepo = \"https://github.com/a/b\"\npath = [\"p\"]",
        "not an address",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\", \"p\"]",
        "stands twice",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"\\u202ep\"]",
        "cannot be seen",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\n[forge.x]\n[forge.y]",
        "on which forge?",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\npromote.p = { via = \"workflow\", workflow = \"d.yml\", ref = \"main\", inputs = { e = \"{env}\" } }",
        "nothing is put in for `{env}`",
    ),
    (
        "[service.a]\nrepo = \"a/b\"\npath = [\"p\"]\npromote.p = { via = \"pull-request\", base = \"m\", head = \"m\" }",
        "the same branch",
    ),
    ("[keys]\nquit = []", "lists no key"),
    (
        "[keys]\nquit = 1",
        "must be a key, a list of keys, or false",
    ),
    ("[ui]\ntheme = \"drak\"", "`theme` cannot be `drak`"),
    ("[release.r]\nservices = [\"x\"]", "there is no service `x`"),
];

#[test]
fn each_mistake_is_one_problem() {
    for (text, expected) in CASES {
        match load_text(text) {
            Ok(_) => assert_eq!(*expected, "", "{text}"),
            Err(problems) => {
                let shown = render(&problems);
                assert_eq!(problems.len(), 1, "{shown}");
                assert!(
                    !expected.is_empty() && shown.contains(expected),
                    "{text}\n{shown}"
                );
            }
        }
    }
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
        let lines: Vec<&str> = MISTAKES.lines().chain(FULL.lines()).collect();
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

const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Where the text after the key's value says `# default`.
fn is_marked_default(line: &str) -> bool {
    line.split_once(" # default")
        .is_some_and(|(key, _)| key.contains(" = "))
        && !line.starts_with('#')
}

#[test]
fn the_example_says_default_only_where_it_is_so() {
    let whole = load_text(EXAMPLE).unwrap_or_else(|problems| panic!("{}", render(&problems)));
    let marked: Vec<usize> = (0..EXAMPLE.lines().count())
        .filter(|place| EXAMPLE.lines().nth(*place).is_some_and(is_marked_default))
        .collect();
    assert!(marked.len() > 15, "{marked:?}");
    for place in marked {
        let line = EXAMPLE.lines().nth(place).unwrap();
        let without: String = EXAMPLE
            .lines()
            .enumerate()
            .filter(|(at, _)| *at != place)
            .flat_map(|(_, line)| [line, "\n"])
            .collect();
        let mut without = load_text(&without)
            .unwrap_or_else(|problems| panic!("without {line}:\n{}", render(&problems)));
        without.notes.clone_from(&whole.notes);
        assert_eq!(without, whole, "leaving out {line:?} changes something");
    }
}

#[test]
fn the_example_shows_every_key_that_the_checker_knows() {
    // Each key in its section, commented out or not; inline tables by what stands in their braces.
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut section = String::new();
    for line in EXAMPLE.lines() {
        let line = line.trim_start_matches("# ").trim();
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            section = header.0.to_owned();
            seen.push((String::new(), section.split('.').next().unwrap().to_owned()));
            if section.contains(".promote.") {
                seen.push(("service".to_owned(), "promote".to_owned()));
            }
            continue;
        }
        if let Some((key, value)) = line.split_once(" = ") {
            seen.push((section.clone(), key.to_owned()));
            for (opening, _) in value.match_indices('{') {
                let inner = &value[opening + 1..];
                seen.extend(inline_keys(inner).map(|key| (key_kind(inner), key)));
            }
        }
        if let Some(inner) = line.strip_prefix('{') {
            seen.extend(inline_keys(inner).map(|key| (key_kind(inner), key)));
        }
        if line.starts_with('"') {
            seen.push(("window".to_owned(), "kind".to_owned()));
        }
    }
    for section in keys::SECTIONS {
        let head = section.pattern.split('.').next().unwrap();
        let promote = section.pattern.contains(".promote.");
        for key in section.keys {
            let shown = seen.iter().any(|(place, seen)| {
                place.split('.').next() == Some(head)
                    && place.contains(".promote.") == promote
                    && seen == key
            });
            assert!(shown, "[{}] {key} is not in the example", section.pattern);
        }
    }
}

fn inline_keys(inner: &str) -> impl Iterator<Item = String> {
    inner
        .split([',', '{'])
        .filter_map(|part| Some(part.split_once(" = ")?.0.trim().to_owned()))
}

/// The section that an inline table belongs to: its gate's kind, or a token.
fn key_kind(inner: &str) -> String {
    let kind = inner
        .split_once("kind = \"")
        .and_then(|(_, rest)| rest.split_once('"'));
    kind.map_or_else(|| "token".to_owned(), |(kind, _)| kind.to_owned())
}
