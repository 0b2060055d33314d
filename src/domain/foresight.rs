//! Foresight: what a cell would say at a later instant if everything stays as it is (W6).
//!
//! The facts are taken along to that instant: nobody can read them before, and by then they will have
//! been read. What is sent is judged again at its start; nothing here permits anything.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::cell::{Cell, Sources};
use super::facts::ServiceFacts;
use super::gate::{Peer, Peers};
use super::ids::{Digest, ServiceName};
use super::ledger::Ledger;
use super::observed::Fact;
use super::policy::Stage;
use super::release::Release;

/// Judges one cell as of `then`, from what is known at `now`.
pub fn judge(sources: Sources<'_>, stage: &Stage, now: Timestamp, then: Timestamp) -> Cell {
    let by = then.duration_since(now).max(SignedDuration::ZERO);
    let facts = taken_along(sources.facts, by);
    let mut seen = sources.seen.clone();
    for round in seen.rounds.values_mut() {
        *round = taken_along(round, by);
    }
    let dependencies = sources.service.depends.iter();
    let peers = dependencies.filter_map(|dependency| {
        let peer = sources.peers.peer(&dependency.service)?;
        Some((dependency.service.clone(), taken_along(peer.facts, by)))
    });
    let peers = Ahead {
        now: sources.peers,
        facts: peers.collect(),
    };
    let sources = Sources {
        facts: &facts,
        seen: &seen,
        peers: &peers,
        ..sources
    };
    Cell::judge(sources, stage, then)
}

fn taken_along<T: Clone>(fact: &Fact<T>, by: SignedDuration) -> Fact<T> {
    let mut fact = fact.clone();
    if let Some(last) = &mut fact.last {
        last.at = last.at.checked_add(by).unwrap_or(last.at);
    }
    fact
}

/// The other services, with the facts of those that are depended on taken along.
#[derive(Debug)]
struct Ahead<'a> {
    now: &'a dyn Peers,
    facts: BTreeMap<ServiceName, Fact<ServiceFacts>>,
}

impl Peers for Ahead<'_> {
    fn peer(&self, service: &ServiceName) -> Option<Peer<'_>> {
        let peer = self.now.peer(service)?;
        Some(Peer {
            facts: self.facts.get(service).unwrap_or(peer.facts),
            ..peer
        })
    }

    fn bound(&self, release: &Release, ledger: &Ledger) -> Result<(Digest, String), String> {
        self.now.bound(release, ledger)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;
    use crate::domain::gate::fixture::{World, ago, daily, hold, later, now};
    use crate::domain::gate::{Alone, Go};
    use crate::domain::hold::Cover;
    use crate::domain::policy::GateSpec;
    use crate::domain::window::WindowEffect::Deny;

    fn foreseen(world: &World, then: Timestamp) -> Vec<String> {
        let sources = Sources {
            policy: &world.policy,
            service: world.service(),
            facts: &world.facts,
            ledger: world.ledger.as_ref(),
            scope: world.scope.as_ref(),
            seen: &world.seen,
            peers: &Alone,
            actor: world.actor.as_ref(),
        };
        let cell = judge(sources, world.stage(), now(), then);
        let blocking = cell.judgement.blocking(then);
        let found: Vec<String> = blocking
            .map(|verdict| format!("{}: {}", verdict.gate, verdict.why))
            .collect();
        assert_eq!(cell.judgement.go == Go::Go, found.is_empty());
        found
    }

    /// Frozen from 16:00 to 18:00; it is 14:00.
    fn world() -> World {
        let mut world = World::new(vec![GateSpec::Window]);
        let freeze = daily(
            "stocktaking",
            Deny,
            time(16, 0, 0, 0),
            time(18, 0, 0, 0),
            "UTC",
        );
        world.policy.windows = vec![freeze];
        world
    }

    #[test]
    fn w6_a_scheduled_promotion_is_judged_for_its_scheduled_time() {
        let world = world();
        assert_eq!(foreseen(&world, now()), [""; 0]);
        // Facts that are ten seconds old now do not count as two hours old then.
        assert_eq!(foreseen(&world, later(119)), [""; 0]);
        assert_eq!(
            foreseen(&world, later(120)),
            ["window: stocktaking; opens 18:00Z"]
        );
        assert_eq!(foreseen(&world, later(240)), [""; 0]);
    }

    #[test]
    fn w6_a_hold_that_ends_before_the_scheduled_time_is_not_in_its_way() {
        let world = world().held(hold("h1", Cover::default(), Some(later(60))));
        assert_eq!(foreseen(&world, later(59)).len(), 1);
        assert_eq!(foreseen(&world, later(60)), [""; 0]);
    }

    #[test]
    fn w5_a_go_that_will_have_ended_with_the_window_is_foreseen() {
        use crate::domain::gate::fixture::World;
        use crate::domain::signoff::{AtClose, Voice};
        use crate::domain::window::WindowEffect::Allow;
        let sign_off = GateSpec::SignOff {
            roles: vec!["qa".into()],
            distinct: true,
            at_close: AtClose::Withdraw,
        };
        let mut world = World::new(vec![GateSpec::Window, sign_off]);
        let (from, to) = (time(13, 0, 0, 0), time(14, 30, 0, 0));
        world.policy.windows = vec![daily("afternoon", Allow, from, to, "UTC")];
        world.vote("mia", "qa", Voice::Go);
        assert_eq!(foreseen(&world, later(29)), [""; 0]);
        let found = foreseen(&world, later(24 * 60));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("1 go from before the window closed"),
            "{found:?}"
        );
    }

    #[test]
    fn w6_facts_that_are_stale_today_are_stale_then() {
        let mut world = world();
        if let Some(last) = &mut world.facts.last {
            last.at = ago(30);
        }
        let found = foreseen(&world, later(30));
        assert!(found[0].starts_with("fresh: "), "{found:?}");
    }
}
