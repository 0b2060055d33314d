//! History: how long deployments into an environment have taken. What is made of it lives in
//! `gate/fits.rs` and in prognoses.

use jiff::{SignedDuration, Timestamp};

use super::deployment::Deployment;
use super::facts::ServiceFacts;
use super::ids::{EnvironmentName, Sha};
use super::ledger::Ledger;
use super::phase::Phase;
use super::pipeline::Run;
use super::policy::{EnvironmentModel, Service, Stage, Via};
use super::promotion::{Promotion, Purpose, State};

/// How long things usually take, and at the worst but for one in ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    pub p50: SignedDuration,
    pub p90: SignedDuration,
    pub count: usize,
}

impl Spread {
    /// Sums up some durations; `None` of none. By the nearest rank: a duration that was seen.
    pub fn of(mut durations: Vec<SignedDuration>) -> Option<Self> {
        durations.sort();
        let count = durations.len();
        let rank = |percent: usize| {
            let rank = (count * percent).div_ceil(100).max(1);
            durations.get(rank - 1).copied()
        };
        Some(Self {
            p50: rank(50)?,
            p90: rank(90)?,
            count,
        })
    }
}

/// How long deployments of one service into one environment have taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// From the order to the success.
    pub deploy: Option<Spread>,
    /// From the success to the end of its verification.
    pub verification: Option<Spread>,
    /// As `deploy`, of those that brought back what had been there before.
    pub rollback: Option<Spread>,
}

/// How much earlier than our send a record of the forge may be dated: clocks differ.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

impl History {
    /// Reads it from the forge's deployments and from our journal.
    ///
    /// Of a promotion that the journal knows, its own times count: on the forge, a deployment may
    /// have waited long for somebody to approve it.
    pub fn of(
        facts: &ServiceFacts,
        ledger: Option<&Ledger>,
        service: &Service,
        environment: &EnvironmentName,
    ) -> Self {
        let published = service
            .stage(environment)
            .is_some_and(|stage| stage.via == Via::Release);
        let (model, service) = (&service.environments, &service.name);
        let promotions: Vec<&Promotion> = ledger
            .iter()
            .flat_map(|ledger| ledger.promotions.values())
            .filter(|promotion| {
                promotion.intent.purpose == Purpose::Promotion
                    && promotion.intent.service == *service
                    && promotion.intent.environment == *environment
            })
            .collect();
        let mut deployments: Vec<&Deployment> = facts
            .deployments
            .iter()
            .filter(|deployment| deployment.environment == *environment)
            .filter(|deployment| matches!(deployment.phase, Phase::Succeeded | Phase::Superseded))
            .collect();
        deployments.sort_by_key(|deployment| (deployment.created_at, deployment.id));
        let (mut deploy, mut rollback) = (Vec::new(), Vec::new());
        let mut verification = Vec::new();
        let following = following((model, published), &deployments, &facts.runs);
        deploy.extend(following.iter().map(|run| took_by(run)));
        let by_run = |sha: Option<&Sha>| following.iter().any(|run| Some(&run.sha) == sha);
        for (place, deployment) in deployments.iter().enumerate() {
            let earlier = deployments.get(..place).unwrap_or_default();
            let before = earlier.last();
            let goes_back = before.is_some_and(|before| before.sha != deployment.sha)
                && earlier.iter().any(|known| known.sha == deployment.sha);
            let ours = promotions.iter().find(|one| is_of(one, deployment));
            let (began, ended) = match ours {
                Some(promotion) => (promotion.sent_at, ended(promotion)),
                None => {
                    let ended = succeeded_at(deployment, before.copied());
                    (began(deployment, ended, &facts.runs), ended)
                }
            };
            let took = began
                .zip(ended)
                .map(|(began, ended)| ended.duration_since(began));
            let verified = ledger
                .and_then(|ledger| ledger.verification(service, deployment.id))
                .filter(|verified| verified.passed)
                .zip(ended)
                .map(|(verified, ended)| verified.at.duration_since(ended));
            verification.extend(verified.filter(|took| *took >= SignedDuration::ZERO));
            let Some(took) = took.filter(|took| *took >= SignedDuration::ZERO) else {
                continue;
            };
            if by_run(Some(&deployment.sha)) {
                continue;
            }
            if goes_back {
                rollback.push(took);
            }
            deploy.push(took);
        }
        // Those that the forge lists no more.
        let gone = promotions.iter().filter(|promotion| {
            !deployments
                .iter()
                .any(|deployment| is_of(promotion, deployment))
        });
        let gone = gone.filter(|promotion| {
            let handle = promotion.handle.as_ref();
            !by_run(Some(&promotion.intent.to.sha))
                && !by_run(handle.and_then(|handle| handle.sha.as_ref()))
        });
        deploy.extend(gone.filter_map(|promotion| took(promotion)));
        Self {
            deploy: Spread::of(deploy),
            verification: Spread::of(verification),
            rollback: Spread::of(rollback),
        }
    }

