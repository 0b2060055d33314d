//! A large batch that is to go, and one that somebody promoted.

use std::sync::Arc;

use super::dialogs::{detail, promote};
use super::journal::{draft, intent, push};
use super::*;
use crate::app::interface::{DetailTab, Overlay, Screen};
use crate::domain::entry::Event;
use crate::domain::override_::{Bound, Confirmed, Override};
use crate::domain::risk::RiskRule;
use crate::domain::scope::{ChangedFile, Files, Scope, ScopeRule, TicketPattern};
use crate::domain::signoff::{Voice, Vote};

const SERVICE: &str = "api-gateway";

/// Looks for tickets in a service, and changes each of its scopes.
fn scopes(state: &mut State, change: impl Fn(&mut Scope)) {
    let rows = &mut state.engine.board.rows;
    let row = rows
        .iter_mut()
        .find(|row| row.service.name.as_str() == SERVICE);
    let row = row.unwrap();
    Arc::make_mut(&mut row.service).scope = Arc::new(ScopeRule {
        tickets: vec![TicketPattern::new(r"PAY-\d+").unwrap()],
        ..ScopeRule::clone(&ScopeRule::usual())
    });
    for fact in row.scopes.values_mut() {
        change(&mut fact.last.as_mut().unwrap().value);
    }
}

/// Everything that weighs: many commits, files of interest, some without a ticket or a review.
fn enlarge(scope: &mut Scope) {
    scope.total = 23;
    scope.commits = (0..23)
        .map(|place| {
            let mut commit = scope.commits[place % 5].clone();
            commit.sha = sha(&format!("large {place}"));
            commit.at = Some(ago(i64::try_from(place).unwrap() * 9 * HOUR));
            commit
        })
        .collect();
    scope.commits[22].pull_requests.clear();
    scope.pull_requests[0].title = "PAY-142 retry idempotency key".into();
    scope.pull_requests[1].branch = Some("feature/PAY-150-pool".into());
    let more = [
        ("db/migrations/0043_drop_column.sql", 2, 40),
        ("terraform/queue.tf", 25, 3),
        ("src/router.rs", 310, 190),
    ];
    let files = scope.files.get_or_insert(Files {
        listed: Vec::new(),
        cut: false,
    });
    files
        .listed
        .extend(more.map(|(path, additions, deletions)| ChangedFile {
            path: path.into(),
            was: None,
            additions,
            deletions,
        }));
}

/// The scope of a large batch in the detail.
pub(crate) fn large(columns: u16, rows: u16) -> State {
    let mut state = detail(DetailTab::Scope, columns, rows);
    select(&mut state, SERVICE, "prod");
    state.interface.screen = Screen::Detail(SERVICE.into());
    scopes(&mut state, enlarge);
    state
}

/// The same in the promote dialog, with the warning that planning gives.
pub(crate) fn promote_large(columns: u16, rows: u16) -> State {
    let mut state = promote(columns, rows);
    scopes(&mut state, enlarge);
    let row = state.engine.board.row(&SERVICE.into()).unwrap();
    let risk = row.risk_of(row.cell(&"prod".into()).unwrap()).unwrap();
    let warning = RiskRule::default().warning(&risk).unwrap();
    if let Some(Overlay::Promote(dialog)) = state.interface.overlays.last_mut() {
        for item in &mut dialog.items {
            item.plan.as_mut().unwrap().warnings = vec![warning.clone()];
        }
    }
    state
}

/// Why what is live is there: promoted, approved, past a gate that somebody overrode.
pub(crate) fn traced(columns: u16, rows: u16) -> State {
    let mut state = detail(DetailTab::Deployments, columns, rows);
    select(&mut state, SERVICE, "prod");
    state.interface.screen = Screen::Detail(SERVICE.into());
    scopes(&mut state, |scope| {
        scope.pull_requests[0].title = "PAY-142 retry".into();
    });
    let intent = crate::domain::promotion::Intent {
        overrides: vec!["o-1".into()],
        ..intent(SERVICE, "2.40.2", "2.40.3")
    };
    let vote = Vote {
        service: SERVICE.into(),
        environment: "prod".into(),
        role: "qa".into(),
        person: person("dee"),
        voice: Voice::Go,
        scope: crate::domain::scope::hash(
            &SERVICE.into(),
            &"prod".into(),
            intent.from.as_ref(),
            &intent.to,
        ),
        saw: "2.40.2 > 2.40.3".into(),
        note: String::new(),
        at: ago(5 * DAY + HOUR),
    };
    let grant = Override {
        id: "o-1".into(),
        service: SERVICE.into(),
        environment: "prod".into(),
        revision: intent.to.sha.clone(),
        gates: vec![Bound {
            gate: "soak".into(),
            values: Digest::of(["soak"]),
            said: "31h of 48h".into(),
        }],
        reason: "the fix cannot wait".into(),
        owner: person("alice"),
        since: ago(5 * DAY + HOUR),
        until: ago(5 * DAY - HOUR),
        second_person: true,
        confirmed: Some(Confirmed {
            by: person("carol"),
            at: ago(5 * DAY),
        }),
        used: None,
    };
    let row = state.engine.board.row(&SERVICE.into()).unwrap();
    let facts = row.facts.value().unwrap();
    let live = crate::domain::deployment::live(&facts.deployments, &"prod".into());
    let deployment = live.unwrap().id;
    let id = intent.id.clone();
    for (who, event) in [
        ("dee", Event::VoteCast { vote }),
        ("alice", Event::OverrideGranted { grant }),
        ("bob", Event::Intended { intent }),
        (
            "gonogo",
            Event::DeploymentSeen {
                deployment,
                by: Some(person("bob")),
                intent: Some(id),
            },
        ),
    ] {
        push(&mut state, draft(ago(5 * DAY), who, SERVICE, event));
    }
    // What came with it has been read.
    let rows = &mut state.engine.board.rows;
    let row = rows
        .iter_mut()
        .find(|row| row.service.name.as_str() == SERVICE);
    let row = row.unwrap();
    let known = row.scopes.values().next().unwrap().clone();
    row.scopes.insert((sha("2.40.2"), sha("2.40.3")), known);
    state
}
