//! The go/no-go of a release: who says what on exactly which set, the verdict, and how far a run is.
//! What is in the way and which key clears it lives in `release/clearing.rs`, the services in their
//! waves in `release/waves.rs`, the set in one line in `release/set.rs`, the plan in `release/plan.rs`.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::line::{Line, Tone, cut, cut_words, pad, wrap};
use super::look::Look;
use super::panel::{Bar, Content, Panel};
use super::{gates, time};
use crate::app::command::Command;
use crate::app::state::State;
use crate::domain::gate::Go;
use crate::domain::ids::Person;
use crate::domain::release::Release;
use crate::domain::release::decision::{Decision, Said, difference};
use crate::domain::release::prognosis::Prognosis;
use crate::domain::release::run::{Ending, Progress, Run};

mod brief;
mod clearing;
mod deadline;
mod plan;
mod record;
mod set;
mod waves;

pub(super) use brief::{lines as brief, short};
pub(super) use deadline::decide_by;
use deadline::{countdown, deadline};
pub(in crate::app) use record::{nudge, record};

/// Rows that the services keep, whatever is told above them.
const SERVICES: usize = 6;

/// A release and everything that its picture is made from.
struct Shown<'a> {
    release: &'a Release,
    decision: Decision<'a>,
    prognosis: Prognosis,
    /// The run that the services are shown as parts of: the one that goes on, or one that has ended
    /// while nobody has decided on anything newer.
    run: Option<&'a Run>,
}

impl<'a> Shown<'a> {
    fn of(look: &Look<'a>, release: &'a Release) -> Self {
        let decision = look.engine.decision(release, look.now);
        let decided = decision.roles().iter().any(|(_, said)| {
            let ballot = said.ballot();
            ballot.is_some_and(|ballot| *ballot.scope == decision.agenda.digest)
        });
        let ended = look.engine.last_run(&release.name).filter(|run| {
            let how = run.ended.as_ref().map(|ended| &ended.how);
            match how {
                None => false,
                Some(Ending::Shipped) => decision.shipped.is_some(),
                Some(Ending::Stopped { .. } | Ending::Cancelled { .. }) => !decided,
            }
        });
        Self {
            release,
            run: decision.run.or(ended),
            prognosis: look.engine.prognosis(release, look.now),
            decision,
        }
    }

    /// The wave of a run that is under way, from 0; `None` when all have arrived.
    fn wave(look: &Look<'_>, run: &Run) -> Option<usize> {
        let moves = run.moves.iter();
        moves
            .filter(|moved| look.engine.progress(run, moved, look.now) != Progress::Arrived)
            .map(|moved| moved.wave)
            .min()
    }
}

