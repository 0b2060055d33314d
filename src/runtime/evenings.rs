//! Evenings: the whole engine in a deterministic simulation. Several operators, each with an engine
//! of their own, share a journal and forges in memory; chance, which comes from the seed alone,
//! decides everything. After every step the invariants are looked at.
//!
//! `GONOGO_SIM_EVENINGS=N` says how many evenings are lived, `GONOGO_SIM_SEED=S` replays one and
//! prints its steps. No test of the terminal or of HTTP lives here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::resume_unwind;
use std::thread;

use breakage::Breakage;
use invariants::{INVARIANTS, Violation};
use world::World;

mod answers;
mod breakage;
mod chance;
mod executor;
mod fold;
mod forge;
mod health;
mod hosts;
mod invariants;
mod orders;
mod policy;
mod record;
mod steps;
mod words;
mod world;

/// How many evenings the test command lives.
const EVENINGS: u64 = 2_000;

/// Seeds of evenings in which something was found once, and what. An evening changes with what chance
/// is asked for, so each of these has a test of its own as well, where it was mended.
const FOUND: &[(u64, &str)] = &[
    (
        242,
        "the end of a hold was noted although an edit had put it off",
    ),
    (
        0,
        "what is live went back when a replica that lagged behind answered",
    ),
    (219, "a pulse confirmed facts that it knew more than"),
    (
        293,
        "what was read again was dropped, because a pulse had confirmed older facts since",
    ),
    (
        128,
        "what was read again came from a replica that lagged behind",
    ),
    (16, "a send rested on facts from before the machine slept"),
    (
        377,
        "a send left into a freeze that began while the machine slept",
    ),
    (
        4,
        "a send waited for ever for a read that had been given up",
    ),
    (
        193,
        "a send waited for ever for the facts of a service that had left the config",
    ),
    (
        410,
        "an intent whose append was not heard of stayed, once its service had left the config",
    ),
    (
        67,
        "a send waited for ever for a round of samples that had been given up as lost",
    ),
    (
        297,
        "a send rested on samples from before its intent, because the clock was put back",
    ),
    (
        145,
        "a wave started although the one before was replaced before it was verified",
    ),
    (
        114,
        "a rollback went on although its hold on the bad revision had been lifted",
    ),
    (215, "what one of us rejected was told as out of band"),
    (
        618,
        "what one of us rejected was told as out of band by one whose clock was ahead",
    ),
    (558, "the same, before chance was asked for other things"),
    (
        16,
        "a brake was placed though its hold had been lifted before its permit",
    ),
    (167, "what a hold turned away was told as out of band"),
    (
        275,
        "a mark that was not shown yet was taken for gone, and stayed for ever",
    ),
    (
        1075,
        "of two freezes of the same times, the one whose answer was lost was taken for the other and left",
    ),
    (
        121,
        "a run went on after its promotion was refused, since its operator had ordered that cell again",
    ),
    (
        1898,
        "a brake was placed though it had been seen there since it was ordered",
    ),
    (
        1954,
        "two environments' freezes of one project had the same times, and one of them was left",
    ),
    (
        2772,
        "a brake that seemed gone to one whose clock was ahead was never looked for again",
    ),
    (
        1404,
        "a forge that the changed config was the first to use was never asked",
    ),
    (
        992,
        "a brake was placed that another had placed while its order waited",
    ),
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Lives one evening.
fn evening(seed: u64, breakage: Option<Breakage>, traced: bool) -> World {
    let mut world = World::new(seed, breakage, traced);
    world.live();
    world
}

/// What to say of an evening in which something was found: every step, and how to see it again.
fn story(seed: u64, violation: &Violation) -> String {
    let world = evening(seed, None, true);
    let mut story = String::new();
    for line in world.trace.iter().flatten() {
        let _ = writeln!(story, "{line}");
    }
    let rule = INVARIANTS.iter().find(|known| known.name == violation.name);
    let rule = rule.map_or("", |known| known.rule);
    let _ = write!(
        story,
        "evening {seed} breaks \"{}\" ({rule}): {}\n\
         see it again with: GONOGO_SIM_SEED={seed} cargo nextest run --lib evenings::replay --no-capture",
        violation.name, violation.why
    );
    story
}

/// What happened, and how often.
type Counts = BTreeMap<&'static str, u64>;

fn add(counts: &mut Counts, more: Counts) {
    for (what, count) in more {
        *counts.entry(what).or_default() += count;
    }
}

/// Lives every evening, some beside each other, and adds up what happened in them.
fn live() -> Counts {
    let evenings = number("GONOGO_SIM_EVENINGS").unwrap_or(EVENINGS);
    let parts = thread::available_parallelism().map_or(1, usize::from) as u64;
    let part = |part: u64| {
        let mut counts = Counts::new();
        for seed in (0..evenings).filter(|seed| seed % parts == part) {
            let world = evening(seed, None, false);
            if let Some(violation) = &world.violation {
                panic!("\n{}\n", story(seed, violation));
            }
            add(&mut counts, world.counts);
        }
        counts
    };
    thread::scope(|scope| {
        let parts: Vec<_> = (0..parts)
            .map(|number| scope.spawn(move || part(number)))
            .collect();
        let mut counts = Counts::new();
        for part in parts {
            add(
                &mut counts,
                part.join().unwrap_or_else(|panic| resume_unwind(panic)),
            );
        }
        counts
    })
}

/// Everything that an evening can have happens in some of them: else the invariants would hold of
/// nothing.
const EXPECTED: &[&str] = &[
    "ordered",
    "promotion sent",
    "intended",
    "sending",
    "accepted",
    "rejected",
    "abandoned",
    "unknown",
    "reconciling",
    "reconciled",
    "absent",
    "running",
    "succeeded",
    "failed",
    "cancelled",
    "hold placed",
    "hold edited",
    "hold lifted",
    "hold expired",
    "hold asked",
    "vote cast",
    "override granted",
    "override confirmed",
    "override withdrawn",
    "override used",
    "task done",
    "task withdrawn",
    "sampled ill",
    "sampled nothing",
    "round given up",
    "verification passed",
    "verification failed",
    "deployment seen",
    "out of band",
    "alert raised",
    "rolled back",
    "release vote cast",
    "release started",
    "release resumed",
    "release shipped",
    "release stopped",
    "release cancelled",
    "second wave",
    "gate added",
    "gate opened",
    "refused",
    "append refused",
    "append unheard",
    "twin hold refused",
    "several at once",
    "never arrived",
    "done, but unheard",
    "crash",
    "config edited",
    "clock set",
    "forge outage",
    "sent to GitHub",
    "sent to GitLab",
    "sent to Forgejo",
    "approved, and not started",
    "run again",
    "job run again",
    "brake sent",
    "brake lifted",
    "mark read back",
    "mark replaced",
    "mark gone",
    "bound again",
];

#[test]
fn every_invariant_holds_of_every_evening() {
    let counts = live();
    println!("{counts:?}");
    if number("GONOGO_SIM_EVENINGS").is_some_and(|evenings| evenings < EVENINGS) {
        return;
    }
    for what in EXPECTED {
        assert!(counts.contains_key(what), "no evening has: {what}");
    }
}

#[test]
fn what_was_found_once_is_not_found_again() {
    for (seed, what) in FOUND {
        let world = evening(*seed, None, false);
        assert_eq!(world.violation, None, "{what}: evening {seed}");
    }
}

#[test]
fn an_evening_is_a_function_of_its_seed() {
    for seed in [3, 5, 8] {
        let (one, other) = (evening(seed, None, true), evening(seed, None, true));
        assert_eq!(one.trace, other.trace);
        assert_eq!(one.book.entries(), other.book.entries());
        // Nor does it depend on whether anybody listens.
        assert_eq!(one.counts, evening(seed, None, false).counts);
    }
}

/// Replays the evening of `GONOGO_SIM_SEED`, else the first, and prints its steps.
#[test]
fn replay() {
    let seed = number("GONOGO_SIM_SEED").unwrap_or(0);
    let world = evening(seed, None, true);
    let trace = world.trace.unwrap_or_default();
    assert!(!trace.is_empty());
    if number("GONOGO_SIM_SEED").is_some() {
        println!("{}", trace.join("\n"));
    }
    assert_eq!(world.violation, None, "evening {seed}");
}

/// How many evenings it may take until a breakage is noticed.
const UNTIL_NOTICED: u64 = 2_000;

/// The checker can fail: each invariant is broken on purpose, and some evening says that it is. What
/// is broken may break other things as well, and on another evening that may be seen first.
fn noticed(breakages: impl Iterator<Item = Breakage>) {
    let mut wrong = Vec::new();
    for breakage in breakages {
        let mut evenings = (0..UNTIL_NOTICED).filter_map(|seed| {
            let violation = evening(seed, Some(breakage), false).violation?;
            Some((seed, violation))
        });
        let told = evenings.find(|(_, violation)| violation.name == breakage.breaks());
        println!("{breakage:?}: {told:?}");
        if told.is_none() {
            wrong.push(format!("{breakage:?} is not noticed"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// In parts, so that they are tried beside each other.
fn noticed_of(part: usize) {
    noticed(Breakage::ALL.iter().skip(part).step_by(4).copied());
}

#[test]
fn each_breakage_is_noticed_as_what_it_breaks() {
    noticed_of(0);
}

#[test]
fn each_second_breakage_is_noticed_as_what_it_breaks() {
    noticed_of(1);
}

#[test]
fn each_third_breakage_is_noticed_as_what_it_breaks() {
    noticed_of(2);
}

#[test]
fn each_fourth_breakage_is_noticed_as_what_it_breaks() {
    noticed_of(3);
}

#[test]
fn every_invariant_has_a_breakage_and_every_breakage_an_invariant() {
    let broken: Vec<&str> = Breakage::ALL.iter().map(|known| known.breaks()).collect();
    for invariant in INVARIANTS {
        assert!(
            broken.contains(&invariant.name),
            "nothing breaks: {}",
            invariant.name
        );
    }
    for name in broken {
        assert!(
            INVARIANTS.iter().any(|known| known.name == name),
            "no invariant: {name}"
        );
    }
}
