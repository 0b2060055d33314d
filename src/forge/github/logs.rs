//! The log of a job. GitHub gives it once the job has ended, and from another host: the address that
//! it sends us to is enough there, and the token stays here.

use serde::Deserialize;

use super::paths::below;
use super::{GitHub, words};
use crate::domain::ids::{JobId, RepoPath};
use crate::domain::log::End;
use crate::domain::phase::Phase;
use crate::domain::text::clean;
use crate::forge::error::{Error, Refusal};
use crate::forge::http::limiter::Purpose;
use crate::forge::http::pour::Poured;
use crate::forge::{LogRead, Sink};

#[derive(Deserialize)]
struct WireJob {
    status: String,
    conclusion: Option<String>,
    steps: Option<Vec<Step>>,
}

#[derive(Deserialize)]
struct Step {
    name: String,
    status: String,
    conclusion: Option<String>,
}

impl GitHub {
    pub(super) async fn read_log(
        &self,
        repo: &RepoPath,
        job: JobId,
        from: u64,
        sink: &mut dyn Sink,
    ) -> Result<LogRead, Error> {
        let route = below(repo, format!("/actions/jobs/{job}"));
        let known: WireJob = self.wire.get(Purpose::Look, &route).await?.json()?;
        let phase = words::run(&known.status, known.conclusion.as_deref());
        if phase.is_in_flight() {
            let why = "GitHub gives a log only when its job has ended";
            return Ok(LogRead::without(End::NotYet(why.to_owned())));
        }
        let failed =
            |step: &&Step| words::run(&step.status, step.conclusion.as_deref()) == Phase::Failed;
        let steps = known.steps.unwrap_or_default();
        let failed_step = steps.iter().find(failed).map(|step| clean(&step.name));
        match self.wire.pour(&format!("{route}/logs"), from, sink).await? {
            Poured::Done { ranged } => Ok(LogRead {
                end: End::Complete,
                ranged,
                failed_step,
            }),
            // The job has ended, and its log is still on its way to where logs are kept.
            Poured::Refused {
                status: 404,
                by_forge: false,
                ..
            } => Ok(LogRead::without(End::NotYet(
                "the job has ended, and its log is being stored".to_owned(),
            ))),
            Poured::Refused { status: 410, .. } => Ok(LogRead::without(End::Never(
                "GitHub has deleted this log: it was too old".to_owned(),
            ))),
            Poured::Refused {
                status,
                headers,
                body,
                by_forge: _,
            } => Err(Error::Refused(Box::new(Refusal::of(
                status, &headers, &body,
            )))),
        }
    }
}
