//! What lies over the screen, the top one last. What each holds lives in its own file.

use super::dialog;
use super::line::Tone;
use super::look::Look;
use super::panel::Dialog;
use super::{columns, errors, help, messages};
use crate::app::interface::Overlay;

/// Which button of the top dialog has the focus, from the left.
pub(super) fn focused_button(look: &Look<'_>) -> Option<usize> {
    let top = over(look).pop()?;
    top.buttons().position(|(_, span)| span.tone == Tone::Focus)
}

pub(super) fn over(look: &Look<'_>) -> Vec<Dialog> {
    look.interface
        .overlays
        .iter()
        .filter_map(|overlay| match overlay {
            Overlay::Help { offset } => Some(help::help(look, *offset)),
            Overlay::Errors { list } => Some(errors::list(look, *list)),
            Overlay::Messages { offset } => Some(messages::list(look, *offset)),
            // The footer shows what is typed; the rows stay in sight.
            Overlay::Filter { .. } | Overlay::Search { .. } => None,
            Overlay::Palette { input, selected } => Some(help::palette(look, input, *selected)),
            Overlay::Columns { selected } => Some(columns::chooser(look, *selected)),
            Overlay::Promote(promote) => Some(dialog::promote::dialog(look, promote)),
            Overlay::Hold(hold) => Some(dialog::hold::dialog(look, hold)),
            Overlay::Override(overriding) => Some(dialog::overriding::dialog(look, overriding)),
            Overlay::Gates(gates) => Some(dialog::gates::dialog(look, gates)),
            Overlay::Confirm(confirm) => Some(dialog::confirm::dialog(look, confirm)),
            Overlay::Custom(custom) => Some(dialog::custom::dialog(look, custom)),
            Overlay::Output(pane) => Some(dialog::custom::output(look, pane)),
            Overlay::Handover(handover) => Some(dialog::handover::dialog(look, handover)),
            Overlay::Release(release) => Some(dialog::release::dialog(look, release)),
            Overlay::Quit { focus } => Some(dialog::quit::dialog(look, *focus)),
        })
        .collect()
}
