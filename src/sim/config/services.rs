//! The services of a world as the client's configuration has them: where, and promoted how.

use toml::{Table, Value};

use super::table;
use crate::sim::world::{Flow, Promote, WorkflowPlan, World};

/// Adds the services of one forge.
pub fn add(services: &mut Table, world: &World) {
    for repo in &world.repos {
        let text = |it: &str| Value::String(it.to_owned());
        let flow = world.flows.get(&repo.flow);
        let via = match flow.map(|it| it.promote) {
            Some(Promote::Approval) => table([("via", text("approval"))]),
            Some(Promote::Workflow) => dispatched(flow),
            Some(Promote::Deployment) => table([("via", text("deployment"))]),
            Some(Promote::PullRequest) => table([
                ("via", text("pull-request")),
                ("base", text("production")),
                ("head", text("main")),
            ]),
            Some(Promote::Job) => table([
                ("via", text("job")),
                ("job", text(&playable(flow, "production"))),
            ]),
            Some(Promote::Pipeline) => table([
                ("via", text("pipeline")),
                ("ref", text("main")),
                (
                    "variables",
                    table([
                        ("ENVIRONMENT", text("{environment}")),
                        ("REVISION", text("{revision}")),
                        ("GONOGO", text("{key}")),
                    ]),
                ),
            ]),
            Some(Promote::Release) => table([("via", text("release"))]),
            None => continue,
        };
        let service = table([
            (
                "path",
                Value::Array(
                    world
                        .environments
                        .iter()
                        .map(|it| Value::String(it.name.clone()))
                        .collect(),
                ),
            ),
            (
                "repo",
                Value::String(format!(
                    "{}:{}/{}{}",
                    world.forge.name,
                    world.forge.owner,
                    if repo.group.is_empty() {
                        String::new()
                    } else {
                        format!("{}/", repo.group)
                    },
                    repo.name
                )),
            ),
            ("promote", table([("production", via)])),
        ]);
        services.insert(repo.name.clone(), service);
    }
}

// The workflow that is dispatched: with what it takes as inputs, or else at the version itself.
fn dispatched(flow: Option<&Flow>) -> Value {
    let text = |it: &str| Value::String(it.to_owned());
    let workflows = flow.into_iter().flat_map(|it| &it.workflows);
    let is_dispatched = |it: &&WorkflowPlan| it.on.iter().any(|event| event == "workflow_dispatch");
    let found: Vec<_> = workflows.filter(is_dispatched).collect();
    let by_input = found.iter().find(|it| it.inputs.contains_key("revision"));
    let Some(plan) = by_input.or_else(|| found.last()) else {
        return table([("via", text("workflow"))]);
    };
    let known = [
        ("environment", "{environment}"),
        ("revision", "{revision}"),
        ("gonogo", "{key}"),
    ];
    let taken = known
        .into_iter()
        .filter(|(name, _)| plan.inputs.contains_key(*name));
    let inputs: Table = taken
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect();
    let at = if inputs.contains_key("revision") {
        "main"
    } else {
        "{version}"
    };
    table([
        ("via", text("workflow")),
        ("workflow", text(&plan.file)),
        ("ref", text(at)),
        ("inputs", Value::Table(inputs)),
    ])
}

// The manual job that deploys there.
fn playable(flow: Option<&Flow>, environment: &str) -> String {
    let jobs = flow.into_iter().flat_map(|it| &it.workflows);
    let mut jobs = jobs.flat_map(|it| &it.jobs);
    let found = jobs.find(|it| it.manual && it.environment.as_deref() == Some(environment));
    found.map_or_else(String::new, |it| it.name.clone())
}
