//! The log of a job: which one is looked at, which part of it is in sight, and what is to be read
//! next. The log itself lies outside of the core; what is in sight of it, and a little around that,
//! is held here. How it looks lives in `view/log.rs`.

use jiff::{SignedDuration, Timestamp};

use crate::app::effect::{Effect, LogOrder, LogSource};
use crate::app::engine::Engine;
use crate::app::msg::LogAnswer;
use crate::app::view::line::width;
use crate::domain::fault::Fault;
use crate::domain::ids::{JobId, RunId, ServiceName};
use crate::domain::log::{End, Extent, Line};
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Job, Run};

mod keys;
mod tail;

pub(in crate::app) use keys::may_watch;
pub(super) use keys::{browse, copied, into, run, run_in, search, takes, watch};
pub use tail::{Flight, Tail};
pub(super) use tail::{enlarge, turn_pane};

/// How many lines around those in sight are held, so that a key finds its line here.
const AROUND: u64 = 300;
/// How often a log that grows is asked for, and one that is not there yet.
const GROWING: SignedDuration = SignedDuration::from_secs(2);
const NOT_YET: SignedDuration = SignedDuration::from_secs(10);
const SLOWEST: SignedDuration = SignedDuration::from_secs(30);
/// A forge that sends the whole log each time is asked less as it grows: this much a pause.
const A_PAUSE: u64 = 1024 * 1024;
/// Columns of the time before a line.
pub const STAMP: usize = 13;

/// What is looked at, and how.
#[derive(Debug)]
pub struct Logs {
    pub pane: Option<LogPane>,
    /// Nobody asked for it: a log that is not there yet is asked for more seldom.
    is_beside: bool,
    pub wrap: bool,
    pub stamps: bool,
    /// The last lines of the failed step come first.
    pub summary: bool,
    /// What was searched for last in this log; another begins without.
    pub words: String,
    /// A run that was asked for, rather than the one of the cell.
    wanted: Option<(ServiceName, RunId)>,
    ticket: u64,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            pane: None,
            is_beside: false,
            wrap: true,
            stamps: false,
            summary: true,
            words: String::new(),
            wanted: None,
            ticket: 0,
        }
    }
}

/// One log.
#[derive(Debug)]
pub struct LogPane {
    pub service: ServiceName,
    pub source: LogSource,
    pub extent: Extent,
    pub fault: Option<Fault>,
    /// Whether somebody chose this job: then it stays, whatever runs.
    turned: bool,
    /// The first line in sight; `None` follows the end.
    pub top: Option<u64>,
    pub window: Window,
    /// The last lines of the failed step.
    pub failed: Window,
    /// The line with the words that were searched for.
    pub found: Option<u64>,
    /// No line has them.
    pub is_nowhere: bool,
    pub asked_at: Option<Timestamp>,
    /// When the forge is asked again; `None` if there is no more to come.
    pub next_at: Option<Timestamp>,
    fetching: Option<u64>,
    reading: Option<u64>,
    reading_failed: Option<u64>,
    finding: Option<u64>,
}

/// Lines that are held, and of how long a log they are.
#[derive(Debug, Default)]
pub struct Window {
    pub from: u64,
    pub lines: Vec<Line>,
    bytes: u64,
}

impl Window {
    /// A held line.
    pub fn line(&self, number: u64) -> Option<&Line> {
        let place = number.checked_sub(self.from)?;
        self.lines.get(usize::try_from(place).ok()?)
    }

    /// One past the last line that is held.
    fn end(&self) -> u64 {
        self.from + self.lines.len() as u64
    }

    /// Says whether it has these lines of a log, as they are now.
    fn covers(&self, from: u64, until: u64, extent: &Extent) -> bool {
        // The last line may have grown since.
        let is_of_now = self.bytes == extent.bytes || until < self.end();
        from >= self.from && until <= self.end() && is_of_now
    }
}

impl LogPane {
    fn new(service: ServiceName, source: LogSource, now: Timestamp) -> Self {
        Self {
            service,
            source,
            extent: Extent::default(),
            fault: None,
            turned: false,
            top: None,
            window: Window::default(),
            failed: Window::default(),
            found: None,
            is_nowhere: false,
            asked_at: None,
            next_at: Some(now),
            fetching: None,
            reading: None,
            reading_failed: None,
            finding: None,
        }
    }

    /// The first line of the last screenful of `height` rows.
    pub fn last_top(&self, room: Room) -> u64 {
        let lines = self.extent.lines;
        let mut rows = 0;
        let mut top = lines;
        while top > 0 && rows < room.height {
            // What is not held is far from the end, or comes in a moment.
            let line = self.window.line(top - 1);
            rows += line.map_or(1, |line| room.rows_of(line));
            if rows > room.height && top < lines {
                break;
            }
            top -= 1;
        }
        top
    }

    /// The first line in sight.
    pub fn first(&self, room: Room) -> u64 {
        let last = self.last_top(room);
        self.top.map_or(last, |top| top.min(last))
    }

