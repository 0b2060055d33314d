//! The filter's language in the lists: the board's words, `~`, `!` and fields with a colon, with the
//! fields that a list has. What was typed is read here; what a line says is in `words.rs`.

use jiff::Timestamp;
use nucleo_matcher::Matcher;

use super::super::order::lines::Word;
use super::super::order::query::{PARTS, parts, words};
use super::Overview;
use super::item::Item;
use crate::app::engine::Engine;
use crate::app::view::tally::Stands;

/// What can stand before a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app::interface) enum Field {
    Service,
    Group,
    Forge,
    Release,
    Environment,
    State,
    By,
    Branch,
    Run,
    Label,
    Checks,
    Kind,
    What,
    How,
}

/// What was typed, read once for all lines. All terms must fit.
#[derive(Debug, Default)]
pub(in crate::app::interface) struct Query {
    terms: Vec<Term>,
    /// What cannot be understood: then nothing fits.
    pub problems: Vec<String>,
    matcher: Option<Matcher>,
}

/// One term, perhaps turned round by `!`.
#[derive(Debug)]
struct Term {
    not: bool,
    test: Test,
}

#[derive(Debug)]
enum Test {
    /// One of the line's words.
    Word(Word),
    /// A field of it has a part that is one of these.
    Field(Field, Vec<String>),
}

impl Field {
    /// Its names, the one that is told first.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Service => &["service", "svc", "name"],
            Self::Group => &["group", "team"],
            Self::Forge => &["forge"],
            Self::Release => &["release"],
            Self::Environment => &["env", "environment", "in"],
            Self::State => &["state", "is", "result"],
            Self::By => &["by", "actor", "who", "author", "owner"],
            Self::Branch => &["branch", "ref"],
            Self::Run => &["run", "workflow"],
            Self::Label => &["label"],
            Self::Checks => &["checks"],
            Self::Kind => &["kind"],
            Self::What => &["what", "event"],
            Self::How => &["how"],
        }
    }

    pub fn word(self) -> &'static str {
        self.names().first().copied().unwrap_or_default()
    }

    /// The field of a name, among those of a list.
    pub fn named(overview: Overview, name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        let mut all = Self::of(overview).iter().copied();
        all.find(|field| field.names().contains(&lower.as_str()))
    }

    /// The fields of a list.
    pub fn of(overview: Overview) -> &'static [Self] {
        match overview {
            Overview::Runs => &[
                Self::Service,
                Self::Group,
                Self::Forge,
                Self::Release,
                Self::Environment,
                Self::State,
                Self::By,
                Self::Branch,
                Self::Run,
            ],
            Overview::PullRequests => &[
                Self::Service,
                Self::Group,
                Self::Forge,
                Self::Release,
                Self::State,
                Self::By,
                Self::Branch,
                Self::Label,
                Self::Checks,
            ],
            Overview::Tasks => &[
                Self::Service,
                Self::Group,
                Self::Forge,
                Self::Release,
                Self::Environment,
                Self::State,
                Self::By,
            ],
            Overview::Holds => &[
                Self::Service,
                Self::Group,
                Self::Forge,
                Self::Release,
                Self::Environment,
                Self::State,
                Self::By,
                Self::Kind,
            ],
            Overview::Timeline => &[
                Self::Service,
                Self::Group,
                Self::Forge,
                Self::Release,
                Self::Environment,
                Self::State,
                Self::By,
                Self::What,
                Self::How,
            ],
        }
    }
}

/// What the help and the errors say of the language.
pub(in crate::app::interface) fn fields(overview: Overview) -> String {
    let names = Field::of(overview).iter();
    let names: Vec<String> = names.map(|field| format!("{}:", field.word())).collect();
    format!("{}, {PARTS}", names.join(" "))
}

