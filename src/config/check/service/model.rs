//! `environments` of a service: where its deployments are read.

use super::super::super::file::{Table, Value};
use super::super::super::keys;
use super::ways::placeholders;
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::EnvironmentName;
use crate::domain::policy::EnvironmentModel;

/// The words of `from`, and the key of the pattern that each reads.
const MODELS: &[(&str, Option<&str>)] = &[
    ("native", None),
    ("status", Some("context")),
    ("branch", Some("branch")),
    ("release", Some("tag")),
    ("run", Some("workflow")),
];

/// Reads `"status"`, or `{ from = "status", context = "…" }`. Without it, a forge has its usual model;
/// `None` where it is wrong, or the forge is.
pub(super) fn read(
    table: &Table<'_>,
    kind: Option<ForgeKind>,
    path: &[EnvironmentName],
) -> Option<EnvironmentModel> {
    let Some(value) = table.get("environments") else {
        return kind.map(EnvironmentModel::usual);
    };
    let model = if value.is_table() {
        let given = value.table("environments".to_owned(), keys::ENVIRONMENTS)?;
        let word = one_of(given.need("from", "\"status\"")?)?;
        model(word, Some(&given), path)?
    } else {
        model(one_of(value)?, None, path)?
    };
    let kind = kind?;
    let refused = match (kind, &model) {
        (ForgeKind::Forgejo, EnvironmentModel::Native) => Some((
            "Forgejo has no environments of its own",
            "write environments = \"status\", \"branch\", \"release\" or \"run\"",
        )),
        (ForgeKind::GitHub | ForgeKind::GitLab | ForgeKind::Forgejo, _) => None,
    };
    if let Some((message, hint)) = refused {
        value.error(message, Some(hint.to_owned()));
        return None;
    }
    Some(model)
}

fn one_of(value: &Value<'_>) -> Option<&'static str> {
    let words: Vec<(&str, &'static str)> = MODELS.iter().map(|(word, _)| (*word, *word)).collect();
    value.one_of(&words)
}

fn model(
    word: &str,
    given: Option<&Table<'_>>,
    path: &[EnvironmentName],
) -> Option<EnvironmentModel> {
    let read = MODELS.iter().find(|(known, _)| *known == word);
    let read = read.and_then(|(_, key)| *key);
    for (key, value) in given.into_iter().flat_map(Table::entries) {
        if key != "from" && Some(key) != read && keys::ENVIRONMENTS.keys.contains(&key) {
            let reader = MODELS.iter().find(|(_, known)| *known == Some(key));
            value.error(
                format!("`{key}` has no effect with from = \"{word}\""),
                reader.map(|(word, _)| format!("it belongs to from = \"{word}\"")),
            );
        }
    }
    let pattern = match read.and_then(|key| given?.get(key)) {
        Some(value) => Some(pattern(value, path)?),
        None => None,
    };
    let or = |usual: &str| pattern.clone().unwrap_or_else(|| usual.to_owned());
    Some(match word {
        "status" => EnvironmentModel::Status {
            context: or(EnvironmentModel::STATUS),
        },
        "branch" => EnvironmentModel::Branch {
            branch: or(EnvironmentModel::BRANCH),
        },
        "release" => EnvironmentModel::Release { tag: pattern },
        "run" => EnvironmentModel::Run {
            workflow: or(EnvironmentModel::WORKFLOW),
        },
        _ => EnvironmentModel::Native,
    })
}

/// Environments that share a pattern could not be told apart.
fn pattern(value: &Value<'_>, path: &[EnvironmentName]) -> Option<String> {
    let text = placeholders(value, &["environment"])?;
    if path.len() > 1 && !text.contains("{environment}") {
        value.error(
            format!("`{text}` is the same for every environment of the path"),
            Some("put {environment} into it".to_owned()),
        );
        return None;
    }
    Some(text.to_owned())
}
