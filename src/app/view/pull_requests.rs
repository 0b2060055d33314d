//! The open pull requests of a service: what each lacks before it can be merged.

use super::line::{Line, Tone, cut};
use super::look::Look;
use super::time;
use crate::domain::board::Row;

pub(super) fn full(look: &Look<'_>, row: &Row, columns: usize) -> Vec<Line> {
    let Some(facts) = row.facts.value() else {
        return vec![Line::of(Tone::Unknown, "  ? not known")];
    };
    if facts.pull_requests.is_empty() {
        let text = match facts.open_pull_requests {
            0 => "  no open pull requests".to_owned(),
            count => format!("  {count} open, not read yet"),
        };
        return vec![Line::of(Tone::Muted, text)];
    }
    // As wide as what is there, so that the titles get the rest.
    let states = facts.pull_requests.iter();
    let states = states.map(|request| look.glyphs.change(&request.state).width());
    let state = states.max().unwrap_or_default().max(5);
    let checks = 19 + state + 2;
    let age = checks + 8;
    let mut lines = vec![Line::of(
        Tone::Heading,
        format!(
            "  {:<6} {:<9} {:<state$}  {:<7} {:>4}  TITLE",
            "PR", "AUTHOR", "STATE", "CHECKS", "AGE"
        ),
    )];
    for request in &facts.pull_requests {
        let author = request
            .author
            .as_ref()
            .map_or("?", |person| person.as_str());
        let mut line = Line::of(
            Tone::Accent,
            format!("  {:<7}", format!("#{}", request.number)),
        )
        .with(Tone::Plain, format!("{:<9} ", cut(author, 9)))
        .then(look.glyphs.change(&request.state))
        .padded(checks);
        line = match &request.checks {
            Some(phase) => line.then(look.glyphs.phase(phase)),
            None => line.with(Tone::Muted, ". none"),
        };
        let updated = time::age(look.clock.ago(request.updated_at));
        line = line
            .padded(age)
            .with(Tone::Muted, format!("{updated:>4}  "));
        let labels: String = request
            .labels
            .iter()
            .map(|label| format!(" [{label}]"))
            .collect();
        let room = columns.saturating_sub(line.width());
        let title = cut(&request.title, room).into_owned();
        lines.push(line.with(Tone::Plain, title));
        let to = format!("         {} > {}", request.head_ref, request.base_ref);
        lines.push(
            Line::of(Tone::Muted, to)
                .with(Tone::Muted, format!("  {}", request.raw))
                .with(Tone::Warning, labels),
        );
    }
    let more = facts
        .open_pull_requests
        .saturating_sub(u64::try_from(facts.pull_requests.len()).unwrap_or(u64::MAX));
    if more > 0 {
        lines.push(Line::of(
            Tone::Muted,
            format!("  and {more} more on the forge (o opens it)"),
        ));
    }
    lines
}
