//! The policies of an evening: two or three services, random paths, ways and gates; and what a
//! reload of the config changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::chance::Chance;
use super::hosts::{Host, Hosts};
use crate::domain::act::MergeMethod;
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{Digest, EnvironmentName, Person, RoleName, ServiceName};
use crate::domain::policy::{
    Before, Environment, EnvironmentModel, GateSpec, Mode, PipelineRule, Policy, Service, Stage,
    Via,
};
use crate::domain::signoff::AtClose;
use crate::domain::window::{Span, Window, WindowEffect};

mod controls;

pub use controls::TONIGHT;

pub const PEOPLE: [&str; 4] = ["ann", "bob", "cleo", "dan"];
pub const SERVICES: [&str; 3] = ["api", "billing", "web"];
/// The role that may open manual gates; no sign-off asks for it.
pub const OPENERS: &str = "keeper";
/// The role that may override where that is asked for, and attest some tasks.
pub const DUTY: &str = "duty";
pub const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "production"];

/// What an evening has more of than others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Plain,
    Overrides,
    Back,
    Release,
    /// Holds that become the forges' own brakes.
    Brakes,
}

impl Theme {
    pub fn of(chance: &mut Chance) -> Self {
        let all = [
            Self::Plain,
            Self::Overrides,
            Self::Back,
            Self::Release,
            Self::Brakes,
        ];
        all[chance.weighted(&[32, 17, 17, 17, 17])]
    }
}

/// Makes the policy that an evening begins with.
pub fn first(chance: &mut Chance, theme: Theme, hosts: &Hosts, now: Timestamp) -> Policy {
    let services = match theme {
        Theme::Release => 2 + chance.weighted(&[70, 30]),
        Theme::Plain | Theme::Overrides | Theme::Back | Theme::Brakes => {
            1 + chance.weighted(&[30, 50, 20])
        }
    };
    let environments = &ENVIRONMENTS[chance.weighted(&[30, 70])..];
    let mut services: Vec<Service> = SERVICES[..services]
        .iter()
        .zip(hosts)
        .map(|(name, host)| service(chance, theme, name, host, environments))
        .collect();
    // Drawn aside, so that what else a seed stands for stays what it was.
    modes(&mut chance.clone(), &mut services);
    let braked = theme == Theme::Brakes || chance.percent(10);
    let environments = ENVIRONMENTS.map(|name| {
        let environment = Environment {
            name: name.into(),
            tier: "standard".to_owned(),
            protected: name == "production",
            mode: Mode::Confirm,
            overrides: controls::overrides(chance, name),
            risk: crate::domain::risk::RiskRule::default(),
            countdown: SignedDuration::from_secs(30),
            verification: None,
            brakes: controls::brakes(chance, braked),
        };
        (EnvironmentName::from(name), environment)
    });
    let members = |people: &[&str]| -> BTreeSet<Person> {
        people.iter().map(|name| Person::from(*name)).collect()
    };
    let mut windows = Vec::new();
    if chance.percent(40) {
        windows.push(window(chance, now, WindowEffect::Deny));
    }
    if chance.percent(25) {
        windows.push(window(chance, now, WindowEffect::Allow));
    }
    Policy {
        releases: controls::releases(chance, theme, &services, &windows),
        version: Digest::from("policy-0").into(),
        max_age: SignedDuration::from_secs(60 + 60 * i64::from(chance.percent(50))),
        environments: environments.into(),
        services: services.into_iter().map(Arc::new).collect(),
        windows,
        roles: BTreeMap::from([
            (RoleName::from("qa"), members(&["ann", "bob", "dan"])),
            (RoleName::from("sre"), members(&["bob", "cleo"])),
            (RoleName::from(OPENERS), members(&["bob"])),
            (RoleName::from(DUTY), members(&["ann", "bob"])),
        ]),
    }
}

/// In some evenings some stages promote by themselves, and some wholly by hand.
fn modes(chance: &mut Chance, services: &mut [Service]) {
    if !chance.percent(25) {
        return;
    }
    for stage in services.iter_mut().flat_map(|service| &mut service.path) {
        stage.mode = match chance.weighted(&[40, 40, 20]) {
            0 => Mode::Confirm,
            1 => Mode::Auto,
            _ => Mode::Checklist,
        };
    }
}

