//! Lists of gates, as `[policy.NAME]` and `[service.NAME]` hold them.

use std::collections::BTreeSet;

use super::super::file::{Table, Value};
use super::super::keys;
use super::{Place, Roles, known_role};
use crate::domain::ids::RoleName;
use crate::domain::policy::{Before, FitsRule, GateSpec, HealthRule, PipelineRule};
use crate::domain::sampling;
use crate::domain::signoff::AtClose;
use crate::domain::spelling::meant;

mod checklist;
mod command;
mod fits;
mod health;

mod blocker;
mod four_eyes;
mod parity;
mod quality;

pub(super) use checklist::tasks;
pub(super) use health::NO_PROBES;

pub(super) use command::is_there;
pub(super) use parity::compared;

const KINDS: &[&str] = &[
    "fresh",
    "pipeline",
    "path",
    "soak",
    "review",
    "window",
    "hold",
    "sign-off",
    "forge",
    "manual",
    "release",
    "quality",
    "blocker",
    "parity",
    "four-eyes",
    "depends",
    "fits",
    "checklist",
    "health",
    "command",
    "risk",
];

/// Says whether a word is a kind of gate, judged in this version or not.
pub(super) fn is_kind(word: &str) -> bool {
    kinds().any(|kind| kind == word)
}

pub(super) fn kinds() -> impl Iterator<Item = &'static str> + Clone {
    KINDS.iter().copied()
}

/// Reads a list of gates: names, or tables with a `kind`. A kind may be listed once, but for commands,
/// each with a name of its own.
pub(super) fn list(value: &Value<'_>, roles: &Roles, place: &Place<'_>) -> Option<Vec<GateSpec>> {
    let mut gates: Vec<GateSpec> = Vec::new();
    for item in value.list()? {
        let Some(gate) = gate(&item, roles, place) else {
            continue;
        };
        if let Some(known) = gates.iter_mut().find_map(|known| known.commands_mut())
            && let GateSpec::Command(added) = &gate
        {
            for (name, _) in added {
                if known.iter().any(|(known, _)| known == name) {
                    item.error(
                        format!("command `{name}` is listed twice"),
                        Some("give each a name of its own".to_owned()),
                    );
                }
            }
            known.extend(added.iter().cloned());
        } else if gates.iter().any(|known| known.name() == gate.name()) {
            item.error(
                format!("gate `{}` is listed twice", gate.name()),
                Some("put the settings of both into one".to_owned()),
            );
        } else {
            gates.push(gate);
        }
    }
    Some(gates)
}

fn gate(item: &Value<'_>, roles: &Roles, place: &Place<'_>) -> Option<GateSpec> {
    if !item.is_table() {
        let kind = item.text()?;
        return spec(kind, item, None, roles, place);
    }
    let open = item.open_table("gate".to_owned())?;
    let Some(value) = open.get("kind") else {
        item.error(
            "a gate needs `kind`",
            Some("for instance { kind = \"soak\", at_least = \"24h\" }".to_owned()),
        );
        return None;
    };
    let kind = value.text()?;
    let section = match kind {
        "pipeline" => keys::GATE_PIPELINE,
        "path" => keys::GATE_PATH,
        "soak" => keys::GATE_SOAK,
        "review" => keys::GATE_REVIEW,
        "sign-off" => keys::GATE_SIGN_OFF,
        "quality" => keys::GATE_QUALITY,
        "blocker" => keys::GATE_BLOCKER,
        "parity" => keys::GATE_PARITY,
        "four-eyes" => keys::GATE_FOUR_EYES,
        "fits" => keys::GATE_FITS,
        "checklist" => keys::GATE_CHECKLIST,
        "health" => keys::GATE_HEALTH,
        "command" => keys::GATE_COMMAND,
        kind if KINDS.contains(&kind) => keys::GATE_PLAIN,
        _ => return spec(kind, value, None, roles, place),
    };
    let table = item.table(kind.to_owned(), section)?;
    spec(kind, item, Some(&table), roles, place)
}

