//! The peek pane: the gates of the cell under the cursor and what would move; with room, also its
//! deployments.

use super::deployments::{self, Order};
use super::line::{Line, Tone};
use super::look::Look;
use super::panel::{Bar, Content, Panel};
use super::{empty, gates, lane, scope};
use crate::app::command::Command;
use crate::app::interface::Pane;
use crate::domain::board::Row;
use crate::domain::cell::{self, Cell};
use crate::domain::gate::State;
use crate::domain::hold::Term;
use crate::domain::policy::Mode;
use crate::domain::revision::Revision;
use crate::domain::rollback;
use crate::domain::verification::Standing;

/// From so many rows on there is room for more than the gates.
const ROOMY: usize = 12;

pub(super) fn panel(look: &Look<'_>) -> Panel {
    let height = look.shape.peek;
    let Some((row, cell)) = look.selected() else {
        return Panel {
            title: Some(Bar::default().left(0, Line::of(Tone::Heading, "PEEK"))),
            content: Content::Lines(vec![Line::of(Tone::Muted, " nothing is selected")]),
            height,
        };
    };
    let rows = usize::from(height) - 1;
    let mut title = Bar::default()
        .left(0, movement(look, row, cell))
        .right(0, gates::sum(look, row, cell));
    let content = if look.interface.pane == Pane::Peek {
        title = title.right(1, Line::of(Tone::Focus, "j k gate"));
        let columns = usize::from(look.shape.main()).saturating_sub(1);
        let mut all = indented(notices(look, row, cell));
        let above = all.len();
        let told = gates::full(look, row, cell, columns, rows.saturating_sub(above));
        let offset = match told.offset(rows.saturating_sub(above)) {
            0 => 0,
            offset => (above + offset).min((above + told.lines.len()).saturating_sub(rows)),
        };
        all.extend(told.lines);
        all.into_iter().skip(offset).take(rows).collect()
    } else {
        lines(look, row, cell, rows)
    };
    Panel {
        title: Some(title),
        content: Content::Lines(content),
        height,
    }
}

/// `api-gateway  staging > prod  2.40.3 > 2.41.0`.
pub(super) fn movement(look: &Look<'_>, row: &Row, cell: &Cell) -> Line {
    let mut line = Line::of(Tone::Strong, row.service.name.to_string());
    let to = &cell.environment;
    line.push(Tone::Heading, format!("  {} > ", Look::origin(row, cell)));
    line.push(look.environment_tone(to), to.to_string());
    let unread = row.facts.value().is_none();
    let nothing = if unread { "?" } else { "nothing" };
    let from = cell
        .live
        .as_ref()
        .map_or(nothing, |revision| revision.label());
    match &cell.candidate {
        Some(candidate) => {
            line.push(Tone::Plain, format!("  {from} > "));
            line.push(Tone::Strong, candidate.to_string());
        }
        None => line.push(Tone::Plain, format!("  {from}")),
    }
    line
}

