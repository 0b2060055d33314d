//! Dialogs in words. Each opens on Cancel and shows exactly what would be sent; what their keys do
//! lives in `interface`.

use tui_input::Input;

use super::line::{Line, Tone, width as text_width, wrap};
use super::look::Look;
use super::panel::{Caret, Dialog, Scroll};

pub(super) mod bind;
pub(super) mod confirm;
pub(super) mod custom;
pub(super) mod gates;
pub(super) mod handover;
pub(super) mod hold;
pub(super) mod overriding;
pub(super) mod promote;
pub(super) mod quit;
pub(super) mod release;

/// Columns of a dialog, its border included.
pub(super) fn width(look: &Look<'_>) -> u16 {
    look.shape.columns.saturating_sub(2).min(96)
}

/// Columns of a dialog over several services, its border included: their rows take what there is.
pub(super) fn wide(look: &Look<'_>) -> u16 {
    look.shape.columns.saturating_sub(2).min(140)
}

/// Columns for text in a dialog.
pub(super) fn columns(look: &Look<'_>) -> usize {
    usize::from(width(look)).saturating_sub(4)
}

/// Columns that the name of a field or part takes.
const LABEL: usize = 9;

/// A dialog under construction.
pub(super) struct Form {
    columns: usize,
    lines: Vec<Line>,
    focus: Option<usize>,
    caret: Option<(usize, u16)>,
    /// From which line on it stays in sight.
    pinned: Option<usize>,
}

impl Form {
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            lines: Vec::new(),
            focus: None,
            caret: None,
            pinned: None,
        }
    }

    /// What follows is asked for, and stays in sight however long the rest is.
    pub fn pin(&mut self) {
        self.pinned = Some(self.lines.len());
    }

    pub fn line(&mut self, line: Line) {
        self.lines.push(line);
    }

    pub fn blank(&mut self) {
        self.lines.push(Line::new());
    }

    /// `label    text`, wrapped under itself.
    pub fn told(&mut self, label: &'static str, tone: Tone, text: &str) {
        let room = self.columns.saturating_sub(LABEL + 1);
        for (place, part) in wrap(text, room).into_iter().enumerate() {
            let label = if place == 0 { label } else { "" };
            self.labelled(label, Line::of(tone, part));
        }
    }

    pub fn labelled(&mut self, label: &'static str, line: Line) {
        let label = Line::of(Tone::Heading, format!("{label:<LABEL$} "));
        self.lines.push(label.then(line));
    }

    /// `label    [ typed text______ ]`.
    pub fn field(&mut self, label: &str, input: &Input, focused: bool) {
        let label = format!("{label:<LABEL$} ");
        let room = self.columns.saturating_sub(label.len() + 4).clamp(1, 60);
        // The caret may stand behind the last character.
        let scroll = input.visual_scroll(room.saturating_sub(1));
        let shown = window(input.value(), scroll, room);
        let rest = room.saturating_sub(text_width(&shown));
        let tone = if focused { Tone::Focus } else { Tone::Plain };
        if focused {
            let column = label.len() + 2 + input.visual_cursor().saturating_sub(scroll);
            self.focus = Some(self.lines.len());
            self.caret = Some((self.lines.len(), u16::try_from(column).unwrap_or(u16::MAX)));
        }
        let line = Line::of(Tone::Heading, label)
            .with(tone, "[ ")
            .with(Tone::Strong, shown)
            .with(Tone::Muted, "_".repeat(rest))
            .with(tone, " ]");
        self.lines.push(line);
    }

    /// `label    (*) this  ( ) that`, one below the other where they do not fit.
    pub fn choice(
        &mut self,
        label: &'static str,
        options: &[String],
        chosen: usize,
        focused: bool,
    ) {
        let mut line = Line::new();
        let mut first = true;
        for (place, option) in options.iter().enumerate() {
            let on = place == chosen;
            let text = format!("({}) {option}", if on { "*" } else { " " });
            let wide = text_width(&text);
            if !line.is_empty() && line.width() + 3 + wide > self.columns.saturating_sub(LABEL + 1)
            {
                self.labelled(if first { label } else { "" }, std::mem::take(&mut line));
                first = false;
            }
            if !line.is_empty() {
                line.push(Tone::Plain, "   ");
            }
            let tone = match (on, focused) {
                (true, true) => Tone::Focus,
                (true, false) => Tone::Strong,
                (false, _) => Tone::Plain,
            };
            line.push(tone, text);
        }
        if focused {
            self.focus = Some(self.lines.len());
        }
        self.labelled(if first { label } else { "" }, line);
    }

    /// What is wrong with what was typed.
    pub fn error(&mut self, look: &Look<'_>, error: Option<&String>) {
        if let Some(error) = error {
            let parts = wrap(error, self.columns.saturating_sub(2));
            for (place, part) in parts.into_iter().enumerate() {
                let sign = if place == 0 { look.glyphs.bad() } else { " " };
                self.lines
                    .push(Line::of(Tone::Bad, format!("{sign} {part}")));
            }
        }
    }

    pub fn done(mut self, look: &Look<'_>, title: Line, mut foot: Vec<Line>) -> Dialog {
        let rows = usize::from(look.shape.rows);
        // In the middle of the screen it covers the footer, and the tour with it: of what may be
        // pressed here the tour says more than the keys do.
        let height = self.lines.len() + foot.len() + 2;
        let covers = height + 2 * usize::from(look.shape.footer) > rows;
        if let (Some(text), Some(keys), true) =
            (look.interface.tour_text(), foot.last_mut(), covers)
        {
            *keys = Line::of(Tone::Accent, text).fitted(self.columns);
        }
        let at = self.pinned.unwrap_or(self.lines.len());
        // Where there is room for nothing beside them, they move with the rest.
        let rest = self.lines.len().saturating_sub(at) + foot.len() + 2;
        let fits = rest + 2 <= rows;
        let at = if fits { at } else { self.lines.len() };
        let fields = self.lines.split_off(at.min(self.lines.len()));
        Dialog {
            title,
            lines: self.lines,
            focus: self.focus.filter(|focus| *focus < at),
            caret: self.caret.map(|(line, column)| Caret {
                in_fields: line >= at,
                line: if line >= at { line - at } else { line },
                column,
            }),
            fields,
            foot,
            width: width(look),
            scroll: Scroll::default(),
        }
    }
}

