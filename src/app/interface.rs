//! The interface: where the operator is, what is selected, which dialog is open, what was typed.
//! Only the terminal has one; nothing of the engine depends on it.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use tui_input::Input;

use super::effect::Effect;
use super::engine::{Engine, Report};
use super::msg::Msg;
use super::plan::Plan;
use super::request::Refusal;
use super::state::State;
use crate::domain::hold::{Cover, HoldKind};
use crate::domain::ids::{EnvironmentName, HoldId, ManualGateId, RoleName, ServiceName};
use crate::domain::signoff::Voice;

/// Takes a key, a paste or a new size.
pub(crate) fn input(state: &mut State, msg: Msg) -> Vec<Effect> {
    let _ = (state, msg);
    Vec::new()
}

impl Interface {
    /// Brings order, cursor, dialogs and messages up to date after anything happened.
    pub(crate) fn refresh(
        &mut self,
        engine: &mut Engine,
        reports: &[Report],
        now: Timestamp,
    ) -> Vec<Effect> {
        let _ = (engine, reports, now);
        Vec::new()
    }

    pub(crate) fn say(&mut self, good: bool, text: String, now: Timestamp) {
        self.messages.push_back(Message {
            at: now,
            good,
            text,
        });
    }
}

/// Everything that only the terminal needs.
#[derive(Debug)]
pub struct Interface {
    pub columns: u16,
    pub rows: u16,
    /// The screens under the top one, for `-` and esc.
    pub screen: Screen,
    pub last_screen: Option<Screen>,
    /// The top one sees a key first.
    pub overlays: Vec<Overlay>,
    /// Bound to identity, never to a row number.
    pub cursor: Option<Cursor>,
    pub marks: BTreeSet<ServiceName>,
    pub sort: Sort,
    pub filter: String,
    /// The services that are shown, in order. Made again when facts, sort or filter change, but
    /// never under an open dialog.
    pub order: Vec<ServiceName>,
    /// First visible place in `order`.
    pub offset: usize,
    pub peek: bool,
    pub utc: bool,
    /// `z`: the order and what is drawn of the board stay until it is pressed again.
    pub frozen: Option<Timestamp>,
    pub tab: DetailTab,
    pub detail_offset: usize,
    pub timeline: ListCursor,
    /// Newest last; `M` shows them all, the footer the last.
    pub messages: VecDeque<Message>,
    /// Errors that stay until they are read.
    pub problems: Vec<Problem>,
    /// The demo's tour: the step that the footer shows.
    pub tour: Option<usize>,
    pub ascii: bool,
    pub quitting: bool,
}

/// A place on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub service: ServiceName,
    pub environment: EnvironmentName,
}

/// What fills the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    Board,
    Detail(ServiceName),
    Timeline,
}

/// The order of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// What needs somebody first: failed, held, running, stale, ready, waiting, gated, level.
    #[default]
    Risk,
    Name,
}

/// The tabs of a service's detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetailTab {
    #[default]
    Gates,
    Scope,
    Deployments,
    Pipeline,
    PullRequests,
}

/// A cursor in a plain list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListCursor {
    pub selected: usize,
    pub offset: usize,
}

/// What lies over the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    Help {
        offset: usize,
    },
    Errors {
        list: ListCursor,
    },
    Messages {
        offset: usize,
    },
    /// `/`: typing narrows the rows at once.
    Filter {
        input: Input,
        before: String,
    },
    /// `:`: a command by its name.
    Palette {
        input: Input,
        selected: usize,
    },
    Promote(PromoteDialog),
    Hold(HoldDialog),
    Gates(GatesDialog),
    /// Cancel a run, reject what waits, run again: one act, its call, a reason.
    Confirm(ConfirmDialog),
    /// Something is in flight: quit all the same?
    Quit {
        focus: usize,
    },
}

/// The promote dialog: one plan or several, each with its own result.
#[derive(Clone, Debug)]
pub struct PromoteDialog {
    pub environment: EnvironmentName,
    pub items: Vec<PromoteItem>,
    pub reason: Input,
    /// The environment's name, typed, where the environment is protected.
    pub typed: Option<Input>,
    pub focus: PromoteFocus,
    /// Whether it approves what waits on the forge, whatever the stage's usual way.
    pub approve: bool,
}

/// One service of a promote dialog.
#[derive(Clone, Debug, PartialEq)]
pub struct PromoteItem {
    pub service: ServiceName,
    /// What would be sent, or why not. Made when the dialog opened; if the cell changes under the
    /// dialog it becomes a refusal that names the difference.
    pub plan: Result<Box<Plan>, Refusal>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PromoteFocus {
    Reason,
    Typed,
    /// Where every dialog opens.
    #[default]
    Cancel,
    Promote,
    CopyCommand,
}

/// The hold dialog: place, edit or lift.
#[derive(Clone, Debug)]
pub struct HoldDialog {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub mode: HoldMode,
    /// The scopes on offer, and which is chosen.
    pub covers: Vec<Cover>,
    pub cover: usize,
    pub kind: HoldKind,
    pub reason: Input,
    /// Empty means until lifted; else `15:00Z`, `30m`, `2h`.
    pub until: Input,
    pub focus: HoldFocus,
    pub error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldMode {
    Place,
    /// Holds that cover the cell; one is chosen to edit or lift.
    Existing {
        holds: Vec<HoldId>,
        selected: usize,
    },
    Edit(HoldId),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HoldFocus {
    List,
    Cover,
    Kind,
    Until,
    Reason,
    #[default]
    Cancel,
    /// Place a hold, or save the edit.
    Hold,
    Edit,
    Lift,
}

/// The gates dialog: vote with a role; add, open or close a manual gate.
#[derive(Clone, Debug)]
pub struct GatesDialog {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    pub action: GatesAction,
    /// The actions on offer, the chosen one first drawn.
    pub actions: Vec<GatesAction>,
    pub role: usize,
    pub roles: Vec<RoleName>,
    pub covers: Vec<Cover>,
    pub cover: usize,
    pub name: Input,
    pub note: Input,
    pub focus: GatesFocus,
    pub error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatesAction {
    Vote(Voice),
    Add,
    Open(ManualGateId),
    Close(ManualGateId),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GatesFocus {
    Action,
    Role,
    Cover,
    Name,
    Note,
    #[default]
    Cancel,
    Confirm,
}

/// One act with its call and a reason.
#[derive(Clone, Debug)]
pub struct ConfirmDialog {
    pub plan: Result<Box<Plan>, Refusal>,
    pub title: String,
    pub reason: Input,
    pub focus: ConfirmFocus,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConfirmFocus {
    Reason,
    #[default]
    Cancel,
    Confirm,
}

/// Something that was said to the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub at: Timestamp,
    pub good: bool,
    pub text: String,
}

/// An error that stays until it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub at: Timestamp,
    /// Several of the same kind in a row count up instead of filling the list.
    pub count: u32,
    pub last_at: Timestamp,
    pub subject: String,
    pub why: String,
    pub hint: Option<String>,
    pub request: Option<String>,
    pub read: bool,
}

/// A key with its modifiers, in our own terms: the terminal library stays at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    pub key: Key,
    pub ctrl: bool,
    pub alt: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A character as typed: `P` is shift and p.
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}
