//! `gonogo vote`: a role's go or no-go on one promotion, or on a whole release.

use clap::{Args, ValueEnum};

use super::{Exit, Failure, Global, journal, release};
use crate::app::engine::Engine;
use crate::app::request::Request;
use crate::config::Env;
use crate::domain::ids::{Digest, EnvironmentName, ReleaseName, RoleName, ServiceName};
use crate::domain::policy::Policy;
use crate::domain::signoff::Voice;

#[derive(Clone, Debug, Args)]
pub struct VoteArgs {
    /// What you say: `go`, `no-go`, or `withdraw` to take your vote back (that it was cast stays in
    /// the journal).
    #[arg(hide_possible_values = true)]
    voice: Said,
    /// The service, or the release.
    #[arg(value_name = "SERVICE|RELEASE")]
    name: String,
    /// The role that you vote as.
    #[arg(long = "as", value_name = "ROLE", required_if_eq_any([("voice", "go"), ("voice", "no-go")]))]
    role: Option<String>,
    /// The environment that a service would be promoted into; the last of the path without it.
    #[arg(long, value_name = "ENV")]
    to: Option<String>,
    /// Why; required for no-go and for withdrawing.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    note: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Said {
    Go,
    NoGo,
    Withdraw,
}

impl VoteArgs {
    /// The release that is meant: a service of the same name comes first, `--to` means a service.
    fn release(&self, policy: &Policy) -> Option<ReleaseName> {
        let service = ServiceName::new(&self.name);
        if self.to.is_some() || policy.service(&service).is_some() {
            return None;
        }
        let release = policy.release(&ReleaseName::new(&self.name))?;
        Some(release.name.clone())
    }

    /// The cell that is meant: the environment that was named, else the last of the path.
    fn cell(&self, engine: &Engine) -> (ServiceName, EnvironmentName) {
        let service = ServiceName::new(&self.name);
        let known = engine.policy.service(&service);
        let last = known
            .and_then(|known| known.path.last())
            .map(|stage| stage.environment.clone());
        let named = self.to.as_deref().map(EnvironmentName::from);
        let environment = named
            .or(last)
            .unwrap_or_else(|| EnvironmentName::from("production"));
        (service, environment)
    }

    fn request(self, engine: &Engine) -> Request {
        let release = self.release(&engine.policy);
        let role = RoleName::from(self.role.clone().unwrap_or_default());
        let voice = match (self.voice, release.clone()) {
            (Said::Go, _) => Voice::Go,
            (Said::NoGo, _) => Voice::NoGo,
            (Said::Withdraw, Some(release)) => {
                return Request::WithdrawReleaseVote {
                    release,
                    reason: self.note,
                };
            }
            (Said::Withdraw, None) => {
                let (service, environment) = self.cell(engine);
                return Request::WithdrawVote {
                    service,
                    environment,
                    reason: self.note,
                };
            }
        };
        if let Some(release) = release {
            return Request::VoteRelease {
                seen: release::bound(engine, &release).unwrap_or_else(|| Digest::from("")),
                release,
                role,
                voice,
                note: self.note,
            };
        }
        let (service, environment) = self.cell(engine);
        Request::Vote {
            service,
            environment,
            role,
            voice,
            note: self.note,
        }
    }
}

pub(super) async fn run(global: &Global, env: &Env, args: VoteArgs) -> Result<Exit, Failure> {
    let named = args.clone();
    let services = move |policy: &Policy| match named.release(policy) {
        Some(release) => release::services(policy, &release),
        None => vec![ServiceName::new(&named.name)],
    };
    journal::order_with(global, env, services, |engine, _| Ok(args.request(engine))).await
}
