//! Acts on tags, branches and releases.

use jiff::Timestamp;

use crate::sim::{
    gitlab::{
        answer::{bad_request, message, not_found},
        ask::Done,
    },
    model::{Permission, Release, State, Token},
};

/// What a caller asks of a release; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ReleaseChange {
    /// What the tag is made from, if there is none yet.
    pub git_ref: Option<String>,
    /// The title.
    pub name: Option<String>,
    /// The notes.
    pub description: Option<String>,
    /// When it is out; in the future, it is an upcoming one.
    pub released_at: Option<Timestamp>,
}

impl State {
    /// Puts a tag on a revision, and starts its pipeline.
    pub fn create_tag(
        &mut self,
        token: &Token,
        repo_id: u64,
        name: &str,
        git_ref: &str,
    ) -> Done<()> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        if repo.tags.iter().any(|it| it.name == name) {
            return Err(message(400, format!("Tag {name} already exists")));
        }
        if name.contains(char::is_whitespace) || name.starts_with('-') {
            return Err(message(400, "Tag name invalid"));
        }
        let Some(commit) = repo.resolve(git_ref) else {
            return Err(message(400, "Target ".to_owned() + git_ref + " is invalid"));
        };
        let sha = commit.sha.clone();
        drop(repo);
        self.tag(repo_id, name, &sha);
        self.tagged(repo_id, name, &token.login);
        Ok(())
    }

    /// Makes a branch.
    pub fn create_branch(
        &mut self,
        token: &Token,
        repo_id: u64,
        name: &str,
        git_ref: &str,
    ) -> Done<()> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        if repo.branches.contains_key(name) {
            return Err(message(400, "Branch already exists"));
        }
        let Some(commit) = repo.resolve(git_ref) else {
            return Err(message(
                400,
                "Invalid reference name: ".to_owned() + git_ref,
            ));
        };
        let sha = commit.sha.clone();
        drop(repo);
        self.point(repo_id, name, &sha);
        Ok(())
    }

    /// Makes a release, and its tag if there is none.
    pub fn release(
        &mut self,
        token: &Token,
        repo_id: u64,
        tag: &str,
        new: ReleaseChange,
    ) -> Done<()> {
        let repo = self.for_act(token, repo_id, Permission::Write)?;
        if repo.releases.iter().any(|it| it.tag == tag) {
            return Err(message(409, "Release already exists"));
        }
        let known = repo.tag(tag).is_some();
        let target = new.git_ref.unwrap_or_default();
        if !known && target.is_empty() {
            return Err(message(422, "Ref is not specified"));
        }
        drop(repo);
        if !known {
            self.create_tag(token, repo_id, tag, &target)?;
        }
        let now = self.now;
        let release = Release {
            id: self.next_id(),
            tag: tag.to_owned(),
            target,
            name: new.name,
            body: new.description.unwrap_or_default(),
            draft: false,
            prerelease: false,
            latest: true,
            author: token.login.clone(),
            created_at: now,
            published_at: Some(new.released_at.unwrap_or(now)),
        };
        if let Some(repo) = self.repo_mut(repo_id) {
            repo.releases.push(release);
        }
        Ok(())
    }

    /// Changes a release.
    pub fn change_release(
        &mut self,
        token: &Token,
        repo_id: u64,
        tag: &str,
        change: ReleaseChange,
    ) -> Done<()> {
        self.for_act(token, repo_id, Permission::Write)?;
        let repo = self.repo_mut(repo_id);
        let found = repo.and_then(|it| it.releases.iter_mut().find(|it| it.tag == tag));
        let Some(it) = found else {
            return Err(not_found(""));
        };
        let ReleaseChange {
            git_ref,
            name,
            description,
            released_at,
        } = change;
        if git_ref.is_some() {
            return Err(bad_request("ref cannot be changed"));
        }
        it.name = name.or_else(|| it.name.take());
        it.body = description.unwrap_or_else(|| std::mem::take(&mut it.body));
        it.published_at = released_at.or(it.published_at);
        Ok(())
    }
}
