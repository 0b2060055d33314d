//! What is to be sampled of a running service, with the case's names put in. What the answers mean
//! lives in `sampling/answer.rs`, taking the samples in `runtime`, judging them in `gate/health.rs`
//! and `gate/command.rs`.

use jiff::SignedDuration;

use super::ids::EnvironmentName;
use super::policy::{CommandRule, GateSpec, HealthRule, Probe, ProbeSource, Service, Stage};
use super::revision::Revision;
use super::seen::{RoundKey, Subject};

pub mod answer;

/// One round to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// All of them at one time.
    Probes(Vec<Probe>),
    Errand(Errand),
}

/// A program to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    pub name: String,
    /// Never through a shell.
    pub argv: Vec<String>,
    pub time_limit: SignedDuration,
    /// What it is told in its environment, beside the little that every program needs.
    pub told: Vec<(String, String)>,
}

impl Sampling {
    /// How long it takes at the most.
    pub fn time_limit(&self) -> SignedDuration {
        match self {
            Self::Probes(_) => PROBE_LIMIT,
            Self::Errand(errand) => errand.time_limit,
        }
    }
}

/// How long one probe may take.
pub const PROBE_LIMIT: SignedDuration = SignedDuration::from_secs(5);

/// The words that are replaced in addresses, queries and arguments.
pub const PLACEHOLDERS: &[&str] = &["service", "environment", "revision", "version"];

/// A round that a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub key: RoundKey,
    pub every: SignedDuration,
    pub sampling: Sampling,
}

/// Returns the rounds that the gates of a promotion into `stage` ask for.
pub fn of_gates(service: &Service, stage: &Stage, candidate: &Revision) -> Vec<Wanted> {
    if !stage.gates.iter().any(is_sampled) {
        return Vec::new();
    }
    let names = Names::new(service, &stage.environment, candidate);
    let key = |subject| RoundKey {
        environment: stage.environment.clone(),
        subject,
        revision: candidate.sha.clone(),
    };
    let mut wanted = Vec::new();
    for gate in stage.gates.iter() {
        match gate {
            GateSpec::Health(rule) => wanted.push(Wanted {
                key: key(Subject::Health),
                every: rule.every,
                sampling: names.probes(rule),
            }),
            GateSpec::Command(rules) => {
                wanted.extend(rules.iter().map(|(name, rule)| Wanted {
                    key: key(Subject::Command(name.clone())),
                    every: rule.every,
                    sampling: names.errand(name, rule),
                }));
            }
            GateSpec::Fresh
            | GateSpec::Pipeline(_)
            | GateSpec::Path { .. }
            | GateSpec::Soak { .. }
            | GateSpec::Review { .. }
            | GateSpec::Window
            | GateSpec::Hold
            | GateSpec::SignOff { .. }
            | GateSpec::Forge
            | GateSpec::Manual
            | GateSpec::Release
            | GateSpec::Quality(_)
            | GateSpec::Blocker { .. }
            | GateSpec::Depends
            | GateSpec::Parity(_)
            | GateSpec::Fits(_)
            | GateSpec::FourEyes { .. }
            | GateSpec::Checklist { .. }
            | GateSpec::Risk { .. } => {}
        }
    }
    wanted
}

/// Returns the round that verifies what is live in `stage`, if the policy asks for one.
pub fn of_verification(service: &Service, stage: &Stage, live: &Revision) -> Option<Wanted> {
    let rule = &stage.verification.as_ref()?.health;
    if rule.probes.is_empty() {
        return None;
    }
    Some(Wanted {
        key: RoundKey {
            environment: stage.environment.clone(),
            subject: Subject::Verification,
            revision: live.sha.clone(),
        },
        every: rule.every,
        sampling: Names::new(service, &stage.environment, live).probes(rule),
    })
}

fn is_sampled(gate: &GateSpec) -> bool {
    matches!(gate, GateSpec::Health(_) | GateSpec::Command(_))
}

/// What is put in for each placeholder.
struct Names {
    values: [String; 4],
}

impl Names {
    fn new(service: &Service, environment: &EnvironmentName, revision: &Revision) -> Self {
        Self {
            values: [
                service.name.to_string(),
                environment.to_string(),
                revision.sha.to_string(),
                version(revision),
            ],
        }
    }

    fn probes(&self, rule: &HealthRule) -> Sampling {
        let probe = |probe: &Probe| Probe {
            name: probe.name.clone(),
            source: match &probe.source {
                ProbeSource::Http { url, pointer } => ProbeSource::Http {
                    url: self.put_in(url, encoded),
                    pointer: pointer.clone(),
                },
                ProbeSource::Prometheus { url, query } => ProbeSource::Prometheus {
                    url: self.put_in(url, encoded),
                    query: self.put_in(query, str::to_owned),
                },
            },
            expect: probe.expect.clone(),
        };
        Sampling::Probes(rule.probes.iter().map(probe).collect())
    }

    fn errand(&self, name: &str, rule: &CommandRule) -> Sampling {
        let argv = rule.argv.iter();
        let told = PLACEHOLDERS.iter().zip(&self.values);
        Sampling::Errand(Errand {
            name: name.to_owned(),
            argv: argv.map(|word| self.put_in(word, str::to_owned)).collect(),
            time_limit: rule.time_limit,
            told: told
                .map(|(word, value)| (format!("GONOGO_{}", word.to_uppercase()), value.clone()))
                .collect(),
        })
    }

