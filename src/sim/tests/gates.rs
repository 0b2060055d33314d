//! What the gates of a release read: reports, issues, files, payloads, sizes and durations.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Client, evening, live};

async fn query(client: &Client, text: &str) -> Value {
    let body = json!({"query": text});
    let answer = client.send("POST", "/graphql", Some(body)).await;
    let body: Value = answer.expect("an answer").json().await.expect("JSON");
    assert_eq!(body.get("errors"), None, "{body}");
    body["data"]["repository"].clone()
}

async fn refused(client: &Client, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let answer = client.send(method, path, body).await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_check_run_reports_its_figure_in_both_apis() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let list = alice
        .get("/repos/acme/search/commits/v7.1.0/check-runs?check_name=unit")
        .await;
    let output = &list["check_runs"][0]["output"];
    assert_eq!(output["title"], "coverage 78.9 %");
    assert_eq!(output["text"], "src/shard.rs 41.2 %, src/merge.rs 80.4 %");
    assert_eq!(output["annotations_count"], 0);
    let list = alice
        .get("/repos/acme/search/commits/v7.1.0/check-runs?check_name=relevance")
        .await;
    let run = &list["check_runs"][0];
    assert_eq!(run["output"]["annotations_count"], 3);
    let one = format!("/repos/acme/search/check-runs/{}", run["id"]);
    assert_eq!(alice.get(&one).await["output"], run["output"]);
    let notes = alice.get(&format!("{one}/annotations")).await;
    assert_eq!(notes.as_array().expect("a list").len(), 3);
    assert_eq!(notes[2]["annotation_level"], "notice");
    assert_eq!(notes[0]["start_line"], 88);
    // A job that reports nothing has no title.
    let list = alice
        .get("/repos/acme/search/commits/v7.1.0/check-runs?check_name=build")
        .await;
    assert_eq!(list["check_runs"][0]["output"]["title"], Value::Null);

    let shown = query(
        &alice,
        "{ repository(owner: \"acme\", name: \"auth\") { object(expression: \"v6.3.0\") { \
         ... on Commit { statusCheckRollup { contexts(first: 50) { nodes { __typename \
         ... on CheckRun { name title summary text } \
         ... on StatusContext { context state description targetUrl } } } } } } } }",
    )
    .await;
    let nodes = shown["object"]["statusCheckRollup"]["contexts"]["nodes"].clone();
    let nodes = nodes.as_array().expect("nodes");
    let find = |key: &str, name: &str| {
        let found = nodes.iter().find(|it| it[key] == name);
        found.unwrap_or_else(|| panic!("no {name} in {nodes:?}"))
    };
    assert_eq!(find("name", "unit")["title"], "coverage 92.8 %");
    assert_eq!(find("name", "contract")["title"], "0 findings");
    let status = find("context", "coverage");
    assert_eq!(status["description"], "coverage 92.8 %");
    assert_eq!(status["state"], "SUCCESS");
    assert!(status["targetUrl"].is_string());
    sim.stop().await;
}

#[tokio::test]
async fn issues_and_pull_requests_stand_in_one_list() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let all = alice
        .get("/repos/acme/mailer/issues?state=all&per_page=100")
        .await;
    let all = all.as_array().expect("a list").clone();
    let pulls: Vec<bool> = all
        .iter()
        .map(|it| it.get("pull_request").is_some())
        .collect();
    assert!(pulls.contains(&true) && pulls.contains(&false));
    let mut numbers: Vec<u64> = all.iter().filter_map(|it| it["number"].as_u64()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), all.len(), "each number is taken once");
    for it in &all {
        let read: Result<octocrab::models::issues::Issue, _> = serde_json::from_value(it.clone());
        assert!(read.is_ok(), "{read:?}");
    }
    let open = alice.get("/repos/acme/mailer/issues").await;
    let titles: Vec<_> = open
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["title"].clone())
        .collect();
    assert_eq!(
        titles,
        ["Window envelopes", "Window envelopes cut the postcode"]
    );
    let path = "/repos/acme/billing/issues?labels=release-blocker,bug";
    assert_eq!(
        alice.get(path).await[0]["title"],
        "Invoices in JPY are off by one"
    );
    let none = alice
        .get("/repos/acme/billing/issues?labels=release-blocker,release")
        .await;
    assert_eq!(none, json!([]));
    for wrong in ["state=ajar", "sort=size", "direction=up", "since=today"] {
        let path = format!("/repos/acme/billing/issues?{wrong}");
        let (status, body) = refused(&alice, "GET", &path, None).await;
        assert_eq!(
            (status, &body["message"]),
            (422, &json!("Validation Failed")),
            "{wrong}"
        );
        assert_eq!(body["errors"][0]["code"], "invalid");
        assert_eq!(body["errors"][0]["resource"], "Issue");
    }
    // A grant of its own, which the narrow token lacks.
    let narrow = Client::new(&sim, "narrow");
    let (status, _) = refused(&narrow, "GET", "/repos/acme/billing/issues", None).await;
    assert_eq!(status, 403);
    sim.stop().await;
}

