//! `[release.NAME]`: what it means, and what is said about mistakes in it.

use super::*;
use crate::domain::release::Item;
use crate::domain::signoff::AtClose;

const SERVICES: &str = r#"
[role.qa]
members = ["grace", "alan"]
[role.release]
members = ["mary"]
[role.nobody]
members = []

[window.evenings]
from = "18:00"
to = "22:00"
zone = "Europe/Berlin"
[window.lunch]
from = "12:00"
to = "13:00"
zone = "UTC"
environments = ["staging"]
[freeze.year-end]
from = "2026-12-20 18:00"
to = "2027-01-04 06:00"
zone = "UTC"
reason = "year end"

[service.db]
repo = "acme/db"
path = ["staging", "production"]
[service.api]
repo = "acme/api"
path = ["staging", "production"]
depends = ["db"]
[service.mail]
repo = "acme/mail"
path = ["staging", "production"]
[service.web]
repo = "acme/web"
path = ["staging", "production"]
depends = ["api", "mail"]
[service.page]
repo = "acme/page"
path = ["staging"]
"#;

fn with(release: &str) -> String {
    format!("{SERVICES}{release}")
}

fn names(waves: &[Vec<ServiceName>]) -> Vec<Vec<&str>> {
    waves
        .iter()
        .map(|wave| wave.iter().map(ServiceName::as_str).collect())
        .collect()
}

/// What is said about a release, a line each: where, what.
fn said(release: &str) -> Vec<String> {
    let problems = load_text(&with(release)).expect_err("a mistake");
    let before = SERVICES.lines().count();
    problems
        .iter()
        .map(|problem| {
            let hint = problem.hint.as_deref().unwrap_or("-");
            let line = problem.line - before;
            format!("{line}:{}: {} = {hint}", problem.column, problem.message)
        })
        .collect()
}

#[test]
fn a_release_means_what_it_says() {
    let text = with(
        r#"
[release."2026.47"]
services = ["web", { service = "db", revision = "v1.2.0" }, "api", "mail"]
window = "evenings"
at_close = "withdraw"
due = "2026-11-26 20:00"
roles = ["qa", "release"]
owner = "mary"
[release.hotfix]
services = ["api", "web"]
waves = [["api"], ["web"]]
environment = "production"
due = "2026-10-25 02:30"
zone = "Europe/Berlin"
distinct = false
"#,
    );
    let settings = load_text(&text).unwrap_or_else(|problems| panic!("{}", render(&problems)));
    let [release, hotfix] = settings.policy.releases.as_slice() else {
        panic!("two releases");
    };
    assert_eq!(release.name.as_str(), "2026.47");
    assert_eq!(release.environment.as_str(), "production");
    assert_eq!(
        release.items[1],
        Item {
            service: "db".into(),
            pin: Some("v1.2.0".to_owned())
        }
    );
    assert_eq!(
        names(&release.waves),
        [vec!["db", "mail"], vec!["api"], vec!["web"]],
        "in the order of what depends on what"
    );
    assert_eq!(release.window.as_deref(), Some("evenings"));
    assert_eq!(release.at_close, AtClose::Withdraw);
    assert_eq!(hotfix.at_close, AtClose::Keep, "the default");
    let due = release.due.map(|due| due.to_string());
    assert_eq!(due.as_deref(), Some("2026-11-26T19:00:00Z"), "as in Berlin");
    assert!(release.distinct);
    assert_eq!(release.owner, Some("mary".into()));
    // A wall-clock time that exists twice means the earlier one.
    let due = hotfix.due.map(|due| due.to_string());
    assert_eq!(due.as_deref(), Some("2026-10-25T00:30:00Z"));
    assert!(!hotfix.distinct && hotfix.roles.is_empty());
    assert_eq!(names(&hotfix.waves), [vec!["api"], vec!["web"]]);
    let about =
        |note: &Problem| note.message.contains("release") || note.message.contains("depends");
    assert!(
        !settings.notes.iter().any(about),
        "{}",
        render(&settings.notes)
    );

    let shown = show::show(&settings);
    let mut again =
        load_text(&shown).unwrap_or_else(|problems| panic!("{shown}\n{}", render(&problems)));
    again.notes.clone_from(&settings.notes);
    assert_eq!(again, settings, "{shown}");
    for (from, to) in [
        ("v1.2.0", "v1.2.1"),
        ("[[\"api\"], [\"web\"]]", "[[\"api\"], [\"web\"], []]"),
        ("20:00", "20:01"),
        ("[\"qa\", \"release\"]", "[\"qa\"]"),
        ("distinct = false", "distinct = true"),
        ("owner = \"mary\"", "owner = \"ada\""),
    ] {
        assert!(text.contains(from), "{from}");
        if let Ok(other) = load_text(&text.replace(from, to)) {
            assert_ne!(other.policy.version(), settings.policy.version(), "{from}");
        }
    }
}

