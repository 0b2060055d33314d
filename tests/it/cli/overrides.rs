//! Overrides with two persons, verification, going back, and waiting: by commands alone, against the
//! simulated forge and its monitoring.

#![expect(
    clippy::disallowed_methods,
    reason = "a process of its own is waited for, which tells nobody when it is ready"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::*;

/// The simulation's config, with a change, as another person with that person's token.
fn config_of(sim: &Sim, person: &str, token: &str, change: impl Fn(&mut toml::Table)) -> PathBuf {
    let secret = sim.folder.path().join(format!("{person}.secret"));
    std::fs::write(&secret, sim.token(token)).unwrap();
    sim.config_with(person, |text| {
        let mut config: toml::Table = text.parse().unwrap();
        config["operator"]["name"] = person.into();
        config["forge"]["github"]["token"]["file"] = secret.display().to_string().into();
        change(&mut config);
        config.to_string()
    })
}

/// Whether the error rate of the service is low, as its health page tells.
fn probe(sim: &Sim) -> String {
    let base = &sim.base;
    format!(
        r#"{{ name = "errors", url = "{base}/health/{{service}}/{{environment}}", pointer = "/error_rate", at_most = 1.5 }}"#
    )
}

fn parsed(text: &str) -> toml::Table {
    text.parse().unwrap()
}

fn ill(sim: &Sim, service: &str, error_rate: &str) {
    let how = format!(
        r#"{{"service":"{service}","environment":"production","health":{{"error_rate":{error_rate}}}}}"#
    );
    sim.control("POST", "/health", &how);
}

fn kinds_of(sim: &Sim, config: &Path, service: &str, start: &str) -> Vec<String> {
    let log = sim.run_with(config, &["log", "--service", service, "--json"]);
    let lines = log.done().out.lines();
    lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|entry| Some(entry["kind"].as_str()?.to_owned()))
        .filter(|kind| kind.starts_with(start))
        .collect()
}

fn spawn(sim: &Sim, config: &Path, arguments: &[&str]) -> Child {
    let mut command = gonogo(sim.folder.path());
    command
        .env("GONOGO_CONFIG", config)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The cell that `wait` prints when it is as was waited for.
fn waited(child: Child) -> Value {
    let ran = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(
        ran.status.success(),
        "{said} {}",
        String::from_utf8_lossy(&ran.stdout)
    );
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[test]
fn an_override_is_granted_on_fresh_samples_confirmed_by_another_and_used_once() {
    let sim = Sim::start(60.0);
    let probe = probe(&sim);
    let gate = format!("gates = [{{ kind = \"health\", every = \"5s\", probes = [{probe}] }}]");
    let change = |config: &mut toml::Table| {
        let service = config["service"]["api-gateway"].as_table_mut().unwrap();
        service.extend(parsed(&gate));
        // Without a rule of its own, an override takes a second person.
        let profile = config["policy"]["regulated"].as_table_mut().unwrap();
        profile.remove("override");
    };
    let alice = config_of(&sim, "alice", "operate", change);
    let dee = config_of(&sim, "dee", "second", change);
    ill(&sim, "api-gateway", "7.4");
    let mut order = vec!["promote", "api-gateway", "--to", "production", "--json"];
    order.extend(CONFIRMED);
    let refused = sim.run_with(&alice, &order).error(3);
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("errors is 7.4"),
        "{refused}"
    );

    // Nobody had sampled it in this run: it is sampled before it is overridden.
    let grant = [
        "override",
        "grant",
        "api-gateway",
        "--to",
        "production",
        "--gate",
        "health",
        "--reason",
        "a known flake of the page",
        "--json",
    ];
    let granted = sim.run_with(&alice, &grant).done().json();
    let grant = &granted["entry"]["payload"]["grant"];
    assert_eq!(
        grant["gates"][0]["said"],
        "closed: errors is 7.4, must be at most 1.5"
    );
    let id = grant["id"].as_str().unwrap();
    // The tier is regulated: it takes a second person, who is somebody else.
    assert_eq!(sim.run_with(&alice, &order).code, 3);
    let confirm = ["override", "confirm", id, "--json"];
    let own = sim.run_with(&alice, &confirm).error(3);
    assert!(
        own["message"].as_str().unwrap().contains("somebody else"),
        "{own}"
    );
    sim.run_with(&dee, &confirm).done();
    let list = sim
        .run_with(&dee, &["override", "list", "--json"])
        .done()
        .json();
    let known = &list["overrides"][0];
    assert_eq!(
        (&known["state"], &known["confirmed_by"]),
        (&"in force".into(), &"dee".into())
    );

    // Another figure of the same probe is no other decision; the promotion samples it once more.
    ill(&sim, "api-gateway", "9.1");
    order.push("--wait");
    let came = sim.run_with(&alice, &order).done().json();
    assert_eq!(came["promotions"][0]["state"], "succeeded", "{came}");
    assert_eq!(sim.writes().len(), 1);
    let log = kinds_of(&sim, &alice, "api-gateway", "override.");
    assert_eq!(
        log,
        ["override.granted", "override.confirmed", "override.used"]
    );
    let withdraw = ["override", "withdraw", id, "--reason", "late", "--json"];
    let late = sim.run_with(&alice, &withdraw).error(3);
    assert!(
        late["message"]
            .as_str()
            .unwrap()
            .contains("was for one use"),
        "{late}"
    );
}

/// Production is verified by its error rate, within so long.
fn verifying(sim: &Sim, within: &str) -> PathBuf {
    let verify = format!(
        "verify = {{ within = \"{within}\", every = \"5s\", probes = [{}] }}",
        probe(sim)
    );
    config_of(sim, "alice", "operate", |config| {
        let production = config["environment"]["production"].as_table_mut().unwrap();
        production.extend(parsed(&verify));
    })
}

fn geo<'a>(order: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let place = if order == "rollback" { "--in" } else { "--to" };
    let mut all = vec![order, "geo", place, "production", "--wait", "--json"];
    all.extend(CONFIRMED);
    all.extend(more);
    all
}

