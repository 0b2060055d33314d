use std::sync::Arc;

use jiff::SignedDuration;

use super::*;
use crate::app::State as Program;
use crate::app::effect::{Question, Ticket};
use crate::app::interface::harness::{self, hold, press};
use crate::app::msg::{Answer, Budget, Fetched, Msg};
use crate::app::update;
use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::ids::Seq;
use crate::domain::policy::Policy;
use crate::domain::signoff::{AtClose, ReleaseVote, Voice};

/// A board whose production promotes by itself through no gate but those that are always there, and
/// that may do so.
fn board() -> Program {
    let mut state = harness::state();
    let mut policy: Policy = (*state.engine.policy).clone();
    for service in policy.each() {
        for stage in &mut service.path {
            stage.gates = Arc::from([]);
            if service.name.as_str() == "api" && stage.environment.as_str() == "production" {
                stage.mode = Mode::Auto;
            }
        }
    }
    policy.version = Digest::of(["auto"]).into();
    state.engine.auto.on = true;
    after(&mut state, 0, Msg::Reloaded(Ok(Arc::new(policy))));
    state
}

fn after(state: &mut Program, seconds: i64, msg: Msg) -> Vec<Effect> {
    let now = harness::now() + SignedDuration::from_secs(seconds);
    update(state, now, msg)
}

fn tick(state: &mut Program, seconds: i64) -> Vec<String> {
    let effects = after(state, seconds, Msg::Tick);
    let intents = effects.iter().filter_map(|effect| match effect {
        Effect::Append { draft, .. } => match &draft.event {
            Event::Intended { intent } => Some(format!(
                "{} {} {}",
                intent.service, intent.environment, intent.reason
            )),
            _ => None,
        },
        _ => None,
    });
    intents.collect()
}

fn counting(state: &Program) -> Option<Timestamp> {
    let countdown = state.engine.countdown(&"api".into(), &"production".into());
    countdown.map(|countdown| countdown.ends_at)
}

/// The forge was read at this instant.
fn read(state: &mut Program, seconds: i64) {
    let at = harness::now() + SignedDuration::from_secs(seconds);
    for row in &mut state.engine.board.rows {
        row.facts.last.as_mut().expect("facts").at = at;
    }
    state.engine.judge_all(at);
}

#[test]
fn auto_promotes_by_itself_after_a_countdown_that_everybody_sees() {
    let mut state = board();
    assert_eq!(tick(&mut state, 1), [""; 0]);
    let ends = harness::now() + SignedDuration::from_secs(31);
    assert_eq!(counting(&state), Some(ends));
    assert!(state.engine.due(state.now) <= ends);
    read(&mut state, 20);
    assert_eq!(tick(&mut state, 30), [""; 0]);
    assert_eq!(
        tick(&mut state, 31),
        ["api production auto: all gates open"]
    );
    // Once.
    assert_eq!(tick(&mut state, 32), [""; 0]);
    assert_eq!(tick(&mut state, 70), [""; 0]);
}

#[test]
fn auto_stops_at_a_hold_and_goes_on_only_after_a_fresh_evaluation() {
    let mut state = board();
    tick(&mut state, 1);
    hold(&mut state, "h-1", "api", "production");
    let at = state.now;
    state.engine.judge_all(at);
    assert_eq!(tick(&mut state, 10), [""; 0]);
    assert_eq!(counting(&state), None);
    // Lifted: what was read before that does not count.
    if let Some(ledger) = &mut state.engine.ledger {
        ledger.holds.clear();
    }
    let at = harness::now() + SignedDuration::from_secs(11);
    state.engine.judge_all(at);
    assert_eq!(tick(&mut state, 12), [""; 0]);
    assert_eq!(counting(&state), None);
    read(&mut state, 13);
    tick(&mut state, 14);
    let ends = harness::now() + SignedDuration::from_secs(44);
    assert_eq!(counting(&state), Some(ends), "a whole new countdown");
}

