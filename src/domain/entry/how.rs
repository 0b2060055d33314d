//! By which way an entry came about, as far as the journal tells: whether an order was given on the
//! board or by a command, it does not keep.

use super::{Entry, Event};
use crate::domain::act::Act;
use crate::domain::promotion::Intent;
use crate::domain::release::run::Ending;

/// By which way an entry came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A person ordered it.
    Order,
    /// A person ordered it past gates that were not open.
    Override,
    /// Policy promotes by itself.
    Auto,
    /// The run of a release did.
    Release,
    /// What a hold places on a forge, and takes away again.
    Hold,
    /// People did it, and no forge.
    ByHand,
    /// It was seen when facts were read.
    Poll,
    /// Its time had come.
    Clock,
}

impl How {
    pub const ALL: [Self; 8] = [
        Self::Order,
        Self::Override,
        Self::Auto,
        Self::Release,
        Self::Hold,
        Self::ByHand,
        Self::Poll,
        Self::Clock,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Override => "override",
            Self::Auto => "auto",
            Self::Release => "release",
            Self::Hold => "hold",
            Self::ByHand => "by-hand",
            Self::Poll => "poll",
            Self::Clock => "clock",
        }
    }

    /// How an order came about: what is rarer is what is to be known of it.
    pub fn of_order(intent: &Intent) -> Self {
        if intent.purpose.is_brake() {
            Self::Hold
        } else if !intent.overrides.is_empty() {
            Self::Override
        } else if intent.release.is_some() {
            Self::Release
        } else if intent.goes_by_itself() {
            Self::Auto
        } else if intent.act == Act::ByHand {
            Self::ByHand
        } else {
            Self::Order
        }
    }

    /// How an entry came about; `order` is the one that it is a step of, if that is known.
    pub fn of(entry: &Entry, order: Option<&Intent>) -> Self {
        match &entry.draft.event {
            Event::Intended { intent } => Self::of_order(intent),
            Event::Stepped { .. } => order.map_or(Self::Order, Self::of_order),
            // One board places it when it sees the verification fail.
            Event::HoldPlaced { hold, .. } if hold.incident => Self::Poll,
            Event::HoldExpired { .. } => Self::Clock,
            Event::VoteVoided { person, .. } if *person != entry.draft.actor => Self::Poll,
            Event::OverrideUsed { .. } => Self::Override,
            Event::VerificationPassed { .. }
            | Event::VerificationFailed { .. }
            | Event::AlertRaised { .. }
            | Event::DeploymentSeen { .. }
            | Event::DeploymentOutOfBand { .. } => Self::Poll,
            Event::ReleaseEnded {
                how: Ending::Shipped | Ending::Stopped { .. },
                ..
            } => Self::Release,
            Event::ReleaseEnded {
                how: Ending::Cancelled { .. },
                ..
            }
            | Event::HoldPlaced { .. }
            | Event::HoldEdited { .. }
            | Event::HoldLifted { .. }
            | Event::VoteCast { .. }
            | Event::VoteVoided { .. }
            | Event::GateAdded { .. }
            | Event::GateOpened { .. }
            | Event::GateClosed { .. }
            | Event::TaskDone { .. }
            | Event::TaskWithdrawn { .. }
            | Event::OverrideGranted { .. }
            | Event::OverrideConfirmed { .. }
            | Event::OverrideWithdrawn { .. }
            | Event::ReleaseVoteCast { .. }
            | Event::ReleaseStarted { .. }
            | Event::ReleaseResumed { .. }
            | Event::ReleaseDropped { .. }
            | Event::ReleaseRestored { .. }
            | Event::HandoverGiven { .. }
            | Event::HandoverAccepted { .. } => Self::Order,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Digest;
    use crate::domain::promotion::Purpose;
    use crate::domain::revision::Revision;

    fn intent() -> Intent {
        Intent {
            id: "i-1".into(),
            purpose: Purpose::Promotion,
            service: "api".into(),
            environment: "production".into(),
            from: None,
            to: Revision {
                sha: "05486bf".into(),
                version: None,
            },
            act: Act::CreateTag {
                tag: "live".to_owned(),
                target: "05486bf".into(),
            },
            reason: "weekly".to_owned(),
            digest: Digest::of(["seen"]),
            replaces: None,
            release: None,
            overrides: Vec::new(),
            rollback: false,
            verify: false,
        }
    }

    #[test]
    fn what_is_rare_about_an_order_is_told_before_what_is_not() {
        let mut order = intent();
        assert_eq!(How::of_order(&order), How::Order);
        order.act = Act::ByHand;
        assert_eq!(How::of_order(&order), How::ByHand);
        Intent::BY_ITSELF.clone_into(&mut order.reason);
        assert_eq!(How::of_order(&order), How::Auto);
        order.release = Some("run-1".into());
        assert_eq!(How::of_order(&order), How::Release);
        order.overrides.push("ov-1".into());
        assert_eq!(How::of_order(&order), How::Override);
        order.purpose = Purpose::Brake;
        assert_eq!(How::of_order(&order), How::Hold);
    }
}
