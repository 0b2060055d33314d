//! A release from checklists alone: no forge, no repository, no token; tasks by role, done by their
//! owners, promotions recorded and verified by tasks.

#![expect(
    clippy::disallowed_methods,
    reason = "a process of its own is waited for, which tells nobody when it is ready"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{Ran, gonogo};

const CONFIG: &str = r#"
[journal]
url = "sqlite:journal.db"

[role.operations]
members = ["mia", "otto"]
[role.qa]
members = ["dee"]

[policy.by-hand]
gates = ["path", { kind = "checklist", tasks = [
    { name = "backup", text = "take a backup", role = "operations" },
    { name = "notify", text = "tell support" },
] }, { kind = "sign-off", roles = ["qa"] }]

[environment.test]
[environment.production]
tier = "by-hand"
verify = { within = "1h", tasks = [{ name = "smoke", text = "log in and book", role = "qa" }] }

[service.mainframe]
revision = "REVISION"
path = ["test", "production"]
gates = [{ kind = "checklist", tasks = [{ name = "install", text = "install it" }] }]

[service.branch-office]
revision = "REVISION"
path = ["test", "production"]
gates = [{ kind = "checklist", tasks = [{ name = "install", text = "install it" }] }]
depends = ["mainframe"]

[release.weekly]
services = ["mainframe", "branch-office"]
environment = "production"
"#;

