//! Runs, their jobs, and the checks of the candidate.

use super::line::{Line, Tone, cut};
use super::look::Look;
use super::time;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::pipeline::{Job, Run};

/// The checks of the candidate, then each run with its jobs as far as they were read.
pub(super) fn full(look: &Look<'_>, row: &Row, cell: &Cell, columns: usize) -> Vec<Line> {
    let Some(facts) = row.facts.value() else {
        return vec![Line::of(Tone::Unknown, "  ? not known")];
    };
    let mut lines = Vec::new();
    let of = cell.candidate.as_ref().or(cell.live.as_ref());
    if let Some(revision) = of {
        let mut line =
            Line::of(Tone::Heading, "  checks ").with(Tone::Strong, revision.to_string());
        match facts.checks.get(&revision.sha) {
            Some(checks) => {
                line.push(
                    Tone::Plain,
                    format!("  {}/{} ", checks.succeeded, checks.total),
                );
                if let Some(phase) = &checks.phase {
                    line = line.then(look.glyphs.phase(phase));
                }
                lines.push(line);
                for check in &checks.contexts {
                    lines.push(
                        Line::plain("    ")
                            .then(look.glyphs.phase(&check.phase))
                            .padded(14)
                            .with(Tone::Plain, check.name.clone()),
                    );
                }
            }
            None => lines.push(line.with(Tone::Unknown, "  ? not known")),
        }
        lines.push(Line::new());
    }
    if facts.runs.is_empty() {
        lines.push(Line::of(Tone::Muted, "  no recent runs"));
    }
    for run in &facts.runs {
        lines.push(run_line(look, row, run, columns));
        for waiting in &run.waiting {
            let who = if waiting.may_approve {
                "you may approve: A".to_owned()
            } else if waiting.reviewers.is_empty() {
                "nobody named".to_owned()
            } else {
                format!("may approve: {}", waiting.reviewers.join(", "))
            };
            let text = format!(
                "      {} waits for {}",
                look.glyphs.waiting(),
                waiting.environment
            );
            lines.push(Line::of(Tone::Warning, text).with(Tone::Muted, format!("  {who}")));
        }
        let key = (row.service.name.clone(), run.id);
        let jobs = look.engine.jobs.get(&key).and_then(|fact| fact.value());
        for job in jobs.into_iter().flatten() {
            lines.push(job_line(look, job));
        }
    }
    lines
}

fn run_line(look: &Look<'_>, row: &Row, run: &Run, columns: usize) -> Line {
    let attempt = if run.attempt > 1 {
        format!(" attempt {}", run.attempt)
    } else {
        String::new()
    };
    let actor = row.run_by(run).map_or("-", |person| person.as_str());
    let age = time::age(look.clock.ago(run.updated_at));
    let tail = format!(" {actor:<9} {age:>4}");
    let line = Line::plain("  ")
        .then(look.glyphs.phase(&run.phase))
        .padded(12)
        .with(Tone::Strong, format!("{} ", run.name))
        .with(
            Tone::Muted,
            format!("#{}{attempt} {} ", run.number, run.sha.short()),
        );
    let room = columns.saturating_sub(line.width() + tail.len());
    let title = cut(row.title(run).unwrap_or_default(), room).into_owned();
    line.with(Tone::Plain, title)
        .padded(columns.saturating_sub(tail.len()))
        .with(Tone::Muted, tail)
}

fn job_line(look: &Look<'_>, job: &Job) -> Line {
    let took = match (job.started_at, job.completed_at) {
        (Some(from), Some(to)) => time::span(to.duration_since(from)),
        (Some(from), None) => time::span(look.clock.ago(from)),
        (None, _) => String::new(),
    };
    Line::plain("      ")
        .then(look.glyphs.phase(&job.phase))
        .padded(17)
        .with(Tone::Plain, format!("{:<28} ", cut(&job.name, 28)))
        .with(Tone::Muted, took)
}

/// One line: `build ✓ OK 3m00   unit ✓ OK   deploy . NONE`, of the newest run with jobs.
pub(super) fn summary(look: &Look<'_>, row: &Row) -> Option<Line> {
    let facts = row.facts.value()?;
    let run = facts.runs.first()?;
    let key = (row.service.name.clone(), run.id);
    let jobs = look.engine.jobs.get(&key).and_then(|fact| fact.value());
    let mut line = Line::plain("  ").then(look.glyphs.phase(&run.phase)).with(
        Tone::Plain,
        format!("  {} #{} {}", run.name, run.number, run.sha.short()),
    );
    for job in jobs.into_iter().flatten() {
        line.push(Tone::Plain, format!("   {} ", job.name));
        line = line.then(look.glyphs.phase(&job.phase));
    }
    Some(line)
}
