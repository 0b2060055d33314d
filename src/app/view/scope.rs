//! What moves: the commits and pull requests between what is live and what would replace it. What
//! they add up to lives in `scope/contents.rs`, how what is live came there in `scope/trace.rs`.

use super::line::{Line, Tone};
use super::look::Look;
use super::time;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::ids::EnvironmentName;
use crate::domain::risk;
use crate::domain::scope::{Relation, Scope, ScopedPullRequest};
use crate::domain::text::counted;

mod contents;
mod trace;

pub(super) use contents::badge;
pub(super) use trace::lines as trace;

/// One line: `12 commits, 4 PRs: #912 eve retry key  #915 dee pool size +2`.
pub(super) fn summary(look: &Look<'_>, row: &Row, cell: &Cell) -> Line {
    if row.facts.value().is_none() {
        return Line::of(Tone::Unknown, "? what would change is not known");
    }
    let Some(scope) = row.scope_of(cell) else {
        return match (&cell.candidate, &cell.live) {
            (None, _) => {
                let upstream = Look::upstream(row, cell).map(EnvironmentName::as_str);
                let before = upstream.unwrap_or("the branch");
                match look.stale(row) {
                    Some(age) => Line::of(
                        Tone::Unknown,
                        format!("? was level with {before} {age} ago"),
                    ),
                    None => Line::of(Tone::Muted, format!("no change: level with {before}")),
                }
            }
            (Some(_), None) => Line::of(Tone::Muted, "first deployment: nothing to compare with"),
            (Some(_), Some(_)) => Line::of(Tone::Muted, "reading the commits…"),
        };
    };
    let Some(scope) = scope.value() else {
        let why = scope.fault.as_ref().map_or("", |fault| fault.why.as_str());
        return Line::of(Tone::Unknown, format!("? commits not known: {why}"));
    };
    let mut line = counts(scope);
    if let Some(risk) = row.risk_of(cell) {
        line = line.with(Tone::Plain, "  ").then(badge(&risk));
    }
    if scope.pull_requests.is_empty() {
        for commit in scope.commits.iter().take(2) {
            line.push(Tone::Muted, format!("  {} ", commit.sha.short()));
            line.push(Tone::Plain, commit.headline.clone());
        }
    } else {
        for request in scope.pull_requests.iter().take(3) {
            line.push(Tone::Accent, format!("  #{} ", request.number));
            line.push(Tone::Plain, request.title.clone());
        }
        let more = scope.pull_requests.len().saturating_sub(3);
        if more > 0 {
            line.push(Tone::Muted, format!("  +{more}"));
        }
    }
    line
}

/// Says whether what is live has everything of the candidate and more.
pub(super) fn goes_back(row: &Row, cell: &Cell) -> bool {
    let scope = row.scope_of(cell).and_then(|fact| fact.value());
    scope.is_some_and(|scope| scope.relation == Relation::Behind)
}

/// `12 commits, 4 PRs`, and loudly if they lead backwards.
pub(super) fn counts(scope: &Scope) -> Line {
    let text = format!(
        "{}, {}",
        counted(scope.total, "commit", "commits"),
        counted(scope.pull_requests.len(), "PR", "PRs")
    );
    let mut line = Line::of(Tone::Strong, text);
    match &scope.relation {
        Relation::Ahead | Relation::Identical => {}
        Relation::Behind => line.push(Tone::Bad, "  ! goes BACK"),
        Relation::Diverged => line.push(Tone::Bad, "  ! DIVERGED"),
        Relation::Unknown(word) => line.push(Tone::Unknown, format!("  ? {word}")),
    }
    if !scope.complete {
        line.push(Tone::Unknown, "  ? list incomplete");
    }
    line
}

