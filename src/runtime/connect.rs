//! Connections: forges and the journal, opened at first use, so that the first picture waits for
//! neither TLS, nor a token command, nor a database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::clock;
use crate::app::msg::JournalFault;
use crate::config::run::Programs;
use crate::config::{Env, ForgeKind, ForgeSettings, Settings, tokens};
use crate::domain::entry::Entry;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{ForgeName, InstanceId, Person, RepoPath, Seq};
use crate::forge::error::Error;
use crate::forge::forgejo::Forgejo;
use crate::forge::github::GitHub;
use crate::forge::gitlab::GitLab;
use crate::forge::http::{Clock, Limits};
use crate::forge::{self, Discover, Discovered, Forge};
use crate::journal::chain::Texts;
use crate::journal::sqlite::{Options, Sqlite};
use crate::journal::{self, Journal};

/// Forges and the journal, opened at first use.
pub struct Connections {
    forges: BTreeMap<ForgeName, (ForgeSettings, OnceCell<Arc<dyn Forge>>)>,
    journal: OnceCell<Arc<dyn Journal>>,
    settings: Arc<Settings>,
    env: Env,
    instance: InstanceId,
    /// `log`, `status` and the like change nothing and need no turn.
    read_only: bool,
}

impl Connections {
    pub fn new(settings: Arc<Settings>, env: Env, instance: InstanceId, read_only: bool) -> Self {
        let forges = settings
            .forges
            .iter()
            .map(|forge| (forge.name.clone(), (forge.clone(), OnceCell::new())))
            .collect();
        Self {
            forges,
            journal: OnceCell::new(),
            settings,
            env,
            instance,
            read_only,
        }
    }

    /// The environment of this run.
    pub(super) fn env(&self) -> &Env {
        &self.env
    }

    /// The folder of the config file, if there is one.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        let file = std::path::absolute(self.settings.source.as_ref()?).ok()?;
        file.parent().map(Path::to_owned)
    }

    /// Returns a forge, with its token found and its client made.
    ///
    /// # Errors
    ///
    /// A fault that says which token is missing and how to give it.
    pub async fn forge(&self, name: &ForgeName) -> Result<Arc<dyn Forge>, Fault> {
        let Some((settings, cell)) = self.forges.get(name) else {
            return Err(fault(
                name,
                FaultKind::Refused,
                "no such forge in the config".into(),
                None,
            ));
        };
        cell.get_or_try_init(|| connect(settings, &self.env))
            .await
            .cloned()
    }

    /// Where the journal is.
    pub(super) fn journal_path(&self) -> &Path {
        self.settings.journal.path()
    }

    /// Returns the journal, opened.
    ///
    /// # Errors
    ///
    /// `JournalFault::Unreachable`, with what to do.
    pub async fn journal(&self) -> Result<Arc<dyn Journal>, JournalFault> {
        self.journal
            .get_or_try_init(|| self.open_journal())
            .await
            .cloned()
    }

    async fn open_journal(&self) -> Result<Arc<dyn Journal>, JournalFault> {
        let path = self.settings.journal.path();
        if self.read_only && path.exists() {
            let journal = Sqlite::read_only(path)
                .await
                .map_err(|error| journal_fault(&error))?;
            return Ok(Arc::new(journal));
        }
        let actor = self
            .settings
            .operator
            .clone()
            .unwrap_or_else(|| Person::from("gonogo"));
        let options = Options {
            instance: self.instance.clone(),
            actor,
            at: clock::now(),
        };
        let opened = Sqlite::open(path, options)
            .await
            .map_err(|error| journal_fault(&error))?;
        if opened.others > 0 {
            tracing::info!(
                others = opened.others,
                "other gonogos share this journal; they take turns to write"
            );
        }
        Ok(Arc::new(opened.journal))
    }
}

/// Opens the journal at `path` for reading alone, without anything else of a run.
///
/// # Errors
///
/// `JournalFault::Unreachable`, with what to do.
pub async fn reader(path: &Path) -> Result<Reader, JournalFault> {
    let journal = Sqlite::read_only(path).await;
    journal.map(Reader).map_err(|error| journal_fault(&error))
}

/// A journal that is only read.
pub struct Reader(Sqlite);

/// What a look at a journal's whole chain finds.
#[derive(Debug)]
pub enum Chain {
    /// So many entries, each as it was written.
    Whole(u64),
    /// The first that is not.
    Broken { seq: Seq, what: String },
}