    /// Replaces the placeholders in one pass, so that a value is never looked at again.
    fn put_in(&self, text: &str, write: impl Fn(&str) -> String) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let found = PLACEHOLDERS
                .iter()
                .zip(&self.values)
                .find_map(|(word, value)| {
                    let tail = after.strip_prefix(word)?.strip_prefix('}')?;
                    Some((value, tail))
                });
            match found {
                Some((value, tail)) => {
                    out.push_str(&write(value));
                    rest = tail;
                }
                None => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// Puts example names into an address, to see at load whether it can be one.
pub fn example_of(url: &str) -> String {
    let names = Names {
        values: ["service", "environment", "revision", "version"].map(str::to_owned),
    };
    names.put_in(url, encoded)
}

/// The version of a revision, else its short SHA.
///
/// A version is a tag, which anybody who may push can make: one with signs that could change what a
/// query or an argument means is not put in, and the commit stands for it.
pub fn version(revision: &Revision) -> String {
    let harmless = |version: &&String| {
        version.starts_with(|first: char| first.is_ascii_alphanumeric())
            && version
                .chars()
                .all(|sign| sign.is_ascii_alphanumeric() || "._+-/@".contains(sign))
    };
    let version = revision.version.as_ref().filter(harmless);
    version.map_or_else(|| revision.sha.short().to_owned(), Clone::clone)
}

/// Writes a value so that it stays one part of an address.
fn encoded(value: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(value, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::gate::fixture::{WANTED, World, revision, sha};
    use crate::domain::policy::Expect;

    fn health(url: &str, query: &str) -> GateSpec {
        let probe = |name: &str, source| Probe {
            name: name.to_owned(),
            source,
            expect: Expect::Answer,
        };
        GateSpec::Health(HealthRule {
            probes: vec![
                probe(
                    "up",
                    ProbeSource::Http {
                        url: url.to_owned(),
                        pointer: None,
                    },
                ),
                probe(
                    "errors",
                    ProbeSource::Prometheus {
                        url: "https://prom.test".to_owned(),
                        query: query.to_owned(),
                    },
                ),
            ],
            every: SignedDuration::from_secs(30),
        })
    }

    fn command(argv: &[&str]) -> GateSpec {
        let rule = CommandRule {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            time_limit: SignedDuration::from_secs(5),
            every: SignedDuration::from_secs(60),
        };
        GateSpec::Command(vec![("smoke".to_owned(), rule)])
    }

    fn sampling(gate: GateSpec, candidate: &Revision) -> Sampling {
        let world = World::new(vec![gate]);
        let wanted = of_gates(world.service(), world.stage(), candidate);
        let [wanted] = wanted.as_slice() else {
            panic!("{wanted:?}")
        };
        assert_eq!(wanted.key.revision, candidate.sha);
        wanted.sampling.clone()
    }

    fn texts(sampling: &Sampling) -> Vec<&str> {
        match sampling {
            Sampling::Errand(errand) => errand.argv.iter().map(String::as_str).collect(),
            Sampling::Probes(probes) => probes
                .iter()
                .map(|probe| match &probe.source {
                    ProbeSource::Http { url, .. } => url.as_str(),
                    ProbeSource::Prometheus { query, .. } => query.as_str(),
                })
                .collect(),
        }
    }

    #[test]
    fn the_names_of_the_case_are_put_in_and_other_braces_stay() {
        let gate = health(
            "https://{service}.{environment}.test/{version}?r={revision}&x={other}",
            "rate(errors{service=\"{service}\",v=\"{version}\"}[5m])",
        );
        let taken = sampling(gate, &revision(WANTED, "2.41.0"));
        let url = format!(
            "https://checkout.production.test/2.41.0?r={}&x={{other}}",
            sha(WANTED)
        );
        assert_eq!(
            texts(&taken),
            [
                url.as_str(),
                "rate(errors{service=\"checkout\",v=\"2.41.0\"}[5m])"
            ]
        );
    }

    #[test]
    fn a_tag_cannot_change_what_a_query_or_an_argument_means() {
        for tag in ["1\"} or vector(0) #", "-rf", "a b", "{service}", ""] {
            let candidate = revision(WANTED, tag);
            let query = sampling(health("https://a.test", "up{v=\"{version}\"}"), &candidate);
            assert_eq!(texts(&query)[1], "up{v=\"bbbbbbb\"}", "{tag}");
            let argv = sampling(command(&["smoke", "{version}"]), &candidate);
            assert_eq!(texts(&argv), ["smoke", "bbbbbbb"], "{tag}");
        }
    }

    #[test]
    fn a_value_stays_one_part_of_an_address() {
        let candidate = revision(WANTED, "svc/v1+2");
        let taken = sampling(health("https://a.test/{version}/x", "up"), &candidate);
        assert_eq!(texts(&taken)[0], "https://a.test/svc%2Fv1%2B2/x");
    }

    #[test]
    fn a_program_is_told_the_case_in_its_environment_too() {
        let Sampling::Errand(errand) = sampling(command(&["smoke"]), &revision(WANTED, "2.41.0"))
        else {
            panic!("no errand")
        };
        let told: Vec<String> = errand
            .told
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            told,
            [
                "GONOGO_SERVICE=checkout".to_owned(),
                "GONOGO_ENVIRONMENT=production".to_owned(),
                format!("GONOGO_REVISION={}", sha(WANTED)),
                "GONOGO_VERSION=2.41.0".to_owned(),
            ]
        );
    }
}
