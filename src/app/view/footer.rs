//! The footer: the last thing that was said, what is under way, and the keys that are valid now.
//! What is impossible stays listed, struck out, with the reason in words.

use compact_str::format_compact;
use jiff::SignedDuration;

use super::line::{Line, Tone, cut, cut_words, width};
use super::look::Look;
use super::panel::Bar;
use super::{header, messages, time};
use crate::app::command::{self, Group, Hint};
use crate::app::interface::{Message, Mood, Overlay};

/// From so many columns on the keys stand in groups.
const GROUPED: u16 = 160;

/// How long a message keeps the tour from its line.
const FRESH: SignedDuration = SignedDuration::from_secs(6);

pub(super) fn bars(look: &Look<'_>) -> Vec<Bar> {
    let rows = match look.shape.footer {
        0 | 1 => return vec![said(look)],
        2 => 1,
        _ => 2,
    };
    let mut bars = vec![said(look)];
    let hints = command::footer(look.state);
    let is_grouped = look.shape.columns >= GROUPED && rows == 2;
    if is_grouped && hints.iter().filter(|hint| hint.changes).count() > 1 {
        bars.extend(groups(&hints, look));
    } else {
        bars.extend(keys(&hints, look, rows));
    }
    bars
}

/// The keys by what they are for: what acts, and below it what looks and what goes elsewhere.
fn groups(hints: &[Hint], look: &Look<'_>) -> [Bar; 2] {
    let columns = usize::from(look.shape.columns).saturating_sub(2);
    let (acts, others): (Vec<&Hint>, Vec<&Hint>) = hints.iter().partition(|hint| hint.changes);
    let mut act = Line::of(Tone::Heading, "ACT   ");
    if let Some(why) = one_reason(&acts) {
        let takes: usize = acts.iter().map(|hint| bare(hint) + 2).sum();
        let room = columns.saturating_sub(act.width() + takes + REASON);
        act.push(Tone::Muted, format!("(no: {})", cut_words(why, room)));
        for hint in &acts {
            let words = format_compact!("{} {}", hint.keys, hint.label);
            act.push(Tone::Plain, "  ");
            act.push(Tone::Struck, words);
        }
    } else {
        let left = columns.saturating_sub(act.width());
        for (hint, room) in acts.iter().zip(rooms(&acts, left)) {
            let (part, _) = hint_line(hint, room + hint.label.len() + REASON);
            act = act.then(part).with(Tone::Plain, "  ");
        }
    }
    let (mut goes, looks): (Vec<&Hint>, Vec<&Hint>) = others
        .into_iter()
        .partition(|hint| matches!(hint.group, Group::GoTo | Group::Leave));
    // The views first, as they are counted.
    let is_view = |hint: &Hint| hint.keys.starts_with(|key: char| key.is_ascii_digit());
    goes.sort_by(|one, other| match (is_view(one), is_view(other)) {
        (true, true) => one.keys.cmp(&other.keys),
        (one, other) => other.cmp(&one),
    });
    let mut go = Line::of(Tone::Heading, "   GO  ");
    for hint in goes {
        let (part, takes) = hint_line(hint, columns / 4);
        if go.width() + takes + 2 <= columns / 2 {
            go = go.then(part).with(Tone::Plain, "  ");
        }
    }
    let mut line = Line::of(Tone::Heading, "LOOK  ");
    for hint in looks {
        let (part, takes) = hint_line(hint, columns / 4);
        if line.width() + takes + 2 + go.width() <= columns {
            line = line.then(part).with(Tone::Plain, "  ");
        }
    }
    [act, line.then(go)].map(|line| Bar::default().left(0, line))
}

/// What the last line of messages says: the last of them, or what went wrong and was not read yet, with
/// how much more of that there is.
fn to_say<'a>(look: &Look<'a>) -> (Option<&'a Message>, usize) {
    let messages = &look.interface.messages;
    let staying = messages.iter().filter(|message| message.stays).count();
    if staying == 0 {
        return (messages.back(), 0);
    }
    let mut newest = messages.iter().rev();
    let shown = newest.find(|message| message.stays || message.mood == Mood::Bad);
    let is_one = shown.is_some_and(|message| message.stays);
    (shown, staying - usize::from(is_one))
}

fn said(look: &Look<'_>) -> Bar {
    let (message, more) = to_say(look);
    // The tour goes on beside what stays: the count of errors is there anyway.
    let fresh = message.is_some_and(|message| look.clock.ago(message.at) < FRESH);
    let tour = look.interface.tour_text();
    let mut bar = Bar::default();
    if let Some(Overlay::Filter { input, chosen, .. }) = look.interface.overlays.last() {
        let line = if *chosen {
            Line::of(Tone::Focus, "/")
                .with(Tone::Strong, format!("[{}]", input.value()))
                .with(
                    Tone::Muted,
                    "  a letter begins anew, the right arrow goes on",
                )
        } else {
            Line::of(Tone::Focus, format!("/{}_", input.value()))
        };
        let problems = look.interface.filter_problems(input.value());
        let line = match problems.first() {
            Some(why) => line.with(Tone::Bad, format!("  {} {why}", look.glyphs.bad())),
            None => line.with(Tone::Muted, "  enter keeps it, esc takes it back"),
        };
        let columns = usize::from(look.shape.columns).saturating_sub(2);
        bar = bar.left(0, line.fitted(columns));
    } else if let Some((_, begun)) = &look.interface.begun {
        let begun: Vec<String> = begun.iter().map(ToString::to_string).collect();
        bar = bar.left(0, Line::of(Tone::Focus, format!("{} …", begun.join(" "))));
    } else if let Some(Overlay::Search { input }) = look.interface.overlays.last() {
        let line = Line::of(Tone::Focus, format!("/{}_", input.value()));
        let line = line.with(Tone::Muted, "  enter looks for it in the log");
        bar = bar.left(0, line);
    } else if let (Some(text), false) = (tour, fresh) {
        bar = bar.left(0, Line::of(Tone::Accent, text));
    } else if let Some(message) = message {
        let (glyph, tone) = messages::sign(look, message.mood);
        let mut line =
            Line::of(Tone::Muted, look.clock.long(message.at)).with(tone, format!(" {glyph} "));
        if more > 0 {
            line.push(Tone::Bad, format!("[{more} more in !] "));
        }
        line.push(Tone::Plain, message.text.clone());
        let columns = usize::from(look.shape.columns).saturating_sub(2);
        // On a wide screen also the one before, where that fits whole.
        if let Some(before) = before(look, message).filter(|_| look.shape.columns >= 160)
            && line.width() + before.width() + 24 <= columns
        {
            line = line.then(before);
        }
        bar = bar.left(0, line.fitted(columns));
    }
    let in_flight = look
        .engine
        .ledger
        .as_ref()
        .map_or(0, |ledger| ledger.open().count());
    if in_flight > 0 {
        let line = Line::of(Tone::Running, format!("{in_flight} in flight"));
        bar = bar.right(1, line);
    }
    bar.right(1, header::errors(look))
}

