//! One contract for every adapter: the same cases in domain terms over HTTP, on each of the servers
//! that gonogo speaks to, and the reason where one of them has no such thing.
//!
//! What is peculiar to one forge is tested in its own files beside this one.

use gonogo::domain::deployment;
use gonogo::domain::facts::ServiceFacts;
use gonogo::domain::forge_kind::ForgeKind;
use gonogo::domain::policy::EnvironmentModel;
use gonogo::forge::{Discover, Forge, forgejo, github, gitlab};

use super::*;
use crate::harness::step;

mod acts;
mod ambiguous;
mod cases;
mod editions;
mod models;
mod moves;
mod paging;
mod reads;
mod states;
mod sweeps;
mod trouble;
mod wire;
mod words;

/// A server, as far as adapters see a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    GitHub,
    GitLab,
    /// With runs and jobs.
    Forgejo,
    /// An older one, with tasks alone.
    ForgejoTasks,
    Gitea,
}

const SERVERS: [Server; 5] = [
    Server::GitHub,
    Server::GitLab,
    Server::Forgejo,
    Server::ForgejoTasks,
    Server::Gitea,
];

/// Either trait of an adapter.
trait Adapter: Forge + Discover {}
impl<T: Forge + Discover> Adapter for T {}

impl Server {
    fn kind(self) -> ForgeKind {
        match self {
            Self::GitHub => ForgeKind::GitHub,
            Self::GitLab => ForgeKind::GitLab,
            Self::Forgejo | Self::ForgejoTasks | Self::Gitea => ForgeKind::Forgejo,
        }
    }

    fn world(self) -> World {
        let (text, flavor) = match self {
            Self::GitHub => (sim::EVENING, "dotcom"),
            Self::GitLab => (sim::GITLAB, "gitlab"),
            Self::Forgejo => (sim::FORGEJO, "forgejo"),
            Self::ForgejoTasks => (sim::FORGEJO, "forgejo-tasks"),
            Self::Gitea => (sim::GITEA, "gitea"),
        };
        let mut world = World::from_toml(text).unwrap();
        flavor.clone_into(&mut world.forge.flavor);
        world.forge.flaky = 0.0;
        world
    }

    /// Where its REST begins, below the address.
    fn api(self) -> &'static str {
        match self {
            Self::GitHub => "/api/v3",
            Self::GitLab => "/api/v4",
            Self::Forgejo | Self::ForgejoTasks | Self::Gitea => "/api/v1",
        }
    }

    /// The adapter that speaks to `url` with `token`.
    fn adapter(self, url: &str, token: &str, limits: Limits) -> Box<dyn Adapter> {
        let (name, url) = (ForgeName::from("here"), url.to_owned());
        let token = Some(SecretString::from(token));
        let (api_url, ca_file, clock) = (None, None, clock::clock());
        match self.kind() {
            ForgeKind::GitHub => {
                let settings = gonogo::forge::Settings {
                    name,
                    url,
                    api_url,
                    token,
                    ca_file,
                    limits,
                };
                Box::new(github::GitHub::new(settings, clock).unwrap())
            }
            ForgeKind::GitLab => {
                let settings = gonogo::forge::Settings {
                    name,
                    url,
                    api_url,
                    token,
                    ca_file,
                    limits,
                };
                Box::new(gitlab::GitLab::new(settings, clock).unwrap())
            }
            ForgeKind::Forgejo => {
                let settings = gonogo::forge::Settings {
                    name,
                    url,
                    api_url,
                    token,
                    ca_file,
                    limits,
                };
                Box::new(forgejo::Forgejo::new(settings, clock).unwrap())
            }
        }
    }
}

/// A simulated server, and the adapter as its operator.
struct Bench {
    server: Server,
    sim: Running,
    forge: Box<dyn Adapter>,
}

impl Bench {
    async fn of(server: Server) -> Self {
        Self::with(server, |_| ()).await
    }

    async fn with(server: Server, change: impl FnOnce(&mut World)) -> Self {
        let mut world = server.world();
        change(&mut world);
        let sim = sim::start(world, Options::default()).await.unwrap();
        let forge = server.adapter(&address(&sim), &sim.token("operate").unwrap(), limits());
        Self { server, sim, forge }
    }

