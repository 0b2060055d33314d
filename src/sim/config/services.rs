//! The services of a world as the client's configuration has them: where, and promoted how.

use toml::{Table, Value};

use super::table;
use crate::sim::world::{Promote, World};

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
                    "{}:{}/{}",
                    world.forge.name, world.forge.owner, repo.name
                )),
            ),
            ("promote", table([("production", via)])),
        ]);
        services.insert(repo.name.clone(), service);
    }
}
