//! What the repository of one service refuses this token: learned from a definite no, told by the role
//! that the repository names, and forgotten when there is a reason to ask again.
//!
//! What a denial says lives in `domain/denial.rs`; where it closes a way, in `ability.rs`.

use std::collections::BTreeMap;

use super::Engine;
use crate::domain::act::Outcome;
use crate::domain::capability::Capability;
use crate::domain::denial::{self, Denial};
use crate::domain::facts::{Permission, ServiceFacts};
use crate::domain::ids::{EnvironmentName, ForgeName, ServiceName};
use crate::domain::policy::Service;
use crate::domain::promotion::Intent;

/// Of an environment alone, where each has its own rule of who may.
type Place = (ServiceName, Option<EnvironmentName>, Capability);

/// What was refused, and by which role of the token's user.
#[derive(Clone, Debug, Default)]
pub(crate) struct Denied(BTreeMap<Place, (Denial, Permission)>);

/// One thing that the token may not do in the repository of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub capability: Capability,
    /// `None` is every environment.
    pub environment: Option<EnvironmentName>,
    pub denial: Denial,
}

impl Engine {
    /// Takes note of what the forge said to an act: a no that is about the token, or that it may.
    pub(super) fn learn_of_denial(&mut self, intent: &Intent, outcome: &Outcome) {
        let Some(needs) = intent.act.needs() else {
            return;
        };
        let environment = needs
            .is_of_environment()
            .then(|| intent.environment.clone());
        let place = (intent.service.clone(), environment, needs);
        match outcome {
            Outcome::Accepted(_) => {
                self.denied.0.remove(&place);
            }
            Outcome::Rejected {
                why,
                hint,
                denied: true,
                ..
            } => {
                let row = self.board.row(&intent.service);
                let known = row.and_then(|row| Some((row.service.kind, row.facts.value()?)));
                if let Some((kind, facts)) = known {
                    let denial = denial::by_answer(kind, facts, needs, why, hint.as_deref());
                    self.denied.0.insert(place, (denial, facts.permission));
                }
            }
            Outcome::Rejected { .. } | Outcome::NoAnswer { .. } => {}
        }
    }

    /// Why the token may not do something in the repository of a service, as far as is known. A no that
    /// came while its user had another role says nothing any more.
    pub(super) fn denial(
        &self,
        service: &Service,
        environment: Option<&EnvironmentName>,
        needs: Capability,
    ) -> Option<Denial> {
        let facts = self.board.row(&service.name)?.facts.value()?;
        self.denial_by(facts, service, environment, needs)
    }

    fn denial_by(
        &self,
        facts: &ServiceFacts,
        service: &Service,
        environment: Option<&EnvironmentName>,
        needs: Capability,
    ) -> Option<Denial> {
        if let Some(denial) = denial::by_role(service.kind, facts, needs) {
            return Some(denial);
        }
        // Mostly nothing was refused: no place has to be put together to find that.
        if self.denied.0.is_empty() {
            return None;
        }
        let environment = environment.filter(|_| needs.is_of_environment());
        let place = (service.name.clone(), environment.cloned(), needs);
        let (denial, permission) = self.denied.0.get(&place)?;
        (*permission == facts.permission).then(|| denial.clone())
    }

    /// All that the token may not do in the repository of a service, though its forge can.
    pub fn missing(&self, service: &Service) -> Vec<Missing> {
        let identity = self.forges.get(&service.forge);
        let can = identity.and_then(|forge| forge.identity.as_ref());
        let can = |needs: Capability| can.is_none_or(|it| it.capabilities.contains(&needs));
        let mut missing = Vec::new();
        let row = self.board.row(&service.name);
        let Some(facts) = row.and_then(|row| row.facts.value()) else {
            return missing;
        };
        for capability in Capability::ALL.into_iter().filter(|it| can(*it)) {
            let of = |environment: Option<&EnvironmentName>| {
                let denial = self.denial_by(facts, service, environment, capability)?;
                Some(Missing {
                    capability,
                    environment: environment.cloned(),
                    denial,
                })
            };
            match of(None) {
                Some(everywhere) => missing.push(everywhere),
                None if facts.hidden.contains(&capability) => missing.push(Missing {
                    capability,
                    environment: None,
                    denial: denial::unreadable(service.kind, facts, capability),
                }),
                None => {
                    let stages = service.path.iter();
                    missing.extend(stages.filter_map(|stage| of(Some(&stage.environment))));
                }
            }
        }
        missing
    }

    /// Forgets what the repositories of services refused: the operator wants it asked again. Where the
    /// scopes of the token keep it from something, the token is looked at again too.
    pub(crate) fn ask_again(&mut self, services: &[ServiceName]) {
        self.denied
            .0
            .retain(|(service, ..), _| !services.contains(service));
        let forges = services.iter().filter_map(|name| {
            let service = self.policy.service(name)?;
            let identity = self.forges.get(&service.forge)?.identity.as_ref()?;
            let mut acts = Capability::ALL.into_iter().filter(|it| it.changes());
            let lacks = acts.any(|it| !identity.capabilities.contains(&it));
            (lacks && !identity.scopes.is_empty()).then(|| service.forge.clone())
        });
        let forges: Vec<ForgeName> = forges.collect();
        self.schedule.identify_again(&forges);
    }

