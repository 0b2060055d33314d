//! `gonogo scope --json`: what would move, what it adds up to, and each point of its risk.

use jiff::Timestamp;
use serde::Serialize;

use super::{RevisionStatus, SCHEMA};
use crate::domain::board::Row;
use crate::domain::cell::Cell;
use crate::domain::risk::{self, Point, Risk, RiskRule};
use crate::domain::scope::{Relation, Scope, ScopedPullRequest, Ticket};

#[derive(Clone, Debug, Serialize)]
pub struct ScopeStatus {
    pub schema: u32,
    pub service: String,
    pub environment: String,
    /// What is live; `candidate` would take its place.
    pub live: Option<RevisionStatus>,
    pub candidate: Option<RevisionStatus>,
    /// Why it is not known what lies between, if it is not.
    pub fault: Option<String>,
    /// Null where nothing moves, or nobody knows what.
    pub changes: Option<ChangesStatus>,
    pub risk: Option<RiskStatus>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ChangesStatus {
    /// `ahead`, `behind`, `diverged`, `identical`, or the forge's own word.
    pub relation: String,
    /// Whether every commit and pull request was read.
    pub complete: bool,
    pub total_commits: u64,
    pub tickets: Vec<TicketStatus>,
    pub authors: Vec<String>,
    pub reviewers: Vec<String>,
    pub labels: Vec<String>,
    pub size: Option<SizeStatus>,
    /// Files of interest, by kind.
    pub touches: Vec<TouchesStatus>,
    pub oldest_at: Option<Timestamp>,
    pub newest_at: Option<Timestamp>,
    pub days_behind: Option<i64>,
    pub pull_requests: Vec<ChangeStatus>,
    pub commits: Vec<CommitStatus>,
    pub url: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct TicketStatus {
    pub name: String,
    pub url: Option<String>,
    pub named_by: Vec<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct SizeStatus {
    pub files: u64,
    pub additions: u64,
    pub deletions: u64,
    /// The forge lists no more files: there may be others.
    pub cut: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct TouchesStatus {
    pub kind: String,
    pub files: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ChangeStatus {
    pub number: u64,
    pub title: String,
    pub author: Option<String>,
    pub approved_by: Vec<String>,
    pub merged_by: Option<String>,
    pub branch: Option<String>,
    pub labels: Vec<String>,
    pub additions: Option<u64>,
    pub deletions: Option<u64>,
    pub url: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct CommitStatus {
    pub sha: String,
    pub headline: String,
    pub author: Option<String>,
    pub at: Option<Timestamp>,
    pub pull_requests: Vec<u64>,
}

/// How much is at stake, and what follows.
#[derive(Clone, Debug, Serialize)]
pub struct RiskStatus {
    pub score: u32,
    /// `low`, `medium`, `high`.
    pub level: &'static str,
    /// In words, where the score is high enough for a warning.
    pub warning: Option<String>,
    /// Whether the policy asks for a second approver.
    pub second: bool,
    pub points: Vec<Point>,
}

impl RiskStatus {
    pub fn of(risk: Risk, rule: &RiskRule) -> Self {
        Self {
            score: risk.score(),
            level: risk.level().word(),
            warning: rule.warning(&risk),
            second: rule.second.is_some_and(|second| risk.score() >= second),
            points: risk.points,
        }
    }
}

impl ScopeStatus {
    pub fn of(row: &Row, cell: &Cell, rule: &RiskRule, now: Timestamp) -> Self {
        let fact = row.scope_of(cell);
        let scope = fact.and_then(|fact| fact.value());
        let fault = fact.filter(|fact| fact.last.is_none());
        Self {
            schema: SCHEMA,
            service: row.service.name.to_string(),
            environment: cell.environment.to_string(),
            live: cell.live.as_ref().map(RevisionStatus::of),
            candidate: cell.candidate.as_ref().map(RevisionStatus::of),
            fault: fault.and_then(|fact| Some(fact.fault.as_ref()?.to_string())),
            changes: scope.map(|scope| ChangesStatus::of(row, scope, now)),
            risk: scope.map(|scope| RiskStatus::of(risk::assess(scope, &row.service.scope), rule)),
        }
    }
}

impl ChangesStatus {
    pub fn of(row: &Row, scope: &Scope, now: Timestamp) -> Self {
        let rule = &row.service.scope;
        let size = scope.size();
        let between = scope.between();
        Self {
            relation: match &scope.relation {
                Relation::Ahead => "ahead".to_owned(),
                Relation::Behind => "behind".to_owned(),
                Relation::Diverged => "diverged".to_owned(),
                Relation::Identical => "identical".to_owned(),
                Relation::Unknown(word) => word.clone(),
            },
            complete: scope.complete,
            total_commits: scope.total,
            tickets: scope.tickets(rule).into_iter().map(Into::into).collect(),
            authors: texts(scope.authors()),
            reviewers: texts(scope.reviewers()),
            labels: texts(scope.labels()),
            size: size.map(|size| SizeStatus {
                files: size.files,
                additions: size.additions,
                deletions: size.deletions,
                cut: size.cut,
            }),
            touches: scope
                .of_interest(rule)
                .into_iter()
                .map(|(kind, files)| TouchesStatus {
                    kind: kind.to_owned(),
                    files: files.into_iter().map(|file| file.path.clone()).collect(),
                })
                .collect(),
            oldest_at: between.map(|(oldest, _)| oldest),
            newest_at: between.map(|(_, newest)| newest),
            days_behind: scope.behind(now).map(|behind| behind.as_hours() / 24),
            pull_requests: scope.pull_requests.iter().map(ChangeStatus::of).collect(),
            commits: scope
                .commits
                .iter()
                .map(|commit| CommitStatus {
                    sha: commit.sha.to_string(),
                    headline: commit.headline.clone(),
                    author: commit.author.as_ref().map(ToString::to_string),
                    at: commit.at,
                    pull_requests: commit.pull_requests.iter().map(|it| it.0).collect(),
                })
                .collect(),
            url: scope.url.clone(),
        }
    }
}

impl ChangeStatus {
    pub fn of(request: &ScopedPullRequest) -> Self {
        let approved = request.reviews.iter().filter(|review| review.approved);
        Self {
            number: request.number.0,
            title: request.title.clone(),
            author: request.author.as_ref().map(ToString::to_string),
            approved_by: texts(approved.map(|review| &review.author)),
            merged_by: request.merged_by.as_ref().map(ToString::to_string),
            branch: request.branch.clone(),
            labels: request.labels.clone(),
            additions: request.additions,
            deletions: request.deletions,
            url: request.url.clone(),
        }
    }
}

impl From<Ticket> for TicketStatus {
    fn from(ticket: Ticket) -> Self {
        Self {
            name: ticket.name,
            url: ticket.url,
            named_by: ticket.named_by.into_iter().collect(),
        }
    }
}

fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}
