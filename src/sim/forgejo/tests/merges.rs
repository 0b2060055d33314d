//! Merges: every refusal, and the branch that moves.

use serde_json::{Value, json};

use super::{Lab, said};
use crate::sim::{
    FORGEJO, World,
    forgejo::Edition,
    world::{Step, Verb},
};

fn path(lab: &Lab, head: &str) -> String {
    format!("/repos/tide/harbour/pulls/{}", lab.open("harbour", head))
}

fn merge(lab: &Lab, token: &str, head: &str, body: Value) -> (u16, String) {
    let path = format!("{}/merge", path(lab, head));
    said(&lab.ask(token, "POST", &path, &body))
}

fn play(lab: &Lab, step: Step) {
    lab.shared.act(|state| {
        let id = state.repo("tide", "harbour").expect("a repository").id;
        assert!(state.story(id, &step), "{step:?}");
    });
}

#[test]
fn a_merge_is_refused_for_each_reason_in_the_servers_own_words() {
    let lab = Lab::forgejo();
    let body = json!({"Do": "merge"});
    let draft = merge(&lab, "operate", "topic/local-time", body.clone());
    assert_eq!(draft, (405, "Work in progress PRs cannot be merged".into()));
    let nameless = merge(&lab, "operate", "topic/twice", json!({}));
    assert_eq!(nameless, (422, "[Do]: Required".into()));
    let style = merge(&lab, "operate", "topic/twice", json!({"Do": "rebase"}));
    assert_eq!(
        style,
        (
            405,
            "rebase is not allowed an allowed merge style for this repository".into()
        )
    );
    let old = json!({"Do": "squash", "head_commit_id": "0123456789"});
    assert_eq!(
        merge(&lab, "operate", "topic/twice", old.clone()),
        (409, "head out of date".into())
    );
    // Somebody pushes: the server looks again, and says no more than that.
    let push = Step {
        verb: Verb::Push,
        by: "ines".into(),
        text: "One more".into(),
        branch: "topic/twice".into(),
        ..Step::default()
    };
    play(&lab, push);
    let later = (405, "Please try again later".to_owned());
    assert_eq!(merge(&lab, "operate", "topic/twice", old), later);
    lab.advance(5);
    let checks = (
        405,
        "not allowed to merge [reason: Not all required status checks successful]".to_owned(),
    );
    assert_eq!(merge(&lab, "operate", "topic/twice", body.clone()), checks);
    lab.advance(400);
    let review = Step {
        verb: Verb::Review,
        by: "carol".into(),
        head: "topic/twice".into(),
        state: "changes_requested".into(),
        text: "No".into(),
        ..Step::default()
    };
    play(&lab, review);
    let changes = (
        405,
        "not allowed to merge [reason: There are requested changes]".to_owned(),
    );
    assert_eq!(merge(&lab, "operate", "topic/twice", body.clone()), changes);
    let review = Step {
        verb: Verb::Review,
        by: "carol".into(),
        head: "topic/twice".into(),
        ..Step::default()
    };
    play(&lab, review);
    let head = lab.get("operate", &path(&lab, "topic/twice"))["head"]["sha"].clone();
    let good = json!({"Do": "squash", "head_commit_id": head, "delete_branch_after_merge": true});
    let answer = lab.post(&format!("{}/merge", path(&lab, "topic/twice")), &good);
    assert_eq!((answer.status, answer.body), (200, None));
    assert_eq!(
        merge(&lab, "operate", "topic/twice", body.clone()),
        (405, String::new())
    );
    let gone = lab.ask(
        "operate",
        "GET",
        "/repos/tide/harbour/branches/topic/twice",
        &Value::Null,
    );
    assert_eq!(gone.status, 404);
    let merged = lab.get("operate", &path(&lab, "topic/twice"));
    assert_eq!(
        (&merged["merged"], &merged["merged_by"]["login"]),
        (&json!(true), &json!("alice"))
    );
    let sha = merged["merge_commit_sha"].as_str().expect("a commit");
    let main = lab.get("operate", "/repos/tide/harbour/branches/main");
    assert_eq!(main["commit"]["id"], sha);
    let by = lab.get(
        "operate",
        &format!("/repos/tide/harbour/commits/{sha}/pull"),
    );
    assert_eq!(by["number"], merged["number"]);
}

