//! The evening of three forges: each named with what it can do, each serving its own services, and
//! one that is gone taking nothing but its own along.

use super::*;

/// What the board says of a service's production.
fn production<'a>(status: &'a Value, service: &str) -> &'a Value {
    let services = status["services"].as_array().unwrap();
    let found = services.iter().find(|it| it["name"] == service);
    let cells = found.unwrap_or_else(|| panic!("no {service}"))["cells"].as_array();
    cells.unwrap().last().unwrap()
}

fn forge<'a>(status: &'a Value, name: &str) -> &'a Value {
    let forges = status["forges"].as_array().unwrap();
    forges.iter().find(|it| it["name"] == name).unwrap()
}

#[test]
fn status_names_each_forge_with_its_version_and_what_it_can_do() {
    let sim = Sim::evening(1.0);
    let told = sim.run(&["status"]);
    let heading: Vec<&str> = told
        .done()
        .out
        .lines()
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    // As on the board, though the first service has no dev.
    assert_eq!(heading, ["SERVICE", "DEV", "STAGING", "PRODUCTION", "NEXT"]);
    let status = sim.run(&["status", "--json"]).done().json();
    assert_eq!(status["services"].as_array().unwrap().len(), 21);
    let all =
        "dispatch dispatch-details cancel merge-pull-request publish-release set-status checks log";
    // Forgejo has neither approvals nor deployments nor a call that runs failed jobs again; GitHub
    // gives a log when its job has ended.
    for (name, version, more) in [
        ("forgejo", true, "follow-log"),
        ("github", false, "approve create-deployment rerun"),
        ("gitlab", true, "approve create-deployment rerun follow-log"),
    ] {
        let forge = forge(&status, name);
        assert_eq!(
            (&forge["kind"], &forge["state"]),
            (&name.into(), &"ok".into())
        );
        // The hosted GitHub has no version that anybody is told.
        assert_eq!(forge["version"].is_string(), version, "{forge}");
        let told = forge["capabilities"].as_array().unwrap().iter();
        let mut told: Vec<&str> = told.map(|it| it.as_str().unwrap()).collect();
        told.sort_unstable();
        let mut can: Vec<&str> = all.split(' ').chain(more.split(' ')).collect();
        can.sort_unstable();
        assert_eq!(told, can, "{name}");
    }
    // On each forge something may go, and something may not, for a reason.
    for service in ["geo", "gateway", "harbour"] {
        let cell = production(&status, service);
        assert_eq!(cell["verdict"], "go", "{service}: {cell}");
    }
    for (service, gate) in [
        ("notify", "sign-off"),
        ("invoices", "forge"),
        ("pilot", "forge"),
    ] {
        let cell = production(&status, service);
        let gates = cell["gates"].as_array().unwrap().iter();
        let shut: Vec<&Value> = gates.filter(|it| it["verdict"] != "open").collect();
        assert!(
            shut.iter().any(|it| it["name"] == gate),
            "{service}: {shut:?}"
        );
    }
}

#[test]
fn a_promotion_goes_through_on_gitlab_and_on_forgejo() {
    let sim = Sim::evening(60.0);
    for service in ["gateway", "harbour"] {
        let ran = promote(&sim, service, &["--wait", "--json"]);
        let done = ran.done().json();
        assert_eq!(done["promotions"][0]["state"], "succeeded", "{done}");
    }
    let writes: Vec<Value> = sim.writes();
    let of = |name: &str| writes.iter().filter(|it| it["forge"] == name).count();
    assert_eq!((of("gitlab"), of("forgejo"), of("github")), (1, 1, 0));
    let status = sim.run(&["status", "--json"]).done().json();
    assert_eq!(production(&status, "gateway")["version"], "v3.3.0");
    assert_eq!(production(&status, "harbour")["version"], "v3.2.0");
}

