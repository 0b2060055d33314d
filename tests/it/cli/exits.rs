//! The documented exit codes, each produced for real, with the words beside it.

use super::*;

fn check(sim: &Sim, service: &str, more: &[&str]) -> Ran {
    let mut arguments = vec!["check", service, "--to", "production", "--json"];
    arguments.extend(more);
    sim.run(&arguments)
}

#[test]
fn zero_is_go_and_three_is_no_go() {
    let sim = Sim::start(1.0);
    assert_eq!(check(&sim, "api-gateway", &[]).code, 0);
    assert_eq!(check(&sim, "billing", &[]).code, 3);
    let refused = promote(&sim, "billing", &["--json"]);
    assert!(
        refused.error(3)["message"]
            .as_str()
            .unwrap()
            .contains("review")
    );
    sim.run(&["hold", "add", "--in", "production", "--reason", "storm"])
        .done();
    let held = check(&sim, "api-gateway", &[]);
    assert_eq!(held.code, 3);
    assert!(held.out.contains("storm"), "{}", held.out);
    let refused = promote(&sim, "api-gateway", &["--json"]).error(3);
    assert!(
        refused["message"].as_str().unwrap().contains("storm"),
        "{refused}"
    );
    assert_eq!(sim.writes().len(), 0);
}

#[test]
fn two_is_usage() {
    let sim = Sim::start(1.0);
    let error = check(&sim, "nothere", &[]).error(2);
    assert!(
        error["hint"].as_str().unwrap().contains("api-gateway"),
        "{error}"
    );
    sim.run(&["check", "web", "--to", "nowhere", "--json"])
        .error(2);
    sim.run(&["promote", "--json"]).error(2);
    sim.run(&["bogus", "--json"]).error(2);
    let error = sim
        .run(&["hold", "add", "--reason", "x", "--json"])
        .error(2);
    assert!(
        error["hint"].as_str().unwrap().contains("--everything"),
        "{error}"
    );
    let error = sim
        .run(&["hold", "lift", "h-nothere", "--reason", "x", "--json"])
        .error(2);
    assert!(
        error["message"].as_str().unwrap().contains("h-nothere"),
        "{error}"
    );
    // Nobody asks for sre there: the board's dialog offers no such vote either.
    sim.run(&["vote", "go", "notify", "--as", "sre", "--json"])
        .error(2);
    sim.run(&["vote", "go", "notify", "--as", "nobody", "--json"])
        .error(2);
    let words = sim.run(&["bogus"]);
    assert_eq!((words.code, words.out.as_str()), (2, ""));
    assert!(words.err.contains("Usage"), "{}", words.err);
    assert!(
        words.err.starts_with("gonogo: unrecognized"),
        "{}",
        words.err
    );
}

#[test]
fn two_is_a_config_with_every_problem_at_its_place() {
    let sim = Sim::start(1.0);
    let bad = sim.config_with("bad", |text| {
        format!("{text}\n[window.bad]\nzone = \"Mars/Olympus\"\nfrom = \"09:00\"\nto = \"17:00\"\n[oops]\n")
    });
    let told = sim.run_with(&bad, &["status"]);
    assert_eq!((told.code, told.out.as_str()), (2, ""), "{told:?}");
    let text = std::fs::read_to_string(&bad).unwrap();
    for (part, word) in [("Mars/Olympus", "Mars/Olympus"), ("[oops]", "oops")] {
        let line = text.lines().position(|line| line.contains(part)).unwrap() + 1;
        let place = format!("{}:{line}:", bad.display());
        assert!(told.err.contains(&place), "{place} in {}", told.err);
        assert!(told.err.contains(word), "{}", told.err);
    }
    // What only the board needs is told with the rest, though it alone stops nobody else.
    let keys_too = sim.config_with("keys", |text| {
        format!("{text}\n[oops]\n[keys]\npromot = \"W\"\n")
    });
    let told = sim.run_with(&keys_too, &["status"]);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(
        told.err.contains("oops") && told.err.contains("did you mean `promote`?"),
        "{told:?}"
    );
    let keys_alone = sim.config_with("keys", |text| format!("{text}\n[keys]\npromot = \"W\"\n"));
    sim.run_with(&keys_alone, &["window", "list"]).done();
    assert_eq!(sim.run_with(&keys_alone, &["config", "check"]).code, 2);
    let problems = sim.run_with(&bad, &["config", "check", "--json"]);
    assert_eq!(problems.code, 2);
    let problems = problems.json();
    assert_eq!(problems["ok"], false);
    assert!(
        problems["problems"].as_array().unwrap().len() >= 2,
        "{problems}"
    );
    for problem in problems["problems"].as_array().unwrap() {
        assert_eq!(
            keys(problem),
            [
                "file", "line", "column", "level", "message", "source", "hint"
            ]
        );
    }
    let error = sim.run_with(&bad, &["status", "--json"]).error(2);
    assert_eq!(error["problems"], problems["problems"]);
    let missing = sim.folder.path().join("missing.toml");
    sim.run_with(&missing, &["status", "--json"]).error(2);
}

