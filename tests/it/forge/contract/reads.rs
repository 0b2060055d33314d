//! Every read on every server: what it tells is what the simulator holds.

use gonogo::domain::act::{Act, Outcome};
use gonogo::domain::facts::{Permission, Pulse};
use gonogo::domain::ids::PullRequestNumber;
use gonogo::domain::phase::Phase;
use gonogo::domain::scope::Relation;
use gonogo::sim::model::PullState;

use super::*;

#[tokio::test]
async fn a_board_tells_what_the_forge_holds() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let targets = bench.targets();
        let batch = bench.forge.board(&targets).await;
        assert_eq!(batch.answers.len(), targets.len(), "{server:?}");
        for (target, (service, answer)) in targets.iter().zip(batch.answers) {
            let what = format!("{server:?} {service}");
            let facts = answer.unwrap_or_else(|fault| panic!("{what}: {fault}"));
            let repo = bench.repo(service.as_str());
            assert_eq!(facts.gaps, Vec::<String>::new(), "{what}");
            assert_eq!(facts.repo, target.repo, "{what}");
            assert_eq!(facts.archived, repo.archived, "{what}");
            assert!(
                facts.permission >= Permission::Write,
                "{what}: {:?}",
                facts.permission
            );
            assert_eq!(facts.default_branch.as_deref(), Some("main"), "{what}");
            let head = facts.head.as_ref().unwrap();
            assert_eq!(head.sha, bench.head(service.as_str()), "{what}");
            assert!(
                !head.headline.is_empty() && head.at.is_some(),
                "{what}: {head:?}"
            );
            let open = repo.pulls.iter().filter(|it| it.state == PullState::Open);
            assert_eq!(facts.open_pull_requests, open.count() as u64, "{what}");
            for release in &facts.releases {
                let known = repo.releases.iter().find(|it| it.tag == release.tag);
                let known = known.unwrap_or_else(|| panic!("{what}: {release:?}"));
                assert_eq!(release.draft, known.draft, "{what}: {release:?}");
            }
            // GitHub's board asks for a few, the newest first.
            let all = repo.releases.len();
            assert!(facts.releases.len() >= all.min(5), "{what}: {all}");
            assert!(!facts.runs.is_empty(), "{what}");
            let checks = &facts.checks[&head.sha];
            assert!(
                checks.phase.is_some() && checks.total > 0,
                "{what}: {checks:?}"
            );
            assert!(!facts.url.is_empty(), "{what}");
        }
    }
}

#[tokio::test]
async fn what_is_live_is_what_the_forge_knows() {
    for server in [Server::GitHub, Server::GitLab] {
        let bench = Bench::of(server).await;
        let mut seen = 0;
        for target in bench.targets() {
            let service = target.service.as_str();
            let (facts, repo) = (bench.board(service).await, bench.repo(service));
            for environment in ["dev", "staging", "production"] {
                let truth = repo.live(environment).map(|it| it.sha.clone());
                assert_eq!(
                    live(&facts, environment),
                    truth,
                    "{server:?} {service} {environment}"
                );
                seen += usize::from(truth.is_some());
            }
        }
        assert!(seen >= 12, "{server:?}: {seen}");
    }
}

#[tokio::test]
async fn a_pulse_agrees_with_its_board_until_something_is_pushed() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        // What is under way this evening moves by itself.
        let still = |name: &str| {
            bench
                .repo(name)
                .runs
                .iter()
                .all(|run| run.done() || run.status == sim::model::RunStatus::Waiting)
        };
        for target in bench.targets() {
            let name = target.service.to_string();
            if server == Server::GitHub && !still(&name) {
                continue;
            }
            let facts = bench.board(&name).await;
            let path: Vec<&EnvironmentName> = target.environments.iter().collect();
            let pulse = async || {
                let mut batch = bench.forge.pulse(std::slice::from_ref(&target)).await;
                let answer = batch.answers.remove(0).1;
                answer.unwrap_or_else(|fault| panic!("{server:?} {name}: {fault}"))
            };
            let first = pulse().await;
            assert!(
                facts.agrees_with(&first, &path),
                "{server:?} {name}: {first:?}"
            );
            assert_eq!(first, pulse().await, "{server:?} {name}");
            let by = &bench.repo(&name).commits[0].author;
            bench.play(
                &name,
                &format!(r#"{{ do = "push", by = "{by}", text = "More" }}"#),
            );
            bench.advance(3);
            assert!(
                !facts.agrees_with(&pulse().await, &path),
                "{server:?} {name}"
            );
        }
    }
}

