//! What happens by itself: an agenda of events, each handled at its own instant.
//!
//! Nothing ticks. The state is brought up to a moment when somebody looks at it, so that the
//! same calls at the same times always give the same world.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::sim::{
    model::{DeploymentState, Repo, Run, State, commit::sha_of},
    world::Step,
};

pub mod deploy;
mod job;
mod mark;
pub mod moves;
pub mod outcome;
pub mod pipeline;
pub mod push;
pub mod run;
pub mod story;

/// Something that will happen to a repository.
#[derive(Debug, Clone)]
pub enum Event {
    /// A step of the world file.
    Story(Arc<Step>),
    /// A run can be seen from now on, and starts.
    Appear(Arc<Run>),
    /// A job begins to run.
    JobStarts { run: u64, attempt: u32, job: u64 },
    /// A job ends.
    JobEnds { run: u64, attempt: u32, job: u64 },
    /// A wait timer ends.
    TimerEnds { run: u64, attempt: u32, job: u64 },
    /// A cancelled run stops.
    Cancelled { run: u64 },
    /// The deployer bot says the next word.
    Deploy {
        deployment: u64,
        state: DeploymentState,
    },
    /// GitHub has found out whether a pull request merges cleanly.
    Mergeable { number: u64 },
}

/// What is still to come, by time and then by order of entry.
#[derive(Debug, Clone, Default)]
pub struct Agenda {
    entries: BTreeMap<(Timestamp, u64), (u64, Event)>,
    entered: u64,
}

impl Agenda {
    /// The instant of the next event.
    pub fn next(&self) -> Option<Timestamp> {
        self.entries.keys().next().map(|(at, _)| *at)
    }

    /// How many events are to come.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Says whether nothing is to come.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn enter(&mut self, at: Timestamp, repo: u64, event: Event) {
        self.entered += 1;
        self.entries.insert((at, self.entered), (repo, event));
    }

    fn take(&mut self, until: Timestamp) -> Option<(Timestamp, u64, Event)> {
        let entry = self.entries.first_entry()?;
        let (at, _) = *entry.key();
        (at <= until).then(|| {
            let (repo, event) = entry.remove();
            (at, repo, event)
        })
    }
}

impl State {
    /// Puts an event on the agenda at an instant.
    pub(crate) fn at(&mut self, at: Timestamp, repo: u64, event: Event) {
        self.agenda.enter(at.max(self.now), repo, event);
    }

    /// Puts an event on the agenda, `seconds` of life away: less on a fast clock.
    pub(crate) fn later(&mut self, seconds: f64, repo: u64, event: Event) {
        let at = self
            .now
            .saturating_add(self.scaled(seconds))
            .unwrap_or(Timestamp::MAX);
        self.agenda.enter(at, repo, event);
    }

    /// Shortens a time of life by the speed.
    pub(crate) fn scaled(&self, seconds: f64) -> SignedDuration {
        SignedDuration::try_from_secs_f64(seconds / self.speed).unwrap_or(SignedDuration::MAX)
    }

    /// Lets everything happen that is due, each event at its own instant.
    pub fn advance_to(&mut self, until: Timestamp) {
        while let Some((at, repo, event)) = self.agenda.take(until) {
            self.now = self.now.max(at);
            self.happen(repo, event);
        }
        self.now = self.now.max(until);
    }

    /// Says whether anything is due by an instant. How a service is that is or will be ill changes with
    /// time alone, by the second.
    pub fn due(&self, until: Timestamp) -> bool {
        let ails = |repo: &Arc<Repo>| !repo.health.said.is_empty() || !repo.health.bad.is_empty();
        self.agenda.next().is_some_and(|at| at <= until)
            || (until.as_second() > self.now.as_second() && self.repos.iter().any(ails))
    }

    /// Ends the history: from now on, `speed` divides what is left of every job.
    pub(crate) fn go_live(&mut self, speed: f64, flaky: f64) {
        self.speed = speed.max(0.001);
        self.flaky = flaky;
        let now = self.now;
        let old = std::mem::take(&mut self.agenda);
        for ((at, _), (repo, event)) in old.entries {
            let left = self.scaled(at.duration_since(now).as_secs_f64());
            self.agenda
                .enter(now.saturating_add(left).unwrap_or(at), repo, event);
        }
    }

    fn happen(&mut self, repo: u64, event: Event) {
        match event {
            Event::Story(step) => {
                self.story(repo, &step);
            }
            Event::Appear(run) => self.appear(repo, run),
            Event::JobStarts { run, attempt, job } => self.job_starts(repo, run, attempt, job),
            Event::JobEnds { run, attempt, job } => self.job_ends(repo, run, attempt, job),
            Event::TimerEnds { run, attempt, job } => self.timer_ends(repo, run, attempt, job),
            Event::Cancelled { run } => self.run_cancelled(repo, run),
            Event::Deploy { deployment, state } => self.bot_says(repo, deployment, state),
            Event::Mergeable { number } => self.mergeable_known(repo, number),
        }
    }

    /// A number from 0 to 1 that depends on nothing but the seed and the parts.
    pub(crate) fn chance(&self, parts: &[&str]) -> f64 {
        let seed = self.seed.to_string();
        let mut all = vec![seed.as_str()];
        all.extend_from_slice(parts);
        let hex = sha_of(&all);
        let bits = hex
            .get(..8)
            .and_then(|it| u32::from_str_radix(it, 16).ok())
            .unwrap_or(0);
        f64::from(bits) / f64::from(u32::MAX)
    }
}