#[test]
fn a_conflict_reads_as_try_again_and_a_closed_one_as_not_there() {
    let lab = Lab::forgejo();
    let open = Step {
        verb: Verb::Open,
        by: "ines".into(),
        text: "Collide".into(),
        head: "topic/collide".into(),
        conflicts: true,
        ..Step::default()
    };
    play(&lab, open);
    lab.advance(10);
    assert_eq!(
        lab.get("operate", &path(&lab, "topic/collide"))["mergeable"],
        false
    );
    let body = json!({"Do": "merge"});
    assert_eq!(
        merge(&lab, "operate", "topic/collide", body.clone()),
        (405, "Please try again later".into())
    );
    lab.ask(
        "operate",
        "PATCH",
        &path(&lab, "topic/collide"),
        &json!({"state": "closed"}),
    );
    assert_eq!(merge(&lab, "operate", "topic/collide", body).0, 404);
}

#[test]
fn approvals_count_only_from_those_who_may_write() {
    let lab = Lab::forgejo();
    let open = Step {
        verb: Verb::Open,
        by: "ines".into(),
        text: "Unseen".into(),
        head: "topic/unseen".into(),
        ..Step::default()
    };
    play(&lab, open);
    lab.advance(400);
    let body = json!({"Do": "merge"});
    let lacks = (
        405,
        "not allowed to merge [reason: Does not have enough approvals]".to_owned(),
    );
    assert_eq!(merge(&lab, "operate", "topic/unseen", body.clone()), lacks);
    let review = |by: &str| Step {
        verb: Verb::Review,
        by: by.into(),
        head: "topic/unseen".into(),
        ..Step::default()
    };
    play(&lab, review("mia"));
    assert_eq!(merge(&lab, "operate", "topic/unseen", body.clone()), lacks);
    play(&lab, review("bob"));
    assert_eq!(merge(&lab, "operate", "topic/unseen", body).0, 200);
}

#[test]
fn a_reader_with_every_scope_may_not_merge() {
    let mut world = World::from_toml(FORGEJO).expect("it reads");
    world.tokens.get_mut("read").expect("there").scopes = vec!["all".into()];
    let lab = Lab::of(&world, Edition::FORGEJO);
    let no = merge(&lab, "read", "topic/twice", json!({"Do": "merge"}));
    assert_eq!(no, (405, "User not allowed to merge PR".into()));
}

#[test]
fn a_promotion_by_pull_request_moves_the_branch_of_the_environment() {
    let lab = Lab::forgejo();
    let main = lab.get("operate", "/repos/tide/pilot/branches/main")["commit"]["id"].clone();
    assert_eq!(
        lab.get("operate", "/repos/tide/pilot/branches/staging")["commit"]["id"],
        main
    );
    let before = lab.get("operate", "/repos/tide/pilot/branches/production");
    assert_eq!(before["status_check_contexts"], json!(["CI / * (push)"]));
    assert_ne!(before["commit"]["id"], main);
    let body = json!({"title": "Release", "head": "main", "base": "production"});
    let made = lab
        .post("/repos/tide/pilot/pulls", &body)
        .body
        .expect("a body");
    lab.advance(5);
    let number = made["number"].as_u64().expect("a number");
    let path = format!("/repos/tide/pilot/pulls/{number}/merge");
    let answer = lab.post(&path, &json!({"Do": "merge", "head_commit_id": main}));
    assert_eq!(answer.status, 200, "{answer:?}");
    let after = lab.get("operate", "/repos/tide/pilot/compare/production...main");
    assert_eq!(after["total_commits"], 0);
    let runs = lab.get(
        "operate",
        "/repos/tide/pilot/actions/runs?event=push&ref=refs%2Fheads%2Fproduction",
    );
    assert_eq!(runs["workflow_runs"][0]["workflow_id"], "production.yml");
}

#[test]
fn a_fast_forward_makes_no_commit_and_fails_where_branches_have_parted() {
    let lab = Lab::forgejo();
    lab.post(
        "/repos/tide/pilot/branches",
        &json!({"new_branch_name": "env/qa", "old_ref_name": "v1.8.0"}),
    );
    for (base, status) in [("env/qa", 200), ("production", 500)] {
        let body = json!({"title": "Forward", "head": "main", "base": base});
        let made = lab
            .post("/repos/tide/pilot/pulls", &body)
            .body
            .expect("a body");
        lab.advance(5);
        let path = format!("/repos/tide/pilot/pulls/{}/merge", made["number"]);
        let answer = lab.post(&path, &json!({"Do": "fast-forward-only"}));
        assert_eq!(answer.status, status, "{base}: {answer:?}");
    }
    let main = lab.get("operate", "/repos/tide/pilot/branches/main")["commit"]["id"].clone();
    assert_eq!(
        lab.get("operate", "/repos/tide/pilot/branches/env%2Fqa")["commit"]["id"],
        main
    );
}
