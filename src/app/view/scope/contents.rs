//! What a scope adds up to: tickets, people, size, files of interest, and each point of its risk.

use super::super::line::{Line, Tone, cut, wrap};
use super::super::look::Look;
use super::super::time;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::risk::{Level, MOST, Risk, RiskRule};
use crate::domain::scope::{Scope, ScopeRule};

/// `! risk 34 medium`: sign and word say what the colour repeats.
pub(in crate::app::view) fn badge(risk: &Risk) -> Line {
    let level = risk.level();
    let (sign, tone) = match level {
        Level::Low => ("-", Tone::Muted),
        Level::Medium => ("!", Tone::Warning),
        Level::High => ("!!", Tone::Bad),
    };
    Line::of(
        tone,
        format!("{sign} risk {} {}", risk.score(), level.word()),
    )
}

/// The warning of a large batch, if it is one.
pub(super) fn large(rule: &RiskRule, risk: &Risk, columns: usize) -> Option<Line> {
    let warning = format!("  !! {}", rule.warning(risk)?);
    Some(Line::of(Tone::Bad, cut(&warning, columns).into_owned()))
}

/// One line each: tickets, authors, size, files of interest, labels, how far behind.
pub(super) fn lines(
    look: &Look<'_>,
    row: &Row,
    cell: &Cell,
    scope: &Scope,
    columns: usize,
) -> Vec<Line> {
    let rule: &ScopeRule = &row.service.scope;
    let mut lines = Vec::new();
    let mut say = |label: &str, tone: Tone, text: String| {
        let room = columns.saturating_sub(12);
        let text = cut(&text, room).into_owned();
        lines.push(Line::of(Tone::Heading, format!("  {label:<9} ")).with(tone, text));
    };
    if !rule.tickets.is_empty() {
        let tickets: Vec<String> = scope
            .tickets(rule)
            .iter()
            .map(|ticket| {
                let by: Vec<&str> = ticket.named_by.iter().map(String::as_str).collect();
                format!("{} ({})", ticket.name, by.join(" "))
            })
            .collect();
        match tickets.as_slice() {
            [] => say("TICKETS", Tone::Warning, "! no change names one".to_owned()),
            tickets => say("TICKETS", Tone::Plain, tickets.join(", ")),
        }
    }
    say("AUTHORS", Tone::Plain, names(scope.authors()));
    say("REVIEWED", Tone::Plain, names(scope.reviewers()));
    match scope.size() {
        Some(size) => {
            let first = if size.cut { "the first " } else { "" };
            let plural = if size.files == 1 { "" } else { "s" };
            let text = format!(
                "{first}{} file{plural} +{} -{}",
                size.files, size.additions, size.deletions
            );
            say("SIZE", Tone::Plain, text);
        }
        None => say("SIZE", Tone::Unknown, "? files not known".to_owned()),
    }
    for (kind, files) in scope.of_interest(rule) {
        let more = match files.len() {
            0 | 1 => String::new(),
            all => format!(" and {} more", all - 1),
        };
        let first = files.first().map_or("", |file| file.path.as_str());
        say("TOUCHES", Tone::Warning, format!("! {kind}: {first}{more}"));
    }
    let labels: Vec<&str> = scope.labels().into_iter().collect();
    if !labels.is_empty() {
        say("LABELS", Tone::Plain, labels.join(", "));
    }
    if let Some(behind) = scope.behind(look.now) {
        let since = cell.deployed_at.map_or_else(String::new, |at| {
            format!(", live since {}", time::age(look.clock.ago(at)))
        });
        let text = format!("the oldest commit is {} old{since}", time::age(behind));
        say("BEHIND", Tone::Plain, text);
    }
    lines
}

/// Each point, with what it is for.
pub(super) fn points(rule: &RiskRule, risk: &Risk, columns: usize) -> Vec<Line> {
    let from = |what: &str, score: Option<u32>| {
        score.map_or_else(String::new, |score| format!(", {what} from {score} on"))
    };
    let (warn, second) = (
        from("warns", rule.warn),
        from("second approver", rule.second),
    );
    let head = Line::of(Tone::Heading, "  RISK      ")
        .then(badge(risk))
        .with(Tone::Muted, format!(" of {MOST}{warn}{second}"));
    let mut lines = vec![head];
    for point in &risk.points {
        let said = format!("{} {}: {}", point.count, point.what, point.why);
        for (place, part) in wrap(&said, columns.saturating_sub(8))
            .into_iter()
            .enumerate()
        {
            let worth = match place {
                0 => format!("+{}", point.points),
                _ => String::new(),
            };
            let line = Line::of(Tone::Strong, format!("{worth:>7} "));
            lines.push(line.with(Tone::Plain, part));
        }
    }
    lines
}

fn names<T: std::fmt::Display>(people: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = people.into_iter().map(|it| it.to_string()).collect();
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    }
}
