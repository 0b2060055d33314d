//! Effects: what `update` orders the runtime to do. Each is answered by exactly one message, also
//! on error, timeout, panic and shutdown; those on the terminal itself answer with none.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::act::Act;
use crate::domain::brake::Sought;
use crate::domain::entry::{Draft, Precondition};
use crate::domain::ids::{
    EnvironmentName, ForgeName, IntentId, JobId, RepoPath, RunId, Seq, ServiceName, Sha,
};
use crate::domain::notice::Notice;
use crate::domain::policy::EnvironmentModel;
use crate::domain::sampling::{Errand, Sampling};

/// An order to the runtime.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Answered by `Msg::Fetched`.
    Fetch {
        generation: u64,
        forge: ForgeName,
        question: Question,
    },
    /// Answered by `Msg::Recorded`.
    Append {
        ticket: Ticket,
        draft: Box<Draft>,
        precondition: Precondition,
    },
    /// Answered by `Msg::JournalRead`.
    ReadJournal {
        since: Seq,
    },
    /// Answered by `Msg::Acted`. Never dropped: shutdown waits for it.
    Act {
        id: IntentId,
        forge: ForgeName,
        repo: RepoPath,
        act: Act,
    },
    /// Takes one round of samples. Answered by `Msg::Sampled`.
    Sample {
        ticket: u64,
        sampling: Sampling,
    },
    /// Something about the log of a job. Answered by `Msg::Log`.
    Log {
        ticket: u64,
        source: LogSource,
        order: LogOrder,
    },
    /// Runs the operator's own command. Answered by `Msg::Ran`.
    Run {
        ticket: u64,
        errand: Errand,
    },
    /// Shows a notice on the desktop, through the terminal.
    Notify(Notice),
    /// Rings the terminal's bell.
    Ring,
    /// Listens to the mouse, or lets go of it.
    Mouse(bool),
    /// Draws with another theme from now on, by its name.
    Theme(String),
    /// Opens a page in the operator's browser.
    Browse(String),
    /// Copies to the operator's clipboard through the terminal (OSC 52).
    Copy(String),
    /// Stores the facts for the next start.
    SaveCache,
    Suspend,
    Quit,
}

/// Whose log it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogSource {
    pub forge: ForgeName,
    pub repo: RepoPath,
    pub run: RunId,
    pub job: JobId,
}

/// What is to be done with a log. It lies outside of the core, which sees parts of it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogOrder {
    /// Read on at the forge.
    Fetch,
    /// Bring some lines of what was read.
    Lines { from: u64, count: u64 },
    /// Look for words, from a line on, and round the end.
    Find {
        words: String,
        from: u64,
        forward: bool,
    },
}

/// What is asked of a forge. It carries everything that the answer needs to be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Identity,
    Pulse(Vec<Target>),
    Facts(Vec<Target>),
    Scope {
        service: ServiceName,
        repo: RepoPath,
        base: Sha,
        head: Sha,
        /// Whether the checks of each commit are wanted too.
        named_checks: bool,
    },
    /// What files declare, each at its revision.
    Declared {
        service: ServiceName,
        repo: RepoPath,
        files: Vec<(String, Sha)>,
    },
    Jobs {
        service: ServiceName,
        repo: RepoPath,
        run: RunId,
    },
    /// What the forge shows of brakes that were placed.
    Marks {
        service: ServiceName,
        repo: RepoPath,
        marks: Vec<Sought>,
    },
    Find {
        id: IntentId,
        repo: RepoPath,
        act: Act,
        sent_at: Timestamp,
    },
}

/// A service as a forge needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub service: ServiceName,
    pub repo: RepoPath,
    pub branch: Option<String>,
    pub environments: Vec<EnvironmentName>,
    /// Where the deployments of these environments are read.
    pub model: EnvironmentModel,
    /// Jobs that let a run into an environment, where the config names them.
    pub jobs: BTreeMap<EnvironmentName, String>,
    /// Revisions whose checks are wanted beside the head's.
    pub revisions: Vec<Sha>,
    /// Whether checks are wanted one by one, because a rule names some.
    pub named_checks: bool,
    /// And with them what they report in words.
    pub reports: bool,
    /// Labels of which it matters what is open with them.
    pub labels: Vec<String>,
    /// Whether it matters what deployments declare.
    pub payloads: bool,
    /// Whether a pulse may leave out how many changes are open: it costs a list more.
    pub brief: bool,
}

/// Which append an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);
