//! The board's loop: one `select!`, drain what is ready, draw once, and only if something changed.
//! Nothing but the `select!` waits (`runtime/waiting.rs`), and it reads the keys itself.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::Instant;

use super::cache::{self, Keeping};
use super::execute::{Executor, Left};
use super::input::{Heard, Keys};
use super::looks::{Given, Looks, Wardrobe};
use super::pointer::Pointer;
use super::seconds::{SECOND, Seconds};
use super::session::{self, Session};
use super::signals::Signals;
use super::terminal::{self, Board};
use super::waiting::Waiting;
use super::{clock, input, notify, tasks, watch};
use crate::app::interface::Interface;
use crate::app::view::Memory;
use crate::app::view::tally::Tally;
use crate::app::{Msg, State, update, view};
use crate::config::Settings;
use crate::config::changes;
use crate::domain::ids::ServiceName;
use crate::domain::notice::Rule;
use crate::ui::Theme;

/// At most one frame per this time, and one more for a key: it does not wait for what a forge's
/// answer has just drawn.
const FRAME: Duration = Duration::from_millis(16);
/// For how long answers are taken before keys are looked for again.
const TURN: Duration = Duration::from_millis(2);
/// How long the end waits for an act under way and its outcome.
const LAST_WAIT: Duration = Duration::from_secs(30);
/// How long the terminal's answer about its background is waited for, and at the very end.
const ANSWER: Duration = Duration::from_secs(5);
const LAST_ANSWER: Duration = Duration::from_millis(500);
/// How often the facts are kept for the next start, if they changed.
const KEEP: Duration = Duration::from_secs(60);

/// How the board is opened.
#[derive(Clone, Debug)]
pub struct Opening {
    pub looks: Looks,
    /// What looks are made from again when the config file changes.
    pub given: Given,
    /// Show the demo's tour.
    pub tour: bool,
    /// Where the session is kept, if it is.
    pub session: Option<PathBuf>,
}

/// Runs the board until it is quit, on this thread: what it reads and sends is on others, but a key is
/// read where its picture is drawn.
///
/// # Errors
///
/// If there is no terminal, or it cannot be written to.
///
/// # Panics
///
/// Inside a runtime that has no threads of its own.
pub fn run(session: Session, opening: Opening) -> io::Result<()> {
    tokio::task::block_in_place(|| {
        let waiting = Waiting::new()?;
        waiting.block_on(run_on(&waiting, session, opening))?
    })
}

