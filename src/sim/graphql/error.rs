//! Errors as GitHub shapes them: `type` beside `message`, not inside of `extensions`.

use async_graphql::{Error, ErrorExtensions as _, PathSegment, Response, ServerError, Value};
use serde_json::{Map, Value as Json, json};

use crate::sim::act::Refusal;

/// A field that is null when it fails, with its error beside; elsewhere an error makes the nearest
/// nullable ancestor null, as the specification wants.
pub type Nullable<T> = Option<Result<T, Error>>;

/// Resolves a nullable field.
pub fn nullable<T>(resolve: impl FnOnce() -> Result<Option<T>, Error>) -> Nullable<T> {
    resolve().transpose()
}

/// An error of one of GitHub's types.
pub fn error(kind: &str, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, values| values.set("type", kind))
}

/// What a token without the grant reads.
pub fn forbidden() -> Error {
    error(
        "FORBIDDEN",
        "Resource not accessible by personal access token",
    )
}

/// A node id that leads nowhere, or where the token must not look.
pub fn no_node(id: &str) -> Error {
    error(
        "NOT_FOUND",
        format!("Could not resolve to a node with the global id of '{id}'."),
    )
}

/// A refused act.
pub fn refused(refusal: &Refusal) -> Error {
    let details: Vec<String> = refusal
        .errors
        .iter()
        .map(|it| match &it.message {
            Some(message) => message.clone(),
            None => format!("{} is {}", it.field, it.code.replace('_', " ")),
        })
        .collect();
    let message = if details.is_empty() {
        refusal.message.clone()
    } else {
        details.join(", ")
    };
    error(refusal.kind(), message)
}

/// The body of an answer; a document that was never executed has no `data`.
pub fn body(response: Response) -> Json {
    let mut body = Map::new();
    let executed =
        response.errors.is_empty() || response.errors.iter().any(|it| !it.path.is_empty());
    if executed {
        let data = response.data.into_json().unwrap_or(Json::Null);
        body.insert("data".to_owned(), data);
    }
    if !response.errors.is_empty() {
        let errors = response.errors.into_iter().map(shape).collect();
        body.insert("errors".to_owned(), Json::Array(errors));
    }
    Json::Object(body)
}

fn shape(error: ServerError) -> Json {
    let mut shaped = Map::new();
    let kind = error.extensions.as_ref().and_then(|it| it.get("type"));
    if let Some(Value::String(kind)) = kind {
        shaped.insert("type".to_owned(), json!(kind));
    }
    if !error.path.is_empty() {
        let path: Vec<Json> = error
            .path
            .iter()
            .map(|it| match it {
                PathSegment::Field(name) => json!(name),
                PathSegment::Index(index) => json!(index),
            })
            .collect();
        shaped.insert("path".to_owned(), Json::Array(path));
    }
    let undefined = undefined(&error.message);
    if let Some((field, of)) = undefined {
        let extensions = json!({"code": "undefinedField", "typeName": of, "fieldName": field});
        shaped.insert("extensions".to_owned(), extensions);
    }
    let locations: Vec<Json> = error
        .locations
        .iter()
        .map(|it| json!({"line": it.line, "column": it.column}))
        .collect();
    shaped.insert("locations".to_owned(), Json::Array(locations));
    let message = match undefined {
        Some((field, of)) => format!("Field '{field}' doesn't exist on type '{of}'"),
        None => error.message,
    };
    shaped.insert("message".to_owned(), Json::String(message));
    Json::Object(shaped)
}

// The library says `Unknown field "x" on type "Y".`; clients of old servers look for GitHub's words.
fn undefined(message: &str) -> Option<(&str, &str)> {
    let (field, rest) = message
        .strip_prefix("Unknown field \"")?
        .split_once("\" on type \"")?;
    let (of, _) = rest.split_once('"')?;
    Some((field, of))
}
