use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::domain::act::{Act, Handle, MergeMethod, StatusState};
use crate::domain::facts::{ForgeEnvironment, Permission};
use crate::domain::gate::fixture::{
    HEAD, WANTED, World, ago, check, deployment, later, person, run, sha,
};
use crate::domain::gate::{Earliest, State};
use crate::domain::ids::PullRequestNumber;
use crate::domain::phase::Phase;
use crate::domain::pipeline::Check;
use crate::domain::policy::Via;
use crate::domain::promotion::Step;
use crate::domain::pull_request::{ChangeState, PullRequest};

fn world() -> World {
    World::new(Vec::new())
}

fn via(via: Via) -> World {
    let mut world = world();
    world.via(via);
    world
}

fn sending() -> Step {
    Step::Sending {
        owner: "laptop".into(),
    }
}

#[test]
fn a_waiting_run_that_the_token_may_approve_is_open() {
    assert_eq!(
        world().says("forge"),
        (State::Open, "run 8812 waits, and you may approve".into())
    );
}

#[test]
fn a_run_that_others_must_approve_names_them() {
    let mut world = world();
    world.known().runs[0].waiting[0].may_approve = false;
    let verdict = world.verdict("forge");
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(verdict.who.as_deref(), Some("ann and ops"));
}

#[test]
fn only_a_run_of_exactly_the_candidate_can_be_approved() {
    let mut world = world();
    world.known().runs.push(run(8900, HEAD, "production"));
    world.known().runs[1].created_at = ago(1);
    let verdict = world.verdict("forge");
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(verdict.why, "no run of 2.41.0 waits for production");
    world.known().runs.clear();
    assert_eq!(world.verdict("forge").state, State::Closed);
    world.known().runs.push(run(8812, WANTED, "staging"));
    assert_eq!(world.verdict("forge").state, State::Closed);
}

#[test]
fn another_workflow_than_the_configured_one_does_not_count() {
    let of = |workflow: &str| {
        via(Via::Approval {
            workflow: Some(workflow.to_owned()),
        })
        .verdict("forge")
        .state
    };
    assert_eq!(of("release.yml"), State::Open);
    assert_eq!(of("nightly.yml"), State::Closed);
}

#[test]
fn a_wait_timer_waits_until_it_ends() {
    let mut world = world();
    let waiting = &mut world.known().runs[0].waiting[0];
    waiting.wait_timer = SignedDuration::from_mins(30);
    waiting.wait_started_at = Some(ago(20));
    let verdict = world.verdict("forge");
    assert_eq!(
        (verdict.state, verdict.opens_at),
        (State::Waiting, Some(later(10)))
    );
    assert_eq!(
        world.judge().earliest,
        Earliest::At {
            at: later(10),
            gate: "forge".into()
        }
    );
    assert_eq!(world.verdict_at("forge", later(10)).state, State::Open);
    world.known().runs[0].waiting[0].wait_started_at = None;
    let verdict = world.verdict("forge");
    assert_eq!((verdict.state, verdict.opens_at), (State::Waiting, None));
}

#[test]
fn writing_needs_permission() {
    for way in [
        Via::Deployment,
        Via::Workflow {
            workflow: "release.yml".to_owned(),
            git_ref: "main".to_owned(),
            inputs: BTreeMap::new(),
        },
    ] {
        let mut world = via(way);
        assert_eq!(world.verdict("forge").state, State::Open);
        world.known().permission = Permission::Triage;
        let verdict = world.verdict("forge");
        assert_eq!(verdict.state, State::Closed);
        assert_eq!(verdict.who.as_deref(), Some("someone with write access"));
        world.known().permission = Permission::Unknown;
        assert_eq!(world.verdict("forge").state, State::Unknown);
    }
}

#[test]
fn a_workflow_that_wants_a_version_needs_one() {
    let mut world = via(Via::Workflow {
        workflow: "release.yml".to_owned(),
        git_ref: "v{version}".to_owned(),
        inputs: BTreeMap::new(),
    });
    assert_eq!(world.verdict("forge").state, State::Open);
    world.candidate.as_mut().unwrap().version = None;
    assert_eq!(
        world.says("forge"),
        (
            State::Closed,
            "bbbbbbb has no version, and release.yml wants one".into()
        )
    );
}

