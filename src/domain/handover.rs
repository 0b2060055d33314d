//! Hand-over: what the next operator must know of the evening, and that they have taken it over.
//!
//! The note is composed of facts, ledger and policy; how it is shown and sent lives elsewhere.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::board::Board;
use super::cell::Cell;
use super::hold::Term;
use super::ids::{EnvironmentName, HandoverId, Person, ServiceName};
use super::ledger::Ledger;
use super::policy::Policy;
use super::promotion::Promotion;
use super::release::Release;
use super::release::decision::Decision;
use super::text::counted;
use super::window::Schedule;

/// The most lines of a note that the journal keeps.
pub const KEPT: usize = 200;

/// A hand-over as the journal knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    pub id: HandoverId,
    pub by: Person,
    pub at: Timestamp,
    /// The lines of the note as it was given.
    pub items: Vec<String>,
    pub remark: String,
    #[serde(default)]
    pub accepted: Option<Accepted>,
}

/// Who took it over, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    pub by: Person,
    pub at: Timestamp,
}

impl Handover {
    /// Says whether `person` is the one to take it over: it is open, and somebody else gave it.
    pub fn waits_for(&self, person: &Person) -> bool {
        self.accepted.is_none() && self.by != *person
    }
}

/// What a part of the note is about, the most pressing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// What was sent and has no known outcome.
    Unknown,
    InFlight,
    /// What waits for somebody's approval on a forge.
    Approvals,
    Releases,
    Holds,
    /// Soaks that end by themselves.
    Soaks,
    Windows,
}

impl Subject {
    /// Every subject, in the order of the note.
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::InFlight,
        Self::Approvals,
        Self::Releases,
        Self::Holds,
        Self::Soaks,
        Self::Windows,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unknown => "Outcome unknown",
            Self::InFlight => "In flight",
            Self::Approvals => "Waiting for approval",
            Self::Releases => "Releases",
            Self::Holds => "Holds",
            Self::Soaks => "Soaks ending",
            Self::Windows => "Windows",
        }
    }

    /// Its key in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "outcome_unknown",
            Self::InFlight => "in_flight",
            Self::Approvals => "approvals",
            Self::Releases => "releases",
            Self::Holds => "holds",
            Self::Soaks => "soaks",
            Self::Windows => "windows",
        }
    }
}

/// One line of the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub subject: Subject,
    pub service: Option<ServiceName>,
    pub environment: Option<EnvironmentName>,
    pub text: String,
    /// When something will happen by itself, else since when it is so.
    pub at: Option<Timestamp>,
}

/// Composes the note at `now`: what is pressing first, what is soonest before what comes later.
pub fn note(board: &Board, ledger: Option<&Ledger>, policy: &Policy, now: Timestamp) -> Vec<Item> {
    let mut items = Vec::new();
    if let Some(ledger) = ledger {
        items.extend(ledger.open().map(promotion));
        items.extend(ledger.open_runs().map(|run| Item {
            subject: Subject::Releases,
            service: None,
            environment: None,
            text: format!(
                "{} is under way, {} to move",
                run.release,
                counted(run.moves.len(), "service", "services")
            ),
            at: Some(run.started_at),
        }));
        let releases = policy.releases.iter();
        items.extend(releases.flat_map(|it| left_behind(it, ledger)));
        let holds = ledger.holds.values().filter(|hold| hold.is_on(now));
        items.extend(holds.map(|hold| Item {
            subject: Subject::Holds,
            service: hold.cover.service.clone(),
            environment: hold.cover.environment.clone(),
            text: format!(
                "{}: {} ({}, {})",
                hold.cover,
                hold.reason,
                hold.owner,
                match hold.term(now) {
                    Term::UntilLifted => "until lifted".to_owned(),
                    Term::Ends(at) => format!("until {}", clock(at)),
                    Term::Asks(at) => format!("asks at {}", clock(at)),
                    Term::Asking(at) => {
                        format!("asks since {}: lift it or give it more time", clock(at))
                    }
                }
            ),
            at: hold.until,
        }));
    }
    let releases = policy.releases.iter();
    items.extend(releases.filter_map(|it| undecided(it, board, ledger, policy, now)));
    for row in &board.rows {
        for cell in &row.cells {
            cell_items(&row.service.name, cell, ledger, now, &mut items);
        }
    }
    items.extend(windows(policy, now));
    items.sort_by(|one, other| {
        let key = |item: &Item| (item.subject, item.at.unwrap_or(Timestamp::MAX));
        key(one).cmp(&key(other))
    });
    items
}

