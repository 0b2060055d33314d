//! The lane strip of a service: where the candidate was first seen and when it entered each
//! environment, build to production.

use super::line::{Line, Tone, wrap};
use super::look::Look;
use crate::domain::board::Row;
use crate::domain::cell::{Cell, CellState, named};
use crate::domain::deployment::{self, Deployment};
use crate::domain::lane::{Lane, Reached};
use crate::domain::origin;
use crate::domain::phase::Phase;
use crate::domain::promotion::Promotion;

/// `2.41.0  build 09:12Z > dev 09:31Z > staging 10:02Z > production -`.
pub(super) fn lines(look: &Look<'_>, row: &Row, cell: &Cell, columns: usize) -> Vec<Line> {
    let Some(told) = told(look, row, cell) else {
        return Vec::new();
    };
    wrap(&told, columns.saturating_sub(4))
        .into_iter()
        .map(|line| Line::of(Tone::Plain, format!("    {line}")))
        .collect()
}

/// The same in one line.
pub(super) fn strip(look: &Look<'_>, row: &Row, cell: &Cell) -> Option<Line> {
    told(look, row, cell).map(|told| Line::of(Tone::Plain, told))
}

fn told(look: &Look<'_>, row: &Row, cell: &Cell) -> Option<String> {
    let agreed = merged(look, row, cell).map(|promotion| &promotion.intent.to);
    let facts = row.facts.value()?;
    let revision = cell.candidate.as_ref().or(agreed).or(cell.live.as_ref())?;
    let lane = Lane::of(&row.service, facts, &revision.sha);
    let at = |at| look.clock.long(at);
    let seen = lane.first_seen.map_or_else(|| "not seen".to_owned(), at);
    let mut parts = vec![format!("{revision}  build {seen}")];
    for stop in &lane.stops {
        let told = match &stop.state {
            Reached::Never => "-".to_owned(),
            Reached::Entered {
                at: since,
                until: None,
            } => {
                format!("{} {}", at(*since), look.glyphs.good())
            }
            Reached::Entered {
                at: since,
                until: Some(until),
            } => {
                format!("{} until {}", at(*since), at(*until))
            }
            Reached::Trying {
                since,
                phase: Phase::Failed,
            } => {
                format!("{} {} failed", at(*since), look.glyphs.bad())
            }
            Reached::Trying { since, phase } => format!("{} {}", at(*since), phase.word()),
        };
        parts.push(format!("{} {told}", stop.environment));
    }
    Some(parts.join(" > "))
}

/// The promotion of ours whose merge is live: the merge made a commit of its own, and what was agreed
/// on is a part of it.
fn merged<'a>(look: &Look<'a>, row: &Row, cell: &Cell) -> Option<&'a Promotion> {
    let live = cell.live.as_ref()?;
    let ledger = look.engine.ledger.as_ref()?;
    ledger
        .promotions_of(&row.service.name, &cell.environment)
        .rfind(|promotion| origin::brings(promotion, &live.sha))
        .filter(|promotion| promotion.intent.to.sha != live.sha)
}

/// Since when what is live at a stop has been there, and who brought it: by the same reading as the lane.
fn arrived<'a>(row: &'a Row, stop: &Cell) -> Option<(jiff::Timestamp, &'a str)> {
    let facts = row.facts.value()?;
    let deployment = deployment::live(&facts.deployments, &stop.environment)?;
    let lane = Lane::of(&row.service, facts, &deployment.sha);
    let mut stops = lane.stops.iter();
    let reached = stops.find(|one| one.environment == stop.environment);
    let since = match reached.map(|one| &one.state) {
        Some(Reached::Entered { at, .. }) => *at,
        Some(Reached::Never | Reached::Trying { .. }) | None => deployment.created_at,
    };
    Some((since, creator(deployment)))
}

/// The newest attempt to bring something else in, if it failed.
fn tried<'a>(row: &'a Row, stop: &Cell) -> Option<&'a Deployment> {
    let facts = row.facts.value()?;
    let newest = deployment::newest(&facts.deployments, &stop.environment)?;
    let live = stop.live.as_ref();
    let other = live.is_none_or(|live| live.sha != newest.sha);
    (newest.phase == Phase::Failed && other).then_some(newest)
}

fn creator(deployment: &Deployment) -> &str {
    let creator = deployment.creator.as_ref();
    creator.map_or("?", |person| person.as_str())
}

/// The whole path of a service, stop by stop: what is there, since when, by whom, how long it took, what
/// would come in next, and when the candidate passed.
pub(super) fn full(look: &Look<'_>, row: &Row, cell: &Cell, columns: usize) -> Vec<Line> {
    let mut lines = lines(look, row, cell, columns);
    if !lines.is_empty() {
        let heading = match cell.candidate {
            Some(_) => "  LANE OF THE CANDIDATE",
            None => "  LANE OF WHAT IS LIVE",
        };
        lines.insert(0, Line::of(Tone::Heading, heading));
        lines.push(Line::new());
    }
    let last = row.cells.len().saturating_sub(1);
    for (place, stop) in row.cells.iter().enumerate() {
        let here = stop.environment == cell.environment;
        let tone = if here { Tone::Strong } else { Tone::Heading };
        let name = stop.environment.as_str().to_uppercase();
        let mark = if here { "> " } else { "  " };
        let mut head = Line::of(tone, format!("{mark}{name:<12} "));
        match &stop.live {
            Some(live) => {
                head.push(Tone::Strong, format!("{live}  "));
                let state = match stop.state(&row.facts, &look.engine.policy, look.now) {
                    // What failed is another revision: it has its own line below.
                    CellState::Failed if tried(row, stop).is_some() => CellState::Ok,
                    state => state,
                };
                let (glyph, word, tone) = look.glyphs.state(state);
                head.push(tone, format!("{glyph} {word}"));
            }
            None => head.push(Tone::Muted, ". NONE"),
        }
        lines.push(head.fitted(columns));
        if let Some(promotion) = merged(look, row, stop) {
            let text = format!("    merged {} into it", promotion.intent.to);
            lines.push(Line::of(Tone::Plain, text));
        }
        if let Some((since, by)) = arrived(row, stop) {
            let text = format!("    since {}  by {by}", look.clock.long(since));
            lines.push(Line::of(Tone::Muted, text));
        }
        if let Some(tried) = tried(row, stop) {
            let bad = look.glyphs.bad();
            let which = named(row.facts.value(), &tried.sha);
            let text = format!(
                "    {bad} FAIL {which}  tried {}  by {}",
                look.clock.long(tried.created_at),
                creator(tried)
            );
            lines.push(Line::of(Tone::Bad, text).fitted(columns));
        }
        if let Some(next) = &stop.candidate {
            let (passing, all) = stop.judgement.count(look.now);
            let ahead = stop
                .ahead
                .map_or_else(String::new, |ahead| format!(" +{ahead}"));
            let text = format!("    next {next}{ahead}  gates {passing}/{all} open");
            lines.push(Line::of(Tone::Plain, text));
        }
        if place < last {
            lines.push(Line::of(
                Tone::Rule,
                if look.interface.ascii {
                    "    v"
                } else {
                    "    ↓"
                },
            ));
        }
    }
    lines
}
