//! Judging a case: every gate of a stage, their sum, and the earliest possible go.

use jiff::{SignedDuration, Timestamp};

use super::{Case, Judgement, Verdict, earliest, forge, fresh, hold, manual, path, pipeline};
use super::{blocker, four_eyes, parity, quality, release};
use super::{checklist, command, depends, fits, health};
use super::{overridden, review, risk, sign_off, soak, sum, window};
use crate::domain::policy::{GateSpec, Stage};

/// Judges a promotion at `now`.
///
/// The gates of the stage are asked in order. `fresh` comes first, and `release`, `hold`, `manual` and
/// `forge` last, where the stage does not name them. With nothing to promote, the gates that need a candidate
/// are closed and say so, which makes the sum *no-go*; while the service has not been read they are
/// unknown, because then nobody knows whether there is something.
pub fn judge(case: &Case<'_>, now: Timestamp) -> Judgement {
    let mut verdicts = Vec::with_capacity(case.stage.gates.len() + 4);
    for spec in specs(case) {
        ask(case, spec, now, &mut verdicts);
    }
    overridden::apply(case, &mut verdicts, now);
    let verdicts: Vec<Verdict> = verdicts
        .into_iter()
        .map(|verdict| verdict.settled(now))
        .collect();
    Judgement {
        go: sum(verdicts.iter().map(|verdict| verdict.state_at(now))),
        earliest: earliest::of(case, &verdicts, now),
        due: due(case, &verdicts, now),
        verdicts: verdicts.into(),
    }
}

/// Returns the gates of a stage with those that are always there; of a rollback, those that going
/// back is asked.
pub(super) fn specs<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a GateSpec> {
    let back = case.back;
    of(case.stage).filter(move |spec| !back || spec.is_asked_of_rollbacks())
}

fn of(stage: &Stage) -> impl Iterator<Item = &GateSpec> {
    let absent = |spec: &&GateSpec| !stage.gates.contains(*spec);
    std::iter::once(&GateSpec::Fresh)
        .filter(absent)
        .chain(stage.gates.iter())
        .chain(
            [
                &GateSpec::Release,
                &GateSpec::Hold,
                &GateSpec::Manual,
                &GateSpec::Forge,
            ]
            .into_iter()
            .filter(absent),
        )
}

/// Asks one gate. `manual` and `command` may have none or several verdicts, `release` none.
pub(super) fn ask(case: &Case<'_>, spec: &GateSpec, now: Timestamp, verdicts: &mut Vec<Verdict>) {
    verdicts.push(match spec {
        GateSpec::Fresh => fresh::judge(case, now),
        GateSpec::Pipeline(rule) => pipeline::judge(case, rule),
        GateSpec::Path { from } => path::judge(case, *from),
        GateSpec::Soak { at_least } => soak::judge(case, *at_least, now),
        GateSpec::Review { approvals, own } => review::judge(case, *approvals, *own),
        GateSpec::Window => window::judge(case, now),
        GateSpec::Hold => hold::judge(case, now),
        GateSpec::SignOff {
            roles, distinct, ..
        } => sign_off::judge(case, roles, *distinct, now),
        GateSpec::Forge => forge::judge(case, now),
        GateSpec::Release => return verdicts.extend(release::judge(case)),
        GateSpec::Manual => return manual::judge(case, now, verdicts),
        GateSpec::Quality(rules) => quality::judge(case, rules),
        GateSpec::Blocker { labels } => blocker::judge(case, labels),
        GateSpec::Parity(rules) => parity::judge(case, rules),
        GateSpec::FourEyes { parts } => four_eyes::judge(case, parts),
        GateSpec::Depends => depends::judge(case, now),
        GateSpec::Fits(rule) => fits::judge(case, rule, now),
        GateSpec::Checklist { tasks } => checklist::judge(case, tasks),
        GateSpec::Risk { second, roles } => risk::judge(case, *second, roles, now),
        GateSpec::Health(rule) => health::judge(case, rule, now),
        GateSpec::Command(rules) => return command::judge(case, rules, now, verdicts),
    });
}

/// Returns the next instant at which time alone changes a verdict. A hold that ends while another
/// goes on changes what is said, so every end counts.
fn due(case: &Case<'_>, verdicts: &[Verdict], now: Timestamp) -> Option<Timestamp> {
    let revision = case.candidate.map(|candidate| &candidate.sha);
    let holds = case.ledger.into_iter().flat_map(|ledger| {
        ledger
            .holds_on(&case.service.name, case.environment(), revision, now)
            .filter_map(|hold| hold.until)
    });
    // Facts from too far in the future (see `Fact::is_stale`) count again when time catches up.
    let credible = case.facts.at().and_then(|at| {
        let caught_up = at.checked_sub(case.policy.max_age).ok()?;
        caught_up.checked_add(SignedDuration::from_nanos(1)).ok()
    });
    verdicts
        .iter()
        .flat_map(|verdict| [verdict.opens_at, verdict.valid_until])
        .flatten()
        .chain(holds)
        .chain(overridden::ends(case))
        .chain(credible)
        .filter(|at| *at > now)
        .min()
}