#[tokio::test]
async fn a_pulse_of_gitlab_tells_that_an_open_change_was_pushed_to_labelled_or_approved() {
    let bench = Bench::of(Server::GitLab).await;
    let (name, head) = ("orders", "tax-rounding");
    let target = bench.target(name);
    let pulse = async || {
        let mut batch = bench.forge.pulse(std::slice::from_ref(&target)).await;
        batch.answers.remove(0).1.unwrap()
    };
    let change = bench
        .repo(name)
        .pulls
        .iter()
        .find(|it| it.head == head)
        .cloned();
    let number = PullRequestNumber(change.unwrap().number);
    let label = "urgent".to_owned();
    let labels = Act::AddLabel { number, label };
    for what in ["push", "label", "approval"] {
        let before = pulse().await;
        assert_eq!(before, pulse().await, "before the {what}: nothing changed");
        bench.advance(90);
        let later = pulse().await;
        let of_changes = |pulse: &Pulse| (pulse.pull_requests, pulse.pull_requests_at);
        assert_eq!(
            of_changes(&later),
            of_changes(&before),
            "time alone is no news"
        );
        match what {
            "push" => bench.play(
                name,
                &format!(
                    r#"{{ do = "push", by = "lena", branch = "{head}", text = "Round half up" }}"#
                ),
            ),
            "label" => {
                let outcome = bench.forge.act(&target.repo, &labels, &key()).await;
                assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
            }
            _ => bench.play(
                name,
                &format!(r#"{{ do = "review", by = "ivo", head = "{head}", state = "approved" }}"#),
            ),
        }
        let after = pulse().await;
        assert_eq!(after.pull_requests, before.pull_requests, "{what}");
        assert!(
            after.pull_requests_at > before.pull_requests_at,
            "{what}: {after:?}"
        );
    }
    // A brief question costs GitLab the same, so that it tells it then too.
    let brief = Target {
        brief: true,
        ..target.clone()
    };
    let mut batch = bench.forge.pulse(&[brief]).await;
    assert_eq!(batch.answers.remove(0).1.unwrap(), pulse().await);
}

#[tokio::test]
async fn a_scope_is_the_commits_between_and_the_changes_that_brought_them() {
    for (server, name, base, landed) in [
        (Server::GitHub, "api-gateway", "v2.40.3", ""),
        (Server::GitLab, "orders", "v8.1.0", "Split parcels"),
        (Server::Forgejo, "harbour", "v3.1.1", "Count berths"),
        (Server::ForgejoTasks, "harbour", "v3.1.1", "Count berths"),
        (Server::Gitea, "lighthouse", "v0.8.0", "Call the keeper"),
    ] {
        let bench = Bench::of(server).await;
        let (repo, head) = (bench.repo(name), bench.head(name));
        let tags: Vec<&str> = repo.tags.iter().map(|it| it.name.as_str()).collect();
        let base = repo
            .tag(base)
            .unwrap_or_else(|| panic!("{server:?}: {tags:?}"));
        let base = Sha::from(base.sha.as_str());
        let path = bench.path(name);
        let between = repo.compare(base.as_str(), head.as_str()).unwrap();
        let scope = bench.forge.scope(&path, &base, &head, true).await.unwrap();
        assert_eq!(scope.relation, Relation::Ahead, "{server:?}");
        assert!(scope.complete, "{server:?}");
        assert_eq!(scope.commits.len(), between.commits.len(), "{server:?}");
        assert_eq!(scope.commits[0].sha, head, "{server:?}: newest first");
        let titles: Vec<&str> = scope
            .pull_requests
            .iter()
            .map(|it| it.title.as_str())
            .collect();
        assert!(
            titles.iter().any(|it| it.contains(landed)),
            "{server:?}: {titles:?}"
        );
        let reviewed = scope.pull_requests.iter().flat_map(|it| &it.reviews);
        assert!(reviewed.filter(|it| it.approved).count() > 0, "{server:?}");
        let files = scope.files.as_ref();
        let listed = files.is_some_and(|it| !it.listed.is_empty());
        assert!(listed, "{server:?}: {files:?}");
        let lines: u64 = files
            .iter()
            .flat_map(|it| &it.listed)
            .map(|it| it.additions + it.deletions)
            .sum();
        assert!(lines > 0, "{server:?}: {files:?}");
        let back = bench.forge.scope(&path, &head, &base, false).await.unwrap();
        assert_eq!(back.relation, Relation::Behind, "{server:?}");
        let same = bench.forge.scope(&path, &head, &head, false).await.unwrap();
        assert_eq!(same.relation, Relation::Identical, "{server:?}");
        let nowhere = Sha::from("0".repeat(40));
        let fault = bench
            .forge
            .scope(&path, &nowhere, &head, false)
            .await
            .unwrap_err();
        assert_eq!(
            fault.kind,
            gonogo::domain::fault::FaultKind::NotFound,
            "{server:?}: {fault}"
        );
    }
}

#[tokio::test]
async fn a_file_a_missing_file_and_a_missing_commit_are_three_answers() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let name = bench.targets()[0].service.to_string();
        let by = bench.repo(&name).commits[0].author.clone();
        bench.play(
            &name,
            &format!(r#"{{ do = "push", by = "{by}", text = "Say it", write = {{ "deploy/it.toml" = "os = \"debian-12\"\n" }} }}"#),
        );
        let (path, head) = (bench.path(&name), bench.head(&name));
        let file = |path: &str, sha: &Sha| (path.to_owned(), sha.clone());
        let asked = [
            file("deploy/it.toml", &head),
            file("deploy/none.toml", &head),
            file("deploy/it.toml", &Sha::from("0".repeat(40))),
        ];
        let answers = bench.forge.declared(&path, &asked).await;
        let keys = answers[0].as_ref().unwrap().keys.clone();
        assert_eq!(keys.unwrap()["os"], "debian-12", "{server:?}");
        assert_eq!(answers[1].as_ref().unwrap().keys, None, "{server:?}");
        assert!(answers[2].is_err(), "{server:?}: {:?}", answers[2]);
    }
}

