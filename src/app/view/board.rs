//! The board: services down, environments across, and what would go next. Only the rows that are
//! seen are looked at, so that a board of 100,000 services costs what one of 1,000 does.

use std::borrow::Cow;

use compact_str::{CompactString, format_compact};

use super::line::{Line, Tone};
use super::look::Look;
use super::memory::{Matrix, Memory};
use super::panel::{Bar, Column, Content, Entry, Panel, Row, Table};
use super::tally::standing;
use super::{brake, empty, gates, peek, scope, time, title};
use crate::app::interface::Cursor;
use crate::app::interface::arrangement::{EARLIEST, Grouping, NEXT};
use crate::app::interface::order::grouping;
use crate::domain::board;
use crate::domain::cell::{Cell, CellState};
use crate::domain::gate::Earliest;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::phase::Phase;
use crate::domain::revision::Revision;

pub(super) fn main(look: &Look<'_>, memory: &mut Memory) -> Vec<Panel> {
    if let Some(panel) = empty::board(look) {
        return vec![panel];
    }
    if look.shape.peek == 0
        && let Some(lines) = empty::first_load(look)
    {
        return vec![empty::panel(look, lines)];
    }
    let mut panels = vec![matrix(look, memory)];
    if look.shape.peek > 0 {
        panels.push(peek::panel(look));
    }
    panels
}

fn matrix(look: &Look<'_>, memory: &mut Memory) -> Panel {
    let height = look.shape.body - look.shape.peek;
    let seen = visible(look, look.shape.matrix(), memory);
    let environments = columns_shown(look);
    let target = look.environment();
    let hidden = &look.interface.hidden;
    let next_to = target.filter(|_| !hidden.contains(NEXT));
    let mut columns = vec![Column {
        title: "SERVICE".into(),
        least: 8,
        ..Column::default()
    }];
    for (place, environment) in environments.iter().enumerate() {
        columns.push(Column {
            title: Cow::Owned(environment.as_str().to_uppercase()),
            tone: Some(look.environment_tone(environment)),
            least: 9,
            // Where the room is short the first environment goes first, the cursor's last.
            rank: if Some(*environment) == target {
                0
            } else {
                u8::try_from(environments.len() - place).unwrap_or(u8::MAX)
            },
            ..Column::default()
        });
    }
    if let Some(target) = next_to {
        columns.push(Column {
            title: Cow::Owned(format!("NEXT > {}", target.as_str().to_uppercase())),
            tone: Some(look.environment_tone(target)),
            least: 12,
            ..Column::default()
        });
    }
    let with_earliest = look.shape.main() >= 110 && !hidden.contains(EARLIEST);
    if with_earliest {
        columns.push(Column {
            title: "EARLIEST GO".into(),
            least: 14,
            rank: 100,
            grows: true,
            aside: true,
            tone: None,
        });
    }
    memory.lay_out(Matrix {
        environments: environments.iter().copied().cloned().collect(),
        target: target.cloned(),
        with_next: next_to.is_some(),
        with_earliest,
        columns: look.shape.columns,
    });
    let cursor = look.interface.cursor.as_ref();
    let ranged = look.interface.ranged();
    let rows = seen
        .iter()
        .map(|seen| match seen {
            Seen::Heading(text) => Row::Heading(Line::of(Tone::Heading, text.clone())),
            Seen::Service(row) => {
                let name = &row.service.name;
                let cursor = cursor.filter(|cursor| cursor.service == *name);
                let at = |at: &Cursor| environments.iter().position(|it| **it == at.environment);
                let cells = || entries(look, row, &environments, next_to, with_earliest);
                Row::Entries {
                    cells: memory.row(name).entries(cells),
                    cursor: cursor.is_some(),
                    // The first cell has the name.
                    selected: cursor.and_then(at).map(|place| place + 1),
                    marked: look.interface.marks.contains(name) || ranged.contains(name),
                }
            }
        })
        .collect();
    Panel {
        title: Some(title(look)),
        content: Content::Table(Table { columns, rows }),
        height,
    }
}

