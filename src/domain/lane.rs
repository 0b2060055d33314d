//! The lane of a revision: when it was first seen, and when it entered each environment, from build
//! to production. How far it is, not whether it may go on.

use jiff::Timestamp;

use super::deployment::{self, Deployment};
use super::facts::ServiceFacts;
use super::ids::{EnvironmentName, Sha};
use super::phase::Phase;
use super::policy::Service;

/// A revision on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The first time that the forge has anything on it: a run of its pipeline, or a deployment.
    pub first_seen: Option<Timestamp>,
    /// In the order of the path.
    pub stops: Vec<Stop>,
}

/// One environment of the lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    pub environment: EnvironmentName,
    pub state: Reached,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    Never,
    /// It is there now, or was until `until`, when something else came.
    Entered {
        at: Timestamp,
        until: Option<Timestamp>,
    },
    /// It is on its way in, or did not get in.
    Trying {
        since: Timestamp,
        phase: Phase,
    },
}

impl Lane {
    /// Reads what is known of a revision.
    pub fn of(service: &Service, facts: &ServiceFacts, sha: &Sha) -> Self {
        let runs = facts.runs.iter().filter(|run| run.sha == *sha);
        let brought = facts.deployments.iter().filter(|it| it.sha == *sha);
        let seen = runs.map(|run| run.created_at);
        let seen = seen.chain(brought.map(|deployment| deployment.created_at));
        Self {
            first_seen: seen.min(),
            stops: service
                .path
                .iter()
                .map(|stage| Stop {
                    environment: stage.environment.clone(),
                    state: reached(&facts.deployments, &stage.environment, sha),
                })
                .collect(),
        }
    }
}

fn reached(deployments: &[Deployment], environment: &EnvironmentName, sha: &Sha) -> Reached {
    let ours = || {
        deployments
            .iter()
            .filter(|it| it.environment == *environment && it.sha == *sha)
    };
    let live = deployment::live(deployments, environment);
    if let Some(live) = live.filter(|live| live.sha == *sha) {
        return Reached::Entered {
            at: live.since(),
            until: None,
        };
    }
    // What was superseded changed when its successor came; where nothing tells when it came up, it
    // began when it was made.
    let was = ours()
        .filter(|it| matches!(it.phase, Phase::Superseded | Phase::Succeeded))
        .max_by_key(|it| it.created_at);
    if let Some(was) = was {
        return Reached::Entered {
            at: was.live_at.unwrap_or(was.began()),
            until: Some(was.changed_at),
        };
    }
    match ours().max_by_key(|it| it.created_at) {
        Some(newest) => Reached::Trying {
            since: newest.created_at,
            phase: newest.phase.clone(),
        },
        None => Reached::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::gate::fixture::{LIVE, WANTED, World, sha};

    #[test]
    fn a_revision_is_followed_from_its_build_to_where_it_is() {
        let mut world = World::new(Vec::new());
        let service = world.service().clone();
        let facts = world.known().clone();
        let lane = Lane::of(&service, &facts, &sha(WANTED));
        let places: Vec<&str> = lane
            .stops
            .iter()
            .map(|stop| stop.environment.as_str())
            .collect();
        assert_eq!(places, ["dev", "staging", "production"]);
        assert!(lane.first_seen.is_some());
        assert!(
            matches!(lane.stops[1].state, Reached::Entered { until: None, .. }),
            "{lane:?}"
        );
        assert_eq!(lane.stops[2].state, Reached::Never, "{lane:?}");
        let live = Lane::of(&service, &facts, &sha(LIVE));
        assert!(matches!(
            live.stops[2].state,
            Reached::Entered { until: None, .. }
        ));
        let unknown = Lane::of(&service, &facts, &sha('9'));
        assert_eq!(unknown.first_seen, None);
        assert!(
            unknown
                .stops
                .iter()
                .all(|stop| stop.state == Reached::Never)
        );
    }
}
