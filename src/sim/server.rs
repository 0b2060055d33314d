//! From bytes to answers: faults first, then authentication, limits, the APIs, and the headers that
//! every answer carries. Sockets are in `server/wire.rs`.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State as Extract},
    http::{HeaderMap, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use crate::sim::{
    control,
    faults::{Asked, Effect},
    graphql::{self, GraphqlSchema},
    model::{Flavor, Token, commit::hex},
    rest::{self, Answer, Ask},
    shared::{Budget, Logged, Resource, Session, Shared},
};

mod reply;
mod wire;

use reply::Reply;
pub use wire::{Lines, Wire};

const MAX_BODY: usize = 4 * 1024 * 1024;

struct Site {
    shared: Arc<Shared>,
    schema: GraphqlSchema,
}

/// Serves until the shared state is shut; the task ends when the last connection has.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulator stands for another machine, and this is its one task"
)]
pub fn serve(lines: Lines, shared: Arc<Shared>) -> JoinHandle<()> {
    let site = Arc::new(Site {
        schema: graphql::schema(),
        shared: shared.clone(),
    });
    let router = Router::new().fallback(entry).with_state(site);
    let service = router.into_make_service_with_connect_info::<Wire>();
    tokio::spawn(async move {
        let ended = axum::serve(lines, service)
            .with_graceful_shutdown(async move { shared.shutting().await })
            .await;
        if let Err(error) = ended {
            tracing::error!(%error, "the simulated forge ended");
        }
    })
}

/// A request, read to its end.
struct Incoming {
    method: String,
    raw_path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
    at: Timestamp,
}

impl Incoming {
    fn full(&self) -> String {
        if self.query.is_empty() {
            self.raw_path.clone()
        } else {
            format!("{}?{}", self.raw_path, self.query)
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }
}

/// Which API a path belongs to, and the path without the API's own beginning.
enum Api<'a> {
    Graphql,
    Rest { prefix: &'static str, path: &'a str },
}

impl<'a> Api<'a> {
    fn of(path: &'a str) -> Self {
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

    fn path(&self) -> &'a str {
        match self {
            Self::Graphql => "/graphql",
            Self::Rest { path, .. } => path,
        }
    }
}

async fn entry(
    Extract(site): Extract<Arc<Site>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response<Body> {
    let shared = site.shared.clone();
    tokio::select! {
        biased;
        answer = handle(&site, &wire, request) => answer,
        () = shared.shutting() => {
            wire.cut();
            Response::new(Body::empty())
        }
    }
}

async fn handle(site: &Site, wire: &Wire, request: Request) -> Response<Body> {
    let shared = &site.shared;
    let (parts, body) = request.into_parts();
    let at = shared.now();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return Reply::from(Answer::error(413, "Payload Too Large")).into_response();
    };
    let incoming = Incoming {
        method: parts.method.as_str().to_owned(),
        raw_path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_vec(),
        at,
    };
    if let Some(path) = incoming.raw_path.strip_prefix("/_sim") {
        let answer = if wire.peer.ip().is_loopback() {
            control::answer(shared, &incoming.method, path, &incoming.body)
        } else {
            Answer::error(403, "the simulation is controlled from this machine alone")
        };
        return Reply::from(answer).into_response();
    }
    let operation = operation(&incoming);
    let place = shared.log(Logged {
        method: incoming.method.clone(),
        forge: shared.read().name.to_string(),
        path: incoming.full(),
        operation: operation.clone(),
        body_sha256: hex(&Sha256::digest(&incoming.body)),
        conditional: incoming.header("if-none-match").is_some(),
        status: 0,
        at,
    });
    let reply = answered(site, wire, &incoming, operation.as_deref()).await;
    let Some(reply) = reply else {
        // What is returned now goes nowhere: the line is cut.
        wire.cut();
        return Response::new(Body::empty());
    };
    shared.answered(place, reply.status());
    tracing::debug!(
        method = incoming.method,
        path = incoming.raw_path,
        status = reply.status(),
        "simulated"
    );
    if incoming.method == "HEAD" {
        reply.head()
    } else {
        reply.into_response()
    }
}

