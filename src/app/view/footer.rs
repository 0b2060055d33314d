//! The footer: the last thing that was said, what is under way, and the keys that are valid now.
//! What is impossible stays listed, struck out, with the reason in words.

use compact_str::format_compact;
use jiff::SignedDuration;

use super::line::{Line, Tone, cut, cut_words, width};
use super::look::Look;
use super::panel::Bar;
use super::{header, messages, time};
use crate::app::command::{self, Hint};
use crate::app::interface::{Message, Mood, Overlay};

/// How long a message keeps the tour from its line.
const FRESH: SignedDuration = SignedDuration::from_secs(6);

pub(super) fn bars(look: &Look<'_>) -> Vec<Bar> {
    let rows = match look.shape.footer {
        0 | 1 => return vec![said(look)],
        2 => 1,
        _ => 2,
    };
    let mut bars = vec![said(look)];
    bars.extend(keys(&command::footer(look.state), look, rows));
    bars
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
            let room = columns.saturating_sub(hint.label.len() + 9);
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
