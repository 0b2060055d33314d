//! What is seen beside the forge's own facts: what environments declare of themselves, and rounds
//! of samples taken of running services. Taking them lives in the forges and in `runtime`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{EnvironmentName, Sha};
use super::observed::Fact;

/// Everything of this kind that is known of one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// By the file's path and the revision at which it was read.
    pub declared: BTreeMap<(String, Sha), Fact<Declared>>,
    pub rounds: BTreeMap<RoundKey, Fact<Round>>,
    /// Since which round every one of a subject has come to the same.
    steady: BTreeMap<RoundKey, Timestamp>,
}

impl Seen {
    /// Takes a round. Older rounds of the same subject on other revisions are over.
    pub fn take_round(&mut self, key: RoundKey, round: Round, at: Timestamp) {
        self.rounds.retain(|known, fact| {
            known.environment != key.environment
                || known.subject != key.subject
                || known.revision == key.revision
                || fact.at().is_some_and(|known| known > at)
        });
        let rounds = &self.rounds;
        self.steady.retain(|known, _| rounds.contains_key(known));
        let before = rounds.get(&key).filter(|fact| fact.at() <= Some(at));
        if let Some(before) = before.and_then(Fact::value) {
            if before.sum() != round.sum() {
                self.steady.insert(key.clone(), at);
            }
        } else if !rounds.contains_key(&key) {
            self.steady.insert(key.clone(), at);
        }
        self.rounds.entry(key).or_default().merge(Ok(round), at);
    }

    /// Since when each round has come to what the last one did, as far as anybody has looked.
    pub fn steady_since(&self, key: &RoundKey) -> Option<Timestamp> {
        self.steady.get(key).copied()
    }
}

/// What a file declares at one revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// The page of the file on the forge.
    pub url: Option<String>,
    /// Flattened: `runtime.java` → `21`. `None` means that there is no such file.
    pub keys: Option<BTreeMap<String, String>>,
}

/// Which samples a round belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoundKey {
    pub environment: EnvironmentName,
    pub subject: Subject,
    /// The revision on which it was taken: another one's health says nothing.
    pub revision: Sha,
}

/// What is sampled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The `health` gate of the promotion into the environment.
    Health,
    /// The verification of what is live in the environment.
    Verification,
    /// The `command` gate of this name.
    Command(String),
}

/// Everything that one sampling round saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// In the order of the rule.
    pub samples: Vec<Sample>,
}

impl Round {
    /// What it comes to: one that fails decides, then one that says nothing.
    fn sum(&self) -> Outcome {
        let is_one = |outcome| self.samples.iter().any(|sample| sample.outcome == outcome);
        match (is_one(Outcome::Failure), is_one(Outcome::Inconclusive)) {
            (true, _) => Outcome::Failure,
            (false, true) => Outcome::Inconclusive,
            (false, false) => Outcome::Success,
        }
    }
}

/// What one probe saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    pub probe: String,
    pub outcome: Outcome,
    /// What was seen, in words: `0.2`, `no answer in 5s`.
    pub value: String,
    pub url: Option<String>,
}

/// How a sample came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Success,
    Failure,
    /// Nothing can be said: no answer, no such value, a program that ended in its own way.
    Inconclusive,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "well",
            Self::Failure => "not well",
            Self::Inconclusive => "says nothing",
        }
    }
}
