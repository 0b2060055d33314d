//! Quitting while something is under way: nothing of it stops.

use super::{Button, Form, buttons, columns};
use crate::app::view::line::{Line, Tone, wrap};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;
use crate::app::view::time;
use crate::domain::ledger::Ledger;
use crate::domain::promotion::Promotion;

pub(in crate::app::view) fn dialog(look: &Look<'_>, focus: usize) -> Dialog {
    let mut form = Form::new(columns(look));
    for promotion in look.engine.ledger.iter().flat_map(Ledger::open) {
        let intent = &promotion.intent;
        let since = time::span(look.clock.ago(promotion.intended_at));
        form.line(
            Line::of(Tone::Running, format!("{} ", look.glyphs.running()))
                .with(
                    Tone::Strong,
                    format!("{} > {}  ", intent.service, intent.environment),
                )
                .with(
                    Tone::Plain,
                    format!("{}  {} for {since}", intent.to, promotion.state.word()),
                )
                .with(Tone::Muted, whose(look, promotion)),
        );
    }
    form.blank();
    let text = "Quitting stops none of it: the forge goes on, and the next start follows it again.";
    for part in wrap(text, columns(look)) {
        form.line(Line::plain(part));
    }
    let foot = buttons(&[
        Button::new("Cancel", focus == 0),
        Button::new("Quit", focus == 1),
    ]);
    form.done(
        look,
        Line::of(Tone::Strong, "QUIT while something is in flight?"),
        foot,
    )
}

/// `  bob, sent by another gonogo`: whose an order is, where this board did not send it.
fn whose(look: &Look<'_>, promotion: &Promotion) -> String {
    let elsewhere = promotion.owner.as_ref() != Some(&look.engine.instance);
    let sent = match &promotion.owner {
        Some(_) if elsewhere => ", sent by another gonogo",
        _ => "",
    };
    format!("  {}{sent}", promotion.actor)
}