#[tokio::test]
async fn a_blocking_issue_is_closed_by_its_patch() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let asked = "{ repository(owner: \"acme\", name: \"billing\") { \
                 issues(first: 5, states: [OPEN], labels: [\"release-blocker\"], \
                 orderBy: {field: CREATED_AT, direction: DESC}) { totalCount nodes { \
                 number title url createdAt state author { login } labels(first: 5) { nodes { name } } } } \
                 blocking: pullRequests(first: 5, states: [OPEN], labels: [\"release-blocker\"]) { totalCount } } }";
    let before = query(&alice, asked).await;
    assert_eq!(before["issues"]["totalCount"], 1);
    assert_eq!(before["blocking"]["totalCount"], 0);
    let issue = &before["issues"]["nodes"][0];
    assert_eq!(issue["author"]["login"], "carol");
    let path = format!("/repos/acme/billing/issues/{}", issue["number"]);
    let close = json!({"state": "closed", "state_reason": "completed"});
    let reader = Client::new(&sim, "read");
    assert_eq!(
        refused(&reader, "PATCH", &path, Some(close.clone()))
            .await
            .0,
        403
    );
    let wrong = json!({"state": "shut", "colour": "red"});
    let (status, body) = refused(&alice, "PATCH", &path, Some(wrong)).await;
    assert_eq!(status, 422);
    let codes: Vec<_> = body["errors"].as_array().expect("errors").iter().collect();
    assert_eq!(codes[0]["field"], "state");
    assert_eq!(codes[1]["code"], "unknown_field");
    let answer = alice
        .send("PATCH", &path, Some(close))
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let shown: Value = answer.json().await.expect("JSON");
    assert_eq!(shown["state"], "closed");
    assert_eq!(shown["closed_by"]["login"], "alice");
    assert_eq!(shown["state_reason"], "completed");
    let after = query(&alice, asked).await;
    assert_eq!(after["issues"]["totalCount"], 0);
    let open = json!({"title": "Again", "labels": ["release-blocker"]});
    let made = alice
        .send("POST", "/repos/acme/billing/issues", Some(open))
        .await
        .expect("an answer");
    assert_eq!(made.status(), 201);
    let after = query(&alice, asked).await;
    assert_eq!(after["issues"]["nodes"][0]["title"], "Again");
    sim.stop().await;
}

