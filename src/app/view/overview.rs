//! The views over all services: runs and open pull requests (4), everything that is under way (5),
//! every hold, the journal. What is told of the selected hold lives in `holds.rs`, what an entry says
//! in `timeline.rs`.

use super::line::{Line, Tone, wrap};
use super::look::Look;
use super::memory::Memory;
use super::panel::{Bar, Column, Content, Entry, Panel, Row, Table};
use super::{coming, holds, time, timeline, title};
use crate::app::interface::overview::columns::{Choice, ListColumn, all};
use crate::app::interface::overview::{Item, Overview};
use crate::domain::cell::{Cell, InFlight};
use crate::domain::gate::pipeline::only_holds_failed;
use crate::domain::phase::Phase;
use crate::domain::promotion::Promotion;
use crate::domain::release::run;
use crate::domain::{board, pipeline, pull_request};

pub(super) fn main(look: &Look<'_>, overview: Overview, memory: &mut Memory) -> Vec<Panel> {
    let overviews = &look.interface.overviews;
    let listing = overviews.listing(look.engine, overview, look.now);
    let list = overviews.of(overview).list;
    let selected = list.selected.min(listing.len().saturating_sub(1));
    let below = match (overview, listing.item(look.engine, selected)) {
        (Overview::Holds, Some(Item::Hold(hold))) => {
            let height = holds::height(look);
            (height > 0).then(|| holds::panel(look, hold, height))
        }
        (Overview::Timeline, _) => timeline::below(look, memory),
        _ => None,
    };
    let height = look.shape.body - below.as_ref().map_or(0, |panel| panel.height);
    let rows = usize::from(height).saturating_sub(2).max(1);
    let offset = list
        .offset
        .clamp((selected + 1).saturating_sub(rows), selected);
    let picked = overviews.of(overview);
    let all = (!picked.filter.is_empty()).then_some(listing.all());
    let place = title::place(Some(selected), listing.len(), all);
    let mut title = Bar::default().left(0, name(overview));
    if overview == Overview::Timeline {
        title = title.left(3, timeline::live(look, picked.follows()));
    }
    let title = title::ordered(title, picked.sort.word(), &picked.filter, place);
    let content = if listing.all() == 0 {
        Content::Lines(vec![Line::new(), nothing(look, overview)])
    } else if listing.is_empty() {
        Content::Lines(no_match(look, overview, &picked.filter))
    } else {
        let seen = listing.items(look.engine, offset, rows);
        let rows = seen
            .map(|(place, item)| Row::Entries {
                cells: shown_only(look, overview, cells(look, &item)).into(),
                cursor: place == selected,
                selected: None,
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
fn name(overview: Overview) -> Line {
    let tab = |name: &str, shown| {
        if shown {
            Line::of(Tone::Accent, format!("[{name}]"))
        } else {
            Line::of(Tone::Plain, format!(" {name} "))
        }
    };
    match overview {
        Overview::Tasks => Line::of(Tone::Heading, "TASKS IN FLIGHT OR WAITING"),
        Overview::Holds => Line::of(Tone::Heading, "HOLDS"),
        Overview::Timeline => Line::of(Tone::Heading, "TIMELINE"),
        Overview::Runs | Overview::PullRequests => tab("Pipelines", overview == Overview::Runs)
            .with(Tone::Plain, " ")
            .then(tab("Pull requests", overview == Overview::PullRequests)),
    }
}

fn nothing(look: &Look<'_>, overview: Overview) -> Line {
    let rows = &look.engine.board.rows;
    let unread = rows.iter().any(Look::is_loading);
    let unknown = rows.iter().filter(|row| row.facts.value().is_none());
    let unknown = unknown.count();
    let text = match overview {
        Overview::Timeline => return timeline::nothing(look),
        _ if unread => "  reading…",
        // What was never read may have some.
        Overview::Runs | Overview::PullRequests | Overview::Tasks if unknown > 0 => {
            let all = rows.len();
            let text = format!("  ? not known: {unknown} of {all} services could not be read");
            return Line::of(Tone::Unknown, text);
        }
        Overview::Runs => "  no recent runs",
        Overview::PullRequests => "  no open pull requests",
        Overview::Tasks => "  nothing is under way",
        Overview::Holds => "  nothing is held",
    };
    Line::of(Tone::Muted, text)
}

/// What stands where lines would, where the filter lets none through.
fn no_match(look: &Look<'_>, overview: Overview, filter: &str) -> Vec<Line> {
    let one = match overview {
        Overview::Runs => "run",
        Overview::PullRequests => "pull request",
        Overview::Tasks => "task",
        Overview::Holds => "hold",
        Overview::Timeline => "entry",
    };
    let fields = look.interface.filter_fields();
    let text = format!("esc takes the filter back; it looks at words, and at {fields}");
    let columns = usize::from(look.shape.main()).saturating_sub(4);
    let told = wrap(&text, columns).into_iter();
    let told = told.map(|line| Line::plain(format!("  {line}")));
    let first = Line::plain(format!("  No {one} matches ")).with(Tone::Accent, filter.to_owned());
    [Line::new(), first, Line::new()]
        .into_iter()
        .chain(told)
        .collect()
}

/// The columns that are shown; the last of the list takes the room that is left.
fn columns(look: &Look<'_>, overview: Overview) -> Vec<Column> {
    let all = all(overview);
    let last = all.last().map(|column| column.name);
    let shown = all.iter().filter(|column| is_shown(look, overview, column));
    shown
        .map(|column| Column {
            title: match column.name {
                "time" => format!("TIME {}", look.clock.zone()).into(),
                name => name.to_uppercase().into(),
            },
            least: column.least,
            rank: column.rank,
            grows: last == Some(column.name),
            ..Column::default()
        })
        .collect()
}

fn is_shown(look: &Look<'_>, overview: Overview, column: &ListColumn) -> bool {
    let hidden = &look.interface.overviews.of(overview).hidden;
    match column.choice {
        Choice::Always => true,
        Choice::UnlessHidden | Choice::WhenAsked => !hidden.contains(column.name),
    }
}

/// The cells of a line under the columns that are shown.
fn shown_only(look: &Look<'_>, overview: Overview, cells: Vec<Line>) -> Vec<Entry> {
    let all = all(overview).iter().zip(cells);
    let shown = all.filter(|(column, _)| is_shown(look, overview, column));
    shown.map(|(_, line)| Entry::of(line)).collect()
}

/// The cells of a line, one for each column that the list could show.
fn cells(look: &Look<'_>, item: &Item<'_>) -> Vec<Line> {
    match item {
        Item::Run(row, run) => of_run(look, row, run),
        Item::PullRequest(row, request) => of_request(look, row, request),
        Item::Flight(row, cell, flight) => of_flight(look, row, cell, flight),
        Item::Hold(hold) => holds::cells(look, hold),
        Item::Order(promotion) => of_order(look, promotion),
        Item::Release(run) => of_release(look, run),
        Item::Entry(entry, _) => timeline::cells(look, entry),
        Item::Sent(promotion, _) => timeline::order(look, promotion),
    }
}

fn of_run(look: &Look<'_>, row: &board::Row, run: &pipeline::Run) -> Vec<Line> {
    let version = row
        .facts
        .value()
        .and_then(|facts| facts.version_of(&run.sha));
    let mut what = Line::plain(row.title(run).unwrap_or_default().to_owned());
    for waiting in &run.waiting {
        what = Line::of(Tone::Warning, format!("for {}  ", waiting.environment)).then(what);
    }
    let checks = row
        .facts
        .value()
        .and_then(|facts| facts.checks.get(&run.sha));
    let by_hold = checks.is_some_and(|checks| only_holds_failed(checks, &row.service));
    if run.phase == Phase::Failed && by_hold {
        what = Line::of(Tone::Warning, "only a hold's own status  ").then(what);
    }
    vec![
        look.glyphs.phase(&run.phase),
        Line::of(Tone::Strong, row.service.name.to_string()),
        forge(Some(row)),
        Line::plain(format!("{} #{}", run.name, run.number)),
        Line::of(
            Tone::Muted,
            version.unwrap_or_else(|| run.sha.short()).to_owned(),
        ),
        Line::plain(run.branch.clone().unwrap_or_default()),
        Line::of(Tone::Muted, time::age(look.clock.ago(run.updated_at))),
        who(row.run_by(run)),
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
        forge(Some(row)),
        Line::of(Tone::Accent, format!("#{}", request.number)),
        match &request.checks {
            Some(phase) => look.glyphs.phase(phase),
            None => Line::of(Tone::Muted, ". none"),
        },
        Line::plain(request.head_ref.clone()),
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
            Line::of(Tone::Warning, format!("{} waits", look.glyphs.waiting())),
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
        forge(Some(row)),
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
        forge(look.engine.board.row(&intent.service)),
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
        forge(None),
        Line::plain(format!("{} moves", run.moves.len())),
        Line::of(Tone::Muted, time::span(look.clock.ago(run.started_at))),
        who(Some(&run.by)),
        Line::plain("wave by wave: enter opens it"),
    ]
}

pub(super) fn who(person: Option<&crate::domain::ids::Person>) -> Line {
    Line::plain(person.map_or("-", |person| person.as_str()).to_owned())
}

fn forge(row: Option<&board::Row>) -> Line {
    let forge = row.map_or("-", |row| row.service.forge.as_str());
    Line::of(Tone::Muted, forge.to_owned())
}
