//! Places: what fills the screen, and where somebody is in it. What is known of each screen is in the
//! interface; going from one to another is in `going.rs`.

use crate::domain::ids::{EnvironmentName, ForgeName, ServiceName};

/// A place on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub service: ServiceName,
    pub environment: EnvironmentName,
}

/// Where somebody was, to come back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub screen: Screen,
    pub cursor: Option<Cursor>,
    pub(super) tab: DetailTab,
    pub(super) detail_offset: usize,
}

/// What fills the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    Board,
    Detail(ServiceName),
    Timeline,
    /// The go/no-go of a release.
    Release,
    /// Runs and open pull requests of all services.
    Pipelines,
    /// Everything that is under way.
    Tasks,
    /// Every hold there is.
    Holds,
    /// One forge in full.
    Forge(ForgeName),
}

/// The panes of the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    #[default]
    Rows,
    Peek,
    /// The forges of the right side.
    Forges,
    /// The log of what is in flight, on the right side.
    Log,
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
    Log,
    Lane,
}

/// A cursor in a plain list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListCursor {
    pub selected: usize,
    pub offset: usize,
}
