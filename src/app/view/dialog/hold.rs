//! The hold dialog: place one, or edit or lift those that cover the cell.

use super::{Button, Form, buttons, columns};
use crate::app::interface::{HoldDialog, HoldFocus, HoldMode, Screen};
use crate::app::view::brake;
use crate::app::view::line::{Line, Tone};
use crate::app::view::look::Look;
use crate::app::view::panel::Dialog;
use crate::app::view::time;
use crate::domain::hold::{HoldKind, Term, Then};
use crate::domain::ids::{HoldId, ServiceName};

/// How many lines of proofs a hold of many cells shows at the most.
const PROOFS: usize = 9;

pub(in crate::app::view) fn dialog(look: &Look<'_>, hold: &HoldDialog) -> Dialog {
    let mut form = Form::new(columns(look));
    let focus = hold.focus;
    let on = |part| focus == part;
    let place = match hold.others.len() {
        0 => format!("{} > {}", hold.service, hold.environment),
        more => format!("{} MARKED > {}", more + 1, hold.environment),
    };
    let (title, foot) = match &hold.mode {
        HoldMode::Existing { holds, selected } => {
            existing(look, holds, *selected, on(HoldFocus::List), &mut form);
            form.blank();
            form.field("reason", &hold.reason, on(HoldFocus::Reason));
            form.labelled("", Line::of(Tone::Muted, "lifting asks for a reason"));
            let refused = refused(look);
            let why = refused
                .clone()
                .or_else(|| empty(&hold.reason).then(|| "say why".to_owned()));
            for line in brakes(look, hold) {
                form.line(line);
            }
            let mut foot = vec![
                Button::new("Cancel", on(HoldFocus::Cancel)),
                Button::new("Lift", on(HoldFocus::Lift)).unless(why),
                Button::new("Edit", on(HoldFocus::Edit)).unless(refused.clone()),
            ];
            if hold.bindable {
                let bind = Button::new("Bind again", on(HoldFocus::Bind));
                foot.push(bind.unless(refused.clone()));
            }
            foot.push(Button::new("Add another", on(HoldFocus::Hold)).unless(refused));
            let listed = look.interface.screen == Screen::Holds;
            let chosen = hold.chosen(look.engine).filter(|_| listed);
            let place = chosen.map_or(place, |hold| look.engine.board.cover(&hold.cover));
            (format!("HELD {place}"), buttons(&foot))
        }
        HoldMode::Place => {
            fields(look, hold, &mut form);
            let foot = buttons(&[
                Button::new("Cancel", on(HoldFocus::Cancel)),
                Button::new("Hold", on(HoldFocus::Hold)).unless(blocked(look, hold)),
            ]);
            (format!("HOLD {place}"), foot)
        }
        HoldMode::Edit(id) => {
            fields(look, hold, &mut form);
            let foot = buttons(&[
                Button::new("Cancel", on(HoldFocus::Cancel)),
                Button::new("Save", on(HoldFocus::Hold)).unless(blocked(look, hold)),
            ]);
            let title = hold.chosen(look.engine).map_or_else(
                || format!("EDIT HOLD {id}"),
                |held| {
                    let cover = look.engine.board.cover(&held.cover);
                    format!("EDIT HOLD {cover} of {} ({id})", held.owner)
                },
            );
            (title, foot)
        }
    };
    form.error(look, hold.error.as_ref());
    form.done(look, Line::of(Tone::Strong, title), foot)
}

/// The brakes of the cell, or of all that the chosen hold covers, where that is more.
fn brakes(look: &Look<'_>, dialog: &HoldDialog) -> Vec<Line> {
    let chosen = dialog.chosen(look.engine);
    let wider = chosen.filter(|hold| {
        let cover = &hold.cover;
        cover.service.as_ref() != Some(&dialog.service)
            || cover.environment.as_ref() != Some(&dialog.environment)
    });
    match wider {
        Some(hold) => brake::of_hold(look, hold, PROOFS),
        None => brake::lines(look, &dialog.service, &dialog.environment),
    }
}

fn empty(input: &tui_input::Input) -> bool {
    input.value().trim().is_empty()
}

/// Why nothing of it may be recorded at all; whatever is typed does not change that.
fn refused(look: &Look<'_>) -> Option<String> {
    look.engine.may_record().err().map(|refusal| refusal.why)
}

/// Why it cannot be placed or saved; what is wrong with the time is told below the fields.
fn blocked(look: &Look<'_>, hold: &HoldDialog) -> Option<String> {
    if let Some(why) = refused(look) {
        return Some(why);
    }
    if empty(&hold.reason) {
        return Some("a reason is required".to_owned());
    }
    let zone = look.clock.time_zone();
    hold.blocked(look.now, zone).map(|_| "see until".to_owned())
}

