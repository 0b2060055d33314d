//! Messages: what happened. Orders live in `effect.rs` and `request.rs`.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::effect::{Question, Ticket};
use super::interface::Chord;
use super::request::Request;
use crate::domain::act::{Handle, Outcome};
use crate::domain::entry::Entry;
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::fault::Fault;
use crate::domain::ids::{ForgeName, InstanceId, IntentId, Person, ServiceName};
use crate::domain::pipeline::Job;
use crate::domain::policy::Policy;
use crate::domain::scope::Scope;

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
    /// An order from the command line, by the same way as one from a dialog.
    Asked(Request),
    /// The config file changed.
    Reloaded(Result<Arc<Policy>, String>),
    /// An effect on the terminal's surroundings (browser, clipboard) came to this.
    Told {
        tone_good: bool,
        text: String,
    },
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
}

/// What a forge answered.
#[derive(Clone, Debug)]
pub enum Answer {
    Identity(Result<Identity, Fault>),
    Pulses(Vec<(ServiceName, Result<Pulse, Fault>)>),
    Facts(Vec<(ServiceName, Result<Box<ServiceFacts>, Fault>)>),
    Scope(Result<Box<Scope>, Fault>),
    Jobs(Result<Vec<Job>, Fault>),
    Found(Result<Option<Handle>, Fault>),
    /// Dropped before it answered.
    Cancelled,
}

/// Who the token is, as the board shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub login: Person,
    pub scopes: Vec<String>,
    pub version: Option<String>,
}

/// A forge's rate budget, as the board shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    pub remaining: Option<u64>,
    pub limit: Option<u64>,
    pub resets_at: Option<Timestamp>,
}

/// Why the journal did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalFault {
    /// The precondition does not hold: somebody was faster. Nothing was written.
    Refused { why: String },
    /// The entry is there already; nothing is wrong.
    AlreadyThere,
    /// The journal cannot be read or written.
    Unreachable { why: String, hint: Option<String> },
}
