//! Exit codes, and failures that carry one.

use crate::app::request::{Refusal, RefusalKind};
use crate::config::Problem;
use crate::domain::fault::Fault;

/// How the program ended. The numbers are a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done, or go.
    Done = 0,
    Error = 1,
    Usage = 2,
    NoGo = 3,
    Forge = 4,
    Journal = 5,
    OutcomeUnknown = 6,
    Facts = 7,
}

impl Exit {
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The `kind` of an error in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Error => "error",
            Self::Usage => "usage",
            Self::NoGo => "no-go",
            Self::Forge => "forge",
            Self::Journal => "journal",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::Facts => "facts",
        }
    }
}

/// Why a command did not do what it was asked: for people, with what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub exit: Exit,
    pub message: String,
    pub hint: Option<String>,
    /// What is wrong in a config file, one by one; `message` has them all as well.
    pub problems: Vec<Problem>,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
            problems: Vec::new(),
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn problems(mut self, problems: &[Problem]) -> Self {
        self.problems = problems.to_vec();
        self
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let exit = match refusal.kind {
            RefusalKind::Usage => Exit::Usage,
            RefusalKind::NoGo => Exit::NoGo,
            RefusalKind::Forge => Exit::Forge,
            RefusalKind::Journal => Exit::Journal,
            RefusalKind::OutcomeUnknown => Exit::OutcomeUnknown,
            RefusalKind::Facts => Exit::Facts,
        };
        Self {
            exit,
            message: refusal.why,
            hint: refusal.hint,
            problems: Vec::new(),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let failure = Self::new(Exit::Forge, fault.sentence());
        match fault.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Error, error.to_string())
    }
}