impl Reader {
    /// Returns at most `limit` entries after `since`, in order, as they stand there.
    ///
    /// # Errors
    ///
    /// As `reader`.
    pub async fn since(&self, since: Seq, limit: u32) -> Result<Vec<Entry>, JournalFault> {
        let page = self.0.unchecked(since, limit).await;
        page.map_err(|error| journal_fault(&error))
    }

    /// As `since`, each entry with the texts that its hash is made of.
    ///
    /// # Errors
    ///
    /// As `reader`.
    pub async fn stored(
        &self,
        since: Seq,
        limit: i64,
    ) -> Result<Vec<(Entry, Texts)>, JournalFault> {
        let page = self.0.stored(since, limit).await;
        page.map_err(|error| journal_fault(&error))
    }

    /// Checks every entry from the first one on, and what the file keeps beside them.
    ///
    /// # Errors
    ///
    /// As `reader`.
    pub async fn verify(&self) -> Result<Chain, JournalFault> {
        match self.0.verify().await {
            Ok(entries) => Ok(Chain::Whole(entries)),
            Err(journal::Error::Broken { seq, what }) => Ok(Chain::Broken { seq, what }),
            Err(error) => Err(journal_fault(&error)),
        }
    }
}

async fn connect(settings: &ForgeSettings, env: &Env) -> Result<Arc<dyn Forge>, Fault> {
    match settings.kind {
        ForgeKind::GitHub => Ok(Arc::new(made(settings, env, GitHub::new).await?)),
        ForgeKind::GitLab => Ok(Arc::new(made(settings, env, GitLab::new).await?)),
        ForgeKind::Forgejo => Ok(Arc::new(made(settings, env, Forgejo::new).await?)),
    }
}

/// Asks a forge what a repository without a config needs to be told.
///
/// # Errors
///
/// A fault that says what to do, for instance that a token is missing and how to give one.
pub async fn discover(
    settings: &ForgeSettings,
    repo: &RepoPath,
    env: &Env,
) -> Result<Discovered, Fault> {
    match settings.kind {
        ForgeKind::GitHub => made(settings, env, GitHub::new).await?.discover(repo).await,
        ForgeKind::GitLab => made(settings, env, GitLab::new).await?.discover(repo).await,
        ForgeKind::Forgejo => {
            made(settings, env, Forgejo::new)
                .await?
                .discover(repo)
                .await
        }
    }
}

/// Finds the token of a forge.
async fn token(settings: &ForgeSettings, env: &Env) -> Result<tokens::Token, Fault> {
    let name = &settings.name;
    let host = settings.host();
    let refused = |why: String, hint: Option<String>| fault(name, FaultKind::NoToken, why, hint);
    tokens::resolve(&settings.token, &host, settings.kind, env, &Programs)
        .await
        .map_err(|error| refused(error.to_string(), Some(error.hint())))?
        .ok_or_else(|| {
            refused(
                "no token was found".into(),
                Some(tokens::advice(&host, settings.kind)),
            )
        })
}

/// Makes an adapter, with its token found.
async fn made<A>(
    settings: &ForgeSettings,
    env: &Env,
    new: impl FnOnce(forge::Settings, Clock) -> Result<A, Error>,
) -> Result<A, Fault> {
    let (name, token) = (&settings.name, token(settings, env).await?);
    let made = new(
        forge::Settings {
            name: name.clone(),
            url: settings.url.to_string(),
            api_url: Some(settings.api_url.to_string()),
            token: Some(token.secret),
            ca_file: settings.ca_file.clone(),
            limits: Limits::default(),
        },
        clock::clock(),
    );
    made.map_err(|error| fault(name, FaultKind::Unreachable, error.to_string(), None))
}

fn fault(forge: &ForgeName, kind: FaultKind, why: String, hint: Option<String>) -> Fault {
    Fault {
        kind,
        forge: forge.clone(),
        doing: "connecting".into(),
        why,
        hint,
        request: None,
        at: clock::now(),
        retry_at: None,
    }
}

/// Says of a journal error what the engine needs to know of it.
pub fn journal_fault(error: &journal::Error) -> JournalFault {
    match error {
        journal::Error::AlreadyNoted { .. } => JournalFault::AlreadyThere,
        error if error.is_refusal() => JournalFault::Refused {
            why: error.to_string(),
        },
        error => JournalFault::Unreachable {
            why: error.to_string(),
            hint: error.hint().map(str::to_owned),
            broken: match error {
                journal::Error::Broken { seq, .. } => Some(*seq),
                _ => None,
            },
        },
    }
}
