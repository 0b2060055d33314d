//! Merging a pull request: what the server asks first, in its order, and what it then does.
//!
//! The head that the caller saw is looked at last of all: whoever names an old one while the server
//! still computes hears of that, not of the head. `merge_when_checks_succeed` schedules nothing here:
//! what lacks its checks is refused, as without it.

use std::collections::BTreeMap;

use super::{
    Call, Done, Edition, No,
    call::{number, unarchived},
    shape::{Shape, pull::title},
    statuses,
};
use crate::sim::{
    act::merge::Merge,
    model::{MergeMethod, Permission, Pull, PullState, Repo, ReviewState, State, Token},
    rest::Answer,
};

/// How, in the server's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Merge,
    Rebase,
    RebaseMerge,
    Squash,
    FastForward,
}

impl Style {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "merge" => Self::Merge,
            "rebase" => Self::Rebase,
            "rebase-merge" => Self::RebaseMerge,
            "squash" => Self::Squash,
            "fast-forward-only" => Self::FastForward,
            _ => return None,
        })
    }

    const fn allowed(self, repo: &Repo) -> bool {
        match self {
            Self::Merge => repo.merge_commit,
            Self::Rebase | Self::RebaseMerge => repo.rebase,
            Self::Squash => repo.squash,
            Self::FastForward => true,
        }
    }
}

/// What the caller asks for.
#[derive(Debug)]
struct Order {
    style: Option<Style>,
    word: String,
    title: Option<String>,
    message: Option<String>,
    head: Option<String>,
    delete: bool,
}

impl Call<'_> {
    /// Merges a pull request.
    pub fn merge(&self, repo: &Repo, text: &str) -> Done {
        let number = number(text)?;
        let token = self.signed()?;
        unarchived(repo)?;
        repo.pull(number).ok_or_else(No::not_found)?;
        let fields = self.fields()?;
        let word = fields.needed("Do", "Do")?;
        let said = |name| Ok::<_, No>(fields.text(name)?.filter(|it| !it.trim().is_empty()));
        let order = Order {
            style: Style::parse(&word),
            word,
            title: said("MergeTitleField")?,
            message: said("MergeMessageField")?,
            head: said("head_commit_id")?,
            delete: fields.flag("delete_branch_after_merge")?.unwrap_or(false),
        };
        let address = self.shape().address;
        let edition = self.edition;
        self.act(|state| carried(state, edition, &address, token, (repo.id, number), &order))?;
        Ok(Answer::empty(200))
    }
}

fn carried(
    state: &mut State,
    edition: Edition,
    address: &str,
    token: &Token,
    (repo_id, number): (u64, u64),
    order: &Order,
) -> Result<(), No> {
    let repo = state
        .repo_by_id(repo_id)
        .cloned()
        .ok_or_else(No::not_found)?;
    let pull = repo.pull(number).ok_or_else(No::not_found)?;
    let shape = Shape {
        state,
        edition,
        address: address.to_owned(),
        permission: Some(token.permission),
    };
    mergeable(&shape, &repo, pull, token)?;
    let Some(style) = order.style.filter(|it| it.allowed(&repo)) else {
        let words = format!(
            "{} is not allowed an allowed merge style for this repository",
            order.word
        );
        return Err(No::new(405, words));
    };
    if order.head.as_ref().is_some_and(|it| *it != pull.head_sha) {
        return Err(No::new(409, "head out of date"));
    }
    let page = format!("{address}/{}/pulls/{number}", repo.full_name());
    if style == Style::FastForward {
        forward(state, &repo, pull, token)?;
    } else {
        let (method, headline) = match style {
            Style::Squash => (MergeMethod::Squash, format!("{} (#{number})", title(pull))),
            Style::Rebase => (MergeMethod::Rebase, title(pull)),
            Style::Merge | Style::RebaseMerge | Style::FastForward => (
                MergeMethod::Merge,
                format!(
                    "Merge pull request '{}' (#{number}) from {} into {}",
                    title(pull),
                    pull.head,
                    pull.base
                ),
            ),
        };
        let merge = Merge {
            sha: None,
            method,
            title: Some(order.title.clone().unwrap_or(headline)),
            message: Some(
                order
                    .message
                    .clone()
                    .unwrap_or_else(|| format!("Reviewed-on: {page}")),
            ),
        };
        state.merged(repo_id, number, &token.login, &merge, &BTreeMap::new());
    }
    if order.delete
        && let Some(it) = state.repo_mut(repo_id)
        && pull.head != it.default_branch
        && it.protection(&pull.head).is_none()
    {
        it.branches.remove(&pull.head);
    }
    Ok(())
}

