//! What the terminal is told: sizes, colours, characters.

use super::*;

#[test]
fn the_board_follows_the_terminals_size() {
    let mut terminal = Terminal::demo(100, 30, "", &[]);
    for (columns, rows, shown) in [
        (40, 10, "the board needs"),
        (200, 60, "TIMELINE"),
        (80, 24, "api-gateway"),
    ] {
        terminal.resize(columns, rows);
        terminal.wait_for(shown);
        terminal.wait("the footer in the last rows", |seen| {
            let screen = seen.parser.screen();
            let lines: Vec<String> = screen.rows(0, columns).collect();
            let last: String = lines.iter().rev().take(3).map(String::as_str).collect();
            lines.len() == usize::from(rows) && last.contains("P promote")
        });
    }
    terminal.press("q");
    terminal.is_sane_after("0");
}

/// The parameters of every SGR sequence in `bytes`.
fn styles(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\u{1b}[").skip(1);
    sequences
        .filter_map(|rest| {
            let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
            rest[end..].starts_with('m').then(|| rest[..end].to_owned())
        })
        .collect()
}

/// Says whether a style sets a colour: 39, 49 and 59 only take one back.
fn is_colour(style: &str) -> bool {
    style
        .split([';', ':'])
        .filter_map(|it| it.parse::<u32>().ok())
        .any(|code| matches!(code, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107))
}

/// Goes through board, help, details and a dialog, and quits.
fn look_around(terminal: &mut Terminal) {
    for (keys, shown) in [("?", "HELP"), ("P", "PROMOTE"), ("\r", "[Gates")] {
        terminal.press(keys);
        terminal.wait_for(shown);
        // What follows an escape at once would be taken for a key with alt.
        terminal.press("\u{1b}");
        terminal.wait_until_gone(shown);
    }
    terminal.press("q");
    terminal.is_sane_after("0");
}

#[test]
fn no_color_means_none_and_otherwise_there_is_some() {
    let mut plain = Terminal::demo(100, 50, "", &[("NO_COLOR", "1")]);
    look_around(&mut plain);
    let styles_of = |terminal: &Terminal| styles(&terminal.bytes());
    let coloured: Vec<String> = styles_of(&plain)
        .into_iter()
        .filter(|it| is_colour(it))
        .collect();
    assert_eq!(coloured, Vec::<String>::new());
    assert!(!styles_of(&plain).is_empty(), "bold and the like stay");
    let mut bright = Terminal::demo(100, 50, "", &[]);
    look_around(&mut bright);
    assert!(styles_of(&bright).iter().any(|it| is_colour(it)));
}

#[test]
fn ascii_means_nothing_but() {
    let mut terminal = Terminal::demo(100, 50, "--ascii", &[]);
    look_around(&mut terminal);
    let bytes = terminal.bytes();
    let odd = bytes.iter().position(|byte| !byte.is_ascii());
    let around = odd.map(|at| {
        String::from_utf8_lossy(&bytes[at.saturating_sub(30)..(at + 10).min(bytes.len())])
            .into_owned()
    });
    assert_eq!(around, None);
}
