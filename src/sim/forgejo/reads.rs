//! Reads of the server, of people, repositories, branches and commits; and branches made or deleted.

use serde_json::{Value, json};

use super::{
    Call, Done, No,
    call::unarchived,
    list::{MOST, Page, USUAL},
    shape::touched,
};
use crate::sim::{
    model::{Branch, Commit, Permission, Repo},
    rest::Answer,
};

/// How much comes at once; anybody may ask.
pub fn settings() -> Answer {
    Answer::json(
        200,
        json!({
            "max_response_items": MOST,
            "default_paging_num": USUAL,
            "default_git_trees_per_page": 1_000,
            "default_max_blob_size": 10_485_760,
        }),
    )
}

impl Call<'_> {
    /// Which server this is; anybody may ask.
    pub fn version(&self) -> Answer {
        Answer::json(200, json!({"version": self.edition.version()}))
    }

    /// Who asks.
    pub fn me(&self) -> Done {
        let user = self.state.user(&self.signed()?.login);
        Ok(Answer::json(200, self.shape().user(&user)))
    }

    /// A person.
    pub fn person(&self, login: &str) -> Done {
        let user = self.state.users.get(login);
        let user = user
            .ok_or_else(|| No::missing(format!("user redirect does not exist [name: {login}]")))?;
        Ok(Answer::json(200, self.shape().user(user)))
    }

    fn visible(&self, owner: Option<&str>) -> Vec<&Repo> {
        let all = self
            .state
            .repos
            .iter()
            .map(|it| &**it)
            .filter(|it| self.sees(it));
        all.filter(|it| owner.is_none_or(|owner| it.owner.eq_ignore_ascii_case(owner)))
            .collect()
    }

    /// The repositories that the caller may know of.
    pub fn repos(&self, owner: Option<&str>) -> Answer {
        self.list(&self.visible(owner), |it| self.shape().repo(it))
    }

    /// The same, looked for by name; `sort=updated` with `order=desc` has the newest push first.
    pub fn search(&self) -> Answer {
        let mut found = self.visible(None);
        if let Some(word) = self.param("q") {
            let word = word.to_lowercase();
            found.retain(|it| it.name.to_lowercase().contains(&word));
        }
        match self.param("sort") {
            Some("updated") => found.sort_by_key(|it| (it.pushed_at, it.id)),
            Some("created") => found.sort_by_key(|it| (it.created_at, it.id)),
            Some("id") => found.sort_by_key(|it| it.id),
            _ => found.sort_by_key(|it| it.name.clone()),
        }
        if self.param("order") == Some("desc") {
            found.reverse();
        }
        let page = Page::of(self);
        let data: Vec<Value> = page.part(&found).map(|it| self.shape().repo(it)).collect();
        let answer = Answer::json(200, json!({"ok": true, "data": data}));
        self.linked(answer, page, found.len())
    }

    /// One repository.
    pub fn one_repo(&self, repo: &Repo) -> Answer {
        Answer::json(200, self.shape().repo(repo))
    }

    /// Branches.
    pub fn branches(&self, repo: &Repo) -> Answer {
        let all: Vec<&Branch> = repo.branches.values().collect();
        self.list(&all, |it| self.shape().branch(repo, it))
    }

    /// One branch.
    pub fn branch(&self, repo: &Repo, name: &str) -> Done {
        let branch = repo.branches.get(name);
        let branch =
            branch.ok_or_else(|| No::missing(format!("branch does not exist [name: {name}]")))?;
        Ok(Answer::json(200, self.shape().branch(repo, branch)))
    }

    fn admin(&self) -> Result<(), No> {
        match self.signed()?.permission {
            Permission::Admin => Ok(()),
            _ => Err(No::no_admin()),
        }
    }

    /// The rules of protected branches; an administrator may read them.
    pub fn rules(&self, repo: &Repo) -> Done {
        self.admin()?;
        let all = repo.branches.values().filter(|it| it.protection.is_some());
        let all: Vec<Value> = all.map(|it| self.shape().rule(it)).collect();
        Ok(Answer::json(200, Value::Array(all)))
    }

    /// The rule of one branch.
    pub fn rule(&self, repo: &Repo, name: &str) -> Done {
        self.admin()?;
        let branch = repo.branches.get(name).filter(|it| it.protection.is_some());
        let branch = branch.ok_or_else(No::not_found)?;
        Ok(Answer::json(200, self.shape().rule(branch)))
    }

    /// Makes a branch out of another, or of a tag or commit.
    pub fn create_branch(&self, repo: &Repo) -> Done {
        self.writer(repo)?;
        let fields = self.fields()?;
        let name = fields.needed("new_branch_name", "BranchName")?;
        let from = fields.text("old_ref_name")?.filter(|it| !it.is_empty());
        let from = match from {
            Some(from) => from,
            None => fields
                .text("old_branch_name")?
                .filter(|it| !it.is_empty())
                .unwrap_or_else(|| repo.default_branch.clone()),
        };
        self.act(|state| {
            let repo = state.repo_by_id(repo.id).ok_or_else(No::not_found)?;
            let Some(commit) = repo.resolve(&from) else {
                return Err(No::new(404, "The old branch does not exist"));
            };
            if repo.branches.contains_key(&name) {
                return Err(No::new(409, "The branch already exists."));
            }
            let (id, sha) = (repo.id, commit.sha.clone());
            state.point(id, &name, &sha);
            Ok(())
        })?;
        let (state, repo) = self.after(repo)?;
        let made = repo.branches.get(&name).ok_or_else(No::not_found)?;
        Ok(Answer::json(201, self.shape_of(&state).branch(&repo, made)))
    }

    /// Deletes a branch.
    pub fn delete_branch(&self, repo: &Repo, name: &str) -> Done {
        self.writer(repo)?;
        self.act(|state| {
            let repo = state.repo_mut(repo.id).ok_or_else(No::not_found)?;
            let branch = repo.branches.get(name);
            let branch = branch
                .ok_or_else(|| No::missing(format!("branch does not exist [name: {name}]")))?;
            if name == repo.default_branch {
                return Err(No::new(403, "can not delete default branch"));
            }
            if branch.protection.is_some() {
                return Err(No::new(403, "branch protected"));
            }
            repo.branches.remove(name);
            Ok(())
        })?;
        Ok(Answer::empty(204))
    }

    // A commit, with as much of it as the caller wants.
    fn asked(&self, repo: &Repo, commit: &Commit) -> Value {
        let mut shape = self.shape().commit(repo, commit);
        for (param, key) in [("stat", "stats"), ("files", "files")] {
            if self.flag(param) == Some(false) {
                shape[key] = Value::Null;
            }
        }
        shape
    }

    /// The commits of a branch, newest first.
    pub fn commits(&self, repo: &Repo) -> Done {
        let rev = self.param("sha").unwrap_or(&repo.default_branch);
        let head = repo
            .resolve(rev)
            .ok_or_else(|| No::missing(format!("object does not exist [id: {rev}, rel_path: ]")))?;
        let known = repo.ancestors(&head.sha);
        let path = self.param("path");
        let all: Vec<_> = repo
            .commits
            .iter()
            .rev()
            .filter(|it| known.contains(it.sha.as_str()))
            .filter(|it| path.is_none_or(|path| it.files.iter().any(|file| file.path == path)))
            .collect();
        let answer = self.list(&all, |it| self.asked(repo, it));
        Ok(answer.with("x-total", all.len().to_string()))
    }

    /// One commit.
    pub fn commit(&self, repo: &Repo, rev: &str) -> Done {
        let commit = repo.resolve(rev).ok_or_else(|| No::missing(rev))?;
        Ok(Answer::json(200, self.asked(repo, commit)))
    }

    /// What a revision has and another lacks: newest first, all at once.
    pub fn compare(&self, repo: &Repo, between: &str) -> Done {
        let split = between
            .split_once("...")
            .or_else(|| between.split_once(".."));
        let (base, head) = split.unwrap_or((repo.default_branch.as_str(), between));
        let found = repo.compare(base, head).ok_or_else(No::not_found)?;
        let commits: Vec<Value> = found
            .commits
            .iter()
            .rev()
            .map(|it| self.shape().commit(repo, it))
            .collect();
        let files: Vec<Value> = Repo::changes(&found.commits).iter().map(touched).collect();
        Ok(Answer::json(
            200,
            json!({"total_commits": commits.len(), "commits": commits, "files": files}),
        ))
    }

    /// Brings the base of a pull request into its head.
    pub fn update_pull(&self, repo: &Repo, number: &str) -> Done {
        let token = self.signed()?;
        unarchived(repo)?;
        let pull = repo
            .pull(super::call::number(number)?)
            .ok_or_else(No::not_found)?;
        if token.permission < Permission::Write {
            return Err(No::bare(403));
        }
        if pull.state != crate::sim::model::PullState::Open {
            return Err(No::new(422, ""));
        }
        if pull.conflicts {
            return Err(No::new(409, "merge failed because of conflict"));
        }
        let deputy = super::call::deputy(token);
        self.act(|state| Ok(state.update_branch(&deputy, repo.id, pull.number, None)?))?;
        Ok(Answer::empty(200))
    }
}
