//! What must hold of releases: who decides on one (S1, S2), who drives it, and its waves (P9).

use jiff::{SignedDuration, Timestamp};

use super::{Held, oracle, votes};
use crate::app::Effect;
use crate::domain::entry::{Entry, Event};
use crate::domain::ids::{ReleaseName, ServiceName, Sha};
use crate::domain::policy::{GateSpec, Policy};
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::domain::release::Release;
use crate::domain::release::agenda::Move;
use crate::domain::signoff::{AtClose, ReleaseVote, Voice};
use crate::runtime::evenings::fold::Driven;
use crate::runtime::evenings::record::live;
use crate::runtime::evenings::world::World;

/// A release has no second run while one goes on, and starts on what every role agreed on.
pub fn started(world: &World, entry: &Entry) -> Held {
    let Event::ReleaseStarted { run } = &entry.draft.event else {
        return Ok(());
    };
    let mut runs = world.fold.runs.values();
    match runs.find(|driven| driven.run.release == run.release && !driven.ended) {
        Some(open) => Err(format!("{} starts while {} goes on", run.id, open.run.id)),
        None => Ok(()),
    }
}

pub fn decided(world: &World, entry: &Entry) -> Held {
    let Event::ReleaseStarted { run } = &entry.draft.event else {
        return Ok(());
    };
    let policy = world.record.policies.get(&entry.draft.policy);
    let release = policy.and_then(|policy| policy.release(&run.release).zip(Some(policy)));
    let (release, policy) = release.ok_or("a run of no release")?;
    let on_it = world.fold.release_votes.values();
    let valid: Vec<_> = on_it
        .filter(|vote| vote.release == run.release && vote.scope == run.digest)
        .filter(|vote| votes::is_in(policy, &vote.person, &vote.role))
        .collect();
    // A no-go that came while it was on its way stops every permit of it instead, also one that its own
    // author has changed since and that was late.
    let shown = world.author.as_ref().map(|author| author.shown);
    let is_late = |vote: &ReleaseVote| {
        let key = (vote.release.clone(), vote.person.clone());
        let seq = world.fold.release_voted.get(&key).copied();
        seq.zip(shown).is_some_and(|(seq, shown)| seq > shown)
    };
    let mut used = Vec::new();
    for role in &release.roles {
        let go = valid.iter().find(|vote| {
            vote.role == *role
                && (vote.voice == Voice::Go || is_late(vote))
                && !used.contains(&&vote.person)
                && !has_ended(policy, release, vote, entry.draft.at)
        });
        let go = go.ok_or_else(|| format!("{} starts without a go of {role}", run.id))?;
        used.push(&go.person);
    }
    Ok(())
}

/// Says whether a go has ended with the window of its release. In an evening that is the window of every
/// cell of it, and every freeze of its environment covers all of it.
fn has_ended(policy: &Policy, release: &Release, vote: &ReleaseVote, at: Timestamp) -> bool {
    let withdraws = release.window.is_some() && release.at_close == AtClose::Withdraw;
    let closed = |service: &ServiceName| {
        oracle::closed_between(policy, service, &release.environment, vote.at, at)
    };
    let mut waves = release.waves.iter().flatten();
    withdraws && waves.next().is_some_and(closed)
}

/// Nothing of a run gets its permit on a go that has ended with the window.
pub fn goes_on(world: &World, entry: &Entry) -> Held {
    let Some(intent) = permit(world, entry).filter(|intent| intent.purpose == Purpose::Promotion)
    else {
        return Ok(());
    };
    let Some(run) = run_of(world, intent) else {
        return Ok(());
    };
    let run = run?;
    let policy = world.record.policies.get(&entry.draft.policy);
    let Some((release, policy)) =
        policy.and_then(|policy| Some((policy.release(&run.run.release)?, policy)))
    else {
        return Ok(());
    };
    for role in &release.roles {
        let votes = world.fold.release_votes.values();
        let mut goes = votes
            .filter(|vote| vote.release == release.name && vote.voice == Voice::Go)
            .filter(|vote| vote.role == *role)
            .peekable();
        // Whether there is a go at all, and on what, is another question.
        if goes.peek().is_some()
            && goes.all(|vote| has_ended(policy, release, vote, entry.draft.at))
        {
            return Err(format!(
                "{} goes on, and every go of {role} has ended",
                intent.id
            ));
        }
    }
    Ok(())
}