#[test]
fn auto_waits_while_somebody_is_about_to_hold() {
    let mut state = board();
    tick(&mut state, 1);
    harness::on(&mut state, "api", "production");
    press(&mut state, "H");
    read(&mut state, 20);
    assert_eq!(tick(&mut state, 31), [""; 0]);
    assert_eq!(counting(&state), None);
    press(&mut state, "esc");
    assert_eq!(tick(&mut state, 32), [""; 0]);
}

#[test]
fn auto_never_acts_read_only_offline_from_the_command_line_or_where_nobody_asked() {
    type Change = fn(&mut Engine);
    let changes: [Change; 5] = [
        |engine| engine.read_only = true,
        |engine| engine.offline = true,
        |engine| engine.auto.on = false,
        |engine| engine.operator = None,
        |engine| {
            let mut policy = (*engine.policy).clone();
            for service in policy.each() {
                for stage in &mut service.path {
                    stage.mode = Mode::Confirm;
                }
            }
            engine.policy = Arc::new(policy);
        },
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut state = board();
        change(&mut state.engine);
        tick(&mut state, 1);
        assert_eq!(counting(&state), None, "{place}");
        read(&mut state, 20);
        assert_eq!(tick(&mut state, 31), [""; 0], "{place}");
    }
}

#[test]
fn auto_does_not_try_again_what_was_sent_once() {
    use crate::domain::promotion::Step;
    let mut state = board();
    let wish = Wish::Promote { revision: None };
    let plan = state
        .engine
        .plan(&"api".into(), &"production".into(), &wish, state.now)
        .expect("a plan");
    let intent = plan.intent.clone();
    let steps = [
        Event::Intended {
            intent: intent.clone(),
        },
        Event::Stepped {
            id: intent.id.clone(),
            purpose: intent.purpose,
            step: Step::Sending {
                owner: "elsewhere".into(),
            },
        },
        Event::Stepped {
            id: intent.id.clone(),
            purpose: intent.purpose,
            step: Step::Rejected {
                why: "422".to_owned(),
            },
        },
    ];
    let entries: Vec<_> = steps.into_iter().zip(1..).map(harness::entry).collect();
    after(&mut state, 1, Msg::JournalRead(Ok(entries)));
    read(&mut state, 2);
    tick(&mut state, 3);
    assert_eq!(counting(&state), None);
}

#[test]
fn auto_stands_aside_for_a_release_that_moves_the_service_and_says_why_once() {
    use crate::domain::ids::InstanceId;
    use crate::domain::release::agenda::Move;
    use crate::domain::release::run::{Ended, Ending, Run};
    let mut state = board();
    tick(&mut state, 1);
    assert!(counting(&state).is_some(), "it would go");
    let cell = state.engine.board.cell(&"api".into(), &"production".into());
    let cell = cell.expect("a cell");
    let run = Run {
        id: "r-1".into(),
        release: "2026.47".into(),
        digest: Digest::of(["agreed"]),
        moves: vec![Move {
            service: "api".into(),
            environment: "production".into(),
            from: cell.live.clone(),
            to: cell.candidate.clone().expect("a candidate"),
            wave: 0,
        }],
        dropped: Vec::new(),
        by: "ann".into(),
        driver: InstanceId::from("elsewhere"),
        started_at: harness::now(),
        ended: None,
    };
    let id = run.id.clone();
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    ledger.release_runs.insert(id.clone(), run);
    read(&mut state, 20);
    for second in [21, 31, 40, 60] {
        assert_eq!(tick(&mut state, second), [""; 0]);
        assert_eq!(counting(&state), None);
    }
    let said: Vec<&str> = state
        .interface
        .messages
        .iter()
        .map(|message| message.text.as_str())
        .filter(|text| text.contains("does not go by itself: release 2026.47 is under way"))
        .collect();
    assert_eq!(said.len(), 1, "{said:?}");
    // When it has ended, a fresh evaluation begins a whole new countdown.
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    let run = ledger.release_runs.get_mut(&id).expect("the run");
    run.ended = Some(Ended {
        how: Ending::Shipped,
        at: harness::now(),
    });
    tick(&mut state, 61);
    read(&mut state, 62);
    tick(&mut state, 63);
    let ends = harness::now() + SignedDuration::from_secs(93);
    assert_eq!(counting(&state), Some(ends));
}

