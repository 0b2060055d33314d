//! Commands: what a key or a `:` name can order, and the shape of a line of their table. It feeds the
//! keymap, the footer, the help, the palette and the config reference. The lines themselves are in
//! `table`, what is possible now in `blocked`; carrying one out lives in `interface`.

pub mod blocked;
mod context;
mod footer;
mod hints;
pub mod reference;
mod table;

pub use context::Context;
pub use footer::footer;
pub use hints::{Hint, Section, help, here};
pub use table::SPECS;

/// What can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    Down,
    Up,
    Left,
    Right,
    First,
    Last,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    Open,
    Mark,
    Peek,
    Filter,
    NextMatch,
    PreviousMatch,
    Sort,
    GroupBy,
    Columns,
    Views,
    Theme,
    Range,
    MarkAll,
    Changes,
    Undo,
    NextPane,
    PreviousPane,
    NextTab,
    PreviousTab,
    Browse,
    Copy,
    Refresh,
    Freeze,
    Mouse,
    Tour,
    Zone,
    Promote,
    Hold,
    Bind,
    Gates,
    Override,
    Rollback,
    Approve,
    Reject,
    Cancel,
    Rerun,
    VoteRelease,
    StartRelease,
    ResumeRelease,
    CancelRelease,
    DropService,
    HandOver,
    Plan,
    Nudge,
    Export,
    ExportEntries,
    Watch,
    Search,
    Follow,
    Entries,
    Wrap,
    Stamps,
    Summary,
    Board,
    Releases,
    Timeline,
    Pipelines,
    Tasks,
    Holds,
    Forges,
    LastView,
    Errors,
    Messages,
    Results,
    Help,
    Palette,
    Close,
    Quit,
    QuitNow,
    Suspend,
}

/// The headings of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    Look,
    Act,
    GoTo,
    Leave,
}

impl Group {
    const ALL: [Self; 4] = [Self::Look, Self::Act, Self::GoTo, Self::Leave];

    fn name(self) -> &'static str {
        match self {
            Self::Look => "LOOK",
            Self::Act => "ACT",
            Self::GoTo => "GO TO",
            Self::Leave => "LEAVE",
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub command: Command,
    /// The name in `:` and in config.
    pub name: &'static str,
    /// One or two words for the footer.
    pub label: &'static str,
    /// One line for the help.
    pub help: &'static str,
    pub group: Group,
    pub contexts: &'static [Context],
    /// Default keys; none means that only `:` has it.
    pub keys: &'static [&'static str],
    pub danger: Danger,
}

/// What a command can do to the world, which decides what it may be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Danger {
    /// It changes nothing.
    None,
    /// It opens a dialog that can change something, resting on Cancel: SHIFT letters only.
    Asks,
    /// It changes nothing and leads out: its default keys stay, whatever is bound beside them.
    WayOut,
}

impl Spec {
    /// Says whether it leads to a change.
    pub fn changes(&self) -> bool {
        self.danger == Danger::Asks
    }
}

impl Command {
    /// The command's line in the table.
    #[expect(
        clippy::expect_used,
        reason = "a test proves that every command has its line"
    )]
    pub fn spec(self) -> &'static Spec {
        SPECS
            .iter()
            .find(|spec| spec.command == self)
            .expect("every command is in the table")
    }

    pub fn named(name: &str) -> Option<Self> {
        SPECS
            .iter()
            .find(|spec| spec.name == name)
            .map(|spec| spec.command)
    }
}
