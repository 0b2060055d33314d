//! The invariants, as a table: what must hold of every effect, entry, send, step and end of an
//! evening. To add one, write a function and a line here, and a breakage that breaks it.

use super::world::{News, World};
use crate::app::Effect;
use crate::domain::entry::Entry;
use crate::domain::promotion::Purpose;

use super::record::Send;
use crate::domain::forge_kind::ForgeKind;

mod aftermath;
mod boards;
mod brakes;
mod ends;
mod entries;
mod forges;
mod holds;
mod oracle;
mod overrides;
mod releases;
mod rollbacks;
mod samples;
mod sends;
mod tasks;
mod votes;

pub use forges::{Before, faults};

/// Says whether anything still has to come to an end.
pub fn is_unsettled(world: &World) -> bool {
    ends::everything_ends(world).is_err() || aftermath::told(world).is_err() || !brakes_rest(world)
}

/// Says whether nothing is left on a forge of a hold that has ended.
pub fn brakes_rest(world: &World) -> bool {
    brakes::gone(world).is_ok()
}

/// Whether it holds, and if not, what shows it.
pub type Held = Result<(), String>;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub name: &'static str,
    pub why: String,
}

/// When an invariant is looked at.
#[derive(Clone, Copy)]
pub enum Check {
    /// Of each effect that an engine orders.
    Effect(fn(&World, usize, &Effect) -> Held),
    /// Of each entry, before the checker has added it up.
    Entry(fn(&World, &Entry) -> Held),
    /// Of each act that an engine orders to be sent.
    Send(fn(&World, usize, &Send) -> Held),
    /// After each step.
    Step(fn(&mut World) -> Held),
    /// When everything should have come to its end.
    End(fn(&World) -> Held),
    /// Where the order is given, in `orders.rs`.
    Order,
    /// Around each message that a board is handed.
    Around,
}

pub struct Invariant {
    pub name: &'static str,
    /// Where it is written down: a rule of the semantics, or the architecture's list.
    pub rule: &'static str,
    pub checks: &'static [Check],
}

use Check::{Around, Effect as OnEffect, End, Entry as OnEntry, Order, Send as OnSend, Step};

