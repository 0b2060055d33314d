//! The rules: which layer may name which, what has one home, and how long a file may be.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// Which layer may name which others of ours; a part of a layer is named as `layer::part`.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("app", &["domain"]),
    ("ui", &["app", "domain"]),
    ("forge", &["domain"]),
    ("journal", &["domain"]),
    ("config", &["domain"]),
    ("sim", &[]),
    (
        "runtime",
        &["ui", "app", "forge", "journal", "config", "domain"],
    ),
    (
        "cli",
        &[
            "runtime",
            "app",
            "config",
            "domain",
            "sim",
            "ui::theme",
            "ui::Theme",
        ],
    ),
    ("main", &["cli", "runtime::terminal"]),
    ("lib", &[]),
];

/// What may be written in these files alone. A place ends in `/` if it is a folder.
const HOMES: &[(&[&str], &[&str], &str)] = &[
    (
        &["Timestamp::now", "Zoned::now", "SystemTime::now"],
        &["src/runtime/clock.rs", "src/sim/clock.rs"],
        "time is an input",
    ),
    // Of tokio's clock, which tests can hold still, the forge measures how long it waits.
    (
        &["Instant::now"],
        &["src/runtime/clock.rs", "src/sim/clock.rs", "src/forge/"],
        "time is an input",
    ),
    (
        &["tokio::spawn", "task::spawn(", "thread::spawn", "rt::spawn"],
        &[
            "src/runtime/tasks.rs",
            "src/sim/server.rs",
            "src/sim/server/",
        ],
        "there is one spawner, so that every effect answers",
    ),
    (&["thread::sleep"], &[], "nothing sleeps"),
    (&["process::exit"], &[], "main alone ends the process"),
    (
        &["octocrab"],
        &["src/forge/github.rs", "src/forge/github/"],
        "octocrab stays inside its adapter",
    ),
    (
        &["ratatui"],
        &[
            "src/ui.rs",
            "src/ui/",
            "src/runtime/terminal.rs",
            "src/runtime/terminal/",
        ],
        "drawing lives in ui",
    ),
    (
        &["crossterm"],
        &["src/runtime/"],
        "the terminal belongs to the runtime",
    ),
    (&["sqlx"], &["src/journal/"], "SQL stays inside the journal"),
    (
        &["axum", "async_graphql"],
        &["src/sim.rs", "src/sim/"],
        "servers live in the simulator",
    ),
];

/// What a pure layer never names.
const PURE: &[&str] = &["domain", "app"];
const IMPURE: &[&str] = &[
    "tokio::",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "reqwest::",
];

/// How much code one file may have.
const LINES: usize = 500;

/// Source files by their paths.
pub struct Tree {
    files: BTreeMap<String, Source>,
}

impl Tree {
    pub fn of(files: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            files: files
                .into_iter()
                .map(|(path, text)| (path, Source::of(&text)))
                .collect(),
        }
    }
}

/// Says everything that is written in a place where it may not be, a line each.
pub fn offences(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let product = product(tree);
    for (path, source) in &tree.files {
        edges(path, source, product.get(path), &mut found);
    }
    for (path, source) in product {
        homes(path, source.code(), &mut found);
    }
    found
}

/// Says which files have grown too long, a line each.
pub fn too_long(tree: &Tree) -> Vec<String> {
    let long = |(path, source): (&String, Source)| {
        let lines = source.lines();
        (lines > LINES)
            .then(|| format!("{path}: {lines} lines of code, at most {LINES}: has it one subject?"))
    };
    product(tree).into_iter().filter_map(long).collect()
}

/// The files without those that are only compiled for tests, and without their test modules.
fn product(tree: &Tree) -> BTreeMap<&String, Source> {
    let mut tests = BTreeSet::new();
    let mut product = BTreeMap::new();
    for (path, source) in &tree.files {
        let (code, files) = source.without_tests();
        let folder = path.trim_end_matches(".rs");
        tests.extend(files.into_iter().map(|name| format!("{folder}/{name}")));
        product.insert(path, code);
    }
    product.retain(|path, _| {
        !tests.iter().any(|test| {
            path.strip_prefix(test.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    });
    product
}

/// The layer that a file belongs to: the folder below `src`, or the file itself.
fn layer(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    inside.split(['/', '.']).next().unwrap_or(inside)
}

/// Looks at what a file names. Tests of a layer may also talk to the simulator, over HTTP as
/// everybody does; `product` is the file without its tests, if anything is left of it.
fn edges(path: &str, source: &Source, product: Option<&Source>, found: &mut Vec<String>) {
    let own = layer(path);
    let Some((_, may)) = LAYERS.iter().find(|(name, _)| *name == own) else {
        found.push(format!("{path}: {own} is no layer that the table knows"));
        return;
    };
    // From `src/domain/board.rs`, `super::super` is the crate. An inline test module stands one
    // deeper, so its `super` means something else.
    let crate_from_here = vec!["super"; path.matches('/').count()].join("::");
    let roots = ["crate", "gonogo", &crate_from_here];
    let named = |source: &Source, roots: &[&str]| -> BTreeSet<String> {
        roots.iter().flat_map(|root| source.paths(root)).collect()
    };
    let strict = product
        .map(|source| named(source, &roots))
        .unwrap_or_default();
    let mut all = named(source, &roots[..2]);
    if product.is_none() {
        all.extend(named(source, &roots[2..]));
    }
    all.extend(strict.iter().cloned());
    let mut said = BTreeSet::new();
    for target in all {
        let other = target.split("::").next().unwrap_or_default();
        let below = |may: &str| target == may || target.starts_with(&format!("{may}::"));
        let in_test = other == "sim" && !strict.contains(&target);
        let allowed = other == own || in_test || may.iter().any(|may| *may == other || below(may));
        if !allowed && said.insert(other.to_owned()) {
            found.push(format!("{path}: {own} may not name {target}"));
        }
    }
}

fn homes(path: &str, code: &str, found: &mut Vec<String>) {
    for (words, homes, why) in HOMES {
        let at_home = homes
            .iter()
            .any(|home| path == *home || (home.ends_with('/') && path.starts_with(home)));
        for word in words.iter().filter(|_| !at_home) {
            if has_word(code, word) {
                found.push(format!("{path}: `{word}`: {why}"));
                break;
            }
        }
    }
    if PURE.contains(&layer(path))
        && let Some(word) = IMPURE.iter().find(|word| has_word(code, word))
    {
        found.push(format!("{path}: `{word}`: {} is pure", layer(path)));
    }
    if !code.contains("clippy::unwrap_used") && code.contains(".unwrap()") {
        found.push(format!("{path}: `unwrap` outside tests"));
    }
    if !code.contains("clippy::expect_used") && code.contains(".expect(") {
        found.push(format!("{path}: `expect` outside tests"));
    }
}

/// Finds a word that is not the tail of a longer one.
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|sign| sign.is_alphanumeric() || sign == '_')
    })
}

/// Finds a layer that may, by way of others, name itself.
pub fn cycle() -> Option<&'static str> {
    let of = |layer: &str| {
        let row = LAYERS.iter().find(|(name, _)| *name == layer);
        row.map_or(&[][..], |(_, may)| may)
            .iter()
            .map(|may| may.split("::").next().unwrap_or(may))
    };
    LAYERS.iter().map(|(name, _)| *name).find(|start| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = of(start).collect();
        while let Some(next) = open.pop() {
            if next == *start {
                return true;
            }
            if seen.insert(next) {
                open.extend(of(next));
            }
        }
        false
    })
}
