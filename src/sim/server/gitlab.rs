//! GitLab's face: authentication, limits, the two APIs, and the headers that every answer carries.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Incoming, reply::Reply};
use crate::sim::{
    faults::{Asked, Effect},
    gitlab::{
        answer::{forbidden, message, not_found, throttled, unauthorized},
        ask::Ask,
        graphql::{GitlabSchema, errors},
        route,
    },
    model::{State, Token},
    rest::{self, Answer},
    shared::{Budget, Resource, Session, Shared},
};

const API: &str = "/api/v4";
const DOCUMENTS: &str = "/api/graphql";

/// GitLab's APIs.
#[derive(Debug, Default)]
pub(super) struct Gitlab {
    schema: GitlabSchema,
}

/// A path without `/api/v4`; with a trailing `/graphql` for documents.
pub(super) fn path(path: &str) -> &str {
    if path == DOCUMENTS {
        return "/graphql";
    }
    path.strip_prefix(API)
        .filter(|it| it.is_empty() || it.starts_with('/'))
        .unwrap_or(path)
}

/// Says whether documents are asked there.
pub(super) fn is_graphql(path: &str) -> bool {
    path == DOCUMENTS
}

/// How GitLab says no when a fault wants it to.
pub(super) fn refusal(shared: &Shared, incoming: &Incoming, effect: &Effect) -> Option<Reply> {
    let mut reply: Reply = match effect {
        Effect::Unauthorized => unauthorized().into(),
        Effect::Forbidden { .. } => forbidden("").into(),
        // As a group with enforced SSO has it: nothing is to be seen there.
        Effect::Sso { .. } => not_found("Project").into(),
        Effect::RateLimit => {
            let state = shared.read();
            let token = token(&state, incoming)?;
            shared.exhaust(token, Resource::Core);
            let budget = shared.charge(token, Resource::Core, 0)?;
            spent(shared, budget)
        }
        // A limit of a single action is in no header.
        Effect::Secondary { retry_after } => {
            let words = "This endpoint has been requested too many times. Try again later.";
            let answer = Answer::json(429, json!({"message": {"error": words}}));
            match retry_after {
                Some(seconds) => answer.with("retry-after", seconds.to_string()).into(),
                None => answer.into(),
            }
        }
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
    dress(&mut reply, shared);
    Some(reply)
}

fn spent(shared: &Shared, budget: Budget) -> Reply {
    let wait = budget.reset.duration_since(shared.now()).as_secs().max(1);
    let reset = budget.reset.to_zoned(jiff::tz::TimeZone::UTC);
    let answer = throttled().with("retry-after", wait.to_string()).with(
        "ratelimit-resettime",
        jiff::fmt::rfc2822::to_string(&reset)
            .map_or_else(|_| String::new(), |it| it.replace("+0000", "GMT")),
    );
    let mut reply = Reply::from(answer);
    limits(&mut reply, budget);
    reply
}

fn limits(reply: &mut Reply, budget: Budget) {
    reply.header("ratelimit-limit", budget.limit.to_string());
    reply.header("ratelimit-observed", budget.used.to_string());
    reply.header("ratelimit-remaining", budget.remaining().to_string());
    reply.header("ratelimit-reset", budget.reset.as_second().to_string());
    reply.header("ratelimit-name", "throttle_authenticated_api".to_owned());
}

/// Whose request it is, by either of the two headers.
fn token<'s>(state: &'s State, incoming: &Incoming) -> Option<&'s Arc<Token>> {
    let private = incoming.header("private-token");
    let bearer = incoming.header("authorization").and_then(|it| {
        let (kind, secret) = it.split_once(' ')?;
        kind.eq_ignore_ascii_case("bearer").then_some(secret)
    });
    let secret = private.or(bearer)?;
    state.tokens.get(secret.trim())
}