#[tokio::test]
async fn what_is_open_with_a_label_is_counted_and_named() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let target = bench.targets().remove(0);
        let name = target.service.to_string();
        bench.play(
            &name,
            r#"{ do = "issue", by = "bob", text = "It sinks", labels = ["hold"] }"#,
        );
        let target = Target {
            labels: vec!["hold".into(), "nobody-has-it".into()],
            ..target
        };
        let mut batch = bench.forge.board(&[target]).await;
        let facts = batch.answers.remove(0).1.unwrap();
        let held = &facts.labelled["hold"];
        assert!(
            held.shown.iter().any(|it| it.title == "It sinks"),
            "{server:?}: {held:?}"
        );
        assert_eq!(held.total, held.shown.len() as u64, "{server:?}");
        assert_eq!(facts.labelled["nobody-has-it"].total, 0, "{server:?}");
    }
}

#[tokio::test]
async fn a_run_has_its_jobs_by_name() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let (repo, run) = bench.any_jobs().await;
        let jobs = bench.forge.jobs(&repo, run).await.unwrap();
        assert!(!jobs.is_empty(), "{server:?}");
        for job in jobs {
            assert!(
                !job.name.is_empty() && !matches!(job.phase, Phase::Unknown(_)),
                "{server:?}: {job:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_repository_without_a_config_tells_its_branch_and_its_environments() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        for target in bench.targets() {
            // GitLab shows what protects an environment to those alone who may change it.
            let forge = match server {
                Server::GitLab => bench.again("admin", limits()),
                _ => bench.again("operate", limits()),
            };
            let found = forge.discover(&target.repo).await;
            let found = found.unwrap_or_else(|fault| panic!("{server:?} {}: {fault}", target.repo));
            assert_eq!(found.default_branch.as_deref(), Some("main"), "{server:?}");
            let reviewed = match (server, target.service.as_str()) {
                (Server::GitLab, "orders") => vec![EnvironmentName::from("production")],
                (Server::GitHub, _) => found.reviewed.clone(),
                _ => Vec::new(),
            };
            assert_eq!(found.reviewed, reviewed, "{server:?} {}", target.repo);
            assert_eq!(
                found.environments, target.environments,
                "{server:?} {}",
                target.repo
            );
            // Where the forge keeps none, statuses, tags, branches or runs tell of them.
            let usual = EnvironmentModel::usual(server.kind());
            let model = found.model.as_ref().unwrap_or(&usual);
            assert_eq!(*model, target.model, "{server:?} {}", target.repo);
        }
        let gone = RepoPath::from("nobody/nothing");
        let fault = bench.forge.discover(&gone).await.unwrap_err();
        assert_eq!(
            fault.kind,
            gonogo::domain::fault::FaultKind::NotFound,
            "{server:?}"
        );
    }
}
