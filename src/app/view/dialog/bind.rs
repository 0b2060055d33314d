//! What the forges do not stop of what is held, cell by cell, before it is placed again.

use super::{Button, Form, buttons, columns};
use crate::app::interface::{BindDialog, BindFocus, binding};
use crate::app::view::brake;
use crate::app::view::line::{Line, Tone};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;

pub(in crate::app::view) fn dialog(look: &Look<'_>, bind: &BindDialog) -> Dialog {
    let mut form = Form::new(columns(look));
    let cells = binding::lacking(look.engine, look.now);
    for ((service, environment), bound) in &cells {
        let place = format!("{service} > {environment}");
        form.line(Line::of(Tone::Strong, place));
        for line in brake::proofs(look, bound) {
            form.line(line);
        }
    }
    let nothing = binding::nothing(look.engine, look.now);
    if let Some(why) = &nothing {
        form.line(Line::of(Tone::Muted, why.clone()));
    }
    let refused = look.engine.may_act().err().map(|refusal| refusal.why);
    let blocked = refused.or(nothing);
    form.blank();
    let effect = "the forges are read, and what is lacking is sent once, each by itself; what is \
                  there stays as it is";
    form.told("effect", Tone::Plain, effect);
    form.error(look, bind.error.as_ref());
    let foot = buttons(&[
        Button::new("Cancel", bind.focus == BindFocus::Cancel),
        Button::new("Bind again", bind.focus == BindFocus::Confirm).unless(blocked),
    ]);
    let title = match cells.len() {
        1 => "BIND AGAIN 1 cell".to_owned(),
        many => format!("BIND AGAIN {many} cells"),
    };
    form.done(look, Line::of(Tone::Strong, title), foot)
}
