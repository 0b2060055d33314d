//! What is kept from one picture to the next while nothing happens but that the cursor moves: a row that
//! is shown says the same when another one is selected. `view` decides nothing by it: a picture that
//! remembers is the one that would be made anew.

use std::collections::HashMap;
use std::sync::Arc;

use super::coming::Coming;
use super::panel::Entry;
use crate::domain::cell::CellState;
use crate::domain::ids::{EnvironmentName, ServiceName};

/// What of the last picture still stands.
#[derive(Debug, Default)]
pub struct Memory {
    edition: u64,
    matrix: Option<Matrix>,
    rows: HashMap<ServiceName, Known>,
    /// The gates that open by themselves, so many at most, of the rows from one on.
    opening: Option<((usize, usize), Vec<Coming>)>,
}

/// What is known of a row.
#[derive(Debug, Default)]
pub(super) struct Known {
    standing: Option<CellState>,
    entries: Option<Arc<[Entry]>>,
}

impl Known {
    pub(super) fn standing(&mut self, find: impl FnOnce() -> CellState) -> CellState {
        *self.standing.get_or_insert_with(find)
    }

    pub(super) fn entries(&mut self, make: impl FnOnce() -> Vec<Entry>) -> Arc<[Entry]> {
        Arc::clone(self.entries.get_or_insert_with(|| make().into()))
    }
}

/// What the entries of every row depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matrix {
    pub environments: Vec<EnvironmentName>,
    /// Where the cursor is: what would go there next is in the last columns.
    pub target: Option<EnvironmentName>,
    pub with_next: bool,
    pub with_earliest: bool,
    pub columns: u16,
}

impl Memory {
    /// Forgets what is of another edition.
    pub(super) fn turn_to(&mut self, edition: u64) {
        if self.edition != edition {
            *self = Self {
                edition,
                ..Self::default()
            };
        }
    }

    /// Forgets rows that were laid out otherwise.
    pub(super) fn lay_out(&mut self, matrix: Matrix) {
        if self.matrix.as_ref() != Some(&matrix) {
            self.rows.clear();
            self.matrix = Some(matrix);
        }
    }

    /// What is known of a row that is seen.
    pub(super) fn row(&mut self, service: &ServiceName) -> &mut Known {
        self.rows.entry(service.clone()).or_default()
    }

    pub(super) fn opening(
        &mut self,
        of: (usize, usize),
        find: impl FnOnce() -> Vec<Coming>,
    ) -> &[Coming] {
        let known = self.opening.take().filter(|(known, _)| *known == of);
        let (_, found) = self.opening.insert(known.unwrap_or_else(|| (of, find())));
        found
    }
}
