//! From bytes to answers: faults first, then what a healthy forge answers, which is its face's.
//!
//! Faces are in `server/face.rs` and below, sockets in `server/wire.rs`.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{self, ConnectInfo, Request},
    http::{HeaderMap, Response},
};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use crate::sim::{
    common::Logged,
    control,
    faults::{Asked, Effect},
    forges::Forges,
    health,
    model::{State, commit::hex},
    rest::Answer,
    shared::Shared,
};

mod face;
mod forgejo;
mod github;
mod gitlab;
mod reply;
mod wire;

use face::Face;
use reply::Reply;
pub use wire::{Lines, Wire};

const MAX_BODY: usize = 4 * 1024 * 1024;

struct Site {
    shared: Arc<Shared>,
    face: Face,
    // Control and monitoring, on the first forge's port.
    forges: Option<Forges>,
}

/// Serves one forge until all are shut; the task ends when the last connection has. `forges` is for
/// the first one, on whose port control and monitoring are.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulator stands for another machine, and this is its one task for each port"
)]
pub fn serve(lines: Lines, shared: Arc<Shared>, forges: Option<Forges>) -> JoinHandle<()> {
    let face = Face::of(shared.read().flavor);
    let site = Arc::new(Site {
        face,
        shared: shared.clone(),
        forges,
    });
    let router = Router::new().fallback(entry).with_state(site);
    let service = router.into_make_service_with_connect_info::<Wire>();
    tokio::spawn(async move {
        let ended = axum::serve(lines, service)
            .with_graceful_shutdown(async move { shared.common().shutting().await })
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

async fn entry(
    extract::State(site): extract::State<Arc<Site>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response<Body> {
    let shared = site.shared.clone();
    tokio::select! {
        biased;
        answer = handle(&site, &wire, request) => answer,
        () = shared.common().shutting() => {
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
    if let Some(forges) = &site.forges
        && let Some(path) = incoming.raw_path.strip_prefix("/_sim")
    {
        let answer = if wire.peer.ip().is_loopback() {
            control::answer(forges, &incoming.method, path, &incoming.body)
        } else {
            Answer::error(403, "the simulation is controlled from this machine alone")
        };
        return Reply::from(answer).into_response();
    }
    let operation = site.operation(&incoming);
    let place = shared.common().log(Logged {
        method: incoming.method.clone(),
        forge: if site.monitors(&incoming.raw_path) {
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
    shared.common().answered(place, reply.status());
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

impl Site {
    // Monitoring is no part of any forge.
    fn monitors(&self, path: &str) -> bool {
        self.forges.is_some() && health::serves(path)
    }

    fn operation(&self, incoming: &Incoming) -> Option<String> {
        if !self.face.is_graphql(self.path(&incoming.raw_path)) {
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

    // A path without the folder that the forge is installed in; as it is, if it leads elsewhere.
    fn path<'p>(&self, raw: &'p str) -> &'p str {
        let root = self.shared.read().root.clone();
        raw.strip_prefix(&*root)
            .filter(|it| it.starts_with('/'))
            .unwrap_or(raw)
    }
}

/// The answer; `None` when the connection is to end without one.
async fn answered(
    site: &Site,
    wire: &Wire,
    incoming: &Incoming,
    operation: Option<&str>,
) -> Option<Reply> {
    let shared = &site.shared;
    let text = String::from_utf8_lossy(&incoming.body);
    let full = incoming.full();
    let current = shared.read();
    let monitors = site.monitors(&incoming.raw_path);
    let project = numbered(&current, site.face.path(site.path(&incoming.raw_path)));
    let asked = Asked {
        forge: if monitors {
            health::NAME
        } else {
            &current.name
        },
        method: &incoming.method,
        path: if monitors {
            &incoming.raw_path
        } else {
            site.face.path(site.path(&incoming.raw_path))
        },
        full: &full,
        operation,
        body: &text,
        project: project.as_deref(),
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
            Effect::Unauthorized
            | Effect::Forbidden { .. }
            | Effect::Sso { .. }
            | Effect::RateLimit
            | Effect::Secondary { .. } => {
                if let Some(reply) = site.face.refusal(shared, incoming, &effect) {
                    return Some(reply);
                }
            }
            Effect::Refuse => {
                wire.reset();
                return None;
            }
            Effect::Redirect { to, status } => {
                let answer = Answer::error(status.unwrap_or(301), "Moved Permanently");
                return Some(answer.with("location", to).into());
            }
            Effect::Hang => {
                shared.common().shutting().await;
                return None;
            }
            // Stale reads and partial errors are met further in.
            Effect::Stale { .. } | Effect::Partial { .. } => {}
        }
    }
    let reply = match &site.forges {
        Some(forges) if monitors => {
            let seen = shared
                .faults()
                .as_seen(asked, incoming.at, &forges.states());
            let Incoming { method, query, .. } = incoming;
            health::answer(&seen, method, asked.path, query, &incoming.body).into()
        }
        _ => {
            let path = site.path(&incoming.raw_path);
            let mut reply = site.face.answer(shared, incoming, asked, path).await;
            if incoming.method == "GET" {
                reply.range(incoming.header("range"));
            }
            reply
        }
    };
    if drop_after {
        return None;
    }
    Some(match cut {
        Some(at) => reply.cut(at),
        None => reply,
    })
}

// The repository that GitLab's `/projects/17/…` names.
fn numbered(state: &State, path: &str) -> Option<String> {
    let id = path.strip_prefix("/projects/")?.split('/').next()?;
    let found = state.repo_by_id(id.parse().ok()?)?;
    Some(found.full_name())
}
