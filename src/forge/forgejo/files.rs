//! Which files a scope touches, and how many lines of each: the forge's comparison tells neither, its
//! pull requests tell both.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use serde::Deserialize;

use super::Forgejo;
use super::lists::{below, is_missing};
use super::scope::WireCommit;
use crate::domain::ids::{PullRequestNumber, RepoPath, Sha};
use crate::domain::scope::{ChangedFile, Files};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

/// Pull requests whose files are read for one scope.
const MOST_PULLS: usize = 60;

/// What was merged does not change any more.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(12);

#[derive(Deserialize)]
struct WireFile {
    filename: Option<String>,
    previous_filename: Option<String>,
    #[serde(default)]
    additions: u64,
    #[serde(default)]
    deletions: u64,
}

/// What a commit says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Stats {
    #[serde(default)]
    additions: u64,
    #[serde(default)]
    deletions: u64,
}

/// A file that a commit touched; the forge gives no more than its name.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    filename: Option<String>,
}

impl Forgejo {
    /// Reads the files of a scope. `None` where they cannot be told exactly: a commit that no pull
    /// request brought, and that touched several files, says how many lines they have together.
    pub(super) async fn files(
        &self,
        repo: &RepoPath,
        commits: &[WireCommit],
        brought: &HashMap<Sha, Vec<PullRequestNumber>>,
    ) -> Result<Option<Files>, Error> {
        let mut found: BTreeMap<String, ChangedFile> = BTreeMap::new();
        for commit in commits {
            let by_itself = commit.sha().is_some_and(|sha| !brought.contains_key(&sha));
            // What a merge brings, its other parents' commits did.
            if !by_itself || commit.parents().len() > 1 {
                continue;
            }
            match commit.touched() {
                Some(touched) => touched.into_iter().for_each(|file| add(&mut found, file)),
                None => return Ok(None),
            }
        }
        let numbers: BTreeSet<PullRequestNumber> = brought.values().flatten().copied().collect();
        if numbers.len() > MOST_PULLS {
            return Ok(None);
        }
        let asked: Vec<_> = numbers
            .into_iter()
            .map(|number| self.files_of_pull(repo, number))
            .collect();
        let read: Result<Vec<Vec<ChangedFile>>, Error> = stream::iter(asked)
            .buffered(self.rest.limits().concurrency.max(1))
            .try_collect()
            .await;
        match read {
            Ok(read) => read
                .into_iter()
                .flatten()
                .for_each(|file| add(&mut found, file)),
            // An older server has no such list.
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        Ok(Some(Files {
            listed: found.into_values().collect(),
            cut: false,
        }))
    }

    async fn files_of_pull(
        &self,
        repo: &RepoPath,
        number: PullRequestNumber,
    ) -> Result<Vec<ChangedFile>, Error> {
        let key = (repo.clone(), number.0);
        let now = (self.clock)();
        if let Some(known) = self.memory.files.get(&key, now, REMEMBERED_FOR) {
            return Ok(known);
        }
        let route = below(repo, format!("/pulls/{number}/files?whitespace=show-all"));
        let mut files = Vec::new();
        self.pages(Purpose::Look, &route, "files", |page| {
            files.extend(
                page.each::<WireFile>()
                    .into_iter()
                    .filter_map(WireFile::file),
            );
            true
        })
        .await?;
        self.memory.files.put(key, now, files.clone());
        Ok(files)
    }
}

impl WireFile {
    fn file(self) -> Option<ChangedFile> {
        let was = self.previous_filename.as_deref().map(clean);
        Some(ChangedFile {
            path: clean(self.filename.as_deref()?),
            was: was.filter(|was| !was.is_empty()),
            additions: self.additions,
            deletions: self.deletions,
        })
    }
}

impl WireCommit {
    /// The files of a commit with their sizes, where there are none or one.
    fn touched(&self) -> Option<Vec<ChangedFile>> {
        match (self.files.as_deref()?, &self.stats) {
            ([], _) => Some(Vec::new()),
            ([only], Some(stats)) => Some(vec![ChangedFile {
                path: clean(only.filename.as_deref()?),
                was: None,
                additions: stats.additions,
                deletions: stats.deletions,
            }]),
            _ => None,
        }
    }
}

/// A file that several changes touched is one, with all that they did to it.
fn add(found: &mut BTreeMap<String, ChangedFile>, file: ChangedFile) {
    match found.get_mut(&file.path) {
        Some(known) => {
            known.additions = known.additions.saturating_add(file.additions);
            known.deletions = known.deletions.saturating_add(file.deletions);
            known.was = known.was.take().or(file.was);
        }
        None => {
            found.insert(file.path.clone(), file);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_commit_tells_the_lines_of_one_file_and_not_of_several() {
        let commit = |files: serde_json::Value| -> WireCommit {
            serde_json::from_value(json!({"sha": "ab", "files": files,
                "stats": {"total": 9, "additions": 7, "deletions": 2}}))
            .unwrap()
        };
        let one = commit(json!([{"filename": "a.rs", "status": "modified"}]));
        let touched = one.touched().unwrap();
        assert_eq!((touched[0].additions, touched[0].deletions), (7, 2));
        assert_eq!(commit(json!([])).touched(), Some(Vec::new()));
        let two = commit(json!([{"filename": "a.rs"}, {"filename": "b.rs"}]));
        assert_eq!(two.touched(), None);
        let silent: WireCommit = serde_json::from_value(json!({"sha": "ab"})).unwrap();
        assert_eq!(silent.touched(), None);
    }

    #[test]
    fn what_several_changes_did_to_a_file_is_added_up() {
        let file = |additions| ChangedFile {
            path: "a.rs".to_owned(),
            was: None,
            additions,
            deletions: 1,
        };
        let mut found = BTreeMap::new();
        add(&mut found, file(3));
        add(&mut found, file(4));
        assert_eq!(found["a.rs"].additions, 7);
        assert_eq!(found["a.rs"].deletions, 2);
    }
}
