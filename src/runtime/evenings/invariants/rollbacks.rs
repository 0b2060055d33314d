//! What must hold of going back: P7.

use super::Held;
use crate::domain::entry::{Entry, Event};
use crate::domain::ids::Sha;
use crate::domain::phase::Phase;
use crate::domain::promotion::Intent;
use crate::runtime::evenings::forge::Repo;
use crate::runtime::evenings::world::World;

/// It goes back, with a reason, to what was live and verified and is not known to be bad, and a hold
/// names what it goes back from.
pub fn good(world: &World, entry: &Entry) -> Held {
    let Event::Intended { intent } = &entry.draft.event else {
        return Ok(());
    };
    if !intent.rollback {
        return Ok(());
    }
    let wrong = |why: &str| Err(format!("{} goes back to {}, {why}", intent.id, intent.to));
    if intent.reason.trim().is_empty() {
        return wrong("without a reason");
    }
    let (service, environment) = (&intent.service, &intent.environment);
    let mut holds = world.fold.holds.values();
    let shown = world.author.as_ref().map(|author| author.shown);
    let named = intent.from.as_ref().is_some_and(|from| {
        holds.any(|held| {
            let bad = held.cover.revision.as_ref();
            // What is live is put there once more: what failed to replace it is the bad one.
            let left = if from.sha == intent.to.sha {
                bad.is_some_and(|bad| *bad != from.sha && failed_there(world, intent, bad))
            } else {
                bad == Some(&from.sha)
            };
            // Who orders it may not know yet that somebody has lifted it.
            (!held.lifted || Some(held.seq) > shown)
                && left
                && held.cover.service.as_ref().is_none_or(|on| on == service)
        })
    });
    if !named {
        return wrong("and nothing holds what it goes back from");
    }
    let mut repos = world.forges.values().flat_map(|forge| forge.repos.iter());
    let policy = world.record.policies.get(&entry.draft.policy);
    let known = policy.and_then(|policy| policy.service(service));
    let (Some(known), Some((_, repo))) = (
        known,
        known.and_then(|known| repos.find(|(path, _)| **path == known.repo)),
    ) else {
        return wrong("which no service has");
    };
    let verify = known
        .stage(environment)
        .is_some_and(|stage| stage.verification.is_some());
    if was_good(world, entry, repo, verify) {
        Ok(())
    } else {
        wrong("which was never there and verified")
    }
}

/// Says whether a revision failed in the cell of an intent, by its forge or by the journal.
fn failed_there(world: &World, intent: &Intent, bad: &Sha) -> bool {
    let mut repos = world.forges.values().flat_map(|forge| forge.repos.values());
    let in_journal = world.fold.intents.values().any(|going| {
        going.intent.service == intent.service
            && going.intent.environment == intent.environment
            && going.intent.to.sha == *bad
            && going.word == "failed"
    });
    in_journal
        || repos.any(|repo| {
            repo.truth.deployments.iter().any(|known| {
                known.environment == intent.environment
                    && known.sha == *bad
                    && known.phase == Phase::Failed
            })
        })
}

fn was_good(world: &World, entry: &Entry, repo: &Repo, verify: bool) -> bool {
    let Event::Intended { intent } = &entry.draft.event else {
        return false;
    };
    let mut deployments = repo.truth.deployments.iter();
    // Whoever promoted it was asked for no verification then.
    let unasked = |sha: &Sha| {
        let mut intents = world.fold.intents.values();
        intents.any(|going| {
            let one = &going.intent;
            let there = one.service == intent.service && one.environment == intent.environment;
            there && !one.verify && repo.brings(sha, &one.to.sha)
        })
    };
    deployments.any(|known| {
        let key = (intent.service.clone(), known.id);
        let history = world
            .fold
            .began
            .is_none_or(|began| known.created_at < began);
        known.environment == intent.environment
            && known.sha == intent.to.sha
            && matches!(known.raw.as_str(), "succeeded" | "inactive")
            && (!verify
                || history
                || unasked(&known.sha)
                || world.fold.verified.get(&key) == Some(&true))
    })
}
