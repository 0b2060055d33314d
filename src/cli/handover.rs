//! `gonogo handover`: the note for the next operator; giving it, and taking it over.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::status::{self, PATIENCE};
use super::{Exit, Failure, Global, journal, output, settings};
use crate::app::request::Request;
use crate::app::status::SCHEMA;
use crate::config::Env;
use crate::domain::handover::{self, Item, Subject};
use crate::domain::policy::Policy;
use crate::runtime::headless::Headless;

#[derive(Debug, Args)]
pub struct HandoverArgs {
    /// Without one, the note is printed as Markdown.
    #[command(subcommand)]
    command: Option<HandoverCommand>,
}

#[derive(Debug, Subcommand)]
pub enum HandoverCommand {
    /// Hand the evening over: the note goes into the journal.
    Give {
        /// What the note cannot know.
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true
        )]
        note: String,
    },
    /// Take over what somebody else has handed over.
    Accept,
}

pub(super) async fn run(global: &Global, env: &Env, args: HandoverArgs) -> Result<Exit, Failure> {
    let all = |policy: &Policy| {
        let services = policy.services.iter();
        services.map(|service| service.name.clone()).collect()
    };
    match args.command {
        None => print(global, env).await,
        Some(HandoverCommand::Give { note }) => {
            journal::order_with(global, env, all, |engine, now| {
                Ok(Request::HandOver {
                    items: handover::lines(&engine.handover_note(now)),
                    remark: note,
                })
            })
            .await
        }
        Some(HandoverCommand::Accept) => {
            journal::order_with(
                global,
                env,
                |_| Vec::new(),
                |engine, _| {
                    let last = engine
                        .ledger
                        .as_ref()
                        .and_then(|ledger| ledger.handover.as_ref());
                    let last = last.filter(|last| last.accepted.is_none());
                    let none = || {
                        Failure::new(Exit::NoGo, "there is no hand-over to accept")
                            .hint("`gonogo handover give` hands over")
                    };
                    let id = last.ok_or_else(none)?.id.clone();
                    Ok(Request::TakeOver { id })
                },
            )
            .await
        }
    }
}

async fn print(global: &Global, env: &Env) -> Result<Exit, Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    let services = status::known_services(&headless, &[])?;
    headless.settle(&services, PATIENCE).await;
    let (engine, now) = (headless.engine(), headless.state.now);
    let items = engine.handover_note(now);
    let last = engine
        .ledger
        .as_ref()
        .and_then(|ledger| ledger.handover.clone());
    let operator = engine.operator.clone();
    headless.finish().await;
    if global.json {
        let mut note = Map::new();
        for subject in Subject::ALL {
            let of = items.iter().filter(|item| item.subject == subject);
            let of: Vec<Value> = of.map(item_json).collect();
            note.insert(subject.word().to_owned(), json!(of));
        }
        output::json_line(&json!({"schema": SCHEMA, "at": now, "note": note, "last": last}));
        return Ok(Exit::Done);
    }
    output::line(&handover::markdown(&items, operator.as_ref(), "", now));
    if let Some(last) = last {
        let told = match &last.accepted {
            Some(accepted) => format!("accepted by {}", accepted.by),
            None => "not accepted yet: `gonogo handover accept`".to_owned(),
        };
        let at = output::instant(last.at);
        output::note(&format!("last hand-over: {} at {at}, {told}", last.by));
    }
    Ok(Exit::Done)
}

fn item_json(item: &Item) -> Value {
    json!({
        "service": item.service,
        "environment": item.environment,
        "text": item.text,
        "at": item.at,
    })
}