/// The states that can be looked for, as they are told.
pub(in crate::app::interface) fn states(overview: Overview) -> &'static [&'static str] {
    match overview {
        Overview::Runs => &[
            "failed",
            "waiting",
            "running",
            "queued",
            "cancelled",
            "unknown",
            "ok",
            "succeeded",
            "superseded",
            "skipped",
        ],
        Overview::PullRequests => &[
            "ready",
            "checks-failed",
            "conflict",
            "changes-requested",
            "needs-review",
            "behind",
            "blocked",
            "queued",
            "checks-running",
            "checking",
            "draft",
            "merged",
            "closed",
            "unknown",
        ],
        Overview::Tasks => &[
            "release",
            "unknown",
            "running",
            "queued",
            "waiting",
            "intended",
            "sending",
            "accepted",
            "reconciling",
        ],
        Overview::Holds => &["held", "on", "ended"],
        Overview::Timeline => &[
            "ok",
            "intended",
            "sending",
            "accepted",
            "running",
            "succeeded",
            "failed",
            "cancelled",
            "rejected",
            "abandoned",
            "unknown",
            "reconciling",
            "reconciled",
            "absent",
            "void",
            "granted",
            "used",
            "passed",
            "red",
            "started",
            "shipped",
            "stopped",
            "seen",
        ],
    }
}

impl Query {
    /// Reads what was typed. What cannot be understood is told and lets no line through.
    pub fn parse(overview: Overview, text: &str) -> Self {
        let mut query = Self::default();
        for (not, word) in words(text) {
            match test(overview, word) {
                Ok(Some(test)) => query.terms.push(Term { not, test }),
                Ok(None) => {}
                Err(why) => query.problems.push(why),
            }
        }
        query
    }

    /// Says whether every line passes.
    pub fn is_open(&self) -> bool {
        self.terms.is_empty() && self.problems.is_empty()
    }

    /// Says whether it looks at the words of lines.
    pub fn has_words(&self) -> bool {
        let mut terms = self.terms.iter();
        terms.any(|term| matches!(term.test, Test::Word(_)))
    }

    /// Says whether what was typed on after `before` can only take lines away, because all of it is
    /// words that must be there.
    pub fn narrows(&self, before: &Self) -> bool {
        let words = |query: &Self| {
            let mut terms = query.terms.iter();
            query.problems.is_empty()
                && terms.all(|term| !term.not && matches!(term.test, Test::Word(_)))
        };
        words(self) && words(before) && self.terms.len() >= before.terms.len()
    }

    /// Says whether a line fits; `words` is what it says.
    pub fn lets_through(
        &mut self,
        item: &Item<'_>,
        words: &str,
        engine: &Engine,
        now: Timestamp,
    ) -> bool {
        let Self {
            terms,
            matcher,
            problems,
        } = self;
        problems.is_empty()
            && terms.iter().all(|term| {
                let fits = match &term.test {
                    Test::Word(word) => word.fits(words, Stands::default(), matcher),
                    Test::Field(field, parts) => item.has(*field, parts, engine, now),
                };
                term.not != fits
            })
    }
}

/// Reads one term without its `!`. `None` is a field whose value is still to be typed.
fn test(overview: Overview, word: &str) -> Result<Option<Test>, String> {
    if let Some(rest) = word.strip_prefix('~') {
        return Ok(Some(Test::Word(Word::fuzzy(rest))));
    }
    let Some((name, value)) = word.split_once(':') else {
        return Ok(Some(Test::Word(Word::plain(word))));
    };
    let Some(field) = Field::named(overview, name) else {
        let fields = fields(overview);
        return Err(format!("there is no field {name:?}; there are {fields}"));
    };
    let parts = parts(value);
    if field == Field::State {
        let known = states(overview);
        for part in &parts {
            if !known.iter().any(|state| state.starts_with(part)) {
                let known = known.join(" ");
                return Err(format!("there is no state {part:?}; there are {known}"));
            }
        }
    }
    Ok((!parts.is_empty()).then_some(Test::Field(field, parts)))
}
