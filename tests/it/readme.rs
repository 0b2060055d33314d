//! The README's commands: every `console` block is run as it stands, in order, and each command
//! must end with the code that its comment names, or 0.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// One command of a `console` block.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    command: String,
    exit: i32,
}

/// Reads the commands: `$ COMMAND   # exit N: why`.
fn commands(page: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            inside = !inside && kind.trim() == "console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            let (command, exit) = match command.split_once(" # exit ") {
                Some((command, exit)) => (
                    command,
                    exit.split(':').next().unwrap().trim().parse().unwrap(),
                ),
                None => (command, 0),
            };
            found.push(Line {
                command: command.trim().to_owned(),
                exit,
            });
        }
    }
    found
}

/// A process that ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A shell in a clean home of its own, in which `gonogo` is the one just built.
struct Shell {
    home: tempfile::TempDir,
    exported: Vec<(String, String)>,
    served: Vec<Served>,
}

impl Shell {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            exported: Vec::new(),
            served: Vec::new(),
        }
    }

    fn command(&self, line: &str) -> Command {
        let built = Path::new(env!("CARGO_BIN_EXE_gonogo")).parent().unwrap();
        let path = format!(
            "{}:{}",
            built.display(),
            std::env::var("PATH").unwrap_or_default()
        );
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("exec {line}"))
            .current_dir(self.home.path())
            .env_clear();
        command
            .env("PATH", path)
            .env("HOME", self.home.path())
            .env("USER", "alice")
            .env("LANG", "C.UTF-8");
        command
            .envs(self.exported.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs a line, and returns how it ended with what it said.
    fn run(&mut self, line: &str) -> (i32, String) {
        if let Some((name, value)) = line
            .strip_prefix("export ")
            .and_then(|export| export.split_once('='))
        {
            self.exported.push((name.to_owned(), value.to_owned()));
            return (0, String::new());
        }
        if line.starts_with("gonogo sim") {
            let mut child = self.command(line).stdout(Stdio::piped()).spawn().unwrap();
            let mut said = String::new();
            BufReader::new(child.stdout.as_mut().unwrap())
                .read_line(&mut said)
                .unwrap();
            self.served.push(Served(child));
            return (i32::from(said.is_empty()), said);
        }
        let output = self.command(line).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap_or(-1), said)
    }
}

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn the_commands_of_the_readme_end_as_it_says() {
    let lines = commands(&readme());
    assert!(lines.len() > 10, "only {} commands were found", lines.len());
    let mut shell = Shell::new();
    let mut wrong = Vec::new();
    for line in lines {
        let (exit, said) = shell.run(&line.command);
        if exit != line.exit {
            wrong.push(format!(
                "$ {}\nexit {exit}, not {}:\n{said}",
                line.command, line.exit
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_command_of_the_program_is_in_the_readme() {
    let (exit, help) = Shell::new().run("gonogo --help");
    assert_eq!(exit, 0);
    let (_, list) = help.split_once("Commands:").unwrap();
    let (list, _) = list.split_once("Options:").unwrap();
    // A command stands two blanks in; what it means may go on further in.
    let names = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<_> = names
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 10, "{names:?}");
    let readme = readme();
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !readme.contains(&format!("`{name}")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_exit_code_of_the_help_is_in_the_readme() {
    let (_, help) = Shell::new().run("gonogo --help");
    let readme = readme();
    for code in 0..=7 {
        assert!(
            help.contains(&format!("{code} ")),
            "{code} is not in the help"
        );
        assert!(
            readme.contains(&format!("\n| {code} | ")),
            "{code} is not in the README"
        );
    }
}

/// Where the links of a page lead, in this repository.
fn links(page: &str) -> Vec<&str> {
    let ends = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let paths = ends.filter_map(|link| link.split('#').next());
    paths
        .filter(|path| !path.is_empty() && !path.contains("://"))
        .collect()
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|it| it == "md"));
    let mut seen = 0;
    for page in pages.chain([root.join("README.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            let place = page.parent().unwrap().join(link);
            assert!(place.exists(), "{}: {link}", page.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} links were found");
}

#[test]
fn commands_are_read_from_console_blocks_alone() {
    let page = "$ a\n```sh\n$ b\n```\n```console\n$ c d   # exit 3: why\n  # exit 4\nsaid\n$ e # note\n```\n$ f\n";
    let expected = [("c d", 3), ("e # note", 0)];
    let expected: Vec<_> = expected
        .map(|(command, exit)| Line {
            command: command.to_owned(),
            exit,
        })
        .into();
    assert_eq!(commands(page), expected);
}
