//! The wire to one GitHub: octocrab over our own client, and the rules of sending.
//!
//! A read may be redirected within its origin, repeated and answered from the ETag cache; a write
//! is one request and nothing else. What is asked, and what an answer means, does not live here.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderValue, Method, header};
use octocrab::Octocrab;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

use super::reply::Reply;
use crate::forge::error::{Error, Refusal};
use crate::forge::http::cache::{Cache, Entry};
use crate::forge::http::client::{self, Pool};
use crate::forge::http::limiter::{Limiter, Purpose, Purse};
use crate::forge::http::pour::{Poured, Sink, Source};
use crate::forge::http::{Clock, Limits, link, log, read_body};

/// Sends requests to one GitHub as one token.
pub(super) struct Wire {
    endpoints: Endpoints,
    token: Option<SecretString>,
    ca_file: Option<PathBuf>,
    limits: Limits,
    pub(super) limiter: Limiter,
    cache: Mutex<Cache>,
    reads: OnceCell<Reads>,
    writes: OnceCell<Octocrab>,
    /// For what octocrab would hold in memory whole.
    long: OnceCell<reqwest::Client>,
}

/// Where a GitHub answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// Base of REST calls, without a slash at its end.
    rest: Url,
    /// Base of `/graphql`.
    queries: Url,
    /// Whether it is GitHub's own service rather than an Enterprise Server, as far as the name
    /// tells. A loopback address counts as the service.
    pub(super) hosted: bool,
}

/// One octocrab for each base, over one client. octocrab is compiled without its `retry`,
/// `follow-redirect` and `timeout` features, so that our client's rules are the only ones.
struct Reads {
    rest: Octocrab,
    queries: Octocrab,
}

/// A success, wholly read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Arc<[u8]>,
    next: Option<String>,
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::of_json(&error, &self.headers, &self.body))
    }
}

impl Endpoints {
    /// Finds the API of the GitHub at `url`, unless `api_url` names it.
    pub(super) fn find(url: &str, api_url: Option<&str>) -> Result<Self, Error> {
        if let Some(api_url) = api_url {
            let rest = client::address(api_url)?;
            let queries = match api_url.trim_end_matches('/').strip_suffix("/v3") {
                Some(base) => client::address(base)?,
                None => rest.clone(),
            };
            let hosted = is_hosted(&rest);
            return Ok(Self {
                rest,
                queries,
                hosted,
            });
        }
        let web = client::address(url)?;
        let host = web.host_str().unwrap_or_default();
        let hosted = is_hosted(&web);
        let (rest, queries) = match host {
            "github.com" | "www.github.com" | "api.github.com" => (
                "https://api.github.com".to_owned(),
                "https://api.github.com".to_owned(),
            ),
            tenant if tenant.ends_with(".ghe.com") => {
                let api = format!("https://api.{}", tenant.trim_start_matches("api."));
                (api.clone(), api)
            }
            _ => {
                let base = web.as_str().trim_end_matches('/');
                (format!("{base}/api/v3"), format!("{base}/api"))
            }
        };
        Ok(Self {
            rest: client::address(&rest)?,
            queries: client::address(&queries)?,
            hosted,
        })
    }
}

#[cfg(test)]
impl Endpoints {
    /// Returns the bases of REST calls and of queries, without a slash at their ends.
    pub(super) fn bases(&self) -> (&str, &str) {
        (
            self.rest.as_str().trim_end_matches('/'),
            self.queries.as_str().trim_end_matches('/'),
        )
    }
}

fn is_hosted(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    matches!(host, "github.com" | "www.github.com" | "api.github.com")
        || host.ends_with(".ghe.com")
        || client::is_loopback(url)
}

