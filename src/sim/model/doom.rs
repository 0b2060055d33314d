//! What the control API has decided about jobs and deployments that are yet to come.

use serde::Deserialize;

use super::{Conclusion, Job, Repo};

/// How a job or deployment is to end: with a conclusion, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It ends so.
    Ends(Conclusion),
    /// It stays in progress until somebody stops it.
    Stuck,
}

impl Outcome {
    /// Reads a conclusion, or `stuck`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "stuck" {
            return Some(Self::Stuck);
        }
        Conclusion::parse(text).map(Self::Ends)
    }
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is neither a conclusion nor stuck"))
        })
    }
}

/// A decision about what comes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doom {
    /// Jobs of this name; with `environment`, whatever deploys there.
    pub job: Option<String>,
    /// Jobs and deployments to this environment.
    pub environment: Option<String>,
    /// How they end.
    pub outcome: Outcome,
    /// How many of them.
    #[serde(default = "once")]
    pub times: u32,
}

const fn once() -> u32 {
    1
}

impl Repo {
    /// Takes the decision about a job that begins, if there is one.
    pub(crate) fn doomed_job(&mut self, job: &Job) -> Option<Outcome> {
        let place = job.environment.as_deref();
        self.doomed(|it| {
            it.job.as_ref().is_none_or(|name| *name == job.name)
                && it.environment.as_deref().is_none_or(|it| Some(it) == place)
        })
    }

    /// Takes the decision about a deployment that a bot carries out, if there is one.
    pub(crate) fn doomed_deployment(&mut self, environment: &str) -> Option<Outcome> {
        self.doomed(|it| {
            it.job.is_none() && it.environment.as_deref().is_none_or(|it| it == environment)
        })
    }

    fn doomed(&mut self, meant: impl Fn(&Doom) -> bool) -> Option<Outcome> {
        let found = self.dooms.iter_mut().find(|it| it.times > 0 && meant(it))?;
        found.times -= 1;
        let outcome = found.outcome;
        self.dooms.retain(|it| it.times > 0);
        Some(outcome)
    }
}
