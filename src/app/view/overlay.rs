//! What lies over the screen, the top one last. What each holds lives in its own file.

use super::dialog;
use super::line::Tone;
use super::look::Look;
use super::panel::{Dialog, Scroll};
use super::{changes, columns, errors, help, messages, results};
use crate::app::command::{Command, Context};
use crate::app::interface::Overlay;
use crate::app::interface::link::command_line;

/// Which button of the top dialog has the focus, from the left.
pub(super) fn focused_button(look: &Look<'_>) -> Option<usize> {
    let top = over(look).pop()?;
    top.buttons().position(|(_, span)| span.tone == Tone::Focus)
}

pub(super) fn over(look: &Look<'_>) -> Vec<Dialog> {
    let mut over: Vec<Dialog> = look
        .interface
        .overlays
        .iter()
        .filter_map(|overlay| match overlay {
            Overlay::Help {
                offset,
                search,
                typing,
            } => Some(help::help(look, *offset, search, *typing)),
            Overlay::Errors { list } => Some(errors::list(look, *list)),
            Overlay::Changes { offset } => Some(changes::list(look, *offset)),
            Overlay::Messages { offset } => Some(messages::list(look, *offset)),
            Overlay::Results { offset } => Some(results::list(look, *offset)),
            // The footer shows what is typed; the rows stay in sight.
            Overlay::Filter { .. } | Overlay::Search { .. } => None,
            Overlay::Palette { input, selected } => Some(help::palette(look, input, *selected)),
            Overlay::Columns { selected } => Some(columns::chooser(look, *selected)),
            Overlay::Promote(promote) => Some(dialog::promote::dialog(look, promote)),
            Overlay::Hold(hold) => Some(dialog::hold::dialog(look, hold)),
            Overlay::Bind(bind) => Some(dialog::bind::dialog(look, bind)),
            Overlay::Override(overriding) => Some(dialog::overriding::dialog(look, overriding)),
            Overlay::Gates(gates) => Some(dialog::gates::dialog(look, gates)),
            Overlay::Confirm(confirm) => Some(dialog::confirm::dialog(look, confirm)),
            Overlay::Custom(custom) => Some(dialog::custom::dialog(look, custom)),
            Overlay::Output(pane) => Some(dialog::custom::output(look, pane)),
            Overlay::Handover(handover) => Some(dialog::handover::dialog(look, handover)),
            Overlay::Release(release) => Some(dialog::release::dialog(look, release)),
            Overlay::Quit { focus } => Some(dialog::quit::dialog(look, *focus)),
        })
        .collect();
    if let Some(dialog) = over.last_mut() {
        same(look, dialog);
        if look.interface.has_dialog() {
            let keys = look
                .interface
                .keymap
                .keys_in(Context::Dialog, Command::PageDown);
            dialog.scroll = Scroll {
                offset: look.interface.dialog_offset,
                keys: keys.first().map_or_else(String::new, ToString::to_string),
            };
        }
    }
    over
}

/// What every dialog that leads to a change has in common: the command line that does the same, and
/// that it is about what is now, whatever picture is kept behind it.
fn same(look: &Look<'_>, dialog: &mut Dialog) {
    if matches!(look.interface.overlays.last(), Some(Overlay::Quit { .. })) {
        return;
    }
    let shows_it = match look.interface.overlays.last() {
        Some(Overlay::Promote(promote)) => promote.items.len() == 1,
        Some(Overlay::Confirm(_)) => true,
        _ => false,
    };
    if let Some(line) = command_line(look.state).filter(|_| !shows_it) {
        for (place, line) in line.lines().enumerate() {
            let label = if place == 0 { "COMMAND" } else { "" };
            dialog::below(dialog, label, Tone::Muted, line);
        }
    }
    if let (Some(at), true) = (look.interface.frozen, look.interface.has_dialog()) {
        let since = look.clock.long(at);
        // The title always stays, however long the dialog is.
        dialog.title.push(Tone::Plain, "  ");
        dialog.title.push(Tone::Alarm, format!(" FROZEN {since} "));
        let text = format!("the picture behind is of {since}; this is judged by what is now");
        dialog::below(dialog, "FROZEN", Tone::Warning, &text);
    }
}
