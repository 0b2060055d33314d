//! Environments on a forge, or in a repository, that keeps none: deployments made of statuses,
//! branches, tags, releases or runs. What is read for that, and how, lives in the adapters.

use jiff::{SignedDuration, Timestamp};

use crate::domain::deployment::{self, Deployment};
use crate::domain::facts::ForgeEnvironment;
use crate::domain::ids::{DeploymentId, Digest, EnvironmentName};

pub mod guess;
pub mod pointers;
pub mod releases;
pub mod runs;
pub mod scan;
pub mod statuses;

/// The environments themselves: the forge asks nothing of a deployment into them.
pub fn environments(names: &[EnvironmentName]) -> Vec<ForgeEnvironment> {
    let environment = |name: &EnvironmentName| ForgeEnvironment {
        name: name.clone(),
        id: None,
        required_reviewers: false,
        prevent_self_review: false,
        wait_timer: SignedDuration::ZERO,
        branch_policy: false,
    };
    names.iter().map(environment).collect()
}

/// What a pulse shows of deployments: of each environment what is live, and all that is newer. What a
/// scan finds of the past changes nothing.
pub fn pulse(deployments: &[Deployment]) -> Vec<(u64, String, String, Option<Timestamp>)> {
    let age = |each: &Deployment| (each.created_at, each.id);
    let matters = |each: &&Deployment| {
        let live = deployment::live(deployments, &each.environment);
        live.is_none_or(|live| age(each) >= age(live))
    };
    let shown = |each: &Deployment| {
        let into = each.environment.to_string();
        (each.id.0, into, each.raw.clone(), Some(each.changed_at))
    };
    deployments.iter().filter(matters).map(shown).collect()
}

/// The number of a deployment that the forge does not number: the same for everybody who reads the
/// same thing there.
fn number(model: &str, environment: &EnvironmentName, native: &str) -> DeploymentId {
    let digest = Digest::of([model, environment.as_str(), native]);
    // Fifty-two bits: exact also where a number is a double.
    let hex = digest.as_str().get(..13).unwrap_or_default();
    DeploymentId(u64::from_str_radix(hex, 16).unwrap_or_default())
}

/// Sorts as facts have them.
fn newest_first(mut deployments: Vec<Deployment>) -> Vec<Deployment> {
    deployments.sort_by_key(|each| std::cmp::Reverse((each.created_at, each.id)));
    deployments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_for_the_same_thing_and_exact_as_a_double() {
        let (staging, production) = ("staging".into(), "production".into());
        let first = number("status", &staging, "7");
        assert_eq!(first, number("status", &staging, "7"));
        assert_ne!(first, number("status", &production, "7"));
        assert_ne!(first, number("run", &staging, "7"));
        assert!(first.0 > 0 && first.0 < 1 << 52);
    }
}
