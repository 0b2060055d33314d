//! Verifying: how far what one of our promotions brought is, for whoever waits for its end. What is
//! looked at lives in `domain/verification.rs`, noting what came of it in `aftermath.rs`.

use super::Engine;
use crate::domain::deployment;
use crate::domain::ids::IntentId;
use crate::domain::ledger::Origin;
use crate::domain::origin::is_ours;
use crate::domain::phase::Phase;
use crate::domain::verification::{self, Standing};

impl Engine {
    /// How far the verification of what a promotion brought is. Until the forge shows what it
    /// brought, nobody knows.
    pub fn verification_of(&self, id: &IntentId) -> Standing {
        let Some(ledger) = &self.ledger else {
            return Standing::Unknown;
        };
        let Some(promotion) = ledger.promotions.get(id) else {
            return Standing::Unknown;
        };
        let (service, environment) = (&promotion.intent.service, &promotion.intent.environment);
        let Some(row) = self.board.row(service) else {
            return Standing::Unknown;
        };
        let Some(stage) = row.service.stage(environment) else {
            return Standing::Unknown;
        };
        if stage.verification.is_none() {
            return Standing::NotAsked;
        }
        let facts = row.facts.value();
        let deployments = facts.map_or(&[][..], |facts| facts.deployments.as_slice());
        let noted = |number| {
            let origin = ledger.deployments.get(&(service.clone(), number));
            matches!(origin, Some(Origin::Ours(Some(of))) if of == id)
        };
        let found = deployments
            .iter()
            .filter(|one| one.environment == *environment)
            .filter(|one| matches!(one.phase, Phase::Succeeded | Phase::Superseded))
            .filter(|one| noted(one.id) || is_ours(promotion, one))
            .max_by_key(|one| (one.created_at, one.id));
        let Some(found) = found else {
            // Verified, and not among the recent ones any more.
            let mut results = ledger.verifications.iter();
            let result = results.find(|((of, number), _)| of == service && noted(*number));
            return match result {
                Some((_, result)) if result.passed => Standing::Passed,
                Some((_, result)) => Standing::Failed {
                    why: result.why.clone(),
                },
                None => Standing::Unknown,
            };
        };
        let standing = verification::standing(stage, service, found, Some(ledger));
        let live = deployment::live(deployments, environment);
        let replaced = live.is_some_and(|live| live.id != found.id);
        match standing {
            // Only what is live is looked at.
            Standing::Verifying { .. } if replaced => Standing::Failed {
                why: "another revision came before it was verified".to_owned(),
            },
            Standing::NotAsked
            | Standing::Unknown
            | Standing::Verifying { .. }
            | Standing::Passed
            | Standing::Failed { .. } => standing,
        }
    }
}
