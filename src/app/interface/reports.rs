//! What the engine reports, as messages, problems, and answers in the dialog that asked.

use jiff::{SignedDuration, Timestamp};

use super::results::Outcome;
use super::{Interface, Overlay};
use crate::app::effect::Effect;
use crate::app::engine::{Engine, Report};
use crate::app::request::{Refusal, Request};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::IntentId;
use crate::domain::promotion::State as Standing;

/// A trouble that was read and comes back after this long wants to be read again.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// The faults that are the forge's own and not those of what was asked.
const OUTAGES: [FaultKind; 3] = [
    FaultKind::Unreachable,
    FaultKind::RateLimited,
    FaultKind::ForgeTrouble,
];

/// The forge that a problem is of, as its subject begins.
fn forge_of(problem: &Problem) -> &str {
    let subject = problem.subject.split_once(": ");
    subject.map_or(problem.subject.as_str(), |(forge, _)| forge)
}

/// What to do about a forge that is in trouble itself, where the fault does not say.
fn outage_hint(kind: FaultKind) -> Option<String> {
    OUTAGES.contains(&kind).then(|| {
        "it is asked again by itself, and what was read stays and ages; its status page says more, \
         and :forges when it is asked next"
            .to_owned()
    })
}

/// How many messages and problems are kept.
const KEPT: usize = 500;

/// Something that was said to the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub at: Timestamp,
    pub mood: Mood,
    pub text: String,
    /// It stays in the footer until somebody has read it, whatever is said after it.
    pub stays: bool,
}

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Good,
    /// Nobody knows yet.
    Open,
    Bad,
}

/// What a report is about: the order, and how the journal has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    subject: Option<String>,
    state: Option<Standing>,
    why: Option<String>,
}

impl About {
    pub fn of(engine: &Engine, report: &Report) -> Self {
        let (Report::Done { id, .. } | Report::Refused { id, .. }) = report else {
            return Self::default();
        };
        let known = id.as_ref().zip(engine.ledger.as_ref());
        let known = known.and_then(|(id, ledger)| ledger.promotions.get(id));
        known.map_or_else(Self::default, |promotion| {
            let intent = &promotion.intent;
            let subject = format!(
                "{} {} > {}",
                intent.purpose, intent.service, intent.environment
            );
            Self {
                subject: Some(subject),
                state: Some(promotion.state),
                why: promotion.why.clone(),
            }
        })
    }
}

/// An error that stays until it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub at: Timestamp,
    /// Several of the same kind in a row count up instead of filling the list.
    pub count: u32,
    pub last_at: Timestamp,
    pub subject: String,
    pub why: String,
    pub hint: Option<String>,
    pub request: Option<String>,
    pub read: bool,
}

/// Asks the engine; what it refuses at once comes back beside the effects.
pub(super) fn ask(
    engine: &mut Engine,
    request: Request,
    now: Timestamp,
) -> (Vec<Effect>, Option<Refusal>) {
    let reports = engine.reports.len();
    let effects = engine.ask(request, now);
    let refused = match engine.reports.get(reports) {
        Some(Report::Refused { refusal, .. }) => Some(refusal.clone()),
        Some(
            Report::Done { .. }
            | Report::Alert { .. }
            | Report::Trouble(_)
            | Report::JournalTrouble { .. },
        )
        | None => None,
    };
    (effects, refused)
}

impl Interface {
    pub(crate) fn say(&mut self, good: bool, text: String, now: Timestamp) {
        let mood = if good { Mood::Good } else { Mood::Bad };
        self.tell(mood, text, false, now);
    }

    /// Tells what is good to know, without a key having asked for it.
    pub fn note(&mut self, text: String, now: Timestamp) {
        self.tell(Mood::Open, text, false, now);
    }

    /// Says what went wrong, and stays with it until it is read.
    pub(super) fn insist(&mut self, text: String, now: Timestamp) {
        self.tell(Mood::Bad, text, true, now);
    }

    fn tell(&mut self, mood: Mood, text: String, stays: bool, now: Timestamp) {
        self.messages.push_back(Message {
            at: now,
            mood,
            // It has one line in the footer.
            text: text.lines().collect::<Vec<_>>().join("  "),
            stays,
        });
        while self.messages.len() > KEPT {
            self.messages.pop_front();
        }
    }

    /// What was said has been read.
    pub(super) fn said_is_read(&mut self) {
        for message in &mut self.messages {
            message.stays = false;
        }
    }

