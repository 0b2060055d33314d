//! Refusals in the server's own words and form: `{"message", "url"}`, and `errors` beside a 404.

use serde_json::{Value, json};

use crate::sim::{act::Refusal, rest::Answer};

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct No {
    status: u16,
    message: String,
    /// Details of a 404.
    errors: Option<Vec<String>>,
    /// No body at all, or the router's plain one.
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Bare,
    Router,
}

impl No {
    /// A refusal with a message.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            errors: None,
            form: Form::Json,
        }
    }

    /// A status and nothing else.
    pub fn bare(status: u16) -> Self {
        Self {
            form: Form::Bare,
            ..Self::new(status, "")
        }
    }

    /// 404: gone, or not for this token.
    pub fn not_found() -> Self {
        Self::new(404, "The target couldn't be found.")
    }

    /// 404 that names what was looked for.
    pub fn missing(what: impl Into<String>) -> Self {
        Self {
            errors: Some(vec![what.into()]),
            ..Self::not_found()
        }
    }

    /// A path that this version does not have.
    pub fn no_route() -> Self {
        Self {
            form: Form::Router,
            ..Self::new(404, "404 page not found\n")
        }
    }

    /// A token that nobody knows.
    pub fn stranger() -> Self {
        Self::new(401, "user does not exist [uid: 0, name: ]")
    }

    /// Nobody asks, where somebody must.
    pub fn anonymous() -> Self {
        Self::new(401, "token is required")
    }

    /// A token without the scope.
    pub fn scope(need: &str) -> Self {
        let words = format!("token does not have at least one of required scope(s): [{need}]");
        Self::new(403, words)
    }

    /// A person who may read and no more.
    pub fn reader() -> Self {
        Self::new(403, "user should have a permission to write to a repo")
    }

    /// A person who may write and no more.
    pub fn no_admin() -> Self {
        let words = "user should be an owner or a collaborator with admin write of a repository";
        Self::new(403, words)
    }

    /// A repository that nobody may change any more.
    pub fn archived(id: u64, name: &str) -> Self {
        Self::new(423, format!("<Repository {id}:{name}> is archived"))
    }

    /// A field that must be there, by its name in Go.
    pub fn required(field: &str) -> Self {
        Self::new(422, format!("[{field}]: Required"))
    }

    /// The answer; `address` is where the server is.
    pub fn into_answer(self, address: &str) -> Answer {
        match self.form {
            Form::Bare => Answer::empty(self.status),
            Form::Router => {
                let kind = "text/plain; charset=utf-8";
                Answer::raw(self.status, kind, self.message.into_bytes())
            }
            Form::Json => {
                let mut body = json!({
                    "message": self.message,
                    "url": format!("{address}/api/swagger"),
                });
                if self.status == 404
                    && let Some(map) = body.as_object_mut()
                {
                    map.insert(
                        "errors".to_owned(),
                        self.errors.map_or(Value::Null, |it| json!(it)),
                    );
                }
                Answer::json(self.status, body)
            }
        }
    }
}

impl From<Refusal> for No {
    // What the common acts refuse beyond our own checks.
    fn from(refusal: Refusal) -> Self {
        match refusal.status {
            404 => Self::not_found(),
            status => Self::new(status, refusal.message),
        }
    }
}
