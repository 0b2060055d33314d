//! GitHub's face: authentication, limits, the two APIs, and the headers that every answer carries.

use std::sync::Arc;

use serde_json::json;

use super::{Incoming, reply::Reply};
use crate::sim::{
    faults::{Asked, Effect},
    graphql::{self, GraphqlSchema},
    model::{Flavor, Token},
    rest::{self, Answer, Ask},
    shared::{Budget, Resource, Session, Shared},
    trace,
};

/// Which API a path belongs to, and the path without the API's own beginning.
pub(super) enum Api<'a> {
    Graphql,
    Rest { prefix: &'static str, path: &'a str },
}

impl<'a> Api<'a> {
    pub fn of(path: &'a str) -> Self {
        if path == "/graphql" || path == "/api/graphql" {
            return Self::Graphql;
        }
        match path.strip_prefix("/api/v3") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Self::Rest {
                prefix: "/api/v3",
                path: rest,
            },
            _ => Self::Rest { prefix: "", path },
        }
    }

    pub fn path(&self) -> &'a str {
        match self {
            Self::Graphql => "/graphql",
            Self::Rest { path, .. } => path,
        }
    }

    fn resource(&self) -> Resource {
        match self {
            Self::Graphql => Resource::Graphql,
            Self::Rest { .. } => Resource::Core,
        }
    }
}

/// GitHub's APIs.
pub(super) struct Github {
    schema: GraphqlSchema,
}

impl Default for Github {
    fn default() -> Self {
        Self {
            schema: graphql::schema(),
        }
    }
}

impl Github {
    /// What a healthy GitHub answers.
    pub async fn answer(
        &self,
        shared: &Arc<Shared>,
        incoming: &Incoming,
        asked: Asked<'_>,
    ) -> Reply {
        genuine(&self.schema, shared, incoming, asked).await
    }
}

/// How GitHub says no when a fault wants it to.
pub(super) fn refusal(shared: &Shared, incoming: &Incoming, effect: &Effect) -> Option<Reply> {
    let reply = match effect {
        Effect::Unauthorized => Answer::error(401, "Bad credentials").into(),
        Effect::Forbidden { permissions } => {
            let answer = Answer::error(403, "Resource not accessible by personal access token");
            let needs = permissions.clone();
            let needs = needs.unwrap_or_else(|| "contents=write".to_owned());
            answer.with("x-accepted-github-permissions", needs).into()
        }
        Effect::Sso { url } => {
            let words = "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.";
            Answer::error(403, words)
                .with("x-github-sso", format!("required; url={url}"))
                .into()
        }
        Effect::RateLimit => {
            let state = shared.read();
            let token = token(&state, incoming)?;
            let resource = Api::of(&incoming.raw_path).resource();
            shared.exhaust(token, resource);
            let budget = shared.charge(token, resource, 0);
            spent(token, resource, budget)
        }
        Effect::Secondary { retry_after } => secondary(*retry_after),
        Effect::Latency { .. }
        | Effect::Status { .. }
        | Effect::Cut { .. }
        | Effect::Drop
        | Effect::DropAfter
        | Effect::Stale { .. }
        | Effect::Partial { .. }
        | Effect::Refuse
        | Effect::Redirect { .. }
        | Effect::Hang => return None,
    };
    Some(reply)
}

async fn genuine(
    schema: &GraphqlSchema,
    shared: &Arc<Shared>,
    incoming: &Incoming,
    asked: Asked<'_>,
) -> Reply {
    let api = &Api::of(&incoming.raw_path);
    let current = shared.read();
    if let Some(path) = incoming.raw_path.strip_prefix("/_logs/") {
        return stored(&current, incoming, path);
    }
    if incoming
        .header("user-agent")
        .is_none_or(|it| it.trim().is_empty())
    {
        let words = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).";
        return Answer::error(403, words).into();
    }
    let version = incoming
        .header("x-github-api-version")
        .unwrap_or("2022-11-28")
        .to_owned();
    if !matches!(
        (version.as_str(), current.flavor),
        ("2022-11-28", _) | ("2026-03-10", Flavor::Dotcom)
    ) {
        return Answer::error(
            400,
            &format!("Version {version} is not a supported API version."),
        )
        .into();
    }
    let Some(token) = token(&current, incoming).cloned() else {
        return stranger(&current.base, incoming, api);
    };
    let resource = api.resource();
    let budget = shared.charge(&token, resource, 0);
    let free = asked.path == "/rate_limit";
    if !free && budget.is_some_and(|it| it.remaining() == 0) {
        return spent(&token, resource, budget);
    }
    let state = if incoming.method == "GET" || matches!(api, Api::Graphql) {
        let seen = std::slice::from_ref(&current);
        let seen = shared.faults().as_seen(asked, incoming.at, seen).pop();
        seen.unwrap_or_else(|| current.clone())
    } else {
        current.clone()
    };
    let partial = shared.faults().partial(asked);
    let session = Session {
        shared: shared.clone(),
        token: token.clone(),
        state,
        partial,
    };
    let mut reply = match api {
        Api::Graphql => documents(schema, incoming, session).await,
        Api::Rest { prefix, path } => restful(incoming, &session, prefix, path),
    };
    if incoming.method == "GET" && reply.status() == 200 {
        reply.tag(&token.secret, incoming.header("if-none-match"));
    }
    let cost = u32::from(resource == Resource::Core && !free && reply.status() != 304);
    dress(&mut reply, shared, &token, resource, cost, &version);
    reply
}

