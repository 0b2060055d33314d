//! Who is behind a run, where the forge's own answer leaves that out: GitHub's cheap read of many
//! services at once names nobody. Who is behind a deployment lives in `cell.rs`.

use super::Row;
use crate::domain::ids::{Person, Sha};
use crate::domain::pipeline::Run;

/// Runs that begin because somebody brought the revision, by the forges' words. What was ordered or
/// scheduled says nothing about whose revision it is.
const BY_REVISION: [&str; 3] = ["push", "pull_request", "merge_request_event"];

impl Row {
    /// Whose a run is: by the forge's word, else whose order or deployment goes through it, else whose
    /// revision began it.
    pub fn run_by<'a>(&'a self, run: &'a Run) -> Option<&'a Person> {
        run.actor
            .as_ref()
            .or_else(|| self.sender(run))
            .or_else(|| self.deployer(run))
            .or_else(|| self.author(&run.sha).filter(|_| is_by_revision(run)))
    }

    /// Who has sent what is under way through it.
    fn sender(&self, run: &Run) -> Option<&Person> {
        let flights = self.cells.iter().filter_map(|cell| cell.in_flight.as_ref());
        let mut through = flights.filter(|flight| flight.run == Some(run.id));
        through.find_map(|flight| flight.by.as_ref())
    }

    /// Who is behind what it has deployed.
    fn deployer(&self, run: &Run) -> Option<&Person> {
        let deployments = &self.facts.value()?.deployments;
        let one = std::slice::from_ref(run);
        let mut made = deployments
            .iter()
            .filter(|deployment| deployment.run(one) == Some(run.id));
        made.find_map(|deployment| deployment.creator.as_ref())
    }

    /// Who wrote a revision, where something that was read of the service tells it.
    fn author(&self, sha: &Sha) -> Option<&Person> {
        let head = self.facts.value().and_then(|facts| facts.head.as_ref());
        let head = head.filter(|head| head.sha == *sha);
        let scopes = self.scopes.iter().filter_map(|(_, scope)| scope.value());
        let mut commits = scopes.flat_map(|scope| &scope.commits);
        head.and_then(|head| head.author.as_ref()).or_else(|| {
            let found = commits.find(|commit| commit.sha == *sha);
            found.and_then(|commit| commit.author.as_ref())
        })
    }
}

fn is_by_revision(run: &Run) -> bool {
    BY_REVISION.contains(&run.event.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::super::{Basis, Board};
    use super::*;
    use crate::domain::cell::InFlight;
    use crate::domain::facts::ServiceFacts;
    use crate::domain::gate::fixture::{World, now};
    use crate::domain::ids::RunId;
    use crate::domain::observed::Fact;
    use crate::domain::phase::Phase;

    /// A run of the head that names nobody, and the row that it is on.
    fn row(change: impl FnOnce(&mut ServiceFacts, &mut Run)) -> (Row, Run) {
        let world = World::new(Vec::new());
        let mut facts = world.facts.value().cloned().unwrap();
        let head = facts.head.as_mut().unwrap();
        head.author = Some("ann".into());
        let mut run = Run {
            id: RunId(77),
            name: "CI".into(),
            workflow: None,
            title: None,
            number: 13,
            attempt: 1,
            event: "push".into(),
            sha: head.sha.clone(),
            branch: None,
            phase: Phase::Running,
            raw: String::new(),
            url: "https://forge/acme/checkout/actions/runs/77".into(),
            actor: None,
            created_at: now(),
            updated_at: now(),
            waiting: Vec::new(),
        };
        facts.deployments.clear();
        change(&mut facts, &mut run);
        facts.runs = vec![run.clone()];
        let basis = Basis {
            policy: &world.policy,
            ledger: world.ledger.as_ref(),
            actor: world.actor.as_ref(),
            now: now(),
        };
        let mut row = Board::new(basis, Board::default()).rows.remove(0);
        row.facts = Fact::observed(facts, now());
        (row, run)
    }

    fn by(change: impl FnOnce(&mut ServiceFacts, &mut Run)) -> String {
        let (row, run) = row(change);
        row.run_by(&run)
            .map_or_else(String::new, ToString::to_string)
    }

    #[test]
    fn a_run_that_names_nobody_is_of_whoever_deploys_by_it_else_of_the_author() {
        let deploys = |facts: &mut ServiceFacts| {
            let mut made = World::new(Vec::new()).facts.value().unwrap().deployments[0].clone();
            made.creator = Some("ivo".into());
            made.made_by = None;
            made.url = Some("https://forge/acme/checkout/actions/runs/77/job/1".into());
            facts.deployments.push(made);
        };
        assert_eq!(by(|facts, _| deploys(facts)), "ivo");
        assert_eq!(by(|_, _| {}), "ann");
        let named = by(|facts, run| {
            deploys(facts);
            run.actor = Some("eve".into());
        });
        assert_eq!(named, "eve", "the forge's own word goes first");
    }

    #[test]
    fn a_run_that_an_order_of_ours_goes_through_is_of_whoever_sent_it() {
        let (mut row, run) = row(|_, run| run.event = "workflow_dispatch".into());
        row.cells[0].in_flight = Some(InFlight {
            revision: crate::domain::revision::Revision::new(run.sha.clone()),
            phase: Phase::Running,
            by: Some("lena".into()),
            since: now(),
            run: Some(run.id),
            intent: None,
            unsettled: false,
        });
        assert_eq!(row.run_by(&run), Some(&"lena".into()));
    }

    #[test]
    fn nobody_is_named_for_a_run_that_was_ordered_or_is_of_another_revision() {
        let ordered = by(|_, run| run.event = "workflow_dispatch".into());
        assert_eq!(ordered, "");
        let other = by(|_, run| run.sha = "0123456".into());
        assert_eq!(other, "");
    }
}
