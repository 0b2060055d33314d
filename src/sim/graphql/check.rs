//! Check suites and the workflow runs behind them; what a commit's checks add up to is in `rollup`.

use async_graphql::{Context, Error, ID, Object, SimpleObject};

use super::{
    deployment::{DeploymentRequest, DeploymentRequestConnection, Environment},
    error::{Nullable, nullable},
    page::{Page, connection},
    place::Place,
    scalar::{DateTime, Uri, count, int},
    words::{CheckConclusionState, CheckStatusState},
};
use crate::sim::model::{self, Kind};

connection!(CheckSuiteConnection of CheckSuite);

/// A check suite.
#[derive(Debug, Clone, Copy)]
pub struct CheckSuite<'a> {
    /// Where.
    pub place: Place<'a>,
    /// The run whose jobs it collects.
    pub run: &'a model::Run,
}

/// A GitHub App.
#[derive(Debug, SimpleObject)]
pub struct App {
    /// A slug based on the name of the app for use in URLs.
    slug: &'static str,
    /// The name of the app.
    name: &'static str,
}

#[Object]
impl<'a> CheckSuite<'a> {
    /// The Node ID of the `CheckSuite` object.
    async fn id(&self) -> ID {
        self.place.id(Kind::CheckSuite, self.run.check_suite)
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.run.check_suite)
    }

    /// The status of this check suite.
    async fn status(&self) -> CheckStatusState {
        self.run.status.into()
    }

    /// The conclusion of this check suite.
    async fn conclusion(&self) -> Option<CheckConclusionState> {
        self.run.conclusion.map(Into::into)
    }

    /// Identifies the date and time when the object was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.run.created_at)
    }

    /// Identifies the date and time when the object was last updated.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.run.updated_at)
    }

    /// The GitHub App which created this check suite.
    async fn app(&self) -> Option<App> {
        Some(App {
            slug: "github-actions",
            name: "GitHub Actions",
        })
    }

    /// The workflow run associated with this check suite.
    async fn workflow_run(&self) -> Nullable<WorkflowRun<'a>> {
        nullable(|| {
            self.place.reads("actions")?;
            Ok(Some(WorkflowRun {
                place: self.place,
                it: self.run,
            }))
        })
    }
}

/// A workflow run.
#[derive(Debug, Clone, Copy)]
pub struct WorkflowRun<'a> {
    place: Place<'a>,
    it: &'a model::Run,
}

#[Object]
impl<'a> WorkflowRun<'a> {
    /// The Node ID of the `WorkflowRun` object.
    async fn id(&self) -> ID {
        self.place.id(Kind::WorkflowRun, self.it.id)
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.it.id)
    }

    /// A number that uniquely identifies this workflow run in its parent workflow.
    async fn run_number(&self) -> i32 {
        count(self.it.run_number)
    }

    /// The event that triggered the workflow run.
    async fn event(&self) -> &str {
        &self.it.event
    }

    /// The HTTP URL for this workflow run.
    async fn url(&self) -> Uri {
        self.place.url(format_args!("/actions/runs/{}", self.it.id))
    }

    /// Identifies the date and time when the object was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.it.created_at)
    }

    /// Identifies the date and time when the object was last updated.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.it.updated_at)
    }

    /// The workflow executed in this workflow run.
    async fn workflow(&self) -> Workflow<'a> {
        Workflow {
            place: self.place,
            run: self.it,
        }
    }

    /// The pending deployment requests of all check runs in this workflow run.
    async fn pending_deployment_requests(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<DeploymentRequestConnection<'a>, Error> {
        let page = Page::of(ctx, first, after.as_deref())?;
        let place = self.place;
        let mut pending = place.repo.pending(self.it);
        // Two jobs may wait at one door.
        let mut seen = Vec::new();
        pending.retain(|it| {
            let fresh = !seen.contains(&it.environment.id);
            seen.push(it.environment.id);
            fresh
        });
        let login = &place.session.token.login;
        let requests = pending.iter().map(|it| {
            let review = it.job.gate.as_ref().is_some_and(|gate| gate.review);
            DeploymentRequest {
                current_user_can_approve: review
                    && place.writes()
                    && place.state.may_approve(login, self.it, it.environment),
                wait_timer: count(it.environment.wait_timer),
                wait_timer_started_at: it.timer_since.map(DateTime),
                environment: Environment {
                    place,
                    it: it.environment,
                },
            }
        });
        Ok(DeploymentRequestConnection(page.cut(requests)))
    }
}

/// A workflow contains meta information about an Actions workflow file.
#[derive(Debug, Clone, Copy)]
pub struct Workflow<'a> {
    place: Place<'a>,
    run: &'a model::Run,
}

#[Object]
impl Workflow<'_> {
    /// The Node ID of the Workflow object.
    async fn id(&self) -> ID {
        self.place.id(Kind::Workflow, self.run.workflow)
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.run.workflow)
    }

    /// The name of the workflow.
    async fn name(&self) -> &str {
        &self.run.name
    }
}
