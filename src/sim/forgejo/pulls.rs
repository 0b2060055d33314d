//! Pull requests short of merging them: read, open, change, review.

use serde_json::json;

use super::{
    Call, Done, No,
    call::{deputy, number, unarchived},
    shape::{pull::WIP, touched},
};
use crate::sim::{
    act::{issue::IssueChange, pull::NewPull},
    model::{Change, IssueState, Pull, PullState, Repo, Review, ReviewState},
    rest::Answer,
};

/// 204 if it is merged, 404 if not.
pub fn is_merged(repo: &Repo, text: &str) -> Done {
    match found(repo, text)?.state {
        PullState::Merged => Ok(Answer::empty(204)),
        PullState::Open | PullState::Closed => Err(No::not_found()),
    }
}

impl Call<'_> {
    /// Pull requests. Labels are asked for by number; by base and head since Forgejo 16 alone.
    pub fn pulls(&self, repo: &Repo) -> Done {
        let state = self.param("state").unwrap_or("open");
        if !matches!(state, "open" | "closed" | "all") {
            return Err(No::new(422, format!("invalid state: {state}")));
        }
        let labels: Result<Vec<u64>, No> = self.params("labels").map(number).collect();
        let labels = labels?;
        let names = repo.labels.iter().filter(|it| labels.contains(&it.id));
        let names: Vec<&String> = names.map(|it| &it.name).collect();
        let side = |name| self.param(name).filter(|_| self.edition.filters_pulls());
        let (base, head) = (side("base"), side("head"));
        let mut all: Vec<&Pull> = repo
            .pulls
            .iter()
            .filter(|it| state == "all" || (it.state == PullState::Open) == (state == "open"))
            .filter(|it| labels.is_empty() || names.iter().all(|name| it.labels.contains(name)))
            .filter(|it| base.is_none_or(|base| it.base == base))
            .filter(|it| head.is_none_or(|head| it.head == head))
            .collect();
        match self.param("sort") {
            Some("oldest") => all.sort_by_key(|it| it.number),
            Some("recentupdate") => {
                all.sort_by_key(|it| std::cmp::Reverse((it.updated_at, it.number)));
            }
            Some("leastupdate") => all.sort_by_key(|it| (it.updated_at, it.number)),
            _ => all.sort_by_key(|it| std::cmp::Reverse(it.number)),
        }
        Ok(self.list(&all, |it| self.shape().pull(repo, it)))
    }

    /// One pull request.
    pub fn pull(&self, repo: &Repo, text: &str) -> Done {
        let pull = found(repo, text)?;
        Ok(Answer::json(200, self.shape().pull(repo, pull)))
    }

    /// The open pull request between two branches, or the newest that was.
    pub fn pull_between(&self, repo: &Repo, base: &str, head: &str) -> Done {
        let meant = |it: &&Pull| it.base == base && it.head == head;
        let mut all = repo.pulls.iter().rev().filter(meant);
        let open = all.clone().find(|it| it.state == PullState::Open);
        let found = open.or_else(|| all.next());
        let words = || No::missing("pull request does not exist");
        Ok(Answer::json(
            200,
            self.shape().pull(repo, found.ok_or_else(words)?),
        ))
    }

    /// The merged pull request that a commit came in by.
    pub fn pull_of_commit(&self, repo: &Repo, sha: &str) -> Done {
        let found = repo
            .pulls_of(sha)
            .into_iter()
            .find(|it| it.state == PullState::Merged);
        let found = found.ok_or_else(No::not_found)?;
        Ok(Answer::json(200, self.shape().pull(repo, found)))
    }

    /// The reviews of a pull request.
    pub fn reviews(&self, repo: &Repo, text: &str) -> Done {
        let pull = found(repo, text)?;
        let all = self.shape().reviews(repo, pull);
        Ok(self.list(&all, Clone::clone))
    }

    /// The commits of a pull request, newest first.
    pub fn pull_commits(&self, repo: &Repo, text: &str) -> Done {
        let pull = found(repo, text)?;
        let between = repo.compare(&pull.base_sha, &pull.head_sha);
        let mut all = between.map(|it| it.commits).unwrap_or_default();
        all.reverse();
        Ok(self.list(&all, |it| self.shape().commit(repo, it)))
    }

    /// The files that a pull request changes.
    pub fn pull_files(&self, repo: &Repo, text: &str) -> Done {
        let pull = found(repo, text)?;
        let all: Vec<Change> = repo.changes_of(pull);
        Ok(self.list(&all, |it| {
            let mut file = touched(it);
            file["additions"] = json!(it.additions);
            file["deletions"] = json!(it.deletions);
            file["changes"] = json!(it.additions + it.deletions);
            file
        }))
    }

    /// Opens a pull request.
    pub fn open_pull(&self, repo: &Repo) -> Done {
        let token = self.signed()?;
        unarchived(repo)?;
        let fields = self.fields()?;
        let title = fields.needed("title", "Title")?;
        let base = fields.text("base")?.unwrap_or_default();
        let head = fields.text("head")?.unwrap_or_default();
        let head = head.rsplit(':').next().unwrap_or_default().to_owned();
        if base == head {
            let words = "Invalid PullRequest: There are no changes between the head and the base";
            return Err(No::new(422, words));
        }
        let new = NewPull {
            draft: is_draft(&title),
            title,
            head,
            base,
            body: fields.text("body")?.unwrap_or_default(),
        };
        let number = self.act(|state| {
            let repo = state.repo_by_id(repo.id).cloned().ok_or_else(No::not_found)?;
            for branch in [&new.base, &new.head] {
                if !repo.branches.contains_key(branch) {
                    return Err(No::not_found());
                }
            }
            let same = repo.pulls.iter().find(|it| {
                it.state == PullState::Open && it.head == new.head && it.base == new.base
            });
            if let Some(it) = same {
                return Err(No::new(409, format!(
                    "pull request already exists for these targets [id: {}, issue_id: {}, head_repo_id: {}, base_repo_id: {}, head_branch: {}, base_branch: {}]",
                    it.id, it.id, repo.id, repo.id, it.head, it.base
                )));
            }
            state.opened(repo.id, &token.login, new, true).ok_or_else(No::not_found)
        })?;
        self.pull_now(repo, number, 201)
    }

    /// Changes a pull request: its title, which makes it a draft or not, its text, its state.
    pub fn edit_pull(&self, repo: &Repo, text: &str) -> Done {
        let pull = found(repo, text)?;
        let token = self.signed()?;
        if token.login != pull.author {
            self.writer(repo)?;
        }
        unarchived(repo)?;
        let fields = self.fields()?;
        let title = fields.text("title")?.filter(|it| !it.is_empty());
        let state = fields.text("state")?;
        if pull.state == PullState::Merged && state.is_some() {
            return Err(No::new(
                412,
                "cannot change state of this pull request, it was already merged",
            ));
        }
        let change = IssueChange {
            title: title.clone(),
            body: fields.text("body")?,
            state: state.as_deref().and_then(IssueState::parse),
            ..IssueChange::default()
        };
        let deputy = deputy(token);
        self.act(|state| {
            state.update_issue(&deputy, repo.id, pull.number, change)?;
            let repo = state.repo_mut(repo.id).ok_or_else(No::not_found)?;
            if let (Some(title), Some(pull)) = (&title, repo.pull_mut(pull.number)) {
                pull.draft = is_draft(title);
            }
            Ok(())
        })?;
        self.pull_now(repo, pull.number, 201)
    }

    fn pull_now(&self, repo: &Repo, number: u64, status: u16) -> Done {
        let (state, repo) = self.after(repo)?;
        let pull = repo.pull(number).ok_or_else(No::not_found)?;
        Ok(Answer::json(
            status,
            self.shape_of(&state).pull(&repo, pull),
        ))
    }

    /// Reviews a pull request; nobody approves or rejects their own.
    pub fn add_review(&self, repo: &Repo, text: &str) -> Done {
        let number = found(repo, text)?.number;
        let token = self.signed()?;
        unarchived(repo)?;
        let fields = self.fields()?;
        let event = fields.text("event")?.unwrap_or_default();
        let body = fields.text("body")?.unwrap_or_default();
        let commit = fields.text("commit_id")?.filter(|it| !it.is_empty());
        let id = self.act(|state| {
            let id = state.next_id();
            let now = state.now;
            let repo = state.repo_mut(repo.id).ok_or_else(No::not_found)?;
            let pull = repo.pull_mut(number).ok_or_else(No::not_found)?;
            let own = pull.author == token.login;
            let (word, kind) = match event.as_str() {
                "APPROVED" => ("approve", ReviewState::Approved),
                "REQUEST_CHANGES" => ("reject", ReviewState::ChangesRequested),
                "COMMENT" => ("comment", ReviewState::Commented),
                _ => ("", ReviewState::Pending),
            };
            if own && matches!(word, "approve" | "reject") {
                return Err(No::new(422, format!("{word} your own pull is not allowed")));
            }
            if word != "approve" && body.trim().is_empty() {
                return Err(No::new(
                    422,
                    "review event COMMENT requires a body or a comment",
                ));
            }
            pull.requested.retain(|it| *it != token.login);
            pull.updated_at = now;
            pull.reviews.push(Review {
                id,
                author: token.login.clone(),
                state: kind,
                body,
                at: now,
                commit: commit.unwrap_or_else(|| pull.head_sha.clone()),
            });
            Ok(id)
        })?;
        let (state, repo) = self.after(repo)?;
        let pull = repo.pull(number).ok_or_else(No::not_found)?;
        let made = pull.reviews.iter().find(|it| it.id == id);
        let made = made.ok_or_else(No::not_found)?;
        Ok(Answer::json(
            200,
            self.shape_of(&state).review(&repo, pull, made),
        ))
    }
}

fn found<'r>(repo: &'r Repo, text: &str) -> Result<&'r Pull, No> {
    repo.pull(number(text)?).ok_or_else(No::not_found)
}

fn is_draft(title: &str) -> bool {
    let title = title.to_uppercase();
    WIP.iter().any(|it| title.starts_with(it))
}