fn service(
    chance: &mut Chance,
    theme: Theme,
    name: &str,
    host: &Host,
    environments: &[&str],
) -> Service {
    let last = environments.len() - 1;
    let path = environments
        .iter()
        .enumerate()
        .map(|(place, environment)| Stage {
            environment: (*environment).into(),
            via: via(chance, theme, host.kind, environment, place),
            gates: gates(chance, place, place == last).into(),
            mode: Mode::Confirm,
            verification: controls::verification(chance),
        })
        .collect();
    Service {
        name: name.into(),
        forge: host.name.into(),
        kind: host.kind,
        environments: EnvironmentModel::usual(host.kind),
        repo: format!("acme/{name}").into(),
        branch: None,
        revision: None,
        group: None,
        depends: Vec::new(),
        scope: crate::domain::scope::ScopeRule::usual(),
        path,
    }
}

fn via(chance: &mut Chance, theme: Theme, kind: ForgeKind, environment: &str, place: usize) -> Via {
    let first = place == 0;
    // There is no way back out of a merge.
    let back = theme == Theme::Back;
    let by = |weight: u32, back_weight: u32| if back { back_weight } else { weight };
    let forge = u32::from(first) * 40;
    let merge = u32::from(!first) * 12;
    let publish = u32::from(!first) * 10;
    // Approval, job, workflow, pipeline, deployment, merge, release, tag, status, the forge itself.
    let weights = match kind {
        ForgeKind::GitHub => [30, 0, 25, 0, by(30, 120), merge, publish, 6, 0, forge],
        ForgeKind::GitLab => [
            35,
            18,
            0,
            by(20, 60),
            by(15, 60),
            merge,
            publish,
            6,
            0,
            forge,
        ],
        ForgeKind::Forgejo => [
            0,
            0,
            by(40, 120),
            0,
            0,
            merge,
            publish,
            by(15, 40),
            20,
            forge,
        ],
    };
    let told = || {
        BTreeMap::from([
            ("environment".to_owned(), "{environment}".to_owned()),
            ("revision".to_owned(), "{revision}".to_owned()),
            ("key".to_owned(), "{key}".to_owned()),
        ])
    };
    match chance.weighted(&weights) {
        0 => Via::Approval { workflow: None },
        1 => Via::Job {
            name: "deploy".to_owned(),
        },
        2 => Via::Workflow {
            workflow: "deploy.yml".to_owned(),
            git_ref: "main".to_owned(),
            inputs: told(),
        },
        3 => Via::Pipeline {
            git_ref: "main".to_owned(),
            variables: told(),
        },
        4 => Via::Deployment,
        5 => Via::PullRequest {
            base: environment.to_owned(),
            head: format!("to-{environment}"),
            method: MergeMethod::Merge,
        },
        6 => Via::Release,
        7 if chance.percent(50) => Via::Tag {
            name: "{environment}-{key}".to_owned(),
        },
        7 => Via::Tag {
            name: "{environment}-{revision}".to_owned(),
        },
        8 => Via::Status {
            context: "promote/{environment}".to_owned(),
        },
        _ => Via::Forge,
    }
}

fn gates(chance: &mut Chance, place: usize, last: bool) -> Vec<GateSpec> {
    let mut gates = vec![GateSpec::Fresh];
    if chance.percent(60) {
        let mut rule = PipelineRule::default();
        if chance.percent(40) {
            rule.required = vec!["build".to_owned()];
        }
        if place > 0 && chance.percent(30) {
            rule.blocking = vec!["e2e".to_owned()];
        }
        gates.push(GateSpec::Pipeline(rule));
    }
    if place > 0 && chance.percent(60) {
        gates.push(GateSpec::Path { from: Before::Next });
    }
    if place > 0 && chance.percent(25) {
        let at_least = chance.seconds(20, 120);
        gates.push(GateSpec::Soak { at_least });
    }
    if last && chance.percent(25) {
        let own = chance.percent(50);
        gates.push(GateSpec::Review { approvals: 1, own });
    }
    if chance.percent(60) {
        gates.push(GateSpec::Window);
    }
    if last && chance.percent(30) {
        let roles = if chance.percent(50) {
            vec!["qa".into()]
        } else {
            vec!["qa".into(), "sre".into()]
        };
        let distinct = chance.percent(60);
        // Drawn from what was drawn, so that a seed makes the evening that it always made.
        let at_close = if (roles.len() == 1) == distinct {
            AtClose::Withdraw
        } else {
            AtClose::Keep
        };
        gates.push(GateSpec::SignOff {
            roles,
            distinct,
            at_close,
        });
    }
    gates.extend(controls::gates(chance, last));
    gates
}