/// The cells of a row, which say the same wherever the cursor is.
fn entries(
    look: &Look<'_>,
    row: &board::Row,
    environments: &[&EnvironmentName],
    next_to: Option<&EnvironmentName>,
    with_earliest: bool,
) -> Vec<Entry> {
    let mut cells = Vec::with_capacity(environments.len() + 3);
    cells.push(Entry::of(Line::plain(row.service.name.as_str())));
    cells.extend(environments.iter().map(|environment| {
        row.cell(environment).map_or_else(
            || Entry::of(Line::of(Tone::Muted, "-")),
            |cell| cell_entry(look, row, cell),
        )
    }));
    if let Some(next_to) = next_to {
        let next = row.cell(next_to);
        cells.push(next.map_or_else(Entry::default, |cell| next_entry(look, row, cell)));
    }
    if with_earliest {
        let next = look.environment().and_then(|target| row.cell(target));
        cells.push(next.map_or_else(Entry::default, |cell| earliest(look, row, cell)));
    }
    cells
}

/// When what would go next may, of a cell that waits for that.
fn earliest(look: &Look<'_>, row: &board::Row, cell: &Cell) -> Entry {
    let state = cell.next(&row.facts, &look.engine.policy, look.now);
    // A hold that was placed since the gates were asked is not in their answer yet.
    let is_asked = !matches!(cell.judgement.earliest, Earliest::Now | Earliest::Nothing);
    let waits = match state {
        CellState::Ready | CellState::Waiting | CellState::Gated => true,
        CellState::Held => is_asked,
        _ => false,
    };
    Entry::of(if waits {
        gates::earliest_line(look, cell)
    } else {
        Line::of(Tone::Muted, "-")
    })
}

fn columns_shown<'a>(look: &'a Look<'_>) -> Vec<&'a EnvironmentName> {
    let all = &look.tally.names.environments;
    // Below 80 columns dev goes first: what is nearest to production matters most.
    let from = usize::from(look.shape.columns < 80 && all.len() > 2);
    let cursor = look.interface.cursor.as_ref();
    let on_first = cursor.is_some_and(|cursor| all.first() == Some(&cursor.environment));
    // The cursor's own column is never hidden: what is acted on has to be seen.
    let cursor = cursor.map(|cursor| &cursor.environment);
    let hidden = &look.interface.hidden;
    let is_shown = |one: &&EnvironmentName| cursor == Some(*one) || !hidden.contains(one.as_str());
    all.get(if on_first { 0 } else { from }..)
        .unwrap_or(all)
        .iter()
        .filter(is_shown)
        .collect()
}

fn title(look: &Look<'_>) -> Bar {
    let interface = look.interface;
    let groups = match interface.group {
        Grouping::Auto => Line::new(),
        group => Line::of(Tone::Muted, format!("group:{}", group.word())),
    };
    let marks = match interface.marked() {
        0 => Line::new(),
        count if interface.range.is_some() => {
            Line::of(Tone::Accent, format!("{count} marked, RANGE"))
        }
        count => Line::of(Tone::Accent, format!("{count} marked")),
    };
    let all = look.engine.board.rows.len();
    let all = (!interface.filter.is_empty()).then_some(all);
    let place = title::place(interface.place(), interface.order.len(), all);
    let title = Bar::default()
        .left(0, Line::of(Tone::Heading, "BOARD"))
        .right(1, marks)
        .right(4, groups);
    title::ordered(title, interface.sort.word(), &interface.filter, place)
}

/// What stands on one line of the matrix.
enum Seen<'a> {
    Heading(String),
    Service(&'a board::Row),
}

/// The lines that are seen: from the offset, moved so far that the cursor is among them.
fn visible<'a>(look: &Look<'a>, height: usize, memory: &mut Memory) -> Vec<Seen<'a>> {
    let order = &look.interface.order;
    let cursor = look.interface.place();
    let mut offset = look
        .interface
        .offset
        .min(order.len().saturating_sub(height.max(1)));
    if let Some(cursor) = cursor {
        offset = offset.clamp((cursor + 1).saturating_sub(height), cursor);
    }
    // Groups that were asked for are named on small screens too: the order alone does not tell them.
    let asked = !matches!(look.interface.group, Grouping::Auto | Grouping::None);
    let headings = height >= if asked { 6 } else { 14 };
    loop {
        let seen = fill(
            look,
            order.get(offset..).unwrap_or_default(),
            height,
            headings,
            memory,
        );
        let services = seen.iter().filter(|seen| matches!(seen, Seen::Service(_)));
        // Headings took the cursor's line: one row further down.
        if cursor.is_some_and(|cursor| cursor >= offset + services.count()) && offset < order.len()
        {
            offset += 1;
        } else {
            return seen;
        }
    }
}

