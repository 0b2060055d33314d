//! Notices: which journal entries somebody wants to be told of, and in which words.
//!
//! An entry is told by a rule once; remembering which were, and telling, lives in the runtime.

use super::entry::{Entry, Event};
use super::ids::{EnvironmentName, ServiceName};
use super::promotion::Step;
use super::text;

/// What is told where nobody says: what somebody has to look at.
pub const USUAL: [&str; 6] = [
    "promotion.failed",
    "promotion.unknown",
    "verification.failed",
    "alert.raised",
    "deployment.out-of-band",
    "release.*",
];

/// The first words of the kinds of entries.
pub const GROUPS: [&str; 15] = [
    "promotion",
    "rejection",
    "cancellation",
    "rerun",
    "status",
    "hold",
    "vote",
    "gate",
    "task",
    "override",
    "verification",
    "alert",
    "release",
    "handover",
    "deployment",
];

/// One rule: what is told, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub name: String,
    pub channel: Channel,
    /// Kinds of entries: `hold.placed`, `release.*`, `*`.
    pub events: Vec<String>,
    /// Only of these; empty means every one.
    pub services: Vec<ServiceName>,
    pub environments: Vec<EnvironmentName>,
}

/// How somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A notification of the desktop, through the terminal.
    Desktop,
    Bell,
    Webhook {
        form: Form,
        address: Address,
    },
}

/// What a webhook is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `{"text": …}`, which Slack and those who imitate it take.
    Slack,
    /// The entries as objects.
    Json,
}

/// Where a webhook is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Url(String),
    /// In an environment variable, because whoever knows the address may post.
    Env(String),
}

impl Rule {
    /// Says whether the rule is about an entry. What has no service or environment is about all.
    pub fn wants(&self, entry: &Entry) -> bool {
        let draft = &entry.draft;
        let kind = draft.event.kind();
        self.events.iter().any(|pattern| fits(pattern, &kind))
            && of(&self.services, draft.service.as_ref())
            && of(&self.environments, draft.environment.as_ref())
    }
}

fn of<T: PartialEq>(wanted: &[T], has: Option<&T>) -> bool {
    wanted.is_empty() || has.is_none_or(|has| wanted.contains(has))
}

fn fits(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => kind.starts_with(start),
        None => pattern == kind,
    }
}

/// Says whether a pattern could fit an entry at all.
pub fn is_pattern(pattern: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    pattern.split_once('.').is_some_and(|(group, rest)| {
        let word = |rest: &str| {
            !rest.is_empty()
                && rest
                    .bytes()
                    .all(|sign| sign.is_ascii_lowercase() || sign == b'-')
        };
        GROUPS.contains(&group) && (rest == "*" || word(rest))
    })
}

/// What is told of an entry: clean, and short enough for a corner of a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub title: String,
    pub text: String,
}

/// How long a notice's text may be, in graphemes.
const LONGEST: usize = 300;

impl Notice {
    /// Puts an entry into words.
    pub fn of(entry: &Entry) -> Self {
        let draft = &entry.draft;
        let kind = draft.event.kind();
        let place = match (&draft.service, &draft.environment) {
            (Some(service), Some(environment)) => format!("{service} > {environment}: "),
            (Some(service), None) => format!("{service}: "),
            (None, Some(environment)) => format!("all of {environment}: "),
            (None, None) => String::new(),
        };
        let why = why(&draft.event).or_else(|| draft.reason.clone());
        let why = why.filter(|why| !why.trim().is_empty());
        let text = match why {
            Some(why) => format!("{place}{why} ({})", draft.actor),
            None => format!("{place}by {}", draft.actor),
        };
        Self {
            title: text::clean(&kind.replace('.', " ")),
            text: text::shorten(&text::clean(&text), LONGEST),
        }
    }

    /// One notice for several that come at once.
    pub fn of_many(notices: &[Self]) -> Option<Self> {
        match notices {
            [] => None,
            [one] => Some(one.clone()),
            [first, rest @ ..] => Some(Self {
                title: format!("{} and {} more", first.title, rest.len()),
                text: first.text.clone(),
            }),
        }
    }
}

