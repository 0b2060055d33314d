//! Questions that both APIs ask of a repository.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    Commit, CommitStatus, Conclusion, Deployment, DeploymentState, Environment, Job, Protection,
    Pull, PullState, Release, Repo, ReviewState, Run, RunStatus, State, StatusState, Workflow,
    gitlab::External, words,
};

words! {
    /// How two revisions lie to each other.
    Ordering { Ahead = "ahead", Behind = "behind", Diverged = "diverged", Identical = "identical" }
}

words! {
    /// The sum of all checks and statuses of a commit.
    RollupState { Error = "error", Expected = "expected", Failure = "failure", Pending = "pending", Success = "success" }
}

/// The difference between two revisions.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// How head lies to base.
    pub status: Ordering,
    /// The newest commit that both have.
    pub merge_base: Arc<Commit>,
    /// What head has and base lacks, oldest first.
    pub commits: Vec<Arc<Commit>>,
    /// How many commits base has and head lacks.
    pub behind: usize,
}

/// How many check runs are in each state; GraphQL's `CheckRunState` words in lower case.
pub type CheckCounts = BTreeMap<&'static str, u32>;

/// The checks and statuses of a commit, added up.
#[derive(Debug, Clone)]
pub struct Rollup {
    /// The sum: failure before pending before success.
    pub state: RollupState,
    /// Check runs by state.
    pub checks: CheckCounts,
    /// Statuses by state.
    pub statuses: BTreeMap<StatusState, u32>,
}

/// An environment that a run waits for.
#[derive(Debug, Clone)]
pub struct Pending<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The job that waits.
    pub job: &'a Job,
    /// When the wait timer began; `None` without a timer.
    pub timer_since: Option<Timestamp>,
}

impl Repo {
    /// The commit of a full sha.
    pub fn commit(&self, sha: &str) -> Option<&Arc<Commit>> {
        self.by_sha.get(sha).and_then(|at| self.commits.get(*at))
    }

    /// The commit that a branch, tag, `refs/…`, `heads/…`, sha or unique short sha names.
    pub fn resolve(&self, rev: &str) -> Option<&Arc<Commit>> {
        let rev = rev.strip_prefix("refs/").unwrap_or(rev);
        if let Some(name) = rev.strip_prefix("heads/") {
            return self.branches.get(name).and_then(|it| self.commit(&it.sha));
        }
        if let Some(name) = rev.strip_prefix("tags/") {
            return self.tag(name);
        }
        if let Some(branch) = self.branches.get(rev) {
            return self.commit(&branch.sha);
        }
        self.tag(rev).or_else(|| self.commit(rev)).or_else(|| {
            let hex = rev.len() >= 7 && rev.bytes().all(|byte| byte.is_ascii_hexdigit());
            let mut found = self
                .commits
                .iter()
                .filter(|it| hex && it.sha.starts_with(rev));
            found.next().filter(|_| found.next().is_none())
        })
    }

    /// The commit of a tag.
    pub fn tag(&self, name: &str) -> Option<&Arc<Commit>> {
        let tag = self.tags.iter().rev().find(|it| it.name == name)?;
        self.commit(&tag.sha)
    }

    /// A commit and all before it.
    pub fn ancestors(&self, sha: &str) -> HashSet<&str> {
        let mut seen = HashSet::new();
        let mut open = vec![sha];
        while let Some(next) = open.pop() {
            let Some(commit) = self.commit(next) else {
                continue;
            };
            if seen.insert(commit.sha.as_str()) {
                open.extend(commit.parents.iter().map(String::as_str));
            }
        }
        seen
    }

    /// Compares two revisions as `base...head` does.
    pub fn compare(&self, base: &str, head: &str) -> Option<Comparison> {
        let base = self.resolve(base)?;
        let head = self.resolve(head)?;
        let in_base = self.ancestors(&base.sha);
        let in_head = self.ancestors(&head.sha);
        // Commits are kept in the order they came, so parents are always before children.
        let commits: Vec<_> = self
            .commits
            .iter()
            .filter(|it| in_head.contains(it.sha.as_str()) && !in_base.contains(it.sha.as_str()))
            .cloned()
            .collect();
        let behind = in_base.iter().filter(|sha| !in_head.contains(*sha)).count();
        let merge_base =
            self.commits.iter().rev().find(|it| {
                in_base.contains(it.sha.as_str()) && in_head.contains(it.sha.as_str())
            })?;
        let status = match (commits.is_empty(), behind == 0) {
            (true, true) => Ordering::Identical,
            (false, true) => Ordering::Ahead,
            (true, false) => Ordering::Behind,
            (false, false) => Ordering::Diverged,
        };
        Some(Comparison {
            status,
            merge_base: merge_base.clone(),
            commits,
            behind,
        })
    }

