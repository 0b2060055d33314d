//! `gonogo scope`: what would move into an environment, and how much is at stake.

use jiff::Timestamp;

use super::gates::CellArgs;
use super::output::{self, span};
use super::status::{self, PATIENCE};
use super::{Exit, Failure, Global, settings};
use crate::app::status::scope::{ChangesStatus, RiskStatus, ScopeStatus};
use crate::config::Env;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::domain::text::counted;
use crate::runtime::headless::Headless;

pub(super) async fn run(global: &Global, env: &Env, args: CellArgs) -> Result<Exit, Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    let services = status::known_services(&headless, std::slice::from_ref(&args.service))?;
    let environment = EnvironmentName::new(&args.to);
    headless.settle(&services, PATIENCE).await;
    for service in &services {
        headless.read_scope(service, &environment, PATIENCE).await;
    }
    let now = headless.state.now;
    let engine = headless.engine();
    let row = services
        .first()
        .and_then(|service| engine.board.row(service));
    let found = row.and_then(|row| {
        let rule = engine.policy.risk_rule(&environment);
        Some(ScopeStatus::of(row, row.cell(&environment)?, &rule, now))
    });
    let unread = row.is_some_and(|row| row.facts.value().is_none());
    let fault = row.and_then(|row| row.facts.fault.clone());
    let policy = engine.policy.clone();
    headless.finish().await;
    if let Some(fault) = fault.filter(|_| unread) {
        return Err(fault.into());
    }
    let Some(scope) = found else {
        let service = ServiceName::new(&args.service);
        return Err(status::no_environment(&policy, &service, &environment));
    };
    if global.json {
        output::json_line(&scope);
    } else {
        print(&scope, now);
    }
    let known = scope.changes.is_some() || scope.candidate.is_none() || scope.live.is_none();
    Ok(if known { Exit::Done } else { Exit::Facts })
}

fn print(scope: &ScopeStatus, now: Timestamp) {
    let live = scope.live.as_ref().map_or("nothing", |live| live.label());
    let (service, to) = (&scope.service, &scope.environment);
    let Some(candidate) = &scope.candidate else {
        return output::line(&format!("{service} > {to}   {live}, nothing to promote"));
    };
    output::line(&format!(
        "{service} > {to}   {live} > {}",
        candidate.label()
    ));
    let Some(changes) = &scope.changes else {
        let why = match (&scope.live, &scope.fault) {
            (None, _) => "first deployment: nothing to compare with",
            (Some(_), Some(fault)) => fault,
            (Some(_), None) => "not known: what lies between was not read",
        };
        return output::line(&format!("  {why}"));
    };
    print_changes(changes, now);
    if let Some(risk) = &scope.risk {
        print_risk(risk);
    }
}

/// The changes in lines, for `why` too.
pub(super) fn print_changes(changes: &ChangesStatus, now: Timestamp) {
    let say = |label: &str, text: &str| output::line(&format!("  {label:<10} {text}"));
    let list = |items: &[String]| match items {
        [] => "nobody".to_owned(),
        items => items.join(", "),
    };
    let cut = if changes.complete {
        ""
    } else {
        ", list incomplete"
    };
    let way = match changes.relation.as_str() {
        "ahead" | "identical" => String::new(),
        "behind" => ", goes BACK".to_owned(),
        "diverged" => ", DIVERGED".to_owned(),
        word => format!(", {word}"),
    };
    let (commits, requests) = (changes.total_commits, changes.pull_requests.len());
    say(
        "changes",
        &format!(
            "{}, {}{way}{cut}",
            counted(commits, "commit", "commits"),
            counted(requests, "PR", "PRs")
        ),
    );
    for ticket in &changes.tickets {
        let url = ticket.url.as_ref();
        let url = url.map_or_else(String::new, |url| format!("  {url}"));
        let by = ticket.named_by.join(" ");
        say("ticket", &format!("{} ({by}){url}", ticket.name));
    }
    say("authors", &list(&changes.authors));
    say("reviewed", &list(&changes.reviewers));
    if let Some(size) = changes.size {
        let first = if size.cut { "the first " } else { "" };
        let text = format!(
            "{first}{} +{} -{}",
            counted(size.files, "file", "files"),
            size.additions,
            size.deletions
        );
        say("size", &text);
    }
    for touched in &changes.touches {
        say(
            "touches",
            &format!("{}: {}", touched.kind, touched.files.join(", ")),
        );
    }
    if !changes.labels.is_empty() {
        say("labels", &changes.labels.join(", "));
    }
    if let Some(oldest) = changes.oldest_at {
        let age = span(now.duration_since(oldest));
        say("behind", &format!("the oldest commit is {age} old"));
    }
    for request in &changes.pull_requests {
        let author = request.author.as_deref().unwrap_or("?");
        let approved = match request.approved_by.as_slice() {
            [] => "no review".to_owned(),
            people => format!("approved by {}", people.join(", ")),
        };
        let number = format!("#{}", request.number);
        say(
            &number,
            &format!("{author}: {} ({approved})", request.title),
        );
    }
    let loose = changes
        .commits
        .iter()
        .filter(|it| it.pull_requests.is_empty());
    for commit in loose {
        let author = commit.author.as_deref().unwrap_or("?");
        let short = commit.sha.get(..7).unwrap_or(&commit.sha);
        say(
            short,
            &format!("{author}: {} (no pull request)", commit.headline),
        );
    }
}

fn print_risk(risk: &RiskStatus) {
    output::line(&format!(
        "  risk       {} of 100, {}",
        risk.score, risk.level
    ));
    for point in &risk.points {
        let worth = format!("+{}", point.points);
        output::line(&format!(
            "      {worth:>4} {} {}: {}",
            point.count, point.what, point.why
        ));
    }
    print_warning(risk);
}

/// The warning of a large batch, for `gates` and `check` too.
pub(super) fn print_warning(risk: &RiskStatus) {
    if let Some(warning) = &risk.warning {
        output::line(&format!("  ! {warning}"));
    }
}
