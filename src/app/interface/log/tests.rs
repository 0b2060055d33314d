use super::super::harness::{now, on, press, said, state, top};
use super::super::{DetailTab, Screen};
use super::*;
use crate::app::effect::Effect;
use crate::app::msg::Msg;
use crate::app::state::State;
use crate::app::update;
use crate::domain::log::Failure;
use crate::domain::pipeline::Run;

fn job(id: u64, name: &str, phase: Phase) -> Job {
    Job {
        id: JobId(id),
        name: name.to_owned(),
        raw: phase.word().to_owned(),
        phase,
        started_at: Some(now()),
        completed_at: None,
        url: Some(format!("https://e.example/job/{id}")),
    }
}

fn a_run(id: u64, phase: Phase) -> Run {
    Run {
        id: RunId(id),
        name: "release".to_owned(),
        workflow: None,
        title: None,
        number: id,
        attempt: 1,
        event: "push".to_owned(),
        sha: "abc".into(),
        branch: None,
        raw: phase.word().to_owned(),
        phase,
        url: format!("https://e.example/run/{id}"),
        actor: None,
        created_at: now(),
        updated_at: now(),
        waiting: Vec::new(),
    }
}

/// A board on which api has a run with three jobs.
fn with_run(phase: Phase) -> State {
    let mut state = state();
    let row = state.engine.board.rows.iter_mut();
    let row = row
        .into_iter()
        .find(|row| row.service.name.as_str() == "api");
    if let Some(last) = row.and_then(|row| row.facts.last.as_mut()) {
        last.value.runs = vec![a_run(7, phase.clone())];
    }
    let jobs = vec![
        job(1, "build", Phase::Succeeded),
        job(2, "deploy", phase),
        job(3, "smoke", Phase::Queued),
    ];
    let key = ("api".into(), RunId(7));
    state.engine.jobs.insert(key, Fact::observed(jobs, now()));
    on(&mut state, "api", "production");
    state
}

/// The orders about a log among effects.
fn orders(effects: &[Effect]) -> Vec<(u64, LogOrder)> {
    let about = |effect: &Effect| match effect {
        Effect::Log { ticket, order, .. } => Some((*ticket, order.clone())),
        _ => None,
    };
    effects.iter().filter_map(about).collect()
}

fn answer(state: &mut State, ticket: u64, answer: LogAnswer) -> Vec<(u64, LogOrder)> {
    let at = state.now;
    orders(&update(state, at, Msg::Log { ticket, answer }))
}

fn extent(lines: u64, end: End) -> LogAnswer {
    LogAnswer::Extent(Ok(Extent {
        lines,
        bytes: lines * 10,
        end,
        ranged: true,
        ..Extent::default()
    }))
}

fn some(from: u64, count: u64) -> LogAnswer {
    let line = |number| Line::read(&format!("line {number}"));
    LogAnswer::Lines {
        from,
        lines: (from..from + count).map(line).collect(),
    }
}

/// A log of so many lines, read as far as is needed.
fn open(lines: u64, end: End) -> State {
    let mut state = with_run(Phase::Running);
    let effects = press(&mut state, "w");
    let fetch = orders(&effects);
    assert_eq!(fetch.len(), 1, "{fetch:?}");
    assert_eq!(fetch[0].1, LogOrder::Fetch);
    let read = answer(&mut state, fetch[0].0, extent(lines, end));
    for (ticket, order) in read {
        let LogOrder::Lines { from, count } = order else {
            panic!("{order:?}");
        };
        let count = count.min(lines - from);
        assert_eq!(answer(&mut state, ticket, some(from, count)), []);
    }
    state
}

fn first(state: &State) -> u64 {
    let room = state.interface.log_room();
    state.interface.log.pane.as_ref().unwrap().first(room)
}

fn height(state: &State) -> u64 {
    state.interface.log_room().height as u64
}

#[test]
fn w_shows_the_job_that_runs_and_stays_at_the_end() {
    let state = open(1_000, End::Growing);
    assert_eq!(state.interface.screen, Screen::Detail("api".into()));
    assert_eq!(state.interface.tab, DetailTab::Log);
    let pane = state.interface.log.pane.as_ref().unwrap();
    assert_eq!(pane.source.job, JobId(2));
    assert_eq!(first(&state), 1_000 - height(&state));
    assert!(pane.window.line(999).is_some());
}

