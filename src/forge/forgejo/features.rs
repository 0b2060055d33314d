//! What this very server can do: the calls that its own description of the API names, or those that
//! its version is known to have where the description is turned off.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::Forgejo;
use super::lists::{API, is_missing};
use super::version::{Brand, Version};
use crate::forge::Capability;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

/// The longest page that these forges give.
const LONGEST_PAGE: usize = 50;

/// What a server has of the calls that differ by version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Features {
    pub(super) version: Version,
    /// Tasks: one a job, and the only sight of Actions in older versions.
    pub(super) tasks: bool,
    pub(super) runs: bool,
    pub(super) jobs: bool,
    pub(super) dispatch: bool,
    /// A dispatch can answer with its run.
    pub(super) dispatch_details: bool,
    pub(super) cancel: bool,
    pub(super) rerun: bool,
    pub(super) rerun_failed: bool,
    /// The log of a job, also while it runs.
    pub(super) logs: bool,
    /// Items of a page.
    pub(super) page_size: usize,
}

#[derive(Deserialize)]
struct Versioned {
    version: String,
}

#[derive(Deserialize)]
struct ApiSettings {
    max_response_items: Option<usize>,
}

impl Features {
    /// By the version alone.
    pub(super) fn of_version(version: Version) -> Self {
        let either = |forgejo: u64, gitea: (u64, u64)| {
            version.at_least(Brand::Forgejo, forgejo, 0)
                || version.at_least(Brand::Gitea, gitea.0, gitea.1)
        };
        Self {
            tasks: either(8, (1, 23)),
            runs: either(13, (1, 25)),
            jobs: either(16, (1, 25)),
            dispatch: either(8, (1, 24)),
            dispatch_details: either(11, (1, 26)),
            cancel: either(16, (1, 26)),
            rerun: either(17, (1, 26)),
            rerun_failed: version.at_least(Brand::Gitea, 1, 26),
            logs: either(16, (1, 25)),
            page_size: LONGEST_PAGE,
            version,
        }
    }

    /// By the server's own description of its API. `None` if it describes nothing.
    fn of_description(version: Version, description: &Value) -> Option<Self> {
        let paths = description.get("paths")?.as_object()?;
        let operation = |method: &str, wanted: &str| {
            let wanted = format!("/repos/{{}}/{{}}/actions{wanted}");
            let mut known = paths.iter();
            known
                .find(|(path, _)| nameless(path) == wanted)
                .and_then(|(_, methods)| methods.get(method))
        };
        if paths.is_empty() {
            return None;
        }
        let has = |method: &str, wanted: &str| operation(method, wanted).is_some();
        let dispatches = operation("post", "/workflows/{}/dispatches");
        // Forgejo asks for it in the body, Gitea in the query. A description may name the call and not
        // what it takes: then the version tells.
        let fields = description.pointer("/definitions/DispatchWorkflowOption/properties");
        let parameters = dispatches.and_then(|operation| operation.get("parameters")?.as_array());
        let named = match version.brand {
            Brand::Forgejo => fields.map(|fields| fields.get("return_run_info").is_some()),
            Brand::Gitea => parameters.map(|parameters| {
                let mut names = parameters.iter().filter_map(|each| each.get("name"));
                names.any(|name| name == "return_run_details")
            }),
        };
        let details = named.unwrap_or_else(|| Self::of_version(version.clone()).dispatch_details)
            && dispatches.is_some();
        Some(Self {
            tasks: has("get", "/tasks"),
            runs: has("get", "/runs") && has("get", "/runs/{}"),
            jobs: has("get", "/runs/{}/jobs"),
            dispatch: dispatches.is_some(),
            dispatch_details: details,
            cancel: has("post", "/runs/{}/cancel"),
            rerun: has("post", "/runs/{}/rerun"),
            rerun_failed: has("post", "/runs/{}/rerun-failed-jobs"),
            // Without the jobs of a run nobody knows whose log to ask for.
            logs: has("get", "/jobs/{}/logs") && has("get", "/runs/{}/jobs"),
            page_size: LONGEST_PAGE,
            version,
        })
    }

    pub(super) fn capabilities(&self) -> Vec<Capability> {
        [
            (Capability::Dispatch, self.dispatch),
            (Capability::DispatchDetails, self.dispatch_details),
            (Capability::Cancel, self.cancel),
            (Capability::Rerun, self.rerun),
            (Capability::MergePullRequest, true),
            (Capability::PublishRelease, true),
            (Capability::SetStatus, true),
            (Capability::Checks, true),
            (Capability::Log, self.logs),
            (Capability::FollowLog, self.logs),
        ]
        .into_iter()
        .filter(|(_, has)| *has)
        .map(|(capability, _)| capability)
        .collect()
    }
}