    fn take(&mut self, ticket: u64, answer: LogAnswer, room: Taking, now: Timestamp) {
        let of = |asked: &mut Option<u64>| asked.take_if(|asked| *asked == ticket).is_some();
        if of(&mut self.fetching) {
            self.asked_at = Some(now);
            match answer {
                LogAnswer::Extent(Ok(extent)) => {
                    self.next_at = pause(&extent, room.not_yet).map(|pause| now + pause);
                    self.fault = None;
                    // What there was stays where a later look found nothing new to say.
                    let had = self.extent.lines > extent.lines;
                    if had {
                        self.extent.end = extent.end;
                    } else {
                        self.extent = extent;
                    }
                }
                LogAnswer::Extent(Err(fault)) => {
                    let retry = fault.retry_at.unwrap_or(now);
                    self.next_at = Some(retry.max(now + room.not_yet));
                    self.fault = Some(fault);
                }
                LogAnswer::Lines { .. } | LogAnswer::Found(_) | LogAnswer::Lost => {
                    self.next_at = Some(now + room.not_yet);
                }
            }
        } else if of(&mut self.reading) {
            if let LogAnswer::Lines { from, lines } = answer {
                let bytes = self.extent.bytes;
                self.window = Window { from, lines, bytes };
            }
        } else if of(&mut self.reading_failed) {
            if let LogAnswer::Lines { from, lines } = answer {
                let bytes = self.extent.bytes;
                self.failed = Window { from, lines, bytes };
            }
        } else if of(&mut self.finding)
            && let LogAnswer::Found(found) = answer
        {
            self.is_nowhere = found.is_none();
            if let Some(line) = found {
                self.found = found;
                self.top = Some(line.saturating_sub(room.height as u64 / 3));
            }
        }
    }
}

/// What an answer is taken for: how many rows are in sight, and how long a log that is not there yet is
/// left alone.
#[derive(Clone, Copy, Debug)]
struct Taking {
    height: usize,
    not_yet: SignedDuration,
}

/// How long until a log is asked for again.
fn pause(extent: &Extent, not_yet: SignedDuration) -> Option<SignedDuration> {
    match extent.end {
        End::Complete | End::Never(_) => None,
        End::NotYet(_) => Some(not_yet),
        End::Growing if extent.ranged => Some(GROWING),
        End::Growing => {
            let times = i32::try_from(extent.bytes / A_PAUSE + 1).unwrap_or(i32::MAX);
            Some(GROWING.saturating_mul(times).min(SLOWEST))
        }
    }
}

/// The room that a log has on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub columns: usize,
    pub height: usize,
    /// Rows above it for the failed step, its heading included; 0 where there is none.
    pub failed: usize,
    pub wrap: bool,
    pub stamps: bool,
}

impl Room {
    /// Columns for the text of a line: beside the mark of what was found, and the time.
    pub fn text(self) -> usize {
        let before = 2 + if self.stamps { STAMP } else { 0 };
        self.columns.saturating_sub(before).max(8)
    }

    /// How many rows a line takes.
    pub fn rows_of(self, line: &Line) -> usize {
        if !self.wrap {
            return 1;
        }
        let wide: usize = line.spans.iter().map(|(_, text)| width(text)).sum();
        wide.div_ceil(self.text()).max(1)
    }
}

impl Logs {
    /// Shows a run that was picked, else what runs into the cell, else the run that is known to be of
    /// interest there; from here on it goes with what runs again.
    pub(super) fn show(
        &mut self,
        service: &ServiceName,
        picked: Option<RunId>,
        run: Option<RunId>,
    ) {
        self.wanted = picked.map(|run| (service.clone(), run));
        let run = picked.or(run);
        let shown = |pane: &LogPane| pane.service == *service && Some(pane.source.run) == run;
        match self.pane.as_mut().filter(|pane| shown(pane)) {
            Some(pane) => pane.turned = false,
            None => self.pane = None,
        }
    }

    /// Takes an answer, if it is one to this log.
    fn take(&mut self, ticket: u64, answer: LogAnswer, height: usize, now: Timestamp) {
        let not_yet = if self.is_beside { SLOWEST } else { NOT_YET };
        if let Some(pane) = &mut self.pane {
            pane.take(ticket, answer, Taking { height, not_yet }, now);
        }
    }

    /// Shares `rows` between the failed step and the log.
    pub fn room(&self, columns: usize, rows: usize) -> Room {
        let failure = self.pane.as_ref().filter(|_| self.summary);
        let failed = failure.map_or(0, |pane| pane.failed.lines.len());
        let failed = match failed {
            0 => 0,
            // Where there is hardly any room, what failed is what is looked for.
            failed if rows < 8 => (failed + 1).min(rows.saturating_sub(1)),
            failed => (failed + 1).min(rows / 2),
        };
        Room {
            columns,
            height: rows.saturating_sub(failed).max(1),
            failed,
            wrap: self.wrap,
            stamps: self.stamps && self.has_times(),
        }
    }

    /// Whether any line around those in sight tells when it was written: a log of which none does needs no
    /// room for it.
    fn has_times(&self) -> bool {
        let windows = self.pane.iter().map(|pane| [&pane.window, &pane.failed]);
        let mut lines = windows.flatten().flat_map(|window| &window.lines);
        lines.any(|line| line.at.is_some())
    }

