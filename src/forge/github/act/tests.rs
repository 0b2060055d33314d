use std::collections::BTreeMap;

use super::*;
use crate::domain::act::{MergeMethod, StatusState};
use crate::domain::ids::{EnvironmentId, EnvironmentName, PullRequestNumber};

fn body(act: &Act) -> Value {
    let key = IntentId::from("k-1");
    call(&RepoPath::from("acme/checkout"), act, &key, true)
        .and_then(|call| call.body)
        .unwrap()
}

#[test]
fn every_act_that_can_carries_the_key() {
    let approve = Act::Approve {
        run: RunId(1),
        environments: vec![EnvironmentId(5)],
        comment: "fine".into(),
    };
    assert_eq!(
        body(&approve),
        json!({"environment_ids": [5], "state": "approved", "comment": "fine [gonogo k-1]"})
    );
    let deploy = Act::CreateDeployment {
        sha: Sha::from("ab"),
        environment: EnvironmentName::from("prod"),
        description: "d".into(),
    };
    assert_eq!(body(&deploy)["payload"], json!({"gonogo": "k-1"}));
    assert_eq!(body(&deploy)["auto_merge"], json!(false));
    assert_eq!(body(&deploy)["required_contexts"], json!([]));
    let merge = Act::MergePullRequest {
        number: PullRequestNumber(4),
        head: Sha::from("cd"),
        method: MergeMethod::Squash,
    };
    assert_eq!(
        body(&merge),
        json!({"sha": "cd", "merge_method": "squash", "commit_message": "gonogo: k-1"})
    );
    let status = Act::SetStatus {
        sha: Sha::from("ab"),
        context: "hold/prod".into(),
        state: StatusState::Failure,
        description: "ü".repeat(300),
        target_url: None,
    };
    let description = body(&status)["description"].as_str().unwrap().to_owned();
    assert!(description.ends_with(" [gonogo k-1]"));
    assert!(description.chars().count() <= LONGEST_DESCRIPTION);
}

#[test]
fn a_server_that_does_not_know_run_details_is_not_asked_for_them() {
    let dispatch = Act::Dispatch {
        workflow: "release.yml".into(),
        git_ref: "main".into(),
        inputs: BTreeMap::from([("key".into(), "k-1".into())]),
    };
    let (repo, key) = (RepoPath::from("a/b"), IntentId::from("k-1"));
    let with = call(&repo, &dispatch, &key, true).unwrap().body.unwrap();
    let without = call(&repo, &dispatch, &key, false).unwrap().body.unwrap();
    assert_eq!(with["return_run_details"], json!(true));
    assert_eq!(without, json!({"ref": "main", "inputs": {"key": "k-1"}}));
}
