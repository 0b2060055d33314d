//! Goldens of the gates whose rules are tested piece by piece elsewhere: the whole explanation of
//! each, in all the verdicts that it can come to.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::time;

use crate::domain::act::MergeMethod;
use crate::domain::deployment::Maker;
use crate::domain::facts::{ForgeEnvironment, Permission};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::gate::State;
use crate::domain::gate::fixture::{
    HEAD, LIVE, WANTED, World, ago, check, daily, deployment, hold, later, manual_gate, person,
    revision, run, sha,
};
use crate::domain::hold::{Cover, Opened, Openers};
use crate::domain::ids::{JobId, PullRequestNumber, RunId};
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::pipeline::Door;
use crate::domain::policy::{Before, GateSpec, PipelineRule, Via};
use crate::domain::promotion::Step;
use crate::domain::pull_request::{ChangeState, PullRequest};
use crate::domain::signoff::Voice;
use crate::domain::window::WindowEffect::{Allow, Deny};

use State::{Closed, Open, Unknown, Waiting};

/// Every world's explanation, after checking that they are these verdicts and no others.
pub(super) fn all(gate: &str, worlds: impl IntoIterator<Item = (State, World)>) -> String {
    let told = worlds.into_iter().map(|(state, world)| {
        let text = world.explained(gate);
        assert_eq!(world.verdict(gate).state, state, "{text}");
        text
    });
    told.collect::<Vec<_>>().join("\n\n")
}

/// The world of one gate, spoilt.
pub(super) fn with(gate: &GateSpec, spoil: impl Fn(&mut World)) -> World {
    let mut world = World::new(vec![gate.clone()]);
    spoil(&mut world);
    world
}

fn unread(world: &mut World) {
    world.facts = Fact::default();
}

#[test]
fn fresh() {
    let gate = GateSpec::Fresh;
    let old = |world: &mut World| {
        if let Some(last) = &mut world.facts.last {
            last.at = ago(9);
        }
    };
    insta::assert_snapshot!(all(
        "fresh",
        [
            (Open, with(&gate, |_| {})),
            (Unknown, with(&gate, old)),
            (Unknown, with(&gate, unread)),
        ]
    ));
}

#[test]
fn pipeline() {
    let gate = GateSpec::Pipeline(PipelineRule {
        required: vec!["build".to_owned()],
        ..PipelineRule::default()
    });
    let is = |phase: Phase| {
        move |world: &mut World| world.checks().contexts = vec![check("build", phase.clone())]
    };
    insta::assert_snapshot!(all(
        "pipeline",
        [
            (Open, with(&gate, is(Phase::Succeeded))),
            (Closed, with(&gate, is(Phase::Failed))),
            (Waiting, with(&gate, is(Phase::Running))),
            (Unknown, with(&gate, |world| world.known().checks.clear())),
        ]
    ));
}

#[test]
fn path() {
    let gate = GateSpec::Path { from: Before::Next };
    let upstream = |letter: char, phase: Phase| {
        move |world: &mut World| {
            let other = deployment(200, "staging", letter, phase.clone(), 5);
            world.known().deployments.push(other);
        }
    };
    insta::assert_snapshot!(all(
        "path",
        [
            (Open, with(&gate, |_| {})),
            (Closed, with(&gate, upstream(HEAD, Phase::Succeeded))),
            (Waiting, with(&gate, upstream(WANTED, Phase::Running))),
            (Unknown, with(&gate, unread)),
        ]
    ));
}

#[test]
fn soak() {
    let hours = |hours| GateSpec::Soak {
        at_least: SignedDuration::from_hours(hours),
    };
    let left = |world: &mut World| {
        let other = deployment(200, "staging", HEAD, Phase::Succeeded, 5);
        world.known().deployments.push(other);
    };
    insta::assert_snapshot!(all(
        "soak",
        [
            (Open, with(&hours(1), |_| {})),
            (Waiting, with(&hours(4_000), |_| {})),
            (Closed, with(&hours(4_000), left)),
            (Unknown, with(&hours(1), unread)),
        ]
    ));
}

#[test]
fn review() {
    let approvals = |approvals| GateSpec::Review {
        approvals,
        own: false,
    };
    insta::assert_snapshot!(all(
        "review",
        [
            (Open, with(&approvals(1), |_| {})),
            (Closed, with(&approvals(9), |_| {})),
            (Unknown, with(&approvals(1), |world| world.scope = None)),
        ]
    ));
}

#[test]
fn window() {
    let gate = GateSpec::Window;
    let only = |effect, from, to| {
        move |world: &mut World| {
            let (from, to) = (time(from, 0, 0, 0), time(to, 0, 0, 0));
            world.policy.windows = vec![daily("evenings", effect, from, to, "UTC")];
        }
    };
    insta::assert_snapshot!(all(
        "window",
        [
            (Open, with(&gate, |_| {})),
            (Open, with(&gate, only(Allow, 13, 16))),
            (Waiting, with(&gate, only(Allow, 18, 20))),
            (Waiting, with(&gate, only(Deny, 13, 16))),
            (Closed, with(&gate, only(Deny, 0, 0))),
        ]
    ));
}