/// A vote on a release is on what the forges showed its caster last.
pub fn seen(world: &World, who: usize, effect: &Effect) -> Held {
    let Effect::Append { draft, .. } = effect else {
        return Ok(());
    };
    let Event::ReleaseVoteCast { vote } = &draft.event else {
        return Ok(());
    };
    // While it runs, votes are on what was agreed on at its start.
    let goes_on = |name: &ReleaseName| {
        let mut runs = world.fold.runs.values();
        runs.any(|driven| driven.run.release == *name)
    };
    let operator = &world.operators[who];
    let release = operator.policy.release(&vote.release);
    let release = release.ok_or("a vote on no release")?;
    if goes_on(&vote.release) {
        return Ok(());
    }
    for service in release.waves.concat() {
        // What was dropped is no part of what is voted on, however little is known of it.
        if vote.saw.contains(&format!("{service} dropped")) {
            continue;
        }
        let key = (operator.instance.clone(), service.clone());
        let Some(told) = world.record.facts.get(&key) else {
            return Err(format!("a vote on {service}, which was never shown"));
        };
        let known = operator.policy.service(&service);
        let Some((known, stage)) =
            known.and_then(|known| Some((known, known.stage(&release.environment)?)))
        else {
            continue;
        };
        let from = live(&told.facts, &release.environment).map(|known| known.sha.clone());
        let to = oracle::candidate(&told.facts, known, stage);
        let moved = vote.saw.contains(&format!("{service} ")) && to != from;
        // Where pull requests promote, what is merged is another commit and stays.
        let named = |to: &Sha| {
            let releases = told.facts.releases.iter();
            let mut tags = releases.filter(|release| release.sha.as_ref() == Some(to));
            vote.saw.contains(to.short()) || tags.any(|release| vote.saw.contains(&release.tag))
        };
        let stays = vote.saw.contains(&format!("{service} stays"));
        if to.is_some_and(|to| moved && !stays && !named(&to)) {
            return Err(format!("{} votes on {}", vote.person, vote.saw));
        }
    }
    Ok(())
}

/// The run of an entry's intent, if it is of one.
fn run_of<'a>(world: &'a World, intent: &Intent) -> Option<Result<&'a Driven, String>> {
    let id = intent.release.as_ref()?;
    let driven = world.fold.runs.get(id);
    Some(driven.ok_or_else(|| format!("{} is of run {id}, which never began", intent.id)))
}

fn permit<'a>(world: &'a World, entry: &Entry) -> Option<&'a Intent> {
    match &entry.draft.event {
        Event::Stepped {
            id,
            step: Step::Sending { .. },
            ..
        } => world.fold.intents.get(id).map(|going| &going.intent),
        _ => None,
    }
}

/// Clocks differ between operators, and a vote takes a while to be read.
const READ: SignedDuration = SignedDuration::from_mins(4);

/// Nothing that ships in a release gets its permit after a no-go to exactly what that would ship now, by
/// somebody who may say so, as far as its sender was shown.
pub fn refused(world: &World, entry: &Entry) -> Held {
    let Some(intent) = permit(world, entry) else {
        return Ok(());
    };
    let passed = world.fold.overridden(intent, GateSpec::Release.name());
    if intent.purpose != Purpose::Promotion || intent.rollback || passed {
        return Ok(());
    }
    let policy = world.record.policies.get(&entry.draft.policy);
    let policy = policy.ok_or("it was decided by no known policy")?;
    let mut operators = world.operators.iter();
    let sender = operators.find(|operator| {
        let author = world.author.as_ref();
        author.is_some_and(|author| author.instance == operator.instance)
    });
    let Some(state) = sender.and_then(|sender| sender.state.as_ref()) else {
        return Ok(());
    };
    for release in &policy.releases {
        let dropped = (release.name.clone(), intent.service.clone());
        if !release.ships(&intent.service, &intent.environment)
            || world.fold.dropped.contains(&dropped)
        {
            continue;
        }
        let bound = state.engine.decision(release, entry.draft.at).bound;
        let no_go = world.fold.release_votes.values().find(|vote| {
            vote.release == release.name
                && vote.voice == Voice::NoGo
                && vote.scope == bound
                && release.roles.contains(&vote.role)
                && votes::is_in(policy, &vote.person, &vote.role)
                && entry.draft.at.duration_since(vote.at) > READ
        });
        if let Some(vote) = no_go {
            return Err(format!(
                "{} is sent, and {} said no-go to {}",
                intent.id, vote.person, release.name
            ));
        }
    }
    Ok(())
}