    pub(super) fn take(&mut self, report: &Report, about: About, now: Timestamp) {
        match report {
            Report::Done { text, .. } => self.went_on(text, about, now),
            Report::Refused { id, refusal } => {
                let mut shown = false;
                if let Some(id) = id {
                    shown = self.refused(id, refusal);
                    // It can be tried again with the same key.
                    self.marks.extend(self.sent.remove(id));
                    self.row_refused(id, &refusal.why);
                }
                let text = match &refusal.hint {
                    Some(hint) => format!("{} ({hint})", refusal.why),
                    None => refusal.why.clone(),
                };
                // What the dialog of the order says is read there.
                if id.is_none() || shown {
                    self.say(false, text, now);
                    return;
                }
                self.insist(text, now);
                self.trouble(Problem {
                    at: now,
                    count: 1,
                    last_at: now,
                    subject: about.subject.unwrap_or_else(|| "an order".to_owned()),
                    why: refusal.why.clone(),
                    hint: refusal.hint.clone(),
                    request: None,
                    read: false,
                });
            }
            Report::Alert { subject, why, hint } => {
                // What happens by itself is counted, and keeps no answer to a key from the line.
                self.say(false, format!("{subject}: {why}"), now);
                self.trouble(Problem {
                    at: now,
                    count: 1,
                    last_at: now,
                    subject: subject.clone(),
                    why: why.clone(),
                    hint: hint.clone(),
                    request: None,
                    read: false,
                });
            }
            Report::Trouble(fault) => self.faulty(fault),
            Report::JournalTrouble { why, hint, broken } => self.trouble(Problem {
                at: now,
                count: 1,
                last_at: now,
                subject: match broken {
                    Some(seq) => format!("the journal is not as it was written from entry {seq} on"),
                    None => "the journal".to_owned(),
                },
                why: match broken {
                    // What it means is worth more here than how it was found.
                    Some(_) => format!(
                        "{why}. Something other than gonogo changed the file, or a part of it was lost: \
                         who holds, votes and promotes cannot be relied on, so nothing is promoted"
                    ),
                    None => why.clone(),
                },
                hint: hint.clone(),
                request: None,
                read: false,
            }),
        }
    }

    /// Says how an order goes on: well, badly, or nobody knows.
    fn went_on(&mut self, text: &str, about: About, now: Timestamp) {
        let outcome = about.state.map(Outcome::of);
        let hint = match about.state {
            Some(Standing::Absent) => "look at the forge, then order it again",
            _ => "w on its row shows the log",
        };
        match (outcome, about.subject) {
            (Some(Outcome::Unknown), _) => self.tell(Mood::Open, text.to_owned(), false, now),
            (Some(Outcome::Failed), Some(subject)) => {
                self.insist(text.to_owned(), now);
                self.trouble(Problem {
                    at: now,
                    count: 1,
                    last_at: now,
                    subject,
                    why: about.why.unwrap_or_else(|| text.to_owned()),
                    hint: Some(hint.to_owned()),
                    request: None,
                    read: false,
                });
            }
            _ => self.say(true, text.to_owned(), now),
        }
    }

    /// Shows a refusal in the dialog whose intent it is; says whether there is one.
    fn refused(&mut self, id: &IntentId, refusal: &Refusal) -> bool {
        let mut shown = false;
        for overlay in &mut self.overlays {
            match overlay {
                Overlay::Promote(dialog) => {
                    for item in &mut dialog.items {
                        if matches!(&item.plan, Ok(plan) if plan.intent.id == *id) {
                            item.plan = Err(refusal.clone());
                            shown = true;
                        }
                    }
                }
                Overlay::Confirm(dialog) => {
                    if matches!(&dialog.plan, Ok(plan) if plan.intent.id == *id) {
                        dialog.plan = Err(refusal.clone());
                        shown = true;
                    }
                }
                Overlay::Help { .. }
                | Overlay::Errors { .. }
                | Overlay::Messages { .. }
                | Overlay::Results { .. }
                | Overlay::Changes { .. }
                | Overlay::Filter { .. }
                | Overlay::Search { .. }
                | Overlay::Palette { .. }
                | Overlay::Columns { .. }
                | Overlay::Hold(_)
                | Overlay::Bind(_)
                | Overlay::Gates(_)
                | Overlay::Release(_)
                | Overlay::Override(_)
                | Overlay::Handover(_)
                | Overlay::Custom(_)
                | Overlay::Output(_)
                | Overlay::Quit { .. } => {}
            }
        }
        shown
    }

    /// Adds a fault. What a whole forge has is one trouble, whatever was asked when it was met: it
    /// counts up, and says what was met last.
    fn faulty(&mut self, fault: &Fault) {
        let kind = fault.kind.word();
        let of_forge = fault.kind.is_of_forge();
        let (subject, why) = if of_forge {
            (kind, format!("{}, {}", fault.why, fault.doing))
        } else {
            (fault.doing.as_str(), format!("{kind}: {}", fault.why))
        };
        let problem = Problem {
            at: fault.at,
            count: 1,
            last_at: fault.at,
            subject: format!("{}: {subject}", fault.forge),
            why,
            hint: fault.hint.clone().or_else(|| outage_hint(fault.kind)),
            request: fault.request.clone(),
            read: false,
        };
        let subject = &problem.subject;
        let known = self.problems.iter_mut().find(|it| it.subject == *subject);
        if let Some(known) = known.filter(|_| of_forge) {
            known.why.clone_from(&problem.why);
        }
        self.trouble(problem);
    }