fn fields(look: &Look<'_>, hold: &HoldDialog, form: &mut Form) {
    let covers: Vec<String> = if hold.others.is_empty() {
        {
            let board = &look.engine.board;
            hold.covers.iter().map(|cover| board.cover(cover)).collect()
        }
    } else {
        let names = std::iter::once(&hold.service).chain(&hold.others);
        let names: Vec<&str> = names.map(ServiceName::as_str).collect();
        form.told("holds", Tone::Plain, &names.join(", "));
        vec![
            format!("each in {}", hold.environment),
            "each in all environments".to_owned(),
        ]
    };
    if matches!(hold.mode, HoldMode::Place) {
        form.choice("scope", &covers, hold.cover, hold.focus == HoldFocus::Cover);
        let kinds = [
            "forward only: a rollback passes".to_owned(),
            "everything".to_owned(),
        ];
        let kind = match hold.kind {
            HoldKind::Forward => 0,
            HoldKind::All => 1,
        };
        form.choice("stops", &kinds, kind, hold.focus == HoldFocus::Kind);
    }
    form.field("until", &hold.until, hold.focus == HoldFocus::Until);
    let zone = look.clock.zone();
    let text = format!("empty: until lifted; else 15:00 ({zone}), 30m, 2h");
    form.labelled("", Line::of(Tone::Muted, text));
    if hold.is_timed() {
        let ways = ["ask: it stays on until somebody answers", "it ends"].map(str::to_owned);
        let way = match hold.then {
            Then::Ask => 0,
            Then::End => 1,
        };
        form.choice("then", &ways, way, hold.focus == HoldFocus::Then);
    }
    form.field("reason", &hold.reason, hold.focus == HoldFocus::Reason);
    form.labelled("", Line::of(Tone::Muted, "required; everybody reads it"));
    let told: Vec<String> = hold.tells().into_iter().map(|(_, names)| names).collect();
    if matches!(hold.mode, HoldMode::Place) && !told.is_empty() {
        form.choice("tell", &told, hold.told(), hold.focus == HoldFocus::Tell);
    }
    form.blank();
    let effect = match hold.kind {
        HoldKind::Forward => {
            "no promotion starts here, by key or command, for anybody; what runs goes on, \
             a rollback to the last verified revision passes"
        }
        HoldKind::All => "nothing starts here, by key or command, for anybody; what runs goes on",
    };
    form.told("effect", Tone::Plain, effect);
    let cover = hold.covers.get(hold.cover);
    let place = matches!(hold.mode, HoldMode::Place);
    if let Some(text) = cover
        .and_then(|cover| look.engine.would_place(cover))
        .filter(|_| place)
    {
        form.told("", Tone::Plain, &text);
    }
}

fn existing(look: &Look<'_>, holds: &[HoldId], selected: usize, focused: bool, form: &mut Form) {
    for (place, id) in holds.iter().enumerate() {
        let on = place == selected;
        let known = look
            .engine
            .ledger
            .as_ref()
            .and_then(|ledger| ledger.holds.get(id));
        let tone = match (on, focused) {
            (true, true) => Tone::Focus,
            (true, false) => Tone::Strong,
            (false, _) => Tone::Plain,
        };
        let sign = if on { "(*)" } else { "( )" };
        let Some(hold) = known else {
            form.line(Line::of(
                Tone::Muted,
                format!("{sign} {id} is no longer there"),
            ));
            continue;
        };
        let at = |at| {
            let left = time::span(look.clock.until(at));
            format!("{} (in {left})", look.clock.short(at))
        };
        let until = match hold.term(look.now) {
            Term::UntilLifted => "until lifted".to_owned(),
            Term::Ends(end) => format!("until {}", at(end)),
            Term::Asks(then) => format!("asks {}", at(then)),
            Term::Asking(since) => format!("ASKS since {}", look.clock.short(since)),
        };
        let (glyph, _, warn) = look.glyphs.state(crate::domain::cell::CellState::Held);
        form.line(
            Line::of(tone, format!("{sign} "))
                .with(warn, format!("{glyph} HOLD "))
                .with(Tone::Strong, format!("{} ", hold.owner))
                .with(
                    Tone::Plain,
                    format!("{until}  since {}", time::age(look.clock.ago(hold.since))),
                )
                .with(
                    Tone::Muted,
                    format!("  {} ({id})", look.engine.board.cover(&hold.cover)),
                ),
        );
        form.told("", Tone::Plain, &format!("\"{}\"", hold.reason));
    }
}