/// Every invariant. The first that does not hold is told.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "each effect answers once",
        rule: "architecture",
        checks: &[End(ends::each_effect_answers_once)],
    },
    Invariant {
        name: "no act without its permit",
        rule: "architecture, P1",
        checks: &[OnSend(sends::permitted)],
    },
    Invariant {
        name: "sent at most once",
        rule: "P4",
        checks: &[OnSend(sends::once), Step(sends::written_once)],
    },
    Invariant {
        name: "nothing is sent that nobody ordered",
        rule: "P4",
        checks: &[OnEntry(entries::ordered), OnEntry(releases::agreed)],
    },
    Invariant {
        name: "a gate opens on fresh facts alone",
        rule: "architecture",
        checks: &[Step(boards::fresh)],
    },
    Invariant {
        name: "facts are read again before sending",
        rule: "P3",
        checks: &[OnSend(sends::read_again)],
    },
    Invariant {
        name: "what is sent is what the forge shows",
        rule: "P3",
        checks: &[OnSend(sends::as_shown)],
    },
    Invariant {
        name: "gates are open at the send",
        rule: "P3, P5, gates",
        checks: &[OnSend(sends::gates_open), OnEntry(releases::refused)],
    },
    Invariant {
        name: "nothing is sent outside the windows",
        rule: "W1, W5",
        checks: &[OnSend(sends::in_window)],
    },
    Invariant {
        name: "one promotion in flight on a cell",
        rule: "P2",
        checks: &[OnEntry(entries::one_in_flight)],
    },
    Invariant {
        name: "steps follow one another",
        rule: "P1, P6",
        checks: &[OnEntry(entries::steps_follow)],
    },
    Invariant {
        name: "a hold that came first wins",
        rule: "H1, H3, H5",
        checks: &[OnEntry(holds::wins)],
    },
    Invariant {
        name: "manual gates are opened by who may",
        rule: "gates",
        checks: &[OnEntry(holds::gates_opened)],
    },
    Invariant {
        name: "votes bind to what their casters saw",
        rule: "S1",
        checks: &[
            OnEffect(votes::seen),
            OnEntry(votes::cast),
            OnEffect(releases::seen),
        ],
    },
    Invariant {
        name: "a go needs every role",
        rule: "S1, S2",
        checks: &[
            OnEntry(votes::complete),
            OnEntry(releases::decided),
            OnEntry(releases::goes_on),
        ],
    },
    Invariant {
        name: "a checklist is done for exactly this",
        rule: "S1, gates",
        checks: &[OnEffect(tasks::seen), OnEntry(tasks::complete)],
    },
    Invariant {
        name: "samples are taken again before sending",
        rule: "P3, gates",
        checks: &[OnSend(samples::taken_again)],
    },
    Invariant {
        name: "an override binds to what its granter saw",
        rule: "O1",
        checks: &[OnEffect(overrides::seen), OnEntry(overrides::granted)],
    },
    Invariant {
        name: "an override serves once, for what it was granted on",
        rule: "O1",
        checks: &[OnEntry(overrides::once), OnSend(overrides::in_force)],
    },
    Invariant {
        name: "an override needs who may, and a second person where that is asked",
        rule: "O1, P7",
        checks: &[OnEntry(overrides::entitled)],
    },
    Invariant {
        name: "going back is to what was verified, and leaves a hold",
        rule: "P7",
        checks: &[OnEntry(rollbacks::good)],
    },
    Invariant {
        name: "what came out of band is told, and once",
        rule: "P8",
        checks: &[OnEntry(aftermath::told_once), End(aftermath::told)],
    },
    Invariant {
        name: "what fails its verification is held",
        rule: "P10",
        checks: &[OnEntry(aftermath::held)],
    },
    Invariant {
        name: "what is verified was seen to be well",
        rule: "P10",
        checks: &[OnEntry(aftermath::verified)],
    },
    Invariant {
        name: "a release has one run, and a run one driver",
        rule: "P9",
        checks: &[OnEntry(releases::started), OnEntry(releases::driven)],
    },
    Invariant {
        name: "a wave waits for the one before",
        rule: "P9",
        checks: &[OnEntry(releases::waves)],
    },
    Invariant {
        name: "a hold has a reason, an owner, an end to come",
        rule: "H1",
        checks: &[OnEntry(holds::whole)],
    },
    Invariant {
        name: "a hold's end is noted once, and not before it",
        rule: "H2",
        checks: &[OnEntry(holds::noted_once)],
    },
    Invariant {
        name: "a hold that asks holds on until somebody answers",
        rule: "H2",
        checks: &[OnEntry(holds::answered), Step(boards::asking)],
    },
    Invariant {
        name: "a second hold is told of the first",
        rule: "H6",
        checks: &[OnEntry(holds::twins)],
    },
    Invariant {
        name: "holds always work",
        rule: "H3",
        checks: &[Order],
    },
    Invariant {
        name: "each of several goes by itself",
        rule: "P9",
        checks: &[Order],
    },
    Invariant {
        name: "everybody's ledger says what the journal says",
        rule: "H2, P6",
        checks: &[Step(boards::ledgers)],
    },
    Invariant {
        name: "what is live never goes back",
        rule: "P11",
        checks: &[Step(boards::live)],
    },
    Invariant {
        name: "what the journal says happened",
        rule: "P1, P4",
        checks: &[OnEntry(entries::happened), End(ends::happened)],
    },
    Invariant {
        name: "history is never changed",
        rule: "P6, journal",
        checks: &[End(ends::history)],
    },
    Invariant {
        name: OWN_ROWS,
        rule: "architecture",
        checks: &[Around, Step(forges::own_trouble)],
    },
    Invariant {
        name: "a brake is placed once",
        rule: "H5",
        checks: &[OnSend(brakes::placed_once)],
    },
    Invariant {
        name: "a brake is lifted only if it is ours and nothing holds any more",
        rule: "H5",
        checks: &[OnSend(brakes::lifted_ours), OnEntry(brakes::held_now)],
    },
    Invariant {
        name: "what a hold left goes with it",
        rule: "H5",
        checks: &[End(brakes::gone)],
    },
    Invariant {
        name: "who may only look changes nothing",
        rule: "architecture",
        checks: &[OnEffect(sends::may_change)],
    },
    Invariant {
        name: "everything comes to an end",
        rule: "P1, P4",
        checks: &[End(ends::everything_ends)],
    },
];