/// Reads what a verification samples.
pub(super) fn health_rule(at: &Value<'_>, table: &Table<'_>) -> Option<HealthRule> {
    health::rule(at, Some(table))
}

fn spec(
    kind: &str,
    at: &Value<'_>,
    table: Option<&Table<'_>>,
    roles: &Roles,
    place: &Place<'_>,
) -> Option<GateSpec> {
    let get = |key| table.and_then(|table| table.get(key));
    let flag = |key| get(key).and_then(Value::flag);
    match kind {
        "fresh" => Some(GateSpec::Fresh),
        "hold" => Some(GateSpec::Hold),
        "manual" => Some(GateSpec::Manual),
        "release" => Some(GateSpec::Release),
        "forge" => Some(GateSpec::Forge),
        "window" => Some(GateSpec::Window),
        "path" => Some(GateSpec::Path {
            from: get("from")
                .and_then(|value| value.one_of(&[("all", Before::All), ("any", Before::Any)]))
                .unwrap_or(Before::Next),
        }),
        "pipeline" => Some(GateSpec::Pipeline(pipeline(table))),
        "soak" => {
            let Some(value) = get("at_least") else {
                at.error(
                    "a soak needs `at_least`",
                    Some("write { kind = \"soak\", at_least = \"24h\" }".to_owned()),
                );
                return None;
            };
            value.duration().map(|at_least| GateSpec::Soak { at_least })
        }
        "review" => {
            let approvals = get("approvals").map(|value| (value, value.count()));
            if let Some((value, Some(0))) = approvals {
                value.error(
                    "a review by nobody",
                    Some("ask for at least 1, or leave the gate out".to_owned()),
                );
            }
            Some(GateSpec::Review {
                approvals: approvals.map_or(Some(1), |(_, count)| count)?,
                own: flag("own").unwrap_or(false),
            })
        }
        "sign-off" => {
            let at_close = get("at_close").and_then(at_close);
            let distinct = flag("distinct").unwrap_or(true);
            let wanted = sign_off(at, get("roles"), roles)?;
            Some(GateSpec::SignOff {
                roles: wanted,
                distinct,
                at_close: at_close.unwrap_or_default(),
            })
        }
        "quality" => quality::read(at, get("figures")),
        "blocker" => blocker::read(at, get("labels")),
        "parity" => parity::read(at, table),
        "four-eyes" => four_eyes::read(get("distinct")),
        "depends" => Some(GateSpec::Depends),
        "risk" => {
            at.error(
                "the gate `risk` is not listed: it stands where the policy says from when on",
                Some("add risk = { second = 70 } to the policy".to_owned()),
            );
            None
        }
        "fits" => fits::read(table),
        "checklist" => checklist::read(at, table, roles),
        "health" => health::read(at, table),
        "command" => command::read(at, table, place),
        unknown => {
            at.error(
                format!("there is no gate `{unknown}`"),
                meant(unknown, KINDS.iter().copied()),
            );
            None
        }
    }
}

/// Reads the lists of checks. A check may stand in one of them only.
fn pipeline(table: Option<&Table<'_>>) -> PipelineRule {
    let mut seen: Vec<&str> = Vec::new();
    let mut read = |key: &str| -> Vec<String> {
        let listed = table.and_then(|table| table.get(key));
        let listed = listed.and_then(Value::texts).unwrap_or_default();
        let mut checks = Vec::new();
        for (check, value) in listed {
            if seen.contains(&check) {
                value.error(
                    format!("check `{check}` is listed twice"),
                    Some("it is required, blocking, optional or ignored, not two".to_owned()),
                );
                continue;
            }
            seen.push(check);
            checks.push(check.to_owned());
        }
        checks
    };
    PipelineRule {
        required: read("required"),
        blocking: read("blocking"),
        optional: read("optional"),
        ignored: read("ignored"),
    }
}

/// Reads who has to sign off.
/// What becomes of a go when its window closes.
pub(super) fn at_close(value: &Value<'_>) -> Option<AtClose> {
    let words = AtClose::ALL.map(|at_close| (at_close.word(), at_close));
    value.one_of(&words)
}

