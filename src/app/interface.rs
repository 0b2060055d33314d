//! The interface: where the operator is, what is selected, which dialog is open, what was typed.
//! Only the terminal has one; nothing of the engine depends on it. Each screen and dialog has its
//! file in `interface/`; drawing lives in `ui`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tui_input::Input;

use super::command::{Command, Context};
use super::effect::Effect;
use super::engine::{Engine, Report};
use super::keymap::{Found, Keymap};
use super::msg::Msg;
use super::state::State;
use super::view::tally::Tally;
use crate::domain::ids::{HandoverId, IntentId, ReleaseName, ServiceName};

mod aim;
pub mod arrangement;
pub mod binding;
mod board;
pub mod changes;
mod choice;
mod chord;
mod confirm;
mod cover;
pub mod custom;
mod detail;
mod field;
mod filter;
mod forges;
mod gates;
mod going;
mod handover;
#[cfg(test)]
pub(crate) mod harness;
mod hold;
#[cfg(test)]
mod laws;
mod leave;
pub mod link;
mod lists;
pub mod log;
mod marking;
pub mod order;
mod overlay;
mod overriding;
pub mod overview;
mod palette;
mod place;
mod pointer;
mod promote;
mod release;
mod reports;
pub mod results;
mod scroll;
mod session;
pub mod tour;
mod typing;
pub mod undo;
pub mod until;

pub use arrangement::{Grouping, Preferences, SavedView, Sort};
pub use binding::{BindDialog, BindFocus};
pub use board::{board_height, peek_height};
pub use chord::{Chord, Key};
pub use confirm::{ConfirmDialog, ConfirmFocus};
pub use gates::{GatesAction, GatesDialog, GatesFocus};
pub use handover::{HandoverDialog, HandoverFocus};
pub use hold::{HoldDialog, HoldFocus, HoldMode};
pub(super) use log::may_watch;
pub use overlay::Overlay;
pub use overriding::{OverrideAction, OverrideDialog, OverrideFocus};
pub use palette::{Choice, choices};
pub use place::{Cursor, DetailTab, ListCursor, Pane, Place, Screen};
pub use pointer::{Pointed, Target};
pub use promote::{Aim, PromoteDialog, PromoteFocus, PromoteItem};
pub use release::{ReleaseAction, ReleaseDialog, ReleaseFocus, is_on_dropped};
pub use reports::{Message, Mood, Problem};

/// Takes a key, a paste or a new size.
pub(crate) fn input(state: &mut State, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(chord) => {
            state.dirty = true;
            changes::first(state);
            let open = state.interface.overlays.len();
            let effects = key(state, chord);
            if state.interface.overlays.len() != open {
                state.interface.dialog_offset = 0;
            }
            state.interface.tour_on(&effects);
            effects
        }
        Msg::Paste(text) => {
            state.dirty = true;
            typing::before_paste(state);
            if let Some(input) = state.interface.field() {
                field::paste(input, &text);
                overlay::typed(state);
            }
            Vec::new()
        }
        Msg::Resized { columns, rows } => {
            state.dirty = true;
            state.interface.columns = columns;
            state.interface.rows = rows;
            Vec::new()
        }
        Msg::Pointed(pointed) => {
            state.dirty = true;
            pointer::run(state, pointed)
        }
        Msg::Ran { ticket, output } => {
            state.dirty = true;
            custom::ran(state, ticket, output);
            Vec::new()
        }
        Msg::Rearranged(preferences) => {
            state.dirty = true;
            arrangement::prefer(state, *preferences)
        }
        Msg::Tick
        | Msg::Noticed { .. }
        | Msg::NoticeLost { .. }
        | Msg::Fetched(_)
        | Msg::JournalRead(_)
        | Msg::Neighbours(_)
        | Msg::Recorded { .. }
        | Msg::Acted { .. }
        | Msg::Sampled { .. }
        | Msg::Log { .. }
        | Msg::Asked(_)
        | Msg::Reloaded(_)
        | Msg::Told { .. }
        | Msg::Terminated => Vec::new(),
    }
}

/// A text field sees a key first, then the keymap.
fn key(state: &mut State, chord: Chord) -> Vec<Effect> {
    if field::edits(chord) {
        filter::begin(state, field::replaces(chord));
    }
    if let Some(input) = state.interface.field()
        && field::typed(input, chord)
    {
        state.interface.begun = None;
        overlay::typed(state);
        return Vec::new();
    }
    let context = Context::of(&state.interface);
    if typing::begins(&mut state.interface, context, chord) {
        return Vec::new();
    }
    let interface = &mut state.interface;
    // What was begun elsewhere does not go on here.
    if interface
        .begun
        .as_ref()
        .is_some_and(|(of, _)| *of != context)
    {
        interface.begun = None;
    }
    let (_, chords) = interface.begun.get_or_insert((context, Vec::new()));
    chords.push(chord);
    match interface.keymap.find(context, chords) {
        Found::Begun => Vec::new(),
        Found::Command(command) => {
            interface.begun = None;
            interface.only_moved = board::only_moves(interface, command);
            run(state, command)
        }
        Found::Nothing => {
            interface.begun = None;
            custom::key(state, chord)
        }
    }
}

