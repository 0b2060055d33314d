//! Gates that rest on other things than the forge: tasks, health, programs, other services.

use super::*;

/// The simulation's config with these gates, besides the others, on `api-gateway`.
fn config(sim: &Sim, name: &str, gates: &str, more: &str) -> std::path::PathBuf {
    sim.config_with(name, |text| {
        let mut config: toml::Table = text.parse().unwrap();
        let gates: toml::Table = format!("gates = [{gates}]\n{more}").parse().unwrap();
        let service = config["service"]["api-gateway"].as_table_mut().unwrap();
        service.extend(gates);
        config.to_string()
    })
}

fn gate<'a>(cell: &'a Value, name: &str) -> &'a Value {
    let gates = cell["gates"].as_array().unwrap();
    let found = gates.iter().find(|gate| gate["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {cell:#}"))
}

fn check(sim: &Sim, config: &std::path::Path) -> (i32, Value) {
    let arguments = ["check", "api-gateway", "--to", "production", "--json"];
    let ran = sim.run_with(config, &arguments);
    (ran.code, ran.json())
}

#[test]
fn tasks_are_attested_listed_and_taken_back() {
    let sim = Sim::start(60.0);
    let gates = r#"{ kind = "checklist", tasks = [
        { name = "backup", text = "take a backup" },
        { name = "secret", text = "turn the key", role = "nobody" },
    ] }"#;
    let config = config(&sim, "tasks", gates, "");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = format!("{text}\n[role.nobody]\nmembers = [\"somebody-else\"]\n");
    std::fs::write(&config, text).unwrap();
    let task = |arguments: &[&str]| {
        let mut all = vec!["task"];
        all.extend(arguments);
        sim.run_with(&config, &all)
    };
    let list = || {
        let all = task(&["list", "api-gateway", "--to", "production", "--json"]);
        let all = all.done().json();
        let states = all["tasks"].as_array().unwrap().iter();
        states
            .map(|task| task["state"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(list(), ["open", "open"]);
    let (code, cell) = check(&sim, &config);
    assert_eq!(code, 3);
    assert_eq!(
        gate(&cell, "checklist")["why"],
        "0 of 2 done, waits for backup and secret"
    );
    let done = ["done", "api-gateway", "--to", "production"];
    let note = ["backup", "--note", "dump of 14:02", "--json"];
    let ran = task(&[&done[..], &note[..]].concat());
    let entry = ran.done().json()["entry"].clone();
    assert_eq!(
        (&entry["kind"], &entry["reason"]),
        (&"task.done".into(), &"dump of 14:02".into())
    );
    assert_eq!(list(), ["done", "open"]);
    let refused = task(&[&done[..], &["secret", "--json"]].concat());
    let why = refused.error(3)["message"].clone();
    assert!(
        why.as_str().unwrap().contains("does not have the role"),
        "{why}"
    );
    let unknown = task(&[&done[..], &["bakcup", "--json"]].concat());
    assert_eq!(unknown.error(2)["hint"], "the tasks are backup, secret");
    let (_, cell) = check(&sim, &config);
    assert_eq!(
        gate(&cell, "checklist")["why"],
        "1 of 2 done, waits for secret"
    );
    let undo = ["undo", "api-gateway", "--to", "production", "backup"];
    task(&[&undo[..], &["--reason", "wrong database"]].concat()).done();
    assert_eq!(list(), ["open", "open"]);
    assert!(sim.writes().is_empty());
}

#[test]
fn health_and_programs_are_asked_at_once_and_once_more_before_a_promotion() {
    let sim = Sim::start(60.0);
    let base = &sim.base;
    let counter = sim.folder.path().join("ran");
    let program = sim.folder.path().join("smoke");
    let script = format!(
        "#!/bin/sh\necho \"$1 $GONOGO_ENVIRONMENT\" >> {}\n",
        counter.display()
    );
    std::fs::write(&program, script).unwrap();
    make_executable(&program);
    let gates = format!(
        r#"{{ kind = "health", probes = [
            {{ name = "errors", url = "{base}/health/{{service}}/{{environment}}", pointer = "/error_rate", at_most = 1.5 }},
        ] }}, {{ kind = "command", name = "smoke", argv = ["./smoke", "{{service}}"] }}"#
    );
    let config = config(&sim, "health", &gates, "");
    let (code, cell) = check(&sim, &config);
    assert_eq!(gate(&cell, "health")["verdict"], "open", "{cell:#}");
    assert_eq!(gate(&cell, "command smoke")["why"], "exit 0");
    assert_eq!(code, 0, "{cell:#}");
    let ran = || std::fs::read_to_string(&counter).unwrap().lines().count();
    assert_eq!(ran(), 1);
    let mut arguments = vec!["promote", "api-gateway", "--to", "production"];
    arguments.extend(CONFIRMED);
    let ill = r#"{"service":"api-gateway","environment":"production","health":{"error_rate":7.4}}"#;
    sim.control("POST", "/health", ill);
    let refused = sim.run_with(&config, &arguments);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("errors is 7.4"), "{refused:?}");
    assert!(sim.writes().is_empty());
    let well = r#"{"service":"api-gateway","environment":"production"}"#;
    sim.control("POST", "/health", well);
    let before = ran();
    sim.run_with(&config, &arguments).done();
    assert_eq!(
        ran(),
        before + 2,
        "once for the plan, once before the permit"
    );
    assert_eq!(sim.writes().len(), 1);
    let told = std::fs::read_to_string(&counter).unwrap();
    assert!(
        told.lines().all(|line| line == "api-gateway production"),
        "{told}"
    );
}