// The server's checks, in its order.
fn mergeable(shape: &Shape<'_>, repo: &Repo, pull: &Pull, token: &Token) -> Result<(), No> {
    match pull.state {
        // It has a heading for this, and no words.
        PullState::Merged => return Err(No::new(405, "")),
        PullState::Closed => return Err(No::not_found()),
        PullState::Open => {}
    }
    if token.permission < Permission::Write {
        return Err(No::new(405, "User not allowed to merge PR"));
    }
    if pull.draft {
        return Err(No::new(405, "Work in progress PRs cannot be merged"));
    }
    // In conflict, or not looked at yet: the same words for both.
    if pull.mergeable != Some(true) {
        return Err(No::new(405, "Please try again later"));
    }
    let rule = repo.protection(&pull.base).cloned().unwrap_or_default();
    let told = statuses::told(repo, &pull.head_sha, shape.edition, false);
    let (approvals, rejected) = verdict(shape, repo, pull);
    let why = if !statuses::pass(&told, &rule.contexts) {
        "Not all required status checks successful"
    } else if approvals < rule.reviews as usize {
        "Does not have enough approvals"
    } else if rejected {
        "There are requested changes"
    } else {
        return Ok(());
    };
    // Rules hold for administrators too: `force_merge` changes nothing.
    Err(No::new(
        405,
        if shape.edition.gitea() {
            why.to_owned()
        } else {
            format!("not allowed to merge [reason: {why}]")
        },
    ))
}

/// How many official approvals stand, and whether an official rejection does.
pub fn verdict(shape: &Shape<'_>, repo: &Repo, pull: &Pull) -> (usize, bool) {
    let opinions = pull.opinions();
    let mut official = opinions
        .iter()
        .filter(|it| shape.official(repo, pull, &it.author));
    let approvals = official
        .clone()
        .filter(|it| it.state == ReviewState::Approved)
        .count();
    (
        approvals,
        official.any(|it| it.state == ReviewState::ChangesRequested),
    )
}

// Moves the base to the head: no commit is made.
fn forward(state: &mut State, repo: &Repo, pull: &Pull, token: &Token) -> Result<(), No> {
    let behind = repo
        .compare(&pull.base, &pull.head_sha)
        .is_none_or(|it| it.behind > 0);
    if behind {
        // The API does not know this error of its own: it is a fault of the server's.
        return Err(No::new(
            500,
            "Merge DivergingFastForwardOnly Error: exit status 128 - fatal: Not possible to fast-forward, aborting.",
        ));
    }
    let now = state.now;
    let it = state
        .repo_mut(repo.id)
        .and_then(|it| it.pull_mut(pull.number));
    if let Some(it) = it {
        it.state = PullState::Merged;
        (it.merged_at, it.closed_at, it.updated_at) = (Some(now), Some(now), now);
        it.merged_by = Some(token.login.clone());
        it.merge_commit = Some(pull.head_sha.clone());
        it.mergeable = None;
    }
    state.point(repo.id, &pull.base, &pull.head_sha);
    state.close_named(repo.id, pull.number, &token.login);
    state.pushed(repo.id, &pull.base, &token.login, &BTreeMap::new());
    Ok(())
}
