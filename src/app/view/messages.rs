//! Everything that was said to the operator, newest first.

use super::dialog;
use super::line::{Line, Tone, wrap};
use super::look::Look;
use super::panel::{Dialog, Scroll};
use crate::app::interface::Mood;

pub(super) fn list(look: &Look<'_>, offset: usize) -> Dialog {
    let columns = dialog::columns(look);
    let messages = &look.interface.messages;
    let rows = usize::from(look.shape.rows).saturating_sub(4);
    let offset = offset.min(messages.len().saturating_sub(1));
    let mut lines = Vec::new();
    for message in messages.iter().rev().skip(offset).take(rows) {
        let (glyph, tone) = sign(look, message.mood);
        let mut head =
            Line::of(Tone::Muted, look.clock.long(message.at)).with(tone, format!(" {glyph} "));
        for part in wrap(&message.text, columns.saturating_sub(head.width())) {
            let indent = head.width();
            lines.push(std::mem::take(&mut head).with(Tone::Plain, part));
            head = Line::plain(super::line::blanks(indent));
        }
    }
    if lines.is_empty() {
        lines.push(Line::of(Tone::Muted, "nothing was said yet"));
    }
    Dialog {
        title: Line::of(Tone::Strong, "MESSAGES").with(Tone::Muted, "  newest first"),
        lines,
        focus: None,
        foot: vec![Line::of(Tone::Muted, "j k scroll   esc closes")],
        width: dialog::width(look),
        fields: Vec::new(),
        caret: None,
        scroll: Scroll::default(),
    }
}

/// The sign before what was said.
pub(super) fn sign(look: &Look<'_>, mood: Mood) -> (&'static str, Tone) {
    match mood {
        Mood::Good => (look.glyphs.good(), Tone::Good),
        Mood::Open => ("?", Tone::Unknown),
        Mood::Bad => (look.glyphs.bad(), Tone::Bad),
    }
}
