use super::*;
use crate::domain::act::{Act, Handle};
use crate::domain::deployment;
use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::gate::fixture::{World, ago, person};
use crate::domain::ids::{InstanceId, Seq};
use crate::domain::policy::{BY_HAND, Via};
use crate::domain::promotion::{Intent, Step};
use crate::domain::revision::Revision;

/// `checkout` without a forge, and promotions of it into production: id, revision, minutes ago.
fn world(done: &[(&str, &str, i64)]) -> World {
    let mut world = World::new(Vec::new());
    let service = world.policy.nth(0);
    service.forge = BY_HAND.into();
    service.revision = Some("2026.48".to_owned());
    for stage in &mut service.path {
        stage.via = Via::Checklist;
    }
    for (id, revision, minutes) in done {
        let intent = Intent {
            id: IntentId::from(*id),
            purpose: Purpose::Promotion,
            service: "checkout".into(),
            environment: "production".into(),
            from: None,
            to: Revision {
                sha: Sha::new(revision),
                version: Some((*revision).to_owned()),
            },
            act: Act::ByHand,
            reason: "weekly".to_owned(),
            digest: Digest::of(["seen"]),
            replaces: None,
            release: None,
            overrides: Vec::new(),
            rollback: false,
            verify: true,
        };
        write(world.book(), ago(*minutes), Event::Intended { intent });
        let owner = InstanceId::from("here");
        let handle = Handle::default();
        for step in [
            Step::Sending { owner },
            Step::Accepted { handle },
            Step::Succeeded,
        ] {
            let id = IntentId::from(*id);
            let purpose = Purpose::Promotion;
            write(
                world.book(),
                ago(*minutes),
                Event::Stepped { id, purpose, step },
            );
        }
    }
    world
}

fn write(ledger: &mut Ledger, at: Timestamp, event: Event) {
    let seq = Seq(ledger.head.0 + 1);
    ledger.apply(&Entry {
        seq,
        draft: Draft {
            at,
            actor: person("mia"),
            service: Some("checkout".into()),
            environment: Some("production".into()),
            revision: None,
            reason: None,
            policy: Digest::of(["policy"]),
            event,
        },
        previous: Digest::from(""),
        hash: Digest::of([seq.to_string().as_str()]),
    });
}

fn made(world: &World) -> ServiceFacts {
    facts(&world.policy.services[0], world.ledger.as_ref().unwrap())
}

#[test]
fn what_people_said_they_promoted_is_live_and_the_one_before_was_superseded_by_it() {
    let world = world(&[("gng-a", "2026.46", 90), ("gng-b", "2026.47", 30)]);
    let made = made(&world);
    let live = deployment::live(&made.deployments, &"production".into()).unwrap();
    assert_eq!(live.sha.as_str(), "2026.47");
    assert_eq!(live.creator, Some(person("mia")));
    assert_eq!((live.created_at, live.changed_at), (ago(30), ago(30)));
    let before = &made.deployments[1];
    assert_eq!(before.phase, Phase::Superseded);
    assert_eq!((before.created_at, before.changed_at), (ago(90), ago(30)));
    assert_eq!(made.head.as_ref().unwrap().sha.as_str(), "2026.48");
    assert_eq!(made.version_of(&live.sha), Some("2026.47"));
}

#[test]
fn a_revision_that_came_back_is_live_again_under_a_number_of_its_own() {
    let world = world(&[
        ("gng-a", "2026.46", 90),
        ("gng-b", "2026.47", 60),
        ("gng-c", "2026.46", 30),
    ]);
    let made = made(&world);
    let live = deployment::live(&made.deployments, &"production".into()).unwrap();
    assert_eq!(live.sha.as_str(), "2026.46");
    let numbers: BTreeSet<DeploymentId> = made.deployments.iter().map(|one| one.id).collect();
    assert_eq!(numbers.len(), 3);
    // And the same on another machine.
    let again = facts(&world.policy.services[0], world.ledger.as_ref().unwrap());
    assert_eq!(again, made);
}

#[test]
fn an_empty_journal_knows_what_is_to_be_released_and_nothing_else() {
    let mut world = world(&[]);
    world.book();
    let made = made(&world);
    assert!(made.deployments.is_empty());
    assert_eq!(made.releases.len(), 1);
}
