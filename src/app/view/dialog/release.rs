//! The dialog of a release: vote, start, resume, cancel, drop a service and take it back.

use super::{Button, Form, buttons, columns};
use crate::app::interface::{ReleaseAction, ReleaseDialog, ReleaseFocus};
use crate::app::view::line::{Line, Tone};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;
use crate::app::view::release::overridden;
use crate::domain::ids::ServiceName;
use crate::domain::release::Release;
use crate::domain::release::agenda::Move;
use crate::domain::signoff::{Closings, Standing, Voice};
use crate::domain::text::counted;

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

/// What becomes of the set, of its votes, of who depends on it, and of a run.
fn member(look: &Look<'_>, dialog: &ReleaseDialog, release: &Release, form: &mut Form) {
    let Some(service) = &dialog.service else {
        return;
    };
    let decision = look.engine.decision(release, look.now);
    let ledger = look.engine.ledger.as_ref();
    let dropped = ledger.and_then(|ledger| ledger.dropped(&release.name, service));
    let moves = match decision.run {
        Some(run) => run.moves.iter().chain(&run.dropped).collect::<Vec<_>>(),
        None => decision.agenda.moves().collect(),
    };
    let moved = moves.into_iter().find(|moved| moved.service == *service);
    let words = moved.map_or_else(|| service.to_string(), Move::words);
    form.told(
        if dropped.is_some() {
            "restores"
        } else {
            "drops"
        },
        Tone::Strong,
        &words,
    );
    if let Some(dropped) = dropped {
        let at = look.clock.short(dropped.at);
        form.told("", Tone::Muted, &format!("{}, {at}", dropped.words()));
    }
    let valid = decision.tally.ballots.iter();
    let voters: Vec<&str> = valid
        .filter(|(_, standing)| *standing == Standing::Valid)
        .map(|(ballot, _)| ballot.person.as_str())
        .collect();
    if !voters.is_empty() {
        let text = format!(
            "{} on another set then, and void: {}",
            counted(voters.len(), "vote is", "votes are"),
            voters.join(", ")
        );
        form.told("votes", Tone::Warning, &text);
    }
    if decision.run.is_some() {
        let text = if release.roles.is_empty() {
            "the run goes on with what is left; what was sent comes to its end"
        } else {
            "the run stands still until each role has said go to what is left; what was sent comes to its end"
        };
        form.told("run", Tone::Warning, text);
    }
    if dropped.is_some() {
        return;
    }
    let dependants = look.engine.dependants(release, service, look.now);
    let named = |waits: bool| {
        let names = dependants.iter().filter(|(_, it)| *it == waits);
        let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    };
    let (waiting, content) = (named(true), named(false));
    if !waiting.is_empty() {
        let text = format!("{waiting}: held up at the gate depends without {service}");
        form.told("depends", Tone::Warning, &text);
    }
    if !content.is_empty() {
        let text = format!("{content}: not held up, what is live of {service} will do");
        form.told("depends", Tone::Muted, &text);
    }
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
        ReleaseAction::Drop => ("DROP from", "Cancel", "Drop"),
        ReleaseAction::Restore => ("TAKE BACK into", "Cancel", "Take back"),
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
            let policy = &look.engine.policy;
            let release = policy.release(&dialog.release);
            let closings = release
                .and_then(|release| Closings::of_release(release, &policy.windows, look.now));
            let until = closings.and_then(|closings| closings.end_of_a_go());
            if let Some(at) = until.filter(|_| dialog.voice == Voice::Go) {
                let text = format!("counts until the window closes, {}", look.clock.short(at));
                form.labelled("", Line::of(Tone::Warning, text));
            }
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
            let release = look.engine.policy.release(&dialog.release);
            let overridden = release.map(|release| {
                let prognosis = look.engine.prognosis(release, look.now);
                overridden(look, &prognosis)
            });
            if let Some(overridden) = overridden.filter(|told| !told.is_empty()) {
                form.told("overridden", Tone::Warning, &overridden);
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
        ReleaseAction::Drop | ReleaseAction::Restore => {
            if let Some(release) = look.engine.policy.release(&dialog.release) {
                member(look, dialog, release, &mut form);
            }
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
