//! Reading back what brakes have left: a status, a label, a freeze period.

use serde::Deserialize;

use super::GitLab;
use crate::domain::brake::{Binds, Mark, Reading, Sought};
use crate::domain::ids::{FreezeId, PullRequestNumber, RepoPath};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::mark;

#[derive(Deserialize)]
struct MergeRequest {
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Deserialize)]
struct FreezePeriod {
    id: u64,
    freeze_start: String,
    freeze_end: String,
    cron_timezone: Option<String>,
}

impl FreezePeriod {
    /// Says whether it lasts as long as we have asked for, which is in UTC.
    fn lasts(&self, start: &str, end: &str) -> bool {
        let zone = self.cron_timezone.as_deref();
        self.freeze_start == start
            && self.freeze_end == end
            && zone.is_none_or(|zone| matches!(zone, "UTC" | "Etc/UTC"))
    }

    fn says(&self) -> String {
        let zone = self.cron_timezone.as_deref().unwrap_or("UTC");
        clean(&format!(
            "from {} to {} ({zone})",
            self.freeze_start, self.freeze_end
        ))
    }
}

#[derive(Deserialize)]
struct Rules {
    only_allow_merge_if_pipeline_succeeds: Option<bool>,
}

impl GitLab {
    pub(super) async fn read_mark(
        &self,
        repo: &RepoPath,
        sought: &Sought,
    ) -> Result<Reading, Error> {
        match &sought.mark {
            Mark::Status { sha, context } => {
                let statuses = self.statuses(Purpose::Look, repo, sha).await?;
                let mut statuses = statuses.iter();
                let Some(status) = statuses.find(|status| status.name == *context) else {
                    return Ok(Reading::Gone);
                };
                let said = status.description.as_deref();
                let stops = status.status == "failed";
                let reading = mark::reading(said, &status.status, stops, &sought.key);
                if !matches!(reading, Reading::Ours { .. }) || sought.branch.is_none() {
                    return Ok(reading);
                }
                // A failed status fails the pipeline: whether that stops a merge, the project says.
                let rules: Result<Rules, Error> = self.read(Purpose::Look, repo, "").await;
                let asked = rules.map(|it| it.only_allow_merge_if_pipeline_succeeds);
                let binds = match asked {
                    Ok(None) => Binds::Unread {
                        why: "the project does not say whether its pipeline must succeed".into(),
                    },
                    asked => mark::binds(asked.map(|it| it == Some(true)), || {
                        "the project merges without a succeeded pipeline".to_owned()
                    }),
                };
                Ok(Reading::Ours { binds })
            }
            Mark::Label { number, label } => {
                let there = self.has_label(Purpose::Look, repo, *number, label).await?;
                Ok(mark::present(there))
            }
            Mark::Freeze { start, end } => {
                // Two cells may be frozen in the same minute: then the number tells them apart.
                let Some(known) = sought.freeze else {
                    let found = self.find_freeze(Purpose::Look, repo, start, end).await?;
                    return Ok(mark::present(found.is_some()));
                };
                let found = self.freeze(Purpose::Look, repo, known).await?;
                let changed = found.as_ref().filter(|it| !it.lasts(start, end));
                Ok(match changed {
                    Some(it) => Reading::Foreign { says: it.says() },
                    None => mark::present(found.is_some()),
                })
            }
            // What waits is among the facts.
            Mark::Rejection { .. } => Ok(Reading::Gone),
        }
    }

    pub(super) async fn has_label(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        number: PullRequestNumber,
        label: &str,
    ) -> Result<bool, Error> {
        let route = format!("/merge_requests/{number}");
        let request: MergeRequest = self.read(purpose, repo, route).await?;
        Ok(request.labels.iter().any(|one| one == label))
    }

    /// A freeze carries no words: it is known by its times, which are ours to the minute.
    pub(super) async fn find_freeze(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        start: &str,
        end: &str,
    ) -> Result<Option<FreezeId>, Error> {
        let route = "/freeze_periods?per_page=100";
        let periods: Vec<FreezePeriod> = self.read_all(purpose, repo, route).await?;
        // Of twins the newest: whoever looks was sent last, and an older one has its number already.
        let same = periods.iter().filter(|it| it.lasts(start, end));
        Ok(same.map(|it| FreezeId(it.id)).max())
    }

    pub(super) async fn has_freeze(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        freeze: FreezeId,
    ) -> Result<bool, Error> {
        Ok(self.freeze(purpose, repo, freeze).await?.is_some())
    }

    async fn freeze(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        freeze: FreezeId,
    ) -> Result<Option<FreezePeriod>, Error> {
        let route = "/freeze_periods?per_page=100";
        let periods: Vec<FreezePeriod> = self.read_all(purpose, repo, route).await?;
        Ok(periods.into_iter().find(|it| it.id == freeze.0))
    }
}
