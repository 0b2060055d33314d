//! GitHub and GitHub Enterprise Server, through octocrab.
//!
//! One file a question: `reads` and what it batches, `scope`, `act`, `find`, `discover`; `wire` is
//! how anything is sent at all.

use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;

use self::wire::{Endpoints, Wire};
use super::batch::Size;
use super::error::Error;
use super::http::Clock;
use super::modelled::pointers::Watch;
use super::modelled::scan::Scan;
use super::{
    Batch, Budget, Discover, Discovered, Forge, Identity, LogRead, Settings, Sink, Target,
};
use crate::domain::act::{Act, Handle, Outcome};
use crate::domain::brake::{Reading, Sought};
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::fault::Fault;
use crate::domain::ids::{ForgeName, IntentId, JobId, Person, RepoPath, RunId, Sha};
use crate::domain::pipeline::Job;
use crate::domain::scope::Scope;
use crate::domain::seen::Declared;

mod act;
mod board;
mod declared;
mod discover;
mod drafts;
mod find;
mod hidden;
mod identify;
mod labelled;
mod logs;
mod marks;
mod modelled;
mod paths;
mod pulse;
mod query;
mod reads;
mod reply;
mod runs;
mod scope;
mod wire;
mod words;

/// One GitHub, as one token.
pub struct GitHub {
    name: ForgeName,
    clock: Clock,
    wire: Wire,
    pulse_size: Size,
    /// Of pulses that count pull requests: two lists each.
    counting_size: Size,
    board_size: Size,
    /// Where the token may not read checks one by one.
    hidden: hidden::Hidden,
    known: Mutex<Known>,
    /// What is remembered of repositories whose environments are modelled.
    scan: Scan,
    watch: Watch,
}

/// What `identify` found out.
#[derive(Debug, Default)]
struct Known {
    login: Option<Person>,
    /// The version of an Enterprise Server.
    version: Option<String>,
}

impl GitHub {
    /// Makes a GitHub without touching the network, the disk or the system's certificates.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, Error> {
        let Settings {
            name,
            url,
            api_url,
            token,
            ca_file,
            limits,
        } = settings;
        let endpoints = Endpoints::find(&url, api_url.as_deref())?;
        Ok(Self {
            name,
            wire: Wire::new(endpoints, token, ca_file, limits, clock.clone()),
            clock,
            // As many as one point buys: requests are counted in hundreds, rounded.
            pulse_size: Size::new(50, 100),
            counting_size: Size::new(50, 74),
            board_size: Size::new(20, 20),
            hidden: hidden::Hidden::default(),
            known: Mutex::new(Known::default()),
            scan: Scan::default(),
            watch: Watch::default(),
        })
    }

    fn fault(&self, error: &Error, doing: impl Into<String>) -> Fault {
        error.to_fault(&self.name, doing, (self.clock)())
    }

    /// Says whether a dispatch can answer with the run that it started: GitHub's own service can,
    /// an Enterprise Server cannot.
    fn has_dispatch_details(&self) -> bool {
        self.wire.is_hosted() && self.known().version.is_none()
    }
}

#[async_trait]
impl Forge for GitHub {
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
        runs::jobs(&self.wire, repo, run)
            .await
            .map_err(|error| self.fault(&error, format!("reading the jobs of run {run} in {repo}")))
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
        self.wire.limiter.budget()
    }
}

#[async_trait]
impl Discover for GitHub {
    async fn discover(&self, repo: &RepoPath) -> Result<Discovered, Fault> {
        self.read_discovery(repo)
            .await
            .map_err(|error| self.fault(&error, format!("looking at {repo}")))
    }
}

#[cfg(test)]
mod tests;
