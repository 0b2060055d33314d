//! Acts on merge requests: open, change, approve, merge, say something.

use std::collections::BTreeMap;

use crate::sim::{
    act::{merge::Merge, pull::NewPull},
    gitlab::{
        answer::{forbidden, message, not_found, unauthorized},
        ask::Done,
        words::level,
    },
    model::{
        MergeMethod, Permission, Pull, PullState, Review, ReviewState, State, Token, gitlab::Note,
        pull::AutoMerge,
    },
};

/// What a caller asks of a merge request; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct PullChange {
    /// Its title; `Draft: ` at its beginning makes a draft of it.
    pub title: Option<String>,
    /// The text below.
    pub description: Option<String>,
    /// `close` or `reopen`.
    pub event: Option<String>,
    /// Labels to be set in place of all there are.
    pub labels: Option<Vec<String>>,
    /// Labels to be added.
    pub add: Vec<String>,
    /// Labels to be taken off.
    pub remove: Vec<String>,
}

/// How a merge request is to be merged.
#[derive(Debug, Clone, Default)]
pub struct MergeOrder {
    /// The head that the caller saw.
    pub sha: Option<String>,
    /// All its commits as one.
    pub squash: bool,
    /// Delete the source branch.
    pub remove_source: bool,
    /// Once its pipeline succeeds.
    pub auto: bool,
    /// The message.
    pub message: Option<String>,
}

