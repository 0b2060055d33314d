//! Pipelines and their jobs.

use async_graphql::{Enum, Error, ID, Object, SimpleObject};

use super::{
    page::{Slice, connection},
    query::{JobId, Place, Time, gid},
};
use crate::sim::{
    gitlab::{
        query::{cancelable, retryable},
        words::{job_word, run_word, source},
    },
    model::{Job, Permission, Run},
};

/// Defines an enum of GitLab's states, which are its words in upper case.
macro_rules! states {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
        pub enum $name { $(#[doc = concat!("`", $word, "`.")] $variant),+ }

        impl $name {
            /// The one that a word names.
            pub fn named(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(super) use states;

states! {
    /// The state of a pipeline.
    PipelineStatusEnum {
        Canceled = "canceled", Canceling = "canceling", Created = "created", Failed = "failed",
        Manual = "manual", Pending = "pending", Preparing = "preparing", Running = "running",
        Scheduled = "scheduled", Skipped = "skipped", Success = "success",
        WaitingForCallback = "waiting_for_callback", WaitingForResource = "waiting_for_resource",
    }
}

states! {
    /// The state of a job.
    CiJobStatus {
        Canceled = "canceled", Canceling = "canceling", Created = "created", Failed = "failed",
        Manual = "manual", Pending = "pending", Preparing = "preparing", Running = "running",
        Scheduled = "scheduled", Skipped = "skipped", Success = "success",
        WaitingForCallback = "waiting_for_callback", WaitingForResource = "waiting_for_resource",
    }
}

impl PipelineStatusEnum {
    /// A pipeline's.
    pub fn of(run: &Run) -> Self {
        Self::named(run_word(run)).unwrap_or(Self::Created)
    }
}

connection!(PipelineConnection of Pipeline, count);
connection!(CiJobConnection of CiJob, count);

/// A pipeline.
#[derive(Debug, Clone, Copy)]
pub struct Pipeline<'a> {
    /// Where.
    pub place: Place<'a>,
    /// Which.
    pub it: &'a Run,
}

#[Object]
impl<'a> Pipeline<'a> {
    /// ID of the pipeline.
    async fn id(&self) -> ID {
        gid("Ci::Pipeline", self.it.id)
    }

    /// Internal ID of the pipeline.
    async fn iid(&self) -> String {
        self.it.run_number.to_string()
    }

    /// SHA of the pipeline's commit.
    async fn sha(&self) -> Option<&str> {
        Some(&self.it.head_sha)
    }

    /// Status of the pipeline.
    async fn status(&self) -> PipelineStatusEnum {
        PipelineStatusEnum::of(self.it)
    }

    /// Source of the pipeline.
    async fn source(&self) -> Option<&str> {
        Some(source(self.it))
    }

    /// Relative path to the pipeline's page.
    async fn path(&self) -> Option<String> {
        let path = self.place.repo.full_name();
        Some(format!(
            "{}/{path}/-/pipelines/{}",
            self.place.state.root, self.it.id
        ))
    }

    /// Timestamp of the pipeline's creation.
    async fn created_at(&self) -> Time {
        Time(self.it.created_at)
    }

    /// Timestamp of the pipeline's last activity.
    async fn updated_at(&self) -> Time {
        Time(self.it.updated_at)
    }

    /// Specifies if a pipeline can be retried.
    async fn retryable(&self) -> bool {
        let failed = |it: &Job| matches!(job_word(it), "failed" | "canceled");
        self.it.latest_jobs().any(failed)
    }

    /// Specifies if a pipeline can be canceled.
    async fn cancelable(&self) -> bool {
        self.it.latest_jobs().any(cancelable)
    }

    /// The reason why the pipeline failed.
    async fn failure_reason(&self) -> Option<String> {
        None
    }

    /// Jobs belonging to the pipeline.
    async fn jobs(
        &self,
        first: Option<i32>,
        after: Option<String>,
        statuses: Option<Vec<CiJobStatus>>,
        retried: Option<bool>,
    ) -> Result<Option<CiJobConnection<'a>>, Error> {
        let Self { place, it: run } = *self;
        let all = run.jobs.iter().rev();
        let all = all
            .filter(|it| retried.is_none_or(|retried| (it.attempt == 0) == retried))
            .map(|it| CiJob { place, it })
            .filter(|it| {
                statuses
                    .as_ref()
                    .is_none_or(|all| it.word().is_some_and(|word| all.contains(&word)))
            });
        let slice = Slice::of(all.collect(), first, after.as_deref())?;
        Ok(Some(CiJobConnection(slice)))
    }
}

/// A job.
#[derive(Debug, Clone, Copy)]
pub struct CiJob<'a> {
    place: Place<'a>,
    it: &'a Job,
}

impl CiJob<'_> {
    fn word(&self) -> Option<CiJobStatus> {
        CiJobStatus::named(job_word(self.it))
    }
}

/// A stage.
#[derive(Debug, SimpleObject)]
pub struct CiStage {
    /// Name of the stage.
    name: Option<String>,
}

#[Object]
impl CiJob<'_> {
    /// ID of the job.
    async fn id(&self) -> Option<JobId> {
        Some(JobId(format!("gid://gitlab/Ci::Build/{}", self.it.id)))
    }

    /// Name of the job.
    async fn name(&self) -> Option<&str> {
        Some(&self.it.name)
    }

    /// Status of the job.
    async fn status(&self) -> Option<CiJobStatus> {
        self.word()
    }

    /// Whether the job has a manual action.
    async fn manual_job(&self) -> Option<bool> {
        let approval = self.place.repo.blocked(self.it);
        Some(self.it.rules.manual || approval || job_word(self.it) == "manual")
    }

    /// Indicates whether the current user can play the job.
    async fn can_play_job(&self) -> bool {
        let place = self.it.environment.as_deref();
        let place = place.and_then(|it| self.place.repo.environment(it));
        let may = self
            .place
            .state
            .may_deploy(&self.place.session.token, place);
        may && self.place.session.token.permission >= Permission::Write
            && self.place.repo.playable(self.it)
    }

    /// Indicates the job can be retried.
    async fn retryable(&self) -> bool {
        retryable(self.it)
    }

    /// Whether the job is allowed to fail.
    async fn allow_failure(&self) -> bool {
        self.it.rules.allow_failure
    }

    /// Stage of the job.
    async fn stage(&self) -> Option<CiStage> {
        Some(CiStage {
            name: Some(self.it.rules.stage.clone()),
        })
    }
}
