//! The JSON of each command: the keys are a contract.

use super::*;

const CELL: [&str; 19] = [
    "environment",
    "revision",
    "version",
    "state",
    "deployed_at",
    "deployed_by",
    "observed_at",
    "candidate",
    "in_flight",
    "verdict",
    "earliest",
    "gates",
    "holds",
    "out_of_band",
    "verification",
    "red",
    "auto_at",
    "risk",
    "superseded",
];

fn is_a_cell(cell: &Value) {
    assert_eq!(keys(cell), CELL);
    let words = |name: &str| cell[name].as_str().unwrap().to_owned();
    let states = "ok running failed held waiting ready gated stale none rolled-back";
    assert!(
        states.split(' ').any(|it| it == words("state")),
        "{}",
        cell["state"]
    );
    assert!(["go", "no-go", "unknown"].contains(&words("verdict").as_str()));
    for gate in cell["gates"].as_array().unwrap() {
        assert_eq!(
            keys(gate),
            [
                "name",
                "verdict",
                "why",
                "since",
                "valid_until",
                "evidence",
                "opens_when",
                "opens_at",
                "who"
            ]
        );
        let verdict = gate["verdict"].as_str().unwrap();
        let known = ["open", "closed", "waiting", "unknown", "overridden"];
        assert!(known.contains(&verdict), "{gate}");
        assert!(!gate["why"].as_str().unwrap().is_empty(), "{gate}");
        let opens = gate["opens_when"].is_string() || gate["opens_at"].is_string();
        assert!(verdict == "open" || opens, "what would open it? {gate}");
        let since = &gate["since"];
        let known = since.is_null() || since.is_string() && verdict != "unknown";
        assert!(known, "since when? {gate}");
    }
    for hold in cell["holds"].as_array().unwrap() {
        assert_eq!(
            keys(hold),
            [
                "id", "scope", "kind", "reason", "owner", "since", "until", "then", "asks", "brake"
            ]
        );
    }
}

#[test]
fn status_lists_forges_services_and_cells() {
    let sim = Sim::start(1.0);
    sim.run(&["hold", "add", "--service", "web", "--reason", "look first"])
        .done();
    let status = sim.run(&["status", "--json"]);
    assert_eq!(status.done().err, "", "nothing beside the answer");
    let status = status.json();
    assert_eq!(
        keys(&status),
        ["schema", "at", "forges", "services", "journal"]
    );
    assert_eq!(status["schema"], 1);
    let forge = &status["forges"][0];
    assert_eq!(
        keys(forge),
        [
            "name",
            "kind",
            "state",
            "why",
            "observed_at",
            "budget",
            "version",
            "capabilities"
        ]
    );
    assert_eq!(
        (&forge["kind"], &forge["state"]),
        (&"github".into(), &"ok".into())
    );
    assert_eq!(keys(&forge["budget"]), ["remaining", "limit", "resets_at"]);
    let services = status["services"].as_array().unwrap();
    assert_eq!(services.len(), 12);
    for service in services {
        assert_eq!(
            keys(service),
            [
                "name",
                "forge",
                "repo",
                "fault",
                "capabilities",
                "denied",
                "cells",
                "pull_requests",
                "pipeline"
            ]
        );
        assert_eq!(keys(&service["pull_requests"]), ["open"]);
        assert_eq!(
            keys(&service["pipeline"]),
            ["head", "state", "failed", "pending", "total"]
        );
        let cells = service["cells"].as_array().unwrap();
        assert_eq!(cells.len(), 3);
        cells.iter().for_each(is_a_cell);
    }
    let state = |name: &str| {
        let service = services.iter().find(|it| it["name"] == name).unwrap();
        service["cells"][2]["state"].clone()
    };
    assert_eq!(state("web"), "held");
    assert_eq!(state("geo"), "rolled-back");
    let one = sim.run(&["status", "geo", "--json"]).done().json();
    assert_eq!(one["services"].as_array().unwrap().len(), 1);
    let words = sim.run(&["status"]);
    assert!(words.done().out.starts_with("SERVICE"), "{}", words.out);
    assert!(
        words
            .out
            .lines()
            .any(|line| line.starts_with("geo ") && line.contains("rolled-back"))
    );
}

