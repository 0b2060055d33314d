//! The log beside the board: whose it is, its last lines, and how far it follows. Of a log that its forge
//! does not give yet, the jobs of the run stand there instead.

use super::{body, standing, waiting};
use crate::app::interface::Pane;
use crate::app::interface::log::LogPane;
use crate::app::view::line::{Line, Tone, wrap};
use crate::app::view::look::Look;
use crate::app::view::panel::{Bar, Content, Panel};
use crate::app::view::time;
use crate::domain::observed::Fact;
use crate::domain::pipeline::Job;

/// The panel, where there is room for it and something is in flight.
pub(in crate::app::view) fn panel(look: &Look<'_>) -> Option<Panel> {
    let height = look.shape.tail;
    let tail = &look.interface.tail;
    let of = tail.of.as_ref().filter(|_| height > 0)?;
    let row = look.engine.board.row(&of.service)?;
    let has_keys = look.interface.pane == Pane::Log;
    let rows = usize::from(height) - 1;
    let jobs = look.engine.jobs.get(&(of.service.clone(), of.run));
    let jobs: &[Job] = jobs.and_then(Fact::value).map_or(&[], Vec::as_slice);
    let pane = tail.logs.pane.as_ref();
    let pane = pane.filter(|pane| pane.service == of.service && pane.source.run == of.run);
    let mut title = Line::of(Tone::Heading, "LOG ")
        .with(Tone::Strong, of.service.to_string())
        .with(Tone::Plain, format!(" {}", of.environment));
    let job = pane.and_then(|pane| jobs.iter().find(|job| job.id == pane.source.job));
    if let Some(job) = job {
        title.push(Tone::Muted, format!("  {}", job.name));
    }
    let mut title = Bar::default().left(0, title);
    if has_keys {
        title = title.right(1, Line::of(Tone::Focus, "j k f"));
    }
    let lines = match pane {
        None => vec![waiting(look, row)],
        Some(pane) if pane.extent.lines == 0 => {
            let told = told(look, pane, 0);
            let room = rows.saturating_sub(told.len());
            let over = jobs.len().saturating_sub(room);
            let jobs = jobs.iter().skip(over).map(|job| of_job(look, job));
            let mut lines: Vec<Line> = jobs.collect();
            lines.extend(told);
            lines
        }
        Some(pane) => {
            let room = look.interface.log_room();
            let (mut lines, _, last) = body(look, &tail.logs, pane, room);
            let told = told(look, pane, last);
            // What is told in two lines takes the place of the oldest.
            let over = (lines.len() + told.len()).saturating_sub(rows);
            lines.drain(..over);
            lines.extend(told);
            lines
        }
    };
    Some(Panel {
        title: Some(title),
        content: Content::Lines(lines),
        height,
    })
}

/// What there is of it, in one line or two.
fn told(look: &Look<'_>, pane: &LogPane, last: u64) -> Vec<Line> {
    let (tone, text) = standing(look, pane, last);
    let columns = usize::from(look.shape.side).saturating_sub(4);
    let lines = wrap(&text, columns).into_iter().take(2);
    lines
        .map(|line| Line::of(tone, format!("  {line}")))
        .collect()
}

/// `  ✓ OK       build  3m`.
fn of_job(look: &Look<'_>, job: &Job) -> Line {
    let line = Line::plain("  ").then(look.glyphs.phase(&job.phase));
    let mut line = line.padded(11).with(Tone::Plain, job.name.clone());
    if let Some(from) = job.started_at {
        let until = job.completed_at;
        let took = until.map_or_else(|| look.clock.ago(from), |until| until.duration_since(from));
        line.push(Tone::Muted, format!("  {}", time::span(took)));
    }
    line
}
