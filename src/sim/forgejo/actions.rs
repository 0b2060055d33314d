//! Actions of Forgejo: tasks, runs, jobs, dispatch, cancel, run again. Gitea's own are beneath.

use serde_json::{Value, json};

use super::{
    Call, Done, No,
    call::{deputy, number},
    runs::{self, Stage},
    shape::run::{file, picked},
};
use crate::sim::{
    act::Refusal,
    model::{Job, Repo, Run, State, Token},
    rest::Answer,
    trace,
};

mod gitea;

impl Call<'_> {
    // The stages that the `status` filter names; a word that nobody knows is an error.
    fn stages(&self) -> Result<Vec<Stage>, No> {
        let parse = |word: &str| {
            Stage::parse(word).ok_or_else(|| No::new(400, format!("unknown status: {word}")))
        };
        self.params("status").map(parse).collect()
    }

    /// Tasks, newest first: a job is one as soon as a runner has it, and again with each attempt.
    pub fn tasks(&self, repo: &Repo) -> Done {
        let stages = if self.edition.filters_tasks() {
            self.stages()?
        } else {
            Vec::new()
        };
        let all = repo
            .runs
            .iter()
            .flat_map(|run| run.jobs.iter().map(move |job| (&**run, job)));
        let mut all: Vec<(&Run, &Job)> = all
            .filter(|(_, job)| picked(job))
            .filter(|(_, job)| {
                stages.is_empty() || stages.contains(&Stage::of(job.status, job.conclusion))
            })
            .collect();
        all.sort_by_key(|(_, job)| std::cmp::Reverse(job.id));
        Ok(self.counted("workflow_runs", &all, |(run, job)| {
            self.shape().task(repo, run, job)
        }))
    }

    /// Runs, newest first.
    pub fn runs(&self, repo: &Repo) -> Done {
        let stages = self.stages()?;
        let events: Vec<&str> = self.params("event").collect();
        let index: Option<u64> = self.param("run_number").and_then(|it| it.parse().ok());
        let newer = |name| self.param(name).filter(|_| self.edition.filters_workflow());
        let (git_ref, workflow) = (newer("ref"), newer("workflow_id"));
        let all: Vec<&Run> = repo
            .runs
            .iter()
            .rev()
            .map(|it| &**it)
            .filter(|it| stages.is_empty() || stages.contains(&runs::stage(it)))
            .filter(|it| events.is_empty() || events.contains(&it.event.as_str()))
            .filter(|it| index.is_none_or(|index| runs::index(repo, it) == index))
            .filter(|it| self.param("head_sha").is_none_or(|sha| it.head_sha == sha))
            .filter(|it| git_ref.is_none_or(|name| runs::full_ref(repo, it) == name))
            .filter(|it| workflow.is_none_or(|name| file(it) == name))
            .collect();
        Ok(self.counted("workflow_runs", &all, |it| self.shape().run(repo, it)))
    }

    /// One run.
    pub fn run(&self, repo: &Repo, id: &str) -> Done {
        let run = found(repo, id)?;
        Ok(Answer::json(200, self.shape().run(repo, run)))
    }

    /// The jobs of a run, all at once.
    pub fn jobs(&self, repo: &Repo, id: &str) -> Done {
        let run = found(repo, id)?;
        let slots = runs::slots(repo, run);
        let list = slots
            .iter()
            .map(|it| self.shape().job(repo, run, it))
            .collect();
        Ok(Answer::json(200, Value::Array(list)))
    }

    /// What a job has printed by now; nothing before a runner has it.
    pub fn job_log(&self, repo: &Repo, id: &str) -> Done {
        let id = number(id)?;
        let run = repo.run(runs::run_of(id)).ok_or_else(No::not_found)?;
        let slots = runs::slots(repo, run);
        let slot = slots.iter().find(|it| it.id == id);
        let job = slot.and_then(|it| it.job).filter(|it| picked(it));
        let job = job.ok_or_else(No::not_found)?;
        let text = trace::of(&self.state, run, job);
        Ok(Answer::raw(
            200,
            "text/plain; charset=utf-8",
            text.into_bytes(),
        ))
    }

    /// Dispatches a workflow. Inputs that it does not declare are not read; Forgejo tells the run
    /// if asked to, Gitea 1.25 never.
    pub fn dispatch(&self, repo: &Repo, key: &str) -> Done {
        let token = deputy(self.writer(repo)?);
        let gitea = self.edition.gitea();
        let fields = self.fields()?;
        let git_ref = fields.needed("ref", "Ref")?;
        let inputs = fields.texts("inputs")?;
        let tells = self.edition.tells_run() && fields.flag("return_run_info")? == Some(true);
        let (id, index, jobs) = self.act(|state| {
            let repo = state
                .repo_by_id(repo.id)
                .cloned()
                .ok_or_else(No::not_found)?;
            let workflow = repo.workflows.iter().find(|it| it.file == key);
            let workflow = workflow.ok_or_else(|| lost(gitea, "workflow", key))?;
            if repo.resolve(&git_ref).is_none() {
                return Err(lost(gitea, "ref", &git_ref));
            }
            if !workflow.on.iter().any(|it| it == "workflow_dispatch") {
                // Forgejo would start a run without a job: nothing that a client could want.
                return Err(No::new(
                    if gitea { 422 } else { 500 },
                    format!("workflow {key:?} has no workflow_dispatch event trigger"),
                ));
            }
            let missing = workflow.inputs.iter().find(|(name, required)| {
                **required && inputs.get(*name).is_none_or(String::is_empty)
            });
            if let Some((name, _)) = missing {
                return Err(No::new(
                    if gitea { 422 } else { 400 },
                    format!("input required for '{name}'"),
                ));
            }
            let mut known = inputs;
            known.retain(|name, _| workflow.inputs.contains_key(name));
            let jobs: Vec<String> = workflow
                .jobs
                .iter()
                .map(|it| crate::sim::script::run::fill(&it.name, &known))
                .collect();
            let id = state.dispatch(&token, repo.id, key, &git_ref, known)?;
            let index = state
                .repo_by_id(repo.id)
                .map_or(0, |it| runs::last_index(it));
            Ok((id, index, jobs))
        })?;
        if !tells {
            return Ok(Answer::empty(204));
        }
        Ok(Answer::json(
            201,
            json!({"id": id, "run_number": index, "jobs": jobs}),
        ))
    }

    /// Stops a run, and says the same of one that had ended long before.
    pub fn cancel(&self, repo: &Repo, id: &str) -> Done {
        self.writer(repo)?;
        let run = found(repo, id)?.id;
        self.act(|state| {
            state.run_cancelled(repo.id, run);
            Ok(())
        })?;
        Ok(Answer::empty(204))
    }

    fn again(
        &self,
        repo: &Repo,
        run: &Run,
        again: impl FnOnce(&mut State, &Token) -> Result<(), Refusal>,
    ) -> Done {
        let token = deputy(self.writer(repo)?);
        let (id, run) = (repo.id, run.id);
        self.act(|state| {
            let present = state.repo_by_id(id).and_then(|it| it.run(run));
            if present.is_some_and(|it| !it.done()) {
                return Err(No::new(400, "workflow run is still running"));
            }
            Ok(again(state, &token)?)
        })?;
        Ok(Answer::empty(204))
    }

    /// Runs a run again.
    pub fn rerun(&self, repo: &Repo, id: &str) -> Done {
        let run = found(repo, id)?;
        self.again(repo, run, |state, token| {
            state.rerun(token, repo.id, run.id, false)
        })
    }

    /// Runs a job again, with what depends on it.
    pub fn rerun_job(&self, repo: &Repo, id: &str) -> Done {
        let id = number(id)?;
        let run = repo.run(runs::run_of(id)).ok_or_else(No::not_found)?;
        let slots = runs::slots(repo, run);
        let job = slots.iter().find(|it| it.id == id).and_then(|it| it.job);
        let job = job.ok_or_else(No::not_found)?.id;
        self.again(repo, run, |state, token| {
            state.rerun_job(token, repo.id, job)
        })
    }
}

fn found<'r>(repo: &'r Repo, id: &str) -> Result<&'r Run, No> {
    let run = repo.run(number(id)?);
    run.map(|it| &**it).ok_or_else(No::not_found)
}

fn lost(gitea: bool, what: &str, name: &str) -> No {
    if gitea {
        No::missing(format!("{what} {name:?} doesn't exist"))
    } else {
        No::new(
            404,
            format!("object does not exist [id: , rel_path: {name}]"),
        )
    }
}
