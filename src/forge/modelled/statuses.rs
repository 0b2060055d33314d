//! Environments by commit statuses: a context of its own for each, on the commit that was deployed.
//! Pending is in progress, success is live, failure has failed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{newest_first, number};
use crate::domain::deployment::Deployment;
use crate::domain::ids::{EnvironmentName, Person, Sha};
use crate::domain::phase::Phase;
use crate::domain::policy::EnvironmentModel;
use crate::forge::mark;

/// A commit status, as any forge has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The forge's id of this very status: a context that is set again gets another.
    pub id: String,
    pub sha: Sha,
    pub context: String,
    pub phase: Phase,
    /// The forge's own word.
    pub raw: String,
    pub description: Option<String>,
    pub url: Option<String>,
    pub creator: Option<Person>,
    pub created_at: Timestamp,
}

/// Makes deployments of statuses, in any order and from any commits.
///
/// A status that follows one in flight on the same commit ends the same deployment; after an end, the
/// next one begins another. Each has the number of its last status, so that who saw only the end
/// numbers it alike.
pub fn deployments(
    model: &EnvironmentModel,
    environments: &[EnvironmentName],
    statuses: &[Status],
) -> Vec<Deployment> {
    let mut made = Vec::new();
    for environment in environments {
        let Some(context) = model.of(environment) else {
            continue;
        };
        let mut by_commit: BTreeMap<&Sha, Vec<&Status>> = BTreeMap::new();
        for status in statuses.iter().filter(|status| status.context == context) {
            by_commit.entry(&status.sha).or_default().push(status);
        }
        for mut statuses in by_commit.into_values() {
            statuses
                .sort_by(|a, b| (a.created_at, number_of(a)).cmp(&(b.created_at, number_of(b))));
            let mut of_one: Vec<&Status> = Vec::new();
            for status in statuses {
                if of_one.last().is_some_and(|last| !last.phase.is_in_flight()) {
                    made.extend(deployment(environment, &of_one));
                    of_one.clear();
                }
                of_one.push(status);
            }
            made.extend(deployment(environment, &of_one));
        }
    }
    newest_first(made)
}

/// Says whether a context stands for one of the environments: then it is no check of the commit.
pub fn is_of_model(
    model: &EnvironmentModel,
    environments: &[EnvironmentName],
    context: &str,
) -> bool {
    let mut own = environments.iter().filter_map(|each| model.of(each));
    matches!(model, EnvironmentModel::Status { .. }) && own.any(|own| own == context)
}

/// Ids that are numbers are compared as such.
fn number_of(status: &Status) -> (Option<u64>, &str) {
    (status.id.parse().ok(), &status.id)
}

fn deployment(environment: &EnvironmentName, statuses: &[&Status]) -> Option<Deployment> {
    let (first, last) = (statuses.first()?, statuses.last()?);
    let said = |status: &&Status| mark::read(status.description.as_deref().unwrap_or_default());
    let key = statuses.iter().rev().find_map(|status| said(status).0);
    let description = said(last).1;
    Some(Deployment {
        id: number("status", environment, &last.id),
        environment: environment.clone(),
        sha: last.sha.clone(),
        git_ref: None,
        phase: last.phase.clone(),
        raw: last.raw.clone(),
        created_at: first.created_at,
        changed_at: last.created_at,
        creator: first.creator.clone(),
        description: Some(description).filter(|text| !text.is_empty()),
        url: last.url.clone(),
        key,
        payload: None,
        made_by: None,
        began_at: None,
        live_at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::{live, under_way};
    use crate::domain::ids::IntentId;

    fn model() -> EnvironmentModel {
        EnvironmentModel::Status {
            context: EnvironmentModel::STATUS.to_owned(),
        }
    }

    fn status(id: u64, sha: &str, context: &str, phase: Phase, second: i64) -> Status {
        Status {
            id: id.to_string(),
            sha: Sha::from(sha),
            context: context.to_owned(),
            raw: phase.word().to_owned(),
            phase,
            description: None,
            url: None,
            creator: None,
            created_at: Timestamp::from_second(second).unwrap(),
        }
    }

    fn names() -> Vec<EnvironmentName> {
        vec!["staging".into(), "production".into()]
    }

    #[test]
    fn pending_is_in_progress_success_is_live_and_failure_has_failed() {
        let production = "deploy/production";
        let statuses = [
            status(9, "aa", production, Phase::Succeeded, 90),
            status(10, "bb", production, Phase::Running, 100),
            status(11, "cc", production, Phase::Failed, 110),
            status(12, "cc", "deploy/staging", Phase::Succeeded, 120),
            status(13, "cc", "deploy/elsewhere", Phase::Succeeded, 130),
            status(14, "cc", "ci", Phase::Succeeded, 140),
        ];
        let made = deployments(&model(), &names(), &statuses);
        assert_eq!(made.len(), 4);
        let production = EnvironmentName::from("production");
        assert_eq!(live(&made, &production).unwrap().sha, Sha::from("aa"));
        assert_eq!(under_way(&made, &production).unwrap().sha, Sha::from("bb"));
        assert_eq!(made[0].environment.as_str(), "staging");
    }

    #[test]
    fn a_commit_that_comes_back_is_live_again_and_stays_while_it_is_deployed_again() {
        let context = "deploy/staging";
        let mut statuses = vec![
            status(1, "aa", context, Phase::Running, 10),
            status(2, "aa", context, Phase::Succeeded, 20),
            status(3, "bb", context, Phase::Succeeded, 30),
            status(4, "aa", context, Phase::Succeeded, 40),
        ];
        let staging = EnvironmentName::from("staging");
        let made = deployments(&model(), &names(), &statuses);
        assert_eq!(made.len(), 3);
        assert_eq!(live(&made, &staging).unwrap().sha, Sha::from("aa"));
        statuses.push(status(5, "aa", context, Phase::Running, 50));
        let made = deployments(&model(), &names(), &statuses);
        assert_eq!(live(&made, &staging).unwrap().created_at.as_second(), 40);
        assert_eq!(under_way(&made, &staging).unwrap().sha, Sha::from("aa"));
    }

    #[test]
    fn the_end_alone_is_numbered_as_the_whole_and_a_key_is_found_in_any_part() {
        let context = "deploy/staging";
        let mut first = status(1, "aa", context, Phase::Running, 10);
        first.description = Some("on its way [gonogo it-1]".to_owned());
        let mut last = status(2, "aa", context, Phase::Succeeded, 20);
        last.description = Some("done".to_owned());
        let whole = deployments(&model(), &names(), &[last.clone(), first]);
        let end = deployments(&model(), &names(), &[last]);
        assert_eq!(whole[0].id, end[0].id);
        assert_eq!(whole[0].key, Some(IntentId::from("it-1")));
        assert_eq!(whole[0].description.as_deref(), Some("done"));
        assert_eq!(whole[0].created_at.as_second(), 10);
        assert_eq!(whole[0].changed_at.as_second(), 20);
    }

    #[test]
    fn an_unknown_word_stays_and_is_not_live() {
        let odd = status(1, "aa", "deploy/staging", Phase::Unknown("odd".into()), 10);
        let made = deployments(&model(), &names(), &[odd]);
        assert_eq!(made[0].phase, Phase::Unknown("odd".into()));
        assert!(live(&made, &"staging".into()).is_none());
    }
}
