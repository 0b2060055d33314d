//! A journal entry in an operator's words: what was done, what came of it, and why. The timeline
//! draws them, and its filter looks at them; signs and times are added where they are drawn.

use jiff::Timestamp;

use super::super::line::Tone;
use crate::domain::brake::Mark;
use crate::domain::entry::{self, Event};
use crate::domain::hold::Then;
use crate::domain::promotion::{Intent, Promotion, Purpose, State};
use crate::domain::release::run::Ending;
use crate::domain::text::counted;

/// An entry in an operator's words.
pub(in crate::app) struct Said {
    pub what: &'static str,
    pub result: &'static str,
    /// How good that is; it chooses the sign before it.
    pub tone: Tone,
    /// The end of what was placed.
    pub until: Option<Timestamp>,
    pub detail: String,
}

impl Said {
    /// An order in one line: what it moves, how it stands, and why where that is not well.
    pub fn of_order(promotion: &Promotion) -> Self {
        let intent = &promotion.intent;
        let moves = moves(intent);
        let run = promotion.handle.as_ref().and_then(|handle| handle.run);
        let run = run.map_or_else(String::new, |run| format!("  run {run}"));
        let why = promotion
            .why
            .as_ref()
            .filter(|_| promotion.state != State::Succeeded);
        let why = why.map_or_else(String::new, |why| format!("  {why}"));
        let reason = match intent.reason.as_str() {
            "" => String::new(),
            reason => format!("  \"{reason}\""),
        };
        Self {
            what: if intent.rollback {
                "ROLL BACK"
            } else {
                purpose(intent.purpose)
            },
            result: promotion.state.word(),
            tone: tone_of(promotion.state),
            until: None,
            detail: format!("{moves}{why}{reason}{run}"),
        }
    }

    pub fn of(entry: &entry::Entry) -> Self {
        let draft = &entry.draft;
        let reason = draft.reason.clone().unwrap_or_default();
        let quoted = if reason.is_empty() {
            String::new()
        } else {
            format!("\"{reason}\"")
        };
        let told = |what, tone, result, detail| Self {
            what,
            result,
            tone,
            until: None,
            detail,
        };
        let plain = |what, detail| told(what, Tone::Good, "OK", detail);
        match &draft.event {
            Event::Intended { intent } => told(
                purpose(intent.purpose),
                Tone::Muted,
                "intended",
                format!("{}  {quoted}", moves(intent)),
            ),
            Event::Stepped {
                purpose: of, step, ..
            } => told(
                purpose(*of),
                tone_of(step.state()),
                step.word(),
                step_detail(step, quoted),
            ),
            Event::HoldPlaced { hold, .. } => Self {
                until: hold.until,
                ..plain("HOLD", format!("\"{}\"", hold.reason))
            },
            Event::HoldEdited { .. } => plain("EDIT HOLD", quoted),
            Event::HoldLifted { .. } => plain("LIFT HOLD", quoted),
            Event::HoldExpired { then, .. } => match then {
                Then::End => plain("HOLD EXPIRED", quoted),
                Then::Ask => told("HOLD ASKS", Tone::Warning, "asks", quoted),
            },
            Event::VoteCast { vote } => plain(
                match vote.voice {
                    crate::domain::signoff::Voice::Go => "VOTE GO",
                    crate::domain::signoff::Voice::NoGo => "VOTE NO-GO",
                },
                format!("as {} on {}  {}", vote.role, vote.saw, vote.note),
            ),
            Event::VoteVoided {
                role, person, saw, ..
            } if *person == entry.draft.actor => {
                plain("WITHDRAW VOTE", format!("as {role} on {saw}  {quoted}"))
            }
            Event::VoteVoided {
                role,
                person,
                saw,
                now,
                ..
            } => told(
                "VOTE VOID",
                Tone::Unknown,
                "void",
                format!("{person} as {role} saw {saw}, now {now}"),
            ),
            Event::GateAdded { gate } => {
                plain("ADD GATE", format!("{}  \"{}\"", gate.name, gate.reason))
            }
            Event::GateOpened { .. } => plain("OPEN GATE", quoted),
            Event::GateClosed { .. } => plain("CLOSE GATE", quoted),
            Event::TaskDone { attestation } => plain(
                "TASK DONE",
                format!(
                    "{} for {}  {}",
                    attestation.task, attestation.saw, attestation.note
                ),
            ),
            Event::TaskWithdrawn { task, .. } => plain("TASK UNDONE", format!("{task}  {quoted}")),
            Event::OverrideGranted { grant } => told(
                "OVERRIDE",
                Tone::Warning,
                "granted",
                format!("{}  {quoted}", grant.names()),
            ),
            Event::OverrideConfirmed { id, .. } => plain("CONFIRM", format!("override {id}")),
            Event::OverrideWithdrawn { id, .. } => {
                plain("WITHDRAW", format!("override {id}  {quoted}"))
            }
            Event::OverrideUsed { id, intent } => told(
                "OVERRIDE",
                Tone::Warning,
                "used",
                format!("{id} by {intent}"),
            ),
            Event::VerificationPassed { .. } => told("VERIFY", Tone::Good, "passed", reason),
            Event::VerificationFailed { .. } => told("VERIFY", Tone::Bad, "failed", reason),
            Event::AlertRaised { .. } => told("ALERT", Tone::Bad, "red", reason),
            Event::ReleaseVoteCast { vote } => plain(
                match vote.voice {
                    crate::domain::signoff::Voice::Go => "RELEASE GO",
                    crate::domain::signoff::Voice::NoGo => "RELEASE NO-GO",
                },
                format!("{} as {}  {}", vote.release, vote.role, vote.note),
            ),
            Event::ReleaseStarted { run } => told(
                "RELEASE",
                Tone::Running,
                "started",
                format!("{}, {} to move  {quoted}", run.release, run.moves.len()),
            ),
            Event::ReleaseDropped { release, service } => told(
                "DROP",
                Tone::Warning,
                "dropped",
                format!("{service} from {release}  {quoted}"),
            ),
            Event::ReleaseRestored { release, service } => {
                plain("TAKE BACK", format!("{service} into {release}  {quoted}"))
            }
            Event::ReleaseResumed { release, .. } => plain("RESUME", release.to_string()),
            Event::ReleaseEnded { release, how, .. } => {
                let tone = match how {
                    Ending::Shipped => Tone::Good,
                    Ending::Stopped { .. } => Tone::Bad,
                    Ending::Cancelled { .. } => Tone::Warning,
                };
                told("RELEASE", tone, how.word(), format!("{release}  {quoted}"))
            }
            Event::HandoverGiven { handover } => plain(
                "HAND OVER",
                format!(
                    "{}  {}",
                    counted(handover.items.len(), "thing", "things"),
                    handover.remark
                ),
            ),
            Event::HandoverAccepted { .. } => plain("TAKE OVER", quoted),
            Event::DeploymentSeen { deployment, .. } => {
                told("DEPLOYED", Tone::Good, "seen", seen(draft, *deployment))
            }
            Event::DeploymentOutOfBand { deployment, .. } => told(
                "OUT OF BAND",
                Tone::Warning,
                "seen",
                format!("not by gonogo: {}", seen(draft, *deployment)),
            ),
        }
    }
}

