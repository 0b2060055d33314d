//! Commit statuses: those that people and jobs set, and the one that every job of a run has.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Call, Done, Edition, No,
    call::deputy,
    list::Page,
    runs::{self, Slot, Stage},
    shape::{Shape, time},
};
use crate::sim::{
    act::deploy::NewCommitStatus,
    model::{CommitStatus, Repo, Run, StatusState},
    rest::Answer,
};

/// A status as it is told.
#[derive(Debug, Clone)]
pub struct Told {
    id: u64,
    /// Its name.
    pub context: String,
    /// Its word.
    pub state: StatusState,
    description: String,
    target_url: String,
    /// Nobody, where Actions set it.
    creator: Option<String>,
    at: Timestamp,
}

/// The statuses of a commit, newest first; `all`, or the newest of each context.
pub fn told(repo: &Repo, sha: &str, edition: Edition, all: bool) -> Vec<Told> {
    let set = repo.statuses.iter().filter(|it| it.sha == sha).map(of_set);
    let ran = repo.runs.iter().filter(|it| it.head_sha == sha);
    // What is dispatched tells nobody by a status.
    let ran = ran.filter(|it| matches!(it.event.as_str(), "push" | "pull_request" | "release"));
    let ran = ran.flat_map(|run| {
        let slots = runs::slots(repo, run);
        slots.into_iter().map(|it| of_job(repo, run, &it, edition))
    });
    let mut list: Vec<Told> = set.chain(ran).collect();
    list.sort_by_key(|it| std::cmp::Reverse((it.at, it.id)));
    if !all {
        let mut seen: Vec<String> = Vec::new();
        list.retain(|it| {
            let new = !seen.contains(&it.context);
            if new {
                seen.push(it.context.clone());
            }
            new
        });
    }
    list
}

fn of_set(it: &CommitStatus) -> Told {
    Told {
        id: it.id,
        context: it.context.clone(),
        state: it.state,
        description: it.description.clone().unwrap_or_default(),
        target_url: it.target_url.clone().unwrap_or_default(),
        creator: Some(it.creator.clone()),
        at: it.created_at,
    }
}

// Numbers of jobs are far above those of statuses.
fn of_job(repo: &Repo, run: &Run, slot: &Slot<'_>, edition: Edition) -> Told {
    let job = slot.job;
    let took = job.and_then(|it| Some(it.completed_at?.as_second() - it.started_at?.as_second()));
    let took = took.unwrap_or(0);
    let (state, description) = match slot.stage {
        Stage::Success => (StatusState::Success, format!("Successful in {took}s")),
        Stage::Failure => (StatusState::Failure, format!("Failing after {took}s")),
        Stage::Cancelled => (StatusState::Failure, "Has been cancelled".to_owned()),
        Stage::Skipped if edition.skips() => (StatusState::Skipped, "Has been skipped".to_owned()),
        Stage::Skipped => (StatusState::Success, "Has been skipped".to_owned()),
        Stage::Running => (StatusState::Pending, "Has started running".to_owned()),
        Stage::Waiting => (StatusState::Pending, "Waiting to run".to_owned()),
        Stage::Blocked => (
            StatusState::Pending,
            "Blocked by required conditions".to_owned(),
        ),
        Stage::Unknown => (StatusState::Pending, "Unknown status: 0".to_owned()),
    };
    let at = job.map(|it| it.completed_at.or(it.started_at).unwrap_or(it.created_at));
    Told {
        id: slot.id,
        context: format!("{} / {} ({})", run.name, slot.name, run.event),
        state,
        description,
        // A path without its host, as the servers really send it.
        target_url: format!(
            "/{}/actions/runs/{}/jobs/{}",
            repo.full_name(),
            runs::index(repo, run),
            slot.index
        ),
        creator: None,
        at: at.unwrap_or(run.created_at),
    }
}

const fn rank(state: StatusState) -> u8 {
    match state {
        StatusState::Error => 0,
        StatusState::Failure => 1,
        StatusState::Warning => 2,
        StatusState::Pending => 3,
        StatusState::Success => 4,
        StatusState::Skipped => 5,
    }
}

/// The worst of some statuses; an error is told as a failure.
fn combined(list: &[&Told]) -> Option<StatusState> {
    let worst = list.iter().map(|it| it.state).min_by_key(|it| rank(*it))?;
    Some(if worst == StatusState::Error {
        StatusState::Failure
    } else {
        worst
    })
}

/// Says whether all contexts that a rule names (`*` stands for anything) are there and good.
pub fn pass(list: &[Told], required: &[String]) -> bool {
    required.iter().all(|pattern| {
        let mut meant = list
            .iter()
            .filter(|it| globs(pattern, &it.context))
            .peekable();
        meant.peek().is_some()
            && meant.all(|it| matches!(it.state, StatusState::Success | StatusState::Skipped))
    })
}

