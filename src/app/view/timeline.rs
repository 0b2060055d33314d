//! The timeline's lines: entries of the journal, and what stands below them. Their order and the
//! table that they stand in are those of every list; what an entry says in words is in
//! `timeline/said.rs`.

use std::collections::BTreeSet;

use super::coming;
use super::line::{Line, Tone};
use super::look::Look;
use super::memory::Memory;
use super::panel::{Bar, Content, Panel};
use crate::app::command::{Command, Context};
use crate::app::engine::JournalState;
use crate::app::interface::overview::Overview;
use crate::app::msg::JournalFault;
use crate::domain::entry::{self, Event, How};
use crate::domain::ids::{IntentId, Person};
use crate::domain::promotion::Promotion;

/// How many entries the side looks through: more than any screen has rows.
const LATEST: usize = 400;

mod said;

pub(in crate::app) use said::Said;

/// What stands below the list: what comes next, where no right side has it, and whether the record is
/// whole.
pub(super) fn below(look: &Look<'_>, memory: &mut Memory) -> Option<Panel> {
    let mut lines = if look.shape.side > 0 {
        Vec::new()
    } else {
        let most = usize::from(look.shape.body / 4).max(1);
        coming::lines(
            look,
            most,
            usize::from(look.shape.columns).saturating_sub(1),
            memory,
        )
    };
    let title =
        (!lines.is_empty()).then(|| Bar::default().left(0, Line::of(Tone::Heading, "NEXT")));
    // On a small screen each row is worth an entry.
    if look.shape.rows >= 20 {
        lines.push(recorded(look));
    }
    if lines.is_empty() {
        return None;
    }
    let height = lines.len() + usize::from(title.is_some());
    Some(Panel {
        title,
        content: Content::Lines(lines),
        height: u16::try_from(height)
            .unwrap_or(u16::MAX)
            .min(look.shape.body),
    })
}

/// `live`, or how to come back to that.
pub(super) fn live(look: &Look<'_>, follows: bool) -> Line {
    if let JournalState::Unreachable { .. } = look.engine.journal {
        return Line::of(Tone::Bad, "not read");
    }
    if follows {
        return Line::of(Tone::Good, "live");
    }
    let keys = look
        .interface
        .keymap
        .keys_in(Context::Timeline, Command::Follow);
    keys.first().map_or_else(Line::new, |key| {
        Line::of(Tone::Muted, format!("{key} follows the newest"))
    })
}

/// ` recorded 37 of 37   chain ok 9c1e..77b0`: each entry names the hash of the one before it.
fn recorded(look: &Look<'_>) -> Line {
    let entries = &look.engine.entries;
    let on_their_way = look.engine.being_recorded();
    let count = entries.len();
    let mut line = Line::of(
        Tone::Muted,
        format!(" recorded {count} of {}", count + on_their_way),
    );
    if let JournalState::Unreachable {
        broken: Some(seq), ..
    } = &look.engine.journal
    {
        let text = format!("   {} CHAIN BROKEN at entry {seq}", look.glyphs.bad());
        let keys = look.interface.keymap.keys(Command::Errors).first();
        let more = keys.map_or_else(String::new, |key| format!(": {key} says what to do"));
        return line.with(Tone::Bad, text).with(Tone::Plain, more);
    }
    let (Some(first), Some(last)) = (entries.front(), entries.back()) else {
        return line;
    };
    let broken = entries
        .iter()
        .zip(entries.iter().skip(1))
        .find(|(before, after)| after.previous != before.hash);
    line.push(Tone::Plain, "   ");
    match broken {
        None => {
            let ends = format!("chain ok {}..{}", first.hash.short(), last.hash.short());
            line.push(Tone::Good, ends);
        }
        Some((before, after)) => line.push(
            Tone::Bad,
            format!(
                "{} CHAIN BROKEN between {} and {}",
                look.glyphs.bad(),
                before.seq,
                after.seq
            ),
        ),
    }
    line
}