async fn run_on(waiting: &Waiting, session: Session, opening: Opening) -> io::Result<()> {
    let Session {
        settings,
        env,
        mut engine,
        executor,
        mut answers,
        cache: cache_place,
        known,
    } = session;
    engine.auto.on = true;
    engine.keeps_up = true;
    let mut signals = Signals::listen();
    let (mut board, guard) = terminal::take()?;
    let size = board.size()?;
    let Opening {
        looks,
        given,
        tour,
        session: kept_session,
    } = opening;
    let mut interface = Interface::new(size.width, size.height, looks.ascii, tour);
    interface.utc = looks.utc;
    interface.motion = looks.motion;
    interface.keymap = looks.keymap;
    interface.views = looks.views;
    interface.themes = Wardrobe::names();
    if let Some(text) = kept_session.as_deref().and_then(session::read) {
        interface.resume(&text, &engine.policy);
    }
    interface.customs = looks.customs;
    interface.receivers = looks.receivers;
    interface.mouse = looks.mouse;
    terminal::mouse(looks.mouse)?;
    let wardrobe = Wardrobe::new(given, looks.themes);
    // Of a config file, `config check` tells them.
    for note in settings.notes.iter().filter(|_| settings.source.is_none()) {
        let lines = "`gonogo status` prints the lines of a config to write";
        interface.note(format!("{}; {lines}", note.message), clock::now());
    }
    let asked_at = wardrobe.asks().then(clock::tick);
    if asked_at.is_some() {
        terminal::ask_background()?;
    }
    let dialect = terminal::Dialect::of(&env);
    let now = clock::now();
    // The first picture shows what the cache knew of the rows in sight; everything that takes
    // time starts after it.
    let kept = cache_place.as_ref().zip(known);
    let known = kept
        .as_ref()
        .map(|(place, kept)| kept.restore_first(&mut engine, place));
    let height = usize::from(size.height);
    let rows = engine.board.rows.iter().map(|row| row.service.name.clone());
    let order: Vec<ServiceName> = known
        .into_iter()
        .flatten()
        .chain(rows)
        .take(height)
        .collect();
    engine.judge(order.iter(), now);
    interface.begin(order, Tally::unjudged(&engine.board, &engine.policy));
    let mut state = State {
        now,
        engine,
        interface,
        dirty: true,
    };
    let mut memory = Memory::default();
    draw(&mut board, &mut state, wardrobe.theme(), &mut memory)?;
    // Finding the zone's name takes longer than the picture.
    state.interface.zone = clock::zone();
    if let Some((place, kept)) = kept {
        kept.restore_rest(&mut state.engine, place);
    }
    state.engine.judge_all(clock::now());
    let effects = update(
        &mut state,
        clock::now(),
        Msg::Resized {
            columns: size.width,
            rows: size.height,
        },
    );
    state.dirty = true;
    let mut drawn_at = clock::tick() - FRAME;
    let (seconds, bell) = (Seconds::default(), Arc::new(Notify::new()));
    let mut second = clock::tick() + SECOND;
    let (rules, told) = tokio::sync::watch::channel(settings.notify.clone());
    let (reloading, mut reloads) = mpsc::channel(1);
    let source = Arc::clone(&settings);
    let paces = [watch::JOURNAL, notify::LOOK, watch::CONFIG].map(|every| seconds.pace(every));
    let connections = Arc::clone(executor.connections());
    let tasks = executor.tasks();
    tasks.source(|_| seconds.pass_at(Arc::clone(&bell)));
    let [journal, telling, config] = paces;
    tasks.source(|sender| watch::journal(Arc::clone(&connections), journal, sender));
    tasks.source(|sender| notify::watch(told, connections, telling, sender));
    tasks.source(|_| watch::config_file(source, env, given, config, reloading));
    let mut running = Running {
        executor,
        cache: cache_place,
        settings,
        wardrobe,
        rules,
        dialect,
        kept_at: clock::tick(),
        keeping: None,
        ended: None,
        tick_at: clock::tick(),
        replan: true,
    };
    for effect in effects {
        running.execute(effect, &mut state, &mut board)?;
    }
    running.handle(Msg::Tick, &mut state, &mut board)?;
    let mut keys = Keys::listen(waiting, asked_at.is_some());
    // Whether there is still somebody to type, and somewhere to draw.
    let (mut heard, mut seen) = (true, true);
    // Whether the terminal may still answer what it was asked.
    let mut owed = asked_at;
    // Answers that are still to be taken, in parts.
    let mut parts: VecDeque<Msg> = VecDeque::new();
    let mut pointer = Pointer::default();
    // Whether a key waits for a frame, and when the last key had one.
    let (mut pressed, mut answered_at) = (false, drawn_at);
    loop {
        let frame_at = if pressed { answered_at } else { drawn_at } + FRAME;
        if state.dirty && seen && clock::tick() >= frame_at {
            // The terminal is gone: what is being sent still comes to its end.
            let theme = running.wardrobe.theme();
            if draw(&mut board, &mut state, theme, &mut memory).is_err() {
                seen = false;
                running.handle(Msg::Terminated, &mut state, &mut board)?;
            }
            drawn_at = clock::tick();
            if std::mem::take(&mut pressed) {
                answered_at = drawn_at;
            }
        }
        state.dirty &= seen;
        if running.may_end(&state) {
            break;
        }
        if std::mem::take(&mut running.replan) {
            running.plan_tick(&state);
        }
        let wake = if state.dirty {
            running.tick_at.min(frame_at)
        } else {
            running.tick_at
        };
        let msg = tokio::select! {
            biased;
            () = signals.ended(), if running.ended.is_none() => Some(Msg::Terminated),
            event = keys.next(), if heard => match event {
                Some(Heard::Event(event)) => {
                    pressed = true;
                    match event {
                        Event::Mouse(event) => pointer
                            .message(event, clock::tick(), |x, y| {
                                board.target(x, y, running.wardrobe.theme())
                            }),
                        event => {
                            if matches!(event, Event::Resize(..)) {
                                board.resized();
                            }
                            input::message(event)
                        }
                    }
                }
                Some(Heard::Background(background)) => {
                    // Later, colours that change would startle.
                    if owed.take().is_some_and(|at| clock::tick() < at + ANSWER) {
                        running.wardrobe.heard(background);
                        state.dirty = true;
                    }
                    None
                }
                None => {
                    heard = false;
                    Some(Msg::Terminated)
                }
            },
            Some(msg) = next(&mut parts, &mut answers) => Some(msg),
            Some(reload) = reloads.recv() => {
                running.reload(reload, &mut state, &mut board)?;
                None
            }
            // Ages tick, and what time alone changes is counted again.
            () = waiting.until(second) => {
                // Seconds that were missed are not made up for.
                second = if second + SECOND > clock::tick() { second } else { clock::tick() } + SECOND;
                bell.notify_one();
                keys.look_again();
                Some(if terminal::is_there() { Msg::Tick } else { Msg::Terminated })
            }
            () = waiting.until(wake) => running.take_tick().then_some(Msg::Tick),
            () = has_room(running.keeping.as_ref()), if running.keeping.is_some() => {
                running.keep_on(&state);
                None
            }
        };
        if let Some(msg) = msg {
            running.handle(msg, &mut state, &mut board)?;
        }
        // Whatever else is ready belongs into the same frame, if it does not make a key wait.
        let turn = clock::tick() + TURN;
        while !pressed
            && clock::tick() < turn
            && let Some(msg) = ready(&mut parts, &mut answers)
        {
            running.handle(msg, &mut state, &mut board)?;
        }
    }
    running.executor.tasks().cancel_reads();
    if let Some(at) = owed {
        // An answer that came after the end would be typed into the shell.
        tokio::select! {
            () = answered(&mut keys) => {}
            () = waiting.until(at + LAST_ANSWER) => {}
        }
    }
    drop(guard);
    if let Some(place) = &running.cache {
        let _ = cache::store(place, &state.engine, clock::now());
    }
    if let Some(path) = &kept_session {
        let _ = session::write(path, &state.interface.to_session());
    }
    Ok(())
}

