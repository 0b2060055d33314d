//! The help and the palette, both made from the one table of commands.

use tui_input::Input;

use super::dialog::{self, Form};
use super::line::{Line, Tone, blanks, cut, width};
use super::look::Look;
use super::panel::{Dialog, Scroll};
use crate::app::command::{self, Context, Hint};
use crate::app::interface::choices;

/// From so many columns on, the help stands in two.
const TWO_COLUMNS: u16 = 130;
/// Between them.
const GAP: usize = 3;

/// The keys of the screen, or those of them that have all the words that are looked for.
pub(super) fn help(look: &Look<'_>, offset: usize, search: &Input, typing: bool) -> Dialog {
    // Side by side where there is room for two: less of it is out of sight.
    let abreast = usize::from(dialog::wide(look) >= TWO_COLUMNS) + 1;
    let outer = if abreast > 1 {
        dialog::wide(look)
    } else {
        dialog::width(look)
    };
    let inner = usize::from(outer).saturating_sub(4);
    let columns = (inner - (abreast - 1) * GAP) / abreast;
    let words = search.value().to_lowercase();
    let mut lines = Vec::new();
    for section in command::help(look.state) {
        let hints = section.hints.iter();
        let hints: Vec<&Hint> = hints.filter(|hint| has(hint, &words)).collect();
        if hints.is_empty() {
            continue;
        }
        lines.push(Line::of(Tone::Heading, section.name));
        for hint in hints {
            lines.extend(explained(hint, columns));
        }
        lines.push(Line::new());
    }
    let nothing = lines.is_empty();
    if abreast > 1 {
        lines = side_by_side(lines, columns);
    }
    lines.push(if nothing {
        Line::of(Tone::Warning, "no key here has these words")
    } else {
        Line::of(
            Tone::Muted,
            "Every key that changes something opens a dialog that starts on Cancel.",
        )
    });
    let rows = usize::from(look.shape.rows).saturating_sub(4);
    let offset = offset.min(lines.len().saturating_sub(rows));
    let more = lines.len().saturating_sub(offset + rows);
    let foot = if typing {
        "enter keeps it   esc takes it back".to_owned()
    } else if more > 0 {
        format!("j k scroll, {more} more lines   / search   esc closes")
    } else {
        "j k scroll   / search   esc closes".to_owned()
    };
    let place = Context::of_screen(look.interface).word();
    let title = Line::of(Tone::Strong, format!("HELP {place}"));
    let title = match (typing, search.value()) {
        (true, words) => title.with(Tone::Focus, format!("  /{words}_")),
        (false, "") => title.with(Tone::Muted, "  keys as they are bound"),
        (false, words) => title.with(Tone::Accent, format!("  /{words}")),
    };
    Dialog {
        title,
        lines: lines.into_iter().skip(offset).take(rows).collect(),
        focus: None,
        foot: vec![Line::of(Tone::Muted, foot)],
        width: outer,
        fields: Vec::new(),
        caret: None,
        scroll: Scroll::default(),
    }
}

/// The first half of the lines beside the second.
fn side_by_side(lines: Vec<Line>, columns: usize) -> Vec<Line> {
    let half = lines.len().div_ceil(2);
    let mut left = lines;
    let mut right = left.split_off(half).into_iter();
    left.into_iter()
        .map(|line| match right.next() {
            Some(beside) => line.padded(columns + GAP).then(beside),
            None => line,
        })
        .collect()
}

fn has(hint: &Hint, words: &str) -> bool {
    let text = format!("{} {} {}", hint.keys, hint.label, hint.help).to_lowercase();
    words.split_whitespace().all(|word| text.contains(word))
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

/// The commands that fit what was typed, best first, the impossible ones with the reason.
pub(super) fn palette(look: &Look<'_>, input: &Input, selected: usize) -> Dialog {
    let found = choices(look.state, input.value());
    let columns = dialog::columns(look);
    let mut form = Form::new(columns);
    form.field(":", input, true);
    let rows = usize::from(look.shape.rows).saturating_sub(8).clamp(3, 16);
    let selected = selected.min(found.len().saturating_sub(1));
    let offset = (selected + 1).saturating_sub(rows);
    let seen = found.iter().skip(offset).take(rows);
    let widest = seen
        .map(|choice| width(&choice.line))
        .max()
        .unwrap_or_default();
    // As wide as what is seen needs, and never more than half.
    let name = (widest + 4).clamp(18, (columns / 2).max(18));
    for (place, choice) in found.iter().enumerate().skip(offset).take(rows) {
        let on = place == selected;
        let tone = match (&choice.blocked, on) {
            (Some(_), _) => Tone::Struck,
            (None, true) => Tone::Strong,
            (None, false) => Tone::Plain,
        };
        let line = Line::of(Tone::Strong, if on { "> " } else { "  " })
            .with(tone, cut(&choice.line, name.saturating_sub(3)).into_owned())
            .padded(name)
            .with(Tone::Key, choice.keys.clone())
            .padded(name + 10)
            .with(Tone::Plain, " ");
        form.line(match &choice.blocked {
            Some(why) => line.with(Tone::Warning, format!("not now: {why}")),
            None => line.with(Tone::Muted, choice.about.clone()),
        });
    }
    if found.is_empty() {
        form.line(Line::of(Tone::Muted, "  no command matches"));
    }
    let count = if found.is_empty() { 0 } else { selected + 1 };
    let counted = format!("  {count} of {}", found.len());
    let title = Line::of(Tone::Strong, "COMMAND").with(Tone::Muted, counted);
    let keys = Line::of(Tone::Muted, "enter runs it   tab completes   esc closes");
    form.done(look, title, vec![keys])
}
