//! `verify`: what has to be seen after a deployment before it counts as verified, and within what
//! time. Whether it was seen is judged in `domain/verification.rs`.

use super::super::file::{Table, Value};
use super::super::keys;
use super::{Roles, gate};
use crate::domain::policy::Verification;

const EXAMPLE: &str =
    "write { within = \"15m\", probes = [{ name = \"up\", url = \"https://…\" }] }";

/// Reads the verification of a table that may have one.
pub(super) fn read(table: &Table<'_>, roles: &Roles) -> Option<Verification> {
    let value = table.get("verify")?;
    if !value.is_table() {
        value.error("`verify` is a table", Some(EXAMPLE.to_owned()));
        return None;
    }
    let table = value.table("verify".to_owned(), keys::VERIFY)?;
    let within = match table.get("within") {
        Some(within) => within.duration().map(|time| (within, time)),
        None => {
            let why = "within what time has it to be verified?";
            value.error(why, Some("add within = \"15m\"".to_owned()));
            None
        }
    };
    let listed = table.get("tasks");
    let tasks = match listed {
        Some(listed) => gate::tasks(listed, roles),
        None => Some(Vec::new()),
    };
    let health = verified_by(value, &table, listed)?;
    let (place, within) = within?;
    if !health.probes.is_empty() && within < health.every {
        place.error(
            "it would be over before the second look: `within` is shorter than `every`",
            Some("let `within` be some times `every`".to_owned()),
        );
    }
    Some(Verification {
        within,
        health,
        tasks: tasks?,
    })
}

/// The probes, which may be left out where tasks verify.
fn verified_by(
    value: &Value<'_>,
    table: &Table<'_>,
    tasks: Option<&Value<'_>>,
) -> Option<crate::domain::policy::HealthRule> {
    match (table.get("probes"), tasks) {
        (Some(_), _) => gate::health_rule(value, table),
        (None, Some(_)) => {
            if let Some(every) = table.get("every") {
                every.error("`every` has no effect without `probes`", None);
            }
            Some(gate::NO_PROBES)
        }
        (None, None) => {
            value.error(
                "a verification needs `probes` or `tasks`",
                Some(EXAMPLE.to_owned()),
            );
            None
        }
    }
}