    /// The pull requests that brought a commit in, else the open ones that carry it.
    pub fn pulls_of(&self, sha: &str) -> Vec<&Pull> {
        let merged: Vec<_> = self
            .pulls
            .iter()
            .filter(|it| {
                it.state == PullState::Merged
                    && (it.merge_commit.as_deref() == Some(sha) || it.head_sha == sha)
            })
            .collect();
        if merged.is_empty() {
            let open = self.pulls.iter().filter(|it| it.state == PullState::Open);
            open.filter(|it| it.head_sha == sha).collect()
        } else {
            merged
        }
    }

    /// A pull request by its number in the repository.
    pub fn pull(&self, number: u64) -> Option<&Pull> {
        self.pulls.iter().find(|it| it.number == number)
    }

    pub(crate) fn pull_mut(&mut self, number: u64) -> Option<&mut Pull> {
        self.pulls.iter_mut().find(|it| it.number == number)
    }

    /// A workflow by number, by file name or by path.
    pub fn workflow(&self, key: &str) -> Option<&Arc<Workflow>> {
        let id: Option<u64> = key.parse().ok();
        self.workflows
            .iter()
            .find(|it| Some(it.id) == id || it.file == key || it.path() == key)
    }

    /// The pipeline definition that starts for `push`, `merge_request`, `tag` or `api`; an `api`
    /// call without one of its own starts what a push does.
    pub fn pipeline_for(&self, event: &str) -> Option<&Arc<Workflow>> {
        let on = |event: &str| {
            let mut all = self.workflows.iter();
            all.find(|it| it.on.iter().any(|on| on == event))
        };
        on(event).or_else(|| on("push").filter(|_| event == "api"))
    }

    /// The newest external status of each name in a pipeline.
    pub fn externals(&self, pipeline: u64) -> Vec<&External> {
        let mut newest: Vec<&External> = Vec::new();
        let all = self.gitlab.iter().flat_map(|it| it.statuses.iter().rev());
        for status in all.filter(|it| it.pipeline == pipeline) {
            if !newest.iter().any(|it| it.name == status.name) {
                newest.push(status);
            }
        }
        newest
    }

    /// A run by its number.
    pub fn run(&self, id: u64) -> Option<&Arc<Run>> {
        self.runs.iter().rev().find(|it| it.id == id)
    }