#[tokio::test]
async fn a_file_is_what_it_was_at_each_revision() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let facts = |rev: &str| {
        format!(
            "{{ repository(owner: \"acme\", name: \"checkout\") {{ object(expression: \
             \"{rev}:deploy/environment.toml\") {{ __typename ... on Blob {{ text byteSize isBinary \
             isTruncated oid }} }} }} }}"
        )
    };
    let world = sim.world();
    let sha = |place: &str| {
        let live = live(&world, "checkout", place)["live"].clone();
        live.as_str().expect("a sha").to_owned()
    };
    let staging = query(&alice, &facts(&sha("staging"))).await["object"].clone();
    let production = query(&alice, &facts(&sha("production"))).await["object"].clone();
    let read = |it: &Value| {
        let text = it["text"].as_str().expect("text");
        assert_eq!(it["byteSize"], text.len());
        assert_eq!(it["isBinary"], false);
        assert_eq!(it["isTruncated"], false);
        text.parse::<toml::Table>().expect("TOML")
    };
    let (staging, production) = (read(&staging), read(&production));
    assert_eq!(staging["runtime"].as_str(), Some("jvm-21.0.5"));
    assert_eq!(production["runtime"].as_str(), Some("jvm-21.0.4"));
    assert!(staging["config"].get("failover_region").is_some());
    for nothing in ["v9.0.1:no/such/file", "v0.0.0:README.md"] {
        let text = facts("x").replace("x:deploy/environment.toml", nothing);
        assert_eq!(
            query(&alice, &text).await["object"],
            Value::Null,
            "{nothing}"
        );
    }

    let path = "/repos/acme/checkout/contents/deploy/environment.toml";
    let plain = alice.get(&format!("{path}?ref=v9.0.0")).await;
    assert_eq!(plain["type"], "file");
    assert_eq!(plain["encoding"], "base64");
    let read: Result<octocrab::models::repos::Content, _> = serde_json::from_value(plain.clone());
    let decoded = read.expect("it reads").decoded_content().expect("base64");
    assert_eq!(decoded.parse::<toml::Table>().expect("TOML"), production);
    let raw = alice
        .http
        .get(format!("{}{path}?ref=v9.0.0", alice.base))
        .bearer_auth(&alice.token)
        .header("accept", "application/vnd.github.raw+json")
        .send()
        .await
        .expect("an answer");
    let kind = raw.headers()["content-type"].clone();
    assert_eq!(kind, "application/vnd.github.raw+json; charset=utf-8");
    assert_eq!(raw.text().await.expect("text"), decoded);
    let folder = alice.get("/repos/acme/checkout/contents/deploy").await;
    assert_eq!(folder[0]["path"], "deploy/environment.toml");
    let root = alice.get("/repos/acme/checkout/contents").await;
    let kinds: Vec<_> = root
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["type"])
        .collect();
    assert!(kinds.contains(&&json!("dir")) && kinds.contains(&&json!("file")));
    let (status, body) = refused(&alice, "GET", &format!("{path}?ref=v0.0.0"), None).await;
    assert_eq!(
        (status, &body["message"]),
        (404, &json!("No commit found for the ref v0.0.0"))
    );
    let (status, body) = refused(&alice, "GET", "/repos/acme/checkout/contents/nope", None).await;
    assert_eq!((status, &body["message"]), (404, &json!("Not Found")));
    sim.stop().await;
}

#[tokio::test]
async fn a_payload_is_kept_as_it_was_given() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let path = "/repos/acme/search/deployments";
    for payload in [
        json!({"os": "debian-12.8", "key": "k-1"}),
        json!("k-2, by hand"),
    ] {
        let body = json!({
            "ref": "v7.1.0", "environment": "staging", "auto_merge": false,
            "required_contexts": [], "payload": payload,
        });
        let made = alice
            .send("POST", path, Some(body))
            .await
            .expect("an answer");
        assert_eq!(made.status(), 201);
        let made: Value = made.json().await.expect("JSON");
        assert_eq!(made["payload"], payload);
        let read = alice.get(&format!("{path}/{}", made["id"])).await;
        assert_eq!(read["payload"], payload);
        let shown = query(
            &alice,
            "{ repository(owner: \"acme\", name: \"search\") { deployments(first: 1, \
             orderBy: {field: CREATED_AT, direction: DESC}) { nodes { payload } } } }",
        )
        .await;
        let text = shown["deployments"]["nodes"][0]["payload"].clone();
        let text = text.as_str().expect("a string").to_owned();
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), payload);
    }
    let body = json!({"ref": "v7.1.0", "payload": 7});
    let (status, body) = refused(&alice, "POST", path, Some(body)).await;
    assert_eq!(status, 422);
    assert_eq!(
        body["errors"][0],
        json!({"resource": "Deployment", "field": "payload", "code": "invalid"})
    );
    sim.stop().await;
}

