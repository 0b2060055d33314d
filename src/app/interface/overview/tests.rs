//! The lists over all services, by keys.

use jiff::SignedDuration;

use super::super::harness::{now, press, state};
use super::*;
use crate::app::effect::Effect;
use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::hold::Cover;
use crate::domain::ids::{Digest, RunId, Seq};
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::pipeline::Run;

fn add_run(state: &mut State, service: &str, id: u64, phase: Phase, minutes: i64) {
    state.engine.board.version += 1;
    let row = state.engine.board.rows.iter_mut();
    let row = row
        .into_iter()
        .find(|row| row.service.name.as_str() == service);
    let row = row.expect("a row");
    let mut facts = row.facts.value().expect("facts").clone();
    let at = now() - SignedDuration::from_mins(minutes);
    facts.runs.push(Run {
        id: RunId(id),
        name: "CI".into(),
        workflow: None,
        title: Some("Retry".into()),
        number: id,
        attempt: 1,
        event: "push".into(),
        sha: facts.head.as_ref().expect("a head").sha.clone(),
        branch: Some("main".into()),
        raw: phase.word().to_owned(),
        phase,
        url: format!("https://github.com/acme/{service}/actions/runs/{id}"),
        actor: Some("eve".into()),
        created_at: at,
        updated_at: at,
        waiting: Vec::new(),
    });
    row.facts = Fact::observed(facts, now());
}

fn world() -> State {
    let mut state = state();
    for row in &mut state.engine.board.rows {
        let mut facts = row.facts.value().expect("facts").clone();
        facts.runs.clear();
        row.facts = Fact::observed(facts, now());
    }
    add_run(&mut state, "api", 1, Phase::Succeeded, 5);
    add_run(&mut state, "search", 2, Phase::Running, 3);
    add_run(&mut state, "web", 3, Phase::Failed, 60);
    state
}

/// The services of a list's lines, in order.
fn shown(state: &State, overview: Overview) -> String {
    let overviews = &state.interface.overviews;
    let listing = overviews.listing(&state.engine, overview, state.now);
    let items = listing.items(&state.engine, 0, listing.len());
    let names = items.filter_map(|(_, item)| item.service());
    names.map(ServiceName::as_str).collect::<Vec<_>>().join(" ")
}

fn at(state: &State) -> Option<Key> {
    selected(state).map(|item| item.key())
}

#[test]
fn what_failed_comes_first_and_enter_opens_its_pipeline() {
    let mut state = world();
    press(&mut state, "4");
    assert_eq!(at(&state), Some(Key::Run("web".into(), RunId(3))));
    press(&mut state, "j");
    assert_eq!(at(&state), Some(Key::Run("search".into(), RunId(2))));
    press(&mut state, "enter");
    assert_eq!(state.interface.screen, Screen::Detail("search".into()));
    assert_eq!(state.interface.tab, DetailTab::Pipeline);
    press(&mut state, "-");
    assert_eq!(state.interface.screen, Screen::Pipelines);
}

#[test]
fn a_job_that_nobody_played_in_an_old_pipeline_asks_for_nobody() {
    let mut state = world();
    add_run(&mut state, "billing", 4, Phase::Gated, 9_000);
    let overviews = &state.interface.overviews;
    let listing = overviews.listing(&state.engine, Overview::Runs, state.now);
    let last = listing.item(&state.engine, listing.len() - 1);
    let last = last.map(|item| item.key());
    assert_eq!(last, Some(Key::Run("billing".into(), RunId(4))));
}

#[test]
fn the_cursor_stays_on_its_run_when_a_worse_one_comes() {
    let mut state = world();
    press(&mut state, "4 j");
    add_run(&mut state, "billing", 4, Phase::Failed, 1);
    press(&mut state, "t");
    assert_eq!(at(&state), Some(Key::Run("search".into(), RunId(2))));
    assert_eq!(
        state.interface.overviews.of(Overview::Runs).list.selected,
        2
    );
    // At the top it follows what is worst.
    press(&mut state, "g");
    assert_eq!(at(&state), Some(Key::Run("billing".into(), RunId(4))));
}

