//! Verification (P10): after a deployment the probes must be well in one round, and the tasks
//! attested, within a time limit. Until then it is verifying, and neither path nor soak count it.
//! Sampling lives in `runtime`.

use jiff::Timestamp;

use super::deployment::Deployment;
use super::gate::checklist::Standing as Attested;
use super::ids::{Digest, EnvironmentName, ServiceName};
use super::ledger::Ledger;
use super::observed::Fact;
use super::origin;
use super::policy::{Policy, Stage, Task};
use super::promotion::State;
use super::revision::Revision;
use super::scope;
use super::seen::{Outcome, Round, RoundKey, Seen, Subject};

/// How far the verification of a deployment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The policy asks for none: the forge's word is enough.
    NotAsked,
    /// The journal cannot be read.
    Unknown,
    Verifying {
        since: Timestamp,
        /// Without one, it was deployed before the journal began or before anybody asked for a
        /// verification: it passes as soon as it is seen to be well, and never fails.
        until: Option<Timestamp>,
    },
    Passed,
    Failed {
        why: String,
    },
}

impl Standing {
    /// Says whether what was deployed counts as verified.
    pub fn counts(&self) -> bool {
        matches!(self, Self::NotAsked | Self::Passed)
    }
}

/// What a verification has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed { saw: String },
    Failed { why: String },
}

/// How far the verification of a deployment of a stage is.
pub fn standing(
    stage: &Stage,
    service: &ServiceName,
    deployment: &Deployment,
    ledger: Option<&Ledger>,
) -> Standing {
    let Some(rule) = &stage.verification else {
        return Standing::NotAsked;
    };
    let Some(ledger) = ledger else {
        return Standing::Unknown;
    };
    if let Some(known) = ledger.verification(service, deployment.id) {
        return if known.passed {
            Standing::Passed
        } else {
            Standing::Failed {
                why: known.why.clone(),
            }
        };
    }
    let since = begins(ledger, service, stage, deployment);
    let history = match origin::promotion_of(ledger, service, &stage.environment, deployment) {
        Some(promotion) => !promotion.intent.verify,
        // What was superseded later was changed later: when it was made is what counts.
        None => ledger
            .began
            .is_none_or(|began| deployment.created_at < began),
    };
    Standing::Verifying {
        since,
        until: if history {
            None
        } else {
            since.checked_add(rule.within).ok()
        },
    }
}

/// Says whether what nobody here ordered was deployed before anybody worked by this policy, which may
/// be what asks for its verification: then it does not fail that, however it looks.
pub fn is_older(
    policy: &Policy,
    ledger: &Ledger,
    service: &ServiceName,
    deployment: &Deployment,
) -> bool {
    let environment = &deployment.environment;
    let foreign = origin::promotion_of(ledger, service, environment, deployment).is_none();
    let since = ledger.policies.get(policy.version());
    foreign && since.is_none_or(|since| deployment.created_at < *since)
}

/// When the verification of a deployment begins: when it was there, by the forge and by the journal.
pub fn begins(
    ledger: &Ledger,
    service: &ServiceName,
    stage: &Stage,
    deployment: &Deployment,
) -> Timestamp {
    let ours = ended(ledger, service, stage, deployment);
    ours.map_or(deployment.changed_at, |at| at.max(deployment.changed_at))
}

/// When the promotion of ours ended that a deployment stems from.
fn ended(
    ledger: &Ledger,
    service: &ServiceName,
    stage: &Stage,
    deployment: &Deployment,
) -> Option<Timestamp> {
    origin::promotion_of(ledger, service, &stage.environment, deployment)
        .filter(|promotion| promotion.state == State::Succeeded)
        .map(|promotion| promotion.changed_at)
}

/// What has been seen of what was deployed.
#[derive(Clone, Debug)]
pub struct Looks<'a> {
    /// Whether anything is sampled at all.
    pub probed: bool,
    pub round: Option<&'a Fact<Round>>,
    /// Who attested what, and which tasks nobody has attested.
    pub attested: Vec<String>,
    pub missing: Vec<String>,
}

