//! What a scope adds up to: who wrote it, who looked at it, how large it is, what it touches, and how
//! long it has waited. Pure sums over what was read; what they are worth lives in `risk.rs`.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{ChangedFile, Commit, Scope, ScopeRule, ScopedPullRequest};
use crate::domain::ids::{Person, PullRequestNumber};

/// How much changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub files: u64,
    pub additions: u64,
    pub deletions: u64,
    /// The forge lists no more files: there may be others.
    pub cut: bool,
}

impl Scope {
    /// The commits in which somebody wrote something: not those that the forge made to merge.
    pub fn written(&self) -> impl Iterator<Item = &Commit> {
        self.commits.iter().filter(|commit| !commit.is_forge_merge)
    }

    /// Who wrote any of it, each once, by name.
    pub fn authors(&self) -> BTreeSet<&Person> {
        let commits = self.written().filter_map(|commit| commit.author.as_ref());
        let requests = self.pull_requests.iter();
        commits
            .chain(requests.filter_map(|request| request.author.as_ref()))
            .collect()
    }

    /// Who approved any of it on the forge, each once, by name.
    pub fn reviewers(&self) -> BTreeSet<&Person> {
        let reviews = self.pull_requests.iter().flat_map(|it| &it.reviews);
        reviews
            .filter(|review| review.approved)
            .map(|review| &review.author)
            .collect()
    }

    /// The labels of its pull requests, each once.
    pub fn labels(&self) -> BTreeSet<&str> {
        let labels = self.pull_requests.iter().flat_map(|it| &it.labels);
        labels.map(String::as_str).collect()
    }

    /// How much changes, if the forge said so.
    pub fn size(&self) -> Option<Size> {
        let files = self.files.as_ref()?;
        let whole = Size {
            cut: files.cut,
            ..Size::default()
        };
        Some(files.listed.iter().fold(whole, |size, file| Size {
            files: size.files + 1,
            additions: size.additions.saturating_add(file.additions),
            deletions: size.deletions.saturating_add(file.deletions),
            cut: size.cut,
        }))
    }

    /// The files of interest, by kind; a kind of which nothing changed is left out.
    pub fn of_interest<'a>(&'a self, rule: &'a ScopeRule) -> Vec<(&'a str, Vec<&'a ChangedFile>)> {
        let listed = self.files.as_ref().map_or(&[][..], |files| &files.listed);
        let touched = rule.files.iter().map(|(kind, globs)| {
            let is_one = |file: &&ChangedFile| {
                globs.matches(&file.path)
                    || file.was.as_deref().is_some_and(|was| globs.matches(was))
            };
            (kind.as_str(), listed.iter().filter(is_one).collect())
        });
        touched
            .filter(|(_, files): &(&str, Vec<&ChangedFile>)| !files.is_empty())
            .collect()
    }

    /// The pull requests in scope that brought a commit.
    pub(super) fn requests_of(&self, commit: &Commit) -> impl Iterator<Item = &ScopedPullRequest> {
        let brought = |number: &PullRequestNumber| commit.pull_requests.contains(number);
        self.pull_requests
            .iter()
            .filter(move |it| brought(&it.number))
    }

    /// The written commits that no pull request brought.
    pub fn without_pull_request(&self) -> impl Iterator<Item = &Commit> {
        self.written()
            .filter(|commit| self.requests_of(commit).next().is_none())
    }

    /// When the oldest and the newest of its commits were made.
    pub fn between(&self) -> Option<(Timestamp, Timestamp)> {
        let at = || self.commits.iter().filter_map(|commit| commit.at);
        Some((at().min()?, at().max()?))
    }

    /// How long the oldest commit has waited for this at `now`.
    pub fn behind(&self, now: Timestamp) -> Option<SignedDuration> {
        let (oldest, _) = self.between()?;
        Some(now.duration_since(oldest).max(SignedDuration::ZERO))
    }
}
