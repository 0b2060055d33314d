//! What is under way, and what time alone will bring: the window closes, holds expire, gates open.

use jiff::{SignedDuration, Timestamp};

use super::line::{Line, Tone, blanks, cut, pad, width};
use super::look::Look;
use super::memory::Memory;
use super::time;
use super::{header, release};
use crate::domain::board::Row;
use crate::domain::cell::{Cell, InFlight};
use crate::domain::gate::{State, Verdict};
use crate::domain::hold::Then;
use crate::domain::window::WindowEffect;

/// A line of what comes is no wider than this.
const WIDEST: usize = 64;

/// Something that will happen by itself.
#[derive(Clone, Debug)]
pub(super) struct Coming {
    at: Timestamp,
    /// What it is, in ever fewer words: the first that fits is told.
    what: Vec<String>,
    tone: Tone,
}

/// `▸ 9.0.1 on its way: running 4m31 by bob, jobs 14/22`.
pub(super) fn flight(look: &Look<'_>, row: &Row, cell: &Cell, flight: &InFlight) -> Line {
    let by = flight
        .by
        .as_ref()
        .map_or("somebody", |person| person.as_str());
    let since = time::span(look.clock.ago(flight.since));
    if flight.unsettled {
        return Line::of(
            Tone::Unknown,
            format!("? {} was sent {since} ago by {by}", flight.revision),
        )
        .with(
            Tone::Plain,
            "; nobody knows what came of it, the forge is being asked",
        );
    }
    if flight.awaits_approval() {
        return Line::of(
            Tone::Running,
            format!(
                "{} {} waits for approval",
                look.glyphs.waiting(),
                flight.revision
            ),
        )
        .with(
            Tone::Plain,
            format!(" on the forge, {since} now; the run is {by}'s"),
        );
    }
    let mut line = Line::of(
        Tone::Running,
        format!("{} {} on its way: ", look.glyphs.running(), flight.revision),
    )
    .with(
        Tone::Plain,
        format!("{} for {since} by {by}", flight.phase.word()),
    );
    if let Some(percent) = look.percent(row, cell) {
        line.push(Tone::Plain, format!("  {}", meter(percent, 20)));
        line.push(Tone::Running, format!(" {percent}%"));
    }
    line
}

/// `[#####---------------]`.
pub(super) fn meter(percent: usize, columns: usize) -> String {
    let done = (percent.min(100) * columns) / 100;
    format!("[{}{}]", "#".repeat(done), "-".repeat(columns - done))
}

/// A freeze: a window that denies, in force or ahead.
pub(super) struct Freeze {
    pub start: Timestamp,
    pub end: Timestamp,
    pub name: String,
    pub reason: Option<String>,
}

/// The freeze of the cursor's environment that is in force, or begins next.
pub(super) fn freeze(look: &Look<'_>) -> Option<Freeze> {
    let environment = look.environment()?;
    let windows = look.engine.policy.windows.iter();
    let denying = windows.filter(|window| {
        let covers = window.environments.is_empty() || window.environments.contains(environment);
        window.effect == WindowEffect::Deny && window.services.is_empty() && covers
    });
    let next = denying.filter_map(|window| {
        let mut intervals = window.intervals(look.now);
        let interval = intervals.find(|interval| interval.end > look.now)?;
        Some(Freeze {
            start: interval.start,
            end: interval.end,
            name: window.name.clone(),
            reason: window.reason.clone(),
        })
    });
    next.min_by_key(|freeze| freeze.start)
}

/// The last instant at which what is selected can go and still be done before the window closes.
fn last_safe(look: &Look<'_>) -> Option<Coming> {
    let (row, cell) = look.selected()?;
    cell.candidate.as_ref()?;
    let verdict = header::window_verdict(look)?;
    if !verdict.state_at(look.now).passes() {
        return None;
    }
    let service = &row.service.name;
    let takes = look.engine.takes(service, &cell.environment).p90?;
    let at = verdict.valid_until?.checked_sub(takes).ok()?;
    Some(Coming {
        at,
        what: vec![
            format!(
                "last safe promote of {service} (takes {})",
                time::span(takes)
            ),
            format!("last safe promote of {service}"),
            // Whose it is stays: it goes with the cursor.
            format!("last safe: {service}"),
        ],
        tone: Tone::Warning,
    })
}

