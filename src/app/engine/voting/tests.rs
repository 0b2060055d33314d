use super::*;
use crate::app::interface::harness::{add_release, changes, entry, now, press, said, state};
use crate::app::msg::Msg;
use crate::app::request::Request;
use crate::app::state::State;
use crate::app::update;
use crate::domain::signoff::ReleaseVote;

/// Reads into the board what an order wrote, as the journal gives it back.
fn written(state: &mut State, effects: &[Effect], seq: i64) {
    let drafts = effects.iter().filter_map(|effect| match effect {
        Effect::Append { draft, .. } => Some((**draft).clone()),
        _ => None,
    });
    let drafts: Vec<Draft> = drafts.collect();
    let [draft] = drafts.as_slice() else {
        panic!("one entry: {effects:?}");
    };
    let mut entry = entry((draft.event.clone(), seq));
    entry.draft = draft.clone();
    update(state, now(), Msg::JournalRead(Ok(vec![entry])));
}

fn asked(state: &mut State, request: Request) -> Vec<Effect> {
    update(state, now(), Msg::Asked(request))
}

fn withdrawal() -> Request {
    Request::WithdrawVote {
        service: "api".into(),
        environment: "production".into(),
        reason: "the wrong service".to_owned(),
    }
}

#[test]
fn a_vote_is_taken_back_by_who_cast_it_and_stays_in_the_journal() {
    let mut state = state();
    let vote = Request::Vote {
        service: "api".into(),
        environment: "production".into(),
        role: "qa".into(),
        voice: Voice::Go,
        note: String::new(),
    };
    let effects = asked(&mut state, withdrawal());
    assert!(!effects.iter().any(changes), "{effects:?}");
    assert_eq!(
        said(&state),
        "there is no vote of alice on api > production"
    );
    let effects = asked(&mut state, vote);
    written(&mut state, &effects, 1);
    let votes = |state: &State| state.engine.ledger.as_ref().expect("a ledger").votes.len();
    assert_eq!(votes(&state), 1);
    let effects = asked(&mut state, withdrawal());
    written(&mut state, &effects, 2);
    assert_eq!(votes(&state), 0);
    assert_eq!(state.engine.entries.len(), 2);
}

#[test]
fn undo_leads_to_the_dialog_of_the_newest_vote_which_rests_on_cancel() {
    let mut state = state();
    let vote = Request::Vote {
        service: "api".into(),
        environment: "production".into(),
        role: "qa".into(),
        voice: Voice::NoGo,
        note: "it leaks".to_owned(),
    };
    let effects = asked(&mut state, vote);
    written(&mut state, &effects, 1);
    assert_eq!(press(&mut state, "Z enter"), []);
    // Up from Cancel is the reason.
    let effects = press(&mut state, "Z up 'mended tab tab enter");
    written(&mut state, &effects, 2);
    let ledger = state.engine.ledger.as_ref().expect("a ledger");
    assert!(ledger.votes.is_empty());
}

#[test]
fn a_vote_on_a_release_is_taken_back_too() {
    let mut state = state();
    add_release(&mut state);
    let vote = ReleaseVote {
        release: "2026.47".into(),
        role: "qa".into(),
        person: "alice".into(),
        voice: Voice::Go,
        scope: crate::domain::ids::Digest::of(["seen"]),
        saw: "api".to_owned(),
        note: String::new(),
        at: now(),
    };
    let cast = entry((Event::ReleaseVoteCast { vote }, 1));
    update(&mut state, now(), Msg::JournalRead(Ok(vec![cast])));
    let effects = press(&mut state, "Z up 'mistaken tab tab enter");
    written(&mut state, &effects, 2);
    let ledger = state.engine.ledger.as_ref().expect("a ledger");
    assert!(ledger.release_votes.is_empty());
}

#[test]
fn w5_who_says_go_is_told_when_that_ends_with_the_window() {
    use crate::domain::gate::fixture::daily;
    use crate::domain::policy::GateSpec;
    use crate::domain::signoff::AtClose;
    use crate::domain::window::WindowEffect::Deny;
    use jiff::SignedDuration;
    use jiff::tz::TimeZone;
    let said = |voice, ends: AtClose| {
        let mut state = state();
        let mut policy = (*state.engine.policy).clone();
        policy.version = "it ends with the window".into();
        let at = |hours| (now() + SignedDuration::from_hours(hours)).to_zoned(TimeZone::UTC);
        policy.windows = vec![daily("backup", Deny, at(1).time(), at(2).time(), "UTC")];
        for stage in policy.each().flat_map(|it| &mut it.path) {
            let mut gates = stage.gates.to_vec();
            for gate in &mut gates {
                if let GateSpec::SignOff { at_close, .. } = gate {
                    *at_close = ends;
                }
            }
            stage.gates = gates.into();
        }
        let policy = std::sync::Arc::new(policy);
        update(&mut state, now(), Msg::Reloaded(Ok(policy)));
        let vote = Request::Vote {
            service: "api".into(),
            environment: "production".into(),
            role: "qa".into(),
            voice,
            note: "heap grows".to_owned(),
        };
        let effects = asked(&mut state, vote);
        let ticket = effects.iter().find_map(|effect| match effect {
            Effect::Append { ticket, .. } => Some(*ticket),
            _ => None,
        });
        let text = state
            .engine
            .ordered(ticket.expect("a vote"))
            .expect("words");
        text.to_owned()
    };
    let told = said(Voice::Go, AtClose::Withdraw);
    assert!(told.contains(", until the window closes at "), "{told}");
    for (voice, ends) in [(Voice::Go, AtClose::Keep), (Voice::NoGo, AtClose::Withdraw)] {
        let told = said(voice, ends);
        assert!(!told.contains("until"), "{told}");
    }
}
