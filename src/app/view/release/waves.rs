//! The services of a release in their waves: what each would do and when, or how far it is. In few
//! rows the waves are figures before the services instead of headings.

use std::fmt::Write as _;

use super::super::line::{Line, Tone, cut, width};
use super::super::look::Look;
use super::super::panel::Bar;
use super::super::scope;
use super::super::time;
use super::{Shown, key};
use crate::app::command::Command;
use crate::domain::gate::Earliest;
use crate::domain::history::History;
use crate::domain::ids::ServiceName;
use crate::domain::release::agenda::{Move, Standing};
use crate::domain::release::dropped::Dropped;
use crate::domain::release::past::{self, Past};
use crate::domain::release::prognosis::{Fit, Planned, Wave};
use crate::domain::release::run::{Progress, Run};

/// Columns before what is told of a service: mark, wave and name.
const INDENT: usize = 18;
/// Columns that a row needs so that the risk cuts nothing off.
const ROOM_FOR_RISK: usize = 96;
/// Columns of a risk, `! risk 36 medium`, with the blanks after it.
const RISK: usize = 18;

pub(super) fn title(look: &Look<'_>, shown: &Shown<'_>) -> Bar {
    let mut title = Bar::default().left(0, Line::of(Tone::Heading, "SET AND WAVES"));
    let keys =
        [Command::DropService, Command::Hold, Command::Override].map(|command| key(look, command));
    if let Some(cursor) = &look.interface.cursor {
        let text = format!("{} act on {}", keys.join(" "), cursor.service);
        title = title.left(2, Line::of(Tone::Muted, text));
    }
    if shown.run.is_some() || shown.prognosis.waves.is_empty() {
        return title;
    }
    title.right(1, fits(look, shown))
}

/// `✓ fits, ends 20:12Z`.
pub(super) fn fits(look: &Look<'_>, shown: &Shown<'_>) -> Line {
    let prognosis = &shown.prognosis;
    let ends = prognosis.ends.map_or_else(String::new, |ends| {
        format!(", ends {}", look.clock.short(ends))
    });
    let (tone, glyph, word) = match prognosis.fits {
        Fit::Fits => (Tone::Good, look.glyphs.good(), "fits"),
        Fit::No(_) => (Tone::Bad, look.glyphs.bad(), "does not fit"),
        Fit::Unknown(_) => (Tone::Unknown, "?", "nobody knows whether it fits"),
    };
    Line::of(tone, format!("{glyph} {word}{ends}"))
}

/// The lines in sight: the selected service is always among them.
pub(super) fn lines(look: &Look<'_>, shown: &Shown<'_>, columns: usize, rows: usize) -> Vec<Line> {
    let (mut lines, mut selected) = built(look, shown, columns, false);
    if lines.len() > rows {
        (lines, selected) = built(look, shown, columns, true);
    }
    if lines.len() < rows {
        lines.extend(way_back(look, shown).map(|line| line.fitted(columns)));
    }
    // A line more than the selected one, where there is one.
    let offset = (selected + 2)
        .saturating_sub(rows)
        .min(lines.len().saturating_sub(rows));
    lines.into_iter().skip(offset).take(rows).collect()
}

