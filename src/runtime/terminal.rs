//! The terminal: the only writer of escape codes. It comes back whole on every way out.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::{clipboard, cursor, event, execute, terminal};
use ratatui::backend::Backend;
use ratatui::layout::Size;
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

use crate::app::interface::Target;
use crate::app::view::View;
use crate::config::Env;
use crate::domain::notice::Notice;
use crate::ui::{Canvas, Theme};

mod backend;

use backend::Ansi;

/// The terminal that the board is drawn on.
#[derive(Debug)]
pub struct Board {
    backend: Ansi<BufWriter<Stdout>>,
    canvas: Canvas,
}

impl Board {
    /// Shows a picture.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn draw(&mut self, picture: View, theme: &Theme) -> io::Result<()> {
        self.canvas.draw(picture, theme, &mut self.backend)
    }

    /// How large it is.
    ///
    /// # Errors
    ///
    /// If there is no terminal.
    pub fn size(&self) -> io::Result<Size> {
        self.backend.size()
    }

    /// Forgets how large it is: it says that this has changed.
    pub fn resized(&mut self) {
        self.backend.forget_size();
    }

    /// What lies at a place of the picture that is shown.
    pub fn target(&self, x: u16, y: u16, theme: &Theme) -> Target {
        self.canvas.target(x, y, theme)
    }

    /// Makes the next picture paint every cell, as after somebody else has written on the screen.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn repaint(&mut self) -> io::Result<()> {
        self.backend.forget();
        self.backend.clear()?;
        self.canvas.forget();
        Ok(())
    }
}

/// Whether the terminal is ours now, so that giving it back twice does nothing.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the mouse is to be listened to while the terminal is ours.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Presses, releases and the wheel, in coordinates of any size; movements are nothing to us.
const LISTEN: &str = "\x1b[?1000h\x1b[?1006h";
const LET_GO: &str = "\x1b[?1006l\x1b[?1000l";

/// Gives the terminal back when dropped.
#[derive(Debug)]
pub struct Guard(());

/// Takes the terminal: raw mode, alternate screen, bracketed paste, no cursor.
///
/// # Errors
///
/// If there is no terminal; then nothing is left changed.
pub fn take() -> io::Result<(Board, Guard)> {
    enter()?;
    let guard = Guard(());
    // Frames are written in one piece: less flicker over SSH.
    let backend = Ansi::new(BufWriter::with_capacity(64 * 1024, io::stdout()));
    let canvas = Canvas::default();
    Ok((Board { backend, canvas }, guard))
}

fn enter() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    read_without_waiting().inspect_err(|_| give_back())?;
    execute!(
        io::stdout(),
        terminal::EnterAlternateScreen,
        event::EnableBracketedPaste,
        cursor::Hide
    )
    .and_then(|()| mouse(MOUSE.load(Ordering::SeqCst)))
    .inspect_err(|_| give_back())
}

/// Makes reading the terminal return at once if nothing was typed: the event source reads on when it has
/// a part of something, and the loop would wait for the rest. Raw mode's end brings the old settings back.
fn read_without_waiting() -> io::Result<()> {
    let input = io::stdin();
    let mut settings = tcgetattr(&input)?;
    settings.special_codes[SpecialCodeIndex::VMIN] = 0;
    settings.special_codes[SpecialCodeIndex::VTIME] = 0;
    Ok(tcsetattr(&input, OptionalActions::Now, &settings)?)
}

/// Listens to the mouse, or lets go of it: then the terminal itself selects text again.
///
/// # Errors
///
/// If the terminal cannot be written to.
pub fn mouse(on: bool) -> io::Result<()> {
    let before = MOUSE.swap(on, Ordering::SeqCst);
    // A terminal that never heard of a mouse is told nothing about one.
    if !on && !before {
        return Ok(());
    }
    let mut out = io::stdout();
    out.write_all(if on { LISTEN } else { LET_GO }.as_bytes())?;
    out.flush()
}

/// Asks the terminal what is behind the letters. Its answer comes among the keys; some never answer.
///
/// # Errors
///
/// If the terminal cannot be written to.
pub fn ask_background() -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(b"\x1b]11;?\x1b\\")?;
    out.flush()
}

/// Rings the bell.
///
/// # Errors
///
/// If the terminal cannot be written to.
pub fn ring() -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(b"\x07")?;
    out.flush()
}

