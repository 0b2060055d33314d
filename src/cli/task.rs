//! `gonogo task`: attest tasks of checklists, take that back, and list them.

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{self, span};
use super::status::{self, PATIENCE};
use super::{Exit, Failure, Global, journal, settings};
use crate::app::engine::Engine;
use crate::app::request::Request;
use crate::app::status::SCHEMA;
use crate::config::Env;
use crate::domain::gate::checklist::Standing;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::runtime::headless::Headless;

#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// Attest that a task is done; it counts for exactly this promotion.
    Done(DoneArgs),
    /// Take your own attestation back.
    Undo(UndoArgs),
    /// List the tasks, and how they stand.
    List(ListArgs),
}

#[derive(Debug, Args)]
pub struct DoneArgs {
    /// The service whose promotion asks for it.
    service: String,
    /// The environment that would be promoted into.
    #[arg(long, value_name = "ENV")]
    to: String,
    /// The task, as `gonogo task list` names it.
    task: String,
    /// What was done or found.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    note: String,
}

#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The service whose promotion asks for it.
    service: String,
    /// The environment that would be promoted into.
    #[arg(long, value_name = "ENV")]
    to: String,
    /// The task, as `gonogo task list` names it.
    task: String,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only these; every service without one.
    #[arg(value_name = "SERVICE")]
    service: Vec<String>,
    /// Only this environment.
    #[arg(long, value_name = "ENV")]
    to: Option<String>,
}

pub(super) async fn run(global: &Global, env: &Env, command: TaskCommand) -> Result<Exit, Failure> {
    let (service, request) = match command {
        TaskCommand::List(args) => return list(global, env, args).await,
        TaskCommand::Done(args) => {
            let service = ServiceName::from(args.service);
            let request = Request::DoTask {
                service: service.clone(),
                environment: EnvironmentName::from(args.to),
                task: args.task,
                note: args.note,
            };
            (service, request)
        }
        TaskCommand::Undo(args) => {
            let service = ServiceName::from(args.service);
            let request = Request::UndoTask {
                service: service.clone(),
                environment: EnvironmentName::from(args.to),
                task: args.task,
                reason: args.reason,
            };
            (service, request)
        }
    };
    journal::order(global, env, std::slice::from_ref(&service), request).await
}

/// One task as it stands.
struct Line {
    service: ServiceName,
    environment: EnvironmentName,
    name: String,
    text: String,
    role: Option<String>,
    state: &'static str,
    by: Option<String>,
    at: Option<jiff::Timestamp>,
    note: Option<String>,
    why: Option<String>,
}

async fn list(global: &Global, env: &Env, args: ListArgs) -> Result<Exit, Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    let services = status::known_services(&headless, &args.service)?;
    headless.settle(&services, PATIENCE).await;
    let now = headless.state.now;
    let to = args.to.map(EnvironmentName::from);
    let lines = lines(headless.engine(), &services, to.as_ref());
    headless.finish().await;
    if global.json {
        let tasks: Vec<_> = lines
            .iter()
            .map(|line| {
                json!({
                    "service": line.service, "environment": line.environment, "name": line.name,
                    "text": line.text, "role": line.role, "state": line.state, "by": line.by,
                    "at": line.at, "note": line.note, "why": line.why,
                })
            })
            .collect();
        output::json_line(&json!({"schema": SCHEMA, "tasks": tasks}));
        return Ok(Exit::Done);
    }
    if lines.is_empty() {
        output::line("no tasks");
    }
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let by = match (&line.by, line.at) {
                (Some(by), Some(at)) => format!("by {by} {} ago", span(now.duration_since(at))),
                (_, _) => match &line.role {
                    Some(role) => format!("for {role}"),
                    None => "for anybody".to_owned(),
                },
            };
            let said = line.why.as_ref().or(line.note.as_ref());
            vec![
                format!("{} > {}", line.service, line.environment),
                line.state.to_owned(),
                line.name.clone(),
                by,
                said.unwrap_or(&line.text).clone(),
            ]
        })
        .collect();
    output::table(&rows);
    Ok(Exit::Done)
}

fn lines(engine: &Engine, services: &[ServiceName], to: Option<&EnvironmentName>) -> Vec<Line> {
    let mut lines = Vec::new();
    for service in services {
        let Some(row) = engine.board.row(service) else {
            continue;
        };
        let stages = row.service.path.iter();
        for stage in stages.filter(|stage| to.is_none_or(|to| stage.environment == *to)) {
            let environment = &stage.environment;
            let standings = engine.tasks(service, environment);
            for task in stage.tasks().iter().chain(stage.verifying_tasks()) {
                let standing = standings.iter().find(|(known, _)| known.name == task.name);
                let (state, done, why) = match standing.map(|(_, standing)| standing) {
                    None => ("level", None, None),
                    Some(Standing::Open) => ("open", None, None),
                    Some(Standing::Done(done)) => ("done", Some(*done), None),
                    Some(Standing::Void(done, why)) => ("void", Some(*done), Some(why.clone())),
                };
                lines.push(Line {
                    service: service.clone(),
                    environment: environment.clone(),
                    name: task.name.clone(),
                    text: task.text.clone(),
                    role: task.role.as_ref().map(ToString::to_string),
                    state,
                    by: done.map(|done| done.person.to_string()),
                    at: done.map(|done| done.at),
                    note: done
                        .map(|done| done.note.clone())
                        .filter(|note| !note.is_empty()),
                    why,
                });
            }
        }
    }
    lines
}
