//! The configuration that makes the client see the simulation: what `--write-config` leaves.
//!
//! Text only: the simulator knows the documented keys, not the program that reads them.

use std::path::Path;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use toml::{Table, Value};

use crate::sim::world::{Offset, World};

/// Where the simulation is reached, and where the client keeps its own things.
#[derive(Debug, Clone)]
pub struct Endpoints<'a> {
    /// `http://127.0.0.1:PORT`.
    pub base: &'a str,
    /// Holds the operator's token.
    pub token_file: &'a Path,
    /// The journal; the client's own default without it.
    pub journal: Option<&'a Path>,
    /// Who operates.
    pub operator: &'a str,
}

/// Writes the configuration for a world: endpoints and token, then the world's `[client]` table.
pub fn client_config(world: &World, endpoints: &Endpoints<'_>, now: Timestamp) -> String {
    let mut root = Table::new();
    let text = |it: &str| Value::String(it.to_owned());
    let whole = |it: &Path| {
        std::path::absolute(it)
            .unwrap_or_else(|_| it.to_owned())
            .display()
            .to_string()
    };
    let path = |it: &Path| Value::String(whole(it));
    root.insert(
        "operator".to_owned(),
        table([("name", text(endpoints.operator))]),
    );
    if let Some(journal) = endpoints.journal {
        let url = format!("sqlite:{}", whole(journal));
        root.insert("journal".to_owned(), table([("url", Value::String(url))]));
    }
    let forge = table([
        ("kind", text("github")),
        ("url", text(endpoints.base)),
        (
            "api_url",
            Value::String(format!("{}/api/v3", endpoints.base)),
        ),
        ("token", table([("file", path(endpoints.token_file))])),
    ]);
    root.insert(
        "forge".to_owned(),
        table([(world.forge.name.as_str(), forge)]),
    );
    // Every repository is a service, with the way it promotes; the world's table adds to that.
    root.insert("service".to_owned(), services(world));
    let mut client = Value::Table(world.client.clone());
    fill(&mut client, now, endpoints.base);
    if let Value::Table(client) = client {
        lay_over(&mut root, client);
    }
    let body = toml::to_string(&root).unwrap_or_default();
    format!("# Written by the simulator: everything here talks to this machine alone.\n\n{body}")
}

fn table<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Table(
        pairs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

fn lay_over(root: &mut Table, over: Table) {
    for (key, value) in over {
        match (root.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay_over(under, over),
            (_, value) => {
                root.insert(key, value);
            }
        }
    }
}

fn services(world: &World) -> Value {
    use crate::sim::world::Promote;
    let mut services = Table::new();
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
    Value::Table(services)
}

/// Fills the times of a table in: `{{-3h}}` is an instant, `{{-3h %H:%M Europe/Berlin}}` the clock
/// on a wall there, rounded down to five minutes.
/// `{{health}}` and `{{prometheus}}` are where monitoring answers.
fn fill(value: &mut Value, now: Timestamp, base: &str) {
    match value {
        Value::String(text) => {
            for place in ["health", "prometheus"] {
                *text = text.replace(&format!("{{{{{place}}}}}"), &format!("{base}/{place}"));
            }
            if let Some(filled) = filled(text, now) {
                *text = filled;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|it| fill(it, now, base)),
        Value::Table(table) => table.iter_mut().for_each(|(_, it)| fill(it, now, base)),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

fn filled(text: &str, now: Timestamp) -> Option<String> {
    let (before, rest) = text.split_once("{{")?;
    let (inner, after) = rest.split_once("}}")?;
    let mut words = inner.split_whitespace();
    let offset = Offset::parse(words.next()?)?;
    let at = now.saturating_add(offset.0).ok()?;
    let five = SignedDuration::from_secs(at.as_second().rem_euclid(300));
    let at = at.checked_sub(five).ok()?;
    let shown = match words.next() {
        None => at.strftime("%Y-%m-%dT%H:%M:00Z").to_string(),
        Some(format) => {
            let zone = words.next().unwrap_or("UTC");
            let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
            at.to_zoned(zone).strftime(format).to_string()
        }
    };
    Some(format!("{before}{shown}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_the_client_table_are_filled_in_where_they_apply() {
        let now: Timestamp = "2026-11-21T18:03:20Z".parse().unwrap();
        let cases = [
            ("{{-3h %H:%M Europe/Berlin}}", Some("16:00")),
            ("until {{+1d}}", Some("until 2026-11-22T18:00:00Z")),
            ("{environment}", None),
            ("plain", None),
        ];
        for (text, expected) in cases {
            assert_eq!(filled(text, now).as_deref(), expected, "{text}");
        }
    }
}
