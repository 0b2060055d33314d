//! Messages: what happened. Orders live in `effect.rs` and `request.rs`.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::effect::{Question, Target, Ticket};
use super::interface::{Chord, Pointed, Preferences};
use super::request::Request;
use crate::domain::act::{Handle, Outcome};
use crate::domain::brake::Reading;
use crate::domain::capability::Capability;
use crate::domain::custom::Output;
use crate::domain::entry::Entry;
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::fault::Fault;
use crate::domain::ids::{ForgeName, InstanceId, IntentId, Person, Seq, ServiceName};
use crate::domain::log::{Extent, Line};
use crate::domain::notice::Notice;
use crate::domain::pipeline::Job;
use crate::domain::policy::Policy;
use crate::domain::scope::Scope;
use crate::domain::seen::{Declared, Round};

/// What happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// Time passed: something may be due.
    Tick,
    Key(Chord),
    /// Bracketed paste: it only ever types into a text field.
    Paste(String),
    Resized {
        columns: u16,
        rows: u16,
    },
    /// A forge answered a question, or did not.
    Fetched(Fetched),
    /// Entries read from the journal, in order; also those that other instances wrote.
    JournalRead(Result<Vec<Entry>, JournalFault>),
    /// Which other gonogos work on this journal now.
    Neighbours(BTreeSet<InstanceId>),
    /// The answer to an `Effect::Append`.
    Recorded {
        ticket: Ticket,
        result: Result<Entry, JournalFault>,
    },
    /// The answer to an `Effect::Act`: exactly one, whatever happened.
    Acted {
        id: IntentId,
        outcome: Outcome,
    },
    /// The answer to an `Effect::Sample`; `None` if it was given up.
    Sampled {
        ticket: u64,
        /// When the samples were taken, by our clock: they are at least that old.
        asked_at: Timestamp,
        round: Option<Round>,
    },
    /// The answer to an `Effect::Log`.
    Log {
        ticket: u64,
        answer: LogAnswer,
    },
    /// An order from the command line, by the same way as one from a dialog.
    Asked(Request),
    /// The config file changed.
    Reloaded(Result<Arc<Policy>, String>),
    /// It changed what keys mean, or how the board looks.
    Rearranged(Box<Preferences>),
    /// An effect on the terminal's surroundings (browser, clipboard) came to this.
    Told {
        tone_good: bool,
        text: String,
    },
    /// A rule tells of journal entries: on the desktop, or by the bell.
    Noticed {
        ring: bool,
        notice: Notice,
    },
    /// A rule could not tell somebody.
    NoticeLost {
        rule: String,
        why: String,
        hint: String,
    },
    /// The operator's own command came to its end.
    Ran {
        ticket: u64,
        output: Output,
    },
    /// The mouse was used on something.
    Pointed(Pointed),
    /// The program was asked to end by a signal, or its terminal is gone.
    Terminated,
}

/// An answer to an `Effect::Fetch`.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub generation: u64,
    pub forge: ForgeName,
    pub question: Question,
    /// When the request was sent, by our clock: the answer is at least that old.
    pub asked_at: Timestamp,
    pub answer: Answer,
    pub budget: Budget,
    /// Whether another part of the same answer follows.
    pub more: bool,
}

/// How many services one part of an answer is about, at the least.
const PART: usize = 50;
/// Into how many parts an answer is taken at the most: after each, the rows are ordered anew.
const PARTS: usize = 16;

impl Fetched {
    /// Takes an answer about many services apart, so that merging one part delays no key.
    ///
    /// An answer with a fault in it stays whole: a fault of the whole forge must count once.
    pub fn parts(self) -> Vec<Self> {
        let Self {
            generation,
            forge,
            question,
            asked_at,
            answer,
            budget,
            more,
        } = self;
        let parts: Vec<(Question, Answer)> = match (question, answer) {
            (Question::Pulse(targets), Answer::Pulses(answers)) if all_good(&targets, &answers) => {
                let targets = apart(targets).map(Question::Pulse);
                targets.zip(apart(answers).map(Answer::Pulses)).collect()
            }
            (Question::Facts(targets), Answer::Facts(answers)) if all_good(&targets, &answers) => {
                let targets = apart(targets).map(Question::Facts);
                targets.zip(apart(answers).map(Answer::Facts)).collect()
            }
            whole => vec![whole],
        };
        let last = parts.len().saturating_sub(1);
        let parts = parts.into_iter().enumerate();
        parts
            .map(|(place, (question, answer))| Self {
                generation,
                forge: forge.clone(),
                question,
                asked_at,
                answer,
                budget,
                more: more || place < last,
            })
            .collect()
    }
}

fn all_good<T>(targets: &[Target], answers: &[(ServiceName, Result<T, Fault>)]) -> bool {
    targets.len() == answers.len() && answers.iter().all(|(_, answer)| answer.is_ok())
}

/// Makes parts of a list, and one of an empty list.
fn apart<T>(mut list: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let size = list.len().div_ceil(PARTS).max(PART);
    let parts = list.len().div_ceil(size).max(1);
    (0..parts).map(move |_| {
        let rest = list.split_off(size.min(list.len()));
        std::mem::replace(&mut list, rest)
    })
}

