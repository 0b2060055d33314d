//! The timeline's lines: entries of the journal, and what stands below them. Their order and the
//! table that they stand in are those of every list; what an entry says in words is in
//! `timeline/said.rs`.

use super::coming;
use super::line::{Line, Tone};
use super::look::Look;
use super::panel::{Bar, Content, Panel};
use crate::app::engine::JournalState;
use crate::app::msg::JournalFault;
use crate::domain::entry;

mod said;

pub(in crate::app) use said::Said;

/// What comes next, where no right side has it.
pub(super) fn next(look: &Look<'_>) -> Option<Panel> {
    let next = coming::lines(look, usize::from(look.shape.body / 4).max(1));
    if look.shape.side > 0 || next.is_empty() {
        return None;
    }
    let height = u16::try_from(next.len()).unwrap_or(u16::MAX);
    Some(Panel {
        title: Some(Bar::default().left(0, Line::of(Tone::Heading, "NEXT"))),
        content: Content::Lines(next),
        height: height.saturating_add(1).min(look.shape.body),
    })
}

/// Why there is no entry.
pub(super) fn nothing(look: &Look<'_>) -> Line {
    match &look.engine.journal {
        JournalState::Unread => Line::of(Tone::Muted, "  reading the journal…"),
        JournalState::Ready => Line::of(Tone::Muted, "  nothing has been journalled yet"),
        JournalState::Unreachable { why, hint } => {
            let hint = hint
                .as_ref()
                .map_or_else(String::new, |hint| format!("; {hint}"));
            Line::of(
                Tone::Bad,
                format!("  {}{hint}", JournalFault::unreachable(why)),
            )
        }
    }
}

/// An entry as a line of the list.
pub(super) fn cells(look: &Look<'_>, entry: &entry::Entry) -> Vec<Line> {
    let draft = &entry.draft;
    let said = Said::of(entry);
    let until = said.until.map_or_else(String::new, |at| {
        format!("until {}  ", look.clock.short(at))
    });
    let result = match sign(look, said.tone) {
        Some(sign) => format!("{sign} {}", said.result),
        None => said.result.to_owned(),
    };
    let revision = draft.revision.as_ref().map_or("-", |sha| sha.short());
    vec![
        Line::of(Tone::Muted, look.clock.long(draft.at)),
        Line::plain(draft.actor.to_string()),
        Line::of(Tone::Strong, said.what),
        Line::plain(place(draft)),
        Line::of(Tone::Muted, revision.to_owned()),
        Line::of(said.tone, result),
        Line::plain(format!("{until}{}", said.detail)),
    ]
}

/// The sign of what came of an entry; an intent alone has come to nothing yet.
fn sign(look: &Look<'_>, tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Muted => None,
        Tone::Good => Some(look.glyphs.good()),
        Tone::Bad => Some(look.glyphs.bad()),
        Tone::Unknown => Some("?"),
        Tone::Warning => Some(look.glyphs.warning()),
        _ => Some(look.glyphs.running()),
    }
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
    let said = Said::of(entry);
    let sign = sign(look, said.tone).unwrap_or(".");
    Line::of(
        Tone::Muted,
        format!(" {} ", look.clock.short(entry.draft.at)),
    )
    .with(said.tone, format!("{sign} "))
    .with(Tone::Plain, format!("{} ", entry.draft.actor))
    .with(Tone::Strong, format!("{} ", said.what))
    .with(Tone::Plain, place(&entry.draft))
}