/// A path without the names of its parameters, which differ between the forges.
fn nameless(path: &str) -> String {
    let parts = path.split('/').map(|part| {
        let is_parameter = part.starts_with('{') && part.ends_with('}');
        if is_parameter { "{}" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

impl Forgejo {
    /// Returns what the server can do, probed at the first time.
    pub(super) async fn features(&self) -> Result<Arc<Features>, Error> {
        let mut known = self.features.lock().await;
        if let Some(features) = known.as_ref() {
            return Ok(Arc::clone(features));
        }
        let version = self.read_version().await?;
        let features = Arc::new(self.probe(version).await?);
        *known = Some(Arc::clone(&features));
        Ok(features)
    }

    /// Asks for the version again, and for all that goes with it if it is another one: a server may
    /// have been upgraded meanwhile.
    pub(super) async fn refresh_features(&self) -> Result<Arc<Features>, Error> {
        let version = self.read_version().await?;
        let mut known = self.features.lock().await;
        match known.as_ref() {
            Some(features) if features.version == version => Ok(Arc::clone(features)),
            Some(_) | None => {
                let features = Arc::new(self.probe(version).await?);
                *known = Some(Arc::clone(&features));
                Ok(features)
            }
        }
    }

    async fn read_version(&self) -> Result<Version, Error> {
        let ask = async |route: &str| {
            let answer = self.rest.get(Purpose::Look, route).await?;
            answer.json::<Versioned>().map(|said| said.version)
        };
        let text = ask(&format!("{API}/version")).await?;
        if Version::names_forgejo(&text) {
            return Ok(Version::of(&text, None));
        }
        match ask("/api/forgejo/v1/version").await {
            Ok(forgejo) => Ok(Version::of(&text, Some(&forgejo))),
            // Gitea knows no such page, and may show one of its own instead.
            Err(Error::Refused(refusal))
                if (400..500).contains(&refusal.status) && refusal.retry_at.is_none() =>
            {
                Ok(Version::of(&text, None))
            }
            Err(Error::Unreadable(_) | Error::CutOff(_) | Error::Html) => {
                Ok(Version::of(&text, None))
            }
            Err(error) => Err(error),
        }
    }

    async fn probe(&self, version: Version) -> Result<Features, Error> {
        let description = match self.rest.get(Purpose::Look, "/swagger.v1.json").await {
            Ok(answer) => answer.json::<Value>().ok(),
            // Without a description the version tells; without a forge nothing does.
            Err(error) if error.kind().is_of_forge() => return Err(error),
            Err(_) => None,
        };
        let described = description
            .and_then(|description| Features::of_description(version.clone(), &description));
        let mut features = described.unwrap_or_else(|| Features::of_version(version));
        let route = format!("{API}/settings/api");
        let settings = self.rest.get(Purpose::Look, &route).await;
        match settings.and_then(|answer| answer.json::<ApiSettings>()) {
            Ok(settings) => {
                let most = settings.max_response_items.unwrap_or(LONGEST_PAGE);
                features.page_size = most.clamp(1, LONGEST_PAGE);
            }
            Err(error) if error.kind().is_of_forge() && !is_missing(&error) => return Err(error),
            Err(_) => {}
        }
        Ok(features)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(text: &str) -> Version {
        Version::of(text, None)
    }

    #[test]
    fn the_table_knows_what_each_version_has() {
        for (text, expected) in [
            ("7.0.0+gitea-1.21.0", ""),
            ("9.0.0+gitea-1.22.0", "tasks dispatch"),
            ("11.0.1+gitea-1.22.0", "tasks dispatch details"),
            ("13.0.1+gitea-1.22.0", "tasks runs dispatch details"),
            (
                "16.0.0+gitea-1.22.0",
                "tasks runs jobs dispatch details cancel logs",
            ),
            (
                "17.0.0-dev+gitea-1.22.0",
                "tasks runs jobs dispatch details cancel rerun logs",
            ),
            ("1.22.6", ""),
            ("1.23.1", "tasks"),
            ("1.24.0", "tasks dispatch"),
            ("1.25.2", "tasks runs jobs dispatch logs"),
            (
                "1.26.0",
                "tasks runs jobs dispatch details cancel rerun failed logs",
            ),
        ] {
            assert_eq!(
                said(&Features::of_version(version(text))),
                expected,
                "{text}"
            );
        }
    }

    fn said(features: &Features) -> String {
        let words = [
            ("tasks", features.tasks),
            ("runs", features.runs),
            ("jobs", features.jobs),
            ("dispatch", features.dispatch),
            ("details", features.dispatch_details),
            ("cancel", features.cancel),
            ("rerun", features.rerun),
            ("failed", features.rerun_failed),
            ("logs", features.logs),
        ];
        let had = words.iter().filter(|(_, has)| *has).map(|(word, _)| *word);
        had.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_servers_own_description_goes_before_the_table() {
        let actions = |rest: &str| format!("/repos/{{owner}}/{{repo}}/actions{rest}");
        let description = json!({
            "paths": {
                actions("/tasks"): {"get": {}},
                actions("/runs"): {"get": {}},
                actions("/runs/{run}"): {"get": {}},
                actions("/runs/{run}/jobs"): {"get": {}},
                actions("/jobs/{job_id}/logs"): {"get": {}},
                actions("/runs/{run}/cancel"): {"get": {}},
                actions("/workflows/{workflow_id}/dispatches"): {"post": {"parameters": [{"name": "return_run_details"}]}},
            },
            "definitions": {"DispatchWorkflowOption": {"properties": {"ref": {}}}}});
        // A backport: its version would not have all of it.
        let gitea = Features::of_description(version("1.24.9"), &description).unwrap();
        assert_eq!(said(&gitea), "tasks runs jobs dispatch details logs");
        let forgejo = Features::of_description(version("9.0.0+gitea-1.22"), &description).unwrap();
        assert_eq!(said(&forgejo), "tasks runs jobs dispatch logs");
        for nothing in [json!({}), json!({"paths": {}}), json!([1])] {
            assert_eq!(
                Features::of_description(version("9.0.0+gitea-1"), &nothing),
                None
            );
        }
    }
}
