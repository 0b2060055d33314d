//! The dialog of a release: vote, start, resume, cancel.

use super::{Button, Form, buttons, columns};
use crate::app::interface::{ReleaseAction, ReleaseDialog, ReleaseFocus};
use crate::app::view::line::{Line, Tone};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;
use crate::domain::ids::ServiceName;
use crate::domain::signoff::Voice;

/// The services that would wait at their gates, and at which.
fn waiting(look: &Look<'_>, dialog: &ReleaseDialog) -> String {
    let Some(release) = look.engine.policy.release(&dialog.release) else {
        return String::new();
    };
    let prognosis = look.engine.prognosis(release, look.now);
    let planned = prognosis.waves.iter().flat_map(|wave| &wave.services);
    let told: Vec<String> = planned
        .filter(|planned| !planned.blocked.is_empty())
        .map(|planned| {
            let gates: Vec<&str> = planned.blocked.iter().map(|it| it.gate.as_str()).collect();
            format!("{} ({})", planned.moved.service, gates.join(", "))
        })
        .collect();
    told.join(", ")
}

pub(in crate::app::view) fn dialog(look: &Look<'_>, dialog: &ReleaseDialog) -> Dialog {
    let mut form = Form::new(columns(look));
    let on = |part| dialog.focus == part;
    let (verb, stay, go) = match dialog.action {
        ReleaseAction::Vote => ("VOTE on", "Cancel", "Vote"),
        ReleaseAction::Withdraw => ("WITHDRAW the vote on", "Cancel", "Withdraw"),
        ReleaseAction::Start => ("START", "Cancel", "Start"),
        ReleaseAction::Resume => ("RESUME", "Cancel", "Resume"),
        ReleaseAction::Cancel => ("CANCEL", "Let it run", "Cancel the release"),
    };
    let set = dialog.seen.as_str().get(..7).unwrap_or_default();
    form.told("set", Tone::Muted, &format!("@{set}"));
    form.told("moves", Tone::Strong, &dialog.words);
    match dialog.action {
        ReleaseAction::Vote => {
            let voices = ["GO", "NO-GO"].map(str::to_owned);
            let voice = usize::from(dialog.voice == Voice::NoGo);
            form.choice("vote", &voices, voice, on(ReleaseFocus::Voice));
            let roles: Vec<String> = dialog.roles.iter().map(ToString::to_string).collect();
            if !roles.is_empty() {
                form.choice("as", &roles, dialog.role, on(ReleaseFocus::Role));
            }
            form.field("note", &dialog.note, on(ReleaseFocus::Note));
            let text = "binds to exactly this set: a changed one makes it void";
            form.labelled("", Line::of(Tone::Muted, text));
            let release = look.engine.policy.release(&dialog.release);
            if dialog.roles.len() > 1 && release.is_some_and(|release| !release.distinct) {
                let text = "a go counts for each of your roles";
                form.labelled("", Line::of(Tone::Muted, text));
            }
        }
        ReleaseAction::Withdraw => {
            form.told(
                "will do",
                Tone::Plain,
                "your role has not voted then; that it did stays in the journal",
            );
            form.blank();
            form.field("reason", &dialog.note, on(ReleaseFocus::Note));
        }
        ReleaseAction::Start => {
            if !dialog.stuck.is_empty() {
                let stuck: Vec<&str> = dialog.stuck.iter().map(ServiceName::as_str).collect();
                form.told("stuck", Tone::Warning, &stuck.join(", "));
                let options = ["wait for it", "ship without"].map(str::to_owned);
                form.choice(
                    "then",
                    &options,
                    usize::from(dialog.skip),
                    on(ReleaseFocus::Skip),
                );
            }
            form.told(
                "will do",
                Tone::Plain,
                "wave by wave, each promotion as if ordered alone; a failure stops it",
            );
            let wait = waiting(look, dialog);
            if !wait.is_empty() {
                form.told("will wait", Tone::Warning, &wait);
            }
            form.blank();
            form.field("reason", &dialog.note, on(ReleaseFocus::Note));
        }
        ReleaseAction::Resume => form.told(
            "will do",
            Tone::Plain,
            "this gonogo drives the run from here on, for as long as it lives",
        ),
        ReleaseAction::Cancel => {
            form.told(
                "will do",
                Tone::Plain,
                "nothing more is started; what is on its way comes to its end, what is done stays",
            );
            form.blank();
            form.field("reason", &dialog.note, on(ReleaseFocus::Note));
        }
    }
    if let Some(typed) = &dialog.typed {
        let label = format!("type {}", dialog.environment);
        form.field(&label, typed, on(ReleaseFocus::Typed));
    }
    form.error(look, dialog.refused.as_ref());
    let blocked = match &dialog.refused {
        Some(_) => Some("refused".to_owned()),
        None => dialog.blocked(),
    };
    let foot = buttons(&[
        Button::new(stay, on(ReleaseFocus::Cancel)),
        Button::new(go, on(ReleaseFocus::Confirm)).unless(blocked),
    ]);
    let title = format!("{verb} {} > {}", dialog.release, dialog.environment);
    form.done(look, Line::of(Tone::Strong, title), foot)
}
