//! Files and folders at a revision, and the files that a pull request changes.

use async_graphql::{ID, Object};

use super::{
    commit::GitObject,
    page::connection,
    place::Place,
    scalar::{GitObjectId, count},
    words::PatchStatus,
};
use crate::sim::model::{self, ChangeKind, Entry, Kind, NodeId, commit::sha_of};

connection!(PullRequestChangedFileConnection of PullRequestChangedFile);

/// Represents a Git blob.
#[derive(Debug, Clone)]
pub struct Blob<'a> {
    place: Place<'a>,
    at: String,
    it: model::Blob,
}

/// Represents a Git tree.
#[derive(Debug, Clone)]
pub struct Tree<'a> {
    place: Place<'a>,
    at: String,
    sha: String,
    path: String,
    children: Vec<(String, Option<model::Blob>)>,
}

/// What `revision:path` leads to; nothing is no error.
pub fn at<'a>(place: Place<'a>, rev: &str, path: &str) -> Option<GitObject<'a>> {
    let commit = place.repo.resolve(rev)?;
    let at = format!("{}:{path}", commit.sha);
    Some(match place.repo.entry(&commit.sha, path)? {
        Entry::File(it) => GitObject::Blob(Blob { place, at, it }),
        Entry::Folder { path, children } => GitObject::Tree(Tree {
            place,
            sha: sha_of(&["tree", &commit.sha, &path]),
            at,
            path,
            children,
        }),
    })
}

#[Object]
impl Blob<'_> {
    /// The Node ID of the Blob object.
    pub async fn id(&self) -> ID {
        NodeId::name(Kind::Blob, self.place.repo.id, &self.at).into()
    }

    /// The Git object ID.
    pub async fn oid(&self) -> GitObjectId<'_> {
        self.it.sha.as_str().into()
    }

    /// An abbreviated version of the Git object ID.
    pub async fn abbreviated_oid(&self) -> &str {
        self.it.sha.get(..7).unwrap_or(&self.it.sha)
    }

    /// Byte size of Blob object.
    async fn byte_size(&self) -> i32 {
        count(self.it.content.len())
    }

    /// Indicates whether the Blob is binary or text. Returns null if unable to determine the
    /// encoding.
    async fn is_binary(&self) -> Option<bool> {
        Some(self.it.binary())
    }

    /// Indicates whether the contents is truncated.
    async fn is_truncated(&self) -> bool {
        self.it.shown().1
    }

    /// UTF8 text data or null if the Blob is binary.
    async fn text(&self) -> Option<&str> {
        self.it.shown().0
    }
}

#[Object]
impl Tree<'_> {
    /// The Node ID of the Tree object.
    pub async fn id(&self) -> ID {
        NodeId::name(Kind::Tree, self.place.repo.id, &self.at).into()
    }

    /// The Git object ID.
    pub async fn oid(&self) -> GitObjectId<'_> {
        self.sha.as_str().into()
    }

    /// An abbreviated version of the Git object ID.
    pub async fn abbreviated_oid(&self) -> &str {
        self.sha.get(..7).unwrap_or(&self.sha)
    }

    /// A list of tree entries.
    async fn entries(&self) -> Option<Vec<TreeEntry>> {
        let entry = |(name, blob): &(String, Option<model::Blob>)| TreeEntry {
            path: if self.path.is_empty() {
                name.clone()
            } else {
                format!("{}/{name}", self.path)
            },
            name: name.clone(),
            blob: blob.is_some(),
        };
        Some(self.children.iter().map(entry).collect())
    }
}

/// Represents a Git tree entry.
#[derive(Debug, Clone)]
pub struct TreeEntry {
    name: String,
    path: String,
    blob: bool,
}

#[Object]
impl TreeEntry {
    /// Entry file name.
    async fn name(&self) -> &str {
        &self.name
    }

    /// The full path of the file.
    async fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    /// Entry file type.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        if self.blob { "blob" } else { "tree" }
    }
}

/// A file changed in a pull request.
#[derive(Debug, Clone, Copy)]
pub struct PullRequestChangedFile<'a> {
    path: &'a str,
    kind: ChangeKind,
    additions: u32,
    deletions: u32,
}

/// The files that a pull request changes, one line a path.
pub fn changed<'a>(place: Place<'a>, pull: &'a model::Pull) -> Vec<PullRequestChangedFile<'a>> {
    let between = place.repo.compare(&pull.base_sha, &pull.head_sha);
    let commits = between.map(|it| it.commits).unwrap_or_default();
    let sum = model::Repo::changes(&commits);
    let known = |path: &str| {
        // The names live in the repository, the sums only here.
        let mut all = place.repo.commits.iter().flat_map(|it| &it.files);
        all.find(|it| it.path == path).map(|it| it.path.as_str())
    };
    let shown = sum.iter().filter_map(|it| {
        Some(PullRequestChangedFile {
            path: known(&it.path)?,
            kind: it.kind,
            additions: it.additions,
            deletions: it.deletions,
        })
    });
    shown.collect()
}

#[Object]
impl PullRequestChangedFile<'_> {
    /// The path of the file.
    async fn path(&self) -> &str {
        self.path
    }

    /// How the file was changed in this `PullRequest`.
    async fn change_type(&self) -> PatchStatus {
        match self.kind {
            ChangeKind::Added => PatchStatus::Added,
            ChangeKind::Modified => PatchStatus::Modified,
            ChangeKind::Removed => PatchStatus::Deleted,
        }
    }

    /// The number of additions to the file.
    async fn additions(&self) -> i32 {
        count(self.additions)
    }

    /// The number of deletions to the file.
    async fn deletions(&self) -> i32 {
        count(self.deletions)
    }
}
