//! What people release by hand: single steps of a path (`mode` or `via` = "checklist"), and services
//! that have no forge at all. How such a promotion is recorded lives in `app/engine/by_hand.rs`.

use std::collections::BTreeMap;

use super::super::file::{Table, Value};
use crate::domain::ids::{EnvironmentName, ForgeName, RepoPath, ServiceName};
use crate::domain::policy::{BY_HAND, GateSpec, Mode, Stage, Via};

type Promotes<'d> = BTreeMap<EnvironmentName, Table<'d>>;

/// How long what people call a revision may be.
const LONGEST: usize = 60;

/// Says whether a service is meant to have no forge: it has no repository, and says so otherwise too.
pub(super) fn is_meant(table: &Table<'_>, promotes: &Promotes<'_>) -> bool {
    let checklist = |own: &Table<'_>| {
        let via = own.get("via").and_then(Value::as_text);
        via == Some(Via::Checklist.word())
    };
    table.get("repo").is_none()
        && (table.get("revision").is_some() || promotes.values().any(checklist))
}

/// The repository of a service, which it must have.
pub(super) fn need_repo<'t, 'd>(table: &'t Table<'d>) -> Option<&'t Value<'d>> {
    table.need("repo", "\"owner/name\"")
}

/// The way and the mode of a step: who says one of them by hand says both.
pub(super) fn settled(
    own: Option<&Table<'_>>,
    via: Option<Via>,
    said: Option<Mode>,
    usual: Mode,
) -> (Option<Via>, Mode) {
    let mode = said.unwrap_or(usual);
    let written = own.and_then(|own| own.get("via"));
    match (via, written) {
        (Some(Via::Checklist), _) => {
            let place = own.and_then(|own| own.get("mode"));
            if let Some(place) = place.filter(|_| said.is_some_and(|mode| mode != Mode::Checklist))
            {
                place.error(
                    format!(
                        "mode = \"{}\" has no effect: via = \"checklist\" is wholly by hand",
                        mode.word()
                    ),
                    Some("leave one of them out".to_owned()),
                );
            }
            (Some(Via::Checklist), Mode::Checklist)
        }
        (Some(via), Some(place)) if mode == Mode::Checklist => {
            place.error(
                format!(
                    "via = \"{}\" has no effect: the mode is \"checklist\", wholly by hand",
                    via.word()
                ),
                Some("add mode = \"confirm\" here, or leave `via` out".to_owned()),
            );
            (Some(Via::Checklist), mode)
        }
        (_, None) if mode == Mode::Checklist => (Some(Via::Checklist), mode),
        (via, _) => (via, mode),
    }
}

/// Reports steps that are done by hand, and for which there is nothing to be done.
pub(super) fn need_tasks(table: &Table<'_>, promotes: &Promotes<'_>, stages: &[Stage]) {
    for stage in stages.iter().filter(|stage| stage.via == Via::Checklist) {
        let gates = stage.gates.iter();
        let listed = gates.filter(|gate| matches!(gate, GateSpec::Checklist { .. }));
        let names: Vec<&str> = stage
            .tasks()
            .iter()
            .map(|task| task.name.as_str())
            .collect();
        let twice = stage.verifying_tasks().iter();
        let twice = twice.map(|task| task.name.as_str());
        let own = promotes.get(&stage.environment);
        let place = own.and_then(|own| own.get("via").or_else(|| own.get("mode")));
        let place = place.or_else(|| table.get("path"));
        let environment = &stage.environment;
        if listed.count() == 0 && stage.verifying_tasks().is_empty() {
            let hint = "add gates = [{ kind = \"checklist\", tasks = [{ name = \"install\", text = \"install it\" }] }]";
            if let Some(place) = place {
                place.error(
                    format!("{environment} is released by hand, and its checklist has no tasks"),
                    Some(hint.to_owned()),
                );
            }
            continue;
        }
        if let (Some(name), Some(place)) =
            (twice.into_iter().find(|name| names.contains(name)), place)
        {
            place.error(
                format!("task `{name}` of {environment} stands before the promotion and after it"),
                Some("each is attested by its name: give one of them another".to_owned()),
            );
        }
    }
}

/// What a service without a forge is released as, and the gates that it can be asked.
pub(super) fn without_forge(
    table: &Table<'_>,
    name: &ServiceName,
    stages: Vec<Stage>,
    extra: &[GateSpec],
) -> (ForgeName, RepoPath, Vec<Stage>) {
    if let Some(branch) = table.get("branch") {
        branch.error(
            "`branch` has no effect without `repo`",
            Some("what is released is its `revision`".to_owned()),
        );
    }
    if let (Some(own), Some(place)) = (
        extra.iter().find(|gate| gate.needs_forge()),
        table.get("gates"),
    ) {
        place.error(
            format!(
                "only a forge can answer `{}`, and this service has no repo",
                own.name()
            ),
            Some("ask people: a checklist, a sign-off".to_owned()),
        );
    }
    let mut unasked: Vec<&'static str> = Vec::new();
    let mut own = Vec::new();
    for stage in stages {
        if !matches!(stage.via, Via::Checklist) {
            table.error(
                format!(
                    "via = \"{}\" into {} needs a `repo`",
                    stage.via.word(),
                    stage.environment
                ),
                Some("add repo = \"owner/name\", or use via = \"checklist\"".to_owned()),
            );
        }
        for gate in stage.gates.iter().filter(|gate| gate.needs_forge()) {
            if !unasked.contains(&gate.name()) {
                unasked.push(gate.name());
            }
        }
        let asked = stage.gates.iter().filter(|gate| !gate.needs_forge());
        own.push(Stage {
            gates: asked.cloned().collect(),
            ..stage
        });
    }
    if let Some(path) = table.get("path").filter(|_| !unasked.is_empty()) {
        path.note(
            format!("{name} has no repo: nobody asks it {}", unasked.join(", ")),
            Some("its checklists and sign-offs stand for them".to_owned()),
        );
    }
    (ForgeName::new(BY_HAND), RepoPath::new(name.as_str()), own)
}

/// Reads what is to be released of a service without a forge.
pub(super) fn revision(table: &Table<'_>, hand: bool) -> Option<String> {
    if !hand {
        if let Some(place) = table.get("revision") {
            place.error(
                "`revision` has no effect with `repo`: the forge tells what is to be released",
                Some("a release pins one: { service = \"…\", revision = \"…\" }".to_owned()),
            );
        }
        return None;
    }
    let value = table.need("revision", "\"4.2.0\"")?;
    let text = value.text()?;
    if text.contains(char::is_whitespace) || text.chars().count() > LONGEST {
        value.error(
            format!("a revision is one word of at most {LONGEST} signs"),
            Some("for instance \"4.2.0\" or \"2026-11-26b\"".to_owned()),
        );
        return None;
    }
    Some(text.to_owned())
}