impl Wire {
    pub(super) fn new(
        endpoints: Endpoints,
        token: Option<SecretString>,
        ca_file: Option<PathBuf>,
        limits: Limits,
        clock: Clock,
    ) -> Self {
        Self {
            limiter: Limiter::new(limits.clone(), clock),
            endpoints,
            token,
            ca_file,
            limits,
            cache: Mutex::new(Cache::default()),
            reads: OnceCell::new(),
            writes: OnceCell::new(),
            long: OnceCell::new(),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn is_hosted(&self) -> bool {
        self.endpoints.hosted
    }

    /// Says whether it is GitHub's own service beyond doubt, and not a loopback address.
    pub(super) fn is_public(&self) -> bool {
        self.endpoints.hosted && !client::is_loopback(&self.endpoints.rest)
    }

    /// Reads `route`, a path with its query below the REST base.
    pub(super) async fn get(&self, purpose: Purpose, route: &str) -> Result<Answer, Error> {
        let mut retry = 0;
        loop {
            match self.get_once(purpose, route).await {
                Err(error) if error.is_passing() && retry + 1 < self.limits.tries => {
                    tokio::time::sleep(self.limits.retry_delay(retry)).await;
                    retry += 1;
                }
                answer => return answer,
            }
        }
    }

    /// Reads `route` and the pages after it, as long as `more` of a page says so.
    pub(super) async fn get_pages<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        route: &str,
        mut more: impl FnMut(T) -> bool + Send,
    ) -> Result<(), Error> {
        let mut seen = HashSet::new();
        let mut route = route.to_owned();
        for _ in 0..self.limits.pages {
            if !seen.insert(route.clone()) {
                return Err(Error::PageCircle);
            }
            let answer = self.get(purpose, &route).await?;
            if !more(answer.json()?) {
                return Ok(());
            }
            match answer.next {
                Some(next) => route = self.within_origin(&self.url_of(&route)?, &next)?,
                None => return Ok(()),
            }
        }
        Err(Error::Pages(self.limits.pages))
    }

    /// Asks a GraphQL query once, whatever comes of it; `ask` in a loop is the caller's business.
    pub(super) async fn query_once(
        &self,
        purpose: Purpose,
        text: &str,
        variables: &Value,
    ) -> Result<Reply, Error> {
        let reads = self.reads().await?;
        let permit = self.limiter.read(purpose, Purse::Queries).await?;
        let body = json!({ "query": text, "variables": variables });
        let began = Instant::now();
        let sent = reads.queries._post("/graphql", Some(&body)).await;
        let sent = sent.map(|response| response.map(reqwest::Body::wrap));
        let answer = self.receive(Purse::Queries, sent, None).await;
        drop(permit);
        self.log("POST", "/graphql", answer.as_ref(), began);
        let answer = self.succeed(answer?)?;
        self.limiter.note_hidden("/graphql", &answer.headers);
        let reply: Reply = answer.json()?;
        if let Some(rate) = &reply.rate() {
            self.limiter
                .note_queries(rate.limit, rate.remaining, rate.reset_at);
        }
        if let Some(error) = reply.rate_refusal() {
            let mut refusal = Refusal::of(403, &answer.headers, &answer.body);
            refusal.status = 200;
            refusal.kind = crate::domain::fault::FaultKind::RateLimited;
            refusal.why = error;
            refusal.retry_at = Some(self.limiter.pause(&answer.headers));
            return Err(Error::Refused(Box::new(refusal)));
        }
        self.limiter.went_well();
        Ok(reply)
    }

    /// Asks a GraphQL query, again if the trouble may pass.
    pub(super) async fn query(
        &self,
        purpose: Purpose,
        text: &str,
        variables: &Value,
    ) -> Result<Reply, Error> {
        let mut retry = 0;
        loop {
            match self.query_once(purpose, text, variables).await {
                Err(error) if error.is_passing() && retry + 1 < self.limits.tries => {
                    tokio::time::sleep(self.limits.retry_delay(retry)).await;
                    retry += 1;
                }
                reply => return reply,
            }
        }
    }

    /// Sends one write, once. Every status comes back as an answer; the caller judges it.
    pub(super) async fn send(
        &self,
        method: &Method,
        route: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let writes = self.writes().await?;
        let turn = self.limiter.write().await?;
        let began = Instant::now();
        let sent = match *method {
            Method::PUT => writes._put(route, body).await,
            Method::PATCH => writes._patch(route, body).await,
            Method::DELETE => writes._delete(route, body).await,
            _ => writes._post(route, body).await,
        };
        let sent = sent.map(|response| response.map(reqwest::Body::wrap));
        let answer = self.receive(Purse::Requests, sent, None).await;
        drop(turn);
        self.log(method.as_str(), route, answer.as_ref(), began);
        answer
    }

    /// Pours what is at `route` from byte `from` on into `sink`.
    pub(super) async fn pour(
        &self,
        route: &str,
        from: u64,
        sink: &mut dyn Sink,
    ) -> Result<Poured, Error> {
        let build = || async { self.client(Pool::Kept) };
        let source = Source {
            client: self.long.get_or_try_init(build).await?,
            base: &self.endpoints.rest,
            headers: self.own_headers()?,
            limiter: &self.limiter,
            limits: &self.limits,
        };
        source.pour(self.url_of(route)?, from, sink).await
    }

    /// What octocrab puts on its requests. The token's value is marked, so that nothing prints it.
    fn own_headers(&self) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        let accepted = HeaderValue::from_static("application/vnd.github+json");
        headers.insert(header::ACCEPT, accepted);
        headers.insert(header::USER_AGENT, HeaderValue::from_static("gonogo"));
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| Error::Client("the token cannot stand in a header".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(headers)
    }

    async fn get_once(&self, purpose: Purpose, route: &str) -> Result<Answer, Error> {
        let reads = self.reads().await?;
        let mut route = route.to_owned();
        for _ in 0..=self.limits.redirects {
            let permit = self.limiter.read(purpose, Purse::Requests).await?;
            let url = self.url_of(&route)?;
            let known = self.cache().get(url.as_str());
            let headers = known.as_ref().and_then(|entry| {
                let etag = HeaderValue::from_str(&entry.etag).ok()?;
                Some(HeaderMap::from_iter([(header::IF_NONE_MATCH, etag)]))
            });
            let began = Instant::now();
            let sent = reads.rest._get_with_headers(route.as_str(), headers).await;
            let sent = sent.map(|response| response.map(reqwest::Body::wrap));
            let answer = self.receive(Purse::Requests, sent, known).await;
            drop(permit);
            self.log("GET", &route, answer.as_ref(), began);
            let answer = answer?;
            self.limiter.note_hidden(&route, &answer.headers);
            let location = (300..400).contains(&answer.status).then(|| {
                let location = answer.headers.get(header::LOCATION)?;
                location.to_str().ok().map(str::to_owned)
            });
            let Some(location) = location.flatten() else {
                let answer = self.succeed(answer)?;
                self.limiter.went_well();
                self.keep(url, &answer);
                return Ok(answer);
            };
            route = self.within_origin(&url, &location)?;
        }
        Err(Error::Redirects(self.limits.redirects))
    }

    fn log(&self, method: &str, route: &str, answer: Result<&Answer, &Error>, began: Instant) {
        let host = self.endpoints.rest.host_str();
        log(host, method, route, answer.map(|it| it.status), began);
    }

    /// Reads an answer to its end. A 304 becomes what `known` holds.
    async fn receive(
        &self,
        purse: Purse,
        sent: Result<http::Response<reqwest::Body>, octocrab::Error>,
        known: Option<Entry>,
    ) -> Result<Answer, Error> {
        let response = sent.map_err(|error| self.of_send(&error))?;
        let (parts, body) = response.into_parts();
        self.limiter.note(purse, &parts.headers);
        let status = parts.status.as_u16();
        if let (304, Some(known)) = (status, known) {
            return Ok(Answer {
                status: 200,
                headers: parts.headers,
                body: known.body,
                next: known.next,
            });
        }
        let next = link::next(&parts.headers);
        let headers = parts.headers.clone();
        let response = http::Response::from_parts(parts, body);
        let body = match read_body(response.into(), self.limits.body).await {
            Ok(body) => body,
            // The status of a refusal says enough without its words.
            Err(_) if status >= 400 => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Answer {
            status,
            headers,
            body: body.into(),
            next,
        })
    }

    /// Turns every status but success into an error, and notes a refused rate.
    fn succeed(&self, answer: Answer) -> Result<Answer, Error> {
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(Error::Refused(Box::new(self.refusal(&answer))))
    }

    /// Reads an answer that is not a success, and begins the pause that it may ask for.
    pub(super) fn refusal(&self, answer: &Answer) -> Refusal {
        let mut refusal = Refusal::of(answer.status, &answer.headers, &answer.body);
        let asks_to_wait = answer.status == 503 && answer.headers.contains_key(header::RETRY_AFTER);
        if refusal.is_rate_limit() || asks_to_wait {
            refusal.retry_at = Some(self.limiter.pause(&answer.headers));
        }
        refusal
    }

    fn of_send(&self, error: &octocrab::Error) -> Error {
        let mut cause: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<reqwest::Error>() {
                return Error::of_send(error, self.limits.total);
            }
            cause = error.source();
        }
        // Not octocrab's own words: some of its errors print a backtrace.
        Error::Broken(crate::forge::error::root_cause(error))
    }

