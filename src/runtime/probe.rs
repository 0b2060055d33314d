//! Probes: looks at running services over HTTP, with a client of its own that has no forge's token.
//! Running programs lives in `probe/errand.rs`; what an answer means, in `domain/sampling`.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::header::LOCATION;
use reqwest::{Client, Response};
use url::Url;

use crate::config::Env;
use crate::domain::custom::Output;
use crate::domain::policy::{Probe, ProbeSource};
use crate::domain::sampling::{Errand, PROBE_LIMIT, Sampling, answer};
use crate::domain::seen::{Round, Sample};
use crate::forge::http::client::{self, Pool};
use crate::forge::http::{Limits, read_body};

mod errand;

/// The longest answer that is read, in decoded bytes.
const LONGEST: usize = 1024 * 1024;

/// How often a redirect on the same host is followed.
const REDIRECTS: usize = 3;

/// Takes rounds of samples.
pub struct Prober {
    env: Env,
    /// Where programs run.
    folder: Option<PathBuf>,
    outside: OnceLock<Result<Client, String>>,
    loopback: OnceLock<Result<Client, String>>,
}

impl Prober {
    pub fn new(env: &Env, folder: Option<PathBuf>) -> Self {
        Self {
            env: env.clone(),
            folder,
            outside: OnceLock::new(),
            loopback: OnceLock::new(),
        }
    }

    /// Takes one round: all of its probes at one time.
    pub async fn take(&self, sampling: Sampling) -> Round {
        let samples = match sampling {
            Sampling::Probes(probes) => join_all(probes.iter().map(|probe| self.ask(probe))).await,
            Sampling::Errand(errand) => {
                vec![errand::run(&errand, &self.env, self.folder.as_deref()).await]
            }
        };
        Round { samples }
    }

    /// Runs a command of the operator's own.
    pub async fn run(&self, errand: &Errand) -> Output {
        errand::said(errand, &self.env, self.folder.as_deref()).await
    }

    async fn ask(&self, probe: &Probe) -> Sample {
        let limit = PROBE_LIMIT.unsigned_abs();
        match tokio::time::timeout(limit, self.answer(probe)).await {
            Ok(Ok(sample)) => sample,
            Ok(Err(why)) => answer::nothing(probe, why),
            Err(_) => answer::nothing(probe, format!("no answer in {}s", limit.as_secs())),
        }
    }

    async fn answer(&self, probe: &Probe) -> Result<Sample, String> {
        let url = match &probe.source {
            ProbeSource::Http { url, .. } => address(url)?,
            ProbeSource::Prometheus { url, query } => {
                let base = url.trim_end_matches('/');
                let mut url = address(&format!("{base}/api/v1/query"))?;
                url.query_pairs_mut().append_pair("query", query);
                url
            }
        };
        let response = self.get(url).await?;
        let status = response.status().as_u16();
        let body = read_body(response, LONGEST).await;
        let body = body.map_err(|error| error.to_string())?;
        Ok(match &probe.source {
            ProbeSource::Http { .. } => answer::http(probe, status, &body),
            ProbeSource::Prometheus { .. } => answer::prometheus(probe, status, &body),
        })
    }

    /// Gets an address. A redirect is followed on the same host alone: what another host says is
    /// not what was asked.
    async fn get(&self, mut url: Url) -> Result<Response, String> {
        let client = self.client(&url)?;
        for _ in 0..=REDIRECTS {
            let response = client.get(url.clone()).send().await;
            let response = response.map_err(|error| root_cause(&error))?;
            let location = response
                .status()
                .is_redirection()
                .then(|| response.headers().get(LOCATION))
                .flatten();
            let Some(location) = location else {
                return Ok(response);
            };
            let location = location.to_str().ok();
            let next = location.and_then(|location| url.join(location).ok());
            match next {
                Some(next) if next.origin() == url.origin() => url = next,
                Some(_) | None => return Err("it redirects to another host".to_owned()),
            }
        }
        Err(format!("it redirects more than {REDIRECTS} times"))
    }

    fn client(&self, url: &Url) -> Result<&Client, String> {
        let kept = if client::is_loopback(url) {
            &self.loopback
        } else {
            &self.outside
        };
        let limits = Limits {
            connect: Duration::from_secs(3),
            total: PROBE_LIMIT.unsigned_abs(),
            ..Limits::default()
        };
        let made = kept.get_or_init(|| {
            client::build(url, None, &limits, Pool::Kept).map_err(|error| error.to_string())
        });
        made.as_ref().map_err(Clone::clone)
    }
}

fn address(text: &str) -> Result<Url, String> {
    client::address(text).map_err(|error| error.to_string())
}

/// The innermost cause of an error, which says most: "connection refused".
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
