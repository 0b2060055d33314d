//! Policy: who may release what, along which path, through which gates, when, and how. Reading it
//! from TOML lives in `config`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::SignedDuration;

use super::act::MergeMethod;
use super::brake::Brakes;
use super::forge_kind::ForgeKind;
use super::ids::{
    Digest, EnvironmentName, ForgeName, Person, ReleaseName, RepoPath, RoleName, ServiceName,
};
use super::override_::OverrideRule;
use super::release::Release;
use super::risk::RiskRule;
use super::scope::ScopeRule;
use super::window::Window;

mod environments;
mod rules;

pub use environments::EnvironmentModel;
pub use rules::{
    CommandRule, Dependency, Expect, FitsRule, HealthRule, ParityRule, ParitySource, Part, Probe,
    ProbeSource, QualityRule, Task, Verification,
};

/// The whole checked policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Hash of everything that decides; each journal entry carries it.
    pub version: Digest,
    /// Facts older than this are stale.
    pub max_age: SignedDuration,
    pub environments: BTreeMap<EnvironmentName, Environment>,
    /// In the order of the config file.
    pub services: Vec<Service>,
    pub windows: Vec<Window>,
    pub roles: BTreeMap<RoleName, BTreeSet<Person>>,
    /// By name.
    pub releases: Vec<Release>,
}

/// How an environment is to be treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    pub name: EnvironmentName,
    pub tier: String,
    /// A promotion into it asks for its name to be typed.
    pub protected: bool,
    pub mode: Mode,
    /// Who may override its gates.
    pub overrides: OverrideRule,
    /// What follows from how much is at stake.
    pub risk: RiskRule,
    /// How long everybody can see that `auto` is about to promote.
    pub countdown: SignedDuration,
    /// What every service has to show after a deployment into it.
    pub verification: Option<Verification>,
    /// By what a hold becomes the forge's own stop.
    pub brakes: Brakes,
}

/// The countdown where nobody says.
pub const COUNTDOWN: SignedDuration = SignedDuration::from_secs(30);

/// Who starts a promotion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// By itself as soon as all gates open.
    Auto,
    /// By an operator's key.
    #[default]
    Confirm,
    /// Wholly by hand; gonogo keeps the audit.
    Checklist,
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Confirm => "confirm",
            Self::Checklist => "checklist",
        }
    }
}

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

/// How a promotion into an environment is made on the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// Approves the run that waits for the environment; `workflow` narrows it to one workflow file.
    Approval { workflow: Option<String> },
    /// Dispatches a workflow. In `inputs`, `{environment}`, `{revision}`, `{version}` and `{key}`
    /// are replaced; `git_ref` may hold `{version}`.
    Workflow {
        workflow: String,
        git_ref: String,
        inputs: BTreeMap<String, String>,
    },
    /// Creates a deployment of the revision.
    Deployment,
    /// Merges the open pull request from `head` into `base`.
    PullRequest {
        base: String,
        head: String,
        method: MergeMethod,
    },
    /// Starts the job of this name, which waits for a person in the revision's pipeline.
    Job { name: String },
    /// Starts a pipeline; the same is put in as for a workflow.
    Pipeline {
        git_ref: String,
        variables: BTreeMap<String, String>,
    },
    /// Tags the revision; the name holds `{version}`, `{revision}`, `{environment}` or `{key}`.
    Tag { name: String },
    /// Sets a commit status of the revision to success, for which a deployer on the forge waits.
    /// The context may hold `{environment}`.
    Status { context: String },
    /// Publishes the draft release of the revision; without a draft, there is nothing to promote.
    Release,
    /// People do it by their checklist; gonogo sends nothing and records who said so.
    Checklist,
    /// Nothing is promoted through gonogo: it happens on the forge by itself (a push to the branch).
    Forge,
}

