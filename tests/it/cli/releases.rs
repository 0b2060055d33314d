//! A release from no-go to shipped, by commands alone.

use super::*;

const RELEASE: &str = r#"
[release."2026.47"]
services = ["search", "api-gateway", "sessions"]
waves = [["search"], ["api-gateway", "sessions"]]
roles = ["qa", "sre"]
distinct = false
window = "evening"
"#;

#[test]
fn a_release_goes_from_no_go_by_votes_and_a_lifted_hold_to_shipped() {
    let sim = Sim::start(60.0);
    let config = sim.config_with("release", |text| format!("{text}\n{RELEASE}"));
    let run = |arguments: &[&str]| sim.run_with(&config, arguments);
    let hold = run(&[
        "hold",
        "add",
        "--service",
        "sessions",
        "--in",
        "production",
        "--reason",
        "heap",
        "--json",
    ]);
    let hold = hold.done().json();
    let id = hold["entry"]["payload"]["hold"]["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let list = run(&["release", "list", "--json"]).done().json();
    assert_eq!(keys(&list), ["schema", "releases"]);
    let one = &list["releases"][0];
    assert_eq!(
        keys(one),
        [
            "name", "services", "waves", "verdict", "votes", "due", "window"
        ]
    );
    assert_eq!(one["verdict"], "no-go");
    let plan = run(&["release", "plan", "2026.47", "--json"]).done().json();
    for key in ["schema", "name", "waves", "skipped", "fits"] {
        assert!(keys(&plan).contains(&key), "{key}");
    }
    assert_eq!(keys(&plan["waves"][0]), ["services", "starts", "ends"]);
    assert_eq!(
        plan["waves"][1]["services"],
        serde_json::json!(["api-gateway", "sessions"])
    );

    let start = [
        "release",
        "run",
        "2026.47",
        "--wait",
        "--reason",
        "weekly",
        "--confirm",
        "production",
        "--yes",
        "--json",
    ];
    let refused = run(&start);
    assert!(
        refused.error(3)["message"]
            .as_str()
            .unwrap()
            .contains("no go of qa, sre"),
        "{refused:?}"
    );
    let vote = |voice: &str, role: &str| {
        run(&["vote", voice, "2026.47", "--as", role, "--note", "as asked"])
    };
    vote("no-go", "qa").done();
    let refused = run(&start);
    assert!(
        refused.error(3)["message"]
            .as_str()
            .unwrap()
            .contains("says no-go as qa"),
        "{refused:?}"
    );
    assert_eq!(vote("go", "nobody").code, 2);
    vote("go", "qa").done();
    // One person, one vote: without `distinct` it counts for every role that alice has.
    let shown = run(&["release", "show", "2026.47", "--json"]).done().json();
    assert_eq!(shown["verdict"], "go", "{shown}");
    run(&["hold", "lift", &id, "--reason", "a false alarm"]).done();
    let ran = run(&start);
    let shipped = ran.done().json();
    assert_eq!(shipped["run"]["state"], "shipped", "{shipped}");
    let again = run(&start);
    assert_eq!(again.code, 3, "{again:?}");
    let log = run(&["log", "--json"]);
    assert!(log.out.contains("release.started") && log.out.contains("release.shipped"));
    assert_eq!(run(&["release", "show", "nothing"]).code, 2);
    assert_eq!(
        run(&["release", "cancel", "2026.47", "--reason", "x"]).code,
        3
    );
}
