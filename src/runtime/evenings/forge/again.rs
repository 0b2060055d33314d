//! What runs and jobs of an evening's forge do when they are run again: each forge in its own way.

use jiff::Timestamp;

use super::{Change, Repo, deployment, moves};
use crate::domain::act::Handle;
use crate::domain::deployment::Deployment;
use crate::domain::ids::{DeploymentId, IntentId, JobId, Person, RunId};
use crate::domain::phase::Phase;
use crate::runtime::evenings::chance::Chance;

impl Repo {
    /// What a run does once more that has failed to deploy.
    pub(super) fn deploys_again(&self, run: RunId, key: &IntentId) -> Option<Change> {
        let last = self.last_of.get(&run)?;
        let mut known = self.truth.deployments.iter();
        let failed = known.find(|known| known.id == *last && known.phase == Phase::Failed)?;
        Some(Change::Deploy {
            environment: failed.environment.clone(),
            sha: failed.sha.clone(),
            key: None,
            cause: Some(key.clone()),
            run: Some(run),
        })
    }

    /// A job that has deployed does so again, as a job of its own: only the newest can be run again.
    pub(super) fn job_again(
        &mut self,
        chance: &mut Chance,
        job: JobId,
        key: &IntentId,
        by: &Person,
        now: Timestamp,
    ) -> Result<Handle, String> {
        let of_job = |known: &&Deployment| known.made_by.as_ref().is_some_and(|it| it.job == job);
        let known = self.truth.deployments.iter().find(of_job).cloned();
        let (known, maker) = known
            .and_then(|known| Some((known.clone(), known.made_by?)))
            .ok_or("404: no such job")?;
        let is_last = self.last_of.get(&maker.run) == Some(&known.id);
        if !is_last || known.phase.is_in_flight() {
            return Err("403: the job is not retryable".to_owned());
        }
        if let Some(run) = self.truth.runs.iter_mut().find(|run| run.id == maker.run) {
            run.phase = Phase::Running;
            run.phase.word().clone_into(&mut run.raw);
            run.updated_at = now;
        }
        let (environment, sha) = (known.environment, known.sha);
        let id = self.deploys(chance, &environment, sha, None, Some(maker.run), now);
        self.made_by.insert(id, Some(key.clone()));
        let mut made = self.truth.deployments.iter_mut();
        let made = made.find(|known| known.id == id);
        let job = made.and_then(|made| {
            made.creator = Some(by.clone());
            made.made_by.as_ref().map(|maker| maker.job)
        });
        Ok(Handle {
            run: Some(maker.run),
            job,
            ..Handle::default()
        })
    }

    /// The second life of a run asks for approval as its first did.
    pub(super) fn again(&mut self, run: RunId, now: Timestamp) -> Result<(), String> {
        let found = self.truth.runs.iter_mut().find(|known| known.id == run);
        let found = found.filter(|known| known.phase == Phase::Succeeded);
        let (found, door) = found
            .zip(self.door.get(&run).cloned())
            .ok_or_else(|| format!("403: run {run} cannot be run again"))?;
        found.attempt += 1;
        found.updated_at = now;
        found.phase = Phase::Gated;
        found.phase.word().clone_into(&mut found.raw);
        let sha = found.sha.clone();
        let id = self.next_id();
        let opens = self.door_of(&door, DeploymentId(id));
        if let Some(found) = self.truth.runs.iter_mut().find(|known| known.id == run) {
            found.waiting.push(moves::waiting(&door, opens));
        }
        let gated = deployment(id, &door, sha, Phase::Gated, now);
        self.truth.deployments.insert(0, gated);
        Ok(())
    }
}
