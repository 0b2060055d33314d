//! Gates in words: what each says and why, since when and where that is from; and the earliest
//! possible go. What opens one and who can, for the gate that is selected, lives in `gates/full.rs`.

use std::borrow::Cow;

use super::line::{Line, Tone, cut, width};
use super::look::Look;
use super::time;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::gate::{self, Earliest, Evidence, Go, State, Verdict, fresh};

mod full;

pub(super) use full::{full, may_override};

/// From here on there is room for where each gate's facts are from.
const ROOMY: usize = 100;

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
    let line = Line::of(Tone::Plain, format!("gates {passing}/{all} ")).with(tone, word);
    match overridden(look, cell).count() {
        0 => line,
        some => line.with(Tone::Warning, format!(", {some} overridden")),
    }
}

/// The gates that let through because somebody overrode them, which is not the same as being open.
pub(super) fn overridden<'a>(look: &Look<'_>, cell: &'a Cell) -> impl Iterator<Item = &'a Verdict> {
    let now = look.now;
    let verdicts = cell.judgement.verdicts.iter();
    verdicts.filter(move |verdict| verdict.state_at(now) == State::Overridden)
}

/// One line a gate, the blocking ones with what opens them, as many as fit in `rows`. Where not
/// all fit, those that are open share a line: what blocks, or was overridden, is never cut off for that.
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
    let (open, mut others): (Vec<&Verdict>, Vec<&Verdict>) = verdicts
        .into_iter()
        .partition(|verdict| look.gate(row, verdict) == State::Open);
    others.sort_by_key(|verdict| look.gate(row, verdict).passes());
    lines.extend(
        others
            .iter()
            .map(|verdict| one(look, row, verdict, columns)),
    );
    let room = rows.saturating_sub(lines.len());
    if room == 0 || open.is_empty() {
        lines.truncate(rows);
        return lines;
    }
    let (alone, together) = open.split_at(room.saturating_sub(1).min(open.len()));
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
    let since = from(look, row, verdict, columns);
    let room = columns.saturating_sub(line.width() + since.len() + 2);
    let mut why = why(look, row, verdict).into_owned();
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
    line.push(Tone::Plain, super::line::blanks(room - used + 2));
    line.push(Tone::Muted, since);
    line
}

/// Why a gate says what it says now.
fn why<'a>(look: &Look<'_>, row: &Row, verdict: &'a Verdict) -> Cow<'a, str> {
    let is_lapsed = verdict.state != State::Unknown && look.gate(row, verdict) == State::Unknown;
    let max_age = look.engine.policy.max_age;
    let age = row.facts.age(look.now).filter(|age| !age.is_zero());
    match age {
        Some(age) if verdict.gate == "fresh" && row.facts.is_stale(look.now, max_age) => {
            Cow::Owned(fresh::too_old(age, max_age))
        }
        _ if is_lapsed => Cow::Owned(format!("was {}: {}", verdict.state, verdict.why)),
        _ => Cow::Borrowed(&verdict.why),
    }
}

/// For how long it has been so, and with room where that is from: ` 44m  gitlab`.
fn from(look: &Look<'_>, row: &Row, verdict: &Verdict, columns: usize) -> String {
    let since = since(look, row, verdict);
    if columns < ROOMY {
        return since;
    }
    let widest = look.engine.forges.keys().map(|name| width(name.as_str()));
    let widest = widest.max().unwrap_or_default().max(7);
    let source = source(row, verdict);
    format!("{since:<5} {:<widest$}", cut(source, widest))
}

/// Where a gate's facts are from: a forge, or what gonogo itself knows or asks.
fn source<'a>(row: &'a Row, verdict: &Verdict) -> &'a str {
    match verdict.gate.split(' ').next().unwrap_or_default() {
        "window" => "config",
        "hold" | "sign-off" | "manual" | "checklist" => "journal",
        "health" => "probe",
        "command" => "command",
        _ => row.service.forge.as_str(),
    }
}

/// For how long it has been so; `-` where nobody knows, or where it is no longer known to be so.
fn since(look: &Look<'_>, row: &Row, verdict: &Verdict) -> String {
    let known = look.gate(row, verdict) == verdict.state;
    let since = verdict.since_at(look.now).filter(|_| known);
    since.map_or_else(|| "-".to_owned(), |at| time::age(look.clock.ago(at)))
}

/// How old what it rests on is: `6s`.
fn seen(look: &Look<'_>, evidence: &Evidence) -> Option<String> {
    let at = evidence.observed_at?;
    Some(time::age(look.clock.ago(at)))
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
