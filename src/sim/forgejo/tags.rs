//! Tags.

use super::{Call, Done, No};
use crate::sim::{
    model::{Repo, Tag},
    rest::Answer,
};

impl Call<'_> {
    /// Tags, newest first.
    pub fn tags(&self, repo: &Repo) -> Answer {
        let mut all: Vec<&Tag> = repo.tags.iter().rev().collect();
        all.sort_by_key(|it| std::cmp::Reverse(repo.commit(&it.sha).map(|it| it.at)));
        self.list(&all, |it| self.shape().tag(repo, it))
    }

    /// One tag.
    pub fn tag(&self, repo: &Repo, name: &str) -> Done {
        let found = repo.tags.iter().find(|it| it.name == name);
        let found = found.ok_or_else(No::not_found)?;
        Ok(Answer::json(200, self.shape().tag(repo, found)))
    }

    /// Makes a tag.
    pub fn create_tag(&self, repo: &Repo) -> Done {
        self.writer(repo)?;
        let fields = self.fields()?;
        let name = fields.needed("tag_name", "TagName")?;
        let target = fields.text("target")?.filter(|it| !it.is_empty());
        let target = target.unwrap_or_else(|| repo.default_branch.clone());
        self.act(|state| {
            let repo = state.repo_by_id(repo.id).ok_or_else(No::not_found)?;
            let (id, commit) = (repo.id, repo.resolve(&target));
            let Some(sha) = commit.map(|it| it.sha.clone()) else {
                return Err(No::new(404, "target not found"));
            };
            if !state.tag(id, &name, &sha) {
                return Err(No::new(409, format!("tag already exists [name: {name}]")));
            }
            Ok(())
        })?;
        let (state, repo) = self.after(repo)?;
        let made = repo.tags.iter().find(|it| it.name == name);
        let made = made.ok_or_else(No::not_found)?;
        Ok(Answer::json(201, self.shape_of(&state).tag(&repo, made)))
    }

    /// Deletes a tag that no release has.
    pub fn delete_tag(&self, repo: &Repo, name: &str) -> Done {
        self.writer(repo)?;
        self.act(|state| {
            let repo = state.repo_mut(repo.id).ok_or_else(No::not_found)?;
            if !repo.tags.iter().any(|it| it.name == name) {
                return Err(No::not_found());
            }
            if repo.releases.iter().any(|it| it.tag == name && !it.draft) {
                return Err(No::new(
                    409,
                    "a tag attached to a release cannot be deleted directly",
                ));
            }
            repo.tags.retain(|it| it.name != name);
            Ok(())
        })?;
        Ok(Answer::empty(204))
    }
}
