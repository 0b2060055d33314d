//! The set that votes are bound to, in a line: how many services move and what they bring, whose it is,
//! and whose go counts for how long. Each service and its wave lives in `waves.rs`.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use super::super::line::{Line, Tone};
use super::super::look::Look;
use super::Shown;
use crate::domain::observed::Fact;
use crate::domain::release::agenda::{Move, Standing};
use crate::domain::scope::Scope;
use crate::domain::signoff::AtClose;
use crate::domain::text::counted;

/// What is left out for want of room.
#[derive(Clone, Copy)]
struct Words {
    long: bool,
    /// What they bring.
    counts: bool,
    waves: bool,
    owner: bool,
}

/// From the most to the fewest: what has a place of its own on the screen goes first.
const WORDS: [Words; 4] = [
    Words {
        long: true,
        counts: true,
        waves: true,
        owner: true,
    },
    Words {
        long: false,
        counts: true,
        waves: true,
        owner: true,
    },
    Words {
        long: false,
        counts: true,
        waves: false,
        owner: true,
    },
    Words {
        long: false,
        counts: true,
        waves: false,
        owner: false,
    },
];

/// `set@5f1c: 5 of 6 services move, 33 commits, 11 PRs, 3 waves; owner alice; each role says go; kept when
/// its window closes`, in one line, with fewer words if need be, or in as many as it takes: whose go counts
/// for how long is never cut off.
pub(super) fn lines(look: &Look<'_>, shown: &Shown<'_>, columns: usize) -> Vec<Line> {
    let brought = Brought::of(look, shown).to_string();
    let told = WORDS.map(|words| told(shown, &brought, columns, words));
    // The first of those that take the fewest lines.
    told.into_iter().min_by_key(Vec::len).unwrap_or_default()
}

fn told(shown: &Shown<'_>, brought: &str, columns: usize, words: Words) -> Vec<Line> {
    let release = shown.release;
    let set = shown.decision.bound.as_str().get(..4).unwrap_or_default();
    let moving = moves(shown).count();
    let count = release.items.len();
    let items = shown.decision.agenda.items.iter();
    let dropped = items
        .filter(|(_, standing)| matches!(standing, Standing::Dropped(_)))
        .count();
    let services = if words.long { "services " } else { "" };
    let mut text = format!(": {moving} of {count} {services}move");
    if dropped > 0 {
        let _ = write!(text, " ({dropped} dropped)");
    }
    if words.counts && moving > 0 {
        let _ = write!(text, ", {brought}");
    }
    if words.waves {
        let waves = counted(release.waves.len(), "wave", "waves");
        let _ = write!(text, ", {waves}");
    }
    let first = Line::of(Tone::Muted, "set@")
        .with(Tone::Strong, set.to_owned())
        .with(Tone::Plain, text);
    let owner = release.owner.as_ref().filter(|_| words.owner);
    let owner = owner.map(|owner| Line::of(Tone::Muted, format!("owner {owner}")));
    let asks = match (release.roles.len(), release.distinct) {
        (0, _) => None,
        (1, _) => Some("its role says go"),
        (_, true) => Some("each role says go, by another person"),
        (_, false) => Some("each role says go"),
    };
    let closes = match (&shown.decision.closings, release.at_close, words.long) {
        (Some(_), AtClose::Withdraw, true) => Some("withdrawn when its window closes"),
        (Some(_), AtClose::Keep, true) => Some("kept when its window closes"),
        (Some(_), AtClose::Withdraw, false) => Some("withdrawn at close"),
        (Some(_), AtClose::Keep, false) => Some("kept at close"),
        (None, _, _) => None,
    };
    let closes = closes.filter(|_| !release.roles.is_empty());
    let asks = asks.map(Line::plain);
    let closes = closes.map(|closes| Line::of(Tone::Muted, closes));
    let mut lines: Vec<Line> = Vec::new();
    for part in [Some(first), owner, asks, closes].into_iter().flatten() {
        let fits = |line: &&mut Line| line.width() + 2 + part.width() <= columns;
        match lines.last_mut().filter(fits) {
            Some(line) => {
                line.push(Tone::Muted, "; ");
                line.0.extend(part.0);
            }
            None => lines.push(Line::plain(" ").then(part)),
        }
    }
    lines
}

fn moves<'a>(shown: &'a Shown<'_>) -> impl Iterator<Item = &'a Move> {
    let run = shown.run.map(|run| run.moves.iter());
    let agenda = shown.run.is_none().then(|| shown.decision.agenda.moves());
    run.into_iter()
        .flatten()
        .chain(agenda.into_iter().flatten())
}

/// What the services bring that move, as far as their scopes were read.
#[derive(Default)]
struct Brought {
    commits: u64,
    pull_requests: u64,
    /// How many scopes were read, and whether that is all of them, to their ends.
    read: usize,
    partly: bool,
    cut: bool,
}

impl Brought {
    fn of(look: &Look<'_>, shown: &Shown<'_>) -> Self {
        let mut brought = Self::default();
        // Services of one repository bring the same commit once.
        let (mut commits, mut pull_requests) = (BTreeSet::new(), BTreeSet::new());
        for moved in moves(shown) {
            let row = look.engine.board.row(&moved.service);
            let ends = moved.from.as_ref();
            let ends = ends.map(|from| (from.sha.clone(), moved.to.sha.clone()));
            let read = row.zip(ends).and_then(|(row, ends)| {
                let scope: &Scope = row.scopes.get(&ends).and_then(Fact::value)?;
                Some((&row.service.repo, scope))
            });
            let Some((repo, scope)) = read else {
                brought.partly = true;
                continue;
            };
            brought.read += 1;
            let listed = u64::try_from(scope.commits.len()).unwrap_or(u64::MAX);
            brought.cut |= !scope.complete;
            brought.commits += scope.total.saturating_sub(listed);
            commits.extend(scope.commits.iter().map(|commit| (repo, &commit.sha)));
            pull_requests.extend(scope.pull_requests.iter().map(|one| (repo, one.number)));
        }
        brought.commits += u64::try_from(commits.len()).unwrap_or(u64::MAX);
        brought.pull_requests = u64::try_from(pull_requests.len()).unwrap_or(u64::MAX);
        brought
    }
}

impl fmt::Display for Brought {
    /// `33 commits, 11 PRs`; `33+ commits, 11+ PRs` where that is not all of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.read == 0 {
            return f.write_str("? commits");
        }
        // What is not listed is counted by the forge all the same, but not what brought it.
        let pull_requests = self.pull_requests;
        if self.partly {
            return write!(f, "{}+ commits, {pull_requests}+ PRs", self.commits);
        }
        let commits = counted(self.commits, "commit", "commits");
        if self.cut {
            return write!(f, "{commits}, {pull_requests}+ PRs");
        }
        write!(f, "{commits}, {}", counted(pull_requests, "PR", "PRs"))
    }
}
