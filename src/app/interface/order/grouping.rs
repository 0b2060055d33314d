//! Groups of rows: in which place a row's group stands, and what is written over it. How rows are
//! sorted within one is in `order`.

use super::super::arrangement::{Grouping, Sort};
use crate::domain::board::Row;
use crate::domain::cell::CellState;
use crate::domain::policy::Policy;

/// Where a row's group stands among the groups: by rank, then by name; those without one last.
pub(super) fn place(
    grouping: Grouping,
    risk: u8,
    row: &Row,
    policy: &Policy,
) -> (usize, Option<String>) {
    match grouping {
        Grouping::Auto | Grouping::None => (0, None),
        Grouping::State => (usize::from(risk), None),
        Grouping::Release => (release(row, policy).unwrap_or(usize::MAX), None),
        Grouping::Forge => (0, Some(row.service.forge.to_string())),
        Grouping::Team => match &row.service.group {
            Some(team) => (0, Some(team.clone())),
            None => (1, None),
        },
    }
}

/// What is written over a row's group; nothing where there are no groups.
pub fn heading(
    grouping: Grouping,
    sort: Sort,
    standing: CellState,
    row: &Row,
    policy: &Policy,
) -> Option<String> {
    let named = |name: &str| format!("-- {name} --");
    match grouping {
        Grouping::None => None,
        // Sorted by risk, states stand together by themselves.
        Grouping::Auto => (sort == Sort::Risk).then(|| named(state(standing))),
        Grouping::State => Some(named(state(standing))),
        Grouping::Release => Some(
            release(row, policy)
                .and_then(|place| policy.releases.get(place))
                .map_or_else(|| named("in no release"), |it| named(it.name.as_str())),
        ),
        Grouping::Forge => Some(named(row.service.forge.as_str())),
        Grouping::Team => Some(named(row.service.group.as_deref().unwrap_or("no group"))),
    }
}

/// The first release that takes the row's service.
fn release(row: &Row, policy: &Policy) -> Option<usize> {
    policy.releases.iter().position(|release| {
        let mut items = release.items.iter();
        items.any(|item| item.service == row.service.name)
    })
}

fn state(standing: CellState) -> &'static str {
    match standing {
        CellState::Failed => "failed",
        CellState::Unfit => "unfit",
        CellState::Red => "red since",
        CellState::Held => "held",
        CellState::Running => "in flight",
        CellState::Unknown => "unknown",
        CellState::Stale => "stale",
        CellState::Ready => "ready",
        CellState::Waiting => "waiting",
        CellState::Gated => "gated",
        CellState::Verifying => "being verified",
        CellState::OutOfBand => "out of band",
        CellState::RolledBack | CellState::Ok | CellState::None => "level",
    }
}