/// Carries out a command where the operator is: the top overlay sees it first.
fn run(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::QuitNow => return leave::now(state),
        Command::Suspend => return vec![Effect::Suspend],
        _ => {}
    }
    if scroll::run(state, command) {
        return Vec::new();
    }
    match state.interface.overlays.last() {
        None => screen(state, command),
        Some(
            Overlay::Help { .. }
            | Overlay::Errors { .. }
            | Overlay::Messages { .. }
            | Overlay::Results { .. }
            | Overlay::Changes { .. },
        ) => lists::run(state, command),
        Some(Overlay::Filter { .. }) => filter::run(state, command),
        Some(Overlay::Columns { .. }) => arrangement::run(state, command),
        Some(Overlay::Search { .. }) => log::search(state, command),
        Some(Overlay::Palette { .. }) => palette::run(state, command),
        Some(Overlay::Promote(_)) => promote::run(state, command),
        Some(Overlay::Hold(_)) => hold::run(state, command),
        Some(Overlay::Bind(_)) => binding::run(state, command),
        Some(Overlay::Gates(_)) => gates::run(state, command),
        Some(Overlay::Override(_)) => overriding::run(state, command),
        Some(Overlay::Confirm(_)) => confirm::run(state, command),
        Some(Overlay::Release(_)) => release::run_dialog(state, command),
        Some(Overlay::Handover(_)) => handover::run(state, command),
        Some(Overlay::Custom(_)) => custom::run(state, command),
        Some(Overlay::Output(_)) => custom::run_pane(state, command),
        Some(Overlay::Quit { .. }) => leave::run(state, command),
    }
}

/// Carries out a command on the screen itself.
fn screen(state: &mut State, command: Command) -> Vec<Effect> {
    if command.spec().changes() {
        state.interface.settle_range();
    }
    let cell = aim::needs_cell(command)
        || (command == Command::Hold && state.interface.screen != Screen::Holds);
    if cell && state.interface.cursor.is_none() {
        let text = format!("{}: nothing is selected", command.spec().name);
        state.interface.say(false, text, state.now);
        return Vec::new();
    }
    match command {
        Command::Promote => promote::open(state, Aim::Forward),
        Command::Approve => promote::open(state, Aim::Approve),
        Command::Hold => hold::open(state),
        Command::Bind => binding::open(state),
        Command::Gates => gates::open(state),
        Command::Override => overriding::open(state),
        Command::HandOver => handover::open(state),
        Command::Rollback => promote::open(state, Aim::Back),
        Command::Reject | Command::Cancel | Command::Rerun => confirm::open(state, command),
        Command::Board => state.interface.show(Screen::Board),
        Command::VoteRelease => release::open(state, ReleaseAction::Vote),
        Command::StartRelease => release::open(state, ReleaseAction::Start),
        Command::ResumeRelease => release::open(state, ReleaseAction::Resume),
        Command::CancelRelease => release::open(state, ReleaseAction::Cancel),
        Command::DropService => release::open_member(state),
        Command::Releases => state.interface.show(Screen::Release),
        Command::Timeline => state.interface.show(Screen::Timeline),
        Command::Pipelines => state.interface.show(Screen::Pipelines),
        Command::Tasks => state.interface.show(Screen::Tasks),
        Command::Holds => state.interface.show(Screen::Holds),
        Command::Forges => forges::open(state),
        Command::LastView => {
            state.interface.go_back();
        }
        Command::Errors | Command::Messages | Command::Results | Command::Help => {
            lists::open(state, command);
        }
        Command::Palette => state.interface.overlays.push(Overlay::Palette {
            input: Input::default(),
            selected: 0,
        }),
        Command::Changes => changes::open(state),
        Command::Undo => undo::open(state),
        Command::Freeze => freeze(state),
        Command::Views => arrangement::views(state),
        Command::Theme => arrangement::ask(state, "theme "),
        Command::Mouse => {
            return pointer::turn(state);
        }
        Command::Tour => state.interface.begin_tour(),
        Command::Zone => state.interface.utc = !state.interface.utc,
        Command::Quit => return leave::ask(state),
        Command::Browse => return link::browse(state),
        Command::Copy => return link::copy(state),
        Command::Nudge | Command::Export => return link::for_others(state, command),
        Command::ExportEntries => return link::entries(state),
        Command::Refresh => return link::refresh(state),
        Command::Watch => log::watch(state),
        _ => match state.interface.screen {
            Screen::Board => return board::run(state, command),
            Screen::Detail(_) => return detail::run(state, command),
            Screen::Release => release::run(state, command),
            Screen::Timeline | Screen::Pipelines | Screen::Tasks | Screen::Holds => {
                overview::run(state, command);
            }
            Screen::Forge(_) => forges::run(state, command),
        },
    }
    Vec::new()
}