#[test]
fn a_forge_that_is_gone_takes_its_own_services_along_and_no_others() {
    let sim = Sim::evening(1.0);
    let refuse = r#"{"match": {"forge": "gitlab"}, "effect": {"kind": "refuse"}}"#;
    sim.control("POST", "/faults", refuse);
    let status = sim.run(&["status", "--json"]).done().json();
    let gone = forge(&status, "gitlab");
    assert_eq!(gone["state"], "unreachable", "{gone}");
    assert!(gone["why"].is_string(), "{gone}");
    assert_eq!(production(&status, "gateway")["verdict"], "unknown");
    for service in ["geo", "harbour"] {
        assert_eq!(production(&status, service)["verdict"], "go", "{service}");
    }
    let check = sim.run(&["check", "gateway", "--to", "production"]);
    assert_eq!(check.code, 4, "{check:?}");
    assert_eq!(sim.run(&["check", "geo", "--to", "production"]).code, 0);
    sim.control("DELETE", "/faults", "");
    assert_eq!(sim.run(&["check", "gateway", "--to", "production"]).code, 0);
}

fn back(sim: &Sim, service: &str) -> Ran {
    sim.run(&[
        "rollback",
        service,
        "--in",
        "production",
        "--reason",
        "it pays twice",
        "--yes",
        "--confirm",
        "production",
        "--wait",
        "--json",
    ])
}

/// The paths of what was sent to GitLab, without what comes before the project's own.
fn sent_to_gitlab(sim: &Sim) -> Vec<String> {
    let writes = sim.writes();
    let of = writes.iter().filter(|it| it["forge"] == "gitlab");
    let words = of.map(|it| {
        let path = it["path"].as_str().unwrap();
        path.rsplit('/').next().unwrap().to_owned()
    });
    // The brakes of the revision that is held as bad go their own way.
    let acts = ["approval", "play", "retry", "cancel"];
    words.filter(|it| acts.contains(&it.as_str())).collect()
}

#[test]
fn on_gitlab_going_back_runs_the_job_again_that_brought_what_was_live() {
    let sim = Sim::evening(60.0);
    promote(&sim, "gateway", &["--wait"]).done();
    let came = back(&sim, "gateway").done().json();
    let came = &came["promotions"][0];
    assert_eq!(came["state"], "succeeded", "{came}");
    let call = came["call"].as_str().unwrap();
    assert!(call.contains("/retry ("), "{call}");
    assert_eq!(sent_to_gitlab(&sim), ["play", "retry"]);
    let status = sim.run(&["status", "--json"]).done().json();
    assert_eq!(production(&status, "gateway")["version"], "v3.2.1");
}

#[test]
fn on_gitlab_a_job_that_needs_approval_is_run_again_and_then_approved() {
    let sim = Sim::evening(60.0);
    promote(&sim, "orders", &["--wait"]).done();
    let status = sim.run(&["status", "--json"]).done().json();
    let now = production(&status, "orders")["version"].clone();
    // It waits at the door again, and is not there yet.
    back(&sim, "orders").done();
    let status = sim.run(&["status", "--json"]).done().json();
    assert_eq!(production(&status, "orders")["version"], now);
    // The brake of the hold that this left may just be on its way: whoever was refused for it asks again.
    let came = (0..9)
        .map(|_| back(&sim, "orders"))
        .find(|ran| !ran.out.contains("changed meanwhile"))
        .unwrap();
    let came = came.done().json();
    assert_eq!(came["promotions"][0]["state"], "succeeded", "{came}");
    let sent = sent_to_gitlab(&sim);
    assert_eq!(sent, ["approval", "play", "retry", "approval", "play"]);
    let status = sim.run(&["status", "--json"]).done().json();
    assert_ne!(production(&status, "orders")["version"], now);
}