fn fill<'a>(
    look: &Look<'a>,
    order: &'a [ServiceName],
    height: usize,
    headings: bool,
    memory: &mut Memory,
) -> Vec<Seen<'a>> {
    let mut seen = Vec::with_capacity(height);
    let mut last = None;
    for row in order.iter().filter_map(|name| look.engine.board.row(name)) {
        if headings {
            let (group, sort) = (look.interface.group, look.interface.sort);
            let known = memory.row(&row.service.name);
            let state = known.standing(|| standing(row, &look.engine.policy, look.now));
            let heading = grouping::heading(group, sort, state, row, &look.engine.policy);
            if heading != last {
                if seen.len() + 2 > height {
                    break;
                }
                seen.extend(heading.clone().map(Seen::Heading));
                last = heading;
            }
        }
        if seen.len() >= height {
            break;
        }
        seen.push(Seen::Service(row));
    }
    seen
}

/// What is in an environment, and how it is there.
fn cell_entry(look: &Look<'_>, row: &board::Row, cell: &Cell) -> Entry {
    let label = |revision: Option<&'_ Revision>| {
        CompactString::from(revision.map_or(".", |revision| row.label(revision)))
    };
    let policy = &look.engine.policy;
    let state = cell.state(&row.facts, policy, look.now);
    let (glyph, word, tone) = look.glyphs.state(state);
    let (head, tail) = match state {
        CellState::Stale if Look::is_loading(row) => {
            return Entry::of(Line::of(Tone::Muted, "reading…"));
        }
        CellState::Stale => match row.facts.age(look.now) {
            Some(age) => (
                Line::of(tone, format_compact!("? {}", label(cell.live.as_ref()))),
                Line::of(tone, format_compact!("{} old", time::age(age))),
            ),
            None => return Entry::of(Line::of(tone, "? no facts")),
        },
        CellState::Unknown | CellState::Running => {
            let flight = cell.in_flight.as_ref();
            let revision = flight.map(|flight| &flight.revision);
            let tail = match flight {
                Some(flight) if state == CellState::Running => {
                    Line::of(tone, progress(look, row, cell, flight))
                }
                Some(_) | None => Line::of(tone, format_compact!("{glyph} {word}")),
            };
            (Line::plain(label(revision)), tail)
        }
        CellState::Failed => (
            Line::plain(label(cell.failed.as_ref())),
            Line::of(tone, format_compact!("{glyph} {word}")),
        ),
        CellState::None => return Entry::of(Line::of(tone, ". NONE")),
        CellState::Held
        | CellState::Unfit
        | CellState::Red
        | CellState::Waiting
        | CellState::Gated
        | CellState::Ready
        | CellState::Verifying
        | CellState::OutOfBand
        | CellState::RolledBack
        | CellState::Ok => (
            Line::plain(label(cell.live.as_ref())),
            Line::of(tone, format_compact!("{glyph} {word}")),
        ),
    };
    Entry { head, tail }
}

/// ` 3d`: how long the oldest change of what would go in has waited, where there is room and it is known.
fn behind(look: &Look<'_>, row: &board::Row, cell: &Cell) -> Line {
    let scope = row.scope_of(cell).filter(|_| look.shape.main() >= 110);
    let behind = scope.and_then(|scope| scope.value()?.behind(look.now));
    behind.map_or_else(Line::new, |behind| {
        Line::of(Tone::Muted, format_compact!(" {}", time::age(behind)))
    })
}

/// `■ HELD carol`, or `■ ASKS carol` when the time of that hold is up: a hold is known, however old
/// the facts are.
fn held(look: &Look<'_>, cell: &Cell) -> Line {
    let (glyph, _, tone) = look.glyphs.state(CellState::Held);
    let on = || cell.holds.iter().filter(|hold| hold.is_on(look.now));
    // What waits for an answer comes first.
    let asks = on().find(|hold| hold.asks(look.now));
    let word = if asks.is_some() { "ASKS" } else { "HELD" };
    let owner = asks
        .or_else(|| on().next())
        .map_or("", |hold| hold.owner.as_str());
    Line::of(tone, format_compact!("{glyph} {word} {owner}"))
}

/// `▸ RUN bob`: who has something under way.
fn under_way(look: &Look<'_>, cell: &Cell, state: CellState) -> Line {
    let (glyph, word, tone) = look.glyphs.state(state);
    let line = Line::of(tone, format_compact!("{glyph} {word}"));
    match &cell.in_flight {
        Some(flight) => {
            let by = flight.by.as_ref().map_or("?", |person| person.as_str());
            line.with(tone, format_compact!(" {by}"))
        }
        None => line,
    }
}

