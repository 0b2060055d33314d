//! The wire: one board answer of twenty repositories, from a server that has it ready, and the same
//! bytes fetched without reading them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use criterion::Criterion;
use gonogo::forge::Settings;
use gonogo::forge::github::GitHub;
use gonogo::forge::http::Limits;
use gonogo::forge::http::client::{self, Pool};
use gonogo::forge::{Forge, Target};
use gonogo::sim::{self, World};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::scene::evening;

const SERVICES: usize = 20;

pub fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("wire");
    let (ready, client, targets) = runtime.block_on(prepare());
    group.bench_function("board-answer-of-20", |bencher| {
        bencher.iter(|| {
            let batch = runtime.block_on(client.board(&targets));
            assert!(
                batch.answers.iter().all(|(_, answer)| answer.is_ok()),
                "{:?}",
                batch.answers
            );
        });
    });
    let largest = ready.largest();
    let plain = ready.http.clone();
    group.throughput(criterion::Throughput::Bytes(largest.answer.len() as u64));
    group.bench_function("the-same-bytes-unread", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let request = plain
                    .post(&largest.url)
                    .headers(largest.headers.clone())
                    .body(largest.body.clone());
                request.send().await.unwrap().bytes().await.unwrap()
            })
        });
    });
    group.finish();
}

/// A server that asks the simulator once and then always gives the same answer.
#[derive(Clone)]
struct Ready {
    upstream: String,
    here: String,
    http: reqwest::Client,
    known: Arc<Mutex<HashMap<(String, Bytes), Known>>>,
}

#[derive(Clone)]
struct Known {
    url: String,
    headers: HeaderMap,
    body: Bytes,
    status: StatusCode,
    kind: HeaderMap,
    answer: Bytes,
}

impl Ready {
    /// What was asked for the longest answer: the board.
    fn largest(&self) -> Known {
        let known = self.known.lock().unwrap();
        known
            .values()
            .max_by_key(|known| known.answer.len())
            .unwrap()
            .clone()
    }
}

impl IntoResponse for Known {
    fn into_response(self) -> Response {
        (self.status, self.kind, self.answer).into_response()
    }
}

async fn serve(State(ready): State<Ready>, request: Request) -> Known {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.to_string();
    let key = (path.clone(), body.clone());
    let known = ready.known.lock().unwrap().get(&key).cloned();
    if let Some(known) = known {
        return known;
    }
    let mut headers = parts.headers;
    for name in ["host", "content-length", "accept-encoding"] {
        headers.remove(name);
    }
    let asked = ready
        .http
        .request(parts.method, format!("{}{path}", ready.upstream))
        .headers(headers.clone())
        .body(body.clone());
    let answer = asked.send().await.unwrap();
    let status = answer.status();
    let mut kind = HeaderMap::new();
    kind.extend(
        answer
            .headers()
            .get("content-type")
            .cloned()
            .map(|value| (http::header::CONTENT_TYPE, value)),
    );
    let answer = answer.bytes().await.unwrap();
    let known = Known {
        url: format!("{}{path}", ready.here),
        headers,
        body,
        status,
        kind,
        answer,
    };
    ready.known.lock().unwrap().insert(key, known.clone());
    known
}

async fn prepare() -> (Ready, GitHub, Vec<Target>) {
    let mut world = World::generated(SERVICES, 7);
    for environment in &mut world.environments {
        // Without reviewers nothing waits, so GraphQL alone answers.
        environment.reviewers.clear();
    }
    let running = sim::start(world, sim::Options::default()).await.unwrap();
    let token = running.token("operate").unwrap();
    let upstream = running.base_url().to_owned();
    // The server lives as long as the process.
    std::mem::forget(running);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    let http = client::build(
        &client::address(&here).unwrap(),
        None,
        &Limits::default(),
        Pool::Kept,
    )
    .unwrap();
    let ready = Ready {
        upstream,
        here: here.clone(),
        http,
        known: Arc::default(),
    };
    let router = Router::new().fallback(serve).with_state(ready.clone());
    #[expect(clippy::disallowed_methods, reason = "the rule is about the program")]
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let settings = Settings {
        name: "github".into(),
        api_url: Some(format!("{here}/api/v3")),
        url: here,
        token: Some(token.into()),
        ca_file: None,
        limits: Limits::default(),
    };
    let client = GitHub::new(settings, Arc::new(|| -> Timestamp { evening() })).unwrap();
    let targets = (0..SERVICES).map(|at| Target {
        service: format!("svc-{at:04}").into(),
        repo: format!("acme/svc-{at:04}").into(),
        branch: Some("main".to_owned()),
        environments: ["dev", "staging", "production"].map(Into::into).to_vec(),
        model: gonogo::domain::policy::EnvironmentModel::Native,
        jobs: std::collections::BTreeMap::new(),
        revisions: Vec::new(),
        named_checks: false,
        reports: false,
        labels: Vec::new(),
        payloads: false,
        brief: false,
    });
    (ready, client, targets.collect())
}