    /// How long verifying takes nine times out of ten, where the stage asks for it. Where none was
    /// seen yet, it takes its whole time limit at the worst.
    pub fn verification_takes(&self, stage: &Stage) -> SignedDuration {
        stage
            .verification
            .as_ref()
            .map_or(SignedDuration::ZERO, |rule| {
                self.verification.map_or(rule.within, |spread| spread.p90)
            })
    }

    /// How many deployments it is made from.
    pub fn count(&self) -> usize {
        self.deploy.map_or(0, |deploy| deploy.count)
    }
}

fn took(promotion: &Promotion) -> Option<SignedDuration> {
    let sent_at = promotion.sent_at?;
    ended(promotion).map(|ended| ended.duration_since(sent_at))
}

/// When a promotion that went well did.
fn ended(promotion: &Promotion) -> Option<Timestamp> {
    (promotion.state == State::Succeeded).then_some(promotion.changed_at)
}

/// Says whether a deployment is what a promotion brought about.
fn is_of(promotion: &Promotion, deployment: &Deployment) -> bool {
    let handle = promotion.handle.as_ref();
    if deployment.key.is_some() {
        return deployment.key.as_ref() == Some(&promotion.intent.id);
    }
    if let Some(id) = handle.and_then(|handle| handle.deployment) {
        return id == deployment.id;
    }
    let merged = handle.and_then(|handle| handle.sha.as_ref());
    let same = promotion.intent.to.sha == deployment.sha || merged == Some(&deployment.sha);
    let ended = promotion.changed_at + SKEW;
    same && promotion.sent_at.is_some_and(|sent_at| {
        deployment.created_at <= ended && deployment.changed_at >= sent_at - SKEW
    })
}

/// When a deployment began. A record that was made when it had ended already, as a lone commit status
/// or a tag is, does not tell: but the run in which it was made does, if it is among the recent ones.
fn began(deployment: &Deployment, ended: Option<Timestamp>, runs: &[Run]) -> Option<Timestamp> {
    let ended = ended?;
    if deployment.began() < ended {
        return Some(deployment.began());
    }
    let within = runs.iter().filter(|run| {
        run.sha == deployment.sha && run.created_at < ended && ended <= run.updated_at + SKEW
    });
    within.map(|run| run.created_at).max()
}

/// The runs that brought out what a branch or a tag points at, where that stands for the environment:
/// it moves at once, and what it starts takes the time. So does what a release starts where it is
/// `published` to promote.
fn following<'r>(
    (model, published): (&EnvironmentModel, bool),
    deployments: &[&Deployment],
    runs: &'r [Run],
) -> Vec<&'r Run> {
    let runs = runs.iter().filter(|run| run.phase == Phase::Succeeded);
    let on_it = runs.filter(|run| {
        let by_release = published && model.is_pointer() && run.event == "release";
        let pointed = |record: &&Deployment| model.is_brought_by(record, run);
        took_by(run).is_positive() && (by_release || deployments.iter().any(pointed))
    });
    on_it.collect()
}

fn took_by(run: &Run) -> SignedDuration {
    run.updated_at.duration_since(run.created_at)
}

