//! What commits do to files, and what a file holds at a revision.
//!
//! Nothing is stored but what changed: a tree is read from the commits that lead to it.

use std::{collections::BTreeMap, sync::Arc};

use super::{Commit, Repo, words};

words! {
    /// What a commit did to a file.
    ChangeKind { Added = "added", Modified = "modified", Removed = "removed" }
}

/// One file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// From the root of the repository.
    pub path: String,
    /// What was done.
    pub kind: ChangeKind,
    /// Lines added.
    pub additions: u32,
    /// Lines removed.
    pub deletions: u32,
    /// The text it has from then on; `None` when the world does not say.
    pub content: Option<Arc<str>>,
}

/// A file at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// From the root of the repository.
    pub path: String,
    /// The object's own id.
    pub sha: String,
    /// What it holds.
    pub content: Arc<str>,
}

/// The most text that GraphQL shows of a file.
const SHOWN: usize = 512 * 1024;

impl Blob {
    fn of(commit: &Commit, change: &Change) -> Self {
        let content = change.content.clone().unwrap_or_else(|| {
            // The story names the file, not its text: one that differs at each commit will do.
            format!("# {} · {}\n", change.path, commit.headline()).into()
        });
        Self {
            path: change.path.clone(),
            sha: super::commit::sha_of(&["blob", &content]),
            content,
        }
    }

    /// Says whether git takes it for binary: a zero byte among the first.
    pub fn binary(&self) -> bool {
        self.content.bytes().take(8_000).any(|byte| byte == 0)
    }

    /// The text as GraphQL shows it, and whether that is less than all.
    pub fn shown(&self) -> (Option<&str>, bool) {
        let cut = self.content.floor_char_boundary(SHOWN);
        let whole = cut == self.content.len();
        let text = self.content.get(..cut).filter(|_| !self.binary());
        (text, !whole)
    }
}

/// What a path leads to at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File(Blob),
    /// A folder, and what lies directly in it.
    Folder {
        /// From the root of the repository; empty for the root.
        path: String,
        /// Folders by name alone, files whole.
        children: Vec<(String, Option<Blob>)>,
    },
}

impl Repo {
    /// Every file at a commit, by path. Commits are kept in the order they came, so that of all
    /// that lead to this one the newest to touch a file decides.
    pub fn tree(&self, sha: &str) -> BTreeMap<&str, (&Commit, &Change)> {
        let known = self.ancestors(sha);
        let mut tree = BTreeMap::new();
        for commit in self
            .commits
            .iter()
            .filter(|it| known.contains(it.sha.as_str()))
        {
            for change in &commit.files {
                if change.kind == ChangeKind::Removed {
                    tree.remove(change.path.as_str());
                } else {
                    tree.insert(change.path.as_str(), (&**commit, change));
                }
            }
        }
        tree
    }

    /// What a path leads to at a commit.
    pub fn entry(&self, sha: &str, path: &str) -> Option<Entry> {
        let path = path.trim_matches('/');
        let tree = self.tree(sha);
        if let Some((commit, change)) = tree.get(path) {
            return Some(Entry::File(Blob::of(commit, change)));
        }
        let mut children: Vec<(String, Option<Blob>)> = Vec::new();
        for (name, (commit, change)) in tree {
            let below = if path.is_empty() {
                Some(name)
            } else {
                name.strip_prefix(path).and_then(|it| it.strip_prefix('/'))
            };
            let Some(below) = below else { continue };
            match below.split_once('/') {
                Some((folder, _)) if children.last().is_some_and(|(it, _)| it == folder) => {}
                Some((folder, _)) => children.push((folder.to_owned(), None)),
                None => children.push((below.to_owned(), Some(Blob::of(commit, change)))),
            }
        }
        (!children.is_empty()).then(|| Entry::Folder {
            path: path.to_owned(),
            children,
        })
    }

    /// What commits did to files, added up: one entry a path, as a comparison shows it.
    pub fn changes(commits: &[Arc<Commit>]) -> Vec<Change> {
        let mut sum: BTreeMap<&str, Change> = BTreeMap::new();
        for change in commits.iter().flat_map(|it| &it.files) {
            match sum.get_mut(change.path.as_str()) {
                None => {
                    sum.insert(&change.path, change.clone());
                }
                Some(known) => {
                    known.additions += change.additions;
                    known.deletions += change.deletions;
                    known.content.clone_from(&change.content);
                    known.kind = match (known.kind, change.kind) {
                        (ChangeKind::Added, ChangeKind::Modified) => ChangeKind::Added,
                        (ChangeKind::Removed, ChangeKind::Added) => ChangeKind::Modified,
                        (_, newer) => newer,
                    };
                }
            }
        }
        sum.into_values().collect()
    }

    /// What a pull request changes.
    pub fn changes_of(&self, pull: &super::Pull) -> Vec<Change> {
        let between = self.compare(&pull.base_sha, &pull.head_sha);
        Self::changes(&between.map(|it| it.commits).unwrap_or_default())
    }
}