#[test]
fn a_job_that_failed_goes_before_one_that_runs() {
    let jobs = [
        job(1, "a", Phase::Running),
        job(2, "b", Phase::Failed),
        job(3, "c", Phase::Queued),
    ];
    assert_eq!(of_interest(&jobs, None), Some(JobId(2)));
    assert_eq!(of_interest(&jobs[..1], None), Some(JobId(1)));
    assert_eq!(of_interest(&[], None), None);
}

/// The jobs of the run as they are now.
fn jobs_are(state: &mut State, jobs: Vec<Job>) -> Vec<(u64, LogOrder)> {
    let key = ("api".into(), RunId(7));
    state.engine.jobs.insert(key, Fact::observed(jobs, now()));
    let at = state.now;
    orders(&update(state, at, Msg::Tick))
}

fn shown(state: &State) -> (RunId, JobId) {
    let source = &state.interface.log.pane.as_ref().expect("a log").source;
    (source.run, source.job)
}

#[test]
fn the_log_moves_on_to_the_job_that_was_started() {
    let mut state = with_run(Phase::Succeeded);
    let before = vec![
        job(1, "lint", Phase::Succeeded),
        job(2, "deploy", Phase::Succeeded),
    ];
    jobs_are(&mut state, before);
    press(&mut state, "w");
    assert_eq!(shown(&state), (RunId(7), JobId(2)));
    let later = Job {
        started_at: Some(now() + SignedDuration::from_secs(4)),
        ..job(3, "deploy production", Phase::Running)
    };
    let jobs = |last: Job| {
        let failed = job(1, "lint", Phase::Failed);
        vec![failed, job(2, "deploy", Phase::Succeeded), last]
    };
    let ordered = jobs_are(&mut state, jobs(later.clone()));
    assert_eq!(shown(&state), (RunId(7), JobId(3)));
    assert_eq!(ordered.len(), 1, "its log is fetched: {ordered:?}");
    let ended = Job {
        phase: Phase::Succeeded,
        ..later
    };
    let succeeded = vec![job(1, "lint", Phase::Succeeded), ended];
    jobs_are(&mut state, succeeded);
    assert_eq!(
        shown(&state),
        (RunId(7), JobId(3)),
        "and stays when it ends"
    );
}

#[test]
fn a_job_that_somebody_turned_to_or_reads_stays() {
    let later = Job {
        started_at: Some(now() + SignedDuration::from_secs(4)),
        ..job(3, "smoke", Phase::Running)
    };
    for keys in ["h", "k"] {
        let mut state = open(1_000, End::Growing);
        press(&mut state, keys);
        let before = shown(&state);
        let ended = vec![
            job(1, "build", Phase::Succeeded),
            job(2, "deploy", Phase::Succeeded),
            later.clone(),
        ];
        jobs_are(&mut state, ended);
        assert_eq!(shown(&state), before, "{keys}");
    }
}

#[test]
fn a_run_that_begins_into_the_cell_takes_the_place_of_one_that_ended() {
    let mut state = with_run(Phase::Succeeded);
    press(&mut state, "w");
    assert_eq!(shown(&state).0, RunId(7));
    super::super::harness::running(&mut state, "api", "production");
    let key = ("api".into(), RunId(8812));
    let jobs = vec![job(9, "deploy", Phase::Running)];
    state.engine.jobs.insert(key, Fact::observed(jobs, now()));
    let at = state.now;
    update(&mut state, at, Msg::Tick);
    assert_eq!(shown(&state), (RunId(8812), JobId(9)));
}

#[test]
fn w_on_what_waits_at_the_door_shows_the_run_that_waits() {
    let mut state = with_run(Phase::Gated);
    super::super::harness::running(&mut state, "api", "production");
    super::super::harness::with_cell(&mut state.engine.board, "api", "production", |cell| {
        let flight = cell.in_flight.as_mut().expect("a flight");
        flight.run = None;
        flight.phase = Phase::Gated;
    });
    let row = state.engine.board.rows.iter_mut();
    let mut rows = row.filter(|row| row.service.name.as_str() == "api");
    let last = rows.next().and_then(|row| row.facts.last.as_mut());
    let runs = last.map(|last| &mut last.value.runs);
    for run in runs.into_iter().flatten() {
        run.waiting = vec![crate::domain::pipeline::Waiting {
            environment: "production".into(),
            door: crate::domain::pipeline::Door::Job {
                job: JobId(3),
                name: "deploy".to_owned(),
            },
            may_approve: true,
            reviewers: Vec::new(),
            wait_timer: SignedDuration::ZERO,
            wait_started_at: None,
        }];
    }
    press(&mut state, "5 w");
    assert_eq!(state.interface.tab, DetailTab::Log, "{}", said(&state));
    assert_eq!(shown(&state).0, RunId(7));
}

