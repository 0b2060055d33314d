//! Webhooks: one post, no retry, with a client of its own that has no forge's token.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};
use url::Url;

use crate::app::status::SCHEMA;
use crate::config::Env;
use crate::domain::entry::Entry;
use crate::domain::notice::{Address, Form, Notice};
use crate::forge::http::Limits;
use crate::forge::http::client::{self, Pool};

/// How long a post may take.
const LIMIT: Duration = Duration::from_secs(10);
/// However long a server asks for, no rule keeps still for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// How many entries are written out in one message of a chat; the rest is counted.
const SPELT: usize = 10;

/// A webhook that can be posted to.
pub(super) struct Hook {
    form: Form,
    url: Url,
    client: reqwest::Client,
}

/// A post that was not taken, or of which nobody knows.
#[derive(Debug)]
pub(super) struct Lost {
    /// Never with the address in it: whoever knows it may post.
    pub why: String,
    /// How long the server asks to be left alone.
    pub wait: Option<Duration>,
}

impl Hook {
    pub fn new(form: Form, address: &Address, env: &Env) -> Result<Self, String> {
        let text = match address {
            Address::Url(url) => url.as_str(),
            Address::Env(name) => env
                .get(name)
                .ok_or_else(|| format!("the variable {name} is not set"))?,
        };
        // The parser's own words could repeat the secret.
        let wrong = |_| "its address is not a web address".to_owned();
        let url = Url::parse(text).map_err(wrong)?;
        let safe = url.scheme() == "https" || (url.scheme() == "http" && client::is_loopback(&url));
        if !safe || !url.username().is_empty() || url.password().is_some() {
            return Err("its address must start with https://, without a password".to_owned());
        }
        let limits = Limits {
            connect: Duration::from_secs(3),
            total: LIMIT,
            ..Limits::default()
        };
        let client = client::build(&url, None, &limits, Pool::Kept)
            .map_err(|_| "no client could be made for it".to_owned())?;
        Ok(Self { form, url, client })
    }

    /// Posts these entries, once.
    pub async fn post(&self, entries: &[&Entry]) -> Result<(), Lost> {
        let body = match self.form {
            Form::Slack => slack(entries),
            Form::Json => plain(entries),
        };
        let lost = |why: String| Lost { why, wait: None };
        let sent = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .body(body.to_string())
            .send();
        let response = sent.await.map_err(|error| {
            let why = match (error.is_timeout(), error.is_connect()) {
                (true, _) => "the webhook did not answer in time",
                (_, true) => "the webhook cannot be reached",
                (_, _) => "the webhook broke off",
            };
            lost(why.to_owned())
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let wait = response.headers().get(RETRY_AFTER);
        let wait = wait.and_then(|wait| wait.to_str().ok()?.parse::<u64>().ok());
        Err(Lost {
            why: format!("the webhook answered {}", status.as_u16()),
            wait: wait.map(|wait| Duration::from_secs(wait).min(LONGEST_WAIT)),
        })
    }
}

fn slack(entries: &[&Entry]) -> Value {
    let mut lines: Vec<String> = entries
        .iter()
        .take(SPELT)
        .map(|entry| {
            let notice = Notice::of(entry);
            let (title, text) = (escaped(&notice.title), escaped(&notice.text));
            format!("*{title}* {text}")
        })
        .collect();
    if let more @ 1.. = entries.len().saturating_sub(SPELT) {
        lines.push(format!("and {more} more: `gonogo log`"));
    }
    json!({"text": lines.join("\n")})
}

/// As Slack asks for it: otherwise a reason could be a link, or call the whole channel.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn plain(entries: &[&Entry]) -> Value {
    let events: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let notice = Notice::of(entry);
            let draft = &entry.draft;
            json!({
                "seq": entry.seq,
                "at": draft.at,
                "kind": draft.event.kind(),
                "actor": draft.actor,
                "service": draft.service,
                "environment": draft.environment,
                "revision": draft.revision,
                "reason": draft.reason,
                "text": notice.text,
            })
        })
        .collect();
    json!({"schema": SCHEMA, "events": events})
}
