//! Risk: how much is at stake in a scope, as a sum of points each of which says what it is for. A
//! measure to stop and look by, not a forecast; what follows from it is policy's to say.

use serde::Serialize;

use super::ids::RoleName;
use super::scope::{Relation, Scope, ScopeRule};

/// No sum is higher.
pub const MOST: u32 = 100;

/// What a policy makes of the score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskRule {
    /// From this score on everybody is warned.
    pub warn: Option<u32>,
    /// From this score on the `risk` gate asks for a second approver.
    pub second: Option<u32>,
    /// The roles of which the second approver has one.
    pub roles: Vec<RoleName>,
}

impl Default for RiskRule {
    fn default() -> Self {
        Self {
            warn: Some(50),
            second: None,
            roles: Vec::new(),
        }
    }
}

impl RiskRule {
    pub fn warns(&self, risk: &Risk) -> bool {
        self.warn.is_some_and(|warn| risk.score() >= warn)
    }

    /// What everybody is told of a score that is high enough.
    pub fn warning(&self, risk: &Risk) -> Option<String> {
        self.warns(risk).then(|| {
            let (score, level) = (risk.score(), risk.level().word());
            format!("risk {score} ({level}): {}", risk.heaviest(2))
        })
    }
}

/// How high a score is, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Low,
    Medium,
    High,
}

impl Level {
    fn of(score: u32) -> Self {
        match score {
            0..25 => Self::Low,
            25..50 => Self::Medium,
            50.. => Self::High,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Some points, and what they are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// What was counted, for instance `commits`.
    pub what: String,
    /// How many there are.
    pub count: u64,
    pub points: u32,
    /// Why that is a risk, as a clause.
    pub why: &'static str,
}

/// What a scope puts at stake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// Those that are worth something, the heaviest first.
    pub points: Vec<Point>,
}

impl Risk {
    pub fn score(&self) -> u32 {
        self.sum().min(MOST)
    }

    /// All points, also beyond what the score shows.
    pub fn sum(&self) -> u32 {
        self.points.iter().map(|point| point.points).sum()
    }

    pub fn level(&self) -> Level {
        Level::of(self.score())
    }

    /// The heaviest points in words: `12 commits +12, 1 migrations +10`.
    pub fn heaviest(&self, most: usize) -> String {
        let words = self.points.iter().take(most).map(|point| {
            let Point {
                what,
                count,
                points,
                ..
            } = point;
            format!("{count} {what} +{points}")
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// Counts what a scope puts at stake. It rests on the scope alone and on no clock, so that two who look
/// at the same promotion see the same score; more in a scope is never less at stake.
pub fn assess(scope: &Scope, rule: &ScopeRule) -> Risk {
    let mut points = Vec::new();
    let mut add = |what: &str, count: u64, worth: u64, most: u32, why| {
        let worth = u32::try_from(worth).unwrap_or(u32::MAX).min(most);
        if worth > 0 {
            points.push(Point {
                what: what.to_owned(),
                count,
                points: worth,
                why,
            });
        }
    };
    let commits = scope.total.max(length(scope.commits.len()));
    let why = "the more moves at once, the longer a fault is looked for";
    add(counted("commit", commits), commits, commits, 20, why);
    let authors = length(scope.authors().len());
    let why = "what was not made together meets here for the first time";
    add("authors", authors, authors.saturating_sub(1) * 2, 10, why);
    let size = scope.size().unwrap_or_default();
    let lines = size.additions.saturating_add(size.deletions);
    let why = "there is more to get wrong, and to look through";
    add("changed lines", lines, lines / 50, 20, why);
    let why = "it reaches into many places";
    add("changed files", size.files, size.files / 10, 10, why);
    for (kind, files) in scope.of_interest(rule) {
        let files = length(files.len());
        let why = "the config names such files: a rollback may not bring them back";
        add(&format!("in {kind}"), files, files + 9, 20, why);
    }
    let alone = length(scope.without_pull_request().count());
    // Where not all were read, those that are missing may be there.
    if scope.complete {
        let why = "nobody was asked to look at it before";
        let what = counted("commit without a pull request", alone);
        add(what, alone, alone * 5, 20, why);
    }
    let without = length(scope.without_ticket(rule));
    let why = "nobody can look up what it is for";
    let what = counted("commit without a ticket", without);
    add(what, without, without * 2, 10, why);
    let days = scope.between().map_or(0, |(oldest, newest)| {
        u64::try_from(newest.duration_since(oldest).as_hours() / 24).unwrap_or(0)
    });
    let why = "the oldest waited for the newest; what is fresh in mind is mended sooner";
    add(counted("day of work", days), days, days, 10, why);
    if size.cut || scope.files.is_none() || !scope.complete || commits > length(scope.commits.len())
    {
        let why = "the forge did not list everything: what is not seen may be anything";
        add("incomplete list", 1, 10, 10, why);
    }
    match &scope.relation {
        Relation::Behind | Relation::Diverged | Relation::Unknown(_) => {
            let why = "what is live has commits that the candidate lacks, or may have";
            add("way that is not straight ahead", 1, 20, 20, why);
        }
        Relation::Ahead | Relation::Identical => {}
    }
    points.sort_by_key(|point| std::cmp::Reverse(point.points));
    Risk { points }
}

/// What is counted, in the number that fits.
fn counted(one: &'static str, count: u64) -> &'static str {
    match (one, count) {
        (one, 1) => one,
        ("commit", _) => "commits",
        ("commit without a pull request", _) => "commits without a pull request",
        ("commit without a ticket", _) => "commits without a ticket",
        ("day of work", _) => "days of work",
        (one, _) => one,
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod laws;
