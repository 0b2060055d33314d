//! The view: what the operator sees, as text and tones. `view` is pure and builds what fits the
//! screen and no more; drawing it lives in `ui`, what the keys do in `interface`.

mod board;
mod brake;
mod changes;
mod columns;
mod coming;
mod deployments;
mod detail;
mod dialog;
mod empty;
mod errors;
mod failure;
mod footer;
mod forge;
mod gates;
pub mod glyph;
mod header;
mod help;
mod holds;
mod lane;
pub mod line;
mod log;
mod look;
mod memory;
mod messages;
mod nudge;
mod overlay;
mod overview;
pub mod panel;
mod peek;
mod pipeline;
mod pull_requests;
mod release;
mod results;
mod scope;
pub mod shape;
mod side;
pub mod tally;
pub mod time;
pub(in crate::app) mod timeline;
mod tiny;
mod title;

#[cfg(test)]
pub(crate) mod scenes;
#[cfg(test)]
mod tests;

use look::Look;
pub use memory::Memory;
pub(super) use nudge::{is_waiting, waits};
pub use panel::{Bar, Content, Dialog, Panel};
pub(super) use release::{nudge, record, text as release_text};
pub use shape::Shape;

use super::interface::Screen;
use super::state::State;

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub shape: Shape,
    pub ascii: bool,
    pub header: Vec<Bar>,
    pub main: Vec<Panel>,
    /// Right of the main part, where the screen is wide enough.
    pub side: Vec<Panel>,
    pub footer: Vec<Bar>,
    /// What lies over it, the top one last.
    pub over: Vec<Dialog>,
}

/// Which button of the top dialog has the focus, as it is drawn.
pub fn focused_button(state: &State) -> Option<usize> {
    overlay::focused_button(&Look::new(state, Shape::of(&state.interface)))
}

/// How many lines of the top dialog are seen at once, and how far it can be moved at most.
pub(in crate::app) fn dialog_reach(state: &State) -> Option<(usize, usize)> {
    let rows = state.interface.rows;
    let top = overlay::over(&Look::new(state, Shape::of(&state.interface))).pop()?;
    Some((top.seen(rows), top.most(rows)))
}

/// Says what the operator sees now.
pub fn view(state: &State) -> View {
    remembering(state, &mut Memory::default())
}

/// The same, with what still stands of the picture before.
pub fn remembering(state: &State, memory: &mut Memory) -> View {
    memory.turn_to(state.interface.edition);
    let shape = Shape::of(&state.interface);
    let look = Look::new(state, shape);
    let kept = Look::kept(state, shape);
    // What is frozen stays as it was; header, footer and dialogs go on.
    let drawn = kept.as_ref().unwrap_or(&look);
    let main = match &state.interface.screen {
        Screen::Board if shape.is_tiny() => tiny::main(drawn),
        Screen::Release if shape.is_tiny() => release::tiny(&look),
        Screen::Board => board::main(drawn, memory),
        Screen::Detail(service) => detail::main(drawn, service),
        Screen::Release => release::main(&look),
        Screen::Forge(name) => forge::main(&look, name),
        Screen::Timeline | Screen::Pipelines | Screen::Tasks | Screen::Holds => {
            let overview = state.interface.overview().unwrap_or_default();
            overview::main(drawn, overview, memory)
        }
    };
    View {
        shape,
        ascii: state.interface.ascii,
        header: header::bars(&look),
        main,
        side: if shape.side > 0 {
            side::panels(drawn, memory)
        } else {
            Vec::new()
        },
        footer: footer::bars(&look),
        over: overlay::over(&look),
    }
}