#[test]
fn what_depends_on_another_service_waits_for_it() {
    let sim = Sim::start(60.0);
    let sessions = sim.run(&["status", "sessions", "--json"]).done().json();
    let cells = sessions["services"][0]["cells"].as_array().unwrap();
    let production = cells
        .iter()
        .find(|cell| cell["environment"] == "production");
    let live = production.unwrap()["version"].as_str().unwrap().to_owned();
    let depends = |wanted: &str| format!("depends = [\"sessions >= {wanted}\"]");
    let here = config(&sim, "here", "", &depends(&live));
    let (_, cell) = check(&sim, &here);
    let verdict = gate(&cell, "depends");
    assert_eq!(verdict["verdict"], "open", "{verdict:#}");
    assert_eq!(verdict["why"], format!("sessions is at {live}"));
    let far = config(&sim, "far", "", &depends("999.0"));
    let (code, cell) = check(&sim, &far);
    assert_eq!(
        (code, &gate(&cell, "depends")["verdict"]),
        (3, &"closed".into())
    );
}

fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
}

/// `search` is far down the list: no screen would show it.
#[test]
fn a_health_gate_of_a_tier_is_sampled_for_whoever_is_asked_about_and_with_an_empty_cache() {
    let sim = Sim::start(1.0);
    let config = sim.config_with("tier", |text| {
        let mut config: toml::Table = text.parse().unwrap();
        let health = config["service"]["api-gateway"]["gates"][0]["probes"][0]["url"].clone();
        let gate = format!(
            "kind = \"health\"\nevery = \"20s\"\n\
             probes = [{{ name = \"up\", url = {health}, pointer = \"/status\", equals = \"ok\" }}]"
        );
        let gate: toml::Table = gate.parse().unwrap();
        let gates = config["policy"]["regulated"]["gates"].as_array_mut();
        gates.unwrap().push(gate.into());
        config.to_string()
    });
    let ran = sim.run_with(
        &config,
        &["check", "search", "--to", "production", "--json"],
    );
    let cell = ran.json();
    let health = gate(&cell, "health");
    assert_eq!(health["verdict"], "open", "{health:#}");
}
