//! The trace of a job, also while it runs. Asked for from where we are; a GitLab that sends it whole
//! all the same is understood too.

use serde::Deserialize;

use super::{GitLab, words};
use crate::domain::ids::{JobId, RepoPath};
use crate::domain::log::End;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::{LogRead, Sink};

#[derive(Deserialize)]
struct Known {
    status: String,
    started_at: Option<String>,
}

impl GitLab {
    pub(super) async fn read_log(
        &self,
        repo: &RepoPath,
        job: JobId,
        from: u64,
        sink: &mut dyn Sink,
    ) -> Result<LogRead, Error> {
        // First whether it has ended: what is read after that is all there is.
        let known: Known = self
            .read(Purpose::Look, repo, format!("/jobs/{job}"))
            .await?;
        let runs = words::job(&known.status, false).is_in_flight();
        if runs && known.started_at.is_none() {
            let why = format!("the job has not begun: {}", known.status);
            let why = crate::domain::text::clean(&why);
            return Ok(LogRead::without(End::NotYet(why)));
        }
        let route = self.below(repo, format!("/jobs/{job}/trace"));
        let ranged = self.rest.pour(&route, from, sink).await?;
        Ok(LogRead {
            end: if runs { End::Growing } else { End::Complete },
            ranged,
            failed_step: None,
        })
    }
}
