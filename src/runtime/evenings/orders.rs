//! What operators order: by the keys of the board, or as the command line does. They do not know
//! better than their screen, and sometimes not even that.

use super::breakage::Breakage;
use super::policy::{self, Theme};
use super::world::World;
use crate::app::Msg;
use crate::app::engine::planning::Wish;
use crate::app::interface::{Chord, Cursor, Key};
use crate::app::request::Request;
use crate::domain::cell::Cell;
use crate::domain::gate::Go;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::phase::Phase;
use crate::domain::pipeline::Run;

mod controls;
mod passes;
mod releases;

/// Says whether a run of what stands, failed or waits in a cell has failed.
fn failed(cell: &Cell, run: &Run) -> bool {
    let revisions = [&cell.failed, &cell.candidate, &cell.live];
    let mut known = revisions.into_iter().flatten();
    run.phase == Phase::Failed && known.any(|revision| revision.sha == run.sha)
}

const PROMOTE: Wish = Wish::Promote { revision: None };

impl World {
    /// An operator does something.
    pub fn order(&mut self, who: usize) {
        self.ordering = true;
        // What has failed asks for another try.
        if self.has_failed(who) && self.chance.percent(70) {
            self.wishes(who, &Wish::Rerun);
            self.ordering = false;
            return;
        }
        // An evening of one theme has more of it.
        let theme = |theme: Theme, plain: u32, more: u32| {
            if self.theme == theme { more } else { plain }
        };
        let holds = theme(Theme::Brakes, 7, 26);
        let lifts = theme(Theme::Brakes, 7, 20);
        let again = theme(Theme::Back, 6, 14);
        let weights = [
            [46, holds, 4, lifts, 3, 6, 1, 14, 3, 4, again, 3, 1].as_slice(),
            &[
                theme(Theme::Overrides, 3, 24),
                theme(Theme::Overrides, 3, 20),
                theme(Theme::Overrides, 1, 3),
                theme(Theme::Back, 6, 30),
                6,
                theme(Theme::Release, 8, 24),
                theme(Theme::Brakes, 1, 12),
            ],
        ]
        .concat();
        match self.chance.weighted(&weights) {
            0 => self.promotes(who),
            1 => self.holds(who),
            2 => self.edits(who),
            3 => self.lifts(who),
            4 => self.adds_gate(who),
            5 => self.opens_gate(who),
            6 => self.closes_gate(who),
            7 => self.votes(who),
            8 => self.wishes(who, &Wish::Reject),
            9 => self.wishes(who, &Wish::Cancel),
            10 => self.wishes(who, &Wish::Rerun),
            11 => self.presses(who, "r"),
            13 => self.overrides(who),
            14 => self.confirms_override(who),
            15 => self.withdraws_override(who),
            16 => self.goes_back(who),
            17 => self.attests(who),
            18 => self.releases(who),
            19 => self.binds(who),
            _ => {
                self.say(|world| format!("{} leaves", world.operators[who].instance));
                self.presses(who, "ctrl-c");
            }
        }
        self.ordering = false;
    }

    /// A cell of the operator's board, mostly one for which the wish makes sense.
    fn cell(&mut self, who: usize, wish: &Wish) -> Option<(ServiceName, EnvironmentName)> {
        let state = self.operators[who].state.as_ref()?;
        let now = state.now;
        let mut all = Vec::new();
        let mut ready = Vec::new();
        for row in &state.engine.board.rows {
            for cell in &row.cells {
                let runs = || row.facts.value().into_iter().flat_map(|facts| &facts.runs);
                let place = (row.service.name.clone(), cell.environment.clone());
                let sensible = match wish {
                    Wish::Promote { .. } | Wish::Approve => {
                        cell.candidate.is_some() && cell.judgement.go_at(now) == Go::Go
                    }
                    Wish::Rollback { .. } => cell.live.is_some(),
                    Wish::Reject => runs().any(|run| {
                        let mut waiting = run.waiting.iter();
                        waiting.any(|waiting| waiting.environment == cell.environment)
                    }),
                    Wish::Cancel => cell.in_flight.is_some(),
                    Wish::Rerun => runs().any(|run| failed(cell, run)),
                };
                if sensible {
                    ready.push(place.clone());
                }
                all.push(place);
            }
        }
        let of = if !ready.is_empty() && self.chance.percent(90) {
            ready
        } else {
            all
        };
        self.chance.pick(&of).cloned()
    }

    /// Says whether the operator's board shows a failed run that would be run again.
    fn has_failed(&self, who: usize) -> bool {
        let state = self.operators[who].state.as_ref();
        let mut rows = state.into_iter().flat_map(|state| &state.engine.board.rows);
        rows.any(|row| {
            let runs = || row.facts.value().into_iter().flat_map(|facts| &facts.runs);
            let mut cells = row.cells.iter();
            cells.any(|cell| runs().any(|run| failed(cell, run)))
        })
    }

    fn promotes(&mut self, who: usize) {
        match self.chance.weighted(&[50, 25, 17, 8]) {
            0 => self.wishes(who, &Wish::Promote { revision: None }),
            1 => self.promotes_by_key(who),
            2 => self.promotes_several(who),
            _ => self.wishes(who, &Wish::Approve),
        }
    }

