//! From bytes to answers: faults first, then what a healthy forge answers, which is in
//! `server/genuine.rs`. Sockets are in `server/wire.rs`.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State as Extract},
    http::{HeaderMap, Response},
};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use crate::sim::{
    control,
    faults::{Asked, Effect},
    graphql::{self, GraphqlSchema},
    health,
    model::commit::hex,
    rest::Answer,
    shared::{Logged, Resource, Shared},
};

mod genuine;
mod reply;
mod wire;

use genuine::{genuine, secondary, spent, token};
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
        forge: if health::serves(&incoming.raw_path) {
            health::NAME.to_owned()
        } else {
            shared.read().name.to_string()
        },
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
        forge: if health::serves(api.path()) {
            health::NAME
        } else {
            &current.name
        },
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
