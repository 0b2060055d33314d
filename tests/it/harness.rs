//! For tests: a simulated evening over real HTTP, and operators who press keys on their boards.
//!
//! An operator runs the program's own `update`, executor, watchers, forge adapter and journal. Only
//! the terminal is left out: the screen is what would be drawn.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gonogo::app::engine::planning::Wish;
use gonogo::app::interface::{Chord, Cursor, Interface, Key, Overlay};
use gonogo::app::plan::Plan;
use gonogo::app::request::Refusal;
use gonogo::app::{Msg, State, update, view};
use gonogo::config::{self, Env};
use gonogo::domain::board::Row;
use gonogo::domain::cell::Cell;
use gonogo::domain::entry::Entry;
use gonogo::domain::ids::{EnvironmentName, Seq, ServiceName};
use gonogo::domain::promotion::{self, Promotion, Purpose};
use gonogo::journal::Journal;
use gonogo::journal::sqlite::Sqlite;
use gonogo::runtime::execute::Executor;
use gonogo::runtime::looks::Given;
use gonogo::runtime::seconds::Seconds;
use gonogo::runtime::session::{Mode, Session};
use gonogo::runtime::{clock, watch};
use gonogo::sim::world::Step;
use gonogo::sim::{self, Effect, Fault, Logged, Matcher, Running, World};
use gonogo::ui;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::{self, Receiver};

/// How long a condition may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The environment that the tests promote into.
pub const PRODUCTION: &str = "production";

/// A step of a world's story, as its file would have it.
pub fn step(toml: &str) -> Arc<Step> {
    let world: toml::Table = format!("step = {toml}").parse().unwrap();
    Arc::new(world["step"].clone().try_into().unwrap())
}

/// Keeps these services of a world alone, nothing that fails by chance, and of the client's
/// configuration what acts are about; says how many there are.
fn keep(world: &mut World, services: &[&str]) -> usize {
    world.forge.flaky = 0.0;
    world.forge.lag_ms = 0;
    world
        .repos
        .retain(|repo| services.contains(&repo.name.as_str()));
    let table = |table: &mut toml::Table, name: &str| {
        let found = table.get_mut(name).and_then(toml::Value::as_table_mut);
        found.map(std::mem::take)
    };
    if let Some(mut named) = table(&mut world.client, "service") {
        named.retain(|name, _| services.contains(&name));
        for (_, service) in &mut named {
            if let Some(gates) = service.get_mut("gates") {
                let gates = gates.as_array_mut().unwrap();
                gates.retain(|gate| {
                    gate.get("kind").and_then(toml::Value::as_str) != Some("health")
                });
            }
        }
        world.client.insert("service".into(), named.into());
    }
    // The release names services that may not be here; these tests are about acts, and what
    // gates judge has tests of its own.
    world.client.remove("release");
    if let Some(mut policies) = table(&mut world.client, "policy") {
        let profile = policies["regulated"].as_table_mut().unwrap();
        profile.remove("override");
        let gates = profile["gates"].as_array_mut().unwrap();
        gates.retain(|gate| {
            let kind = gate.get("kind").and_then(toml::Value::as_str);
            !matches!(kind, Some("quality" | "blocker" | "health"))
        });
        world.client.insert("policy".into(), policies.into());
    }
    if let Some(mut poll) = table(&mut world.client, "poll") {
        poll.insert("interval".into(), "1s".into());
        world.client.insert("poll".into(), poll.into());
    }
    world.repos.len()
}

/// Takes out of a world's story what is still to come: what others do while a test takes its time.
pub fn left_alone(world: &mut World) {
    for repo in &mut world.repos {
        repo.story.retain(|step| !step.at.0.is_positive());
    }
}

/// A simulated evening and the folder of its journal.
pub struct Evening {
    pub sim: Running,
    pub folder: tempfile::TempDir,
}

impl Evening {
    /// The demo's evening with these services alone, pipelines that take next to no time, and none
    /// that fails by chance.
    pub async fn of(services: &[&str]) -> Self {
        Self::with(services, 120.0, |_| {}).await
    }

    /// As `of`, with jobs this much faster than life, and changes to the world.
    pub async fn with(services: &[&str], speed: f64, change: impl FnOnce(&mut World)) -> Self {
        let mut world = World::from_toml(sim::EVENING).unwrap();
        let kept = keep(&mut world, services);
        assert_eq!(
            kept,
            services.len(),
            "every service is one of the evening's"
        );
        change(&mut world);
        Self::start(world, speed).await
    }