/// What a release ships without, until it is taken back.
/// A release that somebody still has to decide on: how it stands, and until when.
fn undecided(
    release: &Release,
    board: &Board,
    ledger: Option<&Ledger>,
    policy: &Policy,
    now: Timestamp,
) -> Option<Item> {
    let decision = Decision::of(release, board, ledger, policy, now);
    if !decision.is_open() {
        return None;
    }
    let due = release.due.map(|due| format!(", due {}", clock(due)));
    let moves = decision.agenda.moves().count();
    let why = match decision.why.join("; ") {
        why if why.is_empty() => String::new(),
        why => format!(": {why}"),
    };
    Some(Item {
        subject: Subject::Releases,
        service: None,
        environment: Some(release.environment.clone()),
        text: format!(
            "{} is {}, {} to move{}{why}",
            release.name,
            decision.word(),
            counted(moves, "service", "services"),
            due.unwrap_or_default(),
        ),
        at: release.due,
    })
}

fn left_behind(release: &Release, ledger: &Ledger) -> impl Iterator<Item = Item> {
    release.items.iter().filter_map(|member| {
        let dropped = ledger.dropped(&release.name, &member.service)?;
        Some(Item {
            subject: Subject::Releases,
            service: Some(member.service.clone()),
            environment: Some(release.environment.clone()),
            text: format!(
                "{} goes without {}, {}",
                release.name,
                member.service,
                dropped.words()
            ),
            at: Some(dropped.at),
        })
    })
}

fn promotion(promotion: &Promotion) -> Item {
    let intent = &promotion.intent;
    let subject = if promotion.state.is_unsettled() {
        Subject::Unknown
    } else {
        Subject::InFlight
    };
    Item {
        subject,
        service: Some(intent.service.clone()),
        environment: Some(intent.environment.clone()),
        text: format!(
            "{} > {}: {} {} {}, by {} since {}",
            intent.service,
            intent.environment,
            intent.purpose,
            intent.to,
            promotion.state.word(),
            promotion.actor,
            clock(promotion.intended_at)
        ),
        at: Some(promotion.intended_at),
    }
}

fn cell_items(
    service: &ServiceName,
    cell: &Cell,
    ledger: Option<&Ledger>,
    now: Timestamp,
    items: &mut Vec<Item>,
) {
    let item = |subject, text, at| Item {
        subject,
        service: Some(service.clone()),
        environment: Some(cell.environment.clone()),
        text,
        at,
    };
    if let Some(flight) = &cell.in_flight {
        let ours = ledger.is_some_and(|ledger| {
            ledger.open().any(|promotion| {
                promotion.intent.service == *service
                    && promotion.intent.environment == cell.environment
            })
        });
        let by = flight.by.as_ref().map_or("somebody", Person::as_str);
        let whose = format!(
            "{service} > {}: {}, by {by} since {}",
            cell.environment,
            flight.revision,
            clock(flight.since)
        );
        if flight.awaits_approval() {
            items.push(item(Subject::Approvals, whose, Some(flight.since)));
        } else if !ours {
            items.push(item(Subject::InFlight, whose, Some(flight.since)));
        }
    }
    let soaks = cell.judgement.blocking(now);
    items.extend(
        soaks
            .filter(|verdict| verdict.gate == "soak")
            .filter_map(|verdict| {
                let at = verdict.opens_at.filter(|at| *at > now)?;
                let revision = cell.candidate.as_ref()?;
                let text = format!(
                    "{service} > {}: {revision} may go from {}",
                    cell.environment,
                    clock(at)
                );
                Some(item(Subject::Soaks, text, Some(at)))
            }),
    );
}

