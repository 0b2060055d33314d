//! The header: what the board is of, how long the window lasts, the counts, the forges' age and
//! budget, who acts, and everything that must not be overlooked.

use jiff::Timestamp;

use super::line::{Line, Tone, cut};
use super::look::Look;
use super::panel::Bar;
use super::time;
use super::{coming, release};
use crate::app::engine::{ForgeState, JournalState};
use crate::app::interface::Screen;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::forge_kind::ForgeKind;
use crate::domain::gate::{State, Verdict};
use crate::domain::ids::{ForgeName, RoleName};

/// Below so many columns no more than the countdown fits into a line.
pub(super) const NARROW: u16 = 30;

pub(super) fn bars(look: &Look<'_>) -> Vec<Bar> {
    if look.shape.header < 2 {
        return vec![merged(look)];
    }
    let mut first = Bar::default()
        .left(0, Line::of(Tone::Strong, name(look)))
        .left(0, window(look, true));
    let wide = look.shape.columns >= 120;
    first = alarms(look, first);
    if look.shape.side == 0 && look.interface.screen != Screen::Release {
        first = first.left(3, release::short(look));
    }
    first = first.right(2, operator(look));
    if wide {
        first = first.right(3, roles(look));
    }
    first = first.right(1, mode(look));
    if wide {
        first = first.right(4, clock(look));
        let free = usize::from(look.shape.columns).saturating_sub(taken(&first));
        first = first.left(4, freeze(look, free));
    }
    let mut second = Bar::default().left(0, counts(look));
    for (rank, line) in forges(look) {
        second = second.right(rank, line);
    }
    if look.interface.let_go {
        second = second.right(2, Line::of(Tone::Muted, "mouse let go"));
    }
    vec![first, second.right(1, errors(look))]
}

/// How many columns a bar takes, with a gap of two after each part and at both ends.
fn taken(bar: &Bar) -> usize {
    let parts = bar.left.iter().chain(&bar.right);
    parts.map(|part| part.line.width() + 2).sum::<usize>() + 2
}

/// The forges with the rank that each keeps where not everything fits. On a narrow screen those that
/// are well are told in one, so that none is missing without a word.
fn forges(look: &Look<'_>) -> Vec<(u8, Line)> {
    let narrow = is_narrow(look);
    let calm = |forge: &ForgeState| {
        forge.fault.is_none() && !look.is_old(forge) && !is_low(forge) && narrow
    };
    let (well, named): (Vec<_>, Vec<_>) = look
        .engine
        .forges
        .iter()
        .partition(|(_, forge)| calm(forge));
    let mut lines: Vec<(u8, Line)> = named
        .into_iter()
        .map(|(name, forge)| {
            // A forge in trouble goes after the count of errors, which the footer has too.
            let trouble = forge.fault.is_some() || look.is_old(forge);
            (if trouble { 0 } else { 2 }, forge_line(look, name, forge))
        })
        .collect();
    match well.as_slice() {
        [] => {}
        [(name, forge)] => lines.push((2, forge_line(look, name, forge))),
        several => {
            let oldest = several.iter().filter_map(|(_, forge)| forge.answered_at);
            let age = oldest.min().map(|at| time::age(look.clock.ago(at)));
            let line = Line::of(Tone::Muted, format!("{} forges ", several.len()));
            let line = line.with(Tone::Plain, age.unwrap_or_else(|| "-".to_owned()));
            lines.push((2, line));
        }
    }
    lines
}

fn is_narrow(look: &Look<'_>) -> bool {
    look.shape.columns < 120 && look.engine.forges.len() > 1
}

/// Whether a forge's budget runs out.
fn is_low(forge: &ForgeState) -> bool {
    let budget = &forge.budget;
    let (left, limit) = (budget.remaining, budget.limit);
    left.zip(limit)
        .is_some_and(|(left, limit)| left * 10 < limit)
}

/// One line where there is no room for two: the countdown and what is wrong.
fn merged(look: &Look<'_>) -> Bar {
    let wide = look.shape.columns >= 60;
    let mut bar = Bar::default();
    if !wide {
        // What is loud comes first where not everything fits.
        bar = alarms(look, bar).left(0, window(look, false));
        if look.engine.read_only {
            bar = bar.left(0, mode(look));
        }
        return bar
            // The board has them below.
            .left(
                1,
                match look.interface.screen {
                    Screen::Board => Line::new(),
                    _ => wrong(look),
                },
            )
            .left(3, Line::of(Tone::Strong, name(look)));
    }
    // Between 60 and 80 columns the counts and the age of the facts are worth more than the name.
    let roomy = look.shape.columns >= 80;
    bar = bar
        .left(
            if roomy { 0 } else { 4 },
            Line::of(Tone::Strong, name(look)),
        )
        .left(0, window(look, roomy));
    bar = alarms(look, bar).left(0, wrong(look));
    for (rank, line) in forges(look) {
        bar = bar.right(rank, line);
    }
    bar.right(3, mode(look))
}