    /// Plans now, and confirms now or later: what was seen may be old by then.
    fn wishes(&mut self, who: usize, wish: &Wish) {
        // Nobody cancels where nothing runs, or not often.
        let Some((service, environment)) = self.cell(who, wish) else {
            return;
        };
        let Some(state) = &mut self.operators[who].state else {
            return;
        };
        let now = state.now;
        let planned = state.engine.plan(&service, &environment, wish, now);
        self.say(|world| {
            let who = &world.operators[who].instance;
            let came = planned.as_ref().map_or_else(
                |refusal| format!("refused: {}", refusal.why),
                |plan| format!("{} {}", plan.intent.id, plan.movement()),
            );
            format!("{who} wants {wish:?} {service} > {environment}: {came}")
        });
        match planned {
            Ok(mut plan) => {
                "weekly".clone_into(&mut plan.intent.reason);
                self.with_used_override(who, &mut plan.intent);
                if self.chance.percent(30) {
                    self.operators[who].dialog = Some(plan);
                } else {
                    self.ask(who, Request::Send(Box::new(plan)));
                }
            }
            Err(refusal) => {
                self.count("refused");
                let said = !refusal.why.is_empty();
                let why = "a refusal without a reason".to_owned();
                self.find(
                    "every refusal says why",
                    if said { Ok(()) } else { Err(why) },
                );
            }
        }
    }

    /// Confirms a dialog that was left open.
    pub fn confirms(&mut self, who: usize) {
        if let Some(plan) = self.operators[who].dialog.take() {
            self.say(|world| {
                format!(
                    "{} confirms {}",
                    world.operators[who].instance, plan.intent.id
                )
            });
            self.ordering = true;
            self.ask(who, Request::Send(Box::new(plan)));
            self.ordering = false;
        }
    }

    fn promotes_by_key(&mut self, who: usize) {
        let Some((service, environment)) = self.cell(who, &PROMOTE) else {
            return;
        };
        let protected = environment.as_str() == "production";
        self.say(|world| {
            format!(
                "{} presses P on {service} > {environment}",
                world.operators[who].instance
            )
        });
        if let Some(state) = &mut self.operators[who].state {
            state.interface.cursor = Some(Cursor {
                service,
                environment,
            });
        }
        self.presses(who, "P");
        self.presses(who, if protected { "up up" } else { "up" });
        self.types(who, "weekly");
        if protected {
            self.presses(who, "tab");
            self.types(who, "production");
        }
        self.presses(who, "tab tab enter esc");
    }

    /// Marks every service, and promotes those that may go (P9).
    fn promotes_several(&mut self, who: usize) {
        let Some((_, environment)) = self.cell(who, &PROMOTE) else {
            return;
        };
        let Some(state) = &mut self.operators[who].state else {
            return;
        };
        let now = state.now;
        let services: Vec<ServiceName> = state
            .engine
            .board
            .rows
            .iter()
            .map(|row| row.service.name.clone())
            .collect();
        let wish = Wish::Promote { revision: None };
        let plans: Vec<_> = services
            .iter()
            .filter_map(|service| state.engine.plan(service, &environment, &wish, now).ok())
            .collect();
        let several = plans.len();
        self.say(|world| {
            let who = &world.operators[who].instance;
            format!(
                "{who} promotes {several} of {} to {environment}",
                services.len()
            )
        });
        for (sent, mut plan) in plans.into_iter().enumerate() {
            "together".clone_into(&mut plan.intent.reason);
            let id = plan.intent.id.clone();
            if sent == 0 || !self.broken(Breakage::DropsTheOthers) {
                self.ask(who, Request::Send(Box::new(plan)));
            }
            // The board was not told of anything in between, so each of them still goes.
            let state = self.operators[who].state.as_ref();
            let goes = state.is_some_and(|state| state.engine.flows.contains_key(&id));
            let why = format!("{id} may go, but did not because of the others");
            self.find(
                "each of several goes by itself",
                if goes { Ok(()) } else { Err(why) },
            );
        }
        if several > 1 {
            self.count("several at once");
        }
    }

    /// Gives an order as the command line does.
    fn ask(&mut self, who: usize, request: Request) {
        // What a rollback sends comes after its hold: the order is this one all the same.
        if let (Request::Send(plan), true) = (&request, self.ordering) {
            self.record.ordered.insert(plan.intent.id.clone());
        }
        self.tell(who, Msg::Asked(request));
    }

    fn presses(&mut self, who: usize, keys: &str) {
        for key in keys.split(' ') {
            if let Some(chord) = Chord::parse(key) {
                self.tell(who, Msg::Key(chord));
            }
        }
    }

    fn types(&mut self, who: usize, text: &str) {
        for letter in text.chars() {
            self.tell(who, Msg::Key(Chord::plain(Key::Char(letter))));
        }
    }

    /// The machine orders something that nobody wanted.
    pub fn orders_alone(&mut self, who: usize) {
        let Some((service, environment)) = self.cell(who, &PROMOTE) else {
            return;
        };
        let Some(state) = &mut self.operators[who].state else {
            return;
        };
        let wish = Wish::Promote { revision: None };
        let now = state.now;
        if let Ok(mut plan) = state.engine.plan(&service, &environment, &wish, now) {
            "by itself".clone_into(&mut plan.intent.reason);
            self.ask(who, Request::Send(Box::new(plan)));
        }
    }

    /// The config file changes; each engine reads it a little later.
    pub fn edits_config(&mut self) {
        let number = self.record.policies.len();
        let policy = policy::changed(
            &mut self.chance,
            &self.policy,
            &self.hosts,
            number,
            self.now,
        );
        for service in &policy.services {
            let known = self.forges.get(&service.forge);
            if known.is_none_or(|forge| !forge.repos.contains_key(&service.repo)) {
                // A service that comes new needs a repository; that is another evening's subject.
                return;
            }
        }
        self.know(&policy);
        self.policy = policy;
        for operator in &mut self.operators {
            operator.reload = true;
        }
        self.say(|world| format!("the config changes to {}", world.policy.version()));
    }
}
