//! Brakes: how a hold becomes a forge's own stop, and what the forge shows of it.
//!
//! Pure: from holds, policy, facts, journal and what was read back to the acts that are wanted and to
//! *effective*, *pending* or *advisory only*. Sending is the engine's, as for every act.
//!
//! A brake is *effective* only where the forge itself refuses the act by which this cell is promoted
//! (its `via`) as long as what was placed is there, and says so itself:
//!
//! | `via` | a failed status | a label | a freeze (GitLab) | a no to what waits (GitHub, GitLab) |
//! |---|---|---|---|---|
//! | `pull-request` | if the merge asks for it: a branch protection or ruleset with the context (GitHub), a project that merges only what has a succeeded pipeline (GitLab), a protected branch with the context or a pattern of it (Forgejo, Gitea) | never: no merge asks for labels | never: it is about jobs | never: nothing waits before the merge |
//! | `approval` | never: who approves is asked for no status | never | never: what waits was made before | while nothing waits: then there is nothing to approve |
//! | `job` | never: a job that waits is played whatever is red beside it | never | never: a freeze decides which jobs a new pipeline gets | never: a job that waits cannot be turned away |
//! | `workflow`, `pipeline` | never: a run is started on any commit | never | never as far as anybody can read: it sets `CI_DEPLOY_FREEZE`, and the jobs decide | never: the next run waits anew |
//! | `deployment` | never: one that is made with no `required_contexts`, as ours is, asks for no status | never | never: as above | never: as above |
//! | `release`, `tag`, `status` | never: the forge asks nothing before it | never | never: as above | never: as above |
//! | `checklist`, `forge` | never: gonogo does not know what does it | never | never | never |
//!
//! Everything else is *advisory only*, and says why: it is there to be seen, and for jobs that ask. Where
//! a status would bind and the forge does not say whether it asks for it, the brake is *pending*.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::act::{Act, StatusState};
use super::facts::ServiceFacts;
use super::forge_kind::ForgeKind;
use super::hold::Hold;
use super::ids::{EnvironmentName, FreezeId, IntentId, PullRequestNumber, RunId, ServiceName, Sha};
use super::ledger::Ledger;
use super::observed::Fact;
use super::pipeline::Door;
use super::policy::{Stage, Via};
use super::promotion::{Promotion, Purpose, State};
use super::revision::Revision;

mod proof;
mod span;
mod stops;

pub use proof::{Bound, Effect, Proof, bound};

/// How many pull requests one hold labels at the most.
pub const MOST_LABELS: usize = 20;

/// Forges show what they took only after a while, by whichever replica answers: until then, that a
/// mark is not there says nothing.
pub const SHOWN_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// And until then a mark that seems lost is looked for on: it is placed by one clock and read by another.
pub const GONE_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// A way in which a forge can be made to stop what a hold stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A failed commit status on what would be promoted.
    Status,
    /// A label on the open pull requests.
    Label,
    /// A freeze period of the whole project (GitLab).
    Freeze,
    /// A no to what waits for approval (GitHub, GitLab). It cannot be taken back.
    Reject,
}

impl Way {
    pub const ALL: [Self; 4] = [Self::Status, Self::Label, Self::Freeze, Self::Reject];

    /// The word of the config file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Label => "label",
            Self::Freeze => "freeze",
            Self::Reject => "reject",
        }
    }

    /// The ways that a kind of forge has.
    pub fn of(kind: ForgeKind) -> &'static [Self] {
        match kind {
            ForgeKind::GitHub => &[Self::Status, Self::Label, Self::Reject],
            ForgeKind::GitLab => &Self::ALL,
            ForgeKind::Forgejo => &[Self::Status, Self::Label],
        }
    }
}

/// The ways of an environment, by kind of forge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brakes {
    pub github: Vec<Way>,
    pub gitlab: Vec<Way>,
    pub forgejo: Vec<Way>,
}

