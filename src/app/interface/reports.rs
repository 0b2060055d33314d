//! What the engine reports, as messages, problems, and answers in the dialog that asked.

use jiff::{SignedDuration, Timestamp};

use super::{Interface, KEPT, Overlay, Problem};
use crate::app::engine::Report;
use crate::app::request::Refusal;
use crate::domain::ids::IntentId;

/// A trouble that was read and comes back after this long wants to be read again.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);

impl Interface {
    pub(super) fn take(&mut self, report: &Report, now: Timestamp) {
        match report {
            Report::Done { text, .. } => self.say(true, text.clone(), now),
            Report::Refused { id, refusal } => {
                if let Some(id) = id {
                    self.refused(id, refusal);
                }
                let text = match &refusal.hint {
                    Some(hint) => format!("{} ({hint})", refusal.why),
                    None => refusal.why.clone(),
                };
                self.say(false, text, now);
            }
            Report::Trouble(fault) => self.trouble(Problem {
                at: fault.at,
                count: 1,
                last_at: fault.at,
                subject: format!("{}: {}", fault.forge, fault.doing),
                why: format!("{}: {}", fault.kind.word(), fault.why),
                hint: fault.hint.clone(),
                request: fault.request.clone(),
                read: false,
            }),
            Report::JournalTrouble { why, hint } => self.trouble(Problem {
                at: now,
                count: 1,
                last_at: now,
                subject: "the journal".to_owned(),
                why: why.clone(),
                hint: hint.clone(),
                request: None,
                read: false,
            }),
        }
    }

    /// Shows a refusal in the dialog whose intent it is.
    fn refused(&mut self, id: &IntentId, refusal: &Refusal) {
        for overlay in &mut self.overlays {
            match overlay {
                Overlay::Promote(dialog) => {
                    for item in &mut dialog.items {
                        if matches!(&item.plan, Ok(plan) if plan.intent.id == *id) {
                            item.plan = Err(refusal.clone());
                        }
                    }
                }
                Overlay::Confirm(dialog) => {
                    if matches!(&dialog.plan, Ok(plan) if plan.intent.id == *id) {
                        dialog.plan = Err(refusal.clone());
                    }
                }
                Overlay::Help { .. }
                | Overlay::Errors { .. }
                | Overlay::Messages { .. }
                | Overlay::Filter { .. }
                | Overlay::Palette { .. }
                | Overlay::Hold(_)
                | Overlay::Gates(_)
                | Overlay::Quit { .. } => {}
            }
        }
    }

    /// Adds a problem, or counts up the one of the same subject and cause.
    fn trouble(&mut self, problem: Problem) {
        let known = self
            .problems
            .iter_mut()
            .find(|known| known.subject == problem.subject && known.why == problem.why);
        if let Some(known) = known {
            known.read &= problem.last_at.duration_since(known.last_at) < AGAIN;
            known.count += 1;
            known.last_at = known.last_at.max(problem.last_at);
            known.hint = problem.hint;
            known.request = problem.request;
            return;
        }
        self.problems.push(problem);
        if self.problems.len() > KEPT {
            self.problems.remove(0);
        }
    }
}
