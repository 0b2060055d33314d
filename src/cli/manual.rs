//! The manual pages: those that clap writes, with what a page says besides: what an exit code means,
//! which files are read and written, which variables count. What the commands are is in `cli.rs`.

use std::io;
use std::path::Path;

use clap_mangen::Man;

/// What an exit code means.
const EXIT_STATUS: &[(&str, &str)] = &[
    ("0", "done, or go"),
    ("1", "an error"),
    ("2", "usage or config"),
    ("3", "no-go: a gate is closed or a hold is on"),
    ("4", "the forge refused or is unreachable"),
    ("5", "the journal is unreachable"),
    ("6", "sent, and the outcome is not known"),
    ("7", "facts are unknown or stale"),
];

/// Which files are read and written; `$XDG_…` stands for its default too.
const FILES: &[(&str, &str)] = &[
    (
        ".gonogo.toml",
        "the config, here or in a folder above; without one, what the remotes of the checkout tell",
    ),
    (
        "$XDG_CONFIG_HOME/gonogo/config.toml",
        "the config where no other is found",
    ),
    (
        "$XDG_STATE_HOME/gonogo/journal.db",
        "the journal (SQLite), if [journal] names no other",
    ),
    (
        "$XDG_CACHE_HOME/gonogo/",
        "what the forges said last, so that the next start shows it at once; it may be deleted",
    ),
    (
        "$XDG_STATE_HOME/gonogo/",
        "sessions of the board, notices that were told, and the log of the program",
    ),
];

/// Which variables count.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("GONOGO_CONFIG", "the config file, if --config names none"),
    (
        "GH_TOKEN, GITHUB_TOKEN",
        "the token for GitHub; GH_ENTERPRISE_TOKEN for its servers elsewhere",
    ),
    ("GITLAB_TOKEN", "the token for GitLab"),
    (
        "FORGEJO_TOKEN, GITEA_TOKEN",
        "the token for Forgejo and Gitea",
    ),
    (
        "XDG_CONFIG_HOME, XDG_STATE_HOME",
        "the folders of the config and of what lasts; ~/.config and ~/.local/state without them",
    ),
    (
        "NO_COLOR, NO_MOTION, REDUCE_MOTION",
        "no colours; nothing that moves",
    ),
    (
        "COLORTERM, COLORFGBG, TERM",
        "how many colours the terminal has, and whether it is dark",
    ),
];

/// One page.
pub(super) fn page(command: &clap::Command) -> io::Result<String> {
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text)?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    let mut sections = text.split_inclusive('\n').fold(Vec::new(), section);
    for section in &mut sections {
        if section.starts_with(".SH SYNOPSIS") {
            *section = with_values(command, section);
        }
    }
    // What the help says of exit codes at its end has its own section here.
    if command.get_name() == "gonogo" {
        sections.retain(|section: &String| !section.starts_with(".SH EXTRA"));
    }
    let end = sections
        .iter()
        .position(|section| section.starts_with(".SH VERSION"))
        .unwrap_or(sections.len());
    let ours = [
        table("EXIT STATUS", EXIT_STATUS),
        table("ENVIRONMENT", ENVIRONMENT),
        table("FILES", FILES),
    ];
    sections.splice(end..end, ours);
    Ok(sections.concat())
}

/// The synopsis with what each option takes, which clap leaves out there.
fn with_values(command: &clap::Command, section: &str) -> String {
    let mut section = section.to_owned();
    let takes = |option: &&clap::Arg| !option.is_hide_set() && option.get_action().takes_values();
    for option in command.get_opts().filter(takes) {
        let (Some(long), Some(values)) = (option.get_long(), option.get_value_names()) else {
            continue;
        };
        let name = format!("\\fB{}\\fR", escaped(&format!("--{long}")));
        let values: Vec<String> = values.iter().map(|value| format!("<{value}>")).collect();
        let values = escaped(&values.join(" "));
        section = section.replacen(&name, &format!("{name} {values}"), 1);
    }
    section
}

/// All pages into a folder, one for each command.
pub(super) fn all(command: clap::Command, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut command = command.disable_help_subcommand(true);
    command.build();
    write(&command, folder)
}

fn write(command: &clap::Command, folder: &Path) -> io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        write(sub, folder)?;
    }
    let name = Man::new(command.clone()).get_filename();
    std::fs::write(folder.join(name), page(command)?)
}

/// Adds a line to the section that it belongs to.
fn section(mut sections: Vec<String>, line: &str) -> Vec<String> {
    match sections.last_mut() {
        Some(last) if !line.starts_with(".SH ") => last.push_str(line),
        _ => sections.push(line.to_owned()),
    }
    sections
}

fn table(title: &str, rows: &[(&str, &str)]) -> String {
    use std::fmt::Write as _;
    let mut text = format!(".SH \"{title}\"\n");
    for (term, told) in rows {
        let term = escaped(term);
        let _ = write!(text, ".TP\n\\fB{term}\\fR\n{}\n", escaped(told));
    }
    text
}

/// Text that roff takes as it is.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('-', "\\-");
    if text.starts_with('.') || text.starts_with('\'') {
        format!("\\&{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_page_says_what_exit_codes_files_and_variables_mean() {
        let mut command = Cli::command();
        command.build();
        let hold = command.find_subcommand("hold").expect("hold").clone();
        for command in [&command, &hold] {
            let page = page(command).expect("a page");
            let at = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part}: {page}"));
            assert!(at("EXIT STATUS") < at("\"ENVIRONMENT\""));
            assert!(at("\"ENVIRONMENT\"") < at("\"FILES\""));
            assert!(at("GONOGO_CONFIG") < at("journal.db"));
        }
        let page = page(&command).expect("a page");
        assert!(!page.contains("EXTRA"), "{page}");
        for code in 0..=7 {
            assert!(page.contains(&format!("\\fB{code}\\fR")), "{code}");
        }
    }

    #[test]
    fn the_synopsis_says_what_an_option_takes_and_a_switch_takes_nothing() {
        let mut command = Cli::command();
        command.build();
        let hold = command.find_subcommand("hold").expect("hold").clone();
        for command in [&command, &hold] {
            let page = page(command).expect("a page");
            let rest = page.split_once(".SH SYNOPSIS").expect("a synopsis").1;
            let synopsis = rest.split_once(".SH ").expect("what follows").0;
            let told = synopsis.replace('\\', "");
            for part in ["[fB--configfR <FILE>]", "[fB--asciifR]"] {
                assert!(told.contains(part), "{part}: {told}");
            }
        }
    }
}
