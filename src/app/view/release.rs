//! The go/no-go of a release: who says what on exactly which set, what is in the way, what would
//! move in which wave and when, and how far a run is.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::line::{Line, Tone, cut, width};
use super::look::Look;
use super::panel::{Bar, Content, Panel};
use super::time;
use crate::app::state::State;
use crate::domain::gate::{Earliest, Go};
use crate::domain::ids::Person;
use crate::domain::release::Release;
use crate::domain::release::agenda::Move;
use crate::domain::release::decision::{Decision, Said, difference};
use crate::domain::release::prognosis::{Fit, Planned, Prognosis};
use crate::domain::release::run::{Progress, Run, rollback_order};
use crate::domain::window::Schedule;

pub(super) fn main(look: &Look<'_>) -> Vec<Panel> {
    let policy = &look.engine.policy;
    let Some(release) = look.interface.release(policy) else {
        return vec![none(look)];
    };
    let decision = look.engine.decision(release, look.now);
    let prognosis = look.engine.prognosis(release, look.now);
    let columns = usize::from(look.shape.main()).saturating_sub(1);
    let votes = votes(look, release, &decision, columns);
    let body = usize::from(look.shape.body);
    let above = (votes.len() + 1).min(body * 3 / 5);
    let (set, selected) = set(look, release, &decision, &prognosis, columns);
    let below = body.saturating_sub(above + 1).max(1);
    let offset = (selected + 2)
        .saturating_sub(below)
        .min(set.len().saturating_sub(below));
    let place = policy
        .releases
        .iter()
        .position(|one| one.name == release.name)
        .unwrap_or(0);
    let mut title = Bar::default()
        .left(
            0,
            Line::of(
                Tone::Strong,
                format!("GO / NO-GO {} > {}", release.name, release.environment),
            ),
        )
        .right(0, countdown(look, release, &prognosis));
    if policy.releases.len() > 1 {
        let many = format!("[ ] {}/{}", place + 1, policy.releases.len());
        title = title.right(2, Line::of(Tone::Muted, many));
    }
    vec![
        Panel {
            title: Some(title),
            content: Content::Lines(votes.into_iter().take(above - 1).collect()),
            height: rows(above),
        },
        Panel {
            title: Some(set_title(look, &decision, &prognosis)),
            content: Content::Lines(set.into_iter().skip(offset).take(below).collect()),
            height: rows(body - above),
        },
    ]
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Where there is no room: the countdown, the verdict, and each role in a word.
pub(super) fn tiny(look: &Look<'_>) -> Vec<Panel> {
    let policy = &look.engine.policy;
    let mut lines = Vec::new();
    if let Some(release) = look.interface.release(policy) {
        let decision = look.engine.decision(release, look.now);
        let prognosis = look.engine.prognosis(release, look.now);
        lines.push(
            Line::of(Tone::Strong, format!(" {} ", release.name)).then(verdict(look, &decision)),
        );
        lines.push(Line::plain(" ").then(countdown(look, release, &prognosis)));
        for (role, said) in decision.roles() {
            lines.push(
                Line::plain(" ")
                    .then(voice(look, said))
                    .with(Tone::Plain, role.to_string()),
            );
        }
    } else {
        lines.push(Line::of(Tone::Muted, " there is no release"));
    }
    vec![Panel {
        title: None,
        content: Content::Lines(lines),
        height: look.shape.body,
    }]
}

fn none(look: &Look<'_>) -> Panel {
    let lines = vec![
        Line::new(),
        Line::of(Tone::Strong, "  There is no release yet"),
        Line::new(),
        Line::plain("  Services that ship together are named in the config:"),
        Line::new(),
        Line::of(Tone::Accent, "    [release.\"2026.47\"]"),
        Line::of(Tone::Accent, "    services = [\"api\", \"web\"]"),
        Line::of(Tone::Accent, "    roles = [\"qa\"]"),
    ];
    Panel {
        title: Some(Bar::default().left(0, Line::of(Tone::Heading, "GO / NO-GO"))),
        content: Content::Lines(lines),
        height: look.shape.body,
    }
}

/// The last instant at which it can start and still be done by its due time and in its window.
fn decide_by(look: &Look<'_>, release: &Release, prognosis: &Prognosis) -> Option<Timestamp> {
    let starts = prognosis.waves.first().and_then(|wave| wave.starts);
    let takes = starts
        .zip(prognosis.ends)
        .map_or(SignedDuration::ZERO, |(starts, ends)| {
            ends.duration_since(starts)
        });
    let window = release.window.as_ref().and_then(|name| {
        let windows = &look.engine.policy.windows;
        let window = windows.iter().find(|window| window.name == *name)?;
        let from = starts.unwrap_or(look.now).max(look.now);
        let state = Schedule::only(window).state(from);
        state.open.then_some(state.changes_at).flatten()
    });
    let last = [release.due, window].into_iter().flatten().min()?;
    last.checked_sub(takes).ok()
}

/// `decide by 14:30Z in 00:12:10`.
fn countdown(look: &Look<'_>, release: &Release, prognosis: &Prognosis) -> Line {
    if let Some(run) = look.engine.last_run(&release.name) {
        match &run.ended {
            None => {
                let since = time::span(look.clock.ago(run.started_at));
                return Line::of(
                    Tone::Running,
                    format!("{} RUNS {since}", look.glyphs.running()),
                )
                .with(Tone::Muted, format!(" started by {}", run.by));
            }
            Some(ended) if prognosis.waves.is_empty() => {
                return Line::of(Tone::Plain, ended.how.word().to_uppercase())
                    .with(Tone::Muted, format!(" {}", look.clock.short(ended.at)));
            }
            Some(_) => {}
        }
    }
    match decide_by(look, release, prognosis) {
        Some(by) if by > look.now => Line::of(
            Tone::Plain,
            format!("decide by {} in ", look.clock.short(by)),
        )
        .with(Tone::Strong, time::countdown(look.clock.until(by))),
        Some(by) => Line::of(
            Tone::Bad,
            format!("TOO LATE since {}", look.clock.short(by)),
        ),
        None => Line::of(Tone::Muted, "no due time, no window"),
    }
}

fn verdict(look: &Look<'_>, decision: &Decision<'_>) -> Line {
    let (glyph, word, tone) = match decision.go {
        Go::Go => (look.glyphs.good(), "GO", Tone::Good),
        Go::NoGo => (look.glyphs.bad(), "NO-GO", Tone::Bad),
        Go::Unknown => ("?", "UNKNOWN", Tone::Unknown),
    };
    Line::of(tone, format!("{glyph} {word}"))
}

/// What a role has said, always ten columns wide.
fn voice(look: &Look<'_>, said: Said<'_>) -> Line {
    let (glyph, word, tone) = match said {
        Said::Go(_) => (look.glyphs.good(), "GO", Tone::Good),
        Said::NoGo(_) => (look.glyphs.bad(), "NO-GO", Tone::Bad),
        Said::Void(_) => ("?", "STALE", Tone::Unknown),
        Said::NotAMember(_) => ("?", "NO ROLE", Tone::Unknown),
        Said::Nothing => (look.glyphs.waiting(), "WAIT", Tone::Running),
    };
    Line::of(tone, format!("{glyph} {word:<7} "))
}

/// Roles, verdict, and what would clear it.
fn votes(look: &Look<'_>, release: &Release, decision: &Decision<'_>, columns: usize) -> Vec<Line> {
    let set = decision.bound.as_str().get(..4).unwrap_or_default();
    let moving = decision.agenda.moves().count();
    let distinct = if release.distinct {
        ", by different people"
    } else {
        ""
    };
    let mut lines = vec![
        Line::of(Tone::Muted, " set@")
            .with(Tone::Strong, set.to_owned())
            .with(
                Tone::Plain,
                format!(
                    ": {} services, {moving} to move; every role says go{distinct}",
                    release.items.len()
                ),
            ),
    ];
    if release.roles.is_empty() {
        lines.push(Line::of(Tone::Muted, " no role has to say go"));
    } else {
        let head = format!(
            " {:<14}{:<11}{:<11}{:<8}{:<6}NOTE",
            "ROLE", "WHO", "VOTE", "AT", "SAW"
        );
        lines.push(Line::of(Tone::Heading, head));
    }
    for (role, said) in decision.roles() {
        let ballot = said.ballot();
        let who = ballot.map_or_else(
            || {
                let members = look.engine.policy.roles.get(role);
                let members: Vec<&str> =
                    members.into_iter().flatten().map(Person::as_str).collect();
                format!("({})", members.join(" "))
            },
            |ballot| ballot.person.to_string(),
        );
        let at = ballot.map_or_else(|| "-".to_owned(), |ballot| look.clock.short(ballot.at));
        let saw = ballot.map_or("-", |ballot| ballot.scope.as_str().get(..4).unwrap_or("-"));
        let line = Line::plain(format!(" {:<14}", cut(role.as_str(), 13)))
            .with(Tone::Plain, format!("{:<11}", cut(&who, 10)))
            .then(voice(look, said))
            .padded(36)
            .with(Tone::Muted, format!(" {at:<7} {saw:<5} "));
        let note = match said {
            Said::Void(ballot) => {
                let changed = difference(ballot.saw, &decision.words);
                format!("set changed: {}", changed.join(" "))
            }
            Said::NotAMember(_) => "has the role no longer".to_owned(),
            Said::Go(ballot) | Said::NoGo(ballot) => ballot.note.to_owned(),
            Said::Nothing => String::new(),
        };
        let room = columns.saturating_sub(line.width());
        lines.push(line.with(Tone::Plain, cut(&note, room).into_owned()));
    }
    let mut why = Line::plain(" VERDICT ").then(verdict(look, decision));
    if !decision.why.is_empty() {
        why.push(Tone::Plain, format!("  {}", decision.why.join("; ")));
    }
    lines.push(fitted(why, columns));
    for cleared in clears(decision) {
        let line = Line::of(Tone::Heading, " TO CLEAR ").with(Tone::Plain, cleared);
        lines.push(fitted(line, columns));
    }
    if let Some(run) = look.engine.last_run(&release.name) {
        lines.extend(run_lines(look, run, columns));
    }
    lines
}

/// A line that is not wider than it may be: its last part is cut.
fn fitted(mut line: Line, columns: usize) -> Line {
    let over = line.width().saturating_sub(columns);
    if over > 0
        && let Some(last) = line.0.last_mut()
    {
        let room = width(&last.text).saturating_sub(over);
        last.text = cut(&last.text, room).into_owned().into();
    }
    line
}

/// What would make it go, one thing each.
fn clears(decision: &Decision<'_>) -> Vec<String> {
    let roles = decision.roles().into_iter();
    let mut clears: Vec<String> = roles
        .filter_map(|(role, said)| match said {
            Said::Go(_) => None,
            Said::NoGo(ballot) => Some(format!("{} changes the vote as {role}", ballot.person)),
            Said::Void(ballot) => Some(format!(
                "{} votes anew as {role}: {}",
                ballot.person,
                difference(ballot.saw, &decision.words).join(" ")
            )),
            Said::NotAMember(_) | Said::Nothing => Some(format!("somebody votes go as {role}")),
        })
        .collect();
    if decision.run.is_none() {
        clears.extend(decision.stuck.iter().map(|service| {
            format!("{service} gets its pinned candidate, or is left behind at the start")
        }));
    }
    clears
}

fn run_lines(look: &Look<'_>, run: &Run, columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let progress = |moved: &Move| look.engine.progress(run, moved, look.now);
    let done = run
        .moves
        .iter()
        .filter(|moved| progress(moved) == Progress::Arrived)
        .count();
    let count = format!("{done} of {} live", run.moves.len());
    let line = match &run.ended {
        Some(ended) => Line::of(Tone::Heading, " RUN ").with(
            Tone::Plain,
            format!(
                "{} {}, {count}",
                ended.how.word(),
                look.clock.short(ended.at)
            ),
        ),
        None => {
            let line = Line::of(Tone::Heading, " RUN ").with(Tone::Running, count);
            match look.engine.driver_is_seen(run) {
                Some(true) if run.driver == look.engine.instance => {
                    line.with(Tone::Plain, ", driven from here")
                }
                Some(true) => line.with(Tone::Plain, format!(", driven by {}'s gonogo", run.by)),
                Some(false) => line.with(Tone::Alarm, "  NO DRIVER IS SEEN: R goes on from here"),
                None => line.with(Tone::Muted, ", driven by another gonogo"),
            }
        }
    };
    lines.push(fitted(line, columns));
    if run.ended.is_none()
        && let Some(why) = look.engine.standstill(run, look.now)
    {
        let line = Line::of(Tone::Warning, " STANDS STILL ").with(Tone::Plain, why);
        lines.push(fitted(line, columns));
    }
    let failed = run
        .moves
        .iter()
        .any(|moved| matches!(progress(moved), Progress::Failed(_)));
    if failed {
        let back: Vec<String> = rollback_order(&run.moves, progress)
            .into_iter()
            .filter_map(|moved| Some(format!("{} to {}", moved.service, moved.from.as_ref()?)))
            .collect();
        let line = Line::of(Tone::Heading, " GO BACK ").with(Tone::Plain, back.join(", "));
        lines.push(fitted(line, columns));
    }
    lines
}

fn set_title(look: &Look<'_>, decision: &Decision<'_>, prognosis: &Prognosis) -> Bar {
    let title = Bar::default().left(0, Line::of(Tone::Heading, "SET AND WAVES"));
    if decision.run.is_some() || prognosis.waves.is_empty() {
        return title;
    }
    let ends = prognosis.ends.map_or_else(String::new, |ends| {
        format!(", ends {}", look.clock.short(ends))
    });
    let (tone, glyph) = match prognosis.fits {
        Fit::Fits => (Tone::Good, look.glyphs.good()),
        Fit::No(_) => (Tone::Bad, look.glyphs.bad()),
        Fit::Unknown(_) => (Tone::Unknown, "?"),
    };
    let word = match prognosis.fits {
        Fit::Unknown(_) => "fits?",
        Fit::Fits | Fit::No(_) => prognosis.fits.word(),
    };
    title.right(1, Line::of(tone, format!("{glyph} {word}{ends}")))
}

/// The services in their waves, and the place of the selected one among the lines.
fn set(
    look: &Look<'_>,
    release: &Release,
    decision: &Decision<'_>,
    prognosis: &Prognosis,
    columns: usize,
) -> (Vec<Line>, usize) {
    let mut lines = Vec::new();
    let mut selected = 0;
    let mut place = 0;
    for (number, wave) in release.waves.iter().enumerate() {
        let planned = prognosis.waves.iter().find(|wave| wave.number == number);
        let when = match planned {
            Some(wave) if decision.run.is_none() => {
                let starts = wave.starts.map_or_else(
                    || "nobody can say when".to_owned(),
                    |at| format!("starts {}", look.clock.short(at)),
                );
                let ends = wave
                    .ends
                    .map_or_else(String::new, |at| format!(", ends {}", look.clock.short(at)));
                format!("  {starts}{ends}")
            }
            Some(_) | None => String::new(),
        };
        lines
            .push(Line::of(Tone::Heading, format!(" wave {}", number + 1)).with(Tone::Muted, when));
        for service in wave {
            let on = look.interface.release_row == place;
            if on {
                selected = lines.len();
            }
            let planned = planned.and_then(|wave| {
                let mut services = wave.services.iter();
                services.find(|planned| planned.moved.service == *service)
            });
            let mark = if on { "> " } else { "  " };
            let line = Line::of(Tone::Strong, format!(" {mark}"))
                .with(Tone::Strong, format!("{:<14}", cut(service.as_str(), 13)));
            let moved = decision.run.and_then(|run| {
                let moved = run.moves.iter().find(|moved| moved.service == *service)?;
                Some((run, moved))
            });
            let line = match (moved, planned) {
                (Some((run, moved)), _) => line.then(running(look, run, moved)),
                (None, Some(planned)) => line.then(ready(look, planned)),
                (None, None) => {
                    let skipped = prognosis.skipped.iter().find(|(name, _)| name == service);
                    let why = skipped.map_or("it does not move", |(_, why)| why.as_str());
                    line.with(Tone::Muted, format!(". stays   {why}"))
                }
            };
            lines.push(fitted(line, columns));
            place += 1;
        }
    }
    if let Fit::No(why) | Fit::Unknown(why) = &prognosis.fits
        && decision.run.is_none()
        && !prognosis.waves.is_empty()
    {
        lines.push(fitted(Line::of(Tone::Warning, format!(" {why}")), columns));
    }
    (lines, selected)
}

fn movement(moved: &Move) -> String {
    let from = moved.from.as_ref().map_or("nothing", |from| from.label());
    format!("{from} > {}", moved.to)
}

/// `2.40.3 > 2.41.0  ◆ READY 5/5  may go now  takes 4m10`.
fn ready(look: &Look<'_>, planned: &Planned) -> Line {
    let moved = &planned.moved;
    let line = Line::of(Tone::Plain, format!("{:<20} ", cut(&movement(moved), 20)));
    let row = look.engine.board.row(&moved.service);
    let cell = row.and_then(|row| Some((row, row.cell(&moved.environment)?)));
    let line = match cell {
        Some((row, cell)) => {
            let state = cell.next(&row.facts, &look.engine.policy, look.now);
            let (glyph, word, tone) = look.glyphs.state(state);
            let (open, all) = cell.judgement.count(look.now);
            line.with(tone, format!("{glyph} {word:<5} {open}/{all}  "))
        }
        None => line.with(Tone::Unknown, "? unknown  "),
    };
    let takes = planned
        .estimate
        .p90
        .map_or_else(String::new, |p90| format!("takes {}  ", time::span(p90)));
    let (tone, when) = match &planned.earliest {
        Earliest::Now | Earliest::Nothing => (Tone::Good, "may go now".to_owned()),
        Earliest::At { at, gate } => (Tone::Running, format!("{} ({gate})", look.clock.short(*at))),
        Earliest::NeedsPerson { gate, who } => (Tone::Warning, format!("{gate}: {who}")),
        Earliest::NoKnownTime { gate } => (Tone::Warning, format!("{gate}: no known time")),
    };
    line.with(Tone::Muted, takes).with(tone, when)
}

fn running(look: &Look<'_>, run: &Run, moved: &Move) -> Line {
    let line = Line::of(Tone::Plain, format!("{:<20} ", cut(&movement(moved), 20)));
    match look.engine.progress(run, moved, look.now) {
        Progress::Ready => line.with(Tone::Accent, "may go when its wave comes"),
        Progress::Blocked(why) => line
            .with(Tone::Warning, format!("{} waits  ", look.glyphs.waiting()))
            .with(Tone::Plain, why),
        Progress::InFlight => line.with(
            Tone::Running,
            format!("{} on its way", look.glyphs.running()),
        ),
        Progress::Arrived => line.with(Tone::Good, format!("{} live", look.glyphs.good())),
        Progress::Failed(why) => line
            .with(Tone::Bad, format!("{} failed  ", look.glyphs.bad()))
            .with(Tone::Plain, why),
    }
}

/// The release as text for a chat: what `y` copies.
pub(in crate::app) fn text(state: &State, release: &Release) -> String {
    let decision = state.engine.decision(release, state.now);
    let mut text = format!(
        "**{} > {}**: {}",
        release.name,
        release.environment,
        decision.go.word()
    );
    for (role, said) in decision.roles() {
        let (word, who) = match said {
            Said::Go(ballot) => ("go", ballot.person.as_str()),
            Said::NoGo(ballot) => ("no-go", ballot.person.as_str()),
            Said::Void(ballot) => ("stale", ballot.person.as_str()),
            Said::NotAMember(ballot) => ("no role", ballot.person.as_str()),
            Said::Nothing => ("waiting", "nobody"),
        };
        let _ = write!(text, "\n- {role}: {word} ({who})");
    }
    for why in &decision.why {
        let _ = write!(text, "\n- {why}");
    }
    let _ = write!(text, "\n{}", decision.words);
    text
}
