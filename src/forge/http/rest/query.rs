//! GraphQL over the same wire: a POST that only reads, so it may be asked again.

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Rest};
use crate::forge::error::Error;
use crate::forge::http::limiter::{Purpose, Purse};

impl Rest {
    /// Asks a query once, whatever comes of it. Like a write it is not redirected: what it would
    /// become on the way is anybody's guess.
    pub async fn query_once(
        &self,
        purpose: Purpose,
        route: &str,
        text: &str,
        variables: &Value,
    ) -> Result<Answer, Error> {
        let reads = self.reads().await?;
        let url = self.url_of(route)?;
        let permit = self.limiter.read(purpose, Purse::Requests).await?;
        let request = reads
            .request(Method::POST, url.clone())
            .headers(self.headers(None)?)
            .json(&json!({ "query": text, "variables": variables }));
        let answer = self.receive("POST", &url, request, None).await;
        drop(permit);
        let answer = self.succeed(answer?)?;
        self.limiter.went_well();
        Ok(answer)
    }

    /// Asks a query, again if the trouble may pass and has nothing to do with the query's size.
    pub async fn query(
        &self,
        purpose: Purpose,
        route: &str,
        text: &str,
        variables: &Value,
    ) -> Result<Answer, Error> {
        let mut retry = 0;
        loop {
            match self.query_once(purpose, route, text, variables).await {
                Err(error)
                    if error.is_passing()
                        && !error.is_overload()
                        && retry + 1 < self.limits.tries =>
                {
                    tokio::time::sleep(self.limits.retry_delay(retry)).await;
                    retry += 1;
                }
                answer => return answer,
            }
        }
    }

    /// Reads `route` and the pages after it, as long as `more` of a page says so.
    pub async fn get_pages(
        &self,
        purpose: Purpose,
        route: &str,
        mut more: impl FnMut(&Answer) -> Result<bool, Error> + Send,
    ) -> Result<(), Error> {
        let mut seen = std::collections::HashSet::new();
        let mut url = self.url_of(route)?;
        for _ in 0..self.limits.pages {
            if !seen.insert(url.clone()) {
                return Err(Error::PageCircle);
            }
            let answer = self.get(purpose, &self.route_of(&url)).await?;
            if !more(&answer)? {
                return Ok(());
            }
            match &answer.next {
                Some(next) => url = self.within_origin(&url, next)?,
                None => return Ok(()),
            }
        }
        Err(Error::Pages(self.limits.pages))
    }

    /// The route of an address below the base.
    pub(super) fn route_of(&self, url: &url::Url) -> String {
        let path = self.base.path().trim_end_matches('/');
        let route = url.path().strip_prefix(path).unwrap_or(url.path());
        match url.query() {
            Some(query) => format!("{route}?{query}"),
            None => route.to_owned(),
        }
    }
}
