//! The architecture: which layer may name which, and what belongs into one file alone.

use std::fs;
use std::path::Path;

use self::rules::{Tree, offences, too_long};
use self::source::Source;

mod proof;
mod rules;
mod source;

/// Reads every file under `folder` whose name ends in `ending`.
fn read(root: &Path, folder: &str, ending: &str, into: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(root.join(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| entry.unwrap())
        .collect();
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            read(root, &path, ending, into);
        } else if path.ends_with(ending) {
            into.push((path, fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

fn ours() -> Vec<(String, String)> {
    let mut files = Vec::new();
    read(
        Path::new(env!("CARGO_MANIFEST_DIR")),
        "src",
        ".rs",
        &mut files,
    );
    assert!(files.len() > 100, "only {} files were found", files.len());
    files
}

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::of(
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned())),
    )
}

/// What the checker says of a made-up tree.
fn of(files: &[(&str, &str)]) -> Vec<String> {
    offences(&tree(files))
}

#[test]
fn every_layer_names_only_what_it_may() {
    let offences = offences(&Tree::of(ours()));
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

#[test]
fn no_file_has_outgrown_its_subject() {
    let long = too_long(&Tree::of(ours()));
    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

#[test]
fn the_layers_have_no_cycle() {
    assert_eq!(rules::cycle(), None);
}

#[test]
fn no_page_points_outside_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // In two halves, or this file would name it too.
    let elsewhere = ["../", "shared"].concat();
    let mut files = ours();
    read(root, "tests", "", &mut files);
    read(root, "benches", ".rs", &mut files);
    read(root, "assets", "", &mut files);
    for page in [
        "README.md",
        "config.example.toml",
        "Cargo.toml",
        "src/ARCHITECTURE.md",
    ] {
        files.push((
            page.to_owned(),
            fs::read_to_string(root.join(page)).unwrap(),
        ));
    }
    let found: Vec<_> = files
        .iter()
        .filter(|(_, text)| text.contains(&elsewhere))
        .map(|(path, _)| path)
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_forbidden_edge_is_found_in_every_spelling() {
    for code in [
        "use crate::app::State;",
        "fn f() -> crate::app::State { todo() }",
        "use crate::{domain::ids::Sha, app::{State, Msg}};",
        "use crate::{\n    domain::ids::Sha,\n    app,\n};",
        "pub(in crate::app) fn f() {}",
        "use super::super::app::State;",
    ] {
        let found = of(&[("src/domain/board.rs", code)]);
        assert_eq!(found.len(), 1, "{code}: {found:?}");
        assert!(
            found[0].starts_with("src/domain/board.rs: domain may not name app"),
            "{found:?}"
        );
    }
}

#[test]
fn an_edge_that_the_table_allows_is_no_offence() {
    let found = of(&[
        (
            "src/domain/board.rs",
            "use super::cell::Cell;\nuse crate::domain::ids::Sha;",
        ),
        (
            "src/app/update.rs",
            "use crate::{app::State, domain::board::Board};",
        ),
        (
            "src/runtime/board.rs",
            "use crate::{ui, app, forge, journal, config};",
        ),
        (
            "src/cli/demo.rs",
            "use crate::ui::theme::Choice;\nuse crate::sim;",
        ),
        (
            "src/main.rs",
            "use gonogo::cli::{self, Cli};\nuse gonogo::runtime::terminal;",
        ),
    ]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn words_in_comments_and_texts_are_no_edges() {
    let found = of(&[(
        "src/domain/board.rs",
        "//! See crate::app and octocrab.\n/* crate::ui */ const A: &str = \"crate::forge \\\" Timestamp::now()\";\n\
         const B: &str = r#\"tokio::spawn(\"crate::cli\")\"#; const C: char = '\"'; fn f<'a>(a: &'a str) {}",
    )]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_simulator_and_the_client_share_nothing() {
    let found = of(&[
        ("src/sim/world.rs", "use crate::domain::ids::Sha;"),
        ("src/forge/order.rs", "use crate::sim::World;"),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn tests_may_talk_to_the_simulator_but_not_the_simulator_to_us() {
    let found = of(&[
        (
            "src/forge/github.rs",
            "#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod inline { use crate::sim::World; }",
        ),
        ("src/forge/github/tests.rs", "use crate::sim::World;"),
        (
            "src/sim/world.rs",
            "#[cfg(test)]\nmod tests { use crate::domain::ids::Sha; }",
        ),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("src/sim/world.rs"), "{found:?}");
}

#[test]
fn a_layer_that_the_table_does_not_know_is_an_offence() {
    assert_eq!(of(&[("src/helpers.rs", "")]).len(), 1);
    assert_eq!(
        of(&[("src/domain/ids.rs", "use crate::helpers::f;")]).len(),
        1
    );
}

#[test]
fn only_part_of_a_layer_may_be_named_where_the_table_says_so() {
    let found = of(&[
        ("src/cli/demo.rs", "use crate::ui::table::Widths;"),
        ("src/main.rs", "use gonogo::runtime::board;"),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn what_has_one_home_is_found_elsewhere() {
    for (path, code) in [
        ("src/app/state.rs", "let now = jiff::Timestamp::now();"),
        (
            "src/runtime/board.rs",
            "let now = std::time::Instant::now();",
        ),
        ("src/forge/http.rs", "tokio::spawn(async {});"),
        ("src/runtime/watch.rs", "std::thread::sleep(a);"),
        ("src/forge/http.rs", "use octocrab::Octocrab;"),
        (
            "src/journal/chain.rs",
            "let first = entries.first().unwrap();",
        ),
        (
            "src/journal/chain.rs",
            "let first = entries.first().expect(\"one\");",
        ),
        ("src/domain/ids.rs", "use tokio::sync::mpsc;"),
        ("src/app/state.rs", "fn f(frame: ratatui::Frame) {}"),
        ("src/app/state.rs", "std::fs::read(path)"),
    ] {
        let found = of(&[(path, code)]);
        assert_eq!(found.len(), 1, "{path} {code}: {found:?}");
    }
}

#[test]
fn what_has_a_home_may_live_there_and_in_tests() {
    let found = of(&[
        ("src/runtime/clock.rs", "Timestamp::now()"),
        ("src/sim/clock.rs", "Timestamp::now()"),
        ("src/runtime/tasks.rs", "tokio::spawn(work);"),
        ("src/forge/github/wire.rs", "use octocrab::Octocrab;"),
        (
            "src/domain/ids.rs",
            "fn f() {}\n#[cfg(test)]\nmod tests { fn g() { a.unwrap(); { } b.unwrap() } }",
        ),
        (
            "src/domain/board.rs",
            "#[cfg(test)]\n#[path = \"x\"]\npub(crate) mod made;",
        ),
        ("src/domain/board/made.rs", "fn g() { a.unwrap() }"),
        ("src/domain/board/made/deeper.rs", "fn g() { a.unwrap() }"),
        (
            "src/domain/hold.rs",
            "#[expect(clippy::expect_used, reason = \"a constant\")]\nfn f() { a.expect(\"a constant\") }",
        ),
    ]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_file_that_has_grown_too_long_is_an_offence_but_its_tests_do_not_count() {
    let long = "// A word.\nfn f() {}\n".repeat(501);
    assert_eq!(too_long(&tree(&[("src/domain/ids.rs", &long)])).len(), 1);
    let tests = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
    assert_eq!(
        too_long(&tree(&[("src/domain/ids.rs", &tests)])),
        Vec::<String>::new()
    );
}

#[test]
fn blanking_keeps_lines_and_code() {
    let source = Source::of(
        "a // b\n/* c /* d */ e */ f \"g\nh\" 'i' '\\'' 'j: loop {}\n// only words\nb\"k\" r\"l\" c",
    );
    assert_eq!(source.code().lines().count(), 5);
    assert_eq!(source.lines(), 4);
    for gone in ["b\n", "d", "g", "h\"", "i'", "k\"", "l\""] {
        assert!(
            !source.code().contains(gone),
            "{gone:?} is still in {:?}",
            source.code()
        );
    }
    assert!(source.code().contains("'j: loop {}") && source.code().ends_with('c'));
}