#[test]
fn tabs_change_between_runs_and_pull_requests_and_o_opens_the_page() {
    let mut state = world();
    press(&mut state, "4 ]");
    assert_eq!(state.interface.overview(), Some(Overview::PullRequests));
    press(&mut state, "tab");
    assert_eq!(state.interface.overview(), Some(Overview::Runs));
    let effects = press(&mut state, "o");
    assert!(
        matches!(effects.as_slice(), [crate::app::effect::Effect::Browse(page)] if page.ends_with("/runs/3")),
        "{effects:?}"
    );
}

#[test]
fn an_empty_list_takes_every_key() {
    let mut state = state();
    for row in &mut state.engine.board.rows {
        for cell in &mut row.cells {
            cell.in_flight = None;
        }
    }
    press(&mut state, "5 j k g G ctrl-d pagedown enter o y ] tab");
    assert_eq!(state.interface.screen, Screen::Tasks);
    press(&mut state, "esc");
    assert_eq!(state.interface.screen, Screen::Board);
}

#[test]
fn the_selected_hold_is_lifted_from_the_list_of_holds_and_another_holds_what_it_has_selected() {
    use super::super::harness::{changes, hold, top};
    use crate::domain::entry::Event;
    let mut state = world();
    hold(&mut state, "h-1", "api", "production");
    hold(&mut state, "h-2", "web", "production");
    press(&mut state, ": 'holds enter j H");
    assert_eq!(top(&state), "hold");
    let effects = press(&mut state, "enter");
    assert!(!effects.iter().any(changes), "it rests on Cancel");
    let effects = press(&mut state, "H up 'fixed tab tab enter");
    let lifted = effects.iter().any(|effect| {
        matches!(effect, Effect::Append { draft, .. }
            if matches!(&draft.event, Event::HoldLifted { id, .. } if id.as_str() == "h-2"))
    });
    assert!(lifted, "{effects:?}");
    // Elsewhere it is about the cell of the line that is selected: web's run failed.
    press(&mut state, "4 H");
    let Some(super::super::Overlay::Hold(dialog)) = state.interface.overlays.last() else {
        panic!("{}", top(&state));
    };
    assert_eq!(dialog.service.as_str(), "web");
    press(&mut state, "esc");
    // By its name it is about the cell that is named, whatever the list has selected.
    press(&mut state, ": 'holds enter : 'hold_search enter");
    let Some(super::super::Overlay::Hold(dialog)) = state.interface.overlays.last() else {
        panic!("{}", top(&state));
    };
    assert_eq!(dialog.service.as_str(), "search");
}

#[test]
fn a_list_is_sorted_by_need_newest_or_service_and_each_keeps_its_own() {
    let mut state = world();
    press(&mut state, "4");
    let services = |state: &State| shown(state, Overview::Runs);
    assert_eq!(services(&state), "web search api");
    press(&mut state, "j s");
    assert_eq!(services(&state), "search api web");
    assert_eq!(
        at(&state),
        Some(Key::Run("search".into(), RunId(2))),
        "the cursor stays on its line"
    );
    press(&mut state, "s");
    assert_eq!(services(&state), "api search web");
    press(&mut state, "]");
    let of = |overview| state.interface.overviews.of(overview).sort;
    assert_eq!(of(Overview::PullRequests), ListSort::Need);
    assert_eq!(of(Overview::Runs), ListSort::Service);
    press(&mut state, "[ : 'sort_newest enter");
    assert_eq!(services(&state), "search api web");
}

