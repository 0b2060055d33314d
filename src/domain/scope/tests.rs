use super::*;
use crate::domain::gate::fixture::{ago, changed, commit, now, person, pull_request, scope};

fn rule(patterns: &[&str], link: Option<&str>) -> ScopeRule {
    ScopeRule {
        tickets: patterns
            .iter()
            .map(|pattern| TicketPattern::new(pattern).unwrap())
            .collect(),
        ticket_link: link.map(str::to_owned),
        ..ScopeRule::clone(&ScopeRule::usual())
    }
}

fn named(scope: &Scope, rule: &ScopeRule) -> Vec<String> {
    let tickets = scope.tickets(rule).into_iter().map(|ticket| {
        let by: Vec<String> = ticket.named_by.into_iter().collect();
        let url = ticket.url.map_or_else(String::new, |url| format!(" {url}"));
        format!("{} {}{url}", ticket.name, by.join(" "))
    });
    tickets.collect()
}

#[test]
fn tickets_are_found_in_title_branch_body_and_messages() {
    let mut scope = scope();
    scope.pull_requests[0].title = "PAY-7: retry".to_owned();
    scope.pull_requests[1].branch = Some("feature/PAY-8-pool".to_owned());
    scope.pull_requests[1].body = "Closes OPS-1 and PAY-7".to_owned();
    scope.commits[0].message = "Refs: PAY-9".to_owned();
    let mut loose = commit('e', &[]);
    loose.headline = "PAY-7 hotfix".to_owned();
    scope.commits.push(loose);
    let rule = rule(&[r"PAY-\d+", r"(?:Closes|Fixes) ([A-Z]+-\d+)"], None);
    assert_eq!(
        named(&scope, &rule),
        [
            "OPS-1 #915",
            "PAY-7 #912 #915 eeeeeee",
            "PAY-8 #915",
            "PAY-9 #915"
        ]
    );
    assert_eq!(scope.without_ticket(&rule), 0);
}

#[test]
fn a_ticket_links_to_its_tracker_and_cannot_leave_its_place_in_the_address() {
    let mut scope = scope();
    scope.pull_requests[0].title = "see <a/../b?c>".to_owned();
    let rule = rule(&["<(.*)>"], Some("https://t.example/browse/{ticket}"));
    assert_eq!(
        named(&scope, &rule),
        ["a/../b?c #912 https://t.example/browse/a%2F%2E%2E%2Fb%3Fc"]
    );
    let mut plain = scope;
    plain.pull_requests[0].title = "PAY-7".to_owned();
    let rule = self::rule(&[r"PAY-\d+"], Some("https://t.example/{ticket}"));
    assert_eq!(named(&plain, &rule), ["PAY-7 #912 https://t.example/PAY-7"]);
}

#[test]
fn only_written_commits_need_a_ticket_and_only_where_one_is_looked_for() {
    let mut scope = scope();
    scope.pull_requests[0].title = "PAY-7".to_owned();
    let mut merge = commit('e', &[]);
    merge.is_forge_merge = true;
    scope.commits.push(merge);
    assert_eq!(scope.without_ticket(&rule(&[r"PAY-\d+"], None)), 1);
    assert_eq!(scope.without_ticket(&rule(&[], None)), 0);
    assert_eq!(scope.without_pull_request().count(), 0);
    scope.commits.push(commit('f', &[777]));
    assert_eq!(
        scope.without_pull_request().count(),
        1,
        "777 is not in scope"
    );
}

#[test]
fn a_pattern_that_cannot_be_meant_says_why() {
    for (pattern, why) in [
        ("[A-Z", "unclosed character class"),
        ("[A-Z]*", "it also matches nothing at all, so everywhere"),
        ("(", "unclosed group"),
        (r"\w{1000}{1000}", "it is too large"),
    ] {
        assert_eq!(TicketPattern::new(pattern).unwrap_err(), why, "{pattern}");
    }
}

