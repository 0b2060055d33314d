//! Merging: pull requests now, when they can be or in turn, and branches.

use std::collections::BTreeMap;

use super::{Refusal, permit};
use crate::sim::{
    model::{MergeMethod, Ordering, PullState, State, Token, pull::AutoMerge},
    script::push::Work,
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
        let repo = self.known_repo(repo_id)?;
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
            _ if repo.gitlab.is_some() => match merge.method {
                MergeMethod::Merge => {
                    format!("Merge branch '{}' into '{}'", pull.head, pull.base)
                }
                MergeMethod::Squash | MergeMethod::Rebase => pull.title.clone(),
            },
            MergeMethod::Merge => format!(
                "Merge pull request #{number} from {}/{}",
                repo.owner, pull.head
            ),
            MergeMethod::Squash | MergeMethod::Rebase => format!("{} (#{number})", pull.title),
        };
        let headline = merge.title.clone().unwrap_or(headline);
        let body = merge.message.clone().unwrap_or_else(|| match merge.method {
            _ if repo.gitlab.is_some() => {
                format!("See merge request {}!{number}", repo.full_name())
            }
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
        if let Some(it) = self.repo_mut(repo_id).and_then(|it| it.pull_mut(number)) {
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

    /// Merges the base into the head of a pull request.
    pub fn update_branch(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        expected: Option<&str>,
    ) -> Result<(), Refusal> {
        let repo = self.known_repo(repo_id)?;
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
        let repo = self.known_repo(repo_id)?;
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
        let repo = self.known_repo(repo_id)?;
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

    /// Orders a pull request to be merged once it can be.
    pub fn enable_auto_merge(
        &mut self,
        token: &Token,
        repo_id: u64,
        number: u64,
        method: MergeMethod,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let repo = self.known_repo(repo_id)?;
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
        if let Some(pull) = repo.pull_mut(number) {
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
        let repo = self.known_repo(repo_id)?;
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
        if let Some(pull) = repo.pull_mut(number) {
            pull.queue = Some(position);
        }
        Ok(position)
    }
}
