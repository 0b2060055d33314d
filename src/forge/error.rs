//! What the wire did, and how it reads as a [`Fault`].
//!
//! No token and no URL with a secret can get in here: errors are made of statuses, headers that
//! we name, and cleaned bodies.

use std::path::PathBuf;
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::ForgeName;
use crate::domain::text::{clean, shorten};

/// The longest message of a forge that is shown, in characters.
const LONGEST_MESSAGE: usize = 300;

/// What to do about a redirect that is not followed.
const MOVED: &str = "set `url` of the forge to its new address, if you trust it";

/// What went wrong between us and a forge.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error("the address `{url}` cannot be used: {why}")]
    Address { url: String, why: String },
    #[error("the CA file {} cannot be used: {why}", path.display())]
    CaFile { path: PathBuf, why: String },
    #[error("the HTTP client cannot be built: {0}")]
    Client(String),
    /// Nothing was sent: there was nobody to send it to.
    #[error("no connection: {0}")]
    Connect(String),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("the answer broke off: {0}")]
    CutOff(String),
    /// From a proxy or a login page, most likely.
    #[error("the answer is HTML instead of JSON")]
    Html,
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
    /// The forge would not compute so much in one answer.
    #[error("too much for one answer: {0}")]
    TooHeavy(String),
    #[error("redirected to {0}, where the token must not go")]
    Redirected(String),
    #[error("redirected more than {0} times")]
    Redirects(usize),
    #[error("more than {0} pages")]
    Pages(usize),
    #[error("the pages go round in a circle")]
    PageCircle,
    /// Nothing was sent: the forge asked for a pause.
    #[error("the forge asked us to pause")]
    Paused { until: Timestamp },
    /// Nothing was sent: the rest of the budget is kept for acts.
    #[error("what is left of the rate budget is kept for acts")]
    Reserved { until: Timestamp },
    #[error("{}", .0.why)]
    Refused(Box<Refusal>),
}

/// An answer other than success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub kind: FaultKind,
    /// The forge's own words, cleaned.
    pub why: String,
    pub hint: Option<String>,
    /// The forge's id of the request.
    pub request: Option<String>,
    /// Set by the limiter when the forge asked for a pause.
    pub retry_at: Option<Timestamp>,
    /// Whether the body was the forge's JSON with a message in it.
    pub says_why: bool,
}

/// The body of GitHub's, GitLab's and Forgejo's errors, as far as we read it.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the forges' own words")]
struct Message {
    /// A text, or with GitLab a list of texts for each field.
    message: Option<serde_json::Value>,
    /// GitLab's word where it has no message.
    error: Option<String>,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

impl Refusal {
    /// Reads an answer that is not a success.
    pub fn of(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let message = serde_json::from_slice::<Message>(body).ok();
        let words = message.as_ref().and_then(Message::words);
        let says_why = words.is_some();
        let redirected = (300..400).contains(&status);
        let why = words.unwrap_or_else(|| {
            let words = status_words(status);
            if redirected {
                format!("redirected ({words})")
            } else if looks_like_html(headers, body) {
                format!("HTML instead of JSON ({words})")
            } else {
                words
            }
        });
        let sso = header(headers, "x-github-sso");
        let lacking = header(headers, "x-accepted-github-permissions");
        let kind = kind_of(status, headers, &why, sso.is_some());
        let hint = hint_of(kind, sso.as_deref(), lacking.as_deref())
            .or_else(|| redirected.then(|| MOVED.to_owned()));
        Self {
            status,
            kind,
            why,
            hint,
            request: request_id(headers),
            retry_at: None,
            says_why,
        }
    }

    /// Says whether the forge refused the rate rather than the request.
    pub fn is_rate_limit(&self) -> bool {
        self.kind == FaultKind::RateLimited
    }

