//! The root of all queries, GitLab's scalars, and what may be asked once only.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_graphql::{
    Context, Error, ID, InputValueError, InputValueResult, Object, Scalar, ScalarType,
    SimpleObject, Value,
};
use jiff::Timestamp;

use super::{
    page::Slice,
    project::{Project, ProjectConnection},
    weigh::Score,
};
use crate::sim::{
    gitlab::shape::stamp,
    model::{Repo, State},
    shared::Session,
};

/// The most paths that one call may name.
const PATHS: usize = 50;

/// Where a resolver stands; everything below a project carries one.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Who asks.
    pub session: &'a Session,
    /// What they see.
    pub state: &'a State,
    /// The project.
    pub repo: &'a Repo,
}

/// A global id.
pub fn gid(kind: &str, id: u64) -> ID {
    format!("gid://gitlab/{kind}/{id}").into()
}

/// Time represented in ISO 8601.
#[derive(Debug, Clone, Copy)]
pub struct Time(pub Timestamp);

/// Time represented in ISO 8601.
#[Scalar]
impl ScalarType for Time {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Ok(Self(text.parse()?)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(stamp(self.0))
    }
}

/// A `CommitStatusID` as a global ID; jobs have it.
#[derive(Debug, Clone)]
pub struct JobId(pub String);

/// A `CommitStatusID` as a global ID; jobs have it.
#[Scalar(name = "JobID")]
impl ScalarType for JobId {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Which fields a request has asked for, of how many things.
#[derive(Debug, Default)]
pub struct Once(Mutex<HashMap<&'static str, u32>>);

impl Once {
    /// Counts a field that one thing only may be asked for in a request.
    pub fn ask(ctx: &Context<'_>, field: &'static str, of: &str) -> Result<(), Error> {
        let Self(asked) = ctx.data::<Self>()?;
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry(field).or_insert(0);
        *count += 1;
        if *count > 1 {
            let words = format!("\"{field}\" field can be requested only for 1 {of}(s) at a time.");
            return Err(Error::new(words));
        }
        Ok(())
    }
}

/// The query root of GitLab's GraphQL interface.
#[derive(Debug)]
pub struct Query;

/// How complex the query is.
#[derive(Debug, SimpleObject)]
pub struct QueryComplexity {
    /// GraphQL query complexity score.
    score: Option<i32>,
    /// GraphQL query complexity limit.
    limit: Option<i32>,
}

/// Somebody.
#[derive(Debug, SimpleObject)]
#[graphql(name = "UserCore")]
pub struct User {
    /// Global ID.
    id: ID,
    /// Username.
    username: String,
    /// Human-readable name.
    name: String,
}

/// Who somebody is.
pub fn user(state: &State, login: &str) -> User {
    let it = state.user(login);
    User {
        id: gid("User", it.id),
        username: it.login,
        name: it.name,
    }
}

/// What this server is.
#[derive(Debug, SimpleObject)]
pub struct Metadata {
    /// Version.
    version: String,
    /// Enterprise edition.
    enterprise: bool,
}

fn sees(session: &Session, repo: &Repo) -> bool {
    !repo.private || session.token.sees(&repo.owner, &repo.name)
}

#[Object]
impl Query {
    /// Information about the complexity of the GraphQL query.
    async fn query_complexity(&self, ctx: &Context<'_>) -> Result<Option<QueryComplexity>, Error> {
        let Score { score, limit } = *ctx.data::<Score>()?;
        Ok(Some(QueryComplexity {
            score: i32::try_from(score).ok(),
            limit: i32::try_from(limit).ok(),
        }))
    }

    /// Get information about current user.
    async fn current_user(&self, ctx: &Context<'_>) -> Result<Option<User>, Error> {
        let session = ctx.data::<Session>()?;
        Ok(Some(user(&session.state, &session.token.login)))
    }

    /// Metadata about GitLab.
    async fn metadata(&self, ctx: &Context<'_>) -> Result<Option<Metadata>, Error> {
        let version = ctx.data::<Session>()?.state.version.to_string();
        let enterprise = version.ends_with("-ee");
        Ok(Some(Metadata {
            version,
            enterprise,
        }))
    }

    /// Find a project.
    async fn project<'c>(
        &self,
        ctx: &Context<'c>,
        full_path: ID,
    ) -> Result<Option<Project<'c>>, Error> {
        let session = ctx.data::<Session>()?;
        let state = &*session.state;
        let parts = full_path.rsplit_once('/');
        let found = parts.and_then(|(owner, name)| state.repo(owner, name));
        let place = |repo| Place {
            session,
            state,
            repo,
        };
        Ok(found
            .filter(|it| sees(session, it))
            .map(|it| Project(place(&**it))))
    }

    /// Find projects visible to the current user.
    async fn projects<'c>(
        &self,
        ctx: &Context<'c>,
        full_paths: Option<Vec<String>>,
        search: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<ProjectConnection<'c>>, Error> {
        let session = ctx.data::<Session>()?;
        let state = &*session.state;
        if full_paths.as_ref().is_some_and(|it| it.len() > PATHS) {
            let words = format!("cannot provide more than {PATHS} full_paths");
            return Err(Error::new(words));
        }
        let named = |repo: &Repo| {
            full_paths.as_ref().is_none_or(|all| {
                let path = repo.full_name();
                all.iter().any(|it| it.eq_ignore_ascii_case(&path))
            })
        };
        let found = |repo: &Repo| search.as_ref().is_none_or(|text| repo.name.contains(text));
        // Newest first, whatever order they were asked in.
        let all = state.repos.iter().rev();
        let all = all
            .filter(|it| sees(session, it) && named(it) && found(it))
            .map(|repo| {
                Project(Place {
                    session,
                    state,
                    repo,
                })
            });
        let slice = Slice::of(all.collect(), first, after.as_deref())?;
        Ok(Some(ProjectConnection(slice)))
    }
}
