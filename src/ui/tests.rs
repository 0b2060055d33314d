//! Snapshots of the screens: the text, and below it the tones, one letter a cell.

use super::*;
use crate::app::interface::overview::Overview;
use crate::app::state::State;
use crate::app::view::{scenes, view};

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 36), (200, 60)];

fn picture(state: &State) -> String {
    let (columns, rows) = (state.interface.columns, state.interface.rows);
    let view = view(state);
    render_to_string(&view, columns, rows, &Theme::mono())
}

fn both(state: &State) -> String {
    let (columns, rows) = (state.interface.columns, state.interface.rows);
    let tones = render_tones(&view(state), columns, rows);
    format!("{}\n=== tones ===\n{tones}", picture(state))
}

fn at_every_size(name: &str, scene: impl Fn(u16, u16) -> State) {
    for (columns, rows) in SIZES {
        insta::assert_snapshot!(
            format!("{name}_{columns}x{rows}"),
            both(&scene(columns, rows))
        );
    }
}

#[test]
fn a_calm_board() {
    at_every_size("calm", scenes::calm);
}

#[test]
fn a_busy_board() {
    at_every_size("busy", scenes::busy);
}

#[test]
fn a_board_with_a_hold() {
    at_every_size("held", scenes::held);
}

#[test]
fn a_stale_board() {
    at_every_size("stale", scenes::stale);
}

#[test]
fn a_board_without_a_token() {
    at_every_size("no_token", scenes::no_token);
}

#[test]
fn a_board_whose_forge_is_down() {
    at_every_size("forge_down", scenes::forge_down);
}

#[test]
fn the_first_load_says_what_is_read() {
    at_every_size("first_load", scenes::first_load);
}

#[test]
fn a_log_that_runs() {
    at_every_size("log_live", scenes::logs::live);
}

#[test]
fn a_log_that_failed() {
    at_every_size("log_failed", scenes::logs::failed);
}

#[test]
fn a_log_that_is_not_there_yet() {
    at_every_size("log_not_yet", scenes::logs::not_yet);
}

#[test]
fn the_holds() {
    at_every_size("holds", scenes::dialogs::holds);
}

#[test]
fn one_forge() {
    at_every_size("forge", scenes::dialogs::forge);
    at_every_size("forge_trouble", scenes::dialogs::forge_in_trouble);
}

#[test]
fn no_forge_is_missing_from_a_narrow_header() {
    let mut state = scenes::busy(80, 24);
    let well = state.engine.forges.values().next().cloned();
    for name in ["gitlab", "forgejo"] {
        state
            .engine
            .forges
            .extend(well.clone().map(|well| (name.into(), well)));
    }
    let header = |state: &State| picture(state).lines().take(2).collect::<String>();
    let told = header(&state);
    assert!(told.contains("  3 forges 6s  !"), "{told}");
    let down = scenes::forge_down(80, 24);
    let down = down.engine.forges.into_values().next();
    state
        .engine
        .forges
        .extend(down.map(|down| ("gitlab".into(), down)));
    let told = header(&state);
    assert!(
        told.contains("gl ✗ 4m") && told.contains("2 forges 6s"),
        "{told}"
    );
}

#[test]
fn what_moves_is_in_flight_whatever_the_filter_shows() {
    let mut state = scenes::busy(200, 60);
    state.interface.filter = "ledger".into();
    let (engine, interface) = (&mut state.engine, &mut state.interface);
    interface.refresh(engine, &[], state.now);
    assert_eq!(interface.order.len(), 1);
    let shown = picture(&state);
    assert!(shown.contains("▸ fraud-ml prod"), "{shown}");
}

#[test]
fn every_dialog() {
    use crate::app::interface::DetailTab;
    use scenes::dialogs;
    let all = vec![
        ("promote", dialogs::promote(80, 24)),
        ("promote_armed", dialogs::promote_armed(80, 24)),
        ("promote_several", dialogs::promote_several(80, 24)),
        ("promote_refused", dialogs::promote_refused(80, 24)),
        ("hold", dialogs::hold(80, 24)),
        ("hold_existing", dialogs::hold_existing(80, 24)),
        ("hold_edit", dialogs::hold_edit(80, 24)),
        ("bind", dialogs::bind(80, 24)),
        ("vote", dialogs::vote(80, 24)),
        ("add_gate", dialogs::add_gate(80, 24)),
        ("open_gate", dialogs::open_gate(80, 24)),
        ("confirm", dialogs::confirm(80, 24)),
        ("quit", dialogs::quit(80, 24)),
        ("help", dialogs::help(80, 24)),
        ("palette", dialogs::palette(80, 24)),
        ("errors", dialogs::errors(80, 24)),
        ("messages", dialogs::messages(80, 24)),
        ("filter", dialogs::filter(80, 24)),
    ];
    for (name, state) in all {
        insta::assert_snapshot!(format!("dialog_{name}"), both(&state));
    }
    for (name, tab) in [
        ("gates", DetailTab::Gates),
        ("scope", DetailTab::Scope),
        ("deployments", DetailTab::Deployments),
        ("pipeline", DetailTab::Pipeline),
        ("pull_requests", DetailTab::PullRequests),
        ("lane", DetailTab::Lane),
    ] {
        let small = dialogs::detail(tab, 80, 24);
        insta::assert_snapshot!(format!("detail_{name}_80x24"), both(&small));
    }
    insta::assert_snapshot!(
        "detail_gates_200x60",
        both(&dialogs::detail(DetailTab::Gates, 200, 60))
    );
    insta::assert_snapshot!(
        "detail_gates_40x10",
        both(&dialogs::detail(DetailTab::Gates, 40, 10))
    );
    for (columns, rows) in [(80, 24), (160, 45)] {
        let state = dialogs::timeline(columns, rows);
        insta::assert_snapshot!(format!("timeline_{columns}x{rows}"), both(&state));
    }
    for (name, overview) in [
        ("runs", Overview::Runs),
        ("requests", Overview::PullRequests),
        ("tasks", Overview::Tasks),
    ] {
        for (columns, rows) in [(60, 12), (80, 24), (160, 45)] {
            let state = dialogs::overview(overview, columns, rows);
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), both(&state));
        }
    }
}

