//! Every way to promote on GitLab, over REST, to its end.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{GATEWAY, INVOICES, ORDERS, PORTAL, Visitor, both, version};

#[tokio::test]
async fn a_manual_job_is_played_and_an_older_one_run_again_rolls_back() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let pipelines = alice
        .get(&format!(
            "/projects/{GATEWAY}/pipelines?ref=main&per_page=1"
        ))
        .await;
    let pipeline = &pipelines[0];
    assert_eq!(
        (&pipeline["status"], &pipeline["source"]),
        (&json!("manual"), &json!("push"))
    );
    let path = format!(
        "/projects/{GATEWAY}/pipelines/{}/jobs?scope[]=manual",
        pipeline["id"]
    );
    let jobs = alice.get(&path).await;
    assert_eq!(jobs.as_array().expect("jobs").len(), 1);
    let job = &jobs[0];
    assert_eq!(
        (&job["name"], &job["stage"]),
        (&json!("deploy production"), &json!("production"))
    );
    let play = format!("/projects/{GATEWAY}/jobs/{}/play", job["id"]);
    let (status, played) = alice.ask("POST", &play, json!({})).await;
    assert_eq!((status, &played["status"]), (200, &json!("pending")));
    assert_eq!(played["user"]["username"], "alice");
    let (status, again) = alice.ask("POST", &play, json!({})).await;
    assert_eq!(
        (status, again),
        (400, json!({"message": "400 Bad request - Unplayable Job"}))
    );
    sim.advance(SignedDuration::from_secs(30));
    assert_eq!(version(&sim, "gateway", "production"), "v3.3.0");
    let whole = alice
        .get(&format!("/projects/{GATEWAY}/pipelines/{}", pipeline["id"]))
        .await;
    assert_eq!(whole["status"], "success");

    // The job of the version before, run again, brings it back.
    let path = format!(
        "/projects/{GATEWAY}/deployments?environment=production&status=success&order_by=finished_at&sort=desc"
    );
    let done = alice.get(&path).await;
    assert_eq!(done[0]["deployable"]["id"], job["id"]);
    let old = &done[1]["deployable"]["id"];
    let (status, new) = alice
        .ask(
            "POST",
            &format!("/projects/{GATEWAY}/jobs/{old}/retry"),
            json!({}),
        )
        .await;
    assert_eq!((status, &new["status"]), (201, &json!("pending")));
    assert_ne!(&new["id"], old);
    sim.advance(SignedDuration::from_secs(30));
    assert_eq!(version(&sim, "gateway", "production"), "v3.2.1");
    assert_eq!(alice.get(&path).await[0]["deployable"]["id"], new["id"]);
    let (status, _) = alice
        .ask(
            "POST",
            &format!("/projects/{GATEWAY}/jobs/{old}/retry"),
            json!({}),
        )
        .await;
    assert_eq!(status, 403);
    sim.stop().await;
}

