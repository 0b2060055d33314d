//! How jobs and deployments end: how long they take, what is decided about them, what they report.

use std::collections::BTreeMap;

use super::Event;
use crate::sim::model::{
    CommitStatus, Conclusion, DeploymentState, Job, Outcome, Report, Run, State, StatusState,
};

impl State {
    /// How long something takes, in seconds of life: near what the world says, and in the past
    /// now and then much longer, so that a 90th percentile is more than an average.
    pub(super) fn took(&self, what: &str, id: &str, seconds: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "seconds of a job are few")]
        let usual = seconds as f64;
        let took = usual * (0.85 + 0.3 * self.chance(&[what, id]));
        let past = self.started.duration_since(self.now).as_secs_f64() > 4.0 * usual;
        if past && self.chance(&["slow", what, id]) < 0.12 {
            took * 1.7
        } else {
            took
        }
    }

    /// Puts a job's end on the agenda, unless it is to have none.
    pub(super) fn job_will_end(&mut self, repo: u64, run: u64, job: &Job) {
        let doomed = self.repo_mut(repo).and_then(|it| it.doomed_job(job));
        match doomed {
            Some(Outcome::Stuck) => return,
            Some(Outcome::Ends(conclusion)) => self.with_run(repo, run, |it| {
                it.fate.insert(job.name.clone(), conclusion);
            }),
            None => {}
        }
        let took = self.took("took", &job.id.to_string(), job.took);
        let (attempt, job) = (job.attempt, job.id);
        self.later(took, repo, Event::JobEnds { run, attempt, job });
    }

    /// The last word of a deployment that a bot carries out; `None` if it never comes.
    pub(super) fn deployment_ends(
        &mut self,
        repo: u64,
        deployment: u64,
        fails: bool,
    ) -> Option<DeploymentState> {
        let place = self.repo_by_id(repo)?.deployment(deployment)?;
        let place = place.environment.clone();
        let doomed = self.repo_mut(repo)?.doomed_deployment(&place);
        match (doomed, fails) {
            (Some(Outcome::Stuck), _) => None,
            (Some(Outcome::Ends(Conclusion::Success)), _) | (None, false) => {
                Some(DeploymentState::Success)
            }
            (Some(Outcome::Ends(_)), _) | (None, true) => Some(DeploymentState::Failure),
        }
    }

    /// Names what the jobs on a commit will report.
    pub(super) fn reports_on(
        &mut self,
        repo: u64,
        sha: &str,
        reports: &BTreeMap<String, Report>,
    ) -> Option<()> {
        if !reports.is_empty() {
            let all = &mut self.repo_mut(repo)?.reported;
            let known = all.entry(sha.to_owned()).or_default();
            known.extend(reports.iter().map(|(job, it)| (job.clone(), it.clone())));
        }
        Some(())
    }

    /// Gives an ended job its output, and the commit the status that goes with it.
    pub(super) fn report(&mut self, repo: u64, run: &Run, job: &Job, conclusion: Conclusion) {
        let ran = matches!(
            conclusion,
            Conclusion::Success | Conclusion::Failure | Conclusion::Neutral
        );
        let now = self.now;
        let Some(found) = self.repo_by_id(repo) else {
            return;
        };
        let own = found
            .reported
            .get(&run.head_sha)
            .and_then(|it| it.get(&job.name));
        let report = own.or_else(|| found.reports.get(&job.name)).cloned();
        let Some(report) = report.filter(|_| ran) else {
            return;
        };
        let status = report.status.as_ref().map(|context| CommitStatus {
            // Statuses count on their own: a job's number is free among them.
            id: job.id,
            sha: run.head_sha.clone(),
            context: context.clone(),
            state: if conclusion == Conclusion::Failure {
                StatusState::Failure
            } else {
                StatusState::Success
            },
            description: Some(report.title.clone()),
            target_url: Some(format!("https://reports.example/{}/{context}", found.name)),
            creator: run.actor.clone(),
            created_at: now,
        });
        self.with_job(repo, run.id, job.id, |job| job.output = Some(report));
        if let Some(repo) = self.repo_mut(repo) {
            repo.statuses.extend(status);
        }
    }
}