impl<'a> Looks<'a> {
    /// What probes alone have seen.
    pub fn probed(round: Option<&'a Fact<Round>>) -> Self {
        Self {
            probed: true,
            round,
            attested: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// What has been seen of `live`, which is `revision`, since its verification began.
    pub fn of(
        policy: &Policy,
        service: &ServiceName,
        stage: &Stage,
        seen: &'a Seen,
        (live, revision): (&Deployment, &Revision),
        (ledger, since): (&Ledger, Timestamp),
    ) -> Self {
        let rule = stage.verification.as_ref();
        let probed =
            rule.is_none_or(|rule| !rule.health.probes.is_empty() || rule.tasks.is_empty());
        let mut looks = Self {
            probed,
            round: round(seen, live),
            ..Self::probed(None)
        };
        let watch = Watch {
            policy,
            service,
            environment: &stage.environment,
            live: revision,
            since,
        };
        for task in stage.verifying_tasks() {
            match watch.standing(ledger, task) {
                Attested::Done(done) => {
                    let note = if done.note.is_empty() {
                        String::new()
                    } else {
                        format!(": {}", done.note)
                    };
                    let said = format!("{} ({}{note})", task.name, done.person);
                    looks.attested.push(said);
                }
                Attested::Open | Attested::Void(..) => looks.missing.push(task.name.clone()),
            }
        }
        looks
    }
}

/// What was deployed, as far as attestations of its verification are bound to it.
#[derive(Clone, Copy, Debug)]
pub struct Watch<'a> {
    pub policy: &'a Policy,
    pub service: &'a ServiceName,
    pub environment: &'a EnvironmentName,
    pub live: &'a Revision,
    /// Of a revision that comes back, what was attested before does not count.
    pub since: Timestamp,
}

impl Watch<'_> {
    /// What an attestation is bound to: the revision that is there, not a movement towards it.
    pub fn scope(&self) -> Digest {
        scope::hash(self.service, self.environment, Some(self.live), self.live)
    }

    /// How a task stands. Membership is asked again, whenever it is judged.
    pub fn standing<'l>(&self, ledger: &'l Ledger, task: &Task) -> Attested<'l> {
        let Some(done) = ledger.task(self.service, self.environment, &task.name) else {
            return Attested::Open;
        };
        if done.scope != self.scope() {
            let why = format!("done for {}, now {} is live", done.saw, self.live);
            return Attested::Void(done, why);
        }
        if done.at < self.since {
            return Attested::Void(done, "done before this deployment".to_owned());
        }
        match &task.role {
            Some(role) if !self.policy.has_role(&done.person, role) => {
                Attested::Void(done, format!("{} is not in role {role}", done.person))
            }
            Some(_) | None => Attested::Done(done),
        }
    }
}

/// What was seen makes of a verification under way; `None` while it goes on.
///
/// A round counts from the deployment on. Nobody having looked is no failure: past the time limit,
/// the first round that is taken decides. A task that nobody attested in time is one.
pub fn decide(standing: &Standing, looks: Looks<'_>, now: Timestamp) -> Option<Verdict> {
    let Standing::Verifying { since, until } = standing else {
        return None;
    };
    let over = until.is_some_and(|until| now >= until);
    let Looks {
        probed,
        round,
        attested,
        missing,
    } = looks;
    let mut bad = Vec::new();
    let mut good = Vec::new();
    let mut blind = false;
    if probed {
        let round = round.and_then(|round| round.last.as_ref());
        match round.filter(|taken| taken.at >= *since) {
            None => blind = true,
            Some(taken) => {
                for sample in &taken.value.samples {
                    let said = format!("{} {}", sample.probe, sample.value);
                    if sample.outcome == Outcome::Success {
                        good.push(said);
                    } else {
                        bad.push(said);
                    }
                }
                // A round of nothing passes nothing.
                if good.is_empty() && bad.is_empty() {
                    bad.push("nothing was seen".to_owned());
                }
            }
        }
    }
    if !blind && bad.is_empty() && missing.is_empty() {
        good.extend(attested);
        let saw = good.join(", ");
        return Some(Verdict::Passed { saw });
    }
    let mut why = Vec::new();
    if !bad.is_empty() {
        why.push(format!("not well in time: {}", bad.join(", ")));
    }
    if !missing.is_empty() {
        why.push(format!("nobody attested in time: {}", missing.join(", ")));
    }
    let failed = over && !why.is_empty();
    failed.then(|| Verdict::Failed {
        why: why.join("; "),
    })
}

/// The round that verifies a deployment, if one was taken.
pub fn round<'a>(seen: &'a Seen, deployment: &Deployment) -> Option<&'a Fact<Round>> {
    seen.rounds.get(&RoundKey {
        environment: deployment.environment.clone(),
        subject: Subject::Verification,
        revision: deployment.sha.clone(),
    })
}

#[cfg(test)]
mod tests;
