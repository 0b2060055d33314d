//! The detail of a service: one cell's gates, scope, deployments, pipeline, open pull requests, log and
//! lane, each in a tab.

use super::deployments::{self, Order};
use super::line::{Line, Tone};
use super::look::Look;
use super::panel::{Bar, Content, Panel};
use super::{gates, lane, log, peek, pipeline, pull_requests, scope};
use crate::app::interface::DetailTab;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::ids::ServiceName;

/// Every deployment, as they came.
const ALL: (Order<'static>, usize) = (Order::Newest, usize::MAX);

pub(super) fn main(look: &Look<'_>, service: &ServiceName) -> Vec<Panel> {
    let height = look.shape.body;
    let Some((row, cell)) = look.cell_of(service) else {
        let text = format!("  {service} is no longer on the board; esc goes back");
        return vec![Panel {
            title: Some(Bar::default().left(0, Line::of(Tone::Strong, service.to_string()))),
            content: Content::Lines(vec![Line::new(), Line::of(Tone::Warning, text)]),
            height,
        }];
    };
    let columns = usize::from(look.shape.main()).saturating_sub(1);
    let mut top = vec![tabs(look, row, cell)];
    let notices = peek::notices(look, row, cell);
    // A log has the room to itself: it scrolls by its own lines.
    let is_log = look.interface.tab == DetailTab::Log;
    let room = if is_log { 0 } else { usize::from(height / 4) };
    top.extend(
        notices
            .into_iter()
            .take(room)
            .map(|notice| Line::plain("  ").then(notice)),
    );
    let rows = usize::from(height).saturating_sub(top.len() + 1);
    let (lines, offset) = if look.interface.tab == DetailTab::Gates {
        let told = gates::full(look, row, cell, columns, rows);
        let offset = told.offset(rows);
        let mut lines = told.lines;
        fill(look, row, cell, columns, rows, &mut lines);
        (lines, offset)
    } else {
        (tab(look, row, cell, columns), look.interface.detail_offset)
    };
    let offset = offset.min(lines.len().saturating_sub(rows));
    let hidden = lines.len().saturating_sub(offset + rows);
    top.extend(lines.into_iter().skip(offset).take(rows));
    let mut title = Bar::default()
        .left(0, peek::movement(look, row, cell))
        .right(0, gates::sum(look, row, cell));
    if hidden > 0 {
        title = title.right(1, Line::of(Tone::Muted, format!("{hidden} below")));
    }
    vec![Panel {
        title: Some(title),
        content: Content::Lines(top),
        height,
    }]
}

/// `[Gates 6/8]  Scope 3  Deploys  Pipeline 2  PRs 1  Log  Lane`; where they do not fit, from the shown
/// one on.
fn tabs(look: &Look<'_>, row: &Row, cell: &Cell) -> Line {
    let mut line = Line::plain(" ");
    let mut tabs = DetailTab::ALL;
    if look.shape.is_tiny() {
        let shown = tabs.iter().position(|tab| *tab == look.interface.tab);
        tabs.rotate_left(shown.unwrap_or(0));
    }
    for tab in tabs {
        let text = tab_name(look, row, cell, tab);
        if tab == look.interface.tab {
            line.push(Tone::Focus, format!("[{text}]"));
        } else {
            line.push(Tone::Muted, format!(" {text} "));
        }
        line.push(Tone::Plain, " ");
    }
    line
}

fn tab_name(look: &Look<'_>, row: &Row, cell: &Cell, tab: DetailTab) -> String {
    let facts = row.facts.value();
    match tab {
        DetailTab::Gates => {
            let (passing, all) = cell.judgement.count(look.now);
            format!("Gates {passing}/{all}")
        }
        DetailTab::Scope => match cell.ahead {
            Some(ahead) => format!("Scope {ahead}"),
            None => "Scope".into(),
        },
        DetailTab::Deployments => "Deploys".into(),
        DetailTab::Pipeline => facts.map_or_else(
            || "Pipeline".into(),
            |facts| format!("Pipeline {}", facts.runs.len()),
        ),
        DetailTab::PullRequests => facts.map_or_else(
            || "PRs".into(),
            |facts| format!("PRs {}", facts.open_pull_requests),
        ),
        DetailTab::Log => log::tab_name(look, &row.service.name),
        DetailTab::Lane => "Lane".into(),
    }
}

fn tab(look: &Look<'_>, row: &Row, cell: &Cell, columns: usize) -> Vec<Line> {
    match look.interface.tab {
        DetailTab::Gates => gates::full(look, row, cell, columns, usize::MAX).lines,
        DetailTab::Scope => scope::full(look, row, cell, columns),
        DetailTab::Deployments => {
            let mut lines = scope::trace(look, row, cell, columns);
            // What was asked about comes first; the others follow in the order of the path.
            let others = row.cells.iter();
            let others = others.filter(|other| other.environment != cell.environment);
            for (place, other) in std::iter::once(cell).chain(others).enumerate() {
                if place > 0 || !lines.is_empty() {
                    lines.push(Line::new());
                }
                let here = other.environment == cell.environment;
                let tone = if here { Tone::Strong } else { Tone::Heading };
                let name = other.environment.as_str().to_uppercase();
                lines.push(Line::of(tone, format!("  {name}")));
                let told = deployments::lines(look, row, &other.environment, columns, ALL);
                lines.extend(told);
            }
            lines
        }
        DetailTab::Pipeline => pipeline::full(look, row, cell, columns),
        DetailTab::PullRequests => pull_requests::full(look, row, columns),
        DetailTab::Log => log::lines(look, row),
        DetailTab::Lane => lane::full(look, row, cell, columns),
    }
}

/// Fills the room that the gates leave with the beginnings of the other tabs.
fn fill(
    look: &Look<'_>,
    row: &Row,
    cell: &Cell,
    columns: usize,
    rows: usize,
    lines: &mut Vec<Line>,
) {
    let section = |lines: &mut Vec<Line>, title: Line, part: Vec<Line>| {
        let left = rows.saturating_sub(lines.len());
        if left >= 3 {
            lines.push(Line::new());
            lines.push(Line::plain("  ").then(title));
            lines.extend(part.into_iter().take((left - 2).min(6)));
        }
    };
    let strip = lane::lines(look, row, cell, columns);
    if !strip.is_empty() {
        section(lines, Line::of(Tone::Heading, "LANE"), strip);
    }
    let known = row.scope_of(cell).and_then(|fact| fact.value());
    let mut moved = vec![
        Line::plain("  ").then(match known {
            Some(scope) => scope::counts(scope).with(Tone::Plain, "  ").then(
                row.risk_of(cell)
                    .map_or_else(Line::new, |risk| scope::badge(&risk)),
            ),
            None => scope::summary(look, row, cell),
        }),
    ];
    if let Some(scope) = known {
        moved.extend(scope::requests(look, scope, columns));
    }
    section(lines, Line::of(Tone::Heading, "SCOPE"), moved);
    let history = deployments::lines(look, row, &cell.environment, columns, ALL);
    let back = peek::way_back(look, row, cell);
    let heading = Line::of(Tone::Heading, format!("DEPLOYMENTS {}", cell.environment));
    section(lines, heading.then(back), history);
    if let Some(run) = pipeline::summary(look, row) {
        section(lines, Line::of(Tone::Heading, "PIPELINE"), vec![run]);
    }
}