/// What an event itself says of why, where that is more than the entry's reason.
fn why(event: &Event) -> Option<String> {
    match event {
        Event::Stepped { step, .. } => match step {
            Step::Rejected { why }
            | Step::Abandoned { why }
            | Step::Unknown { why }
            | Step::Failed { why }
            | Step::Cancelled { why } => Some(why.clone()),
            Step::Sending { .. }
            | Step::Accepted { .. }
            | Step::Reconciling
            | Step::Reconciled { .. }
            | Step::Absent { .. }
            | Step::Running { .. }
            | Step::Succeeded => None,
        },
        Event::ReleaseStarted { run } => Some(run.release.to_string()),
        Event::ReleaseResumed { release, .. } | Event::ReleaseEnded { release, .. } => {
            Some(release.to_string())
        }
        Event::VoteCast { vote } => Some(format!("{} as {}", vote.voice.word(), vote.role)),
        Event::ReleaseVoteCast { vote } => Some(format!(
            "{} as {} on {}",
            vote.voice.word(),
            vote.role,
            vote.release
        )),
        Event::HandoverGiven { handover } => Some(format!("{} things", handover.items.len())),
        // Their reason says it, or their kind does.
        Event::Intended { .. }
        | Event::HoldPlaced { .. }
        | Event::HoldEdited { .. }
        | Event::HoldLifted { .. }
        | Event::HoldExpired { .. }
        | Event::VoteVoided { .. }
        | Event::GateAdded { .. }
        | Event::GateOpened { .. }
        | Event::GateClosed { .. }
        | Event::TaskDone { .. }
        | Event::TaskWithdrawn { .. }
        | Event::OverrideGranted { .. }
        | Event::OverrideConfirmed { .. }
        | Event::OverrideWithdrawn { .. }
        | Event::OverrideUsed { .. }
        | Event::VerificationPassed { .. }
        | Event::VerificationFailed { .. }
        | Event::AlertRaised { .. }
        | Event::HandoverAccepted { .. }
        | Event::DeploymentSeen { .. }
        | Event::DeploymentOutOfBand { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    use crate::domain::entry::Draft;
    use crate::domain::ids::{Digest, Seq};
    use crate::domain::promotion::Purpose;

    fn rule(events: &[&str]) -> Rule {
        Rule {
            name: "chat".to_owned(),
            channel: Channel::Bell,
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            services: Vec::new(),
            environments: Vec::new(),
        }
    }

    fn failed(why: &str) -> Entry {
        let event = Event::Stepped {
            id: "p-1".into(),
            purpose: Purpose::Promotion,
            step: Step::Failed {
                why: why.to_owned(),
            },
        };
        let hash = Digest::of(["7"]);
        Entry {
            seq: Seq(7),
            draft: Draft {
                at: Timestamp::UNIX_EPOCH,
                actor: "alice".into(),
                service: Some("api".into()),
                environment: Some("production".into()),
                revision: None,
                reason: None,
                policy: hash.clone(),
                event,
            },
            previous: hash.clone(),
            hash,
        }
    }

    #[test]
    fn a_rule_is_about_kinds_services_and_environments() {
        let entry = failed("tests");
        assert!(rule(&USUAL).wants(&entry));
        assert!(rule(&["promotion.*"]).wants(&entry));
        assert!(rule(&["*"]).wants(&entry));
        assert!(!rule(&["promotion.fail", "hold.*"]).wants(&entry));
        let mut only = rule(&["*"]);
        only.services = vec!["search".into()];
        assert!(!only.wants(&entry));
        only.services = vec!["api".into()];
        only.environments = vec!["staging".into()];
        assert!(!only.wants(&entry));
        only.environments = vec!["production".into()];
        assert!(only.wants(&entry));
    }

    #[test]
    fn what_is_told_is_clean_and_names_place_cause_and_person() {
        let notice = Notice::of(&failed("e2e\u{1b}]9;x\u{7} 3 of 9\u{202e}"));
        assert_eq!(notice.title, "promotion failed");
        assert!(notice.text.starts_with("api > production: e2e"));
        assert!(notice.text.ends_with("(alice)"));
        assert!(!notice.text.chars().any(char::is_control));
        assert!(!notice.text.contains('\u{202e}'));
        let many = Notice::of_many(&[notice.clone(), notice.clone(), notice.clone()]);
        assert_eq!(many.unwrap().title, "promotion failed and 2 more");
    }

    #[test]
    fn a_pattern_that_could_fit_nothing_is_none() {
        for good in USUAL.iter().chain(&["*", "hold.*", "vote.cast"]) {
            assert!(is_pattern(good), "{good}");
        }
        for bad in [
            "",
            "hold",
            "holds.placed",
            "hold.",
            "hold.p*",
            "Hold.placed",
        ] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }
}