/// Adds a part at the end of a finished dialog.
pub(super) fn below(dialog: &mut Dialog, label: &'static str, tone: Tone, text: &str) {
    let mut form = Form::new(usize::from(dialog.width).saturating_sub(4));
    form.told(label, tone, text);
    dialog.lines.extend(form.lines);
}

/// The part of `text` from column `from` on that takes at most `columns`.
fn window(text: &str, from: usize, columns: usize) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    let mut at = 0;
    let mut shown = String::new();
    for grapheme in text.graphemes(true) {
        let wide = text_width(grapheme);
        if at >= from && at + wide <= from + columns {
            shown.push_str(grapheme);
        }
        at += wide;
    }
    shown
}

/// A button: what it is called, whether it has the focus, and why it cannot be pressed.
pub(super) struct Button {
    pub name: String,
    pub focused: bool,
    pub blocked: Option<String>,
}

impl Button {
    pub fn new(name: impl Into<String>, focused: bool) -> Self {
        Self {
            name: name.into(),
            focused,
            blocked: None,
        }
    }

    pub fn unless(mut self, blocked: Option<String>) -> Self {
        self.blocked = blocked;
        self
    }
}

/// `> Cancel <   Promote (no: type prod)`, and the keys below it.
pub(super) fn buttons(buttons: &[Button]) -> Vec<Line> {
    let mut line = Line::new();
    for button in buttons {
        let (open, close) = if button.focused {
            ("> ", " <")
        } else {
            ("  ", "  ")
        };
        let tone = match (&button.blocked, button.focused) {
            (_, true) => Tone::Focus,
            (Some(_), false) => Tone::Struck,
            (None, false) => Tone::Strong,
        };
        line.push(Tone::Plain, " ");
        line.push(tone, format!("{open}{}{close}", button.name));
        if let Some(why) = &button.blocked {
            let gap = if button.focused { " " } else { "" };
            line.push(Tone::Muted, format!("{gap}(no: {why}) "));
        }
    }
    vec![
        Line::new(),
        line,
        Line::of(
            Tone::Muted,
            "tab field or button   enter chooses   esc cancels   (starts on Cancel)",
        ),
    ]
}