fn built(look: &Look<'_>, shown: &Shown<'_>, columns: usize, dense: bool) -> (Vec<Line>, usize) {
    let mut lines = Vec::new();
    let mut selected = 0;
    let mut place = 0;
    for (number, wave) in shown.release.waves.iter().enumerate() {
        let planned = shown
            .prognosis
            .waves
            .iter()
            .find(|wave| wave.number == number);
        if !dense {
            let heading = Line::of(Tone::Heading, format!(" wave {}  ", number + 1));
            lines.push(
                heading
                    .then(state(look, shown, number, planned))
                    .fitted(columns),
            );
        }
        for (nth, service) in wave.iter().enumerate() {
            let on = look.interface.release_row == place;
            if on {
                selected = lines.len();
            }
            let planned = planned.and_then(|wave| {
                let mut services = wave.services.iter();
                services.find(|planned| planned.moved.service == *service)
            });
            let mark = if on { ">" } else { " " };
            let figure = match (dense, nth) {
                (true, 0) => (number + 1).to_string(),
                (true | false, _) => String::new(),
            };
            let line = Line::of(Tone::Strong, mark)
                .with(Tone::Heading, format!("{figure:>2} "))
                .with(Tone::Strong, format!("{:<14}", cut(service.as_str(), 13)));
            let moved = shown.run.and_then(|run| {
                let moved = run.moves.iter().find(|moved| moved.service == *service)?;
                Some((run, moved))
            });
            let line = match (moved, planned) {
                (Some((run, moved)), _) => line.then(running(look, shown, run, moved)),
                (None, Some(planned)) => line.then(ready(look, planned, columns)),
                (None, None) if dropped(shown, service).is_some() => {
                    let told = dropped(shown, service);
                    line.with(Tone::Warning, format!("{} dropped ", look.glyphs.warning()))
                        .with(
                            Tone::Plain,
                            told.map_or_else(String::new, |told| {
                                format!(
                                    "by {} {}: {}",
                                    told.by,
                                    look.clock.short(told.at),
                                    told.reason
                                )
                            }),
                        )
                }
                (None, None) => {
                    let mut skipped = shown.prognosis.skipped.iter();
                    let why = skipped.find(|(name, _)| name == service);
                    let why = why.map_or("it does not move", |(_, why)| why.as_str());
                    line.with(Tone::Muted, format!(". stays   {why}"))
                }
            };
            lines.push(line.fitted(columns));
            place += 1;
        }
    }
    if let Fit::No(why) | Fit::Unknown(why) = &shown.prognosis.fits
        && shown.run.is_none()
        && !shown.prognosis.waves.is_empty()
    {
        lines.push(Line::of(Tone::Warning, format!(" {why}")).fitted(columns));
    }
    (lines, selected)
}

/// Whether what is to move can go back, by the judgement that `B` will be asked, and how long that took at
/// most, before it starts.
fn way_back(look: &Look<'_>, shown: &Shown<'_>) -> Option<Line> {
    if shown.run.is_some() {
        return None;
    }
    let planned = shown.prognosis.waves.iter().flat_map(|wave| &wave.services);
    let moves: Vec<&Move> = planned.map(|planned| &planned.moved).collect();
    let stuck = moves.iter().filter(|moved| {
        let (service, environment) = (&moved.service, &moved.environment);
        !look.engine.can_go_back(service, environment, look.now)
    });
    let stuck: Vec<&str> = stuck.map(|moved| moved.service.as_str()).collect();
    let whole = match (moves.len(), stuck.as_slice()) {
        (0, _) => return None,
        (1, []) => "it can go back".to_owned(),
        (all, []) => format!("all {all} can go back"),
        (1, _) => "it cannot go back: P says why".to_owned(),
        (all, stuck) if stuck.len() == all => {
            format!("none of the {all} can go back: P on each says why")
        }
        (all, stuck) => format!(
            "{} of {all} can go back, not {}",
            all - stuck.len(),
            stuck.join(", ")
        ),
    };
    let took = moves.iter().filter_map(|moved| {
        let row = look.engine.board.row(&moved.service)?;
        let ledger = look.engine.ledger.as_ref();
        let facts = row.facts.value()?;
        let seen = History::of(facts, ledger, &row.service, &moved.environment).rollback?;
        Some((seen.p90, &moved.service))
    });
    let took = match took.max() {
        Some((longest, of)) => format!("; the slowest took {} ({of})", time::span(longest)),
        None => "; how long it takes is not known".to_owned(),
    };
    Some(Line::of(Tone::Heading, " ROLLBACK  ").with(Tone::Plain, format!("{whole}{took}")))
}

/// Who dropped a service, if somebody did.
fn dropped<'a>(shown: &'a Shown<'_>, service: &ServiceName) -> Option<&'a Dropped> {
    let mut items = shown.decision.agenda.items.iter();
    items.find_map(|(name, standing)| match standing {
        Standing::Dropped(dropped) if name == service => Some(dropped),
        _ => None,
    })
}

