//! The chooser of columns.

use super::dialog::{self, Form};
use super::line::{Line, Tone};
use super::look::Look;
use super::panel::Dialog;
use crate::app::interface::arrangement::columns;

pub(super) fn chooser(look: &Look<'_>, selected: usize) -> Dialog {
    let mut form = Form::new(dialog::columns(look));
    for (place, column) in columns(look.state).into_iter().enumerate() {
        let on = place == selected;
        let shown = !look.interface.hidden.contains(&column);
        let sign = if shown { "[x]" } else { "[ ]" };
        let tone = if on { Tone::Focus } else { Tone::Plain };
        let line = Line::of(Tone::Strong, if on { "> " } else { "  " });
        form.line(line.with(tone, format!("{sign} {column}")));
    }
    form.line(Line::of(
        Tone::Muted,
        "earliest needs a wide screen; service is always shown",
    ));
    let title = Line::of(Tone::Strong, "COLUMNS");
    let keys = Line::of(Tone::Muted, "j k move   space shows or hides   esc closes");
    form.done(look, title, vec![keys])
}