/// A folder with a journal and no network in it.
struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    fn of(revision: &str) -> Self {
        let office = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        office.releases(revision);
        office
    }

    /// Writes everybody's config, with what is to be released.
    fn releases(&self, revision: &str) {
        for person in ["mia", "otto", "dee"] {
            let text = format!("[operator]\nname = \"{person}\"\n{CONFIG}");
            std::fs::write(self.config(person), text.replace("REVISION", revision)).unwrap();
        }
    }

    fn config(&self, person: &str) -> PathBuf {
        self.folder.path().join(format!("{person}.toml"))
    }

    fn home(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, person: &str, line: &str) -> Ran {
        let mut command = gonogo(self.home());
        command
            .env("GONOGO_CONFIG", self.config(person))
            // Nobody answers there: a request to a forge would fail.
            .env("https_proxy", "http://127.0.0.1:9")
            .args(words(line));
        Ran::of(command.stdin(Stdio::null()).output().unwrap())
    }

    fn start(&self, person: &str, line: &str) -> Child {
        let mut command = gonogo(self.home());
        command
            .env("GONOGO_CONFIG", self.config(person))
            .args(words(line))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn promotes(&self, person: &str, service: &str, to: &str) -> Ran {
        let line =
            format!("promote {service} --to {to} --reason weekly --yes --confirm {to} --json");
        self.run(person, &line)
    }

    fn cell(&self, service: &str, environment: &str) -> Value {
        let status = self.run("otto", &format!("status {service} --json"));
        let status = status.done().json();
        let cells = status["services"][0]["cells"].as_array().unwrap().clone();
        let mut cells = cells.into_iter();
        cells
            .find(|cell| cell["environment"] == environment)
            .unwrap()
    }

    /// Brings a service to production's door.
    fn to_test(&self, service: &str) {
        let task = format!("task done {service} --to test install");
        self.run("otto", &task).done();
        let came = self.promotes("otto", service, "test").done().json();
        assert_eq!(came["promotions"][0]["state"], "succeeded", "{came}");
    }

    /// Attests what production asks before.
    fn prepares(&self, service: &str) {
        for (person, task) in [("mia", "backup"), ("dee", "notify"), ("otto", "install")] {
            let line = format!("task done {service} --to production {task} --note done");
            self.run(person, &line).done();
        }
        let vote = format!("vote go {service} --to production --as qa --note tested");
        self.run("dee", &vote).done();
    }

    fn kinds(&self, service: &str) -> Vec<String> {
        let log = self.run("otto", &format!("log --service {service} --json"));
        let lines = log.done().out.lines();
        lines
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|entry| entry["kind"].as_str().unwrap().to_owned())
            .collect()
    }

    #[expect(clippy::unused_self, reason = "it reads as what the scene does")]
    fn until(&self, what: &str, done: impl Fn() -> bool) {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < Duration::from_secs(60), "in vain: {what}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn a_service_without_a_forge_is_released_by_its_checklists() {
    let office = Office::of("2026.47");
    let checked = office.run("mia", "config check");
    checked.done();
    let said = format!("{}{}", checked.out, checked.err);
    assert!(
        said.contains("has no repo: nobody asks it pipeline, review"),
        "{said}"
    );
    let shown = office.run("mia", "status mainframe --json").done().json();
    assert_eq!(shown["forges"], serde_json::json!([]), "nobody is asked");
    assert_eq!(
        office.cell("mainframe", "test")["candidate"]["version"],
        "2026.47"
    );

    // Nothing goes before its tasks are done.
    let refused = office.promotes("mia", "mainframe", "test");
    let why = refused.error(3)["message"].as_str().unwrap().to_owned();
    assert!(why.contains("0 of 1 done, waits for install"), "{why}");
    office.to_test("mainframe");
    assert_eq!(office.cell("mainframe", "test")["version"], "2026.47");

    // Tasks belong to roles, and each is attested by its owner.
    let backup = "task done mainframe --to production backup";
    let wrong = office.run("dee", backup);
    assert_eq!(wrong.code, 3, "{wrong:?}");
    assert!(
        wrong.err.contains("does not have the role operations"),
        "{wrong:?}"
    );
    office.prepares("mainframe");
    office
        .run(
            "mia",
            "task undo mainframe --to production backup --reason oops",
        )
        .done();
    assert_eq!(office.promotes("mia", "mainframe", "production").code, 3);
    office.run("mia", backup).done();
    let came = office
        .promotes("mia", "mainframe", "production")
        .done()
        .json();
    assert_eq!(came["promotions"][0]["state"], "succeeded", "{came}");
    assert_eq!(
        came["promotions"][0]["call"],
        "nothing is sent: it is done by hand, and the journal keeps it"
    );
    let cell = office.cell("mainframe", "production");
    assert_eq!(
        (&cell["version"], &cell["verification"]),
        (&"2026.47".into(), &"verifying".into())
    );

    // What was promoted is verified by tasks too, of those who may.
    let list = office.run("dee", "task list mainframe --to production --json");
    let list = list.done().json();
    let tasks = list["tasks"].as_array().unwrap();
    let smoke = tasks.iter().find(|task| task["name"] == "smoke").unwrap();
    assert_eq!(
        (&smoke["state"], &smoke["role"]),
        (&"open".into(), &"qa".into())
    );
    let done = office.run(
        "dee",
        "task done mainframe --to production smoke --note fine",
    );
    assert!(
        done.done().out.contains("is verified: smoke (dee: fine)"),
        "{done:?}"
    );
    assert_eq!(
        office.cell("mainframe", "production")["verification"],
        "passed"
    );

    let kinds = office.kinds("mainframe");
    let promotion: Vec<&str> = kinds
        .iter()
        .filter_map(|kind| kind.strip_prefix("promotion."))
        .collect();
    let steps = ["intended", "sending", "accepted", "succeeded"];
    assert_eq!(promotion, [steps, steps].concat());
    assert_eq!(
        kinds.last().map(String::as_str),
        Some("verification.passed")
    );
    assert!(
        !kinds.iter().any(|kind| kind.starts_with("deployment.")),
        "{kinds:?}"
    );
}

#[test]
fn it_goes_back_by_hand_to_what_was_verified() {
    let office = Office::of("2026.47");
    for revision in ["2026.47", "2026.48"] {
        office.releases(revision);
        office.to_test("mainframe");
        office.prepares("mainframe");
        office.promotes("mia", "mainframe", "production").done();
        office
            .run("dee", "task done mainframe --to production smoke")
            .done();
    }
    assert_eq!(office.cell("mainframe", "production")["version"], "2026.48");
    let back = "rollback mainframe --in production --reason slow --yes --confirm production --json";
    let came = office.run("otto", back).done().json();
    assert_eq!(came["promotions"][0]["to"], "2026.47", "{came}");
    let cell = office.cell("mainframe", "production");
    assert_eq!(
        (&cell["version"], &cell["state"]),
        (&"2026.47".into(), &"verifying".into())
    );
    // It has to be verified anew: what was attested the first time does not count.
    assert_eq!(cell["verification"], "verifying");
    // And the bad one is not promoted again.
    let again = office.promotes("mia", "mainframe", "production");
    assert!(
        again.error(3)["message"].as_str().unwrap().contains("hold"),
        "{again:?}"
    );
}

