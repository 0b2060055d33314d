//! What happened in a scene: entries, holds, votes, things under way, errors.

use super::*;
use crate::app::interface::Problem;
use crate::domain::act::Act;
use crate::domain::cell::InFlight;
use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::hold::{Cover, Hold, HoldKind, Then};
use crate::domain::ids::{DeploymentId, JobId, RunId, Seq};
use crate::domain::notice::Tell;
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::pipeline::Job;
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::domain::revision::Revision;
use crate::domain::signoff::{Voice, Vote};

pub(super) fn revision(version: &str) -> Revision {
    Revision {
        sha: sha(version),
        version: Some(version.into()),
    }
}

fn with_cell(
    state: &mut State,
    service: &str,
    environment: &str,
    change: impl FnOnce(&mut crate::domain::cell::Cell),
) {
    let cell = state
        .engine
        .board
        .rows
        .iter_mut()
        .find(|row| row.service.name.as_str() == service)
        .and_then(|row| {
            row.cells
                .iter_mut()
                .find(|cell| cell.environment.as_str() == environment)
        });
    change(cell.unwrap());
}

pub(super) fn in_flight(state: &mut State, service: &str, environment: &str, percent: u64) {
    let run = RunId(9_000 + percent);
    with_cell(state, service, environment, |cell| {
        let revision = cell.candidate.clone().or(cell.live.clone()).unwrap();
        cell.in_flight = Some(InFlight {
            revision,
            phase: Phase::Running,
            by: Some(person("bob")),
            since: ago(130),
            run: Some(run),
            intent: None,
            unsettled: false,
        });
    });
    let jobs = (0..8)
        .map(|place| Job {
            id: JobId(place),
            name: format!("job {place}"),
            phase: if place * 100 < percent * 8 {
                Phase::Succeeded
            } else {
                Phase::Running
            },
            raw: "x".into(),
            started_at: Some(ago(120)),
            completed_at: None,
            url: None,
        })
        .collect();
    state
        .engine
        .jobs
        .insert((service.into(), run), Fact::observed(jobs, ago(3)));
}

pub(super) fn failed(state: &mut State, service: &str, environment: &str) {
    with_cell(state, service, environment, |cell| {
        cell.failed = Some(revision("3.8.2"));
    });
}

pub(super) fn a_hold() -> Hold {
    Hold {
        id: "h-7f3".into(),
        cover: Cover {
            service: Some("sessions".into()),
            environment: Some("prod".into()),
            revision: None,
        },
        kind: HoldKind::Forward,
        reason: "heap grows 3%/h, need profile".into(),
        owner: person("carol"),
        since: ago(40 * MINUTE),
        until: Some(hence(2_530)),
        then: Then::End,
        incident: false,
    }
}

/// Its time was up a minute ago, and it asks.
pub(super) fn an_asking_hold() -> Hold {
    Hold {
        until: Some(ago(MINUTE)),
        then: Then::Ask,
        ..a_hold()
    }
}

pub(super) fn hold(state: &mut State, hold: Hold) {
    let cover = hold.cover.clone();
    let (Some(service), Some(environment)) = (&cover.service, &cover.environment) else {
        return;
    };
    let (service, environment) = (service.as_str(), environment.as_str());
    with_cell(state, service, environment, |cell| {
        cell.holds.push(hold.clone());
    });
    let draft = draft(
        ago(40 * MINUTE),
        "carol",
        service,
        Event::HoldPlaced {
            hold,
            tell: Tell::Rules,
        },
    );
    push(state, draft);
    // It was placed before what came last.
    let entries = state.engine.entries.make_contiguous();
    entries.sort_by_key(|entry| entry.draft.at);
    let mut previous = Digest::of(["a"]);
    for (seq, entry) in (1..).zip(entries) {
        entry.seq = Seq(seq);
        entry.previous = previous;
        previous = entry.hash.clone();
    }
}

