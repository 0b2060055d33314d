//! Lists that are longer than a page, at the largest page that each server gives: 50 items on Forgejo
//! and Gitea, 100 on GitHub and GitLab. Nothing beyond the first page is missed where it matters, and
//! where gonogo stops on purpose it says so.

use gonogo::domain::act::Outcome;
use gonogo::domain::brake::{Binds, Mark, Reading, Sought};
use gonogo::domain::phase::Phase;

use super::*;

/// More than a page of any server, twice as many as one of Forgejo's.
const MANY: usize = 130;

/// A service whose workflows run on a push, on each server.
fn service(server: Server) -> &'static str {
    match server {
        Server::GitHub => "geo",
        Server::GitLab => "orders",
        Server::Forgejo | Server::ForgejoTasks => "harbour",
        Server::Gitea => "lighthouse",
    }
}

impl Bench {
    fn somebody(&self, name: &str) -> String {
        self.repo(name).commits[0].author.clone()
    }

    /// Plays a step many times; `{n}` is its number.
    fn play_many(&self, name: &str, count: usize, toml: &str) {
        let by = self.somebody(name);
        for number in 0..count {
            let toml = toml.replace("{n}", &format!("{number:03}"));
            self.play(name, &toml.replace("{by}", &by));
        }
    }

    /// The checks of the head.
    async fn checks(&self, name: &str) -> gonogo::domain::pipeline::Checks {
        let target = Target {
            named_checks: true,
            ..self.target(name)
        };
        let mut batch = self.forge.board(&[target]).await;
        let facts = batch.answers.remove(0).1.unwrap();
        let head = facts.head.unwrap().sha;
        facts.checks[&head].clone()
    }
}

#[tokio::test]
async fn every_job_of_a_large_run_is_read() {
    for server in SERVERS {
        let bench = Bench::with(server, |world| {
            world.repos.retain(|it| it.name == service(server));
            for flow in world.flows.values_mut() {
                for workflow in &mut flow.workflows {
                    let mut plan = workflow.jobs[0].clone();
                    (plan.environment, plan.manual) = (None, false);
                    for number in 0..MANY {
                        plan.name = format!("part {number:03}");
                        workflow.jobs.push(plan.clone());
                    }
                }
            }
        })
        .await;
        let name = service(server);
        bench.play_many(
            name,
            1,
            r#"{ do = "push", by = "{by}", text = "More {n}" }"#,
        );
        bench.advance(20);
        let facts = bench.board(name).await;
        let head = bench.head(name);
        let mut most = 0;
        for run in facts.runs.iter().filter(|it| it.sha == head) {
            let jobs = bench.forge.jobs(&facts.repo, run.id).await.unwrap();
            let mut names: Vec<&str> = jobs.iter().map(|it| it.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), jobs.len(), "{server:?}: none twice");
            most = most.max(jobs.iter().filter(|it| it.name.starts_with("part")).count());
        }
        assert_eq!(most, MANY, "{server:?}");
    }
}

#[tokio::test]
async fn open_changes_and_what_has_a_label_are_counted_beyond_a_page() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let name = service(server);
        let open = r#"{ do = "open", by = "{by}", head = "topic-{n}", text = "Change {n}" }"#;
        let issue = r#"{ do = "issue", by = "{by}", text = "Leak {n}", labels = ["hold"] }"#;
        bench.play_many(name, MANY, open);
        bench.play_many(name, MANY, issue);
        bench.advance(15);
        let target = Target {
            labels: vec!["hold".into()],
            ..bench.target(name)
        };
        let held = |repo: &Repo| {
            let pulls = repo
                .pulls
                .iter()
                .filter(|it| it.labels.contains(&"hold".to_owned()));
            let open = pulls.filter(|it| it.state == sim::model::PullState::Open);
            open.count()
                + repo
                    .issues
                    .iter()
                    .filter(|it| it.labels.contains(&"hold".to_owned()))
                    .count()
        };
        let repo = bench.repo(name);
        let open = repo
            .pulls
            .iter()
            .filter(|it| it.state == sim::model::PullState::Open);
        let open = open.count() as u64;
        assert!(open >= MANY as u64, "{server:?}: {open}");
        let mut batch = bench.forge.board(std::slice::from_ref(&target)).await;
        let facts = batch.answers.remove(0).1.unwrap();
        assert_eq!(facts.open_pull_requests, open, "{server:?}");
        assert!(
            facts.pull_requests.len() >= 10,
            "{server:?}: the newest are shown"
        );
        let labelled = &facts.labelled["hold"];
        assert_eq!(labelled.total, held(&repo) as u64, "{server:?}");
        assert!(labelled.shown.len() >= 10, "{server:?}");
        let mut batch = bench.forge.pulse(&[target]).await;
        let pulse = batch.answers.remove(0).1.unwrap();
        assert_eq!(pulse.pull_requests, Some(open), "{server:?}");
    }
}