#[test]
fn held() {
    let gate = GateSpec::Hold;
    let until = |until| World::new(vec![GateSpec::Hold]).held(hold("h1", Cover::default(), until));
    insta::assert_snapshot!(all(
        "hold",
        [
            (Open, with(&gate, |_| {})),
            (Closed, until(None)),
            (Closed, until(Some(later(30)))),
            (Unknown, with(&gate, |world| world.ledger = None)),
        ]
    ));
}

#[test]
fn sign_off() {
    let gate = GateSpec::SignOff {
        roles: vec!["qa".into()],
        distinct: true,
        at_close: crate::domain::signoff::AtClose::Keep,
    };
    let votes = |voice: Voice| move |world: &mut World| world.vote("mia", "qa", voice);
    insta::assert_snapshot!(all(
        "sign-off",
        [
            (Open, with(&gate, votes(Voice::Go))),
            (Closed, with(&gate, votes(Voice::NoGo))),
            (Closed, with(&gate, |_| {})),
            (Unknown, with(&gate, |world| world.ledger = None)),
        ]
    ));
}

#[test]
fn manual() {
    let gate = GateSpec::Manual;
    let put_up = |by: Option<&'static str>| {
        move |world: &mut World| {
            let mut gate = manual_gate("g1", Cover::default(), Openers::Anyone);
            gate.opened = by.map(|name| Opened {
                by: person(name),
                at: ago(5),
                note: "report 12".to_owned(),
            });
            world.book().manual_gates.insert(gate.id.clone(), gate);
        }
    };
    insta::assert_snapshot!(all(
        "manual pen test",
        [
            (Open, with(&gate, put_up(Some("bob")))),
            (Closed, with(&gate, put_up(None))),
        ]
    ));
}

fn asked(gate: &GateSpec, via: Via) -> World {
    with(gate, |world| world.via(via.clone()))
}

fn workflow(git_ref: &str) -> Via {
    Via::Workflow {
        workflow: "release.yml".to_owned(),
        git_ref: git_ref.to_owned(),
        inputs: BTreeMap::new(),
    }
}

/// What waits at the door of the environment, and what is on its way into it.
#[test]
fn forge_at_the_door() {
    let gate = GateSpec::Forge;
    let waiting = |spoil: fn(&mut crate::domain::pipeline::Waiting)| {
        with(&gate, |world| {
            spoil(&mut world.known().runs[0].waiting[0]);
        })
    };
    let job = |world: &mut World| {
        world.policy.nth(0).kind = ForgeKind::GitLab;
        let (job, name) = (JobId(77), "deploy".to_owned());
        world.known().runs[0].waiting[0].door = Door::Job { job, name };
        let name = "deploy".to_owned();
        world.via(Via::Job { name });
    };
    let sending = || Step::Sending {
        owner: "laptop".into(),
    };
    let unanswered = |world: &mut World| {
        let why = "reset".to_owned();
        world.promotion("production", &[sending(), Step::Unknown { why }]);
    };
    insta::assert_snapshot!(all(
        "forge",
        vec![
            (Open, with(&gate, |_| {})),
            (Open, with(&gate, job)),
            (Closed, waiting(|waiting| waiting.may_approve = false)),
            (
                Waiting,
                waiting(|waiting| {
                    waiting.wait_timer = SignedDuration::from_mins(30);
                    waiting.wait_started_at = Some(ago(20));
                })
            ),
            (
                Waiting,
                waiting(|waiting| waiting.wait_timer = SignedDuration::from_mins(30))
            ),
            (Closed, with(&gate, |world| world.known().runs.clear())),
            (Closed, with(&gate, |world| world.known().archived = true)),
            (
                Waiting,
                with(&gate, |world| world.promotion("production", &[sending()]))
            ),
            (Closed, with(&gate, unanswered)),
            (
                Waiting,
                with(&gate, |world| {
                    let running = deployment(50, "production", HEAD, Phase::Running, 3);
                    world.known().deployments.push(running);
                })
            ),
            (Unknown, with(&gate, unread)),
        ]
    ));
}

fn merging(gate: &GateSpec, state: ChangeState, head: char) -> World {
    let way = Via::PullRequest {
        base: "production".to_owned(),
        head: "staging".to_owned(),
        method: MergeMethod::Merge,
    };
    let mut world = asked(gate, way);
    world.known().pull_requests = vec![PullRequest {
        number: PullRequestNumber(40),
        title: "promote".to_owned(),
        author: Some(person("bob")),
        url: "https://forge.test/40".to_owned(),
        head: sha(head),
        head_ref: "staging".to_owned(),
        base_ref: "production".to_owned(),
        raw: state.word().to_owned(),
        state,
        checks: None,
        labels: Vec::new(),
        updated_at: ago(5),
    }];
    world
}