// The store of logs, which is no part of the API: the address says enough, and whoever brings a token
// with it is turned away, as Azure does.
fn stored(state: &crate::sim::model::State, incoming: &Incoming, path: &str) -> Reply {
    if incoming.header("authorization").is_some() {
        let words = "<?xml version=\"1.0\"?><Error><Code>InvalidAuthenticationInfo</Code></Error>";
        return Reply::foreign(401, words.to_owned(), [].into());
    }
    let found = path.split_once('/').and_then(|(repo, job)| {
        let (repo, job): (u64, u64) = (repo.parse().ok()?, job.parse().ok()?);
        let key = trace::key(state, repo, job);
        let (run, job) = state.repo_by_id(repo)?.job(job)?;
        (incoming.query == format!("sig={key}")).then(|| trace::of(state, run, job))
    });
    match found {
        Some(text) => Answer::raw(200, "text/plain", text.into_bytes()).into(),
        None => Reply::foreign(
            404,
            "<?xml version=\"1.0\"?><Error><Code>BlobNotFound</Code></Error>".to_owned(),
            [].into(),
        ),
    }
}

fn token<'s>(state: &'s crate::sim::model::State, incoming: &Incoming) -> Option<&'s Arc<Token>> {
    let header = incoming.header("authorization")?;
    let (kind, secret) = header.split_once(' ')?;
    let known = kind.eq_ignore_ascii_case("bearer") || kind.eq_ignore_ascii_case("token");
    known.then(|| state.tokens.get(secret.trim())).flatten()
}

fn stranger(base: &str, incoming: &Incoming, api: &Api<'_>) -> Reply {
    if incoming.header("authorization").is_some() {
        return Answer::error(401, "Bad credentials").into();
    }
    match (api, api.path()) {
        (Api::Graphql, _) => {
            Answer::error(401, "This endpoint requires you to be authenticated.").into()
        }
        (_, "" | "/") => {
            Answer::json(200, json!({"current_user_url": format!("{base}/user")})).into()
        }
        (_, path) if path.starts_with("/repos/") => Answer::error(404, "Not Found").into(),
        _ => Answer::error(401, "Requires authentication").into(),
    }
}

fn spent(token: &Token, resource: Resource, budget: Option<Budget>) -> Reply {
    let words = format!("API rate limit exceeded for user {}.", token.login);
    let mut reply = match resource {
        Resource::Core => Reply::from(Answer::error(403, &words)),
        // GraphQL tells of its limit in a good answer.
        Resource::Graphql => Answer::json(
            200,
            json!({"errors": [{"type": "RATE_LIMITED", "code": "graphql_rate_limit", "message": words}]}),
        )
        .into(),
    };
    if let Some(budget) = budget {
        reply.budget(budget, resource);
    }
    reply
}

fn secondary(retry_after: Option<u64>) -> Reply {
    let words =
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let answer = Answer::error(403, words);
    match retry_after {
        Some(seconds) => answer.with("retry-after", seconds.to_string()).into(),
        None => answer.into(),
    }
}

fn restful(incoming: &Incoming, session: &Session, prefix: &'static str, path: &str) -> Reply {
    let api = format!("{}{prefix}", session.state.base);
    let trimmed = path.strip_prefix('/').unwrap_or(path);
    // A slash at the end is no path of GitHub's: the empty segment leads nowhere.
    let segments: Vec<String> = if trimmed.is_empty() {
        Vec::new()
    } else {
        trimmed
            .split('/')
            .map(|it| rest::decode(it).into_owned())
            .collect()
    };
    let query = incoming
        .query
        .split('&')
        .filter(|it| !it.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| rest::decode(&text.replace('+', " ")).into_owned();
            (plain(name), plain(value))
        });
    let method = if incoming.method == "HEAD" {
        "GET"
    } else {
        &incoming.method
    };
    let ask = Ask {
        session,
        method,
        path: segments,
        query: query.collect(),
        body: &incoming.body,
        accept: incoming.header("accept").unwrap_or_default(),
        api: &api,
        raw_path: &incoming.raw_path,
    };
    rest::route::answer(&ask).into()
}

async fn documents(schema: &GraphqlSchema, incoming: &Incoming, session: Session) -> Reply {
    if incoming.method != "POST" {
        return Answer::error(404, "Not Found").into();
    }
    let reply = match graphql::Asked::read(&incoming.body) {
        Ok(asked) => graphql::execute(schema, session, asked).await,
        Err(refused) => refused,
    };
    Answer::json(reply.status, reply.body).into()
}

// The headers that tell of limits, scopes and the request itself.
fn dress(
    reply: &mut Reply,
    shared: &Shared,
    token: &Token,
    resource: Resource,
    cost: u32,
    version: &str,
) {
    if let Some(budget) = shared.charge(token, resource, cost) {
        reply.budget(budget, resource);
    }
    if token.fine.is_none() {
        reply.header("x-oauth-scopes", token.scopes.join(", "));
        reply.header("x-accepted-oauth-scopes", "repo".to_owned());
    }
    reply.header("x-github-api-version-selected", version.to_owned());
    reply.header("x-github-media-type", "github.v3; format=json".to_owned());
    let number = shared.common().count();
    reply.header(
        "x-github-request-id",
        format!("51AF:{number:04X}:{:X}", shared.now().as_second()),
    );
    reply.header(
        "date",
        jiff::fmt::rfc2822::to_string(&shared.now().to_zoned(jiff::tz::TimeZone::UTC))
            .map_or_else(|_| String::new(), |it| it.replace("+0000", "GMT")),
    );
}
