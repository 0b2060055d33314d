//! What has changed since the operator last looked.

use super::line::{Line, Tone, wrap};
use super::look::Look;
use super::panel::{Dialog, Scroll};
use super::{dialog, footer};
use crate::app::interface::Screen;
use crate::app::interface::changes;

pub(super) fn list(look: &Look<'_>, offset: usize) -> Dialog {
    let columns = dialog::columns(look);
    let rows = usize::from(look.shape.rows).saturating_sub(4);
    let mut lines: Vec<Line> = changes::lines(look.state)
        .into_iter()
        .skip(offset)
        .take(rows)
        .flat_map(|text| wrap(&text, columns))
        .map(Line::plain)
        .collect();
    if lines.is_empty() {
        lines.push(Line::of(Tone::Muted, "nothing has changed"));
    }
    let since = match &look.interface.looked {
        Some(_) if look.interface.screen == Screen::Release => "  since your vote".to_owned(),
        Some(looked) => format!("  since you looked, {}", footer::ago(look, looked.at)),
        None => String::new(),
    };
    Dialog {
        title: Line::of(Tone::Strong, "CHANGES").with(Tone::Muted, since),
        lines,
        focus: None,
        foot: vec![Line::of(
            Tone::Muted,
            "j k scroll   y copy   esc closes and takes it as seen",
        )],
        width: dialog::width(look),
        fields: Vec::new(),
        caret: None,
        scroll: Scroll::default(),
    }
}