    /// The runs on a commit, newest first.
    pub fn runs_on<'a>(&'a self, sha: &'a str) -> impl Iterator<Item = &'a Arc<Run>> + 'a {
        self.runs.iter().rev().filter(move |it| it.head_sha == sha)
    }

    /// The check runs of a commit: the jobs of the newest attempt of each of its runs.
    pub fn checks_on<'a>(&'a self, sha: &'a str) -> impl Iterator<Item = (&'a Run, &'a Job)> + 'a {
        self.runs_on(sha)
            .flat_map(|run| run.latest_jobs().map(move |job| (&**run, job)))
    }

    /// The newest status of each context of a commit.
    pub fn statuses_on(&self, sha: &str) -> Vec<&CommitStatus> {
        let mut newest: Vec<&CommitStatus> = Vec::new();
        for status in self.statuses.iter().rev().filter(|it| it.sha == sha) {
            if !newest.iter().any(|it| it.context == status.context) {
                newest.push(status);
            }
        }
        newest
    }

    /// Adds up all checks and statuses of a commit; `None` when there are none.
    pub fn rollup(&self, sha: &str) -> Option<Rollup> {
        let mut checks = CheckCounts::new();
        let mut statuses = BTreeMap::new();
        let (mut failed, mut error, mut open) = (false, false, false);
        for (_, job) in self.checks_on(sha) {
            *checks
                .entry(job.conclusion.map_or(job.status.word(), Conclusion::word))
                .or_insert(0) += 1;
            match job.conclusion {
                None => open = true,
                Some(Conclusion::Success | Conclusion::Neutral | Conclusion::Skipped) => {}
                Some(_) => failed = true,
            }
        }
        for status in self.statuses_on(sha) {
            *statuses.entry(status.state).or_insert(0) += 1;
            match status.state {
                StatusState::Success | StatusState::Warning | StatusState::Skipped => {}
                StatusState::Pending => open = true,
                StatusState::Failure => failed = true,
                StatusState::Error => error = true,
            }
        }
        if checks.is_empty() && statuses.is_empty() {
            return None;
        }
        let state = match (failed, error, open) {
            (true, ..) => RollupState::Failure,
            (_, true, _) => RollupState::Error,
            (_, _, true) => RollupState::Pending,
            _ => RollupState::Success,
        };
        Some(Rollup {
            state,
            checks,
            statuses,
        })
    }

    /// An environment by name, without regard to case as GitHub does.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments
            .iter()
            .find(|it| it.name.eq_ignore_ascii_case(name))
    }

    /// A deployment by number.
    pub fn deployment(&self, id: u64) -> Option<&Arc<Deployment>> {
        self.deployments.iter().rev().find(|it| it.id == id)
    }

    /// The deployments to an environment, newest first.
    pub fn deployments_to<'a>(
        &'a self,
        environment: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Deployment>> + 'a {
        self.deployments
            .iter()
            .rev()
            .filter(move |it| it.environment == environment)
    }

    /// The deployment that stands in an environment: the newest that succeeded. GitLab goes by when
    /// it did, for an old pipeline's job may be played late; the others by when it was made.
    pub fn live<'a>(&'a self, environment: &'a str) -> Option<&'a Arc<Deployment>> {
        let mut standing = self
            .deployments_to(environment)
            .filter(|it| it.state() == DeploymentState::Active);
        if self.gitlab.is_none() {
            return standing.next();
        }
        standing.max_by_key(|it| (it.latest().map(|it| it.created_at), it.id))
    }

    /// The newest published release that is not a prerelease and may be latest.
    pub fn latest_release(&self) -> Option<&Release> {
        self.releases
            .iter()
            .filter(|it| !it.draft && !it.prerelease && it.latest)
            .max_by_key(|it| (it.published_at, it.id))
    }

    /// What a change into `branch` needs.
    pub fn protection(&self, branch: &str) -> Option<&Protection> {
        self.branches.get(branch)?.protection.as_ref()
    }

    /// The gates at which a run waits.
    pub fn pending<'a>(&'a self, run: &'a Run) -> Vec<Pending<'a>> {
        run.latest_jobs()
            .filter(|job| job.status == RunStatus::Waiting)
            .filter_map(|job| {
                let gate = job.gate.as_ref()?;
                // Approved and past its timer: it only has not been seen to start yet.
                if !gate.review && gate.until.is_none() {
                    return None;
                }
                let environment = self.environment(job.environment.as_deref()?)?;
                Some(Pending {
                    environment,
                    job,
                    timer_since: gate.until.map(|_| gate.since),
                })
            })
            .collect()
    }

    /// GraphQL's `reviewDecision` in lower case; `None` when nobody asks for a review.
    pub fn review_decision(&self, pull: &Pull) -> Option<&'static str> {
        let needed = self.protection(&pull.base).map_or(0, |it| it.reviews) as usize;
        let opinions = pull.opinions();
        let approvals = opinions
            .iter()
            .filter(|it| it.state == ReviewState::Approved)
            .count();
        if opinions
            .iter()
            .any(|it| it.state == ReviewState::ChangesRequested)
        {
            Some("changes_requested")
        } else if approvals > 0 && approvals >= needed {
            Some("approved")
        } else {
            (needed > 0).then_some("review_required")
        }
    }

    /// GraphQL's `mergeStateStatus` in lower case, which REST calls `mergeable_state`.
    pub fn merge_state(&self, pull: &Pull) -> &'static str {
        if pull.draft {
            return "draft";
        }
        match pull.mergeable {
            None => return "unknown",
            Some(false) => return "dirty",
            Some(true) => {}
        }
        let protection = self.protection(&pull.base).cloned().unwrap_or_default();
        let lacks_review = protection.reviews > 0 && self.review_decision(pull) != Some("approved");
        let lacks_check = protection
            .contexts
            .iter()
            .any(|it| !self.succeeded(&pull.head_sha, it));
        if lacks_review || lacks_check {
            "blocked"
        } else if self
            .rollup(&pull.head_sha)
            .is_some_and(|it| it.state != RollupState::Success)
        {
            "unstable"
        } else {
            "clean"
        }
    }

    /// Says whether a check run or status of that name stands at success on a commit.
    pub fn succeeded(&self, sha: &str, context: &str) -> bool {
        let statuses = self.statuses_on(sha);
        let status = statuses.iter().find(|it| it.context == context);
        let mut checks = self.checks_on(sha).filter(|(_, job)| job.name == context);
        status.is_some_and(|it| it.state == StatusState::Success)
            || checks
                .next()
                .is_some_and(|(_, job)| job.conclusion == Some(Conclusion::Success))
    }
}

impl State {
    /// Says whether a person may approve what the run waits for.
    pub fn may_approve(&self, login: &str, run: &Run, environment: &Environment) -> bool {
        let own = environment.prevent_self_review && run.triggering_actor == login;
        !own && environment
            .reviewers
            .iter()
            .any(|it| match it.strip_prefix('@') {
                Some(team) => self
                    .users
                    .get(login)
                    .is_some_and(|user| user.teams.iter().any(|it| it == team)),
                None => it == login,
            })
    }
}
