//! The log of a job, where the server's version serves one: it is as long as it is now, also while the
//! job runs.

use super::Forgejo;
use super::lists::below;
use crate::domain::ids::{JobId, RepoPath, RunId};
use crate::domain::log::End;
use crate::domain::phase::Phase;
use crate::forge::error::Error;
use crate::forge::{LogRead, Sink};

impl Forgejo {
    pub(super) async fn read_log(
        &self,
        repo: &RepoPath,
        run: RunId,
        job: JobId,
        from: u64,
        sink: &mut dyn Sink,
    ) -> Result<LogRead, Error> {
        let features = self.features().await?;
        if !features.logs {
            let why = format!("{} has no logs in its API", features.version);
            return Ok(LogRead::without(End::Never(why)));
        }
        let jobs = self.read_jobs(repo, run).await?;
        let phase = jobs.iter().find(|known| known.id == job);
        let phase = phase.map(|known| known.phase.clone());
        if phase == Some(Phase::Queued) {
            let why = "the job has not begun".to_owned();
            return Ok(LogRead::without(End::NotYet(why)));
        }
        let runs = phase.is_some_and(|phase| phase.is_in_flight());
        let route = below(repo, format!("/actions/jobs/{job}/logs"));
        match self.rest.pour(&route, from, sink).await {
            Ok(ranged) => Ok(LogRead {
                end: if runs { End::Growing } else { End::Complete },
                ranged,
                failed_step: None,
            }),
            // A job that has just begun has no log yet.
            Err(error) if runs && super::lists::is_missing(&error) => Ok(LogRead::without(
                End::NotYet("nothing was written yet".to_owned()),
            )),
            Err(error) => Err(error),
        }
    }
}
