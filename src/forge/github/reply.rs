//! GraphQL answers: data and errors side by side, since a partial answer is a normal one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::fault::FaultKind;
use crate::domain::text::clean;
use crate::forge::error::{Error, Refusal};

/// The envelope of an answer to a query.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    data: Option<Data>,
    #[serde(default)]
    errors: Option<Vec<Trouble>>,
}

/// The fields of an answer, each as text until somebody takes it: as a tree, an answer about twenty
/// services is ten times as large as its text.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Data(BTreeMap<String, Box<RawValue>>);

impl Data {
    /// Takes a field out.
    pub(super) fn remove(&mut self, field: &str) -> Option<Value> {
        let text = self.0.remove(field)?;
        serde_json::from_str(text.get()).ok()
    }
}

/// One entry of `errors`.
#[derive(Debug, Deserialize)]
pub(super) struct Trouble {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: String,
    path: Option<Vec<Value>>,
}

/// What is left of the budget for queries, by an answer's own word.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rate {
    pub(super) limit: u64,
    pub(super) remaining: u64,
    pub(super) reset_at: Timestamp,
}

/// What kind of trouble an error of a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    NotFound,
    Forbidden,
    /// The query asked for more than the forge wants to compute.
    TooHeavy,
    RateLimited,
    Other,
}

impl Trouble {
    pub(super) fn kind(&self) -> Kind {
        match self.kind.as_deref() {
            Some("NOT_FOUND") => Kind::NotFound,
            Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => Kind::Forbidden,
            Some("RESOURCE_LIMITS_EXCEEDED" | "MAX_NODE_LIMIT_EXCEEDED") => Kind::TooHeavy,
            Some("RATE_LIMITED" | "RATE_LIMIT") => Kind::RateLimited,
            _ if self.message.to_lowercase().contains("rate limit") => Kind::RateLimited,
            _ => Kind::Other,
        }
    }

    pub(super) fn message(&self) -> String {
        clean(&self.message)
    }

    /// Returns the alias of the query's root that the error is about.
    pub(super) fn alias(&self) -> Option<&str> {
        self.path.as_ref()?.first()?.as_str()
    }

    /// Says whether `field` is on the way to what the error is about.
    pub(super) fn touches(&self, field: &str) -> bool {
        self.path
            .as_ref()
            .is_some_and(|path| path.iter().any(|step| step.as_str() == Some(field)))
    }

    /// Returns the innermost named field that the error is about.
    pub(super) fn field(&self) -> Option<&str> {
        self.path.as_ref()?.iter().rev().find_map(Value::as_str)
    }

    /// Turns it into the error of all that it is about.
    pub(super) fn to_error(&self) -> Error {
        let why = self.message();
        let (status, kind, hint) = match self.kind() {
            Kind::TooHeavy => return Error::TooHeavy(why),
            Kind::NotFound => (
                404,
                FaultKind::NotFound,
                Some("check the name, and that the token may read it"),
            ),
            Kind::Forbidden if why.contains("SAML") => (
                403,
                FaultKind::SingleSignOn,
                Some("authorize the token for single sign-on on the forge's token page"),
            ),
            Kind::Forbidden => (403, FaultKind::Forbidden, None),
            Kind::RateLimited => (403, FaultKind::RateLimited, None),
            Kind::Other if why.starts_with("Something went wrong") => {
                (500, FaultKind::ForgeTrouble, None)
            }
            Kind::Other => (400, FaultKind::Refused, None),
        };
        Error::Refused(Box::new(Refusal {
            status,
            kind,
            why,
            hint: hint.map(str::to_owned),
            request: None,
            retry_at: None,
            says_why: true,
        }))
    }

    /// Says whether the error is about something below the alias rather than all of it.
    pub(super) fn is_partial(&self) -> bool {
        self.path.as_ref().is_some_and(|path| path.len() > 1)
    }
}

impl Reply {
    pub(super) fn rate(&self) -> Option<Rate> {
        let rate = self.data.as_ref()?.0.get("rateLimit")?;
        serde_json::from_str(rate.get()).ok()
    }

    pub(super) fn errors(&self) -> &[Trouble] {
        self.errors.as_deref().unwrap_or_default()
    }

    /// Returns the data, or why there is none at all.
    pub(super) fn into_parts(self) -> Result<(Data, Vec<Trouble>), Error> {
        let errors = self.errors.unwrap_or_default();
        match self.data {
            Some(data) => Ok((data, errors)),
            None => Err(errors
                .iter()
                .find(|error| error.kind() == Kind::TooHeavy)
                .or(errors.first())
                .map_or_else(
                    || Error::Unreadable("neither data nor errors".to_owned()),
                    Trouble::to_error,
                )),
        }
    }

    /// Returns the forge's words if it answered nothing because of the rate.
    pub(super) fn rate_refusal(&self) -> Option<String> {
        self.errors()
            .iter()
            .find(|error| error.kind() == Kind::RateLimited)
            .map(Trouble::message)
    }
}

/// A connection of GraphQL: each node may be null, and one that we can't read spoils no other.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Nodes {
    pub(super) total_count: Option<u64>,
    nodes: Option<Vec<Value>>,
}

impl Nodes {
    /// Reads the nodes, counting in `gaps` those that can't be read.
    pub(super) fn read<T: DeserializeOwned>(self, what: &str, gaps: &mut Vec<String>) -> Vec<T> {
        let mut read = Vec::new();
        for node in self.nodes.unwrap_or_default() {
            if node.is_null() {
                continue;
            }
            match serde_json::from_value(node) {
                Ok(node) => read.push(node),
                Err(error) => {
                    let gap = format!("{what}: one cannot be read ({})", clean(&error.to_string()));
                    if !gaps.contains(&gap) {
                        gaps.push(gap);
                    }
                }
            }
        }
        read
    }
}

/// Reads the nodes of a connection that may be missing.
pub(super) fn nodes<T: DeserializeOwned>(
    connection: Option<Nodes>,
    what: &str,
    gaps: &mut Vec<String>,
) -> Vec<T> {
    connection.unwrap_or_default().read(what, gaps)
}
