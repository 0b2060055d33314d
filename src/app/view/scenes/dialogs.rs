//! Every dialog over a busy board.

use tui_input::Input;

use super::*;
use crate::app::interface::overview::Overview;
use crate::app::interface::{
    Aim, BindDialog, ConfirmDialog, ConfirmFocus, DetailTab, GatesAction, GatesDialog, GatesFocus,
    HoldDialog, HoldFocus, HoldMode, ListCursor, Overlay, PromoteDialog, PromoteFocus, PromoteItem,
    Screen,
};
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::brake;
use crate::domain::hold::{Cover, HoldKind, ManualGate, Openers, Then};
use crate::domain::notice::{Channel, Rule, Tell};
use crate::domain::signoff::Voice;

fn with(mut state: State, overlay: Overlay) -> State {
    state.interface.overlays.push(overlay);
    state
}

fn ready(service: &str, from: &str, to: &str) -> PromoteItem {
    let intent = journal::intent(service, from, to);
    let repo = format!("acme/{service}");
    PromoteItem {
        service: service.into(),
        plan: Ok(Box::new(Plan {
            call: intent
                .act
                .call(crate::domain::forge_kind::ForgeKind::GitHub, &repo),
            intent,
            forge: "gh".into(),
            repo: repo.into(),
            goes_back: true,
            if_bad: format!("promote {from} again: it was live for 3 days"),
            warnings: vec!["db-migration in scope: #917".into()],
            command: format!("gonogo promote {service} --to prod"),
            protected: true,
            by_itself: false,
        })),
        awaited: None,
    }
}

fn refused() -> PromoteItem {
    PromoteItem {
        service: "billing".into(),
        plan: Err(Refusal::new(
            RefusalKind::NoGo,
            "2 gates are closed: sign-off, manual ticket",
        )
        .hint("carol or alice votes as sre; a member of ops-cab opens the ticket gate")),
        awaited: None,
    }
}

fn promote_dialog(items: Vec<PromoteItem>, typed: &str, focus: PromoteFocus) -> Overlay {
    Overlay::Promote(PromoteDialog {
        environment: "prod".into(),
        items,
        reason: Input::new("weekly release R26.07".into()),
        typed: Some(Input::new(typed.into())),
        focus,
        aim: Aim::Forward,
    })
}

pub(crate) fn promote(columns: u16, rows: u16) -> State {
    let items = vec![ready("api-gateway", "2.40.3", "2.41.0")];
    with(
        busy(columns, rows),
        promote_dialog(items, "", PromoteFocus::Cancel),
    )
}

pub(crate) fn promote_armed(columns: u16, rows: u16) -> State {
    let items = vec![ready("api-gateway", "2.40.3", "2.41.0")];
    with(
        busy(columns, rows),
        promote_dialog(items, "prod", PromoteFocus::Promote),
    )
}

pub(crate) fn promote_several(columns: u16, rows: u16) -> State {
    let items = vec![
        ready("notify", "0.9.3", "0.9.4"),
        ready("search", "7.0.8", "7.1.0"),
        refused(),
    ];
    with(
        busy(columns, rows),
        promote_dialog(items, "pr", PromoteFocus::Typed),
    )
}

pub(crate) fn promote_refused(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    select(&mut state, "billing", "prod");
    with(
        state,
        promote_dialog(vec![refused()], "", PromoteFocus::Cancel),
    )
}

fn receivers() -> Vec<Rule> {
    let rule = |name: &str, events: &[&str]| Rule {
        name: name.into(),
        channel: Channel::Bell,
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        services: Vec::new(),
        environments: Vec::new(),
    };
    vec![rule("#rel", &["hold.*"]), rule("desk", &["alert.raised"])]
}

fn hold_dialog(mode: HoldMode, focus: HoldFocus) -> HoldDialog {
    let cell = journal::a_hold().cover;
    let service = Cover {
        environment: None,
        ..cell.clone()
    };
    let environment = Cover {
        service: None,
        ..cell.clone()
    };
    HoldDialog {
        service: "sessions".into(),
        others: Vec::new(),
        environment: "prod".into(),
        mode,
        covers: vec![cell, service, environment, Cover::default()],
        cover: 0,
        kind: HoldKind::Forward,
        reason: Input::new("heap grows 3%/h, need profile".into()),
        until: Input::new("15:00".into()),
        then: Then::Ask,
        receivers: receivers(),
        tell: Tell::Rules,
        focus,
        bindable: false,
        error: None,
    }
}

