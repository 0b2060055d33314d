//! O1: goldens of overridden gates, of each kind that may be overridden.

use jiff::SignedDuration;
use jiff::civil::time;

use super::explained::{all, with};
use crate::domain::figure::Bound::AtMost;
use crate::domain::figure::Figure;
use crate::domain::gate::State::Overridden;
use crate::domain::gate::Verdict;
use crate::domain::gate::fixture::{
    WANTED, World, check, daily, later, manual_gate, now, person, sha,
};
use crate::domain::hold::{Cover, Openers};
use crate::domain::override_::{Bound, Override};
use crate::domain::phase::Phase;
use crate::domain::policy::{
    Before, CommandRule, Dependency, Expect, FitsRule, GateSpec, HealthRule, ParityRule,
    ParitySource, Part, PipelineRule, Probe, ProbeSource, QualityRule, Task,
};
use crate::domain::signoff::AtClose;
use crate::domain::window::WindowEffect::Deny;

/// What closes a gate.
type Spoil = fn(&mut World);

/// An override by alice of what a gate says.
pub(super) fn of(said: Verdict) -> Override {
    Override {
        id: "o-1".into(),
        service: "checkout".into(),
        environment: "production".into(),
        revision: sha(WANTED),
        gates: vec![Bound {
            gate: said.gate.clone(),
            values: said.values(),
            said: said.why,
        }],
        reason: "pays twice".to_owned(),
        owner: "alice".into(),
        since: now(),
        until: later(60),
        second_person: false,
        confirmed: None,
        used: None,
    }
}

/// A world in which that is overridden which a gate says now.
fn passed(mut world: World, gate: &str) -> World {
    let said = world.verdict(gate);
    assert!(!said.state.passes(), "{gate}: {}", said.why);
    let one = of(said);
    world.book().overrides.insert(one.id.clone(), one);
    world
}

/// As it reads then: what is wrong, on whose word it is passed, and until when. `release` has its own
/// golden; `fresh`, `hold` and `forge` are never overridden.
#[test]
fn every_kind_that_may_be_overridden_explains_itself() {
    let all_day = || daily("stock", Deny, time(0, 0, 0, 0), time(0, 0, 0, 0), "UTC");
    let undeclared = ParityRule {
        with: None,
        source: ParitySource::File("deploy.toml".to_owned()),
        except: Vec::new(),
    };
    let findings = QualityRule {
        check: "sast".to_owned(),
        after: None,
        bound: AtMost(Figure::whole(0)),
    };
    let smoke = CommandRule {
        argv: vec!["./smoke".to_owned()],
        time_limit: SignedDuration::from_secs(30),
        every: SignedDuration::from_mins(5),
    };
    let up = HealthRule {
        probes: vec![Probe {
            name: "up".to_owned(),
            source: ProbeSource::Http {
                url: "https://checkout.test/up".to_owned(),
                pointer: None,
            },
            expect: Expect::Answer,
        }],
        every: SignedDuration::from_secs(30),
    };
    let margin = SignedDuration::from_hours(500);
    let spoilt: [(&str, GateSpec, Spoil); 13] = [
        (
            "pipeline",
            GateSpec::Pipeline(PipelineRule::default()),
            |world| {
                world.checks().contexts = vec![check("build", Phase::Failed)];
            },
        ),
        ("path", GateSpec::Path { from: Before::Next }, |world| {
            world.known().deployments.clear();
        }),
        ("soak", soak_of(900), |_| {}),
        (
            "review",
            GateSpec::Review {
                approvals: 9,
                own: false,
            },
            |_| {},
        ),
        ("window", GateSpec::Window, |_| {}),
        ("sign-off", signed_by("qa"), |_| {}),
        ("quality", GateSpec::Quality(vec![findings]), |_| {}),
        (
            "blocker",
            GateSpec::Blocker {
                labels: vec!["stop".to_owned()],
            },
            |_| {},
        ),
        ("parity", GateSpec::Parity(vec![undeclared]), |_| {}),
        (
            "fits",
            GateSpec::Fits(FitsRule { margin }),
            super::fits::usual,
        ),
        (
            "four-eyes",
            GateSpec::FourEyes {
                parts: Part::ALL.to_vec(),
            },
            |world| {
                world.actor = Some(person("eve"));
            },
        ),
        (
            "checklist",
            GateSpec::Checklist {
                tasks: vec![task("backup")],
            },
            |_| {},
        ),
        (
            "risk",
            GateSpec::Risk {
                second: 1,
                roles: vec!["qa".into()],
            },
            |_| {},
        ),
    ];
    let mut told: Vec<String> = spoilt
        .into_iter()
        .map(|(name, gate, spoil)| {
            let mut world = with(&gate, spoil);
            if name == "window" {
                world.policy.windows = vec![all_day()];
            }
            all(name, [(Overridden, passed(world, name))])
        })
        .collect();
    let mut depends = World::new(vec![GateSpec::Depends]);
    depends.policy.nth(0).depends.push(Dependency {
        service: "payments".into(),
        at_least: None,
    });
    let command = World::new(vec![GateSpec::Command(vec![("smoke".to_owned(), smoke)])]);
    let mut manual = World::new(vec![GateSpec::Manual]);
    let gate = manual_gate("g1", Cover::default(), Openers::Anyone);
    manual.book().manual_gates.insert(gate.id.clone(), gate);
    for (name, world) in [
        ("depends", depends),
        ("health", World::new(vec![GateSpec::Health(up)])),
        ("command smoke", command),
        ("manual pen test", manual),
    ] {
        told.push(all(name, [(Overridden, passed(world, name))]));
    }
    insta::assert_snapshot!(told.join("\n\n"));
}

fn soak_of(hours: i64) -> GateSpec {
    GateSpec::Soak {
        at_least: SignedDuration::from_hours(hours),
    }
}

fn signed_by(role: &str) -> GateSpec {
    GateSpec::SignOff {
        roles: vec![role.into()],
        distinct: true,
        at_close: AtClose::Keep,
    }
}

fn task(name: &str) -> Task {
    Task {
        name: name.to_owned(),
        text: "take a backup".to_owned(),
        role: None,
    }
}
