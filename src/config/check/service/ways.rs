//! `[service.NAME.promote.NAME]`: how a promotion into an environment is made, and which ways there
//! are on which kind of forge.

use std::collections::BTreeMap;

use super::super::super::file::{Table, Value};
use super::super::super::keys;
use super::super::mode;
use super::default_via;
use crate::domain::act::MergeMethod;
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::EnvironmentName;
use crate::domain::policy::{EnvironmentModel, Mode, Via};
use crate::domain::spelling::meant;

/// Reads the promote tables of a service. `kind` and `model` are `None` where they are broken: then
/// what the forge can do is not judged.
pub(super) fn read(
    promotes: &BTreeMap<EnvironmentName, Table<'_>>,
    path: &[EnvironmentName],
    branch: Option<&str>,
    hand: bool,
    kind: Option<ForgeKind>,
    model: Option<&EnvironmentModel>,
) -> BTreeMap<EnvironmentName, Via> {
    let mut ways = BTreeMap::new();
    for (name, table) in promotes {
        if !path.is_empty() && !path.contains(name) {
            table.error(
                format!("`{name}` is not on the path of this service"),
                meant(name.as_str(), path.iter().map(EnvironmentName::as_str)),
            );
        }
        let place = path.iter().position(|known| known == name);
        let by_mode = mode(table) == Some(Mode::Checklist) && table.get("via").is_none();
        let usual = if hand || by_mode {
            Via::Checklist.word()
        } else {
            default_via(kind.unwrap_or(ForgeKind::GitHub), place.unwrap_or(1)).word()
        };
        let Some(via) = via(table, usual, branch) else {
            continue;
        };
        let refused = kind.and_then(|kind| refusal(&via, kind, model));
        if let Some((message, hint)) = refused {
            match table.get("via") {
                Some(value) => value.error(message, Some(hint)),
                None => table.error(message, Some(hint)),
            }
            continue;
        }
        ways.insert(name.clone(), via);
    }
    ways
}

/// The words of `via`, and the keys that each reads.
const WAYS: &[(&str, &[&str])] = &[
    ("approval", &["workflow"]),
    ("workflow", &["workflow", "ref", "inputs"]),
    ("deployment", &[]),
    ("pull-request", &["base", "head", "method"]),
    ("job", &["job"]),
    ("pipeline", &["ref", "variables"]),
    ("tag", &["tag"]),
    ("status", &["context"]),
    ("release", &[]),
    ("checklist", &[]),
    ("forge", &[]),
];

/// Says why a way is none on this kind of forge, and what is.
fn refusal(
    via: &Via,
    kind: ForgeKind,
    model: Option<&EnvironmentModel>,
) -> Option<(String, String)> {
    let word = via.word();
    let no = |hint: &str| {
        let message = format!("{} cannot go `via = \"{word}\"`", kind.title());
        Some((message, hint.to_owned()))
    };
    match (kind, via) {
        (ForgeKind::GitHub, Via::Job { .. } | Via::Pipeline { .. }) => no(
            "on GitHub a run waits for approval (via = \"approval\"), or a workflow is dispatched \
             (via = \"workflow\")",
        ),
        (ForgeKind::GitLab, Via::Workflow { .. }) => {
            no("GitLab starts a pipeline: via = \"pipeline\", with `ref` and `variables`")
        }
        (ForgeKind::GitLab, Via::Release) => {
            no("GitLab has no draft releases: via = \"tag\" starts a tag's pipeline")
        }
        (ForgeKind::GitLab, Via::Approval { workflow: Some(_) }) => Some((
            "a project of GitLab has no workflows to choose from".to_owned(),
            "leave `workflow` out; via = \"job\" names one job".to_owned(),
        )),
        (
            ForgeKind::GitLab,
            Via::PullRequest {
                method: MergeMethod::Rebase,
                ..
            },
        ) => Some((
            "whether GitLab rebases is the project's own setting".to_owned(),
            "write method = \"merge\" or \"squash\"".to_owned(),
        )),
        (
            ForgeKind::Forgejo,
            Via::Approval { .. } | Via::Deployment | Via::Job { .. } | Via::Pipeline { .. },
        ) => no(
            "Forgejo keeps no deployments and no run of it waits for approval: via = \"workflow\", \
             \"pull-request\", \"release\", \"tag\" or \"status\"",
        ),
        (_, Via::Status { context }) => match model {
            Some(EnvironmentModel::Status { context: live }) if live == context => Some((
                format!("`{context}` says what is live: setting it would deploy nothing"),
                "name the context that your deployer waits for".to_owned(),
            )),
            Some(_) | None => None,
        },
        (
            _,
            Via::Approval { .. }
            | Via::Workflow { .. }
            | Via::Deployment
            | Via::PullRequest { .. }
            | Via::Job { .. }
            | Via::Pipeline { .. }
            | Via::Tag { .. }
            | Via::Release
            | Via::Checklist
            | Via::Forge,
        ) => None,
    }
}