/// How the windows of each environment stand, and when that changes.
fn windows(policy: &Policy, now: Timestamp) -> Vec<Item> {
    // Without a service, windows that cover every one count alone.
    let nobody = ServiceName::new("");
    let mut items = Vec::new();
    for environment in policy.environments.keys() {
        let schedule = Schedule::new(&policy.windows, &nobody, environment);
        if schedule.is_empty() {
            continue;
        }
        let mut openings = schedule.openings(now);
        let (text, at) = match openings.next() {
            Some((from, to)) if from <= now => match to {
                Some(to) => {
                    let next = openings.next().map_or_else(
                        || "; no known opening after that".to_owned(),
                        |(from, _)| format!("; opens again {}", clock(from)),
                    );
                    (format!("open until {}{next}", clock(to)), Some(to))
                }
                None => ("open".to_owned(), None),
            },
            Some((from, _)) => (format!("closed, opens {}", clock(from)), Some(from)),
            None => ("closed, with no known opening".to_owned(), None),
        };
        items.push(Item {
            subject: Subject::Windows,
            service: None,
            environment: Some(environment.clone()),
            text: format!("{environment}: {text}"),
            at,
        });
    }
    items
}

/// The lines of the note as the journal keeps them.
pub fn lines(items: &[Item]) -> Vec<String> {
    let all = items.iter();
    all.take(KEPT)
        .map(|item| format!("{}: {}", item.subject.title(), item.text))
        .collect()
}

/// The note as Markdown, for a chat.
pub fn markdown(items: &[Item], by: Option<&Person>, remark: &str, now: Timestamp) -> String {
    let mut text = format!("**Hand-over** {}", day(now));
    if let Some(by) = by {
        let _ = write!(text, " by {}", escaped(by.as_str()));
    }
    if !remark.trim().is_empty() {
        let _ = write!(text, "\n> {}", escaped(remark.trim()));
    }
    for subject in Subject::ALL {
        let part: Vec<&Item> = items
            .iter()
            .filter(|item| item.subject == subject)
            .collect();
        if part.is_empty() {
            continue;
        }
        let _ = write!(text, "\n\n**{}** ({})", subject.title(), part.len());
        for item in part {
            let _ = write!(text, "\n- {}", escaped(&item.text));
        }
    }
    if items.is_empty() {
        text.push_str("\n\nNothing is under way, held, or waiting.");
    }
    text
}

/// Text that Markdown takes as it is: a title of a pull request must not become a link or a mention.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\`*_[]<>#@|".contains(character) && character != '>' {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

fn clock(at: Timestamp) -> String {
    at.strftime("%H:%MZ on %-d %b").to_string()
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(subject: Subject, text: &str) -> Item {
        Item {
            subject,
            service: None,
            environment: None,
            text: text.to_owned(),
            at: None,
        }
    }

    #[test]
    fn the_note_is_markdown_by_subject_and_names_nobody_by_accident() {
        let items = [
            item(Subject::Unknown, "api > production: promotion v2 unknown"),
            item(Subject::Holds, "search: @here *look*"),
        ];
        let at = "2026-11-26T22:31:00Z".parse().unwrap();
        let text = markdown(&items, Some(&"alice".into()), "watch search", at);
        assert_eq!(
            text,
            "**Hand-over** 2026-11-26 22:31Z by alice\n> watch search\n\n\
             **Outcome unknown** (1)\n- api > production: promotion v2 unknown\n\n\
             **Holds** (1)\n- search: \\@here \\*look\\*"
        );
        let calm = markdown(&[], None, "", at);
        assert!(calm.ends_with("Nothing is under way, held, or waiting."));
    }

    #[test]
    fn it_waits_for_anybody_but_who_gave_it_until_it_is_accepted() {
        let mut given = Handover {
            id: "ho-1".into(),
            by: "alice".into(),
            at: Timestamp::UNIX_EPOCH,
            items: Vec::new(),
            remark: String::new(),
            accepted: None,
        };
        assert!(!given.waits_for(&"alice".into()));
        assert!(given.waits_for(&"bob".into()));
        given.accepted = Some(Accepted {
            by: "bob".into(),
            at: Timestamp::UNIX_EPOCH,
        });
        assert!(!given.waits_for(&"carol".into()));
    }
}