fn globs(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|tail| {
            let ends = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
            ends.into_iter()
                .any(|at| tail.get(at..).is_some_and(|tail| globs(rest, tail)))
        }),
    }
}

impl Shape<'_> {
    fn status(&self, repo: &Repo, sha: &str, it: &Told) -> Value {
        json!({
            "id": it.id,
            "status": it.state.word(),
            "target_url": it.target_url,
            "description": it.description,
            "url": format!("{}/statuses/{sha}", self.url(repo)),
            "context": it.context,
            "creator": it.creator.as_ref().map(|it| self.account(it)),
            "created_at": time(it.at),
            "updated_at": time(it.at),
        })
    }
}

fn sha_of<'r>(repo: &'r Repo, rev: &str) -> Result<&'r str, No> {
    let commit = repo.resolve(rev);
    let words = || No::missing(format!("object does not exist [id: {rev}, rel_path: ]"));
    Ok(&commit.ok_or_else(words)?.sha)
}

impl Call<'_> {
    /// The newest status of each context, and their sum: but of this page alone.
    pub fn combined(&self, repo: &Repo, rev: &str) -> Done {
        let sha = sha_of(repo, rev)?;
        let all = told(repo, sha, self.edition, false);
        if all.is_empty() {
            // Go's zero value: not even the commit is named.
            return Ok(Answer::json(
                200,
                json!({
                    "state": "", "sha": "", "total_count": 0, "statuses": null,
                    "repository": null, "commit_url": "", "url": "",
                }),
            ));
        }
        let page = Page::of(self);
        let part: Vec<&Told> = page.part(&all).collect();
        let shape = self.shape();
        let url = shape.url(repo);
        let body = json!({
            "state": combined(&part).map_or("", StatusState::word),
            "sha": sha,
            "total_count": all.len(),
            "statuses": part.iter().map(|it| shape.status(repo, sha, it)).collect::<Vec<_>>(),
            "repository": shape.repo(repo),
            "commit_url": format!("{url}/commits/{sha}"),
            "url": format!("{url}/commits/{sha}/status"),
        });
        Ok(self.linked(Answer::json(200, body), page, all.len()))
    }

    /// Every status that a commit ever had.
    pub fn statuses(&self, repo: &Repo, rev: &str) -> Done {
        let sha = sha_of(repo, rev)?;
        let mut all = told(repo, sha, self.edition, true);
        if let Some(state) = self.param("state") {
            all.retain(|it| it.state.word() == state);
        }
        if matches!(
            self.param("sort"),
            Some("oldest" | "leastupdate" | "leastindex")
        ) {
            all.reverse();
        }
        let shape = self.shape();
        Ok(self.list(&all, |it| shape.status(repo, sha, it)))
    }

    /// Sets a status.
    pub fn set_status(&self, repo: &Repo, sha: &str) -> Done {
        let token = self.writer(repo)?;
        let fields = self.fields()?;
        let word = fields.text("state")?.unwrap_or_default();
        let state = StatusState::parse(&word)
            .filter(|it| *it != StatusState::Skipped || self.edition.skips());
        let Some(state) = state else {
            return Err(No::new(400, format!("invalid state: {word}")));
        };
        let present = self.shared.read();
        let known = present.repo_by_id(repo.id).and_then(|it| it.commit(sha));
        known
            .ok_or_else(|| No::missing(format!("object does not exist [id: {sha}, rel_path: ]")))?;
        let context = fields.text("context")?.filter(|it| !it.is_empty());
        let new = NewCommitStatus {
            context: context.unwrap_or_else(|| "default".to_owned()),
            state,
            description: fields.text("description")?,
            target_url: fields.text("target_url")?,
        };
        let deputy = deputy(token);
        let id = self.act(|state| Ok(state.commit_status(&deputy, repo.id, sha, new)?))?;
        let (state, repo) = self.after(repo)?;
        let made = repo
            .statuses
            .iter()
            .rev()
            .find(|it| it.id == id)
            .map(of_set);
        let made = made.ok_or_else(No::not_found)?;
        Ok(Answer::json(
            201,
            self.shape_of(&state).status(&repo, sha, &made),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::globs;

    #[test]
    fn a_required_context_may_be_a_pattern() {
        for (pattern, text, meant) in [
            ("CI / unit (push)", "CI / unit (push)", true),
            ("CI / unit (push)", "CI / unit (pull_request)", false),
            ("CI / *", "CI / unit (push)", true),
            ("*(push)", "CI / unit (push)", true),
            ("CI / * (push)", "CI / unit (pull_request)", false),
            ("*", "anything", true),
        ] {
            assert_eq!(globs(pattern, text), meant, "{pattern} on {text}");
        }
    }
}
