//! Every gate of a cell, one of them selected: of that one everything is told, what opens it, who can and
//! which key helps. Of the others too, where there is room for all of it.

use std::ops::Range;

use super::{from, idle_lines, parted, seen, why};
use crate::app::command::{Command, blocked};
use crate::app::view::line::{Line, Tone, blanks, cut, width, wrap};
use crate::app::view::look::Look;
use crate::app::view::time;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::gate::{State, Verdict};
use crate::domain::ids::EnvironmentName;
use crate::domain::override_::OverrideRule;

/// Of what a gate that lets through has seen, no more is told.
const SEEN: usize = 8;
/// Columns of since when it is so.
const SINCE: usize = 5;

/// The gates in lines, and which of the lines are the selected gate's.
#[derive(Debug, Default)]
pub(in crate::app::view) struct Told {
    pub lines: Vec<Line>,
    selected: Range<usize>,
}

impl Told {
    /// How many lines are above those in sight, so that the selected gate is among them.
    pub fn offset(&self, rows: usize) -> usize {
        let below = self.selected.end.saturating_sub(rows);
        below.min(self.selected.start)
    }
}

/// All of them, for the detail screen and the peek that has the keys.
pub(in crate::app::view) fn full(
    look: &Look<'_>,
    row: &Row,
    cell: &Cell,
    columns: usize,
    rows: usize,
) -> Told {
    let whole = told(look, row, cell, columns, true);
    if whole.lines.len() <= rows {
        whole
    } else {
        told(look, row, cell, columns, false)
    }
}

fn told(look: &Look<'_>, row: &Row, cell: &Cell, columns: usize, whole: bool) -> Told {
    let verdicts = &cell.judgement.verdicts;
    let names = verdicts.iter().map(|verdict| width(&verdict.gate));
    let name = names.max().unwrap_or_default().clamp(8, 18);
    let mut title = Line::of(
        Tone::Heading,
        format!("  {:<name$} {:<10} WHY", "GATE", "STATE"),
    );
    let last = verdicts.len().saturating_sub(1);
    let at = look.interface.detail_offset.min(last);
    let chosen = verdicts.iter().nth(at);
    if !is_narrow(name, columns) {
        let heads = chosen.map_or(SINCE, |first| {
            from(look, row, first, columns).len().max(SINCE)
        });
        let source = if heads > SINCE { "SINCE FROM" } else { "SINCE" };
        title = title
            .padded(columns.saturating_sub(heads + 1))
            .with(Tone::Heading, source);
    }
    let mut lines = vec![title];
    let mut selected = 0..1;
    let (idle, judged) = parted(cell);
    let told = idle_lines(&idle, columns.saturating_sub(2));
    lines.extend(told.into_iter().map(|line| Line::plain("  ").then(line)));
    if let Some(when) = idle.first().and_then(|verdict| verdict.opens_when.as_ref()) {
        let indent = blanks(13);
        lines.push(Line::of(Tone::Muted, format!("{indent}until {when}")));
    }
    for verdict in judged {
        let begins = lines.len();
        let is_chosen = chosen.is_some_and(|chosen| std::ptr::eq(chosen, verdict));
        let gate = Gate {
            look,
            row,
            cell,
            verdict,
            name,
            columns,
        };
        lines.extend(gate.lines(is_chosen, whole));
        if is_chosen {
            selected = begins..lines.len();
        }
    }
    if verdicts.is_empty() {
        lines.push(Line::of(Tone::Unknown, "  ? no gate has been judged yet"));
    }
    lines.push(Line::new());
    let earliest = Line::of(Tone::Heading, "  earliest go  ");
    lines.push(earliest.then(super::earliest_line(look, cell)));
    if at == last {
        // Whoever came to the last gate sees the end.
        selected.end = lines.len();
    }
    Told { lines, selected }
}

/// Whether the reasons need the room in which it else stands how old they are.
fn is_narrow(name: usize, columns: usize) -> bool {
    columns < name + 40
}

