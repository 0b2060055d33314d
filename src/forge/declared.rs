//! What files and payloads declare, as flat keys and values: the same for every forge. Comparing
//! two of them lives in `domain/gate/parity.rs`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::ids::Digest;
use crate::domain::text::{clean, shorten};

/// The longest file that is read.
pub const MOST_BYTES: u64 = 64 * 1024;
/// The most keys that are compared.
const MOST_KEYS: usize = 2_000;
/// The longest key or value that is kept whole, in characters.
const LONGEST: usize = 120;

type Keys = BTreeMap<String, String>;

/// Reads a file by the end of its name: `.toml`, `.json`, else lines of `key = value`.
///
/// Tables give `outer.inner`, lists of tables `list.0.inner`. A list of plain values is one value
/// without an order, `a, b`: what is declared is which there are.
///
/// # Errors
///
/// Says in words what cannot be read, and where.
pub fn of_file(path: &str, text: &str) -> Result<Keys, String> {
    let ending = |wanted: &str| {
        path.rsplit_once('.')
            .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case(wanted))
    };
    if ending("toml") {
        of_object(toml(text)?)
    } else if ending("json") {
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => of_object(fields),
            Ok(_) => Err("it is JSON, but not an object".to_owned()),
            Err(error) => Err(format!("it is not JSON: {}", clean(&error.to_string()))),
        }
    } else {
        lines(text).and_then(bounded)
    }
}

/// Flattens an object.
///
/// # Errors
///
/// If it has more keys than anybody compares.
pub fn of_object(fields: Map<String, Value>) -> Result<Keys, String> {
    let mut keys = Keys::new();
    for (key, value) in fields {
        flatten(part(&key), value, &mut keys);
    }
    bounded(keys)
}

fn bounded(keys: Keys) -> Result<Keys, String> {
    match keys.len() {
        0..=MOST_KEYS => Ok(keys),
        many => Err(format!("it declares {many} keys, more than {MOST_KEYS}")),
    }
}

fn flatten(key: String, value: Value, keys: &mut Keys) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (inner, value) in fields {
                flatten(format!("{key}.{}", part(&inner)), value, keys);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (place, item) in items.into_iter().enumerate() {
                flatten(format!("{key}.{place}"), item, keys);
            }
        }
        Value::Array(items) => {
            let mut items: Vec<String> = items.iter().map(plain).collect();
            items.sort();
            keys.insert(key, showable(&format!("[{}]", items.join(", "))));
        }
        value => {
            keys.insert(key, showable(&plain(&value)));
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// One part of a key, quoted if it would read as several.
fn part(key: &str) -> String {
    if key.is_empty() || key.contains(['.', '"']) {
        showable(&format!("\"{key}\""))
    } else {
        showable(key)
    }
}

/// Makes a text safe to show and short. What is lost by that is told apart by a hash, so that two
/// texts that differ never look the same.
fn showable(text: &str) -> String {
    let clean = clean(text);
    let short = shorten(&clean, LONGEST);
    if short == text {
        short
    } else {
        let digest = Digest::of([text]);
        format!(
            "{short} ({})",
            digest.as_str().get(..12).unwrap_or_default()
        )
    }
}

fn toml(text: &str) -> Result<Map<String, Value>, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.unwrap_or_default().matches('\n').count() + 1;
        format!("line {line} is not TOML: {}", clean(error.message()))
    })?;
    let fields = table.into_iter().map(|(key, value)| (key, json(value)));
    Ok(fields.collect())
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        // Not a number of JSON: infinity and its like.
        toml::Value::Float(number) => match serde_json::Number::from_f64(number) {
            Some(number) => Value::Number(number),
            None => Value::String(number.to_string()),
        },
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(datetime) => Value::String(datetime.to_string()),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, json(value)))
            .collect(),
    }
}

/// Reads lines of `key = value` or `key: value`; `#` and `;` begin a comment. A dot in a key is the
/// writer's own way of nesting, as in `.properties`.
fn lines(text: &str) -> Result<Keys, String> {
    let mut keys = Keys::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let place = place + 1;
        let Some((key, value)) = line.split_once(['=', ':']) else {
            return Err(format!("line {place} is not `key = value`"));
        };
        let (key, value) = (showable(key.trim()), unquoted(value.trim()));
        if keys.insert(key.clone(), showable(value)).is_some() {
            return Err(format!("line {place} declares {key} a second time"));
        }
    }
    Ok(keys)
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = value
            .strip_prefix(quote)
            .and_then(|value| value.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Vec<(String, String)> {
        of_file(path, text).unwrap().into_iter().collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        owned.collect()
    }

    #[test]
    fn toml_json_and_lines_declare_the_same() {
        let expected = pairs(&[
            ("debug", "false"),
            ("hosts.0.os", "debian-12"),
            ("plugins", "[audit, cache]"),
            ("runtime.java", "21"),
        ]);
        let toml = "debug = false\nplugins = [\"cache\", \"audit\"]\n[runtime]\njava = 21\n[[hosts]]\nos = \"debian-12\"\n";
        assert_eq!(read("deploy/prod.TOML", toml), expected);
        let json = r#"{"runtime": {"java": "21"}, "hosts": [{"os": "debian-12"}], "plugins": ["audit", "cache"], "debug": false}"#;
        assert_eq!(read("prod.json", json), expected);
        let lines = "# facts\n; of prod\n\nruntime.java = 21\nhosts.0.os: 'debian-12'\nplugins=[audit, cache]\ndebug=false\n";
        assert_eq!(read("prod.env", lines), expected);
    }

    #[test]
    fn odd_values_stay_apart() {
        let toml = "day = 2026-11-21\nratio = 0.5\nmany = inf\nnone = []\nempty = {}\n\"a.b\" = 1\na = { b = 2 }\nmatrix = [[1], [2]]\n";
        let expected = pairs(&[
            ("\"a.b\"", "1"),
            ("a.b", "2"),
            ("day", "2026-11-21"),
            ("empty", "{}"),
            ("many", "inf"),
            ("matrix.0", "[1]"),
            ("matrix.1", "[2]"),
            ("none", "[]"),
            ("ratio", "0.5"),
        ]);
        assert_eq!(read("a.toml", toml), expected);
        assert_eq!(
            read("a.env", "url = http://x:1/?a=b"),
            pairs(&[("url", "http://x:1/?a=b")])
        );
    }

    #[test]
    fn what_cannot_be_shown_is_told_apart_all_the_same() {
        let (one, two) = ("x".repeat(500) + "1", "x".repeat(500) + "2");
        let text = format!("a = {one}\nb = {two}\nc = \u{1b}[2J\nd = \u{7}[2J");
        let keys = of_file("a.env", &text).unwrap();
        assert_ne!(keys["a"], keys["b"]);
        assert_ne!(keys["c"], keys["d"]);
        for value in keys.values() {
            assert!(value.chars().count() < 160 && !value.contains(char::is_control));
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (path, text, why) in [
            ("a.toml", "ok = 1\nbroken\n", "line 2 is not TOML"),
            ("a.json", "{", "it is not JSON"),
            ("a.json", "[1]", "not an object"),
            ("a.env", "ok = 1\n\nbroken", "line 3 is not `key = value`"),
            ("a.env", "a = 1\na: 2", "line 2 declares a a second time"),
        ] {
            let error = of_file(path, text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let many: String = (0..=MOST_KEYS).map(|at| format!("k{at} = 1\n")).collect();
        assert!(of_file("a.env", &many).unwrap_err().contains("2001 keys"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,300}") {
            for path in ["a.toml", "a.json", "a"] {
                let _ = of_file(path, &text);
            }
        }
    }
}
