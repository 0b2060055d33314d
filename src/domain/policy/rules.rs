//! The settings of gates that have some. Judging by them lives in `gate/<kind>.rs`.

use std::fmt;

use jiff::SignedDuration;

use crate::domain::figure::Bound;
use crate::domain::ids::{EnvironmentName, RoleName, ServiceName};

/// `quality`: a figure that a check or commit status of the revision reports must keep to a bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualityRule {
    /// The check's or status's context.
    pub check: String,
    /// The words right before the figure in the report; `None` takes the first number there is.
    pub after: Option<String>,
    pub bound: Bound,
}

/// `depends`: a service that must be there first. It has its verdict in every environment that
/// both services have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    pub service: ServiceName,
    /// `None`: some verified revision must be live, whichever.
    pub at_least: Option<String>,
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at_least {
            Some(wanted) => write!(f, "{} >= {wanted}", self.service),
            None => write!(f, "{}", self.service),
        }
    }
}

/// `parity`: what two environments declare must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParityRule {
    /// The environment to compare with; `None` means the one before on the path.
    pub with: Option<EnvironmentName>,
    pub source: ParitySource,
    /// Keys that may differ; `prefix.*` covers everything below.
    pub except: Vec<String>,
}

/// Where an environment's facts are declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParitySource {
    /// A file of the repository (TOML, JSON, or lines of `key = value`), read at the revision
    /// deployed there. `{environment}` in the path is put in; which revision then counts for the
    /// target of a promotion is told in `gate/parity.rs`.
    File(String),
    /// The payload of the deployment that is live.
    Payload,
}

impl ParitySource {
    /// What is put in for the environment.
    const ENVIRONMENT: &str = "{environment}";

    /// Returns the file that declares the facts of `environment`; `None` for a payload.
    pub fn file_of(&self, environment: &EnvironmentName) -> Option<String> {
        match self {
            Self::File(path) => Some(path.replace(Self::ENVIRONMENT, environment.as_str())),
            Self::Payload => None,
        }
    }

    /// Says whether each environment has a file of its own.
    pub fn is_of_each(&self) -> bool {
        matches!(self, Self::File(path) if path.contains(Self::ENVIRONMENT))
    }
}

impl ParityRule {
    /// Says whether `key` may differ.
    pub fn excepts(&self, key: &str) -> bool {
        self.except.iter().any(|pattern| covers(pattern, key))
    }

    /// Returns a rule of the same comparison that excepts only what both do.
    #[must_use]
    pub fn stricter(&self, other: &Self) -> Self {
        let mut except: Vec<String> = Vec::new();
        for (these, those) in [(self, other), (other, self)] {
            for pattern in &these.except {
                if those.excepts(pattern) && !except.contains(pattern) {
                    except.push(pattern.clone());
                }
            }
        }
        Self {
            except,
            ..self.clone()
        }
    }
}

/// Says whether a pattern (`config.replicas`, or `config.*` for everything below) covers a key.
fn covers(pattern: &str, key: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => key.starts_with(prefix),
        None => pattern == key,
    }
}

/// `fits`: the promotion ends before the window does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FitsRule {
    /// Added to what history says.
    pub margin: SignedDuration,
}

/// `four-eyes`: the parts that have to be played by different people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Who wrote a commit in scope.
    Author,
    /// Who approved a pull request in scope, or signed off.
    Approver,
    /// Who promotes.
    Promoter,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Author, Self::Approver, Self::Promoter];

    pub fn word(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Approver => "approver",
            Self::Promoter => "promoter",
        }
    }
}

/// `checklist`: tasks that people do and attest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Short, to type: `backup`.
    pub name: String,
    /// What is to be done.
    pub text: String,
    /// Who may attest it; `None` means any operator.
    pub role: Option<RoleName>,
}

/// `health`: what must be seen in one and the same sampling round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthRule {
    pub probes: Vec<Probe>,
    /// How often it is sampled; a round older than twice that is stale.
    pub every: SignedDuration,
}

/// One look at a service's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub name: String,
    pub source: ProbeSource,
    pub expect: Expect,
}

/// Where a probe looks. `{service}`, `{environment}`, `{revision}` and `{version}` are put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeSource {
    /// A JSON document and the RFC 6901 pointer to the value in it; `None` asks for a 2xx alone.
    Http {
        url: String,
        pointer: Option<String>,
    },
    /// An instant query of the Prometheus HTTP API at this base.
    Prometheus { url: String, query: String },
}

/// What a probe must see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// This very text, number, or `true`/`false`.
    Value(String),
    Bound(Bound),
    /// Any answer that is a success.
    Answer,
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.write_str(value),
            Self::Bound(bound) => write!(f, "{bound}"),
            Self::Answer => f.write_str("an answer"),
        }
    }
}

/// `command`: a local program decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRule {
    /// Never through a shell. `{service}`, `{environment}`, `{revision}` and `{version}` are put in.
    pub argv: Vec<String>,
    pub time_limit: SignedDuration,
    /// How often it is run; an answer older than twice that is stale.
    pub every: SignedDuration,
}

/// What has to be seen after a deployment before it counts as verified (P10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Within this time of the deployment the probes must be well and the tasks attested.
    pub within: SignedDuration,
    /// Without probes, nothing is sampled: the tasks alone verify.
    pub health: HealthRule,
    /// What people look at and attest.
    pub tasks: Vec<Task>,
}

impl Verification {
    /// What both ask for: whoever adds to a verification never takes from it.
    #[must_use]
    pub fn stricter(&self, added: &Self) -> Self {
        let mut both = self.clone();
        both.within = both.within.min(added.within);
        both.health.every = match (
            self.health.probes.is_empty(),
            added.health.probes.is_empty(),
        ) {
            (false, true) => self.health.every,
            (true, false) => added.health.every,
            (true, true) | (false, false) => self.health.every.min(added.health.every),
        };
        for probe in &added.health.probes {
            if !both.health.probes.contains(probe) {
                both.health.probes.push(probe.clone());
            }
        }
        for task in &added.tasks {
            match both.tasks.iter_mut().find(|known| known.name == task.name) {
                Some(known) => known.role = known.role.clone().or_else(|| task.role.clone()),
                None => both.tasks.push(task.clone()),
            }
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn except(patterns: &[&str]) -> ParityRule {
        ParityRule {
            with: None,
            source: ParitySource::Payload,
            except: patterns.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    #[test]
    fn an_exception_is_a_key_or_all_below_one() {
        let rule = except(&["config.replicas", "hosts.*"]);
        for (key, excepted) in [
            ("config.replicas", true),
            ("config.replicas.max", false),
            ("config", false),
            ("hosts.eu.name", true),
            ("hosts", false),
            ("hostsfile", false),
        ] {
            assert_eq!(rule.excepts(key), excepted, "{key}");
        }
    }

    #[test]
    fn of_two_rules_only_the_exceptions_of_both_stay() {
        let tier = except(&["config.*", "region"]);
        let service = except(&["config.replicas", "hosts.*"]);
        assert_eq!(tier.stricter(&service).except, ["config.replicas"]);
        assert_eq!(service.stricter(&tier).except, ["config.replicas"]);
    }
}
