//! Finding what an act made: present, absent, and not to be told.

use super::*;
use crate::domain::ids::{DeploymentId, JobId, PullRequestNumber};

async fn find(server: &MockServer, act: &Act) -> Result<Option<Handle>, Fault> {
    let gitlab = gitlab(server);
    gitlab.memory.known().login = Some("ada".into());
    gitlab.find(&repo(), act, &"k-1".into(), now()).await
}

fn route(request: &Request) -> &str {
    below(request, "acme%2Fshop%2Fcheckout").unwrap_or_default()
}

fn job(status: &str, user: &str, started: &str) -> Value {
    json!({"id": 9, "name": "deploy", "status": status, "user": {"username": user},
        "started_at": started, "web_url": "u"})
}

const LATER: &str = "2026-11-21T20:00:30Z";
const BEFORE: &str = "2026-11-21T18:00:00Z";

fn approval(act_comment: &str) -> Value {
    json!({"id": 31, "sha": SHA, "status": "success", "created_at": BEFORE,
        "approvals": [{"user": {"username": "ada"}, "status": "approved", "comment": act_comment}]})
}

#[tokio::test]
async fn a_job_is_found_if_it_was_started_since_then_and_by_us() {
    let play = Act::PlayJob {
        run: RunId(7),
        job: JobId(9),
        name: "deploy".into(),
    };
    for (found, answer) in [
        (true, job("running", "ada", LATER)),
        (true, job("failed", "ada", LATER)),
        (false, job("manual", "ada", LATER)),
        (false, job("running", "eve", LATER)),
        (false, job("success", "ada", BEFORE)),
    ] {
        let told = answer.clone();
        let server = serving(move |_| Some(ok(told.clone()))).await;
        let handle = find(&server, &play).await.unwrap();
        assert_eq!(handle.is_some(), found, "{answer}");
        if let Some(handle) = handle {
            assert_eq!(handle.run, Some(RunId(7)));
        }
    }
}

#[tokio::test]
async fn a_job_that_was_run_again_is_found_as_the_newer_one_of_its_name_and_ours() {
    let retry = Act::RetryJob {
        run: RunId(7),
        job: JobId(9),
        name: "deploy".into(),
    };
    let made = |id: u64, name: &str, user: &str, created: &str| {
        json!({"id": id, "name": name, "status": "running", "user": {"username": user},
            "created_at": created, "web_url": "u"})
    };
    for (found, other) in [
        (true, made(12, "deploy", "ada", LATER)),
        (false, made(12, "deploy", "eve", LATER)),
        (false, made(12, "test", "ada", LATER)),
        (false, made(12, "deploy", "ada", BEFORE)),
        (false, made(8, "deploy", "ada", LATER)),
    ] {
        let told = other.clone();
        let server = serving(move |request| {
            let is_asked = route(request) == "/pipelines/7/jobs"
                && request
                    .url
                    .query()
                    .unwrap_or_default()
                    .contains("include_retried=true");
            is_asked.then(|| ok(json!([made(9, "deploy", "ada", BEFORE), told])))
        })
        .await;
        let handle = find(&server, &retry).await.unwrap();
        assert_eq!(handle.is_some(), found, "{other}");
        if let Some(handle) = handle {
            assert_eq!((handle.run, handle.job), (Some(RunId(7)), Some(JobId(12))));
        }
    }
    let cancel = Act::CancelJob {
        run: RunId(7),
        job: JobId(9),
        name: "deploy".into(),
    };
    for (found, status) in [(true, "canceled"), (true, "canceling"), (false, "running")] {
        let server = serving(move |_| Some(ok(job(status, "ada", LATER)))).await;
        assert_eq!(
            find(&server, &cancel).await.unwrap().is_some(),
            found,
            "{status}"
        );
    }
}

#[tokio::test]
async fn an_approval_without_its_job_is_not_a_promotion() {
    let approve = Act::ApproveDeployment {
        run: RunId(7),
        deployment: DeploymentId(31),
        job: JobId(9),
        comment: String::new(),
    };
    for (found, said, status) in [
        (true, "[gonogo k-1]", "running"),
        (false, "[gonogo k-1]", "manual"),
        (false, "[gonogo k-2]", "running"),
    ] {
        let server = serving(move |request| match route(request) {
            "/deployments/31" => Some(ok(approval(said))),
            "/jobs/9" => Some(ok(job(status, "ada", LATER))),
            _ => None,
        })
        .await;
        let handle = find(&server, &approve).await.unwrap();
        assert_eq!(handle.is_some(), found, "{said} {status}");
    }
}

