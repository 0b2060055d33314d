//! The lane strip of a service: where the candidate was first seen and when it entered each
//! environment, build to production.

use super::line::{Line, Tone, wrap};
use super::look::Look;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::lane::{Lane, Reached};
use crate::domain::phase::Phase;

/// `2.41.0  build 09:12Z > dev 09:31Z > staging 10:02Z > production -`.
pub(super) fn lines(look: &Look<'_>, row: &Row, cell: &Cell, columns: usize) -> Vec<Line> {
    let (Some(facts), Some(revision)) = (
        row.facts.value(),
        cell.candidate.as_ref().or(cell.live.as_ref()),
    ) else {
        return Vec::new();
    };
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
    wrap(&parts.join(" > "), columns.saturating_sub(4))
        .into_iter()
        .map(|line| Line::of(Tone::Plain, format!("    {line}")))
        .collect()
}