#[test]
fn a_promotion_ends_when_it_is_verified() {
    let sim = Sim::undisturbed(120.0);
    let config = verifying(&sim, "2m");
    let came = sim.run_with(&config, &geo("promote", &[])).done().json();
    assert_eq!(came["promotions"][0]["state"], "verified", "{came}");
    // What was live in the environments before is looked at as well, once.
    let passed = kinds_of(&sim, &config, "geo", "verification.");
    assert!(!passed.is_empty() && passed.len() <= 2, "{passed:?}");
    assert!(
        passed.iter().all(|kind| kind == "verification.passed"),
        "{passed:?}"
    );
    let cell = sim.run_with(&config, &["gates", "geo", "--to", "production", "--json"]);
    assert_eq!(cell.json()["verification"], "passed");
}

#[test]
fn a_failed_verification_holds_the_revision_and_rollback_brings_back_the_last_verified_one() {
    let sim = Sim::undisturbed(120.0);
    let config = verifying(&sim, "6s");
    ill(&sim, "geo", "7.4");
    let ran = sim.run_with(&config, &geo("promote", &[]));
    assert_eq!(ran.code, 1, "{ran:?}");
    let came = ran.json()["promotions"][0].clone();
    let why = came["why"].as_str().unwrap();
    assert!(
        why.contains("failed its verification: not well in time: errors 7.4"),
        "{came}"
    );
    assert!(
        came["hint"].as_str().unwrap().contains("gonogo rollback"),
        "{came}"
    );
    let holds = sim
        .run_with(&config, &["hold", "list", "--json"])
        .done()
        .json();
    let hold = &holds["holds"][0];
    let named = came["to"].as_str().unwrap().get(..7).unwrap();
    assert_eq!(hold["scope"], format!("geo revision {named}"), "{holds}");
    assert!(
        hold["reason"].as_str().unwrap().starts_with("incident: "),
        "{holds}"
    );
    // It does not go there again, and going back passes the hold.
    assert_eq!(sim.run_with(&config, &geo("promote", &[])).code, 3);
    let well = r#"{"service":"geo","environment":"production"}"#;
    sim.control("POST", "/health", well);
    let back = sim.run_with(&config, &geo("rollback", &[])).done().json();
    assert_eq!(back["promotions"][0]["to"], came["from"], "{back}");
    assert_eq!(back["promotions"][0]["state"], "verified", "{back}");
    assert_eq!(sim.writes().len(), 2);
    // A program of its own may be answered by a replica that lags behind.
    let live = || {
        let cell = sim.run_with(&config, &["gates", "geo", "--to", "production", "--json"]);
        cell.json()["version"] == "v2.2.4"
    };
    assert!((0..10).any(|_| live()), "what went back is shown");
    let noted = kinds_of(&sim, &config, "geo", "verification.");
    assert!(
        noted.iter().any(|kind| kind == "verification.failed"),
        "{noted:?}"
    );
    assert_eq!(noted.last().unwrap(), "verification.passed", "{noted:?}");
}