#[test]
fn moving_up_lets_go_of_the_end_and_arriving_there_takes_hold_again() {
    let mut state = open(1_000, End::Growing);
    let end = first(&state);
    press(&mut state, "k k");
    assert_eq!(first(&state), end - 2);
    let pane = state.interface.log.pane.as_ref().unwrap();
    assert_eq!(pane.top, Some(end - 2));
    press(&mut state, "G");
    assert_eq!(state.interface.log.pane.as_ref().unwrap().top, None);
    press(&mut state, "f");
    assert_eq!(state.interface.log.pane.as_ref().unwrap().top, Some(end));
}

#[test]
fn lines_that_are_not_held_are_ordered_once_and_a_far_jump_finds_them() {
    let mut state = open(100_000, End::Complete);
    let effects = press(&mut state, "g");
    let read = orders(&effects);
    let [(ticket, LogOrder::Lines { from: 0, count })] = read[..] else {
        panic!("{read:?}");
    };
    assert!(count < 2_000, "what is in sight and a little around it");
    assert_eq!(orders(&press(&mut state, "t")), [], "it is on its way");
    answer(&mut state, ticket, some(0, count));
    assert_eq!(orders(&press(&mut state, "j j j")), [], "they are here");
    assert_eq!(first(&state), 3);
}

#[test]
fn a_log_that_grows_is_asked_for_again_and_one_that_is_complete_is_not() {
    for (end, wanted) in [(End::Growing, 1), (End::Complete, 0)] {
        let mut state = open(50, end.clone());
        let later = state.now + SignedDuration::from_secs(3);
        let effects = update(&mut state, later, Msg::Tick);
        assert_eq!(orders(&effects).len(), wanted, "{end:?}");
        let much_later = later + SignedDuration::from_mins(1);
        let effects = update(&mut state, much_later, Msg::Tick);
        assert_eq!(orders(&effects).len(), 0, "never twice at a time");
    }
}

#[test]
fn a_forge_that_sends_all_of_it_each_time_is_asked_less_as_it_grows() {
    let of = |bytes, ranged| {
        let extent = Extent {
            bytes,
            ranged,
            ..Extent::default()
        };
        pause(&extent, NOT_YET)
    };
    assert_eq!(of(50_000_000, true), Some(GROWING));
    assert_eq!(of(1_000, false), Some(GROWING));
    assert_eq!(of(3 * A_PAUSE, false), Some(GROWING * 4));
    assert_eq!(of(900 * A_PAUSE, false), Some(SLOWEST));
}

#[test]
fn words_are_looked_for_from_here_on_and_n_goes_on_behind_what_was_found() {
    let mut state = open(1_000, End::Complete);
    press(&mut state, "g /");
    assert_eq!(top(&state), "search");
    let found = orders(&press(&mut state, "'error enter"));
    let find = |from, forward| LogOrder::Find {
        words: "error".to_owned(),
        from,
        forward,
    };
    let ticket = found.iter().find(|(_, order)| *order == find(0, true));
    let ticket = ticket.unwrap_or_else(|| panic!("{found:?}")).0;
    answer(&mut state, ticket, LogAnswer::Found(Some(500)));
    assert!(first(&state) < 500 && 500 < first(&state) + height(&state));
    let next = orders(&press(&mut state, "n"));
    assert!(
        next.iter().any(|(_, order)| *order == find(501, true)),
        "{next:?}"
    );
    let before = orders(&press(&mut state, "N"));
    let (ticket, _) = before
        .iter()
        .find(|(_, order)| *order == find(500, false))
        .unwrap();
    answer(&mut state, *ticket, LogAnswer::Found(None));
    assert!(state.interface.log.pane.as_ref().unwrap().is_nowhere);
}

