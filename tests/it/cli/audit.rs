//! `gonogo audit`: a journal that is whole is told so, one that somebody has changed with the entry.

use sha2::{Digest as _, Sha256};
use sqlx::{Connection as _, SqliteConnection};

use super::*;

const REASON: &str = "the till is counted";

/// A journal with two holds in it.
fn journal() -> Sim {
    let sim = Sim::start(1.0);
    for (service, reason) in [("mailer", "first"), ("web", REASON)] {
        let hold = ["hold", "add", "--in", "staging", "--service", service];
        sim.run(&[&hold[..], &["--reason", reason]].concat()).done();
    }
    sim
}

fn file(sim: &Sim) -> std::path::PathBuf {
    let check = sim.run(&["audit", "verify", "--json"]);
    check.json()["journal"].as_str().unwrap().into()
}

/// Changes a reason behind the journal's back, as somebody with a shell of SQLite's could.
fn tamper(path: &std::path::Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let address = format!("sqlite://{}", path.display());
        let mut journal = SqliteConnection::connect(&address).await.unwrap();
        let sql = "DROP TRIGGER entries_are_not_changed; \
                   UPDATE entries SET reason = upper(reason) WHERE reason = 'the till is counted'";
        sqlx::raw_sql(sql).execute(&mut journal).await.unwrap();
        journal.close().await.unwrap();
    });
}

#[test]
fn a_journal_as_it_was_written_is_whole_and_what_was_noted_is_in_it() {
    let sim = journal();
    let told = sim.run(&["audit", "verify"]);
    assert!(told.done().out.contains("is whole: "), "{told:?}");
    let json = sim.run(&["audit", "verify", "--json"]);
    let json = json.done().json();
    assert_eq!(
        keys(&json),
        ["schema", "journal", "whole", "entries", "last"]
    );
    assert_eq!(json["whole"], true);
    assert_eq!(json["entries"], json["last"]["seq"]);
    let hash = json["last"]["hash"].as_str().unwrap();
    let noted = format!("{}:{hash}", json["last"]["seq"]);
    assert!(told.out.contains(&noted), "{told:?}");
    sim.run(&["audit", "verify", "--noted", &noted]).done();
    let other = format!("1:{hash}");
    let told = sim.run(&["audit", "verify", "--noted", &other]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.out.contains("broken at entry 1"), "{told:?}");
    sim.run(&["audit", "verify", "--noted", "x", "--json"])
        .error(2);
}

#[test]
fn a_changed_journal_is_told_with_the_first_bad_entry() {
    let sim = journal();
    let path = file(&sim);
    let entries = sim.run(&["audit", "export"]);
    let changed = entries
        .done()
        .out
        .lines()
        .position(|line| line.contains(REASON));
    let seq = changed.unwrap() + 1;
    tamper(&path);
    let told = sim.run(&["audit", "verify"]);
    assert_eq!(told.code, 1, "{told:?}");
    let place = format!("broken at entry {seq}: ");
    assert!(told.out.contains(&place), "{told:?}");
    assert!(told.out.contains("THE TILL IS COUNTED"), "{told:?}");
    assert!(told.err.contains("hint: keep the file"), "{told:?}");
    let json = sim.run(&["audit", "verify", "--json"]);
    assert_eq!(json.code, 1, "{json:?}");
    let json = json.json();
    assert_eq!(keys(&json), ["schema", "journal", "whole", "broken"]);
    assert_eq!(json["broken"]["seq"], seq);
    assert_eq!(json["broken"]["stands"]["reason"], "THE TILL IS COUNTED");
    // Nothing is handed out as evidence that is none.
    let export = sim.run(&["audit", "export"]);
    assert_eq!(export.code, 1, "{export:?}");
    assert_eq!(export.out, "", "{export:?}");
    assert!(export.err.contains(&place), "{export:?}");
    // What somebody has changed decides nothing, and people can still look at it.
    let hold = ["hold", "add", "--service", "geo", "--reason", "x", "--json"];
    let error = sim.run(&hold).error(5);
    assert!(
        error["message"].as_str().unwrap().contains(&place),
        "{error}"
    );
    let log = sim.run(&["log"]);
    assert!(log.done().out.contains("THE TILL IS COUNTED"), "{log:?}");
    for file in ["-wal", "-shm"] {
        let mut beside = path.clone().into_os_string();
        beside.push(file);
        let _ = std::fs::remove_file(beside);
    }
    std::fs::write(&path, "no journal").unwrap();
    sim.run(&["audit", "verify", "--json"]).error(5);
}

#[test]
fn an_export_can_be_checked_without_gonogo() {
    let sim = journal();
    let mut previous = "0".repeat(64);
    let export = sim.run(&["audit", "export"]);
    for (place, line) in export.done().out.lines().enumerate() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        let fields = [
            Some("gonogo-journal-1".to_owned()),
            Some(previous.clone()),
            Some((place + 1).to_string()),
            text("at"),
            text("actor"),
            text("kind"),
            text("service"),
            text("environment"),
            text("revision"),
            text("reason"),
            text("policy"),
            text("body"),
        ];
        let mut hasher = Sha256::new();
        for field in fields {
            match field {
                Some(text) => {
                    hasher.update([1]);
                    hasher.update((text.len() as u64).to_be_bytes());
                    hasher.update(text);
                }
                None => hasher.update([0]),
            }
        }
        let hash = hasher.finalize().iter().fold(String::new(), |hex, byte| {
            let digits = format!("{byte:02x}");
            hex + &digits
        });
        assert_eq!(text("previous"), Some(previous), "{line}");
        assert_eq!(text("hash"), Some(hash.clone()), "{line}");
        previous = hash;
    }
}

#[test]
fn the_log_of_a_service_that_nobody_knows_is_a_mistake() {
    let sim = journal();
    let of = |service: &str| sim.run(&["log", "--service", service, "--json"]);
    assert!(of("web").done().out.contains(REASON));
    // One of the config that nothing has happened to has an empty log.
    let quiet = sim.run(&["log", "--service", "geo", "--since", "9999"]);
    assert_eq!(quiet.done().out, "no entries\n");
    let error = of("wbe").error(2);
    assert!(
        error["message"].as_str().unwrap().contains("wbe"),
        "{error}"
    );
    assert_eq!(error["hint"], "did you mean `web`?");
    sim.run(&["log", "--in", "nowhere", "--json"]).error(2);
    sim.run(&["handover", "give", "--note", "all quiet"]).done();
    assert!(!of("web").done().out.contains("all quiet"));
    assert!(sim.run(&["log", "--json"]).out.contains("all quiet"));
}
