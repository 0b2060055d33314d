//! GitLab's GraphQL: its type and field names over the live state, read only.
//!
//! A document is weighed before it is executed (`weigh`); acts are REST's.

#![expect(
    clippy::unused_async,
    reason = "async-graphql takes no resolver that is not async"
)]

use async_graphql::{EmptyMutation, EmptySubscription, Request, Response, Schema, Variables};
use serde_json::{Map, Value, json};

use crate::sim::shared::Session;

pub mod deploy;
pub mod merge;
pub mod page;
pub mod pipeline;
pub mod project;
pub mod query;
pub mod weigh;

use query::Query;
use weigh::{Score, Types};

/// The most that a query may weigh for somebody who is known, and for others.
pub const LIMITS: (u32, u32) = (250, 200);

/// The longest text of a query; variables do not count.
const LONGEST: usize = 10_000;

/// The schema, and what is looked up in it before a document is executed.
pub struct GitlabSchema {
    schema: Schema<Query, EmptyMutation, EmptySubscription>,
    types: Types,
}

impl std::fmt::Debug for GitlabSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitlabSchema").finish_non_exhaustive()
    }
}

impl Default for GitlabSchema {
    fn default() -> Self {
        let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
        // The schema's own text always parses.
        let types = Types::of(&schema.sdl()).unwrap_or_default();
        Self { schema, types }
    }
}

impl GitlabSchema {
    /// The schema in its own language.
    pub fn sdl(&self) -> String {
        self.schema.sdl()
    }

    /// Answers a body: one document, or several in a list, of which each has its own answer.
    pub async fn answer(&self, session: &Session, body: &[u8]) -> Value {
        match serde_json::from_slice(body) {
            Ok(Value::Array(all)) => {
                let mut answers = Vec::with_capacity(all.len());
                for one in &all {
                    answers.push(self.one(session, one).await);
                }
                Value::Array(answers)
            }
            Ok(one) => self.one(session, &one).await,
            Err(_) => errors("Unexpected end of document"),
        }
    }

    async fn one(&self, session: &Session, body: &Value) -> Value {
        let Some(text) = body.get("query").and_then(Value::as_str) else {
            return errors("Unexpected end of document");
        };
        if text.len() > LONGEST {
            return errors("Query too large");
        }
        let variables = match body.get("variables") {
            Some(it @ Value::Object(_)) => Variables::from_json(it.clone()),
            _ => Variables::default(),
        };
        let mut request = Request::new(text).variables(variables.clone());
        let name = body.get("operationName").and_then(Value::as_str);
        if let Some(name) = name {
            request = request.operation_name(name);
        }
        let document = match request.parsed_query() {
            Ok(document) => document,
            Err(error) => return shaped(Response::from_errors(vec![error])),
        };
        let weighed = self
            .types
            .weigh(document, name, &variables, &session.state.lacks);
        let score = match weighed {
            Ok(score) => score,
            Err(undefined) => return json!({"errors": undefined}),
        };
        let (limit, _) = LIMITS;
        if score > limit {
            return errors(&format!(
                "Query has complexity of {score}, which exceeds max complexity of {limit}"
            ));
        }
        let request = request
            .data(session.clone())
            .data(Score { score, limit })
            .data(query::Once::default());
        let mut answer = shaped(self.schema.execute(request).await);
        hide(&mut answer, &session.state.lacks);
        answer
    }
}

/// An answer without data.
pub fn errors(message: &str) -> Value {
    json!({"errors": [{"message": message}]})
}

// What an old server lacks is not to be seen when it is asked for its types either.
fn hide(answer: &mut Value, lacks: &[String]) {
    if lacks.is_empty() {
        return;
    }
    match answer {
        Value::Object(map) => {
            let of = map.get("name").and_then(Value::as_str).map(str::to_owned);
            if let (Some(of), Some(Value::Array(fields))) = (of, map.get_mut("fields")) {
                fields.retain(|it| {
                    let name = it.get("name").and_then(Value::as_str).unwrap_or_default();
                    !lacks.iter().any(|lack| *lack == format!("{of}.{name}"))
                });
            }
            map.values_mut().for_each(|it| hide(it, lacks));
        }
        Value::Array(items) => items.iter_mut().for_each(|it| hide(it, lacks)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn shaped(response: Response) -> Value {
    let mut body = Map::new();
    let executed =
        response.errors.is_empty() || response.errors.iter().any(|it| !it.path.is_empty());
    if executed {
        let data = response.data.into_json().unwrap_or(Value::Null);
        body.insert("data".to_owned(), data);
    }
    if !response.errors.is_empty() {
        let all = response.errors.iter().map(|it| {
            let locations: Vec<Value> = it
                .locations
                .iter()
                .map(|it| json!({"line": it.line, "column": it.column}))
                .collect();
            let mut shaped = json!({"message": it.message, "locations": locations});
            if let (false, Some(map)) = (it.path.is_empty(), shaped.as_object_mut()) {
                map.insert("path".to_owned(), json!(it.path));
            }
            shaped
        });
        body.insert("errors".to_owned(), all.collect());
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests;