/// When a deployment succeeded. Where a superseded one no longer tells: the one before it was
/// superseded by that very success.
fn succeeded_at(deployment: &Deployment, before: Option<&Deployment>) -> Option<Timestamp> {
    if let Some(at) = deployment.live_since() {
        return Some(at);
    }
    before
        .filter(|before| before.phase == Phase::Superseded)
        .map(|before| before.changed_at)
        .filter(|at| (deployment.created_at..=deployment.changed_at).contains(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::Deployment;
    use crate::domain::gate::fixture::{World, ago, deployment};
    use crate::domain::ids::InstanceId;
    use crate::domain::promotion::Step;

    /// Went live so many minutes ago, after having taken so many.
    fn went(id: u64, letter: char, phase: Phase, live: i64, took: i64, left: i64) -> Deployment {
        Deployment {
            created_at: ago(live + took),
            changed_at: ago(if phase == Phase::Succeeded {
                live
            } else {
                left
            }),
            ..deployment(id, "production", letter, phase, 0)
        }
    }

    fn minutes(spread: Option<Spread>) -> Option<(i64, i64, usize)> {
        let minutes = |span: SignedDuration| span.as_secs() / 60;
        spread.map(|spread| (minutes(spread.p50), minutes(spread.p90), spread.count))
    }

    fn history(world: &World) -> History {
        let facts = world.facts.value().unwrap();
        let environment = "production".into();
        History::of(facts, world.ledger.as_ref(), world.service(), &environment)
    }

    #[test]
    fn percentiles_are_durations_that_were_seen() {
        let of =
            |all: &[i64]| Spread::of(all.iter().map(|m| SignedDuration::from_mins(*m)).collect());
        assert_eq!(of(&[]), None);
        assert_eq!(minutes(of(&[7])), Some((7, 7, 1)));
        assert_eq!(minutes(of(&[5, 1, 9, 3, 7])), Some((5, 9, 5)));
        let ten: Vec<i64> = (1..=10).collect();
        assert_eq!(minutes(of(&ten)), Some((5, 9, 10)));
    }

    #[test]
    fn a_superseded_deployment_took_until_it_superseded_the_one_before() {
        let mut world = World::new(Vec::new());
        world.known().deployments = vec![
            went(1, 'a', Phase::Superseded, 400, 10, 100),
            went(2, 'b', Phase::Superseded, 100, 8, 50),
            went(3, 'c', Phase::Succeeded, 50, 4, 0),
        ];
        // How long the first took nobody knows.
        assert_eq!(minutes(history(&world).deploy), Some((4, 8, 2)));
    }

    #[test]
    fn verifications_take_from_the_success_until_the_journal_says_that_they_passed() {
        use crate::domain::ids::DeploymentId;
        use crate::domain::ledger::Verified;
        let mut world = World::new(Vec::new());
        world.known().deployments = vec![
            went(1, 'a', Phase::Superseded, 400, 10, 100),
            went(2, 'b', Phase::Superseded, 100, 8, 50),
            went(3, 'c', Phase::Succeeded, 50, 4, 0),
        ];
        assert_eq!(history(&world).verification, None);
        for (id, passed, minutes) in [(2, true, 93), (3, false, 20)] {
            let result = Verified {
                passed,
                intent: None,
                at: ago(minutes),
                why: String::new(),
            };
            let key = ("checkout".into(), DeploymentId(id));
            world.book().verifications.insert(key, result);
        }
        // What failed took as long as it may: it says nothing of how long one takes that passes.
        assert_eq!(minutes(history(&world).verification), Some((7, 7, 1)));
    }

    #[test]
    fn a_record_made_with_its_end_tells_what_its_run_took_or_nothing() {
        use crate::domain::gate::fixture::run;
        let mut world = World::new(Vec::new());
        // Commit statuses that say success, and nothing before.
        world.known().deployments = vec![
            went(1, 'a', Phase::Succeeded, 400, 0, 0),
            went(2, 'b', Phase::Succeeded, 50, 0, 0),
        ];
        world.known().runs.clear();
        assert_eq!(history(&world), History::default(), "never 0s");
        for (id, letter, began, ended) in [(70, 'b', 57, 49), (71, 'b', 40, 30), (72, 'c', 55, 50)]
        {
            let mut run = run(id, letter, "production");
            (run.created_at, run.updated_at) = (ago(began), ago(ended));
            world.known().runs.push(run);
        }
        assert_eq!(minutes(history(&world).deploy), Some((7, 7, 1)));
        // Statuses with a beginning need no run.
        world.known().deployments[0].created_at = ago(409);
        assert_eq!(minutes(history(&world).deploy), Some((7, 9, 2)));
    }

    #[test]
    fn a_branch_that_stands_for_an_environment_takes_as_long_as_the_runs_on_it() {
        use crate::domain::gate::fixture::run;
        let mut world = World::new(Vec::new());
        let mut live = went(9, 'b', Phase::Succeeded, 50, 0, 0);
        live.git_ref = Some("production".to_owned());
        world.known().deployments = vec![live];
        world.known().runs.clear();
        world.policy.nth(0).environments = EnvironmentModel::Branch {
            branch: "{environment}".to_owned(),
        };
        assert_eq!(
            history(&world),
            History::default(),
            "it points, and says no more"
        );
        for (id, letter, branch, phase, began, ended) in [
            (70, 'b', "production", Phase::Succeeded, 50, 43),
            (71, 'a', "production", Phase::Succeeded, 900, 891),
            (72, 'c', "production", Phase::Failed, 700, 600),
            (73, 'b', "main", Phase::Succeeded, 400, 300),
        ] {
            let mut run = run(id, letter, branch);
            (run.created_at, run.updated_at) = (ago(began), ago(ended));
            (run.branch, run.phase) = (Some(branch.to_owned()), phase);
            world.known().runs.push(run);
        }
        assert_eq!(minutes(history(&world).deploy), Some((7, 9, 2)));
        // What publishing a release starts, where that promotes.
        let mut published = run(74, 'd', "publish");
        (published.created_at, published.updated_at) = (ago(300), ago(297));
        (published.event, published.phase) = ("release".to_owned(), Phase::Succeeded);
        world.known().runs.push(published);
        assert_eq!(minutes(history(&world).deploy), Some((7, 9, 2)));
        world.via(Via::Release);
        assert_eq!(minutes(history(&world).deploy), Some((7, 9, 3)));
        world.known().runs.pop();
        // Our own merge was seen at once: it counts as its run, and not twice.
        let accepted = Step::Accepted {
            handle: crate::domain::act::Handle::default(),
        };
        let sending = Step::Sending {
            owner: InstanceId::from("here"),
        };
        world.promotion("production", &[sending, accepted, Step::Succeeded]);
        assert_eq!(minutes(history(&world).deploy), Some((7, 9, 2)));
    }

    #[test]
    fn going_back_is_a_rollback_and_going_on_is_none() {
        let mut world = World::new(Vec::new());
        world.known().deployments = vec![
            went(1, 'a', Phase::Superseded, 300, 9, 200),
            went(2, 'b', Phase::Superseded, 200, 9, 100),
            went(3, 'a', Phase::Superseded, 100, 3, 50),
            went(4, 'a', Phase::Succeeded, 50, 5, 0),
        ];
        let history = history(&world);
        assert_eq!(minutes(history.rollback), Some((3, 3, 1)));
        assert_eq!(history.count(), 3);
    }

    #[test]
    fn what_failed_and_what_is_elsewhere_does_not_count() {
        let mut world = World::new(Vec::new());
        world.known().deployments = vec![
            deployment(1, "production", 'a', Phase::Failed, 30),
            deployment(2, "staging", 'a', Phase::Succeeded, 20),
        ];
        assert_eq!(history(&world), History::default());
    }

    #[test]
    fn of_our_own_promotions_the_journals_times_count_not_the_wait_for_approval() {
        let mut world = World::new(Vec::new());
        // Waited for two days on the forge; the journal says that it took no time at all.
        world.known().deployments = vec![Deployment {
            created_at: ago(2 * 24 * 60),
            changed_at: ago(2),
            ..deployment(9, "production", 'b', Phase::Succeeded, 0)
        }];
        assert_eq!(minutes(history(&world).deploy).unwrap().1, 2878);
        let accepted = Step::Accepted {
            handle: crate::domain::act::Handle::default(),
        };
        let sending = Step::Sending {
            owner: InstanceId::from("here"),
        };
        world.promotion("production", &[sending, accepted, Step::Succeeded]);
        assert_eq!(minutes(history(&world).deploy), Some((0, 0, 1)));
        // And when the forge lists it no more, the journal still does.
        world.known().deployments.clear();
        assert_eq!(minutes(history(&world).deploy), Some((0, 0, 1)));
    }
}
