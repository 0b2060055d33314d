//! Whether a mark that is there makes the forge refuse what promotes: the table of the module above.

use super::Way;
use crate::domain::policy::Via;

/// When a way stops what promotes a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stops {
    /// If the forge asks for it before it merges, which it says itself.
    IfAskedFor,
    /// As long as nothing waits: then there is nothing to let in.
    WhileNothingWaits,
    /// It is there to be seen, and this is why it stops nothing.
    Never(&'static str),
}

pub(super) fn stops(way: Way, via: &Via) -> Stops {
    use Stops::{IfAskedFor, Never, WhileNothingWaits};
    match (way, via) {
        (_, Via::Checklist) => Never("people promote it by hand"),
        (_, Via::Forge) => Never("the forge promotes it by itself, and does not say by what"),
        (Way::Status, Via::PullRequest { .. }) => IfAskedFor,
        (Way::Status, Via::Approval { .. }) => Never("an approval asks for no status"),
        (Way::Status, Via::Job { .. }) => Never("a job that waits is played whatever its status"),
        (Way::Status, Via::Workflow { .. }) => Never("a dispatch asks for no status"),
        (Way::Status, Via::Pipeline { .. }) => Never("a new pipeline asks for no status"),
        (Way::Status, Via::Deployment) => Never("a deployment is made whatever its status"),
        (Way::Status, Via::Tag { .. }) => Never("a tag asks for no status"),
        (Way::Status, Via::Release) => Never("a release asks for no status"),
        (Way::Status, Via::Status { .. }) => Never("a status asks for no other"),
        (Way::Label, Via::PullRequest { .. }) => Never("a merge asks for no label"),
        (Way::Label, _) => Never("what promotes is no pull request"),
        (Way::Freeze, Via::PullRequest { .. }) => {
            Never("a merge does not ask whether it is frozen")
        }
        (Way::Freeze, Via::Job { .. } | Via::Approval { .. }) => {
            Never("a job that waits already is played all the same")
        }
        (Way::Freeze, _) => Never("nothing tells whether the jobs obey CI_DEPLOY_FREEZE"),
        (Way::Reject, Via::Approval { .. }) => WhileNothingWaits,
        (Way::Reject, Via::PullRequest { .. }) => Never("a merge does not wait for approval"),
        (Way::Reject, Via::Job { .. }) => Never("a job that waits cannot be turned away"),
        (Way::Reject, _) => Never("another run can be started"),
    }
}
