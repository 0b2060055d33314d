//! Makes the README's pictures and its recorded session from the real program: it drives
//! `gonogo demo` behind a pseudo-terminal by keys alone, and draws what the terminal shows.
//!
//! ```sh
//! cargo build --release && cargo run --release --example pictures
//! ```
//!
//! Writes `docs/pictures/*.svg`, `docs/session.svg` (animated), `docs/session.cast` (asciinema) and
//! `docs/screens.md` (every screen as text). What is shown is in `scenes.rs` and `screens.rs`; nothing here
//! knows how gonogo draws.
#![expect(
    clippy::disallowed_methods,
    reason = "a process behind a terminal lives in real time, and a thread reads what it writes"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{OptionExt, WrapErr};

mod cast;
mod palette;
mod scenes;
mod screens;
mod svg;
mod terminal;

use scenes::{SESSION, Scene, Step, scenes};
use screens::{EVENING, SCREENS};
use terminal::Terminal;

fn main() -> color_eyre::Result<()> {
    color_eyre::install()?;
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let program = program()?;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    std::fs::create_dir_all(docs.join("pictures"))?;
    for scene in scenes() {
        if wanted.is_empty() || wanted.iter().any(|it| scene.name.contains(it.as_str())) {
            picture(&program, &scene, &docs)
                .wrap_err_with(|| format!("the picture {}", scene.name))?;
        }
    }
    if wanted.is_empty() || wanted.iter().any(|it| it == "session") {
        session(&program, &docs).wrap_err("the recorded session")?;
    }
    if wanted.is_empty() || wanted.iter().any(|it| it == EVENING.name) {
        screens(&program, &docs)?;
    }
    Ok(())
}

/// The binary that was built beside this example.
fn program() -> color_eyre::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(Path::parent);
    let program = folder
        .ok_or_eyre("this example lies in no folder")?
        .join("gonogo");
    if !program.exists() {
        color_eyre::eyre::bail!("{} is not there: cargo build --release", program.display());
    }
    Ok(program)
}

fn picture(program: &Path, scene: &Scene, docs: &Path) -> color_eyre::Result<()> {
    let mut terminal = Terminal::open(program, scene)?;
    for step in scene.steps {
        take(&mut terminal, step)?;
    }
    let path = docs.join("pictures").join(format!("{}.svg", scene.name));
    let frame = svg::Frame::of(terminal.screen().screen(), &scene.palette());
    std::fs::write(&path, svg::still(&frame))?;
    println!("{}", path.display());
    Ok(())
}

/// Records one session, as text events and as the frames after each step that shows something.
fn session(program: &Path, docs: &Path) -> color_eyre::Result<()> {
    let mut terminal = Terminal::open(program, &SESSION)?;
    let palette = SESSION.palette();
    let mut frames = Vec::new();
    for step in SESSION.steps {
        take(&mut terminal, step)?;
        if let Step::Rest(millis) = step {
            let frame = svg::Frame::of(terminal.screen().screen(), &palette);
            frames.push((frame, *millis));
        }
    }
    std::fs::write(docs.join("session.svg"), svg::animated(&frames))?;
    std::fs::write(
        docs.join("session.cast"),
        cast::write(SESSION.size, &terminal.told()),
    )?;
    println!("{}", docs.join("session.svg").display());
    Ok(())
}

/// Writes every screen as text.
fn screens(program: &Path, docs: &Path) -> color_eyre::Result<()> {
    let mut terminal = Terminal::open(program, &EVENING)?;
    for step in EVENING.steps {
        take(&mut terminal, step)?;
    }
    let (columns, rows) = EVENING.size;
    let mut page = format!(
        "# Every screen\n\n{columns}×{rows}, from one evening of `gonogo demo`, written by `examples/pictures` with \
         the keys that are named. Colours are\nin [the pictures](../README.md); what signs and words mean is in \
         [the board](board.md).\n"
    );
    for shown in SCREENS {
        for step in shown.steps {
            take(&mut terminal, step).wrap_err_with(|| format!("the screen {:?}", shown.title))?;
        }
        let contents = terminal.screen().screen().contents();
        let lines: Vec<&str> = contents.lines().map(str::trim_end).collect();
        let lines = lines.join("\n");
        let (title, about) = (shown.title, shown.about);
        write!(page, "\n## {title}\n\n{about}\n\n```text\n{lines}\n```\n")?;
    }
    let path = docs.join("screens.md");
    std::fs::write(&path, page)?;
    println!("{}", path.display());
    Ok(())
}

fn take(terminal: &mut Terminal, step: &Step) -> color_eyre::Result<()> {
    match step {
        Step::Wait(text) => terminal.wait(text, true),
        Step::Gone(text) => terminal.wait(text, false),
        Step::Press(keys) => terminal.press(keys),
        Step::Type(text) => {
            for character in text.chars() {
                terminal.press(character.encode_utf8(&mut [0; 4]))?;
                std::thread::sleep(std::time::Duration::from_millis(60));
            }
            Ok(())
        }
        Step::Rest(millis) => {
            std::thread::sleep(std::time::Duration::from_millis(*millis));
            Ok(())
        }
    }
}
