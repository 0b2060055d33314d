//! Questions that both of GitLab's APIs ask of a project.

use crate::sim::{
    gitlab::words::{level, protected, run_word},
    model::{
        Deployment, Environment, Job, Permission, Pull, PullState, Repo, ReviewState, Run,
        RunStatus, State, Token,
    },
};

/// One rule of who must approve: a reviewer of the environment, and how many it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule<'a> {
    /// Its place in the list.
    pub at: usize,
    /// A login, `@team`, or a role.
    pub who: &'a str,
    /// How many must approve.
    pub required: u32,
}

/// The rules of an environment.
pub fn rules(environment: &Environment) -> Vec<Rule<'_>> {
    let all = environment.reviewers.iter().enumerate();
    all.map(|(at, who)| Rule {
        at,
        who,
        required: environment.approvals.max(1),
    })
    .collect()
}

/// The role that a word names, if it names one.
pub fn role(who: &str) -> Option<Permission> {
    match who {
        "reporter" => Some(Permission::Read),
        "developer" => Some(Permission::Write),
        "maintainer" => Some(Permission::Maintain),
        "owner" => Some(Permission::Admin),
        _ => None,
    }
}

impl State {
    /// Says whether somebody is who a rule names.
    pub fn is(&self, token: &Token, who: &str) -> bool {
        match (who.strip_prefix('@'), role(who)) {
            (Some(team), _) => {
                let user = self.users.get(&token.login);
                user.is_some_and(|it| it.teams.iter().any(|it| it == team))
            }
            (None, Some(role)) => level(token.permission) >= level(role),
            (None, None) => token.login == who,
        }
    }

    /// Says whether somebody may deploy to an environment.
    pub fn may_deploy(&self, token: &Token, environment: Option<&Environment>) -> bool {
        let developer = level(token.permission) >= level(Permission::Write);
        let named = environment.is_none_or(|it| {
            it.deployers.is_empty() || it.deployers.iter().any(|who| self.is(token, who))
        });
        developer && named
    }
}

impl Repo {
    /// The number of a deployment within the project.
    pub fn deployment_iid(&self, id: u64) -> u64 {
        let at = self.deployments.iter().position(|it| it.id == id);
        at.map_or(0, |it| it as u64 + 1)
    }

    /// The job that makes a deployment, and its pipeline.
    pub fn deployable(&self, deployment: &Deployment) -> Option<(&Run, &Job)> {
        let (run, job) = deployment.run?;
        let run = self.run(run)?;
        Some((run, run.jobs.iter().find(|it| it.id == job)?))
    }

    /// A job by its number, and its pipeline.
    pub fn job(&self, id: u64) -> Option<(&Run, &Job)> {
        self.runs.iter().rev().find_map(|run| {
            let job = run.jobs.iter().find(|it| it.id == id)?;
            Some((&**run, job))
        })
    }

    /// How many approvals a deployment still lacks.
    pub fn pending_approvals(&self, deployment: &Deployment) -> u32 {
        let Some(environment) = self.environment(&deployment.environment) else {
            return 0;
        };
        rules(environment)
            .iter()
            .map(|rule| {
                let all = deployment.consents.iter();
                let given = all.filter(|it| it.approved && it.rule == rule.at).count();
                rule.required
                    .saturating_sub(u32::try_from(given).unwrap_or(u32::MAX))
            })
            .sum()
    }

    /// Says whether a job waits for approvals, not for somebody to play it.
    pub fn blocked(&self, job: &Job) -> bool {
        let deployment = job.deployment.and_then(|it| self.deployment(it));
        deployment.is_some_and(|it| super::words::deployment_word(it) == "blocked")
    }

    /// Says whether a job can be played now.
    pub fn playable(&self, job: &Job) -> bool {
        let again = job.rules.manual && job.status == RunStatus::Completed && retryable(job);
        let waits = job.status == RunStatus::Waiting && !self.blocked(job);
        job.attempt > 0 && (waits || again)
    }

    /// The newest pipeline of a merge request.
    pub fn head_pipeline(&self, pull: &Pull) -> Option<&Run> {
        let own =
            |it: &Run| it.pull == Some(pull.number) || it.head_branch.as_ref() == Some(&pull.head);
        let found = self
            .runs
            .iter()
            .rev()
            .find(|it| it.head_sha == pull.head_sha && own(it));
        found.map(|it| &**it)
    }

    /// How many approvals a merge request has, and how many it needs.
    pub fn approvals(&self, pull: &Pull) -> (u32, u32) {
        let opinions = pull.opinions();
        let given = opinions
            .iter()
            .filter(|it| it.state == ReviewState::Approved)
            .count();
        let needed = self.protection(&pull.base).map_or(0, |it| it.reviews);
        (u32::try_from(given).unwrap_or(u32::MAX), needed)
    }

    /// Whether a merge request can be merged, or the first thing in its way.
    pub fn detailed_merge_status(&self, pull: &Pull) -> &'static str {
        if pull.state != PullState::Open {
            return "not_open";
        }
        let (given, needed) = self.approvals(pull);
        let changes = pull
            .opinions()
            .iter()
            .any(|it| it.state == ReviewState::ChangesRequested);
        let must = self.gitlab.as_ref().is_some_and(|it| it.must_succeed);
        let pipeline = self.head_pipeline(pull).map(run_word);
        if pull.draft {
            "draft_status"
        } else if pull.mergeable.is_none() {
            "checking"
        } else if pull.mergeable == Some(false) {
            "conflict"
        } else if must && matches!(pipeline, Some("created" | "pending" | "running")) {
            "ci_still_running"
        } else if must && !matches!(pipeline, Some("success" | "skipped")) {
            "ci_must_pass"
        } else if changes {
            "requested_changes"
        } else if given < needed {
            "not_approved"
        } else {
            "mergeable"
        }
    }

    /// Says whether the environments of this project are protected at all.
    pub fn protected_environments(&self) -> Vec<&Environment> {
        self.environments
            .iter()
            .filter(|it| protected(it))
            .collect()
    }
}

/// Says whether a job can be run again.
pub fn retryable(job: &Job) -> bool {
    let word = super::words::job_word(job);
    job.attempt > 0 && matches!(word, "success" | "failed" | "canceled")
}

/// Says whether a job can be cancelled.
pub fn cancelable(job: &Job) -> bool {
    let word = super::words::job_word(job);
    matches!(
        word,
        "created" | "pending" | "running" | "waiting_for_resource"
    )
}