#[test]
fn wait_ends_when_it_may_go_and_when_it_is_live_and_verified() {
    let sim = Sim::start(120.0);
    let config = verifying(&sim, "2m");
    let wait = |until: &'static str| {
        [
            "wait",
            "geo",
            "--to",
            "production",
            "--until",
            until,
            "--timeout",
            "2m",
            "--json",
        ]
    };
    let hold = [
        "hold",
        "add",
        "--service",
        "geo",
        "--in",
        "production",
        "--reason",
        "wait for it",
        "--json",
    ];
    let placed = sim.run_with(&config, &hold).done().json();
    let id = placed["entry"]["payload"]["hold"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut short = wait("go");
    short[7] = "2s";
    let late = sim.run_with(&config, &short).error(3);
    assert!(
        late["message"]
            .as_str()
            .unwrap()
            .contains("was not go within 2s"),
        "{late}"
    );

    let go = spawn(&sim, &config, &wait("go"));
    let live = spawn(&sim, &config, &wait("live"));
    std::thread::sleep(std::time::Duration::from_secs(3));
    sim.run_with(&config, &["hold", "lift", &id, "--reason", "done"])
        .done();
    let cell = waited(go)["cell"].clone();
    assert_eq!(
        (&cell["verdict"], &cell["version"]),
        (&"go".into(), &"v2.2.4".into())
    );
    sim.run_with(&config, &geo("promote", &[])).done();
    let cell = waited(live)["cell"].clone();
    assert_eq!(
        (&cell["version"], &cell["verification"]),
        (&"v2.3.1".into(), &"passed".into())
    );
}

/// The ids of the overrides that are in force or wait for somebody.
fn armed(sim: &Sim) -> Vec<Value> {
    let list = sim.run(&["override", "list", "--json"]).done().json();
    list["overrides"].as_array().unwrap().clone()
}

#[test]
fn an_override_is_granted_after_it_was_confirmed_and_not_left_behind() {
    let sim = Sim::start(1.0);
    let order = [
        "promote",
        "search",
        "--to",
        "production",
        "--override",
        "quality",
    ];
    let reason = ["--reason", "just looking"];
    // Nobody confirms it: no gate is open behind that.
    let looked = sim.run(&[&order[..], &reason].concat());
    assert_eq!(looked.code, 2, "{looked:?}");
    assert!(
        armed(&sim).is_empty() && kinds(&sim).is_empty(),
        "{looked:?}"
    );
    let wrong = ["--yes", "--confirm", "staging"];
    let wrong = sim.run(&[&order[..], &reason, &wrong].concat());
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(kinds(&sim).is_empty(), "{wrong:?}");
    // Another gate is closed: the promotion is refused before anything is granted.
    let other = [
        "promote",
        "billing",
        "--to",
        "production",
        "--override",
        "review",
    ];
    let other = sim.run(&[&other[..], &CONFIRMED].concat());
    assert_eq!(other.code, 3, "{other:?}");
    assert!(kinds(&sim).is_empty(), "{other:?}");
    assert!(armed(&sim).is_empty(), "{other:?}");
    sim.run(&[&order[..], &CONFIRMED].concat()).done();
    let kinds = kinds(&sim);
    assert_eq!(
        kinds[..2],
        ["override.granted", "promotion.intended"],
        "{kinds:?}"
    );
    assert!(armed(&sim).is_empty(), "it was for one use");
}