pub(super) fn main(look: &Look<'_>) -> Vec<Panel> {
    let policy = &look.engine.policy;
    let Some(release) = look.interface.release(policy) else {
        return vec![none(look)];
    };
    let shown = Shown::of(look, release);
    let columns = usize::from(look.shape.main()).saturating_sub(1);
    let body = usize::from(look.shape.body);
    let place = policy
        .releases
        .iter()
        .position(|one| one.name == release.name)
        .unwrap_or(0);
    let what = if look.interface.release_plan {
        "PLAN"
    } else {
        "GO / NO-GO"
    };
    let name = format!("{what} {} > {}", release.name, release.environment);
    let mut title = Bar::default()
        .left(0, Line::of(Tone::Strong, name))
        .right(0, countdown(look, &shown));
    if policy.releases.len() > 1 {
        let many = format!("[ ] {}/{}", place + 1, policy.releases.len());
        title = title.right(2, Line::of(Tone::Muted, many));
    }
    if look.interface.release_plan {
        return vec![Panel {
            title: Some(title),
            content: Content::Lines(plan::lines(look, &shown, columns, body.saturating_sub(1))),
            height: look.shape.body,
        }];
    }
    // Below it stand the title, and each service and each wave in a line.
    let set = 1 + release.items.len() + release.waves.len();
    let (mut votes, verdict) = Some(votes(look, &shown, columns, true))
        .filter(|(whole, _)| whole.len() + 1 + set <= body)
        .unwrap_or_else(|| votes(look, &shown, columns, false));
    let above = (votes.len() + 1).min(body.saturating_sub(SERVICES + 1).max(4));
    if votes.len() + 1 > above {
        // Whatever is cut, whether it may go is not.
        if verdict + 2 > above.saturating_sub(1) && verdict < votes.len() {
            let line = votes.remove(verdict.max(1));
            votes.insert(0, line);
        }
        let more = votes.len() + 2 - above;
        votes.truncate(above.saturating_sub(2));
        let keys = key(look, Command::Plan);
        let line = Line::of(Tone::Muted, format!(" … {more} more: "));
        votes.push(
            line.with(Tone::Key, keys)
                .with(Tone::Muted, " shows the plan"),
        );
    }
    let below = body.saturating_sub(above + 1).max(1);
    let set = waves::lines(look, &shown, columns, below);
    vec![
        Panel {
            title: Some(title),
            content: Content::Lines(votes),
            height: rows(above),
        },
        Panel {
            title: Some(waves::title(look, &shown)),
            content: Content::Lines(set),
            height: rows(body - above),
        },
    ]
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// The first key of a command as it is bound.
fn key(look: &Look<'_>, command: Command) -> String {
    look.key(command)
}

/// Where there is no room: the countdown, the verdict, and each role in a word.
pub(super) fn tiny(look: &Look<'_>) -> Vec<Panel> {
    let mut lines = Vec::new();
    if let Some(release) = look.interface.release(&look.engine.policy) {
        let shown = Shown::of(look, release);
        let name = Line::of(Tone::Strong, format!(" {} ", release.name));
        lines.push(name.then(verdict(look, &shown)));
        lines.push(Line::plain(" ").then(countdown(look, &shown)));
        for (role, said) in shown.decision.roles() {
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

fn verdict(look: &Look<'_>, shown: &Shown<'_>) -> Line {
    let ended = shown.run.and_then(|run| run.ended.as_ref());
    let standstill = shown
        .decision
        .run
        .is_some_and(|run| look.engine.standstill(run, look.now).is_some());
    let lost = shown
        .decision
        .run
        .is_some_and(|run| look.engine.driver_is_seen(run) == Some(false));
    let (glyph, word, tone) = match (ended.map(|ended| &ended.how), shown.decision.go) {
        (Some(Ending::Shipped), _) => (look.glyphs.good(), "SHIPPED", Tone::Good),
        (Some(Ending::Stopped { .. }), _) => (look.glyphs.bad(), "STOPPED", Tone::Bad),
        (Some(Ending::Cancelled { .. }), _) => (look.glyphs.bad(), "CANCELLED", Tone::Bad),
        (None, _) if lost => (look.glyphs.bad(), "NO DRIVER IS SEEN", Tone::Alarm),
        (None, _) if standstill => (look.glyphs.waiting(), "STANDS STILL", Tone::Warning),
        (None, _) if shown.decision.run.is_some() => (look.glyphs.running(), "RUNS", Tone::Running),
        (None, Go::Go) => (look.glyphs.good(), "GO", Tone::Good),
        (None, Go::NoGo) => (look.glyphs.bad(), "NO-GO", Tone::Bad),
        (None, Go::Unknown) => ("?", "UNKNOWN", Tone::Unknown),
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
        Said::Withdrawn(..) => ("?", "AGAIN", Tone::Unknown),
        Said::Nothing => (look.glyphs.waiting(), "WAIT", Tone::Running),
    };
    Line::of(tone, format!("{glyph} {word:<7} "))
}

/// Roles, verdict, and what would clear it, in lines of its own where there is room for the `whole`; and
/// which line the verdict is.
fn votes(look: &Look<'_>, shown: &Shown<'_>, columns: usize, whole: bool) -> (Vec<Line>, usize) {
    let (release, decision) = (shown.release, &shown.decision);
    let mut lines = set::lines(look, shown, columns);
    if release.roles.is_empty() {
        lines.push(Line::of(Tone::Muted, " no role has to say go"));
    } else {
        let head = format!(
            " {:<12}{:<16}{:<11}{:<8}{:<6}NOTE",
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
        let line = Line::plain(pad(&format!(" {}", cut(role.as_str(), 11)), 13))
            .with(Tone::Plain, pad(&cut(&who, 15), 16))
            .then(voice(look, said))
            .padded(39)
            .with(Tone::Muted, format!(" {at:<7} {saw:<5} "));
        let note = match said {
            Said::Void(ballot) => {
                let changed = difference(ballot.saw, &decision.words);
                format!("set changed: {}", changed.join(" "))
            }
            Said::NotAMember(_) => "has the role no longer".to_owned(),
            Said::Withdrawn(_, at) => format!("window closed {}", look.clock.short(at)),
            Said::Go(ballot) => {
                let closed = decision.closed_since(&ballot);
                let counts = (ballot.role != role)
                    .then(|| format!("counts: {} voted as {}", ballot.person, ballot.role));
                let kept =
                    closed.map(|at| format!("kept: its window closed {}", look.clock.short(at)));
                let note =
                    Some(ballot.note.to_owned()).filter(|it| counts.is_none() && !it.is_empty());
                let told: Vec<String> = [kept, counts, note].into_iter().flatten().collect();
                told.join("; ")
            }
            Said::NoGo(ballot) => ballot.note.to_owned(),
            Said::Nothing => String::new(),
        };
        let room = columns.saturating_sub(line.width());
        lines.push(line.with(Tone::Plain, cut_words(&note, room).into_owned()));
    }
    let mut why = Line::plain(" VERDICT   ").then(verdict(look, shown));
    let because = because(look, shown);
    if !because.is_empty() {
        why = why.with(Tone::Plain, "  ").then(because);
    }
    let verdict = lines.len();
    lines.push(why.fitted(columns));
    if let Some(run) = shown.run {
        lines.extend(back(look, run, columns));
    }
    lines.extend(clearing::lines(look, shown, columns, whole));
    (lines, verdict)
}

/// `search (quality)`: the services of a release with gates that were overridden, and which.
pub(super) fn overridden(look: &Look<'_>, prognosis: &Prognosis) -> String {
    let planned = prognosis.waves.iter().flat_map(|wave| &wave.services);
    let told = planned.filter_map(|planned| {
        let row = look.engine.board.row(&planned.moved.service)?;
        let cell = row.cell(&planned.moved.environment)?;
        let gates: Vec<&str> = gates::overridden(look, cell)
            .map(|verdict| verdict.gate.as_str())
            .collect();
        (!gates.is_empty()).then(|| format!("{} ({})", planned.moved.service, gates.join(", ")))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What stands behind the verdict: why not, what comes next, how far it is.
fn because(look: &Look<'_>, shown: &Shown<'_>) -> Line {
    let decision = &shown.decision;
    if let Some(run) = shown.run {
        return progress(look, shown, run);
    }
    if decision.go != Go::Go {
        return Line::plain(decision.why.join("; "));
    }
    let waiting = clearing::in_the_way(shown);
    let start = Line::of(Tone::Key, key(look, Command::StartRelease));
    if waiting.is_empty() {
        let overridden = overridden(look, &shown.prognosis);
        return if overridden.is_empty() {
            start.with(Tone::Plain, " starts it: every gate is open")
        } else {
            start
                .with(Tone::Plain, " starts it: every gate is open, but ")
                .with(Tone::Warning, format!("overridden: {overridden}"))
        };
    }
    let names: Vec<&str> = waiting
        .iter()
        .map(|planned| planned.moved.service.as_str())
        .collect();
    start.with(
        Tone::Plain,
        format!(
            " starts it; {} would wait: {}",
            names.len(),
            names.join(", ")
        ),
    )
}

/// `wave 2 of 3, 2 of 6 live, driven from here`.
fn progress(look: &Look<'_>, shown: &Shown<'_>, run: &Run) -> Line {
    let arrived = |moved: &&_| look.engine.progress(run, moved, look.now) == Progress::Arrived;
    let done = run.moves.iter().filter(arrived).count();
    let mut count = format!("{done} of {} live", run.moves.len());
    let took = |ended: Timestamp| time::span(ended.duration_since(run.started_at));
    match run.ended.as_ref().map(|ended| (ended.at, &ended.how)) {
        None => {}
        Some((at, Ending::Shipped)) => {
            let started = format!(
                "{count}; started by {} {}, took {}",
                run.by,
                look.clock.short(run.started_at),
                took(at)
            );
            return Line::plain(started);
        }
        Some((at, Ending::Stopped { why } | Ending::Cancelled { why })) => {
            return Line::plain(format!("{} {why}; {count}", look.clock.short(at)));
        }
    }
    if let Some(why) = look.engine.standstill(run, look.now) {
        return Line::plain(why);
    }
    if let Some(wave) = Shown::wave(look, run) {
        count = format!(
            "wave {} of {}, {count}",
            wave + 1,
            shown.release.waves.len()
        );
    }
    let line = Line::of(Tone::Running, count);
    let since = format!(", since {}", time::span(look.clock.ago(run.started_at)));
    match look.engine.driver_is_seen(run) {
        Some(true) if run.driver == look.engine.instance => {
            line.with(Tone::Plain, format!("{since}, from here"))
        }
        Some(true) => line.with(
            Tone::Plain,
            format!("{since}, driven by {}'s gonogo", run.by),
        ),
        Some(false) => line
            .with(Tone::Plain, "; ")
            .with(Tone::Key, key(look, Command::ResumeRelease))
            .with(Tone::Plain, " goes on from here"),
        None => line.with(Tone::Muted, format!("{since}, driven by another gonogo")),
    }
}

/// After a failure: the way back, in its order, until all of it is back.
fn back(look: &Look<'_>, run: &Run, columns: usize) -> Vec<Line> {
    let order = look.engine.way_home(run, look.now);
    if order.is_empty() {
        return Vec::new();
    }
    let keys = key(look, Command::Rollback);
    let room = columns.saturating_sub(13);
    let lines = wrap(&order.join(", then "), room).into_iter().enumerate();
    lines
        .map(|(nth, part)| {
            let (label, keys) = if nth == 0 {
                (" GO BACK", keys.as_str())
            } else {
                ("", "")
            };
            Line::of(Tone::Heading, pad(label, 11))
                .with(Tone::Key, pad(keys, 2))
                .with(Tone::Plain, part)
        })
        .collect()
}

/// The release as text for a chat: what `y` copies.
pub(in crate::app) fn text(state: &State, release: &Release) -> String {
    let decision = state.engine.decision(release, state.now);
    let mut text = format!(
        "**{} > {}**: {}",
        release.name,
        release.environment,
        decision.word()
    );
    for (role, said) in decision.roles() {
        let (word, who) = match said {
            Said::Go(ballot) => ("go", ballot.person.as_str()),
            Said::NoGo(ballot) => ("no-go", ballot.person.as_str()),
            Said::Void(ballot) => ("stale", ballot.person.as_str()),
            Said::NotAMember(ballot) => ("no role", ballot.person.as_str()),
            Said::Withdrawn(ballot, _) => ("again", ballot.person.as_str()),
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
