//! The views over all services: runs and open pull requests (4), everything that is under way (5),
//! every hold, the journal. What is told of the selected hold lives in `holds.rs`, what an entry says
//! in `timeline.rs`.

use super::line::{Line, Tone};
use super::look::Look;
use super::panel::{Bar, Column, Content, Entry, Panel, Row, Table};
use super::{coming, holds, time, timeline};
use crate::app::interface::overview::{Item, Overview};
use crate::domain::cell::{Cell, InFlight};
use crate::domain::promotion::Promotion;
use crate::domain::release::run;
use crate::domain::{board, pipeline, pull_request};

pub(super) fn main(look: &Look<'_>, overview: Overview) -> Vec<Panel> {
    let overviews = &look.interface.overviews;
    let listing = overviews.listing(look.engine, overview, look.now);
    let list = overviews.of(overview).list;
    let selected = list.selected.min(listing.len().saturating_sub(1));
    let below = match (overview, listing.item(look.engine, selected)) {
        (Overview::Holds, Some(Item::Hold(hold))) => {
            let height = holds::height(look);
            (height > 0).then(|| holds::panel(look, hold, height))
        }
        (Overview::Timeline, _) => timeline::next(look),
        _ => None,
    };
    let height = look.shape.body - below.as_ref().map_or(0, |panel| panel.height);
    let rows = usize::from(height).saturating_sub(2).max(1);
    let offset = list
        .offset
        .clamp((selected + 1).saturating_sub(rows), selected);
    let place = format!("{}/{}", (selected + 1).min(listing.len()), listing.len());
    let sort = overviews.of(overview).sort.word();
    let title = Bar::default()
        .left(0, title(overview))
        .right(2, Line::of(Tone::Muted, format!("sort:{sort}")))
        .right(1, Line::of(Tone::Muted, place));
    let content = if listing.is_empty() {
        Content::Lines(vec![Line::new(), nothing(look, overview)])
    } else {
        let seen = listing.items(look.engine, offset, rows);
        let rows = seen
            .map(|(place, item)| Row::Entries {
                cells: cells(look, &item),
                cursor: place == selected,
                marked: false,
            })
            .collect();
        Content::Table(Table {
            columns: columns(look, overview),
            rows,
        })
    };
    let list = Panel {
        title: Some(title),
        content,
        height,
    };
    std::iter::once(list).chain(below).collect()
}

/// The tab that is shown stands in brackets.
fn title(overview: Overview) -> Line {
    let tab = |name: &str, shown| {
        if shown {
            Line::of(Tone::Accent, format!("[{name}]"))
        } else {
            Line::of(Tone::Plain, format!(" {name} "))
        }
    };
    match overview {
        Overview::Tasks => Line::of(Tone::Heading, "TASKS IN FLIGHT"),
        Overview::Holds => Line::of(Tone::Heading, "HOLDS"),
        Overview::Timeline => Line::of(Tone::Heading, "TIMELINE"),
        Overview::Runs | Overview::PullRequests => tab("Pipelines", overview == Overview::Runs)
            .with(Tone::Plain, " ")
            .then(tab("Pull requests", overview == Overview::PullRequests)),
    }
}

fn nothing(look: &Look<'_>, overview: Overview) -> Line {
    let unread = look.engine.board.rows.iter().any(Look::is_loading);
    let text = match overview {
        Overview::Timeline => return timeline::nothing(look),
        _ if unread => "  reading…",
        Overview::Runs => "  no recent runs",
        Overview::PullRequests => "  no open pull requests",
        Overview::Tasks => "  nothing is under way",
        Overview::Holds => "  nothing is held",
    };
    Line::of(Tone::Muted, text)
}

fn columns(look: &Look<'_>, overview: Overview) -> Vec<Column> {
    let column = |title: &'static str, least, rank, grows| Column {
        title: title.into(),
        least,
        rank,
        grows,
        tone: None,
    };
    match overview {
        Overview::Runs => vec![
            column("STATE", 10, 0, false),
            column("SERVICE", 8, 0, false),
            column("RUN", 8, 0, false),
            column("REVISION", 8, 1, false),
            column("AGE", 4, 0, false),
            column("WHO", 4, 2, false),
            column("WHAT", 6, 0, true),
        ],
        Overview::PullRequests => vec![
            column("STATE", 12, 0, false),
            column("SERVICE", 8, 0, false),
            column("PR", 4, 0, false),
            column("CHECKS", 8, 1, false),
            column("AGE", 4, 0, false),
            column("WHO", 4, 2, false),
            column("TITLE", 6, 0, true),
        ],
        Overview::Holds => vec![
            column("STATE", 8, 0, false),
            column("HOLDS", 8, 0, false),
            column("BRAKE", 9, 0, false),
            column("OWNER", 5, 0, false),
            column("SINCE", 5, 1, false),
            column("EXPIRES", 7, 0, false),
            column("KIND", 4, 2, false),
            column("REASON", 6, 0, true),
        ],
        Overview::Tasks => vec![
            column("STATE", 10, 0, false),
            column("WHERE", 8, 0, false),
            column("REVISION", 8, 1, false),
            column("FOR", 4, 0, false),
            column("WHO", 4, 0, false),
            column("WHAT", 6, 0, true),
        ],
        Overview::Timeline => vec![
            Column {
                title: format!("TIME {}", look.clock.zone()).into(),
                least: 6,
                ..Column::default()
            },
            column("WHO", 6, 0, false),
            column("WHAT", 6, 0, false),
            column("WHERE", 6, 0, false),
            column("RESULT", 6, 0, false),
            column("WHY", 6, 0, true),
        ],
    }
}

