//! The chooser of columns: the board's, and those of each list.

use super::dialog::{self, Form};
use super::line::{Line, Tone};
use super::look::Look;
use super::panel::Dialog;
use crate::app::interface::arrangement::columns;
use crate::app::interface::overview::columns::fixed;

pub(super) fn chooser(look: &Look<'_>, selected: usize) -> Dialog {
    let mut form = Form::new(dialog::columns(look));
    for (place, column) in columns(look.state).into_iter().enumerate() {
        let on = place == selected;
        let shown = !look.interface.hidden_here().contains(&column);
        let sign = if shown { "[x]" } else { "[ ]" };
        let tone = if on { Tone::Focus } else { Tone::Plain };
        let line = Line::of(Tone::Strong, if on { "> " } else { "  " });
        form.line(line.with(tone, format!("{sign} {column}")));
    }
    let note = match look.interface.overview() {
        None => "earliest needs a wide screen; service is always shown".to_owned(),
        Some(overview) => {
            let fixed = fixed(overview).to_uppercase();
            format!("{fixed} is always shown")
        }
    };
    form.line(Line::of(Tone::Muted, note));
    let title = Line::of(Tone::Strong, "COLUMNS");
    let keys = Line::of(Tone::Muted, "j k move   space shows or hides   esc closes");
    form.done(look, title, vec![keys])
}
