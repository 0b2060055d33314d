//! The forges of an evening: of which kind each is, what it can and what it cannot, and how often it
//! is in trouble. One service may live on a forge of its own, or share it with others.

use super::chance::Chance;
use super::policy::SERVICES;
use crate::domain::act::Act;
use crate::domain::forge_kind::ForgeKind;

/// A forge as it was set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    pub name: &'static str,
    pub kind: ForgeKind,
    /// What waits has to be approved before its job can be started (GitLab).
    pub approves: bool,
    /// Deployments carry the key of the act that made them.
    pub keys: bool,
    /// What was live is no longer called a success when something newer is.
    pub supersedes: bool,
    /// Starting a workflow or pipeline answers with its run.
    pub tells_run: bool,
    pub cancels: bool,
    pub reruns: bool,
    /// Of a hundred questions, how many it does not answer though it is up.
    pub trouble: u32,
}

const GITHUB: Host = Host {
    name: "github",
    kind: ForgeKind::GitHub,
    approves: false,
    keys: true,
    supersedes: true,
    tells_run: true,
    cancels: true,
    reruns: true,
    trouble: 3,
};

/// A GitLab with protected environments: a deployment is approved, and its job started afterwards.
const GITLAB: Host = Host {
    name: "gitlab",
    kind: ForgeKind::GitLab,
    approves: true,
    keys: false,
    supersedes: false,
    ..GITHUB
};

/// A GitLab without them: a manual job is all that waits.
const GITLAB_FREE: Host = Host {
    name: "gitlab-free",
    approves: false,
    trouble: 6,
    ..GITLAB
};

const FORGEJO: Host = Host {
    name: "codeberg",
    kind: ForgeKind::Forgejo,
    supersedes: false,
    ..GITHUB
};

/// An old one, of which a dispatch tells nothing and which stops and repeats nothing.
const GITEA: Host = Host {
    name: "gitea",
    keys: false,
    tells_run: false,
    cancels: false,
    reruns: false,
    trouble: 6,
    ..FORGEJO
};

const ALL: [Host; 5] = [GITHUB, GITLAB, GITLAB_FREE, FORGEJO, GITEA];

/// Where each service lives, in the order of `SERVICES`.
pub type Hosts = [Host; SERVICES.len()];

pub fn drawn(chance: &mut Chance) -> Hosts {
    SERVICES.map(|_| ALL[chance.weighted(&[40, 16, 12, 18, 14])])
}

impl Host {
    /// Says whether a forge of this kind has such a call.
    pub fn has(&self, act: &Act) -> bool {
        let on = |kinds: &[ForgeKind]| kinds.contains(&self.kind);
        match act {
            Act::Approve { .. } | Act::Reject { .. } => on(&[ForgeKind::GitHub]),
            Act::ApproveDeployment { .. } | Act::RejectDeployment { .. } => {
                on(&[ForgeKind::GitLab]) && self.approves
            }
            Act::PlayJob { .. }
            | Act::RetryJob { .. }
            | Act::CancelJob { .. }
            | Act::RunPipeline { .. }
            | Act::Freeze { .. }
            | Act::Unfreeze { .. } => on(&[ForgeKind::GitLab]),
            Act::Dispatch { .. } => on(&[ForgeKind::GitHub, ForgeKind::Forgejo]),
            Act::CreateDeployment { .. } => on(&[ForgeKind::GitHub, ForgeKind::GitLab]),
            Act::Cancel { .. } => self.cancels,
            Act::Rerun { .. } => self.reruns,
            Act::MergePullRequest { .. }
            | Act::PublishRelease { .. }
            | Act::CreateTag { .. }
            | Act::SetStatus { .. }
            | Act::AddLabel { .. }
            | Act::RemoveLabel { .. } => true,
            Act::ByHand => false,
        }
    }
}

/// What carries no key to be found again by: who looks for it sees whether it is there, not whose.
pub fn is_keyless(act: &Act) -> bool {
    matches!(
        act,
        Act::AddLabel { .. }
            | Act::RemoveLabel { .. }
            | Act::Freeze { .. }
            | Act::Unfreeze { .. }
            | Act::CreateTag { .. }
    )
}