/// What comes next, soonest first, in lines of at most `columns`.
pub(super) fn lines(
    look: &Look<'_>,
    most: usize,
    columns: usize,
    memory: &mut Memory,
) -> Vec<Line> {
    let mut all = Vec::new();
    if let Some(verdict) = header::window_verdict(look) {
        match verdict.state_at(look.now) {
            State::Open | State::Overridden => all.extend(verdict.valid_until.map(|at| Coming {
                at,
                what: vec!["window closes".into()],
                tone: Tone::Warning,
            })),
            State::Closed | State::Waiting => all.extend(verdict.opens_at.map(|at| Coming {
                at,
                what: vec!["window opens".into()],
                tone: Tone::Good,
            })),
            State::Unknown => {}
        }
    }
    let holds = look
        .engine
        .ledger
        .iter()
        .flat_map(|ledger| ledger.holds.values());
    if let Some((release, at)) = release::decide_by(look) {
        all.push(Coming {
            at,
            what: vec![
                format!("go/no-go deadline of {release}"),
                "go/no-go deadline".into(),
            ],
            tone: Tone::Warning,
        });
    }
    all.extend(last_safe(look));
    if let Some(freeze) = freeze(look) {
        let (at, word) = if freeze.start <= look.now {
            (freeze.end, "ends")
        } else {
            (freeze.start, "begins")
        };
        let name = freeze.reason.unwrap_or(freeze.name);
        all.push(Coming {
            at,
            what: vec![format!("freeze {word}: {name}"), format!("freeze {word}")],
            tone: Tone::Warning,
        });
    }
    for hold in holds.filter(|hold| hold.is_on(look.now)) {
        let cover = || look.engine.board.cover(&hold.cover);
        all.extend(hold.until.map(|at| Coming {
            at,
            what: vec![
                match hold.then {
                    Then::End => format!("hold on {} expires", cover()),
                    Then::Ask => format!("hold on {} asks, and stays on", cover()),
                },
                match (&hold.cover.service, hold.then) {
                    (Some(service), Then::End) => format!("{service}: hold ends"),
                    (Some(service), Then::Ask) => format!("{service}: hold asks"),
                    (None, Then::End) => "hold ends".to_owned(),
                    (None, Then::Ask) => "hold asks".to_owned(),
                },
            ],
            tone: Tone::Warning,
        }));
    }
    let opening = memory.opening((look.interface.offset, most), || gates(look, most));
    all.extend_from_slice(opening);
    all.retain(|coming| coming.at > look.now);
    all.sort_by(|one, other| (one.at, &one.what).cmp(&(other.at, &other.what)));
    all.dedup_by(|one, other| one.at == other.at && one.what == other.what);
    // Far from what it belongs to, a countdown is looked for.
    let columns = columns.min(WIDEST);
    let lines = all.iter().take(most);
    lines.map(|coming| told(look, coming, columns)).collect()
}

/// The gates of what is in sight that open by themselves, the soonest `most` of them.
fn gates(look: &Look<'_>, most: usize) -> Vec<Coming> {
    let seen = look.interface.order.iter().skip(look.interface.offset);
    let seen = seen.take(look.shape.matrix().max(1));
    let rows = seen.filter_map(|name| look.engine.board.row(name));
    let cells = rows.flat_map(|row| row.cells.iter().map(move |cell| (row, cell)));
    let mut opening: Vec<(Timestamp, &Row, &Cell, &Verdict)> = cells
        .flat_map(|(row, cell)| {
            let waiting = cell.judgement.blocking(look.now);
            waiting.filter_map(move |verdict| Some((verdict.opens_at?, row, cell, verdict)))
        })
        .filter(|(at, _, _, verdict)| *at > look.now && verdict.gate != "window")
        .collect();
    opening.sort_by_key(|(at, ..)| *at);
    // Put into words only when it is known which of them are shown.
    opening.truncate(most);
    let opening = opening.into_iter().map(|(at, row, cell, verdict)| Coming {
        at,
        what: vec![
            format!(
                "{} > {}: {} opens",
                row.service.name, cell.environment, verdict.gate
            ),
            format!("{}: {} opens", row.service.name, verdict.gate),
            format!("{}: {}", row.service.name, verdict.gate),
        ],
        tone: Tone::Plain,
    });
    opening.collect()
}

/// `14:30Z window closes           00:12:10`: what is said in few words, or cut, before either time is.
fn told(look: &Look<'_>, coming: &Coming, columns: usize) -> Line {
    let until = look.clock.until(coming.at);
    let left = if until < SignedDuration::from_hours(24) {
        time::countdown(until)
    } else {
        time::age(until)
    };
    let at = format!(" {}", pad(&look.clock.short(coming.at), 7));
    let room = columns.saturating_sub(width(&at) + left.len() + 1);
    let mut ways = coming.what.iter();
    let what = ways.find(|what| width(what) <= room);
    let what = what.or(coming.what.last()).map_or("", String::as_str);
    let what = cut(what, room).into_owned();
    let gap = room.saturating_sub(width(&what)) + 1;
    Line::of(Tone::Strong, at)
        .with(coming.tone, what)
        .with(Tone::Plain, blanks(gap))
        .with(Tone::Muted, left)
}