#[tokio::test]
async fn a_list_that_gitlab_does_not_count_is_told_as_more_than_ten_thousand() {
    let bench = Bench::of(Server::GitLab).await;
    let issue = |number: u32| {
        format!(
            r#"{{"iid": {number}, "title": "Leak", "web_url": "https://lab.example/{number}", "labels": ["hold"], "author": null}}"#
        )
    };
    let list: Vec<String> = (1..=20).map(issue).collect();
    let matcher = Matcher {
        path_contains: Some("/issues?".into()),
        ..Matcher::default()
    };
    let next = format!(
        "<{}/api/v4/issues?page=2>; rel=\"next\"",
        address(&bench.sim)
    );
    let uncounted = status_with(200, &format!("[{}]", list.join(",")), &[("link", &next)]);
    bench.meet(matcher, None, uncounted);
    let target = Target {
        labels: vec!["hold".into()],
        ..bench.target("orders")
    };
    let mut batch = bench.forge.board(&[target]).await;
    let facts = batch.answers.remove(0).1.unwrap();
    assert!(
        facts.labelled["hold"].total > 10_000,
        "{:?}",
        facts.labelled
    );
}

#[tokio::test]
async fn a_status_counts_wherever_in_the_list_it_is() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let name = service(server);
        bench.play_many(
            name,
            1,
            r#"{ do = "push", by = "{by}", text = "More {n}" }"#,
        );
        bench.advance(900);
        let (path, sha) = (bench.path(name), bench.head(name));
        // Our own is the oldest, and the one that failed has the name that is listed last.
        let brake = Act::SetStatus {
            sha: sha.clone(),
            context: "hold/production".into(),
            state: gonogo::domain::act::StatusState::Failure,
            description: "held".into(),
            target_url: None,
        };
        let outcome = bench.forge.act(&path, &brake, &key()).await;
        assert!(
            matches!(outcome, Outcome::Accepted(_)),
            "{server:?}: {outcome:?}"
        );
        let before = bench.checks(name).await.total;
        if server == Server::GitLab {
            // There a status belongs to a pipeline, and is set by the API alone.
            use gonogo::domain::act::StatusState::{Failure, Success};
            let scans = (0..MANY).map(|number| (format!("scan-{number:03}"), Success));
            for (context, state) in scans.chain([("zz-last".to_owned(), Failure)]) {
                let set = Act::SetStatus {
                    sha: sha.clone(),
                    context,
                    state,
                    description: "told".into(),
                    target_url: None,
                };
                let outcome = bench.forge.act(&path, &set, &key()).await;
                assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
            }
        } else {
            let scan = r#"{ do = "status", by = "{by}", context = "scan-{n}", state = "success" }"#;
            bench.play_many(name, MANY, scan);
            let last = r#"{ do = "status", by = "{by}", context = "zz-last", state = "failure" }"#;
            bench.play_many(name, 1, last);
        }
        bench.advance(5);
        let checks = bench.checks(name).await;
        assert_eq!(
            u64::from(checks.total),
            u64::from(before) + MANY as u64 + 1,
            "{server:?}"
        );
        assert_eq!(checks.phase, Some(Phase::Failed), "{server:?}");
        let sought = Sought {
            mark: Mark::of(&brake).unwrap(),
            key: key(),
            freeze: None,
            branch: None,
        };
        let mut read = bench.forge.marks(&path, &[sought]).await;
        let read = read.remove(0).unwrap();
        assert_eq!(
            read,
            Reading::Ours {
                binds: Binds::Unasked
            },
            "{server:?}"
        );
    }
}