fn name(look: &Look<'_>) -> String {
    look.tally
        .names
        .owner
        .clone()
        .unwrap_or_else(|| "gonogo".to_owned())
}

/// The window's verdict for the cell under the cursor, else for the end of the first row's path that has
/// one: a filter that lets no row through does not take the window away.
pub(super) fn window_verdict<'a>(look: &Look<'a>) -> Option<&'a Verdict> {
    let of = |cell: &'a Cell| {
        cell.judgement
            .verdicts
            .iter()
            .find(|verdict| verdict.gate == "window")
    };
    let last = |row: &'a Row| row.cells.last().and_then(of);
    match look.selected() {
        Some((row, cell)) => of(cell).or_else(|| last(row)),
        None => {
            let first = look.interface.order.first();
            let shown = first.and_then(|first| look.engine.board.row(first).and_then(last));
            shown.or_else(|| look.engine.board.rows.iter().find_map(last))
        }
    }
}

/// `WINDOW OPEN closes in 01:42:10 (16:00Z)`.
pub(super) fn window(look: &Look<'_>, full: bool) -> Line {
    let Some(verdict) = window_verdict(look) else {
        return Line::new();
    };
    let told = |line: Line, word: &'static str, at: Option<Timestamp>| match at {
        Some(at) => {
            let left = time::countdown(look.clock.until(at));
            let word = if look.shape.columns < 60 {
                " ".to_owned()
            } else {
                format!(" {word} ")
            };
            let line = line.with(Tone::Plain, word);
            let line = line.with(Tone::Strong, left);
            if full {
                line.with(Tone::Muted, format!(" ({})", look.clock.short(at)))
            } else {
                line
            }
        }
        None => line,
    };
    // Where it is narrow the word says less, so that the time is there whole.
    let word = |whole, short| {
        if look.shape.columns < NARROW {
            short
        } else {
            whole
        }
    };
    match verdict.state_at(look.now) {
        State::Open | State::Overridden => {
            let line = Line::of(Tone::Good, word("WINDOW OPEN", "OPEN"));
            told(line, "closes in", verdict.valid_until)
        }
        State::Closed | State::Waiting => {
            let line = Line::of(Tone::Warning, word("WINDOW CLOSED", "CLOSED"));
            match verdict.opens_at {
                Some(at) => told(line, "opens in", Some(at)),
                None => line.with(Tone::Plain, " no known opening"),
            }
        }
        State::Unknown => Line::of(Tone::Unknown, "? WINDOW UNKNOWN"),
    }
}

/// What must not be overlooked.
fn alarms(look: &Look<'_>, mut bar: Bar) -> Bar {
    if let JournalState::Unreachable { broken, .. } = &look.engine.journal {
        let text = match (broken, look.shape.columns < 60) {
            (None, true) => " NO JOURNAL ".to_owned(),
            (None, false) => " JOURNAL UNREACHABLE ".to_owned(),
            (Some(_), true) => " JOURNAL BROKEN ".to_owned(),
            (Some(seq), false) => format!(" JOURNAL BROKEN AT {seq} "),
        };
        bar = bar.left(0, Line::of(Tone::Alarm, text));
    }
    if look.engine.offline {
        bar = bar.left(0, Line::of(Tone::Alarm, " OFFLINE "));
    }
    if let Some(at) = look.interface.frozen {
        let age = time::age(look.clock.ago(at));
        // Of some screens no picture is kept: they go on, and only the board stands still.
        let what = if look.interface.screen.is_kept() {
            "FROZEN"
        } else {
            "BOARD FROZEN"
        };
        let since = format!(" {what} since {}, {age} ", look.clock.long(at));
        bar = bar.left(0, Line::of(Tone::Alarm, since));
    }
    bar
}

/// `FREEZE until 06:00Z "quarter end"`, or the next one.
/// Its reason is cut where `free` columns do not have it whole.
fn freeze(look: &Look<'_>, free: usize) -> Line {
    let Some(freeze) = coming::freeze(look) else {
        return Line::new();
    };
    // Without that much of its reason it is not worth the place of others.
    let least = if look.shape.columns >= 160 { 44 } else { 24 };
    let words = "FREEZE until Wed 16:00Z \"\"".len();
    let room = free.saturating_sub(words).max(least);
    let reason = match &freeze.reason {
        Some(reason) => format!(" \"{}\"", cut(reason, room)),
        None => format!(" {}", cut(&freeze.name, 24)),
    };
    if freeze.start <= look.now {
        let until = format!("FREEZE until {}", look.clock.short(freeze.end));
        return Line::of(Tone::Warning, until).with(Tone::Plain, reason);
    }
    let from = format!("next freeze {}", look.clock.short(freeze.start));
    Line::of(Tone::Muted, format!("{from}{reason}"))
}

