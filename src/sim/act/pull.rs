//! Acts on pull requests short of merging them: open, label.

use std::collections::BTreeMap;

use super::{Refusal, permit};
use crate::sim::{
    model::{Label, Pull, PullState, Repo, State, Token},
    script::Event,
};

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
    /// Opens a pull request and returns its number.
    pub fn open_pull(&mut self, token: &Token, repo_id: u64, new: NewPull) -> Result<u64, Refusal> {
        let repo = self.known_repo(repo_id)?;
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

    /// Adds labels to a pull request, making those that are new.
    pub fn add_labels(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        labels: &[String],
    ) -> Result<(), Refusal> {
        let repo = self.known_repo(repo_id)?;
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
        if let Some(pull) = repo.pull_mut(number)
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
        let repo = self.known_repo(repo_id)?;
        let pull = repo.pull(number).ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "pull_requests", "repo")?;
        if !pull.labels.iter().any(|it| it == label) {
            return Err(Refusal::new(404, "Label does not exist"));
        }
        let repo = self.repo_mut(repo_id).ok_or_else(Refusal::not_found)?;
        if let Some(pull) = repo.pull_mut(number) {
            pull.labels.retain(|it| it != label);
            pull.updated_at = now;
        }
        Ok(())
    }
}