/// How a wave stands: when it would start and end; of a run, how far it is.
fn state(look: &Look<'_>, shown: &Shown<'_>, number: usize, planned: Option<&Wave>) -> Line {
    let Some(run) = shown.run else {
        return Line::of(
            Tone::Muted,
            planned.map_or_else(String::new, |wave| when(look, wave)),
        );
    };
    let moves = run.moves.iter().filter(|moved| moved.wave == number);
    let (mut all, mut arrived) = (0, 0);
    for moved in moves {
        all += 1;
        let progress = look.engine.progress(run, moved, look.now);
        arrived += usize::from(progress == Progress::Arrived);
    }
    let current = Shown::wave(look, run);
    let times = Line::of(
        Tone::Muted,
        happened(look, past(look, run, Some(number)), "  "),
    );
    if all == 0 {
        Line::of(Tone::Muted, "nothing moves")
    } else if all == arrived {
        Line::of(Tone::Good, format!("{} live", look.glyphs.good())).then(times)
    } else if run.ended.is_some() {
        Line::of(Tone::Muted, format!("{arrived} of {all} live")).then(times)
    } else if current == Some(number) {
        let count = format!("{} {arrived} of {all} live", look.glyphs.running());
        Line::of(Tone::Running, count).then(times)
    } else {
        Line::of(
            Tone::Muted,
            format!("when wave {number} is live and verified"),
        )
    }
}

/// When a wave of a run, or all of it, began and was done.
pub(super) fn past(look: &Look<'_>, run: &Run, wave: Option<usize>) -> Past {
    let of_wave = |moved: &&Move| wave.is_none_or(|wave| moved.wave == wave);
    let ledger = look.engine.ledger.as_ref();
    ledger.map_or_else(Past::default, |ledger| {
        past::of(run, run.moves.iter().filter(of_wave), ledger)
    })
}

/// `started 20:03Z, ended 20:07Z`, after `before`; nothing of what never began.
pub(super) fn happened(look: &Look<'_>, past: Past, before: &str) -> String {
    let Some(started) = past.started else {
        return String::new();
    };
    let started = look.clock.short(started);
    let ended = past.ended.map_or_else(String::new, |at| {
        format!(", ended {}", look.clock.short(at))
    });
    format!("{before}started {started}{ended}")
}

/// `starts 20:03Z, ends 20:07Z`.
pub(super) fn when(look: &Look<'_>, wave: &Wave) -> String {
    let starts = wave.starts.map_or_else(
        || "nobody can say when it starts".to_owned(),
        |at| format!("starts {}", look.clock.short(at)),
    );
    let ends = wave
        .ends
        .map_or_else(String::new, |at| format!(", ends {}", look.clock.short(at)));
    format!("{starts}{ends}")
}

pub(super) fn movement(moved: &Move) -> String {
    let from = moved.from.as_ref().map_or("nothing", |from| from.label());
    format!("{from} > {}", moved.to)
}