pub(crate) fn hold(columns: u16, rows: u16) -> State {
    let mut dialog = hold_dialog(HoldMode::Place, HoldFocus::Until);
    dialog.until = Input::new("25:00".into());
    dialog.error = Some("25:00 is no time of day; 15:00, 30m and 2h are understood".into());
    with(busy(columns, rows), Overlay::Hold(dialog))
}

pub(crate) fn hold_existing(columns: u16, rows: u16) -> State {
    let mode = HoldMode::Existing {
        holds: vec!["h-7f3".into()],
        selected: 0,
    };
    let mut dialog = hold_dialog(mode, HoldFocus::Cancel);
    dialog.reason = Input::default();
    with(held(columns, rows), Overlay::Hold(dialog))
}

pub(crate) fn hold_edit(columns: u16, rows: u16) -> State {
    let dialog = hold_dialog(HoldMode::Edit("h-7f3".into()), HoldFocus::Reason);
    with(held(columns, rows), Overlay::Hold(dialog))
}

fn gates_dialog(action: GatesAction, focus: GatesFocus) -> Overlay {
    Overlay::Gates(GatesDialog {
        service: "billing".into(),
        environment: "prod".into(),
        action,
        actions: vec![
            GatesAction::Vote(Voice::Go),
            GatesAction::Vote(Voice::NoGo),
            GatesAction::Add,
            GatesAction::Open("g-1".into()),
        ],
        role: 0,
        roles: vec!["sre".into()],
        no_vote: None,
        openers: vec![Openers::Anyone, Openers::Role("ops-cab".into())],
        opener: 0,
        covers: vec![
            Cover {
                service: Some("billing".into()),
                environment: Some("prod".into()),
                revision: None,
            },
            Cover {
                service: None,
                environment: Some("prod".into()),
                revision: None,
            },
        ],
        cover: 1,
        name: Input::new("pen test signed".into()),
        note: Input::default(),
        focus,
        error: None,
    })
}

fn with_manual_gate(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    if let Some(ledger) = &mut state.engine.ledger {
        let gate = ManualGate {
            id: "g-1".into(),
            cover: Cover::default(),
            name: "ticket".into(),
            reason: "CHG-4411 must be approved".into(),
            owner: person("ann"),
            since: ago(HOUR),
            openers: Openers::Role("ops-cab".into()),
            opened: None,
        };
        ledger.manual_gates.insert(gate.id.clone(), gate);
    }
    state
}

pub(crate) fn vote(columns: u16, rows: u16) -> State {
    let action = GatesAction::Vote(Voice::Go);
    with(
        with_manual_gate(columns, rows),
        gates_dialog(action, GatesFocus::Cancel),
    )
}

pub(crate) fn add_gate(columns: u16, rows: u16) -> State {
    with(
        with_manual_gate(columns, rows),
        gates_dialog(GatesAction::Add, GatesFocus::Name),
    )
}

pub(crate) fn open_gate(columns: u16, rows: u16) -> State {
    with(
        with_manual_gate(columns, rows),
        gates_dialog(GatesAction::Open("g-1".into()), GatesFocus::Confirm),
    )
}

pub(crate) fn confirm(columns: u16, rows: u16) -> State {
    let PromoteItem { mut plan, .. } = ready("fraud-ml", "1.11.0", "1.12.0");
    if let Ok(plan) = &mut plan {
        plan.intent.purpose = crate::domain::promotion::Purpose::Cancellation;
        plan.call = "POST /repos/acme/fraud-ml/actions/runs/9025/cancel".into();
        plan.command = "gonogo cancel fraud-ml --in prod".into();
    }
    with(
        busy(columns, rows),
        Overlay::Confirm(ConfirmDialog {
            plan,
            title: "CANCEL the run into fraud-ml > prod".into(),
            reason: Input::default(),
            focus: ConfirmFocus::Cancel,
        }),
    )
}

pub(crate) fn quit(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    // What is in flight was sent by another one.
    state.engine.instance = "two".into();
    with(state, Overlay::Quit { focus: 0 })
}

pub(crate) fn help(columns: u16, rows: u16) -> State {
    with(
        busy(columns, rows),
        Overlay::Help {
            offset: 0,
            search: Input::default(),
            typing: false,
        },
    )
}

