//! Versions as people tag them, compared number by number; and what a dependency asks for, which is
//! a version or a commit.

use super::ids::Sha;

/// A version: `v2.1.0`, `payments-2.1`, `2.1.0-rc.1`. Ordered as semantic versions are, a
/// pre-release below its release; missing numbers are zeros.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Without zeros at the end.
    numbers: Vec<u64>,
    released: bool,
    pre: Vec<Part>,
}

/// A part of a pre-release. Numbers come before words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

/// Words that some write behind a release, and that mean nothing more.
const RELEASED: &[&str] = &["final", "release", "ga"];

impl Version {
    /// Reads a version; a name and a `v` may stand before it. What comes after `+` does not count.
    pub fn of(text: &str) -> Option<Self> {
        let rest = text.get(start(text)?..)?;
        let (rest, _) = rest.split_once('+').unwrap_or((rest, ""));
        let end = rest
            .find(|sign: char| !sign.is_ascii_digit() && sign != '.')
            .unwrap_or(rest.len());
        let (core, tail) = rest.split_at(end);
        let (core, dotted) = match core.strip_suffix('.') {
            Some(core) => (core, true),
            None => (core, false),
        };
        let mut numbers = core
            .split('.')
            .map(str::parse)
            .collect::<Result<Vec<u64>, _>>()
            .ok()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        let word = tail.to_ascii_lowercase();
        if dotted && !RELEASED.contains(&word.as_str()) {
            return None;
        }
        let released = tail.is_empty() || RELEASED.contains(&word.trim_start_matches('-'));
        let pre = if released { Vec::new() } else { parts(&word) };
        Some(Self {
            numbers,
            released,
            pre,
        })
    }
}

/// Where the numbers of a version start: at the beginning, behind a `v`, or at the first number that
/// is not part of a name.
fn start(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let boundary = |place: usize| {
        place == 0
            || bytes
                .get(place - 1)
                .is_some_and(|sign| b"-_/@ ".contains(sign))
    };
    let digits = || (0..bytes.len()).filter(|place| bytes[*place].is_ascii_digit());
    let after_v = |place: &usize| {
        place
            .checked_sub(1)
            .is_some_and(|v| bytes[v].eq_ignore_ascii_case(&b'v') && boundary(v))
    };
    if bytes.first().is_some_and(u8::is_ascii_digit) {
        return Some(0);
    }
    digits()
        .find(after_v)
        .or_else(|| digits().find(|place| boundary(*place)))
}

/// `rc1.2` as a word, a number, a number, so that the tenth candidate comes after the second.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for part in text.split(['-', '.', '_']).filter(|part| !part.is_empty()) {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let is_number = first.is_ascii_digit();
            let end = rest
                .find(|sign: char| sign.is_ascii_digit() != is_number)
                .unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            parts.push(match run.parse() {
                Ok(number) if is_number => Part::Number(number),
                Ok(_) | Err(_) => Part::Word(run.to_owned()),
            });
            rest = after;
        }
    }
    parts
}

/// What a dependency asks for. Seven digits may be a commit or a version: then both are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    commit: Option<String>,
    pub version: Option<Version>,
}

impl Wanted {
    pub fn of(text: &str) -> Option<Self> {
        let is_hex = text.bytes().all(|sign| sign.is_ascii_hexdigit());
        let commit = (is_hex && (7..=40).contains(&text.len())).then(|| text.to_ascii_lowercase());
        let has_letter = text.bytes().any(|sign| sign.is_ascii_alphabetic());
        let version = match commit {
            Some(_) if has_letter => None,
            Some(_) | None => Version::of(text),
        };
        (commit.is_some() || version.is_some()).then_some(Self { commit, version })
    }

    /// Says whether it asks for this very commit.
    pub fn is(&self, sha: &Sha) -> bool {
        let commit = self.commit.as_deref();
        commit.is_some_and(|commit| sha.as_str().starts_with(commit))
    }

    /// Says whether it can mean a commit.
    pub fn is_commit(&self) -> bool {
        self.commit.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::of(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn versions_are_compared_number_by_number() {
        let rising = [
            "0.9",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc2",
            "1.0.0-rc10",
            "1.0.0",
            "1.0.1",
            "1.2",
            "1.10",
            "2",
            "2026.11.21",
            "2026.12.1",
        ];
        for pair in rising.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn a_name_a_v_zeros_and_what_was_built_do_not_count() {
        for same in [
            "2.1",
            "v2.1.0",
            "V2.1",
            "payments-2.1.0",
            "payments-v2.1.0",
            "payments/v2.1",
            "@acme/pay@2.1.0",
            "api2-v2.1.0",
            "web-3-v2.1",
            "release_2.1",
            "2.1.0+build.7",
            "2.1.0.Final",
            "2.1.0-RELEASE",
        ] {
            assert_eq!(version(same), version("2.1.0"), "{same}");
        }
        assert_eq!(version("2.0rc1"), version("2.0.0-rc.1"));
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in [
            "",
            "main",
            "v",
            "1.2.x",
            "latest",
            "99999999999999999999999",
            "1..2",
        ] {
            assert_eq!(Version::of(text), None, "{text}");
        }
    }

    #[test]
    fn a_commit_is_seven_to_forty_hex_digits() {
        let sha = Sha::from("abcdef0123".repeat(4));
        for text in ["abcdef0", "ABCDEF0", sha.as_str()] {
            let wanted = Wanted::of(text).unwrap();
            assert!(wanted.is(&sha) && wanted.version.is_none(), "{text}");
        }
        assert!(!Wanted::of("bcdef01").unwrap().is(&sha));
        assert_eq!(Wanted::of("abcdef"), None);
        let both = Wanted::of("20261121").unwrap();
        assert!(both.is_commit() && both.version.is_some());
        assert!(!Wanted::of("2.1.0").unwrap().is_commit());
    }
}
