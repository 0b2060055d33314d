//! The path of a scene's services, the gates on it, and how they stand.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::{HOUR, MINUTE, PATH, Plan, ago, hence, person};
use crate::domain::gate::{self, Earliest, Go, Judgement, Verdict};
use crate::domain::ids::{Digest, EnvironmentName};
use crate::domain::policy::{Environment, GateSpec, Mode, Policy, Service, Stage, Via};
use crate::domain::signoff::AtClose;
use crate::domain::window::{Span, Window, WindowEffect};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Gates {
    Open,
    Ticket,
    Soak,
    Level,
}

pub(super) fn policy(plans: &[Plan]) -> Policy {
    let stage = |environment: &str| Stage {
        environment: environment.into(),
        gates: [
            GateSpec::Window,
            GateSpec::SignOff {
                roles: vec!["qa".into(), "sre".into()],
                distinct: true,
                at_close: AtClose::Keep,
            },
        ]
        .into(),
        via: if environment == "dev" {
            Via::Forge
        } else {
            Via::Approval { workflow: None }
        },
        mode: Mode::Confirm,
        verification: None,
    };
    Policy {
        releases: Vec::new(),
        version: Digest::of(["scene"]).into(),
        max_age: SignedDuration::from_secs(60),
        environments: PATH
            .iter()
            .map(|name| {
                let environment = Environment {
                    name: (*name).into(),
                    tier: "standard".into(),
                    protected: *name == "prod",
                    mode: Mode::Confirm,
                    overrides: crate::domain::override_::OverrideRule::default(),
                    risk: crate::domain::risk::RiskRule::default(),
                    countdown: crate::domain::policy::COUNTDOWN,
                    verification: None,
                    brakes: crate::domain::brake::Brakes::default(),
                };
                (EnvironmentName::new(name), environment)
            })
            .collect(),
        services: plans
            .iter()
            .map(|plan| Service {
                name: plan.name.into(),
                forge: "gh".into(),
                kind: crate::domain::forge_kind::ForgeKind::GitHub,
                environments: crate::domain::policy::EnvironmentModel::Native,
                repo: format!("acme/{}", plan.name).into(),
                branch: None,
                revision: None,
                group: None,
                depends: Vec::new(),
                scope: crate::domain::scope::ScopeRule::usual(),
                path: PATH.iter().map(|name| stage(name)).collect(),
            })
            .map(std::sync::Arc::new)
            .collect(),
        windows: vec![Window {
            name: "R26.07".into(),
            effect: WindowEffect::Allow,
            span: Span::Weekly {
                days: vec![jiff::civil::Weekday::Friday],
                from: jiff::civil::time(12, 0, 0, 0),
                to: crate::domain::window::End::At(jiff::civil::time(16, 0, 0, 0)),
            },
            zone: TimeZone::UTC,
            zone_name: "UTC".into(),
            environments: vec!["prod".into()],
            services: Vec::new(),
            reason: None,
        }],
        roles: BTreeMap::from([
            ("qa".into(), BTreeSet::from([person("dee")])),
            (
                "sre".into(),
                BTreeSet::from([person("carol"), person("alice")]),
            ),
        ]),
    }
}

pub(super) fn judgement(gates: Gates) -> Judgement {
    let open = |name: &str, why: &str, since: Option<i64>| {
        Verdict::new(name, gate::State::Open, why)
            .since(since.map(ago))
            .evidence("seen", why, None, Some(ago(6)))
    };
    let mut verdicts = vec![
        open("fresh", "every fact is younger than 1m", None),
        open(
            "pipeline",
            "main@77ac01e: 12 of 12 checks passed",
            Some(2 * HOUR),
        ),
        open(
            "review",
            "2 of 2: bob, dee (author eve is not counted)",
            Some(51 * MINUTE),
        ),
        open("window", "R26.07 until 16:00Z", Some(2 * HOUR)).valid_until(Some(hence(6_130))),
    ];
    let soak = match gates {
        Gates::Soak => Verdict::new("soak", gate::State::Waiting, "6h12m of 24h on staging")
            .opens_at(Some(hence(64_000)))
            .opens_when("24h on staging are over")
            .since(Some(ago(22_320)))
            .evidence("soak", "6h12m", None, Some(ago(6))),
        Gates::Open | Gates::Ticket | Gates::Level => {
            open("soak", "31h of 24h on staging", Some(7 * HOUR))
        }
    };
    verdicts.push(soak);
    if gates == Gates::Ticket {
        verdicts.push(
            Verdict::new(
                "sign-off",
                gate::State::Closed,
                "1 of 2 roles: sre has not voted",
            )
            .opens_when("sre votes go on 5.2.9 > 5.3.0")
            .who("carol, alice")
            .evidence("qa", "go by dee", None, Some(ago(20 * MINUTE))),
        );
        verdicts.push(
            Verdict::new(
                "manual ticket",
                gate::State::Closed,
                "CHG-4411 needs \"approved\"",
            )
            .since(Some(ago(20 * MINUTE)))
            .opens_when("somebody of ops-cab opens it")
            .who("role ops-cab"),
        );
    }
    verdicts.push(open("hold", "no hold", None));
    let go = gate::sum(verdicts.iter().map(|verdict| verdict.state));
    let earliest = match gates {
        Gates::Open => Earliest::Now,
        Gates::Ticket => Earliest::NeedsPerson {
            gate: "sign-off".into(),
            who: "carol or alice as sre".into(),
        },
        Gates::Soak => Earliest::At {
            at: hence(64_000),
            gate: "soak".into(),
        },
        Gates::Level => Earliest::Nothing,
    };
    if gates == Gates::Level {
        return Judgement {
            go: Go::Unknown,
            verdicts: Vec::new().into(),
            earliest,
            due: None,
        };
    }
    Judgement {
        go,
        verdicts: verdicts.into(),
        earliest,
        due: None,
    }
}
