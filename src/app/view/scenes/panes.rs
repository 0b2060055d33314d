//! Dialogs and lists as they come by their keys.

use super::journal::{a_hold, draft, hold as hold_on, push};
use super::*;
use crate::app::interface::SavedView;
use crate::app::interface::custom::Customs;
use crate::app::interface::harness::{press, top};
use crate::app::keymap::Keymap;
use crate::app::msg::Msg;
use crate::app::update;
use crate::domain::custom::{CustomCommand, Output};
use crate::domain::entry::Event;
use crate::domain::handover::Handover;
use crate::domain::signoff::{Voice, Vote};

/// Presses keys on a scene, and makes sure that they led where they should.
fn pressed(mut state: State, keys: &str, there: &str) -> State {
    press(&mut state, keys);
    assert_eq!(top(&state), there, "{keys}");
    state
}

pub(crate) fn approve(columns: u16, rows: u16) -> State {
    pressed(calm(columns, rows), "A", "promote")
}

pub(crate) fn rollback(columns: u16, rows: u16) -> State {
    pressed(calm(columns, rows), "B", "promote")
}

pub(crate) fn override_(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    select(&mut state, "billing", "prod");
    pressed(state, "O", "override")
}

/// The picture behind is of the past, and the dialog is long.
pub(crate) fn promote_frozen(columns: u16, rows: u16) -> State {
    let mut state = dialogs::promote(columns, rows);
    state.interface.frozen = Some(ago(95));
    state.interface.kept = Some(Box::new(state.engine.picture(ago(95))));
    state
}

pub(crate) fn handover(columns: u16, rows: u16) -> State {
    let mut state = held(columns, rows);
    state.interface.marks.clear();
    pressed(state, "T", "handover")
}

pub(crate) fn takeover(columns: u16, rows: u16) -> State {
    let mut state = held(columns, rows);
    let note = Handover {
        id: "o-1".into(),
        by: person("bob"),
        at: ago(9 * MINUTE),
        items: vec!["sessions > prod held by carol until 15:00Z".into()],
        remark: "the migration of billing waits for the ticket".into(),
        accepted: None,
    };
    let given = Event::HandoverGiven { handover: note };
    push(&mut state, draft(ago(9 * MINUTE), "bob", "sessions", given));
    pressed(state, "T", "handover")
}

fn own(name: &str, key: &str, dangerous: bool) -> CustomCommand {
    CustomCommand {
        name: name.to_owned(),
        argv: [
            format!("./tools/{name}"),
            "--in={environment}".to_owned(),
            "{service}".to_owned(),
        ]
        .to_vec(),
        help: Some(if dangerous {
            "restart every instance, one after the other".to_owned()
        } else {
            "show the service's runbook".to_owned()
        }),
        keys: vec![key.to_owned()],
        confirm: false,
        dangerous,
        services: Vec::new(),
        environments: vec!["prod".into()],
        time_limit: SignedDuration::from_secs(30),
    }
}

fn with_customs(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    let commands = vec![own("runbook", "u", false), own("restart", "S", true)];
    state.interface.customs = Customs::new(commands, &Keymap::default()).unwrap();
    state
}

pub(crate) fn custom(columns: u16, rows: u16) -> State {
    pressed(with_customs(columns, rows), "S", "custom")
}

pub(crate) fn output_running(columns: u16, rows: u16) -> State {
    pressed(with_customs(columns, rows), "u", "output")
}

pub(crate) fn output(columns: u16, rows: u16) -> State {
    let mut state = output_running(columns, rows);
    let lines = [
        "api-gateway: runbook",
        "",
        "1. look at the error rate before and after",
        "2. a rollback takes about four minutes; B on the board",
        "3. on call: carol, then ivan",
    ];
    let output = Output {
        lines: lines.map(str::to_owned).to_vec(),
        cut: false,
        end: "exit 0".to_owned(),
        good: true,
    };
    update(&mut state, now(), Msg::Ran { ticket: 1, output });
    state
}

/// The palette on the operator's own commands, one of them not for this environment.
pub(crate) fn palette_own(columns: u16, rows: u16) -> State {
    let mut state = with_customs(columns, rows);
    select(&mut state, "api-gateway", "staging");
    pressed(state, ": 'r", "palette")
}