/// Keeps the picture as it is, or lets it go on.
fn freeze(state: &mut State) {
    let interface = &mut state.interface;
    if interface.frozen.take().is_some() {
        interface.kept = None;
    } else {
        interface.frozen = Some(state.now);
        interface.kept = Some(Box::new(state.engine.picture(state.now)));
    }
}

impl Interface {
    /// An interface of a terminal of this size, on the board with nothing selected yet.
    pub fn new(columns: u16, rows: u16, ascii: bool, tour: bool) -> Self {
        Self {
            columns,
            rows,
            screen: Screen::Board,
            last: None,
            overlays: Vec::new(),
            cursor: None,
            of_board: None,
            marks: BTreeSet::new(),
            range: None,
            sort: Sort::default(),
            group: Grouping::default(),
            hidden: BTreeSet::new(),
            views: Vec::new(),
            themes: Vec::new(),
            theme: Some("config".to_owned()),
            said_before: Vec::new(),
            looked: None,
            sent: BTreeMap::new(),
            batch: None,
            filter: String::new(),
            order: Vec::new(),
            offset: 0,
            left: None,
            peek: true,
            pane: Pane::default(),
            forge_at: 0,
            dialog_offset: 0,
            utc: true,
            zone: TimeZone::UTC,
            tally: None,
            arranged: None,
            frozen: None,
            kept: None,
            tab: DetailTab::default(),
            detail_offset: 0,
            log: log::Logs::default(),
            tail: Box::default(),
            release: None,
            release_row: 0,
            overviews: Box::default(),
            release_plan: false,
            messages: VecDeque::new(),
            problems: Vec::new(),
            tour: tour.then_some(tour::Step::Move),
            is_demo: tour,
            keymap: Keymap::default(),
            begun: None,
            customs: custom::Customs::default(),
            handed: None,
            receivers: Vec::new(),
            runs: 0,
            mouse: false,
            let_go: false,
            ascii,
            motion: false,
            quitting: false,
            edition: 0,
            only_moved: false,
        }
    }

    /// Brings order, cursor, dialogs and messages up to date after anything happened.
    pub(crate) fn refresh(
        &mut self,
        engine: &mut Engine,
        reports: &[Report],
        now: Timestamp,
    ) -> Vec<Effect> {
        for report in reports {
            let about = reports::About::of(engine, report);
            self.take(report, about, now);
        }
        self.tell_batch(engine, now);
        handover::offer(self, engine, now);
        for overlay in &mut self.overlays {
            match overlay {
                Overlay::Promote(dialog) => {
                    dialog.check(engine, now);
                    dialog.wake(engine, now);
                }
                Overlay::Confirm(dialog) => dialog.check(engine),
                Overlay::Hold(dialog) => dialog.check(engine, now),
                Overlay::Gates(dialog) => dialog.check(engine),
                Overlay::Release(dialog) => dialog.check(engine, now),
                Overlay::Override(dialog) => dialog.check(engine, now),
                Overlay::Help { .. }
                | Overlay::Errors { .. }
                | Overlay::Messages { .. }
                | Overlay::Results { .. }
                | Overlay::Changes { .. }
                | Overlay::Filter { .. }
                | Overlay::Search { .. }
                | Overlay::Palette { .. }
                | Overlay::Columns { .. }
                | Overlay::Bind(_)
                | Overlay::Handover(_)
                | Overlay::Custom(_)
                | Overlay::Output(_)
                | Overlay::Quit { .. } => {}
            }
        }
        self.arrange(engine, now);
        let seen = self.follow_overview(engine, now);
        self.aim(engine, now);
        let offset = self.offset;
        self.keep_in_sight();
        // The rows in sight are those that were, and they are watched.
        if !self.only_moved || self.offset != offset || !self.is_watching(engine) {
            self.watch(engine, seen);
        }
        engine.auto.braked = self
            .overlays
            .iter()
            .any(|overlay| matches!(overlay, Overlay::Hold(_)));
        self.follow_log(engine, now)
    }

