//! The hand-over: how things stand, by subject, and what was said with it.

use super::{Button, Form, buttons, columns};
use crate::app::interface::{HandoverDialog, HandoverFocus};
use crate::app::view::line::{Line, Tone, wrap};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;
use crate::domain::handover::{Item, Subject};

pub(in crate::app::view) fn dialog(look: &Look<'_>, dialog: &HandoverDialog) -> Dialog {
    let mut form = Form::new(columns(look));
    let on = |part| dialog.focus == part;
    if let Some(waiting) = &dialog.waiting {
        let from = format!("{} at {}", waiting.by, look.clock.long(waiting.at));
        form.labelled("from", Line::of(Tone::Strong, from));
        if !waiting.remark.is_empty() {
            form.told("note", Tone::Strong, &waiting.remark);
        }
        let count = waiting.items.len();
        let things = if count == 1 { "thing" } else { "things" };
        let told = format!("{count} {things} then; below is how it stands now");
        form.labelled("", Line::of(Tone::Muted, told));
    }
    if let Some(given) = look
        .engine
        .handover_given()
        .filter(|_| dialog.waiting.is_none())
    {
        let text = format!(
            "{} of {} is not taken over by anybody yet; handing over again puts this in its place",
            given.id,
            look.clock.long(given.at)
        );
        form.told("waits", Tone::Warning, &text);
    }
    for subject in Subject::ALL {
        let of = |item: &&Item| item.subject == subject;
        let items: Vec<&Item> = dialog.note.iter().filter(of).collect();
        if items.is_empty() {
            continue;
        }
        form.line(
            Line::of(tone(subject), subject.title())
                .with(Tone::Muted, format!("  {}", items.len())),
        );
        for item in items {
            let parts = wrap(&item.text, columns(look).saturating_sub(2));
            for (place, part) in parts.into_iter().enumerate() {
                let lead = if place == 0 { "- " } else { "  " };
                form.line(Line::of(Tone::Muted, lead).with(Tone::Plain, part));
            }
        }
    }
    if dialog.note.is_empty() {
        let calm = "nothing is under way, held, or waiting";
        form.line(Line::of(Tone::Muted, calm));
    }
    if dialog.waiting.is_none() {
        form.pin();
        form.blank();
        form.field("note", &dialog.remark, on(HandoverFocus::Remark));
    }
    let (title, go) = match dialog.waiting {
        Some(_) => ("TAKE OVER the evening", "Take over"),
        None => ("HAND OVER the evening", "Hand over"),
    };
    let foot = buttons(&[
        Button::new("Cancel", on(HandoverFocus::Cancel)),
        Button::new(go, on(HandoverFocus::Confirm)).unless(dialog.blocked()),
    ]);
    form.done(look, Line::of(Tone::Strong, title), foot)
}

fn tone(subject: Subject) -> Tone {
    match subject {
        Subject::Unknown => Tone::Unknown,
        Subject::InFlight | Subject::Releases => Tone::Running,
        Subject::Approvals | Subject::Holds => Tone::Warning,
        Subject::Soaks | Subject::Windows => Tone::Heading,
    }
}
