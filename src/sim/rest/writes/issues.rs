//! Writes of issues.

use super::{Done, number};
use crate::sim::{
    act::{
        Refusal,
        issue::{IssueChange, NewIssue},
    },
    model::{IssueReason, IssueState, Repo},
    rest::{
        Answer, Ask,
        body::{Field, Fields, Type},
    },
};

impl Ask<'_> {
    /// Writes an issue.
    pub fn create_issue(&self, repo: &Repo) -> Done {
        let body = Fields::read(
            "Issue",
            self.body,
            &[
                Field("title", Type::Text, true),
                Field("body", Type::TextOrNull, false),
                Field("labels", Type::Labels, false),
                Field("assignees", Type::Texts, false),
                Field("milestone", Type::TextOrNull, false),
            ],
        )?;
        let new = NewIssue {
            title: body.text("title").unwrap_or_default(),
            body: body.text("body").unwrap_or_default(),
            labels: body.texts("labels").unwrap_or_default(),
        };
        let number = self.act(|state| state.create_issue(self.token(), repo.id, new))?;
        self.shown(repo, number, 201)
    }

    /// Changes an issue, or closes it.
    pub fn update_issue(&self, repo: &Repo, text: &str) -> Done {
        let number = number(text)?;
        let body = Fields::read(
            "Issue",
            self.body,
            &[
                Field("title", Type::TextOrNull, false),
                Field("body", Type::TextOrNull, false),
                Field("state", Type::Word(&["open", "closed"]), false),
                Field(
                    "state_reason",
                    Type::WordOrNull(&["completed", "not_planned", "duplicate", "reopened"]),
                    false,
                ),
                Field("labels", Type::Labels, false),
                Field("assignees", Type::Texts, false),
                Field("milestone", Type::TextOrNull, false),
            ],
        )?;
        let word = |name| body.text(name);
        let change = IssueChange {
            title: word("title"),
            body: word("body"),
            state: word("state").and_then(|it| IssueState::parse(&it)),
            reason: word("state_reason").and_then(|it| IssueReason::parse(&it)),
            labels: body.texts("labels"),
        };
        self.act(|state| state.update_issue(self.token(), repo.id, number, change))?;
        self.shown(repo, number, 200)
    }

    /// Puts labels on an issue, or takes the named one off.
    pub fn label_issue(&self, repo: &Repo, text: &str, name: &[&str]) -> Done {
        let number = number(text)?;
        let issue = repo.issue(number).ok_or_else(Refusal::not_found)?;
        let mut labels = issue.labels.clone();
        match (self.method, name) {
            ("POST", []) => {
                let fields = [Field("labels", Type::Labels, false)];
                let body = Fields::read("Label", self.body, &fields)?;
                for label in body.texts("labels").unwrap_or_default() {
                    if !labels.contains(&label) {
                        labels.push(label);
                    }
                }
            }
            ("DELETE", [name]) => {
                if !labels.iter().any(|it| it == name) {
                    return Err(Refusal::new(404, "Label does not exist"));
                }
                labels.retain(|it| it != name);
            }
            _ => return Err(Refusal::not_found()),
        }
        crate::sim::act::permit(self.token(), repo, "issues", "repo")?;
        let change = IssueChange {
            labels: Some(labels),
            ..IssueChange::default()
        };
        self.act(|state| state.update_issue(self.token(), repo.id, number, change))?;
        let (state, repo) = self.after(repo)?;
        let own = repo.issue(number).ok_or_else(Refusal::not_found)?;
        let all = repo.labels.iter();
        let all = all.filter(|it| own.labels.contains(&it.name));
        let list = all.map(|it| self.shape_of(&state).label(&repo, it));
        Ok(Answer::json(200, list.collect()))
    }

    fn shown(&self, repo: &Repo, number: u64, status: u16) -> Done {
        let (state, repo) = self.after(repo)?;
        let shape = self.shape_of(&state);
        let shown = match (repo.issue(number), repo.pull(number)) {
            (Some(it), _) => shape.issue(&repo, it),
            (None, Some(it)) => shape.issue_of_pull(&repo, it),
            (None, None) => return Err(Refusal::not_found()),
        };
        Ok(Answer::json(status, shown))
    }
}