/// A window whose bounds fall into the evening.
fn window(chance: &mut Chance, now: Timestamp, effect: WindowEffect) -> Window {
    let (from, to) = match effect {
        WindowEffect::Deny => (chance.seconds(60, 900), chance.seconds(60, 400)),
        WindowEffect::Allow => (chance.seconds(-300, 200), chance.seconds(400, 1_500)),
    };
    let from = now + from;
    let wall = |at: Timestamp| at.to_zoned(TimeZone::UTC).datetime();
    let deny = effect == WindowEffect::Deny;
    Window {
        name: if deny { "freeze" } else { "evening" }.to_owned(),
        effect,
        span: Span::Once {
            from: wall(from),
            to: wall(from + to),
        },
        zone: TimeZone::UTC,
        zone_name: "UTC".to_owned(),
        environments: if chance.percent(50) {
            vec!["production".into()]
        } else {
            Vec::new()
        },
        services: Vec::new(),
        reason: deny.then(|| "stocktaking".to_owned()),
    }
}

/// What an edit of the config makes of a policy, as version `number`.
pub fn changed(
    chance: &mut Chance,
    old: &Policy,
    hosts: &Hosts,
    number: usize,
    now: Timestamp,
) -> Arc<Policy> {
    let mut policy = old.clone();
    policy.version = Digest::from(format!("policy-{number}")).into();
    match chance.weighted(&[25, 15, 20, 15, 15, 10, 5]) {
        0 => policy.windows.push(window(chance, now, WindowEffect::Deny)),
        1 => {
            policy.windows.clear();
            for release in &mut policy.releases {
                release.window = None;
            }
        }
        2 => {
            // Somebody leaves a role or joins it.
            let role = RoleName::from(*chance.pick(&["qa", "sre", DUTY]).unwrap());
            let person = Person::from(*chance.pick(&PEOPLE).unwrap());
            let members = policy.roles.entry(role).or_default();
            if !members.remove(&person) {
                members.insert(person);
            }
        }
        3 => {
            let place = chance.below(policy.services.len());
            let path = &mut policy.nth(place).path;
            let stage = path.last_mut().unwrap();
            if chance.percent(50) {
                let more = GateSpec::SignOff {
                    roles: vec!["qa".into()],
                    distinct: true,
                    at_close: AtClose::Withdraw,
                };
                stage.gates = stage.gates.iter().cloned().chain([more]).collect();
            } else {
                let mut gates = stage.gates.to_vec();
                gates.retain(|gate| !matches!(gate, GateSpec::SignOff { .. }));
                stage.gates = gates.into();
            }
        }
        4 => policy.max_age = SignedDuration::from_secs(60) + chance.seconds(0, 60),
        6 => {
            for environment in policy.environments.values_mut() {
                environment.brakes = controls::brakes(chance, true);
            }
        }
        // The file loses a service, or gets it back.
        _ if policy.services.len() > 1 => {
            policy.services.pop();
            controls::prune(&mut policy);
        }
        _ => {
            let place = policy.services.len().min(2);
            let (name, host) = (SERVICES[place], &hosts[place]);
            if policy.service(&ServiceName::from(name)).is_none() {
                let environments: Vec<String> = policy.services[0]
                    .path
                    .iter()
                    .map(|stage| stage.environment.to_string())
                    .collect();
                let environments: Vec<&str> = environments.iter().map(String::as_str).collect();
                let new = service(chance, Theme::Plain, name, host, &environments);
                policy.services.push(new.into());
            }
        }
    }
    Arc::new(policy)
}
