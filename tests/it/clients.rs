//! GitHub's official clients against `gonogo sim`: what they can talk to is what GitHub is.
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