/// A gate and the room that it is told in.
struct Gate<'a, 'b> {
    look: &'a Look<'b>,
    row: &'a Row,
    cell: &'a Cell,
    verdict: &'a Verdict,
    /// Columns of the names of gates.
    name: usize,
    columns: usize,
}

impl Gate<'_, '_> {
    fn lines(&self, is_chosen: bool, whole: bool) -> Vec<Line> {
        let (look, verdict, name) = (self.look, self.verdict, self.name);
        let state = look.gate(self.row, verdict);
        let mut lines = self.reason(state, is_chosen);
        if state.passes() {
            self.until(&mut lines);
            if is_chosen {
                self.seen(&mut lines, SEEN);
            }
            return lines;
        }
        if !is_chosen && !whole {
            return lines;
        }
        if let Some(when) = &verdict.opens_when {
            self.add(&mut lines, "opens when", when, Tone::Plain);
        }
        if let Some(at) = verdict.opens_at {
            let left = time::span(look.clock.until(at));
            let text = format!("{}, in {left}{}", look.clock.short(at), self.too_late(at));
            self.add(&mut lines, "opens at", &text, Tone::Running);
        }
        if let Some(who) = &verdict.who {
            self.add(&mut lines, "who can", who, Tone::Accent);
        }
        if is_chosen {
            let can = self.can();
            if !can.is_empty() {
                let indent = blanks(name + 14);
                let line = Line::of(Tone::Muted, format!("{indent}{:<12}", "you can"));
                lines.push(line.then(can));
            }
        }
        self.seen(&mut lines, usize::MAX);
        lines
    }

    /// `seen  #27: 0 of 1 (6s ago)`: what it rests on, and how old that is.
    fn seen(&self, lines: &mut Vec<Line>, most: usize) {
        for evidence in self.verdict.evidence.iter().take(most) {
            let age = seen(self.look, evidence);
            let age = age.map_or_else(String::new, |age| format!(" ({age} ago)"));
            let text = format!("{}: {}{age}", evidence.what, evidence.value);
            self.add(lines, "seen", &text, Tone::Muted);
        }
    }

    /// `> ticket   ✗ CLOSED   CHG-4411 is "review"      20m`.
    fn reason(&self, state: State, is_chosen: bool) -> Vec<Line> {
        let (look, verdict, name) = (self.look, self.verdict, self.name);
        let from = from(look, self.row, verdict, self.columns);
        let narrow = is_narrow(name, self.columns);
        let beside = if narrow {
            14
        } else {
            16 + from.len().max(SINCE)
        };
        let room = self.columns.saturating_sub(name + beside).max(10);
        let ran_out = state == State::Unknown && verdict.state != State::Unknown;
        let mut why = why(look, self.row, verdict).into_owned();
        if ran_out && verdict.gate != "fresh" {
            why.push_str("; judged too long ago");
        }
        let tone = if state.passes() {
            Tone::Plain
        } else {
            Tone::Strong
        };
        let mut lines = Vec::new();
        for (place, part) in wrap(&why, room).into_iter().enumerate() {
            if place > 0 {
                lines.push(Line::plain(blanks(name + 14)).with(tone, part));
                continue;
            }
            let gate = cut(&verdict.gate, name).into_owned();
            let missing = name.saturating_sub(width(&gate));
            let (mark, named) = if is_chosen {
                (Line::of(Tone::Focus, "> "), Tone::Strong)
            } else {
                (Line::plain("  "), tone)
            };
            let line = mark
                .with(named, gate)
                .with(Tone::Plain, blanks(missing + 1))
                .then(look.glyphs.gate(state))
                .with(Tone::Plain, " ")
                .with(tone, part);
            lines.push(if narrow {
                line
            } else {
                let column = self.columns.saturating_sub(from.len().max(SINCE) + 1);
                line.padded(column).with(Tone::Muted, from.clone())
            });
        }
        lines
    }

