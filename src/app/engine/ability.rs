//! What a forge has said that it cannot do, or that our token may not: told before anything is written
//! down or sent. What one repository refuses the token, and how that is learned, is in `denied.rs`.

use super::{Engine, ForgeState};
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::act::Act;
use crate::domain::capability::Capability;
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Service;

impl Engine {
    /// Says why an act is none for the forge of a service, where it has said what it can.
    pub(super) fn may_be_asked(
        &self,
        service: &Service,
        environment: &EnvironmentName,
        act: &Act,
    ) -> Result<(), Refusal> {
        let lacking = act
            .needs()
            .and_then(|needs| self.lacks(service, Some(environment), needs));
        lacking.map_or(Ok(()), Err)
    }

    /// Says whether the forges of these services have told what they can, or are in trouble.
    pub fn abilities_are_known(&self, services: &[ServiceName]) -> bool {
        let mut forges = services.iter().filter_map(|name| {
            let service = self.policy.service(name)?;
            self.forges.get(&service.forge)
        });
        let is_known = |forge: &ForgeState| forge.identity.is_some() || forge.fault.is_some();
        self.offline || forges.all(is_known)
    }

    /// Says that the forge of a service lacks what is needed of it, or that the token may not do it in
    /// its repository. Before they have told, nobody knows that anything is lacking.
    pub fn lacks(
        &self,
        service: &Service,
        environment: Option<&EnvironmentName>,
        needs: Capability,
    ) -> Option<Refusal> {
        let denied = || {
            let denial = self.denial(service, environment, needs)?;
            let why = format!("{}: {}", service.forge, denial.why);
            Some(Refusal::new(RefusalKind::Forge, why).hint(denial.hint))
        };
        self.forge_lacks(service, needs).or_else(denied)
    }

    fn forge_lacks(&self, service: &Service, needs: Capability) -> Option<Refusal> {
        let identity = self.forges.get(&service.forge)?.identity.as_ref()?;
        if identity.capabilities.contains(&needs) {
            return None;
        }
        let (forge, deed) = (&service.forge, needs.deed());
        let version = identity.version.as_deref();
        let refuse = |why: String, hint: &str| {
            Some(Refusal::new(RefusalKind::Forge, format!("{forge}: {why}")).hint(hint))
        };
        let title = service.kind.title();
        match service.kind {
            // Their scopes are not told: what they lack, the server lacks.
            ForgeKind::Forgejo => refuse(
                format!("{} cannot {deed} through its API", version.unwrap_or(title)),
                "do it on the forge's own page: o opens it",
            ),
            ForgeKind::GitHub | ForgeKind::GitLab => {
                let server = version.map_or_else(|| title.to_owned(), |it| format!("{title} {it}"));
                let scopes = match identity.scopes.as_slice() {
                    [] => "it has no scope for that".to_owned(),
                    scopes => format!("its scopes are {}", scopes.join(", ")),
                };
                let login = &identity.login;
                let hint = match service.kind {
                    ForgeKind::GitLab => "give the token the scope `api`",
                    ForgeKind::GitHub | ForgeKind::Forgejo => "give the token the scope `repo`",
                };
                refuse(
                    format!("the token of {login} may not {deed} ({server}): {scopes}"),
                    hint,
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::app::command::Command;
    use crate::app::command::blocked::reason;
    use crate::app::engine::planning::Wish;
    use crate::app::interface::harness;
    use crate::app::msg::Identity;
    use crate::app::state::State;
    use crate::domain::capability::Capability;
    use crate::domain::forge_kind::ForgeKind;

    use super::*;

    /// A board whose forge, of a kind, has said what it can.
    fn told(kind: ForgeKind, version: Option<&str>, scopes: &[&str], can: &[Capability]) -> State {
        let mut state = harness::state();
        for row in &mut state.engine.board.rows {
            std::sync::Arc::make_mut(&mut row.service).kind = kind;
        }
        for forge in state.engine.forges.values_mut() {
            forge.identity = Some(Identity {
                login: "alice".into(),
                scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
                version: version.map(str::to_owned),
                capabilities: can.to_vec(),
            });
        }
        state
    }

    fn refusal(state: &mut State, wish: &Wish) -> Option<Refusal> {
        let now = state.now;
        let plan = state
            .engine
            .plan(&"api".into(), &"production".into(), wish, now);
        plan.err()
    }

    #[test]
    fn a_forge_that_cannot_is_refused_with_its_version_before_anything_is_planned() {
        let promote = Wish::Promote { revision: None };
        let mut able = told(ForgeKind::GitHub, None, &[], &Capability::ALL);
        assert_eq!(refusal(&mut able, &promote), None);
        let mut old = told(ForgeKind::Forgejo, Some("Forgejo 7.0.1"), &[], &[]);
        let refused = refusal(&mut old, &promote).unwrap();
        assert_eq!(refused.kind, RefusalKind::Forge);
        assert!(
            refused.why.contains("Forgejo 7.0.1 cannot"),
            "{}",
            refused.why
        );
        let mut weak = told(ForgeKind::GitLab, Some("18.2.0"), &["read_api"], &[]);
        let refused = refusal(&mut weak, &promote).unwrap();
        assert!(
            refused.why.contains("the token of alice may not")
                && refused.why.contains("GitLab 18.2.0")
                && refused.why.contains("read_api"),
            "{}",
            refused.why
        );
        assert!(refused.hint.unwrap().contains("`api`"));
    }

    #[test]
    fn keys_are_struck_out_with_what_the_server_lacks() {
        let able = told(ForgeKind::GitHub, None, &[], &Capability::ALL);
        let old = told(ForgeKind::Forgejo, Some("Forgejo 7.0.1"), &[], &[]);
        for (command, deed) in [
            (Command::Rerun, "run a run again"),
            (Command::Cancel, "cancel what runs"),
            (Command::Promote, ""),
        ] {
            let why = reason(&old, command).unwrap();
            assert!(why.contains("Forgejo 7.0.1 cannot"), "{command:?}: {why}");
            assert!(why.contains(deed), "{command:?}: {why}");
            let why = reason(&able, command).unwrap_or_default();
            assert!(!why.contains("cannot"), "{command:?}: {why}");
        }
    }

    #[test]
    fn what_is_not_known_yet_is_not_lacking() {
        let mut state = harness::state();
        for forge in state.engine.forges.values_mut() {
            forge.identity = None;
        }
        assert_eq!(refusal(&mut state, &Wish::Promote { revision: None }), None);
    }
}
