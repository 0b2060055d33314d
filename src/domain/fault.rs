//! Faults: why we cannot know something, in the operator's words. What the wire did lives in
//! `forge/error.rs`, which turns into these.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::ForgeName;

/// What kind of trouble a forge gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// No connection, no answer in time, or a broken one.
    Unreachable,
    /// There is no token to be sent: nobody has one, or its source gave none. Nothing was asked.
    NoToken,
    /// 401: the token is bad or expired.
    Unauthorized,
    /// 403: the token may not do this.
    Forbidden,
    /// 403 with single sign-on required.
    SingleSignOn,
    /// 404, which also masks missing access.
    NotFound,
    /// The budget is spent; `retry_at` says until when.
    RateLimited,
    /// 5xx, HTML where JSON was due, cut bodies.
    ForgeTrouble,
    /// An answer that we cannot read.
    Unreadable,
    /// The forge refused what we asked: 400, 409, 410, 422 and their like.
    Refused,
}

impl FaultKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::NoToken => "no token",
            Self::Unauthorized => "token refused",
            Self::Forbidden => "not permitted",
            Self::SingleSignOn => "single sign-on required",
            Self::NotFound => "not found or no access",
            Self::RateLimited => "rate limited",
            Self::ForgeTrouble => "forge in trouble",
            Self::Unreadable => "unreadable answer",
            Self::Refused => "refused",
        }
    }

    /// Says whether the fault is about the whole forge rather than one service.
    pub fn is_of_forge(self) -> bool {
        match self {
            Self::Unreachable | Self::NoToken | Self::Unauthorized | Self::RateLimited => true,
            Self::Forbidden
            | Self::SingleSignOn
            | Self::NotFound
            | Self::ForgeTrouble
            | Self::Unreadable
            | Self::Refused => false,
        }
    }
}

/// Why a fact could not be had: what failed, on which forge, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    pub forge: ForgeName,
    /// The operation and its object, for instance `reading acme/checkout`.
    pub doing: String,
    /// What the forge or the wire said, cleaned.
    pub why: String,
    /// What the operator can do about it.
    pub hint: Option<String>,
    /// The forge's id of the request, for its support.
    pub request: Option<String>,
    pub at: Timestamp,
    /// When asking again makes sense.
    pub retry_at: Option<Timestamp>,
}

impl Fault {
    /// What failed, where and why, for who shows the hint beside it.
    pub fn sentence(&self) -> String {
        let (forge, doing, why) = (&self.forge, &self.doing, &self.why);
        let again = self.retry_at.map_or_else(String::new, |at| {
            format!(", until {}", at.strftime("%H:%M:%SZ"))
        });
        format!("{forge}: {doing} ({}{again}): {why}", self.kind.word())
    }
}

/// With its hint, for one line.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}
