//! The demo's own release from no-go to shipped, by commands alone, on the very config that
//! `gonogo sim --write-config` leaves: six services on three forges, in three waves, under two
//! policies.

use serde_json::json;

use super::*;

const NAME: &str = "2026.47";
const WAVES: [[&str; 2]; 3] = [
    ["auth", "sessions"],
    ["gateway", "search"],
    ["harbour", "notify"],
];

/// Carol holds sessions, as she does when the demo begins.
fn hold_sessions(sim: &Sim) -> String {
    let carol = sim.config_with("carol", |text| {
        text.replace("name = \"alice\"", "name = \"carol\"")
    });
    let held = sim.run_with(
        &carol,
        &[
            "hold",
            "add",
            "--service",
            "sessions",
            "--in",
            "production",
            "--reason",
            "heap grows 3%/h, need a profile",
            "--json",
        ],
    );
    let entry = held.done().json()["entry"].clone();
    assert_eq!(entry["actor"], "carol");
    entry["payload"]["hold"]["id"].as_str().unwrap().to_owned()
}

/// The gates in the way of each service that has some, in the order of the waves.
fn blocked(shown: &Value) -> Value {
    let moves = shown["moves"].as_array().unwrap().iter();
    let told = moves.filter_map(|moved| {
        let gates = moved["blocked"].as_array().unwrap().iter();
        let gates: Vec<&Value> = gates.map(|gate| &gate["gate"]).collect();
        (!gates.is_empty()).then(|| json!([moved["service"], gates]))
    });
    told.collect()
}

