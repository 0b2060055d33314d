//! Drafts, preconditions and walks that the laws are written in.

use jiff::Timestamp;

use crate::domain::act::{Act, Handle};
use crate::domain::entry::{Draft, Entry, Event, Precondition};
use crate::domain::hold::{Cover, Hold, HoldKind, Then};
use crate::domain::ids::{Digest, InstanceId, IntentId, RunId, Seq};
use crate::domain::ledger::Ledger;
use crate::domain::notice::Tell;
use crate::domain::override_::Override;
use crate::domain::promotion::{Intent, Purpose, State, Step};
use crate::domain::revision::Revision;
use crate::journal::{Error, Journal};

pub const SHA: &str = "4f9d1c0e5b7a4f9d1c0e5b7a4f9d1c0e5b7a4f9d";
pub const DIGEST: &str = "what-was-seen";

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

pub fn draft(actor: &str, event: Event) -> Draft {
    Draft {
        at: at(0),
        actor: actor.into(),
        service: None,
        environment: None,
        revision: None,
        reason: None,
        policy: Digest::of(["policy"]),
        event,
    }
}

pub fn intent(id: &str, service: &str, environment: &str) -> Intent {
    Intent {
        id: id.into(),
        purpose: Purpose::Promotion,
        service: service.into(),
        environment: environment.into(),
        from: None,
        to: Revision::new(SHA),
        act: Act::Cancel { run: RunId(1) },
        reason: "release 2026.47".to_owned(),
        digest: DIGEST.into(),
        replaces: None,
        release: None,
        overrides: Vec::new(),
        rollback: false,
        verify: false,
    }
}

pub fn intended(actor: &str, id: &str, service: &str, environment: &str) -> Draft {
    let intent = intent(id, service, environment);
    draft(actor, Event::Intended { intent })
}

pub fn stepped(id: &str, service: &str, environment: &str, step: Step) -> Draft {
    let event = Event::Stepped {
        id: id.into(),
        purpose: Purpose::Promotion,
        step,
    };
    Draft {
        service: Some(service.into()),
        environment: Some(environment.into()),
        ..draft("ann", event)
    }
}

pub fn sending(id: &str, owner: &str) -> Draft {
    let owner = InstanceId::from(owner);
    stepped(id, "checkout", "production", Step::Sending { owner })
}

pub fn cover(service: Option<&str>, environment: Option<&str>, revision: Option<&str>) -> Cover {
    Cover {
        service: service.map(Into::into),
        environment: environment.map(Into::into),
        revision: revision.map(Into::into),
    }
}

pub fn hold(id: &str, cover: Cover) -> Draft {
    let hold = Hold {
        id: id.into(),
        cover,
        kind: HoldKind::default(),
        reason: "smoke is red".to_owned(),
        owner: "bob".into(),
        since: at(0),
        until: None,
        then: Then::End,
        incident: false,
    };
    draft(
        "bob",
        Event::HoldPlaced {
            hold,
            tell: Tell::Rules,
        },
    )
}

pub fn unchanged(seen: Seq) -> Precondition {
    Precondition::Unchanged { seen }
}

pub fn permit(seen: Seq) -> Precondition {
    Precondition::Permit {
        digest: DIGEST.into(),
        seen,
        agreed: false,
    }
}

pub async fn everything(journal: &dyn Journal) -> Vec<Entry> {
    journal.since(Seq(0), u32::MAX).await.unwrap()
}

pub async fn state(journal: &dyn Journal, id: &str) -> State {
    let ledger = Ledger::of(&everything(journal).await);
    ledger.promotions.get(&IntentId::from(id)).unwrap().state
}

/// Appends an intent of Ann for checkout > production.
pub async fn intend(journal: &dyn Journal, id: &str) -> Seq {
    let seen = journal.head().await.unwrap();
    let draft = intended("ann", id, "checkout", "production");
    journal.append(draft, unchanged(seen)).await.unwrap().seq
}

pub fn every_step(owner: &str) -> Vec<Step> {
    let handle = Handle::default();
    let why = || "why".to_owned();
    vec![
        Step::Sending {
            owner: owner.into(),
        },
        Step::Accepted {
            handle: handle.clone(),
        },
        Step::Rejected { why: why() },
        Step::Abandoned { why: why() },
        Step::Unknown { why: why() },
        Step::Reconciling,
        Step::Reconciled {
            handle: handle.clone(),
        },
        Step::Absent { reads: 3 },
        Step::Running { handle },
        Step::Succeeded,
        Step::Failed { why: why() },
        Step::Cancelled { why: why() },
    ]
}

/// Takes a step with the precondition that belongs to it.
pub async fn step(journal: &dyn Journal, id: &str, step: Step) -> Result<Entry, Error> {
    let precondition = match step {
        Step::Sending { .. } => permit(journal.head().await?),
        _ => Precondition::Follows,
    };
    let draft = stepped(id, "checkout", "production", step);
    journal.append(draft, precondition).await
}

/// Ends an intent by whatever steps lead to an end, so that its cell is free.
pub async fn finish(journal: &dyn Journal, id: &str) {
    let next = match state(journal, id).await {
        State::Intended => Step::Abandoned { why: String::new() },
        State::Sending => Step::Rejected { why: String::new() },
        State::Accepted | State::Running => Step::Succeeded,
        State::Unknown | State::Reconciling => Step::Absent { reads: 3 },
        _ => return,
    };
    step(journal, id, next).await.unwrap();
}

/// Appends an override of Ann's on checkout > production.
pub async fn grant(journal: &dyn Journal, id: &str, second_person: bool) {
    let grant = Override {
        id: id.into(),
        service: "checkout".into(),
        environment: "production".into(),
        revision: SHA.into(),
        gates: Vec::new(),
        reason: "hotfix".to_owned(),
        owner: "ann".into(),
        since: at(0),
        until: at(3_600),
        second_person,
        confirmed: None,
        used: None,
    };
    let draft = draft("ann", Event::OverrideGranted { grant });
    journal.append(draft, Precondition::None).await.unwrap();
}

/// Ann's intent that uses an override.
pub fn using(id: &str, service: &str, environment: &str, one: &str) -> Draft {
    let mut intent = intent(id, service, environment);
    intent.overrides = vec![one.into()];
    draft("ann", Event::Intended { intent })
}
