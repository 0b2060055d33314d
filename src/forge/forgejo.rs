//! Forgejo and Gitea, over our own thin REST wire: neither has a batch query, so every service is
//! asked for by itself, and sparingly.
//!
//! One file a question: `board` and what it is made of, `pulse`, `scope`, `act`, `find`, `discover`;
//! `features` tells what this very server has.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use self::features::Features;
use self::memory::Memory;
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
use crate::domain::fault::Fault;
use crate::domain::ids::{ForgeName, IntentId, JobId, RepoPath, RunId, Sha};
use crate::domain::pipeline::Job;
use crate::domain::scope::Scope;
use crate::domain::seen::Declared;

mod act;
mod board;
mod checks;
mod declared;
mod discover;
mod environments;
mod features;
mod files;
mod find;
mod identify;
mod labelled;
mod lists;
mod logs;
mod marks;
mod memory;
mod pulls;
mod pulse;
mod releases;
mod repos;
mod runs;
mod scope;
mod version;
mod words;

/// One Forgejo or Gitea, as one token.
pub struct Forgejo {
    name: ForgeName,
    clock: Clock,
    rest: Rest,
    /// Probed at the first question; held while it is, so that only one asks.
    features: tokio::sync::Mutex<Option<Arc<Features>>>,
    memory: Memory,
    scan: Scan,
    watch: Watch,
}

impl Forgejo {
    /// Makes a Forgejo without touching the network, the disk or the system's certificates.
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
        // Routes carry `/api/v1` themselves: version and capabilities are asked for beside it.
        let site = given.strip_suffix(lists::API).unwrap_or(given);
        Ok(Self {
            name,
            rest: Rest::new(site, token, ca_file, limits, clock.clone(), explain)?,
            clock,
            features: tokio::sync::Mutex::new(None),
            memory: Memory::default(),
            scan: Scan::default(),
            watch: Watch::default(),
        })
    }

    fn fault(&self, error: &Error, doing: impl Into<String>) -> Fault {
        error.to_fault(&self.name, doing, (self.clock)())
    }

    /// Our time by the forge's clock.
    fn forge_time(&self) -> Timestamp {
        self.rest.limiter.forge_time((self.clock)())
    }
}

/// Adds what these forges say in words: which scope a token lacks.
fn explain(refusal: &mut Refusal) {
    match refusal.status {
        401 => {
            let hint = "the token is wrong or has expired: make a new one in the settings of your \
                        account, under Applications";
            refusal.hint = Some(hint.to_owned());
        }
        403 => {
            if let Some(scopes) = words::lacking_scopes(&refusal.why) {
                refusal.hint = Some(format!("the token lacks: {scopes}"));
            }
        }
        _ => {}
    }
}

#[async_trait]
impl Forge for Forgejo {
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
        self.read_jobs(repo, run)
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
        run: RunId,
        job: JobId,
        from: u64,
        sink: &mut dyn Sink,
    ) -> Result<LogRead, Fault> {
        self.read_log(repo, run, job, from, sink)
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
impl Discover for Forgejo {
    async fn discover(&self, repo: &RepoPath) -> Result<Discovered, Fault> {
        self.read_discovery(repo)
            .await
            .map_err(|error| self.fault(&error, format!("looking at {repo}")))
    }
}

#[cfg(test)]
mod tests;