fn add_entry(state: &mut State, seq: i64, service: &str) {
    state.engine.entries.push_back(Entry {
        seq: Seq(seq),
        draft: Draft {
            at: now(),
            actor: "alice".into(),
            service: Some(service.into()),
            environment: Some("staging".into()),
            revision: None,
            reason: Some("why".to_owned()),
            policy: Digest::of(["p"]),
            event: Event::HoldLifted {
                id: "h-1".into(),
                cover: Cover::default(),
            },
        },
        previous: Digest::of(["a"]),
        hash: Digest::of(["b"]),
    });
}

fn seq(state: &State) -> Option<i64> {
    match selected(state)? {
        Item::Entry(entry, _) => Some(entry.seq.0),
        _ => None,
    }
}

#[test]
fn the_cursor_follows_the_newest_until_it_is_moved_and_then_stays_on_its_entry() {
    let mut state = state();
    add_entry(&mut state, 1, "api");
    add_entry(&mut state, 2, "search");
    press(&mut state, "3");
    assert_eq!(seq(&state), Some(2));
    add_entry(&mut state, 3, "web");
    press(&mut state, "t");
    assert_eq!(seq(&state), Some(3));
    press(&mut state, "j");
    assert_eq!(seq(&state), Some(2));
    add_entry(&mut state, 4, "api");
    press(&mut state, "t");
    assert_eq!(seq(&state), Some(2));
    assert_eq!(
        state
            .interface
            .overviews
            .of(Overview::Timeline)
            .list
            .selected,
        2
    );
}

#[test]
fn enter_opens_the_service_of_the_entry_and_y_copies_it() {
    let mut state = state();
    add_entry(&mut state, 1, "search");
    press(&mut state, "3");
    let copied = press(&mut state, "y");
    assert!(
        matches!(copied.as_slice(), [Effect::Copy(line)] if line.contains("\"reason\":\"why\"")),
        "{copied:?}"
    );
    press(&mut state, "enter");
    assert_eq!(state.interface.screen, Screen::Detail("search".into()));
    let cursor = state.interface.cursor.clone().expect("a cursor");
    assert_eq!(cursor.environment.as_str(), "staging");
    press(&mut state, "-");
    assert_eq!(state.interface.screen, Screen::Timeline);
}

#[test]
fn the_timeline_is_sorted_by_newest_oldest_service_or_who_and_the_cursor_stays_on_its_entry() {
    let mut state = state();
    for (seq, service) in [(1, "web"), (2, "api"), (3, "search")] {
        add_entry(&mut state, seq, service);
    }
    if let Some(entry) = state.engine.entries.get_mut(1) {
        entry.draft.actor = "zoe".into();
    }
    press(&mut state, "3");
    let order = |state: &State| shown(state, Overview::Timeline);
    assert_eq!(order(&state), "search api web");
    press(&mut state, "j s");
    assert_eq!(order(&state), "web api search");
    press(&mut state, "s");
    assert_eq!(order(&state), "api search web");
    assert_eq!(seq(&state), Some(2), "the cursor stays on its entry");
    press(&mut state, "s");
    assert_eq!(order(&state), "search web api");
    assert_eq!(seq(&state), Some(2));
    press(&mut state, ": 'sort_oldest enter");
    assert_eq!(order(&state), "web api search");
    // A list keeps to the orders that it has.
    press(&mut state, "4 : 'sort_who enter");
    let runs = state.interface.overviews.of(Overview::Runs);
    assert_eq!(runs.sort, ListSort::Need);
}