    /// Takes what the first picture shows, before anything else was ordered or counted.
    pub fn begin(&mut self, order: Vec<ServiceName>, tally: Tally) {
        self.order = order;
        self.tally = Some(tally);
    }
}

/// Everything that only the terminal needs.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that have nothing to do with each other"
)]
pub struct Interface {
    pub columns: u16,
    pub rows: u16,
    pub screen: Screen,
    /// The place before this one, for `-` and esc.
    pub last: Option<Place>,
    /// The top one sees a key first.
    pub overlays: Vec<Overlay>,
    /// Bound to identity, never to a row number.
    pub cursor: Option<Cursor>,
    /// The board's cursor, while a screen is shown that selects something else.
    pub(crate) of_board: Option<Cursor>,
    pub marks: BTreeSet<ServiceName>,
    /// Where a range of marks began.
    pub range: Option<ServiceName>,
    pub sort: Sort,
    pub group: Grouping,
    /// The columns that are not shown.
    pub hidden: BTreeSet<String>,
    /// The views of the config.
    pub views: Vec<SavedView>,
    /// The names of the themes that there are.
    pub themes: Vec<String>,
    /// The one that was chosen on the board; else that of the config.
    pub theme: Option<String>,
    /// Lines of the palette, the newest last.
    pub said_before: Vec<String>,
    /// What the operator saw when they last looked at what changed.
    pub looked: Option<changes::Looked>,
    /// Orders of a bulk that are on their way: what is refused of them is marked again.
    pub(crate) sent: BTreeMap<IntentId, ServiceName>,
    /// What was sent last, a row each.
    pub batch: Option<results::Batch>,
    pub filter: String,
    /// The services that are shown, in order. Made again when facts, sort or filter change, but
    /// never under an open dialog.
    pub order: Vec<ServiceName>,
    /// First visible place in `order`.
    pub offset: usize,
    /// The service that the operator moved to last, and the first visible row then.
    left: Option<(ServiceName, usize)>,
    pub peek: bool,
    /// Which pane of the board j and k move in.
    pub pane: Pane,
    /// The selected forge of the right side.
    pub forge_at: usize,
    /// How far the top dialog was moved, where it is longer than the screen.
    pub dialog_offset: usize,
    pub utc: bool,
    /// The local zone, for when `utc` is off. The runtime sets it.
    pub zone: TimeZone,
    /// Counted when facts change or time passes; without it each picture counts anew.
    pub tally: Option<Tally>,
    /// What order and tally were made from.
    pub(crate) arranged: Option<order::Arranged>,
    /// `z`: the order and what is drawn of the board stay until it is pressed again.
    pub frozen: Option<Timestamp>,
    /// What was known then: board and detail are drawn from it. Acts never look at it.
    pub kept: Option<Box<Engine>>,
    pub tab: DetailTab,
    /// The first line shown of a tab or of the peek; it is also the selected one, for `o`.
    pub detail_offset: usize,
    pub log: log::Logs,
    /// The log beside the board, of what is in flight.
    pub tail: Box<log::Tail>,
    /// The release that the go/no-go screen shows; `None` means the first.
    pub release: Option<ReleaseName>,
    /// The selected service of it.
    pub release_row: usize,
    /// Its plan is shown instead of its votes.
    pub release_plan: bool,
    /// In a box: a state is moved about with every future that holds it.
    pub overviews: Box<overview::Overviews>,
    /// Newest last; `M` shows them all, the footer the last.
    pub messages: VecDeque<Message>,
    /// Errors that stay until they are read.
    pub problems: Vec<Problem>,
    /// The demo's tour: the step that the footer shows.
    pub tour: Option<tour::Step>,
    /// This is the demo: there is a tour to begin anew.
    pub is_demo: bool,
    pub keymap: Keymap,
    /// Keys that begin a longer binding, and where they were pressed.
    pub begun: Option<(Context, Vec<Chord>)>,
    pub customs: custom::Customs,
    /// The hand-over of which the operator has been told.
    pub(crate) handed: Option<HandoverId>,
    /// Who is told of journal entries, by the config.
    pub receivers: Vec<crate::domain::notice::Rule>,
    /// How many commands of the operator's own were run.
    pub(crate) runs: u64,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// Whether a key let go of it.
    pub let_go: bool,
    pub ascii: bool,
    /// Whether signs of running work move.
    pub motion: bool,
    pub quitting: bool,
    /// Counts whatever may have changed what the rows of a picture say: all but moves of the cursor.
    pub(crate) edition: u64,
    /// The key that is being taken only moved the cursor.
    pub(crate) only_moved: bool,
}