fn promotion_request(state: ChangeState, head: char) -> World {
    let mut world = via(Via::PullRequest {
        base: "production".to_owned(),
        head: "staging".to_owned(),
        method: MergeMethod::Merge,
    });
    world.known().pull_requests = vec![PullRequest {
        number: PullRequestNumber(40),
        title: "promote".to_owned(),
        author: Some(person("bob")),
        url: "https://forge.test/40".to_owned(),
        head: sha(head),
        head_ref: "staging".to_owned(),
        base_ref: "production".to_owned(),
        state,
        checks: None,
        raw: "CLEAN".to_owned(),
        labels: Vec::new(),
        updated_at: ago(5),
    }];
    world
}

#[test]
fn a_promotion_pull_request_must_be_ready() {
    let cases = [
        (ChangeState::Ready, State::Open),
        (ChangeState::Checking, State::Waiting),
        (ChangeState::ChecksRunning, State::Waiting),
        (ChangeState::Queued, State::Waiting),
        (ChangeState::Draft, State::Closed),
        (ChangeState::ChecksFailed, State::Closed),
        (ChangeState::NeedsReview, State::Closed),
        (ChangeState::ChangesRequested, State::Closed),
        (ChangeState::Behind, State::Closed),
        (ChangeState::Conflict, State::Closed),
        (ChangeState::Blocked, State::Closed),
        (ChangeState::Merged, State::Closed),
        (ChangeState::Closed, State::Closed),
        (ChangeState::Unknown("odd".into()), State::Unknown),
    ];
    for (change, state) in cases {
        let verdict = promotion_request(change.clone(), WANTED).verdict("forge");
        assert_eq!(verdict.state, state, "{change:?}");
        assert!(verdict.why.contains("#40"), "{}", verdict.why);
    }
}

#[test]
fn a_promotion_pull_request_must_bring_the_candidate() {
    assert_eq!(
        promotion_request(ChangeState::Ready, HEAD).says("forge"),
        (State::Closed, "#40 brings ccccccc, not 2.41.0".into())
    );
    let mut none = promotion_request(ChangeState::Ready, WANTED);
    none.known().pull_requests[0].base_ref = "main".to_owned();
    assert_eq!(
        none.says("forge"),
        (
            State::Closed,
            "no open pull request from staging into production".into()
        )
    );
}

#[test]
fn merging_needs_permission_too() {
    let mut world = promotion_request(ChangeState::Ready, WANTED);
    world.known().permission = Permission::Read;
    assert_eq!(world.verdict("forge").state, State::Closed);
}

#[test]
fn a_release_needs_a_draft_of_the_candidate() {
    let mut world = via(Via::Release);
    assert_eq!(
        world.says("forge"),
        (State::Closed, "no draft release of 2.41.0".into())
    );
    world.known().releases[0].draft = true;
    assert_eq!(
        world.says("forge"),
        (State::Open, "the token may publish 2.41.0".into())
    );
}

#[test]
fn what_the_forge_promotes_by_itself_is_not_promoted_from_here() {
    assert_eq!(
        via(Via::Forge).says("forge"),
        (State::Closed, "the forge promotes by itself".into())
    );
}

#[test]
fn an_archived_repository_is_closed() {
    let mut world = world();
    world.known().archived = true;
    assert_eq!(
        world.says("forge"),
        (State::Closed, "the repository is archived".into())
    );
}

#[test]
fn p2_a_promotion_in_flight_shows_who_and_since_when() {
    let mut world = world();
    world.promotion("production", &[sending()]);
    assert_eq!(
        world.says("forge"),
        (
            State::Waiting,
            "bob is promoting 2.41.0 since 13:58Z".into()
        )
    );
    assert_eq!(
        world.judge().earliest,
        Earliest::NoKnownTime {
            gate: "forge".into()
        }
    );
}

