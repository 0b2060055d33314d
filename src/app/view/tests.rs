//! What single parts of the picture say. Whole screens and dialogs are drawn in `ui/tests.rs`.

use std::sync::Arc;

use jiff::SignedDuration;

use super::line::Line;
use super::panel::Row;
use super::{Content, Panel, View, view};
use crate::app::command::Command;
use crate::app::interface::Screen;
use crate::app::interface::harness::{
    add_release, entry, hold, now, on, press, running, stale, state as small, with_cell,
};
use crate::app::interface::tour;
use crate::app::msg::Msg;
use crate::app::state::State;
use crate::app::status::CellStatus;
use crate::app::update;
use crate::domain::act::Handle;
use crate::domain::deployment::Deployment;
use crate::domain::entry::{Entry, Event};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::gate::{self, Verdict};
use crate::domain::handover::Handover;
use crate::domain::ids::{DeploymentId, Digest, IntentId, Sha};
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::policy::Policy;
use crate::domain::promotion::{Purpose, Step};
use crate::domain::revision::Revision;

mod sketch;

fn text(line: &Line) -> String {
    line.0.iter().map(|span| span.text.as_str()).collect()
}

fn told(panels: &[Panel]) -> String {
    let mut lines = Vec::new();
    for panel in panels {
        if let Some(title) = &panel.title {
            let parts = title.left.iter().chain(&title.right);
            lines.push(
                parts
                    .map(|part| text(&part.line))
                    .collect::<Vec<_>>()
                    .join(" "),
            );
        }
        if let Content::Lines(of) = &panel.content {
            lines.extend(of.iter().map(text));
        }
    }
    lines.join("\n")
}

/// What stands in the cells of tables, a line each.
fn entries(panels: &[Panel]) -> String {
    let tables = panels.iter().filter_map(|panel| match &panel.content {
        Content::Table(table) => Some(&table.rows),
        Content::Lines(_) => None,
    });
    let mut lines = Vec::new();
    for row in tables.flatten() {
        if let Row::Entries { cells, .. } = row {
            lines.extend(
                cells
                    .iter()
                    .map(|one| format!("{} {}", text(&one.head), text(&one.tail))),
            );
        }
    }
    lines.join("\n")
}

fn header(view: &View) -> String {
    let bars = view.header.iter();
    let parts = bars.flat_map(|bar| bar.left.iter().chain(&bar.right));
    parts
        .map(|part| text(&part.line))
        .collect::<Vec<_>>()
        .join(" ")
}

fn dialog(state: &State) -> String {
    let view = view(state);
    let top = view.over.last().expect("a dialog");
    let lines = top.lines.iter().chain(&top.fields).chain(&top.foot);
    lines.map(text).collect::<Vec<_>>().join("\n")
}

fn sized(columns: u16, rows: u16) -> State {
    let mut state = small();
    state.interface.columns = columns;
    state.interface.rows = rows;
    state
}

fn policy(state: &mut State) -> &mut Policy {
    Arc::make_mut(&mut state.engine.policy)
}

#[test]
fn a_level_service_is_told_once_and_calmly() {
    let mut state = sized(100, 30);
    on(&mut state, "web", "production");
    let why = "nothing to promote: production is level with staging";
    with_cell(&mut state.engine.board, "web", "production", |cell| {
        cell.candidate = None;
        let level = |gate: &'static str| Verdict::new(gate, gate::State::Closed, why);
        cell.judgement.verdicts = vec![
            level("pipeline"),
            level("soak"),
            level("review"),
            Verdict::new("window", gate::State::Open, "evening"),
        ]
        .into();
    });
    // With room for more than one line of it the board tells the gates too.
    state.interface.rows = 60;
    for keys in ["", "enter"] {
        press(&mut state, keys);
        let told = told(&view(&state).main);
        assert_eq!(told.matches(why).count(), 1, "{told}");
        assert!(!told.contains("CLOSED"), "{told}");
        assert!(told.contains("not asked: pipeline, soak, review"), "{told}");
        assert!(told.contains("evening"), "{told}");
    }
}

