//! The filter's language: what was typed after `/`, read into terms, with what is wrong with it in
//! words. Matching a row is the one small function `lets_through`; ordering rows lives in `order`.

use std::fmt;

use jiff::Timestamp;
use nucleo_matcher::Matcher;

use super::lines::Word;
use crate::app::view::tally::{Stands, is_quiet};
use crate::domain::board::Row;
use crate::domain::cell::{Cell, CellState};
use crate::domain::ids::Person;
use crate::domain::policy::{Policy, Service, Via};
use crate::domain::spelling::nearest;

/// What the help and the errors say of the language.
pub const FIELDS: &str =
    "service: group: forge: release: env: state: behind: owner:, ~ fuzzy, ! not, a,b either";

/// The part of it that the lists have too.
pub(in crate::app::interface) const PARTS: &str = "~ fuzzy, ! not, a,b either";

/// What was typed, read once for all rows. All terms must fit.
#[derive(Debug, Default)]
pub struct Query {
    terms: Vec<Term>,
    /// What cannot be understood: then nothing fits.
    pub problems: Vec<Unclear>,
    matcher: Option<Matcher>,
}

/// A term that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    pub why: String,
    /// What could stand there instead.
    pub hint: String,
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.why, self.hint)
    }
}

/// One term, perhaps turned round by `!`.
#[derive(Clone, Debug, PartialEq)]
struct Term {
    not: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// One of the row's words.
    Word(Word),
    /// A field of the row has a part that is one of these.
    OfRow(RowField, Vec<String>),
    /// The same of a cell.
    OfCell(CellTest),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowField {
    Service,
    Group,
    Forge,
    Release,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum CellTest {
    Environment(Vec<String>),
    State(Vec<String>),
    Owner(Vec<String>),
    Behind(Bound, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Above,
    AtLeast,
    Exactly,
    AtMost,
    Below,
}

/// What can stand before a colon, with its other names.
const NAMES: [(&str, &str); 15] = [
    ("service", "service"),
    ("svc", "service"),
    ("name", "service"),
    ("group", "group"),
    ("team", "group"),
    ("forge", "forge"),
    ("release", "release"),
    ("env", "env"),
    ("environment", "env"),
    ("in", "env"),
    ("state", "state"),
    ("is", "state"),
    ("behind", "behind"),
    ("owner", "owner"),
    // As the lists call it.
    ("by", "owner"),
];

/// Names of fields for completion, one each.
pub const COMPLETIONS: [&str; 8] = [
    "service:", "group:", "forge:", "release:", "env:", "state:", "behind:", "owner:",
];

/// States that can be looked for.
pub(super) const STATES: [CellState; 15] = CellState::ALL;

impl Query {
    /// Reads what was typed. What cannot be understood is told and lets no row through: whoever marks
    /// all that is shown must not mark what was never asked for.
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for (not, word) in words(text) {
            match test(word) {
                Ok(Some(test)) => query.terms.push(Term { not, test }),
                Ok(None) => {}
                Err(why) => query.problems.push(why),
            }
        }
        query
    }

    /// Says whether every row passes.
    pub fn is_open(&self) -> bool {
        self.terms.is_empty() && self.problems.is_empty()
    }

    /// Says whether what was typed on after `before` can only take rows away, because all of it is
    /// words that must be there.
    pub fn narrows(&self, before: &Self) -> bool {
        let words = |query: &Self| {
            let mut terms = query.terms.iter();
            query.problems.is_empty()
                && terms.all(|term| !term.not && matches!(term.test, Test::Word(_)))
        };
        words(self) && words(before) && self.terms.len() >= before.terms.len()
    }

    /// Says whether a row fits; `line` is what it is called, `stands` where it stands. Terms of the
    /// environment choose the cells that are looked at: of one of them the other terms of cells
    /// must hold, of none of them those with a `!`.
    pub(super) fn lets_through(
        &mut self,
        row: &Row,
        line: &str,
        stands: Stands,
        policy: &Policy,
        now: Timestamp,
    ) -> bool {
        let Self {
            terms,
            matcher,
            problems,
        } = self;
        if !problems.is_empty() {
            return false;
        }
        let of_row = terms.iter().all(|term| match &term.test {
            Test::OfCell(_) => true,
            Test::Word(word) => term.not != word.fits(line, stands, matcher),
            Test::OfRow(field, parts) => term.not != of_row(row, policy, *field, parts),
        });
        of_row && of_cells(terms, row, policy, now)
    }
}

fn of_cells(terms: &[Term], row: &Row, policy: &Policy, now: Timestamp) -> bool {
    let places = terms.iter().filter_map(|term| match &term.test {
        Test::OfCell(CellTest::Environment(parts)) => Some((term.not, parts)),
        _ => None,
    });
    let tests: Vec<(bool, &CellTest)> = terms
        .iter()
        .filter_map(|term| match &term.test {
            Test::OfCell(CellTest::Environment(_)) => None,
            Test::OfCell(test) => Some((term.not, test)),
            _ => None,
        })
        .collect();
    let placed = places.clone().next().is_some();
    if !placed && tests.is_empty() {
        return true;
    }
    let cells: Vec<&Cell> = row
        .cells
        .iter()
        .filter(|cell| {
            places
                .clone()
                .all(|(not, parts)| not != any_part(cell.environment.as_str(), parts))
        })
        .collect();
    if placed && cells.is_empty() {
        return false;
    }
    // That all is well is said of a row, or of its places that are asked for, as a whole: somewhere
    // on its path it is so of nearly every service.
    let well = cells.iter().all(|cell| {
        let next = cell.next(&row.facts, policy, now);
        let ours = row.service.stage(&cell.environment);
        let ours = ours.is_none_or(|stage| stage.via != Via::Forge);
        let states = [
            Some(cell.state(&row.facts, policy, now)),
            ours.then_some(next),
        ];
        states.into_iter().flatten().all(is_quiet)
    });
    let asked = tests.iter().any(|(not, _)| !not);
    let fits = !asked
        || cells.iter().any(|cell| {
            let mut wanted = tests.iter().filter(|(not, _)| !not);
            wanted.all(|(_, test)| of_cell(row, cell, test, well, policy, now))
        });
    fits && !cells.iter().any(|cell| {
        let mut unwanted = tests.iter().filter(|(not, _)| *not);
        unwanted.any(|(_, test)| of_cell(row, cell, test, well, policy, now))
    })
}

fn of_cell(
    row: &Row,
    cell: &Cell,
    test: &CellTest,
    well: bool,
    policy: &Policy,
    now: Timestamp,
) -> bool {
    match test {
        CellTest::Environment(parts) => any_part(cell.environment.as_str(), parts),
        CellTest::State(parts) => [
            Some(cell.state(&row.facts, policy, now)),
            Some(cell.next(&row.facts, policy, now)),
            // Of what is too old to act on, the journal still knows this.
            row.facts
                .is_stale(now, policy.max_age)
                .then(|| cell.by_journal(now))
                .flatten(),
        ]
        .iter()
        .flatten()
        .filter(|state| well || !is_quiet(**state))
        .any(|state| parts.iter().any(|part| state.word().starts_with(part))),
        CellTest::Owner(parts) => {
            let holds = cell.holds.iter().filter(|hold| hold.is_on(now));
            let flight = cell.in_flight.as_ref();
            holds
                .map(|hold| hold.owner.as_str())
                .chain(
                    flight
                        .and_then(|flight| flight.by.as_ref())
                        .map(Person::as_str),
                )
                .chain(cell.deployed_by.as_ref().map(Person::as_str))
                .any(|name| any_part(name, parts))
        }
        CellTest::Behind(bound, count) => {
            // Level is none behind; not knowing is neither more nor less.
            let behind = match (&cell.candidate, cell.ahead) {
                (None, _) => Some(0),
                (Some(_), ahead) => ahead,
            };
            behind.is_some_and(|behind| match bound {
                Bound::Above => behind > *count,
                Bound::AtLeast => behind >= *count,
                Bound::Exactly => behind == *count,
                Bound::AtMost => behind <= *count,
                Bound::Below => behind < *count,
            })
        }
    }
}

fn of_row(row: &Row, policy: &Policy, field: RowField, parts: &[String]) -> bool {
    let service = &row.service;
    match field {
        RowField::Service => any_part(service.name.as_str(), parts),
        RowField::Group => {
            let group = service.group.as_deref();
            group.is_some_and(|group| any_part(group, parts))
        }
        RowField::Forge => of_forge(service, parts),
        RowField::Release => policy.releases.iter().any(|release| {
            let mut items = release.items.iter();
            any_part(release.name.as_str(), parts) && items.any(|item| item.service == service.name)
        }),
    }
}

pub(in crate::app::interface) fn any_part(text: &str, parts: &[String]) -> bool {
    parts.iter().any(|part| contains(text, part))
}

/// Whether a service's forge is meant: by its name, its kind, or the kind's short word.
pub(in crate::app::interface) fn of_forge(service: &Service, parts: &[String]) -> bool {
    any_part(service.forge.as_str(), parts)
        || any_part(service.kind.word(), parts)
        || parts.iter().any(|part| part == service.kind.short())
}

/// Whether `text` has `part` in it, whatever the case; `part` is in lower case already.
pub(in crate::app::interface) fn contains(text: &str, part: &str) -> bool {
    if text.is_ascii() && part.is_ascii() {
        let (text, part) = (text.as_bytes(), part.as_bytes());
        return part.is_empty()
            || text
                .windows(part.len())
                .any(|window| window.eq_ignore_ascii_case(part));
    }
    text.to_lowercase().contains(part)
}

/// The field of a name, by its own.
pub(super) fn field(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let named = NAMES.iter().find(|(name, _)| *name == lower);
    named.map(|(_, field)| *field)
}

/// The terms of what was typed, each with whether it is turned round. A sign alone is being typed.
pub(in crate::app::interface) fn words(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let turned = text
        .split_whitespace()
        .map(|word| match word.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, word),
        });
    turned.filter(|(_, word)| !word.is_empty() && *word != "~")
}