/// A promotion of api with its steps, between two other entries.
fn promoted() -> State {
    use crate::domain::act::{Act, Handle};
    use crate::domain::promotion::{Intent, Purpose, Step};
    let mut state = state();
    add_entry(&mut state, 1, "web");
    let intent = Intent {
        id: "i-1".into(),
        purpose: Purpose::Promotion,
        service: "api".into(),
        environment: "production".into(),
        from: None,
        to: state
            .engine
            .board
            .cell(&"api".into(), &"production".into())
            .and_then(|cell| cell.candidate.clone())
            .expect("a candidate"),
        act: Act::ByHand,
        reason: "weekly".to_owned(),
        digest: Digest::of(["seen"]),
        replaces: None,
        release: None,
        overrides: Vec::new(),
        rollback: false,
        verify: false,
    };
    let step = |step| Event::Stepped {
        id: "i-1".into(),
        purpose: Purpose::Promotion,
        step,
    };
    let why = "smoke 2/9".to_owned();
    let events = [
        Event::Intended { intent },
        step(Step::Sending {
            owner: "here".into(),
        }),
        step(Step::Accepted {
            handle: Handle::default(),
        }),
    ];
    let rest = [
        step(Step::Running {
            handle: Handle::default(),
        }),
        step(Step::Failed { why }),
    ];
    let mut seq = 1;
    let mut add = |state: &mut State, event: Event| {
        seq += 1;
        add_entry(state, seq, "api");
        if let Some(entry) = state.engine.entries.back_mut() {
            entry.draft.event = event;
        }
    };
    for event in events {
        add(&mut state, event);
    }
    add(&mut state, Event::HandoverAccepted { id: "ho-1".into() });
    for event in rest {
        add(&mut state, event);
    }
    state.engine.ledger = Some(crate::domain::ledger::Ledger::of(&state.engine.entries));
    state
}

#[test]
fn a_promotion_is_one_line_with_its_present_result_until_enter_unfolds_its_steps() {
    let mut state = promoted();
    let count = |state: &State| {
        let overviews = &state.interface.overviews;
        overviews
            .listing(&state.engine, Overview::Timeline, state.now)
            .len()
    };
    press(&mut state, "3");
    assert_eq!(count(&state), 3);
    press(&mut state, "j");
    let Some(Item::Sent(promotion, _)) = selected(&state) else {
        panic!("{:?}", selected(&state));
    };
    assert_eq!(promotion.state.word(), "failed");
    let copied = press(&mut state, "y");
    assert!(
        matches!(copied.as_slice(), [Effect::Copy(text)] if text.lines().count() == 5),
        "{copied:?}"
    );
    press(&mut state, "enter");
    assert_eq!(count(&state), 8);
    assert_eq!(
        at(&state),
        Some(Key::Order("i-1".into())),
        "the cursor stays on it"
    );
    // Its steps stand below it, in whatever order the list is.
    for order in ["newest", "oldest", "service", "who"] {
        press(&mut state, &format!(": 'sort_{order} enter"));
        press(&mut state, "j");
        assert_eq!(seq(&state), Some(2), "{order}");
        press(&mut state, "k");
    }
    press(&mut state, "enter");
    assert_eq!(count(&state), 3);
    assert_eq!(at(&state), Some(Key::Order("i-1".into())));
    press(&mut state, "e");
    assert_eq!(count(&state), 7, "entry by entry");
    press(&mut state, "e");
    assert_eq!(count(&state), 3);
}

#[test]
fn a_folded_promotion_is_found_by_how_it_stands_and_by_what_it_is() {
    let mut state = promoted();
    press(&mut state, "3");
    let found = |state: &mut State, filter: &str| {
        press(state, &format!("/ ctrl-u '{filter} enter"));
        let overviews = &state.interface.overviews;
        let listing = overviews.listing(&state.engine, Overview::Timeline, state.now);
        let items = listing.items(&state.engine, 0, listing.len());
        items.map(|(_, item)| item.key()).collect::<Vec<_>>()
    };
    let order = [Key::Order("i-1".into())];
    for filter in [
        "state:failed",
        "what:promote",
        "what:promotion.failed",
        "how:by-hand",
        "smoke",
        "weekly",
        "env:production_service:api_state:failed",
    ] {
        assert_eq!(found(&mut state, filter), order, "{filter}");
    }
    assert_eq!(found(&mut state, "state:accepted"), []);
}

