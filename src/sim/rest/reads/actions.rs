//! Reads of workflows, runs, jobs, checks and commit statuses.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Done, number};
use crate::sim::{
    act::Refusal,
    model::{Conclusion, Repo, RollupState, Run, RunStatus, StatusState},
    rest::{Answer, Ask},
    trace,
};

impl Ask<'_> {
    /// Workflow files.
    pub fn workflows(&self, repo: &Repo) -> Answer {
        self.counted("workflows", &repo.workflows, |it| {
            self.shape().workflow(repo, it)
        })
    }

    /// One workflow.
    pub fn workflow(&self, repo: &Repo, key: &str) -> Done {
        let found = repo.workflow(key).ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(200, self.shape().workflow(repo, found)))
    }

    /// Runs, newest first, of all workflows or of one; filtered, there are at most 1,000.
    pub fn runs(&self, repo: &Repo, workflow: Option<&str>) -> Done {
        let workflow = match workflow {
            Some(key) => Some(repo.workflow(key).ok_or_else(Refusal::not_found)?.id),
            None => None,
        };
        let created = self.param("created").map(Created::parse);
        let suite = self
            .param("check_suite_id")
            .and_then(|it| it.parse::<u64>().ok());
        let filters = ["actor", "branch", "event", "status", "created", "head_sha"];
        let filtered = filters.iter().any(|it| self.param(it).is_some());
        let same = |name, value: &str| self.param(name).is_none_or(|it| it == value);
        let runs: Vec<&Arc<Run>> = repo
            .runs
            .iter()
            .rev()
            .filter(|run| workflow.is_none_or(|it| it == run.workflow))
            .filter(|run| same("actor", &run.actor) && same("event", &run.event))
            .filter(|run| same("branch", run.head_branch.as_deref().unwrap_or_default()))
            .filter(|run| same("head_sha", &run.head_sha))
            .filter(|run| suite.is_none_or(|it| it == run.check_suite))
            .filter(|run| self.param("status").is_none_or(|it| stands(run, it)))
            .filter(|run| created.as_ref().is_none_or(|it| it.holds(run.created_at)))
            .take(if filtered { 1_000 } else { usize::MAX })
            .collect();
        Ok(self.counted("workflow_runs", &runs, |it| self.shape().run(repo, it)))
    }

    fn found<'r>(repo: &'r Repo, id: &str) -> Result<&'r Arc<Run>, Refusal> {
        repo.run(number(id)?).ok_or_else(Refusal::not_found)
    }

    /// One run.
    pub fn run(&self, repo: &Repo, id: &str) -> Done {
        Ok(Answer::json(
            200,
            self.shape().run(repo, Self::found(repo, id)?),
        ))
    }

    /// One attempt of a run; only the newest is kept with a status of its own.
    pub fn attempt(&self, repo: &Repo, id: &str, attempt: &str) -> Done {
        let run = Self::found(repo, id)?;
        if number(attempt)? != u64::from(run.attempt) {
            return Err(Refusal::not_found());
        }
        self.run(repo, id)
    }

    /// The artifacts of a run: none is ever uploaded.
    pub fn artifacts(&self, repo: &Repo, id: &str) -> Done {
        Self::found(repo, id)?;
        Ok(Answer::json(
            200,
            json!({"total_count": 0, "artifacts": []}),
        ))
    }

    /// The jobs of a run.
    pub fn jobs(&self, repo: &Repo, id: &str) -> Done {
        let run = Self::found(repo, id)?;
        let all = self.param("filter") == Some("all");
        let jobs: Vec<_> = run
            .jobs
            .iter()
            .filter(|it| all || it.attempt == run.attempt)
            .collect();
        Ok(self.counted("jobs", &jobs, |it| self.shape().job(repo, run, it)))
    }

    /// Where a job's log lies: in a store on another host, under an address that is its own key.
    pub fn job_log(&self, repo: &Repo, id: &str) -> Done {
        let id = number(id)?;
        let (_, job) = repo.job(id).ok_or_else(Refusal::not_found)?;
        if job.completed_at.is_none() {
            return Err(Refusal::not_found());
        }
        let store = self.state().base.replacen("127.0.0.1", "localhost", 1);
        let key = trace::key(self.state(), repo.id, id);
        let place = format!("{store}/_logs/{}/{id}?sig={key}", repo.id);
        Ok(Answer::empty(302).with("location", place))
    }

    /// One job.
    pub fn job(&self, repo: &Repo, id: &str) -> Done {
        let id = number(id)?;
        let of = |run: &&Arc<Run>| run.jobs.iter().any(|it| it.id == id);
        let run = repo
            .runs
            .iter()
            .rev()
            .find(of)
            .ok_or_else(Refusal::not_found)?;
        let job = run
            .jobs
            .iter()
            .find(|it| it.id == id)
            .ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(200, self.shape().job(repo, run, job)))
    }

    /// What a run waits for.
    pub fn pending(&self, repo: &Repo, id: &str) -> Done {
        let run = Self::found(repo, id)?;
        let shape = self.shape();
        let pending = repo.pending(run);
        let list = pending
            .iter()
            .map(|it| shape.pending(repo, run, it))
            .collect();
        Ok(Answer::json(200, Value::Array(list)))
    }

    /// What reviewers said about a run.
    pub fn approvals(&self, repo: &Repo, id: &str) -> Done {
        let run = Self::found(repo, id)?;
        let list = run
            .approvals
            .iter()
            .rev()
            .map(|it| self.shape().approval(repo, it))
            .collect();
        Ok(Answer::json(200, Value::Array(list)))
    }

    /// The check runs of a commit.
    pub fn check_runs(&self, repo: &Repo, rev: &str) -> Done {
        let sha = &self.rev(repo, rev)?.sha;
        let all = self.param("filter") == Some("all");
        let mut checks: Vec<_> = repo
            .runs_on(sha)
            .flat_map(|run| run.jobs.iter().map(move |job| (run, job)))
            .filter(|(run, job)| all || job.attempt == run.attempt)
            .filter(|(_, job)| self.param("check_name").is_none_or(|it| it == job.name))
            .filter(|(_, job)| {
                self.param("status")
                    .is_none_or(|it| it == job.status.word())
            })
            .collect();
        checks.sort_by_key(|(_, job)| std::cmp::Reverse(job.id));
        Ok(self.counted("check_runs", &checks, |(run, job)| {
            self.shape().check_run(repo, run, job)
        }))
    }

    /// The newest status of each context of a commit, added up; pending when there are none.
    pub fn combined_status(&self, repo: &Repo, rev: &str) -> Done {
        let commit = self.rev(repo, rev)?;
        let statuses = repo.statuses_on(&commit.sha);
        let any = |state| statuses.iter().any(|it| it.state == state);
        let state = if any(StatusState::Failure) || any(StatusState::Error) {
            RollupState::Failure
        } else if statuses.is_empty() || any(StatusState::Pending) {
            RollupState::Pending
        } else {
            RollupState::Success
        };
        let shape = self.shape();
        let list: Vec<Value> = statuses
            .iter()
            .map(|it| shape.commit_status(repo, it))
            .collect();
        let url = format!("{}/commits/{}", shape.url(repo), commit.sha);
        Ok(Answer::json(
            200,
            json!({
                "state": state.word(),
                "statuses": list,
                "sha": commit.sha,
                "total_count": statuses.len(),
                "repository": shape.minimal_repo(repo),
                "commit_url": url,
                "url": format!("{url}/status"),
            }),
        ))
    }

    /// All statuses of a commit, newest first.
    pub fn statuses(&self, repo: &Repo, rev: &str) -> Done {
        let sha = &self.rev(repo, rev)?.sha;
        let list: Vec<_> = repo
            .statuses
            .iter()
            .rev()
            .filter(|it| it.sha == *sha)
            .collect();
        Ok(self.list(&list, |it| self.shape().commit_status(repo, it)))
    }
}

