//! What is open with a label: issues and pull requests, which share their numbers here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Forgejo;
use super::lists::below;
use super::pulls::{Label, gap};
use super::repos::{User, person};
use crate::domain::facts::{Blocker, Labelled};
use crate::domain::ids::RepoPath;
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

/// How many with one label are shown.
const SHOWN: usize = 20;

#[derive(Deserialize)]
struct Open {
    number: u64,
    title: Option<String>,
    html_url: Option<String>,
    user: Option<User>,
    labels: Option<Vec<Label>>,
    /// There for pull requests alone.
    pull_request: Option<Value>,
}

impl Open {
    fn has(&self, wanted: &str) -> bool {
        let mut labels = self.labels.iter().flatten();
        labels.any(|label| label.name.eq_ignore_ascii_case(wanted))
    }

    fn into_blocker(self) -> Blocker {
        Blocker {
            number: self.number,
            is_pull_request: self.pull_request.is_some(),
            title: clean(self.title.as_deref().unwrap_or_default()),
            author: self.user.as_ref().and_then(person),
            url: clean(self.html_url.as_deref().unwrap_or_default()),
            labels: self
                .labels
                .iter()
                .flatten()
                .map(|label| clean(&label.name))
                .collect(),
        }
    }
}

impl Forgejo {
    /// Reads what is open with each label. A label whose list could not be read is left out, since
    /// what is missing may be what blocks.
    pub(super) async fn labelled(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        labels: &[String],
        gaps: &mut Vec<String>,
    ) -> Result<BTreeMap<String, Labelled>, Error> {
        let mut found = BTreeMap::new();
        for label in labels {
            match self.open_with(purpose, repo, label).await {
                Ok(open) => {
                    found.insert(label.clone(), open);
                }
                Err(error) => {
                    let what = format!("issues: what is open with {label} could not be read");
                    gap::<()>(gaps, &what, error)?;
                }
            }
        }
        Ok(found)
    }

    /// The forge ignores a label that it does not know, and then lists everything: each is looked at
    /// for the label itself.
    async fn open_with(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        label: &str,
    ) -> Result<Labelled, Error> {
        let mut found = Labelled::default();
        let query = format!("/issues?state=open&labels={}", part(label));
        self.pages(purpose, &below(repo, query), "issues", |page| {
            let count = page.items.len();
            let own: Vec<Open> = page.each::<Open>();
            let own: Vec<Open> = own.into_iter().filter(|open| open.has(label)).collect();
            let ignored = own.is_empty() && count > 0;
            found.total += own.len() as u64;
            let free = SHOWN.saturating_sub(found.shown.len());
            let shown = own.into_iter().take(free).map(Open::into_blocker);
            found.shown.extend(shown);
            // A whole page without it: the label is none of this repository's.
            !ignored
        })
        .await?;
        Ok(found)
    }
}
