//! `gonogo override`: grant, confirm, withdraw and list overrides. Granting reads the forge first,
//! because an override is bound to what the gates say at that moment.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::output::{self, instant, span};
use super::{Exit, Failure, Global, hold, journal, settings};
use crate::app::engine::Engine;
use crate::app::request::Request;
use crate::app::status::SCHEMA;
use crate::config::Env;
use crate::domain::cell::Cell;
use crate::domain::ids::{EnvironmentName, OverrideId, ServiceName};
use crate::domain::override_::{Override, Standing};
use crate::domain::revision::Revision;

#[derive(Debug, Subcommand)]
pub enum OverrideCommand {
    /// Override gates of one promotion, for one use.
    Grant(GrantArgs),
    /// Confirm somebody else's override as the second person.
    Confirm {
        /// The override, as `gonogo override list` names it.
        id: String,
    },
    /// Take an unused override back.
    Withdraw(WithdrawArgs),
    /// List the overrides that are not used and not expired.
    List,
}

#[derive(Debug, Args)]
pub struct GrantArgs {
    /// The service that is promoted.
    service: String,
    /// The environment that is promoted into.
    #[arg(long, value_name = "ENV")]
    to: String,
    /// A gate to override; without any, all that are not open and may be overridden.
    #[arg(long = "gate", value_name = "GATE")]
    gates: Vec<String>,
    /// Override the gates of going back, to the last verified revision.
    #[arg(long)]
    rollback: bool,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it ends: `45m`, or an instant; by policy an hour or less.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
}

#[derive(Debug, Args)]
pub struct WithdrawArgs {
    /// The override, as `gonogo override list` names it.
    id: String,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(super) async fn run(
    global: &Global,
    env: &Env,
    command: OverrideCommand,
) -> Result<Exit, Failure> {
    let request = match command {
        OverrideCommand::List => return list(global, env).await,
        OverrideCommand::Grant(args) => return grant(global, env, args).await,
        OverrideCommand::Confirm { id } => Request::ConfirmOverride {
            id: OverrideId::from(id),
        },
        OverrideCommand::Withdraw(args) => Request::WithdrawOverride {
            id: OverrideId::from(args.id),
            reason: args.reason,
        },
    };
    journal::order(global, env, &[], request).await
}

async fn grant(global: &Global, env: &Env, args: GrantArgs) -> Result<Exit, Failure> {
    let until = args
        .until
        .as_deref()
        .map(|text| hold::when(text, settings::now()))
        .transpose()?;
    let service = ServiceName::new(&args.service);
    let services = vec![service.clone()];
    let environment = EnvironmentName::new(&args.to);
    // What it is bound to has to be seen first; going back is asked no gate that rests on samples.
    let sampled = (!args.rollback).then(|| environment.clone());
    journal::carry_out(
        global,
        env,
        |_| services,
        sampled.as_ref(),
        |engine, now| {
            let back = if args.rollback {
                let cell: Cell = engine.way_back(&service, &environment, None, now)?;
                cell.candidate
            } else {
                None::<Revision>
            };
            Ok(Request::Override {
                service,
                environment,
                gates: args.gates,
                back,
                reason: args.reason,
                until,
            })
        },
    )
    .await
}

async fn list(global: &Global, env: &Env) -> Result<Exit, Failure> {
    let headless = journal::read(global, env).await?;
    let now = headless.state.now;
    let engine = headless.engine();
    let alive: Vec<&Override> = engine
        .ledger
        .iter()
        .flat_map(|ledger| ledger.overrides.values())
        .filter(|one| {
            let standing = one.standing(&engine.policy, false, now);
            !matches!(standing, Standing::Used | Standing::Expired)
        })
        .collect();
    if global.json {
        let overrides: Vec<Value> = alive.iter().map(|one| as_json(engine, one, now)).collect();
        output::json_line(&json!({"schema": SCHEMA, "overrides": overrides}));
        return Ok(Exit::Done);
    }
    if alive.is_empty() {
        output::line("no overrides");
    }
    let rows: Vec<Vec<String>> = alive
        .iter()
        .map(|one| {
            vec![
                one.id.to_string(),
                format!("{} > {}", one.service, one.environment),
                one.revision.short().to_owned(),
                one.names(),
                one.owner.to_string(),
                one.standing(&engine.policy, false, now).word().to_owned(),
                format!(
                    "until {} (in {})",
                    instant(one.until),
                    span(one.until.duration_since(now))
                ),
                one.reason.clone(),
            ]
        })
        .collect();
    output::table(&rows);
    Ok(Exit::Done)
}

fn as_json(engine: &Engine, one: &Override, now: Timestamp) -> Value {
    let gates: Vec<&str> = one.gates.iter().map(|bound| bound.gate.as_str()).collect();
    json!({
        "id": one.id,
        "service": one.service,
        "environment": one.environment,
        "revision": one.revision,
        "gates": gates,
        "reason": one.reason,
        "owner": one.owner,
        "since": one.since,
        "until": one.until,
        "state": one.standing(&engine.policy, false, now).word(),
        "confirmed_by": one.confirmed.as_ref().map(|second| &second.by),
    })
}
