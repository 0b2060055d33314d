//! The live state of the simulated forge: users, tokens, repositories and all that hangs on them.
//!
//! Data and questions about it. What moves it is in `script`, what people do to it in `act`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use crate::sim::script::Agenda;

pub mod access;
pub mod change;
pub mod commit;
pub mod deployment;
pub mod doom;
pub mod gitlab;
pub mod health;
pub mod issue;
pub mod mark;
pub mod node;
pub mod pull;
pub mod query;
pub mod release;
pub mod repo;
pub mod report;
pub mod run;

pub use access::{Permission, Token, User};
pub use change::{Blob, Change, ChangeKind, Entry};
pub use commit::{Branch, Commit, Protection, Tag};
pub use deployment::{
    BranchPolicy, Consent, Deployment, DeploymentState, DeploymentStatus, Environment,
};
pub use doom::{Doom, Outcome};
pub use health::{Condition, Health, Ill, Vital};
pub use issue::{Issue, IssueReason, IssueState};
pub use mark::Mark;
pub use node::{Kind, NodeId};
pub use pull::{MergeMethod, Pull, PullState, Review, ReviewState};
pub use query::{CheckCounts, Comparison, Ordering, Pending, Rollup, RollupState};
pub use release::Release;
pub use repo::{Label, Repo};
pub use report::{Finding, Report};
pub use run::{
    Approval, CommitStatus, Conclusion, Gate, Job, JobRules, Run, RunStatus, StatusState, Workflow,
    WorkflowJob,
};

/// Defines an enum whose variants are the forge's own lower-case words.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($variant),+ }

        impl $name {
            /// All of them, in the forge's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word of the REST API; GraphQL has it in upper case.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word of either API.
            pub fn parse(text: &str) -> Option<Self> {
                let text = text.to_ascii_lowercase();
                Self::ALL.iter().copied().find(|it| it.word() == text)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Whose API is imitated where the two differ.
    Flavor {
        Dotcom = "dotcom", Ghes = "ghes", Gitlab = "gitlab",
        Forgejo = "forgejo", ForgejoTasks = "forgejo-tasks", Gitea = "gitea",
    }
}

impl Flavor {
    /// What a client calls this kind of forge.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Dotcom | Self::Ghes => "github",
            Self::Gitlab => "gitlab",
            Self::Forgejo | Self::ForgejoTasks | Self::Gitea => "forgejo",
        }
    }

    /// Where the REST API is, below the forge's own address.
    pub const fn api(self) -> &'static str {
        match self {
            Self::Dotcom | Self::Ghes => "/api/v3",
            Self::Gitlab => "/api/v4",
            Self::Forgejo | Self::ForgejoTasks | Self::Gitea => "/api/v1",
        }
    }

    /// Where the GraphQL API is, if there is one.
    pub const fn graphql(self) -> Option<&'static str> {
        match self {
            Self::Dotcom | Self::Ghes | Self::Gitlab => Some("/api/graphql"),
            Self::Forgejo | Self::ForgejoTasks | Self::Gitea => None,
        }
    }
}

/// Everything that the simulated forge knows at one instant.
///
/// Cheap to clone: repositories are shared until somebody changes one. A request reads one
/// clone from beginning to end, and a stale read is an older clone.
#[derive(Debug, Clone)]
pub struct State {
    /// The name of this forge in configuration and in the request log.
    pub name: Arc<str>,
    /// Whose API is imitated.
    pub flavor: Flavor,
    /// `http://127.0.0.1:PORT`, and the folder it is installed in; known once the port is bound.
    pub base: Arc<str>,
    /// That folder: `/gitlab`, or nothing.
    pub root: Arc<str>,
    /// The instant up to which everything has happened.
    pub now: Timestamp,
    /// Where the simulation started; what is before is history.
    pub started: Timestamp,
    /// What it calls its version; GitHub's is not told.
    pub version: Arc<str>,
    /// The fields that its GraphQL does not have, as `Type.field`; GitLab's.
    pub lacks: Arc<[String]>,
    /// Decides every random outcome.
    pub seed: u64,
    /// How many times faster than life jobs run.
    pub speed: f64,
    /// The share of jobs and deployments that fail without being told to, 0 to 1.
    pub flaky: f64,
    /// How long a dispatched run stays invisible.
    pub lag_ms: u64,
    /// Everybody, by login.
    pub users: Arc<BTreeMap<String, User>>,
    /// The organisations: the owners that are not users, with their ids.
    pub organizations: Arc<BTreeMap<String, u64>>,
    /// By secret.
    pub tokens: Arc<HashMap<String, Arc<Token>>>,
    /// In the order of the world file.
    pub repos: Vec<Arc<Repo>>,
    pub(crate) index: Arc<HashMap<String, usize>>,
    pub(crate) agenda: Agenda,
    pub(crate) last_id: u64,
}

impl State {
    /// Finds a repository by owner and name, as GitHub does without regard to case.
    pub fn repo(&self, owner: &str, name: &str) -> Option<&Arc<Repo>> {
        let key = format!("{owner}/{name}").to_ascii_lowercase();
        self.index.get(&key).and_then(|at| self.repos.get(*at))
    }

    /// Finds a repository by a path that it had before it was renamed or moved.
    pub fn moved(&self, path: &str) -> Option<&Arc<Repo>> {
        let had = |it: &&Arc<Repo>| it.moved_from.iter().any(|it| it.eq_ignore_ascii_case(path));
        self.repos.iter().find(had)
    }

    /// Finds a repository by its number.
    pub fn repo_by_id(&self, id: u64) -> Option<&Arc<Repo>> {
        self.position(id).and_then(|at| self.repos.get(at))
    }

    /// Gives write access to a repository, copying it if a reader still holds it.
    pub(crate) fn repo_mut(&mut self, id: u64) -> Option<&mut Repo> {
        let at = self.position(id)?;
        self.repos.get_mut(at).map(Arc::make_mut)
    }

    // Repository numbers are given in file order, so the position is a subtraction.
    fn position(&self, id: u64) -> Option<usize> {
        let first = self.repos.first()?.id;
        let at = usize::try_from(id.checked_sub(first)?).ok()?;
        (self.repos.get(at)?.id == id).then_some(at)
    }

    /// The user of that login, or a ghost with the same name: texts from the world file may
    /// name people whom it does not describe.
    pub fn user(&self, login: &str) -> User {
        self.users.get(login).cloned().unwrap_or_else(|| User {
            login: login.to_owned(),
            ..User::ghost()
        })
    }

    /// Hands out the next number; small enough for GraphQL's 32-bit `databaseId`.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Tells the state where it is served; the links of its history follow.
    pub(crate) fn served_at(&mut self, base: &str) {
        let base = format!("{base}{}", self.root);
        let old = std::mem::replace(&mut self.base, base.as_str().into());
        for repo in &mut self.repos {
            let repo = Arc::make_mut(repo);
            for status in &mut repo.statuses {
                let path = status
                    .target_url
                    .as_deref()
                    .and_then(|it| it.strip_prefix(&*old));
                if let Some(path) = path {
                    status.target_url = Some(format!("{base}{path}"));
                }
            }
            for deployment in &mut repo.deployments {
                for status in &mut Arc::make_mut(deployment).statuses {
                    if let Some(path) = status.log_url.strip_prefix(&*old) {
                        status.log_url = format!("{base}{path}");
                    }
                }
            }
        }
    }

    /// The page of the repository that people look at.
    pub fn html(&self, repo: &Repo) -> String {
        format!("{}/{}/{}", self.base, repo.owner, repo.name)
    }
}
