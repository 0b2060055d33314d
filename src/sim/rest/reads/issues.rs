//! Reads of issues; pull requests stand among them.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::{Done, number};
use crate::sim::{
    act::{FieldError, Refusal},
    model::{Issue, IssueState, Pull, PullState, Repo},
    rest::{Answer, Ask},
};

/// One line of the list.
enum Line<'r> {
    Issue(&'r Issue),
    Pull(&'r Pull),
}

impl Line<'_> {
    fn open(&self) -> bool {
        match self {
            Self::Issue(it) => it.state == IssueState::Open,
            Self::Pull(it) => it.state == PullState::Open,
        }
    }

    fn labels(&self) -> &[String] {
        match self {
            Self::Issue(it) => &it.labels,
            Self::Pull(it) => &it.labels,
        }
    }

    fn author(&self) -> &str {
        match self {
            Self::Issue(it) => &it.author,
            Self::Pull(it) => &it.author,
        }
    }

    fn number(&self) -> u64 {
        match self {
            Self::Issue(it) => it.number,
            Self::Pull(it) => it.number,
        }
    }

    fn created(&self) -> Timestamp {
        match self {
            Self::Issue(it) => it.created_at,
            Self::Pull(it) => it.created_at,
        }
    }

    fn updated(&self) -> Timestamp {
        match self {
            Self::Issue(it) => it.updated_at,
            Self::Pull(it) => it.updated_at,
        }
    }
}

impl Ask<'_> {
    // A parameter that has to be one of these words.
    fn word<'s>(&'s self, name: &str, words: &[&'s str]) -> Result<&'s str, Refusal> {
        let first = words.first().copied().unwrap_or_default();
        let given = self.param(name).unwrap_or(first);
        if words.contains(&given) {
            Ok(given)
        } else {
            Err(invalid(name))
        }
    }

    /// Issues and pull requests, open ones and newest first unless asked otherwise. Of several
    /// labels, a line carries every one.
    pub fn issues(&self, repo: &Repo) -> Done {
        let state = self.word("state", &["open", "closed", "all"])?;
        let sort = self.word("sort", &["created", "updated", "comments"])?;
        let direction = self.word("direction", &["desc", "asc"])?;
        let since = match self.param("since") {
            Some(text) => Some(text.parse::<Timestamp>().map_err(|_| invalid("since"))?),
            None => None,
        };
        let wanted = self.param("labels").unwrap_or_default();
        let wanted: Vec<&str> = wanted
            .split(',')
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .collect();
        // Nobody is assigned, and there are no milestones.
        let nobody = ["assignee", "milestone"]
            .iter()
            .any(|it| self.param(it).is_some_and(|it| it != "none"));
        let all = repo.issues.iter().map(Line::Issue);
        let all = all.chain(repo.pulls.iter().map(Line::Pull));
        let mut lines: Vec<Line<'_>> = all
            .filter(|it| !nobody && (state == "all" || (state == "open") == it.open()))
            .filter(|it| {
                let has = |name: &&str| {
                    let mut own = it.labels().iter();
                    own.any(|label| label.eq_ignore_ascii_case(name))
                };
                wanted.iter().all(has)
            })
            .filter(|it| self.param("creator").is_none_or(|who| who == it.author()))
            .filter(|it| since.is_none_or(|since| it.updated() >= since))
            .collect();
        lines.sort_by_key(|it| {
            let at = if sort == "updated" {
                it.updated()
            } else {
                it.created()
            };
            Reverse((at, it.number()))
        });
        if direction == "asc" {
            lines.reverse();
        }
        Ok(self.list(&lines, |it| match it {
            Line::Issue(it) => self.shape().issue(repo, it),
            Line::Pull(it) => self.shape().issue_of_pull(repo, it),
        }))
    }

    /// One issue, or the pull request of that number.
    pub fn issue(&self, repo: &Repo, text: &str) -> Done {
        let number = number(text)?;
        let shape = self.shape();
        let body = match (repo.issue(number), repo.pull(number)) {
            (Some(it), _) => shape.issue(repo, it),
            (None, Some(it)) => shape.issue_of_pull(repo, it),
            (None, None) => return Err(Refusal::not_found()),
        };
        Ok(Answer::json(200, body))
    }

    /// The labels of an issue or pull request.
    pub fn issue_labels(&self, repo: &Repo, text: &str) -> Done {
        let number = number(text)?;
        let own = match (repo.issue(number), repo.pull(number)) {
            (Some(it), _) => &it.labels,
            (None, Some(it)) => &it.labels,
            (None, None) => return Err(Refusal::not_found()),
        };
        let labels: Vec<_> = repo
            .labels
            .iter()
            .filter(|it| own.contains(&it.name))
            .collect();
        Ok(self.list(&labels, |it| self.shape().label(repo, it)))
    }
}

fn invalid(field: &str) -> Refusal {
    Refusal::fields(vec![FieldError {
        resource: "Issue",
        field: field.to_owned(),
        code: "invalid",
        message: None,
    }])
}