/// Every way in which something is sent, where it may be and where it may not.
#[test]
fn forge_by_each_way() {
    let gate = GateSpec::Forge;
    let may = |way: Via, permission: Permission| {
        let mut world = asked(&gate, way);
        world.known().permission = permission;
        world
    };
    let nameless = |way: Via| {
        let mut world = asked(&gate, way);
        world.candidate = Some(crate::domain::revision::Revision::new(sha(WANTED)));
        world
    };
    let pipeline = || Via::Pipeline {
        git_ref: "main".to_owned(),
        variables: BTreeMap::new(),
    };
    let tag = || Via::Tag {
        name: "deploy-{version}".to_owned(),
    };
    let status = || Via::Status {
        context: "promote/{environment}".to_owned(),
    };
    let protected = |world: &mut World| {
        world.via(Via::Deployment);
        world.known().environments = vec![ForgeEnvironment {
            name: "production".into(),
            id: None,
            required_reviewers: true,
            prevent_self_review: true,
            wait_timer: SignedDuration::from_mins(30),
            branch_policy: true,
        }];
    };
    let drafted = |world: &mut World| {
        world.via(Via::Release);
        world.known().releases[0].draft = true;
    };
    insta::assert_snapshot!(all(
        "forge",
        vec![
            (Open, asked(&gate, workflow("main"))),
            (Closed, nameless(workflow("v{version}"))),
            (Open, asked(&gate, pipeline())),
            (Open, asked(&gate, tag())),
            (Closed, nameless(tag())),
            (Open, asked(&gate, status())),
            (Open, asked(&gate, Via::Deployment)),
            (Closed, may(Via::Deployment, Permission::Read)),
            (Unknown, may(Via::Deployment, Permission::Unknown)),
            (Open, with(&gate, protected)),
            (Open, merging(&gate, ChangeState::Ready, WANTED)),
            (Waiting, merging(&gate, ChangeState::ChecksRunning, WANTED)),
            (Closed, merging(&gate, ChangeState::NeedsReview, WANTED)),
            (Closed, merging(&gate, ChangeState::Ready, HEAD)),
            (
                Unknown,
                merging(&gate, ChangeState::Unknown("odd".to_owned()), WANTED)
            ),
            (Open, with(&gate, drafted)),
            (Closed, asked(&gate, Via::Release)),
            (Open, asked(&gate, Via::Checklist)),
            (Closed, asked(&gate, Via::Forge)),
        ]
    ));
}

/// Going back (P7), where a way has one and where it has none.
#[test]
fn forge_on_the_way_back() {
    let gate = GateSpec::Forge;
    let back = |way: Via, spoil: fn(&mut World)| {
        let mut world = asked(&gate, way);
        world.back = true;
        world.candidate = Some(revision(LIVE, "2.40.3"));
        spoil(&mut world);
        world
    };
    let approval = || Via::Approval { workflow: None };
    let tag = |name: &str| Via::Tag {
        name: name.to_owned(),
    };
    let repeatable = |world: &mut World| {
        let mut ended = run(8700, LIVE, "production");
        ended.waiting.clear();
        ended.phase = Phase::Succeeded;
        world.known().runs.push(ended);
    };
    let again = |world: &mut World| {
        world.policy.nth(0).kind = ForgeKind::GitLab;
        for deployment in &mut world.known().deployments {
            deployment.made_by = Some(Maker {
                run: RunId(8700),
                job: JobId(9),
                name: "deploy production".to_owned(),
            });
        }
    };
    let pull_request = Via::PullRequest {
        base: "production".to_owned(),
        head: "staging".to_owned(),
        method: MergeMethod::Merge,
    };
    let status = Via::Status {
        context: "promote/production".to_owned(),
    };
    insta::assert_snapshot!(all(
        "forge",
        vec![
            (Open, back(Via::Deployment, |_| {})),
            (Open, back(workflow("v{version}"), |_| {})),
            (Closed, back(workflow("main"), |_| {})),
            (Open, back(tag("deploy-{key}"), |_| {})),
            (Closed, back(tag("deploy-{version}"), |_| {})),
            (Open, back(approval(), repeatable)),
            (Closed, back(approval(), |_| {})),
            (
                Closed,
                back(approval(), |world| {
                    world.policy.nth(0).kind = ForgeKind::GitLab;
                })
            ),
            (
                Open,
                back(
                    Via::Job {
                        name: "deploy production".to_owned()
                    },
                    again
                )
            ),
            (Closed, back(Via::Release, |_| {})),
            (Closed, back(pull_request, |_| {})),
            (Closed, back(status, |_| {})),
            (Open, back(Via::Checklist, |_| {})),
            (Closed, back(Via::Forge, |_| {})),
        ]
    ));
}
