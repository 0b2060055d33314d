//! What is open with a label: issues and merge requests. Which labels matter is the policy's to say.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::GitLab;
use super::project::User;
use crate::domain::facts::{Blocker, Labelled};
use crate::domain::ids::RepoPath;
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

/// From this on GitLab counts no more.
const UNCOUNTED: u64 = 10_001;

#[derive(Deserialize)]
struct Open {
    iid: u64,
    title: String,
    web_url: String,
    author: Option<User>,
    #[serde(default)]
    labels: Vec<String>,
}

impl GitLab {
    /// Reads what is open with each label. A label of which either list could not be read is left
    /// out, since what is missing may be what blocks.
    pub(super) async fn labelled(
        &self,
        repo: &RepoPath,
        labels: &[String],
        gaps: &mut Vec<String>,
    ) -> BTreeMap<String, Labelled> {
        let mut found = BTreeMap::new();
        for label in labels {
            let mut both = Labelled::default();
            let mut failed = None;
            for (list, is_pull_request) in [("issues", false), ("merge_requests", true)] {
                match self.open_with(repo, list, label, is_pull_request).await {
                    Ok(one) => {
                        both.total = both.total.saturating_add(one.total);
                        both.shown.extend(one.shown);
                    }
                    Err(error) => failed = Some(error),
                }
            }
            match failed {
                None => {
                    found.insert(label.clone(), both);
                }
                Some(error) => gaps.push(format!(
                    "issues: what is open with {label} could not be read: {error}"
                )),
            }
        }
        found
    }

    async fn open_with(
        &self,
        repo: &RepoPath,
        list: &str,
        label: &str,
        is_pull_request: bool,
    ) -> Result<Labelled, Error> {
        let label = part(label);
        let route = self.below(
            repo,
            format!("/{list}?state=opened&labels={label}&per_page=20"),
        );
        let answer = self.rest.get(Purpose::Poll, &route).await?;
        let open: Vec<Open> = answer.json()?;
        let told = answer
            .headers
            .get("x-total")
            .and_then(|total| total.to_str().ok()?.parse().ok());
        let counted = if answer.next.is_some() {
            UNCOUNTED
        } else {
            open.len() as u64
        };
        let total: u64 = told.unwrap_or(counted);
        let shown: Vec<Blocker> = open
            .into_iter()
            .map(|open| Blocker {
                number: open.iid,
                is_pull_request,
                title: clean(&open.title),
                author: open.author.as_ref().map(User::person),
                url: clean(&open.web_url),
                labels: open.labels.iter().map(|label| clean(label)).collect(),
            })
            .collect();
        Ok(Labelled {
            // A list that is longer than its own sum is believed: each of it is open.
            total: total.max(shown.len() as u64),
            shown,
        })
    }
}
