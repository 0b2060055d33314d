//! The page that says which test shows which rule: each rule has a line, and each test exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{ours, read};

/// Every rule that has to be shown, by its name.
const RULES: [&str; 37] = [
    "W1", "W2", "W3", "W4", "W5", "W6", "H1", "H2", "H3", "H4", "H5", "H6", "S1", "S2", "O1", "P1",
    "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "send 1", "send 2", "send 3",
    "send 4", "send 5", "send 6", "send 7", "send 8", "mixed 1", "mixed 2", "mixed 3",
];

/// A line of the page: the rule, and the tests that it names.
fn lines(page: &str) -> Vec<(&str, Vec<&str>)> {
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let (rule, _, tests) = (cells.next()?, cells.next()?, cells.next()?);
        let tests = tests.split('`').skip(1).step_by(2).collect();
        RULES.contains(&rule).then_some((rule, tests))
    });
    rows.collect()
}

#[test]
fn every_rule_is_shown_by_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/rules.md")).unwrap();
    let mut files = ours();
    read(root, "tests", ".rs", &mut files);
    let known: BTreeSet<&str> = files
        .iter()
        .flat_map(|(_, text)| text.split("fn ").skip(1))
        .map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap()
        })
        .collect();
    let lines = lines(&page);
    for rule in RULES {
        let shown = lines.iter().filter(|(name, _)| *name == rule);
        let tests: Vec<&str> = shown.flat_map(|(_, tests)| tests.iter().copied()).collect();
        assert!(!tests.is_empty(), "nothing shows {rule}");
        for test in tests {
            assert!(
                known.contains(test),
                "{rule} names {test}, which is no test"
            );
        }
    }
}