    /// What was judged to hold for less than two hours is worth knowing beforehand.
    fn until(&self, lines: &mut Vec<Line>) {
        let clock = &self.look.clock;
        if let Some(until) = self.verdict.valid_until
            && self.verdict.gate == "window"
            && clock.until(until).as_secs() < 7_200
        {
            let left = time::span(clock.until(until));
            let text = format!("{}, in {left}", clock.short(until));
            self.add(lines, "until", &text, Tone::Muted);
        }
    }

    fn add(&self, lines: &mut Vec<Line>, word: &'static str, text: &str, tone: Tone) {
        let indent = self.name + 14;
        let room = self.columns.saturating_sub(indent + 17).max(10);
        for (place, part) in wrap(text, room).into_iter().enumerate() {
            let word = if place == 0 { word } else { "" };
            let line = Line::of(Tone::Muted, format!("{:indent$}{word:<12}", ""));
            lines.push(line.with(tone, part));
        }
    }

    /// `, after this window: misses 2026.47`: what opens by itself may open too late.
    fn too_late(&self, at: jiff::Timestamp) -> String {
        let (look, row, cell) = (self.look, self.row, self.cell);
        let verdicts = cell.judgement.verdicts.iter();
        let window = verdicts.filter(|verdict| verdict.gate == "window");
        let mut open = window.filter(|verdict| verdict.state_at(look.now).passes());
        let closes = open.find_map(|verdict| verdict.valid_until);
        let service = &row.service.name;
        let policy = &look.engine.policy;
        let mut releases = policy.releases.iter().filter(|release| {
            release.environment == cell.environment
                && release.items.iter().any(|item| item.service == *service)
        });
        let missed = releases.find(|release| release.due.is_some_and(|due| due < at));
        let mut text = String::new();
        if closes.is_some_and(|closes| closes < at) {
            text.push_str(", after this window");
        }
        if let Some(release) = missed {
            text.push_str(": misses ");
            text.push_str(release.name.as_str());
        }
        text
    }

    /// `o open it  @ nudge  V vote  O override (2nd person)`: the keys that help with it.
    fn can(&self) -> Line {
        let (look, verdict) = (self.look, self.verdict);
        let possible = |command| blocked::reason(look.state, command).is_none();
        let mut line = Line::new();
        let mut say = |command: Command, word: &str| {
            if !line.is_empty() {
                line.push(Tone::Plain, "  ");
            }
            line.push(Tone::Key, look.key(command));
            line.push(Tone::Plain, format!(" {word}"));
        };
        if verdict.evidence.iter().any(|seen| seen.url.is_some()) {
            say(Command::Browse, "open it");
        }
        if verdict.who.is_some() && possible(Command::Nudge) {
            say(Command::Nudge, "nudge");
        }
        let kind = verdict.gate.split(' ').next().unwrap_or_default();
        match kind {
            "sign-off" if possible(Command::Gates) => say(Command::Gates, "vote"),
            "manual" if possible(Command::Gates) => say(Command::Gates, "open it"),
            "hold" if possible(Command::Hold) => say(Command::Hold, "lift it"),
            "forge" if possible(Command::Approve) => say(Command::Approve, "approve"),
            _ => {}
        }
        let rule = may_override(look, &self.cell.environment, &verdict.gate);
        if let Some(rule) = rule.filter(|_| possible(Command::Override)) {
            let word = if rule.second_person {
                "override (2nd person)"
            } else {
                "override"
            };
            say(Command::Override, word);
        }
        line
    }
}

/// The rule by which the operator may override a gate there, if they may.
pub(in crate::app::view) fn may_override<'a>(
    look: &Look<'a>,
    environment: &EnvironmentName,
    gate: &str,
) -> Option<&'a OverrideRule> {
    let policy = &look.engine.policy;
    let rule = &policy.environments.get(environment)?.overrides;
    let operator = look.engine.operator.as_ref()?;
    let may = rule.refuses(gate).is_none() && rule.entitles(operator, policy);
    may.then_some(rule)
}