pub(super) fn problem(state: &mut State) {
    state.interface.problems.push(Problem {
        at: ago(260),
        count: 7,
        last_at: ago(9),
        subject: "gh: reading acme/push".into(),
        why: "502 Bad Gateway: the forge is in trouble".into(),
        hint: Some("it is tried again in 21s; the last good facts stay and age".into()),
        request: Some("E1F2:3A4B:5C6D".into()),
        read: false,
    });
}

pub(crate) fn draft(at: Timestamp, who: &str, service: &str, event: Event) -> Draft {
    Draft {
        at,
        actor: person(who),
        service: Some(service.into()),
        environment: Some("prod".into()),
        revision: None,
        reason: Some("weekly R26.07".into()),
        policy: Digest::of(["scene"]),
        event,
    }
}

pub(crate) fn push(state: &mut State, draft: Draft) {
    let last = state.engine.entries.back();
    let seq = last.map_or(1, |last| last.seq.0 + 1);
    let entry = Entry {
        seq: Seq(seq),
        draft,
        previous: last.map_or_else(|| Digest::of(["a"]), |last| last.hash.clone()),
        hash: Digest::of([seq.to_string().as_str()]),
    };
    if let Some(ledger) = &mut state.engine.ledger {
        ledger.apply(&entry);
    }
    state.engine.entries.push_back(entry);
}

/// The intent of the sketch's promotion.
pub(crate) fn intent(service: &str, from: &str, to: &str) -> Intent {
    Intent {
        id: "i-5f1c".into(),
        purpose: Purpose::Promotion,
        service: service.into(),
        environment: "prod".into(),
        from: Some(revision(from)),
        to: revision(to),
        act: Act::Approve {
            run: RunId(9_921),
            environments: vec![crate::domain::ids::EnvironmentId(7)],
            comment: String::new(),
        },
        reason: "weekly R26.07".into(),
        digest: Digest::of(["seen"]),
        replaces: None,
        release: None,
        overrides: Vec::new(),
        rollback: false,
        verify: false,
    }
}

/// An evening's journal.
pub(super) fn entries(state: &mut State) {
    let vote = |role: &str, who: &str, voice, saw: (&str, &str)| Vote {
        service: "api-gateway".into(),
        environment: "prod".into(),
        role: role.into(),
        person: person(who),
        voice,
        scope: crate::domain::scope::hash(
            &"api-gateway".into(),
            &"prod".into(),
            Some(&revision(saw.0)),
            &revision(saw.1),
        ),
        saw: format!("{} > {}", saw.0, saw.1),
        note: "regression 412/412".into(),
        at: ago(16 * MINUTE),
    };
    let of = |at, who: &str, service: &str, event| draft(ago(at), who, service, event);
    let all = vec![
        of(
            78 * MINUTE,
            "gonogo",
            "push-日本",
            Event::DeploymentOutOfBand {
                deployment: DeploymentId(71),
                by: Some(person("mia")),
            },
        ),
        of(
            16 * MINUTE,
            "dee",
            "api-gateway",
            Event::VoteCast {
                vote: vote("qa", "dee", Voice::Go, ("2.40.3", "2.41.0")),
            },
        ),
        of(
            6 * MINUTE,
            "carol",
            "api-gateway",
            Event::VoteCast {
                vote: vote("sre", "carol", Voice::NoGo, ("2.40.3", "2.40.9")),
            },
        ),
        of(
            150,
            "bob",
            "fraud-ml",
            Event::Intended {
                intent: intent("fraud-ml", "1.11.0", "1.12.0"),
            },
        ),
        of(
            140,
            "bob",
            "fraud-ml",
            Event::Stepped {
                id: "i-5f1c".into(),
                purpose: Purpose::Promotion,
                step: Step::Sending {
                    owner: "one".into(),
                },
            },
        ),
        of(
            130,
            "bob",
            "fraud-ml",
            Event::Stepped {
                id: "i-5f1c".into(),
                purpose: Purpose::Promotion,
                step: Step::Accepted {
                    handle: crate::domain::act::Handle {
                        run: Some(RunId(9_025)),
                        ..Default::default()
                    },
                },
            },
        ),
    ];
    for draft in all {
        push(state, draft);
    }
}
