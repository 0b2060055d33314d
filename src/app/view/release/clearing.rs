//! What is in the way of a release, one thing a line: whose it is, which key clears it, and why it is
//! there. The gates themselves are judged in `domain/gate`.

use super::super::gates;
use super::super::line::{Line, Tone, cut, pad, wrap};
use super::super::look::Look;
use super::{Shown, key};
use crate::app::command::Command;
use crate::domain::gate::State;
use crate::domain::ids::{Person, RoleName, ServiceName};
use crate::domain::policy::GateSpec;
use crate::domain::release::decision::{Said, difference};
use crate::domain::release::prognosis::{Blocked, Planned};
use crate::domain::release::run::{Ending, Progress};
use crate::domain::signoff::before;

/// Columns before what is told of it: label, whose it is, and the keys.
const BEFORE: usize = 31;

/// One thing in the way.
struct Obstacle {
    /// Roles, or a service.
    of: String,
    /// How many roles.
    roles: usize,
    /// Empty where no key of the operator's helps.
    keys: String,
    text: String,
}

/// The services that would not go now, with the gates that are in their way.
pub(super) fn in_the_way<'s>(shown: &'s Shown<'_>) -> Vec<&'s Planned> {
    let planned = shown.prognosis.waves.iter().flat_map(|wave| &wave.services);
    planned
        .filter(|planned| !planned.blocked.is_empty())
        .collect()
}

/// What would make it go, most urgent first.
pub(super) fn lines(look: &Look<'_>, shown: &Shown<'_>, columns: usize, whole: bool) -> Vec<Line> {
    let (label, obstacles) = match shown
        .run
        .map(|run| run.ended.as_ref().map(|ended| &ended.how))
    {
        // Done.
        Some(Some(Ending::Shipped)) => return Vec::new(),
        None => ("TO CLEAR", all(look, shown)),
        Some(None) => ("WAITS FOR", all(look, shown)),
        Some(Some(Ending::Stopped { .. } | Ending::Cancelled { .. })) => {
            ("TO GO ON", all(look, shown))
        }
    };
    drawn(label, obstacles, columns, whole)
}

/// The votes alone, for the plan, which tells the gates itself.
pub(super) fn missing_votes(look: &Look<'_>, shown: &Shown<'_>, columns: usize) -> Vec<Line> {
    drawn("TO CLEAR", votes(look, shown), columns, false)
}

/// A line each, or as many as it takes where there is room for the `whole` of it.
fn drawn(label: &str, obstacles: Vec<Obstacle>, columns: usize, whole: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for obstacle in obstacles {
        let parts = if whole {
            wrap(&obstacle.text, columns.saturating_sub(BEFORE))
        } else {
            vec![obstacle.text]
        };
        for (nth, part) in parts.into_iter().enumerate() {
            let label = if lines.is_empty() { label } else { "" };
            let (of, keys) = if nth == 0 {
                (obstacle.of.as_str(), obstacle.keys.as_str())
            } else {
                ("", "")
            };
            let line = Line::of(Tone::Heading, format!(" {label:<10}"))
                .with(Tone::Strong, pad(&cut(of, 11), 12))
                .with(Tone::Key, pad(keys, 8))
                .with(Tone::Plain, part);
            lines.push(line.fitted(columns));
        }
    }
    lines
}

fn all(look: &Look<'_>, shown: &Shown<'_>) -> Vec<Obstacle> {
    let mut all = votes(look, shown);
    if shown.decision.run.is_none() {
        all.extend(shown.decision.stuck.iter().map(|service| Obstacle {
            of: service.to_string(),
            roles: 0,
            keys: key(look, Command::DropService),
            text:
                "gets its pinned candidate, or is dropped, or left behind at the start".to_owned(),
        }));
    }
    for planned in in_the_way(shown) {
        let under_way = shown.decision.run.is_some_and(|run| {
            let mut moves = run.moves.iter();
            let moved = moves.find(|moved| moved.service == planned.moved.service);
            moved.is_some_and(|moved| {
                let progress = look.engine.progress(run, moved, look.now);
                matches!(progress, Progress::InFlight | Progress::Arrived)
            })
        });
        if !under_way {
            let gates = planned.blocked.iter();
            all.extend(gates.map(|blocked| gate(look, &planned.moved.service, shown, blocked)));
            if let Some(way) = without(look, shown, planned) {
                all.push(way);
            }
        }
    }
    all
}