/// What a forge answered.
#[derive(Clone, Debug)]
pub enum Answer {
    Identity(Result<Identity, Fault>),
    Pulses(Vec<(ServiceName, Result<Pulse, Fault>)>),
    Facts(Vec<(ServiceName, Result<Box<ServiceFacts>, Fault>)>),
    Scope(Result<Box<Scope>, Fault>),
    /// In the order of the question.
    Declared(Vec<Result<Declared, Fault>>),
    Jobs(Result<Vec<Job>, Fault>),
    /// In the order of the question.
    Marks(Vec<Result<Reading, Fault>>),
    Found(Result<Option<Handle>, Fault>),
    /// Dropped before it answered.
    Cancelled,
}

/// What came of an order about a log.
#[derive(Clone, Debug)]
pub enum LogAnswer {
    /// How much there is now.
    Extent(Result<Extent, Fault>),
    Lines {
        from: u64,
        lines: Vec<Line>,
    },
    /// The line with the words, if there is one.
    Found(Option<u64>),
    /// Given up.
    Lost,
}

/// Who the token is, as the board shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub login: Person,
    pub scopes: Vec<String>,
    /// The server's version, where it is not the hosted one.
    pub version: Option<String>,
    /// What the forge can do with this token.
    pub capabilities: Vec<Capability>,
}

/// A forge's rate budget, as the board shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    pub remaining: Option<u64>,
    pub limit: Option<u64>,
    pub resets_at: Option<Timestamp>,
    /// Requests sent since the start.
    pub sent: u64,
    /// Organizations that its answers leave out: their single sign-on does not know the token.
    pub hidden: u64,
}

/// Why the journal did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalFault {
    /// The precondition does not hold: somebody was faster. Nothing was written.
    Refused { why: String },
    /// The entry is there already; nothing is wrong.
    AlreadyThere,
    /// The journal cannot be read or written.
    Unreachable {
        why: String,
        hint: Option<String>,
        /// The first entry that is not as it was written, if that is why.
        broken: Option<Seq>,
    },
}

impl JournalFault {
    /// Says why the journal is out of reach; what it says of itself names it already.
    pub fn unreachable(why: &str) -> String {
        if why.starts_with("the journal") {
            why.to_owned()
        } else {
            format!("the journal is unreachable: {why}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::FaultKind;

    fn pulses(count: usize, faulty: bool) -> Fetched {
        let name = |at: usize| ServiceName::from(format!("svc-{at}"));
        let target = |at| Target {
            service: name(at),
            repo: "acme/one".into(),
            branch: None,
            environments: Vec::new(),
            model: crate::domain::policy::EnvironmentModel::Native,
            jobs: std::collections::BTreeMap::new(),
            revisions: Vec::new(),
            named_checks: false,
            reports: false,
            labels: Vec::new(),
            payloads: false,
            brief: false,
        };
        let pulse = Pulse {
            head: None,
            checks: None,
            deployments: Vec::new(),
            pull_requests: Some(0),
            pull_requests_at: None,
            latest_release: None,
            pushed_at: None,
            labelled: Vec::new(),
        };
        let fault = Fault {
            kind: FaultKind::Unreachable,
            forge: "github".into(),
            doing: "reading".into(),
            why: "no route".into(),
            hint: None,
            request: None,
            at: Timestamp::UNIX_EPOCH,
            retry_at: None,
        };
        let mut answers: Vec<_> = (0..count).map(|at| (name(at), Ok(pulse.clone()))).collect();
        if let Some((_, first)) = answers.first_mut().filter(|_| faulty) {
            *first = Err(fault);
        }
        Fetched {
            generation: 7,
            forge: "github".into(),
            question: Question::Pulse((0..count).map(target).collect()),
            asked_at: Timestamp::UNIX_EPOCH,
            answer: Answer::Pulses(answers),
            budget: Budget::default(),
            more: false,
        }
    }

    fn services(part: &Fetched) -> Vec<ServiceName> {
        match &part.answer {
            Answer::Pulses(answers) => answers.iter().map(|(name, _)| name.clone()).collect(),
            answer => panic!("{answer:?}"),
        }
    }

    #[test]
    fn the_parts_of_an_answer_are_the_answer_and_only_the_last_says_so() {
        for (count, parts) in [(0, 1), (1, 1), (PART, 1), (PART + 1, 2), (1_000, PARTS)] {
            let whole = pulses(count, false);
            let wanted = services(&whole);
            let split = whole.parts();
            assert!(split.len() <= parts, "{count}: {}", split.len());
            let found: Vec<ServiceName> = split.iter().flat_map(services).collect();
            assert_eq!(found, wanted);
            let more: Vec<bool> = split.iter().map(|part| part.more).collect();
            assert!(more.iter().rev().skip(1).all(|more| *more), "{more:?}");
            assert_eq!(more.last(), Some(&false));
        }
    }

    #[test]
    fn an_answer_with_a_fault_stays_whole() {
        let parts = pulses(1_000, true).parts();
        assert_eq!(parts.len(), 1);
        assert!(!parts[0].more);
    }
}