#[test]
fn gates_and_check_print_one_cell() {
    let sim = Sim::start(1.0);
    for command in ["gates", "check"] {
        let ran = sim.run(&[command, "billing", "--to", "production", "--json"]);
        assert_eq!(ran.code, if command == "check" { 3 } else { 0 }, "{ran:?}");
        let mut cell = ran.json();
        assert_eq!(cell["schema"], 1);
        assert_eq!(cell["service"], "billing");
        let object = cell.as_object_mut().unwrap();
        object.shift_remove("schema");
        object.shift_remove("service");
        is_a_cell(&cell);
        let review = cell["gates"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["name"] == "review")
            .unwrap();
        assert_eq!(review["verdict"], "closed");
        assert!(
            review["since"].is_null(),
            "nobody knows since when: {review}"
        );
        let gates = cell["gates"].as_array().unwrap().iter();
        let mut soak = gates.filter(|it| it["name"] == "soak");
        let since = soak.next().and_then(|soak| soak["since"].as_str());
        let since = since.map(|since| since.parse::<jiff::Timestamp>().unwrap());
        assert!(since.is_some(), "{cell}");
        assert_eq!(keys(&cell["earliest"]), ["kind", "at", "gate", "who"]);
        assert_eq!(keys(&cell["candidate"]), ["revision", "version"]);
    }
    let words = sim.run(&["gates", "checkout", "--to", "production"]);
    let mut lines = words.done().out.lines();
    let soak = lines.find(|line| line.contains(" soak "));
    assert!(
        soak.is_some_and(|line| line.contains(" (for ")),
        "{}",
        words.out
    );
    assert!(
        words.out.contains("earliest possible go: "),
        "{}",
        words.out
    );
    let words = sim.run(&["check", "billing", "--to", "production"]);
    assert!(words.out.contains("closed review"), "{}", words.out);
}

#[test]
fn the_log_is_one_object_a_line() {
    let sim = Sim::start(60.0);
    sim.run(&[
        "hold",
        "add",
        "--everything",
        "--reason",
        "frozen for a minute",
        "--until",
        "2h",
    ])
    .done();
    let holds = sim.run(&["hold", "list", "--json"]).done().json();
    assert_eq!(keys(&holds), ["schema", "holds", "left"]);
    let id = holds["holds"][0]["id"].as_str().unwrap().to_owned();
    sim.run(&["hold", "edit", &id, "--reason", "frozen for an hour"])
        .done();
    sim.run(&["hold", "lift", &id, "--reason", "thawed"]).done();
    promote(&sim, "api-gateway", &["--wait"]).done();
    let log = sim.run(&["log", "--json"]);
    let entries: Vec<Value> = log
        .done()
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (entry, seq) in entries.iter().zip(1..) {
        assert_eq!(
            keys(entry)[..8],
            [
                "seq",
                "at",
                "actor",
                "kind",
                "service",
                "environment",
                "revision",
                "reason"
            ]
        );
        assert_eq!(entry["seq"], seq);
        assert_eq!(entry["actor"], "alice");
    }
    let kinds: Vec<&str> = entries
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds[..3], ["hold.placed", "hold.edited", "hold.lifted"]);
    assert_eq!(
        kinds[3..6],
        [
            "promotion.intended",
            "promotion.sending",
            "promotion.accepted"
        ]
    );
    assert!(kinds.contains(&"promotion.succeeded"), "{kinds:?}");
    let last = sim.run(&["log", "--json", "-n", "1", "--service", "api-gateway"]);
    assert_eq!(last.done().out.lines().count(), 1);
    let words = sim.run(&["log", "--since", "2"]);
    assert!(
        words.done().out.contains("\"thawed\"") && !words.out.contains("frozen"),
        "{}",
        words.out
    );
}

#[test]
fn the_config_is_checked_and_shown_without_secrets() {
    let sim = Sim::start(1.0);
    let check = sim.run(&["config", "check", "--json"]).done().json();
    assert_eq!(keys(&check), ["schema", "file", "ok", "problems"]);
    assert_eq!(
        (&check["ok"], &check["problems"]),
        (&true.into(), &Value::Array(Vec::new()))
    );
    let shown = sim.run(&["config", "show", "--json"]).done().json();
    assert_eq!(keys(&shown), ["schema", "file", "toml"]);
    let text = shown["toml"].as_str().unwrap();
    // What is shown is a config itself, and the same one.
    let again = sim.config_with("shown", |_| text.to_owned());
    let twice = sim.run_with(&again, &["config", "show"]);
    assert_eq!(twice.done().out.trim_end(), text.trim_end());
}

