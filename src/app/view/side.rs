//! The right side of a wide screen: what is under way, votes, what comes next, forges, timeline; on a
//! screen that is wide and high enough, the log of what is under way below them.

use super::line::{Line, Tone, cut};
use super::look::Look;
use super::memory::Memory;
use super::panel::{Bar, Content, Panel};
use super::{coming, log, release, time, timeline};
use crate::app::command::Command;
use crate::app::interface::{Pane, Screen};
use crate::domain::board::Row;
use crate::domain::cell::{Cell, InFlight};
use crate::domain::ids::{Person, RoleName};
use crate::domain::phase::Phase;
use crate::domain::policy::GateSpec;
use crate::domain::scope;
use crate::domain::signoff::{Ballot, Closings, Standing, Tally, Voice, Vote};

pub(super) fn panels(look: &Look<'_>, memory: &mut Memory) -> Vec<Panel> {
    let mut panels = Vec::new();
    let tail = log::tail(look);
    let mut left = look.shape.body - tail.as_ref().map_or(0, |tail| tail.height);
    let on_timeline = matches!(look.interface.screen, Screen::Timeline);
    let third = usize::from(left / 4).max(2);
    let mut add = |title: Line, lines: Vec<Line>, most: usize| {
        let count = lines.len().min(most);
        let height = u16::try_from(count).unwrap_or(u16::MAX).saturating_add(2);
        if count == 0 || height > left {
            return;
        }
        left -= height;
        panels.push(Panel {
            title: Some(Bar::default().left(0, title)),
            content: Content::Lines(lines.into_iter().take(count).collect()),
            height,
        });
    };
    let flights = in_flight(look);
    add(
        Line::of(Tone::Heading, "IN FLIGHT"),
        if flights.is_empty() {
            vec![Line::of(Tone::Muted, " nothing").then(waiting(look))]
        } else {
            flights
        },
        third,
    );
    let (title, votes) = votes(look);
    let on_release = matches!(look.interface.screen, Screen::Release);
    let (title, votes) = if votes.is_empty() && !on_release {
        release::brief(look).unwrap_or_default()
    } else {
        (title, votes)
    };
    add(title, votes, third);
    add(
        Line::of(Tone::Heading, "NEXT"),
        coming::lines(
            look,
            third,
            usize::from(look.shape.side).saturating_sub(2),
            memory,
        ),
        third,
    );
    add(Line::of(Tone::Heading, "FORGES"), forges(look), third);
    if !on_timeline && left > 3 {
        let rows = usize::from(left) - 1;
        let entries = timeline::newest(look).take(rows);
        let mut lines: Vec<Line> = entries.map(|entry| timeline::short(look, entry)).collect();
        if lines.is_empty() {
            lines.push(Line::of(Tone::Muted, " nothing yet"));
        }
        panels.push(Panel {
            title: Some(Bar::default().left(0, Line::of(Tone::Heading, "TIMELINE"))),
            content: Content::Lines(lines),
            height: left,
        });
    } else if tail.is_some() && left > 0 {
        panels.push(Panel {
            title: None,
            content: Content::Lines(Vec::new()),
            height: left,
        });
    }
    panels.extend(tail);
    panels
}

/// Two lines each: what and how far, who and how long. Of the whole board, whatever the filter shows.
fn in_flight(look: &Look<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for name in look.tally.moving.iter().take(usize::from(look.shape.rows)) {
        let Some(row) = look.engine.board.row(name) else {
            continue;
        };
        for cell in &row.cells {
            // What waits for somebody's approval is not moving.
            let Some(flight) = cell
                .in_flight
                .as_ref()
                .filter(|flight| !flight.awaits_approval())
            else {
                continue;
            };
            let by = flight.by.as_ref().map_or("?", |person| person.as_str());
            let since = time::span(look.clock.ago(flight.since));
            let (glyph, tone) = if flight.unsettled {
                ("?", Tone::Unknown)
            } else {
                (look.glyphs.running(), Tone::Running)
            };
            let mut line = Line::of(tone, format!(" {glyph} "))
                .with(Tone::Strong, format!("{name} {} ", cell.environment))
                .with(Tone::Plain, flight.revision.to_string());
            if let Some(percent) = look.percent(row, cell) {
                // Half a meter tells nothing: where it has no room, the number does.
                let room = usize::from(look.shape.side).saturating_sub(2 + line.width());
                let told = if room > 12 {
                    format!(" {}", coming::meter(percent, 10))
                } else {
                    format!(" {percent}%")
                };
                line.push(Tone::Running, told);
            }
            lines.push(line);
            let word = if flight.unsettled {
                "outcome unknown".to_owned()
            } else {
                job(look, row, flight).unwrap_or_else(|| flight.phase.word().to_owned())
            };
            lines.push(
                Line::of(Tone::Muted, format!("   {by} {since}  {word}"))
                    .then(eta(look, row, cell, flight)),
            );
        }
    }
    lines
}

