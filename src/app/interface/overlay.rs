//! What lies over the screen: lists, dialogs and the two lines that are typed into; which of them hold
//! the rows still, and where letters go.

use tui_input::Input;

use super::custom::{CustomDialog, OutputPane};
use super::{
    BindDialog, ConfirmDialog, ConfirmFocus, GatesDialog, GatesFocus, HandoverDialog,
    HandoverFocus, HoldDialog, HoldFocus, Interface, ListCursor, OverrideDialog, OverrideFocus,
    PromoteDialog, PromoteFocus, ReleaseDialog, ReleaseFocus,
};
use crate::app::state::State;

/// What lies over the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    Help {
        offset: usize,
        /// What is looked for in it.
        search: Input,
        /// Whether that is being typed.
        typing: bool,
    },
    Errors {
        list: ListCursor,
    },
    Messages {
        offset: usize,
    },
    /// `m`: what came of each row that was sent.
    Results {
        offset: usize,
    },
    /// `d`: what has changed.
    Changes {
        offset: usize,
    },
    /// `/`: typing narrows the rows at once.
    Filter {
        input: Input,
        before: String,
        /// Whether what stood there is chosen as a whole: the first letter takes its place.
        chosen: bool,
    },
    /// `/` in a log.
    Search {
        input: Input,
    },
    /// `:`: a command by its name.
    Palette {
        input: Input,
        selected: usize,
    },
    /// `c`: which columns are shown.
    Columns {
        selected: usize,
    },
    Promote(PromoteDialog),
    Hold(HoldDialog),
    /// Place again what holds lack on the forges.
    Bind(BindDialog),
    Gates(GatesDialog),
    Override(OverrideDialog),
    /// Cancel a run, reject what waits, run again: one act, its call, a reason.
    Confirm(ConfirmDialog),
    /// Vote on a release, start it, hand it over, end it.
    Release(ReleaseDialog),
    /// What the next operator must know: given, or accepted.
    Handover(HandoverDialog),
    /// Run a command of the operator's own?
    Custom(CustomDialog),
    /// What it said.
    Output(OutputPane),
    /// Something is in flight: quit all the same?
    Quit {
        focus: usize,
    },
}

impl Overlay {
    /// Says whether it is a dialog: something that rests on Cancel.
    pub(super) fn has_buttons(&self) -> bool {
        match self {
            Self::Promote(_)
            | Self::Hold(_)
            | Self::Bind(_)
            | Self::Gates(_)
            | Self::Override(_)
            | Self::Confirm(_)
            | Self::Release(_)
            | Self::Handover(_)
            | Self::Custom(_)
            | Self::Quit { .. } => true,
            Self::Help { .. }
            | Self::Errors { .. }
            | Self::Messages { .. }
            | Self::Results { .. }
            | Self::Changes { .. }
            | Self::Filter { .. }
            | Self::Columns { .. }
            | Self::Search { .. }
            | Self::Output(_)
            | Self::Palette { .. } => false,
        }
    }
}

impl Interface {
    /// Says whether a dialog is open: rows never move under one.
    pub fn has_dialog(&self) -> bool {
        self.overlays.iter().any(Overlay::has_buttons)
    }

    /// Says whether a text field has the focus: then letters type.
    pub fn is_typing(&self) -> bool {
        match self.overlays.last() {
            Some(Overlay::Filter { .. } | Overlay::Search { .. } | Overlay::Palette { .. }) => true,
            Some(Overlay::Help { typing, .. }) => *typing,
            Some(Overlay::Promote(dialog)) => {
                matches!(dialog.focus, PromoteFocus::Reason | PromoteFocus::Typed)
            }
            Some(Overlay::Hold(dialog)) => {
                matches!(dialog.focus, HoldFocus::Until | HoldFocus::Reason)
            }
            Some(Overlay::Override(dialog)) => dialog.focus == OverrideFocus::Reason,
            Some(Overlay::Gates(dialog)) => {
                matches!(dialog.focus, GatesFocus::Name | GatesFocus::Note)
            }
            Some(Overlay::Confirm(dialog)) => dialog.focus == ConfirmFocus::Reason,
            Some(Overlay::Handover(dialog)) => dialog.focus == HandoverFocus::Remark,
            Some(Overlay::Release(dialog)) => {
                matches!(dialog.focus, ReleaseFocus::Note | ReleaseFocus::Typed)
            }
            Some(
                Overlay::Errors { .. }
                | Overlay::Messages { .. }
                | Overlay::Results { .. }
                | Overlay::Changes { .. }
                | Overlay::Columns { .. }
                | Overlay::Bind(_)
                | Overlay::Custom(_)
                | Overlay::Output(_)
                | Overlay::Quit { .. },
            )
            | None => false,
        }
    }

    /// The text field that letters are typed into, if one has the focus.
    pub(super) fn field(&mut self) -> Option<&mut Input> {
        match self.overlays.last_mut()? {
            Overlay::Filter { input, .. }
            | Overlay::Search { input }
            | Overlay::Palette { input, .. } => Some(input),
            Overlay::Help { search, typing, .. } => typing.then_some(search),
            Overlay::Promote(dialog) => dialog.field(),
            Overlay::Hold(dialog) => dialog.field(),
            Overlay::Gates(dialog) => dialog.field(),
            Overlay::Override(dialog) => dialog.field(),
            Overlay::Confirm(dialog) => dialog.field(),
            Overlay::Release(dialog) => dialog.field(),
            Overlay::Handover(dialog) => dialog.field(),
            Overlay::Errors { .. }
            | Overlay::Messages { .. }
            | Overlay::Results { .. }
            | Overlay::Changes { .. }
            | Overlay::Columns { .. }
            | Overlay::Bind(_)
            | Overlay::Custom(_)
            | Overlay::Output(_)
            | Overlay::Quit { .. } => None,
        }
    }
}

/// What typing changes at once: the rows under `/`, the list under `:`.
pub(super) fn typed(state: &mut State) {
    match state.interface.overlays.last_mut() {
        Some(Overlay::Help { offset, .. }) => *offset = 0,
        Some(Overlay::Filter { input, chosen, .. }) => {
            *chosen = false;
            let text = input.value().to_owned();
            state.interface.filter_anew(text);
            state.interface.arrange(&state.engine, state.now);
        }
        Some(Overlay::Palette { selected, .. }) => *selected = 0,
        Some(Overlay::Hold(dialog)) => dialog.error = None,
        Some(Overlay::Gates(dialog)) => dialog.error = None,
        Some(
            Overlay::Errors { .. }
            | Overlay::Messages { .. }
            | Overlay::Results { .. }
            | Overlay::Changes { .. }
            | Overlay::Columns { .. }
            | Overlay::Search { .. }
            | Overlay::Promote(_)
            | Overlay::Bind(_)
            | Overlay::Confirm(_)
            | Overlay::Release(_)
            | Overlay::Handover(_)
            | Overlay::Custom(_)
            | Overlay::Output(_)
            // What changed under it stays said.
            | Overlay::Override(_)
            | Overlay::Quit { .. },
        )
        | None => {}
    }
}
