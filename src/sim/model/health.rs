//! How well the deployed things are: what a health page and a metrics server tell of them.
//!
//! Well or ill follows from what is deployed and since when; somebody may also say so.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Repo, State, words};
use crate::sim::world::Offset;

words! {
    /// How a service is.
    Condition { Ok = "ok", Degraded = "degraded", Down = "down" }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is none of ok, degraded, down"))
        })
    }
}

/// How a repository's service is when all is well, and which revisions are not.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Health {
    /// Share of requests that fail, in percent.
    pub error_rate: f64,
    /// The 95th percentile, in milliseconds.
    pub latency_ms: f64,
    /// Share of the memory in use, in percent.
    pub memory: f64,
    /// Revisions that are not well.
    pub bad: Vec<Bad>,
    /// What somebody has said by the script or the control API; the newest of a place counts.
    #[serde(skip)]
    pub said: Vec<Said>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            error_rate: 0.2,
            latency_ms: 120.0,
            memory: 41.0,
            bad: Vec::new(),
            said: Vec::new(),
        }
    }
}

/// A revision that is not well some time after it was deployed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bad {
    /// Tag, branch or sha.
    pub rev: String,
    /// Where; everywhere without it.
    pub environment: Option<String>,
    /// How long after its deployment it shows.
    #[serde(default)]
    pub after: Offset,
    /// What it shows then.
    #[serde(default)]
    pub ill: Ill,
}

/// The figures of a service that is not well; what is not said stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ill {
    /// Degraded unless said otherwise.
    pub condition: Option<Condition>,
    /// Share of requests that fail, in percent.
    pub error_rate: Option<f64>,
    /// The 95th percentile, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Share of the memory in use, in percent.
    pub memory: Option<f64>,
}

/// What somebody said of an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Where.
    pub environment: String,
    /// The figures.
    pub ill: Ill,
    /// Until when; for ever without it.
    pub until: Option<Timestamp>,
}

/// How a service is in an environment at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Vital {
    /// The word.
    pub condition: Condition,
    /// The commit that is live.
    pub sha: String,
    /// Since when.
    pub since: Timestamp,
    /// Share of requests that fail, in percent.
    pub error_rate: f64,
    /// The 95th percentile, in milliseconds.
    pub latency_ms: f64,
    /// Share of the memory in use, in percent.
    pub memory: f64,
}

impl State {
    /// How a service is in an environment; `None` where nothing of it is live.
    pub fn vital(&self, repo: &Repo, environment: &str) -> Option<Vital> {
        let live = repo.live(environment)?;
        let since = live.latest()?.created_at;
        let health = &repo.health;
        let said = health.said.iter().rev().find(|it| {
            it.environment == environment && it.until.is_none_or(|until| self.now < until)
        });
        let bad = health.bad.iter().find(|it| {
            let here = it.environment.as_deref().is_none_or(|it| it == environment);
            let this = repo.resolve(&it.rev).is_some_and(|it| it.sha == live.sha);
            // What was deployed before the simulation began has lived at life's own pace.
            let after = if since < self.started {
                it.after.0
            } else {
                self.scaled(it.after.0.as_secs_f64())
            };
            here && this && self.now.duration_since(since) >= after.max(SignedDuration::ZERO)
        });
        let ill = said.map(|it| &it.ill).or(bad.map(|it| &it.ill));
        // Figures never stand quite still: they move a little from minute to minute.
        let minute = (self.now.as_second().div_euclid(60)).to_string();
        let sway = |what: &str, figure: f64| {
            let chance = self.chance(&["vital", &repo.name, environment, what, &minute]);
            figure * (0.9 + 0.2 * chance)
        };
        let figure = |what, said: Option<f64>, usual| match said {
            // A figure that was named is shown as it was named.
            Some(figure) => figure,
            None => sway(what, usual),
        };
        let ill_or = |pick: fn(&Ill) -> Option<f64>| ill.and_then(pick);
        Some(Vital {
            condition: ill.map_or(Condition::Ok, |it| {
                it.condition.unwrap_or(Condition::Degraded)
            }),
            sha: live.sha.clone(),
            since,
            error_rate: figure("errors", ill_or(|it| it.error_rate), health.error_rate),
            latency_ms: figure("latency", ill_or(|it| it.latency_ms), health.latency_ms),
            memory: figure("memory", ill_or(|it| it.memory), health.memory),
        })
    }

    /// Says how a service is in an environment, for some time or for ever.
    pub(crate) fn say_health(
        &mut self,
        repo: u64,
        environment: &str,
        ill: Option<Ill>,
        lasts: Option<SignedDuration>,
    ) -> Option<()> {
        let until = lasts.map(|it| self.now.saturating_add(it).unwrap_or(Timestamp::MAX));
        let repo = self.repo_mut(repo)?;
        let name = repo.environment(environment)?.name.clone();
        repo.health.said.retain(|it| it.environment != name);
        repo.health.said.extend(ill.map(|ill| Said {
            environment: name,
            ill,
            until,
        }));
        Some(())
    }
}
