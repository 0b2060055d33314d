//! Moving the focus through the stops of a dialog, and moving in lists.

use super::ListCursor;
use crate::app::command::Command;

/// Returns the stop after (or before) `focus`, round and round.
pub(super) fn step<T: Copy + PartialEq>(stops: &[T], focus: T, forward: bool) -> T {
    let place = stops.iter().position(|stop| *stop == focus);
    let last = stops.len().saturating_sub(1);
    let next = match (place, forward) {
        (Some(place), true) if place < last => place + 1,
        (Some(_) | None, true) => 0,
        (Some(place), false) if place > 0 => place - 1,
        (Some(_) | None, false) => last,
    };
    stops.get(next).copied().unwrap_or(focus)
}

/// Returns the choice after (or before) `selected` of `count`, round and round.
pub(super) fn turn(selected: usize, count: usize, forward: bool) -> usize {
    match (count, forward) {
        (0, _) => 0,
        (_, true) => (selected + 1) % count,
        (_, false) => (selected + count - 1) % count,
    }
}

/// Where a movement in a list of `count` leads, `height` of which are in sight; `None` if the
/// command is no movement.
pub(super) fn travel(
    command: Command,
    selected: usize,
    count: usize,
    height: usize,
) -> Option<usize> {
    let page = height.max(1);
    let half = (height / 2).max(1);
    let last = count.saturating_sub(1);
    let to = match command {
        Command::Down => selected + 1,
        Command::Up => selected.saturating_sub(1),
        Command::First => 0,
        Command::Last => last,
        Command::HalfDown => selected + half,
        Command::HalfUp => selected.saturating_sub(half),
        Command::PageDown => selected + page,
        Command::PageUp => selected.saturating_sub(page),
        _ => return None,
    };
    Some(to.min(last))
}

impl ListCursor {
    /// Selects a place and keeps it in sight.
    pub(super) fn select(&mut self, selected: usize, height: usize) {
        self.selected = selected;
        let height = height.max(1);
        self.offset = self
            .offset
            .clamp((selected + 1).saturating_sub(height), selected);
    }
}
