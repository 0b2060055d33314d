//! Where the deployments of a service's environments are read: the forge's own records, or what
//! stands for them on a forge (or in a repository) that keeps none.

use crate::domain::deployment::Deployment;
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::EnvironmentName;
use crate::domain::pipeline::Run;

/// How the environments of a service are modelled. `{environment}` in a pattern is put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvironmentModel {
    /// The forge's own environments and deployments.
    Native,
    /// A commit status of this context on what was deployed: pending is in progress, success is
    /// live, failure has failed. The newest success on recent commits is live.
    Status { context: String },
    /// What this branch points at is live.
    Branch { branch: String },
    /// What the tag of this name points at is live. Without one, releases tell: the newest full
    /// release is live in the last environment of the path, the newest pre-release in those before.
    Release { tag: Option<String> },
    /// The commit of the newest successful run of this workflow is live.
    Run { workflow: String },
}

impl EnvironmentModel {
    pub const STATUS: &str = "deploy/{environment}";
    pub const BRANCH: &str = "env/{environment}";
    pub const WORKFLOW: &str = "deploy-{environment}.yml";

    /// What is put in for the environment.
    const ENVIRONMENT: &str = "{environment}";

    /// The model of a forge where the config names none.
    pub fn usual(kind: ForgeKind) -> Self {
        match kind {
            ForgeKind::GitHub | ForgeKind::GitLab => Self::Native,
            ForgeKind::Forgejo => Self::Status {
                context: Self::STATUS.to_owned(),
            },
        }
    }

    /// The word of the config file.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Status { .. } => "status",
            Self::Branch { .. } => "branch",
            Self::Release { .. } => "release",
            Self::Run { .. } => "run",
        }
    }

    /// Says whether what stands for an environment moves at once, and tells nothing of how long that took.
    pub fn is_pointer(&self) -> bool {
        match self {
            Self::Branch { .. } | Self::Release { .. } => true,
            Self::Native | Self::Status { .. } | Self::Run { .. } => false,
        }
    }

    /// Says whether only who watches what stands for an environment can tell when it moved.
    pub fn is_watched(&self) -> bool {
        match self {
            Self::Branch { .. } | Self::Release { tag: Some(_) } => true,
            Self::Release { tag: None } | Self::Native | Self::Status { .. } | Self::Run { .. } => {
                false
            }
        }
    }

    /// Says whether a run brought out what a deployment of this model tells: it runs on the branch or the
    /// tag that stands for the environment, which itself moved at once.
    pub fn is_brought_by(&self, deployment: &Deployment, run: &Run) -> bool {
        self.is_pointer() && deployment.git_ref.is_some() && deployment.git_ref == run.branch
    }

    /// The pattern by which the environments differ, where there is one.
    pub fn pattern(&self) -> Option<&str> {
        match self {
            Self::Native => None,
            Self::Status { context: pattern }
            | Self::Branch { branch: pattern }
            | Self::Run { workflow: pattern } => Some(pattern),
            Self::Release { tag } => tag.as_deref(),
        }
    }

    /// Returns what stands for one environment: the context, branch, tag or workflow.
    pub fn of(&self, environment: &EnvironmentName) -> Option<String> {
        let pattern = self.pattern()?;
        Some(pattern.replace(Self::ENVIRONMENT, environment.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_environment_has_its_own_context_branch_tag_or_workflow() {
        let production = EnvironmentName::from("production");
        let of = |model: &EnvironmentModel| model.of(&production);
        let status = EnvironmentModel::usual(ForgeKind::Forgejo);
        assert_eq!(of(&status).as_deref(), Some("deploy/production"));
        let tag = Some("deployed/{environment}".to_owned());
        let moving = EnvironmentModel::Release { tag };
        assert_eq!(of(&moving).as_deref(), Some("deployed/production"));
        assert_eq!(of(&EnvironmentModel::Release { tag: None }), None);
        assert_eq!(of(&EnvironmentModel::usual(ForgeKind::GitLab)), None);
    }
}
