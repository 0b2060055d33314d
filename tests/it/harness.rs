//! For tests: a simulated evening over real HTTP, and operators who press keys on their boards.
//!
//! An operator runs the program's own `update`, executor, forge adapter and journal. Only the
//! terminal is left out: the screen is what would be drawn.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gonogo::app::interface::{Chord, Interface};
use gonogo::app::{Msg, State, update, view};
use gonogo::config::{self, Env};
use gonogo::domain::entry::Entry;
use gonogo::domain::ids::{EnvironmentName, Seq, ServiceName};
use gonogo::domain::ledger::Ledger;
use gonogo::domain::promotion::Promotion;
use gonogo::journal::Journal;
use gonogo::journal::sqlite::Sqlite;
use gonogo::runtime::clock;
use gonogo::runtime::execute::Executor;
use gonogo::runtime::session::{Mode, Session};
use gonogo::sim::{self, Logged, Running, World};
use gonogo::ui;
use jiff::SignedDuration;
use tokio::sync::mpsc::Receiver;

/// How long a condition may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A simulated evening and the folder of its journal.
pub struct Evening {
    pub sim: Running,
    pub folder: tempfile::TempDir,
}

impl Evening {
    /// The demo's evening, with pipelines that take next to no time.
    pub async fn begin() -> Self {
        Self::of(sim::EVENING, 60.0).await
    }

    pub async fn of(world: &str, speed: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = sim::Options {
            speed,
            config_journal: Some(folder.path().join("journal.db")),
            ..sim::Options::default()
        };
        let mut sim = sim::start(World::from_toml(world).unwrap(), options).await.unwrap();
        sim.write_config(folder.path().join("gonogo.toml")).unwrap();
        Self { sim, folder }
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("gonogo.toml")
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    /// The config of another person, with that person's token.
    pub fn config_of(&self, person: &str, token: &str) -> PathBuf {
        let secret = self.sim.token(token).unwrap();
        let file = self.folder.path().join(format!("{person}.secret"));
        std::fs::write(&file, secret).unwrap();
        let text = std::fs::read_to_string(self.config()).unwrap();
        let text: Vec<String> = text
            .lines()
            .map(|line| match line.split_once(" = ") {
                Some(("file", _)) => format!("file = {:?}", file.display().to_string()),
                Some(("name", _)) => format!("name = {person:?}"),
                _ => line.to_owned(),
            })
            .collect();
        let path = self.folder.path().join(format!("{person}.toml"));
        std::fs::write(&path, text.join("\n")).unwrap();
        path
    }

    /// The writes that the forge has seen so far.
    pub fn writes(&self) -> Vec<Logged> {
        let writes = self.sim.requests().into_iter();
        writes.filter(|request| request.method != "GET" && !request.path.ends_with("/graphql")).collect()
    }

    /// The journal's entries, read by a reader of its own.
    pub async fn entries(&self) -> Vec<Entry> {
        let journal = Sqlite::read_only(&self.journal()).await.unwrap();
        journal.verify().await.unwrap();
        journal.since(Seq(0), 10_000).await.unwrap()
    }

    /// The kinds of the entries of one cell, in order.
    pub async fn kinds(&self, service: &str) -> Vec<String> {
        let entries = self.entries().await;
        let of_service = entries.iter().filter(|entry| entry.draft.service.as_ref().map(ServiceName::as_str) == Some(service));
        of_service.map(|entry| entry.draft.event.kind()).collect()
    }
}

/// Somebody at a board.
pub struct Operator {
    pub state: State,
    executor: Executor,
    answers: Receiver<Msg>,
    /// Messages handled so far, and after which one to die like a power cut.
    pub handled: usize,
    pub dies_after: Option<usize>,
}

impl Operator {
    pub fn new(config: &Path) -> Self {
        Self::sized(config, 120, 36)
    }

