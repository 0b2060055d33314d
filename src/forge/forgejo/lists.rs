//! Paths, lists and pages of the REST API. What an item means does not live here.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Forgejo;
use crate::domain::ids::RepoPath;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;
use crate::forge::http::rest::Answer;

/// Where the API lives below the site.
pub(super) const API: &str = "/api/v1";

/// Returns the route of `/repos/OWNER/NAME` with `rest` after it.
pub(super) fn below(repo: &RepoPath, rest: impl AsRef<str>) -> String {
    let (owner, name) = repo.as_str().split_once('/').unwrap_or(("", repo.as_str()));
    format!(
        "{API}/repos/{}/{}{}",
        part(owner),
        part(name),
        rest.as_ref()
    )
}

/// Encodes a file's path: its slashes stay.
pub(super) fn file_path(path: &str) -> String {
    let parts: Vec<String> = path.split('/').map(part).collect();
    parts.join("/")
}

/// One page of a list.
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    /// How many there are in all, where the forge told.
    pub(super) total: Option<u64>,
}

impl Page {
    /// Reads a bare list, or the one of an object under `key`. What Go has not filled is `null`.
    pub(super) fn of(answer: &Answer, key: &str) -> Result<Self, Error> {
        let header = answer.headers.get("x-total-count");
        let counted = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let (list, total) = match answer.json::<Value>()? {
            Value::Object(mut fields) => {
                let total = fields.get("total_count").and_then(Value::as_u64);
                (fields.remove(key).unwrap_or_default(), total)
            }
            list => (list, None),
        };
        let total = counted.or(total);
        match list {
            Value::Array(items) => Ok(Self { items, total }),
            Value::Null => Ok(Self {
                items: Vec::new(),
                total,
            }),
            _ => Err(Error::Unreadable("a list is no list".to_owned())),
        }
    }

    /// Reads what can be read: one odd or empty item spoils no other.
    pub(super) fn each<T: DeserializeOwned>(self) -> Vec<T> {
        each(self.items)
    }
}

pub(super) fn each<T: DeserializeOwned>(items: Vec<Value>) -> Vec<T> {
    let items = items.into_iter();
    items
        .filter_map(|item| serde_json::from_value(item).ok())
        .collect()
}

impl Forgejo {
    /// Reads one page of a list; `route` has a query already.
    pub(super) async fn page(
        &self,
        purpose: Purpose,
        route: &str,
        key: &str,
        number: usize,
    ) -> Result<Page, Error> {
        let limit = self.features().await?.page_size;
        let route = format!("{route}&limit={limit}&page={number}");
        Page::of(&self.rest.get(purpose, &route).await?, key)
    }

    /// Reads page after page, as long as `more` of one says so. Pages are counted rather than
    /// followed by `Link`: that names the address which the server believes to have.
    pub(super) async fn pages(
        &self,
        purpose: Purpose,
        route: &str,
        key: &str,
        mut more: impl FnMut(Page) -> bool + Send,
    ) -> Result<(), Error> {
        let limit = self.features().await?.page_size;
        let most = self.rest.limits().pages;
        for number in 1..=most {
            let page = self.page(purpose, route, key, number).await?;
            let read = (number - 1) * limit + page.items.len();
            // A server may cut pages shorter than it says.
            let complete = match page.total {
                Some(total) => read as u64 >= total || page.items.is_empty(),
                None => page.items.len() < limit,
            };
            if !more(page) || complete {
                return Ok(());
            }
        }
        Err(Error::Pages(most))
    }
}

/// Says whether an error is the forge's word that something is not there.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Refused(refusal) if refusal.status == 404)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_in_a_name_does_not_make_a_path_but_in_a_file_it_does() {
        let repo = RepoPath::from("a b/c");
        assert_eq!(
            below(&repo, format!("/branches/{}", part("env/prod"))),
            "/api/v1/repos/a%20b/c/branches/env%2Fprod"
        );
        assert_eq!(file_path("deploy/prod ü.toml"), "deploy/prod%20%C3%BC.toml");
    }
}