/// The words of the board's rows.
fn board(state: &State) -> String {
    let panels = view(state).main;
    let tables = panels.iter().filter_map(|panel| match &panel.content {
        Content::Table(table) => Some(table),
        Content::Lines(_) => None,
    });
    let rows = tables.flat_map(|table| &table.rows).map(|row| match row {
        Row::Heading(line) => text(line),
        Row::Entries { cells, .. } => {
            let cells = cells.iter();
            let words = cells.map(|cell| format!("{} {}", text(&cell.head), text(&cell.tail)));
            words.collect::<Vec<_>>().join("  ")
        }
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// The order alone does not tell which group a row is in.
#[test]
fn groups_that_were_asked_for_have_names_on_a_small_screen_too() {
    let mut state = sized(80, 24);
    assert!(!board(&state).contains("-- "));
    state.interface.group = crate::app::interface::Grouping::Forge;
    let seen = board(&state);
    assert!(seen.starts_with("-- "), "{seen}");
}

/// What somebody overrode lets through, and is never taken for open.
#[test]
fn an_overridden_gate_is_told_wherever_gates_are_counted() {
    let mut state = sized(80, 24);
    on(&mut state, "api", "production");
    with_cell(&mut state.engine.board, "api", "production", |cell| {
        let mut verdicts: Vec<Verdict> = (0..9)
            .map(|nth| Verdict::new(format!("command {nth}"), gate::State::Open, "fine"))
            .collect();
        let why = "overridden by bob: known flake; it is closed: red";
        verdicts.push(Verdict::new("quality", gate::State::Overridden, why));
        cell.judgement.verdicts = verdicts.into();
        cell.judgement.go = gate::Go::Go;
    });
    let seen = told(&view(&state).main);
    assert!(seen.contains("gates 10/10 OPEN, 1 overridden"), "{seen}");
    assert!(board(&state).contains("READY 10/10 !"), "{seen}");
    let line = seen.lines().find(|line| line.contains("quality"));
    assert!(
        line.is_some_and(|line| line.contains("OVERRIDE") && !line.contains("OPEN")),
        "{seen}"
    );
    add_release(&mut state);
    press(&mut state, "2");
    state.interface.columns = 160;
    let seen = told(&view(&state).main);
    assert!(
        !seen.contains("every gate is open") || seen.contains("overridden: api (quality)"),
        "{seen}"
    );
}

#[test]
fn the_help_names_its_screen_and_stands_in_two_columns_where_there_is_room() {
    let mut state = sized(160, 45);
    press(&mut state, "?");
    let over = view(&state).over.pop().expect("the help");
    let wide = over.lines.len();
    let title = text(&over.title);
    assert!(title.starts_with("HELP board"), "{title}");
    assert!(
        over.lines
            .iter()
            .all(|line| line.width() + 4 <= usize::from(over.width))
    );
    state.interface.rows = 200;
    let all = view(&state).over.pop().expect("the help").lines.len();
    state.interface.columns = 100;
    let one = view(&state).over.pop().expect("the help").lines.len();
    assert!(
        all < one,
        "{all} lines in two columns, {one} in one, {wide} seen"
    );
}

#[test]
fn the_lane_tells_what_failed_apart_from_what_is_live() {
    let mut state = sized(120, 40);
    on(&mut state, "api", "staging");
    for row in &mut state.engine.board.rows {
        if row.service.name.as_str() != "api" {
            continue;
        }
        let mut facts = row.facts.value().cloned().expect("facts");
        let failed = Deployment {
            id: DeploymentId(9),
            environment: "staging".into(),
            sha: Sha::new("c".repeat(40)),
            phase: Phase::Failed,
            creator: Some("raj".into()),
            created_at: now() - SignedDuration::from_hours(1),
            changed_at: now() - SignedDuration::from_hours(1),
            ..facts.deployments.first().cloned().expect("a deployment")
        };
        facts.deployments.insert(0, failed);
        row.facts = Fact::observed(facts, now());
    }
    with_cell(&mut state.engine.board, "api", "staging", |cell| {
        cell.candidate = None;
    });
    press(&mut state, "enter [");
    let told = told(&view(&state).main);
    assert!(told.contains("LANE OF WHAT IS LIVE"), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("STAGING"))
        .expect("a stop");
    assert!(!lines[at].contains("FAIL"), "{told}");
    assert!(lines[at + 1].contains("by bob"), "{told}");
    assert!(
        lines[at + 2].contains("FAIL ccccccc") && lines[at + 2].contains("by raj"),
        "{told}"
    );
}

#[test]
fn a_forge_that_was_asked_and_has_not_answered_is_not_called_unasked() {
    let mut state = sized(120, 40);
    let forge = state.engine.forges.entry("github".into()).or_default();
    forge.answered_at = None;
    forge.budget.sent = 21;
    state.interface.screen = Screen::Forge("github".into());
    let says = |state: &State| told(&view(state).main) + &told(&view(state).side);
    let told = says(&state);
    assert!(told.contains("asked, no answer yet"), "{told}");
    assert!(
        !told.contains("not asked yet") && !told.contains("no limit"),
        "{told}"
    );
    let forge = state.engine.forges.entry("github".into()).or_default();
    forge.remember(Fault {
        kind: FaultKind::ForgeTrouble,
        forge: "github".into(),
        doing: "asking who the token is".to_owned(),
        why: "HTML instead of JSON (502 Bad Gateway)".to_owned(),
        hint: None,
        request: None,
        at: now(),
        retry_at: None,
    });
    let told = says(&state);
    assert!(told.contains("forge in trouble  no answer yet"), "{told}");
}

#[test]
fn at_sixty_by_twelve_the_counts_and_the_age_of_the_facts_stay() {
    let mut state = sized(60, 12);
    hold(&mut state, "h-1", "search", "production");
    let forge = state.engine.forges.entry("github".into()).or_default();
    forge.answered_at = Some(now() - SignedDuration::from_secs(9));
    press(&mut state, "j k");
    let header = header(&view(&state));
    assert!(header.contains("HOLD 1"), "{header}");
    assert!(header.contains("9s"), "{header}");
}

#[test]
fn what_cannot_be_told_is_counted_apart_from_what_is_old() {
    let mut state = sized(80, 24);
    let before = header(&view(&state));
    assert!(!before.contains("unknown"), "{before}");
    with_cell(&mut state.engine.board, "api", "production", |cell| {
        cell.judgement.go = gate::Go::Unknown;
        let verdict = gate::Verdict::new("soak", gate::State::Unknown, "the history is not read");
        cell.judgement.verdicts = vec![verdict].into();
    });
    state.interface.tally = None;
    press(&mut state, "j k");
    let header = header(&view(&state));
    assert!(header.contains("1 unknown"), "{header}");
    assert!(!header.contains("stale"), "{header}");
}

#[test]
fn the_side_tells_of_each_promotion_its_last_word() {
    let mut state = sized(160, 45);
    let id = IntentId::from("gng-1");
    let step = |step| Event::Stepped {
        id: id.clone(),
        purpose: Purpose::Promotion,
        step,
    };
    for (place, step) in [
        step(Step::Running {
            handle: Handle::default(),
        }),
        step(Step::Succeeded),
    ]
    .into_iter()
    .enumerate()
    {
        let place = i64::try_from(place).expect("small");
        state.engine.entries.push_back(entry((step, place)));
    }
    let told = told(&view(&state).side);
    assert_eq!(told.matches("PROMOTE").count(), 1, "{told}");
    assert!(
        told.contains("PROMOTE api > production  succeeded"),
        "{told}"
    );
}

#[test]
fn a_broken_journal_names_its_first_broken_entry_what_it_means_and_what_to_do() {
    let mut state = sized(100, 30);
    let fault = crate::app::msg::JournalFault::Unreachable {
        why: "the journal is broken at entry 3: its contents hash to aa…, but it carries bb…"
            .into(),
        hint: Some("`gonogo audit verify` checks all of it".into()),
        broken: Some(crate::domain::ids::Seq(3)),
    };
    let now = state.now;
    update(&mut state, now, Msg::JournalRead(Err(fault)));
    assert!(header(&view(&state)).contains("JOURNAL BROKEN AT 3"));
    let problem = state.interface.problems.last().expect("an error");
    assert!(problem.subject.contains("entry 3"), "{}", problem.subject);
    assert!(
        problem.why.contains("nothing is promoted"),
        "{}",
        problem.why
    );
    assert!(
        problem
            .hint
            .as_deref()
            .is_some_and(|hint| hint.contains("audit verify"))
    );
    let gate = crate::app::command::blocked::reason(&state, Command::Promote).expect("a reason");
    assert!(gate.contains("broken at entry 3"), "{gate}");
    state
        .engine
        .entries
        .push_back(entry((Event::HandoverAccepted { id: "ho-1".into() }, 1)));
    press(&mut state, "3");
    let told = told(&view(&state).main);
    assert!(
        told.contains("CHAIN BROKEN at entry 3: ! says what to do") && !told.contains("live"),
        "{told}"
    );
}

#[test]
fn the_timeline_says_whether_it_is_live_and_its_chain_whole() {
    let mut state = sized(100, 30);
    let chained = |seq: i64, previous: &Digest| Entry {
        previous: previous.clone(),
        ..entry((Event::HandoverAccepted { id: "ho-1".into() }, seq))
    };
    let first = chained(1, &Digest::of(["nothing"]));
    let second = chained(2, &first.hash);
    let third = chained(3, &second.hash);
    state.engine.entries.extend([first, second]);
    press(&mut state, "3");
    let says = |state: &State| told(&view(state).main);
    let told = says(&state);
    assert!(
        told.contains("live") && told.contains("recorded 2 of 2"),
        "{told}"
    );
    assert!(told.contains("chain ok"), "{told}");
    // What comes anew does not move it once it was told to stay.
    press(&mut state, "f");
    assert!(
        says(&state).contains("f follows the newest"),
        "{}",
        says(&state)
    );
    state.engine.entries.push_back(third);
    press(&mut state, "t t f");
    assert!(says(&state).contains("live"));
    if let Some(entry) = state.engine.entries.back_mut() {
        entry.previous = Digest::of(["forged"]);
    }
    let told = says(&state);
    assert!(told.contains("CHAIN BROKEN between 2 and 3"), "{told}");
}

#[test]
fn a_wide_board_has_the_votes_on_the_release() {
    let mut state = sized(160, 45);
    add_release(&mut state);
    on(&mut state, "api", "staging");
    // Staging asks for no sign-off of its own.
    let told = told(&view(&state).side);
    assert!(told.contains("GO / NO-GO 0/1 2026.47"), "{told}");
    assert!(told.contains("qa: alice"), "{told}");
}

#[test]
fn what_was_handed_over_and_not_taken_is_told() {
    let mut state = sized(100, 30);
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    ledger.handover = Some(Handover {
        id: "ho-d4yzg".into(),
        by: "alice".into(),
        at: now(),
        items: Vec::new(),
        remark: String::new(),
        accepted: None,
    });
    press(&mut state, "T");
    let told = dialog(&state);
    assert!(
        told.contains("ho-d4yzg") && told.contains("not taken over"),
        "{told}"
    );
    assert!(told.contains("gonogo handover give"), "{told}");
}

#[test]
fn read_only_dialogs_say_so_whatever_is_typed() {
    let mut state = sized(100, 30);
    state.engine.read_only = true;
    on(&mut state, "api", "production");
    press(&mut state, "H");
    let told = dialog(&state);
    assert!(
        told.contains("Hold  (no: read-only") || told.contains("Hold   (no: read-only"),
        "{told}"
    );
    assert!(!told.contains("a reason is required"), "{told}");
}

#[test]
fn the_promote_dialog_says_how_long_it_takes_and_which_key_goes_back() {
    let mut state = sized(100, 30);
    on(&mut state, "api", "production");
    press(&mut state, "P");
    let told = dialog(&state);
    assert!(told.contains("TAKES"), "{told}");
    assert!(told.contains("B rolls back to"), "{told}");
    let column = |label: &str| {
        let line = told.lines().find(|line| line.starts_with(label));
        line.and_then(|line| line.find('[')).expect("a field")
    };
    assert_eq!(column("reason"), column("type production"), "{told}");
}

#[test]
fn a_freeze_ahead_stands_in_a_wide_header_beside_the_clock() {
    let mut state = sized(200, 60);
    let span = crate::domain::window::Span::Once {
        from: jiff::civil::date(2026, 11, 21).at(17, 20, 0, 0),
        to: jiff::civil::date(2026, 11, 21).at(23, 0, 0, 0),
    };
    policy(&mut state).windows = vec![crate::domain::window::Window {
        name: "year-end".to_owned(),
        effect: crate::domain::window::WindowEffect::Deny,
        span,
        zone: jiff::tz::TimeZone::UTC,
        zone_name: "UTC".to_owned(),
        environments: Vec::new(),
        services: Vec::new(),
        reason: Some("quarter end".to_owned()),
    }];
    let view = view(&state);
    let header = header(&view);
    assert!(
        header.contains("next freeze 17:20Z \"quarter end\""),
        "{header}"
    );
    assert!(header.contains("14:20:00Z"), "{header}");
    assert!(header.contains("qa"), "{header}");
    let side = told(&view.side);
    assert!(side.contains("freeze begins: quarter end"), "{side}");
}

#[test]
fn the_reason_of_a_freeze_is_told_whole_where_columns_are_free() {
    let mut state = sized(200, 60);
    let reason = "the quarter ends, and finance closes its books until monday";
    let span = crate::domain::window::Span::Once {
        from: jiff::civil::date(2026, 11, 21).at(17, 20, 0, 0),
        to: jiff::civil::date(2026, 11, 21).at(23, 0, 0, 0),
    };
    policy(&mut state).windows = vec![crate::domain::window::Window {
        name: "year-end".to_owned(),
        effect: crate::domain::window::WindowEffect::Deny,
        span,
        zone: jiff::tz::TimeZone::UTC,
        zone_name: "UTC".to_owned(),
        environments: Vec::new(),
        services: Vec::new(),
        reason: Some(reason.to_owned()),
    }];
    let header = header(&view(&state));
    assert!(header.contains(reason), "{header}");
}

#[test]
fn the_panel_of_what_is_in_flight_says_that_others_wait_for_approval() {
    let mut state = sized(160, 45);
    running(&mut state, "api", "production");
    with_cell(&mut state.engine.board, "api", "production", |cell| {
        let flight = cell.in_flight.as_mut().expect("in flight");
        flight.phase = Phase::Gated;
    });
    state.interface.tally = None;
    press(&mut state, "j k");
    let side = told(&view(&state).side);
    assert!(side.contains("nothing, 1 waits for approval (5)"), "{side}");
}

#[test]
fn a_held_row_tells_when_its_hold_ends_or_who_may_lift_it() {
    use crate::domain::gate::Earliest;
    let mut state = sized(200, 60);
    hold(&mut state, "h-1", "api", "production");
    on(&mut state, "api", "production");
    for (earliest, told) in [
        (
            Earliest::NeedsPerson {
                gate: "hold".into(),
                who: "any operator".to_owned(),
            },
            "hold: any operator",
        ),
        (
            Earliest::At {
                at: "2026-11-21T15:00:00Z".parse().expect("a timestamp"),
                gate: "hold".into(),
            },
            "15:00Z (hold)",
        ),
    ] {
        with_cell(&mut state.engine.board, "api", "production", |cell| {
            cell.judgement.earliest = earliest.clone();
        });
        let view = view(&state);
        let board = view.main.first().expect("the board");
        let Content::Table(table) = &board.content else {
            panic!("no table");
        };
        let has = |row: &Row| match row {
            Row::Entries { cells, .. } => cells.last().is_some_and(|cell| text(&cell.head) == told),
            Row::Heading(_) => false,
        };
        assert!(table.rows.iter().any(has), "{told}");
    }
}

#[test]
fn a_dialog_of_several_uses_the_width_and_tells_the_way_back_once() {
    let mut state = sized(140, 40);
    on(&mut state, "api", "production");
    press(&mut state, "* P");
    let told = dialog(&state);
    assert!(told.contains("COMMITS  RISK"), "{told}");
    assert_eq!(
        told.matches("rolls back, one at a time").count(),
        1,
        "{told}"
    );
    let view = view(&state);
    let top = view.over.last().expect("a dialog");
    assert!(top.width > 96, "{}", top.width);
    // What is asked for stays in sight: nothing is left of it among what moves.
    assert!(
        top.fields
            .iter()
            .map(text)
            .any(|line| line.starts_with("reason"))
    );
}

#[test]
fn what_the_journal_knows_to_be_in_flight_stays_told_when_the_facts_are_too_old() {
    for (columns, unsettled, told) in [
        (160, false, "RUN bob STALE"),
        (80, false, "RUN bob ?"),
        (160, true, "UNKNOWN bob STALE"),
    ] {
        let mut state = sized(columns, 40);
        running(&mut state, "web", "production");
        with_cell(&mut state.engine.board, "web", "production", |cell| {
            let flight = cell.in_flight.as_mut().expect("a flight");
            flight.intent = Some("gng-1".into());
            flight.unsettled = unsettled;
        });
        on(&mut state, "web", "production");
        stale(&mut state, "web");
        state.interface.tally = None;
        press(&mut state, "j k");
        let view = view(&state);
        let drawn = entries(&view.main);
        let line = drawn.lines().find(|line| line.contains(told));
        assert!(line.is_some(), "{drawn}");
        let counts = header(&view);
        let counted = if unsettled { "1 unknown" } else { "1 run" };
        assert!(counts.contains(counted), "{counts}");
        assert!(!counts.contains("stale"), "{counts}");
    }
}

#[test]
fn what_only_the_forge_had_under_way_is_not_believed_when_the_facts_are_too_old() {
    let mut state = sized(160, 40);
    running(&mut state, "web", "production");
    on(&mut state, "web", "production");
    stale(&mut state, "web");
    state.interface.tally = None;
    press(&mut state, "j k");
    let view = view(&state);
    assert!(entries(&view.main).contains("STALE: no act"));
    assert!(header(&view).contains("1 stale"), "{}", header(&view));
}

#[test]
fn the_tour_is_seen_in_a_dialog_that_covers_its_line() {
    for (columns, rows, inside) in [(80, 24, true), (120, 60, false)] {
        let mut state = sized(columns, rows);
        on(&mut state, "api", "production");
        state.interface.tour = Some(tour::Step::Promote);
        press(&mut state, "P");
        let told = dialog(&state);
        assert_eq!(
            told.contains("tour 2/5: it rests on Cancel"),
            inside,
            "{told}"
        );
        press(&mut state, "w e e k l y tab");
        let told = dialog(&state);
        assert_eq!(
            told.contains("type the environment's name"),
            inside,
            "{told}"
        );
    }
}

#[test]
fn board_and_status_call_a_revision_by_one_name() {
    let mut state = sized(160, 40);
    with_cell(&mut state.engine.board, "api", "production", |cell| {
        let candidate = cell.candidate.as_mut().expect("a candidate");
        candidate.version = Some("v1.9.0".to_owned());
    });
    let label = |state: &State, environment: &str| {
        let row = state.engine.board.row(&"api".into()).expect("a row");
        let cell = row.cell(&environment.into()).expect("a cell");
        CellStatus::of(&state.engine, row, cell, state.now).label
    };
    let drawn = entries(&view(&state).main);
    assert!(drawn.contains("v1.9.0 ✓ OK"), "{drawn}");
    assert_eq!(label(&state, "staging").as_deref(), Some("v1.9.0"));
    // Of what failed to replace it, both tell that.
    with_cell(&mut state.engine.board, "api", "staging", |cell| {
        cell.failed = Some(Revision {
            sha: Sha::from("7".repeat(40)),
            version: Some("v2.0.0".to_owned()),
        });
    });
    let drawn = entries(&view(&state).main);
    assert!(drawn.contains("v2.0.0 ✗ FAIL"), "{drawn}");
    assert_eq!(label(&state, "staging").as_deref(), Some("v2.0.0"));
}