/// Nothing is looked for in the log in sight, and `n` says so.
fn without_words(state: &mut State) {
    assert_eq!(state.interface.log.words, "");
    let next = orders(&press(state, "n"));
    let finds = |(_, order): &(u64, LogOrder)| matches!(order, LogOrder::Find { .. });
    assert!(!next.iter().any(finds), "{next:?}");
    let why = "nothing is looked for in this log yet: / looks for words";
    assert_eq!(said(state), why);
}

#[test]
fn another_log_begins_without_the_words_of_the_one_before() {
    let mut turned = open(10, End::Complete);
    press(&mut turned, "/ 'error enter");
    assert_eq!(turned.interface.log.words, "error");
    press(&mut turned, "l");
    without_words(&mut turned);

    let mut moved = open(1_000, End::Growing);
    press(&mut moved, "/ 'error enter");
    let later = Job {
        started_at: Some(now() + SignedDuration::from_secs(4)),
        ..job(3, "smoke", Phase::Running)
    };
    let deployed = job(2, "deploy", Phase::Succeeded);
    jobs_are(&mut moved, vec![deployed.clone()]);
    assert_eq!(
        moved.interface.log.words, "error",
        "the same log keeps them"
    );
    jobs_are(&mut moved, vec![deployed, later]);
    assert_eq!(shown(&moved), (RunId(7), JobId(3)));
    without_words(&mut moved);
}

#[test]
fn h_and_l_change_the_job_and_the_brackets_the_tab() {
    let mut state = open(10, End::Complete);
    let effects = press(&mut state, "l");
    assert_eq!(orders(&effects).len(), 1, "the other job's log is fetched");
    let pane = state.interface.log.pane.as_ref().unwrap();
    assert_eq!(pane.source.job, JobId(3));
    press(&mut state, "[");
    assert_eq!(state.interface.tab, DetailTab::PullRequests);
}

#[test]
fn the_last_lines_of_the_failed_step_are_read_and_copied() {
    let mut state = with_run(Phase::Failed);
    let fetch = orders(&press(&mut state, "w"))[0].0;
    let failure = Failure {
        step: Some("deploy".to_owned()),
        from: 80,
        to: 99,
    };
    let grown = LogAnswer::Extent(Ok(Extent {
        lines: 110,
        bytes: 999,
        end: End::Complete,
        failure: Some(failure),
        ..Extent::default()
    }));
    for (ticket, order) in answer(&mut state, fetch, grown) {
        if let LogOrder::Lines { from, count } = order {
            answer(&mut state, ticket, some(from, count.min(110 - from)));
        }
    }
    let copied = press(&mut state, "y");
    let [Effect::Copy(text)] = &copied[..] else {
        panic!("{copied:?}");
    };
    assert!(
        text.starts_with("line 80\n") && text.ends_with("line 99"),
        "{text}"
    );
    assert!(state.interface.log_room().failed > 0);
    press(&mut state, "p");
    assert_eq!(state.interface.log_room().failed, 0);
}

#[test]
fn without_a_run_w_says_so_and_an_answer_that_is_late_spoils_nothing() {
    let mut state = state();
    on(&mut state, "web", "production");
    press(&mut state, "w");
    assert_eq!(said(&state), "no run is known of it, so there is no log");
    assert_eq!(state.interface.screen, Screen::Board);
    let mut state = open(10, End::Complete);
    answer(&mut state, 1, extent(0, End::Complete));
    answer(&mut state, 77, LogAnswer::Lost);
    assert_eq!(state.interface.log.pane.as_ref().unwrap().extent.lines, 10);
}

#[test]
fn a_wrapped_end_loses_no_line() {
    let mut pane = LogPane::new(
        "api".into(),
        LogSource {
            forge: "gh".into(),
            repo: "acme/api".into(),
            run: RunId(7),
            job: JobId(2),
        },
        now(),
    );
    pane.extent.lines = 100;
    pane.window.lines = (0..100).map(|_| Line::read(&"x".repeat(150))).collect();
    let room = Room {
        columns: 82,
        height: 10,
        failed: 0,
        wrap: true,
        stamps: false,
    };
    assert_eq!(room.rows_of(&pane.window.lines[0]), 2);
    assert_eq!(pane.last_top(room), 95);
    assert_eq!(
        pane.last_top(Room {
            wrap: false,
            ..room
        }),
        90
    );
}