    /// Chooses the log and orders what it lacks: more of it from the forge, the lines in sight.
    pub(super) fn follow(
        &mut self,
        engine: &mut Engine,
        place: Place<'_>,
        room: Room,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Place {
            service,
            flight,
            of_cell,
        } = place;
        let Some(row) = engine.board.row(service) else {
            return Vec::new();
        };
        let pane = self.pane.as_ref().filter(|pane| pane.service == *service);
        let kept = pane.map(|pane| pane.source.run);
        let stays = pane.is_some_and(|pane| pane.turned || pane.top.is_some());
        let asked = self.wanted.as_ref().filter(|(of, _)| of == service);
        let asked = asked.map(|(_, run)| *run);
        // What began to run since is what one waits for, unless this one is being read.
        let begun = flight.filter(|_| !stays);
        let Some(run) = asked.or(begun).or(kept).or(of_cell) else {
            return Vec::new();
        };
        let key = (service.clone(), run);
        let forge = row.service.forge.clone();
        let repo = row.facts.value().map(|facts| facts.repo.clone());
        let repo = repo.unwrap_or_else(|| row.service.repo.clone());
        engine.logged = Some(key.clone());
        let shown = pane.filter(|pane| pane.source.run == run);
        let shown = shown.map(|pane| pane.source.job);
        let jobs = engine.jobs.get(&key).and_then(Fact::value);
        let job = match (shown, jobs) {
            (Some(job), Some(jobs)) if !stays => of_interest(jobs, Some(job)),
            (Some(job), _) => Some(job),
            (None, jobs) => jobs.and_then(|jobs| of_interest(jobs, None)),
        };
        if job != shown || kept != Some(run) {
            self.words.clear();
            self.pane = job.map(|job| {
                let source = LogSource {
                    forge,
                    repo,
                    run,
                    job,
                };
                LogPane::new(service.clone(), source, now)
            });
        }
        self.orders(engine.offline, room, now)
    }

    fn orders(&mut self, offline: bool, room: Room, now: Timestamp) -> Vec<Effect> {
        let Self { pane, ticket, .. } = self;
        let Some(pane) = pane else {
            return Vec::new();
        };
        let source = pane.source.clone();
        let mut effects = Vec::new();
        let mut order = |order| {
            *ticket += 1;
            effects.push(Effect::Log {
                ticket: *ticket,
                source: source.clone(),
                order,
            });
            Some(*ticket)
        };
        let due = pane.next_at.is_some_and(|at| at <= now);
        if due && pane.fetching.is_none() && !offline {
            pane.fetching = order(LogOrder::Fetch);
        }
        let first = pane.first(room);
        let last = (first + room.height as u64).min(pane.extent.lines);
        if pane.reading.is_none() && first < last && !pane.window.covers(first, last, &pane.extent)
        {
            pane.reading = order(LogOrder::Lines {
                from: first.saturating_sub(AROUND),
                count: room.height as u64 + 2 * AROUND,
            });
        }
        if let Some(failure) = &pane.extent.failure
            && pane.extent.end == End::Complete
            && pane.reading_failed.is_none()
            && !(pane.failed.from == failure.from && pane.failed.bytes == pane.extent.bytes)
        {
            pane.reading_failed = order(LogOrder::Lines {
                from: failure.from,
                count: failure.to + 1 - failure.from,
            });
        }
        effects
    }
}

/// The job that somebody most likely wants to see: one that failed, unless another began to run since,
/// else one that runs, else the last that began. Of several that run, the one that is `shown` stays.
fn of_interest(jobs: &[Job], shown: Option<JobId>) -> Option<JobId> {
    let in_phase = |phase: Phase| {
        let mut jobs = jobs.iter().filter(move |job| job.phase == phase);
        let first = jobs.clone().next();
        jobs.find(|job| Some(job.id) == shown).or(first)
    };
    let began = jobs.iter().filter(|job| job.started_at.is_some());
    let (running, failed) = (in_phase(Phase::Running), in_phase(Phase::Failed));
    let since = |failed: &Job| {
        let ended = failed.completed_at.or(failed.started_at);
        running.is_some_and(|job| job.started_at > ended)
    };
    failed
        .filter(|failed| !since(failed))
        .or(running)
        .or_else(|| began.max_by_key(|job| job.started_at))
        .or(jobs.first())
        .map(|job| job.id)
}

/// What a log is of: the run into the cell, and the one that is of interest there without any.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    service: &'a ServiceName,
    flight: Option<RunId>,
    of_cell: Option<RunId>,
}

/// The run that a cell's log is of: the one into it, else one that runs, has failed, or is the newest.
pub(super) fn run_of(flight: Option<RunId>, runs: &[Run]) -> Option<RunId> {
    let recent = || runs.iter().take(3);
    let in_phase = |phase: Phase| recent().find(|run| run.phase == phase).map(|run| run.id);
    flight
        .or_else(|| in_phase(Phase::Running))
        .or_else(|| in_phase(Phase::Failed))
        .or_else(|| runs.first().map(|run| run.id))
}

#[cfg(test)]
mod tests;
