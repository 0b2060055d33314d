//! Acts on issues: write, change, label, close. A pull request is an issue too, and some of this
//! holds for both.

use super::{FieldError, Refusal, permit};
use crate::sim::model::{
    Issue, IssueReason, IssueState, Label, Permission, PullState, Repo, State, Token,
};

/// An issue about to be written.
#[derive(Debug, Clone, Default)]
pub struct NewIssue {
    /// One line.
    pub title: String,
    /// The text below.
    pub body: String,
    /// Names of labels.
    pub labels: Vec<String>,
}

/// What is to be different about an issue; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct IssueChange {
    /// One line.
    pub title: Option<String>,
    /// The text below.
    pub body: Option<String>,
    /// Open or closed.
    pub state: Option<IssueState>,
    /// Why.
    pub reason: Option<IssueReason>,
    /// Names of labels, instead of those that it has.
    pub labels: Option<Vec<String>>,
}

impl State {
    /// Writes an issue and returns its number. Whoever may read may write one, but labels of those
    /// who may not push are dropped in silence, as on GitHub.
    pub fn create_issue(
        &mut self,
        token: &Token,
        repo_id: u64,
        mut new: NewIssue,
    ) -> Result<u64, Refusal> {
        let repo = self.repo_by_id(repo_id).ok_or_else(Refusal::not_found)?;
        granted(token)?;
        unarchived(repo)?;
        if new.title.trim().is_empty() {
            return Err(Refusal::field("Issue", "title", "missing_field"));
        }
        if token.permission < Permission::Write {
            new.labels.clear();
        }
        self.write_issue(repo_id, &token.login, new)
            .ok_or_else(Refusal::not_found)
    }

    /// Writes an issue, whoever may do so.
    pub(crate) fn write_issue(&mut self, repo_id: u64, by: &str, new: NewIssue) -> Option<u64> {
        for label in &new.labels {
            self.ensure_label(repo_id, label);
        }
        let now = self.now;
        let repo = self.repo_mut(repo_id)?;
        repo.last_number += 1;
        let number = repo.last_number;
        repo.issues.push(Issue {
            // Out of a range of its own: the numbers of runs and jobs, on which chance hangs,
            // are the same with an issue and without.
            id: repo_id * 1_000 + number,
            number,
            title: new.title,
            body: new.body,
            author: by.to_owned(),
            labels: new.labels,
            state: IssueState::Open,
            reason: None,
            created_at: now,
            updated_at: now,
            closed_at: None,
            closed_by: None,
        });
        Some(number)
    }

    /// Changes an issue, or the pull request of that number.
    pub fn update_issue(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        change: IssueChange,
    ) -> Result<(), Refusal> {
        let repo = self
            .repo_by_id(repo_id)
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        let author = match (repo.issue(number), repo.pull(number)) {
            (Some(issue), _) => &issue.author,
            (None, Some(pull)) => &pull.author,
            (None, None) => return Err(Refusal::not_found()),
        };
        if *author == token.login || token.permission == Permission::Triage {
            granted(token)?;
            unarchived(&repo)?;
        } else {
            permit(token, &repo, "issues", "repo")?;
        }
        if change.title.as_ref().is_some_and(|it| it.trim().is_empty()) {
            return Err(Refusal::field("Issue", "title", "missing_field"));
        }
        if repo.issue(number).is_some() {
            self.change_issue(repo_id, number, &token.login, change);
            return Ok(());
        }
        let merged = repo
            .pull(number)
            .is_some_and(|it| it.state == PullState::Merged);
        if merged && change.state == Some(IssueState::Open) {
            return Err(Refusal::fields(vec![FieldError {
                resource: "Issue",
                field: "state".to_owned(),
                code: "invalid",
                message: None,
            }]));
        }
        self.change_pull(repo_id, number, change);
        Ok(())
    }

