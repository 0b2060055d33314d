//! What a world file says: people, tokens, repositories, and the story of each.
//!
//! Times are relative to the moment the simulation starts. A story is played by the same
//! machinery that answers acts, so history is never inconsistent with what follows.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

pub mod build;
pub mod generate;
pub mod offset;
pub mod past;
pub mod step;

pub use offset::Offset;
pub use step::{Step, Verb};

use crate::sim::{
    EVENING, FORGEJO, GITLAB, TOGETHER,
    config::lay_over,
    model::{Health, Mark, Report},
};

/// A world, as its file declares it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The forge itself.
    pub forge: Forge,
    /// People.
    #[serde(default, rename = "user")]
    pub users: Vec<Person>,
    /// Tokens by label; `read`, `operate` and `admin` are announced to everybody.
    #[serde(default, rename = "token")]
    pub tokens: BTreeMap<String, TokenPlan>,
    /// Environments that every repository has unless it says otherwise.
    #[serde(default, rename = "environment")]
    pub environments: Vec<EnvironmentPlan>,
    /// Sets of workflows that repositories share.
    #[serde(default, rename = "flow")]
    pub flows: BTreeMap<String, Flow>,
    /// Labels of every repository: name to colour.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Repositories.
    #[serde(default, rename = "repo")]
    pub repos: Vec<RepoPlan>,
    /// Configuration for the client, passed on as it is but for `{{…}}` times.
    #[serde(default)]
    pub client: toml::Table,
    /// Further forges of the same evening, each a world of its own: `[[more]]`, `[more.forge]`,
    /// `[[more.repo]]`. They share clock, speed, seed and control with this one.
    #[serde(default)]
    pub more: Vec<World>,
}

/// The forge itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forge {
    /// Its name in configuration.
    #[serde(default = "github")]
    pub name: String,
    /// `dotcom`, `ghes`, `gitlab`, `forgejo`, `forgejo-tasks` or `gitea`.
    #[serde(default = "dotcom")]
    pub flavor: String,
    /// The folder it is installed in, such as `/gitlab`; at the root without it.
    #[serde(default)]
    pub root: String,
    /// The organisation that owns the repositories.
    pub owner: String,
    /// The share of jobs that fail by chance.
    #[serde(default)]
    pub flaky: f64,
    /// How long a new run stays invisible, in milliseconds.
    #[serde(default = "lag")]
    pub lag_ms: u64,
    /// GitLab, Forgejo, Gitea: what it calls its version, if not what its flavor usually does.
    #[serde(default)]
    pub version: String,
    /// GitLab: fields (`Type.field`) that its GraphQL does not have yet, as on an old server.
    #[serde(default)]
    pub lacks: Vec<String>,
}

fn github() -> String {
    "github".to_owned()
}

fn dotcom() -> String {
    "dotcom".to_owned()
}

const fn lag() -> u64 {
    1_200
}

/// A person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Login.
    pub login: String,
    /// Name.
    #[serde(default)]
    pub name: String,
    /// Team slugs.
    #[serde(default)]
    pub teams: Vec<String>,
}

/// A token.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenPlan {
    /// Whose.
    pub login: String,
    /// Classic scopes.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Fine-grained grants instead.
    pub fine: Option<BTreeMap<String, String>>,
    /// `read`, `triage`, `write`, `maintain`, `admin`.
    pub permission: String,
    /// Only these repositories (`owner/name`).
    #[serde(default)]
    pub repos: Vec<String>,
}

/// An environment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentPlan {
    /// Its name.
    pub name: String,
    /// Minutes to wait.
    #[serde(default)]
    pub wait_timer: u32,
    /// Logins, or `@team`.
    #[serde(default)]
    pub reviewers: Vec<String>,
    /// Whoever started a run may not approve it.
    #[serde(default)]
    pub prevent_self_review: bool,
    /// Name patterns of the branches that may deploy; `["protected"]` means all protected.
    #[serde(default)]
    pub branches: Vec<String>,
    /// What users see.
    #[serde(default)]
    pub production: bool,
    /// Where it answers; `{repo}` is filled in.
    pub url: Option<String>,
    /// GitLab: how many must approve, of each reviewer or team.
    #[serde(default = "one")]
    pub approvals: u32,
    /// GitLab: logins or `@team` who alone may deploy.
    #[serde(default)]
    pub deployers: Vec<String>,
    /// GitLab: the tier, if its name does not tell.
    pub tier: Option<String>,
}

const fn one() -> u32 {
    1
}

/// A set of workflows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// How a promotion to the last environment is made; decides how `history` plays.
    pub promote: Promote,
    /// The workflow files.
    #[serde(default, rename = "workflow")]
    pub workflows: Vec<WorkflowPlan>,
    /// The bot that takes created deployments through.
    pub deployer: Option<DeployerPlan>,
    /// Environments that differ from the world's.
    #[serde(default, rename = "environment")]
    pub environments: Vec<EnvironmentPlan>,
    /// More branches, all at the first commit.
    #[serde(default)]
    pub branches: Vec<String>,
    /// What changes into those branches need.
    #[serde(default, rename = "protect")]
    pub protections: Vec<ProtectionPlan>,
}

/// What a change into a branch needs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectionPlan {
    /// The branch.
    pub branch: String,
    /// Reviews.
    #[serde(default)]
    pub reviews: u32,
    /// Checks.
    #[serde(default)]
    pub contexts: Vec<String>,
    /// GitHub: as the branch's own protection, not as a ruleset.
    #[serde(default)]
    pub classic: bool,
}

