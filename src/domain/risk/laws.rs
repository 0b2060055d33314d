//! Laws of the score, for scopes of any kind, and what each point says of a known one.

use proptest::prelude::*;

use super::*;
use crate::domain::gate::fixture::{ago, changed, commit, person, pull_request, scope};
use crate::domain::ids::PullRequestNumber;
use crate::domain::scope::{Commit, Files, TicketPattern};

fn rule() -> ScopeRule {
    let mut rule = ScopeRule::clone(&ScopeRule::usual());
    rule.tickets = vec![TicketPattern::new(r"PAY-\d+").unwrap()];
    rule
}

fn any_commit() -> impl Strategy<Value = Commit> {
    let author = prop::option::of(prop::sample::select(vec!["eve", "dee", "raj", "ann"]));
    let request = prop::collection::vec(1..6u64, 0..3);
    let headline = prop::sample::select(vec!["retry", "PAY-12 retry"]);
    let minutes = prop::option::of(0..60_000i64);
    let letter = prop::char::range('a', 'f');
    (author, request, headline, minutes, letter, any::<bool>()).prop_map(
        |(author, request, headline, minutes, letter, is_forge_merge)| Commit {
            author: author.map(person),
            headline: headline.to_owned(),
            at: minutes.map(ago),
            is_forge_merge,
            ..commit(letter, &request)
        },
    )
}

fn any_file() -> impl Strategy<Value = crate::domain::scope::ChangedFile> {
    let path = prop::sample::select(vec![
        "src/pay.rs",
        "db/migrations/0042.sql",
        "terraform/main.tf",
        "Dockerfile",
        "docs/a.md",
    ]);
    (path, 0..4_000u64, 0..4_000u64).prop_map(|(path, more, less)| changed(path, more, less))
}

fn any_scope() -> impl Strategy<Value = Scope> {
    let files = prop::collection::vec(any_file(), 0..40);
    let files = prop::option::of((files, any::<bool>()));
    let requests = prop::collection::vec((1..6u64, any::<bool>()), 0..5);
    let relation = prop::sample::select(vec![
        Relation::Ahead,
        Relation::Behind,
        Relation::Diverged,
        Relation::Unknown("odd".to_owned()),
    ]);
    let commits = prop::collection::vec(any_commit(), 0..30);
    (commits, files, requests, relation, any::<bool>(), 0..300u64).prop_map(
        |(commits, files, requests, relation, complete, more)| Scope {
            total: length(commits.len()) + if complete { 0 } else { more },
            commits,
            files: files.map(|(listed, cut)| Files { listed, cut }),
            pull_requests: requests
                .into_iter()
                .map(|(number, named)| {
                    let mut request = pull_request(number, "eve", &[]);
                    if named {
                        request.title = "PAY-7 retry".to_owned();
                    }
                    request
                })
                .collect(),
            relation,
            complete,
            ..scope()
        },
    )
}

proptest! {
    #[test]
    fn one_more_commit_never_lowers_the_score(scope in any_scope(), more in any_commit()) {
        let before = assess(&scope, &rule());
        let mut larger = scope;
        larger.commits.push(more);
        larger.total += 1;
        let after = assess(&larger, &rule());
        prop_assert!(after.sum() >= before.sum(), "{before:?} {after:?}");
        prop_assert!(after.score() >= before.score() && after.level() >= before.level());
    }

    #[test]
    fn one_more_file_never_lowers_the_score(scope in any_scope(), more in any_file()) {
        prop_assume!(scope.files.is_some());
        let before = assess(&scope, &rule());
        let mut larger = scope;
        if let Some(files) = &mut larger.files {
            files.listed.push(more);
        }
        let after = assess(&larger, &rule());
        prop_assert!(after.sum() >= before.sum(), "{before:?} {after:?}");
    }

    #[test]
    fn every_point_says_what_it_counts_and_why(scope in any_scope()) {
        let risk = assess(&scope, &rule());
        prop_assert_eq!(risk.sum(), risk.points.iter().map(|point| point.points).sum::<u32>());
        prop_assert!(risk.score() <= MOST);
        for point in &risk.points {
            prop_assert!(point.points > 0 && point.count > 0, "{point:?}");
            prop_assert!(!point.what.is_empty() && !point.why.is_empty(), "{point:?}");
        }
    }

    #[test]
    fn the_order_of_what_was_read_does_not_matter(scope in any_scope()) {
        let mut turned = scope.clone();
        turned.commits.reverse();
        turned.pull_requests.reverse();
        if let Some(files) = &mut turned.files {
            files.listed.reverse();
        }
        prop_assert_eq!(assess(&scope, &rule()), assess(&turned, &rule()));
    }
}

#[test]
fn a_known_scope_has_known_points() {
    let mut large = scope();
    large.commits = (0..23).map(|_| commit('e', &[912])).collect();
    large.commits[0].at = Some(ago(0));
    large.commits[1].at = Some(ago(3 * 24 * 60 + 5));
    large.commits.push(commit('f', &[]));
    large.total = 24;
    large.files = Some(Files {
        listed: vec![
            changed("src/pay.rs", 430, 80),
            changed("db/migrations/0042.sql", 9, 0),
            changed("db/migrations/0043.sql", 9, 0),
        ],
        cut: false,
    });
    let risk = assess(&large, &rule());
    let said: Vec<String> = risk
        .points
        .iter()
        .map(|point| format!("{} {} +{}", point.count, point.what, point.points))
        .collect();
    assert_eq!(
        said,
        [
            "24 commits +20",
            "2 in migrations +11",
            "528 changed lines +10",
            "24 commits without a ticket +10",
            "1 commit without a pull request +5",
            "3 days of work +3",
            "2 authors +2",
        ]
    );
    assert_eq!((risk.score(), risk.level()), (61, Level::High));
    let warning = RiskRule::default().warning(&risk).unwrap();
    assert_eq!(
        warning,
        "risk 61 (high): 24 commits +20, 2 in migrations +11"
    );
    let never = RiskRule {
        warn: None,
        ..RiskRule::default()
    };
    assert_eq!(never.warning(&risk), None);
}

#[test]
fn what_the_forge_did_not_list_and_a_way_back_count() {
    let mut cut = scope();
    cut.files.as_mut().unwrap().cut = true;
    cut.relation = Relation::Diverged;
    let risk = assess(&cut, &ScopeRule::usual());
    let has = |what: &str| risk.points.iter().any(|point| point.what == what);
    assert!(has("incomplete list") && has("way that is not straight ahead"));
    // Who was read as without a pull request may have one that was not read.
    let mut unread = scope();
    unread.complete = false;
    unread.pull_requests.clear();
    unread.commits[0].pull_requests = vec![PullRequestNumber(99)];
    let risk = assess(&unread, &ScopeRule::usual());
    assert!(
        !risk
            .points
            .iter()
            .any(|point| point.what.contains("pull request"))
    );
}
