//! The timeline: the journal's entries, newest first, and what comes next.

use super::coming;
use super::line::{Line, Tone};
use super::look::Look;
use super::panel::{Bar, Column, Content, Entry, Panel, Row, Table};
use crate::app::engine::JournalState;
use crate::domain::entry::{self, Event};
use crate::domain::promotion::{Purpose, State};
use crate::domain::release::run::Ending;

pub(super) fn main(look: &Look<'_>) -> Vec<Panel> {
    let next = coming::lines(look, usize::from(look.shape.body / 4).max(1));
    let foot = if look.shape.side > 0 || next.is_empty() {
        0
    } else {
        u16::try_from(next.len()).unwrap_or(u16::MAX) + 1
    };
    let height = look.shape.body - foot.min(look.shape.body);
    let mut panels = vec![entries(look, height)];
    if foot > 0 {
        panels.push(Panel {
            title: Some(Bar::default().left(0, Line::of(Tone::Heading, "NEXT"))),
            content: Content::Lines(next),
            height: foot,
        });
    }
    panels
}

fn entries(look: &Look<'_>, height: u16) -> Panel {
    let all = &look.engine.entries;
    let list = look.interface.timeline;
    let rows = usize::from(height).saturating_sub(2).max(1);
    let selected = list.selected.min(all.len().saturating_sub(1));
    let offset = list
        .offset
        .clamp((selected + 1).saturating_sub(rows), selected);
    let title = Bar::default()
        .left(0, Line::of(Tone::Heading, "TIMELINE"))
        .right(
            1,
            Line::of(
                Tone::Muted,
                format!("{}/{}", (selected + 1).min(all.len()), all.len()),
            ),
        );
    if all.is_empty() {
        let text = match &look.engine.journal {
            JournalState::Unread => Line::of(Tone::Muted, "  reading the journal…"),
            JournalState::Ready => Line::of(Tone::Muted, "  nothing has been journalled yet"),
            JournalState::Unreachable { why, hint } => {
                let hint = hint
                    .as_ref()
                    .map_or_else(String::new, |hint| format!("; {hint}"));
                Line::of(
                    Tone::Bad,
                    format!("  the journal is unreachable: {why}{hint}"),
                )
            }
        };
        return Panel {
            title: Some(title),
            content: Content::Lines(vec![Line::new(), text]),
            height,
        };
    }
    let column = |title: String, rank, grows| Column {
        title: title.into(),
        least: 6,
        rank,
        grows,
        tone: None,
    };
    let columns = vec![
        column(format!("TIME {}", look.clock.zone()), 0, false),
        column("WHO".into(), 0, false),
        column("WHAT".into(), 0, false),
        column("WHERE".into(), 0, false),
        column("RESULT".into(), 0, false),
        column("WHY".into(), 0, true),
    ];
    let seen = all.iter().rev().enumerate().skip(offset).take(rows);
    let rows = seen
        .map(|(place, entry)| Row::Entries {
            cells: cells(look, entry),
            cursor: place == selected,
            marked: false,
        })
        .collect();
    Panel {
        title: Some(title),
        content: Content::Table(Table { columns, rows }),
        height,
    }
}

fn cells(look: &Look<'_>, entry: &entry::Entry) -> Vec<Entry> {
    let draft = &entry.draft;
    let said = Said::of(look, entry);
    vec![
        Entry::of(Line::of(Tone::Muted, look.clock.long(draft.at))),
        Entry::of(Line::plain(draft.actor.to_string())),
        Entry::of(Line::of(Tone::Strong, said.what)),
        Entry::of(Line::plain(place(draft))),
        Entry::of(said.result),
        Entry::of(Line::of(Tone::Plain, said.detail)),
    ]
}

/// `billing > production`, or what else the entry is about.
fn place(draft: &entry::Draft) -> String {
    match (&draft.service, &draft.environment) {
        (Some(service), Some(environment)) => format!("{service} > {environment}"),
        (Some(service), None) => service.to_string(),
        (None, Some(environment)) => format!("all of {environment}"),
        (None, None) => "everything".to_owned(),
    }
}

