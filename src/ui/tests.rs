//! Snapshots of the screens: the text, and below it the tones, one letter a cell.

use std::collections::BTreeSet;

use super::*;
use crate::app::interface::harness::{hold, top};
use crate::app::interface::overview::Overview;
use crate::app::interface::{DetailTab, Screen};
use crate::app::state::State;
use crate::app::view::scenes::{dialogs, panes, releases};
use crate::app::view::{scenes, view};

pub(super) const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 36), (200, 60)];

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

pub(super) type Scene = fn(u16, u16) -> State;

/// Every screen, over scenes that differ: at each size.
pub(super) const SCREENS: &[(&str, Scene)] = &[
    ("calm", scenes::calm),
    ("busy", scenes::busy),
    ("held", scenes::held),
    ("asking", scenes::asking),
    ("stale", scenes::stale),
    ("no_token", scenes::no_token),
    ("forge_down", scenes::forge_down),
    ("first_load", scenes::first_load),
    ("detail_gates", |c, r| {
        dialogs::detail(DetailTab::Gates, c, r)
    }),
    ("detail_scope", |c, r| {
        dialogs::detail(DetailTab::Scope, c, r)
    }),
    ("detail_deployments", |c, r| {
        dialogs::detail(DetailTab::Deployments, c, r)
    }),
    ("detail_pipeline", |c, r| {
        dialogs::detail(DetailTab::Pipeline, c, r)
    }),
    ("detail_pull_requests", |c, r| {
        dialogs::detail(DetailTab::PullRequests, c, r)
    }),
    ("detail_lane", |c, r| dialogs::detail(DetailTab::Lane, c, r)),
    ("large_scope", scenes::batches::large),
    ("traced", scenes::batches::traced),
    ("log_live", scenes::logs::live),
    ("log_failed", scenes::logs::failed),
    ("log_not_yet", scenes::logs::not_yet),
    ("release_none", panes::no_release),
    ("release_divided", releases::divided),
    ("release_ready", releases::ready),
    ("release_plan", releases::plan),
    ("release_running", releases::running),
    ("release_second_wave", releases::second_wave),
    ("release_stopped", releases::stopped),
    ("release_shipped", releases::shipped),
    ("release_dropped", releases::dropped),
    ("release_shipped_plan", releases::shipped_plan),
    ("timeline", dialogs::timeline),
    ("timeline_unfolded", panes::timeline_unfolded),
    ("timeline_filtered", panes::timeline_filtered),
    ("runs", |c, r| dialogs::overview(Overview::Runs, c, r)),
    ("requests", |c, r| {
        dialogs::overview(Overview::PullRequests, c, r)
    }),
    ("tasks", |c, r| dialogs::overview(Overview::Tasks, c, r)),
    ("holds", dialogs::holds),
    ("forge", dialogs::forge),
    ("forge_trouble", dialogs::forge_in_trouble),
];

/// Where all of it has room: what is in flight has its log beside the board.
const WIDEST: &[(&str, Scene)] = &[
    ("beside", scenes::logs::beside),
    ("beside_keys", scenes::logs::beside_with_keys),
    ("beside_not_yet", scenes::logs::beside_not_yet),
    ("asking", scenes::asking),
];

const WIDE: (u16, u16) = (160, 45);

/// Everything that lies over a screen: at 80x24, the size that all of it must fit.
pub(super) const DIALOGS: &[(&str, Scene)] = &[
    ("promote", dialogs::promote),
    ("promote_armed", dialogs::promote_armed),
    ("promote_several", dialogs::promote_several),
    ("promote_refused", dialogs::promote_refused),
    ("promote_large", scenes::batches::promote_large),
    ("promote_frozen", panes::promote_frozen),
    ("approve", panes::approve),
    ("rollback", panes::rollback),
    ("hold", dialogs::hold),
    ("hold_existing", dialogs::hold_existing),
    ("hold_edit", dialogs::hold_edit),
    ("bind", dialogs::bind),
    ("undo", panes::undo),
    ("vote", dialogs::vote),
    ("withdraw", panes::withdraw),
    ("add_gate", dialogs::add_gate),
    ("open_gate", dialogs::open_gate),
    ("override", panes::override_),
    ("confirm", dialogs::confirm),
    ("release_vote", releases::vote),
    ("release_start", releases::start),
    ("release_drop", releases::drop),
    ("release_restore", releases::restore),
    ("release_resume", panes::resume),
    ("release_cancel", panes::end),
    ("handover", panes::handover),
    ("takeover", panes::takeover),
    ("custom", panes::custom),
    ("output_running", panes::output_running),
    ("output", panes::output),
    ("quit", dialogs::quit),
    ("help", dialogs::help),
    ("help_of_log", panes::help_of_log),
    ("palette", dialogs::palette),
    ("palette_own", panes::palette_own),
    ("palette_cells", panes::palette_cells),
    ("views", panes::views),
    ("columns", panes::columns_),
    ("columns_of_runs", panes::columns_of_runs),
    ("columns_of_timeline", panes::columns_of_timeline),
    ("changes", panes::changes),
    ("errors", dialogs::errors),
    ("messages", dialogs::messages),
    ("filter", dialogs::filter),
    ("filter_of_runs", panes::filter_of_runs),
    ("filter_of_requests", panes::filter_of_requests),
    ("search", panes::search),
];

