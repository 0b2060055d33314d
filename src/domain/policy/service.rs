//! A service and its path: the environments that it goes through, in order, and what its gates need to
//! have read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{
    Dependency, EnvironmentModel, GateSpec, Mode, ParitySource, PipelineRule, Task, Verification,
    Via,
};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{EnvironmentName, ForgeName, RepoPath, RoleName, ServiceName};
use crate::domain::scope::ScopeRule;
use crate::domain::signoff::AtClose;

/// One service and its way to production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: ServiceName,
    pub forge: ForgeName,
    /// What that forge is.
    pub kind: ForgeKind,
    pub repo: RepoPath,
    /// Where its deployments are read.
    pub environments: EnvironmentModel,
    /// The branch that is released; `None` means the repository's default branch.
    pub branch: Option<String>,
    /// What is to be released of a service without a forge, by any name that people give it.
    pub revision: Option<String>,
    pub group: Option<String>,
    /// What must be in an environment before this service goes there.
    pub depends: Vec<Dependency>,
    /// What is looked for in its scopes.
    pub scope: Arc<ScopeRule>,
    /// At least one; the order is the order of promotion.
    pub path: Vec<Stage>,
}

/// Stands for the forge of a service that has none: people release it by their checklists, and the
/// journal keeps what is where.
pub const BY_HAND: &str = "by hand";

impl Service {
    /// Everything that decides what is asked of its forge, in one text: facts that were read by another
    /// are no facts of this one.
    pub fn asked(&self) -> String {
        let path: Vec<&str> = self
            .path
            .iter()
            .map(|stage| stage.environment.as_str())
            .collect();
        let of = (&self.kind, &self.repo, &self.branch, &self.environments);
        let named = (self.names_checks(), self.wants_reports());
        let wanted = (self.blocking_labels(), self.wants_payloads());
        format!("{of:?} {path:?} {:?} {named:?} {wanted:?}", self.doors())
    }

    pub fn stage(&self, environment: &EnvironmentName) -> Option<&Stage> {
        self.path
            .iter()
            .find(|stage| stage.environment == *environment)
    }

    /// Returns the environment before `environment` on the path; `None` for the first.
    pub fn upstream(&self, environment: &EnvironmentName) -> Option<&Stage> {
        let place = self
            .path
            .iter()
            .position(|stage| stage.environment == *environment)?;
        self.path.get(place.checked_sub(1)?)
    }

    /// Says whether it has no forge at all.
    pub fn is_by_hand(&self) -> bool {
        self.forge.as_str() == BY_HAND
    }

    /// Says whether a rule of the path names checks, so that they must be read one by one.
    pub fn names_checks(&self) -> bool {
        self.pipeline_rules().any(PipelineRule::names_checks) || self.wants_reports()
    }

    /// Returns the jobs that let a revision into an environment, where the way of promotion is one.
    pub fn doors(&self) -> BTreeMap<EnvironmentName, String> {
        let doors = self.path.iter().filter_map(|stage| match &stage.via {
            Via::Job { name } => Some((stage.environment.clone(), name.clone())),
            _ => None,
        });
        doors.collect()
    }

    /// Says whether a gate judges what checks report in words.
    pub fn wants_reports(&self) -> bool {
        self.gates()
            .any(|gate| matches!(gate, GateSpec::Quality(_)))
    }

    /// Returns the labels with which an open issue or pull request blocks somewhere on the path.
    pub fn blocking_labels(&self) -> BTreeSet<&str> {
        self.gates()
            .filter_map(|gate| match gate {
                GateSpec::Blocker { labels } => Some(labels),
                _ => None,
            })
            .flatten()
            .map(String::as_str)
            .collect()
    }

    /// Says whether a gate compares what deployments declare.
    pub fn wants_payloads(&self) -> bool {
        self.gates().any(|gate| {
            let GateSpec::Parity(rules) = gate else {
                return false;
            };
            rules
                .iter()
                .any(|rule| rule.source == ParitySource::Payload)
        })
    }