    /// Forgets what was refused on a forge: the token there is another one, or has other scopes.
    pub(super) fn forget_denials(&mut self, forge: &ForgeName) {
        let policy = &self.policy;
        self.denied.0.retain(|(name, ..), _| {
            let service = policy.service(name);
            service.is_some_and(|service| service.forge != *forge)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::command::Command;
    use crate::app::command::blocked::reason;
    use crate::app::engine::planning::Wish;
    use crate::app::interface::harness;
    use crate::app::msg::Identity;
    use crate::app::request::RefusalKind;
    use crate::app::state::State;
    use crate::domain::act::{Act, Handle};
    use crate::domain::ids::RunId;

    fn state() -> State {
        let mut state = harness::state();
        for forge in state.engine.forges.values_mut() {
            forge.identity = Some(Identity {
                login: "alice".into(),
                scopes: Vec::new(),
                version: None,
                capabilities: Capability::ALL.to_vec(),
            });
        }
        state
    }

    /// What the forge answers to an act on a service.
    fn answered(state: &mut State, service: &str, act: Act, outcome: &Outcome) {
        let now = state.now;
        let (name, environment) = (service.into(), "production".into());
        let wish = Wish::Promote { revision: None };
        let plan = state.engine.plan(&name, &environment, &wish, now);
        let mut intent = plan.expect("a plan").intent;
        intent.act = act;
        state.engine.learn_of_denial(&intent, outcome);
    }

    fn no(denied: bool) -> Outcome {
        Outcome::Rejected {
            status: 403,
            why: "Resource not accessible by personal access token".to_owned(),
            hint: Some("the token lacks: actions=write".to_owned()),
            denied,
        }
    }

    fn lacks(state: &State, service: &str, needs: Capability) -> Option<String> {
        let service = state.engine.policy.service(&service.into()).expect("there");
        let environment = EnvironmentName::from("production");
        let refusal = state.engine.lacks(service, Some(&environment), needs)?;
        assert_eq!(refusal.kind, RefusalKind::Forge);
        Some(format!(
            "{}; {}",
            refusal.why,
            refusal.hint.unwrap_or_default()
        ))
    }

    const CANCEL: Act = Act::Cancel { run: RunId(7) };

    #[test]
    fn a_no_about_the_token_switches_that_off_for_that_service_alone() {
        let mut state = state();
        answered(&mut state, "api", CANCEL, &no(false));
        assert_eq!(
            lacks(&state, "api", Capability::Cancel),
            None,
            "not about the token"
        );
        answered(&mut state, "api", CANCEL, &no(true));
        let why = lacks(&state, "api", Capability::Cancel).expect("lacking");
        for part in [
            "this token may not cancel what runs in acme/api: needs actions: write",
            "the token lacks: actions=write; then r asks again",
        ] {
            assert!(why.contains(part), "{part}: {why}");
        }
        assert_eq!(lacks(&state, "api", Capability::Rerun), None);
        assert_eq!(lacks(&state, "web", Capability::Cancel), None);
        let missing = state.engine.policy.services.iter();
        let missing = missing.map(|service| state.engine.missing(service).len());
        assert_eq!(missing.sum::<usize>(), 1);
    }

    #[test]
    fn a_denied_act_is_struck_out_with_the_reason() {
        let mut state = state();
        harness::on(&mut state, "api", "production");
        answered(&mut state, "api", CANCEL, &no(true));
        let why = reason(&state, Command::Cancel).expect("struck out");
        assert!(why.contains("needs actions: write"), "{why}");
    }

    #[test]
    fn who_may_is_a_matter_of_the_environment_where_each_has_its_rule() {
        let mut state = state();
        let act = Act::Approve {
            run: RunId(7),
            environments: Vec::new(),
            comment: String::new(),
        };
        answered(&mut state, "api", act, &no(true));
        let service = state.engine.policy.service(&"api".into()).expect("there");
        let of = |environment: &str| {
            let environment = EnvironmentName::from(environment);
            state
                .engine
                .lacks(service, Some(&environment), Capability::Approve)
        };
        assert!(of("production").is_some() && of("staging").is_none());
    }

    #[test]
    fn it_comes_back_when_asked_again_when_it_went_and_when_role_or_token_change() {
        let learned = || {
            let mut state = state();
            answered(&mut state, "api", CANCEL, &no(true));
            assert!(lacks(&state, "api", Capability::Cancel).is_some());
            state
        };
        let mut asked = learned();
        asked.engine.ask_again(&["web".into()]);
        assert!(lacks(&asked, "api", Capability::Cancel).is_some());
        asked.engine.ask_again(&["api".into()]);
        assert_eq!(lacks(&asked, "api", Capability::Cancel), None);

        let mut went = learned();
        let row = went.engine.policy.services[0].clone();
        let intent_of = Outcome::Accepted(Handle::default());
        answered(&mut went, row.name.as_str(), CANCEL, &intent_of);
        assert_eq!(lacks(&went, "api", Capability::Cancel), None);

        let mut promoted = learned();
        for row in &mut promoted.engine.board.rows {
            row.facts.last.as_mut().expect("facts").value.permission = Permission::Admin;
        }
        assert_eq!(lacks(&promoted, "api", Capability::Cancel), None);

        let mut other = learned();
        let forges: Vec<ForgeName> = other.engine.forges.keys().cloned().collect();
        for forge in &forges {
            other.engine.forget_denials(forge);
        }
        assert_eq!(lacks(&other, "api", Capability::Cancel), None);
    }

    #[test]
    fn who_may_only_read_is_told_so_before_anything_is_tried() {
        let mut state = state();
        for row in &mut state.engine.board.rows {
            row.facts.last.as_mut().expect("facts").value.permission = Permission::Read;
        }
        let why = lacks(&state, "api", Capability::Rerun).expect("lacking");
        assert!(why.contains("its user may only read there"), "{why}");
        assert_eq!(lacks(&state, "api", Capability::Log), None);
    }
}
