//! `fits`: the margin that is added to what history says.

use jiff::SignedDuration;

use super::super::super::file::{Table, Value};
use crate::domain::policy::{FitsRule, GateSpec};

/// The margin where nobody says.
const MARGIN: SignedDuration = SignedDuration::from_mins(10);

pub(super) fn read(table: Option<&Table<'_>>) -> Option<GateSpec> {
    let margin = table.and_then(|table| table.get("margin"));
    let margin = margin.map_or(Some(MARGIN), Value::duration)?;
    Some(GateSpec::Fits(FitsRule { margin }))
}
