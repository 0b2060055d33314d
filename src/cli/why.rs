//! `gonogo why`: why what is live in an environment is there: ticket, author, reviewer, approver,
//! promotion.

use clap::Args;
use jiff::Timestamp;

use super::output::{self, instant, span};
use super::scope::print_changes;
use super::status::{self, PATIENCE};
use super::{Exit, Failure, Global, settings};
use crate::app::status::trace::TraceStatus;
use crate::config::Env;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::trace::How;
use crate::runtime::headless::Headless;

#[derive(Debug, Args)]
pub struct WhyArgs {
    /// The service that is asked about.
    service: String,
    /// The environment in which it is live.
    #[arg(long = "in", value_name = "ENV")]
    environment: String,
}

pub(super) async fn run(global: &Global, env: &Env, args: WhyArgs) -> Result<Exit, Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    let services = status::known_services(&headless, std::slice::from_ref(&args.service))?;
    let environment = EnvironmentName::new(&args.environment);
    let service = services.first().cloned();
    // What came with it is read beside the facts.
    let cell = service.map(|service| (service, environment.clone()));
    headless.state.engine.traced.clone_from(&cell);
    headless.settle(&services, PATIENCE).await;
    let now = headless.state.now;
    let engine = headless.engine();
    let row = cell.and_then(|(service, _)| engine.board.row(&service));
    let stage = row.and_then(|row| row.service.stage(&environment));
    let trace = row.and_then(|row| engine.trace(&row.service.name, &environment, now));
    let how = trace.as_ref().map(|trace| trace.how);
    let status = row
        .zip(trace.as_ref())
        .map(|(row, trace)| TraceStatus::of(row, trace, now));
    let (exists, fault) = (stage.is_some(), row.and_then(|row| row.facts.fault.clone()));
    let policy = engine.policy.clone();
    headless.finish().await;
    let (service, environment) = (&args.service, &args.environment);
    if !exists {
        let (service, environment) = (ServiceName::new(service), EnvironmentName::new(environment));
        return Err(status::no_environment(&policy, &service, &environment));
    }
    let Some((status, how)) = status.zip(how) else {
        return Err(match fault {
            Some(fault) => fault.into(),
            None => Failure::new(Exit::Facts, format!("nothing is live in {environment}")).hint(
                format!("`gonogo gates {service} --to {environment}` says what may go there"),
            ),
        });
    };
    if global.json {
        output::json_line(&status);
    } else {
        print(&status, how, now);
    }
    Ok(Exit::Done)
}

fn print(status: &TraceStatus, how: How, now: Timestamp) {
    let say = |label: &str, text: &str| output::line(&format!("  {label:<10} {text}"));
    let live = status
        .version
        .as_deref()
        .or_else(|| status.revision.get(..7))
        .unwrap_or(&status.revision);
    output::line(&format!(
        "{} in {}   {live}",
        status.service, status.environment
    ));
    let age = span(now.duration_since(status.deployed_at));
    say("came", &format!("{}, {age} ago", how.sentence()));
    if let Some(by) = &status.deployed_by {
        say(
            "deployed",
            &format!("by {by} at {}", instant(status.deployed_at)),
        );
    }
    if let Some(promotion) = &status.promotion {
        let by = &promotion.by;
        let at = instant(promotion.at);
        say(
            "promoted",
            &format!("by {by} at {at}, journal entry {}", promotion.seq),
        );
        say("reason", &promotion.reason);
    }
    for approval in &status.approvals {
        let note = if approval.note.is_empty() {
            String::new()
        } else {
            format!(": {}", approval.note)
        };
        say(
            "approved",
            &format!("by {} as {}{note}", approval.person, approval.role),
        );
    }
    for one in &status.overrides {
        let second = one.confirmed_by.as_ref();
        let second = second.map_or_else(String::new, |second| format!(" and {second}"));
        let gates = one.gates.join(", ");
        say(
            "override",
            &format!("past {gates} by {}{second}: {}", one.by, one.reason),
        );
    }
    if let Some(verified) = &status.verification {
        let word = if verified.passed { "passed" } else { "failed" };
        say("verified", format!("{word} {}", verified.why).trim_end());
    }
    let before = status.before.as_ref();
    say(
        "before",
        before.map_or("nothing that is still known", |before| before.label()),
    );
    match (&status.changes, &status.fault) {
        (Some(changes), _) => print_changes(changes, now),
        (None, Some(fault)) => say("changes", &format!("not known: {fault}")),
        (None, None) => {}
    }
}
