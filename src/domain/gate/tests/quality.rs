use crate::domain::figure::{Bound, Figure};
use crate::domain::gate::State;
use crate::domain::gate::fixture::{World, ago, check};
use crate::domain::phase::Phase;
use crate::domain::pipeline::Check;
use crate::domain::policy::{GateSpec, QualityRule};

fn rule(check: &str, after: Option<&str>, bound: Bound) -> QualityRule {
    QualityRule {
        check: check.to_owned(),
        after: after.map(str::to_owned),
        bound,
    }
}

fn coverage() -> QualityRule {
    rule("coverage", Some("lines"), Bound::AtLeast(Figure::whole(80)))
}

fn findings() -> QualityRule {
    rule("sast", None, Bound::AtMost(Figure::whole(0)))
}

fn report(name: &str, phase: Phase, report: Option<&str>) -> Check {
    Check {
        url: Some(format!("https://forge.test/acme/checkout/checks/{name}")),
        report: report.map(str::to_owned),
        ..check(name, phase)
    }
}

fn world(rules: Vec<QualityRule>, checks: Vec<Check>) -> World {
    let mut world = World::new(vec![GateSpec::Quality(rules)]);
    world.checks().contexts = checks;
    world
}

fn lines(text: &str) -> Vec<Check> {
    vec![report("coverage", Phase::Succeeded, Some(text))]
}

#[test]
fn every_verdict_explains_itself() {
    let both = || vec![coverage(), findings()];
    let sast = |text| report("sast", Phase::Succeeded, Some(text));
    let lines = |text| report("coverage", Phase::Succeeded, Some(text));
    let of = |checks| world(both(), checks).explained("quality");
    let said = [
        of(vec![lines("lines: 87.4 %"), sast("0 findings")]),
        of(vec![lines("lines: 79.9 %"), sast("0 findings")]),
        of(vec![lines("lines: 12 %"), sast("1,204 findings")]),
        of(vec![
            report("coverage", Phase::Running, Some("lines: 12 %")),
            sast("0 findings"),
        ]),
        of(vec![lines("no report was uploaded")]),
        {
            let mut world = world(both(), Vec::new());
            world.candidate = None;
            world.explained("quality")
        },
    ];
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn a_missing_report_is_unknown() {
    for (checks, why) in [
        (
            Vec::new(),
            "the forge names no checks, so no sign of coverage",
        ),
        (vec![check("unit", Phase::Succeeded)], "no sign of coverage"),
        (
            vec![report("coverage", Phase::Succeeded, None)],
            "coverage reports nothing",
        ),
        (
            vec![report("coverage", Phase::Skipped, None)],
            "coverage reports nothing",
        ),
        (
            lines("all good"),
            "coverage reports no figure after \"lines\"",
        ),
        (
            lines("lines: n/a"),
            "coverage reports no figure after \"lines\"",
        ),
        (
            lines("branches: 90"),
            "coverage reports no figure after \"lines\"",
        ),
    ] {
        let world = world(vec![coverage()], checks);
        assert_eq!(world.says("quality"), (State::Unknown, why.into()));
    }
    let mut unread = world(vec![coverage()], Vec::new());
    unread.known().checks.clear();
    assert_eq!(
        unread.says("quality"),
        (State::Unknown, "the checks of 2.41.0 are not known".into())
    );
}

#[test]
fn a_commit_without_any_check_has_no_report() {
    let mut world = world(vec![coverage()], Vec::new());
    world.checks().total = 0;
    assert_eq!(
        world.says("quality"),
        (State::Unknown, "no sign of coverage".into())
    );
}

#[test]
fn a_figure_on_its_bound_keeps_to_it() {
    for (rule, figure, state) in [
        (coverage(), "lines 80", State::Open),
        (coverage(), "lines 79.999", State::Closed),
        (coverage(), "lines 79.9999", State::Closed),
        (coverage(), "lines 100", State::Open),
    ] {
        let world = world(vec![rule], lines(figure));
        assert_eq!(world.verdict("quality").state, state, "{figure}");
    }
    for (figure, state) in [
        ("0", State::Open),
        ("1", State::Closed),
        ("-1", State::Open),
    ] {
        let world = world(
            vec![findings()],
            vec![report("sast", Phase::Succeeded, Some(figure))],
        );
        assert_eq!(world.verdict("quality").state, state, "{figure}");
    }
}

#[test]
fn the_first_number_after_the_words_counts_and_the_words_stand_alone() {
    for (text, figure) in [
        ("12 files, Lines: 87.4 %, branches 40", "87.4"),
        ("baselines 3, lines 91", "91"),
        ("guidelines 3; lines 91", "91"),
        ("| lines | 90.25 |", "90.25"),
        ("linesman 1 lines 99", "99"),
    ] {
        let world = world(vec![coverage()], lines(text));
        assert_eq!(
            world.says("quality"),
            (
                State::Open,
                format!("coverage lines is {figure} (at least 80)")
            ),
            "{text}"
        );
    }
}

#[test]
fn the_newest_attempt_reports() {
    let attempt = |text, minutes| Check {
        completed_at: Some(ago(minutes)),
        ..report("coverage", Phase::Succeeded, Some(text))
    };
    let world = world(
        vec![coverage()],
        vec![attempt("lines 90", 50), attempt("lines 60", 5)],
    );
    assert_eq!(world.verdict("quality").state, State::Closed);
}

#[test]
fn a_check_under_way_makes_it_wait_whatever_it_says_until_then() {
    for (phase, doing) in [
        (Phase::Queued, "coverage is queued"),
        (Phase::Running, "coverage is running"),
        (Phase::Gated, "coverage waits to be approved"),
    ] {
        for text in [None, Some("lines 99"), Some("lines 1")] {
            let world = world(
                vec![coverage()],
                vec![report("coverage", phase.clone(), text)],
            );
            assert_eq!(world.says("quality"), (State::Waiting, doing.into()));
        }
    }
}

#[test]
fn a_red_check_that_reports_is_judged_by_its_figure() {
    let red = |text| {
        let checks = vec![report("coverage", Phase::Failed, Some(text))];
        world(vec![coverage()], checks).verdict("quality").state
    };
    assert_eq!(red("lines 81"), State::Open);
    assert_eq!(red("lines 79"), State::Closed);
}

#[test]
fn one_figure_out_of_bounds_closes_and_one_that_is_missing_never_opens() {
    let good = report("coverage", Phase::Succeeded, Some("lines 90"));
    let missing = world(vec![coverage(), findings()], vec![good.clone()]);
    assert_eq!(missing.verdict("quality").state, State::Unknown);
    let bad = report("coverage", Phase::Succeeded, Some("lines 9"));
    let closed = world(vec![coverage(), findings()], vec![bad]);
    assert_eq!(closed.verdict("quality").state, State::Closed);
    assert_eq!(
        world(Vec::new(), vec![good]).verdict("quality").state,
        State::Unknown
    );
}

#[test]
fn facts_that_are_too_old_are_no_report() {
    let world = world(vec![coverage()], lines("lines 90"));
    let verdict = world.verdict("quality");
    let until = verdict.valid_until.unwrap();
    assert_eq!(verdict.state_at(until), State::Unknown);
}
