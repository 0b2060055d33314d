//! Plain mode: what changed, as lines to append, for screen readers and logs. No line is ever taken
//! back, and there is nothing in them but words; printing them lives in the runtime.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::engine::{Engine, JournalState, Report};
use super::msg::JournalFault;
use crate::domain::board::Row;
use crate::domain::cell::{Cell, CellState};
use crate::domain::ids::{EnvironmentName, Seq, ServiceName};
use crate::domain::notice::Notice;
use crate::domain::text::clean;

/// What was told so far.
#[derive(Debug, Default)]
pub struct Plain {
    cells: BTreeMap<(ServiceName, EnvironmentName), String>,
    told: Option<Seq>,
    journal: Option<bool>,
}

impl Plain {
    /// What is new since the last call, each line with its time. At first only what is not simply
    /// well is told: a thousand services that are level are no news.
    pub fn news(&mut self, engine: &Engine, reports: &[Report], now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        self.journal(engine, &mut lines);
        let told = self.told;
        let fresh = engine.entries.iter();
        let fresh = fresh.filter(|entry| told.is_some_and(|told| entry.seq > told));
        for entry in fresh {
            let notice = Notice::of(entry);
            lines.push(format!("{}: {}", notice.title, notice.text));
        }
        if engine.journal == JournalState::Ready {
            let last = engine.entries.back().map_or(Seq(0), |entry| entry.seq);
            self.told = Some(last);
        }
        for row in &engine.board.rows {
            // Nothing is known of it yet: that is not worth a line.
            if row.facts.last.is_none() && row.facts.fault.is_none() {
                continue;
            }
            for cell in &row.cells {
                self.cell(engine, row, cell, now, &mut lines);
            }
        }
        lines.extend(reports.iter().filter_map(said));
        let at = now.strftime("%H:%M:%SZ").to_string();
        lines
            .into_iter()
            .map(|line| format!("{at} {}", clean(&line)))
            .collect()
    }

    fn journal(&mut self, engine: &Engine, lines: &mut Vec<String>) {
        let reached = match &engine.journal {
            JournalState::Unread => return,
            JournalState::Ready => true,
            JournalState::Unreachable { why, .. } => {
                if self.journal != Some(false) {
                    lines.push(JournalFault::unreachable(why));
                }
                false
            }
        };
        if reached && self.journal == Some(false) {
            lines.push("the journal is reachable again".to_owned());
        }
        self.journal = Some(reached);
    }

    fn cell(
        &mut self,
        engine: &Engine,
        row: &Row,
        cell: &Cell,
        now: Timestamp,
        lines: &mut Vec<String>,
    ) {
        let key = (row.service.name.clone(), cell.environment.clone());
        let text = in_words(engine, row, cell, now);
        let before = self.cells.insert(key, text.clone());
        let is_news = match &before {
            Some(before) => *before != text,
            None => {
                let next = cell.next(&row.facts, &engine.policy, now);
                let state = cell.state(&row.facts, &engine.policy, now);
                let well = |state| matches!(state, CellState::Ok | CellState::None);
                !(well(state) && well(next))
            }
        };
        if is_news {
            let place = format!("{} > {}", row.service.name, cell.environment);
            lines.push(format!("{place}: {text}"));
        }
    }
}

/// `2.41.0 OK, next 2.42.0 GATED 3 of 5: soak, ticket`.
fn in_words(engine: &Engine, row: &Row, cell: &Cell, now: Timestamp) -> String {
    let live = cell.live.as_ref();
    let live = live.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let state = cell.state(&row.facts, &engine.policy, now).word();
    let mut text = format!("{live} {state}");
    if let Some(flight) = &cell.in_flight {
        let _ = write!(text, ", {} {}", flight.revision, flight.phase.word());
    }
    if let Some(candidate) = &cell.candidate {
        let next = cell.next(&row.facts, &engine.policy, now).word();
        let (open, all) = cell.judgement.count(now);
        let _ = write!(text, ", next {candidate} {next} {open} of {all}");
        let closed: Vec<&str> = cell
            .judgement
            .blocking(now)
            .map(|verdict| verdict.gate.as_ref())
            .collect();
        if !closed.is_empty() {
            let _ = write!(text, ": {}", closed.join(", "));
        }
    }
    text
}

fn said(report: &Report) -> Option<String> {
    match report {
        // The journal's own line says the same.
        Report::Done { id: Some(_), .. } => None,
        Report::Done { id: None, text } => Some(text.clone()),
        Report::Refused { refusal, .. } => Some(format!("refused: {}", refusal.why)),
        Report::Alert { subject, why, .. } => Some(format!("alert: {subject}: {why}")),
        Report::Trouble(fault) => Some(format!(
            "trouble: {}: {}: {}",
            fault.forge, fault.doing, fault.why
        )),
        Report::JournalTrouble { why, .. } => Some(format!("trouble: the journal: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::interface::harness::{hold, now, state, with_cell};

    #[test]
    fn what_changed_is_told_once_with_its_time_and_nothing_twice() {
        let mut state = state();
        let mut plain = Plain::default();
        let first = plain.news(&state.engine, &[], now());
        assert!(!first.is_empty(), "what may go or may not is told at first");
        assert!(
            !first.iter().any(|line| line.contains("web > production")),
            "what is level is not: {first:?}"
        );
        assert_eq!(plain.news(&state.engine, &[], now()), Vec::<String>::new());
        hold(&mut state, "h-1", "search", "production");
        let held = plain.news(&state.engine, &[], now());
        assert!(
            held.iter()
                .any(|line| line.contains("search > production") && line.contains("held")),
            "{held:?}"
        );
        with_cell(&mut state.engine.board, "web", "production", |cell| {
            cell.live = None;
        });
        let gone = plain.news(&state.engine, &[], now());
        assert!(
            gone.iter()
                .any(|line| line.contains("web > production: nothing"))
        );
        for line in first.iter().chain(&held).chain(&gone) {
            assert!(!line.chars().any(char::is_control), "{line:?}");
            assert_eq!(line.as_bytes().get(8), Some(&b'Z'), "{line}");
        }
    }

    #[test]
    fn trouble_is_told_in_words() {
        let state = state();
        let mut plain = Plain::default();
        let report = Report::Alert {
            subject: "notify chat".to_owned(),
            why: "the webhook answered 503\u{1b}[2J".to_owned(),
            hint: None,
        };
        let told = plain.news(&state.engine, &[report], now());
        let last = told.last().expect("a line");
        assert!(last.contains("alert: notify chat: the webhook answered 503"));
        assert!(!last.contains('\u{1b}'));
    }
}
