//! Windows and freezes: rules, tiers, and pairs that meet.

use jiff::Timestamp;

use super::*;
use crate::domain::window::Schedule;

/// A file with two environments of different tiers, one service, and these tables.
fn with(tables: &str) -> String {
    format!(
        "[environment.staging]\ntier = \"standard\"\n[environment.production]\ntier = \"regulated\"\n\
         [service.web]\nrepo = \"acme/web\"\npath = [\"staging\", \"production\"]\n{tables}"
    )
}

fn loaded(tables: &str) -> Settings {
    load_text(&with(tables)).unwrap_or_else(|problems| panic!("{}", render(&problems)))
}

/// What is said about tables with mistakes: message and hint of each.
fn said(tables: &str) -> Vec<(String, String)> {
    let problems = load_text(&with(tables)).map(|_| ()).unwrap_err();
    problems
        .into_iter()
        .map(|problem| (problem.message, problem.hint.unwrap_or_default()))
        .collect()
}

fn openings(settings: &Settings, environment: &str, from: &str) -> Vec<String> {
    let policy = &settings.policy;
    let schedule = Schedule::new(&policy.windows, &"web".into(), &environment.into());
    let from: Timestamp = from.parse().unwrap();
    schedule
        .openings(from)
        .take(3)
        .map(|(from, to)| match to {
            Some(to) => format!("{from} {to}"),
            None => format!("{from} -"),
        })
        .collect()
}

const PATCH: &str = "[window.patch]\nrule = \"FREQ=MONTHLY;BYDAY=2TU\"\nfrom = \"22:00\"\n\
                     to = \"04:00\"\nzone = \"Europe/Berlin\"\n";

#[test]
fn a_rule_says_on_which_dates_a_window_starts() {
    let settings = loaded(PATCH);
    assert_eq!(
        openings(&settings, "production", "2026-02-01T00:00:00Z"),
        [
            "2026-02-10T21:00:00Z 2026-02-11T03:00:00Z",
            "2026-03-10T21:00:00Z 2026-03-11T03:00:00Z",
            "2026-04-14T20:00:00Z 2026-04-15T02:00:00Z",
        ]
    );
}

#[test]
fn a_recurring_freeze_denies_on_its_dates() {
    let settings = loaded(
        "[freeze.month-end]\nrule = \"FREQ=MONTHLY;BYMONTHDAY=-1\"\nfrom = \"00:00\"\n\
         to = \"24:00\"\nzone = \"UTC\"\nreason = \"books close\"\n",
    );
    assert_eq!(
        openings(&settings, "staging", "2026-02-28T12:00:00Z"),
        [
            "2026-03-01T00:00:00Z 2026-03-31T00:00:00Z",
            "2026-04-01T00:00:00Z 2026-04-30T00:00:00Z",
            "2026-05-01T00:00:00Z 2026-05-31T00:00:00Z",
        ]
    );
}

#[test]
fn a_window_of_a_tier_covers_the_environments_of_that_tier() {
    let settings = loaded(&format!("{PATCH}tiers = [\"regulated\"]\n"));
    assert_eq!(
        openings(&settings, "staging", "2026-02-01T00:00:00Z"),
        ["2026-02-01T00:00:00Z -"]
    );
    assert_eq!(
        settings.policy.windows[0].environments,
        ["production".into()]
    );
    let (message, hint) = said(&format!("{PATCH}tiers = [\"regulatd\"]\n")).remove(0);
    assert_eq!(message, "no environment is of tier `regulatd`");
    assert_eq!(hint, "did you mean `regulated`?");
}

#[test]
fn what_is_shown_of_a_rule_means_the_same() {
    for rule in [
        "FREQ=MONTHLY;BYDAY=2TU",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE,FR",
        "FREQ=DAILY;COUNT=9",
    ] {
        let text = PATCH.replace("FREQ=MONTHLY;BYDAY=2TU", rule) + "start = \"2026-01-05\"\n";
        let settings = loaded(&text);
        let shown = show::show(&settings);
        let again = load_text(&shown).unwrap_or_else(|problems| panic!("{}", render(&problems)));
        assert_eq!(again.policy.windows, settings.policy.windows, "{rule}");
        assert_eq!(again.policy.version(), settings.policy.version());
    }
}

