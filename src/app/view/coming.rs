//! What is under way, and what time alone will bring: the window closes, holds expire, gates open.

use jiff::Timestamp;

use super::header;
use super::line::{Line, Tone};
use super::look::Look;
use super::time;
use crate::domain::board::Row;
use crate::domain::cell::{Cell, InFlight};
use crate::domain::gate::State;

/// Something that will happen by itself.
struct Coming {
    at: Timestamp,
    what: String,
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

/// What comes next, soonest first.
pub(super) fn lines(look: &Look<'_>, most: usize) -> Vec<Line> {
    let mut all = Vec::new();
    if let Some(verdict) = header::window_verdict(look) {
        match verdict.state_at(look.now) {
            State::Open | State::Overridden => all.extend(verdict.valid_until.map(|at| Coming {
                at,
                what: "window closes".into(),
                tone: Tone::Warning,
            })),
            State::Closed | State::Waiting => all.extend(verdict.opens_at.map(|at| Coming {
                at,
                what: "window opens".into(),
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
    for hold in holds.filter(|hold| hold.is_on(look.now)) {
        all.extend(hold.until.map(|at| Coming {
            at,
            what: format!("hold on {} expires", hold.cover),
            tone: Tone::Warning,
        }));
    }
    let seen = look.interface.order.iter().skip(look.interface.offset);
    for name in seen.take(look.shape.matrix().max(1)) {
        let Some(row) = look.engine.board.row(name) else {
            continue;
        };
        for cell in &row.cells {
            let waiting = cell.judgement.blocking(look.now);
            all.extend(
                waiting
                    .filter(|verdict| verdict.gate != "window")
                    .filter_map(|verdict| {
                        Some(Coming {
                            at: verdict.opens_at?,
                            what: format!("{name} > {}: {} opens", cell.environment, verdict.gate),
                            tone: Tone::Plain,
                        })
                    }),
            );
        }
    }
    all.retain(|coming| coming.at > look.now);
    all.sort_by(|one, other| (one.at, &one.what).cmp(&(other.at, &other.what)));
    all.dedup_by(|one, other| one.at == other.at && one.what == other.what);
    all.iter()
        .take(most)
        .map(|coming| {
            Line::of(
                Tone::Strong,
                format!(" {:<13}", look.clock.short(coming.at)),
            )
            .with(
                Tone::Muted,
                format!("in {:<9} ", time::countdown(look.clock.until(coming.at))),
            )
            .with(coming.tone, coming.what.clone())
        })
        .collect()
}