#[test]
fn what_a_server_cannot_do_is_told_with_its_version_before_anything_is_written_down() {
    let sim = Sim::evening(60.0);
    let rerun = [
        "rerun",
        "harbour",
        "--in",
        "production",
        "--reason",
        "again",
        "--yes",
        "--confirm",
        "production",
        "--json",
    ];
    let ran = sim.run(&rerun);
    let refused = ran.error(4);
    let said = refused["message"].as_str().unwrap();
    assert!(
        said.contains("Forgejo 16") && said.contains("cannot run a run again"),
        "{said}"
    );
    assert_eq!(sim.writes().len(), 0);
    let kinds = kinds(&sim);
    assert!(
        !kinds.iter().any(|kind| kind.starts_with("promotion.")),
        "{kinds:?}"
    );
}

#[test]
fn every_request_to_every_forge_is_in_the_log_and_no_token_is() {
    let sim = Sim::evening(1.0);
    let ran = sim.run(&["-vv", "status"]);
    for part in [
        "/api/v4/",
        "/api/v1/",
        "/api/graphql",
        "/graphql",
        "status=200",
        "ms=",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    let requests = ran.err.lines().filter(|line| line.contains("method="));
    for line in requests {
        assert!(line.contains("host="), "{line}");
    }
    assert!(
        !ran.err.contains("Bearer") && !ran.err.contains("sim-token"),
        "{}",
        ran.err
    );
}

/// A config with another of the GitHub's tokens.
fn with_token(sim: &Sim, label: &str) -> std::path::PathBuf {
    let file = sim.folder.path().join(format!("{label}.token"));
    std::fs::write(&file, sim.token(label)).unwrap();
    sim.config_with(label, |text| {
        let mut config: toml::Table = text.parse().unwrap();
        let token: toml::Table = format!("file = {:?}", file.display().to_string())
            .parse()
            .unwrap();
        config["forge"]["github"]["token"] = token.into();
        config.to_string()
    })
}

#[test]
fn what_the_token_may_not_in_a_repository_is_said_of_its_service_alone() {
    let sim = Sim::evening(1.0);
    let status = sim.run(&["status", "--json"]).done().json();
    for service in status["services"].as_array().unwrap() {
        assert_eq!(
            service["denied"],
            serde_json::json!([]),
            "{}",
            service["name"]
        );
    }
    // This one belongs to somebody who may read, and no more.
    let config = with_token(&sim, "read");
    let status = sim.run_with(&config, &["status", "--json"]);
    let status = status.done().json();
    for service in status["services"].as_array().unwrap() {
        let what = format!("{service}");
        let denied = service["denied"].as_array().unwrap();
        let can = service["capabilities"].as_array().unwrap();
        if service["forge"] != "github" {
            assert!(denied.is_empty(), "{what}");
            continue;
        }
        let first = denied.iter().find(|it| it["capability"] == "dispatch");
        let first = first.unwrap_or_else(|| panic!("{what}"));
        let why = first["why"].as_str().unwrap();
        assert!(why.contains(service["repo"].as_str().unwrap()), "{why}");
        assert!(why.contains("may only read"), "{why}");
        assert!(first["hint"].as_str().unwrap().contains("Write"), "{first}");
        assert!(!can.contains(&"dispatch".into()), "{what}");
        assert!(can.contains(&"log".into()), "{what}");
    }
}

/// With its forge away, a service is shown as it was known, and the outage is told once.
#[test]
fn status_tells_an_outage_once_and_not_for_each_service() {
    let sim = Sim::evening(1.0);
    let down = r#"{"match": {"forge": "gitlab"}, "effect": {"kind": "refuse"}}"#;
    sim.control("POST", "/faults", down);
    let told = sim.run(&["status"]);
    let lines = told.done().err.lines();
    let gitlab: Vec<&str> = lines.filter(|line| line.contains("gitlab")).collect();
    assert_eq!(gitlab.len(), 1, "{gitlab:?}");
    assert!(gitlab[0].contains("5 services were not read"), "{gitlab:?}");
}
