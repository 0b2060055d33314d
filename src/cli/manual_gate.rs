//! `gonogo gate`: add, open, close and list manual gates. Works without any forge.

use clap::{Args, Subcommand};
use serde_json::json;

use super::hold::CoverArgs;
use super::output::{self, span};
use super::{Exit, Failure, Global, journal};
use crate::app::request::Request;
use crate::app::status::SCHEMA;
use crate::config::Env;
use crate::domain::hold::Openers;
use crate::domain::ids::{ManualGateId, Person, RoleName};

#[derive(Debug, Subcommand)]
pub enum GateCommand {
    /// Put up a gate that a person must open.
    Add(AddArgs),
    /// Open a gate that you are entitled to open.
    Open(OpenArgs),
    /// Close an opened gate again.
    Close(CloseArgs),
    /// List the manual gates.
    List,
}

#[derive(Debug, Args)]
pub struct AddArgs {
    /// What has to be done or known, for instance "pen test signed".
    name: String,
    #[command(flatten)]
    cover: CoverArgs,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Only members of this role may open it.
    #[arg(long, value_name = "ROLE", conflicts_with = "person")]
    role: Option<String>,
    /// Only this person may open it.
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
}

#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The gate, as `gonogo gate list` names it.
    id: String,
    /// What was done or found.
    #[arg(long, value_name = "TEXT")]
    note: String,
}

#[derive(Debug, Args)]
pub struct CloseArgs {
    /// The gate, as `gonogo gate list` names it.
    id: String,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(super) async fn run(global: &Global, env: &Env, command: GateCommand) -> Result<Exit, Failure> {
    let request = match command {
        GateCommand::List => return list(global, env).await,
        GateCommand::Add(args) => {
            let openers = match (args.role, args.person) {
                (Some(role), _) => Openers::Role(RoleName::from(role)),
                (None, Some(person)) => Openers::Person(Person::from(person)),
                (None, None) => Openers::Anyone,
            };
            Request::AddGate {
                cover: args.cover.cover()?,
                name: args.name,
                reason: args.reason,
                openers,
            }
        }
        GateCommand::Open(args) => Request::OpenGate {
            id: ManualGateId::from(args.id),
            note: args.note,
        },
        GateCommand::Close(args) => Request::CloseGate {
            id: ManualGateId::from(args.id),
            reason: args.reason,
        },
    };
    journal::order(global, env, &[], request).await
}

async fn list(global: &Global, env: &Env) -> Result<Exit, Failure> {
    let headless = journal::read(global, env).await?;
    let now = headless.state.now;
    let gates: Vec<_> = headless
        .engine()
        .ledger
        .iter()
        .flat_map(|ledger| ledger.manual_gates.values())
        .cloned()
        .collect();
    if global.json {
        let gates: Vec<_> = gates
            .iter()
            .map(|gate| {
                json!({
                    "id": gate.id, "name": gate.name, "scope": gate.cover.to_string(), "reason": gate.reason,
                    "owner": gate.owner, "since": gate.since, "who": gate.openers.to_string(),
                    "verdict": if gate.opened.is_some() { "open" } else { "closed" }, "opened": gate.opened,
                })
            })
            .collect();
        output::json_line(&json!({"schema": SCHEMA, "gates": gates}));
        return Ok(Exit::Done);
    }
    if gates.is_empty() {
        output::line("no manual gates");
    }
    let rows: Vec<Vec<String>> = gates
        .iter()
        .map(|gate| {
            let state = match &gate.opened {
                Some(opened) => format!(
                    "open, by {} {} ago: {}",
                    opened.by,
                    span(now.duration_since(opened.at)),
                    opened.note
                ),
                None => format!("closed, {} may open it", gate.openers),
            };
            vec![
                gate.id.to_string(),
                gate.name.clone(),
                gate.cover.to_string(),
                gate.owner.to_string(),
                state,
                gate.reason.clone(),
            ]
        })
        .collect();
    output::table(&rows);
    Ok(Exit::Done)
}
