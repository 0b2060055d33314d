//! Environments by runs: a workflow for each, and the commit of its newest successful run is live.

use super::{newest_first, number};
use crate::domain::deployment::Deployment;
use crate::domain::ids::EnvironmentName;
use crate::domain::pipeline::Run;
use crate::domain::policy::EnvironmentModel;

/// Makes deployments of the runs of the environments' workflows.
pub fn deployments(
    model: &EnvironmentModel,
    environments: &[EnvironmentName],
    runs: &[Run],
) -> Vec<Deployment> {
    let mut made = Vec::new();
    for environment in environments {
        let Some(workflow) = model.of(environment) else {
            continue;
        };
        let own = runs.iter().filter(|run| is_of(run, &workflow));
        made.extend(own.map(|run| deployment(environment, run)));
    }
    newest_first(made)
}

/// Returns the runs of one environment's workflow.
pub fn of(model: &EnvironmentModel, environment: &EnvironmentName, runs: &[Run]) -> Vec<Run> {
    let own = model.of(environment);
    let own = own.map(|workflow| runs.iter().filter(move |run| is_of(run, &workflow)));
    own.into_iter().flatten().cloned().collect()
}

/// Compares file names; both endings of YAML are one.
fn is_of(run: &Run, workflow: &str) -> bool {
    let stem = |file: &str| {
        let file = file.rsplit('/').next().unwrap_or(file).to_owned();
        let short = file.strip_suffix(".yml").or(file.strip_suffix(".yaml"));
        short.map_or(file.clone(), str::to_owned)
    };
    let own = run.workflow.as_deref();
    own.is_some_and(|own| stem(own) == stem(workflow))
}

fn deployment(environment: &EnvironmentName, run: &Run) -> Deployment {
    Deployment {
        id: number("run", environment, &run.id.to_string()),
        environment: environment.clone(),
        sha: run.sha.clone(),
        git_ref: run.branch.clone(),
        phase: run.phase.clone(),
        raw: run.raw.clone(),
        created_at: run.created_at,
        changed_at: run.updated_at.max(run.created_at),
        creator: run.actor.clone(),
        description: run.title.clone().filter(|title| !title.is_empty()),
        url: Some(run.url.clone()).filter(|url| !url.is_empty()),
        key: None,
        payload: None,
        made_by: None,
        began_at: None,
        live_at: None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::deployment::{live, under_way};
    use crate::domain::ids::{RunId, Sha};
    use crate::domain::phase::Phase;

    fn run(id: u64, workflow: &str, phase: Phase) -> Run {
        let at = Timestamp::from_second(i64::try_from(id).unwrap()).unwrap();
        Run {
            id: RunId(id),
            name: "deploy".to_owned(),
            workflow: Some(workflow.to_owned()),
            title: None,
            number: id,
            attempt: 1,
            event: "workflow_dispatch".to_owned(),
            sha: Sha::from(format!("{id}{id}")),
            branch: None,
            raw: phase.word().to_owned(),
            phase,
            url: String::new(),
            actor: None,
            created_at: at,
            updated_at: at,
            waiting: Vec::new(),
        }
    }

    #[test]
    fn the_newest_successful_run_of_its_workflow_is_live() {
        let production = "production".into();
        let model = EnvironmentModel::Run {
            workflow: EnvironmentModel::WORKFLOW.to_owned(),
        };
        let runs = [
            run(6, "deploy-staging.yml", Phase::Succeeded),
            run(5, "deploy-production.yaml", Phase::Running),
            run(4, "deploy-production.yml", Phase::Failed),
            run(3, "deploy-production.yml", Phase::Succeeded),
            run(2, "deploy-production.yml", Phase::Succeeded),
            run(7, "deploy-production-eu.yml", Phase::Succeeded),
        ];
        let made = deployments(&model, std::slice::from_ref(&production), &runs);
        assert_eq!(made.len(), 4);
        assert_eq!(live(&made, &production).unwrap().sha, Sha::from("33"));
        assert_eq!(under_way(&made, &production).unwrap().sha, Sha::from("55"));
    }
}
