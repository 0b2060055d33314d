use std::sync::Arc;

use super::super::harness::{add_release, changes, press, said, state, top};
use super::*;
use crate::app::msg::Msg;
use crate::app::update;
use crate::domain::entry::Event;
use crate::domain::policy::GateSpec;

fn with_release() -> State {
    let mut state = state();
    add_release(&mut state);
    let mut policy = (*state.engine.policy).clone();
    policy.version = Digest::of(["with a release"]).into();
    for stage in policy.each().flat_map(|one| &mut one.path) {
        stage.gates = [GateSpec::Fresh].into();
    }
    let now = state.now;
    update(&mut state, now, Msg::Reloaded(Ok(Arc::new(policy))));
    press(&mut state, "2");
    assert_eq!(state.interface.screen, Screen::Release);
    state
}

fn dialog(state: &State) -> &ReleaseDialog {
    match state.interface.overlays.last() {
        Some(Overlay::Release(dialog)) => dialog,
        other => panic!("no dialog: {other:?}"),
    }
}

#[test]
fn a_vote_rests_on_cancel_and_binds_to_what_is_shown() {
    let mut state = with_release();
    press(&mut state, "V");
    assert_eq!(dialog(&state).focus, ReleaseFocus::Cancel);
    assert_eq!(dialog(&state).roles, ["qa".into()]);
    let effects = press(&mut state, "enter");
    assert!(!effects.iter().any(changes) && top(&state) == "none");
    press(&mut state, "V up up up right");
    assert_eq!(
        dialog(&state).blocked().as_deref(),
        Some("a no-go's reason is required")
    );
    let effects = press(&mut state, "tab tab 'heap tab tab enter");
    let votes: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Append { draft, .. } => match &draft.event {
                Event::ReleaseVoteCast { vote } => Some((vote.voice, vote.note.clone())),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(votes, [(Voice::NoGo, "heap".to_owned())]);
}

#[test]
fn a_start_names_what_is_in_the_way_and_wants_the_environment_typed() {
    let mut state = with_release();
    press(&mut state, "P");
    assert_eq!(
        dialog(&state).blocked().as_deref(),
        Some("2026.47 is no-go: no go of qa")
    );
    press(&mut state, "esc");
    Arc::make_mut(&mut state.engine.policy).releases[0]
        .roles
        .clear();
    press(&mut state, "P up up 'weekly tab");
    assert_eq!(
        dialog(&state).blocked().as_deref(),
        Some("type production to arm it")
    );
    let copied = press(&mut state, "'production tab y");
    assert!(matches!(
        copied.as_slice(),
        [Effect::Copy(line)] if line == "gonogo release run 2026.47 --wait --reason weekly"
    ));
    let effects = press(&mut state, "tab enter");
    assert!(effects.iter().any(changes), "{}", said(&state));
}

#[test]
fn a_service_is_dropped_and_taken_back_by_one_key_that_rests_on_cancel() {
    let mut state = with_release();
    press(&mut state, "j D");
    assert_eq!(dialog(&state).action, ReleaseAction::Drop);
    assert_eq!(dialog(&state).focus, ReleaseFocus::Cancel);
    assert_eq!(dialog(&state).service, Some("search".into()));
    let effects = press(&mut state, "enter");
    assert!(!effects.iter().any(changes) && top(&state) == "none");
    press(&mut state, "D tab enter");
    assert_eq!(
        dialog(&state).blocked().as_deref(),
        Some("a reason is required")
    );
    let copied = press(&mut state, "up up 'heap tab y");
    assert!(
        matches!(
            copied.as_slice(),
            [Effect::Copy(line)] if line == "gonogo release drop 2026.47 search --reason heap"
        ),
        "{copied:?}"
    );
    let effects = press(&mut state, "tab enter");
    let drafts: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Append { draft, .. } => Some((draft.event.kind(), draft.reason.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(
        drafts,
        [("release.dropped".to_owned(), Some("heap".to_owned()))]
    );
    for effect in effects {
        if let Effect::Append { ticket, draft, .. } = effect {
            let now = state.now;
            let result = Ok(super::super::harness::entry((draft.event, 1)));
            update(&mut state, now, Msg::Recorded { ticket, result });
        }
    }
    press(&mut state, "D");
    assert_eq!(dialog(&state).action, ReleaseAction::Restore);
    press(&mut state, "esc k D");
    assert_eq!(
        dialog(&state).refused.as_deref(),
        Some("it is the last that is left in 2026.47: without it, it would ship nothing")
    );
    press(&mut state, "esc : 'release-restore_sea enter");
    assert_eq!(dialog(&state).action, ReleaseAction::Restore);
    assert_eq!(dialog(&state).service, Some("search".into()));
}

#[test]
fn what_changes_under_the_dialog_is_not_confirmed() {
    let mut state = with_release();
    press(&mut state, "V tab");
    super::super::harness::with_cell(&mut state.engine.board, "api", "production", |cell| {
        cell.candidate = None;
    });
    let effects = press(&mut state, "enter");
    assert!(!effects.iter().any(changes));
    assert!(dialog(&state).refused.is_some());
    assert_eq!(dialog(&state).focus, ReleaseFocus::Cancel);
}

#[test]
fn enter_opens_the_selected_service_in_the_release_s_environment() {
    let mut state = with_release();
    press(&mut state, "j enter");
    assert_eq!(state.interface.screen, Screen::Detail("search".into()));
    press(&mut state, "-");
    assert_eq!(state.interface.screen, Screen::Release);
    press(&mut state, "esc");
    assert_eq!(state.interface.screen, Screen::Board);
}

#[test]
fn keys_act_on_the_selected_service_and_esc_leads_back() {
    let mut state = with_release();
    let release = state.engine.policy.releases[0].clone();
    let services: Vec<ServiceName> = release.waves.concat();
    press(&mut state, "1 2 j");
    let cursor = state.interface.cursor.clone().unwrap();
    assert_eq!(
        (&cursor.service, &cursor.environment),
        (&services[1], &release.environment)
    );
    press(&mut state, "H");
    let Some(Overlay::Hold(_)) = state.interface.overlays.last() else {
        panic!("{}", top(&state));
    };
    press(&mut state, "esc enter");
    assert_eq!(state.interface.screen, Screen::Detail(services[1].clone()));
    press(&mut state, "esc");
    assert_eq!(state.interface.screen, Screen::Release);
    press(&mut state, "p");
    assert!(state.interface.release_plan);
    press(&mut state, "esc");
    assert!(!state.interface.release_plan);
    assert_eq!(state.interface.screen, Screen::Release);
    // From the board, a service's details lead back to the board.
    press(&mut state, "1 enter esc");
    assert_eq!(state.interface.screen, Screen::Board);
}
