//! Notices: which journal entries somebody wants to be told of, and in which words.
//!
//! An entry is told by a rule once; remembering which were, and telling, lives in the runtime.

use serde::{Deserialize, Serialize};

use super::entry::{Entry, Event, kinds};
use super::ids::{EnvironmentName, ServiceName};
use super::promotion::Step;
use super::spelling::nearest;
use super::text;

/// What is told where nobody says: what somebody has to look at.
pub const USUAL: [&str; 7] = [
    "promotion.failed",
    "promotion.unknown",
    "verification.failed",
    "alert.raised",
    "hold.asked",
    "deployment.out-of-band",
    "release.*",
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

/// Who is told that a hold was placed, as whoever placed it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tell {
    /// Those whose rules list it.
    #[default]
    Rules,
    /// Everyone whose rule is about the service and environment.
    All,
    Nobody,
}

impl Rule {
    /// Says whether the rule is about an entry. What has no service or environment is about all.
    pub fn wants(&self, entry: &Entry) -> bool {
        let draft = &entry.draft;
        let tell = match &draft.event {
            Event::HoldPlaced { tell, .. } => *tell,
            _ => Tell::Rules,
        };
        self.tells(
            &draft.event.kind(),
            tell,
            draft.service.as_ref(),
            draft.environment.as_ref(),
        )
    }

    /// The same of an entry to come: of a kind, and about this service and environment.
    pub fn tells(
        &self,
        kind: &str,
        tell: Tell,
        service: Option<&ServiceName>,
        environment: Option<&EnvironmentName>,
    ) -> bool {
        let listed = match tell {
            Tell::Rules => self.events.iter().any(|pattern| fits(pattern, kind)),
            Tell::All => true,
            Tell::Nobody => false,
        };
        listed && of(&self.services, service) && of(&self.environments, environment)
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

/// Says what is wrong with a pattern that could fit no entry: what was meant, or what there is.
///
/// # Errors
///
/// Returns the hint.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    let kinds = kinds();
    let fit = match pattern.strip_suffix(".*") {
        Some(group) => kinds.iter().any(|kind| group_of(kind) == group),
        None => pattern == "*" || kinds.iter().any(|kind| kind == pattern),
    };
    if fit {
        return Ok(());
    }
    let mut groups: Vec<&str> = kinds.iter().map(|kind| group_of(kind)).collect();
    groups.dedup();
    let (group, rest) = pattern.split_once('.').unwrap_or((pattern, "*"));
    // A whole group is meant by its name alone too.
    if rest == "*" {
        return Err(match nearest(group, groups.iter().copied()) {
            Some(near) => format!("did you mean `{near}.*`?"),
            None => format!("there are {}, and `*`", listed(&groups, ".*")),
        });
    }
    let near = nearest(pattern, kinds.iter().map(String::as_str));
    Err(match (near, groups.contains(&group)) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) => {
            let of = kinds.iter().filter(|kind| group_of(kind) == group);
            let of: Vec<&str> = of.map(String::as_str).collect();
            format!("there are {}", listed(&of, ""))
        }
        (None, false) => format!("there are {}, and `*`", listed(&groups, ".*")),
    })
}

fn group_of(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(group, _)| group)
}

fn listed(words: &[&str], end: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}{end}`")).collect();
    words.join(", ")
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
        Event::ReleaseDropped { release, service } => Some(format!("{service} from {release}")),
        Event::ReleaseRestored { release, service } => Some(format!("{service} into {release}")),
        Event::VoteCast { vote } => Some(format!("{} as {}", vote.voice.word(), vote.role)),
        Event::ReleaseVoteCast { vote } => Some(format!(
            "{} as {} on {}",
            vote.voice.word(),
            vote.role,
            vote.release
        )),
        Event::HandoverGiven { handover } => {
            Some(text::counted(handover.items.len(), "thing", "things"))
        }
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
    use crate::domain::hold::{Cover, Hold, HoldKind, Then};
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
    fn whoever_places_a_hold_says_who_is_told_within_the_places_of_the_rules() {
        let placed = |tell| {
            let mut entry = failed("");
            let hold = Hold {
                id: "h-1".into(),
                cover: Cover::default(),
                kind: HoldKind::Forward,
                reason: "heap grows".to_owned(),
                owner: "carol".into(),
                since: Timestamp::UNIX_EPOCH,
                until: None,
                then: Then::End,
                incident: false,
            };
            entry.draft.event = Event::HoldPlaced { hold, tell };
            entry
        };
        let (listed, unlisted) = (rule(&["hold.*"]), rule(&["alert.raised"]));
        let told = |tell| {
            let entry = placed(tell);
            (listed.wants(&entry), unlisted.wants(&entry))
        };
        assert_eq!(told(Tell::Rules), (true, false));
        assert_eq!(told(Tell::All), (true, true));
        assert_eq!(told(Tell::Nobody), (false, false));
        let mut elsewhere = rule(&["*"]);
        elsewhere.environments = vec!["staging".into()];
        assert!(!elsewhere.wants(&placed(Tell::All)), "another place");
        // That a hold asks is told by the rules, whatever was said when it was placed.
        let mut asked = placed(Tell::Nobody);
        asked.draft.event = Event::HoldExpired {
            id: "h-1".into(),
            cover: Cover::default(),
            then: Then::Ask,
        };
        assert!(rule(&USUAL).wants(&asked));
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
    fn a_pattern_that_could_fit_nothing_is_none_and_says_what_was_meant() {
        let all = kinds();
        for good in USUAL.iter().copied().chain(["*", "hold.*", "brake.*"]) {
            assert_eq!(check_pattern(good), Ok(()), "{good}");
        }
        for good in &all {
            assert_eq!(check_pattern(good), Ok(()), "{good}");
        }
        for (bad, hint) in [
            ("promotion.fail", "did you mean `promotion.failed`?"),
            ("hold.placd", "did you mean `hold.placed`?"),
            ("holds.placed", "did you mean `hold.placed`?"),
            ("hold", "did you mean `hold.*`?"),
            ("promo.*", "did you mean `promotion.*`?"),
            ("Hold.placed", "did you mean `hold.placed`?"),
            ("hold.p*", "there are `hold.placed`, `hold.edited`"),
            ("", "there are `promotion.*`, `rejection.*`"),
            ("weather.nice", "there are `promotion.*`"),
        ] {
            let told = check_pattern(bad).expect_err(bad);
            assert!(told.starts_with(hint), "{bad}: {told}");
        }
    }
}