/// The gates of the promotion of a service into production, each with why.
fn gates_of(sim: &Sim, service: &str) -> Vec<(String, String)> {
    let told = sim.run(&["gates", service, "--to", "production", "--json"]);
    let told = told.done().json();
    let gates = told["gates"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    gates
        .map(|gate| (text(&gate["name"]), text(&gate["why"])))
        .collect()
}

#[test]
fn the_demos_release_goes_from_no_go_to_shipped() {
    // As the demo has it: nothing is changed or added.
    let sim = Sim::evening(60.0);
    let status = sim.run(&["status", "--json"]).done().json();
    let forge = |service: &str| {
        let mut services = status["services"].as_array().unwrap().iter();
        let found = services.find(|known| known["name"] == service).unwrap();
        found["forge"].as_str().unwrap().to_owned()
    };
    let forges: Vec<String> = ["auth", "gateway", "harbour"].map(forge).into();
    assert_eq!(forges, ["github", "gitlab", "forgejo"]);
    // Two are under a second policy beside that of the tier: its gates, and the stricter of both.
    for service in WAVES.as_flattened() {
        let personal = WAVES[0].contains(service);
        let gates = gates_of(&sim, service);
        let asked = gates.iter().any(|(name, _)| name == "four-eyes");
        assert_eq!(asked, personal, "{service}: {gates:?}");
        let soak = gates.iter().find(|(name, _)| name == "soak");
        let required = if personal { " of 2h" } else { " of 30m" };
        assert!(soak.unwrap().1.contains(required), "{service}: {gates:?}");
    }
    let hold = hold_sessions(&sim);
    let show = || {
        let shown = sim.run(&["release", "show", NAME, "--json"]);
        shown.done().json()
    };

    let list = sim.run(&["release", "list", "--json"]).done().json();
    assert_eq!(keys(&list), ["schema", "releases"]);
    let one = &list["releases"][0];
    assert_eq!(
        keys(one),
        [
            "name",
            "services",
            "waves",
            "verdict",
            "votes",
            "dropped",
            "due",
            "window",
            "at_close",
            "votes_until",
            "state",
            "started_at",
            "ended_at",
            "starts",
            "ends"
        ]
    );
    assert_eq!(
        (&one["verdict"], &one["waves"]),
        (&json!("no-go"), &json!(WAVES))
    );
    let start = [
        "release",
        "run",
        NAME,
        "--wait",
        "--reason",
        "weekly",
        "--confirm",
        "production",
        "--yes",
        "--json",
    ];
    let refused = |why: &str| {
        let refused = sim.run(&start);
        let message = refused.error(3)["message"].clone();
        assert!(message.as_str().unwrap().contains(why), "{refused:?}");
    };
    refused("no go of qa, sre");
    assert_eq!(
        blocked(&show()),
        json!([
            ["sessions", ["hold"]],
            ["search", ["quality"]],
            ["notify", ["sign-off"]]
        ])
    );

    // The plan knows how long each takes, and that all of it fits.
    let plan = sim.run(&["release", "plan", NAME, "--json"]).done().json();
    assert_eq!(plan["fits"], true, "{plan:#}");
    assert_eq!(
        keys(&plan["waves"][0]),
        ["services", "starts", "ends"],
        "{plan:#}"
    );
    for pair in plan["waves"].as_array().unwrap().windows(2) {
        let (ends, starts) = (pair[0]["ends"].as_str(), pair[1]["starts"].as_str());
        assert!(ends.is_some() && ends <= starts, "{plan:#}");
    }
    // What waits for approval on the forge is told by what staging takes.
    let moved = |service: &str| {
        let moves = plan["moves"].as_array().unwrap().iter();
        let mut found = moves.filter(|moved| moved["service"] == service);
        found.next().unwrap().clone()
    };
    assert_eq!(moved("sessions")["p90_of"], "staging");
    assert_eq!(moved("auth")["p90_of"], Value::Null);

    let vote = |voice: &str, role: &str| {
        sim.run(&["vote", voice, NAME, "--as", role, "--note", "as asked"])
    };
    vote("no-go", "qa").done();
    refused("alice says no-go as qa");
    assert_eq!(vote("go", "nobody").code, 2);
    vote("go", "qa").done();
    // One go counts for every role that alice has: `distinct` is false.
    assert_eq!(show()["verdict"], "go");
    sim.run(&["vote", "withdraw", NAME, "--note", "one more look"])
        .done();
    assert_ne!(show()["verdict"], "go");
    vote("go", "qa").done();
    assert_eq!(show()["verdict"], "go");

    sim.run(&["hold", "lift", &hold, "--reason", "a false alarm"])
        .done();
    sim.run(&[
        "override",
        "grant",
        "search",
        "--to",
        "production",
        "--gate",
        "quality",
        "--reason",
        "tests follow on Monday",
        "--yes",
    ])
    .done();
    sim.run(&["vote", "go", "notify", "--as", "qa", "--to", "production"])
        .done();
    assert_eq!(blocked(&show()), json!([]));

    let ran = sim.run(&start);
    let shipped = ran.done().json();
    assert_eq!(shipped["run"]["state"], "shipped", "{shipped:#}");
    let moves = shipped["run"]["moves"].as_array().unwrap();
    assert_eq!(moves.len(), 6);
    assert!(
        moves.iter().all(|moved| moved["state"] == "arrived"),
        "{shipped:#}"
    );

    // Nothing of a wave was begun before all of the one before it had succeeded.
    let log = sim.run(&["log", "--json"]);
    let entries: Vec<Value> = (log.done().out.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let place = |kind: &str, service: &str| {
        let of = |entry: &Value| entry["kind"] == kind && entry["service"] == service;
        let found = entries.iter().position(of);
        found.unwrap_or_else(|| panic!("{kind} of {service}: {}", log.out))
    };
    for pair in WAVES.windows(2) {
        let done = pair[0].map(|service| place("promotion.succeeded", service));
        let begun = pair[1].map(|service| place("promotion.intended", service));
        assert!(done.iter().max() < begun.iter().min(), "{}", log.out);
    }
    let once = |kind: &str| entries.iter().filter(|entry| entry["kind"] == kind).count();
    assert_eq!(once("override.used"), 1);
    assert_eq!(once("release.started"), 1);
    assert_eq!(once("release.shipped"), 1);

    let told = sim.run(&["release", "show", NAME]);
    assert!(
        told.done()
            .out
            .starts_with("2026.47 > production   shipped\n"),
        "{told:?}"
    );
    // What is told of it now is what happened, and no prognosis.
    let list = sim.run(&["release", "list", "--json"]).done().json();
    let listed = list["releases"].as_array().unwrap().iter();
    let listed = listed.clone().find(|one| one["name"] == NAME).unwrap();
    assert_eq!(listed["state"], "shipped", "{list:#}");
    assert_eq!(listed["ends"], Value::Null, "{list:#}");
    let (began, done) = (&listed["started_at"], &listed["ended_at"]);
    assert!(began.as_str().unwrap() < done.as_str().unwrap(), "{list:#}");
    let plan = sim.run(&["release", "plan", NAME, "--json"]).done().json();
    assert_eq!(plan["waves"].as_array().unwrap().len(), 3, "{plan:#}");
    assert_eq!(plan["waves"][0]["starts"], *began, "{plan:#}");
    assert_eq!(plan["ends"], *done, "{plan:#}");
    assert_eq!(plan["shipped"]["ended_at"], *done, "{plan:#}");
    let told = sim.run(&["release", "plan", NAME]);
    assert!(told.done().out.contains("it has shipped, by "), "{told:?}");
    refused("nothing to ship");
    assert_eq!(sim.run(&["release", "show", "nothing"]).code, 2);
    let cancel = ["release", "cancel", NAME, "--reason", "x"];
    assert_eq!(sim.run(&cancel).code, 3);
}

#[test]
fn a_service_is_dropped_from_a_release_and_taken_back() {
    let sim = Sim::evening(60.0);
    let show = || {
        let shown = sim.run(&["release", "show", NAME, "--json"]);
        shown.done().json()
    };
    // Who may give what is missing is named.
    let missing = show()["votes"].as_array().unwrap().clone();
    let missing: Vec<_> = missing
        .iter()
        .filter(|vote| vote["state"] == "missing")
        .collect();
    let told = sim.run(&["release", "show", NAME]).done().out.clone();
    for vote in &missing {
        let may = vote["may"].as_array().unwrap();
        assert!(!may.is_empty(), "{vote}");
        let may: Vec<&str> = may.iter().filter_map(Value::as_str).collect();
        let may = format!("may vote: {}", may.join(", "));
        assert!(told.contains(&may), "{told}");
    }
    assert!(!missing.is_empty(), "{told}");
    let vote = ["vote", "go", NAME, "--as", "qa"];
    sim.run(&vote).done();
    let agreed = show()["digest"].clone();
    let drop = ["release", "drop", NAME, "sessions"];
    assert_eq!(sim.run(&drop).code, 2, "a reason is required");
    let drop = [&drop[..], &["--reason", "heap grows", "--json"]].concat();
    let entry = sim.run(&drop).done().json()["entry"].clone();
    assert_eq!(
        (&entry["kind"], &entry["reason"]),
        (&json!("release.dropped"), &json!("heap grows"))
    );
    let shown = show();
    assert_ne!(shown["digest"], agreed);
    assert_eq!(shown["dropped"][0]["service"], "sessions");
    assert_eq!(shown["dropped"][0]["reason"], "heap grows");
    assert_eq!(shown["votes"][0]["state"], "void");
    let difference = shown["votes"][0]["difference"].to_string();
    assert!(difference.contains("+sessions dropped"), "{difference}");
    let moves = shown["moves"].as_array().unwrap().iter();
    assert!(
        moves
            .map(|moved| &moved["service"])
            .all(|name| name != "sessions")
    );
    // It cannot be dropped twice, nor taken back where it is.
    assert_eq!(sim.run(&drop).code, 3);
    let told = sim.run(&["release", "plan", NAME]);
    assert!(
        told.done().out.contains("dropped by alice: heap grows"),
        "{told:?}"
    );
    let restore = [
        "release",
        "restore",
        NAME,
        "sessions",
        "--reason",
        "it was the probe",
    ];
    sim.run(&restore).done();
    assert_eq!(sim.run(&restore).code, 3);
    let shown = show();
    assert_eq!((&shown["digest"], &shown["dropped"]), (&agreed, &json!([])));
    assert_eq!(shown["votes"][0]["state"], "go");
    let log = sim.run(&["log"]);
    assert!(log.done().out.contains("release.dropped"), "{log:?}");
    assert_eq!(
        sim.run(&["release", "drop", NAME, "nothing", "--reason", "x"])
            .code,
        2
    );
}