impl Brakes {
    pub fn on(&self, kind: ForgeKind) -> &[Way] {
        match kind {
            ForgeKind::GitHub => &self.github,
            ForgeKind::GitLab => &self.gitlab,
            ForgeKind::Forgejo => &self.forgejo,
        }
    }
}

/// What a brake leaves on the forge, and is found again by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    Status {
        sha: Sha,
        context: String,
    },
    Label {
        number: PullRequestNumber,
        label: String,
    },
    Freeze {
        start: String,
        end: String,
    },
    Rejection {
        run: RunId,
    },
}

impl Mark {
    /// The mark that an act leaves or takes away; `None` if it is none of a brake's.
    pub fn of(act: &Act) -> Option<Self> {
        match act {
            Act::SetStatus { sha, context, .. } => Some(Self::Status {
                sha: sha.clone(),
                context: context.clone(),
            }),
            Act::AddLabel { number, label } | Act::RemoveLabel { number, label } => {
                Some(Self::Label {
                    number: *number,
                    label: label.clone(),
                })
            }
            Act::Freeze { start, end } | Act::Unfreeze { start, end, .. } => Some(Self::Freeze {
                start: start.clone(),
                end: end.clone(),
            }),
            Act::Reject { run, .. } | Act::RejectDeployment { run, .. } => {
                Some(Self::Rejection { run: *run })
            }
            Act::Approve { .. }
            | Act::ApproveDeployment { .. }
            | Act::PlayJob { .. }
            | Act::RetryJob { .. }
            | Act::CancelJob { .. }
            | Act::RunPipeline { .. }
            | Act::CreateTag { .. }
            | Act::Dispatch { .. }
            | Act::CreateDeployment { .. }
            | Act::MergePullRequest { .. }
            | Act::PublishRelease { .. }
            | Act::Cancel { .. }
            | Act::Rerun { .. }
            | Act::ByHand => None,
        }
    }

    pub fn way(&self) -> Way {
        match self {
            Self::Status { .. } => Way::Status,
            Self::Label { .. } => Way::Label,
            Self::Freeze { .. } => Way::Freeze,
            Self::Rejection { .. } => Way::Reject,
        }
    }

    /// What it is, in words.
    pub fn says(&self) -> String {
        match self {
            Self::Status { sha, context } => format!("status {context} on {}", sha.short()),
            Self::Label { number, label } => format!("label {label} on #{number}"),
            Self::Freeze { .. } => "a freeze of the project".to_owned(),
            Self::Rejection { run } => format!("run {run} rejected"),
        }
    }
}

/// A mark to be read back: whose it has to be, and its number where the forge gave one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    pub mark: Mark,
    pub key: IntentId,
    pub freeze: Option<FreezeId>,
    /// The branch whose protection has to ask for a status, where it is known which.
    pub branch: Option<String>,
}

/// What the forge shows of a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It is there, and ours.
    Ours {
        binds: Binds,
    },
    /// Somebody else has put something in its place.
    Foreign {
        says: String,
    },
    Gone,
}

/// Whether the forge asks for a status before it merges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binds {
    /// Nobody asked it: no merge promotes here, or it is no status.
    Unasked,
    Yes,
    No {
        why: String,
    },
    /// It was asked, and did not say.
    Unread {
        why: String,
    },
}

/// A mark that was tried, and what the journal has of placing and lifting it.
#[derive(Clone, Debug)]
pub struct Tried<'a> {
    pub mark: Mark,
    pub placing: &'a Promotion,
    pub lifting: Option<&'a Promotion>,
}

/// Where a mark stands, by the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Sent or about to be, and no outcome yet.
    OnTheWay,
    Placed,
    /// Refused or given up: nothing happened on the forge.
    Failed,
    Lifted,
}