impl Via {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Approval { .. } => "approval",
            Self::Workflow { .. } => "workflow",
            Self::Deployment => "deployment",
            Self::PullRequest { .. } => "pull-request",
            Self::Job { .. } => "job",
            Self::Pipeline { .. } => "pipeline",
            Self::Tag { .. } => "tag",
            Self::Status { .. } => "status",
            Self::Release => "release",
            Self::Checklist => "checklist",
            Self::Forge => "forge",
        }
    }
}

/// A gate and its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateSpec {
    Fresh,
    Pipeline(PipelineRule),
    Path {
        any: bool,
    },
    Soak {
        at_least: SignedDuration,
    },
    Review {
        approvals: u32,
        own: bool,
    },
    Window,
    Hold,
    SignOff {
        roles: Vec<RoleName>,
        distinct: bool,
    },
    Forge,
    Manual,
    /// One or several figures.
    Quality(Vec<QualityRule>),
    /// Open issues and pull requests with one of these labels block.
    Blocker {
        labels: Vec<String>,
    },
    /// The service's own `depends`; always there where it has some.
    Depends,
    /// One or several comparisons: a service may add its own to a tier's.
    Parity(Vec<ParityRule>),
    Fits(FitsRule),
    /// The parts that different people play, pairwise distinct.
    FourEyes {
        parts: Vec<Part>,
    },
    Checklist {
        tasks: Vec<Task>,
    },
    /// From this score on, a second approver who has one of the roles.
    Risk {
        second: u32,
        roles: Vec<RoleName>,
    },
    Health(HealthRule),
    /// One or several programs, by a name of its own each.
    Command(Vec<(String, CommandRule)>),
}

/// What the `pipeline` gate asks of each check, by its context. A context that no list names is
/// `required`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineRule {
    /// If not empty, these must exist and succeed.
    pub required: Vec<String>,
    /// Red on any commit since the last deployment to the target closes the gate.
    pub blocking: Vec<String>,
    pub optional: Vec<String>,
    pub ignored: Vec<String>,
}

impl PipelineRule {
    /// Says whether it treats any check unlike the others.
    pub fn names_checks(&self) -> bool {
        [
            &self.required,
            &self.blocking,
            &self.optional,
            &self.ignored,
        ]
        .iter()
        .any(|list| !list.is_empty())
    }
}

