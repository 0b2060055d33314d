//! Without a config: a checkout, a remote, a token from the environment, and nothing else.

use std::path::Path;
use std::process::Command;

use crate::program::{Ran, Sim, gonogo};

mod tools;

/// Makes a checkout whose `origin` is a repository of the simulated forge.
fn checkout(sim: &Sim, remote: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let ended = Command::new("git")
            .args(arguments)
            .current_dir(folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(ended.status.success(), "{ended:?}");
    };
    git(&["init", "-q"]);
    git(&[
        "remote",
        "add",
        "origin",
        &remote.replace("BASE", &sim.base),
    ]);
    folder
}

fn host(sim: &Sim) -> String {
    sim.base.trim_start_matches("http://").to_owned()
}

fn run_in(sim: &Sim, folder: &Path, env: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = gonogo(sim.folder.path());
    command
        .current_dir(folder)
        .envs(env.iter().copied())
        .args(arguments);
    sim.take(command)
}

#[test]
fn a_checkout_and_a_token_are_enough_for_the_board_and_a_promotion() {
    let sim = Sim::start(60.0);
    let folder = checkout(&sim, "BASE/acme/api-gateway.git");
    let (host, token) = (host(&sim), sim.token("operate"));
    let env = [
        ("GH_HOST", host.as_str()),
        ("GH_ENTERPRISE_TOKEN", token.as_str()),
    ];
    let run = |arguments: &[&str]| run_in(&sim, folder.path(), &env, arguments);
    let status = run(&["status", "--json"]);
    let status = status.done().json();
    let services = status["services"].as_array().unwrap();
    assert_eq!(services.len(), 1);
    assert_eq!(services[0]["name"], "api-gateway");
    assert_eq!(services[0]["repo"], "acme/api-gateway");
    let cells = services[0]["cells"].as_array().unwrap();
    let places: Vec<&str> = cells
        .iter()
        .map(|it| it["environment"].as_str().unwrap())
        .collect();
    assert_eq!(
        places,
        ["dev", "staging", "production"],
        "in the order of promotion"
    );
    assert!(
        cells.iter().all(|cell| cell["revision"].is_string()),
        "{cells:?}"
    );
    assert_eq!(cells[2]["candidate"]["version"], "v2.41.0");
    let check = run(&["check", "api-gateway", "--to", "production", "--json"]);
    let gates = check.json();
    assert_eq!(check.code, 0, "{gates}");
    let promoted = run(&[
        "promote",
        "api-gateway",
        "--to",
        "production",
        "--reason",
        "no config needed",
        "--yes",
        "--confirm",
        "production",
        "--wait",
        "--json",
    ]);
    let promoted = promoted.done().json();
    assert_eq!(promoted["promotions"][0]["state"], "succeeded");
    assert_eq!(sim.writes().len(), 1);
    let status = run(&["status", "--json"]).json();
    assert_eq!(status["services"][0]["cells"][2]["version"], "v2.41.0");
    let log = run(&["log", "--json"]);
    assert!(log.done().out.contains("promotion.succeeded"), "{log:?}");
}

#[test]
fn without_a_token_it_says_what_to_do() {
    let sim = Sim::start(1.0);
    let folder = checkout(&sim, "BASE/acme/api-gateway.git");
    let host = host(&sim);
    let told = run_in(&sim, folder.path(), &[("GH_HOST", &host)], &["status"]);
    assert_eq!(told.code, 4, "{told:?}");
    assert_eq!(told.out, "");
    for part in [
        "no token",
        &host,
        "gh auth login",
        "GH_ENTERPRISE_TOKEN",
        "gonogo demo",
    ] {
        assert!(told.err.contains(part), "{part} in {}", told.err);
    }
    let error = run_in(
        &sim,
        folder.path(),
        &[("GH_HOST", &host)],
        &["status", "--json"],
    );
    assert!(
        error.error(4)["hint"]
            .as_str()
            .unwrap()
            .contains("gonogo demo")
    );
    assert!(sim.requests().is_empty(), "nobody was asked anonymously");
}

#[test]
fn a_token_of_one_host_is_not_sent_to_another() {
    let sim = Sim::start(1.0);
    let folder = checkout(&sim, "BASE/acme/api-gateway.git");
    let token = sim.token("operate");
    // The checkout's host is not the one that the variables are for.
    let env = [
        ("GH_TOKEN", token.as_str()),
        ("GITHUB_TOKEN", &token),
        ("GH_ENTERPRISE_TOKEN", &token),
    ];
    let told = run_in(&sim, folder.path(), &env, &["status"]);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(told.err.contains("GH_HOST"), "{}", told.err);
    assert!(sim.requests().is_empty());
}

#[test]
fn outside_of_a_checkout_it_says_where_to_go() {
    let sim = Sim::start(1.0);
    let folder = tempfile::tempdir().unwrap();
    let told = run_in(&sim, folder.path(), &[], &["status"]);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(
        told.err.contains("not a git checkout") && told.err.contains("gonogo demo"),
        "{}",
        told.err
    );
    let other = checkout(&sim, "git@gitlab.com:acme/api-gateway.git");
    let told = run_in(&sim, other.path(), &[], &["status"]);
    assert_eq!(told.code, 4, "{told:?}");
    assert!(told.err.contains("GITLAB_TOKEN"), "{}", told.err);
}

