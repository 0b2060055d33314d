//! The gates that a policy can ask, and what each needs to be answered. The settings of those that have
//! some live in `rules.rs`, judging by them in `gate/<kind>.rs`.

use std::fmt;

use jiff::SignedDuration;

use super::rules::{CommandRule, FitsRule, HealthRule, ParityRule, Part, QualityRule, Task};
use crate::domain::ids::RoleName;
use crate::domain::signoff::AtClose;

/// A gate and its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateSpec {
    Fresh,
    Pipeline(PipelineRule),
    Path {
        from: Before,
    },
    Soak {
        at_least: SignedDuration,
    },
    Review {
        approvals: u32,
        own: bool,
    },
    Window,
    Hold,
    SignOff {
        roles: Vec<RoleName>,
        distinct: bool,
        /// Of every go on the cell, also of a second approver's.
        at_close: AtClose,
    },
    Forge,
    Manual,
    /// Nobody says no-go to a release that the cell ships in.
    Release,
    /// One or several figures.
    Quality(Vec<QualityRule>),
    /// Open issues and pull requests with one of these labels block.
    Blocker {
        labels: Vec<String>,
    },
    /// The service's own `depends`; always there where it has some.
    Depends,
    /// One or several comparisons: a service may add its own to a tier's.
    Parity(Vec<ParityRule>),
    Fits(FitsRule),
    /// The parts that different people play, pairwise distinct.
    FourEyes {
        parts: Vec<Part>,
    },
    Checklist {
        tasks: Vec<Task>,
    },
    /// From this score on, a second approver who has one of the roles.
    Risk {
        second: u32,
        roles: Vec<RoleName>,
    },
    Health(HealthRule),
    /// One or several programs, by a name of its own each.
    Command(Vec<(String, CommandRule)>),
}

/// In which of the environments before it a revision has to be verified, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Before {
    /// In one of them.
    Any,
    /// In the one right before.
    Next,
    /// In each of them.
    All,
}

/// What the `pipeline` gate asks of each check, by its context. A context that no list names is
/// `required`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineRule {
    /// If not empty, these must exist and succeed.
    pub required: Vec<String>,
    /// Red on any commit since the last deployment to the target closes the gate.
    pub blocking: Vec<String>,
    pub optional: Vec<String>,
    pub ignored: Vec<String>,
}

impl PipelineRule {
    /// Says whether it treats any check unlike the others.
    pub fn names_checks(&self) -> bool {
        [
            &self.required,
            &self.blocking,
            &self.optional,
            &self.ignored,
        ]
        .iter()
        .any(|list| !list.is_empty())
    }
}

impl GateSpec {
    /// The gate's name, the same word in config, on screen and in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Pipeline(_) => "pipeline",
            Self::Path { .. } => "path",
            Self::Soak { .. } => "soak",
            Self::Review { .. } => "review",
            Self::Window => "window",
            Self::Hold => "hold",
            Self::SignOff { .. } => "sign-off",
            Self::Forge => "forge",
            Self::Manual => "manual",
            Self::Release => "release",
            Self::Quality(_) => "quality",
            Self::Blocker { .. } => "blocker",
            Self::Depends => "depends",
            Self::Parity(_) => "parity",
            Self::Fits(_) => "fits",
            Self::FourEyes { .. } => "four-eyes",
            Self::Checklist { .. } => "checklist",
            Self::Risk { .. } => "risk",
            Self::Health(_) => "health",
            Self::Command(_) => "command",
        }
    }

    /// The programs of a `command` gate.
    pub fn commands_mut(&mut self) -> Option<&mut Vec<(String, CommandRule)>> {
        match self {
            Self::Command(rules) => Some(rules),
            _ => None,
        }
    }

    pub(super) fn pipeline_rule(&self) -> Option<&PipelineRule> {
        match self {
            Self::Pipeline(rule) => Some(rule),
            _ => None,
        }
    }

    /// Says whether it judges the commits and pull requests between what is live and the candidate.
    pub fn needs_scope(&self) -> bool {
        match self {
            Self::Review { .. } | Self::FourEyes { .. } | Self::Risk { .. } => true,
            Self::Pipeline(rule) => !rule.blocking.is_empty(),
            Self::Fresh
            | Self::Path { .. }
            | Self::Soak { .. }
            | Self::Window
            | Self::Hold
            | Self::SignOff { .. }
            | Self::Forge
            | Self::Manual
            | Self::Release
            | Self::Quality(_)
            | Self::Blocker { .. }
            | Self::Depends
            | Self::Parity(_)
            | Self::Fits(_)
            | Self::Checklist { .. }
            | Self::Health(_)
            | Self::Command(_) => false,
        }
    }

    /// Says whether only a forge can answer it, so that a service without one is not asked.
    pub fn needs_forge(&self) -> bool {
        match self {
            Self::Pipeline(_)
            | Self::Review { .. }
            | Self::Quality(_)
            | Self::Blocker { .. }
            | Self::Parity(_) => true,
            Self::Fresh
            | Self::Path { .. }
            | Self::Soak { .. }
            | Self::Window
            | Self::Hold
            | Self::SignOff { .. }
            | Self::Forge
            | Self::Manual
            | Self::Release
            | Self::Depends
            | Self::Fits(_)
            | Self::FourEyes { .. }
            | Self::Risk { .. }
            | Self::Checklist { .. }
            | Self::Health(_)
            | Self::Command(_) => false,
        }
    }

    /// Says whether it is asked of a rollback, which brings back what had passed every gate before.
    /// What holds for anything that moves is asked; what a new revision has to earn is not.
    pub fn is_asked_of_rollbacks(&self) -> bool {
        match self {
            Self::Fresh | Self::Hold | Self::Manual | Self::Forge | Self::Window => true,
            Self::Pipeline(_)
            | Self::Path { .. }
            | Self::Soak { .. }
            | Self::Review { .. }
            | Self::SignOff { .. }
            | Self::Release
            | Self::Quality(_)
            | Self::Blocker { .. }
            | Self::Depends
            | Self::Parity(_)
            | Self::Fits(_)
            | Self::FourEyes { .. }
            | Self::Checklist { .. }
            | Self::Risk { .. }
            | Self::Health(_)
            | Self::Command(_) => false,
        }
    }

    /// Says whether its answer depends on the instant even if the facts do not change. `fresh` is
    /// not one of them: a search for the earliest go lets facts be as fresh as they are now.
    pub fn changes_with_time(&self) -> bool {
        match self {
            // A go may end with the window: what a sign-off says of that holds for `risk`, too.
            Self::Soak { .. }
            | Self::Window
            | Self::Hold
            | Self::Forge
            | Self::Fits(_)
            | Self::SignOff { .. }
            | Self::Risk { .. } => true,
            Self::Fresh
            | Self::Pipeline(_)
            | Self::Path { .. }
            | Self::Review { .. }
            | Self::Manual
            | Self::Release
            | Self::Quality(_)
            | Self::Blocker { .. }
            | Self::Depends
            | Self::Parity(_)
            | Self::FourEyes { .. }
            | Self::Checklist { .. }
            | Self::Health(_)
            | Self::Command(_) => false,
        }
    }
}

impl fmt::Display for GateSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
