//! What the checks of a commit add up to, and each of them: check runs and commit statuses.

use async_graphql::{Context, Error, ID, Object, SimpleObject, Union};

use super::{
    check::CheckSuite,
    error::{Nullable, nullable},
    page::{Page, PageInfo, Slice},
    place::Place,
    scalar::{DateTime, Uri, count, int},
    words::{CheckConclusionState, CheckRunState, CheckStatusState, StatusState, word},
};
use crate::sim::model::{self, Kind};

/// Represents the rollup for both the check runs and status for a commit.
#[derive(Debug)]
pub struct StatusCheckRollup<'a> {
    place: Place<'a>,
    sha: &'a str,
    it: model::Rollup,
}

impl<'a> StatusCheckRollup<'a> {
    /// Adds up what a commit has; `None` when it has nothing.
    pub fn of(place: Place<'a>, sha: &'a str) -> Option<Self> {
        let it = place.repo.rollup(sha)?;
        Some(Self { place, sha, it })
    }
}

#[Object]
impl StatusCheckRollup<'_> {
    /// The combined status for the commit.
    async fn state(&self) -> StatusState {
        self.it.state.into()
    }

    /// A list of status contexts and check runs for this commit.
    async fn contexts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<StatusCheckRollupContextConnection<'_>, Error> {
        let page = Page::of(ctx, first, after.as_deref())?;
        let (place, sha) = (self.place, self.sha);
        let runs = place.repo.checks_on(sha);
        let runs =
            runs.map(|(run, it)| StatusCheckRollupContext::CheckRun(CheckRun { place, run, it }));
        let statuses = place.repo.statuses_on(sha).into_iter();
        let statuses =
            statuses.map(|it| StatusCheckRollupContext::StatusContext(StatusContext { place, it }));
        Ok(StatusCheckRollupContextConnection {
            place,
            it: &self.it,
            slice: page.cut(runs.chain(statuses)),
        })
    }
}

/// The connection type for `StatusCheckRollupContext`.
#[derive(Debug)]
pub struct StatusCheckRollupContextConnection<'a> {
    place: Place<'a>,
    it: &'a model::Rollup,
    slice: Slice<StatusCheckRollupContext<'a>>,
}

/// Represents a count of the state of a check run.
#[derive(Debug, SimpleObject)]
pub struct CheckRunStateCount {
    /// The state of a check run.
    state: CheckRunState,
    /// The number of check runs with this state.
    count: i32,
}

/// Represents a count of the state of a status context.
#[derive(Debug, SimpleObject)]
pub struct StatusContextStateCount {
    /// The state of a status context.
    state: StatusState,
    /// The number of statuses with this state.
    count: i32,
}

#[Object]
impl<'a> StatusCheckRollupContextConnection<'a> {
    /// Identifies the total count of items in the connection.
    async fn total_count(&self) -> i32 {
        let checks: u32 = self.it.checks.values().sum();
        let statuses: u32 = self.it.statuses.values().sum();
        count(checks + statuses)
    }

    /// Information to aid in pagination.
    async fn page_info(&self) -> PageInfo {
        self.slice.info()
    }

    /// A list of nodes.
    async fn nodes(&self) -> Option<Vec<Nullable<StatusCheckRollupContext<'a>>>> {
        // A node that a fine-grained token may not read is null beside its error; the others stay.
        let nodes = self.slice.nodes.iter().map(|it| {
            nullable(|| {
                self.place.reads(match it {
                    StatusCheckRollupContext::CheckRun(_) => "checks",
                    StatusCheckRollupContext::StatusContext(_) => "statuses",
                })?;
                Ok(Some(*it))
            })
        });
        Some(nodes.collect())
    }

    /// The number of check runs in this rollup.
    async fn check_run_count(&self) -> Result<i32, Error> {
        self.place.reads("checks")?;
        Ok(count(self.it.checks.values().sum::<u32>()))
    }

    /// Counts of check runs by state.
    async fn check_run_counts_by_state(&self) -> Nullable<Vec<CheckRunStateCount>> {
        nullable(|| {
            // No fine-grained token can be granted this on GitHub; `state` above stays readable.
            self.place.reads("checks")?;
            let counts = self
                .it
                .checks
                .iter()
                .map(|(state, number)| CheckRunStateCount {
                    state: word(state).unwrap_or(CheckRunState::Pending),
                    count: count(*number),
                });
            Ok(Some(counts.collect()))
        })
    }

    /// Counts of status contexts by state.
    async fn status_context_counts_by_state(&self) -> Nullable<Vec<StatusContextStateCount>> {
        nullable(|| {
            self.place.reads("statuses")?;
            let counts = self
                .it
                .statuses
                .iter()
                .map(|(state, number)| StatusContextStateCount {
                    state: word(state.word()).unwrap_or(StatusState::Pending),
                    count: count(*number),
                });
            Ok(Some(counts.collect()))
        })
    }
}