/// Why there is no entry.
pub(super) fn nothing(look: &Look<'_>) -> Line {
    match &look.engine.journal {
        JournalState::Unread => Line::of(Tone::Muted, "  reading the journal…"),
        JournalState::Ready => Line::of(Tone::Muted, "  nothing has been journalled yet"),
        JournalState::Unreachable { why, hint, broken } => {
            // What to do about a broken one is more than a line: the foot says where.
            let hint = hint
                .as_ref()
                .filter(|_| broken.is_none())
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
    // Below its order a step need not say once more what is ordered.
    let what = match &draft.event {
        Event::Intended { intent } if below_order(look, &intent.id) => {
            Line::of(Tone::Muted, "  step")
        }
        Event::Stepped { id, .. } if below_order(look, id) => Line::of(Tone::Muted, "  step"),
        _ => Line::of(Tone::Strong, said.what),
    };
    vec![
        Line::of(Tone::Muted, look.clock.long(draft.at)),
        Line::plain(who(draft)),
        what,
        Line::plain(place(draft)),
        Line::of(Tone::Muted, how(look, entry).word()),
        Line::of(Tone::Muted, revision.to_owned()),
        Line::of(said.tone, result),
        Line::plain(format!("{until}{}", said.detail)),
    ]
}

/// An order as one line of the list, with how it stands now.
pub(super) fn order(look: &Look<'_>, promotion: &Promotion) -> Vec<Line> {
    let intent = &promotion.intent;
    let said = Said::of_order(promotion);
    let result = match sign(look, said.tone) {
        Some(sign) => format!("{sign} {}", said.result),
        None => said.result.to_owned(),
    };
    vec![
        Line::of(Tone::Muted, look.clock.long(promotion.intended_at)),
        Line::plain(promotion.actor.to_string()),
        Line::of(Tone::Strong, said.what),
        Line::plain(format!("{} > {}", intent.service, intent.environment)),
        Line::of(Tone::Muted, How::of_order(intent).word()),
        Line::of(Tone::Muted, intent.to.sha.short().to_owned()),
        Line::of(said.tone, result),
        Line::plain(said.detail),
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
        // What was under way then is history by now: only what moves blinks.
        _ => Some(look.glyphs.began()),
    }
}

/// By which way it came about; of a step, its order did.
fn how(look: &Look<'_>, entry: &entry::Entry) -> How {
    How::of(entry, look.engine.order_of(entry))
}

/// Says whether an order's steps stand below its own line.
fn below_order(look: &Look<'_>, id: &IntentId) -> bool {
    let picked = look.interface.overviews.of(Overview::Timeline);
    !picked.shows_every_entry() && picked.is_unfolded(id)
}

/// Who did it: of a deployment that was seen, whoever deployed, not whose gonogo saw it.
fn who(draft: &entry::Draft) -> String {
    match &draft.event {
        Event::DeploymentSeen { by, .. } | Event::DeploymentOutOfBand { by, .. } => by
            .as_ref()
            .map_or_else(|| "?".to_owned(), Person::to_string),
        _ => draft.actor.to_string(),
    }
}

/// `billing > production`, or what else the entry is about.
fn place(draft: &entry::Draft) -> String {
    let of_release = match &draft.event {
        Event::ReleaseDropped { service, .. } | Event::ReleaseRestored { service, .. } => {
            Some(service)
        }
        _ => None,
    };
    match (draft.service.as_ref().or(of_release), &draft.environment) {
        (Some(service), Some(environment)) => format!("{service} > {environment}"),
        (Some(service), None) => service.to_string(),
        (None, Some(environment)) => format!("all of {environment}"),
        (None, None) => match &draft.event {
            Event::HandoverGiven { .. } | Event::HandoverAccepted { .. } => "the evening",
            _ => "everything",
        }
        .to_owned(),
    }
}

/// The latest entries newest first, of each promotion the last word alone: the list has every step of
/// it, and what was seen to have arrived by it.
pub(super) fn newest<'a>(look: &Look<'a>) -> impl Iterator<Item = &'a entry::Entry> {
    let engine = look.engine;
    let latest = move || engine.entries.iter().rev().take(LATEST);
    let place = |draft: &entry::Draft| {
        let cell = (draft.service.clone(), draft.environment.clone());
        (cell, draft.revision.clone())
    };
    let promoted: BTreeSet<_> = latest()
        .filter(|entry| matches!(entry.draft.event, Event::Stepped { .. }))
        .map(|entry| place(&entry.draft))
        .collect();
    let mut told = BTreeSet::new();
    latest().filter(move |entry| match &entry.draft.event {
        Event::Intended { intent } => told.insert(intent.id.clone()),
        Event::Stepped { id, .. } => told.insert(id.clone()),
        Event::DeploymentSeen { .. } => !promoted.contains(&place(&entry.draft)),
        _ => true,
    })
}

/// One line for the side panel: `14:15Z ✓ bob PROMOTE fraud-ml > prod  succeeded`.
pub(super) fn short(look: &Look<'_>, entry: &entry::Entry) -> Line {
    let said = Said::of(entry);
    let sign = sign(look, said.tone).unwrap_or(".");
    Line::of(
        Tone::Muted,
        format!(" {} ", look.clock.short(entry.draft.at)),
    )
    .with(said.tone, format!("{sign} "))
    .with(Tone::Plain, format!("{} ", who(&entry.draft)))
    .with(Tone::Strong, format!("{} ", said.what))
    .with(Tone::Plain, place(&entry.draft))
    .with(
        said.tone,
        match said.result {
            // The sign says as much.
            "OK" => String::new(),
            result => format!("  {result}"),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{DeploymentId, Digest, Seq};

    #[test]
    fn a_deployment_that_was_seen_is_its_deployers_and_not_whose_gonogo_saw_it() {
        let draft = entry::Draft {
            at: jiff::Timestamp::UNIX_EPOCH,
            actor: "alice".into(),
            service: Some("fraud-ml".into()),
            environment: Some("production".into()),
            revision: None,
            reason: None,
            policy: Digest::of(["policy"]),
            event: Event::DeploymentOutOfBand {
                deployment: DeploymentId(7),
                by: Some("dee".into()),
            },
        };
        assert_eq!(who(&draft), "dee");
        let entry = entry::Entry {
            seq: Seq(1),
            draft,
            previous: Digest::of([""]),
            hash: Digest::of(["entry"]),
        };
        assert!(Said::of(&entry).detail.ends_with("seen by alice"));
    }
}
