//! GraphQL answers of GitLab: data, errors beside it, and what the query weighed.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::fault::FaultKind;
use crate::domain::text::{clean, shorten};
use crate::forge::error::{Error, Refusal};

/// The envelope of an answer to a query.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    data: Option<Data>,
    #[serde(default)]
    errors: Option<Vec<Trouble>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data {
    projects: Option<Nodes>,
    query_complexity: Option<Complexity>,
}

/// What a query weighed, of what it may.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Complexity {
    pub(super) score: Option<u64>,
    pub(super) limit: Option<u64>,
}

/// A connection: each node may be null.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Nodes {
    pub(super) count: Option<u64>,
    pub(super) nodes: Option<Vec<Value>>,
}

/// One entry of `errors`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Trouble {
    #[serde(default)]
    message: String,
    extensions: Option<Extensions>,
    path: Option<Vec<Value>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Extensions {
    code: Option<String>,
}

/// What the projects of a batch answered.
#[derive(Debug, Default)]
pub(super) struct Projects {
    pub(super) nodes: Vec<Value>,
    /// What went wrong below some of them.
    pub(super) troubles: Vec<Trouble>,
    pub(super) complexity: Option<Complexity>,
}

impl Trouble {
    /// Says whether the server does not know a field, an argument or a value that we ask for.
    pub(super) fn is_of_version(&self) -> bool {
        let code = self
            .extensions
            .as_ref()
            .and_then(|known| known.code.as_deref());
        let by_code = code.is_some_and(|code| {
            matches!(
                code,
                "undefinedField"
                    | "argumentNotAccepted"
                    | "argumentLiteralsIncompatible"
                    | "undefinedType"
            )
        });
        by_code || self.message.contains("doesn't exist on type")
    }

    fn is_too_heavy(&self) -> bool {
        let words = self.message.to_lowercase();
        words.contains("complexity") || words.contains("timed out") || words.contains("timeout")
    }

    pub(super) fn message(&self) -> String {
        shorten(&clean(&self.message), 300)
    }

    /// Returns the place of the project that the error is about, within the answer's list.
    pub(super) fn place(&self) -> Option<usize> {
        let place = self.path.as_ref()?.iter().find_map(Value::as_u64)?;
        usize::try_from(place).ok()
    }

    fn to_error(&self) -> Error {
        let why = self.message();
        if self.is_too_heavy() {
            return Error::TooHeavy(why);
        }
        Error::Refused(Box::new(Refusal {
            status: 200,
            kind: FaultKind::Refused,
            why,
            hint: None,
            request: None,
            retry_at: None,
            says_why: true,
        }))
    }
}

impl Reply {
    /// Says whether the server refused the query for what it does not know.
    pub(super) fn is_of_version(&self) -> bool {
        let errors = self.errors.as_deref().unwrap_or_default();
        self.data.is_none() && errors.iter().any(Trouble::is_of_version)
    }

    /// Returns the projects that there are, or why there are none at all.
    pub(super) fn projects(self) -> Result<Projects, Error> {
        let troubles = self.errors.unwrap_or_default();
        let data = self.data.unwrap_or_default();
        let Some(found) = data.projects else {
            let heavy = troubles.iter().find(|trouble| trouble.is_too_heavy());
            return Err(heavy.or(troubles.first()).map_or_else(
                || Error::Unreadable("neither projects nor errors".to_owned()),
                Trouble::to_error,
            ));
        };
        Ok(Projects {
            nodes: found.nodes.unwrap_or_default(),
            troubles,
            complexity: data.query_complexity,
        })
    }
}

/// Returns the number at the end of a global id: `gid://gitlab/Ci::Pipeline/123` is 123.
pub(super) fn number(id: &str) -> Option<u64> {
    id.rsplit('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_query_that_is_too_heavy_or_too_new_is_told_from_one_that_failed() {
        let heavy = r#"{"errors":[{"message":"Query has complexity of 300, which exceeds max complexity of 250"}]}"#;
        assert!(matches!(reply(heavy).projects(), Err(Error::TooHeavy(_))));
        let old = r#"{"errors":[{"message":"Field 'approvalsLeft' doesn't exist on type 'MergeRequest'","extensions":{"code":"undefinedField"}}]}"#;
        assert!(reply(old).is_of_version());
        let other = r#"{"errors":[{"message":"odd\u001b"}]}"#;
        assert!(!reply(other).is_of_version());
        let error = reply(other).projects().unwrap_err();
        assert_eq!(error.to_string(), "odd\u{fffd}");
        let partial = r#"{"data":{"projects":{"nodes":[null]}},"errors":[{"message":"x","path":["projects","nodes",0,"webUrl"]}]}"#;
        let partial = reply(partial).projects().unwrap();
        assert_eq!(
            (partial.nodes.len(), partial.troubles[0].place()),
            (1, Some(0))
        );
    }

    #[test]
    fn a_global_id_ends_in_the_number_that_rest_knows() {
        assert_eq!(number("gid://gitlab/Ci::Pipeline/123"), Some(123));
        assert_eq!(number("gid://gitlab/Project/abc"), None);
    }
}