fn operation(incoming: &Incoming) -> Option<String> {
    if !matches!(Api::of(&incoming.raw_path), Api::Graphql) {
        return None;
    }
    let body: Value = serde_json::from_slice(&incoming.body).ok()?;
    if let Some(name) = body.get("operationName").and_then(Value::as_str) {
        return Some(name.to_owned());
    }
    let mut words = body.get("query")?.as_str()?.split_whitespace();
    words.find(|it| matches!(*it, "query" | "mutation"))?;
    let name = words.next()?;
    let name = name
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The answer; `None` when the connection is to end without one.
async fn answered(
    site: &Site,
    wire: &Wire,
    incoming: &Incoming,
    operation: Option<&str>,
) -> Option<Reply> {
    let shared = &site.shared;
    let api = Api::of(&incoming.raw_path);
    let text = String::from_utf8_lossy(&incoming.body);
    let full = incoming.full();
    let current = shared.read();
    let asked = Asked {
        forge: &current.name,
        method: &incoming.method,
        path: api.path(),
        full: &full,
        operation,
        body: &text,
    };
    let effects = shared.faults().meet(asked);
    let mut drop_after = false;
    let mut cut = None;
    for effect in effects {
        match effect {
            Effect::Latency { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
            Effect::Status {
                status,
                body,
                headers,
            } => return Some(Reply::foreign(status, body, headers)),
            Effect::Cut { at } => cut = Some(at),
            Effect::Drop => return None,
            Effect::DropAfter => drop_after = true,
            Effect::Unauthorized => return Some(Answer::error(401, "Bad credentials").into()),
            Effect::Forbidden { permissions } => {
                let answer = Answer::error(403, "Resource not accessible by personal access token");
                let needs = permissions.unwrap_or_else(|| "contents=write".to_owned());
                return Some(answer.with("x-accepted-github-permissions", needs).into());
            }
            Effect::Sso { url } => {
                let words = "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.";
                return Some(
                    Answer::error(403, words)
                        .with("x-github-sso", format!("required; url={url}"))
                        .into(),
                );
            }
            Effect::RateLimit => {
                if let Some(token) = token(&current, incoming) {
                    let resource = if matches!(api, Api::Graphql) {
                        Resource::Graphql
                    } else {
                        Resource::Core
                    };
                    shared.exhaust(token, resource);
                    let budget = shared.charge(token, resource, 0);
                    return Some(spent(token, resource, budget));
                }
            }
            Effect::Secondary { retry_after } => return Some(secondary(retry_after)),
            Effect::Refuse => {
                wire.reset();
                return None;
            }
            Effect::Redirect { to, status } => {
                let answer = Answer::error(status.unwrap_or(301), "Moved Permanently");
                return Some(answer.with("location", to).into());
            }
            Effect::Hang => {
                shared.shutting().await;
                return None;
            }
            // Stale reads and partial errors are met further in.
            Effect::Stale { .. } | Effect::Partial { .. } => {}
        }
    }
    let reply = genuine(site, incoming, &api, asked).await;
    if drop_after {
        return None;
    }
    Some(match cut {
        Some(at) => reply.cut(at),
        None => reply,
    })
}

/// What a healthy forge answers.
async fn genuine(site: &Site, incoming: &Incoming, api: &Api<'_>, asked: Asked<'_>) -> Reply {
    let shared = &site.shared;
    let current = shared.read();
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
    let resource = match api {
        Api::Graphql => Resource::Graphql,
        Api::Rest { .. } => Resource::Core,
    };
    let budget = shared.charge(&token, resource, 0);
    let free = asked.path == "/rate_limit";
    if !free && budget.is_some_and(|it| it.remaining() == 0) {
        return spent(&token, resource, budget);
    }
    let state = if incoming.method == "GET" || matches!(api, Api::Graphql) {
        shared.faults().as_seen(asked, incoming.at, &current)
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
        Api::Graphql => graphql(site, incoming, session).await,
        Api::Rest { prefix, path } => restful(incoming, &session, prefix, path),
    };
    if incoming.method == "GET" && reply.status() == 200 {
        reply.tag(&token.secret, incoming.header("if-none-match"));
    }
    let cost = u32::from(resource == Resource::Core && !free && reply.status() != 304);
    dress(&mut reply, shared, &token, resource, cost, &version);
    reply
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

async fn graphql(site: &Site, incoming: &Incoming, session: Session) -> Reply {
    if incoming.method != "POST" {
        return Answer::error(404, "Not Found").into();
    }
    let reply = match graphql::Asked::read(&incoming.body) {
        Ok(asked) => graphql::execute(&site.schema, session, asked).await,
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
    let number = shared.count();
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
