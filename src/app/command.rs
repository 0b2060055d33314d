//! Commands: one table of everything that a key or a `:` name can order. It feeds the keymap, the
//! footer, the help, the palette and the config reference. Carrying one out lives in `interface`.

use super::interface::{DetailTab, Interface, Overlay, Screen};
use super::state::State;

pub mod blocked;
pub mod reference;
mod table;

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
    HandOver,
    Plan,
    Watch,
    Search,
    Follow,
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
    Help,
    Palette,
    Close,
    Quit,
    QuitNow,
    Suspend,
}

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
                Overlay::Help { .. }
                | Overlay::Errors { .. }
                | Overlay::Messages { .. }
                | Overlay::Changes { .. }
                | Overlay::Output(_),
            ) => Self::List,
            Some(
                Overlay::Columns { .. }
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
            Screen::Board => Self::Board,
            Screen::Detail(_) if interface.tab == DetailTab::Log => Self::Log,
            Screen::Detail(_) => Self::Detail,
            Screen::Timeline => Self::Timeline,
            Screen::Release => Self::Release,
            Screen::Pipelines | Screen::Tasks | Screen::Holds | Screen::Forge(_) => Self::Overview,
        }
    }
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

/// A key and what it would do now, for the footer and the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The keys as the user bound them, for instance `P` or `j/k`.
    pub keys: String,
    pub label: &'static str,
    /// One line for the help.
    pub help: &'static str,
    /// Whether it leads to a change (a SHIFT letter that opens a dialog).
    pub changes: bool,
    /// Why it is not possible now; it is then shown struck out with this reason.
    pub blocked: Option<String>,
}

/// A group of hints under a heading of the help: LOOK, ACT, GO TO, LEAVE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub name: &'static str,
    pub hints: Vec<Hint>,
}

/// What the footer lists per context, most useful first. Several commands share one place where
/// people read them as one: `j/k`.
const FOOTER: [(Context, &[&[Command]]); 8] = [
    (
        Context::Board,
        &[
            &[Command::Promote],
            &[Command::Hold],
            &[Command::Gates],
            &[Command::Override],
            &[Command::Rollback],
            &[Command::Approve],
            &[Command::Cancel],
            &[Command::Open],
            &[Command::Help],
            &[Command::Down, Command::Up],
            &[Command::Mark],
            &[Command::Filter],
            &[Command::Sort],
            &[Command::Peek],
            &[Command::Browse],
            &[Command::Copy],
            &[Command::Refresh],
            &[Command::Freeze],
            &[Command::Timeline],
            &[Command::Zone],
            &[Command::Palette],
            &[Command::Quit],
            &[Command::GroupBy],
            &[Command::Columns],
        ],
    ),
    (
        Context::Detail,
        &[
            &[Command::Promote],
            &[Command::Hold],
            &[Command::Gates],
            &[Command::Override],
            &[Command::Rollback],
            &[Command::Approve],
            &[Command::Cancel],
            &[Command::PreviousTab, Command::NextTab],
            &[Command::Left, Command::Right],
            &[Command::Down, Command::Up],
            &[Command::Close],
            &[Command::Help],
            &[Command::Browse],
            &[Command::Copy],
            &[Command::Refresh],
            &[Command::Zone],
            &[Command::Palette],
        ],
    ),
    (
        Context::Timeline,
        &[
            &[Command::Down, Command::Up],
            &[Command::Open],
            &[Command::Filter],
            &[Command::Sort],
            &[Command::Close],
            &[Command::Help],
            &[Command::Copy],
            &[Command::Columns],
            &[Command::Zone],
            &[Command::Palette],
        ],
    ),
    (
        Context::Release,
        &[
            &[Command::VoteRelease],
            &[Command::StartRelease],
            &[Command::Hold],
            &[Command::Override],
            &[Command::Open],
            &[Command::Plan],
            &[Command::Help],
            &[Command::Down, Command::Up],
            &[Command::CancelRelease],
            &[Command::Rollback],
            &[Command::ResumeRelease],
            &[Command::Close],
            &[Command::PreviousTab, Command::NextTab],
            &[Command::Copy],
            &[Command::Zone],
            &[Command::Palette],
        ],
    ),
    (
        Context::Overview,
        &[
            &[Command::Down, Command::Up],
            &[Command::Open],
            &[Command::PreviousTab, Command::NextTab],
            &[Command::Filter],
            &[Command::Sort],
            &[Command::Close],
            &[Command::Help],
            &[Command::Browse],
            &[Command::Copy],
            &[Command::Columns],
            &[Command::Zone],
            &[Command::Palette],
        ],
    ),
    (
        Context::Log,
        &[
            &[Command::Down, Command::Up],
            &[Command::Search],
            &[Command::NextMatch, Command::PreviousMatch],
            &[Command::Follow],
            &[Command::Wrap],
            &[Command::Stamps],
            &[Command::Summary],
            &[Command::Left, Command::Right],
            &[Command::PreviousTab, Command::NextTab],
            &[Command::Browse],
            &[Command::Copy],
            &[Command::Close],
            &[Command::Help],
            &[Command::Rerun],
            &[Command::Cancel],
            &[Command::Palette],
        ],
    ),
    (
        Context::List,
        &[
            &[Command::Down, Command::Up],
            &[Command::Copy],
            &[Command::Close],
        ],
    ),
    (
        Context::Dialog,
        &[
            &[Command::NextPane],
            &[Command::Open],
            &[Command::Close],
            &[Command::Copy],
        ],
    ),
];