fn cells(look: &Look<'_>, item: &Item<'_>) -> Vec<Entry> {
    let cells = match item {
        Item::Run(row, run) => of_run(look, row, run),
        Item::PullRequest(row, request) => of_request(look, row, request),
        Item::Flight(row, cell, flight) => of_flight(look, row, cell, flight),
        Item::Hold(hold) => holds::cells(look, hold),
        Item::Order(promotion) => of_order(look, promotion),
        Item::Release(run) => of_release(look, run),
        Item::Entry(entry, _) => timeline::cells(look, entry),
    };
    cells.into_iter().map(Entry::of).collect()
}

fn of_run(look: &Look<'_>, row: &board::Row, run: &pipeline::Run) -> Vec<Line> {
    let version = row
        .facts
        .value()
        .and_then(|facts| facts.version_of(&run.sha));
    let mut what = Line::plain(run.title.clone().unwrap_or_default());
    for waiting in &run.waiting {
        what = Line::of(Tone::Warning, format!("for {}  ", waiting.environment)).then(what);
    }
    vec![
        look.glyphs.phase(&run.phase),
        Line::of(Tone::Strong, row.service.name.to_string()),
        Line::plain(format!("{} #{}", run.name, run.number)),
        Line::of(
            Tone::Muted,
            version.unwrap_or_else(|| run.sha.short()).to_owned(),
        ),
        Line::of(Tone::Muted, time::age(look.clock.ago(run.updated_at))),
        who(run.actor.as_ref()),
        what,
    ]
}

fn of_request(look: &Look<'_>, row: &board::Row, request: &pull_request::PullRequest) -> Vec<Line> {
    let mut title = Line::plain(request.title.clone());
    for label in &request.labels {
        title.push(Tone::Warning, format!(" [{label}]"));
    }
    vec![
        look.glyphs.change(&request.state),
        Line::of(Tone::Strong, row.service.name.to_string()),
        Line::of(Tone::Accent, format!("#{}", request.number)),
        match &request.checks {
            Some(phase) => look.glyphs.phase(phase),
            None => Line::of(Tone::Muted, ". none"),
        },
        Line::of(Tone::Muted, time::age(look.clock.ago(request.updated_at))),
        who(request.author.as_ref()),
        title,
    ]
}

fn of_flight(look: &Look<'_>, row: &board::Row, cell: &Cell, flight: &InFlight) -> Vec<Line> {
    let (state, what) = if flight.unsettled {
        (
            Line::of(Tone::Unknown, "? UNKNOWN"),
            Line::plain("the answer was lost; it is looked up on the forge and not sent again"),
        )
    } else if flight.awaits_approval() {
        (
            Line::of(Tone::Warning, format!("{} WAITS", look.glyphs.waiting())),
            Line::plain("for approval on the forge"),
        )
    } else {
        let percent = look.percent(row, cell);
        let meter = percent.map_or_else(String::new, |percent| coming::meter(percent, 20));
        (
            Line::of(
                Tone::Running,
                format!("{} {}", look.glyphs.running(), flight.phase.word()),
            ),
            Line::of(Tone::Running, meter),
        )
    };
    vec![
        state,
        Line::of(
            Tone::Strong,
            format!("{} > {}", row.service.name, cell.environment),
        ),
        Line::plain(flight.revision.to_string()),
        Line::of(Tone::Muted, time::span(look.clock.ago(flight.since))),
        who(flight.by.as_ref()),
        what,
    ]
}

fn of_order(look: &Look<'_>, promotion: &Promotion) -> Vec<Line> {
    let intent = &promotion.intent;
    vec![
        Line::of(
            Tone::Running,
            format!("{} {}", look.glyphs.running(), promotion.state.word()),
        ),
        Line::of(
            Tone::Strong,
            format!("{} > {}", intent.service, intent.environment),
        ),
        Line::plain(intent.to.to_string()),
        Line::of(
            Tone::Muted,
            time::span(look.clock.ago(promotion.intended_at)),
        ),
        who(Some(&promotion.actor)),
        Line::plain(format!("{}  {}", intent.purpose.word(), intent.reason)),
    ]
}

fn of_release(look: &Look<'_>, run: &run::Run) -> Vec<Line> {
    vec![
        Line::of(Tone::Running, format!("{} release", look.glyphs.running())),
        Line::of(Tone::Strong, run.release.to_string()),
        Line::plain(format!("{} moves", run.moves.len())),
        Line::of(Tone::Muted, time::span(look.clock.ago(run.started_at))),
        who(Some(&run.by)),
        Line::plain("wave by wave: enter opens it"),
    ]
}

pub(super) fn who(person: Option<&crate::domain::ids::Person>) -> Line {
    Line::plain(person.map_or("?", |person| person.as_str()).to_owned())
}