#[test]
fn e_copies_what_the_filter_shows_as_the_journal_has_it() {
    let mut state = promoted();
    press(&mut state, "3");
    let copied = |state: &mut State| {
        let effects = press(state, "E");
        let [Effect::Copy(text)] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        text.lines()
            .map(|line| serde_json::from_str::<Entry>(line).expect("an entry"))
            .map(|entry| entry.draft.event.kind())
            .collect::<Vec<_>>()
    };
    assert_eq!(copied(&mut state).len(), 7, "of a promotion every step");
    state.interface.filter_anew("what:take-over".to_owned());
    assert_eq!(copied(&mut state), ["handover.accepted"]);
}

#[test]
fn lines_that_lie_ready_are_those_that_would_be_found_anew() {
    use super::super::harness::hold;
    let mut state = world();
    hold(&mut state, "h-1", "api", "production");
    add_entry(&mut state, 1, "web");
    for keys in ["4", "]", "5", ": 'holds enter", "3"] {
        press(&mut state, keys);
        let overview = state.interface.overview().expect("a list");
        let overviews = &state.interface.overviews;
        let ready = overviews.listing(&state.engine, overview, state.now);
        assert!(matches!(ready, Cow::Borrowed(_)), "{keys}");
        add_run(&mut state, "api", 9, Phase::Failed, 1);
        let overviews = &state.interface.overviews;
        let ready = overviews.listing(&state.engine, overview, state.now);
        assert!(matches!(ready, Cow::Owned(_)), "{keys}");
    }
}

/// A world with a fourth run that waits, of another branch and person.
fn filtered_world() -> State {
    let mut state = world();
    add_run(&mut state, "billing", 4, Phase::Gated, 20);
    state.engine.board.version += 1;
    for row in &mut state.engine.board.rows {
        if row.service.name.as_str() == "billing" {
            std::sync::Arc::make_mut(&mut row.service).forge = "codeberg".into();
            let mut facts = row.facts.value().expect("facts").clone();
            for run in &mut facts.runs {
                run.actor = Some("Raj".into());
                run.branch = Some("release/9".to_owned());
                run.title = Some("Größer".to_owned());
            }
            row.facts = Fact::observed(facts, now());
        }
    }
    press(&mut state, "4");
    state
}

#[test]
fn each_kind_of_term_finds_the_lines_that_it_says() {
    let table = [
        ("", "web search api billing"),
        ("ear", "search"),
        ("EAR", "search"),
        ("retry", "web search api"),
        ("größer", "billing"),
        ("~grer", "billing"),
        ("~sch", "search"),
        ("sch", ""),
        ("!ear", "web api billing"),
        ("ci main !web", "search api"),
        ("service:api,web", "web api"),
        ("svc:api", "api"),
        ("group:money", "billing"),
        ("forge:code", "billing"),
        ("forge:codeberg retry", ""),
        ("state:fail", "web"),
        ("state:ok", "api"),
        ("state:succ", "api"),
        ("!state:failed,ok", "search billing"),
        ("is:wait", "billing"),
        ("by:RAJ", "billing"),
        ("actor:eve state:run", "search"),
        ("branch:release", "billing"),
        ("run:#3", "web"),
        ("env:production", ""),
        ("#2", "search"),
    ];
    for (typed, expected) in table {
        let mut state = filtered_world();
        state.interface.filter_anew(typed.to_owned());
        assert_eq!(shown(&state, Overview::Runs), expected, "{typed}");
        let problems = state.interface.filter_problems(typed);
        assert!(problems.is_empty(), "{typed}: {problems:?}");
    }
}

