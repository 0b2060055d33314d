use super::*;
use crate::domain::act::Handle;
use crate::domain::board::{Basis, Board};
use crate::domain::gate::fixture::{
    LIVE, WANTED, World, ago, deployment, now, revision, scope, sha,
};
use crate::domain::promotion::Step;
use crate::domain::scope::{ScopeRule, TicketPattern};

/// 2.41.0 went to production five minutes ago.
fn world() -> World {
    let mut world = World::new(Vec::new());
    world.book().began = Some(ago(60));
    let mut deployed = deployment(40, "production", WANTED, Phase::Succeeded, 1);
    deployed.created_at = ago(2);
    world.known().deployments.insert(0, deployed);
    let mut rule = ScopeRule::clone(&ScopeRule::usual());
    rule.tickets = vec![TicketPattern::new(r"PAY-\d+").unwrap()];
    world.policy.nth(0).scope = rule.into();
    world.scoped().pull_requests[0].title = "PAY-7 retry".to_owned();
    world
}

fn promoted(world: &mut World) {
    let sending = Step::Sending {
        owner: "here".into(),
    };
    let accepted = Step::Accepted {
        handle: Handle::default(),
    };
    world.promotion("production", &[sending, accepted, Step::Succeeded]);
}

fn traced<T>(world: &World, look: impl FnOnce(&Row, Trace<'_>) -> T) -> T {
    let basis = Basis {
        policy: &world.policy,
        ledger: world.ledger.as_ref(),
        actor: None,
        now: now(),
    };
    let name = "checkout".into();
    let mut board = Board::new(basis, Board::default());
    let facts = world.facts.value().unwrap().clone();
    board.merge(&name, Ok(facts), now(), basis);
    let read = world.scope.as_ref().unwrap().value().unwrap().clone();
    board.scope(&name, (sha(LIVE), sha(WANTED)), Ok(read), now(), basis);
    let row = board.row(&name).unwrap();
    look(
        row,
        of(
            row,
            &"production".into(),
            basis.ledger,
            &basis.policy.windows,
            now(),
        )
        .unwrap(),
    )
}

#[test]
fn a_promotion_is_traced_to_ticket_people_and_journal() {
    let mut world = world();
    world.vote("mia", "qa", Voice::Go);
    // The fixture votes on 2.40.3 > 2.41.0; the promotion keeps that vote.
    promoted(&mut world);
    let seq = world.book().head.0 - 3;
    // Mia's next vote is on something else, and takes the place of the one in the ledger.
    world.candidate = Some(revision('c', "2.42.0"));
    world.vote("mia", "qa", Voice::NoGo);
    traced(&world, |_, trace| {
        assert_eq!(trace.how, How::Promotion);
        assert_eq!(trace.revision, revision(WANTED, "2.41.0"));
        assert_eq!(trace.before, Some(revision(LIVE, "2.40.3")));
        let promotion = trace.promotion.unwrap();
        assert_eq!((promotion.actor.as_str(), promotion.seq.0), ("bob", seq));
        let approved: Vec<_> = trace.approvals().map(|vote| vote.person.as_str()).collect();
        assert_eq!(approved, ["mia"]);
        assert_eq!(trace.tickets[0].name, "PAY-7");
        let reviewers = trace.changes().unwrap().reviewers();
        assert_eq!(reviewers.len(), 3);
    });
}

#[test]
fn a_vote_on_something_else_approves_nothing() {
    let mut world = world();
    world.candidate = Some(revision('c', "2.42.0"));
    world.vote("mia", "qa", Voice::Go);
    promoted(&mut world);
    traced(&world, |_, trace| assert_eq!(trace.approvals().count(), 0));
}

#[test]
fn w5_a_go_that_the_window_had_withdrawn_approves_nothing() {
    use crate::domain::gate::fixture::daily;
    use crate::domain::policy::GateSpec;
    use crate::domain::signoff::AtClose;
    use crate::domain::window::WindowEffect::Deny;
    use jiff::civil::time;
    for (at_close, approvals) in [(AtClose::Keep, 1), (AtClose::Withdraw, 0)] {
        let mut world = world();
        let sign_off = GateSpec::SignOff {
            roles: vec!["qa".into()],
            distinct: true,
            at_close,
        };
        for stage in &mut world.policy.nth(0).path {
            stage.gates = [sign_off.clone()].into();
        }
        // Voted at 04:00, frozen from 05:00 to 06:00, ordered after noon.
        let (from, to) = (time(5, 0, 0, 0), time(6, 0, 0, 0));
        world.policy.windows = vec![daily("backup", Deny, from, to, "UTC")];
        world.vote("mia", "qa", Voice::Go);
        for vote in world.book().votes.values_mut() {
            vote.at = ago(600);
        }
        promoted(&mut world);
        traced(&world, |_, trace| {
            assert_eq!(trace.approvals().count(), approvals, "{at_close:?}");
        });
    }
}

#[test]
fn what_nobody_ordered_here_is_traced_by_the_forge_alone() {
    let mut out_of_band = world();
    out_of_band.known().deployments[0].changed_at = ago(5);
    traced(&out_of_band, |row, trace| {
        assert_eq!(trace.how, How::OutOfBand);
        assert!(trace.promotion.is_none());
        assert_eq!(trace.deployment.creator.as_ref().unwrap().as_str(), "bob");
        assert_eq!(trace.before, Some(revision(LIVE, "2.40.3")));
        assert!(
            trace.changes().is_some(),
            "the changes are known all the same"
        );
        let ends = ends(row, &"production".into(), out_of_band.ledger.as_ref());
        assert_eq!(ends, Some((sha(LIVE), sha(WANTED))));
    });
    let mut before = world();
    before.book().began = Some(ago(0));
    traced(&before, |_, trace| assert_eq!(trace.how, How::History));
    let mut unread = world();
    unread.ledger = None;
    traced(&unread, |_, trace| assert_eq!(trace.how, How::Undecided));
}

#[test]
fn a_first_deployment_came_after_nothing() {
    let mut world = world();
    world
        .known()
        .deployments
        .retain(|known| known.environment.as_str() != "production" || known.sha == sha(WANTED));
    traced(&world, |row, trace| {
        assert_eq!(trace.before, None);
        assert!(trace.changes().is_none() && trace.tickets.is_empty());
        let ends = ends(row, &"production".into(), world.ledger.as_ref());
        assert_eq!(ends, None);
    });
    assert_eq!(scope().base, sha(LIVE));
}