impl Tried<'_> {
    pub fn standing(&self) -> Standing {
        match self.placing.state {
            State::Intended | State::Sending | State::Unknown | State::Reconciling => {
                Standing::OnTheWay
            }
            State::Accepted | State::Running | State::Succeeded => {
                let lifted = self.lifting.is_some_and(|lifting| {
                    matches!(
                        lifting.state,
                        State::Accepted | State::Running | State::Succeeded
                    )
                });
                if lifted {
                    Standing::Lifted
                } else {
                    Standing::Placed
                }
            }
            State::Failed
            | State::Cancelled
            | State::Abandoned
            | State::Rejected
            | State::Absent => Standing::Failed,
        }
    }

    /// Says whether its lifting was sent and has no outcome yet.
    pub fn is_being_lifted(&self) -> bool {
        self.standing() == Standing::Placed
            && self.lifting.is_some_and(|lifting| lifting.state.is_open())
    }

    /// The number of the freeze, where the forge gave one.
    pub fn freeze(&self) -> Option<FreezeId> {
        self.placing.handle.as_ref()?.freeze
    }

    pub fn sought(&self, branch: Option<&str>) -> Sought {
        Sought {
            mark: self.mark.clone(),
            key: self.placing.intent.id.clone(),
            freeze: self.freeze(),
            branch: branch.map(str::to_owned),
        }
    }
}

/// Every mark that was ever tried on a cell, the last try of each. One that was given up before it was
/// sent changes nothing of what the one before it has left.
pub fn tried<'a>(
    ledger: &'a Ledger,
    service: &ServiceName,
    environment: &EnvironmentName,
) -> Vec<Tried<'a>> {
    let mut all: Vec<Tried<'a>> = Vec::new();
    for promotion in ledger.promotions_of(service, environment) {
        let Some(mark) = Mark::of(&promotion.intent.act) else {
            continue;
        };
        let given_up = promotion.state == State::Abandoned;
        let stands = |tried: &Tried<'_>| tried.mark == mark && tried.standing() == Standing::Placed;
        match promotion.intent.purpose {
            Purpose::Brake if given_up && all.iter().any(stands) => {}
            Purpose::Brake => {
                all.retain(|tried| tried.mark != mark);
                all.push(Tried {
                    mark,
                    placing: promotion,
                    lifting: None,
                });
            }
            Purpose::Unbrake => {
                if let Some(tried) = all.iter_mut().find(|tried| tried.mark == mark) {
                    tried.lifting = Some(promotion);
                }
            }
            Purpose::Promotion
            | Purpose::Rejection
            | Purpose::Cancellation
            | Purpose::Rerun
            | Purpose::Status => {}
        }
    }
    all
}

/// What the forge was last seen to have of a mark that was tried. Freezes of the same times are
/// different ones, each read by its own number.
pub trait Readings {
    fn of(&self, tried: &Tried<'_>) -> Option<&Fact<Reading>>;
}

/// One cell, as its brakes see it.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub ways: &'a [Way],
    pub stage: &'a Stage,
    /// Which cell of its project it is, of how many.
    pub place: (usize, usize),
    /// What would be promoted, else what is live: what a status is set on.
    pub target: Option<&'a Revision>,
    pub facts: Option<&'a Fact<ServiceFacts>>,
    /// The holds that are on it now.
    pub holds: &'a [&'a Hold],
    pub tried: &'a [Tried<'a>],
    pub readings: &'a dyn Readings,
    pub now: Timestamp,
}

