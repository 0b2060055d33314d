//! What every part of the picture is made from: the state, the size, the signs, the clock.

use std::borrow::Cow;

use jiff::Timestamp;

use super::glyph::Glyphs;
use super::line::Tone;
use super::shape::Shape;
use super::tally::{Names, Tally, standing};
use super::time::Clock;
use crate::app::command::Command;
use crate::app::engine::{Engine, ForgeState};
use crate::app::interface::Interface;
use crate::app::state::State;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::gate::{self, Verdict};
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::pipeline::Job;

pub(super) struct Look<'a> {
    pub state: &'a State,
    pub engine: &'a Engine,
    pub interface: &'a Interface,
    pub shape: Shape,
    pub glyphs: Glyphs,
    pub clock: Clock,
    pub now: Timestamp,
    pub tally: Cow<'a, Tally>,
}

impl<'a> Look<'a> {
    pub fn new(state: &'a State, shape: Shape) -> Self {
        Self::at(state, &state.engine, state.now, shape)
    }

    /// Looks at what was known when the picture was frozen, if it is.
    pub fn kept(state: &'a State, shape: Shape) -> Option<Self> {
        let at = state.interface.frozen?;
        let engine = state.interface.kept.as_deref()?;
        let kept = state.interface.screen.is_kept();
        kept.then(|| Self::at(state, engine, at, shape))
    }

    fn at(state: &'a State, engine: &'a Engine, now: Timestamp, shape: Shape) -> Self {
        let interface = &state.interface;
        let tally = match &interface.tally {
            Some(tally) => Cow::Borrowed(tally),
            None => {
                let rows = engine.board.rows.iter();
                let standings = rows.map(|row| standing(row, &engine.policy, now));
                let names = Names::of(&engine.board, &engine.policy);
                Cow::Owned(Tally::of(&engine.board, names, standings))
            }
        };
        Self {
            state,
            engine,
            interface,
            shape,
            glyphs: Glyphs::of(interface.ascii, interface.motion, now),
            clock: Clock::new(&interface.zone, interface.utc, now),
            now,
            tally,
        }
    }

    /// The first key of a command as it is bound, else its `:` name.
    pub fn key(&self, command: Command) -> String {
        let keys = self.interface.keymap.keys(command).first();
        keys.map_or_else(|| format!(":{}", command.spec().name), ToString::to_string)
    }

    /// The environment that the cursor is in, else the last one.
    pub fn environment(&self) -> Option<&EnvironmentName> {
        match &self.interface.cursor {
            Some(cursor) => Some(&cursor.environment),
            None => self.tally.names.environments.last(),
        }
    }

    /// The tone of an environment's name: a protected one has its own.
    pub fn environment_tone(&self, name: &EnvironmentName) -> Tone {
        let known = self.engine.policy.environments.get(name);
        if known.is_some_and(|environment| environment.protected) {
            Tone::Protected
        } else {
            Tone::Heading
        }
    }

    /// The row and cell under the cursor.
    pub fn selected(&self) -> Option<(&'a Row, &'a Cell)> {
        let cursor = self.interface.cursor.as_ref()?;
        let row = self.engine.board.row(&cursor.service)?;
        Some((row, row.cell(&cursor.environment)?))
    }

    /// The cell of a service that the detail and the dialogs speak of: the cursor's environment,
    /// else the last of its path.
    pub fn cell_of(&self, service: &ServiceName) -> Option<(&'a Row, &'a Cell)> {
        let row = self.engine.board.row(service)?;
        let cell = self
            .environment()
            .and_then(|environment| row.cell(environment))
            .or_else(|| row.cells.last())?;
        Some((row, cell))
    }

    /// The environment before a cell's on its service's path.
    pub fn upstream(row: &'a Row, cell: &Cell) -> Option<&'a EnvironmentName> {
        row.service
            .upstream(&cell.environment)
            .map(|stage| &stage.environment)
    }

    /// Where what goes into a cell next comes from: into the first environment, from the branch.
    pub fn origin(row: &'a Row, cell: &Cell) -> &'a str {
        let branch = row.service.branch.as_deref();
        match Self::upstream(row, cell) {
            Some(upstream) => upstream.as_str(),
            None if row.service.is_by_hand() => "by hand",
            None => branch.unwrap_or("the branch"),
        }
    }

    /// How much of a run is done, in percent, as far as its jobs are known.
    pub fn percent(&self, row: &Row, cell: &Cell) -> Option<usize> {
        let run = cell.in_flight.as_ref()?.run?;
        let key = (row.service.name.clone(), run);
        let jobs: &Vec<Job> = self.engine.jobs.get(&key)?.value()?;
        let done = jobs.iter().filter(|job| !job.phase.is_in_flight()).count();
        (done * 100).checked_div(jobs.len())
    }

    /// What a gate says, seen with the age of the facts: what rests on stale facts is not open,
    /// whatever was judged when they were fresh.
    pub fn gate(&self, row: &Row, verdict: &Verdict) -> gate::State {
        let state = verdict.state_at(self.now);
        // These rest on the clock and the journal, not on the forge's facts.
        let own = ["window", "hold", "sign-off"].contains(&verdict.gate.as_str())
            || verdict.gate.starts_with("manual");
        if state == gate::State::Open
            && !own
            && row.facts.is_stale(self.now, self.engine.policy.max_age)
        {
            gate::State::Unknown
        } else {
            state
        }
    }

    /// Whether a forge has been silent for longer than facts may be old.
    pub fn is_old(&self, forge: &ForgeState) -> bool {
        let max_age = self.engine.policy.max_age;
        let answered = forge.answered_at;
        answered.is_none_or(|at| self.clock.ago(at) > max_age)
    }

    /// How old what is known of a service is, where it is too old to say how things are.
    pub fn stale(&self, row: &Row) -> Option<String> {
        let max_age = self.engine.policy.max_age;
        let age = row.facts.age(self.now)?;
        row.facts
            .is_stale(self.now, max_age)
            .then(|| super::time::age(age))
    }

    /// Whether nothing has been read of a service yet, and nothing went wrong either.
    pub fn is_loading(row: &Row) -> bool {
        row.facts.last.is_none() && row.facts.fault.is_none()
    }
}
