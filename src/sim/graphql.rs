//! The GraphQL side. Placeholder until the branch that has it is merged.

use std::sync::Arc;

use async_graphql::{Request, Response, ServerError};

use crate::sim::shared::{Session, Shared};

pub type GraphqlSchema = Arc<Shared>;

pub fn schema(shared: Arc<Shared>) -> GraphqlSchema {
    shared
}

pub async fn execute(_schema: &GraphqlSchema, _session: Session, _request: Request) -> Response {
    Response::from_errors(vec![ServerError::new("GraphQL is not merged yet", None)])
}
