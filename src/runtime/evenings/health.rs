//! How running services are, and what samples of them say: well, ill, or nothing, until chance has
//! it otherwise. A round may be given up, and may arrive long after it was taken.

use jiff::Timestamp;

use super::breakage::Breakage;
use super::executor::InFlight;
use super::world::World;
use crate::app::Msg;
use crate::domain::ids::{EnvironmentName, ServiceName, Sha};
use crate::domain::policy::ProbeSource;
use crate::domain::sampling::Sampling;
use crate::domain::seen::{Outcome, Round, Sample};

/// What a round is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sampled {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub revision: Sha,
    /// `health`, `smoke` or `verify`.
    pub subject: String,
}

/// The last round that an instance was told, as it really was.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub good: bool,
    /// By the instance's clock.
    pub asked_at: Timestamp,
    /// By the world's own time.
    pub really: Timestamp,
    /// The last that was good.
    pub good_at: Option<Timestamp>,
}

/// Reads what is sampled back out of the names that were put in.
pub fn sampled(sampling: &Sampling) -> Option<Sampled> {
    let words: Vec<&str> = match sampling {
        Sampling::Probes(probes) => match &probes.first()?.source {
            ProbeSource::Http { url, .. } => url.strip_prefix("https://")?.split('/').collect(),
            ProbeSource::Prometheus { .. } => return None,
        },
        Sampling::Errand(errand) => {
            let words = errand.argv.iter().skip(1).map(String::as_str);
            words.chain([errand.name.as_str()]).collect()
        }
    };
    let [service, environment, revision, subject] = words.as_slice() else {
        return None;
    };
    Some(Sampled {
        service: (*service).into(),
        environment: (*environment).into(),
        revision: (*revision).into(),
        subject: (*subject).to_owned(),
    })
}

fn round(sampling: &Sampling, outcome: Outcome) -> Round {
    let value = match outcome {
        Outcome::Success => "well",
        Outcome::Failure => "ill",
        Outcome::Inconclusive => "no answer in 5s",
    };
    let sample = |probe: &str| Sample {
        probe: probe.to_owned(),
        outcome,
        value: value.to_owned(),
        url: None,
    };
    Round {
        samples: match sampling {
            Sampling::Probes(probes) => probes.iter().map(|probe| sample(&probe.name)).collect(),
            Sampling::Errand(errand) => vec![sample(&errand.name)],
        },
    }
}

impl World {
    /// A round of samples is taken.
    pub fn sample(&mut self, flight: &InFlight, ticket: u64, sampling: &Sampling) -> Msg {
        let answer = |round| Msg::Sampled {
            ticket,
            asked_at: flight.asked_at,
            round,
        };
        let Some(key) = sampled(sampling) else {
            return answer(None);
        };
        if self.chance.percent(3) {
            self.count("round given up");
            return answer(None);
        }
        let mood = self.moods.get(&mood_of(&key)).copied();
        let mut outcome = mood.unwrap_or(Outcome::Success);
        if self.chance.percent(3) {
            outcome = Outcome::Inconclusive;
        }
        self.count(match outcome {
            Outcome::Success => "sampled well",
            Outcome::Failure => "sampled ill",
            Outcome::Inconclusive => "sampled nothing",
        });
        let known = (flight.instance.clone(), key.clone());
        let cached = self.record.rounds.get(&known).copied();
        match cached {
            Some(told) if self.broken(Breakage::SamplesFromCache) => {
                let outcome = if told.good { Outcome::Success } else { outcome };
                return answer(Some(round(sampling, outcome)));
            }
            _ => {}
        }
        let good = outcome == Outcome::Success;
        if self.broken(Breakage::VerifiesUnseen) && key.subject == "verify" {
            outcome = Outcome::Success;
        }
        // It is told when it arrives; `hand` writes it down then.
        self.taken.insert(flight.number, (key, good));
        answer(Some(round(sampling, outcome)))
    }

    /// A round arrives where it was asked for.
    pub fn told_round(&mut self, flight: &InFlight) {
        let Some((key, good)) = self.taken.remove(&flight.number) else {
            return;
        };
        let known = self
            .record
            .rounds
            .entry((flight.instance.clone(), key))
            .or_insert(Told {
                good,
                asked_at: flight.asked_at,
                really: flight.since,
                good_at: None,
            });
        if good {
            known.good_at = known.good_at.max(Some(flight.since));
        }
        // An answer to an older question changes nothing.
        if flight.asked_at >= known.asked_at {
            known.good = good;
            known.asked_at = flight.asked_at;
            known.really = flight.since;
        }
    }

    /// Something gets well or ill.
    pub fn mood_changes(&mut self) {
        let policy = self.policy.clone();
        let Some(service) = self.chance.pick(&policy.services) else {
            return;
        };
        let Some(stage) = self.chance.pick(&service.path) else {
            return;
        };
        let subject = *self
            .chance
            .pick(&["health", "smoke", "verify"])
            .unwrap_or(&"health");
        let all = [Outcome::Success, Outcome::Failure, Outcome::Inconclusive];
        let outcome = all[self.chance.weighted(&[45, 40, 15])];
        let mood = (
            service.name.clone(),
            stage.environment.clone(),
            subject.to_owned(),
        );
        self.say(|_| {
            format!(
                "{subject} of {} in {}: {outcome:?}",
                service.name, stage.environment
            )
        });
        self.moods.insert(mood, outcome);
    }
}

/// What is ill stays ill whichever revision runs.
fn mood_of(key: &Sampled) -> (ServiceName, EnvironmentName, String) {
    (
        key.service.clone(),
        key.environment.clone(),
        key.subject.clone(),
    )
}
