//! Warnings: what an operator should know of a plan before confirming it. None of them stops it; what
//! does is a gate.

use jiff::Timestamp;

use super::Engine;
use super::planning::Wish;
use super::wish;
use crate::domain::act::Act;
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::gate::State;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::policy::Stage;
use crate::domain::promotion::Purpose;
use crate::domain::revision::Revision;
use crate::domain::rollback;

impl Engine {
    /// What a plan has to be warned of.
    pub(super) fn warnings(
        &self,
        row: &Row,
        stage: &Stage,
        cell: &Cell,
        planned: &wish::Planned,
        wish: &Wish,
        now: Timestamp,
    ) -> Vec<String> {
        let purpose = planned.purpose;
        let mut warnings = Vec::new();
        if let (Wish::Approve, Act::MergePullRequest { number, .. }) = (wish, &planned.act) {
            let environment = &cell.environment;
            warnings.push(format!(
                "nothing approves {environment} itself here: #{number} waits, and this merges it"
            ));
        }
        if matches!(wish, Wish::Rollback { .. }) {
            warnings.extend(self.left_words(row, stage, cell, &planned.to));
            if purpose == Purpose::Rerun {
                let what = match planned.act {
                    Act::RetryJob { .. } => "the job",
                    _ => "the run",
                };
                warnings.push(format!(
                    "{what} asks for approval again: B approves it when it waits"
                ));
            }
            return warnings;
        }
        for verdict in &cell.judgement.verdicts {
            if verdict.state == State::Overridden {
                warnings.push(format!("{} is {}", verdict.gate, verdict.why));
            }
        }
        if purpose == Purpose::Promotion {
            warnings.extend(self.undecided(&row.service.name, &stage.environment, now));
        }
        if purpose == Purpose::Promotion
            && let Some(risk) = row.risk_of(cell)
            && let Some(large) = self.policy.risk_rule(&cell.environment).warning(&risk)
        {
            warnings.push(large);
        }
        if let Some(scope) = row.scope_of(cell).and_then(|fact| fact.value()) {
            match &scope.relation {
                crate::domain::scope::Relation::Behind => {
                    warnings.push("this goes back: what is live is newer".into());
                }
                crate::domain::scope::Relation::Diverged => {
                    warnings.push("what is live has commits that the candidate lacks".into());
                }
                crate::domain::scope::Relation::Ahead
                | crate::domain::scope::Relation::Identical
                | crate::domain::scope::Relation::Unknown(_) => {}
            }
            for request in &scope.pull_requests {
                for label in request
                    .labels
                    .iter()
                    .filter(|label| label.contains("migration"))
                {
                    warnings.push(format!("#{} is labelled {label}", request.number));
                }
            }
        }
        if let Some(facts) = row.facts.value() {
            warnings.extend(facts.gaps.iter().cloned());
        }
        warnings
    }

    /// Names the releases that a cell ships in and that not everybody has decided on, nobody against
    /// them: that stops no person.
    fn undecided(
        &self,
        service: &ServiceName,
        environment: &EnvironmentName,
        now: Timestamp,
    ) -> Vec<String> {
        let releases = self.policy.releases.iter();
        releases
            .filter(|release| release.still_ships(service, environment, self.ledger.as_ref()))
            .filter_map(|release| {
                let decision = self.decision(release, now);
                let (missing, all) = (decision.tally.missing().len(), release.roles.len());
                let open = missing > 0 && decision.tally.against().is_empty();
                let (name, given) = (&release.name, all - missing);
                (open && decision.run.is_none())
                    .then(|| format!("member of release {name}, undecided: {given} of {all} votes"))
            })
            .collect()
    }

    fn left_words(&self, row: &Row, stage: &Stage, cell: &Cell, to: &Revision) -> Option<String> {
        let (facts, ledger) = (row.facts.value()?, self.ledger.as_ref()?);
        let ends = (cell.live.as_ref()?, to);
        let left = rollback::left(facts, ledger, &row.service, stage, ends)?;
        Some(format!("{left} is held as bad: it is not promoted again"))
    }
}