#[test]
fn manual_gates_and_votes_are_listed_as_they_stand() {
    let sim = Sim::start(1.0);
    let added = sim.run(&[
        "gate",
        "add",
        "pen test",
        "--service",
        "notify",
        "--in",
        "production",
        "--reason",
        "asked for",
        "--role",
        "qa",
        "--json",
    ]);
    let added = added.done().json();
    assert_eq!(keys(&added), ["schema", "done", "entry"]);
    assert_eq!(added["entry"]["kind"], "gate.added");
    let gates = || {
        let listed = sim.run(&["gate", "list", "--json"]).done().json();
        assert_eq!(keys(&listed), ["schema", "gates"]);
        let gate = listed["gates"][0].clone();
        assert_eq!(
            keys(&gate),
            [
                "id", "name", "scope", "reason", "owner", "since", "who", "verdict", "opened"
            ]
        );
        gate
    };
    let gate = gates();
    assert_eq!(
        (&gate["name"], &gate["verdict"]),
        (&"pen test".into(), &"closed".into())
    );
    let id = gate["id"].as_str().unwrap();
    let blocking = |sim: &Sim| {
        let cell = sim
            .run(&["check", "notify", "--to", "production", "--json"])
            .json();
        let gates = cell["gates"].as_array().unwrap();
        let closed = gates.iter().filter(|it| it["verdict"] != "open");
        closed
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(blocking(&sim), ["sign-off", "manual pen test"]);
    sim.run(&["gate", "open", id, "--note", "nothing found"])
        .done();
    assert_eq!(gates()["verdict"], "open");
    sim.run(&["gate", "close", id, "--reason", "found something"])
        .done();
    assert_eq!(gates()["verdict"], "closed");
    sim.run(&["gate", "open", id, "--note", "mended"]).done();
    sim.run(&["vote", "no-go", "notify", "--as", "qa", "--note", "wait"])
        .done();
    assert_eq!(blocking(&sim), ["sign-off"]);
    let go = || {
        sim.run(&["vote", "go", "notify", "--as", "qa"]).done();
    };
    go();
    assert_eq!(blocking(&sim), Vec::<String>::new());
    let withdraw = || sim.run(&["vote", "withdraw", "notify", "--note", "too soon"]);
    withdraw().done();
    assert_eq!(blocking(&sim), ["sign-off"]);
    assert_eq!(withdraw().code, 2, "there is none any more");
    go();
    assert_eq!(blocking(&sim), Vec::<String>::new());
    assert_eq!(sim.writes().len(), 0, "none of it is the forge's business");
}

#[test]
fn the_log_needs_no_config_and_falls_back_to_the_demos_journal() {
    let sim = Sim::start(60.0);
    let demo = sim.folder.path().join("state/gonogo/demo/journal.db");
    let config = sim.config_with("demo", |text| {
        let line = text
            .lines()
            .find(|line| line.starts_with("url = \"sqlite:"));
        text.replace(
            line.unwrap(),
            &format!("url = \"sqlite:{}\"", demo.display()),
        )
    });
    sim.run_with(
        &config,
        &["hold", "add", "--everything", "--reason", "it is late"],
    )
    .done();
    let mut command = gonogo(sim.folder.path());
    command
        .env("XDG_STATE_HOME", sim.folder.path().join("state"))
        .current_dir(sim.folder.path())
        .arg("log");
    let ran = sim.take(command);
    assert!(ran.done().out.contains("hold.placed"), "{}", ran.out);
    assert!(ran.err.contains("the demo's"), "{}", ran.err);
}

/// Every key of a value and of what is in it; what an entry's kind adds is not of the contract.
fn all_keys(value: &Value, into: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                into.insert(key.clone());
                if key != "payload" && key != "tokens" {
                    all_keys(value, into);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| all_keys(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_key_that_commands_print_is_on_the_page_of_shapes() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md");
    let page = std::fs::read_to_string(page).unwrap();
    let words: std::collections::BTreeSet<&str> = page
        .split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'))
        .collect();
    let sim = Sim::evening(20.0);
    let mut keys = std::collections::BTreeSet::new();
    for line in [
        "hold add --service mailer --in production --reason slow",
        "gate add pen --service web --in production --reason audit",
        "vote go notify --as qa --to production",
        "override grant billing --to production --gate review --reason urgent",
        "status",
        "gates notify --to production",
        "scope notify --to production",
        "why notify --in production",
        "hold list",
        "gate list",
        "override list",
        "task list",
        "window list",
        "window next",
        "release list",
        "release show 2026.47",
        "release plan 2026.47",
        "handover",
        "log",
        "audit verify",
        "audit export",
        "config check",
        "config show",
        "config keys",
        "config theme",
        "check no-such-service --to production",
    ] {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.push("--json");
        let ran = sim.run(&arguments);
        assert!(!ran.out.is_empty(), "{line}: {ran:?}");
        for json in ran.out.lines() {
            all_keys(&serde_json::from_str(json).unwrap(), &mut keys);
        }
    }
    assert!(keys.len() > 100, "{keys:?}");
    let missing: Vec<_> = keys
        .iter()
        .filter(|key| !words.contains(key.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