fn of_screen(name: &str, (columns, rows): (u16, u16)) -> String {
    format!("{name}_{columns}x{rows}")
}

#[test]
fn every_screen_at_every_size() {
    for (name, scene) in SCREENS {
        for (columns, rows) in SIZES {
            let text = both(&scene(columns, rows));
            insta::assert_snapshot!(of_screen(name, (columns, rows)), text);
        }
    }
}

#[test]
fn the_widest_board() {
    for (name, scene) in WIDEST {
        let text = both(&scene(WIDE.0, WIDE.1));
        insta::assert_snapshot!(of_screen(name, WIDE), text);
    }
}

#[test]
fn every_dialog() {
    for (name, scene) in DIALOGS {
        insta::assert_snapshot!(format!("dialog_{name}"), both(&scene(80, 24)));
    }
}

/// The name of what fills the screen. Whoever adds to these adds to `PLACES`.
fn place(state: &State) -> &'static str {
    match (&state.interface.screen, state.interface.overview()) {
        (Screen::Board, _) => "board",
        (Screen::Release, _) if state.interface.release_plan => "plan",
        (Screen::Release, _) => "release",
        (Screen::Forge(_), _) => "forge",
        (Screen::Timeline | Screen::Pipelines | Screen::Tasks | Screen::Holds, overview) => {
            match overview {
                Some(Overview::Runs) | None => "runs",
                Some(Overview::PullRequests) => "requests",
                Some(Overview::Tasks) => "tasks",
                Some(Overview::Holds) => "holds",
                Some(Overview::Timeline) => "timeline",
            }
        }
        (Screen::Detail(_), _) => match state.interface.tab {
            DetailTab::Gates => "gates",
            DetailTab::Scope => "scope",
            DetailTab::Deployments => "deployments",
            DetailTab::Pipeline => "pipeline",
            DetailTab::PullRequests => "pull requests",
            DetailTab::Log => "log",
            DetailTab::Lane => "lane",
        },
    }
}

const PLACES: [&str; 16] = [
    "board",
    "timeline",
    "plan",
    "release",
    "forge",
    "runs",
    "requests",
    "tasks",
    "holds",
    "gates",
    "scope",
    "deployments",
    "pipeline",
    "pull requests",
    "log",
    "lane",
];

/// What can lie over a screen, by `harness::top`.
const OVERLAYS: [&str; 18] = [
    "help", "errors", "messages", "changes", "filter", "search", "palette", "columns", "promote",
    "hold", "bind", "gates", "override", "confirm", "release", "handover", "custom", "output",
];