impl State {
    /// Opens a merge request and returns its number.
    pub fn open_request(
        &mut self,
        token: &Token,
        repo_id: u64,
        new: NewPull,
        labels: &[String],
    ) -> Done<u64> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let known = |branch: &str| repo.branches.contains_key(branch);
        if !known(&new.head) {
            return Err(message(
                400,
                serde_json::json!({"source_branch": ["does not exist"]}),
            ));
        }
        if !known(&new.base) {
            return Err(message(
                400,
                serde_json::json!({"target_branch": ["does not exist"]}),
            ));
        }
        let same =
            |it: &&Pull| it.state == PullState::Open && it.head == new.head && it.base == new.base;
        if let Some(other) = repo.pulls.iter().find(|it| same(it)) {
            let words = format!(
                "Another open merge request already exists for this source branch: !{}",
                other.number
            );
            return Err(message(409, serde_json::json!([words])));
        }
        drop(repo);
        let (title, draft) = undrafted(&new.title);
        let new = NewPull {
            title,
            draft,
            ..new
        };
        let number = self.opened(repo_id, &token.login, new, true);
        let number = number.ok_or_else(|| not_found("Project"))?;
        for label in labels {
            self.label(repo_id, number, label);
        }
        Ok(number)
    }

    /// Changes a merge request.
    pub fn change_request(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        change: PullChange,
    ) -> Done<()> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let pull = repo.pull(number).ok_or_else(|| not_found(""))?;
        let state = match (change.event.as_deref(), pull.state) {
            (Some("close"), PullState::Open) => Some(PullState::Closed),
            (Some("reopen"), PullState::Closed) => Some(PullState::Open),
            _ => None,
        };
        drop(repo);
        let now = self.now;
        if let Some(pull) = self.repo_mut(repo_id).and_then(|it| it.pull_mut(number)) {
            if let Some(title) = &change.title {
                (pull.title, pull.draft) = undrafted(title);
            }
            if let Some(text) = change.description {
                pull.body = text;
            }
            if let Some(state) = state {
                pull.state = state;
                pull.closed_at = (state == PullState::Closed).then_some(now);
            }
            if change.labels.is_some() {
                pull.labels.clear();
            }
            pull.labels.retain(|it| !change.remove.contains(it));
            pull.updated_at = now;
        }
        for label in change.labels.iter().flatten().chain(&change.add) {
            self.label(repo_id, number, label);
        }
        Ok(())
    }

    /// Approves a merge request at the head that the caller saw, or takes that back.
    pub fn approve_request(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        sha: Option<&str>,
        approve: bool,
    ) -> Done<()> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        let pull = repo.pull(number).cloned().ok_or_else(|| not_found(""))?;
        if sha.is_some_and(|it| it != pull.head_sha) {
            return Err(moved(&pull));
        }
        let mine = pull.opinions();
        let has = mine
            .iter()
            .any(|it| it.author == token.login && it.state == ReviewState::Approved);
        if has == approve || pull.state != PullState::Open {
            return Err(if approve {
                unauthorized()
            } else {
                not_found("")
            });
        }
        if approve && pull.author == token.login {
            return Err(unauthorized());
        }
        drop(repo);
        let review = Review {
            id: self.next_id(),
            author: token.login.clone(),
            state: if approve {
                ReviewState::Approved
            } else {
                ReviewState::Dismissed
            },
            body: String::new(),
            at: self.now,
            commit: pull.head_sha,
        };
        if let Some(pull) = self.repo_mut(repo_id).and_then(|it| it.pull_mut(number)) {
            pull.updated_at = review.at;
            pull.reviews.push(review);
        }
        Ok(())
    }

    /// Merges a merge request, or orders that it be merged.
    pub fn merge_request(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        order: MergeOrder,
    ) -> Done<()> {
        let repo = self.for_act(token, repo_id, Permission::Read)?;
        let mut pull = repo.pull(number).cloned().ok_or_else(|| not_found(""))?;
        // It finds out now, if it does not know yet.
        pull.mergeable.get_or_insert(!pull.conflicts);
        // GitLab's word for somebody who may not merge.
        if level(token.permission) < level(Permission::Write) {
            return Err(unauthorized());
        }
        if repo.archived {
            return Err(forbidden(""));
        }
        let status = repo.detailed_merge_status(&pull);
        let waits = status == "ci_still_running";
        let not_allowed = || message(405, "405 Method Not Allowed");
        if pull.state != PullState::Open || pull.draft {
            return Err(not_allowed());
        }
        if order.sha.as_ref().is_some_and(|it| *it != pull.head_sha) {
            return Err(moved(&pull));
        }
        drop(repo);
        if order.auto && waits {
            let set = AutoMerge {
                by: token.login.clone(),
                at: self.now,
                method: method(order.squash),
            };
            if let Some(pull) = self.repo_mut(repo_id).and_then(|it| it.pull_mut(number)) {
                pull.auto_merge = Some(set);
            }
            return Ok(());
        }
        match status {
            "mergeable" => {}
            "conflict" => return Err(message(422, "Branch cannot be merged")),
            _ => return Err(not_allowed()),
        }
        let merge = Merge {
            sha: None,
            method: method(order.squash),
            title: order.message,
            message: None,
        };
        self.merged(repo_id, number, &token.login, &merge, &BTreeMap::new());
        if order.remove_source
            && let Some(repo) = self.repo_mut(repo_id)
            && pull.head != repo.default_branch
        {
            repo.branches.remove(&pull.head);
        }
        Ok(())
    }

    /// Says something about a merge request; returns the number of the note.
    pub fn note(&mut self, token: &Token, repo_id: u64, number: u64, body: String) -> Done<Note> {
        let repo = self.for_act(token, repo_id, Permission::Read)?;
        repo.pull(number).ok_or_else(|| not_found(""))?;
        drop(repo);
        let note = Note {
            id: self.next_id(),
            number,
            author: token.login.clone(),
            body,
            created_at: self.now,
        };
        if let Some(repo) = self.repo_mut(repo_id) {
            if let Some(project) = repo.gitlab.as_mut() {
                project.notes.push(note.clone());
            }
            if let Some(pull) = repo.pull_mut(number) {
                pull.updated_at = note.created_at;
            }
        }
        Ok(note)
    }
}

fn moved(pull: &Pull) -> crate::sim::rest::Answer {
    let words = format!(
        "SHA does not match HEAD of source branch: {}",
        pull.head_sha
    );
    message(409, words)
}

const fn method(squash: bool) -> MergeMethod {
    if squash {
        MergeMethod::Squash
    } else {
        MergeMethod::Merge
    }
}

// A draft says so in its title.
fn undrafted(title: &str) -> (String, bool) {
    for prefix in ["Draft:", "[Draft]", "(Draft)"] {
        if let Some(rest) = title.strip_prefix(prefix) {
            return (rest.trim_start().to_owned(), true);
        }
    }
    (title.to_owned(), false)
}