fn lines(look: &Look<'_>, row: &Row, cell: &Cell, rows: usize) -> Vec<Line> {
    if let Some(lines) = empty::first_load(look) {
        return lines;
    }
    let columns = usize::from(look.shape.main()).saturating_sub(2);
    let mut lines = notices(look, row, cell);
    let strip = (rows > 8).then(|| lane::strip(look, row, cell)).flatten();
    // Gates that let through share a line before the lane and the last deployments go.
    let below = if rows >= ROOMY {
        usize::from(strip.is_some()) + 3
    } else {
        0
    };
    let gates_room = if rows > 8 {
        // What does not fit is folded by the gates, never cut off without a word.
        let left = rows.saturating_sub(lines.len() + 2);
        let verdicts = cell.judgement.verdicts.iter();
        let told = verdicts.filter(|verdict| look.gate(row, verdict) != State::Open);
        let least = (told.count() + 2).max(5);
        let room = left.saturating_sub(below).max(least).min(left);
        cell.judgement.verdicts.len().min(room)
    } else {
        rows.saturating_sub(lines.len() + 1)
    };
    if cell.candidate.is_some() || rows > 8 {
        lines.extend(gates::short(look, row, cell, columns, gates_room));
    }
    if rows <= 8 {
        lines.truncate(rows.saturating_sub(1));
        lines.push(scope::summary(look, row, cell));
        return indented(lines);
    }
    lines.push(Line::of(Tone::Heading, "earliest go  ").then(gates::earliest_line(look, cell)));
    lines.push(Line::of(Tone::Heading, "SCOPE  ").then(scope::summary(look, row, cell)));
    let left = rows.saturating_sub(lines.len());
    if let Some(known) = row.scope_of(cell).and_then(|fact| fact.value()) {
        let requests = scope::requests(look, known, columns);
        let most = left.saturating_sub(below).min(left / 2);
        lines.extend(requests.into_iter().take(most));
    }
    if rows.saturating_sub(lines.len()) > 3 && strip.is_some() {
        lines.extend(strip.map(|strip| {
            Line::of(Tone::Heading, "LANE  ")
                .then(strip)
                .fitted(columns)
        }));
    }
    let left = rows.saturating_sub(lines.len());
    if left > 2 {
        let heading = Line::of(Tone::Heading, format!("DEPLOYMENTS  {}", cell.environment));
        let back = back(look, row, cell);
        lines.push(heading.then(told_back(look, row, cell, back.as_ref())));
        let few = (Order::LiveFirst(back.as_ref()), left - 1);
        let told = deployments::lines(look, row, &cell.environment, columns, few);
        lines.extend(told);
    }
    indented(lines)
}

/// What `B` would put back.
fn back(look: &Look<'_>, row: &Row, cell: &Cell) -> Option<Revision> {
    let stage = row.service.stage(&cell.environment)?;
    let facts = row.facts.value()?;
    let ledger = look.engine.ledger.as_ref()?;
    rollback::target(facts, ledger, &row.service, stage, None, look.now).ok()
}

/// `  B goes back to 2.40.1`, where `B` would.
pub(super) fn way_back(look: &Look<'_>, row: &Row, cell: &Cell) -> Line {
    told_back(look, row, cell, back(look, row, cell).as_ref())
}

fn told_back(look: &Look<'_>, row: &Row, cell: &Cell, back: Option<&Revision>) -> Line {
    let (service, environment) = (&row.service.name, &cell.environment);
    let refused = || look.engine.no_way_back(service, environment, look.now);
    // Why it is refused stands where the key is struck out.
    back.filter(|_| refused().is_none())
        .map_or_else(Line::new, |back| {
            Line::plain("  ")
                .with(Tone::Key, look.key(Command::Rollback))
                .with(Tone::Muted, format!(" goes back to {back}"))
        })
}

/// What stands before every gate: trouble with the facts, holds, something under way.
pub(super) fn notices(look: &Look<'_>, row: &Row, cell: &Cell) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(fault) = &row.facts.fault {
        let age = row.facts.age(look.now).map_or_else(String::new, |age| {
            format!("; facts are {} old", super::time::age(age))
        });
        let mut text = format!("{}: {}{age}", fault.kind.word(), fault.why);
        if let Some(hint) = &fault.hint {
            text = format!("{text}; {hint}");
        }
        lines.push(Line::of(Tone::Unknown, format!("? {text}")));
    }
    lines.extend(denied(look, row, cell));
    let holds = cell.holds.iter().chain(&cell.against_live);
    for hold in holds.filter(|hold| hold.is_on(look.now)) {
        let (glyph, _, tone) = look.glyphs.state(crate::domain::cell::CellState::Held);
        let until = match hold.term(look.now) {
            Term::UntilLifted => "until lifted".to_owned(),
            Term::Ends(at) => format!("until {}", look.clock.short(at)),
            Term::Asks(at) => format!("asks at {}", look.clock.short(at)),
            Term::Asking(at) => format!("asks since {}: lift or extend", look.clock.short(at)),
        };
        // A hold on this cell alone needs no more words; a wider one says how wide.
        let alone = hold.cover.service.is_some() && hold.cover.environment.is_some();
        let covers = if alone {
            String::new()
        } else {
            format!(", covers {}", look.engine.board.cover(&hold.cover))
        };
        lines.push(
            Line::of(tone, format!("{glyph} HOLD {} ", hold.owner))
                .with(Tone::Strong, hold.reason.clone())
                .with(
                    Tone::Muted,
                    format!(
                        "  {until}, since {}{covers}",
                        super::time::age(look.clock.ago(hold.since)),
                    ),
                ),
        );
    }
    lines.extend(super::brake::lines(
        look,
        &row.service.name,
        &cell.environment,
    ));
    lines.extend(after(look, row, cell));
    if let Some(flight) = &cell.in_flight {
        lines.push(super::coming::flight(look, row, cell, flight));
    }
    lines.extend(super::failure::line(look, row, cell));
    if let Some((candidate, live)) = cell.candidate.as_ref().zip(cell.live.as_ref())
        && scope::goes_back(row, cell)
    {
        let text = format!("! {candidate} is OLDER than {live}, which is live: it would go back");
        lines.push(Line::of(Tone::Bad, text));
    }
    lines
}