#[test]
fn no_screen_no_dialog_and_no_size_is_without_its_picture() {
    let seen: BTreeSet<&str> = SCREENS
        .iter()
        .map(|(_, scene)| place(&scene(80, 24)))
        .collect();
    assert_eq!(seen, BTreeSet::from(PLACES));
    let over: BTreeSet<&str> = DIALOGS
        .iter()
        .map(|(_, scene)| top(&scene(80, 24)))
        .collect();
    let mut known = BTreeSet::from(OVERLAYS);
    known.insert("quit");
    assert_eq!(over, known);
    // Beside the pictures that there are, none is left over from what is gone.
    let screens = SCREENS
        .iter()
        .flat_map(|(name, _)| SIZES.map(|size| of_screen(name, size)));
    let dialogs = DIALOGS.iter().map(|(name, _)| format!("dialog_{name}"));
    let widest = WIDEST.iter().map(|(name, _)| of_screen(name, WIDE));
    let wanted: BTreeSet<String> = screens
        .chain(dialogs)
        .chain(widest)
        .map(|name| format!("gonogo__ui__tests__{name}.snap"))
        .collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ui/snapshots");
    let files = std::fs::read_dir(folder).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| std::path::Path::new(name).extension() == Some("snap".as_ref()))
        .collect();
    let missing: Vec<_> = wanted.difference(&files).collect();
    let left_over: Vec<_> = files.difference(&wanted).collect();
    assert_eq!((missing, left_over), (Vec::new(), Vec::new()));
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
fn ascii_draws_scopes_and_releases_too() {
    for scene in [
        scenes::batches::large,
        scenes::batches::traced,
        releases::divided,
    ] {
        let mut ascii = scene(80, 24);
        ascii.interface.ascii = true;
        let text = picture(&ascii);
        assert!(text.is_ascii(), "{text}");
    }
}

/// What is under way changes its sign as ages tick, where that is wanted, and nothing else moves.
#[test]
fn only_what_is_under_way_moves_and_not_where_nobody_wants_that() {
    let mut state = scenes::busy(80, 24);
    let later = |state: &mut State| {
        state.now += jiff::SignedDuration::from_secs(1);
        picture(state)
    };
    assert!(!later(&mut state).contains('▹'));
    state.interface.motion = true;
    let one = picture(&state);
    let other = later(&mut state);
    assert_ne!(one.contains('▹'), other.contains('▹'));
    state.interface.ascii = true;
    assert!(!picture(&state).contains('▹'));
}

/// The timeline is history: nothing of it blinks, whatever it began.
#[test]
fn nothing_of_the_timeline_moves() {
    let mut state = scenes::busy(200, 60);
    for cell in state
        .engine
        .board
        .rows
        .iter_mut()
        .flat_map(|row| &mut row.cells)
    {
        cell.in_flight = None;
    }
    state.interface.motion = true;
    for screen in [Screen::Board, Screen::Timeline] {
        state.interface.screen = screen;
        for _ in 0..2 {
            state.now += jiff::SignedDuration::from_secs(1);
            let told = picture(&state);
            assert!(told.contains("PROMOTE") && !told.contains('▹'), "{told}");
        }
    }
}

/// Board, status and plain lines say the same of what failed its verification, and it stands where
/// somebody is needed.
#[test]
fn what_failed_its_verification_is_unfit_wherever_it_is_told() {
    use crate::app::status::CellStatus;
    use crate::domain::ids::{EnvironmentName, ServiceName};
    use crate::domain::verification::Standing;
    let mut state = scenes::calm(120, 36);
    let service = ServiceName::from("notify");
    let environment = EnvironmentName::from("prod");
    let mut rows = state.engine.board.rows.iter_mut();
    let row = rows.find(|row| row.service.name == service).unwrap();
    let mut cells = row.cells.iter_mut();
    let cell = cells.find(|cell| cell.environment == environment).unwrap();
    cell.verification = Standing::Failed {
        why: "errors 5 %".to_owned(),
    };
    scenes::order(&mut state);
    assert_eq!(state.interface.order.first(), Some(&service));
    let told = picture(&state);
    for said in ["1 unfit", "-- unfit --", "! UNFIT"] {
        assert!(told.contains(said), "{said}:\n{told}");
    }
    let status = CellStatus::find(&state.engine, &service, &environment, state.now).unwrap();
    assert_eq!(status.state, "unfit");
    let mut lines = crate::app::plain::Plain::default();
    let said = lines.news(&state.engine, &[], state.now).join("\n");
    assert!(said.contains(" unfit"), "{said}");
}

