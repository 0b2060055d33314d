//! Commands beside other instances of the same journal, and after them: who waits hears what others
//! write, who is asked to end says what is not known, and what one process saw the next one knows.

#![expect(
    clippy::disallowed_methods,
    reason = "a process of its own is waited for, which tells nobody when it is ready"
)]

use std::io::Read;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::*;

fn start(sim: &Sim, arguments: &[&str]) -> Child {
    let mut command = gonogo(sim.folder.path());
    command
        .env("GONOGO_CONFIG", sim.config())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn tell(child: &Child, signal: &str) {
    let kill = format!("kill -{signal} {}", child.id());
    let told = std::process::Command::new("sh")
        .args(["-c", &kill])
        .status();
    assert!(told.unwrap().success());
}

/// Waits until the journal has an entry of this kind.
fn until_entered(sim: &Sim, kind: &str) {
    let begun = Instant::now();
    // At first there is no journal yet.
    while !sim.run(&["log", "--json"]).out.contains(kind) {
        assert!(begun.elapsed() < Duration::from_secs(60), "no {kind}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn who_waits_hears_of_an_end_that_another_instance_has_written_down() {
    let sim = Sim::evening(60.0);
    // One that follows everything sees the end as soon as any.
    let mut other = start(&sim, &["--plain"]);
    let mut first = [0];
    other
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    for service in ["harbour", "gateway"] {
        let ran = promote(&sim, service, &["--wait", "--timeout", "60s", "--json"]);
        let answer = ran.done().json();
        assert_eq!(answer["promotions"][0]["state"], "succeeded", "{answer}");
    }
    tell(&other, "TERM");
    other.wait().unwrap();
}

#[test]
fn who_is_asked_to_end_while_it_waits_does_not_say_that_it_is_live() {
    let sim = Sim::start(1.0);
    let mut arguments = vec!["promote", "api-gateway", "geo", "--to", "production"];
    arguments.extend(CONFIRMED);
    arguments.extend(["--wait", "--json"]);
    let waiting = start(&sim, &arguments);
    until_entered(&sim, "promotion.accepted");
    tell(&waiting, "TERM");
    let ended = waiting.wait_with_output().unwrap();
    let ran = Ran::of(ended);
    let came = ran.json()["promotions"].as_array().unwrap().clone();
    let of = |name: &str| came.iter().find(|it| it["service"] == name).unwrap();
    assert_eq!(of("api-gateway")["exit"], 6, "{ran:?}");
    let why = of("api-gateway")["why"].as_str().unwrap();
    assert!(why.contains("asked to end before"), "{why}");
    // Nothing more is begun.
    assert_eq!(of("geo")["state"], "refused", "{ran:?}");
    assert_eq!(sim.writes().len(), 1);
    assert_ne!(ran.code, 0);
}

#[test]
fn what_one_process_saw_a_tag_do_is_no_riddle_to_the_next() {
    let sim = Sim::evening(60.0);
    promote(&sim, "almanac", &["--wait"]).done();
    let begun = Instant::now();
    let cell = || {
        let status = sim.run(&["status", "almanac", "--json"]).done().json();
        let cells = status["services"][0]["cells"].as_array().unwrap().clone();
        let mut cells = cells.into_iter();
        cells.find(|it| it["environment"] == "production").unwrap()
    };
    let first = cell();
    assert_eq!(first["version"], "v2026.11", "{first}");
    assert_ne!(first["state"], "stale", "{first}");
    let second = cell();
    assert_eq!(first["deployed_at"], second["deployed_at"]);
    let check = sim.run(&["check", "almanac", "--to", "production"]);
    assert_eq!(check.code, 3, "{check:?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}
