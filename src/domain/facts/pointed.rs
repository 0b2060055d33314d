//! Environments that a branch or a tag stands for: neither tells when it was moved, nor where it was
//! before. What an earlier read of the same service knew of that goes on to be known, whichever process
//! read it. How one process watches them lives in `forge/modelled/pointers.rs`.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::ServiceFacts;
use crate::domain::deployment::{self, Deployment};
use crate::domain::ids::EnvironmentName;
use crate::domain::policy::EnvironmentModel;

/// How many places of one pointer are remembered.
const MOST: usize = 10;

impl ServiceFacts {
    /// Goes on from `known`, which was asked for at `before`, with what was read at `now`.
    ///
    /// A pointer that stands where it stood keeps its instant. One that has moved since did so after
    /// `before`; it is dated `now`: soaking too long is better than too short.
    pub fn go_on_from(
        &mut self,
        known: &Self,
        model: &EnvironmentModel,
        (before, now): (Timestamp, Timestamp),
    ) {
        if !model.is_watched() {
            return;
        }
        let pointed = |one: &&Deployment| one.git_ref == model.of(&one.environment);
        let environments: BTreeSet<EnvironmentName> = self
            .deployments
            .iter()
            .filter(pointed)
            .map(|one| one.environment.clone())
            .collect();
        for environment in environments {
            let of_it = |one: &&Deployment| pointed(one) && one.environment == environment;
            let known: Vec<&Deployment> = known.deployments.iter().filter(of_it).collect();
            let was = known.iter().max_by_key(|one| (one.created_at, one.id));
            let (Some(was), Some(stands)) =
                (was, deployment::live(&self.deployments, &environment))
            else {
                continue;
            };
            let stands = stands.id;
            let moved = was.id != stands;
            for earlier in &known {
                let mut read = self.deployments.iter_mut();
                match read.find(|one| one.id == earlier.id) {
                    Some(one) if one.changed_at < earlier.changed_at => {
                        (one.created_at, one.changed_at) = (earlier.created_at, earlier.changed_at);
                    }
                    Some(_) => {}
                    None => self.deployments.push((*earlier).clone()),
                }
            }
            let others = self.deployments.iter().filter(of_it);
            let others = others.filter(|one| one.id != stands);
            let newest = others.map(|one| one.changed_at).max();
            let last = self.deployments.iter_mut().find(|one| one.id == stands);
            if let Some(last) = last {
                if moved && last.changed_at < before {
                    (last.created_at, last.changed_at) = (now, now);
                }
                // By another clock than ours it may seem older than what it came after.
                let after = newest.map(|newest| newest + SignedDuration::from_secs(1));
                if let Some(after) = after.filter(|after| last.changed_at < *after) {
                    (last.created_at, last.changed_at) = (after, after);
                }
            }
            self.deployments
                .sort_by_key(|one| std::cmp::Reverse((one.created_at, one.id)));
            let mut kept = 0;
            self.deployments.retain(|one| {
                kept += usize::from(of_it(&one));
                !of_it(&one) || kept <= MOST
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::gate::fixture::{World, ago, deployment, now};
    use crate::domain::ids::Sha;
    use crate::domain::phase::Phase;

    fn model() -> EnvironmentModel {
        EnvironmentModel::Release {
            tag: Some("deployed/{environment}".to_owned()),
        }
    }

    /// Where a tag stood, newest first, each with the minutes since it came there.
    fn facts(places: &[(u64, char, i64)]) -> ServiceFacts {
        let mut facts = World::new(Vec::new()).known().clone();
        let place = |(id, letter, minutes): &(u64, char, i64)| Deployment {
            git_ref: Some("deployed/production".to_owned()),
            created_at: ago(*minutes),
            ..deployment(*id, "production", *letter, Phase::Succeeded, *minutes)
        };
        facts.deployments = places.iter().map(place).collect();
        facts
    }

    fn go_on(known: &ServiceFacts, mut read: ServiceFacts) -> ServiceFacts {
        read.go_on_from(known, &model(), (ago(5), now()));
        read
    }

    fn live(facts: &ServiceFacts) -> (Sha, Timestamp) {
        let live = deployment::live(&facts.deployments, &"production".into()).unwrap();
        (live.sha.clone(), live.changed_at)
    }

    #[test]
    fn what_stands_where_it_was_seen_to_come_keeps_that_instant_and_what_was_before_it() {
        let seen = facts(&[(2, 'b', 12), (1, 'a', 900)]);
        // Another process dates it by its commit, and knows nothing of what was before.
        let read = go_on(&seen, facts(&[(2, 'b', 400)]));
        assert_eq!(read, seen);
        assert!(!read.lags_behind(&seen, &[&"production".into()]));
        assert_eq!(go_on(&read, read.clone()), read);
    }

    #[test]
    fn what_moved_while_nobody_looked_came_after_that() {
        let seen = facts(&[(2, 'b', 12), (1, 'a', 900)]);
        let read = go_on(&seen, facts(&[(3, 'c', 400)]));
        assert_eq!(live(&read), (Sha::from("c".repeat(40)), now()));
        assert_eq!(read.deployments.len(), 3);
        // Back to where it was before.
        let read = go_on(&seen, facts(&[(1, 'a', 900)]));
        assert_eq!(live(&read), (Sha::from("a".repeat(40)), now()));
        assert_eq!(read.deployments.len(), 2);
        // Who watched it move knows better when that was.
        let read = go_on(&seen, facts(&[(3, 'c', 2), (2, 'b', 12)]));
        assert_eq!(live(&read), (Sha::from("c".repeat(40)), ago(2)));
    }

    #[test]
    fn another_clock_does_not_turn_the_order_round() {
        let seen = facts(&[(2, 'b', -3)]);
        let read = go_on(&seen, facts(&[(3, 'c', 1)]));
        assert_eq!(live(&read).0, Sha::from("c".repeat(40)));
    }

    #[test]
    fn so_many_places_are_remembered_and_those_of_another_model_are_not() {
        let many: Vec<(u64, char, i64)> = (1..=MOST as u64)
            .map(|id| (id, 'b', 2000 - 10 * i64::try_from(id).unwrap()))
            .collect();
        let read = go_on(&facts(&many), facts(&[(90, 'c', 1)]));
        assert_eq!(read.deployments.len(), MOST);
        assert_eq!(live(&read).0, Sha::from("c".repeat(40)));
        let mut others = facts(&[(2, 'b', 12)]);
        others.deployments[0].git_ref = Some("main".to_owned());
        let read = go_on(&others, facts(&[(3, 'c', 400)]));
        assert_eq!(read, facts(&[(3, 'c', 400)]));
        // What a forge records itself is as it says.
        let mut read = facts(&[(2, 'b', 400)]);
        let seen = facts(&[(2, 'b', 12)]);
        read.go_on_from(&seen, &EnvironmentModel::Native, (ago(5), now()));
        assert_eq!(read, facts(&[(2, 'b', 400)]));
    }
}