/// The same board with a release that ships `api`, on which nobody has voted.
fn with_a_release() -> Program {
    use crate::domain::release::{Item, Release};
    let mut state = board();
    let mut policy: Policy = (*state.engine.policy).clone();
    policy.version = Digest::of(["auto, and a release"]).into();
    policy.releases = vec![Release {
        name: "2026.47".into(),
        environment: "production".into(),
        items: vec![Item {
            service: "api".into(),
            pin: None,
        }],
        waves: vec![vec!["api".into()]],
        window: None,
        at_close: AtClose::Keep,
        due: None,
        roles: vec!["qa".into()],
        distinct: true,
        owner: None,
    }];
    after(&mut state, 0, Msg::Reloaded(Ok(Arc::new(policy))));
    state
}

/// A vote of alice's on that release as it stands.
fn ballot(state: &Program, voice: Voice) -> ReleaseVote {
    let release = state.engine.policy.releases[0].clone();
    let decision = state.engine.decision(&release, state.now);
    ReleaseVote {
        release: release.name.clone(),
        role: "qa".into(),
        person: "alice".into(),
        voice,
        scope: decision.bound,
        saw: decision.words,
        note: "heap grows".to_owned(),
        at: state.now,
    }
}

/// The one append among effects, and what it is of.
fn appended(effects: &[Effect]) -> (Ticket, Draft) {
    let mut appends = effects.iter().filter_map(|effect| match effect {
        Effect::Append { ticket, draft, .. } => Some((*ticket, (**draft).clone())),
        _ => None,
    });
    appends.next().expect("an append")
}

/// The forge answers what is read again before a send, as it did before.
fn answered_as_before(state: &mut Program, seconds: i64, asked: &[Effect]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for effect in asked {
        let Effect::Fetch {
            generation,
            forge,
            question: question @ Question::Facts(targets),
        } = effect
        else {
            continue;
        };
        let facts = targets.iter().map(|target| {
            let row = state.engine.board.row(&target.service).expect("a row");
            let facts = row.facts.value().cloned().expect("facts");
            (target.service.clone(), Ok(Box::new(facts)))
        });
        let fetched = Fetched {
            generation: *generation,
            forge: forge.clone(),
            question: question.clone(),
            asked_at: harness::now() + SignedDuration::from_secs(seconds),
            answer: Answer::Facts(facts.collect()),
            budget: Budget::default(),
            more: false,
        };
        effects.extend(after(state, seconds, Msg::Fetched(fetched)));
    }
    effects
}

#[test]
fn auto_sends_nothing_after_a_release_lost_its_go_between_the_countdown_and_the_permit() {
    for comes in ["nothing", "withdrawn", "no-go"] {
        let mut state = with_a_release();
        read(&mut state, 1);
        let go = ballot(&state, Voice::Go);
        let cast = harness::entry((Event::ReleaseVoteCast { vote: go.clone() }, 1));
        after(&mut state, 1, Msg::JournalRead(Ok(vec![cast])));
        tick(&mut state, 2);
        read(&mut state, 20);
        tick(&mut state, 21);
        read(&mut state, 40);
        let effects = after(&mut state, 52, Msg::Tick);
        let (ticket, draft) = appended(&effects);
        assert_eq!(draft.event.kind(), "promotion.intended");
        let hash = Digest::of(["2"]);
        let entry = Entry {
            seq: Seq(2),
            draft,
            previous: hash.clone(),
            hash,
        };
        let result = Ok(entry);
        let asked = after(&mut state, 53, Msg::Recorded { ticket, result });
        let between = match comes {
            "withdrawn" => Some(Event::VoteVoided {
                role: go.role.clone(),
                person: go.person.clone(),
                saw: go.saw.clone(),
                now: go.saw.clone(),
                release: Some(go.release.clone()),
            }),
            "no-go" => Some(Event::ReleaseVoteCast {
                vote: ReleaseVote {
                    voice: Voice::NoGo,
                    ..go.clone()
                },
            }),
            _ => None,
        };
        let entries = between.map(|event| harness::entry((event, 3)));
        let mut effects = after(
            &mut state,
            54,
            Msg::JournalRead(Ok(entries.into_iter().collect())),
        );
        effects.extend(answered_as_before(&mut state, 54, &asked));
        let (_, draft) = appended(&effects);
        if comes == "nothing" {
            assert_eq!(draft.event.kind(), "promotion.sending");
            continue;
        }
        assert_eq!(draft.event.kind(), "promotion.abandoned", "{comes}");
        let why = draft.reason.expect("why");
        assert!(why.contains("2026.47"), "{why}");
    }
}