#[test]
fn windows_are_told_in_the_order_of_the_path_and_where_there_is_none_it_is_always_open() {
    let sim = Sim::start(1.0);
    let told = sim.run(&["window", "next"]);
    let heads: Vec<&str> = told
        .done()
        .out
        .lines()
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(heads, ["dev", "staging", "production"], "{told:?}");
    assert!(
        told.out.starts_with("dev: always open, no window"),
        "{told:?}"
    );
    assert!(!told.out.contains("without a known end"), "{told:?}");
    let empty = sim.folder.path().join("empty.toml");
    std::fs::write(&empty, "").unwrap();
    let told = sim.run_with(&empty, &["status", "--offline"]);
    assert!(told.done().out.starts_with("no services"), "{told:?}");
}

#[test]
fn four_is_the_forge() {
    let mut sim = Sim::start(1.0);
    sim.control("POST", "/faults", r#"{"effect": {"kind": "unauthorized"}}"#);
    let error = check(&sim, "web", &[]).error(4);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("Bad credentials"),
        "{error}"
    );
    assert!(
        error["hint"].as_str().unwrap().contains("gh auth login"),
        "{error}"
    );
    let error = promote(&sim, "api-gateway", &["--json"]);
    assert!(matches!(error.code, 4 | 7), "{error:?}");
    sim.control("DELETE", "/faults", "");
    // A forge that refuses the act itself: nothing happened, and it says why.
    sim.control(
        "POST",
        "/faults",
        r#"{"match": {"method": "POST", "path_contains": "pending_deployments"},
            "effect": {"kind": "forbidden", "permissions": "deployments=write"}}"#,
    );
    let refused = promote(&sim, "api-gateway", &["--json"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    let answer = refused.json();
    assert_eq!(answer["promotions"][0]["state"], "rejected", "{answer}");
    assert!(kinds(&sim).contains(&"promotion.rejected".to_owned()));
    sim.stop();
    let unseen = tempfile::tempdir().unwrap();
    let mut command = gonogo(unseen.path());
    command.env("GONOGO_CONFIG", sim.config()).args([
        "check",
        "web",
        "--to",
        "production",
        "--json",
    ]);
    let error = sim.take(command).error(4);
    assert!(
        error["message"].as_str().unwrap().contains("unreachable"),
        "{error}"
    );
}

#[test]
fn five_is_the_journal() {
    let sim = Sim::start(1.0);
    std::fs::write(sim.folder.path().join("file"), "not a folder").unwrap();
    let config = sim.config_with("nojournal", |text| {
        text.replace("gonogo.journal.db", "file/journal.db")
    });
    let orders: [&[&str]; 6] = [
        &["check", "api-gateway", "--to", "production", "--json"],
        &["gates", "api-gateway", "--to", "production", "--json"],
        &["log", "--json"],
        &["hold", "list", "--json"],
        &["hold", "add", "--everything", "--reason", "x", "--json"],
        &[
            "promote",
            "api-gateway",
            "--to",
            "production",
            "--reason",
            "x",
            "--yes",
            "--confirm",
            "production",
            "--json",
        ],
    ];
    for order in orders {
        let error = sim.run_with(&config, order).error(5);
        let message = error["message"].as_str().unwrap();
        assert!(!message.contains("in time"), "{error}");
        assert!(message.contains("file/journal.db"), "which one: {error}");
        assert_eq!(message.matches("unreachable").count(), 1, "{error}");
    }
    assert_eq!(sim.writes().len(), 0, "without a journal nothing is sent");
    // What needs no journal still answers.
    let status = sim.run_with(&config, &["status", "--json"]);
    let status = status.done().json();
    assert_eq!(status["services"].as_array().unwrap().len(), 12);
    let why = status["journal"].as_str().unwrap();
    assert!(why.contains("file/journal.db"), "{why}");
    let told = sim.run_with(&config, &["status"]);
    assert!(told.err.contains("file/journal.db"), "{told:?}");
    // A folder is told for what it is, by the config already.
    let folder = sim.config_with("folder", |text| text.replace("gonogo.journal.db", "."));
    let told = sim.run_with(&folder, &["config", "check"]);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(told.out.contains("this is a folder") || told.err.contains("this is a folder"));
}

#[test]
fn six_is_an_outcome_that_nobody_knows_until_it_is_read() {
    let sim = Sim::start(60.0);
    sim.control(
        "POST",
        "/faults",
        r#"{"match": {"method": "POST", "path_contains": "pending_deployments"}, "times": 1,
            "effect": {"kind": "drop-after"}}"#,
    );
    let ran = promote(&sim, "api-gateway", &["--json"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    let promotion = ran.json()["promotions"][0].clone();
    assert!(
        ["unknown", "reconciling"].contains(&promotion["state"].as_str().unwrap()),
        "{promotion}"
    );
    assert_eq!(sim.writes().len(), 1);
    assert!(kinds(&sim).contains(&"promotion.unknown".to_owned()));
    // Whatever is ordered next, the same act is never sent again.
    let again = promote(&sim, "api-gateway", &["--json"]);
    assert_ne!(again.code, 0, "{again:?}");
    assert_eq!(sim.writes().len(), 1);
}

#[test]
fn seven_is_facts_that_are_missing_or_old() {
    let mut sim = Sim::start(1.0);
    let empty = check(&sim, "web", &["--offline"]);
    assert_eq!(empty.code, 7, "{empty:?}");
    assert_eq!(sim.requests().len(), 0, "--offline asks nobody");
    // That is no fault of the forge: who asks for both means something else, as with --read-only.
    let error = promote(&sim, "api-gateway", &["--offline", "--json"]).error(2);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("offline: nothing can be promoted"),
        "{error}"
    );
    // The cache serves the picture, and ages.
    let seen = sim.run(&["status", "--json"]).done().json();
    sim.stop();
    let offline = sim.run(&["status", "--offline", "--json"]).done().json();
    for (now, then) in offline["services"]
        .as_array()
        .unwrap()
        .iter()
        .zip(seen["services"].as_array().unwrap())
    {
        for place in 0..3 {
            assert_eq!(
                now["cells"][place]["revision"],
                then["cells"][place]["revision"]
            );
            assert_eq!(
                now["cells"][place]["observed_at"],
                then["cells"][place]["observed_at"]
            );
        }
    }
    // Another config has a cache of its own, so the same one is made impatient.
    sim.config_with("gonogo", |text| {
        text.replace("interval = \"5s\"", "interval = \"1s\"")
            .replace("\"60s\"", "\"2s\"")
    });
    // No gate of geo rests on samples, which nobody takes offline.
    let stale = std::iter::from_fn(|| Some(check(&sim, "geo", &["--offline"])))
        .find(|ran| ran.code != 0)
        .unwrap();
    assert_eq!(stale.code, 7, "{stale:?}");
    // Old facts are called old in words too, also of what waited when they were fresh.
    let words = sim.run(&["status", "--offline"]);
    let row = words.out.lines().find(|line| line.starts_with("billing"));
    assert_eq!(row.unwrap().matches("stale").count(), 3, "{}", words.out);
    assert!(words.err.contains("github not asked"), "{}", words.err);
    let cell = stale.json();
    assert_eq!(cell["verdict"], "unknown");
    assert_eq!(
        cell["candidate"]["version"], "v2.3.1",
        "it is old, and still shown"
    );
}

#[test]
fn twice_verbose_tells_every_request_on_standard_error_and_never_a_token() {
    let sim = Sim::start(1.0);
    let quiet = sim.run(&["status"]);
    assert!(!quiet.err.contains("/graphql"), "{}", quiet.err);
    let told = sim.run(&["status", "-vv", "--json"]);
    assert!(told.err.contains("/graphql"), "{}", told.err);
    assert!(told.err.contains("status=200"), "{}", told.err);
    for label in ["read", "operate", "admin"] {
        assert!(!told.err.contains(&sim.token(label)), "{}", told.err);
    }
    told.json();
}

/// A config whose token cannot be read, and which does not say who acts.
fn without_token(sim: &Sim) -> std::path::PathBuf {
    sim.config_with("notoken", |text| {
        let mut config: toml::Table = text.parse().unwrap();
        config.remove("operator");
        let token: toml::Table = "file = \"/nowhere/token\"".parse().unwrap();
        config["forge"]["github"]["token"] = token.into();
        config.to_string()
    })
}

#[test]
fn a_token_that_cannot_be_read_is_told_for_what_it_is() {
    let sim = Sim::start(1.0);
    let config = without_token(&sim);
    let status = sim.run_with(&config, &["status", "web"]);
    assert!(
        status
            .out
            .lines()
            .any(|line| line.starts_with("web") && line.ends_with('?'))
    );
    assert!(status.err.contains("no token"), "{status:?}");
    assert!(!status.err.contains("token refused"), "{status:?}");
    let mut order = vec!["promote", "api-gateway", "--to", "production", "--json"];
    order.extend(CONFIRMED);
    let error = sim.run_with(&config, &order).error(4);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("/nowhere/token"),
        "{error}"
    );
    assert!(error["hint"].is_string(), "{error}");
    let told = sim.run_with(&config, &["check", "web", "--to", "production"]);
    assert_eq!(told.code, 4, "{told:?}");
    let hint = "it must hold the token and nothing else";
    assert_eq!(told.err.matches(hint).count(), 1, "{told:?}");
    assert!(sim.requests().is_empty(), "nothing was asked");
}