/// What it lists where holds are.
const HOLDS: [&[Command]; 11] = [
    &[Command::Hold],
    &[Command::Down, Command::Up],
    &[Command::Open],
    &[Command::Filter],
    &[Command::Sort],
    &[Command::Close],
    &[Command::Help],
    &[Command::Copy],
    &[Command::Columns],
    &[Command::Zone],
    &[Command::Palette],
];

/// The keys that are valid now, most useful first: what the footer lists.
pub fn footer(state: &State) -> Vec<Hint> {
    let context = Context::of(&state.interface);
    let places: &[&[Command]] = match state.interface.overlays.last() {
        Some(Overlay::Filter { .. } | Overlay::Search { .. }) => {
            &[&[Command::Open], &[Command::Close]]
        }
        Some(Overlay::Palette { .. }) => &[
            &[Command::Down, Command::Up],
            &[Command::Open],
            &[Command::Close],
        ],
        None if state.interface.screen == Screen::Holds => &HOLDS,
        _ => FOOTER
            .iter()
            .find(|(of, _)| *of == context)
            .map_or(&[], |(_, places)| places),
    };
    let here = |commands: &&&[Command]| {
        commands
            .first()
            .is_some_and(|it| means_something(state, *it))
    };
    places
        .iter()
        .filter(here)
        .filter_map(|commands| hint(state, context, commands))
        .collect()
}

/// Whether a command of the context does anything on this screen of it.
fn means_something(state: &State, command: Command) -> bool {
    match (&state.interface.screen, command) {
        (Screen::Tasks | Screen::Holds, Command::PreviousTab)
        | (Screen::Forge(_), Command::Open | Command::Sort | Command::Filter | Command::Columns) => {
            false
        }
        (Screen::Forge(_), Command::PreviousTab) => state.engine.forges.len() > 1,
        _ => true,
    }
}

/// Every key of the present screen, by section: what `?` lists.
pub fn help(state: &State) -> Vec<Section> {
    let context = Context::of_screen(&state.interface);
    Group::ALL
        .into_iter()
        .map(|group| Section {
            name: group.name(),
            hints: SPECS
                .iter()
                .filter(|spec| spec.group == group && spec.contexts.contains(&context))
                .map(|spec| all_keys(state, context, spec.command))
                .collect(),
        })
        .filter(|section| !section.hints.is_empty())
        .collect()
}

