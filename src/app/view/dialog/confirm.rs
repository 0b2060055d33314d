//! One act with its call and a reason: cancel, reject, run again.

use super::promote::consequences;
use super::{Button, Form, buttons, columns};
use crate::app::interface::{ConfirmDialog, ConfirmFocus};
use crate::app::view::line::{Line, Tone};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;

pub(in crate::app::view) fn dialog(look: &Look<'_>, confirm: &ConfirmDialog) -> Dialog {
    let mut form = Form::new(columns(look));
    let on = |part| confirm.focus == part;
    let mut all = vec![Button::new("Cancel", on(ConfirmFocus::Cancel))];
    match &confirm.plan {
        Ok(plan) => {
            let place = format!("{} > {}", plan.service(), plan.environment());
            form.labelled("on", Line::of(Tone::Strong, place));
            consequences(plan, &mut form);
            form.blank();
            form.field("reason", &confirm.reason, on(ConfirmFocus::Reason));
            all.push(Button::new(confirm.title.clone(), on(ConfirmFocus::Confirm)));
        }
        Err(refusal) => {
            form.told("REFUSED", Tone::Bad, &refusal.why);
            if let Some(hint) = &refusal.hint {
                form.told("to do", Tone::Accent, hint);
            }
        }
    }
    let title = Line::of(Tone::Strong, confirm.title.to_uppercase());
    form.done(look, title, buttons(&all))
}