    /// Changes an issue, whoever may do so.
    pub(crate) fn change_issue(
        &mut self,
        repo_id: u64,
        number: u64,
        by: &str,
        change: IssueChange,
    ) -> Option<()> {
        for label in change.labels.iter().flatten() {
            self.ensure_label(repo_id, label);
        }
        let now = self.now;
        let all = &mut self.repo_mut(repo_id)?.issues;
        let issue = all.iter_mut().find(|it| it.number == number)?;
        issue.updated_at = now;
        issue.title = change.title.unwrap_or_else(|| issue.title.clone());
        issue.body = change.body.unwrap_or_else(|| issue.body.clone());
        issue.labels = change.labels.unwrap_or_else(|| issue.labels.clone());
        match change.state {
            Some(IssueState::Closed) => {
                issue.reason = Some(change.reason.unwrap_or(IssueReason::Completed));
                if issue.state == IssueState::Open {
                    issue.closed_at = Some(now);
                    issue.closed_by = Some(by.to_owned());
                }
                issue.state = IssueState::Closed;
            }
            Some(IssueState::Open) if issue.state == IssueState::Closed => {
                issue.reason = Some(IssueReason::Reopened);
                issue.state = IssueState::Open;
                issue.closed_at = None;
                issue.closed_by = None;
            }
            Some(IssueState::Open) | None => {}
        }
        Some(())
    }

    fn change_pull(&mut self, repo_id: u64, number: u64, change: IssueChange) -> Option<()> {
        for label in change.labels.iter().flatten() {
            self.ensure_label(repo_id, label);
        }
        let now = self.now;
        let all = &mut self.repo_mut(repo_id)?.pulls;
        let pull = all.iter_mut().find(|it| it.number == number)?;
        pull.updated_at = now;
        pull.title = change.title.unwrap_or_else(|| pull.title.clone());
        pull.body = change.body.unwrap_or_else(|| pull.body.clone());
        pull.labels = change.labels.unwrap_or_else(|| pull.labels.clone());
        match (pull.state, change.state) {
            (PullState::Open, Some(IssueState::Closed)) => {
                (pull.state, pull.closed_at) = (PullState::Closed, Some(now));
            }
            (PullState::Closed, Some(IssueState::Open)) => {
                (pull.state, pull.closed_at) = (PullState::Open, None);
            }
            _ => {}
        }
        Some(())
    }

    /// Closes the issues that a merged pull request names, if it went into the default branch.
    pub(crate) fn close_named(&mut self, repo_id: u64, pull: u64, by: &str) -> Option<()> {
        let repo = self.repo_by_id(repo_id)?;
        let pull = repo.pull(pull)?;
        if pull.base != repo.default_branch {
            return None;
        }
        let named: Vec<u64> = repo.closed_by(pull).iter().map(|it| it.number).collect();
        for number in named {
            let change = IssueChange {
                state: Some(IssueState::Closed),
                ..IssueChange::default()
            };
            self.change_issue(repo_id, number, by, change);
        }
        Some(())
    }

    /// Makes a label that is new.
    fn ensure_label(&mut self, repo_id: u64, name: &str) -> Option<()> {
        let known = self.repo_by_id(repo_id)?.labels.iter();
        if known.into_iter().any(|it| it.name == name) {
            return Some(());
        }
        let id = self.next_id();
        self.repo_mut(repo_id)?.labels.push(Label {
            id,
            name: name.to_owned(),
            color: "ededed".to_owned(),
            description: String::new(),
        });
        Some(())
    }
}

fn granted(token: &Token) -> Result<(), Refusal> {
    if token.grants("issues", "write") {
        return Ok(());
    }
    Err(Refusal {
        accepted: Some("issues=write".to_owned()),
        ..Refusal::new(403, "Resource not accessible by personal access token")
    })
}

fn unarchived(repo: &Repo) -> Result<(), Refusal> {
    if repo.archived {
        let words = "Repository was archived so is read-only.";
        return Err(Refusal::new(403, words));
    }
    Ok(())
}