/// What an order moves; a brake moves nothing, but leaves a mark.
fn moves(intent: &Intent) -> String {
    let mark = Mark::of(&intent.act).filter(|_| intent.purpose.is_brake());
    match (mark, &intent.from) {
        (Some(mark), _) => mark.says(),
        (None, Some(from)) => format!("{from} > {}", intent.to),
        (None, None) => format!("> {}", intent.to),
    }
}

fn tone_of(state: State) -> Tone {
    match state {
        State::Succeeded => Tone::Good,
        State::Failed | State::Rejected => Tone::Bad,
        State::Unknown | State::Reconciling | State::Absent => Tone::Unknown,
        State::Cancelled | State::Abandoned => Tone::Warning,
        State::Intended | State::Sending | State::Accepted | State::Running => Tone::Running,
    }
}

/// Who deployed stands in a column of its own; here is whose gonogo saw it.
fn seen(draft: &entry::Draft, deployment: crate::domain::ids::DeploymentId) -> String {
    let revision = draft.revision.as_ref().map_or("?", |sha| sha.short());
    format!(
        "{revision}, deployment {deployment}, seen by {}",
        draft.actor
    )
}

fn step_detail(step: &crate::domain::promotion::Step, quoted: String) -> String {
    use crate::domain::promotion::Step;
    match step {
        Step::Accepted { handle } | Step::Reconciled { handle } | Step::Running { handle } => {
            match (handle.run, handle.deployment) {
                (Some(run), _) => format!("run {run}"),
                (None, Some(deployment)) => format!("deployment {deployment}"),
                (None, None) => quoted,
            }
        }
        Step::Rejected { why }
        | Step::Abandoned { why }
        | Step::Unknown { why }
        | Step::Failed { why }
        | Step::Cancelled { why } => why.clone(),
        Step::Absent { reads } => format!("not on the forge in {reads} reads"),
        Step::Sending { .. } | Step::Reconciling | Step::Succeeded => quoted,
    }
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Promotion => "PROMOTE",
        Purpose::Rejection => "REJECT",
        Purpose::Cancellation => "CANCEL",
        Purpose::Rerun => "RERUN",
        Purpose::Status => "STATUS",
        Purpose::Brake => "BRAKE",
        Purpose::Unbrake => "UNBRAKE",
    }
}