/// `, 5 wait for approval (5)`: what the list of tasks has besides.
fn waiting(look: &Look<'_>) -> Line {
    let count = look.tally.at_the_door;
    if count == 0 {
        return Line::new();
    }
    let verb = if count == 1 { "waits" } else { "wait" };
    Line::of(Tone::Muted, format!(", {count} {verb} for approval ("))
        .with(Tone::Key, look.key(Command::Tasks))
        .with(Tone::Muted, ")")
}

/// `deploy 3/4 jobs`: the job that runs, and how many are done.
fn job(look: &Look<'_>, row: &Row, flight: &InFlight) -> Option<String> {
    let key = (row.service.name.clone(), flight.run?);
    let jobs = look.engine.jobs.get(&key)?.value()?;
    let runs = jobs.iter().find(|job| job.phase == Phase::Running)?;
    let done = jobs.iter().filter(|job| !job.phase.is_in_flight()).count();
    Some(format!(
        "{} {done}/{} jobs",
        cut(&runs.name, 18),
        jobs.len()
    ))
}

/// When it is done as nine of ten were, or that it is later than that.
fn eta(look: &Look<'_>, row: &Row, cell: &Cell, flight: &InFlight) -> Line {
    let estimate = look.engine.takes(&row.service.name, &cell.environment);
    let Some(takes) = estimate.p90.filter(|_| !flight.unsettled) else {
        return Line::new();
    };
    let left = takes - look.clock.ago(flight.since);
    if left.is_positive() {
        Line::of(Tone::Muted, format!("  ETA {}", time::span(left)))
    } else if estimate.like.is_none() {
        Line::of(Tone::Warning, format!("  {} late", time::span(left.abs())))
    } else {
        // How long another environment takes tells nothing of what is late here.
        Line::new()
    }
}

/// The roles that must sign the selected cell off, and what they said.
fn votes(look: &Look<'_>) -> (Line, Vec<Line>) {
    let none = (Line::new(), Vec::new());
    // Where nothing would go in, there is nothing to decide on, and old votes are history.
    let Some((row, cell)) = look.selected().filter(|(_, cell)| cell.candidate.is_some()) else {
        return none;
    };
    let stage = row.service.stage(&cell.environment);
    let asked = stage.and_then(|stage| {
        let mut gates = stage.gates.iter();
        gates.find_map(|gate| match gate {
            GateSpec::SignOff {
                roles, distinct, ..
            } => Some((roles, *distinct, stage.at_close())),
            _ => None,
        })
    });
    let (Some((roles, distinct, at_close)), Some(ledger), Some(to)) =
        (asked, &look.engine.ledger, &cell.candidate)
    else {
        return none;
    };
    let (service, environment) = (&row.service.name, &cell.environment);
    let policy = &look.engine.policy;
    let bound = scope::hash(service, environment, cell.live.as_ref(), to);
    let now = look.now;
    let closings = Closings::new(&policy.windows, service, environment, at_close, now);
    let ballots = ledger.votes_on(service, environment).map(Vote::ballot);
    let tally = Tally::of(ballots, &bound, roles, distinct, policy, Some(&closings));
    let lines = tally
        .roles
        .iter()
        .map(|(role, person)| vote(look, &tally, role, *person))
        .collect();
    let given = roles.len() - tally.missing().len();
    let title = Line::of(
        Tone::Heading,
        format!("GO / NO-GO {given}/{} ", roles.len()),
    )
    .with(Tone::Plain, service.to_string());
    (title, lines)
}

