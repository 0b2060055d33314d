//! What an evening's policy asks beside its plain gates: samples of running services, checklists,
//! verification after a deployment, who may override, and releases in waves.

use jiff::SignedDuration;

use super::{DUTY, Theme};
use crate::domain::brake::{Brakes, Way};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{ReleaseName, ServiceName};
use crate::domain::override_::OverrideRule;
use crate::domain::policy::{
    CommandRule, Expect, GateSpec, HealthRule, Policy, Probe, ProbeSource, Service, Task,
    Verification,
};
use crate::domain::release::{Item, Release};
use crate::domain::signoff::AtClose;
use crate::domain::window::{Window, WindowEffect};
use crate::runtime::evenings::chance::Chance;

/// The name of the one release.
pub const TONIGHT: &str = "tonight";

/// The gates of a stage that rest on samples or on people's word.
pub(super) fn gates(chance: &mut Chance, last: bool) -> Vec<GateSpec> {
    let mut gates = Vec::new();
    if chance.percent(18) {
        gates.push(GateSpec::Health(health("health")));
    }
    if chance.percent(10) {
        let argv = ["smoke", "{service}", "{environment}", "{revision}"];
        let rule = CommandRule {
            argv: argv.map(str::to_owned).to_vec(),
            time_limit: SignedDuration::from_secs(5),
            every: SignedDuration::from_secs(60),
        };
        gates.push(GateSpec::Command(vec![("smoke".to_owned(), rule)]));
    }
    if last && chance.percent(20) {
        let task = |name: &str, role: Option<&str>| Task {
            name: name.to_owned(),
            text: format!("do the {name}"),
            role: role.map(Into::into),
        };
        let mut tasks = vec![task("backup", None)];
        if chance.percent(50) {
            tasks.push(task("notes", Some(DUTY)));
        }
        gates.push(GateSpec::Checklist { tasks });
    }
    gates
}

/// What has to be seen after a deployment.
pub(super) fn verification(chance: &mut Chance) -> Option<Verification> {
    chance.percent(35).then(|| Verification {
        within: chance.seconds(45, 120),
        health: health("verify"),
        tasks: Vec::new(),
    })
}

fn health(subject: &str) -> HealthRule {
    let probe = Probe {
        name: "up".to_owned(),
        source: ProbeSource::Http {
            url: format!("https://{{service}}/{{environment}}/{{revision}}/{subject}"),
            pointer: None,
        },
        expect: Expect::Answer,
    };
    HealthRule {
        probes: vec![probe],
        every: SignedDuration::from_secs(20),
    }
}

pub(super) fn overrides(chance: &mut Chance, environment: &str) -> OverrideRule {
    let last = environment == "production";
    OverrideRule {
        forbidden: chance.percent(4),
        roles: if last && chance.percent(35) {
            vec![DUTY.into()]
        } else {
            Vec::new()
        },
        second_person: last && chance.percent(45),
        max: chance.seconds(60, 600),
        never: if chance.percent(20) {
            vec!["sign-off".to_owned()]
        } else {
            Vec::new()
        },
    }
}

/// All services ship together into production, one after the other or the first two at once.
pub(super) fn releases(
    chance: &mut Chance,
    theme: Theme,
    services: &[Service],
    windows: &[Window],
) -> Vec<Release> {
    let wanted = theme == Theme::Release || chance.percent(15);
    if services.len() < 2 || !wanted {
        return Vec::new();
    }
    let names: Vec<ServiceName> = services.iter().map(|known| known.name.clone()).collect();
    let mut waves: Vec<Vec<ServiceName>> = names.iter().map(|name| vec![name.clone()]).collect();
    if waves.len() > 2 && chance.percent(50) {
        let second = waves.remove(1);
        waves[0].extend(second);
    }
    let roles = if chance.percent(40) {
        vec!["qa".into()]
    } else {
        Vec::new()
    };
    vec![Release {
        name: ReleaseName::from(TONIGHT),
        environment: "production".into(),
        items: names
            .into_iter()
            .map(|service| Item { service, pin: None })
            .collect(),
        waves,
        // Drawn from what was drawn, so that a seed makes the evening that it always made.
        window: windows
            .iter()
            .find(|window| window.effect == WindowEffect::Allow)
            .map(|window| window.name.clone()),
        at_close: if services.len() == 2 {
            AtClose::Withdraw
        } else {
            AtClose::Keep
        },
        due: None,
        roles,
        distinct: true,
        owner: None,
    }]
}

/// A release names no service that the config does not have.
pub(super) fn prune(policy: &mut Policy) {
    let known: Vec<ServiceName> = policy
        .services
        .iter()
        .map(|service| service.name.clone())
        .collect();
    for release in &mut policy.releases {
        release.items.retain(|item| known.contains(&item.service));
        for wave in &mut release.waves {
            wave.retain(|service| known.contains(service));
        }
        release.waves.retain(|wave| !wave.is_empty());
    }
}

/// By what a hold stops a forge of each kind; each kind has its own ways.
pub(super) fn brakes(chance: &mut Chance, braked: bool) -> Brakes {
    let mut ways = |kind: ForgeKind| -> Vec<Way> {
        let all = Way::of(kind).iter().copied();
        all.filter(|_| braked && chance.percent(45)).collect()
    };
    Brakes {
        github: ways(ForgeKind::GitHub),
        gitlab: ways(ForgeKind::GitLab),
        forgejo: ways(ForgeKind::Forgejo),
    }
}
