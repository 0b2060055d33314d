//! What operators order of a release: votes on it, its start, what it leaves behind, taking its
//! driving over, its end.

use super::super::policy::TONIGHT;
use super::super::world::World;
use crate::app::request::Request;
use crate::domain::ids::{ReleaseName, ServiceName};
use crate::domain::signoff::Voice;

impl World {
    pub(super) fn releases(&mut self, who: usize) {
        let name = ReleaseName::from(TONIGHT);
        let operator = &self.operators[who];
        let Some(state) = &operator.state else {
            return;
        };
        let now = state.now;
        let Some(release) = state.engine.policy.release(&name) else {
            return;
        };
        let decision = state.engine.decision(release, now);
        let seen = decision.bound.clone();
        let stuck = decision.stuck.clone();
        let goes_on = decision.run.map(|run| run.driver.clone());
        let voted = decision.tally.is_go();
        let mine = release
            .roles
            .iter()
            .find(|role| state.engine.policy.has_role(&operator.person, role))
            .cloned();
        let orphan = goes_on
            .as_ref()
            .is_some_and(|driver| !self.alive().contains(driver));
        let services = release.waves.concat();
        let ledger = state.engine.ledger.as_ref();
        let gone = |service: &&ServiceName| {
            ledger.is_some_and(|ledger| ledger.dropped(&name, service).is_some())
        };
        let dropped = services.iter().find(gone).cloned();
        if self.chance.percent(12) {
            let reason = "tonight".to_owned();
            let request = match dropped {
                Some(service) if self.chance.percent(60) => Request::RestoreService {
                    release: name,
                    service,
                    reason,
                },
                _ => {
                    let Some(service) = self.chance.pick(&services).cloned() else {
                        return;
                    };
                    Request::DropService {
                        release: name,
                        service,
                        reason,
                    }
                }
            };
            self.say(|world| format!("{} orders {request:?}", world.operators[who].instance));
            self.ask(who, request);
            return;
        }
        let request = match (goes_on, mine) {
            (None, Some(role)) if !voted || self.chance.percent(10) => Request::VoteRelease {
                release: name,
                role,
                voice: self.says(),
                note: "seen".to_owned(),
                seen,
            },
            (None, _) => Request::StartRelease {
                release: name,
                seen,
                reason: "tonight".to_owned(),
                skip: if self.chance.percent(80) {
                    stuck
                } else {
                    Vec::new()
                },
            },
            (Some(_), _) if orphan || self.chance.percent(20) => {
                Request::ResumeRelease { release: name }
            }
            (Some(_), Some(role)) if self.chance.percent(20) => Request::VoteRelease {
                release: name,
                role,
                voice: self.says(),
                note: "seen".to_owned(),
                seen,
            },
            (Some(_), _) if self.chance.percent(8) => Request::CancelRelease {
                release: name,
                reason: "enough for tonight".to_owned(),
            },
            (Some(_), _) => return,
        };
        self.say(|world| format!("{} orders {request:?}", world.operators[who].instance));
        self.ask(who, request);
    }

    fn says(&mut self) -> Voice {
        if self.chance.percent(90) {
            Voice::Go
        } else {
            Voice::NoGo
        }
    }
}