/// One line for the side panel: `14:15Z ✓ bob PROMOTE fraud-ml > prod`.
pub(super) fn short(look: &Look<'_>, entry: &entry::Entry) -> Line {
    let said = Said::of(look, entry);
    let glyph = said.result.0.first().map_or((Tone::Plain, " "), |span| {
        (span.tone, span.text.split(' ').next().unwrap_or_default())
    });
    let glyph = if glyph.1 == "intended" {
        (Tone::Muted, ".")
    } else {
        glyph
    };
    Line::of(
        Tone::Muted,
        format!(" {} ", look.clock.short(entry.draft.at)),
    )
    .with(glyph.0, format!("{} ", glyph.1))
    .with(Tone::Plain, format!("{} ", entry.draft.actor))
    .with(Tone::Strong, format!("{} ", said.what))
    .with(Tone::Plain, place(&entry.draft))
}

/// An entry in an operator's words.
struct Said {
    what: &'static str,
    result: Line,
    detail: String,
}

impl Said {
    fn of(look: &Look<'_>, entry: &entry::Entry) -> Self {
        let draft = &entry.draft;
        let reason = draft.reason.clone().unwrap_or_default();
        let quoted = if reason.is_empty() {
            String::new()
        } else {
            format!("\"{reason}\"")
        };
        let good = look.glyphs.good();
        let plain = |what, detail| Self {
            what,
            result: Line::of(Tone::Good, format!("{good} OK")),
            detail,
        };
        match &draft.event {
            Event::Intended { intent } => Self {
                what: purpose(intent.purpose),
                result: Line::of(Tone::Muted, "intended"),
                detail: match &intent.from {
                    Some(from) => format!("{from} > {}  {quoted}", intent.to),
                    None => format!("> {}  {quoted}", intent.to),
                },
            },
            Event::Stepped {
                purpose: of, step, ..
            } => {
                let state = step.state();
                let tone = match state {
                    State::Succeeded => Tone::Good,
                    State::Failed | State::Rejected => Tone::Bad,
                    State::Unknown | State::Reconciling | State::Absent => Tone::Unknown,
                    State::Cancelled | State::Abandoned => Tone::Warning,
                    State::Intended | State::Sending | State::Accepted | State::Running => {
                        Tone::Running
                    }
                };
                let glyph = match tone {
                    Tone::Good => good,
                    Tone::Bad => look.glyphs.bad(),
                    Tone::Unknown => "?",
                    Tone::Warning => look.glyphs.warning(),
                    _ => look.glyphs.running(),
                };
                Self {
                    what: purpose(*of),
                    result: Line::of(tone, format!("{glyph} {}", step.word())),
                    detail: step_detail(step, quoted),
                }
            }
            Event::HoldPlaced { hold } => {
                let until = hold.until.map_or_else(String::new, |at| {
                    format!("until {}  ", look.clock.short(at))
                });
                plain("HOLD", format!("{until}\"{}\"", hold.reason))
            }
            Event::HoldEdited { .. } => plain("EDIT HOLD", quoted),
            Event::HoldLifted { .. } => plain("LIFT HOLD", quoted),
            Event::HoldExpired { .. } => plain("HOLD EXPIRED", quoted),
            Event::VoteCast { vote } => plain(
                match vote.voice {
                    crate::domain::signoff::Voice::Go => "VOTE GO",
                    crate::domain::signoff::Voice::NoGo => "VOTE NO-GO",
                },
                format!("as {} on {}  {}", vote.role, vote.saw, vote.note),
            ),
            Event::VoteVoided {
                role, person, saw, ..
            } if *person == entry.draft.actor => {
                plain("WITHDRAW VOTE", format!("as {role} on {saw}  {quoted}"))
            }
            Event::VoteVoided {
                role,
                person,
                saw,
                now,
                ..
            } => Self {
                what: "VOTE VOID",
                result: Line::of(Tone::Unknown, "? void"),
                detail: format!("{person} as {role} saw {saw}, now {now}"),
            },
            Event::GateAdded { gate } => {
                plain("ADD GATE", format!("{}  \"{}\"", gate.name, gate.reason))
            }
            Event::GateOpened { .. } => plain("OPEN GATE", quoted),
            Event::GateClosed { .. } => plain("CLOSE GATE", quoted),
            Event::TaskDone { attestation } => plain(
                "TASK DONE",
                format!(
                    "{} for {}  {}",
                    attestation.task, attestation.saw, attestation.note
                ),
            ),
            Event::TaskWithdrawn { task, .. } => plain("TASK UNDONE", format!("{task}  {quoted}")),
            Event::OverrideGranted { grant } => Self {
                what: "OVERRIDE",
                result: Line::of(Tone::Warning, format!("{} granted", look.glyphs.warning())),
                detail: format!("{}  {quoted}", grant.names()),
            },
            Event::OverrideConfirmed { id, .. } => plain("CONFIRM", format!("override {id}")),
            Event::OverrideWithdrawn { id, .. } => {
                plain("WITHDRAW", format!("override {id}  {quoted}"))
            }
            Event::OverrideUsed { id, intent } => Self {
                what: "OVERRIDE",
                result: Line::of(Tone::Warning, format!("{} used", look.glyphs.warning())),
                detail: format!("{id} by {intent}"),
            },
            Event::VerificationPassed { .. } => Self {
                what: "VERIFY",
                result: Line::of(Tone::Good, format!("{good} passed")),
                detail: reason,
            },
            Event::VerificationFailed { .. } => Self {
                what: "VERIFY",
                result: Line::of(Tone::Bad, format!("{} failed", look.glyphs.bad())),
                detail: reason,
            },
            Event::AlertRaised { .. } => Self {
                what: "ALERT",
                result: Line::of(Tone::Bad, format!("{} red", look.glyphs.bad())),
                detail: reason,
            },
            Event::ReleaseVoteCast { vote } => plain(
                match vote.voice {
                    crate::domain::signoff::Voice::Go => "RELEASE GO",
                    crate::domain::signoff::Voice::NoGo => "RELEASE NO-GO",
                },
                format!("{} as {}  {}", vote.release, vote.role, vote.note),
            ),
            Event::ReleaseStarted { run } => Self {
                what: "RELEASE",
                result: Line::of(Tone::Running, format!("{} started", look.glyphs.running())),
                detail: format!("{}, {} to move  {quoted}", run.release, run.moves.len()),
            },
            Event::ReleaseResumed { release, .. } => plain("RESUME", release.to_string()),
            Event::ReleaseEnded { release, how, .. } => {
                let (tone, glyph) = match how {
                    Ending::Shipped => (Tone::Good, good),
                    Ending::Stopped { .. } => (Tone::Bad, look.glyphs.bad()),
                    Ending::Cancelled { .. } => (Tone::Warning, look.glyphs.warning()),
                };
                Self {
                    what: "RELEASE",
                    result: Line::of(tone, format!("{glyph} {}", how.word())),
                    detail: format!("{release}  {quoted}"),
                }
            }
            Event::HandoverGiven { handover } => plain(
                "HAND OVER",
                format!("{} things  {}", handover.items.len(), handover.remark),
            ),
            Event::HandoverAccepted { .. } => plain("TAKE OVER", quoted),
            Event::DeploymentSeen { deployment, by, .. } => Self {
                what: "DEPLOYED",
                result: Line::of(Tone::Good, format!("{good} seen")),
                detail: seen(draft, *deployment, by.as_ref()),
            },
            Event::DeploymentOutOfBand { deployment, by } => Self {
                what: "OUT OF BAND",
                result: Line::of(Tone::Warning, "! seen"),
                detail: format!("not by gonogo: {}", seen(draft, *deployment, by.as_ref())),
            },
        }
    }
}

