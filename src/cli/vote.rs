//! `gonogo vote`: a role's go or no-go on one promotion.

use clap::{Args, ValueEnum};

use super::{Exit, Failure, Global, journal};
use crate::app::request::Request;
use crate::config::Env;
use crate::domain::ids::{EnvironmentName, RoleName, ServiceName};
use crate::domain::signoff::Voice;

#[derive(Debug, Args)]
pub struct VoteArgs {
    voice: Said,
    service: String,
    /// The role that you vote as.
    #[arg(long = "as", value_name = "ROLE")]
    role: String,
    /// The environment that would be promoted into; the last of the path without it.
    #[arg(long, value_name = "ENV")]
    to: Option<String>,
    /// Why; required for no-go.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Said {
    Go,
    NoGo,
}

pub(super) async fn run(global: &Global, env: &Env, args: VoteArgs) -> Result<Exit, Failure> {
    let service = ServiceName::from(args.service);
    let to = args.to.map(EnvironmentName::from);
    let voice = match args.voice {
        Said::Go => Voice::Go,
        Said::NoGo => Voice::NoGo,
    };
    let role = RoleName::from(args.role);
    let note = args.note;
    journal::order_with(global, env, std::slice::from_ref(&service), |engine, _| {
        let known = engine.policy.service(&service);
        let last = known
            .and_then(|known| known.path.last())
            .map(|stage| stage.environment.clone());
        let environment = to
            .or(last)
            .unwrap_or_else(|| EnvironmentName::from("production"));
        Ok(Request::Vote {
            service: service.clone(),
            environment,
            role,
            voice,
            note,
        })
    })
    .await
}
