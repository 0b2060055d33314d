//! The wire to one forge that speaks plain REST, and the rules of sending.
//!
//! A read may be redirected within its origin, repeated and answered from the ETag cache; a write
//! is one request and nothing else. What is asked, and what an answer means, does not live here.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

use super::cache::{Cache, Entry};
use super::client::{self, Pool};
use super::limiter::{Limiter, Purpose, Purse};
use super::pour::{Poured, Sink, Source};
use super::{Clock, Limits, link, log, read_body};
use crate::domain::text::clean;
use crate::forge::error::{Error, Refusal};

mod query;

/// Sends requests to one forge as one token.
pub struct Rest {
    /// The forge's own address: a route stands behind its path.
    base: Url,
    token: Option<SecretString>,
    ca_file: Option<PathBuf>,
    limits: Limits,
    pub limiter: Limiter,
    cache: Mutex<Cache>,
    reads: OnceCell<reqwest::Client>,
    writes: OnceCell<reqwest::Client>,
    /// Adds to a refusal what only this kind of forge says.
    explain: fn(&mut Refusal),
}

/// An answer, wholly read.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Arc<[u8]>,
    /// The next page, if the answer names one.
    pub next: Option<String>,
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::of_json(&error, &self.headers, &self.body))
    }
}

impl Rest {
    /// Makes the wire without touching the network, the disk or the system's certificates.
    ///
    /// # Errors
    ///
    /// If the address is none for a token.
    pub fn new(
        base: &str,
        token: Option<SecretString>,
        ca_file: Option<PathBuf>,
        limits: Limits,
        clock: Clock,
        explain: fn(&mut Refusal),
    ) -> Result<Self, Error> {
        Ok(Self {
            base: client::address(base)?,
            token,
            ca_file,
            limiter: Limiter::new(limits.clone(), clock),
            limits,
            cache: Mutex::new(Cache::default()),
            reads: OnceCell::new(),
            writes: OnceCell::new(),
            explain,
        })
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Reads `route`, a path with its query below the base.
    pub async fn get(&self, purpose: Purpose, route: &str) -> Result<Answer, Error> {
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

    /// Sends one write, once. Every status comes back as an answer; the caller judges it.
    pub async fn send(
        &self,
        method: &Method,
        route: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let writes = self.writes().await?;
        let url = self.url_of(route)?;
        let turn = self.limiter.write().await?;
        let mut request = writes
            .request(method.clone(), url.clone())
            .headers(self.headers(None)?);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.receive(method.as_str(), &url, request, None).await;
        drop(turn);
        answer
    }

    /// Pours what is at `route` from byte `from` on into `sink`; says whether only the new part came.
    pub async fn pour(&self, route: &str, from: u64, sink: &mut dyn Sink) -> Result<bool, Error> {
        let source = Source {
            client: self.reads().await?,
            base: &self.base,
            headers: self.headers(None)?,
            limiter: &self.limiter,
            limits: &self.limits,
        };
        match source.pour(self.url_of(route)?, from, sink).await? {
            Poured::Done { ranged } => Ok(ranged),
            Poured::Refused {
                status,
                headers,
                body,
                by_forge,
            } => {
                let answer = Answer {
                    status,
                    headers,
                    body: body.into(),
                    next: None,
                };
                let refusal = if by_forge {
                    self.refusal(&answer)
                } else {
                    Refusal::of(status, &answer.headers, &answer.body)
                };
                Err(Error::Refused(Box::new(refusal)))
            }
        }
    }

    /// Reads an answer that is not a success, and begins the pause that it may ask for.
    pub fn refusal(&self, answer: &Answer) -> Refusal {
        let mut refusal = Refusal::of(answer.status, &answer.headers, &answer.body);
        let asks_to_wait = answer.status == 503 && answer.headers.contains_key(header::RETRY_AFTER);
        if refusal.is_rate_limit() || asks_to_wait {
            refusal.retry_at = Some(self.limiter.pause(&answer.headers));
        }
        (self.explain)(&mut refusal);
        refusal
    }

    async fn get_once(&self, purpose: Purpose, route: &str) -> Result<Answer, Error> {
        let reads = self.reads().await?;
        let mut url = self.url_of(route)?;
        for _ in 0..=self.limits.redirects {
            let permit = self.limiter.read(purpose, Purse::Requests).await?;
            let known = self.cache().get(url.as_str());
            let headers = self.headers(known.as_ref())?;
            let request = reads.get(url.clone()).headers(headers);
            let answer = self.receive("GET", &url, request, known).await;
            drop(permit);
            let answer = answer?;
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
            url = self.within_origin(&url, &location)?;
        }
        Err(Error::Redirects(self.limits.redirects))
    }

    /// Sends a request and reads its answer, and logs both.
    async fn receive(
        &self,
        method: &str,
        url: &Url,
        request: reqwest::RequestBuilder,
        known: Option<Entry>,
    ) -> Result<Answer, Error> {
        let began = Instant::now();
        let answer = self.read_answer(request, known).await;
        let came = answer.as_ref().map(|it| it.status);
        log(url.host_str(), method, &self.route_of(url), came, began);
        answer
    }

    /// Reads an answer to its end. A 304 becomes what `known` holds.
    async fn read_answer(
        &self,
        request: reqwest::RequestBuilder,
        known: Option<Entry>,
    ) -> Result<Answer, Error> {
        let response = request
            .send()
            .await
            .map_err(|error| Error::of_send(&error, self.limits.total))?;
        let headers = response.headers().clone();
        self.limiter.note(Purse::Requests, &headers);
        let status = response.status().as_u16();
        if let (304, Some(known)) = (status, known) {
            return Ok(Answer {
                status: 200,
                headers,
                body: known.body,
                next: known.next,
            });
        }
        let next = link::next(&headers);
        let body = match read_body(response, self.limits.body).await {
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

    /// The headers of a request. The token's value is marked, so that nothing prints it.
    fn headers(&self, known: Option<&Entry>) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("gonogo"));
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| Error::Client("the token cannot stand in a header".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        if let Some(etag) = known.and_then(|known| HeaderValue::from_str(&known.etag).ok()) {
            headers.insert(header::IF_NONE_MATCH, etag);
        }
        Ok(headers)
    }

    fn keep(&self, url: Url, answer: &Answer) {
        let etag = answer.headers.get(header::ETAG);
        if let (200, Some(Ok(etag))) = (answer.status, etag.map(HeaderValue::to_str)) {
            let entry = Entry {
                etag: etag.to_owned(),
                body: Arc::clone(&answer.body),
                next: answer.next.clone(),
            };
            self.cache().put(url.into(), entry);
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url_of(&self, route: &str) -> Result<Url, Error> {
        let base = self.base.as_str().trim_end_matches('/');
        client::address(&format!("{base}{route}"))
    }

    /// Resolves where an answer to `from` points. The token goes nowhere but to the origin that it
    /// is for.
    fn within_origin(&self, from: &Url, to: &str) -> Result<Url, Error> {
        let target = from
            .join(to)
            .map_err(|error| Error::Unreadable(format!("a link: {error}")))?;
        let path = self.base.path().trim_end_matches('/');
        if target.origin() != from.origin() || !target.path().starts_with(path) {
            let origin = target.origin().ascii_serialization();
            return Err(Error::Redirected(clean(&origin)));
        }
        Ok(target)
    }

    /// Builds the client at the first request: loading the system's trust takes longer than the
    /// first picture may.
    async fn reads(&self) -> Result<&reqwest::Client, Error> {
        let build = || async { self.client(Pool::Kept) };
        self.reads.get_or_try_init(build).await
    }

    async fn writes(&self) -> Result<&reqwest::Client, Error> {
        let build = || async { self.client(Pool::None) };
        self.writes.get_or_try_init(build).await
    }

    fn client(&self, pool: Pool) -> Result<reqwest::Client, Error> {
        client::build(&self.base, self.ca_file.as_deref(), &self.limits, pool)
    }
}
