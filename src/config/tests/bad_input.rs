//! The mistakes that would let something go wrong on release night, all in one file: each is told at
//! once with its line and column, the offending text and what to do about it.

use super::*;

const FILE: &str = r#"
[role.qa]
members = ["dee"]

[environment.test]
[environment.production]
tier = "strict"
verify = { within = "10s", every = "30s", probes = [{ name = "up", url = "https://a.test" }] }

[policy.strict]
gates = [
    { kind = "soak", at_least = "-1h" },
    { kind = "quality", figures = [{ check = "coverage", at_least = 101 }, { check = "sast", at_most = -1 }] },
    { kind = "checklist", tasks = [] },
    { kind = "command", name = "smoke", argv = ["no-such-program"] },
    { kind = "sign-off", roles = ["boss"] },
]

[window.unknown-zone]
from = "18:00"
to = "22:00"
zone = "Europe/Atlantis"
[window.empty]
days = ["mon"]
from = "18:00"
to = "18:00"
zone = "UTC"
[window.early]
days = ["tue"]
from = "18:00"
to = "20:00"
zone = "UTC"
[window.overlapping]
days = ["tue"]
from = "19:00"
to = "22:00"
zone = "UTC"
[window.touching]
days = ["tue"]
from = "22:00"
to = "23:00"
zone = "UTC"
[window.never]
rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"
from = "18:00"
to = "20:00"
zone = "UTC"
[freeze.once]
from = "2026-12-20 18:00"
to = "2026-12-20 18:00"
zone = "UTC"
reason = "nothing"

[service.a]
repo = "acme/a"
path = ["test", "production"]
depends = ["b"]
[service.b]
repo = "acme/b"
path = ["test", "production"]
depends = ["a"]
[service.mainframe]
revision = "2026.47"
path = ["test"]

[release.empty]
services = []
[release.strangers]
services = ["a", "c"]
roles = ["boss"]
environment = "production"
"#;

/// What is told, by what stands at its place and a part of its words.
const TOLD: &[(&str, &str)] = &[
    ("{ within = \"10s\"", "over before the second look"),
    ("\"-1h\"", "longer than nothing"),
    ("101", "over 100 %"),
    ("at_most = -1", "below nothing"),
    ("[] },", "a checklist with no tasks"),
    ("\"no-such-program\"", "there is no program"),
    ("\"boss\"] },", "there is no role `boss`"),
    ("\"Europe/Atlantis\"", "Atlantis"),
    ("from = \"18:00\"\nto = \"18:00\"", "must not end when"),
    ("window.overlapping", "overlap"),
    ("window.touching", "touch"),
    ("\"FREQ=YEARLY;BYMONTH=2", "never"),
    ("2026-12-20 18:00\"\nzone", "it ends before it starts"),
    ("[\"a\"]\n[service", "in a circle: a > b > a"),
    ("path = [\"test\"]", "its checklist has no tasks"),
    ("services = []", "a release of nothing"),
    ("\"c\"]", "there is no service `c`"),
    ("\"boss\"]\nenvironment", "there is no role `boss`"),
];

#[test]
fn bad_input_is_told_all_at_once_each_with_its_place_and_what_to_do() {
    let problems = load_text(FILE).unwrap_err();
    let shown = render(&problems);
    for (place, words) in TOLD {
        let at = FILE.find(place).unwrap_or_else(|| panic!("{place}"));
        let line = FILE[..at].matches('\n').count() + 1;
        let near = |problem: &&Problem| {
            let told = format!(
                "{} {}",
                problem.message,
                problem.hint.clone().unwrap_or_default()
            );
            problem.line.abs_diff(line) <= 1 && told.contains(words)
        };
        let found = problems.iter().find(near);
        let found = found.unwrap_or_else(|| panic!("{place:?} line {line}: {words}\n{shown}"));
        assert!(found.column > 0 && found.length > 0, "{place}");
        assert!(shown.contains(&format!(
            "/work/gonogo.toml:{}:{}",
            found.line, found.column
        )));
    }
    // Each of them once, and nothing else.
    assert_eq!(problems.len(), TOLD.len(), "{shown}");
    insta::assert_snapshot!(shown);
}