fn via(table: &Table<'_>, usual: &'static str, branch: Option<&str>) -> Option<Via> {
    let word = match table.get("via") {
        Some(value) => {
            let words: Vec<(&str, &str)> = WAYS.iter().map(|(word, _)| (*word, *word)).collect();
            value.one_of(&words)?
        }
        None => usual,
    };
    let read: &[&str] = WAYS
        .iter()
        .find(|(way, _)| *way == word)
        .map_or(&[], |(_, read)| *read);
    for (key, value) in table.entries() {
        if matches!(key, "via" | "mode" | "policy" | "verify")
            || read.contains(&key)
            || !keys::PROMOTE.keys.contains(&key)
        {
            continue;
        }
        let reader = WAYS
            .iter()
            .find(|(_, read)| read.contains(&key) && key != "workflow");
        value.error(
            format!("`{key}` has no effect with via = \"{word}\""),
            reader.map(|(way, _)| format!("it belongs to via = \"{way}\"")),
        );
    }
    let text = |key| table.get(key).and_then(Value::text).map(str::to_owned);
    match word {
        "approval" => Some(Via::Approval {
            workflow: text("workflow"),
        }),
        "workflow" => workflow(table, branch),
        "deployment" => Some(Via::Deployment),
        "pull-request" => {
            let base = table.need("base", "\"production\"").and_then(Value::text);
            let head = match branch {
                Some(branch) => table.get("head").map_or(Some(branch), Value::text),
                None => table.need("head", "\"main\"").and_then(Value::text),
            };
            let method = table
                .get("method")
                .map_or(Some(MergeMethod::Merge), |value| {
                    value.one_of(&[
                        ("merge", MergeMethod::Merge),
                        ("squash", MergeMethod::Squash),
                        ("rebase", MergeMethod::Rebase),
                    ])
                });
            let (base, head) = (base?, head?);
            if base == head {
                table.error("`base` and `head` are the same branch", None);
            }
            Some(Via::PullRequest {
                base: base.to_owned(),
                head: head.to_owned(),
                method: method?,
            })
        }
        "job" => {
            let job = table.need("job", "\"deploy production\"");
            Some(Via::Job {
                name: job.and_then(Value::text)?.to_owned(),
            })
        }
        "pipeline" => Some(Via::Pipeline {
            git_ref: git_ref(table, branch)?,
            variables: filled(table, "variables")?,
        }),
        "tag" => tag(table),
        "status" => {
            let context = table.need("context", "\"release/{environment}\"");
            let context = placeholders(context?, &["environment"])?;
            Some(Via::Status {
                context: context.to_owned(),
            })
        }
        "release" => Some(Via::Release),
        "checklist" => Some(Via::Checklist),
        _ => Some(Via::Forge),
    }
}

/// What `inputs` and `ref` may have replaced.
const PLACEHOLDERS: &[&str] = &["environment", "revision", "version", "key"];

fn workflow(table: &Table<'_>, branch: Option<&str>) -> Option<Via> {
    let workflow = table
        .need("workflow", "\"deploy.yml\"")
        .and_then(Value::text);
    let (git_ref, inputs) = (git_ref(table, branch), filled(table, "inputs"));
    Some(Via::Workflow {
        workflow: workflow?.to_owned(),
        git_ref: git_ref?,
        inputs: inputs?,
    })
}

/// Reads the branch or tag that something is started on: without one, the service's branch.
fn git_ref(table: &Table<'_>, branch: Option<&str>) -> Option<String> {
    let read = |value: &Value<'_>| placeholders(value, &["version"]).map(str::to_owned);
    match branch {
        Some(branch) => table.get("ref").map_or(Some(branch.to_owned()), read),
        // Without a branch in the file, the default branch is only known to the forge.
        None => {
            let value = table.get("ref");
            if value.is_none() {
                table.error(
                    format!("[{}] needs `ref`", table.name),
                    Some("add branch = \"main\" to the service, or ref = \"main\" here".to_owned()),
                );
            }
            value.and_then(read)
        }
    }
}

/// Reads what is handed to a workflow or pipeline.
fn filled(table: &Table<'_>, key: &str) -> Option<BTreeMap<String, String>> {
    let mut filled = BTreeMap::new();
    if let Some(value) = table.get(key) {
        let given = value.open_table(format!("{}.{key}", table.name))?;
        for (name, value) in given.entries() {
            let text = placeholders(value, PLACEHOLDERS);
            filled.extend(text.map(|text| (name.to_owned(), text.to_owned())));
        }
    }
    Some(filled)
}

/// Reads the name of a tag. Each revision or promotion needs a tag of its own.
fn tag(table: &Table<'_>) -> Option<Via> {
    let value = table.need("tag", "\"{environment}-{version}\"")?;
    let name = placeholders(value, PLACEHOLDERS)?;
    let differs = ["{version}", "{revision}", "{key}"];
    if !differs.iter().any(|word| name.contains(word)) {
        value.error(
            format!("`{name}` would be the same tag every time"),
            Some("put {version}, {revision} or {key} into it".to_owned()),
        );
        return None;
    }
    Some(Via::Tag {
        name: name.to_owned(),
    })
}

/// Reads a text in which `{word}` is replaced later, for words of `allowed` alone.
pub(super) fn placeholders<'d>(value: &Value<'d>, allowed: &[&str]) -> Option<&'d str> {
    let text = value.text()?;
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((word, after)) = after.split_once('}') else {
            break;
        };
        let is_word = word.chars().all(|character| character.is_ascii_lowercase());
        if is_word && !word.is_empty() && !allowed.contains(&word) {
            value.error(
                format!("nothing is put in for `{{{word}}}`"),
                meant(word, allowed.iter().copied()),
            );
            return None;
        }
        rest = after;
    }
    Some(text)
}