#[test]
fn a_large_batch_warns_and_what_is_live_is_traced() {
    use scenes::batches;
    for (columns, rows) in [(80, 24), (120, 36)] {
        let state = batches::large(columns, rows);
        insta::assert_snapshot!(format!("large_scope_{columns}x{rows}"), both(&state));
    }
    let dialog = batches::promote_large(80, 24);
    insta::assert_snapshot!("large_promote_80x24", both(&dialog));
    insta::assert_snapshot!("traced_80x24", both(&batches::traced(80, 24)));
    for mut ascii in [batches::large(80, 24), batches::traced(80, 24)] {
        ascii.interface.ascii = true;
        let text = picture(&ascii);
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn the_go_no_go_of_a_release() {
    use scenes::releases;
    for (columns, rows) in [(40, 10), (80, 24), (120, 36)] {
        let scene = releases::divided(columns, rows);
        insta::assert_snapshot!(format!("release_divided_{columns}x{rows}"), both(&scene));
    }
    insta::assert_snapshot!("release_running_80x24", both(&releases::running(80, 24)));
    for (columns, rows) in [(80, 24), (120, 40), (200, 50)] {
        for (name, scene) in [
            ("ready", releases::ready as fn(u16, u16) -> State),
            ("plan", releases::plan),
            ("second_wave", releases::second_wave),
            ("stopped", releases::stopped),
            ("shipped", releases::shipped),
        ] {
            let text = both(&scene(columns, rows));
            insta::assert_snapshot!(format!("release_{name}_{columns}x{rows}"), text);
        }
    }
    insta::assert_snapshot!("release_vote_80x24", both(&releases::vote(80, 24)));
    insta::assert_snapshot!("release_start_80x24", both(&releases::start(80, 24)));
    let mut ascii = releases::divided(80, 24);
    ascii.interface.ascii = true;
    let text = picture(&ascii);
    assert!(text.is_ascii(), "{text}");
}

#[test]
fn ascii_mode_draws_nothing_but_ascii_for_its_own_signs() {
    let mut state = scenes::dialogs::promote(120, 36);
    state.interface.ascii = true;
    let text = picture(&state).replace("push-日本", "");
    let strange: Vec<char> = text
        .chars()
        .filter(|character| !character.is_ascii())
        .collect();
    assert!(strange.is_empty(), "{strange:?}\n{text}");
}

#[test]
fn loud_states_are_said_in_words() {
    let mut state = scenes::calm(80, 24);
    state.engine.read_only = true;
    state.engine.offline = true;
    let text = picture(&state);
    assert!(
        text.contains("READ-ONLY") && text.contains("OFFLINE"),
        "{text}"
    );
    let text = picture(&scenes::forge_down(80, 24));
    assert!(text.contains("JOURNAL UNREACHABLE"), "{text}");
}

/// No word of a stale board may claim that something is good or may go.
#[test]
fn a_stale_board_never_looks_good() {
    for (columns, rows) in SIZES {
        let text = picture(&scenes::stale(columns, rows));
        let rows: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("gateway ") && !line.contains(" > prod"))
            .collect();
        assert!(!rows.is_empty(), "{text}");
        for claim in ["OK", "READY", "5/5 OPEN", "6/6 OPEN"] {
            assert!(rows.iter().all(|row| !row.contains(claim)), "{text}");
        }
        assert!(!text.contains("6/6 OPEN"), "{text}");
    }
}

#[test]
fn every_size_can_be_drawn() {
    let mut states = vec![
        scenes::held(80, 24),
        scenes::dialogs::promote_several(80, 24),
        scenes::dialogs::detail(crate::app::interface::DetailTab::Gates, 80, 24),
        scenes::dialogs::timeline(80, 24),
        scenes::dialogs::overview(Overview::Runs, 80, 24),
        scenes::dialogs::overview(Overview::Tasks, 80, 24),
        scenes::dialogs::holds(80, 24),
        scenes::dialogs::forge_in_trouble(80, 24),
        scenes::logs::failed(80, 24),
        scenes::logs::live(80, 24),
    ];
    for columns in (1..130).step_by(7) {
        for rows in (1..50).step_by(5) {
            for state in &mut states {
                (state.interface.columns, state.interface.rows) = (columns, rows);
                assert_eq!(picture(state).lines().count(), usize::from(rows));
            }
        }
    }
}

/// The cursor's row is drawn wherever the offset is, headings or not.
#[test]
fn the_cursor_is_always_seen() {
    for rows in [14, 24, 36, 45] {
        let mut state = scenes::many(100, 80, rows);
        for (place, offset) in [(0, 0), (99, 0), (50, 90), (50, 10), (3, 97)] {
            let name = state.interface.order[place].clone();
            scenes::select(&mut state, name.as_str(), "prod");
            state.interface.offset = offset;
            let text = picture(&state);
            let seen = text
                .lines()
                .any(|line| line.starts_with('>') && line.contains(name.as_str()));
            assert!(seen, "{name} at {offset} with {rows} rows\n{text}");
        }
    }
}

/// A picture of 500 services builds as few rows as one of 100.
#[test]
fn only_the_rows_that_are_seen_are_built() {
    use crate::app::view::panel::Content;
    use crate::app::view::tally::{Names, Tally, standing};
    let rows = |services| {
        let mut state = scenes::many(services, 80, 24);
        let engine = &state.engine;
        let rows = engine.board.rows.iter();
        let standings = rows.map(|row| standing(row, &engine.policy, state.now));
        let names = Names::of(&engine.board, &engine.policy);
        state.interface.tally = Some(Tally::of(&engine.board, names, standings));
        let view = view(&state);
        match &view.main.first().unwrap().content {
            Content::Table(table) => table.rows.len(),
            Content::Lines(lines) => lines.len(),
        }
    };
    assert_eq!(rows(100), rows(500));
    assert!(rows(100) <= 24);
}

#[test]
fn a_title_is_not_as_dim_as_the_line_that_it_stands_on() {
    use crate::app::view::line::{Line, Tone};
    use crate::app::view::panel::Bar;
    for theme in [Theme::dark(), Theme::light(), Theme::mono()] {
        let area = ratatui::layout::Rect::new(0, 0, 20, 1);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        let mut pen = text::Pen::new(&mut buffer, &theme, false);
        let title = Bar::default().left(0, Line::of(Tone::Strong, "search"));
        bar::title(&mut pen, area, &title);
        let mut alone = ratatui::buffer::Buffer::empty(area);
        let mut pen = text::Pen::new(&mut alone, &theme, false);
        pen.line(2, 0, 10, &Line::of(Tone::Strong, "search"));
        assert_eq!(buffer[(2, 0)], alone[(2, 0)]);
    }
}

#[test]
fn a_row_that_failed_says_so_in_the_peek() {
    let mut state = scenes::busy(80, 24);
    // The failure is in dev; the cursor is on what would have been promoted from there.
    for environment in ["dev", "prod"] {
        scenes::select(&mut state, "ledger", environment);
        let text = picture(&state);
        assert!(text.contains("✗ FAIL 3.8.2 in dev"), "{text}");
    }
}

#[test]
fn a_candidate_that_is_older_than_what_is_live_says_so() {
    use crate::domain::scope::Relation;
    let mut state = scenes::calm(80, 24);
    let row = &mut state.engine.board.rows[0];
    assert_eq!(row.service.name.as_str(), "api-gateway");
    for fact in row.scopes.values_mut() {
        let mut scope = fact.value().unwrap().clone();
        scope.relation = Relation::Behind;
        *fact = crate::domain::observed::Fact::observed(scope, scenes::ago(6));
    }
    let text = picture(&state);
    let said = "! 2.41.0 is OLDER than 2.40.3, which is live: it would go back";
    assert!(text.contains(said), "{text}");
    assert!(text.contains("old ◆ READY"), "{text}");
}

#[test]
fn a_forge_that_was_silent_for_long_is_not_shown_as_well() {
    let mut state = scenes::stale(160, 45);
    for forge in state.engine.forges.values_mut() {
        assert!(forge.fault.is_none());
    }
    let text = picture(&state);
    assert!(text.contains("gh ? STALE 4m"), "{text}");
    assert!(!text.contains("gh ✓ OK"), "{text}");
}

#[test]
fn a_forge_in_trouble_is_not_left_out_of_a_full_header() {
    let mut state = scenes::busy(80, 24);
    let down = scenes::forge_down(80, 24);
    state.engine.forges = down.engine.forges.clone();
    for forge in state.engine.forges.values_mut() {
        forge.budget.remaining = Some(4_112_000_000_000);
    }
    let problem = down.interface.problems[0].clone();
    state.interface.problems = vec![problem; 1_000];
    let text = picture(&state);
    let second = text.lines().nth(1).unwrap();
    assert!(second.contains("gh ✗"), "{second}");
    assert!(!second.contains("errors"), "it was full: {second}");
}
