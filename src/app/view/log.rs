//! The log of a job: which job, the last lines of the step that failed, the part in sight, and how much
//! there is. Inks become tones, so that a log is readable in every theme.

mod tail;

pub(super) use tail::panel as tail;

use super::line::{Line, Tone, cut, width};
use super::look::Look;
use super::time;
use crate::app::command::Context;
use crate::app::interface::log::{LogPane, Logs, Room, STAMP};
use crate::domain::board::Row;
use crate::domain::ids::ServiceName;
use crate::domain::log::{self, End, Ink, Kind};
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::pipeline::Job;

/// The tab, below the line of tabs: the job, the failure, the log, and how much there is of it.
pub(super) fn lines(look: &Look<'_>, row: &Row) -> Vec<Line> {
    let room = look.interface.log_room();
    let logs = &look.interface.log;
    let service = &row.service.name;
    let Some(pane) = logs.pane.as_ref().filter(|pane| pane.service == *service) else {
        return vec![Line::new(), waiting(look, row)];
    };
    let jobs = look.engine.jobs.get(&(service.clone(), pane.source.run));
    let jobs: &[Job] = jobs.and_then(Fact::value).map_or(&[], Vec::as_slice);
    let mut lines = vec![job_line(look, row, pane, jobs)];
    let (body, first, last) = body(look, logs, pane, room);
    lines.extend(body);
    lines.push(status(look, pane, first, last));
    lines
}

/// The failure and the part in sight, as high as there is room, and the numbers of its first and last line.
fn body(look: &Look<'_>, logs: &Logs, pane: &LogPane, room: Room) -> (Vec<Line>, u64, u64) {
    let mut lines = failed(look, logs, pane, room);
    let (seen, first, last) = seen(look, logs, pane, room);
    lines.extend(seen);
    lines.resize(room.failed + room.height, Line::new());
    (lines, first, last)
}

/// What is said where there is no log to show yet.
fn waiting(look: &Look<'_>, row: &Row) -> Line {
    let Some(facts) = row.facts.value() else {
        return Line::of(Tone::Unknown, "  ? nothing was read of it yet");
    };
    let logged = look.engine.logged.as_ref();
    let logged = logged.filter(|(service, _)| *service == row.service.name);
    match logged.map(|key| look.engine.jobs.get(key)) {
        None if facts.runs.is_empty() => {
            Line::of(Tone::Muted, "  no recent run, so there is no log")
        }
        None | Some(None) => Line::of(Tone::Muted, "  reading the jobs of the run…"),
        Some(Some(fact)) => match (&fact.fault, fact.value()) {
            (Some(fault), None) => Line::of(
                Tone::Bad,
                format!(
                    "  {} {}: {}",
                    look.glyphs.bad(),
                    fault.kind.word(),
                    fault.why
                ),
            ),
            (_, Some(jobs)) if jobs.is_empty() => {
                Line::of(Tone::Muted, "  the run has no jobs yet")
            }
            (None, None) | (_, Some(_)) => Line::of(Tone::Muted, "  reading the jobs of the run…"),
        },
    }
}

/// `  ▸ RUN  release #25  deploy  job 2/3  2m10`.
fn job_line(look: &Look<'_>, row: &Row, pane: &LogPane, jobs: &[Job]) -> Line {
    let runs = row
        .facts
        .value()
        .map_or(&[][..], |facts| facts.runs.as_slice());
    let run = runs.iter().find(|run| run.id == pane.source.run);
    let place = jobs.iter().position(|job| job.id == pane.source.job);
    let job = place.and_then(|place| jobs.get(place));
    let mut line = Line::plain("  ");
    if let Some(job) = job {
        line = line
            .then(look.glyphs.phase(&job.phase))
            .with(Tone::Strong, format!("  {}", job.name));
    }
    match run {
        Some(run) => line.push(
            Tone::Muted,
            format!("  {} #{} {}", run.name, run.number, run.sha.short()),
        ),
        None => line.push(Tone::Muted, format!("  run {}", pane.source.run)),
    }
    if let Some(place) = place {
        line.push(
            Tone::Muted,
            format!("  job {} of {}", place + 1, jobs.len()),
        );
    }
    if let Some(from) = job.and_then(|job| job.started_at) {
        let until = job.and_then(|job| job.completed_at);
        let took = until.map_or_else(|| look.clock.ago(from), |until| until.duration_since(from));
        line.push(Tone::Muted, format!("  {}", time::span(took)));
    }
    line
}

