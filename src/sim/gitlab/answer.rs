//! GitLab's shapes of a no: `{message: …}` from its own code, `{error: …}` from its parameter checks.

use serde_json::{Value, json};

use crate::sim::rest::Answer;

/// A no of GitLab's own code.
pub fn message(status: u16, text: impl Into<Value>) -> Answer {
    Answer::json(status, json!({"message": text.into()}))
}

/// A no of the checks of parameters.
pub fn error(text: impl Into<Value>) -> Answer {
    Answer::json(400, json!({"error": text.into()}))
}

/// A parameter that is not there.
pub fn missing(name: &str) -> Answer {
    error(format!("{name} is missing"))
}

/// A parameter that is none of those it may be.
pub fn invalid(name: &str) -> Answer {
    error(format!("{name} does not have a valid value"))
}

/// Not there, or not to be known of.
pub fn not_found(what: &str) -> Answer {
    match what {
        "" => message(404, "404 Not found"),
        what => message(404, format!("404 {what} Not Found")),
    }
}

/// Not with this role.
pub fn forbidden(why: &str) -> Answer {
    match why {
        "" => message(403, "403 Forbidden"),
        why => message(403, format!("403 Forbidden - {why}")),
    }
}

/// Asked for nonsense.
pub fn bad_request(why: &str) -> Answer {
    message(400, format!("400 Bad request - {why}"))
}

/// Something that does not validate: which field, and why.
pub fn unfit(status: u16, field: &str, why: &str) -> Answer {
    message(status, json!({field: [why]}))
}

/// No token, or none that is known.
pub fn unauthorized() -> Answer {
    message(401, "401 Unauthorized")
}

/// A token that may not do as much.
pub fn scope(needed: &str) -> Answer {
    Answer::json(
        403,
        json!({
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": needed,
        }),
    )
}

/// Too much, as GitLab's middleware says it.
pub fn throttled() -> Answer {
    Answer::raw(429, "text/plain", b"Retry later\n".to_vec())
}
