//! The contract of the forges' adapters, over HTTP against the simulated forges: every read, every
//! act, every trouble that GitHub is known for; Forgejo's and Gitea's in `forge/forgejo.rs`.
//!
//! What only a hand-made answer can show (endless pages, gzip bombs) is tested beside the adapter.

use std::time::Duration;

use gonogo::domain::act::Act;
use gonogo::domain::ids::{
    EnvironmentId, EnvironmentName, ForgeName, IntentId, PullRequestNumber, RepoPath, RunId,
    ServiceName, Sha,
};
use gonogo::forge::Settings;
use gonogo::forge::Target;
use gonogo::forge::github::GitHub;
use gonogo::forge::http::Limits;
use gonogo::runtime::clock;
use gonogo::sim::model::{Repo, Run, State};
use gonogo::sim::{self, Effect, Fault, Logged, Matcher, Options, Running, World};
use jiff::SignedDuration;
use secrecy::SecretString;

mod acts;
mod brakes;
mod contract;
mod costs;
mod faults;
mod forgejo;
mod gates;
mod hour;
mod logs;
mod reads;
mod refusals;

/// The simulated evening, and the adapter as one of its people.
struct Site {
    sim: Running,
    github: GitHub,
}

impl Site {
    async fn evening() -> Self {
        Self::of(World::from_toml(sim::EVENING).unwrap(), "operate").await
    }

    /// The evening on an Enterprise Server.
    async fn enterprise() -> Self {
        let mut world = World::from_toml(sim::EVENING).unwrap();
        "ghes".clone_into(&mut world.forge.flavor);
        Self::of(world, "operate").await
    }

    async fn of(world: World, token: &str) -> Self {
        let sim = sim::start(world, Options::default()).await.unwrap();
        let github = adapter(&sim, token, limits());
        Self { sim, github }
    }

    /// Makes requests meet an effect from now on.
    fn meet(&self, matcher: Matcher, times: Option<u32>, effect: Effect) {
        let fault = Fault {
            matcher,
            times,
            effect,
        };
        self.sim.inject(fault);
    }

    fn writes(&self) -> Vec<Logged> {
        writes(&self.sim.requests())
    }

    fn advance(&self, seconds: i64) {
        self.sim.advance(SignedDuration::from_secs(seconds));
    }
}

fn adapter(sim: &Running, token: &str, limits: Limits) -> GitHub {
    let settings = Settings {
        name: ForgeName::from("github"),
        url: sim.base_url().to_owned(),
        api_url: None,
        token: Some(SecretString::from(sim.token(token).unwrap())),
        ca_file: None,
        limits,
    };
    GitHub::new(settings, clock::clock()).unwrap()
}

/// The real limits, but for waits that only cost a test time.
fn limits() -> Limits {
    Limits {
        total: Duration::from_secs(10),
        write_gap: Duration::from_millis(1),
        retry_base: Duration::from_millis(20),
        retry_cap: Duration::from_millis(1_500),
        ..Limits::default()
    }
}

/// The requests that could change something: everything but reads and queries.
fn writes(requests: &[Logged]) -> Vec<Logged> {
    let is_write = |it: &&Logged| it.method != "GET" && !it.path.ends_with("/graphql");
    requests.iter().filter(is_write).cloned().collect()
}

fn repo(name: &str) -> RepoPath {
    RepoPath::from(format!("acme/{name}"))
}

fn target(name: &str) -> Target {
    Target {
        service: ServiceName::from(name),
        repo: repo(name),
        branch: None,
        environments: ["dev", "staging", "production"]
            .map(EnvironmentName::from)
            .to_vec(),
        model: gonogo::domain::policy::EnvironmentModel::Native,
        jobs: std::collections::BTreeMap::new(),
        revisions: Vec::new(),
        named_checks: false,
        reports: false,
        labels: Vec::new(),
        payloads: false,
        brief: false,
    }
}

/// Every service of a world.
fn targets(state: &State) -> Vec<Target> {
    state.repos.iter().map(|it| target(&it.name)).collect()
}

fn key() -> IntentId {
    IntentId::from("it-7f3a")
}

fn repository(state: &State, name: &str) -> Repo {
    (**state.repo("acme", name).unwrap()).clone()
}

/// The newest run of a repository that waits for `environment`, and the environment's number.
fn waiting(state: &State, name: &str, environment: &str) -> (Run, u64) {
    let repo = state.repo("acme", name).unwrap();
    let waits = |run: &&std::sync::Arc<Run>| {
        let pending = repo.pending(run);
        pending.iter().any(|it| it.environment.name == environment)
    };
    let run = repo.runs.iter().rev().find(waits).unwrap();
    ((**run).clone(), repo.environment(environment).unwrap().id)
}

fn approve(state: &State, name: &str) -> Act {
    let (run, environment) = waiting(state, name, "production");
    Act::Approve {
        run: RunId(run.id),
        environments: vec![EnvironmentId(environment)],
        comment: "all green".into(),
    }
}

/// The pull request that promotes `auth`, and its head.
fn promotion_pull(state: &State) -> (PullRequestNumber, Sha) {
    let repo = state.repo("acme", "auth").unwrap();
    let pull = repo
        .pulls
        .iter()
        .rev()
        .find(|it| it.base == "production")
        .unwrap();
    (
        PullRequestNumber(pull.number),
        Sha::from(pull.head_sha.as_str()),
    )
}

fn head(state: &State, name: &str) -> Sha {
    let repo = state.repo("acme", name).unwrap();
    Sha::from(repo.branches["main"].sha.as_str())
}
