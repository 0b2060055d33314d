//! Environments that a repository does not keep as such, on forges that have their own: a status, a
//! branch, a tag, releases or runs tell what is live. Forgejo's and Gitea's, which have no others,
//! are in `forgejo/models.rs`.

use std::collections::BTreeMap;

use gonogo::domain::act::{MergeMethod, Outcome, StatusState};
use gonogo::domain::phase::Phase;

use super::*;

const BOTH: [Server; 2] = [Server::GitHub, Server::GitLab];

fn service(server: Server) -> &'static str {
    match server {
        Server::GitHub => "api-gateway",
        _ => "gateway",
    }
}

fn modelled(bench: &Bench, name: &str, model: EnvironmentModel, environments: &[&str]) -> Target {
    Target {
        model,
        environments: environments
            .iter()
            .copied()
            .map(EnvironmentName::from)
            .collect(),
        ..bench.target(name)
    }
}

async fn facts(bench: &Bench, target: &Target) -> ServiceFacts {
    if matches!(target.model, EnvironmentModel::Status { .. }) {
        // No forge lists statuses by repository: pulses go through recent commits in turn.
        for _ in 0..=50 {
            bench.forge.pulse(std::slice::from_ref(target)).await;
        }
    }
    let mut batch = bench.forge.board(std::slice::from_ref(target)).await;
    let facts = batch.answers.remove(0).1;
    let facts = facts.unwrap_or_else(|fault| panic!("{:?}: {fault}", bench.server));
    assert_eq!(facts.gaps, Vec::<String>::new(), "{:?}", bench.server);
    let known: Vec<&EnvironmentName> = facts.environments.iter().map(|it| &it.name).collect();
    let asked: Vec<&EnvironmentName> = target.environments.iter().collect();
    assert_eq!(known, asked, "{:?}", bench.server);
    let mut batch = bench.forge.pulse(std::slice::from_ref(target)).await;
    let pulse = batch.answers.remove(0).1.unwrap();
    assert!(
        facts.agrees_with(&pulse, &asked),
        "{:?}: {pulse:?}",
        bench.server
    );
    facts
}

async fn done(bench: &Bench, name: &str, act: Act) {
    let outcome = bench.forge.act(&bench.path(name), &act, &key()).await;
    assert!(
        matches!(outcome, Outcome::Accepted(_)),
        "{:?} {act:?}: {outcome:?}",
        bench.server
    );
    bench.advance(3);
}

fn status(sha: &Sha, state: StatusState) -> Act {
    Act::SetStatus {
        sha: sha.clone(),
        context: "deploy/production".into(),
        state,
        description: "production".into(),
        target_url: None,
    }
}

#[tokio::test]
async fn a_status_on_a_commit_is_what_is_live() {
    for server in BOTH {
        let (bench, name) = (Bench::of(server).await, service(server));
        let model = EnvironmentModel::Status {
            context: EnvironmentModel::STATUS.to_owned(),
        };
        let target = modelled(&bench, name, model, &["staging", "production"]);
        let head = bench.head(name);
        let older = bench
            .repo(name)
            .tags
            .iter()
            .rev()
            .find(|it| it.sha != head.as_str())
            .unwrap()
            .clone();
        let older = Sha::from(older.sha.as_str());
        let before = facts(&bench, &target).await;
        assert_eq!(live(&before, "production"), None, "{server:?}");
        done(&bench, name, status(&older, StatusState::Success)).await;
        let first = facts(&bench, &target).await;
        assert_eq!(
            live(&first, "production").as_deref(),
            Some(older.as_str()),
            "{server:?}"
        );
        assert_eq!(live(&first, "staging"), None, "{server:?}");
        done(&bench, name, status(&head, StatusState::Pending)).await;
        let on_its_way = facts(&bench, &target).await;
        assert_eq!(
            live(&on_its_way, "production").as_deref(),
            Some(older.as_str()),
            "{server:?}"
        );
        let newest = &on_its_way.deployments[0];
        assert!(
            newest.sha == head && newest.phase.is_in_flight(),
            "{server:?}: {newest:?}"
        );
        done(&bench, name, status(&head, StatusState::Success)).await;
        let last = facts(&bench, &target).await;
        assert_eq!(
            live(&last, "production").as_deref(),
            Some(head.as_str()),
            "{server:?}"
        );
        let newest = deployment::live(&last.deployments, &"production".into()).unwrap();
        assert_eq!(newest.key, Some(key()), "{server:?}: it carries our key");
        assert_eq!(
            newest.description.as_deref(),
            Some("production"),
            "{server:?}"
        );
        done(&bench, name, status(&older, StatusState::Failure)).await;
        let failed = facts(&bench, &target).await;
        assert_eq!(failed.deployments[0].phase, Phase::Failed, "{server:?}");
        assert_eq!(
            live(&failed, "production").as_deref(),
            Some(head.as_str()),
            "{server:?}"
        );
    }
}

