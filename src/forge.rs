//! The forges: one trait that reads and acts in domain terms, and an adapter for each kind.
//!
//! Wire types stay inside the adapters. An adapter never decides whether to act, and never sends a
//! write twice; when to read lives in `app/schedule.rs`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::domain::act::{Act, Handle, Outcome};
use crate::domain::brake::{Reading, Sought};
pub use crate::domain::capability::Capability;
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::fault::Fault;
use crate::domain::ids::{
    EnvironmentName, ForgeName, IntentId, JobId, Person, RepoPath, RunId, ServiceName, Sha,
};
use crate::domain::log::End;
use crate::domain::pipeline::Job;
use crate::domain::policy::EnvironmentModel;
use crate::domain::scope::Scope;
use crate::domain::seen::Declared;

mod batch;
pub mod budget;
pub mod declared;
pub mod error;
pub mod forgejo;
pub mod github;
pub mod gitlab;
pub mod http;
pub mod mark;
pub mod modelled;
pub mod order;
pub mod outcome;

pub use budget::Budget;
pub use http::pour::Sink;

/// What an adapter is made of: one forge as one token.
#[derive(Clone, Debug)]
pub struct Settings {
    pub name: ForgeName,
    /// The address that people open, for instance `https://github.com`.
    pub url: String,
    /// The REST base, where it cannot be told from `url`.
    pub api_url: Option<String>,
    pub token: Option<SecretString>,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    pub limits: http::Limits,
}

/// A service as an adapter needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub service: ServiceName,
    pub repo: RepoPath,
    /// `None` means the repository's default branch.
    pub branch: Option<String>,
    pub environments: Vec<EnvironmentName>,
    /// Where the deployments of these environments are read.
    pub model: EnvironmentModel,
    /// Jobs that let a run into an environment, where the config names them: then no other does.
    pub jobs: BTreeMap<EnvironmentName, String>,
    /// Revisions whose checks are wanted beside the head's.
    pub revisions: Vec<Sha>,
    /// Whether checks are wanted one by one, because a rule names some.
    pub named_checks: bool,
    /// And with them what they report in words.
    pub reports: bool,
    /// Labels of which it matters what is open with them.
    pub labels: Vec<String>,
    /// Whether it matters what deployments declare.
    pub payloads: bool,
    /// Whether a pulse may leave out how many changes are open: it costs a list more.
    pub brief: bool,
}

/// Who the token is, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub login: Person,
    /// Classic scopes, if the forge names them.
    pub scopes: Vec<String>,
    /// The server's version, where it is not the hosted one.
    pub version: Option<String>,
    pub capabilities: Vec<Capability>,
}

/// The answers of one batched read: each service its own value or fault.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    pub answers: Vec<(ServiceName, Result<T, Fault>)>,
}

/// What came of reading a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRead {
    pub end: End,
    /// Whether the forge sent the new part alone.
    pub ranged: bool,
    /// The step that failed, where the forge names it.
    pub failed_step: Option<String>,
}

impl LogRead {
    pub(crate) fn without(end: End) -> Self {
        Self {
            end,
            ranged: false,
            failed_step: None,
        }
    }
}

/// One forge: reads, acts, capabilities.
///
/// Reads may be dropped at any await and then did nothing. Acts must be awaited to the end.
#[async_trait]
pub trait Forge: Send + Sync {
    fn name(&self) -> &ForgeName;

    /// Asks who the token is.
    async fn identify(&self) -> Result<Identity, Fault>;

    /// Reads enough of each service to see whether it changed.
    async fn pulse(&self, targets: &[Target]) -> Batch<Pulse>;

    /// Reads everything that the board shows of each service.
    async fn board(&self, targets: &[Target]) -> Batch<ServiceFacts>;

    /// Reads the commits and pull requests between two revisions; with `named_checks` also the
    /// checks of each commit.
    async fn scope(
        &self,
        repo: &RepoPath,
        base: &Sha,
        head: &Sha,
        named_checks: bool,
    ) -> Result<Scope, Fault>;

    /// Reads what files declare, each at its revision; the answers are in the order of `files`.
    async fn declared(
        &self,
        repo: &RepoPath,
        files: &[(String, Sha)],
    ) -> Vec<Result<Declared, Fault>>;

    /// Reads the jobs of a run.
    async fn jobs(&self, repo: &RepoPath, run: RunId) -> Result<Vec<Job>, Fault>;

    /// Reads back what brakes have left; the answers are in the order of `marks`.
    async fn marks(&self, repo: &RepoPath, marks: &[Sought]) -> Vec<Result<Reading, Fault>>;

    /// Reads a job's log from byte `from` on, as far as there is one, and pours it into `sink`.
    /// A job that has ended has a whole one.
    async fn log(
        &self,
        repo: &RepoPath,
        run: RunId,
        job: JobId,
        from: u64,
        sink: &mut dyn Sink,
    ) -> Result<LogRead, Fault>;

    /// Looks for what an act with `key` made on the forge, by reading alone. `sent_at` bounds the
    /// search. `Ok(None)` means: read everything, and it is not there.
    async fn find(
        &self,
        repo: &RepoPath,
        act: &Act,
        key: &IntentId,
        sent_at: Timestamp,
    ) -> Result<Option<Handle>, Fault>;

    /// Sends one act, once. `key` is put wherever the act can carry it.
    async fn act(&self, repo: &RepoPath, act: &Act, key: &IntentId) -> Outcome;

    /// Returns the rate budget as last seen.
    fn budget(&self) -> Budget;
}

/// A forge without a config: what discovery needs to make one service of one repository.
#[async_trait]
pub trait Discover: Send + Sync {
    /// Returns the default branch and the environments of a repository, in the order of promotion:
    /// by convention of names first, then by which was deployed to first.
    async fn discover(&self, repo: &RepoPath) -> Result<Discovered, Fault>;
}

/// What discovery found in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    pub default_branch: Option<String>,
    pub environments: Vec<EnvironmentName>,
    /// Environments whose rules ask for reviewers: promoted by approval.
    pub reviewed: Vec<EnvironmentName>,
    /// Where deployments are read, if that is not where this kind of forge usually has them.
    pub model: Option<EnvironmentModel>,
}