/// A hint of one or several commands by the first key of each; those without a key are left out.
fn hint(state: &State, context: Context, commands: &[Command]) -> Option<Hint> {
    let typing = state.interface.is_typing();
    let keys: Vec<String> = commands
        .iter()
        .filter_map(|command| {
            let keys = state.interface.keymap.keys_in(context, *command).iter();
            // In a text field a letter types, so it is no key of the command there.
            keys.map(|key| (key, typing && key.types()))
                .find_map(|(key, types)| (!types).then(|| key.to_string()))
        })
        .collect();
    let spec = commands.first()?.spec();
    let label = match (context, spec.command) {
        (_, Command::Down) if commands.len() > 1 => "move",
        (Context::Dialog, Command::NextPane) => "next",
        (Context::Dialog, Command::Open) => "choose",
        (Context::Dialog, Command::Close) => "cancel",
        (Context::Timeline | Context::Release | Context::Overview, Command::Open) => "service",
        (Context::Release, Command::PreviousTab) => "release",
        (Context::Log, Command::Left) => "job",
        _ => spec.label,
    };
    (!keys.is_empty()).then(|| Hint {
        keys: keys.join("/"),
        label,
        help: spec.help,
        changes: spec.changes(),
        blocked: blocked::reason(state, spec.command),
    })
}

/// A hint of one command with all its keys; one without a key is shown by its `:` name.
fn all_keys(state: &State, context: Context, command: Command) -> Hint {
    let spec = command.spec();
    let keys: Vec<String> = state
        .interface
        .keymap
        .keys_in(context, command)
        .iter()
        .map(ToString::to_string)
        .collect();
    let keys = if keys.is_empty() {
        format!(":{}", spec.name)
    } else {
        keys.join("/")
    };
    Hint {
        keys,
        label: spec.label,
        help: spec.help,
        changes: spec.changes(),
        blocked: blocked::reason(state, command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::interface::harness::{on, press, state};

    fn listed(state: &State) -> Vec<String> {
        footer(state)
            .into_iter()
            .map(|hint| format!("{} {}", hint.keys, hint.label))
            .collect()
    }

    #[test]
    fn the_footer_lists_what_is_valid_where_the_operator_is() {
        let mut state = state();
        assert_eq!(listed(&state)[..2], ["P promote", "H hold"]);
        press(&mut state, "/");
        assert_eq!(
            listed(&state),
            ["enter detail", "esc cancel"].map(|hint| hint.replace("detail", "choose"))
        );
        press(&mut state, "esc P");
        assert_eq!(
            listed(&state),
            ["tab next", "enter choose", "esc cancel", "y copy"]
        );
        press(&mut state, "up");
        assert_eq!(
            listed(&state),
            ["tab next", "enter choose", "esc cancel"],
            "y types while a field has the focus"
        );
    }

    #[test]
    fn the_impossible_is_struck_out_with_its_reason() {
        let mut state = state();
        on(&mut state, "web", "production");
        let blocked = |state: &State, keys: &str| {
            let hints = footer(state).into_iter();
            hints
                .filter(|hint| hint.keys == keys)
                .find_map(|hint| hint.blocked)
        };
        assert_eq!(
            blocked(&state, "X").as_deref(),
            Some("nothing is under way")
        );
        assert_eq!(
            blocked(&state, "A").as_deref(),
            Some("nothing waits for approval of production")
        );
        assert_eq!(blocked(&state, "H"), None);
    }

    #[test]
    fn the_help_has_every_key_of_the_screen_as_the_user_bound_it() {
        let mut state = state();
        let changes = [("sort".to_owned(), vec!["S".to_owned()])].into();
        state.interface.keymap = crate::app::keymap::Keymap::new(&changes).expect("fine");
        let sections = help(&state);
        let names: Vec<&str> = sections.iter().map(|section| section.name).collect();
        assert_eq!(names, ["LOOK", "ACT", "GO TO", "LEAVE"]);
        let hints: Vec<&Hint> = sections.iter().flat_map(|section| &section.hints).collect();
        assert!(
            hints
                .iter()
                .any(|hint| hint.keys == "S" && hint.label == "sort")
        );
        assert!(
            hints
                .iter()
                .any(|hint| hint.keys == ":rerun" && hint.changes)
        );
        for hint in hints {
            assert!(!hint.help.is_empty());
        }
    }

    #[test]
    fn the_hint_of_the_confirming_button_says_why_it_does_nothing() {
        let mut state = state();
        press(&mut state, "P");
        let enter = |state: &State| footer(state)[1].blocked.clone();
        assert_eq!(enter(&state), None, "enter on Cancel works");
        press(&mut state, "tab");
        assert_eq!(enter(&state).as_deref(), Some("a reason is required"));
    }
}