#[test]
fn a_release_of_services_without_a_forge_goes_in_waves_and_waits_for_their_verification() {
    let office = Office::of("2026.47");
    for service in ["mainframe", "branch-office"] {
        office.to_test(service);
        office.prepares(service);
    }
    let run = "release run weekly --wait --reason weekly --yes --confirm production --json";
    let running = office.start("mia", run);
    office.until("the first wave", || {
        office.cell("mainframe", "production")["version"] == "2026.47"
    });
    // Live is not verified: the second wave does not start.
    std::thread::sleep(Duration::from_secs(3));
    assert!(office.cell("branch-office", "production")["version"].is_null());
    office
        .run("dee", "task done mainframe --to production smoke")
        .done();
    office.until("the second wave", || {
        office.cell("branch-office", "production")["version"] == "2026.47"
    });
    office
        .run("dee", "task done branch-office --to production smoke")
        .done();
    let ran = running.wait_with_output().unwrap();
    let told = String::from_utf8(ran.stdout).unwrap();
    assert!(
        ran.status.success(),
        "{told} {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let shipped: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(shipped["run"]["state"], "shipped", "{shipped}");
    let kinds = office.kinds("branch-office");
    let intended = kinds.iter().filter(|kind| *kind == "promotion.intended");
    assert_eq!(
        intended.count(),
        2,
        "into test and into production: {kinds:?}"
    );
}

/// A step of a path that people do by hand on a forge that shows what they did.
mod on_a_forge {
    use serde_json::Value;

    use crate::program::Sim;

    fn config(sim: &Sim) -> std::path::PathBuf {
        sim.config_with("by-hand", |text| {
            let mut config: toml::Table = text.parse().unwrap();
            let own = r#"
                gates = [{ kind = "checklist", tasks = [{ name = "call", text = "call the customer" }] }]
                promote.production = { via = "checklist" }
            "#;
            let own: toml::Table = own.parse().unwrap();
            let service = config["service"]["geo"].as_table_mut().unwrap();
            service.extend(own);
            config.to_string()
        })
    }

    #[test]
    fn the_promotion_is_recorded_and_ends_when_the_forge_shows_it_or_when_it_is_called_off() {
        let sim = Sim::undisturbed(120.0);
        let config = config(&sim);
        let run = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            sim.run_with(&config, &words)
        };
        let promote =
            "promote geo --to production --reason weekly --confirm production --yes --json";
        assert_eq!(run(promote).code, 3, "its task is not done");
        run("task done geo --to production call").done();
        let came = run(promote).done().json()["promotions"][0].clone();
        assert_eq!(came["state"], "accepted", "{came}");
        assert!(sim.writes().is_empty(), "nothing is sent");
        // One at a time, until somebody does it or calls it off.
        assert_eq!(run(promote).code, 3);
        let off = "cancel geo --in production --reason later --confirm production --yes --wait";
        run(off).done();
        let log = run("log --service geo --json");
        assert!(log.done().out.contains("called it off: later"), "{log:?}");
        // Once more, and this time raj does it, as agreed.
        let promote = format!("{promote} --wait");
        let words: Vec<&str> = promote.split(' ').collect();
        let began = std::time::Instant::now();
        let waiting = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| sim.run_with(&config, &words));
            std::thread::sleep(std::time::Duration::from_secs(4));
            let step = r#"{"repo":"geo","step":{"at":"0s","do":"dispatch","by":"raj","workflow":"deploy.yml","inputs":{"environment":"production","revision":"v2.3.1","gonogo":""}}}"#;
            sim.control("POST", "/step", step);
            waiting.join().unwrap()
        });
        assert!(began.elapsed().as_secs() < 60);
        let came = waiting.done().json()["promotions"][0].clone();
        assert_eq!(came["state"], "succeeded", "{came}");
        assert!(sim.writes().is_empty());
        let cell: Value = run("gates geo --to production --json").json();
        assert_eq!(
            (&cell["version"], &cell["out_of_band"]),
            (&"v2.3.1".into(), &false.into())
        );
    }
}