    /// Says whether a rule of the path judges the checks of every commit in scope.
    pub fn blocks_on_checks(&self) -> bool {
        self.pipeline_rules().any(|rule| !rule.blocking.is_empty())
    }

    fn pipeline_rules(&self) -> impl Iterator<Item = &PipelineRule> {
        self.gates().filter_map(GateSpec::pipeline_rule)
    }

    fn gates(&self) -> impl Iterator<Item = &GateSpec> {
        self.path.iter().flat_map(|stage| stage.gates.iter())
    }
}

/// One environment of a service's path: what may enter it, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub environment: EnvironmentName,
    /// In the order in which they are shown; `fresh`, `hold`, `manual` and `forge` are always there.
    /// Shared, because a thousand services mostly have their tier's.
    pub gates: Arc<[GateSpec]>,
    pub via: Via,
    /// Who starts a promotion into it.
    pub mode: Mode,
    /// What has to be seen after a deployment; `None` takes the forge's word for it.
    pub verification: Option<Verification>,
}

impl Stage {
    /// The tasks that are attested before a promotion.
    pub fn tasks(&self) -> &[Task] {
        let list = self.gates.iter().find_map(|gate| match gate {
            GateSpec::Checklist { tasks } => Some(tasks.as_slice()),
            _ => None,
        });
        list.unwrap_or_default()
    }

    /// The tasks that verify a deployment.
    pub fn verifying_tasks(&self) -> &[Task] {
        let rule = self.verification.as_ref();
        rule.map_or(&[], |rule| rule.tasks.as_slice())
    }

    /// What becomes of a go when the window closes: the stricter word of its sign-offs.
    pub fn at_close(&self) -> AtClose {
        let asked = self.gates.iter().filter_map(|gate| match gate {
            GateSpec::SignOff { at_close, .. } => Some(*at_close),
            _ => None,
        });
        asked.max().unwrap_or_default()
    }

    /// The roles whose go its gates ask for: each of a sign-off's, any of a second approver's.
    pub fn roles_asked(&self) -> impl Iterator<Item = &RoleName> {
        let asked = self.gates.iter().filter_map(|gate| match gate {
            GateSpec::SignOff { roles, .. } | GateSpec::Risk { roles, .. } => Some(roles),
            _ => None,
        });
        let mut roles: Vec<&RoleName> = Vec::new();
        for role in asked.flatten() {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        roles.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Before;

    #[test]
    fn checks_are_wanted_by_name_where_a_rule_of_the_path_names_one() {
        let service = |rule: PipelineRule| {
            let stage = |environment: &str, gates: Vec<GateSpec>| Stage {
                environment: environment.into(),
                gates: gates.into(),
                via: Via::Forge,
                mode: Mode::default(),
                verification: None,
            };
            Service {
                name: "checkout".into(),
                forge: "github".into(),
                kind: ForgeKind::GitHub,
                repo: "acme/checkout".into(),
                environments: EnvironmentModel::Native,
                branch: None,
                revision: None,
                group: None,
                depends: Vec::new(),
                scope: ScopeRule::usual(),
                path: vec![
                    stage("staging", vec![GateSpec::Path { from: Before::Next }]),
                    stage("production", vec![GateSpec::Pipeline(rule)]),
                ],
            }
        };
        let asks = |rule| {
            let service = service(rule);
            (service.names_checks(), service.blocks_on_checks())
        };
        let names = || vec!["e2e".to_owned()];
        let none = PipelineRule::default;
        assert_eq!(asks(none()), (false, false));
        for (rule, blocks) in [
            (
                PipelineRule {
                    required: names(),
                    ..none()
                },
                false,
            ),
            (
                PipelineRule {
                    blocking: names(),
                    ..none()
                },
                true,
            ),
            (
                PipelineRule {
                    optional: names(),
                    ..none()
                },
                false,
            ),
            (
                PipelineRule {
                    ignored: names(),
                    ..none()
                },
                false,
            ),
        ] {
            assert_eq!(asks(rule), (true, blocks));
        }
    }
}
