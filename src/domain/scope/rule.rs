//! What is looked for in a scope: the patterns of tickets, and the globs of files of interest. Reading
//! them from TOML lives in `config`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use regex::{Regex, RegexBuilder, bytes};

/// The largest that a pattern may grow to: nobody's ticket needs more.
const LARGEST: usize = 1 << 18;

/// Files of interest where a config names none.
const USUAL: [(&str, &[&str]); 2] = [
    (
        "infrastructure",
        &[
            "**/*.tf",
            "**/Dockerfile",
            "**/docker-compose*.{yml,yaml}",
            "**/{terraform,helm,charts,k8s}/**",
            ".github/workflows/**",
        ],
    ),
    ("migrations", &["**/migrations/**", "**/migrate/**"]),
];

/// What is looked for in the scopes of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRule {
    pub tickets: Vec<TicketPattern>,
    /// The address of a ticket, with `{ticket}` where its name goes.
    pub ticket_link: Option<String>,
    /// Files of interest by kind.
    pub files: BTreeMap<String, Globs>,
}

impl ScopeRule {
    /// What is looked for where nobody says; one for all services, because it takes a while to make.
    pub fn usual() -> Arc<Self> {
        static MADE: LazyLock<Arc<ScopeRule>> = LazyLock::new(|| Arc::new(ScopeRule::made()));
        Arc::clone(&MADE)
    }

    fn made() -> Self {
        let usual = USUAL.iter().filter_map(|(kind, globs)| {
            let globs = globs.iter().map(|glob| (*glob).to_owned()).collect();
            Some(((*kind).to_owned(), Globs::new(globs).ok()?))
        });
        Self {
            tickets: Vec::new(),
            ticket_link: None,
            files: usual.collect(),
        }
    }
}

/// A regular expression that finds tickets. Two are equal if they are written alike.
#[derive(Clone)]
pub struct TicketPattern(Regex);

impl TicketPattern {
    /// Reads a pattern; its first group, if it has one, is what the ticket is called.
    ///
    /// # Errors
    ///
    /// Says in one line what is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(text).size_limit(LARGEST).build();
        let regex = built.map_err(|error| in_one_line(&error))?;
        if regex.is_match("") {
            return Err("it also matches nothing at all, so everywhere".to_owned());
        }
        Ok(Self(regex))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The tickets that a text names.
    pub(super) fn find<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let found = self.0.captures_iter(text);
        found
            .filter_map(|found| Some(found.get(1).or_else(|| found.get(0))?.as_str()))
            .filter(|ticket| !ticket.is_empty())
    }
}

impl fmt::Display for TicketPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TicketPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for TicketPattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for TicketPattern {}

/// A parser's error draws the pattern over several lines; the last says what is wrong.
fn in_one_line(error: &regex::Error) -> String {
    if let regex::Error::CompiledTooBig(_) = error {
        return "it is too large".to_owned();
    }
    let told = error.to_string();
    let last = told.lines().next_back().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// Globs of paths, any of which may match. Two are equal if they are written alike.
#[derive(Clone)]
pub struct Globs {
    texts: Vec<String>,
    /// Of bytes: what a glob lets through needs no table of all characters.
    any: bytes::Regex,
}

impl Globs {
    /// Reads globs: `*` and `?` stay within a folder, `**` goes through any number of folders,
    /// `{a,b}` is either.
    ///
    /// # Errors
    ///
    /// Says which is wrong, by its place, and why.
    pub fn new(texts: Vec<String>) -> Result<Self, (usize, String)> {
        let mut parts = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            parts.push(expression(text).map_err(|why| (place, why))?);
        }
        let whole = format!("^(?:{})$", parts.join("|"));
        let mut any = bytes::RegexBuilder::new(&whole);
        let built = any.unicode(false).size_limit(LARGEST * 4).build();
        let any = built.map_err(|error| (0, in_one_line(&error)))?;
        Ok(Self { texts, any })
    }

    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    pub fn matches(&self, path: &str) -> bool {
        self.any.is_match(path.as_bytes())
    }
}

impl fmt::Debug for Globs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.texts, f)
    }
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for Globs {}

/// Turns a glob into a regular expression.
fn expression(glob: &str) -> Result<String, String> {
    if glob.starts_with('/') || glob.starts_with("./") {
        return Err("paths start at the root of the repository, without a slash".to_owned());
    }
    if glob.ends_with('/') {
        return Err("it names a folder, and only files change: add `**`".to_owned());
    }
    let folders: Vec<&str> = glob.split('/').collect();
    let last = folders.len() - 1;
    let mut expression = String::new();
    let mut is_alternative = false;
    for (place, folder) in folders.iter().enumerate() {
        match *folder {
            "" | "." | ".." => return Err("a folder of it has no name".to_owned()),
            "**" if place == last => expression.push_str(".+"),
            "**" => expression.push_str("(?:[^/]+/)*"),
            folder if folder.contains("**") => {
                return Err("`**` stands for whole folders: write `**/` or `/**`".to_owned());
            }
            folder => {
                for character in folder.chars() {
                    match character {
                        '*' => expression.push_str("[^/]*"),
                        // One character, however many bytes it has.
                        '?' => expression.push_str("(?u:[^/])"),
                        '{' if is_alternative => return Err("a brace within braces".to_owned()),
                        '{' => {
                            is_alternative = true;
                            expression.push_str("(?:");
                        }
                        ',' if is_alternative => expression.push('|'),
                        '}' if is_alternative => {
                            is_alternative = false;
                            expression.push(')');
                        }
                        '}' => return Err("a brace that was not opened".to_owned()),
                        character => expression.push_str(&regex::escape(&character.to_string())),
                    }
                }
                if is_alternative {
                    return Err("a brace is not closed before the next slash".to_owned());
                }
                if place < last {
                    expression.push('/');
                }
            }
        }
    }
    Ok(expression)
}