/// What a field may be one of, in lower case.
pub(in crate::app::interface) fn parts(value: &str) -> Vec<String> {
    let parts = value.split(',').filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).collect()
}

/// Reads one term without its `!`. `None` is a field whose value is still to be typed.
fn test(word: &str) -> Result<Option<Test>, Unclear> {
    if let Some(rest) = word.strip_prefix('~') {
        return Ok(Some(Test::Word(Word::fuzzy(rest))));
    }
    let Some((field, value)) = word.split_once(':') else {
        return Ok(Some(Test::Word(Word::plain(word))));
    };
    let Some(field) = self::field(field) else {
        let near = nearest(&field.to_lowercase(), NAMES.map(|(name, _)| name));
        return Err(Unclear {
            why: format!("there is no field {field:?}"),
            hint: near.map_or_else(
                || format!("there are {FIELDS}"),
                |near| format!("did you mean `{near}:`?"),
            ),
        });
    };
    let parts = parts(value);
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(match field {
        "service" => Some(Test::OfRow(RowField::Service, parts)),
        "group" => Some(Test::OfRow(RowField::Group, parts)),
        "forge" => Some(Test::OfRow(RowField::Forge, parts)),
        "release" => Some(Test::OfRow(RowField::Release, parts)),
        "env" => Some(Test::OfCell(CellTest::Environment(parts))),
        "owner" => Some(Test::OfCell(CellTest::Owner(parts))),
        "state" => Some(Test::OfCell(CellTest::State(states(parts)?))),
        _ => behind(value)?.map(Test::OfCell),
    })
}