    /// Says whether a scope is what the token lacks, by GitLab's word.
    pub fn lacks_scope(&self) -> bool {
        self.kind == FaultKind::Forbidden && self.why.contains("insufficient_scope")
    }
}

impl Message {
    fn words(&self) -> Option<String> {
        let mut words = match (&self.message, &self.error) {
            (Some(message), _) => said(message)?,
            (None, Some(error)) => clean(error),
            (None, None) => return None,
        };
        for error in &self.errors {
            let detail = match error {
                serde_json::Value::String(text) => clean(text),
                serde_json::Value::Object(fields) => {
                    let text = |name: &str| fields.get(name).and_then(serde_json::Value::as_str);
                    match (text("message"), text("field"), text("code")) {
                        (Some(message), ..) => clean(message),
                        (None, Some(field), Some(code)) => clean(&format!("{field} {code}")),
                        (None, None, Some(code)) => clean(code),
                        (None, ..) => continue,
                    }
                }
                _ => continue,
            };
            if !words.contains(&detail) {
                words.push_str("; ");
                words.push_str(&detail);
            }
        }
        Some(shorten(&words, LONGEST_MESSAGE))
    }
}

/// Puts a message into one line: `field: why; other field: why`.
fn said(message: &serde_json::Value) -> Option<String> {
    match message {
        serde_json::Value::String(text) => Some(clean(text)),
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().filter_map(said).collect();
            (!items.is_empty()).then(|| items.join(", "))
        }
        serde_json::Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .filter_map(|(field, why)| Some(format!("{}: {}", clean(field), said(why)?)))
                .collect();
            (!fields.is_empty()).then(|| fields.join("; "))
        }
        _ => None,
    }
}

fn kind_of(status: u16, headers: &HeaderMap, why: &str, sso: bool) -> FaultKind {
    let spent = header(headers, "x-ratelimit-remaining").as_deref() == Some("0");
    let secondary =
        why.to_lowercase().contains("rate limit") || headers.contains_key("retry-after");
    match status {
        401 => FaultKind::Unauthorized,
        403 if sso => FaultKind::SingleSignOn,
        403 if spent || secondary => FaultKind::RateLimited,
        403 => FaultKind::Forbidden,
        404 => FaultKind::NotFound,
        429 => FaultKind::RateLimited,
        500..=599 => FaultKind::ForgeTrouble,
        _ => FaultKind::Refused,
    }
}

fn hint_of(kind: FaultKind, sso: Option<&str>, lacking: Option<&str>) -> Option<String> {
    match kind {
        FaultKind::Unauthorized => Some(
            "the token is wrong or has expired: renew it, for instance with `gh auth login`"
                .to_owned(),
        ),
        FaultKind::SingleSignOn => {
            Some(sso.and_then(|value| value.split_once("url=")).map_or_else(
                || "authorize the token for single sign-on".to_owned(),
                |(_, url)| format!("authorize the token for single sign-on: {url}"),
            ))
        }
        FaultKind::Forbidden => lacking.map(|lacking| format!("the token lacks: {lacking}")),
        FaultKind::NotFound => Some("check the name, and that the token may read it".to_owned()),
        FaultKind::Unreachable
        | FaultKind::NoToken
        | FaultKind::RateLimited
        | FaultKind::ForgeTrouble
        | FaultKind::Unreadable
        | FaultKind::Refused => None,
    }
}

/// What to do where neither the forge nor its adapter knows anything better.
fn usual_hint(kind: FaultKind) -> Option<&'static str> {
    match kind {
        FaultKind::Forbidden => {
            Some("look at the token's scopes, and at what its owner may do in the repository")
        }
        FaultKind::RateLimited => Some(
            "wait, or give gonogo a token of its own: all that use this one share what it may ask",
        ),
        FaultKind::ForgeTrouble => {
            Some("try again in a moment; if it lasts, look at the forge's status page")
        }
        FaultKind::Unreachable
        | FaultKind::NoToken
        | FaultKind::Unauthorized
        | FaultKind::SingleSignOn
        | FaultKind::NotFound
        | FaultKind::Unreadable
        | FaultKind::Refused => None,
    }
}

impl Error {
    /// Reads an error of reqwest's, raised before an answer began.
    pub fn of_send(error: &reqwest::Error, total: Duration) -> Self {
        if error.is_connect() {
            Self::Connect(root_cause(error))
        } else if error.is_timeout() {
            Self::Timeout(total)
        } else {
            Self::Broken(root_cause(error))
        }
    }

    /// Reads an error of reqwest's, raised while a body was read.
    pub fn of_body(error: &reqwest::Error) -> Self {
        Self::CutOff(if is_timeout(error) {
            "no more of it came in time".to_owned()
        } else {
            root_cause(error)
        })
    }

    /// Reads why JSON could not be read: half of it, or none of it.
    pub fn of_json(error: &serde_json::Error, headers: &HeaderMap, body: &[u8]) -> Self {
        if looks_like_html(headers, body) {
            Self::Html
        } else if error.is_eof() {
            Self::CutOff("the JSON is not complete".to_owned())
        } else {
            Self::Unreadable(clean(&error.to_string()))
        }
    }