/// What the operator may vote as.
fn roles(look: &Look<'_>) -> Line {
    let Some(person) = &look.engine.operator else {
        return Line::new();
    };
    let roles = look.engine.policy.roles.keys();
    let held: Vec<&str> = roles
        .filter(|role| look.engine.policy.has_role(person, role))
        .map(RoleName::as_str)
        .collect();
    Line::of(Tone::Muted, cut(&held.join(" "), 24).into_owned())
}

fn clock(look: &Look<'_>) -> Line {
    let zone = if look.interface.utc { "Z" } else { "" };
    Line::of(Tone::Muted, format!("{}{zone}", look.clock.long(look.now)))
}

fn operator(look: &Look<'_>) -> Line {
    match &look.engine.operator {
        Some(person) => Line::of(Tone::Strong, person.to_string()),
        None => Line::of(Tone::Unknown, "who?"),
    }
}

fn mode(look: &Look<'_>) -> Line {
    if look.engine.read_only {
        Line::of(Tone::Alarm, " READ-ONLY ")
    } else {
        Line::of(Tone::Muted, "rw")
    }
}

/// `9 svc  3 ready 2 run 1 gated …`; what is zero is left out.
fn counts(look: &Look<'_>) -> Line {
    let tally = &look.tally;
    let mut line = Line::of(Tone::Plain, format!("{} svc ", tally.services));
    for (count, word, tone) in [
        (tally.ready, "ready", Tone::Accent),
        (tally.running, "run", Tone::Running),
        (tally.waiting, "wait", Tone::Running),
        (tally.gated, "gated", Tone::Warning),
        (tally.held, "held", Tone::Warning),
        (tally.failed, "fail", Tone::Bad),
        (tally.unfit, "unfit", Tone::Bad),
        (tally.red, "red", Tone::Bad),
        (tally.unknown, "unknown", Tone::Unknown),
        (tally.stale, "stale", Tone::Unknown),
        (tally.verifying, "verify", Tone::Running),
        (tally.out_of_band, "oob", Tone::Warning),
        (tally.loading, "reading", Tone::Muted),
        (tally.level, "level", Tone::Muted),
    ] {
        if count > 0 {
            line.push(tone, format!(" {count} {word}"));
        }
    }
    line
}

/// `HOLD 1 FAIL 1 STALE 1`, and nothing when nothing is wrong.
pub(super) fn wrong(look: &Look<'_>) -> Line {
    let tally = &look.tally;
    let mut line = Line::new();
    for (count, word, tone) in [
        (tally.held, "HOLD", Tone::Warning),
        (tally.failed, "FAIL", Tone::Bad),
        (tally.unfit, "UNFIT", Tone::Bad),
        (tally.red, "RED", Tone::Bad),
        (tally.unknown, "UNKNOWN", Tone::Unknown),
        (tally.stale, "STALE", Tone::Unknown),
    ] {
        if count > 0 {
            if !line.is_empty() {
                line.push(Tone::Plain, "  ");
            }
            line.push(tone, format!("{word} {count}"));
        }
    }
    line
}

/// What a forge is called where several share a narrow line.
fn short(name: &str) -> &str {
    let mut kinds = ForgeKind::ALL.into_iter();
    let kind = kinds.find(|kind| kind.word() == name);
    kind.map_or(name, |kind| kind.short())
}

/// `github 6s 4112`: age of the last answer and what is left of the budget. One of several on a
/// narrow screen is `gh 6s`, with the budget only where it runs out.
fn forge_line(look: &Look<'_>, name: &ForgeName, forge: &ForgeState) -> Line {
    let narrow = is_narrow(look);
    let name = if narrow {
        short(name.as_str())
    } else {
        name.as_str()
    };
    let age = match forge.answered_at {
        Some(at) => time::age(look.clock.ago(at)),
        None => "-".to_owned(),
    };
    let stale = look.is_old(forge);
    let mut line = Line::of(Tone::Muted, format!("{name} "));
    if forge.fault.is_some() {
        line.push(Tone::Bad, format!("{} {age}", look.glyphs.bad()));
    } else if stale && forge.answered_at.is_some() {
        line.push(Tone::Unknown, format!("? {age}"));
    } else {
        line.push(Tone::Plain, age);
    }
    if let Some(left) = forge.budget.remaining {
        let low = is_low(forge);
        let tone = if low { Tone::Warning } else { Tone::Muted };
        if low || !narrow {
            line.push(tone, format!(" {left}"));
        }
    }
    line
}

pub(super) fn errors(look: &Look<'_>) -> Line {
    let unread = look
        .interface
        .problems
        .iter()
        .filter(|problem| !problem.read)
        .count();
    match unread {
        0 => Line::new(),
        1 => Line::of(Tone::Bad, "! 1 error"),
        more => Line::of(Tone::Bad, format!("! {more} errors")),
    }
}
