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
    let orders: [&[&str]; 4] = [
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
        assert!(
            !error["message"].as_str().unwrap().contains("in time"),
            "{error}"
        );
    }
    assert_eq!(sim.writes().len(), 0, "without a journal nothing is sent");
    // What needs no journal still answers.
    let status = sim.run_with(&config, &["status", "--json"]);
    assert_eq!(
        status.done().json()["services"].as_array().unwrap().len(),
        12
    );
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
