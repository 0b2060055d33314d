//! The forges' usual clients against `gonogo sim`: what they can talk to is what the forge is.
//!
//! `tests/run` installs them and says where they are; without that a test says SKIPPED. A client
//! that is there and fails is a failure.

use std::path::Path;
use std::process::Command;

use crate::program::Sim;

/// Returns where `tests/run` put a client.
fn installed(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok().filter(|it| !it.is_empty());
    if found.is_none() {
        println!("!!! SKIPPED: {variable} is not set; tests/run installs the client and sets it");
    }
    found
}

fn scripts() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients"))
}

fn passes(mut command: Command, sim: &Sim, service: &str) {
    let output = command.output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    println!("{said}");
    assert!(
        output.status.success(),
        "{}: {said}",
        command.get_program().display()
    );
    let approvals: Vec<_> = sim
        .requests()
        .into_iter()
        .filter(|it| it["method"] == "POST" && it["path"].as_str().unwrap().contains("/pending_"))
        .collect();
    assert_eq!(approvals.len(), 1, "{approvals:?}");
    assert!(approvals[0]["path"].as_str().unwrap().contains(service));
    assert_eq!(approvals[0]["status"], 200);
}

#[test]
fn pygithub_reads_and_approves() {
    let Some(python) = installed("GONOGO_TEST_PYTHON") else {
        return;
    };
    let sim = Sim::start(1.0);
    let mut command = Command::new(python);
    command
        .arg(scripts().join("pygithub.py"))
        .arg(&sim.base)
        .arg(sim.token("operate"));
    passes(command, &sim, "api-gateway");
}

#[test]
fn python_gitlab_reads_and_approves() {
    let Some(python) = installed("GONOGO_TEST_PYTHON_GITLAB") else {
        return;
    };
    let sim = gitlab();
    let mut command = Command::new(python);
    command
        .arg(scripts().join("pygitlab.py"))
        .arg(&sim.base)
        .arg(sim.token("operate"));
    approves_once(command, &sim);
}

#[test]
fn gitbeaker_reads_and_approves() {
    let Some(folder) = installed("GONOGO_TEST_NODE_GITLAB") else {
        return;
    };
    let sim = gitlab();
    let mut command = Command::new("node");
    command.arg(scripts().join("gitbeaker.mjs")).args([
        sim.base.as_str(),
        &sim.token("operate"),
        &folder,
    ]);
    approves_once(command, &sim);
}

fn gitlab() -> Sim {
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/worlds/gitlab.toml");
    Sim::of(1.0, &[world])
}

/// Runs a client that approves the one blocked deployment, and checks that it did so once.
fn approves_once(mut command: Command, sim: &Sim) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let approvals = sim.writes().into_iter();
    let approvals = approvals.filter(|it| it["path"].as_str().unwrap().ends_with("/approval"));
    let statuses: Vec<_> = approvals.map(|it| it["status"].clone()).collect();
    assert_eq!(statuses, [201]);
}

#[test]
fn octokit_reads_and_approves() {
    let Some(folder) = installed("GONOGO_TEST_NODE") else {
        return;
    };
    let sim = Sim::start(1.0);
    let mut command = Command::new("node");
    command.arg(scripts().join("octokit.mjs")).args([
        sim.base.as_str(),
        &sim.token("operate"),
        &folder,
    ]);
    passes(command, &sim, "notify");
}

#[test]
fn gh_reads_and_approves() {
    let Some(gh) = installed("GONOGO_TEST_GH") else {
        return;
    };
    let sim = Sim::start(1.0);
    let mut command = Command::new(scripts().join("gh.sh"));
    command
        .args([gh.as_str(), &sim.base, &sim.token("operate")])
        .arg(sim.folder.path());
    passes(command, &sim, "sessions");
}
