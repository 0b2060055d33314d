//! Storms, pastes, the mouse, poor terminals, and the demo's tour.

use super::*;

const UP: &str = "\u{1b}[A";

#[test]
fn two_hundred_resizes_and_a_terminal_of_one_cell_leave_the_board_whole() {
    let mut terminal = Terminal::demo(100, 30, "", &[]);
    for step in 0..200_u16 {
        terminal.resize_unseen(20 + (step * 37) % 180, 4 + (step * 13) % 60);
    }
    let before = terminal.bytes().len();
    terminal.resize_unseen(1, 1);
    terminal.press("j");
    terminal.wait("a frame in one cell", |seen| seen.bytes.len() > before);
    terminal.resize(100, 30);
    terminal.wait("the board in its last size", |seen| {
        let screen = seen.parser.screen();
        let lines: Vec<String> = screen.rows(0, 100).collect();
        let last: String = lines.iter().rev().take(3).map(String::as_str).collect();
        last.contains("P promote") && screen.contents().contains("api-gateway")
    });
    terminal.press("q");
    terminal.is_sane_after("0");
    terminal.ends_within(PATIENCE);
}

/// Over a slow line a key comes in parts.
#[test]
fn half_a_key_keeps_nothing_waiting_and_its_other_half_makes_it_whole() {
    let mut terminal = Terminal::demo(100, 30, "", &[]);
    terminal.wait_for("READY");
    let line = |screen: &str, number: usize| screen.lines().nth(number).map(str::to_owned);
    let selected = |screen: &str| screen.lines().position(|line| line.starts_with("> "));
    terminal.press("\u{1b}[");
    for _ in 0..2 {
        let header = line(&terminal.screen(), 0);
        terminal.wait("a countdown that goes on", |seen| {
            line(&seen.parser.screen().contents(), 0) != header
        });
    }
    let before = selected(&terminal.screen());
    terminal.press("B");
    terminal.wait("the cursor one row further down", |seen| {
        let after = selected(&seen.parser.screen().contents());
        after == before.map(|row| row + 1)
    });
}

#[test]
fn a_paste_runs_no_keys() {
    let mut terminal = Terminal::demo(100, 30, "", &[]);
    terminal.press("\u{1b}[200~y\nP\nq\n\u{1b}[201~");
    // Keys come in order: once the help is there, the paste is behind us.
    terminal.press("?");
    terminal.wait_for("HELP");
    let told = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(!told.contains("copied:"), "y was run");
    assert!(!told.contains("PROMOTE api-gateway"), "P was run");
    terminal.press("\u{1b}");
    terminal.wait_until_gone("HELP");
    terminal.press("q");
    terminal.is_sane_after("0");
}

/// Where a text stands on the screen, counted from 1 as terminals do.
fn place_of(terminal: &Terminal, text: &str) -> (usize, usize) {
    let seen = terminal.seen.lock().unwrap();
    let screen = seen.parser.screen();
    let (_, columns) = screen.size();
    let lines: Vec<String> = screen.rows(0, columns).collect();
    let found = lines.iter().enumerate().find_map(|(y, line)| {
        let (before, _) = line.split_once(text)?;
        Some((before.chars().count() + 1, y + 1))
    });
    found.unwrap_or_else(|| panic!("{text} is not there:\n{}", screen.contents()))
}

fn click(terminal: &mut Terminal, (x, y): (usize, usize)) {
    terminal.press(&format!("\u{1b}[<0;{x};{y}M\u{1b}[<0;{x};{y}m"));
}

#[test]
fn the_mouse_selects_and_opens_and_fires_nothing_by_one_click() {
    let mut terminal = Terminal::demo(100, 30, "", &[]);
    // By name the rows stay where they are.
    terminal.press("sg");
    terminal.wait_for("sort:name");
    terminal.wait_for("> almanac");
    let billing = place_of(&terminal, "billing");
    click(&mut terminal, billing);
    terminal.wait_for("> billing");
    // The wheel moves the cursor away again.
    terminal.press(&format!("\u{1b}[<65;{};{}M", billing.0, billing.1));
    terminal.wait_until_gone("> billing");
    click(&mut terminal, billing);
    click(&mut terminal, billing);
    terminal.wait_for("[Gates");
    let scope = place_of(&terminal, " Scope");
    click(&mut terminal, (scope.0 + 1, scope.1));
    terminal.wait_for("[Scope");
    terminal.press("H");
    terminal.wait_for("> Cancel <");
    let hold = place_of(&terminal, "  Hold  ");
    click(&mut terminal, (hold.0 + 3, hold.1));
    terminal.wait_for("> Hold <");
    let cancel = place_of(&terminal, "  Cancel  ");
    click(&mut terminal, (cancel.0 + 3, cancel.1));
    terminal.wait_for("> Cancel <");
    // Beside it, so that it is no double click.
    click(&mut terminal, (cancel.0 + 4, cancel.1));
    terminal.wait_until_gone("> Cancel <");
    // Once let go, clicks are the terminal's own.
    terminal.press("%");
    terminal.wait("the mouse let go", |seen| {
        String::from_utf8_lossy(&seen.bytes).contains("\u{1b}[?1000l")
    });
    terminal.press("%q");
    terminal.is_sane_after("0");
    let told = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(
        told.rfind("\u{1b}[?1000l") > told.rfind("\u{1b}[?1000h"),
        "the mouse is given back at the end"
    );
}