#[test]
fn p2_a_promotion_into_another_environment_is_no_obstacle() {
    let mut world = world();
    world.promotion("staging", &[sending()]);
    assert_eq!(world.verdict("forge").state, State::Open);
}

#[test]
fn p2_a_promotion_that_ended_is_no_obstacle() {
    let handle = Handle::default();
    let mut world = world();
    world.promotion(
        "production",
        &[sending(), Step::Accepted { handle }, Step::Succeeded],
    );
    assert_eq!(world.verdict("forge").state, State::Open);
}

#[test]
fn p2_an_unknown_outcome_needs_a_person() {
    let mut world = world();
    let why = "reset".to_owned();
    world.promotion("production", &[sending(), Step::Unknown { why }]);
    let verdict = world.verdict("forge");
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(
        verdict.why,
        "nobody knows what came of bob's 2.41.0 of 13:58Z"
    );
}

#[test]
fn an_intent_does_not_stand_in_its_own_way() {
    let mut world = world();
    world.promotion("production", &[]);
    assert_eq!(world.verdict("forge").state, State::Waiting);
    world.own = Some("intent-production".into());
    assert_eq!(world.verdict("forge").state, State::Open);
}

#[test]
fn p2_a_deployment_under_way_on_the_forge_is_in_flight_too() {
    for phase in [Phase::Queued, Phase::Running] {
        let mut world = world();
        let running = deployment(50, "production", HEAD, phase, 3);
        world.known().deployments.push(running);
        // A newer one that waits to be let in does not hide it.
        let gated = deployment(51, "production", HEAD, Phase::Gated, 1);
        world.known().deployments.push(gated);
        assert_eq!(
            world.says("forge"),
            (
                State::Waiting,
                "bob is deploying ccccccc since 13:57Z".into()
            )
        );
    }
}

#[test]
fn a_deployment_that_waits_to_be_let_in_is_what_is_approved() {
    let mut world = world();
    let gated = deployment(51, "production", WANTED, Phase::Gated, 1);
    world.known().deployments.push(gated);
    assert_eq!(world.verdict("forge").state, State::Open);
}

#[test]
fn what_the_environment_asks_afterwards_is_shown() {
    let mut world = via(Via::Deployment);
    world.known().environments = vec![ForgeEnvironment {
        name: "production".into(),
        id: None,
        required_reviewers: true,
        prevent_self_review: false,
        wait_timer: SignedDuration::from_mins(30),
        branch_policy: false,
    }];
    let verdict = world.verdict("forge");
    assert!(
        verdict
            .evidence
            .iter()
            .any(|evidence| evidence.value == "a review and a wait of 30m")
    );
}

#[test]
fn a_check_that_a_hold_of_ours_has_failed_is_the_holds_and_nobodys_to_mend() {
    let status = |environment: &str| Act::SetStatus {
        sha: sha(WANTED),
        context: format!("hold/{environment}"),
        state: StatusState::Failure,
        description: "held by carol".to_owned(),
        target_url: None,
    };
    let held = |more: &[Check]| {
        let mut world = promotion_request(ChangeState::ChecksFailed, WANTED);
        world.checks().contexts = vec![
            check("build", Phase::Succeeded),
            check("hold/production", Phase::Failed),
        ];
        world.checks().contexts.extend_from_slice(more);
        world
    };
    let mut ours = held(&[]);
    ours.brake("production", status("production"));
    let verdict = ours.verdict("forge");
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(verdict.why, "#40: only the hold's own status has failed");
    assert_eq!(verdict.who.as_deref(), Some("whoever lifts the hold"));
    // Somebody else's, or one that failed beside it, is for whoever mends it.
    let theirs = held(&[]);
    let mut both = held(&[check("e2e", Phase::Failed)]);
    both.brake("production", status("production"));
    for world in [theirs, both] {
        let verdict = world.verdict("forge");
        assert_eq!(verdict.why, "#40: checks failed");
        assert_eq!(verdict.who.as_deref(), Some("a developer"));
    }
}