/// What goes by itself is intended, and gets its permit, while every role of a release that ships it
/// says go. Who has two roles may have said so in the other just now.
pub fn agreed(world: &World, entry: &Entry) -> Held {
    let intent = match &entry.draft.event {
        Event::Intended { intent } => Some(intent),
        _ => permit(world, entry),
    };
    let Some(intent) = intent.filter(|intent| intent.goes_by_itself()) else {
        return Ok(());
    };
    let policy = world.record.policies.get(&entry.draft.policy);
    let policy = policy.ok_or("it was decided by no known policy")?;
    for release in &policy.releases {
        // One that has run is done with, or has a run whose own permits are looked at.
        let mut runs = world.fold.runs.values();
        let ran = runs.any(|driven| driven.run.release == release.name);
        let dropped = (release.name.clone(), intent.service.clone());
        if ran
            || !release.ships(&intent.service, &intent.environment)
            || world.fold.dropped.contains(&dropped)
        {
            continue;
        }
        for role in &release.roles {
            let mut votes = world.fold.release_votes.values();
            let said = votes.any(|vote| {
                vote.release == release.name
                    && vote.voice == Voice::Go
                    && (vote.role == *role || votes::is_in(policy, &vote.person, role))
            });
            if !said {
                return Err(format!(
                    "{} goes by itself, and nobody says go to {} as {role}",
                    intent.id, release.name
                ));
            }
        }
    }
    Ok(())
}

/// A permit of a run goes to the instance that drives it, while it goes on, and to nothing that was
/// dropped from it.
pub fn driven(world: &World, entry: &Entry) -> Held {
    let Some((intent, run)) =
        permit(world, entry).and_then(|intent| Some((intent, run_of(world, intent)?)))
    else {
        return Ok(());
    };
    let run = run?;
    let author = world.author.as_ref().map(|author| &author.instance);
    if run.ended || author != Some(&run.driver) {
        return Err(format!(
            "{} got its permit from {author:?} of {run:?}",
            intent.id
        ));
    }
    let moves = |moved: &Move| moved.service == intent.service;
    if !run.run.moves.iter().any(moves) {
        return Err(format!("{} got its permit after it was dropped", intent.id));
    }
    Ok(())
}

/// Nothing of a wave is ordered before everything of the waves before is there and verified, and
/// nothing gets its permit after something failed, as far as its driver was shown.
pub fn waves(world: &World, entry: &Entry) -> Held {
    let intent = match &entry.draft.event {
        Event::Intended { intent } => Some(intent),
        _ => permit(world, entry),
    };
    let Some((intent, run)) = intent.and_then(|intent| Some((intent, run_of(world, intent)?)))
    else {
        return Ok(());
    };
    let run = run?;
    let policy = world.record.policies.get(&run.policy);
    let release = policy.and_then(|policy| policy.release(&run.run.release));
    let release = release.ok_or("a run of no release")?;
    let Some(wave) = release.wave_of(&intent.service) else {
        return Err(format!("{} is not of {}", intent.service, release.name));
    };
    for moved in &run.run.moves {
        let earlier = release
            .wave_of(&moved.service)
            .is_some_and(|place| place < wave);
        if earlier && !arrived(world, moved) {
            return Err(format!(
                "{} goes in wave {wave}, and {} has not arrived",
                intent.id,
                moved.words()
            ));
        }
    }
    let shown = world.author.as_ref().map(|author| author.shown);
    let failed = world.fold.intents.values().find(|going| {
        going.intent.release == intent.release
            && Some(going.seq) <= shown
            && matches!(going.word, "failed" | "cancelled" | "rejected" | "absent")
    });
    match failed {
        Some(failed) => Err(format!(
            "{} goes on after {} is {}",
            intent.id, failed.intent.id, failed.word
        )),
        None => Ok(()),
    }
}

/// Says whether a move's revision came to be live, and was verified where that is asked for.
fn arrived(world: &World, moved: &Move) -> bool {
    // By the config as it is now: an edit may ask for a verification, or stop to.
    let Some(service) = world.policy.service(&moved.service) else {
        return true;
    };
    let asked = service
        .stage(&moved.environment)
        .is_some_and(|stage| stage.verification.is_some());
    let Some(repo) = world.repo(&service.forge, &service.repo) else {
        return true;
    };
    let mut deployments = repo.truth.deployments.iter();
    deployments.any(|known| {
        let key = (moved.service.clone(), known.id);
        let history = world
            .fold
            .began
            .is_none_or(|began| known.created_at < began);
        known.environment == moved.environment
            && matches!(known.raw.as_str(), "succeeded" | "inactive")
            && repo.brings(&known.sha, &moved.to.sha)
            && (!asked || history || world.fold.verified.get(&key) == Some(&true))
    })
}
