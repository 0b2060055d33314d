//! Reading back what brakes have left: a status, a label.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::Forgejo;
use super::act::no_label;
use super::lists::{Page, below};
use crate::domain::brake::{Mark, Reading, Sought};
use crate::domain::ids::{IntentId, PullRequestNumber, RepoPath};
use crate::domain::phase::Phase;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;
use crate::forge::mark;

/// The colour of a label that we make: the forges' own red.
const COLOR: &str = "#e11d21";

#[derive(Deserialize)]
struct Label {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct Branch {
    enable_status_check: Option<bool>,
    status_check_contexts: Option<Vec<String>>,
}

impl Forgejo {
    pub(super) async fn read_mark(
        &self,
        repo: &RepoPath,
        sought: &Sought,
    ) -> Result<Reading, Error> {
        match &sought.mark {
            Mark::Status { sha, context } => {
                let newest =
                    |status: &crate::forge::modelled::statuses::Status| status.context == *context;
                let Some(status) = self.find_among(repo, sha, newest).await? else {
                    return Ok(Reading::Gone);
                };
                let stops = status.phase == Phase::Failed;
                let said = status.description.as_deref();
                let reading = mark::reading(said, &status.raw, stops, &sought.key);
                let (Reading::Ours { .. }, Some(branch)) = (&reading, &sought.branch) else {
                    return Ok(reading);
                };
                let asked = self.requires(repo, branch, context).await;
                let unless = || format!("{branch} does not require {context}");
                let binds = mark::binds(asked, unless);
                Ok(Reading::Ours { binds })
            }
            Mark::Label { number, label } => {
                let there = self.has_label(Purpose::Look, repo, *number, label).await?;
                Ok(mark::present(there))
            }
            // Nothing waits for approval here, and there are no freezes.
            Mark::Freeze { .. } | Mark::Rejection { .. } => Ok(Reading::Gone),
        }
    }

    pub(super) async fn has_label(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        number: PullRequestNumber,
        label: &str,
    ) -> Result<bool, Error> {
        let route = below(repo, format!("/issues/{number}/labels"));
        let labels: Vec<Label> = self.rest.get(purpose, &route).await?.json()?;
        Ok(labels.iter().any(|one| one.name == label))
    }

    /// The number of a label that is about to be put on something; one that the repository lacks is
    /// made first. Without the right to, a person has to make it.
    ///
    /// A label alone stops nothing, so it may be there without the act: if its answer is lost, the
    /// next try finds it.
    pub(super) async fn label_to_add(
        &self,
        repo: &RepoPath,
        label: &str,
        key: &IntentId,
    ) -> Result<Option<u64>, String> {
        let known = self.label_id(repo, label).await.map_err(unread)?;
        if known.is_some() {
            return Ok(known);
        }
        let body = json!({
            "name": label,
            "color": COLOR,
            "description": mark::keyed("gonogo holds what has it", key),
        });
        let route = below(repo, "/labels");
        let sent = self.rest.send(&Method::POST, &route, Some(&body)).await;
        let unmade =
            |error: Error| format!("the label {label} may or may not have been made: {error}");
        let answer = sent.map_err(unmade)?;
        if !(200..300).contains(&answer.status) {
            let why = self.rest.refusal(&answer).why;
            return Err(format!("{} ({why})", no_label(label)));
        }
        answer
            .json::<Label>()
            .map(|made| Some(made.id))
            .map_err(unmade)
    }

    /// The number of a label of the repository: what it is put on and taken off by.
    pub(super) async fn label_id(
        &self,
        repo: &RepoPath,
        label: &str,
    ) -> Result<Option<u64>, Error> {
        let mut found = None;
        let route = below(repo, "/labels?sort=alphabetically");
        self.pages(Purpose::Look, &route, "labels", |page: Page| {
            let mut labels = page.each::<Label>().into_iter();
            found = labels.find(|one| one.name == label).map(|one| one.id);
            found.is_none()
        })
        .await?;
        Ok(found)
    }

    /// Says whether a branch is merged into only with a good status of this context.
    async fn requires(&self, repo: &RepoPath, branch: &str, context: &str) -> Result<bool, Error> {
        let route = below(repo, format!("/branches/{}", part(branch)));
        let branch: Branch = self.rest.get(Purpose::Look, &route).await?.json()?;
        let contexts = branch.status_check_contexts.unwrap_or_default();
        let meant = contexts.iter().any(|pattern| is_meant(pattern, context));
        Ok(branch.enable_status_check == Some(true) && meant)
    }
}

/// Says that labels could not be read, which comes before anything is sent.
pub(super) fn unread(error: Error) -> String {
    format!("the labels could not be read: {error}")
}

/// Says whether a pattern of required contexts means this one; `*` stands for anything.
fn is_meant(pattern: &str, context: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == context,
        Some((start, rest)) => context.strip_prefix(start).is_some_and(|tail| {
            let mut ends = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
            ends.any(|at| tail.get(at..).is_some_and(|tail| is_meant(rest, tail)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_required_contexts_may_mean_a_hold() {
        for (pattern, meant) in [
            ("hold/production", true),
            ("hold/*", true),
            ("*", true),
            ("CI / *", false),
            ("hold/staging", false),
        ] {
            assert_eq!(is_meant(pattern, "hold/production"), meant, "{pattern}");
        }
    }
}