/// Shows a notice on the desktop through the terminal, as it understands it; one that does not
/// ignores it.
///
/// # Errors
///
/// If the terminal cannot be written to.
pub fn notify(notice: &Notice, dialect: Dialect) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(notice_codes(notice, dialect).as_bytes())?;
    out.flush()
}

/// Gives the terminal back as it was. Safe to call at any time, also from a panic hook.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // Every step is tried: a terminal that is half gone should still be usable.
    if MOUSE.load(Ordering::SeqCst) {
        let _ = out.write_all(LET_GO.as_bytes());
    }
    let _ = execute!(out, event::DisableBracketedPaste);
    let _ = execute!(out, terminal::LeaveAlternateScreen);
    let _ = execute!(out, cursor::Show);
    let _ = terminal::disable_raw_mode();
    let _ = out.flush();
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Makes a panic give the terminal back before its message is printed.
pub fn restore_on_panic() {
    let then = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        give_back();
        then(info);
    }));
}

/// Gives the terminal back, stops this process as ctrl-z does elsewhere, and takes the terminal
/// again when it is continued.
///
/// # Errors
///
/// If the terminal cannot be taken again.
pub fn suspend(board: &mut Board) -> io::Result<()> {
    give_back();
    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
    enter()?;
    board.repaint()
}

/// Copies to the operator's clipboard through the terminal (OSC 52), which works over SSH.
///
/// # Errors
///
/// If the terminal cannot be written to.
pub fn copy(text: &str) -> io::Result<()> {
    execute!(
        io::stdout(),
        clipboard::CopyToClipboard::to_clipboard_from(text)
    )
}

/// Says whether the terminal is still there: reading it does not tell.
pub fn is_there() -> bool {
    terminal::size().is_ok()
}

/// Which escape codes a terminal takes for a notice of the desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// OSC 777 with a title of its own, instead of OSC 9.
    titled: bool,
    /// Inside tmux, which hands on what is wrapped for it.
    wrapped: bool,
}

impl Dialect {
    /// Tells by the environment: nobody can be asked.
    pub fn of(env: &Env) -> Self {
        let term = env.get("TERM").unwrap_or_default();
        let titled = ["rxvt", "foot", "xterm-ghostty", "contour"]
            .iter()
            .any(|known| term.starts_with(known));
        Self {
            titled,
            wrapped: env.get("TMUX").is_some(),
        }
    }
}

fn notice_codes(notice: &Notice, dialect: Dialect) -> String {
    // It was cleaned where it was made; whatever came since must still not end the code.
    let plain = |text: &str| {
        let signs = text.chars().filter(|sign| !sign.is_control());
        signs.collect::<String>()
    };
    let (title, text) = (plain(&notice.title), plain(&notice.text));
    let codes = if dialect.titled {
        let title = title.replace(';', ",");
        format!("\x1b]777;notify;gonogo: {title};{text}\x1b\\")
    } else {
        // It never begins with a digit, which some terminals take for another order.
        format!("\x1b]9;gonogo: {title}: {text}\x07")
    };
    if dialect.wrapped {
        format!("\x1bPtmux;{}\x1b\\", codes.replace('\x1b', "\x1b\x1b"))
    } else {
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(env: &[(&str, &str)], title: &str, text: &str) -> String {
        let env: Env = env.iter().copied().collect();
        let notice = Notice {
            title: title.to_owned(),
            text: text.to_owned(),
        };
        notice_codes(&notice, Dialect::of(&env))
    }

    #[test]
    fn a_notice_is_one_code_that_its_words_cannot_end() {
        let told = codes(
            &[("TERM", "xterm-kitty")],
            "hold placed",
            "a\x07b\x1b\\c\u{9c}d",
        );
        assert_eq!(told, "\x1b]9;gonogo: hold placed: ab\\cd\x07");
        let told = codes(&[("TERM", "foot")], "a;b", "c;d");
        assert_eq!(told, "\x1b]777;notify;gonogo: a,b;c;d\x1b\\");
        let told = codes(&[("TERM", "tmux-256color"), ("TMUX", "/tmp/t")], "a", "b");
        assert_eq!(told, "\x1bPtmux;\x1b\x1b]9;gonogo: a: b\x07\x1b\\");
    }
}
