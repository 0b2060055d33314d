//! The root of all queries.

use async_graphql::{Context, Error, Object, SimpleObject};

use super::{
    cost::Cost,
    error::{Nullable, error, nullable},
    people::User,
    place::Place,
    repository::Repository,
    scalar::{DateTime, count},
};
use crate::sim::shared::{Budget, Session};

/// The query root of GitHub's GraphQL interface.
#[derive(Debug)]
pub struct Query;

/// What the operation has been charged, for `rateLimit`.
#[derive(Debug, Clone, Copy)]
pub struct Charged {
    /// What it costs.
    pub cost: Cost,
    /// What is left; `None` where there are no limits.
    pub budget: Option<Budget>,
}

/// Represents the client's rate limit.
#[derive(Debug, SimpleObject)]
pub struct RateLimit {
    /// The point cost for the current query counting against the rate limit.
    cost: i32,
    /// The maximum number of points the client is permitted to consume in a 60 minute window.
    limit: i32,
    /// The number of points remaining in the current rate limit window.
    remaining: i32,
    /// The number of points used in the current rate limit window.
    used: i32,
    /// The time at which the current rate limit window resets in UTC epoch seconds.
    reset_at: DateTime,
    /// The maximum number of nodes this query may return.
    node_count: i32,
}

#[Object]
impl Query {
    /// The client's rate limit information.
    async fn rate_limit(&self, ctx: &Context<'_>) -> Nullable<RateLimit> {
        nullable(|| {
            let Charged { cost, budget } = *ctx.data::<Charged>()?;
            Ok(budget.map(|budget| RateLimit {
                cost: count(cost.points),
                limit: count(budget.limit),
                remaining: count(budget.remaining()),
                used: count(budget.used),
                reset_at: DateTime(budget.reset),
                node_count: count(cost.nodes),
            }))
        })
    }

    /// The currently authenticated user.
    async fn viewer<'c>(&self, ctx: &Context<'c>) -> Result<User<'c>, Error> {
        let session = ctx.data::<Session>()?;
        Ok(User {
            state: &session.state,
            login: &session.token.login,
        })
    }

    /// Lookup a given repository by the owner and repository name.
    async fn repository<'c>(
        &self,
        ctx: &Context<'c>,
        owner: String,
        name: String,
    ) -> Nullable<Repository<'c>> {
        nullable(|| {
            let session = ctx.data::<Session>()?;
            let whole = format!("{owner}/{name}");
            let not_found =
                || format!("Could not resolve to a Repository with the name '{whole}'.");
            let broken = session
                .partial
                .iter()
                .find(|it| it.repo.eq_ignore_ascii_case(&whole));
            if let Some(it) = broken {
                let message = match it.message.as_str() {
                    "" if it.error == "NOT_FOUND" => not_found(),
                    "" => "Something went wrong while executing your query.".to_owned(),
                    message => message.to_owned(),
                };
                return Err(error(&it.error, message));
            }
            let state = &session.state;
            let repo = state
                .repo(&owner, &name)
                .or_else(|| state.moved(&whole))
                .filter(|it| !it.private || session.token.sees(&it.owner, &it.name))
                .ok_or_else(|| error("NOT_FOUND", not_found()))?;
            Ok(Some(Repository(Place {
                session,
                state,
                repo,
            })))
        })
    }
}