fn sign_off(at: &Value<'_>, listed: Option<&Value<'_>>, roles: &Roles) -> Option<Vec<RoleName>> {
    let example = "write { kind = \"sign-off\", roles = [\"qa\"] }";
    let Some(value) = listed else {
        at.error("a sign-off needs `roles`", Some(example.to_owned()));
        return None;
    };
    let mut wanted: Vec<RoleName> = Vec::new();
    for (role, item) in value.texts()? {
        if !known_role(role, &item, roles) {
            continue;
        }
        if roles.get(role).is_some_and(BTreeSet::is_empty) {
            item.error(
                format!("nobody can sign as `{role}`: it has no members"),
                Some(format!("add some to [role.{role}]")),
            );
        }
        let role = RoleName::new(role);
        if wanted.contains(&role) {
            item.error(
                format!("role `{role}` is listed twice"),
                Some("take one of the two out".to_owned()),
            );
        } else {
            wanted.push(role);
        }
    }
    if value.list().is_some_and(|roles| roles.is_empty()) {
        value.error("a sign-off by no role", Some(example.to_owned()));
    }
    Some(wanted)
}

/// Returns a tier's gates with a service's added. Of two of one kind the stricter holds: a service
/// may ask for more than its tier, never for less. The tier's order stays; new kinds come before
/// the ones that are always there.
pub(super) fn with_extra(tier: &[GateSpec], extra: &[GateSpec]) -> Vec<GateSpec> {
    let mut gates = tier.to_vec();
    for added in extra {
        if let Some(gate) = gates.iter_mut().find(|gate| gate.name() == added.name()) {
            *gate = stricter(gate, added);
        } else {
            let place = gates
                .iter()
                .rposition(|gate| !is_standing(gate))
                .map_or(0, |place| place + 1);
            gates.insert(place, added.clone());
        }
    }
    gates
}

fn is_standing(gate: &GateSpec) -> bool {
    matches!(
        gate,
        GateSpec::Release | GateSpec::Forge | GateSpec::Hold | GateSpec::Manual
    )
}

fn stricter(tier: &GateSpec, added: &GateSpec) -> GateSpec {
    match (tier, added) {
        (GateSpec::Pipeline(tier), GateSpec::Pipeline(added)) => {
            GateSpec::Pipeline(stricter_pipeline(tier, added))
        }
        (GateSpec::Path { from: tier }, GateSpec::Path { from: added }) => GateSpec::Path {
            from: *tier.max(added),
        },
        (GateSpec::Soak { at_least: tier }, GateSpec::Soak { at_least: added }) => GateSpec::Soak {
            at_least: *tier.max(added),
        },
        (
            GateSpec::Review { approvals, own },
            GateSpec::Review {
                approvals: more,
                own: also,
            },
        ) => GateSpec::Review {
            approvals: *approvals.max(more),
            own: *own && *also,
        },
        (
            GateSpec::SignOff {
                roles,
                distinct,
                at_close,
            },
            GateSpec::SignOff {
                roles: more,
                distinct: also,
                at_close: then,
            },
        ) => GateSpec::SignOff {
            roles: union(roles, more),
            distinct: *distinct || *also,
            at_close: *at_close.max(then),
        },
        (GateSpec::Quality(tier), GateSpec::Quality(added)) => {
            GateSpec::Quality(quality::stricter(tier, added))
        }
        (GateSpec::Blocker { labels: tier }, GateSpec::Blocker { labels: added }) => {
            GateSpec::Blocker {
                labels: union(tier, added),
            }
        }
        (GateSpec::Parity(tier), GateSpec::Parity(added)) => {
            GateSpec::Parity(parity::stricter(tier, added))
        }
        (GateSpec::FourEyes { parts: tier }, GateSpec::FourEyes { parts: added }) => {
            GateSpec::FourEyes {
                parts: union(tier, added),
            }
        }
        (GateSpec::Fits(tier), GateSpec::Fits(added)) => GateSpec::Fits(FitsRule {
            margin: tier.margin.max(added.margin),
        }),
        (GateSpec::Checklist { tasks: tier }, GateSpec::Checklist { tasks: added }) => {
            GateSpec::Checklist {
                tasks: checklist::stricter(tier, added),
            }
        }
        (GateSpec::Health(tier), GateSpec::Health(added)) => {
            GateSpec::Health(health::stricter(tier, added))
        }
        (GateSpec::Command(tier), GateSpec::Command(added)) => {
            GateSpec::Command(command::with(tier, added))
        }
        // Kinds without settings, or (never) two kinds: the tier's word stays.
        (tier, _) => tier.clone(),
    }
}