/// What this token may not do on the forge for this cell, and what would help.
fn denied(look: &Look<'_>, row: &Row, cell: &Cell) -> Option<Line> {
    let missing = look.engine.missing(&row.service);
    let here: Vec<_> = missing
        .iter()
        .filter(|missing| {
            let environment = missing.environment.as_ref();
            environment.is_none_or(|it| *it == cell.environment)
        })
        .collect();
    let words: Vec<&str> = here.iter().map(|it| it.capability.word()).collect();
    let first = here.first()?;
    Some(
        Line::of(Tone::Warning, "! this token may not here: ")
            .with(Tone::Strong, words.join(", "))
            .with(Tone::Plain, format!("; {}", first.denial.hint)),
    )
}

/// What has come of what is live, and what is about to go by itself.
fn after(look: &Look<'_>, row: &Row, cell: &Cell) -> Vec<Line> {
    let mut lines = Vec::new();
    let live = cell.live.as_ref().map_or("?", |live| live.label());
    let mut say = |tone, text: String| lines.push(Line::of(tone, text));
    match &cell.verification {
        Standing::Verifying { until, .. } => {
            let until = until.map_or_else(String::new, |until| {
                format!(", until {}", look.clock.short(until))
            });
            say(Tone::Running, format!("? {live} is being verified{until}"));
        }
        Standing::Failed { why } => {
            say(
                Tone::Bad,
                format!("! {live} failed its verification: {why}; B rolls back"),
            );
        }
        Standing::NotAsked | Standing::Unknown | Standing::Passed => {}
    }
    if cell.out_of_band {
        let by = cell
            .deployed_by
            .as_ref()
            .map_or("somebody", |by| by.as_str());
        say(
            Tone::Warning,
            format!("! out of band: {by} brought {live} by another way"),
        );
    }
    if let Some(red) = &cell.red {
        say(
            Tone::Bad,
            format!("! checks of {live} turned red since: {red}"),
        );
    }
    if let Some(countdown) = look.engine.countdown(&row.service.name, &cell.environment) {
        let left = super::time::span(look.clock.until(countdown.ends_at));
        let revision = &countdown.revision;
        say(
            Tone::Warning,
            format!("! auto promotes {revision} in {left}; H stops it"),
        );
    }
    let mode = row.service.stage(&cell.environment).map(|stage| stage.mode);
    if mode == Some(Mode::Auto)
        && cell.candidate.is_some()
        && let Some(why) =
            look.engine
                .auto_stands_aside_for(&row.service.name, &cell.environment, look.now)
    {
        say(Tone::Muted, format!("auto stands aside: {why}"));
    }
    for (older, newer) in cell::superseded(row.facts.value(), &cell.environment) {
        let text = format!("{older} still waits on the forge, superseded by {newer}");
        say(Tone::Muted, text);
    }
    lines
}

fn indented(lines: Vec<Line>) -> Vec<Line> {
    lines
        .into_iter()
        .map(|line| Line::plain(" ").then(line))
        .collect()
}