/// `2.40.3 > 2.41.0  ◆ READY 5/5  - risk 12 low  takes 4m10  may go now`. When it may go matters
/// more than the risk, which its cell tells too: a narrow pane leaves the risk out.
fn ready(look: &Look<'_>, planned: &Planned, columns: usize) -> Line {
    let moved = &planned.moved;
    let line = Line::of(Tone::Plain, format!("{:<20} ", cut(&movement(moved), 20)));
    let row = look.engine.board.row(&moved.service);
    let cell = row.and_then(|row| Some((row, row.cell(&moved.environment)?)));
    let line = match cell {
        Some((row, cell)) => {
            let state = cell.next(&row.facts, &look.engine.policy, look.now);
            let (glyph, word, tone) = look.glyphs.state(state);
            let (open, all) = cell.judgement.count(look.now);
            let count = format!("{open}/{all}");
            let line = line.with(tone, format!("{glyph} {word:<5} {count:<6}"));
            let risk = match row.risk_of(cell) {
                _ if columns < ROOM_FOR_RISK => None,
                Some(risk) => Some(scope::badge(&risk)),
                None => Some(Line::of(Tone::Unknown, "? risk")),
            };
            risk.into_iter().fold(line, |line, risk| {
                let wide = line.width() + RISK;
                line.then(risk).padded(wide)
            })
        }
        None => line.with(Tone::Unknown, "? unknown  "),
    };
    let takes = planned
        .estimate
        .p90
        .map_or_else(String::new, |p90| format!("takes {:<6} ", time::span(p90)));
    let (tone, when) = match &planned.earliest {
        Earliest::Now | Earliest::Nothing => (Tone::Good, "may go now".to_owned()),
        Earliest::At { at, gate } => (Tone::Running, format!("{} ({gate})", look.clock.short(*at))),
        Earliest::NeedsPerson { gate, who } => {
            let at = planned
                .not_before
                .map_or_else(String::new, |at| format!("from {}, ", look.clock.short(at)));
            (Tone::Warning, format!("{at}{gate}: {who}"))
        }
        Earliest::NoKnownTime { gate } => (Tone::Warning, format!("{gate}: no known time")),
    };
    // Whom it waits for matters more than how long it takes then, which the plan tells.
    let used = INDENT + line.width() + takes.len() + width(&when);
    let takes = if used > columns { String::new() } else { takes };
    line.with(Tone::Muted, takes).with(tone, when)
}

fn running(look: &Look<'_>, shown: &Shown<'_>, run: &Run, moved: &Move) -> Line {
    let line = Line::of(Tone::Plain, format!("{:<20} ", cut(&movement(moved), 20)));
    match look.engine.progress(run, moved, look.now) {
        Progress::Ready | Progress::Blocked(_) if run.ended.is_some() => {
            line.with(Tone::Muted, ". not started")
        }
        Progress::Ready if Shown::wave(look, run) == Some(moved.wave) => {
            line.with(Tone::Accent, "goes next")
        }
        Progress::Ready => line.with(Tone::Accent, "may go when its wave comes"),
        Progress::Blocked(why) => line
            .with(Tone::Warning, format!("{} waits  ", look.glyphs.waiting()))
            .with(Tone::Plain, why),
        Progress::InFlight => {
            let way = format!("{} on its way", look.glyphs.running());
            line.with(Tone::Running, way)
                .with(Tone::Muted, on_its_way(look, shown, run, moved))
        }
        Progress::Arrived => {
            let ledger = look.engine.ledger.as_ref();
            let past = ledger.map(|ledger| past::of(run, [moved], ledger));
            let times = past.map(|past| happened(look, past, "  "));
            line.with(Tone::Good, format!("{} live", look.glyphs.good()))
                .with(Tone::Muted, times.unwrap_or_default())
        }
        Progress::Failed(why) => line
            .with(Tone::Bad, format!("{} failed  ", look.glyphs.bad()))
            .with(Tone::Plain, why),
    }
}

/// ` for 40s, usually 1m10`.
fn on_its_way(look: &Look<'_>, shown: &Shown<'_>, run: &Run, moved: &Move) -> String {
    let ledger = look.engine.ledger.as_ref();
    let promotions = ledger
        .into_iter()
        .flat_map(crate::domain::ledger::Ledger::open);
    let sent = promotions
        .filter(|promotion| {
            let intent = &promotion.intent;
            intent.release.as_ref() == Some(&run.id) && intent.service == moved.service
        })
        .find_map(|promotion| promotion.sent_at);
    let mut planned = shown.prognosis.waves.iter().flat_map(|wave| &wave.services);
    let takes = planned
        .find(|planned| planned.moved.service == moved.service)
        .and_then(|planned| planned.estimate.p90);
    let mut told = sent.map_or_else(String::new, |sent| {
        format!(" for {}", time::span(look.clock.ago(sent)))
    });
    if let Some(takes) = takes {
        let _ = write!(told, ", mostly done in {}", time::span(takes));
    }
    told
}