/// A check that the tier requires stays required. Which of a service's other checks matter, only
/// the service can say.
fn stricter_pipeline(tier: &PipelineRule, added: &PipelineRule) -> PipelineRule {
    let blocking = union(&tier.blocking, &added.blocking);
    let mut required = union(&tier.required, &added.required);
    required.retain(|check| !blocking.contains(check));
    let free = |check: &String| !blocking.contains(check) && !required.contains(check);
    let mut optional = union(&tier.optional, &added.optional);
    optional.retain(free);
    let mut ignored = union(&tier.ignored, &added.ignored);
    ignored.retain(|check| free(check) && !optional.contains(check));
    PipelineRule {
        required,
        blocking,
        optional,
        ignored,
    }
}

/// The words in braces of a text that nothing is put in for.
fn unknown_words(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| {
        let (word, _) = rest.split_once('}')?;
        let is_word = !word.is_empty() && word.bytes().all(|sign| sign.is_ascii_lowercase());
        (is_word && !sampling::PLACEHOLDERS.contains(&word)).then_some(word)
    })
}

fn union<T: Clone + PartialEq>(left: &[T], right: &[T]) -> Vec<T> {
    let mut all = left.to_vec();
    all.extend(right.iter().filter(|item| !left.contains(item)).cloned());
    all
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::config::defaults;

    #[test]
    fn a_service_asks_for_more_never_for_less() {
        let tier = defaults::tiers().remove("regulated").unwrap();
        let weaker = [
            GateSpec::Soak {
                at_least: SignedDuration::from_mins(1),
            },
            GateSpec::Review {
                approvals: 1,
                own: true,
            },
        ];
        assert_eq!(with_extra(&tier, &weaker), tier);
        let stronger = [GateSpec::Soak {
            at_least: SignedDuration::from_hours(9),
        }];
        assert!(with_extra(&tier, &stronger).contains(&stronger[0]));
    }

    #[test]
    fn a_check_that_the_tier_requires_cannot_be_ignored() {
        let tier = PipelineRule {
            required: vec!["test".to_owned()],
            ..PipelineRule::default()
        };
        let added = PipelineRule {
            ignored: vec!["test".to_owned(), "lint".to_owned()],
            ..PipelineRule::default()
        };
        let both = stricter_pipeline(&tier, &added);
        assert_eq!(both.required, ["test"]);
        assert_eq!(both.ignored, ["lint"]);
    }

    #[test]
    fn of_figures_labels_comparisons_and_parts_a_service_adds_and_never_drops() {
        use crate::domain::figure::{Bound, Figure};
        use crate::domain::policy::{ParityRule, ParitySource, Part, QualityRule};
        let figure = |check: &str, bound| QualityRule {
            check: check.to_owned(),
            after: None,
            bound,
        };
        let least = |number| Bound::AtLeast(Figure::whole(number));
        let most = |number| Bound::AtMost(Figure::whole(number));
        let labels = |labels: &[&str]| GateSpec::Blocker {
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        };
        let payload = |except: &[&str]| ParityRule {
            with: None,
            source: ParitySource::Payload,
            except: except.iter().map(|key| (*key).to_owned()).collect(),
        };
        let file = ParityRule {
            source: ParitySource::File("a.toml".to_owned()),
            ..payload(&[])
        };
        let parts = |parts: &[Part]| GateSpec::FourEyes {
            parts: parts.to_vec(),
        };
        for (tier, added, both) in [
            (
                GateSpec::Quality(vec![figure("lines", least(80)), figure("sast", most(0))]),
                GateSpec::Quality(vec![
                    figure("lines", least(70)),
                    figure("sast", most(9)),
                    figure("lines", most(100)),
                    figure("docs", least(50)),
                ]),
                GateSpec::Quality(vec![
                    figure("lines", least(80)),
                    figure("sast", most(0)),
                    figure("lines", most(100)),
                    figure("docs", least(50)),
                ]),
            ),
            (
                labels(&["stop"]),
                labels(&["p1", "stop"]),
                labels(&["stop", "p1"]),
            ),
            (
                GateSpec::Parity(vec![payload(&["region"])]),
                GateSpec::Parity(vec![payload(&["region", "os"])]),
                GateSpec::Parity(vec![payload(&["region"])]),
            ),
            (
                GateSpec::Parity(vec![payload(&["region"])]),
                GateSpec::Parity(vec![file.clone()]),
                GateSpec::Parity(vec![payload(&["region"]), file]),
            ),
            (
                parts(&[Part::Author, Part::Promoter]),
                parts(&[Part::Approver, Part::Promoter]),
                parts(&[Part::Author, Part::Promoter, Part::Approver]),
            ),
        ] {
            assert_eq!(with_extra(&[tier], &[added]), [both]);
        }
    }

    #[test]
    fn of_tasks_probes_and_programs_a_service_adds_and_never_drops() {
        use crate::domain::policy::{CommandRule, Expect, HealthRule, Probe, ProbeSource, Task};
        let task = |name: &str, role: Option<&str>| Task {
            name: name.to_owned(),
            text: "x".to_owned(),
            role: role.map(RoleName::new),
        };
        let health = |names: &[&str], every| {
            let probe = |name: &&str| Probe {
                name: (*name).to_owned(),
                source: ProbeSource::Http {
                    url: "https://a.b".to_owned(),
                    pointer: None,
                },
                expect: Expect::Answer,
            };
            GateSpec::Health(HealthRule {
                probes: names.iter().map(probe).collect(),
                every: SignedDuration::from_secs(every),
            })
        };
        let program = |name: &str, word: &str| {
            let rule = CommandRule {
                argv: vec![word.to_owned()],
                time_limit: SignedDuration::from_secs(1),
                every: SignedDuration::from_secs(60),
            };
            (name.to_owned(), rule)
        };
        let fits = |minutes| {
            GateSpec::Fits(FitsRule {
                margin: SignedDuration::from_mins(minutes),
            })
        };
        for (tier, added, both) in [
            (
                GateSpec::Checklist {
                    tasks: vec![task("backup", None), task("notify", Some("qa"))],
                },
                GateSpec::Checklist {
                    tasks: vec![
                        task("notify", None),
                        task("backup", Some("sre")),
                        task("own", None),
                    ],
                },
                GateSpec::Checklist {
                    tasks: vec![
                        task("backup", Some("sre")),
                        task("notify", Some("qa")),
                        task("own", None),
                    ],
                },
            ),
            (
                health(&["up"], 30),
                health(&["up", "own"], 60),
                health(&["up", "own"], 30),
            ),
            (
                GateSpec::Command(vec![program("smoke", "strict")]),
                GateSpec::Command(vec![program("smoke", "true"), program("own", "x")]),
                GateSpec::Command(vec![
                    program("smoke", "strict"),
                    program("smoke 2", "true"),
                    program("own", "x"),
                ]),
            ),
            (fits(10), fits(5), fits(10)),
        ] {
            assert_eq!(with_extra(&[tier], &[added]), [both]);
        }
    }

    #[test]
    fn an_added_gate_stands_before_those_that_are_always_there() {
        let tier = defaults::complete(vec![GateSpec::Path { from: Before::Next }]);
        let names: Vec<&str> = with_extra(&tier, &[GateSpec::Window])
            .iter()
            .map(GateSpec::name)
            .collect();
        assert_eq!(
            names,
            ["fresh", "path", "window", "forge", "hold", "manual"]
        );
    }
}
