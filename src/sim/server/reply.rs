//! An answer on its way out: bytes, headers, and where to cut them.

use std::{collections::BTreeMap, io, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use futures_util::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use crate::sim::{
    model::commit::hex,
    rest::Answer,
    shared::{Budget, Resource},
};

/// An answer on its way out.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    body: Vec<u8>,
    kind: Option<&'static str>,
    headers: Vec<(String, String)>,
    cut: Option<usize>,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let body = answer.body.map(|it| {
            let bytes = it.to_string().into_bytes();
            ("application/json; charset=utf-8", bytes)
        });
        let body = answer.raw.or(body);
        Self {
            status: answer.status,
            kind: body.as_ref().map(|(kind, _)| *kind),
            body: body.map(|(_, bytes)| bytes).unwrap_or_default(),
            headers: answer
                .headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            cut: None,
        }
    }
}

impl Reply {
    /// An answer that somebody else gives, such as a proxy.
    pub fn foreign(status: u16, body: String, headers: BTreeMap<String, String>) -> Self {
        let html = body.trim_start().starts_with('<');
        Self {
            status,
            kind: Some(if html {
                "text/html"
            } else {
                "application/json; charset=utf-8"
            }),
            body: body.into_bytes(),
            headers: headers.into_iter().collect(),
            cut: None,
        }
    }

    /// The status.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Leaves of a plain text what was asked for: `bytes=N-` is all that is understood.
    pub fn range(&mut self, wanted: Option<&str>) {
        let from = wanted.and_then(|it| it.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let plain = self.kind.is_some_and(|kind| kind.starts_with("text/plain"));
        let Some(from) = from.filter(|_: &usize| plain && self.status == 200) else {
            return;
        };
        let all = self.body.len();
        if from >= all {
            self.status = 416;
            self.body.clear();
            self.header("content-range", format!("bytes */{all}"));
        } else {
            self.status = 206;
            self.body.drain(..from);
            let last = all - 1;
            self.header("content-range", format!("bytes {from}-{last}/{all}"));
        }
    }

    /// Sets a header.
    pub fn header(&mut self, name: &str, value: String) {
        self.headers.push((name.to_owned(), value));
    }

    /// Tells what is left of a budget.
    pub fn budget(&mut self, budget: Budget, resource: Resource) {
        let name = match resource {
            Resource::Core => "core",
            Resource::Graphql => "graphql",
        };
        self.header("x-ratelimit-limit", budget.limit.to_string());
        self.header("x-ratelimit-remaining", budget.remaining().to_string());
        self.header("x-ratelimit-used", budget.used.to_string());
        self.header("x-ratelimit-reset", budget.reset.as_second().to_string());
        self.header("x-ratelimit-resource", name.to_owned());
    }

    /// Gives the answer its validator, which is one per token; becomes 304 if the client has it.
    pub fn tag(&mut self, token: &str, known: Option<&str>) {
        let mut hash = Sha256::new();
        hash.update(token.as_bytes());
        hash.update(&self.body);
        let tag = format!("W/\"{}\"", hex(&hash.finalize()));
        let same = |it: &str| it.trim().trim_start_matches("W/") == tag.trim_start_matches("W/");
        if known.is_some_and(|it| it.split(',').any(same)) {
            self.status = 304;
            self.body.clear();
            self.kind = None;
        }
        self.header("etag", tag);
        self.header(
            "cache-control",
            "private, max-age=60, s-maxage=60".to_owned(),
        );
        self.header(
            "vary",
            "Accept, Authorization, Cookie, X-GitHub-OTP".to_owned(),
        );
    }

    /// Ends the connection after so many bytes of the body.
    #[must_use]
    pub fn cut(mut self, at: usize) -> Self {
        self.cut = Some(at);
        self
    }

    /// The answer without its body.
    pub fn head(mut self) -> Response<Body> {
        self.body.clear();
        self.into_response()
    }

    /// The answer for the server.
    pub fn into_response(self) -> Response<Body> {
        let length = self.body.len();
        let body = match self.cut {
            None => Body::from(self.body),
            Some(at) => {
                let part = self.body.into_iter().take(at).collect::<Vec<u8>>();
                let sent = stream::once(async { Ok::<_, io::Error>(Bytes::from(part)) });
                let end = stream::once(async {
                    // What was written must leave before the connection ends.
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    Err(io::Error::from(io::ErrorKind::ConnectionReset))
                });
                Body::from_stream(sent.chain(end))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(kind) = self.kind {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        if self.cut.is_some() {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        headers.insert(header::SERVER, HeaderValue::from_static("github.com"));
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name);
            let value = HeaderValue::try_from(value);
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