#[test]
fn a_locale_without_unicode_gets_ascii_alone() {
    let env = [("LANG", "de_DE.ISO-8859-1"), ("TERM", "vt100")];
    let mut terminal = Terminal::demo(80, 24, "", &env);
    terminal.press("?");
    terminal.wait_for("HELP");
    terminal.press("\u{1b}");
    terminal.wait_until_gone("HELP");
    terminal.press("q");
    terminal.is_sane_after("0");
    let bytes = terminal.bytes();
    let strange: Vec<u8> = bytes.into_iter().filter(|byte| !byte.is_ascii()).collect();
    assert!(strange.is_empty(), "{}", String::from_utf8_lossy(&strange));
}

#[test]
fn plain_mode_appends_words_alone_and_ends_on_a_signal() {
    let script = format!("{DEMO} --plain; echo \"ended $?\"; echo over");
    let mut terminal = Terminal::open(120, 50, &script, &[]);
    terminal.wait_for("api-gateway > production: ");
    terminal.wait_for("sessions > production: ");
    let before_end = terminal.bytes();
    assert!(!before_end.contains(&0x1b), "an escape code");
    signal(terminal.program(), "TERM");
    terminal.wait_for("ended 0");
    terminal.ends_within(PATIENCE);
}

#[test]
fn a_terminal_that_understands_no_code_is_told_what_to_use_instead() {
    let script = format!("{DEMO}; echo \"ended $?\"");
    let mut terminal = Terminal::open(120, 50, &script, &[("TERM", "dumb")]);
    terminal.wait_for("ended 2");
    terminal.wait_for("use `gonogo status` or `gonogo --plain`");
    terminal.ends_within(PATIENCE);
    let bytes = terminal.bytes();
    let told = String::from_utf8_lossy(&bytes);
    assert!(!bytes.contains(&0x1b), "an escape code: {told}");
}

#[test]
fn the_tour_walks_through_the_evening() {
    let mut terminal = Terminal::demo(120, 45, "", &[]);
    terminal.wait_for("tour 1/5");
    terminal.press("jk");
    terminal.wait_for("tour 2/5, esc skips: on a READY row press P");
    terminal.press("/api-gateway\r");
    terminal.wait_for("> api-gateway");
    terminal.press("P");
    terminal.wait_for("tour 2/5: it rests on Cancel");
    // What was pressed on facts that are still being read has its second field when they are.
    terminal.wait_for("type production");
    terminal.press(&format!("{UP}{UP}weekly release\t"));
    terminal.wait_for("[ weekly release");
    terminal.press("production");
    terminal.wait_for("type production [ production");
    terminal.press("\t\t");
    terminal.wait_for("tour 2/5: enter sends exactly this");
    terminal.press("\r");
    terminal.wait_for("tour 3/5");
    terminal.press("H");
    terminal.wait_for("tour 3/5: it rests on Cancel");
    terminal.press(&format!("{UP}wait for the profile\t\t"));
    terminal.wait_for("> Hold <");
    terminal.press("\r");
    terminal.wait_for("tour 4/5");
    terminal.press("\r");
    terminal.wait_for("tour 5/5");
    terminal.press("2");
    terminal.wait_for("tour 5/5: it says what clears it");
    terminal.press("V");
    terminal.wait_for("VOTE on 2026.47");
    terminal.press(&format!("{UP}tried it on staging\t\t"));
    terminal.wait_for("tour 5/5: enter votes");
    terminal.press("\r");
    terminal.wait_for("the tour is over");
    terminal.press(":tour\r");
    terminal.wait_for("tour 1/5");
    terminal.press("\u{3}");
    terminal.is_sane_after("0");
}
