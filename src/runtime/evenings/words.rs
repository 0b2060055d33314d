//! Effects and answers in a few words, for the trace.

use crate::app::effect::{Effect, Question};
use crate::app::msg::{Answer, Msg};
use crate::domain::entry::Event;
use crate::domain::hold::Then;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::release::run::Ending;

/// An effect in a few words.
pub fn told(effect: &Effect) -> String {
    match effect {
        Effect::Append { draft, .. } => {
            let place = |name: Option<&str>| name.unwrap_or("*").to_owned();
            format!(
                "append {} {}>{}",
                draft.event.kind(),
                place(draft.service.as_ref().map(ServiceName::as_str)),
                place(draft.environment.as_ref().map(EnvironmentName::as_str)),
            )
        }
        Effect::ReadJournal { since } => format!("read the journal since {since}"),
        Effect::Act {
            id,
            act,
            repo,
            forge,
        } => format!("SEND {id} to {forge} {repo}: {act:?}"),
        Effect::Fetch { question, .. } => match question {
            Question::Identity => "who am I".to_owned(),
            Question::Pulse(_) => "pulse".to_owned(),
            Question::Facts(targets) => {
                let names: Vec<&str> = targets
                    .iter()
                    .map(|target| target.service.as_str())
                    .collect();
                format!("facts of {}", names.join(", "))
            }
            Question::Scope { service, .. } => format!("scope of {service}"),
            Question::Declared { service, .. } => format!("what {service} declares"),
            Question::Jobs { service, .. } => format!("jobs of {service}"),
            Question::Marks { service, .. } => format!("marks of {service}"),
            Question::Find { id, .. } => format!("look for {id}"),
        },
        other => format!("{other:?}"),
    }
}

/// A message in a few words.
pub fn heard(msg: &Msg) -> String {
    match msg {
        Msg::Recorded {
            result: Ok(entry), ..
        } => format!("recorded as {}", entry.seq),
        Msg::Recorded {
            result: Err(fault), ..
        } => format!("{fault:?}"),
        Msg::JournalRead(Ok(entries)) => format!("{} entries", entries.len()),
        Msg::JournalRead(Err(_)) => "the journal is unreachable".to_owned(),
        Msg::Acted { outcome, .. } => format!("{outcome:?}"),
        Msg::Fetched(fetched) => match &fetched.answer {
            Answer::Cancelled => "cancelled".to_owned(),
            Answer::Found(found) => format!("{found:?}"),
            Answer::Marks(found) => format!("{found:?}"),
            Answer::Facts(answers) => {
                let good = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
                format!("{good} of {} read", answers.len())
            }
            _ => "read".to_owned(),
        },
        _ => String::new(),
    }
}

/// What an entry is counted as.
pub fn counted(event: &Event) -> &'static str {
    match event {
        Event::Intended { .. } => "intended",
        Event::Stepped { step, .. } => step.word(),
        Event::HoldPlaced { .. } => "hold placed",
        Event::HoldEdited { .. } => "hold edited",
        Event::HoldLifted { .. } => "hold lifted",
        Event::HoldExpired { then, .. } => match then {
            Then::End => "hold expired",
            Then::Ask => "hold asked",
        },
        Event::VoteCast { .. } => "vote cast",
        Event::GateAdded { .. } => "gate added",
        Event::GateOpened { .. } => "gate opened",
        Event::GateClosed { .. } => "gate closed",
        Event::OverrideGranted { .. } => "override granted",
        Event::OverrideConfirmed { .. } => "override confirmed",
        Event::OverrideWithdrawn { .. } => "override withdrawn",
        Event::OverrideUsed { .. } => "override used",
        Event::VerificationPassed { .. } => "verification passed",
        Event::VerificationFailed { .. } => "verification failed",
        Event::AlertRaised { .. } => "alert raised",
        Event::TaskDone { .. } => "task done",
        Event::TaskWithdrawn { .. } => "task withdrawn",
        Event::ReleaseVoteCast { .. } => "release vote cast",
        Event::ReleaseStarted { .. } => "release started",
        Event::ReleaseResumed { .. } => "release resumed",
        Event::ReleaseEnded { how, .. } => match how {
            Ending::Shipped => "release shipped",
            Ending::Stopped { .. } => "release stopped",
            Ending::Cancelled { .. } => "release cancelled",
        },
        Event::ReleaseDropped { .. } => "release dropped",
        Event::ReleaseRestored { .. } => "release restored",
        Event::DeploymentSeen { .. } => "deployment seen",
        Event::DeploymentOutOfBand { .. } => "out of band",
        Event::VoteVoided { .. } | Event::HandoverGiven { .. } | Event::HandoverAccepted { .. } => {
            "other"
        }
    }
}