/// What one required role has said: what counts, else the newest word that does not.
fn vote(look: &Look<'_>, tally: &Tally<'_>, role: &RoleName, filled: Option<&Person>) -> Line {
    let newest = |wanted: &dyn Fn(&Ballot<'_>, Standing) -> bool| {
        let ballots = tally.ballots.iter();
        ballots
            .filter(|(ballot, standing)| wanted(ballot, *standing))
            .max_by_key(|(ballot, _)| ballot.at)
    };
    let against = |ballot: &Ballot<'_>, standing| {
        ballot.role == role && standing == Standing::Valid && ballot.voice == Voice::NoGo
    };
    let fills = |ballot: &Ballot<'_>, standing| {
        standing == Standing::Valid && Some(ballot.person) == filled
    };
    let own = |ballot: &Ballot<'_>, standing| ballot.role == role && standing != Standing::Valid;
    let found = newest(&against).or_else(|| newest(&fills));
    let Some((ballot, standing)) = found.or_else(|| newest(&own)) else {
        let who = look.engine.policy.roles.get(role);
        let who: Vec<&str> = who.into_iter().flatten().map(Person::as_str).collect();
        return Line::of(Tone::Running, format!(" {} WAIT   ", look.glyphs.waiting()))
            .with(Tone::Plain, format!("{role} "))
            .with(Tone::Muted, who.join(", "));
    };
    let (start, note) = match (standing, ballot.voice) {
        (Standing::Valid, Voice::Go) => (
            Line::of(Tone::Good, format!(" {} GO     ", look.glyphs.good())),
            cut(ballot.note, 24).into_owned(),
        ),
        (Standing::Valid, Voice::NoGo) => (
            Line::of(Tone::Bad, format!(" {} NO-GO  ", look.glyphs.bad())),
            cut(ballot.note, 24).into_owned(),
        ),
        (Standing::Void, _) => (
            Line::of(Tone::Unknown, " ? STALE  "),
            format!("saw {}", ballot.saw),
        ),
        (Standing::NotAMember, _) => (
            Line::of(Tone::Unknown, " ? NO ROLE "),
            "has the role no longer".to_owned(),
        ),
        (Standing::Withdrawn(at), _) => (
            Line::of(Tone::Unknown, " ? AGAIN  "),
            format!("window closed {}", look.clock.short(*at)),
        ),
    };
    start
        .with(Tone::Plain, format!("{role} {} ", ballot.person))
        .with(Tone::Muted, note)
}

fn forges(look: &Look<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (name, forge) in &look.engine.forges {
        let age = forge
            .answered_at
            .map_or_else(|| "never".to_owned(), |at| time::age(look.clock.ago(at)));
        let picked = look.interface.pane == Pane::Forges
            && look.interface.picked_forge(look.engine) == Some(name);
        let mut line = if picked {
            Line::of(Tone::Focus, format!(">{name} "))
        } else {
            Line::of(Tone::Strong, format!(" {name} "))
        };
        match &forge.fault {
            Some(fault) => {
                line.push(
                    Tone::Bad,
                    format!("{} {}", look.glyphs.bad(), fault.kind.word()),
                );
                line.push(Tone::Plain, format!("  last answer {age}"));
                if let Some(at) = fault.retry_at {
                    let left = time::span(look.clock.until(at));
                    line.push(Tone::Plain, format!(", retry in {left}"));
                }
            }
            None if look.is_old(forge) && forge.answered_at.is_some() => {
                line.push(Tone::Unknown, format!("? STALE {age}"));
            }
            None if forge.answered_at.is_some() => {
                line.push(Tone::Good, format!("{} OK ", look.glyphs.good()));
                line.push(Tone::Plain, age);
            }
            None => line = line.then(super::forge::unanswered(look, forge)),
        }
        lines.push(line);
        if let Some(left) = forge.budget.remaining {
            let limit = forge
                .budget
                .limit
                .map_or_else(String::new, |limit| format!("/{limit}"));
            let resets = forge.budget.resets_at.map_or_else(String::new, |at| {
                format!("  resets {}", look.clock.short(at))
            });
            lines.push(Line::of(
                Tone::Muted,
                format!("   budget {left}{limit}{resets}"),
            ));
        }
    }
    lines
}