/// Types that can be inside a `StatusCheckRollup` context.
#[derive(Debug, Clone, Copy, Union)]
pub enum StatusCheckRollupContext<'a> {
    /// A job of a workflow run.
    CheckRun(CheckRun<'a>),
    /// A commit status.
    StatusContext(StatusContext<'a>),
}

/// A check run.
#[derive(Debug, Clone, Copy)]
pub struct CheckRun<'a> {
    place: Place<'a>,
    run: &'a model::Run,
    it: &'a model::Job,
}

impl CheckRun<'_> {
    fn page(&self) -> Uri {
        let (run, job) = (self.run.id, self.it.id);
        self.place
            .url(format_args!("/actions/runs/{run}/job/{job}"))
    }
}

#[Object]
impl<'a> CheckRun<'a> {
    /// The Node ID of the `CheckRun` object.
    async fn id(&self) -> ID {
        self.place.id(Kind::CheckRun, self.it.id)
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.it.id)
    }

    /// The name of the check for this check run.
    async fn name(&self) -> &str {
        &self.it.name
    }

    /// A string representing the check run.
    async fn title(&self) -> Option<&str> {
        Some(self.it.output.as_ref()?.title.as_str())
    }

    /// A string representing the check run's summary.
    async fn summary(&self) -> Option<&str> {
        self.it.output.as_ref()?.summary.as_deref()
    }

    /// A string representing the check run's text.
    async fn text(&self) -> Option<&str> {
        self.it.output.as_ref()?.text.as_deref()
    }

    /// The current status of the check run.
    async fn status(&self) -> CheckStatusState {
        self.it.status.into()
    }

    /// The conclusion of the check run.
    async fn conclusion(&self) -> Option<CheckConclusionState> {
        self.it.conclusion.map(Into::into)
    }

    /// Identifies the date and time when the check run was started.
    async fn started_at(&self) -> Option<DateTime> {
        self.it.started_at.map(DateTime)
    }

    /// Identifies the date and time when the check run was completed.
    async fn completed_at(&self) -> Option<DateTime> {
        self.it.completed_at.map(DateTime)
    }

    /// The URL from which to find full details of the check run on the integrator's site.
    async fn details_url(&self) -> Option<Uri> {
        Some(self.page())
    }

    /// The HTTP URL for this check run.
    async fn url(&self) -> Uri {
        self.page()
    }

    /// The check suite that this run is a part of.
    async fn check_suite(&self) -> CheckSuite<'a> {
        CheckSuite {
            place: self.place,
            run: self.run,
        }
    }
}

/// Represents an individual commit status context.
#[derive(Debug, Clone, Copy)]
pub struct StatusContext<'a> {
    place: Place<'a>,
    it: &'a model::CommitStatus,
}

#[Object]
impl StatusContext<'_> {
    /// The Node ID of the `StatusContext` object.
    async fn id(&self) -> ID {
        self.place.id(Kind::Status, self.it.id)
    }

    /// The name of this status context.
    async fn context(&self) -> &str {
        &self.it.context
    }

    /// The state of this status context.
    async fn state(&self) -> StatusState {
        word(self.it.state.word()).unwrap_or(StatusState::Pending)
    }

    /// The description for this status context.
    async fn description(&self) -> Option<&str> {
        self.it.description.as_deref()
    }

    /// The URL for this status context.
    async fn target_url(&self) -> Option<Uri> {
        self.it.target_url.clone().map(Uri)
    }

    /// Identifies the date and time when the object was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.it.created_at)
    }
}
