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

/// Whether something is written in the accent of the light theme, in a palette of 256 colours.
fn is_light(seen: &Seen) -> bool {
    styles(&seen.bytes)
        .iter()
        .any(|style| style.contains("38;5;26"))
}

#[test]
fn a_light_terminal_gets_the_light_theme_and_its_answer_runs_no_keys() {
    let script = format!("{DEMO}; echo \"ended $?\"; stty -a; echo over");
    let mut terminal = Terminal::open(100, 30, &script, &[]);
    let asked = |seen: &Seen| String::from_utf8_lossy(&seen.bytes).contains("\u{1b}]11;?");
    terminal.wait("the question", asked);
    terminal.wait_for("READY");
    terminal.press("\u{1b}]11;rgb:ffff/fafa/f0f0\u{1b}\\");
    terminal.wait("the light theme", is_light);
    // Keys come in order: once the help is there, the answer is behind us.
    terminal.press("?");
    terminal.wait_for("HELP");
    let told = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(!told.contains("groups:"), "b was run");
    assert!(
        !told.contains("FILTER") && !told.contains("/ffff"),
        "a slash was run"
    );
    terminal.press("\u{1b}");
    terminal.wait_until_gone("HELP");
    terminal.press("q");
    terminal.is_sane_after("0");
}

#[test]
fn a_terminal_that_is_told_to_be_dark_is_not_asked() {
    let mut terminal = Terminal::demo(100, 30, "", &[("COLORFGBG", "15;0")]);
    terminal.press("q");
    terminal.is_sane_after("0");
    let told = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(!told.contains("\u{1b}]11;?"), "it was asked");
}

#[test]
fn a_changed_config_changes_keys_and_theme_at_once_and_a_broken_one_nothing() {
    let mut terminal = Terminal::demo(110, 30, "--keep kept", &[("COLORFGBG", "15;0")]);
    let path = terminal.home().join("kept/demo.toml");
    let before = std::fs::read_to_string(&path).unwrap();
    let changed = format!("{before}\n[keys]\nsort = \"S\"\n\n[ui]\ntheme = \"light\"\n");
    std::fs::write(&path, &changed).unwrap();
    terminal.wait_for("the changed config is in use: keys, theme");
    terminal.wait("the light theme", is_light);
    terminal.press("S");
    terminal.wait_for("sort:name");
    std::fs::write(&path, changed.replace("\"S\"", "\"j\"")).unwrap();
    terminal.wait_for("the changed config is not used");
    terminal.press("S");
    terminal.wait_for("sort:behind");
    // Also by the palette, for this session alone.
    terminal.press(":theme mono\r");
    terminal.wait_for("theme: mono");
    terminal.press("q");
    terminal.is_sane_after("0");
}
