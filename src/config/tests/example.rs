//! `config.example.toml` says the truth, and all of it.

use super::*;

pub(super) const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// Where the text after the key's value says `# default`.
fn is_marked_default(line: &str) -> bool {
    line.split_once(" # default")
        .is_some_and(|(key, _)| key.contains(" = "))
        && !line.starts_with('#')
}

#[test]
fn the_example_says_default_only_where_it_is_so() {
    let whole = load_text(EXAMPLE).unwrap_or_else(|problems| panic!("{}", render(&problems)));
    let marked: Vec<usize> = (0..EXAMPLE.lines().count())
        .filter(|place| EXAMPLE.lines().nth(*place).is_some_and(is_marked_default))
        .collect();
    assert!(marked.len() > 15, "{marked:?}");
    for place in marked {
        let line = EXAMPLE.lines().nth(place).unwrap();
        let without: String = EXAMPLE
            .lines()
            .enumerate()
            .filter(|(at, _)| *at != place)
            .flat_map(|(_, line)| [line, "\n"])
            .collect();
        let mut without = load_text(&without)
            .unwrap_or_else(|problems| panic!("without {line}:\n{}", render(&problems)));
        without.notes.clone_from(&whole.notes);
        assert_eq!(without, whole, "leaving out {line:?} changes something");
    }
}

#[test]
fn the_config_of_the_readme_loads_as_it_is() {
    let readme = include_str!("../../../README.md");
    let blocks: Vec<&str> = readme
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!blocks.is_empty(), "the README shows a config");
    for block in blocks {
        load_text(block).unwrap_or_else(|problems| panic!("{}", render(&problems)));
    }
}

#[test]
fn the_example_shows_every_key_that_the_checker_knows() {
    // Each key in its section, commented out or not; inline tables by what stands in their braces.
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut section = String::new();
    for line in EXAMPLE.lines() {
        let line = line.trim_start_matches("# ").trim();
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            section = header.0.to_owned();
            seen.push((String::new(), section.split('.').next().unwrap().to_owned()));
            if section.contains(".promote.") {
                seen.push(("service".to_owned(), "promote".to_owned()));
            }
            continue;
        }
        if let Some((key, value)) = line.split_once(" = ") {
            seen.push((section.clone(), key.to_owned()));
            for (opening, _) in value.match_indices('{') {
                let inner = &value[opening + 1..];
                let kind = if matches!(
                    key,
                    "override" | "environments" | "risk" | "verify" | "brake"
                ) {
                    key.to_owned()
                } else {
                    key_kind(inner)
                };
                seen.extend(inline_keys(inner).map(|key| (kind.clone(), key)));
            }
        }
        if let Some(inner) = line.strip_prefix('{') {
            seen.extend(inline_keys(inner).map(|key| (key_kind(inner), key)));
        }
        if line.starts_with('"') {
            seen.push(("window".to_owned(), "kind".to_owned()));
        }
    }
    for section in keys::SECTIONS {
        let head = section.pattern.split('.').next().unwrap();
        let promote = section.pattern.contains(".promote.");
        for key in section.keys {
            let shown = seen.iter().any(|(place, seen)| {
                place.split('.').next() == Some(head)
                    && place.contains(".promote.") == promote
                    && seen == key
            });
            assert!(shown, "[{}] {key} is not in the example", section.pattern);
        }
    }
}

fn inline_keys(inner: &str) -> impl Iterator<Item = String> {
    inner
        .split([',', '{'])
        .filter_map(|part| Some(part.split_once(" = ")?.0.trim().to_owned()))
}

/// The section that an inline table belongs to: a release, its gate's kind, that of its task or probe,
/// or a token.
fn key_kind(inner: &str) -> String {
    if inner.trim_start().starts_with("service = ") {
        return "release".to_owned();
    }
    let kind = inner
        .split_once("kind = \"")
        .and_then(|(_, rest)| rest.split_once('"'));
    let keys: Vec<String> = inline_keys(inner).collect();
    let has = |key: &str| keys.iter().any(|known| known == key);
    match kind {
        Some((kind, _)) => kind,
        None if has("text") => "checklist",
        None if has("url") || has("prometheus") => "health",
        None => "token",
    }
    .to_owned()
}
