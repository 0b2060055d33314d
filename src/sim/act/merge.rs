//! Acts on pull requests and branches: open, merge, update, label.

use std::collections::BTreeMap;

use super::{Refusal, permit};
use crate::sim::{
    model::{Label, MergeMethod, Ordering, Pull, PullState, Repo, State, Token, pull::AutoMerge},
    script::{Event, push::Work},
};

/// How a pull request is to be merged.
#[derive(Debug, Clone)]
pub struct Merge {
    /// The head that the caller saw.
    pub sha: Option<String>,
    /// How.
    pub method: MergeMethod,
    /// Headline of the commit.
    pub title: Option<String>,
    /// Body of the commit.
    pub message: Option<String>,
}

/// A pull request about to be opened.
#[derive(Debug, Clone, Default)]
pub struct NewPull {
    /// One line.
    pub title: String,
    /// `branch` or `owner:branch`.
    pub head: String,
    /// The base branch.
    pub base: String,
    /// The text below.
    pub body: String,
    /// Not ready yet.
    pub draft: bool,
}

impl State {
    /// Merges a pull request; returns the commit that brought it in.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an order is given away, like the others"
    )]
    pub fn merge_pull(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        merge: Merge,
    ) -> Result<String, Refusal> {
        let repo = self
            .repo_by_id(repo_id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        let pull = repo.pull(number).ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "contents", "repo")?;
        if merge.sha.as_ref().is_some_and(|it| *it != pull.head_sha) {
            return Err(Refusal::new(
                409,
                "Head branch was modified. Review and try the merge again.",
            ));
        }
        let allowed = match merge.method {
            MergeMethod::Merge => (
                repo.merge_commit,
                "Merge commits are not allowed on this repository.",
            ),
            MergeMethod::Squash => (
                repo.squash,
                "Squash merges are not allowed on this repository.",
            ),
            MergeMethod::Rebase => (
                repo.rebase,
                "Rebase merges are not allowed on this repository.",
            ),
        };
        if !allowed.0 {
            return Err(Refusal::new(405, allowed.1));
        }
        let why = match (pull.state, repo.merge_state(pull)) {
            (PullState::Merged, _) => "Pull Request is already merged".to_owned(),
            (PullState::Closed, _) => "Pull Request is closed".to_owned(),
            (_, "draft") => "Pull Request is still a draft".to_owned(),
            (_, "dirty") => "Pull Request has merge conflicts".to_owned(),
            (_, "unknown") => {
                "Base branch was modified. Review and try the merge again.".to_owned()
            }
            (_, "blocked") => {
                let needs = repo.protection(&pull.base).cloned().unwrap_or_default();
                if repo.review_decision(pull) == Some("approved") || needs.reviews == 0 {
                    "Required status check is expected.".to_owned()
                } else {
                    format!(
                        "At least {} approving review is required by reviewers with write access.",
                        needs.reviews
                    )
                }
            }
            _ => return Ok(self.merged(repo_id, number, &token.login, &merge, &BTreeMap::new())),
        };
        Err(Refusal::new(405, why))
    }

    /// Carries a merge out, whoever may do so, and starts what listens to the base.
    pub(crate) fn merged(
        &mut self,
        repo_id: u64,
        number: u64,
        by: &str,
        merge: &Merge,
        fate: &BTreeMap<String, crate::sim::model::Conclusion>,
    ) -> String {
        let now = self.now;
        let Some(repo) = self.repo_by_id(repo_id).cloned() else {
            return String::new();
        };
        let Some(pull) = repo.pull(number).cloned() else {
            return String::new();
        };
        let headline = match merge.method {
            MergeMethod::Merge => format!(
                "Merge pull request #{number} from {}/{}",
                repo.owner, pull.head
            ),
            MergeMethod::Squash | MergeMethod::Rebase => format!("{} (#{number})", pull.title),
        };
        let headline = merge.title.clone().unwrap_or(headline);
        let body = merge.message.clone().unwrap_or_else(|| match merge.method {
            MergeMethod::Merge => pull.title.clone(),
            MergeMethod::Squash | MergeMethod::Rebase => String::new(),
        });
        let message = if body.is_empty() {
            headline
        } else {
            format!("{headline}\n\n{body}")
        };
        let author = match merge.method {
            MergeMethod::Merge => by,
            MergeMethod::Squash | MergeMethod::Rebase => &pull.author,
        };
        let work = Work {
            message,
            author: author.to_owned(),
            merges: (merge.method == MergeMethod::Merge).then(|| pull.head_sha.clone()),
            lines: (pull.additions, pull.deletions),
            files: match merge.method {
                // The commits themselves come in.
                MergeMethod::Merge => Vec::new(),
                MergeMethod::Squash | MergeMethod::Rebase => repo.changes_of(&pull),
            },
        };
        let sha = self.commit(repo_id, &pull.base, work).unwrap_or_default();
        if let Some(it) = self
            .repo_mut(repo_id)
            .and_then(|it| it.pulls.iter_mut().find(|it| it.number == number))
        {
            it.state = PullState::Merged;
            it.merged_at = Some(now);
            it.closed_at = Some(now);
            it.updated_at = now;
            it.merged_by = Some(by.to_owned());
            it.merge_commit = Some(sha.clone());
            it.mergeable = None;
            it.auto_merge = None;
            it.queue = None;
        }
        self.close_named(repo_id, number, by);
        self.pushed(repo_id, &pull.base, by, fate);
        sha
    }

    /// Opens a pull request and returns its number.
    pub fn open_pull(&mut self, token: &Token, repo_id: u64, new: NewPull) -> Result<u64, Refusal> {
        let repo = self
            .repo_by_id(repo_id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "pull_requests", "repo")?;
        if new.title.trim().is_empty() {
            return Err(Refusal::field("PullRequest", "title", "missing_field"));
        }
        let head = new
            .head
            .split_once(':')
            .map_or(new.head.as_str(), |(_, branch)| branch);
        if !repo.branches.contains_key(head) {
            return Err(Refusal::field("PullRequest", "head", "invalid"));
        }
        if !repo.branches.contains_key(&new.base) {
            return Err(Refusal::field("PullRequest", "base", "invalid"));
        }
        let same =
            |it: &&Pull| it.state == PullState::Open && it.head == head && it.base == new.base;
        if repo.pulls.iter().any(|it| same(&it)) {
            let words = format!("A pull request already exists for {}:{head}.", repo.owner);
            return Err(Refusal::custom("PullRequest", "head", words));
        }
        let ahead = repo.compare(&new.base, head);
        if ahead.is_none_or(|it| it.commits.is_empty()) {
            let words = format!("No commits between {} and {head}", new.base);
            return Err(Refusal::custom("PullRequest", "base", words));
        }
        let head = head.to_owned();
        self.opened(repo_id, &token.login, NewPull { head, ..new }, true)
            .ok_or_else(Refusal::not_found)
    }

    /// Opens a pull request between branches that exist, and starts its checks if asked to.
    pub(crate) fn opened(
        &mut self,
        repo_id: u64,
        by: &str,
        new: NewPull,
        checks: bool,
    ) -> Option<u64> {
        let repo = self.repo_by_id(repo_id)?.clone();
        let id = self.next_id();
        let now = self.now;
        let number = repo.last_number + 1;
        let head = repo.branches.get(&new.head)?.sha.clone();
        let base = repo.branches.get(&new.base)?.sha.clone();
        let between = repo
            .compare(&base, &head)
            .map(|it| it.commits)
            .unwrap_or_default();
        let pull = Pull {
            id,
            number,
            title: new.title,
            body: new.body,
            author: by.to_owned(),
            head: new.head.clone(),
            head_sha: head,
            base: new.base,
            base_sha: base,
            draft: new.draft,
            state: PullState::Open,
            created_at: now,
            updated_at: now,
            closed_at: None,
            merged_at: None,
            merged_by: None,
            merge_commit: None,
            labels: Vec::new(),
            reviews: Vec::new(),
            requested: Vec::new(),
            mergeable: None,
            conflicts: false,
            auto_merge: None,
            queue: None,
            additions: between.iter().map(|it| it.additions).sum(),
            deletions: between.iter().map(|it| it.deletions).sum(),
            files: u32::try_from(Repo::changes(&between).len()).unwrap_or(1),
        };
        let it = self.repo_mut(repo_id)?;
        it.last_number = number;
        it.pulls.push(pull);
        self.later(2.0, repo_id, Event::Mergeable { number });
        // The default branch has been tested when it was pushed.
        if checks && new.head != repo.default_branch {
            self.pushed(repo_id, &new.head, by, &BTreeMap::new());
        }
        Some(number)
    }

    /// Merges the base into the head of a pull request.
    pub fn update_branch(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        expected: Option<&str>,
    ) -> Result<(), Refusal> {
        let repo = self
            .repo_by_id(repo_id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        let pull = repo.pull(number).cloned().ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "pull_requests", "repo")?;
        if expected.is_some_and(|it| it != pull.head_sha) {
            return Err(Refusal::new(
                422,
                "expected head sha didn’t match current head ref.",
            ));
        }
        let (base, head) = (pull.base.clone(), pull.head.clone());
        self.merge_into(repo_id, &head, &base, &token.login, None)
            .map(|_| ())
    }

    /// Merges one branch into another; `None` when there was nothing to merge.
    pub fn merge_branches(
        &mut self,
        token: &Token,
        repo_id: u64,
        base: &str,
        head: &str,
        message: Option<String>,
    ) -> Result<Option<String>, Refusal> {
        let repo = self
            .repo_by_id(repo_id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "contents", "repo")?;
        if !repo.branches.contains_key(base) {
            return Err(Refusal::new(404, "Base does not exist"));
        }
        if repo.resolve(head).is_none() {
            return Err(Refusal::new(404, "Head does not exist"));
        }
        self.merge_into(repo_id, base, head, &token.login, message)
    }

    fn merge_into(
        &mut self,
        repo_id: u64,
        base: &str,
        head: &str,
        by: &str,
        message: Option<String>,
    ) -> Result<Option<String>, Refusal> {
        let repo = self
            .repo_by_id(repo_id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        let between = repo.compare(base, head).ok_or_else(Refusal::not_found)?;
        if matches!(between.status, Ordering::Identical | Ordering::Behind) {
            return Ok(None);
        }
        let work = Work {
            message: message.unwrap_or_else(|| format!("Merge {head} into {base}")),
            author: by.to_owned(),
            merges: repo.resolve(head).map(|it| it.sha.clone()),
            lines: (0, 0),
            files: Vec::new(),
        };
        let sha = self.commit(repo_id, base, work);
        self.pushed(repo_id, base, by, &BTreeMap::new());
        Ok(sha)
    }

    /// Adds labels to a pull request, making those that are new.
    pub fn add_labels(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        labels: &[String],
    ) -> Result<(), Refusal> {
        let repo = self
            .repo_by_id(repo_id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        repo.pull(number).ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "pull_requests", "repo")?;
        for label in labels {
            self.label(repo_id, number, label);
        }
        Ok(())
    }

    /// Puts a label on a pull request.
    pub(crate) fn label(&mut self, repo_id: u64, number: u64, name: &str) {
        let id = self.next_id();
        let now = self.now;
        let Some(repo) = self.repo_mut(repo_id) else {
            return;
        };
        if !repo.labels.iter().any(|it| it.name == name) {
            repo.labels.push(Label {
                id,
                name: name.to_owned(),
                color: "ededed".to_owned(),
                description: String::new(),
            });
        }
        if let Some(pull) = repo.pulls.iter_mut().find(|it| it.number == number)
            && !pull.labels.iter().any(|it| it == name)
        {
            pull.labels.push(name.to_owned());
            pull.updated_at = now;
        }
    }

    /// Takes a label off a pull request.
    pub fn remove_label(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        label: &str,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let repo = self
            .repo_by_id(repo_id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        let pull = repo.pull(number).ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "pull_requests", "repo")?;
        if !pull.labels.iter().any(|it| it == label) {
            return Err(Refusal::new(404, "Label does not exist"));
        }
        let repo = self.repo_mut(repo_id).ok_or_else(Refusal::not_found)?;
        if let Some(pull) = repo.pulls.iter_mut().find(|it| it.number == number) {
            pull.labels.retain(|it| it != label);
            pull.updated_at = now;
        }
        Ok(())
    }

    /// Orders a pull request to be merged once it can be.
    pub fn enable_auto_merge(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        method: MergeMethod,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let repo = self
            .repo_by_id(repo_id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        let pull = repo.pull(number).ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "contents", "repo")?;
        if !repo.auto_merge {
            return Err(Refusal::new(
                422,
                "Auto merge is not allowed for this repository",
            ));
        }
        if repo.merge_state(pull) == "clean" {
            return Err(Refusal::new(422, "Pull request is in clean status"));
        }
        let by = token.login.clone();
        let repo = self.repo_mut(repo_id).ok_or_else(Refusal::not_found)?;
        if let Some(pull) = repo.pulls.iter_mut().find(|it| it.number == number) {
            pull.auto_merge = Some(AutoMerge {
                by,
                at: now,
                method,
            });
        }
        Ok(())
    }

    /// Puts a pull request into the merge queue and returns its position.
    pub fn enqueue(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        expected: Option<&str>,
    ) -> Result<u32, Refusal> {
        let repo = self
            .repo_by_id(repo_id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        let pull = repo.pull(number).ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "contents", "repo")?;
        if !repo.merge_queue {
            let base = &pull.base;
            let words = format!("Merge queue is not enabled for the base branch {base}");
            return Err(Refusal::new(422, words));
        }
        if expected.is_some_and(|it| it != pull.head_sha) {
            return Err(Refusal::new(
                422,
                "The expected head oid does not match the current head",
            ));
        }
        let queued = repo
            .pulls
            .iter()
            .filter_map(|it| it.queue)
            .max()
            .unwrap_or(0);
        let position = pull.queue.unwrap_or(queued + 1);
        let repo = self.repo_mut(repo_id).ok_or_else(Refusal::not_found)?;
        if let Some(pull) = repo.pulls.iter_mut().find(|it| it.number == number) {
            pull.queue = Some(position);
        }
        Ok(position)
    }
}
