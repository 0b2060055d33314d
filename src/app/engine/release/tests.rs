use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;

use super::*;
use crate::app::effect::{Effect, Question, Ticket};
use crate::app::interface::harness;
use crate::app::msg::{Answer, Budget, Fetched};
use crate::app::request::Request;
use crate::app::{Msg, State, update};
use crate::domain::entry::Entry;
use crate::domain::ids::Seq;
use crate::domain::policy::GateSpec;
use crate::domain::promotion::Step;
use crate::domain::release::Item;
use crate::domain::release::run::Progress;
use crate::domain::signoff::AtClose;
use crate::domain::verification::Standing;

mod closing;
mod dropping;

const NAME: &str = "2026.47";

fn policy(state: &State) -> crate::domain::policy::Policy {
    let mut policy = (*state.engine.policy).clone();
    policy.version = Digest::of(["with a release"]).into();
    for stage in policy.each().flat_map(|service| &mut service.path) {
        stage.gates = [GateSpec::Fresh].into();
    }
    policy.releases = vec![Release {
        name: NAME.into(),
        environment: "production".into(),
        items: ["api", "search", "billing", "web"]
            .map(|service| Item {
                service: service.into(),
                pin: None,
            })
            .to_vec(),
        waves: vec![
            vec!["api".into()],
            vec!["search".into(), "web".into()],
            vec!["billing".into()],
        ],
        window: None,
        at_close: AtClose::Keep,
        due: None,
        roles: vec!["qa".into()],
        distinct: true,
        owner: None,
    }];
    policy
}

/// A board with a release of api, then search, then billing; web is level.
struct World {
    state: State,
    seq: i64,
    seconds: i64,
}

impl World {
    fn new() -> Self {
        let mut state = harness::state();
        let policy = Arc::new(policy(&state));
        let now = state.now;
        update(&mut state, now, Msg::Reloaded(Ok(policy)));
        Self {
            state,
            seq: 0,
            seconds: 0,
        }
    }

    fn now(&self) -> Timestamp {
        harness::now() + SignedDuration::from_secs(self.seconds)
    }

    fn send(&mut self, msg: Msg) -> Vec<Effect> {
        let now = self.now();
        update(&mut self.state, now, msg)
    }

    /// Takes every append into the journal until nothing is written any more. Returns what else was
    /// ordered.
    fn settle(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut left = Vec::new();
        let mut todo = effects;
        while !todo.is_empty() {
            let effect = todo.remove(0);
            match effect {
                Effect::Append { ticket, draft, .. } => {
                    let more = self.written(ticket, *draft);
                    todo.extend(more);
                }
                other => left.push(other),
            }
        }
        left
    }

    fn written(&mut self, ticket: Ticket, draft: Draft) -> Vec<Effect> {
        self.seq += 1;
        let entry = entry(self.seq, draft);
        self.send(Msg::Recorded {
            ticket,
            result: Ok(entry),
        })
    }

    fn ask(&mut self, request: Request) -> Vec<Effect> {
        let effects = self.send(Msg::Asked(request));
        self.settle(effects)
    }

    fn bound(&self) -> Digest {
        let release = &self.state.engine.policy.releases[0];
        self.state.engine.decision(release, self.now()).bound
    }

    fn vote(&mut self, voice: Voice) -> Vec<Effect> {
        let seen = self.bound();
        self.ask(Request::VoteRelease {
            release: NAME.into(),
            role: "qa".into(),
            voice,
            note: "heap".to_owned(),
            seen,
        })
    }

    fn start(&mut self) -> Vec<Effect> {
        let seen = self.bound();
        self.ask(Request::StartRelease {
            release: NAME.into(),
            seen,
            reason: "weekly".to_owned(),
            skip: Vec::new(),
        })
    }