#[test]
fn a_rule_that_cannot_be_kept_is_said_to_be_wrong() {
    let about = |rule: &str| {
        let found = said(&PATCH.replace("FREQ=MONTHLY;BYDAY=2TU", rule));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].0.clone()
    };
    assert_eq!(
        about("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        "`rule` never fires from 2024-01-01 on"
    );
    assert_eq!(
        about("FREQ=HOURLY"),
        "FREQ=HOURLY: a window starts once a day at most"
    );
    assert_eq!(about("FREQ=OFTEN"), "there is no FREQ=OFTEN");
    assert_eq!(
        about("FREQ=DAILY;UNTIL=20200101T000000Z"),
        "`rule` never fires: its UNTIL is before it begins, on 2024-01-01"
    );
    assert_eq!(about("BYDAY=TU"), "`rule` needs FREQ");
    assert!(about("FREQ=WEEKLY;BYDAY=XX").starts_with("`rule` is not a recurrence rule"));
    assert_eq!(
        about("FREQ=WEEKLY;INTERVAL=2"),
        "INTERVAL and COUNT count from a beginning, and there is none"
    );
    assert_eq!(
        about("FREQ=DAILY;BYHOUR=3"),
        "BYHOUR has no place in a window's rule"
    );
}

#[test]
fn joining_a_window_that_has_a_mistake_is_no_second_mistake() {
    let text = format!("{PATCH}joins = [\"broken\"]\n")
        + "[window.broken]\nfrom = \"18:00\"\nto = \"22:00\"\nzone = \"Europe/Atlantis\"\n";
    let found = said(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0.contains("Europe/Atlantis"), "{found:?}");
}

/// Two weekly windows, the second with these lines.
fn pair(second: &str) -> String {
    format!(
        "[window.evenings]\ndays = [\"mon\"]\nfrom = \"18:00\"\nto = \"22:00\"\nzone = \"Europe/Berlin\"\n\
         [window.late]\ndays = [\"mon\"]\nzone = \"Europe/Berlin\"\n{second}"
    )
}

#[test]
fn windows_that_overlap_or_touch_are_a_slip_unless_they_say_that_they_join() {
    let late = |from: &str, rest: &str| pair(&format!("from = \"{from}\"\nto = \"23:30\"\n{rest}"));
    let (message, hint) = said(&late("21:00", "")).remove(0);
    assert_eq!(
        message,
        "`late` overlaps `evenings`, for instance at 2026-01-05T20:00:00Z"
    );
    assert_eq!(
        hint,
        "if they are meant to be one, say joins = [\"evenings\"]"
    );
    assert_eq!(
        said(&late("22:00", "")).remove(0).0,
        "`late` touches `evenings`, for instance at 2026-01-05T21:00:00Z"
    );
    loaded(&late("22:01", ""));
    loaded(&late("22:00", "joins = [\"evenings\"]\n"));
    loaded(&late("21:00", "effect = \"deny\"\n"));
    assert_eq!(
        said(&late("22:30", "joins = [\"evening\"]\n")).remove(0).0,
        "there is no window `evening` of its kind"
    );
}

#[test]
fn windows_of_other_cells_or_other_weeks_do_not_meet() {
    let apart = |first: &str, second: &str| {
        pair(&format!(
            "from = \"18:00\"\nto = \"22:00\"\nenvironments = [\"{second}\"]\n"
        ))
        .replace(
            "[window.late]",
            &format!("environments = [\"{first}\"]\n[window.late]"),
        )
    };
    loaded(&apart("staging", "production"));
    assert_eq!(said(&apart("staging", "staging")).len(), 1);
    // The zones differ by nine hours most of the year.
    let far = pair("from = \"18:00\"\nto = \"22:00\"\n").replacen("Europe/Berlin", "US/Pacific", 1);
    loaded(&far);
}

#[test]
fn a_window_that_ends_when_it_starts_is_refused() {
    let (message, _) = said(&pair("from = \"23:00\"\nto = \"23:00\"\n")).remove(0);
    assert_eq!(message, "a window must not end when it starts");
}

#[test]
fn w2_an_unknown_zone_is_a_load_error_with_line_and_column() {
    let window = PATCH.replace("Europe/Berlin", "Europe/Berln");
    let window = window.as_str();
    let problems = load_text(&with(window)).map(|_| ()).unwrap_err();
    let zone = problems
        .iter()
        .find(|problem| problem.message.contains("time zone"));
    let zone = zone.unwrap_or_else(|| panic!("{}", render(&problems)));
    let text = with(window);
    let line = text.lines().position(|line| line.starts_with("zone"));
    assert_eq!(zone.line, line.unwrap() + 1);
    assert_eq!(zone.column, 8);
}