#[test]
fn every_mistake_in_a_release_is_told_at_once_with_its_place() {
    let told = said(
        r#"[release.a]
services = ["web", "wbe", "web", { revision = "1" }, "page"]
waves = [["web", "api", "wbe"], [], ["web"]]
environment = "production"
window = "evening"
due = "18:00"
roles = ["qa", "qa", "boss", "nobody"]
"#,
    );
    assert_eq!(
        told,
        [
            "2:20: there is no service `wbe` = did you mean `web`?",
            "2:27: `web` stands twice in this release = take one of the two out",
            "2:34: which service? = write { service = \"web\", revision = \"v1.2.0\" }",
            "2:54: `page` has no environment `production` = known: `staging`",
            "3:9: `page` is in no wave = every service of the release belongs to one",
            "3:18: `api` is not in this release = add it to `services`",
            "3:25: there is no service `wbe` = did you mean `web`?",
            "3:33: a wave of nothing = name a service in it, or take it out",
            "3:38: `web` is in two waves = -",
            "5:10: there is no window `evening` = did you mean `evenings`?",
            "6:7: `due` needs a date with a time = for instance \"2026-11-26 20:00\"",
            "7:16: role `qa` is listed twice = take one of the two out",
            "7:22: there is no role `boss` = known: `nobody`, `qa`, `release`",
            "7:30: nobody can vote as `nobody`: it has no members = add some to [role.nobody]",
        ]
    );
}

#[test]
fn releases_that_cannot_be_are_refused() {
    for (release, wanted) in [
        (
            "[release.a]\nservices = [\"web\"]\nat_close = \"keep\"",
            "3:12: `at_close` has no effect without `window` = add window = \"NAME\", or take it out",
        ),
        (
            "[release.a]\nservices = [\"web\"]\nwindow = \"evenings\"\nat_close = \"drop\"",
            "4:12: `at_close` cannot be `drop` = known: `keep`, `withdraw`",
        ),
        (
            "[release.a]\nservices = []",
            "2:12: a release of nothing = name at least one service",
        ),
        (
            "[release.a]\nwindow = \"evenings\"",
            "1:10: [release.a] needs `services` = add services = [\"web\", \"api\"]",
        ),
        (
            "[release.a]\nservices = [\"web\", \"page\"]",
            "1:10: the paths end differently: web in production, page in staging = \
             add environment = \"production\"",
        ),
        (
            "[release.a]\nservices = [\"web\"]\nenvironment = \"staging\"",
            "2:13: `web` gets into `staging` by the forge itself: nobody promotes it there = \
             ship it into a later environment, or leave it out",
        ),
        (
            "[release.a]\nservices = [\"web\"]\nenvironment = \"prod\"",
            "3:15: there is no environment `prod` = did you mean `production`?",
        ),
        (
            "[release.a]\nservices = [\"api\", \"db\"]\nwaves = [[\"api\"], [\"db\"]]",
            "3:9: `api` depends on `db`, which does not ship before it = \
             put `db` into an earlier wave",
        ),
        (
            "[release.a]\nservices = [\"web\"]\nwindow = \"year-end\"",
            "3:10: window `year-end` keeps promotions out: a release fits into one that allows = -",
        ),
        (
            "[release.a]\nservices = [\"web\"]\nwindow = \"lunch\"",
            "3:10: window `lunch` does not cover `production` = -",
        ),
        (
            "[release.a]\nservices = [\"web\"]\ndue = \"2026-11-26 20:00\"",
            "3:7: due in which time zone? = add zone = \"Europe/Berlin\"",
        ),
        (
            "[release.a]\nservices = [\"web\"]\nzone = \"UTC\"",
            "3:8: `zone` has no effect without `due` = -",
        ),
        (
            "[release.a]\nservices = [\"web\"]\ndue = \"2026-11-26 20:00\"\nzone = \"Europe/Berln\"",
            "4:8: there is no time zone `Europe/Berln` = did you mean `Europe/Berlin`?",
        ),
        (
            "[release.a]\nservices = [\"web\"]\nroles = [\"qa\", \"release\", \"solo\"]\n\
             [role.solo]\nmembers = [\"mary\"]\n[release.b]\nservices = [\"web\"]\n\
             roles = [\"release\", \"solo\"]",
            "8:9: 2 roles by different people, but they have 1 members in all = \
             add members, or distinct = false",
        ),
        (
            "[release.a]\nservices = [\"web\"]\nrole = [\"qa\"]",
            "3:1: unknown key `role` in [release.a] = did you mean `roles`?",
        ),
    ] {
        assert_eq!(said(release), [wanted], "{release}");
    }
}