impl Case<'_> {
    fn environment(&self) -> &EnvironmentName {
        &self.stage.environment
    }

    /// Says whether a mark is not on the forge any more, or no longer ours, by what was last read.
    pub fn is_lost(&self, tried: &Tried<'_>) -> bool {
        self.seems_lost(tried) == Some(true)
    }

    /// As `is_lost`; `None` if it was read too early to tell.
    pub fn seems_lost(&self, tried: &Tried<'_>) -> Option<bool> {
        let fact = self.readings.of(tried);
        let Some(Reading::Gone | Reading::Foreign { .. }) = fact.and_then(Fact::value) else {
            return Some(false);
        };
        let since = tried.placing.changed_at.checked_add(SHOWN_AFTER).ok()?;
        let at = fact.and_then(Fact::at)?;
        (at >= since).then_some(true)
    }

    /// Says whether a mark was lost so long after it was placed that neither a replica that lagged nor
    /// clocks that differ can have made it look so: it need not be read again.
    pub fn is_gone(&self, tried: &Tried<'_>) -> bool {
        let at = self.readings.of(tried).and_then(Fact::at);
        let long = |at: Timestamp| at.duration_since(tried.placing.changed_at) >= GONE_AFTER;
        self.is_lost(tried) && at.is_some_and(long)
    }

    fn tried(&self, mark: &Mark) -> Option<&Tried<'_>> {
        self.tried.iter().find(|tried| tried.mark == *mark)
    }

    /// The newest freeze: its times are its own, so that no two of them have the same mark.
    fn freeze(&self) -> Option<&Tried<'_>> {
        self.tried
            .iter()
            .rfind(|tried| tried.mark.way() == Way::Freeze)
    }

    /// The open pull requests that a label goes on: those that promote, where that is how it is done.
    fn requests(&self) -> Vec<&super::pull_request::PullRequest> {
        let base = match &self.stage.via {
            Via::PullRequest { base, .. } => Some(base),
            _ => None,
        };
        let facts = self.facts.and_then(Fact::value);
        let all = facts.into_iter().flat_map(|facts| &facts.pull_requests);
        all.filter(|request| base.is_none_or(|base| request.base_ref == *base))
            .take(MOST_LABELS)
            .collect()
    }

    /// What waits on the forge to enter the environment and can be refused: the act for each.
    fn rejections(&self) -> Vec<Act> {
        let facts = self.facts.and_then(Fact::value);
        let runs = facts.into_iter().flat_map(|facts| &facts.runs);
        runs.filter_map(|run| {
            let waits = run.waiting.iter();
            let mut here = waits.filter(|waits| waits.environment == *self.environment());
            let comment = self.comment();
            match &here.next()?.door {
                Door::Review(environment) => Some(Act::Reject {
                    run: run.id,
                    environments: vec![*environment],
                    comment,
                }),
                Door::Deployment { deployment, .. } => Some(Act::RejectDeployment {
                    run: run.id,
                    deployment: *deployment,
                    comment,
                }),
                // It waits for a person anyway.
                Door::Job { .. } => None,
            }
        })
        .collect()
    }

    /// Who holds it and why, for whoever meets the brake on the forge.
    fn comment(&self) -> String {
        match self.holds {
            [] => "held".to_owned(),
            [hold] => format!("held by {}: {}", hold.owner, hold.reason),
            [hold, others @ ..] => format!(
                "held by {}: {}, and {} more",
                hold.owner,
                hold.reason,
                others.len()
            ),
        }
    }
}

/// What a status and a label of an environment are called on the forge.
pub fn name(environment: &EnvironmentName) -> String {
    format!("hold/{environment}")
}

/// The environment that a status or label of this name holds, if it is called as a brake's is.
pub fn environment(name: &str) -> Option<&str> {
    name.strip_prefix("hold/")
}

/// The acts that would place every brake of a cell, whether it is there or not.
fn all(case: &Case<'_>) -> Vec<Act> {
    let of_way = |way: &Way| match way {
        Way::Status => case
            .target
            .map(|target| Act::SetStatus {
                sha: target.sha.clone(),
                context: name(case.environment()),
                state: StatusState::Failure,
                description: case.comment(),
                target_url: None,
            })
            .into_iter()
            .collect(),
        Way::Label => case
            .requests()
            .into_iter()
            .map(|request| Act::AddLabel {
                number: request.number,
                label: name(case.environment()),
            })
            .collect(),
        Way::Freeze => {
            let (start, end) = span::freeze(case);
            vec![Act::Freeze { start, end }]
        }
        Way::Reject => case.rejections(),
    };
    case.ways.iter().flat_map(of_way).collect::<Vec<Act>>()
}

