//! The help of every command: each argument has a text, and all pages have one layout.

use clap::{Command, CommandFactory as _};

use super::{Cli, GLOBAL};

/// Calls `look` with every command and the words that lead to it.
fn each(command: &Command, words: &str, look: &mut impl FnMut(&Command, &str)) {
    look(command, words);
    let own = command.get_subcommands();
    for inner in own.filter(|inner| inner.get_name() != "help") {
        each(inner, &format!("{words} {}", inner.get_name()), look);
    }
}

fn every_page(mut look: impl FnMut(&Command, &str)) {
    let mut cli = Cli::command();
    cli.build();
    each(&cli, "gonogo", &mut look);
}

#[test]
fn every_argument_of_every_command_has_a_text() {
    every_page(|command, words| {
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string);
            assert!(
                help.is_some_and(|help| !help.is_empty()),
                "{words}: {}",
                argument.get_id()
            );
        }
    });
}

#[test]
fn what_every_command_takes_stands_apart_from_its_own_options() {
    let global = Cli::command();
    let global: Vec<_> = global
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .map(|argument| argument.get_id().clone())
        .collect();
    assert!(global.len() >= 9, "{global:?}");
    every_page(|command, words| {
        for argument in command.get_arguments() {
            let apart = argument.get_help_heading() == Some(GLOBAL);
            let wanted = global.contains(argument.get_id());
            assert_eq!(apart, wanted, "{words}: {}", argument.get_id());
        }
    });
}

#[test]
fn every_page_has_one_layout_and_shows_no_empty_default() {
    let page = |words: &str, flag: &str| {
        let words = words.split(' ').chain([flag]);
        let asked = Cli::command().try_get_matches_from(words);
        asked.expect_err("a page").to_string()
    };
    every_page(|_, words| {
        let short = page(words, "-h");
        assert_eq!(short, page(words, "--help"), "{words}");
        assert!(!short.contains(r#"[default: ""]"#), "{words}: {short}");
    });
}