    /// Adds a problem, or counts up the one of the same subject and cause. A forge that is down is down
    /// for every question: that is one problem, however much was asked of it.
    fn trouble(&mut self, problem: Problem) {
        let outage = OUTAGES
            .iter()
            .any(|kind| problem.why.starts_with(kind.word()));
        let known = self.problems.iter_mut().find(|known| {
            let same =
                known.subject == problem.subject || outage && forge_of(known) == forge_of(&problem);
            same && known.why == problem.why
        });
        if let Some(known) = known {
            known.read &= problem.last_at.duration_since(known.last_at) < AGAIN;
            known.count += 1;
            known.last_at = known.last_at.max(problem.last_at);
            known.hint = problem.hint.or_else(|| known.hint.take());
            known.request = problem.request.or_else(|| known.request.take());
            if known.subject != problem.subject {
                known.subject = format!("{}: reading from it", forge_of(known));
            }
            return;
        }
        self.problems.push(problem);
        if self.problems.len() > KEPT {
            self.problems.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{now, press, said, state};
    use super::*;
    use crate::app::request::RefusalKind;
    use crate::app::state::State;
    use crate::app::view::view;

    fn fault(kind: FaultKind, doing: &str, why: &str, at: Timestamp) -> Report {
        Report::Trouble(Box::new(Fault {
            kind,
            forge: "github".into(),
            doing: doing.to_owned(),
            why: why.to_owned(),
            hint: Some("look at the network".to_owned()),
            request: Some("A1B2".to_owned()),
            at,
            retry_at: None,
        }))
    }

    fn trouble(why: &str, at: Timestamp) -> Report {
        fault(FaultKind::ForgeTrouble, "reading acme/api", why, at)
    }

    #[test]
    fn what_a_whole_forge_has_is_one_error_however_many_services_it_keeps_from_being_read() {
        let mut state = state();
        for number in 0..22 {
            let doing = format!("reading acme/service-{number}");
            let why = ["no connection: refused", "no answer within 15s"][number % 2];
            let report = fault(FaultKind::Unreachable, &doing, why, now());
            state.interface.take(&report, About::default(), now());
        }
        let report = fault(FaultKind::NotFound, "reading acme/api", "Not Found", now());
        state.interface.take(&report, About::default(), now());
        let told: Vec<(u32, &str, &str)> = state
            .interface
            .problems
            .iter()
            .map(|it| (it.count, it.subject.as_str(), it.why.as_str()))
            .collect();
        let last = "no answer within 15s, reading acme/service-21";
        let own = "not found or no access: Not Found";
        assert_eq!(
            told,
            [
                (22, "github: unreachable", last),
                (1, "github: reading acme/api", own)
            ]
        );
    }

    #[test]
    fn the_same_trouble_counts_up_and_another_is_listed_beside_it() {
        let mut state = state();
        for second in 0..3 {
            let at = now() + SignedDuration::from_secs(second);
            state
                .interface
                .take(&trouble("timeout", at), About::default(), at);
        }
        state
            .interface
            .take(&trouble("reset", now()), About::default(), now());
        let told: Vec<(u32, &str)> = state
            .interface
            .problems
            .iter()
            .map(|problem| (problem.count, problem.why.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (3, "forge in trouble: timeout"),
                (1, "forge in trouble: reset")
            ]
        );
        assert_eq!(state.interface.problems[0].at, now());
    }

    #[test]
    fn a_forge_that_is_down_is_one_error_with_count_hint_and_request() {
        let mut state = state();
        let of = |doing: &str, request: Option<&str>| {
            Report::Trouble(Box::new(Fault {
                kind: FaultKind::ForgeTrouble,
                forge: "gitlab".into(),
                doing: doing.to_owned(),
                why: "HTML instead of JSON (502 Bad Gateway)".to_owned(),
                hint: None,
                request: request.map(str::to_owned),
                at: now(),
                retry_at: None,
            }))
        };
        for report in [
            of("reading shop/portal", Some("A1B2")),
            of("reading shop/orders", None),
            of("asking who the token is", None),
        ] {
            state.interface.take(&report, About::default(), now());
        }
        let [one] = state.interface.problems.as_slice() else {
            panic!("{:?}", state.interface.problems);
        };
        assert_eq!(
            (one.count, one.subject.as_str()),
            (3, "gitlab: reading from it")
        );
        assert_eq!(one.request.as_deref(), Some("A1B2"));
        assert!(one.hint.is_some());
    }

    #[test]
    fn errors_stay_until_they_are_read_and_come_back_later() {
        let mut state = state();
        state
            .interface
            .take(&trouble("timeout", now()), About::default(), now());
        press(&mut state, "!");
        assert!(!state.interface.problems[0].read, "only just shown");
        press(&mut state, "esc");
        assert!(state.interface.problems[0].read);
        let soon = now() + SignedDuration::from_secs(15);
        state
            .interface
            .take(&trouble("timeout", soon), About::default(), soon);
        assert!(state.interface.problems[0].read, "still the same trouble");
        let later = soon + SignedDuration::from_mins(6);
        state
            .interface
            .take(&trouble("timeout", later), About::default(), later);
        assert!(!state.interface.problems[0].read);
    }

    #[test]
    fn done_and_refused_are_said_with_what_to_do() {
        let mut state = state();
        let done = Report::Done {
            id: None,
            text: "held api".to_owned(),
        };
        state.interface.take(&done, About::default(), now());
        assert_eq!(said(&state), "held api");
        let refused = Report::Refused {
            id: None,
            refusal: Refusal::new(RefusalKind::NoGo, "somebody was faster").hint("look again"),
        };
        state.interface.take(&refused, About::default(), now());
        assert_eq!(said(&state), "somebody was faster (look again)");
        assert_eq!(
            state.interface.messages.back().map(|message| message.mood),
            Some(Mood::Bad)
        );
    }

    #[test]
    fn a_refusal_shows_in_the_dialog_whose_intent_it_is() {
        let mut state = state();
        press(&mut state, "P");
        let Some(Overlay::Promote(dialog)) = state.interface.overlays.last() else {
            panic!("no dialog");
        };
        let id = dialog.plans().next().map(|plan| plan.intent.id.clone());
        let refused = Report::Refused {
            id,
            refusal: Refusal::new(RefusalKind::NoGo, "bob was faster"),
        };
        state.interface.take(&refused, About::default(), now());
        let Some(Overlay::Promote(dialog)) = state.interface.overlays.last() else {
            panic!("no dialog");
        };
        assert_eq!(dialog.applies(), (0, 1));
        assert_eq!(dialog.blocked().as_deref(), Some("bob was faster"));
    }

    #[test]
    fn what_is_refused_after_it_was_ordered_is_an_error_and_stays_until_it_is_read() {
        let mut state = state();
        let refused = Report::Refused {
            id: Some("i-1".into()),
            refusal: Refusal::new(RefusalKind::Forge, "refused by github: 422"),
        };
        let about = About {
            subject: Some("promotion api > production".to_owned()),
            ..About::default()
        };
        state.interface.take(&refused, about, now());
        let done = Report::Done {
            id: None,
            text: "promotion web production: running".to_owned(),
        };
        state.interface.take(&done, About::default(), now());
        let drawn = |state: &State| {
            let view = view(state);
            let bar = view.footer.into_iter().next().expect("a line");
            format!("{bar:?}")
        };
        assert!(drawn(&state).contains("refused by github: 422"));
        assert!(drawn(&state).contains("! 1 error"));
        let problem = &state.interface.problems[0];
        assert_eq!(problem.subject, "promotion api > production");
        assert_eq!(problem.why, "refused by github: 422");
        press(&mut state, "! esc");
        assert!(!drawn(&state).contains("refused by github"));
        assert!(drawn(&state).contains("running"));
    }

    #[test]
    fn what_happens_by_itself_is_an_error_that_keeps_no_answer_from_the_line() {
        let mut state = state();
        let alert = Report::Alert {
            subject: "mailer staging".to_owned(),
            why: "out of band".to_owned(),
            hint: None,
        };
        state.interface.take(&alert, About::default(), now());
        let at = now();
        state.interface.say(true, "copied: api".to_owned(), at);
        let view = view(&state);
        let line = format!("{:?}", view.footer.first());
        assert!(line.contains("copied: api"), "{line}");
        assert!(line.contains("! 1 error"), "{line}");
    }

    #[test]
    fn how_an_order_goes_on_is_not_good_where_nobody_knows_or_it_failed() {
        for (standing, mood, errors) in [
            (Standing::Running, Mood::Good, 0),
            (Standing::Reconciling, Mood::Open, 0),
            (Standing::Failed, Mood::Bad, 1),
            (Standing::Absent, Mood::Bad, 1),
        ] {
            let mut state = state();
            let about = About {
                subject: Some("promotion api > production".to_owned()),
                state: Some(standing),
                why: None,
            };
            let done = Report::Done {
                id: Some("i-1".into()),
                text: "it went on".to_owned(),
            };
            state.interface.take(&done, about, now());
            let last = state.interface.messages.back().expect("a message");
            assert_eq!((last.mood, state.interface.problems.len()), (mood, errors));
        }
    }
}
