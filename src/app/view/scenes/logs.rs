//! Logs: one that runs, one that failed, one that a forge does not give yet.

use super::*;
use crate::app::effect::{Effect, LogOrder};
use crate::app::interface::{DetailTab, Screen};
use crate::app::msg::{LogAnswer, Msg};
use crate::app::update;
use crate::domain::ids::{JobId, RunId};
use crate::domain::log::{End, Extent, Failure, Line};
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::pipeline::Job;

const FAILED: &str = "2026-07-17T14:05:01.0000000Z ##[group]Run checkout
2026-07-17T14:05:02.0000000Z HEAD is now at 77ac01e
2026-07-17T14:05:03.0000000Z ##[group]Run cargo test --all
2026-07-17T14:05:04.0000000Z \u{1b}[36m$ cargo test --all\u{1b}[0m
2026-07-17T14:05:05.0000000Z \u{1b}[32mok\u{1b}[0m    rounds half-even for JPY
2026-07-17T14:05:06.0000000Z \u{1b}[33mwarn\u{1b}[0m  slow: an idempotency key is used once, and this line is long enough that it has to be broken on a narrow screen
2026-07-17T14:05:07.0000000Z \u{1b}[31mFAIL\u{1b}[0m  checkout total: expected 1000, got 999
2026-07-17T14:05:08.0000000Z   at tests/total.rs:41:5
2026-07-17T14:05:09.0000000Z ##[error]Process completed with exit code 101.
2026-07-17T14:05:10.0000000Z Post job cleanup.
2026-07-17T14:05:11.0000000Z Cleaning up orphan processes";

fn job(id: u64, name: &str, phase: Phase, began: i64) -> Job {
    let over = !phase.is_in_flight();
    Job {
        id: JobId(id),
        name: name.to_owned(),
        raw: phase.word().to_owned(),
        started_at: Some(ago(began)),
        completed_at: over.then(|| ago(began - 60)),
        url: None,
        phase,
    }
}

/// Opens the log of a service's newest run, with one job that is so, and hands it `text`.
fn opened(mut state: State, service: &str, phase: Phase, extent: &Extent, text: &str) -> State {
    select(&mut state, service, "prod");
    let row = state.engine.board.row(&service.into()).unwrap();
    let facts = row.facts.value().unwrap();
    let cell = row.cell(&"prod".into()).unwrap();
    let flight = cell.in_flight.as_ref().and_then(|flight| flight.run);
    let run: RunId = flight.unwrap_or(facts.runs[0].id);
    let jobs = vec![
        job(1, "build", Phase::Succeeded, 400),
        job(2, "deploy", phase, 130),
    ];
    let key = (service.into(), run);
    state.engine.jobs.insert(key, Fact::observed(jobs, now()));
    state.interface.screen = Screen::Detail(service.into());
    state.interface.tab = DetailTab::Log;
    answered(state, extent, text)
}

/// Hands every question about a log what there is of it.
fn answered(mut state: State, extent: &Extent, text: &str) -> State {
    let lines: Vec<Line> = text.lines().map(Line::read).collect();
    let mut effects = update(&mut state, now(), Msg::Tick);
    for _ in 0..3 {
        let mut next = Vec::new();
        for effect in effects {
            let Effect::Log { ticket, order, .. } = effect else {
                continue;
            };
            let answer = match order {
                LogOrder::Fetch => LogAnswer::Extent(Ok(Extent {
                    lines: lines.len() as u64,
                    bytes: text.len() as u64,
                    ..extent.clone()
                })),
                LogOrder::Lines { from, count } => {
                    let from_place = usize::try_from(from).unwrap();
                    let count = usize::try_from(count).unwrap();
                    let lines = lines.iter().skip(from_place).take(count);
                    let lines = lines.cloned().collect();
                    LogAnswer::Lines { from, lines }
                }
                LogOrder::Find { .. } => LogAnswer::Found(None),
            };
            next.extend(update(&mut state, now(), Msg::Log { ticket, answer }));
        }
        effects = next;
    }
    state
}

/// A board with room for the log of what is in flight.
pub(crate) fn beside(columns: u16, rows: u16) -> State {
    let (extent, text) = growing();
    answered(busy(columns, rows), &extent, &text)
}

/// It has the keys, and was moved up by a line.
pub(crate) fn beside_with_keys(columns: u16, rows: u16) -> State {
    let mut state = beside(columns, rows);
    crate::app::interface::harness::press(&mut state, "shift-tab k");
    state
}

/// The same where the forge gives no log yet: what is known of the jobs stands there.
pub(crate) fn beside_not_yet(columns: u16, rows: u16) -> State {
    answered(busy(columns, rows), &until_ended(), "")
}

/// A log that grows.
fn growing() -> (Extent, String) {
    let mut text = String::from("section_start:1:deploy\r\u{1b}[0K\u{1b}[36;1mdeploy\u{1b}[0;m\n");
    for step in 0..60 {
        let line = match step % 4 {
            0 => format!("rollout step {step}: weight 25"),
            1 => "analysis err-rate 0.02% < 1%   \u{1b}[32mok\u{1b}[0m".to_owned(),
            2 => "analysis p99 214ms < 400ms     \u{1b}[32mok\u{1b}[0m".to_owned(),
            _ => "\u{1b}[2mwaiting 5m at 25%\u{1b}[0m".to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    let extent = Extent {
        end: End::Growing,
        ranged: true,
        ..Extent::default()
    };
    (extent, text)
}

/// A job that runs, followed.
pub(crate) fn live(columns: u16, rows: u16) -> State {
    let (extent, text) = growing();
    opened(
        busy(columns, rows),
        "fraud-ml",
        Phase::Running,
        &extent,
        &text,
    )
}

/// A job that failed, with times, and words that were searched for.
pub(crate) fn failed(columns: u16, rows: u16) -> State {
    let extent = Extent {
        end: End::Complete,
        failure: Some(Failure {
            step: Some("cargo test --all".to_owned()),
            from: 2,
            to: 8,
        }),
        ..Extent::default()
    };
    let mut state = opened(
        busy(columns, rows),
        "ledger",
        Phase::Failed,
        &extent,
        FAILED,
    );
    state.interface.log.stamps = true;
    state.interface.log.words = "total".to_owned();
    state
}

/// A job whose forge gives its log when it has ended.
pub(crate) fn not_yet(columns: u16, rows: u16) -> State {
    let state = busy(columns, rows);
    opened(state, "fraud-ml", Phase::Running, &until_ended(), "")
}

fn until_ended() -> Extent {
    let why = "GitHub gives a log only when its job has ended".to_owned();
    Extent {
        end: End::NotYet(why),
        ..Extent::default()
    }
}
