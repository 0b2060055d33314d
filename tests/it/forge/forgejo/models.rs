//! What is where: each of the four ways in which environments are modelled, and promotions through
//! each, followed to their end.

use super::*;

fn dispatch(workflow: &str, git_ref: &str, inputs: &[(&str, &str)]) -> Act {
    let inputs = inputs.iter();
    Act::Dispatch {
        workflow: workflow.into(),
        git_ref: git_ref.into(),
        inputs: inputs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

fn live(facts: &ServiceFacts, environment: &str) -> Option<String> {
    let live = deployment::live(&facts.deployments, &environment.into());
    live.map(|it| it.sha.to_string())
}

#[tokio::test]
async fn what_is_live_is_what_the_forge_knows_by_every_model_on_every_server() {
    let mut seen = 0;
    for (world, flavor) in SERVERS {
        let tide = Tide::of(world, flavor, "operate").await;
        let state = tide.sim.state();
        for repo in &state.repos {
            let facts = tide.board(modelled(&state, &repo.name)).await;
            for environment in ["staging", "production"] {
                // A branch shows what was merged into it, whatever its run came to.
                let shown = match repo.branches.get(environment) {
                    Some(branch) => Some(branch.sha.clone()),
                    None => tide.truth(&repo.name, environment),
                };
                let found = live(&facts, environment);
                assert_eq!(found, shown, "{flavor} {} {environment}", repo.name);
                seen += usize::from(found.is_some());
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[tokio::test]
async fn a_dispatch_is_found_with_or_without_its_id_and_brings_its_revision() {
    for (world, flavor) in SERVERS {
        let tide = Tide::of(world, flavor, "operate").await;
        tide.forgejo.identify().await.unwrap();
        let state = tide.sim.state();
        let (name, act) = if flavor == "gitea" {
            let inputs = [("gonogo", "it-7f3a")];
            (
                "lighthouse",
                dispatch("deploy-production.yml", "v0.9.0", &inputs),
            )
        } else {
            let inputs = [
                ("environment", "production"),
                ("revision", "v3.2.0"),
                ("gonogo", "it-7f3a"),
            ];
            ("harbour", dispatch("deploy.yml", "main", &inputs))
        };
        let repo = path_of(&state, name);
        let before = live(&tide.board(modelled(&state, name)).await, "production");
        let sent_at = clock::now();
        let handle = tide.act(&repo, &act).await;
        let run = handle.run.unwrap_or_else(|| panic!("{flavor}: {handle:?}"));
        // A server without runs shows a run once a runner has taken its first job.
        tide.advance(20);
        let found = tide.forgejo.find(&repo, &act, &key(), sent_at).await;
        let found = found.unwrap_or_else(|fault| panic!("{flavor}: {fault}"));
        assert_eq!(found.unwrap().run, Some(run), "{flavor}");
        let facts = tide.board(modelled(&state, name)).await;
        assert!(
            facts.runs.iter().any(|it| it.id == run),
            "{flavor}: {:?}",
            facts.runs
        );
        tide.advance(600);
        let facts = tide.board(modelled(&state, name)).await;
        let after = live(&facts, "production");
        assert_ne!(after, before, "{flavor}");
        assert_eq!(after, tide.truth(name, "production"), "{flavor}");
        assert_eq!(tide.writes().len(), 1, "{flavor}");
    }
}

#[tokio::test]
async fn a_status_that_is_set_is_live_with_its_key() {
    let tide = Tide::forgejo().await;
    let state = tide.sim.state();
    let head = main_of(&state, "harbour");
    let act = Act::SetStatus {
        sha: head.clone(),
        context: "deploy/production".into(),
        state: StatusState::Success,
        description: "production: v3.2.0".into(),
        target_url: None,
    };
    tide.board(modelled(&state, "harbour")).await;
    tide.act(&path_of(&state, "harbour"), &act).await;
    let facts = tide.board(modelled(&state, "harbour")).await;
    let now = deployment::live(&facts.deployments, &"production".into()).unwrap();
    assert_eq!((&now.sha, now.key.clone()), (&head, Some(key())));
    assert_eq!(now.description.as_deref(), Some("production: v3.2.0"));
}

#[tokio::test]
async fn a_pull_request_into_the_branch_of_an_environment_promotes() {
    let tide = Tide::forgejo().await;
    tide.play(
        "pilot",
        r#"{ do = "open", by = "alice", head = "main", base = "production", text = "Promote" }"#,
    );
    tide.advance(30);
    let state = tide.sim.state();
    let repo = path_of(&state, "pilot");
    let facts = tide.board(modelled(&state, "pilot")).await;
    let pull = facts
        .pull_requests
        .iter()
        .find(|it| it.base_ref == "production");
    let pull = pull.unwrap_or_else(|| panic!("{:?}", facts.pull_requests));
    let act = |head: &Sha| Act::MergePullRequest {
        number: pull.number,
        head: head.clone(),
        method: MergeMethod::Merge,
    };
    let stale = tide
        .forgejo
        .act(&repo, &act(&Sha::from("0".repeat(40))), &key())
        .await;
    let Outcome::Rejected {
        status: 409, why, ..
    } = stale
    else {
        panic!("{stale:?}")
    };
    assert!(why.contains("head out of date"), "{why}");
    assert_eq!(pull.state, ChangeState::Ready, "{}", pull.raw);
    let handle = tide.act(&repo, &act(&pull.head)).await;
    let merged = handle.sha.expect("its commit is read after the merge");
    let facts = tide.board(modelled(&state, "pilot")).await;
    let production = live(&facts, "production").unwrap();
    assert_eq!(production, merged.as_str());
    let found = tide
        .forgejo
        .find(&repo, &act(&pull.head), &key(), clock::now())
        .await;
    assert_eq!(found.unwrap().unwrap().sha, Some(merged));
    let again = tide.forgejo.act(&repo, &act(&pull.head), &key()).await;
    assert!(matches!(again, Outcome::Rejected { .. }), "{again:?}");
}

#[tokio::test]
async fn a_draft_that_is_published_moves_the_tag_of_production() {
    let tide = Tide::forgejo().await;
    let state = tide.sim.state();
    let repo = path_of(&state, "almanac");
    let facts = tide.board(modelled(&state, "almanac")).await;
    let draft = facts.releases.iter().find(|it| it.draft).unwrap();
    let target = draft.sha.clone().expect("the commit that it would tag");
    let act = Act::PublishRelease {
        release: draft.id,
        tag: draft.tag.clone(),
        target: target.clone(),
        prerelease: draft.prerelease,
    };
    assert_eq!(
        tide.forgejo.find(&repo, &act, &key(), clock::now()).await,
        Ok(None)
    );
    let handle = tide.act(&repo, &act).await;
    assert_eq!(handle.release, draft.id);
    tide.advance(600);
    let facts = tide.board(modelled(&state, "almanac")).await;
    assert_eq!(live(&facts, "production").as_deref(), Some(target.as_str()));
    assert!(facts.version_of(&target).is_some());
    let by_release = Target {
        model: EnvironmentModel::Release { tag: None },
        ..modelled(&state, "almanac")
    };
    let facts = tide.board(by_release).await;
    assert_eq!(live(&facts, "production").as_deref(), Some(target.as_str()));
}

#[tokio::test]
async fn a_run_is_cancelled_where_the_server_can() {
    for (flavor, can) in [("forgejo", true), ("forgejo-tasks", false)] {
        let tide = Tide::of(sim::FORGEJO, flavor, "operate").await;
        tide.play(
            "harbour",
            r#"{ do = "dispatch", by = "bob", workflow = "deploy.yml", branch = "main", inputs = { environment = "production", revision = "v3.2.0" } }"#,
        );
        tide.advance(30);
        let state = tide.sim.state();
        let repo = path_of(&state, "harbour");
        let facts = tide.board(modelled(&state, "harbour")).await;
        let run = facts.runs.iter().find(|it| it.phase.is_in_flight());
        let run = run
            .unwrap_or_else(|| panic!("{flavor}: {:?}", facts.runs))
            .id;
        let act = Act::Cancel { run };
        let outcome = tide.forgejo.act(&repo, &act, &key()).await;
        if can {
            assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
            let facts = tide.board(modelled(&state, "harbour")).await;
            let ended = facts.runs.iter().find(|it| it.id == run).unwrap();
            assert_eq!(ended.phase, Phase::Cancelled);
        } else {
            let Outcome::Rejected { status: 0, why, .. } = outcome else {
                panic!("{outcome:?}")
            };
            assert!(why.contains("Forgejo 11.0.7 cannot cancel"), "{why}");
            assert!(tide.writes().is_empty());
        }
    }
}
