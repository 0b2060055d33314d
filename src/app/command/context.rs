//! Contexts: where the operator is, as far as it decides what a key means. A screen or what lies over
//! it is one of eight. Which keys a context has is in `table` and the keymap, what the footer shows
//! of it in `footer`.

use crate::app::interface::{DetailTab, Interface, Overlay, Pane, Screen};

/// Where a key is pressed: what a key means depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    Board,
    Detail,
    Timeline,
    /// The go/no-go of a release.
    Release,
    /// The lists over all services.
    Overview,
    /// The log of a job.
    Log,
    /// Help, errors, messages.
    List,
    /// Everything with a Cancel, and the lines of `/` and `:`.
    Dialog,
}

impl Context {
    pub const ALL: [Self; 8] = [
        Self::Board,
        Self::Detail,
        Self::Timeline,
        Self::Release,
        Self::Overview,
        Self::Log,
        Self::List,
        Self::Dialog,
    ];

    /// Its word in `gonogo config keys`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Detail => "detail",
            Self::Timeline => "timeline",
            Self::Release => "release",
            Self::Overview => "overview",
            Self::Log => "log",
            Self::List => "list",
            Self::Dialog => "dialog",
        }
    }

    /// Where the operator is.
    pub fn of(interface: &Interface) -> Self {
        match interface.overlays.last() {
            Some(
                Overlay::Help { typing: false, .. }
                | Overlay::Errors { .. }
                | Overlay::Messages { .. }
                | Overlay::Results { .. }
                | Overlay::Changes { .. }
                | Overlay::Output(_),
            ) => Self::List,
            Some(
                Overlay::Columns { .. }
                | Overlay::Help { typing: true, .. }
                | Overlay::Filter { .. }
                | Overlay::Search { .. }
                | Overlay::Palette { .. }
                | Overlay::Promote(_)
                | Overlay::Hold(_)
                | Overlay::Bind(_)
                | Overlay::Gates(_)
                | Overlay::Override(_)
                | Overlay::Confirm(_)
                | Overlay::Release(_)
                | Overlay::Handover(_)
                | Overlay::Custom(_)
                | Overlay::Quit { .. },
            ) => Self::Dialog,
            None => Self::of_screen(interface),
        }
    }

    /// Where the operator is, whatever lies over it.
    pub fn of_screen(interface: &Interface) -> Self {
        match interface.screen {
            Screen::Board if interface.pane == Pane::Log => Self::Log,
            Screen::Board => Self::Board,
            Screen::Detail(_) if interface.tab == DetailTab::Log => Self::Log,
            Screen::Detail(_) => Self::Detail,
            Screen::Timeline => Self::Timeline,
            Screen::Release => Self::Release,
            Screen::Pipelines | Screen::Tasks | Screen::Holds | Screen::Forge(_) => Self::Overview,
        }
    }
}
