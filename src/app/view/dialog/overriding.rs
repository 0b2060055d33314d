//! The override dialog: which gates would be passed, on what they say now, and for how long.

use super::{Button, Form, buttons, columns};
use crate::app::interface::{OverrideAction, OverrideDialog, OverrideFocus};
use crate::app::view::line::{Line, Tone};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;
use crate::domain::override_::{USUAL, takes_two};

pub(in crate::app::view) fn dialog(look: &Look<'_>, dialog: &OverrideDialog) -> Dialog {
    let mut form = Form::new(columns(look));
    let on = |part| dialog.focus == part;
    let options: Vec<String> = dialog.actions.iter().map(name).collect();
    if options.is_empty() {
        let why = dialog.blocked().unwrap_or_default();
        form.told("REFUSED", Tone::Bad, &why);
    } else {
        form.choice("what", &options, dialog.action, on(OverrideFocus::Action));
        form.blank();
    }
    let mut go = "Override";
    match dialog.chosen() {
        None => {}
        Some(OverrideAction::Grant { to, back, gates }) => {
            let way = if *back { "going back to" } else { "promoting" };
            form.labelled("for", Line::of(Tone::Strong, format!("{way} {to}, once")));
            for shown in gates {
                form.told(
                    "past",
                    Tone::Bad,
                    &format!("{}: {}", shown.gate, shown.says),
                );
            }
            let rule = look.engine.policy.override_rule(&dialog.environment);
            let length = USUAL.min(rule.max);
            let text = format!("{length:#}, or until what the gates say changes");
            form.told("lasts", Tone::Plain, &text);
            let two = *back && gates.iter().any(|shown| takes_two(&shown.gate));
            if rule.second_person || two {
                let text = "a second person has to confirm it before it counts";
                form.told("WARNING", Tone::Warning, &format!("! {text}"));
            }
        }
        Some(OverrideAction::Confirm(id) | OverrideAction::Withdraw(id)) => {
            let ledger = look.engine.ledger.as_ref();
            if let Some(one) = ledger.and_then(|ledger| ledger.overrides.get(id)) {
                let text = format!("{}: {}", one.owner, one.reason);
                form.told("by", Tone::Strong, &text);
                for bound in &one.gates {
                    let text = format!("{}: {}", bound.gate, bound.said);
                    form.told("past", Tone::Bad, &text);
                }
                let until = look.clock.short(one.until);
                form.told("lasts", Tone::Plain, &format!("until {until}, one use"));
            }
            go = match dialog.chosen() {
                Some(OverrideAction::Confirm(_)) => "Confirm",
                Some(OverrideAction::Withdraw(_) | OverrideAction::Grant { .. }) | None => {
                    "Withdraw"
                }
            };
        }
    }
    form.blank();
    form.field("reason", &dialog.reason, on(OverrideFocus::Reason));
    form.error(look, dialog.error.as_ref());
    let foot = buttons(&[
        Button::new("Cancel", on(OverrideFocus::Cancel)),
        Button::new(go, on(OverrideFocus::Confirm)).unless(dialog.blocked()),
    ]);
    let title = format!(
        "OVERRIDE {} > {}",
        dialog.service,
        dialog.environment.as_str().to_uppercase()
    );
    form.done(look, Line::of(Tone::Strong, title), foot)
}

fn name(action: &OverrideAction) -> String {
    match action {
        OverrideAction::Grant { to, back: true, .. } => format!("go back to {to}"),
        OverrideAction::Grant { to, .. } => format!("promote {to}"),
        OverrideAction::Confirm(id) => format!("confirm {id}"),
        OverrideAction::Withdraw(id) => format!("withdraw {id}"),
    }
}