/// Every pull request and commit of the scope.
pub(super) fn full(look: &Look<'_>, row: &Row, cell: &Cell, columns: usize) -> Vec<Line> {
    let scope = row.scope_of(cell).and_then(|fact| fact.value());
    let Some(scope) = scope else {
        return vec![Line::plain("  ").then(summary(look, row, cell))];
    };
    let risk = risk::assess(scope, &row.service.scope);
    let head = counts(scope).with(Tone::Muted, since(cell));
    let mut lines = vec![Line::plain("  ").then(head.with(Tone::Plain, "  ").then(badge(&risk)))];
    let rule = look.engine.policy.risk_rule(&cell.environment);
    lines.extend(contents::large(&rule, &risk, columns));
    lines.extend(requests(look, scope, columns));
    lines.push(Line::new());
    lines.extend(contents::lines(look, row, cell, scope, columns));
    lines.push(Line::new());
    lines.extend(contents::points(&rule, &risk, columns));
    if !scope.commits.is_empty() {
        lines.push(Line::new());
        let title = format!("  {:<8} {:<10} {:>4}  COMMIT", "SHA", "AUTHOR", "AGE");
        lines.push(Line::of(Tone::Heading, title));
    }
    for commit in &scope.commits {
        let author = commit.author.as_ref().map_or("?", |person| person.as_str());
        let age = commit
            .at
            .map_or_else(String::new, |at| time::age(look.clock.ago(at)));
        lines.push(
            Line::of(Tone::Muted, format!("  {:<8} ", commit.sha.short()))
                .with(Tone::Plain, format!("{author:<10} {age:>4}  "))
                .with(Tone::Plain, commit.headline.clone()),
        );
    }
    let missing = scope
        .total
        .saturating_sub(u64::try_from(scope.commits.len()).unwrap_or(u64::MAX));
    if missing > 0 {
        lines.push(Line::of(
            Tone::Muted,
            format!("  and {missing} more on the forge (o opens it)"),
        ));
    }
    lines
}

/// The pull requests of a scope, with who reviewed them.
pub(super) fn requests(look: &Look<'_>, scope: &Scope, columns: usize) -> Vec<Line> {
    let tail = |request: &ScopedPullRequest| {
        let mut tail = Line::new();
        if let (Some(added), Some(gone)) = (request.additions, request.deletions) {
            tail.push(
                Tone::Muted,
                format!(" {:>5} {:<5}", format!("+{added}"), format!("-{gone}")),
            );
        }
        tail = tail.with(Tone::Plain, " ").then(reviews(look, request));
        for label in &request.labels {
            tail.push(Tone::Warning, format!(" [{label}]"));
        }
        tail
    };
    let tails: Vec<Line> = scope.pull_requests.iter().map(tail).collect();
    // Sizes and reviews begin in one column, below each other.
    let widest = tails.iter().map(Line::width).max().unwrap_or_default();
    let widest = widest.min(columns / 2);
    scope
        .pull_requests
        .iter()
        .zip(tails)
        .map(|(request, tail)| {
            let author = request
                .author
                .as_ref()
                .map_or("?", |person| person.as_str());
            let head = Line::of(
                Tone::Accent,
                format!("  {:<6}", format!("#{}", request.number)),
            )
            .with(Tone::Muted, format!("{author:<8} "));
            let room = columns.saturating_sub(head.width() + widest).max(8);
            let title = super::line::cut(&request.title, room).into_owned();
            head.with(Tone::Plain, title)
                .padded(columns.saturating_sub(widest))
                .then(tail)
        })
        .collect()
}

fn reviews(look: &Look<'_>, request: &ScopedPullRequest) -> Line {
    let by = |wanted: bool| {
        let names: Vec<&str> = request
            .reviews
            .iter()
            .filter(|review| review.approved == wanted)
            .map(|review| review.author.as_str())
            .collect();
        names.join(", ")
    };
    let (yes, no) = (by(true), by(false));
    let mut line = Line::new();
    if !no.is_empty() {
        line.push(
            Tone::Bad,
            format!("{} changes asked: {no} ", look.glyphs.bad()),
        );
    }
    if yes.is_empty() && no.is_empty() {
        line.push(Tone::Warning, "no review");
    } else if !yes.is_empty() {
        line.push(Tone::Good, format!("{} {yes}", look.glyphs.good()));
    }
    line
}

fn since(cell: &Cell) -> String {
    cell.live
        .as_ref()
        .map_or_else(String::new, |live| format!(" since {live}"))
}
