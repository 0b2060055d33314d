//! `checklist`: the tasks, what each asks, and who may attest it.

use std::collections::BTreeSet;

use super::super::super::file::{Table, Value};
use super::super::super::keys;
use super::super::{Roles, known_role};
use crate::domain::ids::RoleName;
use crate::domain::policy::{GateSpec, Task};

const EXAMPLE: &str = "{ name = \"backup\", text = \"take a backup\", role = \"sre\" }";

pub(super) fn read(at: &Value<'_>, table: Option<&Table<'_>>, roles: &Roles) -> Option<GateSpec> {
    let Some(value) = table.and_then(|table| table.get("tasks")) else {
        at.error(
            "a checklist needs `tasks`",
            Some(format!(
                "write {{ kind = \"checklist\", tasks = [{EXAMPLE}] }}"
            )),
        );
        return None;
    };
    tasks(value, roles).map(|tasks| GateSpec::Checklist { tasks })
}

/// Reads a list of tasks, as gates and verifications have them.
pub(in super::super) fn tasks(value: &Value<'_>, roles: &Roles) -> Option<Vec<Task>> {
    let listed = value.list()?;
    if listed.is_empty() {
        value.error("a checklist with no tasks", Some(format!("add {EXAMPLE}")));
    }
    let mut tasks: Vec<Task> = Vec::new();
    for item in &listed {
        let Some(task) = task(item, roles) else {
            continue;
        };
        if tasks.iter().any(|known| known.name == task.name) {
            item.error(
                format!("task `{}` is listed twice", task.name),
                Some("each is attested by its name".to_owned()),
            );
        } else {
            tasks.push(task);
        }
    }
    Some(tasks)
}

fn task(item: &Value<'_>, roles: &Roles) -> Option<Task> {
    if !item.is_table() {
        item.error("a task is a table", Some(format!("write {EXAMPLE}")));
        return None;
    }
    let table = item.table("task".to_owned(), keys::TASK)?;
    let name = table.need("name", "\"backup\"");
    if let Some(value) = name
        && value
            .as_text()
            .is_some_and(|name| name.contains(char::is_whitespace))
    {
        value.error(
            "a task's name is one word, to be typed",
            Some("the sentence belongs into `text`".to_owned()),
        );
        return None;
    }
    let text = table
        .need("text", "\"take a backup\"")
        .and_then(Value::text);
    let role = match table.get("role") {
        None => None,
        Some(value) => {
            let role = value.text()?;
            if !known_role(role, value, roles) {
                return None;
            }
            if roles.get(role).is_some_and(BTreeSet::is_empty) {
                value.error(
                    format!("nobody can attest as `{role}`: it has no members"),
                    Some(format!("add some to [role.{role}]")),
                );
            }
            Some(RoleName::new(role))
        }
    };
    Some(Task {
        name: name.and_then(Value::text)?.to_owned(),
        text: text?.to_owned(),
        role,
    })
}

/// A service adds tasks to its tier's. Of two of one name the tier's stays, with a role if only the
/// service asks for one.
pub(super) fn stricter(tier: &[Task], added: &[Task]) -> Vec<Task> {
    let mut tasks = tier.to_vec();
    for task in added {
        match tasks.iter_mut().find(|known| known.name == task.name) {
            Some(known) => known.role = known.role.clone().or_else(|| task.role.clone()),
            None => tasks.push(task.clone()),
        }
    }
    tasks
}
