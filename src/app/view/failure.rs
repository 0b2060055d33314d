//! Why a deployment failed, as far as the forge has told: which runs, and which of their jobs. The
//! whole list of runs lives in `pipeline`.

use super::line::{Line, Tone};
use super::look::Look;
use super::time;
use crate::domain::board::Row;
use crate::domain::cell::{Cell, CellState};
use crate::domain::deployment;
use crate::domain::phase::Phase;
use crate::domain::revision::Revision;

/// `✗ FAIL 3.8.2 in staging, 1h ago: Release #7 (deploy staging), CI #7 (e2e)`. Where nothing comes
/// to a cell because what would have come failed on its way, that failure is told.
pub(super) fn line(look: &Look<'_>, row: &Row, cell: &Cell) -> Option<Line> {
    let own = cell.failed.as_ref().map(|failed| (cell, failed));
    let (place, failed) = own.or_else(|| {
        let before = row.cells.iter().rev();
        let mut before = before.skip_while(|other| other.environment != cell.environment);
        let level = cell.candidate.is_none();
        before.find_map(|other| {
            other
                .failed
                .as_ref()
                .filter(|_| level)
                .map(|failed| (other, failed))
        })
    })?;
    let (glyph, word, tone) = look.glyphs.state(CellState::Failed);
    let head = format!("{glyph} {word} {failed} in {}", place.environment);
    Some(Line::of(tone, head).with(Tone::Plain, why(look, row, place, failed)))
}

fn why(look: &Look<'_>, row: &Row, cell: &Cell, failed: &Revision) -> String {
    let Some(facts) = row.facts.value() else {
        return String::new();
    };
    let deployment = deployment::newest_entered(&facts.deployments, &cell.environment);
    let age = deployment.map_or_else(String::new, |deployment| {
        format!(", {} ago", time::age(look.clock.ago(deployment.changed_at)))
    });
    let runs = facts
        .runs
        .iter()
        .filter(|run| run.sha == failed.sha && run.phase == Phase::Failed);
    let told: Vec<String> = runs
        .map(|run| {
            let key = (row.service.name.clone(), run.id);
            let jobs = look.engine.jobs.get(&key).and_then(|fact| fact.value());
            let names: Vec<&str> = jobs
                .into_iter()
                .flatten()
                .filter(|job| job.phase == Phase::Failed)
                .map(|job| job.name.as_str())
                .collect();
            match names.as_slice() {
                [] => format!("{} #{}", run.name, run.number),
                names => format!("{} #{} ({})", run.name, run.number, names.join(", ")),
            }
        })
        .collect();
    let described = deployment.and_then(|deployment| deployment.description.clone());
    match (told.as_slice(), described) {
        ([], None) => age,
        ([], Some(text)) => format!("{age}: {text}"),
        (told, _) => format!("{age}: {}", told.join(", ")),
    }
}