/// Waits until the terminal has said what is behind the letters.
async fn answered(keys: &mut Keys<'_>) {
    while let Some(heard) = keys.next().await {
        if matches!(heard, Heard::Background(_)) {
            return;
        }
    }
}

/// Waits for the next answer, or the next part of one.
async fn next(parts: &mut VecDeque<Msg>, answers: &mut Receiver<Msg>) -> Option<Msg> {
    if parts.is_empty() {
        parts.extend(apart(answers.recv().await?));
    }
    parts.pop_front()
}

/// The next answer, or the next part of one, if it is there.
fn ready(parts: &mut VecDeque<Msg>, answers: &mut Receiver<Msg>) -> Option<Msg> {
    if parts.is_empty() {
        parts.extend(apart(answers.try_recv().ok()?));
    }
    parts.pop_front()
}

async fn has_room(keeping: Option<&Keeping>) {
    if let Some(keeping) = keeping {
        keeping.has_room().await;
    }
}

fn apart(msg: Msg) -> Vec<Msg> {
    match msg {
        Msg::Fetched(fetched) => fetched.parts().into_iter().map(Msg::Fetched).collect(),
        msg => vec![msg],
    }
}

fn draw(
    board: &mut Board,
    state: &mut State,
    theme: &Theme,
    memory: &mut Memory,
) -> io::Result<()> {
    state.dirty = false;
    state.now = state.now.max(clock::now());
    board.draw(view::remembering(state, memory), theme)
}

/// What the loop needs besides the state.
struct Running {
    executor: Executor,
    cache: Option<cache::Place>,
    /// Those in effect.
    settings: Arc<Settings>,
    wardrobe: Wardrobe,
    /// Whoever is told of journal entries hears of other rules by this.
    rules: tokio::sync::watch::Sender<Vec<Rule>>,
    dialect: terminal::Dialect,
    kept_at: Instant,
    /// The facts that are being kept.
    keeping: Option<Keeping>,
    /// When quitting was ordered.
    ended: Option<Instant>,
    /// When something is due by itself.
    tick_at: Instant,
    /// Whether that may have changed: a key that does nothing but move changes nothing.
    replan: bool,
}

impl Running {
    fn handle(&mut self, msg: Msg, state: &mut State, board: &mut Board) -> io::Result<()> {
        let only_looks = matches!(msg, Msg::Key(_) | Msg::Resized { .. } | Msg::Pointed(_));
        let effects = update(state, clock::now(), msg);
        self.replan |= !only_looks || !effects.is_empty();
        for effect in effects {
            self.execute(effect, state, board)?;
        }
        if clock::tick() >= self.kept_at + KEEP {
            self.kept_at = clock::tick();
            self.keep(state);
        }
        Ok(())
    }

