//! The operator's own commands: what would be run, and what it said.

use super::{Button, Form, buttons, columns, width};
use crate::app::interface::custom::{CustomDialog, OutputPane, command_line};
use crate::app::view::line::{Line, Tone, wrap};
use crate::app::view::look::Look;
use crate::app::view::panel::{Dialog, Scroll};

pub(in crate::app::view) fn dialog(look: &Look<'_>, dialog: &CustomDialog) -> Dialog {
    let mut form = Form::new(columns(look));
    form.labelled("on", Line::of(Tone::Strong, dialog.on.clone()));
    form.told("runs", Tone::Plain, &command_line(&dialog.errand));
    if let Some(help) = &dialog.command.help {
        form.told("does", Tone::Plain, help);
    }
    if dialog.command.dangerous {
        form.told(
            "DANGER",
            Tone::Warning,
            "your config says that it changes something",
        );
    }
    let foot = buttons(&[
        Button::new("Cancel", !dialog.run),
        Button::new("Run", dialog.run),
    ]);
    let title = format!("RUN {}", dialog.command.name);
    form.done(look, Line::of(Tone::Strong, title), foot)
}

pub(in crate::app::view) fn output(look: &Look<'_>, pane: &OutputPane) -> Dialog {
    let rows = usize::from(look.shape.rows).saturating_sub(4);
    let mut lines: Vec<Line> = Vec::new();
    let mut title = Line::of(Tone::Strong, pane.errand.name.clone());
    match &pane.output {
        None => {
            title.push(
                Tone::Running,
                format!("  {} running", look.glyphs.running()),
            );
            let told = command_line(&pane.errand);
            lines.extend(wrap(&told, columns(look)).into_iter().map(Line::plain));
        }
        Some(output) => {
            let (glyph, tone) = if output.good {
                (look.glyphs.good(), Tone::Good)
            } else {
                (look.glyphs.bad(), Tone::Bad)
            };
            title.push(tone, format!("  {glyph} {}", output.end));
            let shown = output.lines.iter().skip(pane.offset);
            for line in shown {
                lines.extend(wrap(line, columns(look)).into_iter().map(Line::plain));
                if lines.len() >= rows {
                    break;
                }
            }
            lines.truncate(rows);
            if output.lines.is_empty() {
                lines.push(Line::of(Tone::Muted, "it said nothing"));
            }
            if output.cut {
                title.push(Tone::Warning, "  cut: it said more");
            }
        }
    }
    Dialog {
        title,
        lines,
        focus: None,
        foot: vec![Line::of(Tone::Muted, "j k scroll   y copy   esc closes")],
        width: width(look),
        fields: Vec::new(),
        caret: None,
        scroll: Scroll::default(),
    }
}
