//! Writes on pull requests and branches: open, merge, update, label.

use serde_json::{Value, json};

use super::super::{
    Answer, Ask,
    body::{Field, Fields, Type},
    reads::number,
};
use super::Done;
use crate::sim::{
    act::{Refusal, merge::Merge, pull::NewPull},
    model::{MergeMethod, Repo},
};

impl Ask<'_> {
    /// Opens a pull request.
    pub fn open_pull(&self, repo: &Repo) -> Done {
        let body = Fields::read(
            "PullRequest",
            self.body,
            &[
                Field("title", Type::Text, false),
                Field("head", Type::Text, true),
                Field("head_repo", Type::Text, false),
                Field("base", Type::Text, true),
                Field("body", Type::Text, false),
                Field("maintainer_can_modify", Type::Flag, false),
                Field("draft", Type::Flag, false),
                Field("issue", Type::Number, false),
            ],
        )?;
        let new = NewPull {
            title: body.text("title").unwrap_or_default(),
            head: body.text("head").unwrap_or_default(),
            base: body.text("base").unwrap_or_default(),
            body: body.text("body").unwrap_or_default(),
            draft: body.flag("draft").unwrap_or(false),
        };
        let number = self.act(|state| state.open_pull(self.token(), repo.id, new))?;
        let (state, repo) = self.after(repo)?;
        let made = repo.pull(number).ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(
            201,
            self.shape_of(&state).full_pull(&repo, made),
        ))
    }

    /// Merges a pull request.
    pub fn merge_pull(&self, repo: &Repo, pull: &str) -> Done {
        let pull = number(pull)?;
        let body = Fields::read(
            "PullRequest",
            self.body,
            &[
                Field("commit_title", Type::Text, false),
                Field("commit_message", Type::Text, false),
                Field("sha", Type::Text, false),
                Field(
                    "merge_method",
                    Type::Word(&["merge", "squash", "rebase"]),
                    false,
                ),
            ],
        )?;
        let method = body
            .text("merge_method")
            .and_then(|it| MergeMethod::parse(&it));
        let merge = Merge {
            sha: body.text("sha"),
            method: method.unwrap_or(MergeMethod::Merge),
            title: body.text("commit_title"),
            message: body.text("commit_message"),
        };
        let sha = self.act(|state| state.merge_pull(self.token(), repo.id, pull, merge))?;
        let words = "Pull Request successfully merged";
        Ok(Answer::json(
            200,
            json!({"sha": sha, "merged": true, "message": words}),
        ))
    }

    /// Brings the base into a pull request's head.
    pub fn update_branch(&self, repo: &Repo, pull: &str) -> Done {
        let pull_number = number(pull)?;
        let field = Field("expected_head_sha", Type::Text, false);
        let body = Fields::read("PullRequest", self.body, &[field])?;
        let expected = body.text("expected_head_sha");
        self.act(|it| it.update_branch(self.token(), repo.id, pull_number, expected.as_deref()))?;
        let url = format!("{}/pulls/{pull}", self.shape().url(repo));
        let words = "Updating pull request branch.";
        Ok(Answer::json(202, json!({"message": words, "url": url})))
    }

    /// Merges one branch into another.
    pub fn merge_branches(&self, repo: &Repo) -> Done {
        let body = Fields::read(
            "Merge",
            self.body,
            &[
                Field("base", Type::Text, true),
                Field("head", Type::Text, true),
                Field("commit_message", Type::Text, false),
            ],
        )?;
        let (base, head) = (
            body.text("base").unwrap_or_default(),
            body.text("head").unwrap_or_default(),
        );
        let message = body.text("commit_message");
        let sha = self.act(|it| it.merge_branches(self.token(), repo.id, &base, &head, message))?;
        let Some(sha) = sha else {
            return Ok(Answer::empty(204));
        };
        let (state, repo) = self.after(repo)?;
        let commit = repo.commit(&sha).ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(
            201,
            self.shape_of(&state).commit(&repo, commit),
        ))
    }

    /// Puts labels on a pull request.
    pub fn add_labels(&self, repo: &Repo, pull: &str) -> Done {
        let at = number(pull)?;
        let body = Fields::read("Label", self.body, &[Field("labels", Type::Labels, false)])?;
        let labels = body.texts("labels").unwrap_or_default();
        self.act(|state| state.add_labels(self.token(), repo.id, at, &labels))?;
        self.labels_now(repo, at)
    }

    /// Takes a label off a pull request.
    pub fn remove_label(&self, repo: &Repo, pull: &str, label: &str) -> Done {
        let at = number(pull)?;
        self.act(|state| state.remove_label(self.token(), repo.id, at, label))?;
        self.labels_now(repo, at)
    }

    fn labels_now(&self, repo: &Repo, pull: u64) -> Done {
        let (state, repo) = self.after(repo)?;
        let pull = repo.pull(pull).ok_or_else(Refusal::not_found)?;
        let labels = repo
            .labels
            .iter()
            .filter(|it| pull.labels.contains(&it.name));
        let list = labels
            .map(|it| self.shape_of(&state).label(&repo, it))
            .collect();
        Ok(Answer::json(200, Value::Array(list)))
    }
}