#[test]
fn what_is_typed_leaves_what_would_be_found_anew() {
    for typed in [
        "retry !web",
        "~sc state:run",
        "by:eve,raj",
        "behind:>3 ap",
        "!!~",
    ] {
        let mut state = filtered_world();
        press(&mut state, "/");
        for letter in typed
            .chars()
            .map(|letter| if letter == ' ' { '_' } else { letter })
        {
            press(&mut state, &format!("'{letter}"));
            let overviews = &state.interface.overviews;
            let ready = overviews.listing(&state.engine, Overview::Runs, state.now);
            assert!(matches!(ready, Cow::Borrowed(_)), "{typed}");
            let picked = overviews.of(Overview::Runs);
            let anew = Listing::of(&state.engine, picked, Overview::Runs, state.now);
            let keys = |listing: &Listing| -> Vec<Key> {
                let items = listing.items(&state.engine, 0, listing.len());
                items.map(|(_, item)| item.key()).collect()
            };
            assert_eq!(keys(&ready), keys(&anew), "{typed} at {letter}");
        }
    }
}

#[test]
fn a_field_that_a_list_has_not_is_told_and_lets_nothing_through() {
    let mut state = filtered_world();
    let table = [
        (
            "colour:red web",
            "there is no field \"colour\"; there are service: group:",
        ),
        ("behind:>3 web", "there is no field \"behind\""),
        (
            "state:blue web",
            "there is no state \"blue\"; there are failed waiting",
        ),
    ];
    for (typed, why) in table {
        state.interface.filter_anew(typed.to_owned());
        assert_eq!(shown(&state, Overview::Runs), "", "{typed}");
        let problems = state.interface.filter_problems(typed);
        assert_eq!(problems.len(), 1, "{typed}");
        assert!(problems[0].starts_with(why), "{problems:?}");
    }
}

#[test]
fn each_list_keeps_its_filter_and_esc_takes_it_back_before_it_leaves() {
    let mut state = filtered_world();
    press(&mut state, "/ 'ear enter");
    assert_eq!(shown(&state, Overview::Runs), "search");
    press(&mut state, "]");
    assert_eq!(state.interface.filter_here(), "");
    press(&mut state, "5 / 'zzz esc");
    assert_eq!(state.interface.filter_here(), "", "it was taken back");
    press(&mut state, "1 3 / 'x enter 4 [");
    assert_eq!(state.interface.filter_here(), "ear");
    assert_eq!(state.interface.filter, "", "the board has its own");
    press(&mut state, "esc");
    assert_eq!(state.interface.screen, Screen::Pipelines);
    assert_eq!(shown(&state, Overview::Runs), "web search api billing");
    press(&mut state, "esc");
    assert_eq!(state.interface.screen, Screen::Board);
}

#[test]
fn the_cursor_of_a_list_stays_on_its_line_or_the_nearest_and_n_goes_round() {
    let mut state = filtered_world();
    press(&mut state, "j j / 'retry");
    assert_eq!(at(&state), Some(Key::Run("api".into(), RunId(1))));
    press(&mut state, "enter");
    state.interface.filter_anew("retry !api".to_owned());
    press(&mut state, "t");
    assert_eq!(at(&state), Some(Key::Run("search".into(), RunId(2))));
    press(&mut state, "/ up enter");
    assert_eq!(at(&state), Some(Key::Run("web".into(), RunId(3))));
    press(&mut state, "n");
    assert_eq!(at(&state), Some(Key::Run("search".into(), RunId(2))));
    press(&mut state, "n");
    assert_eq!(at(&state), Some(Key::Run("web".into(), RunId(3))));
    press(&mut state, "N esc");
    assert_eq!(at(&state), Some(Key::Run("search".into(), RunId(2))));
}