    /// The demo's evening on a GitHub, a GitLab and a Forgejo, brakes and all, with these services
    /// alone.
    pub async fn of_all_forges(services: &[&str], speed: f64) -> Self {
        let mut world = World::evening().unwrap();
        let mut kept = keep(&mut world, services);
        for other in &mut world.more {
            kept += keep(other, services);
        }
        assert_eq!(
            kept,
            services.len(),
            "every service is one of the evening's"
        );
        Self::start(world, speed).await
    }

    async fn start(world: World, speed: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = sim::Options {
            speed,
            config_journal: Some(folder.path().join("journal.db")),
            ..sim::Options::default()
        };
        let mut sim = sim::start(world, options).await.unwrap();
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
        let mut config: toml::Table = text.parse().unwrap();
        config["operator"]["name"] = person.into();
        config["forge"]["github"]["token"]["file"] = file.display().to_string().into();
        let path = self.folder.path().join(format!("{person}.toml"));
        std::fs::write(&path, config.to_string()).unwrap();
        path
    }

    /// Changes the config file as somebody with an editor would.
    pub fn edit_config(&self, change: impl FnOnce(&mut toml::Table)) {
        let mut config: toml::Table = std::fs::read_to_string(self.config())
            .unwrap()
            .parse()
            .unwrap();
        change(&mut config);
        std::fs::write(self.config(), config.to_string()).unwrap();
    }

    /// Makes the forge meet the next `times` requests of this method and path with a fault.
    pub fn fault(&self, method: &str, path: &str, times: Option<u32>, effect: Effect) {
        let matcher = Matcher {
            method: Some(method.into()),
            path_contains: Some(path.into()),
            ..Matcher::default()
        };
        self.sim.inject(Fault {
            matcher,
            times,
            effect,
        });
    }

    /// The writes that the forge has seen so far.
    pub fn writes(&self) -> Vec<Logged> {
        let mut writes = self.sim.requests();
        writes.retain(|request| request.method != "GET" && !request.path.ends_with("/graphql"));
        writes
    }

    /// The journal's entries, read by a reader of its own that checks their chain.
    pub async fn entries(&self) -> Vec<Entry> {
        let journal = Sqlite::read_only(&self.journal()).await.unwrap();
        journal.verify().await.unwrap();
        journal.since(Seq(0), 10_000).await.unwrap()
    }

    /// As `entries`, and none if nobody has begun a journal yet.
    pub async fn entries_if_any(&self) -> Vec<Entry> {
        if self.journal().exists() {
            self.entries().await
        } else {
            Vec::new()
        }
    }

    /// The kinds of the entries about one service, in order.
    pub async fn kinds(&self, service: &str) -> Vec<String> {
        let mut entries = self.entries().await;
        entries
            .retain(|entry| entry.draft.service.as_ref().map(ServiceName::as_str) == Some(service));
        entries
            .iter()
            .map(|entry| entry.draft.event.kind())
            .collect()
    }

    /// What production has, by the forge's own account.
    pub fn live(&self, service: &str) -> Option<String> {
        self.production(service, "version")
    }

    /// The commit that production has, by the forge's own account.
    pub fn live_sha(&self, service: &str) -> Option<String> {
        self.production(service, "live")
    }

    fn production(&self, service: &str, what: &str) -> Option<String> {
        let first = self.sim.world();
        let others = first["more"].as_array()?;
        let worlds = std::iter::once(&first).chain(others);
        let mut repos = worlds.filter_map(|it| it["repos"].as_array()).flatten();
        let path = format!("/{service}");
        let is_it = |repo: &&serde_json::Value| {
            let name = repo["name"].as_str();
            name.is_some_and(|name| name.ends_with(&path))
        };
        let live = repos.find(is_it)?["live"].as_array()?;
        let place = live
            .iter()
            .find(|place| place["environment"] == PRODUCTION)?;
        Some(place[what].as_str()?.to_owned())
    }
}

