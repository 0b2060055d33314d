//! The services of a world as the client's configuration has them: where, and promoted how.

use toml::{Table, Value};

use super::table;
use crate::sim::world::{Flow, Promote, World};

/// Adds the services of one forge.
pub fn add(services: &mut Table, world: &World) {
    for repo in &world.repos {
        let text = |it: &str| Value::String(it.to_owned());
        let flow = world.flows.get(&repo.flow);
        let via = match flow.map(|it| it.promote) {
            Some(Promote::Approval) => table([("via", text("approval"))]),
            Some(Promote::Workflow) => table([
                ("via", text("workflow")),
                ("workflow", text("deploy.yml")),
                ("ref", text("main")),
                (
                    "inputs",
                    table([
                        ("environment", text("{environment}")),
                        ("revision", text("{revision}")),
                        ("gonogo", text("{key}")),
                    ]),
                ),
            ]),
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

// The manual job that deploys there.
fn playable(flow: Option<&Flow>, environment: &str) -> String {
    let jobs = flow.into_iter().flat_map(|it| &it.workflows);
    let mut jobs = jobs.flat_map(|it| &it.jobs);
    let found = jobs.find(|it| it.manual && it.environment.as_deref() == Some(environment));
    found.map_or_else(String::new, |it| it.name.clone())
}
