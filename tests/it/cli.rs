//! Every command as a process of its own against `gonogo sim`: the JSON, the exit codes, and what
//! it leaves on the forge and in the journal.

use serde_json::Value;

use crate::program::{Ran, Sim, gonogo, keys};

mod acts;
mod audit;
mod brakes;
mod by_hand;
mod costs;
mod exits;
mod forges;
mod gates;
mod handover;
mod holds;
mod overrides;
mod releases;
mod scheduled;
mod scope;
mod shapes;
mod waiting;

const CONFIRMED: [&str; 5] = ["--reason", "by a test", "--yes", "--confirm", "production"];

/// Orders a promotion into production that is confirmed in every way.
fn promote(sim: &Sim, service: &str, more: &[&str]) -> Ran {
    let mut arguments = vec!["promote", service, "--to", "production"];
    arguments.extend(CONFIRMED);
    arguments.extend(more);
    sim.run(&arguments)
}

/// The kinds of the journal's entries, in order.
fn kinds(sim: &Sim) -> Vec<String> {
    let log = sim.run(&["log", "--json"]);
    log.done();
    let entries = log
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries
        .map(|it| it["kind"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn help_and_version_need_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["promote", "--help"],
        &["help", "promote"],
        &["--json", "--help"],
    ] {
        let output = gonogo(folder.path()).args(arguments).output().unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{arguments:?}: {output:?}"
        );
        assert!(!output.stdout.is_empty());
    }
    let output = gonogo(folder.path()).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for code in 0..=7 {
        assert!(
            help.contains(&format!("{code} ")),
            "exit code {code} is documented"
        );
    }
}

#[test]
fn completions_pages_keys_and_themes_need_no_config() {
    let folder = tempfile::tempdir().unwrap();
    let said = |arguments: &[&str]| {
        let output = gonogo(folder.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    for shell in ["bash", "elvish", "fish", "nushell", "powershell", "zsh"] {
        let script = said(&["completions", shell]);
        assert!(script.contains("promote"), "{shell}: {script}");
    }
    assert!(said(&["man"]).contains("gonogo"));
    for (arguments, key) in [(&["man"][..], "page"), (&["completions", "fish"], "script")] {
        let json: Value = serde_json::from_str(&said(&[arguments, &["--json"]].concat())).unwrap();
        assert!(json[key].as_str().unwrap().contains("promote"), "{json}");
    }
    let pages = folder.path().join("pages");
    said(&["man", "--into", pages.to_str().unwrap()]);
    assert!(pages.join("gonogo-promote.1").exists());
    assert!(said(&["config", "keys"]).contains("promote            = [\"P\"]"));
    // What is printed can be bound again as it is.
    let config = folder.path().join("keys.toml");
    let bound = format!("[keys]\n{}", said(&["config", "keys"]));
    std::fs::write(&config, bound).unwrap();
    said(&["config", "check", "--config", config.to_str().unwrap()]);
    for theme in said(&["config", "theme"]).lines() {
        assert!(
            said(&["config", "theme", theme]).contains("[cursor]"),
            "{theme}"
        );
    }
}

#[test]
fn the_board_needs_a_terminal_and_says_so() {
    let sim = Sim::start(1.0);
    for arguments in [&[][..], &["demo"]] {
        let told = sim.run(arguments);
        assert_eq!(told.code, 2, "{told:?}");
        assert!(
            told.err.contains("the board needs a terminal"),
            "{}",
            told.err
        );
        assert!(!told.out.contains('\u{1b}') && !told.err.contains('\u{1b}'));
    }
}
