//! Commits that arrive on branches, and the runs that they start.

use std::{collections::BTreeMap, sync::Arc};

use super::{Event, run::Start};
use crate::sim::model::{
    Branch, Change, ChangeKind, Commit, Conclusion, PullState, Repo, State, Tag, commit::sha_of,
};

/// A commit about to be made.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// Headline and body.
    pub message: String,
    /// Login.
    pub author: String,
    /// A second parent, for merges.
    pub merges: Option<String>,
    /// Lines added and removed.
    pub lines: (u32, u32),
    /// Files touched; whether one is new is found out when the commit is made.
    pub files: Vec<Change>,
}

impl State {
    /// Makes a commit on a branch (the branch too, from the default one) and returns its sha.
    /// Starts nothing: see [`State::pushed`].
    pub(crate) fn commit(&mut self, repo_id: u64, branch: &str, work: Work) -> Option<String> {
        let now = self.now;
        let seed = self.seed.to_string();
        let repo = self.repo_mut(repo_id)?;
        let parent = repo
            .branches
            .get(branch)
            .or_else(|| repo.branches.get(&repo.default_branch))
            .map(|it| it.sha.clone());
        let count = repo.commits.len().to_string();
        let sha = sha_of(&[
            &seed,
            &repo.owner,
            &repo.name,
            &count,
            branch,
            &work.message,
        ]);
        let at = repo.commits.len();
        let files = placed(repo, parent.as_deref(), work.files, work.lines);
        let mut parents: Vec<_> = parent.into_iter().collect();
        parents.extend(work.merges);
        repo.commits.push(Arc::new(Commit {
            sha: sha.clone(),
            parents,
            message: work.message,
            author: work.author,
            at: now,
            additions: work.lines.0,
            deletions: work.lines.1,
            files,
        }));
        Arc::make_mut(&mut repo.by_sha).insert(sha.clone(), at);
        repo.pushed_at = now;
        self.point(repo_id, branch, &sha);
        Some(sha)
    }

    /// Points a branch at a commit, and lets pull requests take notice.
    pub(crate) fn point(&mut self, repo_id: u64, branch: &str, sha: &str) {
        let now = self.now;
        let Some(repo) = self.repo_mut(repo_id) else {
            return;
        };
        repo.pushed_at = now;
        if let Some(known) = repo.branches.get_mut(branch) {
            sha.clone_into(&mut known.sha);
        } else {
            let name = branch.to_owned();
            let made = Branch {
                name: name.clone(),
                sha: sha.to_owned(),
                protection: None,
            };
            repo.branches.insert(name, made);
        }
        let mut unknown = Vec::new();
        let mut grown = Vec::new();
        for pull in repo
            .pulls
            .iter_mut()
            .filter(|it| it.state == PullState::Open)
        {
            if pull.head == branch {
                sha.clone_into(&mut pull.head_sha);
                pull.updated_at = now;
                grown.push((pull.number, pull.base_sha.clone()));
            }
            if pull.head == branch || pull.base == branch {
                pull.mergeable = None;
                unknown.push(pull.number);
            }
        }
        for (number, base) in grown {
            let between = repo.compare(&base, sha).map(|it| it.commits);
            let changes = Repo::changes(&between.unwrap_or_default());
            if let Some(pull) = repo.pulls.iter_mut().find(|it| it.number == number) {
                pull.additions = changes.iter().map(|it| it.additions).sum();
                pull.deletions = changes.iter().map(|it| it.deletions).sum();
                pull.files = u32::try_from(changes.len()).unwrap_or(u32::MAX);
            }
        }
        for number in unknown {
            self.later(2.0, repo_id, Event::Mergeable { number });
        }
    }

    pub(super) fn mergeable_known(&mut self, repo: u64, number: u64) {
        let Some(repo) = self.repo_mut(repo) else {
            return;
        };
        if let Some(pull) = repo.pull_mut(number) {
            pull.mergeable = Some(!pull.conflicts);
        }
    }

    /// Starts what listens to pushes of a branch, and to the pull requests from it.
    pub(crate) fn pushed(
        &mut self,
        repo_id: u64,
        branch: &str,
        by: &str,
        fate: &BTreeMap<String, Conclusion>,
    ) {
        let Some(repo) = self.repo_by_id(repo_id).cloned() else {
            return;
        };
        let Some(head) = repo
            .branches
            .get(branch)
            .and_then(|it| repo.commit(&it.sha))
        else {
            return;
        };
        let title = head.headline().to_owned();
        let start = |event, title: &str, pull| Start {
            event,
            branch: Some(branch.to_owned()),
            sha: head.sha.clone(),
            actor: by.to_owned(),
            title: title.to_owned(),
            pull,
            fate: fate.clone(),
            ..Start::default()
        };
        for workflow in repo
            .workflows
            .iter()
            .filter(|it| it.on.iter().any(|on| on == "push"))
        {
            let listens = if workflow.branches.is_empty() {
                branch == repo.default_branch
            } else {
                workflow.branches.iter().any(|it| it == branch)
            };
            if listens {
                self.start_run(repo_id, workflow, start("push", &title, None));
            }
        }
        let open = repo
            .pulls
            .iter()
            .filter(|it| it.state == PullState::Open && it.head == branch);
        for pull in open {
            let checks = repo
                .workflows
                .iter()
                .filter(|it| it.on.iter().any(|on| on == "pull_request"));
            for workflow in checks {
                // A branch that pushes already test is not tested twice.
                if workflow.branches.iter().any(|it| it == branch) || branch == repo.default_branch
                {
                    continue;
                }
                let it = start("pull_request", &pull.title, Some(pull.number));
                self.start_run(repo_id, workflow, it);
            }
        }
    }

    /// Puts a tag on a commit; an existing one stays where it is.
    pub(crate) fn tag(&mut self, repo: u64, name: &str, sha: &str) -> bool {
        let Some(repo) = self.repo_mut(repo) else {
            return false;
        };
        if repo.tags.iter().any(|it| it.name == name) {
            return false;
        }
        repo.tags.push(Tag {
            name: name.to_owned(),
            sha: sha.to_owned(),
        });
        true
    }
}

// Tells new files from known ones, and shares the lines out among files that name none.
fn placed(
    repo: &Repo,
    parent: Option<&str>,
    files: Vec<Change>,
    (added, removed): (u32, u32),
) -> Vec<Change> {
    if files.is_empty() {
        return files;
    }
    let tree = parent.map(|it| repo.tree(it)).unwrap_or_default();
    let shared = files.iter().all(|it| it.additions + it.deletions == 0);
    let count = u32::try_from(files.len()).unwrap_or(1);
    let share = |whole: u32, first: bool| whole / count + if first { whole % count } else { 0 };
    let placed = files.into_iter().enumerate().map(|(at, change)| {
        let known = tree.contains_key(change.path.as_str());
        let mut change = change;
        change.kind = match (change.kind, known) {
            (ChangeKind::Removed, _) => ChangeKind::Removed,
            (ChangeKind::Added | ChangeKind::Modified, true) => ChangeKind::Modified,
            (ChangeKind::Added | ChangeKind::Modified, false) => ChangeKind::Added,
        };
        if shared {
            change.additions = share(added, at == 0);
            change.deletions = share(removed, at == 0);
        }
        change
    });
    placed.collect()
}