/// The failed step and its last lines, the very last of them if not all fit.
fn failed(look: &Look<'_>, logs: &Logs, pane: &LogPane, room: Room) -> Vec<Line> {
    let Some(failure) = pane.extent.failure.as_ref().filter(|_| room.failed > 0) else {
        return Vec::new();
    };
    let room = Room {
        wrap: false,
        ..room
    };
    let shown = room.failed - 1;
    let all = pane.failed.lines.len();
    let step = match &failure.step {
        Some(step) => format!("FAILED STEP {step}"),
        None => "FAILED".to_owned(),
    };
    let told = format!("  its last {} lines, p hides them", shown.min(all));
    let mut lines =
        vec![Line::of(Tone::Bad, format!("{} {step}", look.glyphs.bad())).with(Tone::Muted, told)];
    for line in pane.failed.lines.iter().skip(all.saturating_sub(shown)) {
        lines.extend(
            rows(look, &logs.words, line, room, (Tone::Bad, "|"))
                .into_iter()
                .take(1),
        );
    }
    lines
}

/// The lines in sight, and the numbers of the first and last of them.
fn seen(look: &Look<'_>, logs: &Logs, pane: &LogPane, room: Room) -> (Vec<Line>, u64, u64) {
    let first = pane.first(room);
    let mut lines = Vec::new();
    let mut number = first;
    while number < pane.extent.lines && lines.len() < room.height {
        match pane.window.line(number) {
            Some(line) => {
                let mark = if pane.found == Some(number) { ">" } else { "" };
                lines.extend(rows(look, &logs.words, line, room, (Tone::Focus, mark)));
            }
            None => lines.push(Line::of(Tone::Muted, "  …")),
        }
        number += 1;
    }
    lines.truncate(room.height);
    (lines, first, number)
}