#[tokio::test]
async fn a_branch_points_at_what_is_live_and_a_merge_moves_it() {
    for (server, name) in [(Server::GitHub, "auth"), (Server::GitLab, "portal")] {
        let bench = Bench::of(server).await;
        let model = EnvironmentModel::Branch {
            branch: "{environment}".to_owned(),
        };
        let target = modelled(&bench, name, model, &["production"]);
        let before = facts(&bench, &target).await;
        let points = || Some(bench.repo(name).branches["production"].sha.clone());
        assert_eq!(live(&before, "production"), points(), "{server:?}");
        let mut pulls = before.pull_requests.iter();
        let pull = pulls.find(|it| it.base_ref == "production").unwrap();
        let merge = Act::MergePullRequest {
            number: pull.number,
            head: pull.head.clone(),
            method: MergeMethod::Merge,
        };
        done(&bench, name, merge).await;
        let after = facts(&bench, &target).await;
        assert_ne!(
            live(&after, "production"),
            live(&before, "production"),
            "{server:?}"
        );
        assert_eq!(live(&after, "production"), points(), "{server:?}");
        let places = after
            .deployments
            .iter()
            .filter(|it| it.environment.as_str() == "production");
        assert_eq!(
            places.count(),
            2,
            "{server:?}: what it pointed at before stays known"
        );
    }
}

#[tokio::test]
async fn a_tag_points_at_what_is_live_and_releases_tell_without_one() {
    for server in BOTH {
        let (bench, name) = (Bench::of(server).await, service(server));
        let model = EnvironmentModel::Release {
            tag: Some("deployed/{environment}".to_owned()),
        };
        let target = modelled(&bench, name, model, &["staging", "production"]);
        assert!(
            facts(&bench, &target).await.deployments.is_empty(),
            "{server:?}"
        );
        let head = bench.head(name);
        let tag = Act::CreateTag {
            tag: "deployed/production".into(),
            target: head.clone(),
        };
        done(&bench, name, tag).await;
        let tagged = facts(&bench, &target).await;
        assert_eq!(
            live(&tagged, "production").as_deref(),
            Some(head.as_str()),
            "{server:?}"
        );
        assert_eq!(live(&tagged, "staging"), None, "{server:?}");
        let release = Act::PublishRelease {
            release: None,
            tag: "v99.0.0".into(),
            target: head.clone(),
            prerelease: false,
        };
        done(&bench, name, release).await;
        let by_release = Target {
            model: EnvironmentModel::Release { tag: None },
            ..target
        };
        let released = facts(&bench, &by_release).await;
        for environment in ["staging", "production"] {
            assert_eq!(
                live(&released, environment).as_deref(),
                Some(head.as_str()),
                "{server:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_newest_successful_run_tells_what_is_live() {
    for (server, name, workflow) in [
        (Server::GitHub, "checkout", "deploy.yml"),
        (Server::GitLab, "reports", "deploy"),
    ] {
        let bench = Bench::of(server).await;
        let model = EnvironmentModel::Run {
            workflow: workflow.to_owned(),
        };
        let target = modelled(&bench, name, model, &["production"]);
        facts(&bench, &target).await;
        let given = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let act = match server {
            Server::GitHub => Act::Dispatch {
                workflow: workflow.into(),
                git_ref: "main".into(),
                inputs: given(&[
                    ("environment", "production"),
                    ("revision", "v9.0.1"),
                    ("gonogo", "it-7f3a"),
                ]),
            },
            _ => Act::RunPipeline {
                git_ref: "main".into(),
                variables: given(&[("ENVIRONMENT", "production"), ("REVISION", "v0.10.0")]),
            },
        };
        done(&bench, name, act).await;
        let running = facts(&bench, &target).await;
        let newest = &running.deployments[0];
        assert!(newest.phase.is_in_flight(), "{server:?}: {newest:?}");
        bench.advance(900);
        let after = facts(&bench, &target).await;
        let head = bench.head(name);
        assert_eq!(
            live(&after, "production").as_deref(),
            Some(head.as_str()),
            "{server:?}"
        );
    }
}

#[tokio::test]
async fn what_a_model_needs_and_is_not_there_is_nothing_and_no_trouble() {
    for server in BOTH {
        let (bench, name) = (Bench::of(server).await, service(server));
        for model in [
            EnvironmentModel::Status {
                context: "nobody/{environment}".to_owned(),
            },
            EnvironmentModel::Branch {
                branch: "nobody/{environment}".to_owned(),
            },
            EnvironmentModel::Release {
                tag: Some("nobody/{environment}".to_owned()),
            },
            EnvironmentModel::Run {
                workflow: "nobody-{environment}.yml".to_owned(),
            },
        ] {
            let target = modelled(&bench, name, model.clone(), &["staging", "production"]);
            let read = facts(&bench, &target).await;
            assert!(read.deployments.is_empty(), "{server:?} {model:?}");
        }
    }
}
