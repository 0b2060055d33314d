//! Every way out gives the terminal back.

use gonogo::runtime::terminal;

use super::*;

#[test]
fn a_promotion_by_keys_and_a_quit() {
    let mut terminal = Terminal::demo(120, 36, "", &[]);
    terminal.press("/api-gateway\r");
    terminal.wait("the cursor on a row that is ready", |seen| {
        let screen = seen.parser.screen().contents();
        screen
            .lines()
            .any(|line| line.contains("> api-gateway") && line.contains("READY 11/11"))
    });
    // Nothing but the last enter, on the button, may send.
    terminal.press("P");
    terminal.wait_for("PROMOTE api-gateway");
    terminal.press("\u{1b}[A\u{1b}[Aweekly release\tproduction\t\t");
    terminal.wait_for("> Promote <");
    terminal.press("\r");
    // That it is on its way may be told for less than a frame.
    terminal.wait_for("[v2.41.0 ✓ OK]");
    // Live on the board is not yet done in the journal: a quit would ask.
    terminal.wait_until_gone("1 in flight");
    // It may have been a line that was half written.
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.wait_until_gone("1 in flight");
    terminal.press("q");
    terminal.is_sane_after("0");
    terminal.wait_for("journal of this evening");
    terminal.ends_within(PATIENCE);
}

#[test]
fn a_signal_that_ends_it_gives_the_terminal_back() {
    for name in ["TERM", "HUP", "INT"] {
        let mut terminal = Terminal::demo(100, 30, "", &[]);
        let modes = terminal.modes();
        assert!(
            !modes.contains("ICANON") && !modes.contains("ECHO |"),
            "raw: {modes}"
        );
        signal(terminal.program(), name);
        let from = Instant::now();
        terminal.wait_for("ended");
        assert!(
            from.elapsed() < Duration::from_secs(2),
            "{name}: {:?}",
            from.elapsed()
        );
        terminal.is_sane_after("0");
        terminal.ends_within(PATIENCE);
    }
}

#[test]
fn a_terminal_that_is_closed_ends_it_without_spinning() {
    let script = format!("exec {DEMO}");
    // Whether the hang-up or the end of input comes first is chance.
    for _ in 0..5 {
        let mut terminal = Terminal::open(100, 30, &script, &[]);
        terminal.wait_for("READY");
        terminal.seen.lock().unwrap().over = true;
        // The reader lets go with the next frame, a second later at most.
        terminal.press("j");
        terminal.reader.take().unwrap().join().unwrap();
        terminal.writer = None;
        terminal.master = None;
        let took = terminal.ends_within(Duration::from_secs(2));
        println!("gone {took:?} after its terminal");
    }
}

/// Not a test of its own: the test below runs it in a terminal.
#[test]
#[ignore = "panics on purpose, inside a terminal of another test"]
fn panicking_board() {
    terminal::restore_on_panic();
    let (_board, _guard) = terminal::take().unwrap();
    panic!("on purpose");
}

#[test]
fn a_panic_gives_the_terminal_back_before_its_message() {
    let tests = std::env::current_exe().unwrap();
    let script = format!(
        "\"{}\" --exact pty::leaving::panicking_board --ignored --nocapture; echo \"ended $?\"; stty -a; echo over",
        tests.display()
    );
    let mut terminal = Terminal::open(120, 50, &script, &[]);
    terminal.is_sane_after("101");
    // On the alternate screen the message would be gone.
    assert!(
        terminal.screen().contains("on purpose"),
        "{}",
        terminal.screen()
    );
    terminal.ends_within(PATIENCE);
    let bytes = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(
        bytes.contains("\u{1b}[?1049h"),
        "it was on the alternate screen"
    );
}

#[test]
fn ctrl_z_stops_it_and_continuing_brings_the_picture_back() {
    let mut terminal = Terminal::demo(100, 30, "", &[]);
    let program = terminal.program();
    terminal.press("/api-gateway\r");
    terminal.wait_for("> api-gateway");
    terminal.press("\u{1a}");
    terminal.wait("the primary screen", |seen| {
        !seen.parser.screen().alternate_screen()
    });
    let deadline = Instant::now() + PATIENCE;
    while state_of(program) != Some('T') {
        assert!(
            Instant::now() < deadline,
            "not stopped: {:?}",
            state_of(program)
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let modes = terminal.modes();
    assert!(
        modes.contains("ICANON") && modes.contains("ECHO"),
        "{modes}"
    );
    assert!(!terminal.seen.lock().unwrap().parser.screen().hide_cursor());
    signal(program, "CONT");
    terminal.wait("the alternate screen", |seen| {
        seen.parser.screen().alternate_screen()
    });
    terminal.wait_for("> api-gateway");
    assert!(!terminal.modes().contains("ICANON"), "{}", terminal.modes());
    // Keys work again, and so does what writes past the frame.
    terminal.press("y");
    terminal.wait_for("copied: ");
    terminal.wait_for("> api-gateway");
    terminal.press("?");
    terminal.wait_for("HELP");
    terminal.press("\u{1b}");
    terminal.wait_until_gone("HELP");
    terminal.press("q");
    terminal.is_sane_after("0");
    terminal.ends_within(PATIENCE);
}
