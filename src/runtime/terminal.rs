//! The terminal: the only writer of escape codes. It comes back whole on every way out.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::{clipboard, cursor, event, execute, terminal};
use ratatui::Terminal;
use ratatui::backend::Backend;

use backend::Ansi;

mod backend;

/// The terminal that the board is drawn on.
pub type Board = Terminal<Ansi<BufWriter<Stdout>>>;

/// Whether the terminal is ours now, so that giving it back twice does nothing.
static TAKEN: AtomicBool = AtomicBool::new(false);

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
    Ok((Terminal::new(backend)?, guard))
}

fn enter() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(
        io::stdout(),
        terminal::EnterAlternateScreen,
        event::EnableBracketedPaste,
        cursor::Hide
    )
    .inspect_err(|_| give_back())
}

/// Gives the terminal back as it was. Safe to call at any time, also from a panic hook.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // Every step is tried: a terminal that is half gone should still be usable.
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
    repaint(board)
}

/// Makes the next frame paint every cell, as after somebody else has written on the screen.
///
/// ratatui's own `clear` first asks the terminal where its cursor is: some never answer, and the
/// event source may take the answer away.
///
/// # Errors
///
/// If the terminal cannot be written to.
pub fn repaint(board: &mut Board) -> io::Result<()> {
    board.backend_mut().forget();
    board.backend_mut().clear()?;
    board.swap_buffers();
    Ok(())
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

/// Says whether the terminal is still there: the thread that reads it cannot tell.
pub fn is_there() -> bool {
    terminal::size().is_ok()
}
