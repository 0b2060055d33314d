//! What must hold of overrides: O1.

use super::{Held, oracle};
use crate::app::Effect;
use crate::domain::entry::{Entry, Event};
use crate::domain::ids::{OverrideId, Person};
use crate::domain::override_::OverrideRule;
use crate::domain::policy::Policy;
use crate::domain::promotion::{Intent, Step};
use crate::runtime::evenings::fold::Granted;
use crate::runtime::evenings::record::Send;
use crate::runtime::evenings::world::World;

/// It is granted on the revision that the forge showed its granter last: the candidate, or one that
/// was live there before.
pub fn seen(world: &World, who: usize, effect: &Effect) -> Held {
    let Effect::Append { draft, .. } = effect else {
        return Ok(());
    };
    let Event::OverrideGranted { grant } = &draft.event else {
        return Ok(());
    };
    let operator = &world.operators[who];
    let key = (operator.instance.clone(), grant.service.clone());
    let told = world.record.facts.get(&key);
    let told = told.ok_or("an override of what was never shown")?;
    let service = operator.policy.service(&grant.service);
    let service = service.ok_or("an override of no service")?;
    let stage = service.stage(&grant.environment);
    let stage = stage.ok_or("an override of no stage")?;
    let forward = oracle::candidate(&told.facts, service, stage);
    let was_there = told.facts.deployments.iter().any(|known| {
        known.environment == grant.environment
            && known.sha == grant.revision
            && matches!(known.raw.as_str(), "succeeded" | "inactive")
    });
    if forward.as_ref() == Some(&grant.revision) || was_there {
        Ok(())
    } else {
        Err(format!(
            "{} overrides for {}, which is not what is there",
            grant.owner, grant.revision
        ))
    }
}

/// It is granted by its owner, with a reason, an end to come, and on gates that may be overridden.
pub fn granted(world: &World, entry: &Entry) -> Held {
    let Event::OverrideGranted { grant } = &entry.draft.event else {
        return Ok(());
    };
    let author = world.author.as_ref();
    let own = author.is_some_and(|author| {
        let name = author.instance.as_str().rsplit_once('-');
        name.map(|(name, _)| name) == Some(grant.owner.as_str())
    });
    let never = |gate: &str| matches!(gate, "fresh" | "hold" | "forge");
    let good = own
        && entry.draft.actor == grant.owner
        && !grant.reason.trim().is_empty()
        && grant.until > entry.draft.at
        && !grant.gates.is_empty()
        && !grant.gates.iter().any(|bound| never(&bound.gate));
    if good {
        Ok(())
    } else {
        Err(format!("{author:?} appends {grant:?}"))
    }
}

fn used<'a>(world: &'a World, id: &OverrideId) -> Result<&'a Granted, String> {
    let granted = world.fold.overrides.get(id);
    granted.ok_or_else(|| format!("{id} is used and was never granted"))
}

/// One intent uses it, of exactly the cell and revision, before its end.
pub fn once(world: &World, entry: &Entry) -> Held {
    let Event::Intended { intent } = &entry.draft.event else {
        return Ok(());
    };
    for id in &intent.overrides {
        let granted = used(world, id)?;
        let grant = &granted.grant;
        if let Some(first) = &granted.used_by {
            return Err(format!("{} uses {id}, which {first} has used", intent.id));
        }
        let same = grant.service == intent.service
            && grant.environment == intent.environment
            && grant.revision == intent.to.sha;
        if !same || granted.withdrawn || entry.draft.at >= grant.until {
            return Err(format!("{} uses {granted:?}", intent.id));
        }
    }
    Ok(())
}

/// Nothing is sent on an override that has ended.
pub fn in_force(world: &World, _who: usize, send: &Send) -> Held {
    let Some(going) = world.fold.intents.get(&send.id) else {
        return Ok(());
    };
    for id in &going.intent.overrides {
        let grant = &used(world, id)?.grant;
        if send.at >= grant.until {
            return Err(format!("{} is sent on {id} after its end", send.id));
        }
    }
    Ok(())
}

/// At a permit whoever granted it may, and so may the second person where one is asked for.
pub fn entitled(world: &World, entry: &Entry) -> Held {
    let Event::Stepped {
        id,
        step: Step::Sending { .. },
        ..
    } = &entry.draft.event
    else {
        return Ok(());
    };
    let (Some(going), Some(policy)) = (
        world.fold.intents.get(id),
        world.record.policies.get(&entry.draft.policy),
    ) else {
        return Ok(());
    };
    for id in &going.intent.overrides {
        let granted = used(world, id)?;
        if granted.withdrawn {
            return Err(format!(
                "{} got its permit on {id}, which is withdrawn",
                going.intent.id
            ));
        }
        people(policy, &going.intent, granted)?;
    }
    Ok(())
}

fn people(policy: &Policy, intent: &Intent, granted: &Granted) -> Held {
    let grant = &granted.grant;
    let rule = policy.environments.get(&intent.environment);
    let rule = rule.map_or_else(OverrideRule::default, |known| known.overrides.clone());
    let may = |person: &Person| {
        let is_in = |role| {
            let members = policy.roles.get(role);
            members.is_some_and(|members| members.contains(person))
        };
        rule.roles.is_empty() || rule.roles.iter().any(is_in)
    };
    let window = grant.gate("window").is_some();
    let two = grant.second_person || rule.second_person || intent.rollback && window;
    let second = granted.confirmed_by.iter();
    let second = second.filter(|person| **person != grant.owner && may(person));
    if rule.forbidden || !may(&grant.owner) || two && second.count() == 0 {
        return Err(format!(
            "{} got its permit on {} of {}, confirmed by {:?}, under {rule:?}",
            intent.id, grant.id, grant.owner, granted.confirmed_by
        ));
    }
    Ok(())
}