    fn execute(
        &mut self,
        effect: crate::app::Effect,
        state: &mut State,
        board: &mut Board,
    ) -> io::Result<()> {
        match self.executor.execute(effect) {
            // The end of the loop keeps the facts, with what is known by then.
            None | Some(Left::SaveCache) => {}
            Some(Left::Browse(url)) => {
                let lost = Msg::Told {
                    tone_good: false,
                    text: format!("could not open a browser for {url}"),
                };
                self.executor.tasks().read(lost, async move {
                    let opened = tasks::blocking({
                        let url = url.clone();
                        move || open::that_detached(url)
                    });
                    match opened.await {
                        Ok(Ok(())) => Msg::Told {
                            tone_good: true,
                            text: format!("opened {url}"),
                        },
                        Ok(Err(_)) | Err(_) => Msg::Told {
                            tone_good: false,
                            text: format!("no browser here; the page is {url}"),
                        },
                    }
                });
            }
            Some(Left::Copy(text)) => {
                let told = match terminal::copy(&text) {
                    Ok(()) => Msg::Told {
                        tone_good: true,
                        text: copied(&text),
                    },
                    Err(error) => Msg::Told {
                        tone_good: false,
                        text: format!("could not copy: {error}"),
                    },
                };
                // Telling leads to no effect, so this does not nest further.
                let _ = update(state, clock::now(), told);
                board.repaint()?;
            }
            // Who loses a notice sees the same in the timeline.
            Some(Left::Notify(notice)) => {
                let _ = terminal::notify(&notice, self.dialect);
            }
            Some(Left::Ring) => {
                let _ = terminal::ring();
            }
            Some(Left::Mouse(on)) => terminal::mouse(on)?,
            Some(Left::Theme(name)) => {
                let told = match self.wardrobe.choose(&name) {
                    Ok(()) => Msg::Told {
                        tone_good: true,
                        text: format!("theme: {name}"),
                    },
                    Err(text) => Msg::Told {
                        tone_good: false,
                        text,
                    },
                };
                let _ = update(state, clock::now(), told);
            }
            Some(Left::Suspend) => {
                terminal::suspend(board)?;
                state.dirty = true;
            }
            Some(Left::Quit) => self.ended = self.ended.or(Some(clock::tick())),
        }
        Ok(())
    }

    /// Takes a changed config, or tells why the old one stays.
    fn reload(
        &mut self,
        reload: watch::Reload,
        state: &mut State,
        board: &mut Board,
    ) -> io::Result<()> {
        let reloaded = match reload {
            Ok(reloaded) => reloaded,
            Err(why) => return self.handle(Msg::Reloaded(Err(why)), state, board),
        };
        let watch::Reloaded { settings, looks } = *reloaded;
        let changes = changes::between(&self.settings, &settings);
        let preferences = Box::new(looks.preferences(&changes));
        self.wardrobe.reload(looks.themes);
        self.rules.send_if_modified(|rules| {
            let differ = *rules != settings.notify;
            rules.clone_from(&settings.notify);
            differ
        });
        let policy = Arc::clone(&settings.policy);
        self.settings = settings;
        self.handle(Msg::Reloaded(Ok(policy)), state, board)?;
        self.handle(Msg::Rearranged(preferences), state, board)
    }

    /// Begins to keep the facts for the next start.
    fn keep(&mut self, state: &State) {
        let Some(place) = &self.cache else {
            return;
        };
        if self.keeping.is_none() {
            let (keeping, work) = Keeping::begin(&state.engine, clock::now(), place);
            self.keeping = Some(keeping);
            self.executor.tasks().source(move |_| async move {
                let _ = tasks::blocking(work).await;
            });
        }
    }

    /// Keeps a few more services.
    fn keep_on(&mut self, state: &State) {
        let goes_on = |keeping: &mut Keeping| keeping.go_on(&state.engine);
        if !self.keeping.as_mut().is_some_and(goes_on) {
            self.keeping = None;
        }
    }

    /// Says whether the loop may end: quitting was ordered, and nothing is being sent any more.
    fn may_end(&self, state: &State) -> bool {
        self.ended
            .is_some_and(|since| !state.engine.is_sending() || clock::tick() >= since + LAST_WAIT)
    }

    /// Brings the next tick forward if something is due sooner; it never moves back, so that a
    /// stream of messages cannot starve it.
    fn plan_tick(&mut self, state: &State) {
        let now = clock::now();
        let due = state
            .engine
            .due(now)
            .duration_since(now)
            .max(jiff::SignedDuration::ZERO);
        self.tick_at = self.tick_at.min(clock::tick() + due.unsigned_abs());
    }

    /// Says whether the tick's time has come; if so, the next one is planned anew.
    fn take_tick(&mut self) -> bool {
        let come = clock::tick() >= self.tick_at;
        if come {
            self.tick_at = clock::tick() + Duration::from_secs(60);
        }
        come
    }
}

/// What was copied, in one line of the footer.
fn copied(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => format!("copied: {first}"),
        more => format!("copied: {first} … and {more} more lines"),
    }
}

#[cfg(test)]
mod tests {
    use super::copied;

    #[test]
    fn what_was_copied_is_told_in_one_line_that_joins_no_words() {
        assert_eq!(
            copied("api production: v1 ok"),
            "copied: api production: v1 ok"
        );
        let many = "api production: v1 ok\nnext: v2 ready\nhold: open";
        assert_eq!(
            copied(many),
            "copied: api production: v1 ok … and 2 more lines"
        );
    }
}