    fn keep(&self, url: Url, answer: &Answer) {
        let etag = answer
            .headers
            .get(header::ETAG)
            .and_then(|etag| etag.to_str().ok());
        if let (200, Some(etag)) = (answer.status, etag) {
            let entry = Entry {
                etag: etag.to_owned(),
                body: Arc::clone(&answer.body),
                next: answer.next.clone(),
            };
            self.cache().put(url.into(), entry);
        }
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url_of(&self, route: &str) -> Result<Url, Error> {
        // octocrab puts the base's path before a route unless the route begins with it already.
        let base = self.endpoints.rest.as_str().trim_end_matches('/');
        let path = self.endpoints.rest.path().trim_end_matches('/');
        let url = if route.starts_with(path) {
            format!("{}{route}", base.strip_suffix(path).unwrap_or(base))
        } else {
            format!("{base}{route}")
        };
        client::address(&url)
    }

    /// Resolves where an answer to `from` points, as a route. The token goes nowhere but to the
    /// origin that it is for.
    fn within_origin(&self, from: &Url, to: &str) -> Result<String, Error> {
        let target = from
            .join(to)
            .map_err(|error| Error::Unreadable(format!("a link: {error}")))?;
        let path = self.endpoints.rest.path().trim_end_matches('/');
        if target.origin() != from.origin() || !target.path().starts_with(path) {
            return Err(Error::Redirected(crate::domain::text::clean(
                &target.origin().ascii_serialization(),
            )));
        }
        Ok(match target.query() {
            Some(query) => format!("{}?{query}", target.path()),
            None => target.path().to_owned(),
        })
    }

    /// Builds the client at the first request: loading the system's trust takes longer than the
    /// first picture may.
    async fn reads(&self) -> Result<&Reads, Error> {
        self.reads
            .get_or_try_init(|| async {
                let http = self.client(Pool::Kept)?;
                Ok(Reads {
                    rest: self.octocrab(&self.endpoints.rest, http.clone())?,
                    queries: self.octocrab(&self.endpoints.queries, http)?,
                })
            })
            .await
    }

    async fn writes(&self) -> Result<&Octocrab, Error> {
        self.writes
            .get_or_try_init(|| async {
                self.octocrab(&self.endpoints.rest, self.client(Pool::None)?)
            })
            .await
    }

    fn client(&self, pool: Pool) -> Result<reqwest::Client, Error> {
        let ca_file = self.ca_file.as_deref();
        client::build(&self.endpoints.rest, ca_file, &self.limits, pool)
    }

    fn octocrab(&self, base: &Url, http: reqwest::Client) -> Result<Octocrab, Error> {
        let refuse =
            |error: octocrab::Error| Error::Client(crate::forge::error::root_cause(&error));
        let anonymous = octocrab::OctocrabBuilder::default()
            .base_uri(base.as_str())
            .map_err(refuse)?
            .add_header(header::ACCEPT, "application/vnd.github+json".to_owned())
            .build_with_reqwest(http)
            .map_err(refuse)?;
        match &self.token {
            // This way of giving the token is the one that marks its header as sensitive.
            Some(token) => anonymous.user_access_token(token.clone()).map_err(refuse),
            None => Ok(anonymous),
        }
    }
}