#[tokio::test]
async fn a_comparison_names_its_files_and_who_wrote_it() {
    let sim = evening().await;
    let alice = Client::new(&sim, "operate");
    let compared = alice
        .get("/repos/acme/search/compare/v7.0.8...v7.1.0")
        .await;
    let files = compared["files"].as_array().expect("files");
    let file = |name: &str| {
        let found = files.iter().find(|it| it["filename"] == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {files:?}"))
            .clone()
    };
    let migration = file("db/migrations/0027_synonyms.sql");
    assert_eq!(migration["status"], "added");
    assert_eq!(
        migration["changes"].as_u64(),
        Some(
            migration["additions"].as_u64().unwrap_or(0)
                + migration["deletions"].as_u64().unwrap_or(0)
        )
    );
    assert!(migration["patch"].is_string());
    file("deploy/terraform/shards.tf");
    let sum = |key: &str| files.iter().filter_map(|it| it[key].as_u64()).sum::<u64>();
    assert_eq!((sum("additions"), sum("deletions")), (210 + 96, 75 + 40));
    let second = alice
        .get("/repos/acme/search/compare/v7.0.8...v7.1.0?page=2&per_page=1")
        .await;
    assert_eq!(second["files"], json!([]));
    let authors = query(
        &alice,
        "{ repository(owner: \"acme\", name: \"search\") { object(expression: \"v7.1.0\") { \
         ... on Commit { authors(first: 5) { totalCount nodes { name email user { login } } } } } } }",
    )
    .await;
    let nodes = &authors["object"]["authors"]["nodes"];
    assert_eq!(nodes[0]["user"]["login"], "eve");
    assert_eq!(nodes[1]["user"]["login"], "dee");

    let pull = query(
        &alice,
        "{ repository(owner: \"acme\", name: \"mailer\") { pullRequests(first: 1, states: [OPEN]) { \
         nodes { number additions deletions changedFiles \
         files(first: 10) { totalCount nodes { path changeType additions deletions } } \
         closingIssuesReferences(first: 5) { nodes { number title } } } } } }",
    )
    .await;
    let pull = &pull["pullRequests"]["nodes"][0];
    assert_eq!(
        (&pull["additions"], &pull["deletions"]),
        (&json!(51), &json!(8))
    );
    assert_eq!(pull["files"]["totalCount"], pull["changedFiles"]);
    assert_eq!(pull["files"]["nodes"][0]["changeType"], "ADDED");
    let closes = &pull["closingIssuesReferences"]["nodes"][0];
    assert_eq!(closes["title"], "Window envelopes cut the postcode");
    let files = alice
        .get(&format!(
            "/repos/acme/mailer/pulls/{}/files",
            pull["number"]
        ))
        .await;
    assert_eq!(files[0]["filename"], pull["files"]["nodes"][0]["path"]);
    sim.advance(SignedDuration::from_mins(5));
    let issue = alice
        .get(&format!("/repos/acme/mailer/issues/{}", closes["number"]))
        .await;
    assert_eq!(
        issue["state"], "closed",
        "the merge at +40m, ten times as fast, closed it"
    );
    sim.stop().await;
}

#[tokio::test]
async fn the_past_is_long_enough_to_foresee_durations_but_for_one() {
    let sim = evening().await;
    let state = sim.state();
    for repo in &state.repos {
        let mut took = Vec::new();
        for it in repo.deployments_to("production") {
            let at = |word: &str| {
                let found = it.statuses.iter().find(|it| it.state.word() == word);
                found.map(|it| it.created_at)
            };
            if let (Some(from), Some(until)) = (at("in_progress"), at("success")) {
                took.push(until.duration_since(from).as_secs());
            }
        }
        if repo.name == "fraud-ml" {
            assert!(took.len() < 5, "fraud-ml: {}", took.len());
            continue;
        }
        assert!(took.len() >= 12, "{}: {}", repo.name, took.len());
        let (least, most) = (took.iter().min(), took.iter().max());
        assert!(least < most, "{}: {took:?}", repo.name);
    }
    let alice = Client::new(&sim, "operate");
    let shown = query(
        &alice,
        "{ repository(owner: \"acme\", name: \"search\") { deployments(first: 5, \
         environments: [\"production\"], orderBy: {field: CREATED_AT, direction: DESC}) { \
         pageInfo { hasNextPage } nodes { createdAt statuses(first: 10) { nodes { state createdAt } } } } } }",
    )
    .await;
    let words: Vec<_> = shown["deployments"]["nodes"][0]["statuses"]["nodes"]
        .as_array()
        .expect("statuses")
        .iter()
        .map(|it| it["state"].clone())
        .collect();
    assert_eq!(words, ["SUCCESS", "IN_PROGRESS", "QUEUED"]);
    sim.stop().await;
}
