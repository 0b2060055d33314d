//! Windows and freezes: when promotions are allowed. Rules W1 to W4; the verdict lives in
//! `gate/window.rs`.

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::ids::{EnvironmentName, ServiceName};

/// Whether a window lets promotions in or keeps them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowEffect {
    Allow,
    Deny,
}

/// A named span of time that allows or denies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub name: String,
    pub effect: WindowEffect,
    pub span: Span,
    pub zone: TimeZone,
    /// The zone's IANA name, for people.
    pub zone_name: String,
    /// Empty means every environment.
    pub environments: Vec<EnvironmentName>,
    /// Empty means every service.
    pub services: Vec<ServiceName>,
    pub reason: Option<String>,
}

/// When a window is on. Intervals are half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// On these days from `from` to `to`; `from > to` runs into the next day, and the days are
    /// those on which it starts.
    Weekly {
        days: Vec<Weekday>,
        from: Time,
        to: Time,
    },
    /// Once, between two wall-clock times in the window's zone.
    Once {
        from: jiff::civil::DateTime,
        to: jiff::civil::DateTime,
    },
}

/// What the whole schedule says at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleState {
    pub open: bool,
    /// What decides: the open allow window, the deny window in force, or nothing.
    pub by: Option<String>,
    pub reason: Option<String>,
    /// When the answer changes next, if within the search.
    pub changes_at: Option<Timestamp>,
    /// When closed: the first instant at which the whole schedule is open.
    pub opens_at: Option<Timestamp>,
}
