//! Long bodies: poured into a sink as they come, from wherever the forge sends us for them.
//!
//! The token goes to the forge's own origin alone: whatever holds the body elsewhere has an address
//! that says enough.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use tokio::time::Instant;
use url::Url;

use super::client;
use super::limiter::{Limiter, Purpose, Purse};
use super::{Limits, log, read_body};
use crate::forge::error::Error;

/// How long one body may take in all.
const PATIENCE: Duration = Duration::from_mins(3);

/// Takes a body piece by piece.
pub trait Sink: Send {
    /// Takes the next bytes; says whether more are wanted.
    fn take(&mut self, bytes: &[u8]) -> bool;
}

/// Who asks, and where.
pub struct Source<'a> {
    pub client: &'a reqwest::Client,
    /// The forge's own address: within it the token goes.
    pub base: &'a Url,
    /// With the token.
    pub headers: HeaderMap,
    pub limiter: &'a Limiter,
    pub limits: &'a Limits,
}

/// What came of it.
#[derive(Debug)]
pub enum Poured {
    /// All that there is now; `ranged` if only the new part of it was sent.
    Done { ranged: bool },
    Refused {
        status: u16,
        headers: HeaderMap,
        body: Vec<u8>,
        /// Whether the forge itself said so, or the place that it sent us to.
        by_forge: bool,
    },
}

impl Source<'_> {
    /// Pours what is at `url` from byte `from` on into `sink`.
    ///
    /// # Errors
    ///
    /// If nothing answers, the answer breaks off, or a redirect leads nowhere safe. What was poured
    /// before stays poured.
    pub async fn pour(&self, url: Url, from: u64, sink: &mut dyn Sink) -> Result<Poured, Error> {
        let mut url = url;
        for _ in 0..=self.limits.redirects {
            let own = self.is_own(&url);
            let permit = self.limiter.read(Purpose::Look, Purse::Requests).await?;
            let request = self.client.get(url.clone()).timeout(PATIENCE);
            let began = Instant::now();
            let response = request.headers(self.headers_for(own, from)).send().await;
            let response = response.map_err(|error| Error::of_send(&error, PATIENCE));
            let status = response.as_ref().map(|it| it.status().as_u16());
            log(url.host_str(), "GET", url.path(), status, began);
            let response = response?;
            if own {
                self.limiter.note(Purse::Requests, response.headers());
            }
            let status = response.status().as_u16();
            // A long body must not keep the board's questions waiting.
            drop(permit);
            match status {
                200 | 206 => {
                    let ranged = status == 206;
                    drained(response, if ranged { 0 } else { from }, sink).await?;
                    self.limiter.went_well();
                    return Ok(Poured::Done { ranged });
                }
                204 => return Ok(Poured::Done { ranged: false }),
                // Nothing was written since.
                416 if from > 0 => return Ok(Poured::Done { ranged: true }),
                300..400 => {
                    let to = response.headers().get(header::LOCATION);
                    let to = to.and_then(|to| to.to_str().ok());
                    let to = to.ok_or_else(|| {
                        Error::Unreadable("a redirect that leads nowhere".to_owned())
                    })?;
                    let target = url
                        .join(to)
                        .map_err(|error| Error::Unreadable(format!("a link: {error}")))?;
                    url = client::address(target.as_str())?;
                }
                _ => {
                    let headers = response.headers().clone();
                    let body = read_body(response, self.limits.body).await;
                    return Ok(Poured::Refused {
                        status,
                        headers,
                        body: body.unwrap_or_default(),
                        by_forge: own,
                    });
                }
            }
        }
        Err(Error::Redirects(self.limits.redirects))
    }

    fn is_own(&self, url: &Url) -> bool {
        let path = self.base.path().trim_end_matches('/');
        url.origin() == self.base.origin() && url.path().starts_with(path)
    }

    fn headers_for(&self, own: bool, from: u64) -> HeaderMap {
        let mut headers = self.headers.clone();
        if !own {
            headers.remove(header::AUTHORIZATION);
            headers.remove(header::ACCEPT);
        }
        if from > 0
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={from}-"))
        {
            headers.insert(header::RANGE, range);
            // A part of packed bytes is no part of the text.
            let plain = HeaderValue::from_static("identity");
            headers.insert(header::ACCEPT_ENCODING, plain);
        }
        headers
    }
}

/// Reads a body to its end, or until no more is wanted, without its first `skip` bytes.
async fn drained(
    mut response: reqwest::Response,
    skip: u64,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let mut skip = skip;
    loop {
        let chunk = response.chunk().await;
        let Some(chunk) = chunk.map_err(|error| Error::of_body(&error))? else {
            return Ok(());
        };
        let known = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
        skip -= known as u64;
        let new = chunk.get(known..).unwrap_or_default();
        if !new.is_empty() && !sink.take(new) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