    /// Says whether nothing can have reached the forge.
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Address { .. }
            | Self::CaFile { .. }
            | Self::Client(_)
            | Self::Connect(_)
            | Self::Paused { .. }
            | Self::Reserved { .. } => true,
            Self::Timeout(_)
            | Self::Broken(_)
            | Self::CutOff(_)
            | Self::Html
            | Self::TooLarge(_)
            | Self::Unreadable(_)
            | Self::TooHeavy(_)
            | Self::Redirected(_)
            | Self::Redirects(_)
            | Self::Pages(_)
            | Self::PageCircle
            | Self::Refused(_) => false,
        }
    }

    /// Says whether a read may be better the next time it is tried.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connect(_)
            | Self::Timeout(_)
            | Self::Broken(_)
            | Self::CutOff(_)
            | Self::Html => true,
            Self::Refused(refusal) => {
                matches!(refusal.status, 500 | 502..=504) && refusal.retry_at.is_none()
            }
            _ => false,
        }
    }

    /// Says whether the forge may have choked on the size of what we asked.
    pub fn is_overload(&self) -> bool {
        match self {
            Self::Timeout(_)
            | Self::CutOff(_)
            | Self::Html
            | Self::TooLarge(_)
            | Self::TooHeavy(_) => true,
            Self::Refused(refusal) => matches!(refusal.status, 502 | 504),
            _ => false,
        }
    }

    /// Returns the kind of fault this is.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Address { .. }
            | Self::CaFile { .. }
            | Self::Client(_)
            | Self::Connect(_)
            | Self::Timeout(_)
            | Self::Broken(_) => FaultKind::Unreachable,
            Self::CutOff(_) | Self::Html | Self::TooHeavy(_) => FaultKind::ForgeTrouble,
            Self::TooLarge(_)
            | Self::Unreadable(_)
            | Self::Redirected(_)
            | Self::Redirects(_)
            | Self::Pages(_)
            | Self::PageCircle => FaultKind::Unreadable,
            Self::Paused { .. } | Self::Reserved { .. } => FaultKind::RateLimited,
            Self::Refused(refusal) => refusal.kind,
        }
    }

    /// Says it in the operator's words: `doing` is the operation and its object.
    pub fn to_fault(&self, forge: &ForgeName, doing: impl Into<String>, at: Timestamp) -> Fault {
        let (hint, request, retry_at) = match self {
            Self::Refused(refusal) => (
                refusal.hint.clone(),
                refusal.request.clone(),
                refusal.retry_at,
            ),
            Self::Paused { until } | Self::Reserved { until } => (None, None, Some(*until)),
            Self::Html => (
                Some(
                    "something stands between here and the forge: look at its `url`, and at proxies"
                        .to_owned(),
                ),
                None,
                None,
            ),
            Self::Redirected(_) => (
                Some(MOVED.to_owned()),
                None,
                None,
            ),
            _ => (None, None, None),
        };
        Fault {
            kind: self.kind(),
            forge: forge.clone(),
            doing: doing.into(),
            why: clean(&self.to_string()),
            hint: hint.or_else(|| usual_hint(self.kind()).map(str::to_owned)),
            request,
            at,
            retry_at,
        }
    }
}

/// Returns the forge's id of a request.
pub fn request_id(headers: &HeaderMap) -> Option<String> {
    header(headers, "x-github-request-id").or_else(|| header(headers, "x-request-id"))
}

/// Returns the innermost cause in words; the outer ones repeat our URL.
pub fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    shorten(&clean(&cause.to_string()), LONGEST_MESSAGE)
}

fn is_timeout(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error
            .downcast_ref::<reqwest::Error>()
            .is_some_and(reqwest::Error::is_timeout)
        {
            return true;
        }
        cause = error.source();
    }
    false
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(clean)
}

fn looks_like_html(headers: &HeaderMap, body: &[u8]) -> bool {
    header(headers, "content-type").is_some_and(|kind| kind.contains("text/html"))
        || body.trim_ascii_start().starts_with(b"<")
}