#[test]
fn what_is_not_open_says_what_opens_it_and_what_is_not_there_what_is() {
    let sim = Sim::start(1.0);
    let refused = promote(&sim, "billing", &["--json"]).error(3);
    let hint = refused["hint"].as_str().unwrap();
    assert!(
        hint.contains("review opens when each change is approved"),
        "{hint}"
    );
    let late = ["wait", "billing", "--to", "production", "--until", "go"];
    let late = sim.run(&[&late[..], &["--timeout", "1s", "--json"]].concat());
    let late = late.error(3);
    let why = late["message"].as_str().unwrap();
    assert!(
        why.contains("within 1s") && why.contains("review"),
        "{late}"
    );
    let nowhere = sim
        .run(&["check", "web", "--to", "nope", "--json"])
        .error(2);
    assert!(
        nowhere["hint"].as_str().unwrap().contains("production"),
        "{nowhere}"
    );
    let hold = ["hold", "add", "--reason", "x", "--json", "--in", "nope"];
    let nowhere = sim.run(&hold).error(2);
    assert!(
        nowhere["hint"].as_str().unwrap().contains("production"),
        "{nowhere}"
    );
    let vote = [
        "vote",
        "no-go",
        "notify",
        "--as",
        "qa",
        "--to",
        "production",
        "--json",
    ];
    assert!(
        sim.run(&vote).error(2)["hint"]
            .as_str()
            .unwrap()
            .contains("--note")
    );
    let twice = ["promote", "billing", "billing", "--to", "production"];
    let twice = sim.run(&[&twice[..], &CONFIRMED[..]].concat());
    assert!(!twice.out.contains("of 2"), "{twice:?}");
}