#[test]
fn globs_match_paths_as_people_mean_them() {
    for (glob, yes, no) in [
        (
            "**/migrations/**",
            &["migrations/1.sql", "db/migrations/a/b.sql"][..],
            &["migrations", "db/migrations.rs", "xmigrations/1.sql"][..],
        ),
        (
            "terraform/**",
            &["terraform/a.tf", "terraform/x/y"],
            &["a/terraform/b", "terraform"],
        ),
        (
            "Dockerfile",
            &["Dockerfile"],
            &["a/Dockerfile", "Dockerfile.dev"],
        ),
        (
            "**/Dockerfile",
            &["Dockerfile", "a/b/Dockerfile"],
            &["aDockerfile"],
        ),
        ("*.{yml,yaml}", &["a.yml", "b.yaml"], &["a/b.yml", "a.yxml"]),
        ("src/?.rs", &["src/a.rs"], &["src/ab.rs", "src//.rs"]),
        ("a+(b)[c].x", &["a+(b)[c].x"], &["aab.x"]),
        ("**", &["a", "a/b"], &[]),
    ] {
        let globs = Globs::new(vec![glob.to_owned()]).unwrap();
        for path in yes {
            assert!(globs.matches(path), "{glob} {path}");
        }
        for path in no {
            assert!(!globs.matches(path), "{glob} {path}");
        }
    }
}

#[test]
fn a_glob_that_cannot_be_meant_says_why_and_where() {
    for (glob, why) in [
        (
            "/etc/**",
            "paths start at the root of the repository, without a slash",
        ),
        (
            "migrations/",
            "it names a folder, and only files change: add `**`",
        ),
        ("a//b", "a folder of it has no name"),
        ("a/../b", "a folder of it has no name"),
        (
            "a**/b",
            "`**` stands for whole folders: write `**/` or `/**`",
        ),
        ("{a,{b}}", "a brace within braces"),
        ("{a/b}", "a brace is not closed before the next slash"),
        ("a}", "a brace that was not opened"),
        ("{a", "a brace is not closed before the next slash"),
    ] {
        let found = Globs::new(vec!["ok".to_owned(), glob.to_owned()]);
        assert_eq!(found.unwrap_err(), (1, why.to_owned()), "{glob}");
    }
}

#[test]
fn a_scope_adds_up() {
    let mut scope = scope();
    scope.pull_requests[0].labels = vec!["bug".to_owned(), "db".to_owned()];
    scope.pull_requests[1].labels = vec!["bug".to_owned()];
    scope.commits[0].author = Some(person("raj"));
    scope.files = Some(Files {
        listed: vec![
            changed("db/migrations/1.sql", 5, 1),
            ChangedFile {
                was: Some("terraform/old.tf".to_owned()),
                ..changed("attic/old.txt", 0, 2)
            },
            changed("src/a.rs", 10, 0),
        ],
        cut: true,
    });
    let authors: Vec<&str> = scope.authors().into_iter().map(Person::as_str).collect();
    assert_eq!(authors, ["dee", "eve", "raj"]);
    let reviewers: Vec<&str> = scope.reviewers().into_iter().map(Person::as_str).collect();
    assert_eq!(reviewers, ["bob", "dee", "eve"]);
    assert_eq!(
        scope.labels().into_iter().collect::<Vec<_>>(),
        ["bug", "db"]
    );
    let size = Size {
        files: 3,
        additions: 15,
        deletions: 3,
        cut: true,
    };
    assert_eq!(scope.size(), Some(size));
    let usual = ScopeRule::usual();
    let touched: Vec<(&str, usize)> = scope
        .of_interest(&usual)
        .into_iter()
        .map(|(kind, files)| (kind, files.len()))
        .collect();
    assert_eq!(
        touched,
        [("infrastructure", 1), ("migrations", 1)],
        "what was moved away too"
    );
    assert_eq!(scope.behind(now()).unwrap().as_hours(), 40);
    scope.commits[1].at = Some(ago(-60));
    scope.commits[0].at = None;
    assert_eq!(
        scope.behind(now()).unwrap().as_hours(),
        0,
        "a clock that is ahead"
    );
    assert_eq!(pull_request(1, "eve", &[]).branch, None);
}
