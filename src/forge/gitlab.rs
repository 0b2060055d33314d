//! GitLab, over our own thin wire: batches by GraphQL, everything else by REST.
//!
//! One file a question: `reads` and what it batches, `scope`, `act`, `find`, `discover`. What only
//! some editions have is tried and missed, never taken for granted.

use async_trait::async_trait;
use jiff::Timestamp;

use self::memory::Memory;
use super::batch::Size;
use super::error::{Error, Refusal};
use super::http::Clock;
use super::http::rest::Rest;
use super::modelled::pointers::Watch;
use super::modelled::scan::Scan;
use super::{
    Batch, Budget, Discover, Discovered, Forge, Identity, LogRead, Settings, Sink, Target,
};
use crate::domain::act::{Act, Handle, Outcome};
use crate::domain::brake::{Reading, Sought};
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{ForgeName, IntentId, JobId, RepoPath, RunId, Sha};
use crate::domain::pipeline::Job;
use crate::domain::scope::Scope;
use crate::domain::seen::Declared;

mod act;
mod approvals;
mod board;
mod changes;
mod declared;
mod deployments;
mod discover;
mod find;
mod identify;
mod labelled;
mod logs;
mod marks;
mod memory;
mod modelled;
mod pipelines;
mod project;
mod pulse;
mod query;
mod reads;
mod reply;
mod scope;
mod words;

/// Where the two APIs are, below the site.
const REST: &str = "/api/v4";
const QUERIES: &str = "/api/graphql";

/// Paths of projects in one query; GitLab takes no more.
const MOST_PATHS: usize = 50;

/// One GitLab, as one token.
pub struct GitLab {
    name: ForgeName,
    clock: Clock,
    rest: Rest,
    pulse_size: Size,
    board_size: Size,
    memory: Memory,
    /// What was seen of statuses, branches and tags that stand for deployments.
    scan: Scan,
    watch: Watch,
}

impl GitLab {
    /// Makes a GitLab without touching the network, the disk or the system's certificates.
    ///
    /// # Errors
    ///
    /// If the address is none for a token.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, Error> {
        let Settings {
            name,
            url,
            api_url,
            token,
            ca_file,
            limits,
        } = settings;
        let given = api_url.as_deref().unwrap_or(&url).trim_end_matches('/');
        // Routes carry `/api/v4` themselves: queries are asked for beside it.
        let site = given.strip_suffix(REST).unwrap_or(given);
        Ok(Self {
            name,
            rest: Rest::new(site, token, ca_file, limits, clock.clone(), explain)?,
            clock,
            pulse_size: Size::new(MOST_PATHS, MOST_PATHS),
            board_size: Size::new(20, MOST_PATHS),
            memory: Memory::default(),
            scan: Scan::default(),
            watch: Watch::default(),
        })
    }

    fn fault(&self, error: &Error, doing: impl Into<String>) -> Fault {
        error.to_fault(&self.name, doing, (self.clock)())
    }
}

/// Adds to a refusal what only GitLab means by it.
fn explain(refusal: &mut Refusal) {
    if refusal.kind == FaultKind::Unauthorized {
        let hint =
            "the token is wrong or has expired: renew it, for instance with `glab auth login`";
        refusal.hint = Some(hint.to_owned());
    }
    if refusal.lacks_scope() {
        refusal.hint = Some("the token lacks a scope: `api` to change anything".to_owned());
    }
}

#[async_trait]
impl Forge for GitLab {
    fn name(&self) -> &ForgeName {
        &self.name
    }

    async fn identify(&self) -> Result<Identity, Fault> {
        self.read_identity()
            .await
            .map_err(|error| self.fault(&error, "asking who the token is"))
    }

    async fn pulse(&self, targets: &[Target]) -> Batch<Pulse> {
        self.read_pulse(targets).await
    }

    async fn board(&self, targets: &[Target]) -> Batch<ServiceFacts> {
        self.read_board(targets).await
    }

    async fn scope(
        &self,
        repo: &RepoPath,
        base: &Sha,
        head: &Sha,
        named_checks: bool,
    ) -> Result<Scope, Fault> {
        self.read_scope(repo, base, head, named_checks)
            .await
            .map_err(|error| {
                let doing = format!("comparing {} with {} in {repo}", base.short(), head.short());
                self.fault(&error, doing)
            })
    }

    async fn declared(
        &self,
        repo: &RepoPath,
        files: &[(String, Sha)],
    ) -> Vec<Result<Declared, Fault>> {
        self.read_files(repo, files).await
    }

    async fn jobs(&self, repo: &RepoPath, run: RunId) -> Result<Vec<Job>, Fault> {
        self.read_jobs(repo, run).await.map_err(|error| {
            self.fault(
                &error,
                format!("reading the jobs of pipeline {run} in {repo}"),
            )
        })
    }

    async fn marks(&self, repo: &RepoPath, marks: &[Sought]) -> Vec<Result<Reading, Fault>> {
        let mut read = Vec::with_capacity(marks.len());
        for sought in marks {
            let reading = self.read_mark(repo, sought).await;
            read.push(reading.map_err(|error| {
                let doing = format!("reading {} back in {repo}", sought.mark.says());
                self.fault(&error, doing)
            }));
        }
        read
    }

    async fn log(
        &self,
        repo: &RepoPath,
        _run: RunId,
        job: JobId,
        from: u64,
        sink: &mut dyn Sink,
    ) -> Result<LogRead, Fault> {
        self.read_log(repo, job, from, sink)
            .await
            .map_err(|error| self.fault(&error, format!("reading the log of job {job} in {repo}")))
    }

    async fn find(
        &self,
        repo: &RepoPath,
        act: &Act,
        key: &IntentId,
        sent_at: Timestamp,
    ) -> Result<Option<Handle>, Fault> {
        self.find_act(repo, act, key, sent_at)
            .await
            .map_err(|error| self.fault(&error, format!("looking for what {key} did in {repo}")))
    }

    async fn act(&self, repo: &RepoPath, act: &Act, key: &IntentId) -> Outcome {
        self.send_act(repo, act, key).await
    }

    fn budget(&self) -> Budget {
        self.rest.limiter.budget()
    }
}

#[async_trait]
impl Discover for GitLab {
    async fn discover(&self, repo: &RepoPath) -> Result<Discovered, Fault> {
        self.read_discovery(repo)
            .await
            .map_err(|error| self.fault(&error, format!("looking at {repo}")))
    }
}

#[cfg(test)]
mod tests;