#[tokio::test]
async fn commits_beyond_what_is_looked_at_are_counted_and_the_scope_is_not_called_complete() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let name = service(server);
        let (path, base) = (bench.path(name), bench.head(name));
        let push = r#"{ do = "push", by = "{by}", text = "Step {n}" }"#;
        for (count, whole) in [(MANY, true), (300, false)] {
            let there = bench
                .repo(name)
                .compare(base.as_str(), bench.head(name).as_str());
            let there = there.unwrap().commits.len();
            bench.play_many(name, count - there, push);
            let head = bench.head(name);
            let scope = bench.forge.scope(&path, &base, &head, false).await.unwrap();
            assert_eq!(scope.total, count as u64, "{server:?}");
            // GitHub lists the oldest of more than 250.
            if scope.complete || server != Server::GitHub {
                assert_eq!(scope.commits[0].sha, head, "{server:?}: newest first");
            }
            // One request a commit is much on GitLab: there fewer are looked at.
            let whole = whole && server != Server::GitLab;
            assert_eq!(scope.complete, whole, "{server:?} {count}");
            assert!(
                scope.complete || scope.commits.len() as u64 <= scope.total,
                "{server:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_live_is_found_behind_a_hundred_pushes() {
    for server in [Server::GitHub, Server::GitLab] {
        let bench = Bench::of(server).await;
        let name = service(server);
        let before = bench.repo(name).live("production").map(|it| it.sha.clone());
        assert!(before.is_some(), "{server:?}");
        bench.play_many(
            name,
            MANY,
            r#"{ do = "push", by = "{by}", text = "Step {n}" }"#,
        );
        bench.advance(5);
        let facts = bench.board(name).await;
        assert_eq!(live(&facts, "production"), before, "{server:?}");
        assert_eq!(facts.head.unwrap().sha, bench.head(name), "{server:?}");
        let newest = bench.head(name);
        assert!(facts.runs.iter().any(|it| it.sha == newest), "{server:?}");
    }
}

#[tokio::test]
async fn the_newest_of_many_releases_are_shown_with_their_commits() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let name = service(server);
        bench.play_many(
            name,
            MANY,
            r#"{ do = "release", by = "{by}", tag = "v90.0.{n}", text = "Release {n}" }"#,
        );
        bench.advance(5);
        let facts = bench.board(name).await;
        let newest = facts.releases.iter().find(|it| it.tag == "v90.0.129");
        let newest = newest.unwrap_or_else(|| panic!("{server:?}: {:?}", facts.releases));
        assert_eq!(newest.sha, Some(bench.head(name)), "{server:?}");
        assert!(facts.releases.len() >= 5, "{server:?}");
        for release in facts.releases.iter().filter(|it| !it.draft) {
            assert!(release.sha.is_some(), "{server:?}: {release:?}");
        }
    }
}

#[tokio::test]
async fn a_label_is_found_among_more_than_a_page_of_them() {
    for server in SERVERS {
        let bench = Bench::with(server, |world| {
            for number in 0..MANY {
                world
                    .labels
                    .insert(format!("l-{number:03}"), "e11d21".to_owned());
            }
        })
        .await;
        let name = service(server);
        let open = r#"{ do = "open", by = "{by}", head = "topic-{n}", text = "Change {n}" }"#;
        bench.play_many(name, 1, open);
        bench.advance(15);
        let pulls = bench.repo(name).pulls;
        let number = pulls.iter().map(|it| it.number).max().unwrap();
        let (path, number) = (bench.path(name), PullRequestNumber(number));
        let before = bench.writes().len();
        let act = Act::AddLabel {
            number,
            label: "l-129".into(),
        };
        let outcome = bench.forge.act(&path, &act, &key()).await;
        assert!(
            matches!(outcome, Outcome::Accepted(_)),
            "{server:?}: {outcome:?}"
        );
        assert_eq!(
            bench.writes().len(),
            before + 1,
            "{server:?}: none was made"
        );
        let sought = Sought {
            mark: Mark::of(&act).unwrap(),
            key: key(),
            freeze: None,
            branch: None,
        };
        let mut read = bench.forge.marks(&path, &[sought]).await;
        assert_eq!(
            read.remove(0).unwrap(),
            Reading::Ours {
                binds: Binds::Unasked
            },
            "{server:?}"
        );
    }
}
