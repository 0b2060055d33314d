//! The errors that nobody has read yet, and those that were: what failed, when, why, what to do.

use super::dialog;
use super::footer::ago;
use super::line::{Line, Tone, blanks, wrap};
use super::look::Look;
use super::panel::{Dialog, Scroll};
use crate::app::interface::ListCursor;

pub(super) fn list(look: &Look<'_>, list: ListCursor) -> Dialog {
    let columns = dialog::columns(look);
    let problems = &look.interface.problems;
    let mut lines = Vec::new();
    let mut focus = None;
    let selected = list.selected.min(problems.len().saturating_sub(1));
    // Newest first, as in every other list of what happened.
    for (place, problem) in problems.iter().rev().enumerate() {
        let on = place == selected;
        if on {
            focus = Some(lines.len() + 3);
        }
        let (glyph, tone) = if problem.read {
            (".", Tone::Muted)
        } else {
            (look.glyphs.bad(), Tone::Bad)
        };
        let times = if problem.count > 1 {
            format!(
                "  {} times since {}",
                problem.count,
                look.clock.long(problem.at)
            )
        } else {
            String::new()
        };
        lines.push(
            Line::of(Tone::Strong, if on { "> " } else { "  " })
                .with(tone, format!("{glyph} "))
                .with(Tone::Strong, problem.subject.clone())
                .with(
                    Tone::Muted,
                    format!("  {}{times}", ago(look, problem.last_at)),
                ),
        );
        for part in wrap(&problem.why, columns.saturating_sub(4)) {
            lines.push(Line::plain(blanks(4)).with(Tone::Plain, part));
        }
        let hint = problem.hint.iter();
        let parts = hint.flat_map(|hint| wrap(hint, columns.saturating_sub(12)));
        for (place, part) in parts.enumerate() {
            let label = if place == 0 { "to do" } else { "" };
            let label = Line::of(Tone::Accent, format!("    {label:<8}"));
            lines.push(label.with(Tone::Plain, part));
        }
        if let Some(request) = &problem.request {
            lines.push(Line::of(Tone::Muted, format!("    request {request}")));
        }
        lines.push(Line::new());
    }
    if problems.is_empty() {
        lines.push(Line::of(
            Tone::Good,
            format!("{} nothing went wrong", look.glyphs.good()),
        ));
        lines.push(Line::new());
    }
    Dialog {
        title: Line::of(Tone::Strong, format!("ERRORS {}", problems.len())),
        lines,
        focus,
        foot: vec![Line::of(
            Tone::Muted,
            "j k move   y copy   esc closes and marks them read",
        )],
        width: dialog::width(look),
        fields: Vec::new(),
        caret: None,
        scroll: Scroll::default(),
    }
}