/// The acts that are still to be sent, so that the forge stops what the holds stop. Without a hold
/// there are none. What is there already, by whomever, is left as it is.
pub fn missing(case: &Case<'_>) -> Vec<Act> {
    if case.holds.is_empty() {
        return Vec::new();
    }
    let is_missing = |act: &Act| {
        let Some(mark) = Mark::of(act) else {
            return false;
        };
        let known = match mark.way() {
            Way::Freeze => case.freeze(),
            Way::Status | Way::Label | Way::Reject => case.tried(&mark),
        };
        match known.map(|known| (known.standing(), known)) {
            Some((Standing::OnTheWay, _)) => false,
            Some((Standing::Placed, known)) => {
                // A rejected run that waits again was run again; a freeze may end too soon by now.
                let again = mark.way() == Way::Reject || !span::lasts(case, known);
                !known.is_being_lifted() && (again || case.is_lost(known))
            }
            Some((Standing::Failed | Standing::Lifted, _)) | None => !is_labelled(case, &mark),
        }
    };
    all(case).into_iter().filter(is_missing).collect()
}

/// The acts of `missing` of which nothing was sent yet under the holds that are on: what has come since,
/// such as a new candidate. The rest is a person's to send again. A freeze is of no candidate.
pub fn unsent(case: &Case<'_>) -> Vec<Act> {
    let is_unsent = |act: &Act| {
        let mark = Mark::of(act).filter(|mark| mark.way() != Way::Freeze);
        let Some(mark) = mark else {
            return false;
        };
        case.tried(&mark).is_none_or(|known| {
            known.standing() == Standing::Lifted || known.placing.state == State::Abandoned
        })
    };
    missing(case).into_iter().filter(is_unsent).collect()
}

/// Says whether the holds of a cell were carried to its forge at all: then what has come since belongs
/// to them, also after a restart.
pub fn is_carried(case: &Case<'_>) -> bool {
    let stands = |tried: &Tried<'_>| {
        matches!(tried.standing(), Standing::OnTheWay | Standing::Placed) && !case.is_lost(tried)
    };
    case.tried.iter().any(stands)
}

/// Says whether somebody has put the label there already: then it is not ours to take off.
fn is_labelled(case: &Case<'_>, mark: &Mark) -> bool {
    let Mark::Label { number, label } = mark else {
        return false;
    };
    let mut requests = case.requests().into_iter();
    requests
        .any(|request| request.number == *number && request.labels.iter().any(|has| has == label))
}

/// The marks that are still there though nothing holds the cell any more.
pub fn leftovers<'t>(case: &Case<'t>) -> Vec<&'t Tried<'t>> {
    if !case.holds.is_empty() {
        return Vec::new();
    }
    let left = |tried: &&Tried<'_>| {
        tried.standing() == Standing::Placed
            && tried.mark.way() != Way::Reject
            && !case.is_lost(tried)
    };
    case.tried.iter().filter(left).collect()
}

/// The act that takes a mark away again; `None` if nothing can, or its number is not known.
pub fn undo(tried: &Tried<'_>) -> Option<Act> {
    match &tried.mark {
        Mark::Status { sha, context } => Some(Act::SetStatus {
            sha: sha.clone(),
            context: context.clone(),
            state: StatusState::Success,
            description: "the hold was lifted".to_owned(),
            target_url: None,
        }),
        Mark::Label { number, label } => Some(Act::RemoveLabel {
            number: *number,
            label: label.clone(),
        }),
        Mark::Freeze { start, end } => Some(Act::Unfreeze {
            freeze: tried.freeze()?,
            start: start.clone(),
            end: end.clone(),
        }),
        Mark::Rejection { .. } => None,
    }
}

#[cfg(test)]
mod tests;