pub(crate) fn palette_cells(columns: u16, rows: u16) -> State {
    pressed(busy(columns, rows), ": 'promote_", "palette")
}

pub(crate) fn columns_(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    state.interface.hidden = ["dev".to_owned()].into();
    pressed(state, "c", "columns")
}

/// The columns of a list, which has some that are shown when asked for alone.
pub(crate) fn columns_of_runs(columns: u16, rows: u16) -> State {
    pressed(busy(columns, rows), "4 c j", "columns")
}

pub(crate) fn columns_of_timeline(columns: u16, rows: u16) -> State {
    pressed(held(columns, rows), "3 c", "columns")
}

/// A list under a filter that is being typed.
pub(crate) fn filter_of_runs(columns: u16, rows: u16) -> State {
    pressed(busy(columns, rows), "4 / 'state:wait_retry_!~chk", "filter")
}

/// One that lets nothing through, with a field that the list has not.
pub(crate) fn filter_of_requests(columns: u16, rows: u16) -> State {
    pressed(busy(columns, rows), "4 ] / 'zzz_behind:>3", "filter")
}

/// The timeline with the steps of its last promotion below it.
pub(crate) fn timeline_unfolded(columns: u16, rows: u16) -> State {
    let mut state = pressed(busy(columns, rows), "3 g", "none");
    for _ in 0..20 {
        if crate::app::interface::overview::on_an_order(&state) {
            break;
        }
        press(&mut state, "j");
    }
    press(&mut state, "enter");
    state
}

/// The timeline under a filter, in another order, with other columns.
pub(crate) fn timeline_filtered(columns: u16, rows: u16) -> State {
    let keys = "3 s / 'env:prod_!state:intended enter c j space j j space esc j";
    pressed(held(columns, rows), keys, "none")
}

pub(crate) fn views(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    for (name, filter) in [("night", "env:prod state:ready"), ("money", "group:money")] {
        let view = SavedView::new(name, Some(filter), None, None, None);
        state.interface.views.push(view.unwrap());
    }
    pressed(state, "'", "palette")
}

/// What has changed since the operator last looked.
pub(crate) fn changes(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    press(&mut state, "d esc");
    hold_on(&mut state, a_hold());
    journal::failed(&mut state, "search", "dev");
    state.engine.board.version += 1;
    state.now = hence(40);
    pressed(state, "d", "changes")
}

pub(crate) fn search(columns: u16, rows: u16) -> State {
    pressed(logs::failed(columns, rows), "/ 'total", "search")
}

/// Lifting the last hold of one's own.
pub(crate) fn undo(columns: u16, rows: u16) -> State {
    let mut state = held(columns, rows);
    if let Some(ledger) = &mut state.engine.ledger {
        for hold in ledger.holds.values_mut() {
            hold.owner = person("alice");
            hold.since = ago(30);
        }
    }
    pressed(state, "Z", "hold")
}

/// Withdrawing the last vote of one's own.
pub(crate) fn withdraw(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    let vote = Vote {
        service: "api-gateway".into(),
        environment: "prod".into(),
        role: "sre".into(),
        person: person("alice"),
        voice: Voice::Go,
        scope: Digest::of(["seen"]),
        saw: "2.40.3 > 2.41.0".into(),
        note: String::new(),
        at: ago(MINUTE),
    };
    let cast = Event::VoteCast { vote };
    push(&mut state, draft(ago(MINUTE), "alice", "api-gateway", cast));
    pressed(state, "Z", "gates")
}

pub(crate) fn resume(columns: u16, rows: u16) -> State {
    pressed(releases::running(columns, rows), "R", "release")
}

pub(crate) fn end(columns: u16, rows: u16) -> State {
    pressed(releases::running(columns, rows), "X", "release")
}

/// The config has no release.
pub(crate) fn no_release(columns: u16, rows: u16) -> State {
    let mut state = calm(columns, rows);
    state.interface.screen = crate::app::interface::Screen::Release;
    state
}

/// The help where another screen is behind it.
pub(crate) fn help_of_log(columns: u16, rows: u16) -> State {
    let mut state = logs::failed(columns, rows);
    press(&mut state, "?");
    state
}