/// With several forges on a board.
const OWN_ROWS: &str = "a forge in trouble ages only its own rows";

/// What has to stay as it is while a board is handed something.
pub fn before(world: &World, who: usize, news: &News) -> Before {
    forges::before(world, who, news)
}

pub fn after(world: &mut World, who: usize, news: &News, before: &Before) {
    let held = match news {
        News::Tick => forges::asked_on(world, who),
        News::Of(_) => forges::others_stay(world, who, before),
        News::Other => Ok(()),
    };
    world.find(OWN_ROWS, held);
}

fn all(world: &mut World, ask: impl Fn(&mut World, Check) -> Held) {
    if world.violation.is_some() {
        return;
    }
    for invariant in INVARIANTS {
        for check in invariant.checks {
            let held = ask(world, *check);
            world.find(invariant.name, held);
        }
    }
}

pub fn on_effect(world: &mut World, who: usize, effect: &Effect) {
    all(world, |world, check| match check {
        OnEffect(check) => check(world, who, effect),
        _ => Ok(()),
    });
}

pub fn on_entry(world: &mut World, entry: &Entry) {
    all(world, |world, check| match check {
        OnEntry(check) => check(world, entry),
        _ => Ok(()),
    });
}

pub fn on_send(world: &mut World, who: usize, send: &Send) {
    let promotes = world
        .fold
        .intents
        .get(&send.id)
        .is_some_and(|going| going.intent.purpose == Purpose::Promotion);
    if promotes {
        world.count("promotion sent");
    }
    let going = world.fold.intents.get(&send.id);
    let (back, second) = going.map_or((false, false), |going| {
        let run = going.intent.release.as_ref();
        let run = run.and_then(|run| world.fold.runs.get(run));
        let moved = run.and_then(|driven| {
            let mut moves = driven.run.moves.iter();
            moves.find(|moved| moved.service == going.intent.service)
        });
        let second = moved.is_some_and(|moved| moved.wave > 0);
        (going.intent.rollback, second)
    });
    if back {
        world.count("rolled back");
    }
    let purpose = world
        .fold
        .intents
        .get(&send.id)
        .map(|going| going.intent.purpose);
    match purpose {
        Some(Purpose::Brake) => world.count("brake sent"),
        Some(Purpose::Unbrake) => world.count("brake lifted"),
        _ => {}
    }
    let kind = world.forges.get(&send.forge).map(|forge| forge.host.kind);
    match kind {
        Some(ForgeKind::GitHub) => world.count("sent to GitHub"),
        Some(ForgeKind::GitLab) => world.count("sent to GitLab"),
        Some(ForgeKind::Forgejo) => world.count("sent to Forgejo"),
        None => {}
    }
    if second {
        world.count("second wave");
    }
    all(world, |world, check| match check {
        OnSend(check) => check(world, who, send),
        _ => Ok(()),
    });
}

pub fn after_step(world: &mut World) {
    all(world, |world, check| match check {
        Step(check) => check(world),
        _ => Ok(()),
    });
    world.touched.clear();
}

pub fn at_end(world: &mut World) {
    all(world, |world, check| match check {
        End(check) => check(world),
        _ => Ok(()),
    });
}
