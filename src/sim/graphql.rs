//! The GraphQL API: GitHub's type and field names over the live state.
//!
//! A document is read, weighed and charged before it is executed; what acts do is in `act`. It
//! knows nothing of HTTP but the status of its answer.

#![expect(
    clippy::unused_async,
    reason = "async-graphql takes no resolver that is not async"
)]

use async_graphql::{
    EmptySubscription, Request, Schema, ServerError, Variables,
    parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition},
};
use serde_json::{Map, Value, json};

use crate::sim::shared::{Budget, Resource, Session};

pub mod blob;
pub mod check;
pub mod commit;
pub mod cost;
pub mod deployment;
pub mod error;
pub mod git_ref;
pub mod input;
pub mod issue;
pub mod mutation;
pub mod page;
pub mod people;
pub mod place;
pub mod pull;
pub mod query;
pub mod release;
pub mod repository;
pub mod rollup;
pub mod scalar;
#[cfg(test)]
pub(super) mod tests;
pub mod words;

use cost::{NODE_LIMIT, Types};
use mutation::{Aftermath, Mutation};
use query::{Charged, Query};

/// The schema, and what is looked up in it before a document is executed.
pub struct GraphqlSchema {
    schema: Schema<Query, Mutation, EmptySubscription>,
    types: Types,
}

impl std::fmt::Debug for GraphqlSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphqlSchema").finish_non_exhaustive()
    }
}

/// Builds the schema; it holds no state, so one serves every connection.
pub fn schema() -> GraphqlSchema {
    let schema = Schema::new(Query, Mutation, EmptySubscription);
    // The schema's own text always parses.
    let types = Types::of(&schema.sdl()).unwrap_or_default();
    GraphqlSchema { schema, types }
}

impl GraphqlSchema {
    /// The schema in its own language.
    pub fn sdl(&self) -> String {
        self.schema.sdl()
    }
}

/// What is sent back.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// What was charged.
    pub cost: u32,
    /// What is left, for the headers; `None` where there are no limits or nothing was charged.
    pub budget: Option<Budget>,
}

impl Reply {
    fn refused(status: u16, message: &str) -> Self {
        let body = json!({
            "message": message,
            "documentation_url": "https://docs.github.com/graphql",
            "status": status.to_string(),
        });
        Self {
            status,
            body,
            cost: 0,
            budget: None,
        }
    }

    fn errors(errors: Value) -> Self {
        Self {
            status: 200,
            body: Value::Object(Map::from_iter([("errors".to_owned(), errors)])),
            cost: 0,
            budget: None,
        }
    }
}

/// What a primary limit that is spent answers: 200, as on GitHub.
pub fn rate_limited(session: &Session) -> Reply {
    let id = session.state.user(&session.token.login).id;
    let message = format!("API rate limit already exceeded for user ID {id}.");
    Reply {
        budget: session.shared.charge(&session.token, Resource::Graphql, 0),
        ..Reply::errors(json!([{"type": "RATE_LIMITED", "message": message}]))
    }
}

/// A body that has been read, but not yet carried out.
#[derive(Debug)]
pub struct Asked {
    request: Request,
    /// The name of the operation that is asked for, for faults and log.
    pub operation: Option<String>,
}

impl Asked {
    /// Reads a body; a document that does not parse is refused here.
    pub fn read(body: &[u8]) -> Result<Self, Reply> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|_| Reply::refused(400, "Problems parsing JSON"))?;
        let Some(Value::String(query)) = body.get("query") else {
            let message = "A query attribute must be specified and must be a string.";
            return Err(Reply::refused(400, message));
        };
        let variables = match body.get("variables") {
            None | Some(Value::Null) => Variables::default(),
            Some(it @ Value::Object(_)) => Variables::from_json(it.clone()),
            Some(_) => {
                return Err(Reply::errors(
                    json!([{"message": "Variables must be a hash."}]),
                ));
            }
        };
        let name = body.get("operationName").and_then(Value::as_str);
        let mut request = Request::new(query.clone()).variables(variables);
        let document = match request.parsed_query() {
            Ok(document) => document,
            Err(error) => return Err(unread(error)),
        };
        let operation = name.map(str::to_owned).or_else(|| only_name(document));
        if let Some(name) = name {
            request = request.operation_name(name);
        }
        Ok(Self { request, operation })
    }
}

fn unread(error: ServerError) -> Reply {
    let response = async_graphql::Response::from_errors(vec![error]);
    let body = error::body(response);
    Reply::errors(body.get("errors").cloned().unwrap_or_default())
}

fn only_name(document: &ExecutableDocument) -> Option<String> {
    match &document.operations {
        DocumentOperations::Multiple(all) if all.len() == 1 => {
            all.keys().next().map(ToString::to_string)
        }
        DocumentOperations::Single(_) | DocumentOperations::Multiple(_) => None,
    }
}

fn chosen<'d>(
    document: &'d ExecutableDocument,
    name: Option<&str>,
) -> Option<&'d OperationDefinition> {
    match &document.operations {
        DocumentOperations::Single(it) => name.is_none().then_some(&it.node),
        DocumentOperations::Multiple(all) => match name {
            Some(name) => all.get(name).map(|it| &it.node),
            None => all
                .values()
                .next()
                .filter(|_| all.len() == 1)
                .map(|it| &it.node),
        },
    }
}

/// Carries a document out: weighs it, charges it, executes it.
pub async fn execute(schema: &GraphqlSchema, session: Session, asked: Asked) -> Reply {
    let Asked {
        mut request,
        operation,
    } = asked;
    let variables = request.variables.clone();
    let document = match request.parsed_query() {
        Ok(document) => document,
        Err(error) => return unread(error),
    };
    let Some(chosen) = chosen(document, operation.as_deref()) else {
        let message = match &operation {
            Some(name) => format!("No operation named {name:?}"),
            None => "An operation name is required".to_owned(),
        };
        return Reply::errors(json!([{"message": message}]));
    };
    let cost = match schema.types.weigh(document, chosen, &variables) {
        Ok(cost) => cost,
        Err(it) => {
            let message = format!(
                "By the time this query traverses to the {} connection, it is requesting up to {} possible nodes which exceeds the maximum limit of {}.",
                it.connection,
                grouped(it.nodes),
                grouped(NODE_LIMIT)
            );
            return Reply::errors(json!([{"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message}]));
        }
    };
    let left = session.shared.charge(&session.token, Resource::Graphql, 0);
    if left.is_some_and(|it| it.remaining() == 0) {
        return rate_limited(&session);
    }
    let budget = session
        .shared
        .charge(&session.token, Resource::Graphql, cost.points);
    let request = request
        .data(session)
        .data(Charged { cost, budget })
        .data(Aftermath::default());
    let response = schema.schema.execute(request).await;
    Reply {
        status: 200,
        body: error::body(response),
        cost: cost.points,
        budget,
    }
}

// 1010100 as 1,010,100.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
