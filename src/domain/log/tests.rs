use proptest::prelude::*;

use super::*;

fn read(raw: &str) -> Vec<(Ink, String)> {
    Line::read(raw).spans
}

fn ink(ink: Ink, text: &str) -> (Ink, String) {
    (ink, text.to_owned())
}

#[test]
fn colours_become_inks_and_everything_else_of_a_terminal_is_dropped() {
    for (raw, expected) in [
        (
            "\u{1b}[31mred\u{1b}[0m plain",
            vec![ink(Ink::Red, "red"), ink(Ink::Plain, " plain")],
        ),
        ("\u{1b}[1;92mok\u{1b}[m", vec![ink(Ink::Green, "ok")]),
        (
            "\u{1b}[1mbold\u{1b}[22mnot",
            vec![ink(Ink::Bold, "bold"), ink(Ink::Plain, "not")],
        ),
        ("\u{1b}[38;5;196mred\u{1b}[39m", vec![ink(Ink::Red, "red")]),
        (
            "\u{1b}[38;2;20;200;30mgreen",
            vec![ink(Ink::Green, "green")],
        ),
        (
            "\u{1b}[48;5;9m\u{1b}[33mon red",
            vec![ink(Ink::Yellow, "on red")],
        ),
        ("\u{1b}[90mgrey", vec![ink(Ink::Dim, "grey")]),
        // Moves, erasing, titles, links, the clipboard, the other character set.
        (
            "\u{1b}[2J\u{1b}[10;10Hhere\u{1b}[K",
            vec![ink(Ink::Plain, "here")],
        ),
        ("\u{1b}]0;title\u{7}said", vec![ink(Ink::Plain, "said")]),
        (
            "\u{1b}]52;c;cGF5\u{1b}\\said",
            vec![ink(Ink::Plain, "said")],
        ),
        (
            "\u{1b}]8;;https://e.example\u{1b}\\link",
            vec![ink(Ink::Plain, "link")],
        ),
        ("\u{1b}(0x\u{1b}Pq#0\u{1b}\\y", vec![ink(Ink::Plain, "xy")]),
        ("\u{9b}31mred", vec![ink(Ink::Red, "red")]),
        (
            "a\u{202e}b\u{8}c\u{200b}",
            vec![ink(Ink::Plain, "a\u{fffd}b\u{fffd}c\u{fffd}")],
        ),
        ("a\tb", vec![ink(Ink::Plain, "a       b")]),
        // A sequence that never ends takes the line and no more.
        ("ok\u{1b}[31", vec![ink(Ink::Plain, "ok")]),
    ] {
        assert_eq!(read(raw), expected, "{raw:?}");
    }
}

#[test]
fn the_time_is_taken_off_as_each_forge_writes_it() {
    let at: Timestamp = "2026-07-17T14:17:29.1234567Z".parse().unwrap();
    for raw in [
        "2026-07-17T14:17:29.1234567Z rollout",
        "\u{feff}2026-07-17T14:17:29.1234567Z rollout",
        "2026-07-17T14:17:29.1234567Z 00O rollout",
        "2026-07-17T14:17:29.1234567Z 01E+rollout",
    ] {
        let line = Line::read(raw);
        assert_eq!(
            (line.at, line.text().as_str()),
            (Some(at), "rollout"),
            "{raw:?}"
        );
    }
    for raw in [
        "2026-07-17 is a day",
        "a word",
        "",
        "2026-07-17T14:17:29.12Zx y",
    ] {
        let line = Line::read(raw);
        assert_eq!((line.at, line.text().as_str()), (None, raw));
    }
}

#[test]
fn what_a_runner_says_to_its_page_is_told_by_the_kind() {
    for (raw, kind, text) in [
        ("##[group]Run npm test", Kind::Heading, "Run npm test"),
        ("##[endgroup]", Kind::Plain, ""),
        (
            "##[error]Process completed with exit code 1.",
            Kind::Error,
            "error: Process completed with exit code 1.",
        ),
        ("##[warning]old", Kind::Warning, "warning: old"),
        ("##[command]/usr/bin/git", Kind::Command, "/usr/bin/git"),
        (
            "::error file=a.rs,line=1::no such thing",
            Kind::Error,
            "error: no such thing",
        ),
        ("::1 is loopback", Kind::Plain, "::1 is loopback"),
        (
            "section_start:1752761849:step_script\r\u{1b}[0K\u{1b}[36;1mExecuting\u{1b}[0;m",
            Kind::Heading,
            "Executing",
        ),
        (
            "section_end:1752761849:step_script\r\u{1b}[0K",
            Kind::Plain,
            "",
        ),
        (
            "\u{1b}[31;1mERROR: Job failed: exit code 1",
            Kind::Error,
            "ERROR: Job failed: exit code 1",
        ),
        ("10%\r50%\r100%\r", Kind::Plain, "100%"),
    ] {
        let line = Line::read(raw);
        assert_eq!((line.kind, line.text().as_str()), (kind, text), "{raw:?}");
    }
}

#[test]
fn steps_and_failures_are_marked() {
    let step = |name: &str| Some(Mark::Step(name.to_owned()));
    for (raw, expected) in [
        ("##[group]Run npm test", step("npm test")),
        ("##[group]Operating System", None),
        (
            "section_start:1752761849:step_script[collapsed=true]\r\u{1b}[0K",
            step("step_script"),
        ),
        ("section_end:1752761849:step_script\r", None),
        ("⭐ Run Main npm test", step("npm test")),
        ("  ❌  Failure - Main npm test", Some(Mark::Error)),
        ("##[error]exit code 1", Some(Mark::Error)),
        ("\u{1b}[31;1mERROR: Job failed", Some(Mark::Error)),
        ("an error", None),
        ("", None),
    ] {
        assert_eq!(mark(raw), expected, "{raw:?}");
    }
}

proptest! {
    /// Whatever a forge sends, nothing of it can move, hide or reorder what a person reads.
    #[test]
    fn a_line_is_always_clean(raw in "(\\PC|[\u{0}-\u{1f}]|\u{1b}|\u{9b}|\\[|\\]|m|;|3|1){0,80}") {
        let line = Line::read(&raw);
        for sign in line.text().chars() {
            prop_assert!(!is_unsafe(sign), "{sign:?} of {raw:?}");
        }
        prop_assert!(line.spans.iter().all(|(_, text)| !text.is_empty()));
    }
}
