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

/// Dates are made as far as somebody looks, so nobody may find the end of them.
#[test]
fn a_rule_and_a_cron_go_on_for_ever_and_a_counted_rule_ends() {
    let settings = loaded(PATCH);
    assert_eq!(
        openings(&settings, "production", "2061-01-01T00:00:00Z")[0],
        "2061-01-11T21:00:00Z 2061-01-12T03:00:00Z"
    );
    let cron = "[window.leap]\ncron = \"0 6 29 2 *\"\nduration = \"1h\"\nzone = \"UTC\"\n";
    assert_eq!(
        openings(&loaded(cron), "production", "2103-09-01T00:00:00Z")[0],
        "2104-02-29T06:00:00Z 2104-02-29T07:00:00Z"
    );
    let counted = PATCH.replace("BYDAY=2TU\"", "BYDAY=2TU;COUNT=3\"\nstart = \"2026-01-01\"");
    let settings = loaded(&counted);
    assert_eq!(
        openings(&settings, "production", "2026-02-01T00:00:00Z").len(),
        2
    );
    assert!(openings(&settings, "production", "2026-04-01T00:00:00Z").is_empty());
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

/// A window with these lines, in Berlin.
fn night(lines: &str) -> String {
    format!("[window.night]\nzone = \"Europe/Berlin\"\nenvironments = [\"production\"]\n{lines}\n")
}

fn from_autumn(lines: &str) -> Vec<String> {
    openings(&loaded(&night(lines)), "production", "2026-10-24T12:00:00Z")
}

#[test]
fn w3_a_window_starts_by_days_rule_or_cron_and_lasts_so_long() {
    // Each of these starts at 22:00 in Berlin, on the night on which the clocks go back too.
    let nights = [
        "2026-10-24T20:00:00Z 2026-10-25T02:00:00Z",
        "2026-10-25T21:00:00Z 2026-10-26T03:00:00Z",
        "2026-10-26T21:00:00Z 2026-10-27T03:00:00Z",
    ];
    for lines in [
        "start = \"22:00\"\nduration = \"6h\"",
        "rule = \"FREQ=DAILY\"\nstart = \"22:00\"\nduration = \"6h\"",
        "cron = \"0 22 * * *\"\nduration = \"6h\"",
    ] {
        assert_eq!(from_autumn(lines), nights, "{lines}");
    }
    assert_eq!(
        from_autumn("days = [\"sun\"]\nstart = \"22:00\"\nduration = \"6h\"")[0],
        nights[1]
    );
    assert_eq!(
        from_autumn(
            "rule = \"FREQ=WEEKLY;INTERVAL=2;BYDAY=SU\"\nstart = \"2026-10-11 22:00\"\nduration = \"6h\""
        )[0],
        nights[1]
    );
    assert_eq!(
        from_autumn("start = \"2026-10-25 22:00\"\nduration = \"6h\""),
        [nights[1]]
    );
}

#[test]
fn w3_a_cron_says_every_start_of_its_five_fields() {
    let starts = |cron: &str| {
        let lines = format!("cron = \"{cron}\"\nduration = \"30m\"");
        let settings = loaded(&night(&lines).replace("Europe/Berlin", "UTC"));
        let spans = openings(&settings, "production", "2026-11-20T12:00:00Z");
        let starts = spans.iter().map(|span| span[..16].to_owned());
        starts.collect::<Vec<_>>()
    };
    for (cron, expected) in [
        // Friday the 20th, noon; three starts each.
        (
            "0 22 * * 1-5",
            ["2026-11-20T22:00", "2026-11-23T22:00", "2026-11-24T22:00"],
        ),
        (
            "0 8,20 * * fri-sun",
            ["2026-11-20T20:00", "2026-11-21T08:00", "2026-11-21T20:00"],
        ),
        (
            "15 */6 * * *",
            ["2026-11-20T12:15", "2026-11-20T18:15", "2026-11-21T00:15"],
        ),
        (
            "0 3 1 * *",
            ["2026-12-01T03:00", "2027-01-01T03:00", "2027-02-01T03:00"],
        ),
        (
            "30 2 29 feb *",
            ["2028-02-29T02:30", "2032-02-29T02:30", "2036-02-29T02:30"],
        ),
        // Of two days that are restricted, either.
        (
            "0 0 1 12 SUN",
            ["2026-12-01T00:00", "2026-12-06T00:00", "2026-12-13T00:00"],
        ),
        (
            "0 0 * * 7",
            ["2026-11-22T00:00", "2026-11-29T00:00", "2026-12-06T00:00"],
        ),
    ] {
        // The horizon is 400 days: what is rarer is looked at from later on.
        if cron.contains("feb") {
            let lines = format!("cron = \"{cron}\"\nduration = \"30m\"");
            let settings = loaded(&night(&lines).replace("Europe/Berlin", "UTC"));
            for day in expected {
                let from = format!("{}-01-01T00:00:00Z", &day[..4]);
                let span = &openings(&settings, "production", &from)[0];
                assert!(span.starts_with(day), "{span}");
            }
            continue;
        }
        assert_eq!(starts(cron), expected, "{cron}");
    }
}

#[test]
fn what_is_shown_of_a_window_that_lasts_means_the_same() {
    for lines in [
        "days = [\"mon\", \"sat\"]\nstart = \"22:00\"\nduration = \"6h\"",
        "rule = \"FREQ=WEEKLY;INTERVAL=2;BYDAY=WE\"\nstart = \"2026-01-07 22:00\"\nduration = \"90m\"",
        "cron = \"0 8,20 * * 1-5\"\nduration = \"2h\"",
        "start = \"2026-12-20 18:00\"\nduration = \"3d\"",
    ] {
        let settings = loaded(&night(lines));
        let shown = show::show(&settings);
        let again = load_text(&shown).unwrap_or_else(|problems| panic!("{}", render(&problems)));
        assert_eq!(again.policy.windows, settings.policy.windows, "{lines}");
        assert_eq!(again.policy.version(), settings.policy.version());
    }
    let when = |lines: &str| show::when(&loaded(&night(lines)).policy.windows[0]);
    assert_eq!(
        when("start = \"22:00\"\nduration = \"6h\""),
        "daily 22:00 for 6h"
    );
    assert_eq!(
        when("cron = \"0 22 * * 1-5\"\nduration = \"6h\""),
        "cron 0 22 * * 1-5 for 6h"
    );
    assert_eq!(
        when("start = \"2026-12-20 18:00\"\nduration = \"12h\""),
        "2026-12-20 18:00 for 12h"
    );
}

#[test]
fn w3_a_freeze_may_last_so_long_too() {
    let freeze = |lines: &str| {
        format!("[freeze.books]\nzone = \"UTC\"\nreason = \"books close\"\n{lines}\n")
    };
    for lines in [
        "start = \"2026-11-30 20:00\"\nduration = \"10h\"",
        "cron = \"0 20 30 11 *\"\nduration = \"10h\"",
        "rule = \"FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=30\"\nstart = \"20:00\"\nduration = \"10h\"",
    ] {
        let settings = loaded(&freeze(lines));
        let spans = openings(&settings, "staging", "2026-11-30T21:00:00Z");
        assert!(spans[0].starts_with("2026-12-01T06:00:00Z"), "{spans:?}");
    }
    assert_eq!(
        said(&freeze("start = \"20:00\"\nduration = \"10h\""))[0].0,
        "a freeze needs a date with its time"
    );
}

#[test]
fn w3_what_says_two_ends_or_none_is_told_where_it_stands() {
    let about = |lines: &str| {
        let found = said(&night(lines));
        assert_eq!(found.len(), 1, "{lines}: {found:?}");
        found[0].clone()
    };
    let first = |lines: &str| about(lines).0;
    let start = "start = \"22:00\"\n";
    for (lines, message) in [
        (
            "start = \"22:00\"\nduration = \"0h\"",
            "`duration` must be longer than nothing",
        ),
        (
            "start = \"22:00\"\nduration = \"-6h\"",
            "`duration` must be longer than nothing",
        ),
        (
            "start = \"22:00\"\nduration = \"8d\"",
            "`duration` is longer than a week",
        ),
        (
            "start = \"22:00\"\nto = \"04:00\"\nduration = \"6h\"",
            "`to` beside `duration`, which counts from `start`",
        ),
        (
            "from = \"22:00\"\nduration = \"6h\"",
            "`from` beside `duration`, which counts from `start`",
        ),
        (
            "start = \"22:00\"\nduration = \"30h\"",
            "it starts at 2024-01-02T22:00:00 before it has ended that started at 2024-01-01T22:00:00",
        ),
        (
            "cron = \"0 22 * * *\"",
            "a cron says when a window starts, and not how long it lasts",
        ),
        (
            "cron = \"0 22 * * *\"\nfrom = \"22:00\"\nduration = \"6h\"",
            "`from` has no effect beside `cron`",
        ),
        (
            "cron = \"0 */2 * * *\"\nduration = \"3h\"",
            "it starts at 2024-01-01T02:00:00 before it has ended that started at 2024-01-01T00:00:00",
        ),
        (
            "rule = \"FREQ=DAILY\"\nstart = \"22:00\"\nfrom = \"20:00\"\nto = \"22:00\"",
            "`start` must be a date",
        ),
    ] {
        assert_eq!(first(lines), message, "{lines}");
    }
    let (message, hint) = about(&format!(
        "rule = \"FREQ=DAILY;INTERVAL=2\"\n{start}duration = \"6h\""
    ));
    assert!(message.starts_with("INTERVAL and COUNT"), "{message}");
    assert_eq!(hint, "let `start` have a date: \"2026-01-05 22:00\"");
    let found = said(&night("start = \"22:00\""));
    let told = found.iter().map(|(message, _)| message.as_str());
    assert!(
        told.clone()
            .any(|it| it == "`start` has no effect without `duration` or `rule`"),
        "{found:?}"
    );
}

#[test]
fn w3_a_cron_that_is_no_start_of_a_window_is_told_why() {
    let about = |cron: &str| {
        let found = said(&night(&format!("cron = \"{cron}\"\nduration = \"30m\"")));
        assert_eq!(found.len(), 1, "{cron}: {found:?}");
        found[0].clone()
    };
    for (cron, message) in [
        (
            "0 0 22 * * 1-5",
            "`cron` has seconds, and a window starts on a minute",
        ),
        ("0 22 * *", "`cron` has 4 of five fields"),
        ("@daily", "`cron` has 1 of five fields"),
        ("0 24 * * *", "`cron`: `24` is not an hour from 0 to 23"),
        ("60 1 * * *", "`cron`: `60` is not a minute from 0 to 59"),
        (
            "0 1 0 * *",
            "`cron`: `0` is not a day of the month from 1 to 31",
        ),
        (
            "0 1 * 13 *",
            "`cron`: `13` is not a month from 1 to 12 or jan to dec",
        ),
        (
            "0 1 * * mo",
            "`cron`: `mo` is not a day of the week from 0 to 7 or sun to sat",
        ),
        (
            "0 1 L * *",
            "`cron`: `L` is not a day of the month from 1 to 31",
        ),
        ("0 20-8 * * *", "`cron`: `20-8` runs backwards"),
        ("0 */0 * * *", "`cron`: `*/0` has no step of 1 or more"),
        (
            "0 5/2 * * *",
            "`cron`: `5/2`: a step goes with * or a range",
        ),
        ("* * * * *", "`cron` starts 1440 times a day: 24 at most"),
        (
            "0 1 30 2 *",
            "`cron` never fires: no month of it has such a day",
        ),
        (
            "0 1 */2 * mon",
            "`cron`: day of the month `*/2` beside day of the week `mon` means another thing to each cron",
        ),
    ] {
        assert_eq!(about(cron).0, message, "{cron}");
    }
    assert!(about("0 1 * * mon#2").1.contains("write a `rule`"));
    // Wrong, and nothing says how long: one place, told once.
    let found = said(&night("cron = \"@daily\""));
    let [(message, hint)] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(message, "`cron` has 1 of five fields");
    assert!(hint.ends_with("; and add duration = \"6h\""), "{hint}");
}
