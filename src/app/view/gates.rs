//! Gates in words: what each says and why, since when, what opens it and who can; and the earliest
//! possible go.

use jiff::Timestamp;

use super::line::{Line, Tone, cut, width, wrap};
use super::look::Look;
use super::time;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::gate::{self, Earliest, Go, State, Verdict};

/// `gates 5/5 OPEN`.
pub(super) fn sum(look: &Look<'_>, row: &Row, cell: &Cell) -> Line {
    let states: Vec<State> = cell
        .judgement
        .verdicts
        .iter()
        .map(|verdict| look.gate(row, verdict))
        .collect();
    let passing = states.iter().filter(|state| state.passes()).count();
    let all = states.len();
    if row.facts.value().is_none() {
        return Line::of(Tone::Unknown, "? not known");
    }
    if cell.candidate.is_none() {
        return match look.stale(row) {
            Some(age) => Line::of(Tone::Unknown, format!("? not known for {age}")),
            None => Line::of(Tone::Muted, "nothing to promote"),
        };
    }
    let (word, tone) = match gate::sum(states) {
        Go::Go => ("OPEN", Tone::Good),
        Go::NoGo => ("NO-GO", Tone::Bad),
        Go::Unknown => ("UNKNOWN", Tone::Unknown),
    };
    Line::of(Tone::Plain, format!("gates {passing}/{all} ")).with(tone, word)
}

/// One line a gate, the blocking ones with what opens them, as many as fit in `rows`. Where not
/// all fit, those that pass share a line: what blocks is never cut off for what does not.
pub(super) fn short(
    look: &Look<'_>,
    row: &Row,
    cell: &Cell,
    columns: usize,
    rows: usize,
) -> Vec<Line> {
    let (idle, verdicts) = parted(cell);
    let mut lines: Vec<Line> = idle_lines(&idle, columns).into_iter().take(rows).collect();
    if lines.len() + verdicts.len() <= rows {
        lines.extend(
            verdicts
                .iter()
                .map(|verdict| one(look, row, verdict, columns)),
        );
        return lines;
    }
    let (passing, blocking): (Vec<&Verdict>, Vec<&Verdict>) = verdicts
        .into_iter()
        .partition(|verdict| look.gate(row, verdict).passes());
    lines.extend(
        blocking
            .iter()
            .map(|verdict| one(look, row, verdict, columns)),
    );
    let room = rows.saturating_sub(lines.len());
    if room == 0 || passing.is_empty() {
        lines.truncate(rows);
        return lines;
    }
    let (alone, together) = passing.split_at(room.saturating_sub(1).min(passing.len()));
    lines.extend(alone.iter().map(|verdict| one(look, row, verdict, columns)));
    let names: Vec<&str> = together
        .iter()
        .map(|verdict| verdict.gate.as_str())
        .collect();
    if !names.is_empty() {
        let line = look.glyphs.gate(State::Open);
        lines.push(line.with(Tone::Plain, format!(" {}", names.join(", "))));
    }
    lines
}

/// The gates that have nothing to judge, and the others.
fn parted(cell: &Cell) -> (Vec<&Verdict>, Vec<&Verdict>) {
    let level = cell.candidate.is_none();
    let verdicts = cell.judgement.verdicts.iter();
    verdicts.partition(|verdict| level && verdict.is_idle())
}

/// `. LEVEL  nothing to promote: prod is level with staging`, told once and calmly for all the gates
/// that have nothing to judge.
fn idle_lines(idle: &[&Verdict], columns: usize) -> Vec<Line> {
    let Some(first) = idle.first() else {
        return Vec::new();
    };
    let names: Vec<&str> = idle.iter().map(|verdict| verdict.gate.as_str()).collect();
    let names = format!("not asked: {}", names.join(", "));
    let line = Line::of(Tone::Muted, format!("{:<11}", ". LEVEL"));
    let room = columns.saturating_sub(line.width());
    let why = cut(&first.why, room).into_owned();
    let below = Line::plain(super::line::blanks(11));
    vec![
        line.with(Tone::Plain, why),
        below.with(Tone::Muted, cut(&names, room).into_owned()),
    ]
}

fn one(look: &Look<'_>, row: &Row, verdict: &Verdict, columns: usize) -> Line {
    let state = look.gate(row, verdict);
    let mut line = look.glyphs.gate(state);
    line.push(Tone::Plain, format!(" {:<10} ", cut(&verdict.gate, 18)));
    let since = since(look, verdict);
    let room = columns.saturating_sub(line.width() + since.len() + 2);
    let mut why = if state == State::Unknown && verdict.state != State::Unknown {
        format!("was {}: {}", verdict.state, verdict.why)
    } else {
        verdict.why.clone()
    };
    if !state.passes() {
        if let Some(at) = verdict.opens_at {
            why = format!("{why}; opens {}", look.clock.short(at));
        } else if let Some(who) = &verdict.who {
            why = format!("{why}; {who}");
        }
    }
    let why = cut(&why, room).into_owned();
    let used = width(&why);
    let tone = if state.passes() {
        Tone::Plain
    } else {
        Tone::Strong
    };
    line.push(tone, why);
    if !since.is_empty() {
        line.push(Tone::Plain, super::line::blanks(room - used + 2));
        line.push(Tone::Muted, since);
    }
    line
}