    fn refused(&self) -> String {
        let refusals = self.state.engine.reports.iter();
        refusals
            .filter_map(|report| match report {
                super::super::Report::Refused { refusal, .. } => Some(refusal.why.clone()),
                _ => None,
            })
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn ledger(&self) -> &Ledger {
        self.state.engine.ledger.as_ref().expect("a ledger")
    }

    /// The services with an intent of the run, and how far each is.
    fn sent(&self) -> Vec<(String, &'static str)> {
        let promotions = self.ledger().promotions.values();
        let mut sent: Vec<_> = promotions
            .filter(|promotion| promotion.intent.release.is_some())
            .map(|promotion| (promotion.intent.service.to_string(), promotion.state.word()))
            .collect();
        sent.sort();
        sent
    }

    fn run(&self) -> &Run {
        self.state.engine.last_run(&NAME.into()).expect("a run")
    }

    /// Answers what a recheck asked: the same facts, and nothing new in the journal.
    fn recheck(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut out = Vec::new();
        for effect in effects {
            let more = match effect {
                Effect::ReadJournal { .. } => self.send(Msg::JournalRead(Ok(Vec::new()))),
                Effect::Fetch {
                    generation,
                    forge,
                    question: Question::Facts(targets),
                } => {
                    let answers = targets
                        .iter()
                        .map(|target| {
                            let row = self.state.engine.board.row(&target.service);
                            let facts = row.and_then(|row| row.facts.value().cloned());
                            (target.service.clone(), Ok(Box::new(facts.expect("facts"))))
                        })
                        .collect();
                    let asked_at = self.now();
                    self.send(Msg::Fetched(Fetched {
                        generation,
                        forge,
                        question: Question::Facts(targets),
                        asked_at,
                        answer: Answer::Facts(answers),
                        budget: Budget::default(),
                        more: false,
                    }))
                }
                _ => Vec::new(),
            };
            out.extend(more);
        }
        self.settle(out)
    }

    /// Lets a sent promotion come to its end, as seen on the forge.
    fn ends(&mut self, service: &str, step: Step) -> Vec<Effect> {
        let promotion = self
            .ledger()
            .promotions
            .values()
            .filter(|promotion| promotion.intent.service.as_str() == service)
            .max_by_key(|promotion| promotion.intended_at)
            .cloned()
            .expect("a promotion");
        // The board sees it at once.
        if step == Step::Succeeded {
            harness::with_cell(
                &mut self.state.engine.board,
                service,
                "production",
                |cell| {
                    cell.live = Some(promotion.intent.to.clone());
                    cell.candidate = None;
                },
            );
        }
        let id = promotion.intent.id.clone();
        self.state.engine.flows.remove(&id);
        let mut effects = Vec::new();
        for step in [
            Step::Sending {
                owner: "here".into(),
            },
            Step::Accepted {
                handle: crate::domain::act::Handle::default(),
            },
            step,
        ] {
            self.seq += 1;
            let draft = Draft {
                service: None,
                environment: Some("elsewhere".into()),
                ..self.state.engine.draft(
                    &"alice".into(),
                    Event::Stepped {
                        id: id.clone(),
                        purpose: crate::domain::promotion::Purpose::Promotion,
                        step,
                    },
                    self.now(),
                )
            };
            let draft = Draft {
                // Not judged anew: the cell was changed by hand.
                service: Some("nobody".into()),
                ..draft
            };
            let entry = entry(self.seq, draft);
            effects.extend(self.send(Msg::JournalRead(Ok(vec![entry]))));
        }
        self.settle(effects)
    }
}

fn entry(seq: i64, draft: Draft) -> Entry {
    let hash = Digest::of([seq.to_string().as_str()]);
    Entry {
        seq: Seq(seq),
        draft,
        previous: hash.clone(),
        hash,
    }
}

fn acts(effects: &[Effect]) -> usize {
    let acts = effects.iter();
    acts.filter(|effect| matches!(effect, Effect::Act { .. }))
        .count()
}

#[test]
fn nothing_starts_without_every_go_and_a_vote_binds_to_what_was_seen() {
    let mut world = World::new();
    world.start();
    assert!(
        world.refused().contains("no go of qa"),
        "{}",
        world.refused()
    );
    // A vote on something else than what is there is refused, with what is there now.
    world.ask(Request::VoteRelease {
        release: NAME.into(),
        role: "qa".into(),
        voice: Voice::Go,
        note: String::new(),
        seen: Digest::of(["another"]),
    });
    assert!(world.refused().contains("has changed since you looked"));
    world.ask(Request::VoteRelease {
        release: NAME.into(),
        role: "sre".into(),
        voice: Voice::Go,
        note: String::new(),
        seen: world.bound(),
    });
    assert!(world.refused().contains("does not ask for the role sre"));
    world.vote(Voice::NoGo);
    world.start();
    assert!(world.refused().contains("alice says no-go as qa: heap"));
    world.vote(Voice::Go);
    assert_eq!(world.sent(), []);
    world.start();
    // The first wave goes, and no more.
    assert_eq!(world.sent(), [("api".to_owned(), "intended")]);
    let intent = &world
        .ledger()
        .promotions
        .values()
        .next()
        .expect("one")
        .intent;
    assert_eq!(intent.reason, "release 2026.47 wave 1");
    assert_eq!(intent.release.as_ref(), Some(&world.run().id));
    world.start();
    assert!(world.refused().contains("runs already"));
}

#[test]
fn a_changed_agenda_makes_votes_void_and_says_what_changed() {
    let mut world = World::new();
    world.vote(Voice::Go);
    harness::with_cell(
        &mut world.state.engine.board,
        "search",
        "production",
        |cell| {
            cell.candidate = None;
        },
    );
    let release = world.state.engine.policy.releases[0].clone();
    let decision = world.state.engine.decision(&release, world.now());
    assert_eq!(decision.go, Go::NoGo);
    let void = voided(&decision).expect("a void vote");
    assert!(void.contains("alice's vote as qa is void"), "{void}");
    assert!(void.contains("-search 1111111 > 2222222"), "{void}");
    assert!(void.contains("+search stays"), "{void}");
    let refusal = may_start(&release, &decision, &[]).expect_err("no-go");
    assert!(refusal.hint.is_some_and(|hint| hint.contains("is void")));
}

#[test]
fn a_role_that_is_taken_away_takes_its_vote_with_it() {
    let mut world = World::new();
    world.vote(Voice::Go);
    Arc::make_mut(&mut world.state.engine.policy)
        .roles
        .insert("qa".into(), BTreeSet::from(["dee".into()]));
    world.start();
    assert!(
        world.refused().contains("no go of qa"),
        "{}",
        world.refused()
    );
    world.vote(Voice::Go);
    assert!(world.refused().contains("alice does not have the role qa"));
}

#[test]
fn a_wave_starts_when_the_one_before_is_live_and_at_the_end_it_has_shipped() {
    let mut world = World::new();
    world.vote(Voice::Go);
    world.start();
    world.ends("api", Step::Succeeded);
    let sent: Vec<String> = world
        .sent()
        .into_iter()
        .map(|(service, _)| service)
        .collect();
    assert_eq!(sent, ["api", "search"]);
    assert_eq!(world.run().ended, None);
    world.ends("search", Step::Succeeded);
    assert_eq!(world.sent().len(), 3);
    world.ends("billing", Step::Succeeded);
    let ended = world.run().ended.clone().expect("ended");
    assert_eq!(ended.how, Ending::Shipped);
}

#[test]
fn a_failure_stops_it_keeps_what_is_done_and_says_how_to_go_back() {
    let mut world = World::new();
    world.vote(Voice::Go);
    world.start();
    world.ends("api", Step::Succeeded);
    shown(&mut world, "api", "2", 901);
    let why = "exit 1".to_owned();
    world.ends("search", Step::Failed { why });
    let run = world.run().clone();
    let why = "search: exit 1".to_owned();
    assert_eq!(
        run.ended.as_ref().map(|ended| &ended.how),
        Some(&Ending::Stopped { why })
    );
    assert_eq!(world.sent().len(), 2, "the third wave never starts");
    let reasons: Vec<String> = world
        .state
        .engine
        .entries
        .iter()
        .filter(|entry| entry.draft.event.kind() == "release.stopped")
        .filter_map(|entry| entry.draft.reason.clone())
        .collect();
    assert_eq!(
        reasons,
        // What failed has moved nothing: api alone goes back.
        ["search: exit 1; to go back, in this order: api to 1111111"]
    );
    assert!(harness::said(&world.state).contains("to go back, in this order"));
}

#[test]
fn what_the_run_sent_and_was_refused_is_not_covered_up_by_what_somebody_ordered_since() {
    use crate::domain::promotion::State;
    let mut world = World::new();
    world.vote(Voice::Go);
    world.start();
    let run = world.run().clone();
    let now = world.now();
    world.state.engine.flows.clear();
    let ledger = world.state.engine.ledger.as_mut().expect("a ledger");
    let mut promotions = ledger.promotions.values_mut();
    let own = promotions.find(|promotion| promotion.intent.release.is_some());
    let own = own.expect("a promotion of the run");
    own.state = State::Rejected;
    own.why = Some("not allowed".to_owned());
    let mut other = own.clone();
    other.intent.id = "by-hand".into();
    other.intent.release = None;
    other.intended_at = now + SignedDuration::from_secs(5);
    other.state = State::Abandoned;
    let service = other.intent.service.clone();
    ledger.promotions.insert(other.intent.id.clone(), other);
    let moved = run.moves.iter().find(|moved| moved.service == service);
    let progress = world
        .state
        .engine
        .progress(&run, moved.expect("a move"), now);
    assert_eq!(progress, Progress::Failed("not allowed".to_owned()));
}

#[test]
fn h5_a_no_go_in_the_middle_sends_nothing_more() {
    let mut world = World::new();
    world.vote(Voice::Go);
    let asked = world.start();
    // The intent is durable; before the permit somebody says no-go.
    world.vote(Voice::NoGo);
    let effects = world.recheck(asked);
    assert_eq!(acts(&effects), 0);
    assert_eq!(world.sent(), [("api".to_owned(), "abandoned")]);
    let said = harness::said(&world.state);
    assert!(said.contains("says no-go to 2026.47 as qa"), "{said}");
    // And nothing is tried again while it stands.
    world.seconds = 40;
    let effects = world.send(Msg::Tick);
    world.settle(effects);
    assert_eq!(world.sent().len(), 1);
    let run = world.run().clone();
    assert!(world.state.engine.standstill(&run, world.now()).is_some());
    world.vote(Voice::Go);
    assert_eq!(world.sent().len(), 2, "with the go it is tried anew");
}

#[test]
fn a_go_that_is_withdrawn_in_the_middle_sends_nothing_more() {
    let mut world = World::new();
    world.vote(Voice::Go);
    let asked = world.start();
    // The intent is durable; before the permit the go is taken back.
    world.ask(Request::WithdrawReleaseVote {
        release: NAME.into(),
        reason: "the wrong release".to_owned(),
    });
    let effects = world.recheck(asked);
    assert_eq!(acts(&effects), 0);
    assert_eq!(world.sent(), [("api".to_owned(), "abandoned")]);
    let said = harness::said(&world.state);
    assert!(said.contains("no go of qa"), "{said}");
}

#[test]
fn a_hold_in_the_middle_starts_nothing_more() {
    let mut world = World::new();
    world.vote(Voice::Go);
    world.start();
    world.ask(Request::Hold {
        cover: crate::domain::hold::Cover {
            service: Some("search".into()),
            environment: Some("production".into()),
            revision: None,
        },
        kind: crate::domain::hold::HoldKind::Forward,
        reason: "looks wrong".to_owned(),
        until: None,
        then: crate::domain::hold::Then::End,
        tell: crate::domain::notice::Tell::Rules,
    });
    world.ends("api", Step::Succeeded);
    assert_eq!(world.sent().len(), 1);
    let run = world.run().clone();
    let progress = world
        .state
        .engine
        .progress(&run, &run.moves[1], world.now());
    assert!(
        matches!(&progress, Progress::Blocked(why) if why.contains("looks wrong")),
        "{progress:?}"
    );
}

#[test]
fn only_the_driver_goes_on_and_a_run_can_be_taken_over() {
    let mut world = World::new();
    world.vote(Voice::Go);
    let asked = world.start();
    let run = world.run().clone();
    let resumed = |driver: &str, world: &World| Draft {
        environment: Some("production".into()),
        ..world.state.engine.draft(
            &"bob".into(),
            Event::ReleaseResumed {
                id: run.id.clone(),
                release: NAME.into(),
                driver: driver.into(),
            },
            world.now(),
        )
    };
    // Another gonogo takes it over between intent and permit: nothing is sent from here.
    world.seq += 1;
    let draft = resumed("there", &world);
    let taken = entry(world.seq, draft);
    world.send(Msg::JournalRead(Ok(vec![taken])));
    let effects = world.recheck(asked);
    assert_eq!(acts(&effects), 0);
    assert_eq!(world.sent(), [("api".to_owned(), "abandoned")]);
    world.seconds = 40;
    let effects = world.send(Msg::Tick);
    world.settle(effects);
    assert_eq!(world.sent().len(), 1);
    assert_eq!(world.state.engine.driver_is_seen(world.run()), None);
    world.send(Msg::Neighbours(BTreeSet::from(["there".into()])));
    assert_eq!(world.state.engine.driver_is_seen(world.run()), Some(true));
    world.send(Msg::Neighbours(BTreeSet::new()));
    assert_eq!(world.state.engine.driver_is_seen(world.run()), Some(false));
    // Back here it goes on.
    world.ask(Request::ResumeRelease {
        release: NAME.into(),
    });
    assert_eq!(world.run().driver.as_str(), "here");
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn a_cancelled_run_starts_nothing_more() {
    let mut world = World::new();
    world.vote(Voice::Go);
    let asked = world.start();
    world.ask(Request::CancelRelease {
        release: NAME.into(),
        reason: "enough".to_owned(),
    });
    let effects = world.recheck(asked);
    assert_eq!(acts(&effects), 0);
    assert_eq!(world.sent(), [("api".to_owned(), "abandoned")]);
    assert!(world.run().ended.is_some());
    world.ask(Request::CancelRelease {
        release: NAME.into(),
        reason: "enough".to_owned(),
    });
    assert!(world.refused().contains("no run of 2026.47 goes on"));
}

fn verification(world: &mut World, service: &str, standing: Standing) {
    let board = &mut world.state.engine.board;
    harness::with_cell(board, service, "production", |cell| {
        cell.verification = standing;
    });
}

/// The first wave is live, and its verification is under way.
fn verifying() -> World {
    let mut world = World::new();
    world.vote(Voice::Go);
    world.start();
    let under_way = Standing::Verifying {
        since: harness::now(),
        until: None,
    };
    verification(&mut world, "api", under_way);
    world.ends("api", Step::Succeeded);
    assert_eq!(world.sent(), [("api".to_owned(), "succeeded")]);
    assert_eq!(world.run().ended, None);
    world
}

#[test]
fn p9_a_wave_waits_until_the_one_before_is_verified() {
    let mut world = verifying();
    verification(&mut world, "api", Standing::Passed);
    let effects = world.send(Msg::Neighbours(BTreeSet::new()));
    world.settle(effects);
    let sent: Vec<String> = world.sent().into_iter().map(|(name, _)| name).collect();
    assert_eq!(sent, ["api", "search"]);
}

#[test]
fn p9_a_failed_verification_starts_no_more_waves() {
    let mut world = verifying();
    let why = "errors 5 %".to_owned();
    verification(&mut world, "api", Standing::Failed { why });
    let effects = world.send(Msg::Neighbours(BTreeSet::new()));
    world.settle(effects);
    assert_eq!(world.sent().len(), 1);
    let ended = world.run().ended.clone().expect("ended");
    let why = "api: 2222222 failed its verification: errors 5 %".to_owned();
    assert_eq!(ended.how, Ending::Stopped { why });
    // The cell was judged anew meanwhile, by facts and a journal that know nothing of what was set by hand.
    let mut moves = world.run().moves.iter();
    let live = moves.find(|it| it.service.as_str() == "api");
    let live = live.map(|it| it.to.clone());
    let board = &mut world.state.engine.board;
    harness::with_cell(board, "api", "production", |cell| cell.live = live);
    let why = "errors 5 %".to_owned();
    verification(&mut world, "api", Standing::Failed { why });
    // What was not begun is not started any more, whatever its gates say.
    let engine = &world.state.engine;
    let status = crate::app::status::release::RunStatus::of(engine, world.run(), world.now());
    let states: Vec<(&str, &str)> = status
        .moves
        .iter()
        .map(|moved| (moved.service.as_str(), moved.state))
        .collect();
    let wanted = [
        ("api", "failed"),
        ("search", "not-started"),
        ("billing", "not-started"),
    ];
    assert_eq!(states, wanted);
}

fn gate(world: &World, service: &str) -> Option<crate::domain::gate::State> {
    let cell = world
        .state
        .engine
        .board
        .cell(&service.into(), &"production".into());
    let verdicts = &cell.expect("a cell").judgement.verdicts;
    let mut verdicts = verdicts.iter();
    verdicts
        .find(|verdict| verdict.gate == "release")
        .map(|verdict| verdict.state)
}

#[test]
fn a_no_go_closes_the_promotion_of_every_member_until_what_would_ship_changes() {
    use crate::domain::gate::State as Gate;
    let mut world = World::new();
    assert_eq!(gate(&world, "api"), None);
    world.vote(Voice::NoGo);
    assert_eq!(gate(&world, "api"), Some(Gate::Closed));
    assert_eq!(gate(&world, "search"), Some(Gate::Closed));
    let wish = crate::app::engine::planning::Wish::Promote { revision: None };
    let now = world.now();
    let plan = |world: &mut World| {
        world
            .state
            .engine
            .plan(&"api".into(), &"production".into(), &wish, now)
    };
    let refusal = plan(&mut world).expect_err("a no-go");
    let why = "release (alice says no-go to 2026.47 as qa: heap)";
    assert!(refusal.why.contains(why), "{}", refusal.why);
    // Another service of it moves on: that was not what alice saw.
    let row = world.state.engine.board.row(&"search".into());
    let mut facts = row
        .and_then(|row| row.facts.value().cloned())
        .expect("facts");
    for one in &mut facts.deployments {
        if one.environment.as_str() == "staging" {
            one.sha = "7".repeat(40).into();
        }
    }
    let (board, basis) = world.state.engine.judging(now);
    board.merge(&"search".into(), Ok(facts), now, basis);
    assert_eq!(gate(&world, "api"), Some(Gate::Open));
    assert!(plan(&mut world).is_ok());
}

/// The forge shows this revision as the newest of a service in production.
fn shown(world: &mut World, service: &str, digit: &str, number: u64) {
    let now = world.now();
    let rows = world.state.engine.board.rows.iter_mut();
    let mut rows = rows.filter(|row| row.service.name.as_str() == service);
    let facts = rows.next().and_then(|row| row.facts.last.as_mut());
    let deployments = &mut facts.expect("facts").value.deployments;
    let mut known = deployments.iter();
    let known = known.find(|one| one.environment.as_str() == "production");
    let mut new = known.expect("a deployment").clone();
    new.id = crate::domain::ids::DeploymentId(number);
    new.sha = digit.repeat(40).into();
    new.created_at = now + SignedDuration::from_millis(i64::try_from(number).unwrap());
    new.changed_at = new.created_at;
    deployments.insert(0, new);
}

#[test]
fn the_way_back_is_told_until_all_of_it_is_back() {
    let mut world = World::new();
    world.vote(Voice::Go);
    world.start();
    world.ends("api", Step::Succeeded);
    shown(&mut world, "api", "2", 901);
    world.ends("search", Step::Succeeded);
    shown(&mut world, "search", "2", 902);
    let why = "exit 1".to_owned();
    world.ends("billing", Step::Failed { why });
    let home = |world: &mut World| -> Vec<String> {
        let now = world.now();
        world.state.engine.judge_all(now);
        let run = world.run().clone();
        let steps = world.state.engine.way_home(&run, now);
        let words = steps.iter().filter_map(|step| step.split(" (").next());
        words.map(str::to_owned).collect()
    };
    // What failed has moved nothing; the last wave goes back first.
    assert_eq!(home(&mut world), ["search to 1111111", "api to 1111111"]);
    shown(&mut world, "search", "1", 903);
    assert_eq!(home(&mut world), ["api to 1111111"]);
    shown(&mut world, "api", "1", 904);
    assert_eq!(home(&mut world), [""; 0]);
}