#[test]
fn what_has_nothing_to_promote_says_so_once() {
    let sim = Sim::start(1.0);
    let status = sim.run(&["status", "--json"]).done().json();
    let services = status["services"].as_array().unwrap();
    let level = services.iter().find_map(|service| {
        let cells = service["cells"].as_array().unwrap().iter();
        let mut level = cells.filter(|cell| cell["candidate"].is_null());
        Some((
            service["name"].as_str()?,
            level.next()?["environment"].as_str()?,
        ))
    });
    let (service, environment) = level.expect("one is level");
    let told = sim.run(&["check", service, "--to", environment]);
    assert_eq!(told.code, 3, "{told:?}");
    assert_eq!(
        told.out.matches("nothing to promote").count(),
        1,
        "{told:?}"
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "facts grow old by themselves")]
fn stale_facts_say_their_age_and_what_they_said_before() {
    let sim = Sim::start(1.0);
    let config = sim.config_with("short", |text| {
        let mut config: toml::Table = text.parse().unwrap();
        config["poll"]["max_age"] = "1s".into();
        config["poll"]["interval"] = "1s".into();
        config.to_string()
    });
    let check = ["check", "api-gateway", "--to", "production"];
    sim.run_with(&config, &check);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let told = sim.run_with(&config, &[&check[..], &["--offline"]].concat());
    assert_eq!(told.code, 7, "{told:?}");
    let line = told
        .out
        .lines()
        .find(|line| line.contains("unknown pipeline"))
        .unwrap();
    assert!(line.contains("old; was open:"), "{line}");
}