/// `▸ RUN 62%`, or how long it has been under way where nobody knows how far it is.
fn progress(
    look: &Look<'_>,
    row: &board::Row,
    cell: &Cell,
    flight: &crate::domain::cell::InFlight,
) -> CompactString {
    let glyph = look.glyphs.running();
    if let Some(percent) = look.percent(row, cell) {
        return format_compact!("{glyph} RUN {percent}%");
    }
    let age = time::age(look.clock.ago(flight.since));
    if flight.phase == Phase::Queued {
        format_compact!("{} SENT {age}", look.glyphs.waiting())
    } else {
        format_compact!("{glyph} RUN {age}")
    }
}

/// What would go into the cell next, and whether it may.
pub(super) fn next_entry(look: &Look<'_>, row: &board::Row, cell: &Cell) -> Entry {
    let policy = &look.engine.policy;
    let state = cell.next(&row.facts, policy, look.now);
    let (glyph, word, tone) = look.glyphs.state(state);
    let head = match (&cell.candidate, cell.ahead) {
        (Some(_), _) if scope::goes_back(row, cell) => Line::of(Tone::Bad, "old"),
        (None, _) => Line::of(Tone::Muted, "0"),
        (Some(_), Some(ahead)) => {
            Line::plain(format_compact!("+{ahead}")).then(behind(look, row, cell))
        }
        (Some(_), None) => Line::of(Tone::Muted, "+?"),
    };
    let (passing, all) = cell.judgement.count(look.now);
    let tail = match state {
        CellState::Stale if Look::is_loading(row) => return Entry::default(),
        CellState::Stale => {
            let known = match cell.by_journal(look.now) {
                Some(CellState::Held) => Some(held(look, cell)),
                known => known.map(|state| under_way(look, cell, state)),
            };
            let stale = if look.shape.main() >= 100 {
                " STALE"
            } else {
                " ?"
            };
            let tail = match known {
                Some(known) => known.with(tone, stale),
                None => Line::of(tone, "STALE: no act"),
            };
            return Entry {
                head: Line::of(tone, "?"),
                tail,
            };
        }
        CellState::Unknown if all > 0 && cell.state(&row.facts, policy, look.now) != state => {
            Line::of(tone, format_compact!("{glyph} {word} {passing}/{all}"))
        }
        CellState::Running => {
            let line = under_way(look, cell, state);
            match &cell.in_flight {
                Some(flight) => {
                    let age = time::span(look.clock.ago(flight.since));
                    line.with(tone, format_compact!(" {age}"))
                }
                None => line,
            }
        }
        CellState::Held => {
            held(look, cell).then(brake::short(look, &row.service.name, &cell.environment))
        }
        CellState::Waiting => {
            let first = cell.judgement.first_blocking(look.now);
            let gate = first.map_or("", |verdict| verdict.gate.as_str());
            Line::of(tone, format_compact!("{glyph} WAIT {gate}"))
        }
        CellState::Gated => Line::of(tone, format_compact!("{glyph} GATED {passing}/{all}")),
        CellState::Ready => {
            let service = &row.service.name;
            match look.engine.countdown(service, &cell.environment) {
                Some(countdown) => {
                    let left = time::span(look.clock.until(countdown.ends_at));
                    Line::of(Tone::Warning, format_compact!("{glyph} AUTO in {left}"))
                }
                None => {
                    let line = Line::of(tone, format_compact!("{glyph} READY {passing}/{all}"));
                    // It may go, and not because every gate is open.
                    match gates::overridden(look, cell).next() {
                        Some(_) => line.with(Tone::Warning, " !"),
                        None => line,
                    }
                }
            }
        }
        CellState::Failed
        | CellState::Unfit
        | CellState::Red
        | CellState::Unknown
        | CellState::Verifying
        | CellState::OutOfBand => Line::of(tone, format_compact!("{glyph} {word}")),
        CellState::RolledBack | CellState::Ok | CellState::None => {
            if cell.live.is_none() {
                return Entry::of(Line::of(Tone::Muted, ". NONE"));
            }
            if cell.failed.is_some() {
                let (glyph, word, tone) = look.glyphs.state(CellState::Failed);
                Line::of(tone, format_compact!("{glyph} {word}"))
            } else {
                Line::of(Tone::Muted, ". LEVEL")
            }
        }
    };
    Entry { head, tail }
}