#[test]
fn holds_tasks_requests_and_entries_have_fields_of_their_own() {
    use super::super::harness::{hold, running};
    let mut state = filtered_world();
    hold(&mut state, "h-1", "api", "production");
    hold(&mut state, "h-2", "web", "staging");
    running(&mut state, "search", "production");
    add_entry(&mut state, 1, "web");
    add_entry(&mut state, 2, "api");
    let table = [
        (": 'holds enter", "env:stag", "web"),
        (
            ": 'holds enter",
            "state:held by:carol kind:forward",
            "api web",
        ),
        (": 'holds enter", "state:ended", ""),
        (": 'holds enter", "~hpgrws", "api web"),
        ("5", "env:prod state:run by:bob", "search"),
        ("5", "!search", ""),
        ("3", "what:lift-hold service:web", "web"),
        ("3", "what:hold.lifted state:ok", "api web"),
        ("3", "why env:staging by:alice", "api web"),
        ("3", "how:order", "api web"),
        ("3", "how:poll", ""),
        ("3", "group:front !api", "web"),
    ];
    for (keys, typed, expected) in table {
        press(&mut state, keys);
        state.interface.filter_anew(typed.to_owned());
        let overview = state.interface.overview().expect("a list");
        assert_eq!(shown(&state, overview), expected, "{keys} {typed}");
        let problems = state.interface.filter_problems(typed);
        assert!(problems.is_empty(), "{typed}: {problems:?}");
    }
}

#[test]
fn a_filter_of_a_list_is_completed_by_what_the_list_has() {
    let mut state = filtered_world();
    press(&mut state, "/ 'br tab");
    assert_eq!(state.interface.filter_here(), "branch:");
    press(&mut state, "'rel tab enter");
    assert_eq!(state.interface.filter_here(), "branch:release/9");
    press(&mut state, ": 'filter_by:R tab enter");
    assert_eq!(state.interface.filter_here(), "by:Raj");
    assert_eq!(shown(&state, Overview::Runs), "billing");
}

#[test]
fn the_columns_of_each_list_are_hidden_and_shown_again() {
    use super::super::harness::top;
    let mut state = filtered_world();
    let hidden = |state: &State| {
        let hidden = state.interface.hidden_here().iter();
        hidden.cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(hidden(&state), "branch forge");
    press(&mut state, "c");
    assert_eq!(top(&state), "columns");
    press(&mut state, "space j space c");
    assert_eq!(top(&state), "none");
    assert_eq!(hidden(&state), "branch state");
    press(&mut state, "]");
    assert_eq!(hidden(&state), "branch forge");
    press(&mut state, "[ : 'columns_branch enter");
    assert_eq!(hidden(&state), "state");
    press(&mut state, "3 c j enter esc");
    assert_eq!(hidden(&state), "revision who");
    assert!(state.interface.hidden.is_empty(), "the board has its own");
}

#[test]
fn every_state_that_a_line_can_be_in_can_be_looked_for() {
    use crate::domain::promotion::State as Stage;
    use crate::domain::pull_request::ChangeState;
    let told = |overview, word: &str| {
        let known = query::states(overview);
        assert!(known.contains(&word), "{overview:?}: {word}");
    };
    for phase in [
        Phase::Queued,
        Phase::Running,
        Phase::Gated,
        Phase::Succeeded,
        Phase::Failed,
        Phase::Cancelled,
        Phase::Skipped,
        Phase::Superseded,
    ] {
        told(Overview::Runs, phase.word());
        if phase.is_in_flight() {
            told(Overview::Tasks, phase.word());
        }
    }
    for state in [
        ChangeState::Draft,
        ChangeState::Checking,
        ChangeState::ChecksRunning,
        ChangeState::ChecksFailed,
        ChangeState::NeedsReview,
        ChangeState::ChangesRequested,
        ChangeState::Behind,
        ChangeState::Conflict,
        ChangeState::Blocked,
        ChangeState::Ready,
        ChangeState::Queued,
        ChangeState::Merged,
        ChangeState::Closed,
    ] {
        told(Overview::PullRequests, &state.word().replace(' ', "-"));
    }
    for stage in [
        Stage::Intended,
        Stage::Sending,
        Stage::Accepted,
        Stage::Running,
        Stage::Unknown,
        Stage::Reconciling,
        Stage::Succeeded,
        Stage::Failed,
        Stage::Cancelled,
        Stage::Abandoned,
        Stage::Rejected,
        Stage::Absent,
    ] {
        told(Overview::Timeline, stage.word());
        if stage.is_open() {
            told(Overview::Tasks, stage.word());
        }
    }
}
