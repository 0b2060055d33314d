//! Windows of one kind that overlap or touch where they cover the same cell. They unite (W1), but
//! whoever reads "closes at 22:00" must be able to trust it: an author who means them to join says so
//! with `joins`, and every other pair is a slip.

use jiff::{SignedDuration, Timestamp};

use super::super::file::{Table, Value};
use crate::domain::spelling::meant;
use crate::domain::window::{Interval, Source, Span, Window};

/// A window and where it stands in the file.
pub(super) struct Placed<'d> {
    window: Window,
    table: Table<'d>,
    joins: Vec<String>,
}

impl<'d> Placed<'d> {
    pub fn new(window: Window, table: Table<'d>) -> Self {
        let listed = table.get("joins").and_then(Value::texts);
        let joins = listed.unwrap_or_default();
        let joins = joins.iter().map(|(name, _)| (*name).to_owned()).collect();
        Self {
            window,
            table,
            joins,
        }
    }

    fn joins(&self, other: &Self) -> bool {
        self.joins.contains(&other.window.name) || other.joins.contains(&self.window.name)
    }
}

/// How far ahead recurring windows are compared: every week of a year, and both changes of clocks.
const AHEAD: SignedDuration = SignedDuration::from_hours(54 * 7 * 24);
/// Where comparing begins, the same on every day and machine.
const BEGIN: &str = "2026-01-01T00:00:00Z";

/// Reports every pair that overlaps or touches, at the later one of the file.
///
/// `written` are the names of all that the file has, those with mistakes too.
pub(super) fn check(windows: &[Placed<'_>], written: &[&str]) {
    for (place, later) in windows.iter().enumerate() {
        for value in later
            .table
            .get("joins")
            .and_then(Value::texts)
            .into_iter()
            .flatten()
        {
            let (name, value) = value;
            let known = || windows.iter().map(|known| known.window.name.as_str());
            // A broken one has been told already.
            let written = written.contains(&name);
            if !written && !known().any(|known| known == name) {
                value.error(
                    format!("there is no window `{name}` of its kind"),
                    meant(name, known()),
                );
            }
        }
        for earlier in windows.iter().take(place) {
            if !share_a_cell(&earlier.window, &later.window) || later.joins(earlier) {
                continue;
            }
            if let Some((at, touch)) = meet(&earlier.window, &later.window) {
                let how = if touch { "touches" } else { "overlaps" };
                later.table.error(
                    format!(
                        "`{}` {how} `{}`, for instance at {at}",
                        later.window.name, earlier.window.name
                    ),
                    Some(format!(
                        "if they are meant to be one, say joins = [\"{}\"]",
                        earlier.window.name
                    )),
                );
            }
        }
    }
}

fn share_a_cell(one: &Window, other: &Window) -> bool {
    fn share<T: PartialEq>(one: &[T], other: &[T]) -> bool {
        one.is_empty() || other.is_empty() || one.iter().any(|name| other.contains(name))
    }
    one.effect == other.effect
        && share(&one.environments, &other.environments)
        && share(&one.services, &other.services)
}

/// Returns the first instant at which both are on, or one ends where the other begins.
fn meet(one: &Window, other: &Window) -> Option<(Timestamp, bool)> {
    let begin = [one, other].into_iter().filter_map(once).min();
    let begin = match begin {
        Some(begin) => begin - SignedDuration::from_hours(48),
        None => BEGIN.parse().ok()?,
    };
    let end = begin + AHEAD;
    let until = |window: &Window| -> Vec<Interval> {
        let intervals = window.intervals(begin);
        intervals
            .take_while(|interval| interval.start < end)
            .collect()
    };
    let (ours, theirs) = (until(one), until(other));
    let mut theirs = theirs.iter().peekable();
    for interval in &ours {
        while theirs.next_if(|other| other.end < interval.start).is_some() {}
        if let Some(other) = theirs.peek().filter(|other| other.start <= interval.end) {
            let touch = other.end == interval.start || interval.end == other.start;
            return Some((other.start.max(interval.start), touch));
        }
    }
    None
}

fn once(window: &Window) -> Option<Timestamp> {
    match &window.span {
        Span::Once { from, .. } => window.zone.to_timestamp(*from).ok(),
        Span::Dates {
            source: Source::Start,
            dates,
            from,
            ..
        } => {
            let from = dates.first().to_datetime(*from.first()?);
            window.zone.to_timestamp(from).ok()
        }
        Span::Weekly { .. } | Span::Dates { .. } => None,
    }
}