/// How old the newest evidence is.
fn since(look: &Look<'_>, verdict: &Verdict) -> String {
    let seen: Option<Timestamp> = verdict
        .evidence
        .iter()
        .filter_map(|evidence| evidence.observed_at)
        .max();
    seen.map_or_else(String::new, |at| time::age(look.clock.ago(at)))
}

/// Everything about every gate, for the detail screen.
pub(super) fn full(look: &Look<'_>, row: &Row, cell: &Cell, columns: usize) -> Vec<Line> {
    let names = cell
        .judgement
        .verdicts
        .iter()
        .map(|verdict| width(&verdict.gate));
    let name = names.max().unwrap_or_default().clamp(8, 18);
    let mut title = Line::of(
        Tone::Heading,
        format!("  {:<name$} {:<10} WHY", "GATE", "STATE"),
    );
    if !is_narrow(name, columns) {
        title = title
            .padded(columns.saturating_sub(5))
            .with(Tone::Heading, "SEEN");
    }
    let mut lines = vec![title];
    let (idle, judged) = parted(cell);
    let told = idle_lines(&idle, columns.saturating_sub(2));
    lines.extend(told.into_iter().map(|line| Line::plain("  ").then(line)));
    if let Some(when) = idle.first().and_then(|verdict| verdict.opens_when.as_ref()) {
        let indent = super::line::blanks(13);
        lines.push(Line::of(Tone::Muted, format!("{indent}until {when}")));
    }
    for verdict in judged {
        lines.extend(explained(look, row, verdict, name, columns));
    }
    if cell.judgement.verdicts.is_empty() {
        lines.push(Line::of(Tone::Unknown, "  ? no gate has been judged yet"));
    }
    lines.push(Line::new());
    let earliest = Line::of(Tone::Heading, "  earliest go  ");
    lines.push(earliest.then(earliest_line(look, cell)));
    lines
}

/// Whether the reasons need the room in which it else stands since when they are known.
fn is_narrow(name: usize, columns: usize) -> bool {
    columns < name + 40
}

fn explained(
    look: &Look<'_>,
    row: &Row,
    verdict: &Verdict,
    name: usize,
    columns: usize,
) -> Vec<Line> {
    let state = look.gate(row, verdict);
    let since = since(look, verdict);
    let narrow = is_narrow(name, columns);
    let beside = if narrow { 14 } else { 20 };
    let room = columns.saturating_sub(name + beside).max(10);
    let ran_out = state == State::Unknown && verdict.state != State::Unknown;
    let why = if ran_out {
        format!(
            "was {}: {}; judged too long ago",
            verdict.state, verdict.why
        )
    } else {
        verdict.why.clone()
    };
    let mut lines = Vec::new();
    for (place, part) in wrap(&why, room).into_iter().enumerate() {
        let tone = if state.passes() {
            Tone::Plain
        } else {
            Tone::Strong
        };
        if place == 0 {
            let gate = cut(&verdict.gate, name).into_owned();
            let missing = name.saturating_sub(width(&gate));
            let line = Line::of(tone, format!("  {gate}"))
                .with(Tone::Plain, super::line::blanks(missing + 1))
                .then(look.glyphs.gate(state))
                .with(Tone::Plain, " ")
                .with(tone, part);
            lines.push(if narrow {
                line
            } else {
                line.padded(columns.saturating_sub(5))
                    .with(Tone::Muted, since.clone())
            });
        } else {
            lines.push(Line::plain(super::line::blanks(name + 14)).with(tone, part));
        }
    }
    let mut add = |word: &'static str, text: String, tone: Tone| {
        for (place, part) in wrap(&text, room.saturating_sub(12).max(10))
            .into_iter()
            .enumerate()
        {
            let word = if place == 0 { word } else { "" };
            let line = Line::of(
                Tone::Muted,
                format!("{:indent$}{word:<12}", "", indent = name + 14),
            );
            lines.push(line.with(tone, part));
        }
    };
    if !state.passes() {
        if let Some(when) = &verdict.opens_when {
            add("opens when", when.clone(), Tone::Plain);
        }
        if let Some(at) = verdict.opens_at {
            let left = time::span(look.clock.until(at));
            let text = format!("{}, in {left}", look.clock.short(at));
            add("opens at", text, Tone::Running);
        }
        if let Some(who) = &verdict.who {
            add("who can", who.clone(), Tone::Accent);
        }
        for evidence in &verdict.evidence {
            let text = format!("{}: {}", evidence.what, evidence.value);
            add("seen", text, Tone::Muted);
        }
    } else if let Some(until) = verdict.valid_until {
        // What was judged to hold for less than an hour is worth knowing beforehand.
        let left = look.clock.until(until);
        if left.as_secs() < 7_200 && verdict.gate == "window" {
            let text = format!("{}, in {}", look.clock.short(until), time::span(left));
            add("until", text, Tone::Muted);
        }
    }
    lines
}

/// The earliest possible go, in words.
pub(super) fn earliest_line(look: &Look<'_>, cell: &Cell) -> Line {
    match &cell.judgement.earliest {
        Earliest::Now => Line::of(Tone::Good, "now"),
        Earliest::At { at, gate } => {
            let text = format!("{} ({gate})", look.clock.short(*at));
            Line::of(Tone::Running, text)
        }
        Earliest::NeedsPerson { gate, who } => Line::of(Tone::Warning, format!("{gate}: {who}")),
        Earliest::NoKnownTime { gate } => {
            Line::of(Tone::Unknown, format!("no known time ({gate})"))
        }
        Earliest::Nothing => Line::of(Tone::Muted, "-"),
    }
}