/// How promotions are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promote {
    /// A waiting run is approved.
    Approval,
    /// `deploy.yml` is dispatched.
    Workflow,
    /// A deployment is created.
    Deployment,
    /// A pull request into the environment's branch is merged.
    PullRequest,
    /// A draft release is published.
    Release,
    /// GitLab: a manual job is played.
    Job,
    /// GitLab: a pipeline is run with `ENVIRONMENT` and `REVISION`.
    Pipeline,
}

/// A workflow file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowPlan {
    /// `name:`.
    pub name: String,
    /// File name.
    pub file: String,
    /// Triggers.
    pub on: Vec<String>,
    /// Branches, for pushes.
    #[serde(default)]
    pub branches: Vec<String>,
    /// Inputs, and whether each is required.
    #[serde(default)]
    pub inputs: BTreeMap<String, bool>,
    /// Title of a run.
    pub run_name: Option<String>,
    /// Jobs.
    pub jobs: Vec<JobPlan>,
    /// GitLab: the names of the stages, the first one's first.
    #[serde(default)]
    pub stages: Vec<String>,
}

/// A job of a workflow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobPlan {
    /// What people see.
    pub name: String,
    /// Jobs of one stage run side by side.
    #[serde(default = "first")]
    pub stage: u32,
    /// How long it takes, such as `"90s"`.
    pub took: Offset,
    /// Where it deploys to.
    pub environment: Option<String>,
    /// The input that names the revision.
    pub revision: Option<String>,
    /// What it leaves behind, for forges that have no deployments.
    pub marks: Option<Mark>,
    /// GitLab: waits for somebody to play it.
    #[serde(default)]
    pub manual: bool,
    /// GitLab: holds nothing up.
    #[serde(default)]
    pub allow_failure: bool,
    /// GitLab: is not there while deployments are frozen.
    #[serde(default)]
    pub unless_frozen: bool,
}

const fn first() -> u32 {
    1
}

/// A deployer bot.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployerPlan {
    /// Its login.
    pub login: String,
    /// How long it takes.
    pub took: Offset,
}

/// A repository.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepoPlan {
    /// Its name.
    pub name: String,
    /// GitLab: the subgroup it is in, below the forge's owner.
    #[serde(default)]
    pub group: String,
    /// Paths that it once had (`owner/name`): each forge leads from there to it in its own way.
    #[serde(default)]
    pub moved_from: Vec<String>,
    /// GitLab: a merge request needs a pipeline that succeeded.
    #[serde(default)]
    pub must_succeed: bool,
    /// GitLab: when deployments are frozen.
    #[serde(default, rename = "freeze")]
    pub freezes: Vec<FreezePlan>,
    /// One line.
    #[serde(default)]
    pub description: String,
    /// Main language.
    #[serde(default)]
    pub language: String,
    /// Hidden from strangers.
    #[serde(default = "yes")]
    pub private: bool,
    /// Read-only.
    #[serde(default)]
    pub archived: bool,
    /// Workflows run here.
    #[serde(default = "yes")]
    pub actions: bool,
    /// Pull requests are merged by way of a queue.
    #[serde(default)]
    pub merge_queue: bool,
    /// Its workflows.
    pub flow: String,
    /// Environments that differ from the flow's.
    #[serde(default, rename = "environment")]
    pub environments: Vec<EnvironmentPlan>,
    /// Reviews that a change into the default branch needs.
    #[serde(default)]
    pub reviews: u32,
    /// Checks that a change into the default branch needs.
    #[serde(default)]
    pub contexts: Vec<String>,
    /// The files that it begins with.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// What its jobs report when they end.
    #[serde(default)]
    pub reports: BTreeMap<String, Report>,
    /// How well it is.
    #[serde(default)]
    pub health: Health,
    /// The past in short.
    pub history: Option<History>,
    /// The past in detail, and what is to come.
    #[serde(default)]
    pub story: Vec<Arc<Step>>,
}

const fn yes() -> bool {
    true
}

/// A time in which nothing is to be deployed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezePlan {
    /// When it begins, from the start of the simulation; the same time every year.
    pub from: Offset,
    /// When it ends.
    pub to: Offset,
}

/// A past in short: one version after the other, landed, tagged and promoted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Versions, oldest first; tags get a `v`.
    pub versions: Vec<String>,
    /// Time between two versions.
    pub every: Offset,
    /// When the last one went out.
    pub until: Offset,
    /// Who writes, in turn.
    pub authors: Vec<String>,
    /// Who promotes.
    pub by: String,
}

impl World {
    /// Reads a world file.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The evening of the demonstration: a GitHub, a GitLab and a Forgejo with twenty-one services.
    pub fn evening() -> Result<Self, toml::de::Error> {
        let mut last = Self::from_toml(FORGEJO)?;
        lay_over(&mut last.client, toml::from_str(TOGETHER)?);
        let first = Self::from_toml(EVENING)?;
        Ok(first.with(Self::from_toml(GITLAB)?).with(last))
    }

    /// This world and another one in the same evening.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.more.push(other);
        self
    }

    /// Every forge's own world, this one first.
    pub fn forges(&self) -> Vec<&Self> {
        let more = self.more.iter().flat_map(Self::forges);
        std::iter::once(self).chain(more).collect()
    }
}