fn states(parts: Vec<String>) -> Result<Vec<String>, Unclear> {
    let words = STATES.map(CellState::word);
    for part in &parts {
        if !words.iter().any(|word| word.starts_with(part.as_str())) {
            return Err(Unclear {
                why: format!("there is no state {part:?}"),
                hint: nearest(part, words).map_or_else(
                    || format!("there are {}", words.join(" ")),
                    |near| format!("did you mean `{near}`?"),
                ),
            });
        }
    }
    Ok(parts)
}

fn behind(value: &str) -> Result<Option<CellTest>, Unclear> {
    let bounds = [
        (">=", Bound::AtLeast),
        ("<=", Bound::AtMost),
        (">", Bound::Above),
        ("<", Bound::Below),
        ("=", Bound::Exactly),
    ];
    let (bound, count) = bounds
        .iter()
        .find_map(|(sign, bound)| Some((*bound, value.strip_prefix(sign)?)))
        .unwrap_or((Bound::Exactly, value));
    if count.is_empty() {
        return Ok(None);
    }
    count
        .parse()
        .map(|count| Some(CellTest::Behind(bound, count)))
        .map_err(|_| Unclear {
            why: format!("{value:?} is no number of commits"),
            hint: "write for instance behind:>5".to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::harness::{add_release, hold, now, running, state, with_cell};
    use super::super::lines::Lines;
    use super::*;
    use crate::app::state::State;
    use crate::app::view::tally::stands;
    use crate::domain::forge_kind::ForgeKind;

    fn found(state: &State, text: &str) -> Vec<String> {
        let mut query = Query::parse(text);
        let policy = &state.engine.policy;
        let lines = Lines::new(policy, &state.engine.board.rows);
        let rows = state.engine.board.rows.iter().enumerate();
        rows.filter(|(place, row)| {
            let (_, stands) = stands(row, policy, now());
            query.lets_through(row, lines.line(*place), stands, policy, now())
        })
        .map(|(_, row)| row.service.name.to_string())
        .collect()
    }

    fn busy() -> State {
        let mut state = state();
        add_release(&mut state);
        hold(&mut state, "h-1", "search", "staging");
        running(&mut state, "web", "production");
        with_cell(&mut state.engine.board, "billing", "production", |cell| {
            cell.ahead = Some(7);
        });
        let policy = Arc::make_mut(&mut state.engine.policy);
        if let Some(web) = policy.each().find(|service| service.name.as_str() == "web") {
            web.forge = "codeberg".into();
            web.kind = ForgeKind::Forgejo;
        }
        for row in &mut state.engine.board.rows {
            if row.service.name.as_str() == "web" {
                let web = Arc::make_mut(&mut row.service);
                web.forge = "codeberg".into();
                web.kind = ForgeKind::Forgejo;
            }
        }
        state
    }

    #[test]
    fn each_kind_of_term_finds_what_it_says() {
        let state = busy();
        let table = [
            ("", "api billing search web"),
            ("ear", "search"),
            ("EAR", "search"),
            ("sch", ""),
            ("~sch", "search"),
            ("!ear", "api billing web"),
            ("!~sch", "api billing web"),
            ("front !web", "api search"),
            ("group:money", "billing"),
            ("team:money", "billing"),
            ("!group:money", "api search web"),
            ("service:api,web", "api web"),
            ("forge:code", "web"),
            ("forge:fj", "web"),
            ("forge:forgejo", "web"),
            ("forge:gh", "api billing search"),
            ("release:2026", "api search"),
            ("state:held", "search"),
            ("!state:held", "api billing web"),
            ("state:held env:prod", ""),
            ("state:held env:stag", "search"),
            ("state:held !env:prod", "search"),
            ("env:canary", ""),
            ("owner:carol", "search"),
            ("by:carol", "search"),
            ("owner:bob env:prod state:run", "web"),
            ("behind:>5", "billing"),
            ("behind:>=7", "billing"),
            ("behind:7", "billing"),
            ("behind:>7", ""),
            ("behind:<7 behind:>0 env:prod", ""),
            ("state:gated,held", "billing search"),
            ("state:gated state:held", ""),
        ];
        for (text, expected) in table {
            assert_eq!(found(&state, text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn that_all_is_well_is_said_of_a_row_as_a_whole() {
        let state = state();
        let table = [
            ("state:ok", "web"),
            ("!state:ok", "api billing search"),
            ("ok", "web"),
            ("!ok", "api billing search"),
            ("state:ok env:staging", "api billing search web"),
            ("!state:ok env:production", "api billing search"),
            ("state:ready,ok", "api search web"),
        ];
        for (text, expected) in table {
            assert_eq!(found(&state, text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn what_is_being_typed_takes_nothing_away() {
        let state = busy();
        for text in [
            "!", "~", "!~", "forge:", "!state:", "behind:", "behind:>", "state:,",
        ] {
            assert_eq!(found(&state, text).len(), 4, "{text}");
            assert!(Query::parse(text).problems.is_empty(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_told_and_lets_nothing_through() {
        let state = busy();
        let table = [
            ("colour:red web", "there is no field \"colour\""),
            (
                "state:blue web",
                "there is no state \"blue\"; there are failed unfit",
            ),
            (
                "behind:many web",
                "\"many\" is no number of commits; write for instance behind:>5",
            ),
            (
                "stat:held web",
                "there is no field \"stat\"; did you mean `state:`?",
            ),
            (
                "state:hedl web",
                "there is no state \"hedl\"; did you mean `held`?",
            ),
        ];
        for (text, why) in table {
            let problems = Query::parse(text).problems;
            assert_eq!(problems.len(), 1, "{text}");
            assert!(problems[0].to_string().starts_with(why), "{problems:?}");
            assert!(found(&state, text).is_empty(), "{text}");
            assert!(!Query::parse(text).is_open(), "{text}");
        }
        // Alone, and turned round.
        for text in ["stat:ready", "foo:bar", "!foo:bar"] {
            assert!(found(&state, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn only_more_words_narrow() {
        let narrows = |before, after| Query::parse(after).narrows(&Query::parse(before));
        for (before, after) in [("", "w"), ("w", "we"), ("we", "we ~b"), ("~w", "~we")] {
            assert!(narrows(before, after), "{before} {after}");
        }
        for (before, after) in [
            ("!w", "!we"),
            ("behind:<1", "behind:<10"),
            ("state:held", "state:held,gated"),
            ("forge", "forge:"),
            ("we ap", "we"),
        ] {
            assert!(!narrows(before, after), "{before} {after}");
        }
    }

    #[test]
    fn every_name_for_completion_is_a_field() {
        for name in COMPLETIONS {
            let named = NAMES.iter().any(|(known, _)| format!("{known}:") == name);
            assert!(named, "{name}");
        }
    }
}