/// `    14:15:22 ✓ accepted`: the message that was said before one.
fn before(look: &Look<'_>, message: &Message) -> Option<Line> {
    let mut older = look.interface.messages.iter().rev();
    let before = older
        .by_ref()
        .find(|one| std::ptr::eq(*one, message))
        .and_then(|_| older.next())?;
    let (glyph, tone) = messages::sign(look, before.mood);
    let line = Line::of(Tone::Muted, format!("    {}", look.clock.long(before.at)));
    Some(
        line.with(tone, format!(" {glyph} "))
            .with(Tone::Muted, before.text.clone()),
    )
}

/// What a reason takes beside its words, the label and a key of one letter.
const REASON: usize = 9;

/// Why none of several is possible, where that is the same for all.
fn one_reason<'a>(hints: &[&'a Hint]) -> Option<&'a str> {
    let [first, others @ ..] = hints else {
        return None;
    };
    let why = first.blocked.as_deref()?;
    let are_alike = others.iter().all(|hint| hint.blocked == first.blocked);
    (are_alike && !others.is_empty()).then_some(why)
}

/// How many columns the key and the label of a hint take.
fn bare(hint: &Hint) -> usize {
    width(&hint.keys) + 1 + hint.label.len()
}

/// How many columns the reason of each hint gets in a line of `columns`: short ones are whole, the others
/// share what is left.
fn rooms(hints: &[&Hint], columns: usize) -> Vec<usize> {
    let fixed: usize = hints
        .iter()
        .map(|hint| {
            let reason = hint.blocked.as_ref().map_or(0, |_| REASON - 2);
            bare(hint) + reason + 2
        })
        .sum();
    let mut spare = columns.saturating_sub(fixed);
    let mut rooms = vec![0; hints.len()];
    let wanted = |place: &usize| hints[*place].blocked.as_deref().map_or(0, width);
    let mut places: Vec<usize> = (0..hints.len()).collect();
    places.sort_by_key(wanted);
    for (done, place) in places.iter().enumerate() {
        let room = wanted(place).min(spare / (places.len() - done));
        rooms[*place] = room;
        spare -= room;
    }
    rooms
}

/// Lets the hints flow over `rows` lines; those that find no place are in the help.
fn keys(hints: &[Hint], look: &Look<'_>, rows: usize) -> Vec<Bar> {
    let columns = usize::from(look.shape.columns).saturating_sub(2);
    let mut lines = vec![(Line::new(), 0); rows];
    for hint in hints {
        let (part, takes) = hint_line(hint, columns / 2);
        let gap = |taken: usize| if taken == 0 { 0 } else { 2 };
        // A long reason must not leave a hole: what comes after it may stand before it.
        let line = lines
            .iter_mut()
            .find(|(_, taken)| taken + gap(*taken) + takes <= columns);
        if let Some((line, taken)) = line {
            if *taken > 0 {
                line.push(Tone::Plain, "  ");
            }
            line.0.extend(part.0);
            *taken += gap(*taken) + takes;
        }
    }
    lines
        .into_iter()
        .map(|(line, _)| Bar::default().left(0, line))
        .collect()
}

/// `P promote`, or `P promote (no: 2 gates closed)` struck out, and how many columns it takes.
fn hint_line(hint: &Hint, columns: usize) -> (Line, usize) {
    match &hint.blocked {
        None => {
            let line = Line::of(Tone::Key, hint.keys.clone());
            let line = line.with(Tone::Plain, format_compact!(" {}", hint.label));
            let takes = line.width();
            (line, takes)
        }
        Some(why) => {
            let room = columns.saturating_sub(hint.label.len() + REASON);
            // Cut between words, it takes the room that it would take cut anywhere: what finds a place
            // beside it does not depend on where a word ends.
            let whole = width(&cut(why, room));
            let why = cut_words(why, room);
            let spare = whole.saturating_sub(width(&why));
            let line = Line::of(Tone::Struck, format!("{} {}", hint.keys, hint.label))
                .with(Tone::Muted, format!(" (no: {why})"));
            let takes = line.width() + spare;
            (line, takes)
        }
    }
}

/// How long ago, for the lists of errors and messages.
pub(super) fn ago(look: &Look<'_>, at: jiff::Timestamp) -> String {
    format!("{} ago", time::age(look.clock.ago(at)))
}