fn status_words(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    match reason {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    http::HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn refusals_are_told_apart() {
        let secondary = br#"{"message":"You have exceeded a secondary rate limit."}"#.as_slice();
        let forbidden = br#"{"message":"Resource not accessible by personal access token"}"#;
        let sso = "required; url=https://github.com/orgs/acme/sso?x=1";
        for (status, pairs, body, kind, hint) in [
            (
                401,
                &[][..],
                &b"{\"message\":\"Bad credentials\"}"[..],
                FaultKind::Unauthorized,
                Some("renew"),
            ),
            (
                403,
                &[("x-github-sso", sso)],
                b"{}",
                FaultKind::SingleSignOn,
                Some("https://github.com/orgs/acme/sso?x=1"),
            ),
            (
                403,
                &[("x-accepted-github-permissions", "deployments=write")],
                forbidden,
                FaultKind::Forbidden,
                Some("deployments=write"),
            ),
            (
                403,
                &[("x-ratelimit-remaining", "0")],
                b"{}",
                FaultKind::RateLimited,
                None,
            ),
            (403, &[], secondary, FaultKind::RateLimited, None),
            (429, &[], b"", FaultKind::RateLimited, None),
            (
                404,
                &[],
                b"{\"message\":\"Not Found\"}",
                FaultKind::NotFound,
                Some("token may read"),
            ),
            (
                422,
                &[],
                b"{\"message\":\"Validation Failed\"}",
                FaultKind::Refused,
                None,
            ),
            (410, &[], b"", FaultKind::Refused, None),
            (502, &[], b"<html>", FaultKind::ForgeTrouble, None),
            (302, &[], b"", FaultKind::Refused, Some("`url`")),
        ] {
            let refusal = Refusal::of(status, &headers(pairs), body);
            assert_eq!(refusal.kind, kind, "{status}");
            match hint {
                Some(part) => assert!(refusal.hint.unwrap().contains(part), "{status}"),
                None => assert_eq!(refusal.hint, None, "{status}"),
            }
        }
    }

    #[test]
    fn html_is_named_and_not_shown() {
        let refusal = Refusal::of(502, &headers(&[]), b"<!DOCTYPE html><h1>Unicorn!</h1>");
        assert_eq!(refusal.why, "HTML instead of JSON (502 Bad Gateway)");
        assert!(!refusal.says_why);
    }

    #[test]
    fn html_for_json_and_a_redirect_to_nowhere_are_called_what_they_are() {
        let json = serde_json::from_slice::<u8>(b"<html>").unwrap_err();
        let forge = ForgeName::from("github");
        let fault = Error::of_json(&json, &headers(&[]), b"<html>");
        let fault = fault.to_fault(&forge, "reading", Timestamp::UNIX_EPOCH);
        assert_eq!(fault.why, "the answer is HTML instead of JSON");
        assert!(fault.hint.unwrap().contains("proxies"));
        let moved = Refusal::of(302, &headers(&[]), b"");
        assert_eq!(moved.why, "redirected (302 Found)");
    }

    #[test]
    fn each_trouble_of_a_read_says_what_to_do_next() {
        let forge = ForgeName::from("github");
        for (status, part) in [
            (403, "scopes"),
            (429, "token of its own"),
            (500, "status page"),
        ] {
            let refusal = Refusal::of(status, &headers(&[]), b"");
            let error = Error::Refused(Box::new(refusal));
            let fault = error.to_fault(&forge, "reading", Timestamp::UNIX_EPOCH);
            assert!(fault.hint.unwrap().contains(part), "{status}");
        }
        let until = Timestamp::UNIX_EPOCH;
        let paused = Error::Reserved { until }.to_fault(&forge, "reading", until);
        assert!(
            paused
                .sentence()
                .contains("(rate limited, until 00:00:00Z)"),
            "{paused}"
        );
    }

    #[test]
    fn validation_errors_name_their_field() {
        let body = br#"{"message":"Validation Failed","errors":[{"resource":"Release","code":"already_exists","field":"tag_name"},"plain",7]}"#;
        let refusal = Refusal::of(422, &headers(&[]), body);
        assert_eq!(
            refusal.why,
            "Validation Failed; tag_name already_exists; plain"
        );
    }

    #[test]
    fn what_the_forge_says_is_cleaned_and_cut() {
        let body = serde_json::json!({"message": format!("\u{1b}[31m{}", "x".repeat(9999))});
        let refusal = Refusal::of(422, &headers(&[]), body.to_string().as_bytes());
        assert!(!refusal.why.contains('\u{1b}'));
        assert!(refusal.why.chars().count() <= LONGEST_MESSAGE);
    }
}