impl Gitlab {
    /// What a healthy GitLab answers; `raw` is the path without the folder it is installed in.
    pub async fn answer(
        &self,
        shared: &Arc<Shared>,
        incoming: &Incoming,
        asked: Asked<'_>,
        raw: &str,
    ) -> Reply {
        let current = shared.read();
        let installed = incoming.raw_path.len() > raw.len() || current.root.is_empty();
        let documents = is_graphql(raw);
        let known = documents || raw.starts_with(API);
        if !installed || !known {
            let mut reply = Reply::foreign(404, "<html>404</html>".to_owned(), [].into());
            dress(&mut reply, shared);
            return reply;
        }
        let Some(token) = token(&current, incoming).cloned() else {
            let tried = incoming.header("private-token").is_some()
                || incoming.header("authorization").is_some();
            let hidden = !tried && asked.path.starts_with("/projects/");
            let answer = if documents && tried {
                Answer::json(401, errors("Invalid token"))
            } else if documents {
                Answer::json(200, json!({"data": {"currentUser": null}}))
            } else if hidden {
                not_found("Project")
            } else {
                unauthorized()
            };
            let mut reply = Reply::from(answer);
            dress(&mut reply, shared);
            return reply;
        };
        let budget = shared.charge(&token, Resource::Core, 0);
        if let Some(budget) = budget.filter(|it| it.remaining() == 0) {
            let mut reply = spent(shared, budget);
            dress(&mut reply, shared);
            return reply;
        }
        let state = if incoming.method == "GET" || documents {
            let seen = std::slice::from_ref(&current);
            let seen = shared.faults().as_seen(asked, incoming.at, seen).pop();
            seen.unwrap_or_else(|| current.clone())
        } else {
            current.clone()
        };
        let session = Session {
            shared: shared.clone(),
            token: token.clone(),
            state,
            partial: shared.faults().partial(asked),
        };
        let mut reply = if documents {
            self.documents(incoming, &session).await
        } else {
            restful(incoming, &session, raw)
        };
        if incoming.method == "GET" && reply.status() == 200 {
            reply.tag(&token.secret, incoming.header("if-none-match"));
        }
        // A 304 counts too.
        if let Some(budget) = shared.charge(&token, Resource::Core, 1) {
            limits(&mut reply, budget);
        }
        dress(&mut reply, shared);
        reply
    }

    async fn documents(&self, incoming: &Incoming, session: &Session) -> Reply {
        if incoming.method != "POST" {
            return not_found("").into();
        }
        let all = session.token.has_scope("api") || session.token.has_scope("read_api");
        if !all {
            return crate::sim::gitlab::answer::scope("api read_api").into();
        }
        let mut answer = self.schema.answer(session, &incoming.body).await;
        lose(&mut answer, session);
        Answer::json(200, answer).into()
    }
}

// Takes the projects out of an answer that a fault says are not to be had.
fn lose(answer: &mut Value, session: &Session) {
    for lost in &session.partial {
        let nodes = answer.pointer_mut("/data/projects/nodes");
        if let Some(nodes) = nodes.and_then(Value::as_array_mut) {
            nodes.retain(|it| it.get("fullPath").and_then(Value::as_str) != Some(&lost.repo));
        }
    }
}

fn restful(incoming: &Incoming, session: &Session, raw: &str) -> Reply {
    let below = raw.strip_prefix(API).unwrap_or(raw);
    let raw: Vec<&str> = below.split('/').filter(|it| !it.is_empty()).collect();
    let query = pairs(&incoming.query);
    let body = match body(incoming) {
        Ok(body) => body,
        Err(answer) => return answer.into(),
    };
    let ask = Ask {
        session,
        method: &incoming.method,
        path: raw.iter().map(|it| rest::decode(it).into_owned()).collect(),
        raw,
        query,
        body,
        api: format!("{}{API}", session.state.base),
    };
    route::answer(&ask).into()
}

fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|it| !it.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| rest::decode(&text.replace('+', " ")).into_owned();
            (plain(name), plain(value))
        })
        .collect()
}

// A body of JSON, or a form.
fn body(incoming: &Incoming) -> Result<Map<String, Value>, Answer> {
    if incoming.body.is_empty() {
        return Ok(Map::new());
    }
    let kind = incoming.header("content-type").unwrap_or_default();
    if kind.starts_with("application/json") {
        return match serde_json::from_slice(&incoming.body) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) | Err(_) => Err(message(400, "400 Bad request - Invalid JSON")),
        };
    }
    let text = String::from_utf8_lossy(&incoming.body);
    let mut map = Map::new();
    for (name, value) in pairs(&text) {
        match name.strip_suffix("[]") {
            Some(name) => {
                let list = map.entry(name).or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    list.push(json!(value));
                }
            }
            None => {
                map.insert(name, json!(value));
            }
        }
    }
    Ok(map)
}

// The headers that tell of the request itself.
fn dress(reply: &mut Reply, shared: &Shared) {
    let now = shared.now();
    reply.header("server", "nginx".to_owned());
    let number = shared.common().count();
    reply.header(
        "x-request-id",
        format!("01K{:X}{number:06X}", now.as_millisecond()),
    );
    reply.header(
        "date",
        jiff::fmt::rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC))
            .map_or_else(|_| String::new(), |it| it.replace("+0000", "GMT")),
    );
}
