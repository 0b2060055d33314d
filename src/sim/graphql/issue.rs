//! Issues.

use async_graphql::{Context, ID, Object};

use super::{
    error::{Nullable, nullable},
    page::{Page, connection},
    people::Actor,
    place::Place,
    pull::{Label, LabelConnection},
    scalar::{DateTime, Uri, count, int},
    words::{IssueState, IssueStateReason, OrderDirection},
};
use crate::sim::model::{self, Kind};

connection!(IssueConnection of Issue);

/// An Issue is a place to discuss ideas, enhancements, tasks, and bugs for a project.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// Where.
    pub place: Place<'a>,
    /// What.
    pub it: &'a model::Issue,
}

/// The issues of a repository in some of these states, with any of these labels.
pub fn issues<'a>(
    place: Place<'a>,
    states: Option<&[IssueState]>,
    labels: Option<&[String]>,
    by_update: bool,
    direction: OrderDirection,
) -> Vec<Issue<'a>> {
    let wanted = |it: &&model::Issue| {
        let carries = |label: &String| it.labels.iter().any(|own| own.eq_ignore_ascii_case(label));
        states.is_none_or(|all| all.contains(&it.state.into()))
            && labels.is_none_or(|all| all.iter().any(carries))
    };
    let mut all: Vec<_> = place.repo.issues.iter().filter(wanted).collect();
    if by_update {
        all.sort_by_key(|it| (it.updated_at, it.number));
    }
    if direction == OrderDirection::Desc {
        all.reverse();
    }
    all.into_iter().map(|it| Issue { place, it }).collect()
}

#[Object]
impl<'a> Issue<'a> {
    /// The Node ID of the Issue object.
    async fn id(&self) -> ID {
        self.place.id(Kind::Issue, self.it.id)
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.it.id)
    }

    /// Identifies the issue number.
    async fn number(&self) -> i32 {
        count(self.it.number)
    }

    /// Identifies the issue title.
    async fn title(&self) -> &str {
        &self.it.title
    }

    /// Identifies the body of the issue.
    async fn body(&self) -> &str {
        &self.it.body
    }

    /// The HTTP URL for this issue.
    async fn url(&self) -> Uri {
        self.place.url(format_args!("/issues/{}", self.it.number))
    }

    /// Identifies the state of the issue.
    async fn state(&self) -> IssueState {
        self.it.state.into()
    }

    /// Identifies the reason for the issue state.
    async fn state_reason(&self) -> Option<IssueStateReason> {
        self.it.reason.map(Into::into)
    }

    /// Indicates if the object is closed (definition of closed may depend on type).
    async fn closed(&self) -> bool {
        self.it.state == model::IssueState::Closed
    }

    /// Identifies the date and time when the object was closed.
    async fn closed_at(&self) -> Option<DateTime> {
        self.it.closed_at.map(DateTime)
    }

    /// Identifies the date and time when the object was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.it.created_at)
    }

    /// Identifies the date and time when the object was last updated.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.it.updated_at)
    }

    /// The actor who authored the comment.
    async fn author(&self) -> Option<Actor<'a>> {
        Some(Actor::of(self.place.state, &self.it.author))
    }

    /// A list of labels associated with the object.
    async fn labels(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Nullable<LabelConnection<'a>> {
        nullable(|| {
            let page = Page::of(ctx, first, after.as_deref())?;
            let place = self.place;
            let known = place.repo.labels.iter();
            let carried = known.filter(|it| self.it.labels.contains(&it.name));
            let labels = carried.map(|it| Label { place, it });
            Ok(Some(LabelConnection(page.cut(labels))))
        })
    }
}
