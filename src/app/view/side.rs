//! The right side of a wide screen: what is under way, votes, what comes next, forges, timeline.

use super::line::{Line, Tone, cut};
use super::look::Look;
use super::panel::{Bar, Content, Panel};
use super::{coming, time, timeline};
use crate::app::interface::{Pane, Screen};
use crate::domain::ids::Person;
use crate::domain::policy::GateSpec;
use crate::domain::scope;
use crate::domain::signoff::Voice;

pub(super) fn panels(look: &Look<'_>) -> Vec<Panel> {
    let mut panels = Vec::new();
    let mut left = look.shape.body;
    let on_timeline = matches!(look.interface.screen, Screen::Timeline);
    let third = usize::from(look.shape.body / 4).max(2);
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
            vec![Line::of(Tone::Muted, " nothing")]
        } else {
            flights
        },
        third,
    );
    let (title, votes) = votes(look);
    add(title, votes, third);
    add(
        Line::of(Tone::Heading, "NEXT"),
        coming::lines(look, third),
        third,
    );
    add(Line::of(Tone::Heading, "FORGES"), forges(look), third);
    if !on_timeline && left > 3 {
        let rows = usize::from(left) - 1;
        let entries = look.engine.entries.iter().rev().take(rows);
        let mut lines: Vec<Line> = entries.map(|entry| timeline::short(look, entry)).collect();
        if lines.is_empty() {
            lines.push(Line::of(Tone::Muted, " nothing yet"));
        }
        panels.push(Panel {
            title: Some(Bar::default().left(0, Line::of(Tone::Heading, "TIMELINE"))),
            content: Content::Lines(lines),
            height: left,
        });
    }
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
                line.push(Tone::Running, format!(" {}", coming::meter(percent, 10)));
            }
            lines.push(line);
            let word = if flight.unsettled {
                "outcome unknown"
            } else {
                flight.phase.word()
            };
            lines.push(Line::of(Tone::Muted, format!("   {by} {since}  {word}")));
        }
    }
    lines
}

/// The roles that must sign the selected cell off, and what they said.
fn votes(look: &Look<'_>) -> (Line, Vec<Line>) {
    let none = (Line::new(), Vec::new());
    // Where nothing would go in, there is nothing to decide on, and old votes are history.
    let Some((row, cell)) = look.selected().filter(|(_, cell)| cell.candidate.is_some()) else {
        return none;
    };
    let roles = row
        .service
        .stage(&cell.environment)
        .into_iter()
        .flat_map(|stage| stage.gates.iter())
        .find_map(|gate| match gate {
            GateSpec::SignOff { roles, .. } => Some(roles),
            _ => None,
        });
    let (Some(roles), Some(ledger)) = (roles, &look.engine.ledger) else {
        return none;
    };
    let service = &row.service.name;
    let hash = cell
        .candidate
        .as_ref()
        .map(|to| scope::hash(service, &cell.environment, cell.live.as_ref(), to));
    let mut given = 0;
    let mut lines = Vec::new();
    for role in roles {
        let vote = ledger
            .votes_on(service, &cell.environment)
            .filter(|vote| vote.role == *role)
            .max_by_key(|vote| vote.at);
        let line = match vote {
            None => {
                let who = look.engine.policy.roles.get(role);
                let who: Vec<&str> = who.into_iter().flatten().map(Person::as_str).collect();
                Line::of(Tone::Running, format!(" {} WAIT   ", look.glyphs.waiting()))
                    .with(Tone::Plain, format!("{role} "))
                    .with(Tone::Muted, who.join(", "))
            }
            Some(vote) if Some(&vote.scope) != hash.as_ref() => {
                Line::of(Tone::Unknown, " ? STALE  ")
                    .with(Tone::Plain, format!("{role} {} ", vote.person))
                    .with(Tone::Muted, format!("saw {}", vote.saw))
            }
            Some(vote) => {
                let (glyph, word, tone) = match vote.voice {
                    Voice::Go => (look.glyphs.good(), "GO", Tone::Good),
                    Voice::NoGo => (look.glyphs.bad(), "NO-GO", Tone::Bad),
                };
                given += usize::from(vote.voice == Voice::Go);
                Line::of(tone, format!(" {glyph} {word:<6} "))
                    .with(Tone::Plain, format!("{role} {} ", vote.person))
                    .with(Tone::Muted, cut(&vote.note, 24).into_owned())
            }
        };
        lines.push(line);
    }
    let title = Line::of(
        Tone::Heading,
        format!("GO / NO-GO {given}/{} ", roles.len()),
    )
    .with(Tone::Plain, service.to_string());
    (title, lines)
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
            None => line.push(Tone::Muted, "not asked yet"),
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
