//! One act with its call and a reason: cancel, reject, run again.

use super::promote::consequences;
use super::{Button, Form, buttons, columns};
use crate::app::interface::{ConfirmDialog, ConfirmFocus};
use crate::app::view::line::{Line, Tone};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;
use crate::domain::promotion::Purpose;

pub(in crate::app::view) fn dialog(look: &Look<'_>, confirm: &ConfirmDialog) -> Dialog {
    let mut form = Form::new(columns(look));
    let on = |part| confirm.focus == part;
    let purpose = confirm.plan.as_ref().ok().map(|plan| plan.intent.purpose);
    // Two buttons that both say Cancel would be a trap.
    let (stay, go) = match purpose {
        Some(Purpose::Cancellation) => ("Leave it running", "Cancel the run"),
        Some(Purpose::Rejection) => ("Cancel", "Reject"),
        Some(Purpose::Rerun) => ("Cancel", "Run again"),
        Some(Purpose::Promotion | Purpose::Status | Purpose::Brake | Purpose::Unbrake) | None => {
            ("Cancel", "Confirm")
        }
    };
    let mut all = vec![Button::new(stay, on(ConfirmFocus::Cancel))];
    match &confirm.plan {
        Ok(plan) => {
            let place = format!("{} > {}", plan.service(), plan.environment());
            form.labelled("on", Line::of(Tone::Strong, place));
            consequences(plan, &plan.command, look.shape.rows, &mut form);
            form.blank();
            form.field("reason", &confirm.reason, on(ConfirmFocus::Reason));
        }
        Err(refusal) => {
            form.told("REFUSED", Tone::Bad, &refusal.why);
            if let Some(hint) = &refusal.hint {
                form.told("to do", Tone::Accent, hint);
            }
        }
    }
    all.push(
        Button::new(go, on(ConfirmFocus::Confirm)).unless(match &confirm.plan {
            Ok(_) => confirm.blocked(),
            Err(_) => Some("refused".to_owned()),
        }),
    );
    let title = Line::of(Tone::Strong, confirm.title.clone());
    form.done(look, title, buttons(&all))
}