#[test]
fn a_wrong_token_and_a_missing_repository_are_the_forges_answer() {
    let sim = Sim::start(1.0);
    let host = host(&sim);
    let folder = checkout(&sim, "BASE/acme/api-gateway.git");
    let env = [
        ("GH_HOST", host.as_str()),
        ("GH_ENTERPRISE_TOKEN", "ghp_expired"),
    ];
    let told = run_in(&sim, folder.path(), &env, &["status"]);
    assert_eq!(told.code, 4, "{told:?}");
    assert!(
        told.err.contains("Bad credentials") && !told.err.contains("ghp_expired"),
        "{}",
        told.err
    );
    let token = sim.token("operate");
    let env = [
        ("GH_HOST", host.as_str()),
        ("GH_ENTERPRISE_TOKEN", token.as_str()),
    ];
    let gone = checkout(&sim, "BASE/acme/nothing.git");
    let told = run_in(&sim, gone.path(), &env, &["status", "--json"]);
    let error = told.error(4);
    assert!(
        error["message"].as_str().unwrap().contains("acme/nothing"),
        "{error}"
    );
}

/// A world of a Forgejo or Gitea, as another of its flavours.
fn harbour(file: &str, flavor: &str) -> Sim {
    let world = match file {
        "gitea" => include_str!("../../assets/worlds/gitea.toml"),
        _ => include_str!("../../assets/worlds/forgejo.toml"),
    };
    let own = format!("flavor = \"{file}\"");
    assert!(world.contains(&own));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("harbour.toml");
    std::fs::write(
        &path,
        world.replacen(&own, &format!("flavor = \"{flavor}\""), 1),
    )
    .unwrap();
    Sim::of(60.0, &[path.to_str().unwrap()])
}

#[test]
fn on_a_forge_without_environments_what_the_repository_has_tells_of_them() {
    let words = [
        ("harbour", "statuses deploy/NAME", "workflow"),
        ("pilot", "branches NAME", "pull-request"),
        ("almanac", "tags deployed/NAME", "workflow"),
        ("lighthouse", "runs of deploy-NAME.yml", "workflow"),
    ];
    for (file, flavor) in [
        ("forgejo", "forgejo"),
        ("forgejo", "forgejo-tasks"),
        ("gitea", "gitea"),
    ] {
        let sim = harbour(file, flavor);
        let owner = if file == "gitea" { "coast" } else { "tide" };
        let (host, token) = (host(&sim), sim.token("operate"));
        let way = if file == "gitea" {
            ("GITEA_INSTANCE_URL", sim.base.clone())
        } else {
            ("FJ_HOST", host.clone())
        };
        let env = [
            (way.0, way.1.as_str()),
            ("FORGEJO_TOKEN", token.as_str()),
            ("GITEA_TOKEN", token.as_str()),
        ];
        for (service, source, via) in words {
            if (file == "gitea") != (service == "lighthouse") {
                continue;
            }
            let folder = checkout(&sim, &format!("BASE/{owner}/{service}.git"));
            let run = |arguments: &[&str]| run_in(&sim, folder.path(), &env, arguments);
            let status = run(&["status", "--json"]);
            let status = status.done().json();
            let cells = status["services"][0]["cells"].as_array().unwrap();
            let places: Vec<&str> = cells
                .iter()
                .map(|it| it["environment"].as_str().unwrap())
                .collect();
            assert_eq!(places, ["staging", "production"], "{flavor} {service}");
            let live = cells.iter().filter(|it| it["revision"].is_string()).count();
            assert!(live > 0, "{flavor} {service}: {cells:?}");
            // What is missing is said with the lines to write; written, they are read as they are.
            let told = run(&["status"]);
            assert!(
                told.done().err.contains(source),
                "{flavor} {service}: {told:?}"
            );
            let (_, lines) = told.err.split_once(".gonogo.toml:\n").expect("a config");
            assert!(lines.contains(&format!("via = \"{via}\"")), "{lines}");
            std::fs::write(folder.path().join(".gonogo.toml"), lines).unwrap();
            let again = run(&["status", "--json"]);
            let again = again.done().json();
            for (place, cell) in cells.iter().enumerate() {
                let now = &again["services"][0]["cells"][place];
                assert_eq!(now["revision"], cell["revision"], "{flavor} {service}");
            }
        }
    }
}

#[test]
fn the_settings_of_a_checkout_are_printed_as_a_config_that_does_the_same() {
    let sim = Sim::start(1.0);
    let folder = checkout(&sim, "BASE/acme/api-gateway.git");
    let (host, token) = (host(&sim), sim.token("operate"));
    let env = [
        ("GH_HOST", host.as_str()),
        ("GH_ENTERPRISE_TOKEN", token.as_str()),
    ];
    let shown = run_in(&sim, folder.path(), &env, &["config", "show"]);
    std::fs::write(folder.path().join(".gonogo.toml"), &shown.done().out).unwrap();
    let again = run_in(&sim, folder.path(), &env, &["config", "show"]);
    let body = |text: &str| {
        text.lines()
            .filter(|it| !it.starts_with('#'))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(body(&again.done().out), body(&shown.out));
}