    pub fn sized(config: &Path, columns: u16, rows: u16) -> Self {
        let env = Env::default();
        let settings = config::read(config, &env).unwrap_or_else(|problems| panic!("{}", config::render(&problems)));
        let session = Session::new(settings, env, Mode::default());
        let Session { engine, executor, answers, .. } = session;
        let interface = Interface::new(columns, rows, false, false);
        let state = State { now: clock::now(), engine, interface, dirty: false };
        let mut operator = Self { state, executor, answers, handled: 0, dies_after: None };
        for effect in operator.state.engine.open_journal() {
            operator.executor.execute(effect);
        }
        operator.handle(Msg::Resized { columns, rows });
        operator.handle(Msg::Tick);
        operator
    }

    /// Handles one message as the board's loop does.
    pub fn handle(&mut self, msg: Msg) {
        let effects = update(&mut self.state, clock::now(), msg);
        self.handled += 1;
        if self.dies_after == Some(self.handled) {
            // No destructor runs and nothing is flushed: as near to a power cut as a process gets.
            std::process::abort();
        }
        for effect in effects {
            let _ = self.executor.execute(effect);
        }
    }

    /// Presses keys by name, for instance `j j P tab enter`.
    pub fn press(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let chord = Chord::parse(key).unwrap_or_else(|| panic!("no such key: {key}"));
            self.handle(Msg::Key(chord));
        }
    }

    /// Types text into the field that has the focus.
    pub fn write(&mut self, text: &str) {
        self.handle(Msg::Paste(text.to_owned()));
    }

    /// Runs until `done` holds; a minute without is a failure that shows the screen.
    #[track_caller]
    pub fn until(&mut self, what: &'static str, done: impl Fn(&State) -> bool) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let deadline = tokio::time::Instant::now() + PATIENCE;
            while !done(&self.state) {
                assert!(
                    tokio::time::Instant::now() < deadline,
                    "waited in vain at {caller} for: {what}\n{}",
                    self.screen()
                );
                let now = clock::now();
                let due = self.state.engine.due(now).duration_since(now).max(SignedDuration::ZERO).unsigned_abs();
                let msg = tokio::select! {
                    Some(msg) = self.answers.recv() => msg,
                    () = tokio::time::sleep(due.min(Duration::from_millis(100))) => Msg::Tick,
                };
                self.handle(msg);
            }
        }
    }

    /// Runs until everything of the board has been read once.
    pub async fn settle(&mut self) {
        self.until("facts, scopes and journal of every service", |state| {
            let engine = &state.engine;
            let read = |row: &gonogo::domain::board::Row| row.facts.last.is_some() || row.facts.fault.is_some();
            engine.ledger.is_some()
                && engine.operator.is_some()
                && engine.board.rows.iter().all(|row| read(row) && engine.scopes_are_read(&row.service.name))
        })
        .await;
    }

    /// Looks at one cell: the cursor goes there.
    pub fn go_to(&mut self, service: &str, environment: &str) {
        let cursor = gonogo::app::interface::Cursor {
            service: ServiceName::new(service),
            environment: EnvironmentName::new(environment),
        };
        self.state.interface.cursor = Some(cursor);
        self.handle(Msg::Tick);
    }

    /// What would be on the screen.
    pub fn screen(&self) -> String {
        let interface = &self.state.interface;
        let theme = ui::Theme::mono();
        ui::render_to_string(&view::view(&self.state), interface.columns, interface.rows, &theme)
    }

    pub fn ledger(&self) -> &Ledger {
        self.state.engine.ledger.as_ref().unwrap()
    }

    /// The newest promotion of a cell.
    pub fn promotion(state: &State, service: &str, environment: &str) -> Option<Promotion> {
        let ledger = state.engine.ledger.as_ref()?;
        let of_cell = ledger.promotions.values().filter(|promotion| {
            promotion.intent.service.as_str() == service && promotion.intent.environment.as_str() == environment
        });
        of_cell.max_by_key(|promotion| promotion.intended_at).cloned()
    }
}