    /// Another adapter to the same server.
    fn again(&self, token: &str, limits: Limits) -> Box<dyn Adapter> {
        let token = self.sim.token(token).unwrap();
        self.server.adapter(&address(&self.sim), &token, limits)
    }

    fn secret(&self) -> String {
        self.sim.token("operate").unwrap()
    }

    fn advance(&self, seconds: i64) {
        self.sim.advance(SignedDuration::from_secs(seconds));
    }

    fn play(&self, repo: &str, toml: &str) {
        assert!(self.sim.play(repo, (*step(toml)).clone()), "{toml}");
    }

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

    fn repo(&self, name: &str) -> Repo {
        let state = self.sim.state();
        let found = state.repos.iter().find(|it| it.name == name);
        (**found.unwrap_or_else(|| panic!("{:?} has no {name}", self.server))).clone()
    }

    fn path(&self, name: &str) -> RepoPath {
        RepoPath::from(self.repo(name).full_name())
    }

    fn head(&self, name: &str) -> Sha {
        Sha::from(self.repo(name).branches["main"].sha.as_str())
    }

    /// A service, with its environments where this evening keeps them.
    fn target(&self, name: &str) -> Target {
        let model = match (self.server.kind(), name) {
            (ForgeKind::GitHub | ForgeKind::GitLab, _) => EnvironmentModel::Native,
            (ForgeKind::Forgejo, "pilot" | "ferry") => EnvironmentModel::Branch {
                branch: "{environment}".to_owned(),
            },
            (ForgeKind::Forgejo, "almanac") => EnvironmentModel::Release {
                tag: Some("deployed/{environment}".to_owned()),
            },
            (ForgeKind::Forgejo, "lighthouse") => EnvironmentModel::Run {
                workflow: EnvironmentModel::WORKFLOW.to_owned(),
            },
            (ForgeKind::Forgejo, _) => EnvironmentModel::Status {
                context: EnvironmentModel::STATUS.to_owned(),
            },
        };
        let environments = match self.server.kind() {
            ForgeKind::Forgejo => &["staging", "production"][..],
            ForgeKind::GitHub | ForgeKind::GitLab => &["dev", "staging", "production"],
        };
        Target {
            repo: self.path(name),
            environments: environments
                .iter()
                .copied()
                .map(EnvironmentName::from)
                .collect(),
            model,
            ..target(name)
        }
    }

    fn targets(&self) -> Vec<Target> {
        let state = self.sim.state();
        state.repos.iter().map(|it| self.target(&it.name)).collect()
    }

    async fn board(&self, name: &str) -> ServiceFacts {
        let mut batch = self.forge.board(&[self.target(name)]).await;
        let answer = batch.answers.remove(0).1;
        answer.unwrap_or_else(|fault| panic!("{:?} {name}: {fault}", self.server))
    }

    /// The jobs of any run there is: the read that every adapter makes in one request.
    async fn any_jobs(&self) -> (RepoPath, RunId) {
        let state = self.sim.state();
        let repo = state.repos.iter().find(|it| !it.runs.is_empty()).unwrap();
        let facts = self.board(&repo.name).await;
        (facts.repo.clone(), facts.runs[0].id)
    }
}

/// The address of a simulation, with the folder that it is installed in.
fn address(sim: &Running) -> String {
    let name = sim.state().name.to_string();
    sim.url(&name).unwrap()
}

/// What is live in an environment, by what was read.
fn live(facts: &ServiceFacts, environment: &str) -> Option<String> {
    let live = deployment::live(&facts.deployments, &environment.into());
    live.map(|it| it.sha.to_string())
}

/// An answer that a fault gives in place of the forge's.
fn status(status: u16, body: &str) -> Effect {
    status_with(status, body, &[])
}

fn status_with(status: u16, body: &str, headers: &[(&str, &str)]) -> Effect {
    let headers = headers.iter();
    Effect::Status {
        status,
        body: body.into(),
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}
