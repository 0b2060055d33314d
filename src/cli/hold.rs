//! `gonogo hold`: place, edit, lift and list holds. Works without any forge.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::output::{self, instant, span};
use super::{Exit, Failure, Global, journal, settings};
use crate::app::interface::until;
use crate::app::request::{Expiry, Request};
use crate::app::status::{HoldStatus, SCHEMA};
use crate::config::Env;
use crate::domain::hold::{Cover, HoldKind};
use crate::domain::ids::{EnvironmentName, HoldId, ServiceName, Sha};

#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// Place a hold.
    Add(AddArgs),
    /// Change a hold's reason or expiry; "held since" stays.
    Edit(EditArgs),
    /// Lift a hold.
    Lift(LiftArgs),
    /// List the holds that are on.
    List,
}

/// What a hold or manual gate covers.
#[derive(Debug, Args)]
pub struct CoverArgs {
    /// Only this service.
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Only this environment.
    #[arg(long = "in", value_name = "ENV")]
    environment: Option<String>,
    /// Only this revision, by its full SHA.
    #[arg(long, value_name = "SHA")]
    revision: Option<String>,
    /// Every service in every environment.
    #[arg(long, conflicts_with_all = ["service", "environment", "revision"])]
    everything: bool,
}

#[derive(Debug, Args)]
pub struct AddArgs {
    #[command(flatten)]
    cover: CoverArgs,
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it ends: `2h`, `45m`, `18:00` in UTC, or 2026-11-21T18:00Z. Without it, until lifted.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// What it stops.
    #[arg(long, value_name = "KIND", default_value = "forward")]
    kind: Kind,
}

#[derive(Debug, Args)]
pub struct EditArgs {
    id: String,
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// A new expiry, or `never`.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
}

#[derive(Debug, Args)]
pub struct LiftArgs {
    id: String,
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Forward promotions; going back to what was verified passes.
    Forward,
    /// Everything.
    All,
}

pub(super) async fn run(global: &Global, env: &Env, command: HoldCommand) -> Result<Exit, Failure> {
    let request = match command {
        HoldCommand::List => return list(global, env).await,
        HoldCommand::Add(args) => {
            let kind = match args.kind {
                Kind::Forward => HoldKind::Forward,
                Kind::All => HoldKind::All,
            };
            let until = args
                .until
                .as_deref()
                .map(|text| when(text, settings::now()))
                .transpose()?;
            Request::Hold {
                cover: args.cover.cover()?,
                kind,
                reason: args.reason,
                until,
            }
        }
        HoldCommand::Edit(args) => {
            let until = match args.until.as_deref() {
                None => Expiry::Keep,
                Some("never") => Expiry::Never,
                Some(text) => Expiry::At(when(text, settings::now())?),
            };
            if args.reason.is_none() && until == Expiry::Keep {
                return Err(Failure::new(Exit::Usage, "nothing to change")
                    .hint("--reason TEXT or --until WHEN"));
            }
            Request::EditHold {
                id: HoldId::from(args.id),
                reason: args.reason,
                until,
            }
        }
        HoldCommand::Lift(args) => Request::LiftHold {
            id: HoldId::from(args.id),
            reason: args.reason,
        },
    };
    journal::order(global, env, &[], request).await
}

async fn list(global: &Global, env: &Env) -> Result<Exit, Failure> {
    let headless = journal::read(global, env).await?;
    let now = headless.state.now;
    let ledger = headless.engine().ledger.as_ref();
    let holds: Vec<HoldStatus> = ledger
        .iter()
        .flat_map(|ledger| ledger.holds.values())
        .filter(|hold| hold.is_on(now))
        .map(HoldStatus::of)
        .collect();
    if global.json {
        output::json_line(&json!({"schema": SCHEMA, "holds": holds}));
        return Ok(Exit::Done);
    }
    if holds.is_empty() {
        output::line("no holds");
    }
    let rows: Vec<Vec<String>> = holds
        .iter()
        .map(|hold| {
            let until = hold.until.map_or_else(
                || "until lifted".to_owned(),
                |until| {
                    format!(
                        "until {} (in {})",
                        instant(until),
                        span(until.duration_since(now))
                    )
                },
            );
            let since = format!("{} ago", span(now.duration_since(hold.since)));
            vec![
                hold.id.clone(),
                hold.scope.clone(),
                hold.owner.clone(),
                since,
                until,
                hold.reason.clone(),
            ]
        })
        .collect();
    output::table(&rows);
    Ok(Exit::Done)
}

impl CoverArgs {
    pub(super) fn cover(&self) -> Result<Cover, Failure> {
        let cover = Cover {
            service: self.service.as_ref().map(ServiceName::new),
            environment: self.environment.as_ref().map(EnvironmentName::new),
            revision: self
                .revision
                .as_ref()
                .map(|sha| Sha::from(sha.to_lowercase())),
        };
        if cover == Cover::default() && !self.everything {
            return Err(Failure::new(Exit::Usage, "what is to be covered?")
                .hint("--service, --in, --revision, or --everything"));
        }
        if let Some(revision) = &cover.revision {
            let full = revision.as_str().len() == 40
                && revision
                    .as_str()
                    .chars()
                    .all(|digit| digit.is_ascii_hexdigit());
            if !full {
                return Err(
                    Failure::new(Exit::Usage, format!("{revision} is not a full SHA"))
                        .hint("40 hexadecimal digits"),
                );
            }
        }
        Ok(cover)
    }
}

/// Reads until when as the board's dialog does: a distance from now, a time, or an instant.
fn when(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let usage = |why: String| Failure::new(Exit::Usage, why);
    until::parse(text, now, &TimeZone::UTC)
        .map_err(usage)?
        .ok_or_else(|| usage("--until needs a time".to_owned()).hint("without it: until lifted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_distance_or_an_instant() {
        let now: Timestamp = "2026-11-21T16:00:00Z".parse().unwrap();
        assert_eq!(
            when("2h", now).unwrap(),
            "2026-11-21T18:00:00Z".parse().unwrap()
        );
        assert_eq!(
            when("2026-11-21T18:00Z", now).unwrap(),
            "2026-11-21T18:00:00Z".parse().unwrap()
        );
        assert_eq!(
            when("17:30", now).unwrap(),
            "2026-11-21T17:30:00Z".parse().unwrap()
        );
        for wrong in ["soon", "25:00", "15:00", ""] {
            assert_eq!(when(wrong, now).unwrap_err().exit, Exit::Usage, "{wrong}");
        }
    }
}
