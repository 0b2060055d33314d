//! What a team's monitoring would tell of the services: a health page each, and a metrics server.
//!
//! No part of the forge: no token, no limits, but faults meet it like everything behind the port.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sim::{
    model::{Condition, Repo, State, Vital},
    rest::{Answer, decode},
};

mod promql;

use promql::{Fault, Sample};

/// The name that the request log and fault matchers have for it.
pub const NAME: &str = "health";

/// Says whether a path is monitoring's and not the forge's.
pub fn serves(path: &str) -> bool {
    ["/health", "/prometheus"].iter().any(|it| {
        let rest = path.strip_prefix(it);
        rest.is_some_and(|it| it.is_empty() || it.starts_with('/'))
    })
}

/// Answers a request to monitoring, which looks at the services of every forge.
pub fn answer(forges: &[Arc<State>], method: &str, path: &str, query: &str, body: &[u8]) -> Answer {
    let segments: Vec<_> = path.split('/').skip(1).map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let reads = matches!(method, "GET" | "HEAD");
    match segments.as_slice() {
        ["health", ..] if !reads => plain(405, "method not allowed"),
        ["health"] => Answer::json(200, json!({"services": pages(forges)})),
        ["health", service, environment] => page(forges, service, environment),
        ["prometheus", "api", "v1", "query"] if reads => metrics(forges, query),
        ["prometheus", "api", "v1", "query"] if method == "POST" => {
            // A form in the body, or in the address, as with the real one.
            let body = String::from_utf8_lossy(body);
            let query = if body.is_empty() { query } else { &body };
            metrics(forges, query)
        }
        ["prometheus", "-", "healthy"] if reads => Answer::raw(
            200,
            "text/plain; charset=utf-8",
            b"Prometheus Server is Healthy.\n".to_vec(),
        ),
        _ => plain(404, "page not found"),
    }
}

fn plain(status: u16, words: &str) -> Answer {
    let bytes = format!("{words}\n").into_bytes();
    Answer::raw(status, "text/plain; charset=utf-8", bytes)
}

fn version(repo: &Repo, sha: &str) -> String {
    let tag = repo.tags.iter().rev().find(|it| it.sha == sha);
    tag.map_or_else(
        || sha.get(..7).unwrap_or(sha).to_owned(),
        |it| it.name.clone(),
    )
}

// Two decimals: monitoring shows no more.
fn round(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

fn pages(forges: &[Arc<State>]) -> Vec<Value> {
    let all = services(forges).flat_map(|(state, repo)| {
        let places = repo.environments.iter();
        places.filter_map(move |place| {
            let vital = state.vital(repo, &place.name)?;
            Some(shape(state, repo, &place.name, &vital))
        })
    });
    all.collect()
}

fn shape(state: &State, repo: &Repo, environment: &str, vital: &Vital) -> Value {
    json!({
        "status": vital.condition.word(),
        "service": repo.name,
        "environment": environment,
        "version": version(repo, &vital.sha),
        "revision": vital.sha,
        "error_rate": round(vital.error_rate),
        "latency_ms": vital.latency_ms.round(),
        "memory": round(vital.memory),
        "since": vital.since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "at": state.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}

fn services(forges: &[Arc<State>]) -> impl Iterator<Item = (&State, &Repo)> {
    forges
        .iter()
        .flat_map(|state| state.repos.iter().map(move |repo| (&**state, &**repo)))
}

fn page(forges: &[Arc<State>], service: &str, environment: &str) -> Answer {
    let found = services(forges).find(|(_, it)| it.name == service);
    let found = found.filter(|(_, it)| it.environment(environment).is_some());
    let Some((state, repo)) = found else {
        return Answer::json(
            404,
            json!({"status": "unknown", "error": "no such service"}),
        );
    };
    match state.vital(repo, environment) {
        Some(vital) => {
            // A service that is down says so with its status too, if it says anything.
            let status = if vital.condition == Condition::Down {
                503
            } else {
                200
            };
            Answer::json(status, shape(state, repo, environment, &vital))
        }
        None => Answer::json(
            404,
            json!({"status": "unknown", "error": "nothing is deployed"}),
        ),
    }
}

fn metrics(forges: &[Arc<State>], query: &str) -> Answer {
    let param = |name: &str| {
        let pairs = query.split('&').filter_map(|it| it.split_once('='));
        let mut pairs = pairs.filter(|(key, _)| *key == name);
        let (_, value) = pairs.next()?;
        Some(decode(&value.replace('+', " ")).into_owned())
    };
    let at = match param("time").filter(|it| !it.is_empty()) {
        // No forge is ahead of another.
        None => forges.first().map_or(0.0, |it| seconds(it.now)),
        Some(text) => match instant(&text) {
            Some(at) => at,
            None => {
                return failed(&Fault::bad_data(format!(
                    "invalid parameter \"time\": cannot parse {text:?} to a valid timestamp"
                )));
            }
        },
    };
    let query = param("query").unwrap_or_default();
    match promql::evaluate(&query, &samples(forges)) {
        Ok(promql::Value::Scalar(number)) => found("scalar", json!([at, number.to_string()])),
        Ok(promql::Value::Vector(samples)) => {
            let result: Vec<Value> = samples
                .iter()
                .map(|it| json!({"metric": it.labels, "value": [at, it.value.to_string()]}))
                .collect();
            found("vector", json!(result))
        }
        Err(fault) => failed(&fault),
    }
}

fn found(kind: &str, result: Value) -> Answer {
    let data = json!({"resultType": kind, "result": result});
    Answer::json(200, json!({"status": "success", "data": data}))
}

fn failed(fault: &Fault) -> Answer {
    let body = json!({"status": "error", "errorType": fault.kind, "error": fault.message});
    Answer::json(fault.status, body)
}

fn seconds(at: jiff::Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this era fit")]
    let millis = at.as_millisecond() as f64;
    millis / 1_000.0
}

fn instant(text: &str) -> Option<f64> {
    let parsed = text.parse::<jiff::Timestamp>().ok().map(seconds);
    parsed.or_else(|| text.parse::<f64>().ok().filter(|it| it.is_finite()))
}

/// Every series there is, at this moment.
fn samples(forges: &[Arc<State>]) -> Vec<Sample> {
    let mut all = Vec::new();
    for (state, repo) in services(forges) {
        for place in &repo.environments {
            let Some(vital) = state.vital(repo, &place.name) else {
                continue;
            };
            let up = if vital.condition == Condition::Down {
                0.0
            } else {
                1.0
            };
            let figures = [
                ("up", up),
                ("service_error_rate_percent", round(vital.error_rate)),
                ("service_latency_p95_milliseconds", vital.latency_ms.round()),
                ("service_memory_percent", round(vital.memory)),
            ];
            for (name, value) in figures {
                let labels = [
                    ("__name__", name.to_owned()),
                    ("environment", place.name.clone()),
                    ("instance", format!("{}.{}:9102", repo.name, place.name)),
                    ("job", "services".to_owned()),
                    ("service", repo.name.clone()),
                    ("version", version(repo, &vital.sha)),
                ];
                let labels = labels.map(|(name, value)| (name.to_owned(), value));
                all.push(Sample {
                    labels: labels.into(),
                    value,
                });
            }
        }
    }
    all
}