#[tokio::test]
async fn a_blocked_deployment_is_approved_and_only_then_played() {
    let sim = both().await;
    let (alice, mia) = (Visitor::new(&sim, "operate"), Visitor::new(&sim, "second"));
    let path = format!(
        "/projects/{ORDERS}/deployments?environment=production&status=blocked&order_by=id&sort=desc"
    );
    let blocked = alice.get(&path).await[0].clone();
    let at = format!("/projects/{ORDERS}/deployments/{}", blocked["id"]);
    let play = format!(
        "/projects/{ORDERS}/jobs/{}/play",
        blocked["deployable"]["id"]
    );
    let unplayable = json!({"message": "400 Bad request - Unplayable Job"});
    assert_eq!(alice.ask("POST", &play, json!({})).await, (400, unplayable));
    let approve = json!({"status": "approved", "comment": "go", "represented_as": "nobody"});
    assert_eq!(
        alice
            .ask("POST", &format!("{at}/approval"), approve)
            .await
            .0,
        400
    );
    assert_eq!(
        alice
            .ask("POST", &format!("{at}/approval"), json!({}))
            .await
            .1,
        json!({"error": "status is missing"})
    );
    let approve = json!({"status": "approved", "comment": "go"});
    let (status, given) = alice
        .ask("POST", &format!("{at}/approval"), approve.clone())
        .await;
    assert_eq!(status, 201);
    assert_eq!(
        (&given["status"], &given["user"]["username"]),
        (&json!("approved"), &json!("alice"))
    );
    let whole = alice.get(&at).await;
    assert_eq!(
        (&whole["status"], &whole["pending_approval_count"]),
        (&json!("created"), &json!(0))
    );
    assert_eq!(
        whole["approval_summary"]["rules"][0]["deployment_approvals"][0]["comment"],
        "go"
    );
    // It does not start by that, and nobody is asked any more.
    sim.advance(SignedDuration::from_mins(5));
    assert_eq!(alice.get(&at).await["deployable"]["status"], "manual");
    let (status, no) = mia.ask("POST", &format!("{at}/approval"), approve).await;
    assert_eq!(
        (status, no),
        (
            400,
            json!({"message": "This deployment is not waiting for approvals."})
        )
    );
    assert_eq!(alice.ask("POST", &play, json!({})).await.0, 200);
    sim.advance(SignedDuration::from_secs(30));
    assert_eq!(version(&sim, "orders", "production"), "v8.2.0");
    let rules = Visitor::new(&sim, "admin")
        .get(&format!("/projects/{ORDERS}/protected_environments"))
        .await;
    assert_eq!(
        rules[0]["approval_rules"][0]["access_level_description"],
        "release"
    );
    sim.stop().await;
}

#[tokio::test]
async fn a_rejected_deployment_fails_and_with_it_its_pipeline() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let path = format!(
        "/projects/{ORDERS}/deployments?environment=production&status=blocked&order_by=id&sort=desc"
    );
    let blocked = alice.get(&path).await[0].clone();
    let at = format!("/projects/{ORDERS}/deployments/{}", blocked["id"]);
    let no = json!({"status": "rejected", "comment": "not tonight"});
    assert_eq!(
        alice.ask("POST", &format!("{at}/approval"), no).await.0,
        201
    );
    let whole = alice.get(&at).await;
    assert_eq!(
        (&whole["status"], &whole["deployable"]["status"]),
        (&json!("failed"), &json!("failed"))
    );
    assert_eq!(whole["deployable"]["pipeline"]["status"], "failed");
    assert_eq!(version(&sim, "orders", "production"), "v8.1.0");
    sim.stop().await;
}

#[tokio::test]
async fn a_freeze_leaves_the_production_job_out_until_it_is_lifted() {
    let sim = both().await;
    let (alice, carol) = (Visitor::new(&sim, "operate"), Visitor::new(&sim, "admin"));
    let freezes = carol
        .get(&format!("/projects/{INVOICES}/freeze_periods"))
        .await;
    let freeze = format!("/projects/{INVOICES}/freeze_periods/{}", freezes[0]["id"]);
    let run = |variables: Value| {
        let alice = &alice;
        async move {
            let body = json!({"ref": "main", "variables": variables});
            let (status, made) = alice
                .ask("POST", &format!("/projects/{INVOICES}/pipeline"), body)
                .await;
            assert_eq!((status, &made["source"]), (201, &json!("api")));
            let jobs = alice
                .get(&format!(
                    "/projects/{INVOICES}/pipelines/{}/jobs",
                    made["id"]
                ))
                .await;
            let jobs = jobs.as_array().expect("jobs").clone();
            jobs.iter().any(|it| it["name"] == "deploy production")
        }
    };
    assert!(!run(json!([])).await);
    let moved = json!({"freeze_start": "0 3 1 1 *", "freeze_end": "0 4 1 1 *", "cron_timezone": "Europe/Berlin"});
    let (status, changed) = carol.ask("PUT", &freeze, moved).await;
    assert_eq!(
        (status, &changed["cron_timezone"]),
        (200, &json!("Europe/Berlin"))
    );
    assert!(run(json!([{"key": "A", "value": "b"}])).await);
    assert_eq!(carol.send("DELETE", &freeze, None).await.status(), 204);
    assert_eq!(carol.send("DELETE", &freeze, None).await.status(), 404);
    // An optional job holds nothing up, and only some may play it.
    sim.advance(SignedDuration::from_secs(60));
    let job = alice.job(INVOICES, "deploy production").await;
    assert_eq!(
        (&job["status"], &job["pipeline"]["status"]),
        (&json!("manual"), &json!("success"))
    );
    let play = format!("/projects/{INVOICES}/jobs/{}/play", job["id"]);
    assert_eq!(alice.ask("POST", &play, json!({})).await.0, 200);
    sim.stop().await;
}