#[test]
fn auto_promotes_nothing_of_a_release_before_that_is_go() {
    let mut state = with_a_release();
    read(&mut state, 1);
    for second in [2, 12, 40] {
        assert_eq!(tick(&mut state, second), [""; 0]);
        assert_eq!(counting(&state), None);
    }
    let said = |state: &Program| {
        let messages = state.interface.messages.iter();
        messages
            .filter(|it| it.text.contains("release 2026.47 ships api and is not go"))
            .count()
    };
    assert_eq!(said(&state), 1, "once");
    // A person may, and is told.
    let wish = Wish::Promote { revision: None };
    let plan = state
        .engine
        .plan(&"api".into(), &"production".into(), &wish, state.now);
    let warnings = plan.expect("a plan").warnings;
    assert_eq!(
        warnings,
        ["member of release 2026.47, undecided: 0 of 1 votes"]
    );
    // With the go it goes.
    let vote = ballot(&state, Voice::Go);
    let ledger = state.engine.ledger.as_mut().expect("a ledger");
    let key = (vote.release.clone(), vote.person.clone());
    ledger.release_votes.insert(key, vote);
    read(&mut state, 41);
    tick(&mut state, 42);
    assert!(counting(&state).is_some());
}

#[test]
fn auto_stands_aside_where_the_token_may_not_and_goes_when_it_is_asked_again() {
    use crate::app::engine::planning::Wish;
    use crate::domain::act::Outcome;
    let mut state = board();
    let (service, environment) = ("api".into(), "production".into());
    let (wish, now) = (Wish::Promote { revision: None }, state.now);
    let plan = state.engine.plan(&service, &environment, &wish, now);
    let intent = plan.expect("a plan").intent;
    let no = Outcome::Rejected {
        status: 403,
        why: "Resource not accessible".to_owned(),
        hint: None,
        denied: true,
    };
    state.engine.learn_of_denial(&intent, &no);
    for second in 1..4 {
        assert_eq!(tick(&mut state, second), [""; 0]);
        assert_eq!(counting(&state), None);
    }
    let told = state.interface.messages.iter();
    let told = told.filter(|told| {
        told.text
            .contains("does not go by itself: github: this token")
    });
    assert_eq!(told.count(), 1, "{:?}", state.interface.messages);
    state.engine.ask_again(&[service]);
    read(&mut state, 20);
    tick(&mut state, 21);
    assert!(counting(&state).is_some());
}

#[test]
fn nobody_gives_the_reason_of_what_goes_by_itself() {
    let mut state = board();
    let now = harness::now();
    let wish = Wish::Promote { revision: None };
    let plan = state
        .engine
        .plan(&"api".into(), &"production".into(), &wish, now);
    let mut plan = plan.unwrap();
    plan.intent.reason = format!(" {} ", Intent::BY_ITSELF);
    let refusal = state.engine.send(plan.clone(), now).unwrap_err();
    assert!(refusal.why.contains("no reason of a person"), "{refusal:?}");
    plan.intent.reason = "weekly".to_owned();
    assert!(state.engine.send(plan, now).is_ok());
}