#[tokio::test]
async fn a_pipeline_is_found_by_its_variables_and_one_that_hides_them_is_not_called_absent() {
    let run = Act::RunPipeline {
        git_ref: "main".into(),
        variables: BTreeMap::from([("TO".into(), "prod".into())]),
    };
    let with = |variables: Option<Value>| {
        serving(move |request| match route(request) {
            "/pipelines" => Some(ok(json!([
                {"id": 9, "sha": SHA, "ref": "main", "status": "running", "source": "api", "created_at": LATER},
                {"id": 8, "sha": SHA, "ref": "main", "status": "running", "source": "push", "created_at": LATER},
                {"id": 7, "sha": SHA, "ref": "main", "status": "running", "source": "api", "created_at": BEFORE}]))),
            "/pipelines/9/variables" => variables.clone().map(ok),
            "/pipelines/9" => Some(ok(json!({"id": 9, "sha": SHA, "status": "running",
                "user": {"username": "ada"}}))),
            _ => None,
        })
    };
    let ours = json!([{"key": "TO", "value": "prod"}, {"key": "GONOGO_KEY", "value": "k-1"}]);
    let found = find(&with(Some(ours)).await, &run).await.unwrap().unwrap();
    assert_eq!(found.run, Some(RunId(9)));
    let others = json!([{"key": "GONOGO_KEY", "value": "k-2"}]);
    assert_eq!(find(&with(Some(others)).await, &run).await, Ok(None));
    let fault = find(&with(None).await, &run).await.unwrap_err();
    assert!(fault.why.contains("none shows our key"), "{fault}");
}

#[tokio::test]
async fn a_merge_is_ours_only_at_the_head_that_was_seen() {
    let merge = Act::MergePullRequest {
        number: PullRequestNumber(4),
        head: Sha::from(SHA),
        method: crate::domain::act::MergeMethod::Merge,
    };
    for (found, state, sha) in [
        (true, "merged", SHA),
        (false, "merged", "bb"),
        (false, "opened", SHA),
    ] {
        let server = serving(move |_| {
            Some(ok(
                json!({"iid": 4, "title": "t", "web_url": "u", "state": state, "sha": sha,
                "source_branch": "main", "target_branch": "prod", "merge_commit_sha": "CC"}),
            ))
        })
        .await;
        let handle = find(&server, &merge).await.unwrap();
        assert_eq!(
            handle.map(|handle| handle.sha),
            found.then(|| Some(Sha::from("cc"))),
            "{state}"
        );
    }
}

#[tokio::test]
async fn a_tag_that_is_not_there_is_absent_only_if_the_project_is() {
    let tag = Act::CreateTag {
        tag: "v/2".into(),
        target: Sha::from(SHA),
    };
    let there = serving(|request| {
        (route(request) == "/repository/tags/v%2F2")
            .then(|| ok(json!({"name": "v/2", "commit": {"id": SHA}})))
    });
    assert!(find(&there.await, &tag).await.unwrap().is_some());
    let elsewhere = serving(|request| {
        (route(request) == "/repository/tags/v%2F2")
            .then(|| ok(json!({"name": "v/2", "commit": {"id": "bb"}})))
    });
    assert_eq!(find(&elsewhere.await, &tag).await, Ok(None));
    let absent = serving(|request| route(request).is_empty().then(|| ok(json!({"id": 1}))));
    assert_eq!(find(&absent.await, &tag).await, Ok(None));
    let hidden = serving(|_| None).await;
    assert_eq!(
        find(&hidden, &tag).await.unwrap_err().kind,
        FaultKind::NotFound
    );
}

#[tokio::test]
async fn what_runs_again_has_jobs_that_were_made_since_then() {
    let retry = Act::Rerun {
        run: RunId(7),
        failed_only: true,
    };
    for (found, created) in [(true, LATER), (false, BEFORE)] {
        let server = serving(move |request| match route(request) {
            "/pipelines/7/jobs" => Some(ok(json!([
                {"id": 9, "name": "test", "status": "running", "created_at": created}]))),
            "/pipelines/7" => Some(ok(json!({"id": 7, "sha": SHA, "status": "running"}))),
            _ => None,
        })
        .await;
        assert_eq!(
            find(&server, &retry).await.unwrap().is_some(),
            found,
            "{created}"
        );
    }
    let cancel = Act::Cancel { run: RunId(7) };
    for (found, status) in [(true, "canceled"), (true, "canceling"), (false, "running")] {
        let server =
            serving(move |_| Some(ok(json!({"id": 7, "sha": SHA, "status": status})))).await;
        assert_eq!(
            find(&server, &cancel).await.unwrap().is_some(),
            found,
            "{status}"
        );
    }
}
