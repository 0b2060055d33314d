//! Writes that publish: releases, their notes, tags.

use std::fmt::Write as _;

use serde_json::json;

use super::super::{
    Answer, Ask,
    body::{Field, Fields, Type},
    reads::number,
};
use super::Done;
use crate::sim::{
    act::{Refusal, publish::ReleaseChange},
    model::Repo,
};

const MAKE_LATEST: Type = Type::Word(&["true", "false", "legacy"]);

impl Ask<'_> {
    fn release_body(&self, new: bool) -> Result<ReleaseChange, Refusal> {
        let mut fields = vec![
            Field("tag_name", Type::Text, new),
            Field("target_commitish", Type::Text, false),
            Field("name", Type::TextOrNull, false),
            Field("body", Type::TextOrNull, false),
            Field("draft", Type::Flag, false),
            Field("prerelease", Type::Flag, false),
            Field("discussion_category_name", Type::Text, false),
            Field("make_latest", MAKE_LATEST, false),
        ];
        if new {
            fields.push(Field("generate_release_notes", Type::Flag, false));
        }
        let body = Fields::read("Release", self.body, &fields)?;
        Ok(ReleaseChange {
            tag: body.text("tag_name"),
            target: body.text("target_commitish"),
            name: body.text("name"),
            body: body.text("body"),
            draft: body.flag("draft"),
            prerelease: body.flag("prerelease"),
            latest: body.text("make_latest").map(|it| it != "false"),
        })
    }

    /// Makes a release.
    pub fn create_release(&self, repo: &Repo) -> Done {
        let new = self.release_body(true)?;
        let id = self.act(|state| state.create_release(self.token(), repo.id, new))?;
        self.release_now(repo, id, 201)
    }

    /// Changes a release, or publishes it.
    pub fn update_release(&self, repo: &Repo, release: &str) -> Done {
        let id = number(release)?;
        let change = self.release_body(false)?;
        self.act(|state| state.update_release(self.token(), repo.id, id, change))?;
        self.release_now(repo, id, 200)
    }

    fn release_now(&self, repo: &Repo, id: u64, status: u16) -> Done {
        let (state, repo) = self.after(repo)?;
        let found = repo
            .releases
            .iter()
            .find(|it| it.id == id)
            .ok_or_else(Refusal::not_found)?;
        let shape = self.shape_of(&state);
        let url = format!("{}/releases/{id}", shape.url(&repo));
        let answer = Answer::json(status, shape.release(&repo, found));
        Ok(if status == 201 {
            answer.with("location", url)
        } else {
            answer
        })
    }

    /// Writes the notes between two tags.
    pub fn generate_notes(&self, repo: &Repo) -> Done {
        let body = Fields::read(
            "Release",
            self.body,
            &[
                Field("tag_name", Type::Text, true),
                Field("target_commitish", Type::Text, false),
                Field("previous_tag_name", Type::Text, false),
                Field("configuration_file_path", Type::Text, false),
            ],
        )?;
        crate::sim::act::permit(self.token(), repo, "contents", "repo")?;
        let tag = body.text("tag_name").unwrap_or_default();
        let target = body
            .text("target_commitish")
            .unwrap_or_else(|| repo.default_branch.clone());
        let head = if repo.tag(&tag).is_some() {
            tag.clone()
        } else {
            target
        };
        let previous = body.text("previous_tag_name").or_else(|| {
            repo.tags
                .iter()
                .rev()
                .find(|it| it.name != tag)
                .map(|it| it.name.clone())
        });
        let commits = previous
            .and_then(|it| repo.compare(&it, &head))
            .map(|it| it.commits);
        let mut notes = "## What's Changed\n".to_owned();
        for commit in commits.unwrap_or_default() {
            for pull in repo.pulls_of(&commit.sha) {
                let url = format!("{}/pull/{}", self.shape().html(repo), pull.number);
                // Writing to a String cannot fail.
                let _ = writeln!(notes, "* {} by @{} in {url}", pull.title, pull.author);
            }
        }
        Ok(Answer::json(200, json!({"name": tag, "body": notes})))
    }

    /// Makes a branch or tag.
    pub fn create_ref(&self, repo: &Repo) -> Done {
        let body = Fields::read(
            "Reference",
            self.body,
            &[
                Field("ref", Type::Text, true),
                Field("sha", Type::Text, true),
            ],
        )?;
        let (name, sha) = (
            body.text("ref").unwrap_or_default(),
            body.text("sha").unwrap_or_default(),
        );
        self.act(|state| state.create_ref(self.token(), repo.id, &name, &sha))?;
        Ok(Answer::json(201, self.shape().git_ref(repo, &name, &sha)))
    }
}
