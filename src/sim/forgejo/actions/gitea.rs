//! Actions of Gitea 1.25: GitHub's words, but its own numbers.

use super::super::{
    Call, Done, No,
    call::number,
    runs::{self, Stage},
};
use crate::sim::{
    model::{Repo, Run, Workflow},
    rest::Answer,
};

impl Call<'_> {
    fn words(&self) -> Result<Vec<&str>, No> {
        const KNOWN: [&str; 11] = [
            "pending",
            "waiting",
            "requested",
            "action_required",
            "queued",
            "in_progress",
            "completed",
            "success",
            "failure",
            "skipped",
            "cancelled",
        ];
        let words: Vec<&str> = self.params("status").collect();
        match words.iter().find(|it| !KNOWN.contains(it)) {
            Some(word) => Err(No::new(400, format!("Invalid status {word}"))),
            None => Ok(words),
        }
    }

    /// Runs, newest first.
    pub fn gitea_runs(&self, repo: &Repo) -> Done {
        let words = self.words()?;
        let is = |name, own: &str| self.param(name).is_none_or(|it| it == own);
        let all: Vec<&Run> = repo
            .runs
            .iter()
            .rev()
            .map(|it| &**it)
            .filter(|it| words.is_empty() || words.iter().any(|word| runs::stage(it).meant(word)))
            .filter(|it| is("event", &it.event))
            .filter(|it| is("branch", &runs::pretty_ref(it)))
            .filter(|it| is("actor", &it.actor))
            .filter(|it| is("head_sha", &it.head_sha))
            .collect();
        Ok(self.counted("workflow_runs", &all, |it| self.shape().gitea_run(repo, it)))
    }

    /// One run.
    pub fn gitea_run(&self, repo: &Repo, id: &str) -> Done {
        let run = repo.run(number(id)?).ok_or_else(No::not_found)?;
        Ok(Answer::json(200, self.shape().gitea_run(repo, run)))
    }

    /// The jobs of a run.
    pub fn gitea_jobs(&self, repo: &Repo, id: &str) -> Done {
        let run = repo.run(number(id)?).ok_or_else(No::not_found)?;
        let words = self.words()?;
        let meant = |stage: Stage| words.is_empty() || words.iter().any(|it| stage.meant(it));
        let mut slots = runs::slots(repo, run);
        slots.retain(|it| meant(it.stage));
        Ok(self.counted("jobs", &slots, |it| self.shape().gitea_job(repo, run, it)))
    }

    /// One job.
    pub fn gitea_job(&self, repo: &Repo, id: &str) -> Done {
        let id = number(id)?;
        let run = repo.run(runs::run_of(id)).ok_or_else(No::not_found)?;
        let slots = runs::slots(repo, run);
        let slot = slots
            .iter()
            .find(|it| it.id == id)
            .ok_or_else(No::not_found)?;
        Ok(Answer::json(200, self.shape().gitea_job(repo, run, slot)))
    }

    /// The workflow files.
    pub fn workflows(&self, repo: &Repo) -> Answer {
        let all: Vec<&Workflow> = repo.workflows.iter().map(|it| &**it).collect();
        self.counted("workflows", &all, |it| self.shape().workflow(repo, it))
    }

    /// One workflow file.
    pub fn workflow(&self, repo: &Repo, file: &str) -> Done {
        let found = repo.workflows.iter().find(|it| it.file == file);
        let found = found.ok_or_else(No::not_found)?;
        Ok(Answer::json(200, self.shape().workflow(repo, found)))
    }
}