/// The votes that are missing, stale, or against it.
fn votes(look: &Look<'_>, shown: &Shown<'_>) -> Vec<Obstacle> {
    let (engine, decision) = (look.engine, &shown.decision);
    let operator = engine.operator.as_ref();
    let is_me = |person: &Person| operator == Some(person);
    // Where roles are filled by different people, whoever fills one cannot fill another.
    let used = shown.release.distinct
        && decision.roles().iter().any(|(_, said)| match said {
            Said::Go(ballot) => is_me(ballot.person),
            Said::NoGo(_)
            | Said::Void(_)
            | Said::NotAMember(_)
            | Said::Withdrawn(..)
            | Said::Nothing => false,
        });
    let mine = |role: &RoleName| {
        let has = operator.is_some_and(|operator| engine.policy.has_role(operator, role));
        has && !used
    };
    let vote = || key(look, Command::VoteRelease);
    let mut obstacles: Vec<Obstacle> = Vec::new();
    let mut open: Vec<&RoleName> = Vec::new();
    for (role, said) in decision.roles() {
        let (keys, text) = match said {
            Said::Go(_) => continue,
            Said::NoGo(ballot) if is_me(ballot.person) => {
                (vote(), format!("your no-go: {}", ballot.note))
            }
            Said::NoGo(ballot) => {
                let text = format!("{} changes the no-go: {}", ballot.person, ballot.note);
                let named = shown.decision.agenda.moves().any(|moved| {
                    let mut words = ballot
                        .note
                        .split(|c: char| !c.is_alphanumeric() && c != '-');
                    words.any(|word| word == moved.service.as_str())
                });
                if named {
                    // What it is about can be left behind instead.
                    let keys = key(look, Command::DropService);
                    (keys, format!("{text}, or it is dropped"))
                } else {
                    (String::new(), text)
                }
            }
            Said::Void(ballot) => {
                let changed = difference(ballot.saw, &decision.words).join(" ");
                if is_me(ballot.person) || mine(role) {
                    (vote(), format!("votes anew: {changed}"))
                } else {
                    (
                        String::new(),
                        format!("{} votes anew: {changed}", ballot.person),
                    )
                }
            }
            Said::Withdrawn(ballot, at) if is_me(ballot.person) || mine(role) => {
                (vote(), format!("votes again: {}", before(at)))
            }
            Said::Withdrawn(ballot, at) => {
                let text = format!("{} votes again: {}", ballot.person, before(at));
                (String::new(), text)
            }
            Said::NotAMember(_) | Said::Nothing if mine(role) => {
                open.push(role);
                continue;
            }
            Said::NotAMember(_) | Said::Nothing => {
                let members = engine.policy.roles.get(role);
                let members: Vec<&str> =
                    members.into_iter().flatten().map(Person::as_str).collect();
                (String::new(), format!("{} votes go", members.join(" or ")))
            }
        };
        // What many have to do for the same reason is told once.
        match obstacles
            .last_mut()
            .filter(|last| last.text == text && last.keys == keys)
        {
            Some(last) => last.roles += 1,
            None => obstacles.push(Obstacle {
                of: role.to_string(),
                roles: 1,
                keys,
                text,
            }),
        }
    }
    for obstacle in obstacles.iter_mut().filter(|obstacle| obstacle.roles > 1) {
        obstacle.of = format!("{} roles", obstacle.roles);
    }
    if !open.is_empty() {
        let names: Vec<&str> = open.iter().map(|role| role.as_str()).collect();
        let text = match (open.len(), shown.release.distinct) {
            (1, _) => "vote go",
            (_, true) => "vote go as one of them",
            (_, false) => "vote go: one vote counts for each",
        };
        let own = Obstacle {
            of: names.join(", "),
            roles: open.len(),
            keys: vote(),
            text: text.to_owned(),
        };
        obstacles.insert(0, own);
    }
    obstacles
}

/// To ship without what has no way through that the operator could take: others would wait for it.
fn without(look: &Look<'_>, shown: &Shown<'_>, planned: &Planned) -> Option<Obstacle> {
    let hold = GateSpec::Hold.name();
    let closed = |blocked: &&Blocked| blocked.state == State::Closed;
    let mut closed = planned.blocked.iter().filter(closed);
    let stuck = closed.any(|it| {
        it.gate == hold || helps(look, &planned.moved.service, shown, &it.gate).is_empty()
    });
    let service = &planned.moved.service;
    let may = look
        .engine
        .may_drop(shown.release, service, look.now)
        .is_ok();
    (stuck && may).then(|| Obstacle {
        of: service.to_string(),
        roles: 0,
        keys: key(look, Command::DropService),
        text: format!("or {} ships without it", shown.release.name),
    })
}

/// A gate in the way, and the key that helps where one does.
fn gate(look: &Look<'_>, service: &ServiceName, shown: &Shown<'_>, blocked: &Blocked) -> Obstacle {
    let keys = match blocked.state {
        State::Closed => helps(look, service, shown, &blocked.gate),
        // Time or the next reading decides.
        State::Waiting | State::Unknown | State::Open | State::Overridden => String::new(),
    };
    Obstacle {
        of: service.to_string(),
        roles: 0,
        keys,
        text: format!("{}: {}", blocked.gate, blocked.why),
    }
}

fn helps(look: &Look<'_>, service: &ServiceName, shown: &Shown<'_>, gate: &str) -> String {
    let kind = gate.split(' ').next().unwrap_or(gate);
    if kind == GateSpec::Hold.name() {
        return key(look, Command::Hold);
    }
    if matches!(kind, "sign-off" | "manual" | "checklist") {
        let open = key(look, Command::Open);
        return format!("{open} {}", key(look, Command::Gates));
    }
    let known = look.engine.policy.service(service).is_some();
    let may = known && gates::may_override(look, &shown.release.environment, gate).is_some();
    if may {
        key(look, Command::Override)
    } else {
        String::new()
    }
}