#[test]
fn ascii_mode_draws_nothing_but_ascii_for_its_own_signs() {
    let mut state = scenes::dialogs::promote(120, 36);
    state.interface.ascii = true;
    let text = picture(&state).replace("push-日本", "").replace("日本", "");
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
fn a_hold_whose_time_is_up_asks_wherever_it_is_told() {
    for (columns, rows) in [(80, 24), (160, 45)] {
        let board = picture(&scenes::asking(columns, rows));
        assert!(board.contains("■ ASKS carol"), "{board}");
        let list = picture(&dialogs::holds(columns, rows));
        let line = list.lines().find(|line| line.contains("search > prod"));
        assert!(
            line.is_some_and(|line| line.contains("■ ASKS") && line.contains("asks since 14:16Z")),
            "{list}"
        );
    }
}

#[test]
fn the_timeline_tells_at_80_columns_by_which_way_it_came() {
    let text = picture(&dialogs::timeline(80, 24));
    let title = text.lines().find(|line| line.contains("TIME UTC"));
    assert!(
        title.is_some_and(|title| title.contains("HOW") && title.contains("WHY")),
        "{text}"
    );
    for sign in ["▸ accepted", "✓ OK", "! seen"] {
        assert!(text.contains(sign), "{sign}: {text}");
    }
}

/// The journal knows who holds it, however old what the forge said is.
#[test]
fn a_stale_row_keeps_the_sign_of_its_hold() {
    for (columns, rows) in [(80, 24), (120, 36)] {
        let mut state = scenes::stale(columns, rows);
        hold(&mut state, "h-1", "billing", "prod");
        state.interface.tally = None;
        let text = picture(&state);
        assert!(text.contains("1 held"), "{text}");
        let held = text.lines().filter(|line| line.contains("HELD carol"));
        assert_eq!(held.count(), 1, "{text}");
    }
}

#[test]
fn every_size_can_be_drawn() {
    let screens = SCREENS.iter().filter(|(name, _)| {
        // One of each kind: what differs is the kind.
        ![
            "calm",
            "busy",
            "stale",
            "no_token",
            "release_ready",
            "forge",
        ]
        .contains(name)
    });
    let dialogs = DIALOGS.iter().step_by(3);
    let mut states: Vec<State> = screens
        .chain(dialogs)
        .map(|(_, scene)| scene(80, 24))
        .collect();
    for columns in (1..130).step_by(16) {
        for rows in (1..50).step_by(7) {
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
        let mut titled = canvas::Rows::blank(area.as_size());
        let mut pen = text::Pen::new(&mut titled, &theme, false);
        let title = Bar::default().left(0, Line::of(Tone::Strong, "search"));
        bar::title(&mut pen, area, &title);
        let mut alone = canvas::Rows::blank(area.as_size());
        let mut pen = text::Pen::new(&mut alone, &theme, false);
        pen.line(2, 0, 10, &Line::of(Tone::Strong, "search"));
        assert_eq!(titled.painted[0][(2, 0)], alone.painted[0][(2, 0)]);
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

#[test]
fn however_small_the_countdown_comes_first_and_the_size_that_is_needed_stays() {
    for (columns, rows) in [(20, 4), (20, 6), (24, 4), (40, 4), (59, 5), (59, 12)] {
        let mut state = scenes::busy(columns, rows);
        state.engine.read_only = true;
        let text = picture(&state);
        let header = text.lines().next().unwrap();
        assert!(header.contains("01:42:10"), "{columns}x{rows}: {text}");
        assert!(text.contains("needs 60x12"), "{columns}x{rows}: {text}");
        assert!(text.contains("FAIL 1"), "{columns}x{rows}: {text}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever is pressed on whatever screen or dialog, of whatever size, it can be drawn; and upon the
    /// picture before it looks as it does alone.
    #[test]
    fn any_keys_on_any_picture_can_be_drawn(
        place in 0..SCREENS.len() + DIALOGS.len(),
        keys in proptest::collection::vec(proptest::prelude::any::<proptest::sample::Index>(), 1..6),
        columns in 1_u16..200,
        rows in 1_u16..60,
    ) {
        use crate::app::keymap::Keymap;
        let keymap = Keymap::default();
        let all: Vec<_> = crate::app::command::SPECS
            .iter()
            .flat_map(|spec| keymap.keys(spec.command))
            .flat_map(crate::app::keymap::Strokes::chords)
            .copied()
            .collect();
        let mut scenes = SCREENS.iter().chain(DIALOGS);
        let (_, scene) = scenes.nth(place).unwrap();
        let mut state = scene(columns, rows);
        let mut screen = canvas::tests::Screen::new(columns, rows);
        for key in keys {
            let now = state.now;
            crate::app::update(&mut state, now, crate::app::Msg::Key(*key.get(&all)));
            proptest::prop_assert_eq!(picture(&state).lines().count(), usize::from(rows));
            proptest::prop_assert_eq!(screen.wrong(&state, &Theme::dark()), None);
        }
    }
}
