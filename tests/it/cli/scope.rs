//! What would move, how much is at stake, who has to look at it, and why what is live is there.

use super::*;

/// The simulation's config with tickets in `search`, a second approver from a low score on, and
/// another operator.
fn config(sim: &Sim, operator: &str) -> std::path::PathBuf {
    sim.config_with(operator, |text| {
        let mut config: toml::Table = text.parse().unwrap();
        config["operator"]["name"] = operator.into();
        let search = config["service"]["search"].as_table_mut().unwrap();
        search.insert(
            "tickets".into(),
            vec!["(?i)synonyms[ -]per[ -](\\w+)"].into(),
        );
        let link = "https://tracker.example.com/{ticket}";
        search.insert("ticket_link".into(), link.into());
        let risk: toml::Table = "risk = { warn = 20, second = 30, roles = [\"sre\", \"release\"] }"
            .parse()
            .unwrap();
        let policy = config["policy"]["regulated"].as_table_mut().unwrap();
        policy.extend(risk);
        config.to_string()
    })
}

#[test]
fn scope_says_what_moves_and_explains_every_point_of_its_risk() {
    let sim = Sim::start(1.0);
    let config = config(&sim, "alice");
    let arguments = ["scope", "search", "--to", "production"];
    let scope = sim.run_with(&config, &[&arguments[..], &["--json"]].concat());
    let scope = scope.done().json();
    assert_eq!(
        keys(&scope),
        [
            "schema",
            "service",
            "environment",
            "live",
            "candidate",
            "fault",
            "changes",
            "risk"
        ]
    );
    let changes = &scope["changes"];
    assert_eq!(
        keys(changes),
        [
            "relation",
            "complete",
            "total_commits",
            "tickets",
            "authors",
            "reviewers",
            "labels",
            "size",
            "touches",
            "oldest_at",
            "newest_at",
            "days_behind",
            "pull_requests",
            "commits",
            "url"
        ]
    );
    assert_eq!(changes["relation"], "ahead");
    assert_eq!(changes["authors"], serde_json::json!(["ann", "eve"]));
    assert_eq!(
        changes["reviewers"],
        serde_json::json!(["ann", "dee", "eve"])
    );
    let ticket = &changes["tickets"][0];
    assert_eq!(ticket["name"], "market", "{changes:#}");
    assert_eq!(ticket["url"], "https://tracker.example.com/market");
    let kinds: Vec<&str> = changes["touches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|touched| touched["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["infrastructure", "migrations"]);
    assert_eq!(
        keys(&changes["size"]),
        ["files", "additions", "deletions", "cut"]
    );
    let request = &changes["pull_requests"][0];
    assert!(
        request["merged_by"].is_string() && request["branch"].is_string(),
        "{request}"
    );
    let risk = &scope["risk"];
    let points = risk["points"].as_array().unwrap();
    let sum: u64 = points.iter().map(|it| it["points"].as_u64().unwrap()).sum();
    assert_eq!(risk["score"].as_u64().unwrap(), sum.min(100));
    assert!(
        points
            .iter()
            .all(|it| !it["why"].as_str().unwrap().is_empty())
    );
    assert_eq!(risk["second"], true, "{risk:#}");
    let words = sim.run_with(&config, &arguments);
    let words = &words.done().out;
    for line in [
        "ticket     market (#",
        "touches    migrations: db/migrations/",
        "+10 1 in migrations: ",
    ] {
        assert!(words.contains(line), "{line} in {words}");
    }
    assert!(words.contains("! risk "), "{words}");
    let level = sim.run_with(&config, &["scope", "search", "--to", "staging"]);
    assert!(
        level.done().out.contains("nothing to promote"),
        "{}",
        level.out
    );
    let nowhere = sim.run_with(&config, &["scope", "search", "--to", "moon"]);
    assert_eq!(nowhere.code, 2);
}

#[test]
fn a_large_batch_asks_for_a_second_approver_who_votes_as_for_a_sign_off() {
    let sim = Sim::start(1.0);
    let (alice, carol) = (config(&sim, "alice"), config(&sim, "carol"));
    let gate = || {
        let check = ["check", "search", "--to", "production", "--json"];
        let cell = sim.run_with(&alice, &check).json();
        let gates = cell["gates"].as_array().unwrap();
        let risk = gates.iter().find(|gate| gate["name"] == "risk").unwrap();
        assert_eq!(cell["risk"]["second"], true);
        (
            risk["verdict"].as_str().unwrap().to_owned(),
            risk["why"].as_str().unwrap().to_owned(),
            risk["who"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let (verdict, why, who) = gate();
    assert_eq!(verdict, "closed");
    assert!(
        why.ends_with("nobody has said go as second approver"),
        "{why}"
    );
    assert_eq!(
        who, "bob or carol (sre or release)",
        "not alice, who would promote"
    );
    let vote = |config: &std::path::Path, role: &str| {
        let go = ["vote", "go", "search", "--as", role, "--to", "production"];
        sim.run_with(config, &go).code
    };
    assert_eq!(vote(&alice, "release"), 0);
    let (verdict, why, _) = gate();
    assert_eq!(verdict, "closed", "one's own go is no second: {why}");
    assert_eq!(vote(&carol, "sre"), 0);
    let (verdict, why, _) = gate();
    assert_eq!(verdict, "open", "{why}");
    assert!(why.ends_with("carol (sre) is the second approver"), "{why}");
    let words = sim.run_with(&alice, &["check", "search", "--to", "production"]);
    assert!(words.out.contains("  ! risk "), "{}", words.out);
}

#[test]
fn why_leads_from_what_is_live_to_the_promotion_and_its_people() {
    let sim = Sim::start(60.0);
    promote(&sim, "api-gateway", &["--wait"]).done();
    let why = sim.run(&["why", "api-gateway", "--in", "production", "--json"]);
    let why = why.done().json();
    assert_eq!(
        keys(&why),
        [
            "schema",
            "service",
            "environment",
            "revision",
            "version",
            "how",
            "deployed_at",
            "deployed_by",
            "promotion",
            "approvals",
            "overrides",
            "verification",
            "before",
            "tickets",
            "changes",
            "fault"
        ]
    );
    assert_eq!(why["how"], "promotion");
    let promotion = &why["promotion"];
    assert_eq!(promotion["by"], "alice");
    assert_eq!(promotion["reason"], "by a test");
    let log = sim.run(&["log", "--json"]);
    let entry = log
        .done()
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|entry| entry["kind"] == "promotion.intended")
        .unwrap();
    assert_eq!(promotion["seq"], entry["seq"]);
    assert!(why["changes"]["total_commits"].as_u64().unwrap() > 0);
    assert!(!why["changes"]["authors"].as_array().unwrap().is_empty());
    let words = sim.run(&["why", "api-gateway", "--in", "production"]);
    let seq = format!("journal entry {}", promotion["seq"]);
    for line in [
        "promoted with gonogo",
        &seq,
        "by a test",
        "authors",
        "before",
    ] {
        assert!(words.done().out.contains(line), "{line} in {}", words.out);
    }
    let history = sim.run(&["why", "billing", "--in", "production", "--json"]);
    let history = history.done().json();
    assert_eq!(
        (&history["how"], &history["promotion"]),
        (&"history".into(), &Value::Null)
    );
    let automatic = sim.run(&["why", "billing", "--in", "dev", "--json"]);
    assert_eq!(automatic.done().json()["how"], "automatic");
    assert_eq!(sim.run(&["why", "billing", "--in", "moon"]).code, 2);
    assert_eq!(sim.run(&["why", "moon", "--in", "production"]).code, 2);
}