pub(crate) fn palette(columns: u16, rows: u16) -> State {
    let overlay = Overlay::Palette {
        input: Input::new("pro".into()),
        selected: 0,
    };
    with(busy(columns, rows), overlay)
}

pub(crate) fn errors(columns: u16, rows: u16) -> State {
    let overlay = Overlay::Errors {
        list: ListCursor::default(),
    };
    with(busy(columns, rows), overlay)
}

pub(crate) fn messages(columns: u16, rows: u16) -> State {
    with(busy(columns, rows), Overlay::Messages { offset: 0 })
}

pub(crate) fn filter(columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    state.interface.filter = "zzz".into();
    state.interface.order.clear();
    let overlay = Overlay::Filter {
        input: Input::new("zzz".into()),
        before: String::new(),
        chosen: false,
    };
    with(state, overlay)
}

/// The detail of the service with closed gates, in one of its tabs.
pub(crate) fn detail(tab: DetailTab, columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    select(&mut state, "billing", "prod");
    state.interface.screen = Screen::Detail("billing".into());
    state.interface.tab = tab;
    state
}

pub(crate) fn timeline(columns: u16, rows: u16) -> State {
    let mut state = held(columns, rows);
    state.interface.screen = Screen::Timeline;
    state
}

/// Runs, pull requests, or everything that is under way, of all services.
pub(crate) fn overview(overview: Overview, columns: u16, rows: u16) -> State {
    let mut state = busy(columns, rows);
    state.interface.overviews.requests = overview == Overview::PullRequests;
    state.interface.screen = match overview {
        Overview::Runs | Overview::PullRequests => Screen::Pipelines,
        Overview::Tasks => Screen::Tasks,
        Overview::Holds => Screen::Holds,
        Overview::Timeline => Screen::Timeline,
    };
    state
}

/// The holds of an evening: one that ends, one of an incident, one on everything that has ended.
pub(crate) fn holds(columns: u16, rows: u16) -> State {
    let mut state = held(columns, rows);
    // Placed offline: none of the brakes is on a forge yet.
    if let Some(prod) = std::sync::Arc::make_mut(&mut state.engine.policy)
        .environments
        .get_mut("prod")
    {
        prod.brakes.github = vec![brake::Way::Status, brake::Way::Label];
    }
    if let Some(ledger) = &mut state.engine.ledger {
        let first = journal::a_hold();
        let mut incident = first.clone();
        incident.id = "h-8a1".into();
        incident.cover.service = None;
        incident.since = ago(2 * HOUR);
        incident.until = None;
        incident.incident = true;
        incident.reason = "p99 > 900ms after the last promotion".into();
        let mut over = first.clone();
        over.id = "h-6c0".into();
        over.cover = Cover::default();
        over.since = ago(5 * HOUR);
        over.until = Some(ago(HOUR));
        over.kind = HoldKind::All;
        over.reason = "database maintenance".into();
        let mut asking = journal::an_asking_hold();
        asking.id = "h-9d2".into();
        asking.cover.service = Some("search".into());
        asking.reason = "profile of the index first".into();
        for hold in [first, incident, over, asking] {
            ledger.holds.insert(hold.id.clone(), hold);
        }
    }
    state.interface.screen = Screen::Holds;
    state
}

/// What the forges do not stop yet, before it is placed.
pub(crate) fn bind(columns: u16, rows: u16) -> State {
    with(holds(columns, rows), Overlay::Bind(BindDialog::default()))
}

/// A forge that answers, with a history.
pub(crate) fn forge(columns: u16, rows: u16) -> State {
    forge_of(busy(columns, rows))
}

/// A forge that does not.
pub(crate) fn forge_in_trouble(columns: u16, rows: u16) -> State {
    forge_of(forge_down(columns, rows))
}

fn forge_of(mut state: State) -> State {
    use crate::domain::capability::Capability;
    for forge in state.engine.forges.values_mut() {
        forge.identity = Some(crate::app::msg::Identity {
            login: person("alice"),
            scopes: vec!["repo".into(), "workflow".into(), "read:org".into()],
            version: None,
            capabilities: Capability::ALL[..11].to_vec(),
        });
        forge
            .faults
            .push_back(fault(FaultKind::ForgeTrouble, "502 Bad Gateway", None));
    }
    state.interface.screen = Screen::Forge("gh".into());
    state
}
