//! The help and the palette, both made from the one table of commands.

use tui_input::Input;

use super::dialog::{self, Form};
use super::footer::hint_line;
use super::line::{Line, Tone, blanks, width};
use super::look::Look;
use super::panel::Dialog;
use crate::app::command::{self, Hint};

pub(super) fn help(look: &Look<'_>, offset: usize) -> Dialog {
    let columns = dialog::columns(look);
    let mut lines = Vec::new();
    for section in command::help(look.state) {
        lines.push(Line::of(Tone::Heading, section.name));
        for hint in &section.hints {
            lines.extend(explained(hint, columns));
        }
        lines.push(Line::new());
    }
    lines.push(Line::of(
        Tone::Muted,
        "Every key that changes something opens a dialog that starts on Cancel.",
    ));
    let rows = usize::from(look.shape.rows).saturating_sub(4);
    let offset = offset.min(lines.len().saturating_sub(rows));
    let more = lines.len().saturating_sub(offset + rows);
    let foot = if more > 0 {
        format!("j k scroll, {more} more lines   esc closes")
    } else {
        "j k scroll   esc closes".to_owned()
    };
    Dialog {
        title: Line::of(Tone::Strong, "HELP").with(Tone::Muted, "  keys as they are bound"),
        lines: lines.into_iter().skip(offset).take(rows).collect(),
        focus: None,
        foot: vec![Line::of(Tone::Muted, foot)],
        width: dialog::width(look),
        caret: None,
    }
}

fn explained(hint: &Hint, columns: usize) -> Vec<Line> {
    let keys = format!("  {}", hint.keys);
    let missing = 12_usize.saturating_sub(width(&keys));
    let mut line = Line::new();
    line.push(
        if hint.blocked.is_some() {
            Tone::Struck
        } else {
            Tone::Key
        },
        keys,
    );
    line.push(Tone::Plain, blanks(missing.max(1)));
    let mut lines = Vec::new();
    let room = columns.saturating_sub(12);
    for part in super::line::wrap(hint.help, room) {
        let full = std::mem::take(&mut line).with(Tone::Plain, part);
        lines.push(full);
        line = Line::plain(blanks(12));
    }
    if let Some(why) = &hint.blocked {
        for part in super::line::wrap(&format!("not now: {why}"), room) {
            lines.push(Line::plain(blanks(12)).with(Tone::Warning, part));
        }
    }
    lines
}

/// The commands whose name or help has every typed word.
pub(super) fn palette(look: &Look<'_>, input: &Input, selected: usize) -> Dialog {
    let typed = input.value().to_lowercase();
    let words: Vec<&str> = typed.split_whitespace().collect();
    let hints: Vec<Hint> = command::help(look.state)
        .into_iter()
        .flat_map(|section| section.hints)
        .filter(|hint| {
            let text = format!("{} {}", hint.label, hint.help).to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .collect();
    let columns = dialog::columns(look);
    let mut form = Form::new(columns);
    form.field(":", input, true);
    let rows = usize::from(look.shape.rows).saturating_sub(7).clamp(3, 14);
    let selected = selected.min(hints.len().saturating_sub(1));
    let offset = (selected + 1).saturating_sub(rows);
    for (place, hint) in hints.iter().enumerate().skip(offset).take(rows) {
        let on = place == selected;
        let line = Line::of(Tone::Strong, if on { "> " } else { "  " })
            .then(hint_line(hint, columns / 2))
            .padded(28)
            .with(Tone::Muted, format!(" {}", hint.help));
        form.line(line);
    }
    if hints.is_empty() {
        form.line(Line::of(Tone::Muted, "  no command matches"));
    }
    let count = if hints.is_empty() { 0 } else { selected + 1 };
    let title = Line::of(Tone::Strong, "COMMAND").with(Tone::Muted, format!("  {count} of {}", hints.len()));
    form.done(look, title, vec![Line::of(Tone::Muted, "enter runs it   esc closes")])
}