#[tokio::test]
async fn a_merge_request_promotes_and_guards_its_head() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let open = format!("/projects/{PORTAL}/merge_requests?state=opened&target_branch=production");
    let request = alice.get(&open).await[0].clone();
    let at = format!("/projects/{PORTAL}/merge_requests/{}", request["iid"]);
    let head = request["sha"].as_str().expect("a sha").to_owned();
    let merge = format!("{at}/merge");
    let stale = json!({"sha": "0".repeat(40)});
    let words = format!("SHA does not match HEAD of source branch: {head}");
    assert_eq!(
        alice.ask("PUT", &merge, stale).await,
        (409, json!({"message": words}))
    );
    let labels = json!({"add_labels": "hold,late", "remove_labels": "release"});
    let (_, changed) = alice.ask("PUT", &at, labels).await;
    assert_eq!(changed["labels"], json!(["hold", "late"]));
    let (status, note) = alice
        .ask("POST", &format!("{at}/notes"), json!({"body": "going"}))
        .await;
    assert_eq!((status, &note["body"]), (201, &json!("going")));
    let (status, merged) = alice.ask("PUT", &merge, json!({"sha": head})).await;
    assert_eq!((status, &merged["state"]), (200, &json!("merged")));
    assert_eq!(merged["merge_user"]["username"], "alice");
    assert_eq!(alice.ask("PUT", &merge, json!({"sha": head})).await.0, 405);
    sim.advance(SignedDuration::from_secs(30));
    let live = alice.get(&format!("/projects/{PORTAL}/deployments?environment=production&status=success&order_by=id&sort=desc")).await;
    assert_eq!(live[0]["sha"], merged["merge_commit_sha"]);
    // A draft, and one that lacks its approval.
    let all = alice
        .get(&format!("/projects/{ORDERS}/merge_requests?state=opened"))
        .await;
    let all = all.as_array().expect("a list");
    let of = |branch: &str| {
        all.iter()
            .find(|it| it["source_branch"] == branch)
            .expect("one")["iid"]
            .clone()
    };
    let (draft, ready) = (of("tax-rounding"), of("coupon-stack"));
    let path = |iid: &Value| format!("/projects/{ORDERS}/merge_requests/{iid}");
    let refused = alice
        .ask("PUT", &format!("{}/merge", path(&draft)), json!({}))
        .await;
    assert_eq!(refused, (405, json!({"message": "405 Method Not Allowed"})));
    let approvals = alice.get(&format!("{}/approvals", path(&ready))).await;
    assert_eq!(
        (&approvals["approved"], &approvals["approvals_left"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(
        alice
            .ask(
                "POST",
                &format!("{}/approve", path(&ready)),
                json!({"sha": "x"})
            )
            .await
            .0,
        409
    );
    assert_eq!(
        alice
            .ask("POST", &format!("{}/approve", path(&ready)), json!({}))
            .await
            .0,
        201
    );
    assert_eq!(
        alice
            .ask(
                "PUT",
                &format!("{}/merge", path(&ready)),
                json!({"squash": true})
            )
            .await
            .0,
        200
    );
    sim.stop().await;
}