/// Somebody at a board.
pub struct Operator {
    pub state: State,
    pub executor: Executor,
    answers: Receiver<Msg>,
    /// How far this operator's clock is ahead of the machine's.
    pub ahead: SignedDuration,
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
        let settings = config::read(config, &env)
            .unwrap_or_else(|problems| panic!("{}", config::render(&problems)));
        let session = Session::new(settings, env.clone(), Mode::default(), None);
        let Session {
            settings,
            mut engine,
            executor,
            answers,
            ..
        } = session;
        let now = clock::now();
        engine.judge_all(now);
        let interface = Interface::new(columns, rows, false, false);
        let state = State {
            now,
            engine,
            interface,
            dirty: false,
        };
        let seconds = Seconds::default();
        let connections = Arc::clone(executor.connections());
        let pace = seconds.pace(watch::JOURNAL);
        executor
            .tasks()
            .source(|sender| watch::journal(connections, pace, sender));
        let given = Given::new(None, false, &env);
        let (reloading, mut reloads) = mpsc::channel(1);
        let pace = seconds.pace(watch::CONFIG);
        executor
            .tasks()
            .source(|_| watch::config_file(settings, env, given, pace, reloading));
        executor.tasks().source(|_| seconds.pass_by_themselves());
        executor.tasks().source(|sender| async move {
            while let Some(reload) = reloads.recv().await {
                let policy = reload.map(|reloaded| Arc::clone(&reloaded.settings.policy));
                let _ = sender.send(Msg::Reloaded(policy)).await;
            }
        });
        let ahead = SignedDuration::ZERO;
        let mut operator = Self {
            state,
            executor,
            answers,
            ahead,
            handled: 0,
            dies_after: None,
        };
        operator.handle(Msg::Resized { columns, rows });
        operator.handle(Msg::Tick);
        operator
    }

    /// What this operator's clock shows.
    pub fn now(&self) -> Timestamp {
        clock::now() + self.ahead
    }

    /// Handles one message as the board's loop does.
    pub fn handle(&mut self, msg: Msg) {
        let now = self.now();
        let effects = update(&mut self.state, now, msg);
        self.handled += 1;
        if self.dies_after == Some(self.handled) {
            // No destructor runs and nothing is flushed: as near to a power cut as a process gets.
            std::process::abort();
        }
        for effect in effects {
            // Browser, clipboard and the end of the program are nothing to a test.
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

    /// Types text into the field that has the focus, letter by letter.
    pub fn write(&mut self, text: &str) {
        for letter in text.chars() {
            let chord = Chord::plain(Key::Char(letter));
            self.handle(Msg::Key(chord));
        }
    }

    /// Handles the next message, or a tick if something is due before one comes.
    pub async fn step(&mut self) {
        let now = self.now();
        let due = self.state.engine.due(now).duration_since(now);
        let due = due.max(SignedDuration::ZERO).unsigned_abs();
        let msg = tokio::select! {
            biased;
            Some(msg) = self.answers.recv() => msg,
            () = tokio::time::sleep(due.min(Duration::from_millis(200))) => Msg::Tick,
        };
        self.handle(msg);
    }

    /// Runs until `done` holds; a minute without is a failure that shows the screen.
    #[track_caller]
    pub fn until(
        &mut self,
        what: impl Into<String>,
        done: impl Fn(&State) -> bool,
    ) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        let what = what.into();
        async move {
            let deadline = clock::tick() + PATIENCE;
            while !done(&self.state) {
                assert!(
                    clock::tick() < deadline,
                    "waited in vain at {caller} for: {what}\n{}\n{:#?}",
                    self.screen(),
                    self.state.interface.messages,
                );
                self.step().await;
            }
        }
    }

    /// Runs until the screen shows a text.
    #[track_caller]
    pub fn until_shown(&mut self, text: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let deadline = clock::tick() + PATIENCE;
            while !self.screen().contains(text) {
                assert!(
                    clock::tick() < deadline,
                    "waited in vain at {caller} for the screen to show {text:?}\n{}",
                    self.screen(),
                );
                self.step().await;
            }
        }
    }

    /// Runs until everything of the board has been read once.
    #[track_caller]
    pub fn settle(&mut self) -> impl Future<Output = ()> {
        self.until("facts, scopes and journal of every service", |state| {
            let engine = &state.engine;
            let read = |row: &Row| row.facts.last.is_some() || row.facts.fault.is_some();
            engine.ledger.is_some()
                && engine.operator.is_some()
                && engine.board.rows.iter().all(|row| {
                    let service = &row.service.name;
                    read(row)
                        && engine.checks_are_read(service)
                        && engine.scopes_are_read(service)
                        && engine.files_are_read(service)
                })
        })
    }

    /// Runs until the newest promotion of production is in one of these states.
    #[track_caller]
    pub fn until_promotion(
        &mut self,
        service: &str,
        states: &[promotion::State],
    ) -> impl Future<Output = ()> {
        self.until(
            format!("the promotion of {service} to be {states:?}"),
            move |state| {
                promotion_in(state, service)
                    .is_some_and(|promotion| states.contains(&promotion.state))
            },
        )
    }

    /// Looks at one cell of production: the cursor goes there.
    pub fn go_to(&mut self, service: &str) {
        let cursor = Cursor {
            service: ServiceName::new(service),
            environment: EnvironmentName::new(PRODUCTION),
        };
        self.state.interface.cursor = Some(cursor);
        self.handle(Msg::Tick);
    }

    /// Presses P on production and fills the dialog in, all but the last key.
    pub fn prepare(&mut self, service: &str, reason: &str) {
        self.go_to(service);
        self.press("P up up");
        self.write(reason);
        self.press("tab");
        self.write(PRODUCTION);
        self.press("tab tab");
    }

    /// Promotes to production by the keys.
    pub fn promote(&mut self, service: &str, reason: &str) {
        self.prepare(service, reason);
        self.press("enter");
    }

    /// Places a hold on production by the keys.
    pub fn hold(&mut self, service: &str, reason: &str) {
        self.go_to(service);
        self.press("H up");
        self.write(reason);
        self.press("tab tab enter");
    }

    /// What the command line would plan, or why not.
    pub fn plan(&mut self, service: &str) -> Result<Plan, Refusal> {
        let wish = Wish::Promote { revision: None };
        let now = self.now();
        self.state.engine.plan(
            &ServiceName::new(service),
            &EnvironmentName::new(PRODUCTION),
            &wish,
            now,
        )
    }

    pub fn cell(&self, service: &str) -> &Cell {
        cell_in(&self.state, service).unwrap()
    }

    /// The newest promotion of production.
    pub fn promotion(&self, service: &str) -> Promotion {
        promotion_in(&self.state, service).cloned().unwrap()
    }

    /// What would be on the screen.
    pub fn screen(&self) -> String {
        let interface = &self.state.interface;
        let theme = ui::Theme::mono();
        ui::render_to_string(
            &view::view(&self.state),
            interface.columns,
            interface.rows,
            &theme,
        )
    }

    /// The plan or refusal that the promote dialog shows.
    pub fn dialog(&self) -> &Result<Box<Plan>, Refusal> {
        match self.state.interface.overlays.last() {
            Some(Overlay::Promote(dialog)) => &dialog.items.first().unwrap().plan,
            Some(Overlay::Confirm(dialog)) => &dialog.plan,
            other => panic!("no dialog: {other:?}\n{}", self.screen()),
        }
    }

    /// Says whether something like this was told to the operator.
    pub fn was_told(&self, text: &str) -> bool {
        was_told(&self.state, text)
    }

    /// What was told to the operator, newest last.
    pub fn said(&self) -> Vec<&str> {
        self.state
            .interface
            .messages
            .iter()
            .map(|message| message.text.as_str())
            .collect()
    }
}

/// The cell of production.
pub fn cell_in<'a>(state: &'a State, service: &str) -> Option<&'a Cell> {
    state.engine.board.cell(
        &ServiceName::new(service),
        &EnvironmentName::new(PRODUCTION),
    )
}

/// The newest promotion of production.
pub fn promotion_in<'a>(state: &'a State, service: &str) -> Option<&'a Promotion> {
    intent_in(state, service, Purpose::Promotion)
}

/// The newest intent of a purpose about production.
pub fn intent_in<'a>(state: &'a State, service: &str, purpose: Purpose) -> Option<&'a Promotion> {
    let ledger = state.engine.ledger.as_ref()?;
    let of_cell = ledger.promotions.values().filter(|promotion| {
        let intent = &promotion.intent;
        intent.purpose == purpose
            && intent.service.as_str() == service
            && intent.environment.as_str() == PRODUCTION
    });
    of_cell.max_by_key(|promotion| promotion.intended_at)
}

/// Says whether something like this was told to the operator.
pub fn was_told(state: &State, text: &str) -> bool {
    state
        .interface
        .messages
        .iter()
        .any(|message| message.text.contains(text))
}