impl GateSpec {
    /// The gate's name, the same word in config, on screen and in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Pipeline(_) => "pipeline",
            Self::Path { .. } => "path",
            Self::Soak { .. } => "soak",
            Self::Review { .. } => "review",
            Self::Window => "window",
            Self::Hold => "hold",
            Self::SignOff { .. } => "sign-off",
            Self::Forge => "forge",
            Self::Manual => "manual",
            Self::Quality(_) => "quality",
            Self::Blocker { .. } => "blocker",
            Self::Depends => "depends",
            Self::Parity(_) => "parity",
            Self::Fits(_) => "fits",
            Self::FourEyes { .. } => "four-eyes",
            Self::Checklist { .. } => "checklist",
            Self::Risk { .. } => "risk",
            Self::Health(_) => "health",
            Self::Command(_) => "command",
        }
    }

    /// The programs of a `command` gate.
    pub fn commands_mut(&mut self) -> Option<&mut Vec<(String, CommandRule)>> {
        match self {
            Self::Command(rules) => Some(rules),
            _ => None,
        }
    }

    fn pipeline_rule(&self) -> Option<&PipelineRule> {
        match self {
            Self::Pipeline(rule) => Some(rule),
            _ => None,
        }
    }

    /// Says whether it judges the commits and pull requests between what is live and the candidate.
    pub fn needs_scope(&self) -> bool {
        match self {
            Self::Review { .. } | Self::FourEyes { .. } | Self::Risk { .. } => true,
            Self::Pipeline(rule) => !rule.blocking.is_empty(),
            Self::Fresh
            | Self::Path { .. }
            | Self::Soak { .. }
            | Self::Window
            | Self::Hold
            | Self::SignOff { .. }
            | Self::Forge
            | Self::Manual
            | Self::Quality(_)
            | Self::Blocker { .. }
            | Self::Depends
            | Self::Parity(_)
            | Self::Fits(_)
            | Self::Checklist { .. }
            | Self::Health(_)
            | Self::Command(_) => false,
        }
    }

    /// Says whether only a forge can answer it, so that a service without one is not asked.
    pub fn needs_forge(&self) -> bool {
        match self {
            Self::Pipeline(_)
            | Self::Review { .. }
            | Self::Quality(_)
            | Self::Blocker { .. }
            | Self::Parity(_) => true,
            Self::Fresh
            | Self::Path { .. }
            | Self::Soak { .. }
            | Self::Window
            | Self::Hold
            | Self::SignOff { .. }
            | Self::Forge
            | Self::Manual
            | Self::Depends
            | Self::Fits(_)
            | Self::FourEyes { .. }
            | Self::Risk { .. }
            | Self::Checklist { .. }
            | Self::Health(_)
            | Self::Command(_) => false,
        }
    }

    /// Says whether it is asked of a rollback, which brings back what had passed every gate before.
    /// What holds for anything that moves is asked; what a new revision has to earn is not.
    pub fn is_asked_of_rollbacks(&self) -> bool {
        match self {
            Self::Fresh | Self::Hold | Self::Manual | Self::Forge | Self::Window => true,
            Self::Pipeline(_)
            | Self::Path { .. }
            | Self::Soak { .. }
            | Self::Review { .. }
            | Self::SignOff { .. }
            | Self::Quality(_)
            | Self::Blocker { .. }
            | Self::Depends
            | Self::Parity(_)
            | Self::Fits(_)
            | Self::FourEyes { .. }
            | Self::Checklist { .. }
            | Self::Risk { .. }
            | Self::Health(_)
            | Self::Command(_) => false,
        }
    }

    /// Says whether its answer depends on the instant even if the facts do not change. `fresh` is
    /// not one of them: a search for the earliest go lets facts be as fresh as they are now.
    pub fn changes_with_time(&self) -> bool {
        match self {
            Self::Soak { .. } | Self::Window | Self::Hold | Self::Forge | Self::Fits(_) => true,
            Self::Fresh
            | Self::Pipeline(_)
            | Self::Path { .. }
            | Self::Review { .. }
            | Self::SignOff { .. }
            | Self::Manual
            | Self::Quality(_)
            | Self::Blocker { .. }
            | Self::Depends
            | Self::Parity(_)
            | Self::FourEyes { .. }
            | Self::Checklist { .. }
            | Self::Risk { .. }
            | Self::Health(_)
            | Self::Command(_) => false,
        }
    }
}

impl fmt::Display for GateSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Policy {
    pub fn service(&self, name: &ServiceName) -> Option<&Service> {
        self.services.iter().find(|service| service.name == *name)
    }

    /// Who may override the gates of an environment.
    pub fn override_rule(&self, environment: &EnvironmentName) -> OverrideRule {
        let known = self.environments.get(environment);
        known.map_or_else(OverrideRule::default, |known| known.overrides.clone())
    }

    /// What follows from how much is at stake in a promotion into an environment.
    pub fn risk_rule(&self, environment: &EnvironmentName) -> RiskRule {
        let known = self.environments.get(environment);
        known.map_or_else(RiskRule::default, |known| known.risk.clone())
    }

    pub fn release(&self, name: &ReleaseName) -> Option<&Release> {
        self.releases.iter().find(|release| release.name == *name)
    }

    /// Says whether `person` has `role`. Asked again at the moment of action.
    pub fn has_role(&self, person: &Person, role: &RoleName) -> bool {
        self.roles
            .get(role)
            .is_some_and(|members| members.contains(person))
    }

    pub fn roles_of<'a>(&'a self, person: &'a Person) -> impl Iterator<Item = &'a RoleName> {
        self.roles
            .iter()
            .filter(move |(_, members)| members.contains(person))
            .map(|(role, _)| role)
    }
}

impl Service {
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
                    stage("staging", vec![GateSpec::Path { any: false }]),
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
