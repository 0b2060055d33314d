//! The REST API: which path leads where, and what every answer has in common.
//!
//! Shapes are in `shape`, checks of bodies in `body`; what acts do is in `act`.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::sim::{
    act::Refusal,
    model::{Flavor, State, Token},
    shared::Session,
};

pub mod body;
pub mod list;
pub mod reads;
pub mod route;
pub mod shape;
pub mod writes;

/// What the client sent, taken apart.
#[derive(Debug)]
pub struct Ask<'a> {
    /// Who asks, and what they see.
    pub session: &'a Session,
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The segments of the path, percent-decoded, without `/api/v3`.
    pub path: Vec<String>,
    /// The parameters, decoded.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: &'a [u8],
    /// The media types that the client takes.
    pub accept: &'a str,
    /// What URLs of the API begin with: `http://127.0.0.1:1/api/v3`.
    pub api: &'a str,
    /// The path as it came, for links.
    pub raw_path: &'a str,
}

/// What is sent back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; `None` sends none.
    pub body: Option<Value>,
    /// A body that is no JSON, and its media type, instead.
    pub raw: Option<(&'static str, Vec<u8>)>,
    /// Headers of this answer alone.
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    /// An answer of JSON.
    pub fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            raw: None,
            headers: Vec::new(),
        }
    }

    /// An answer without a body.
    pub const fn empty(status: u16) -> Self {
        Self {
            status,
            body: None,
            raw: None,
            headers: Vec::new(),
        }
    }

    /// An answer of other bytes.
    pub const fn raw(status: u16, kind: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            status,
            body: None,
            raw: Some((kind, bytes)),
            headers: Vec::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// An error as GitHub words it.
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(
            status,
            json!({
                "message": message,
                "documentation_url": "https://docs.github.com/rest",
                "status": status.to_string(),
            }),
        )
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let mut answer = Self::error(refusal.status, &refusal.message);
        if !refusal.errors.is_empty() {
            let errors: Vec<Value> = refusal
                .errors
                .iter()
                .map(|it| {
                    let mut error =
                        json!({"resource": it.resource, "field": it.field, "code": it.code});
                    if let (Some(message), Some(map)) = (&it.message, error.as_object_mut()) {
                        map.insert("message".to_owned(), json!(message));
                    }
                    error
                })
                .collect();
            if let Some(map) = answer.body.as_mut().and_then(Value::as_object_mut) {
                map.insert("errors".to_owned(), json!(errors));
            }
        }
        if let Some(accepted) = refusal.accepted {
            answer = answer.with("x-accepted-github-permissions", accepted);
        }
        answer
    }
}

impl Ask<'_> {
    /// The state that this request reads.
    pub fn state(&self) -> &State {
        &self.session.state
    }

    /// Whose request it is.
    pub fn token(&self) -> &Token {
        &self.session.token
    }

    /// Says whether Enterprise Server is imitated.
    pub fn ghes(&self) -> bool {
        self.state().flavor == Flavor::Ghes
    }

    /// A parameter; an empty one counts as absent.
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|it| !it.is_empty())
    }

    /// The path as a slice of texts, for matching.
    pub fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

/// Percent-decodes one segment or parameter; what is no UTF-8 is replaced.
pub fn decode(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

// What RFC 3986 leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes a segment or parameter.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// Writes parameters as they stand in an address, with the question mark; nothing for none.
pub fn query_text(pairs: &[(String, String)]) -> String {
    let pair = |(at, (key, value)): (usize, &(String, String))| {
        let sign = if at == 0 { '?' } else { '&' };
        format!("{sign}{}={}", encode(key), encode(value))
    };
    pairs.iter().enumerate().map(pair).collect()
}