fn seen(
    draft: &entry::Draft,
    deployment: crate::domain::ids::DeploymentId,
    by: Option<&crate::domain::ids::Person>,
) -> String {
    let revision = draft.revision.as_ref().map_or("?", |sha| sha.short());
    let by = by.map_or("?", |person| person.as_str());
    format!("{revision} by {by}, deployment {deployment}")
}

fn step_detail(step: &crate::domain::promotion::Step, quoted: String) -> String {
    use crate::domain::promotion::Step;
    match step {
        Step::Accepted { handle } | Step::Reconciled { handle } | Step::Running { handle } => {
            match (handle.run, handle.deployment) {
                (Some(run), _) => format!("run {run}"),
                (None, Some(deployment)) => format!("deployment {deployment}"),
                (None, None) => quoted,
            }
        }
        Step::Rejected { why }
        | Step::Abandoned { why }
        | Step::Unknown { why }
        | Step::Failed { why }
        | Step::Cancelled { why } => why.clone(),
        Step::Absent { reads } => format!("not on the forge in {reads} reads"),
        Step::Sending { .. } | Step::Reconciling | Step::Succeeded => quoted,
    }
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Promotion => "PROMOTE",
        Purpose::Rejection => "REJECT",
        Purpose::Cancellation => "CANCEL",
        Purpose::Rerun => "RERUN",
        Purpose::Status => "STATUS",
        Purpose::Brake => "BRAKE",
        Purpose::Unbrake => "UNBRAKE",
    }
}