// `status` means either the status or the conclusion.
fn stands(run: &Run, word: &str) -> bool {
    RunStatus::parse(word).is_some_and(|it| it == run.status)
        || Conclusion::parse(word).is_some_and(|it| Some(it) == run.conclusion)
}

/// The `created` filter: `>=T`, `>T`, `<=T`, `<T`, `T..T`, or a day or instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Created {
    from: Timestamp,
    until: Timestamp,
}

impl Created {
    fn parse(text: &str) -> Self {
        let all = Self {
            from: Timestamp::MIN,
            until: Timestamp::MAX,
        };
        let second = jiff::SignedDuration::from_secs(1);
        if let Some((from, until)) = text.split_once("..") {
            return Self {
                from: instant(from).map_or(Timestamp::MIN, |(start, _)| start),
                until: instant(until).map_or(Timestamp::MAX, |(_, end)| end),
            };
        }
        if let Some(it) = text.strip_prefix(">=").and_then(instant) {
            return Self { from: it.0, ..all };
        }
        if let Some(it) = text.strip_prefix('>').and_then(instant) {
            return Self {
                from: it.1.saturating_add(second).unwrap_or(it.1),
                ..all
            };
        }
        if let Some(it) = text.strip_prefix("<=").and_then(instant) {
            return Self { until: it.1, ..all };
        }
        if let Some(it) = text.strip_prefix('<').and_then(instant) {
            return Self {
                until: it.0.saturating_sub(second).unwrap_or(it.0),
                ..all
            };
        }
        // GitHub ignores what it cannot read.
        instant(text).map_or(all, |(from, until)| Self { from, until })
    }

    fn holds(&self, at: Timestamp) -> bool {
        // Instants are told in whole seconds.
        let at = at.as_second();
        self.from.as_second() <= at && at <= self.until.as_second()
    }
}

// A day is all of it.
fn instant(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some((at, at));
    }
    let day: jiff::civil::Date = text.parse().ok()?;
    let zone = jiff::tz::TimeZone::UTC;
    let start = day.to_zoned(zone.clone()).ok()?.timestamp();
    let end = day.at(23, 59, 59, 0).to_zoned(zone).ok()?.timestamp();
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_created_filter_reads_ranges_days_and_instants() {
        let noon: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let cases = [
            (">=2026-11-20T12:00:00Z", true),
            (">2026-11-20T12:00:00Z", false),
            ("<2026-11-20T12:00:00Z", false),
            ("<=2026-11-20", true),
            ("2026-11-20", true),
            ("2026-11-21", false),
            ("2026-11-19..2026-11-20", true),
            ("2026-11-20T12:00:01Z..*", false),
            ("nonsense", true),
        ];
        for (text, holds) in cases {
            assert_eq!(Created::parse(text).holds(noon), holds, "{text}");
        }
    }
}