/// A line in one row, or in as many as it takes.
fn rows(
    look: &Look<'_>,
    words: &str,
    line: &log::Line,
    room: Room,
    (marked, mark): (Tone, &'static str),
) -> Vec<Line> {
    let base = match line.kind {
        Kind::Plain => Tone::Plain,
        Kind::Heading => Tone::Heading,
        Kind::Command => Tone::Accent,
        Kind::Warning => Tone::Warning,
        Kind::Error => Tone::Bad,
    };
    let mut spans = Vec::new();
    for (ink, text) in &line.spans {
        let tone = match ink {
            Ink::Plain => base,
            Ink::Bold => Tone::Strong,
            Ink::Dim => Tone::Muted,
            Ink::Red => Tone::Bad,
            Ink::Green => Tone::Good,
            Ink::Yellow => Tone::Warning,
            Ink::Blue => Tone::Accent,
            Ink::Cyan => Tone::Running,
        };
        lit(text, words, tone, &mut spans);
    }
    let columns = room.text();
    let mut out = Vec::new();
    let texts = if room.wrap {
        broken(spans, columns)
    } else {
        vec![shortened(spans, columns)]
    };
    for (place, text) in texts.into_iter().enumerate() {
        let mut row = Line::of(marked, if place == 0 { mark } else { "" }).padded(2);
        if room.stamps {
            let at = line.at.filter(|_| place == 0);
            let stamp = at.map_or_else(String::new, |at| look.clock.long(at));
            row.push(Tone::Muted, format!("{:<STAMP$}", cut(&stamp, STAMP - 1)));
        }
        out.push(row.then(text));
    }
    out
}

/// Puts what was searched for into a tone of its own.
fn lit(text: &str, words: &str, tone: Tone, spans: &mut Vec<(Tone, String)>) {
    if words.is_empty() {
        spans.push((tone, text.to_owned()));
        return;
    }
    let exact = words.chars().any(char::is_uppercase);
    // Of one length with the text itself, so that places in one are places in the other.
    let folded = if exact {
        text.to_owned()
    } else {
        text.to_ascii_lowercase()
    };
    let mut done = 0;
    for (at, found) in folded.match_indices(words) {
        let before = text.get(done..at).unwrap_or_default();
        let hit = text.get(at..at + found.len()).unwrap_or_default();
        spans.push((tone, before.to_owned()));
        spans.push((Tone::Focus, hit.to_owned()));
        done = at + found.len();
    }
    spans.push((tone, text.get(done..).unwrap_or_default().to_owned()));
}

/// Breaks spans into rows of at most `columns`, between any two characters.
fn broken(spans: Vec<(Tone, String)>, columns: usize) -> Vec<Line> {
    use unicode_segmentation::UnicodeSegmentation;
    let mut rows = Vec::new();
    let mut row = Line::new();
    let mut used = 0;
    for (tone, text) in spans {
        let mut piece = String::new();
        for grapheme in text.graphemes(true) {
            let wide = width(grapheme);
            if used + wide > columns && used > 0 {
                row.push(tone, std::mem::take(&mut piece));
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            piece.push_str(grapheme);
            used += wide;
        }
        row.push(tone, piece);
    }
    rows.push(row);
    rows
}

/// Cuts spans to `columns`, marking the cut.
fn shortened(spans: Vec<(Tone, String)>, columns: usize) -> Line {
    let mut line = Line::new();
    let mut left = columns;
    for (tone, text) in spans {
        let wide = width(&text);
        if wide > left {
            line.push(tone, cut(&text, left).into_owned());
            break;
        }
        line.push(tone, text);
        left -= wide;
    }
    line
}

/// `-- live, 0 lines behind, f to stop --   lines 812-830 of 900   wrap`.
fn status(look: &Look<'_>, pane: &LogPane, first: u64, last: u64) -> Line {
    let logs = &look.interface.log;
    let all = pane.extent.lines;
    let mut line = Line::plain("  ");
    let (tone, text) = standing(look, pane, last);
    line.push(tone, text);
    if all > 0 {
        line.push(
            Tone::Muted,
            format!("   lines {}-{last} of {all}", first + 1),
        );
    }
    if pane.extent.cut {
        let kept = pane.extent.bytes / (1024 * 1024);
        line.push(
            Tone::Warning,
            format!("   cut after {kept} MiB: o opens the rest"),
        );
    }
    if !logs.words.is_empty() {
        let (tone, text) = if pane.is_nowhere {
            (Tone::Warning, format!("   no line has \"{}\"", logs.words))
        } else {
            (Tone::Focus, format!("   /{}", logs.words))
        };
        line.push(tone, text);
    }
    line
}

/// What went wrong with it, else where its end is; `last` is one past the last line in sight.
fn standing(look: &Look<'_>, pane: &LogPane, last: u64) -> (Tone, String) {
    let all = pane.extent.lines;
    let Some(fault) = &pane.fault else {
        return ended(look, pane, all - last.min(all));
    };
    let again = pane.next_at.map_or_else(String::new, |at| {
        format!(", again in {}", time::span(look.clock.until(at)))
    });
    let bad = look.glyphs.bad();
    let text = format!("{bad} {}: {}{again}", fault.kind.word(), fault.why);
    (Tone::Bad, text)
}

/// Where the end of the log is.
fn ended(look: &Look<'_>, pane: &LogPane, behind: u64) -> (Tone, String) {
    let has_keys = Context::of_screen(look.interface) == Context::Log;
    let again = pane
        .next_at
        .map(|at| look.clock.until(at))
        .filter(jiff::SignedDuration::is_positive)
        .map_or_else(
            || ", looking now".to_owned(),
            |left| format!(", looked for again in {}", time::span(left)),
        );
    match &pane.extent.end {
        _ if pane.asked_at.is_none() => (Tone::Muted, "reading the log…".to_owned()),
        End::Complete if pane.extent.lines == 0 => (Tone::Muted, "the log is empty".to_owned()),
        End::Complete => (Tone::Muted, "complete".to_owned()),
        End::Growing => {
            let key = match (has_keys, pane.top) {
                (false, _) => "",
                (true, None) => ", f to stop",
                (true, Some(_)) => ", f follows",
            };
            let lines = if behind == 1 { "line" } else { "lines" };
            let text = format!("-- live, {behind} {lines} behind{key} --");
            (Tone::Running, text)
        }
        End::NotYet(why) => (
            Tone::Warning,
            format!("{} {why}{again}", look.glyphs.waiting()),
        ),
        End::Never(why) => (Tone::Warning, format!("{why}: o opens the page")),
    }
}

/// `Log ✗`, `Log live`: what its tab says.
pub(super) fn tab_name(look: &Look<'_>, service: &ServiceName) -> String {
    let pane = look.interface.log.pane.as_ref();
    let pane = pane.filter(|pane| pane.service == *service);
    let jobs = pane.and_then(|pane| {
        let jobs = look.engine.jobs.get(&(service.clone(), pane.source.run))?;
        let jobs = jobs.value()?;
        jobs.iter().find(|job| job.id == pane.source.job)
    });
    match jobs.map(|job| &job.phase) {
        Some(Phase::Running) => "Log live".to_owned(),
        _ => "Log".to_owned(),
    }
}

#[cfg(test)]
mod tests;
