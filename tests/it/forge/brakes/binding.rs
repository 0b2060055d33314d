//! Whether a brake stops what promotes: each forge itself refuses the act while the brake is there, and
//! does it once it is gone; and where the forge does it all the same, or does not say, nobody claims more.

use gonogo::domain::act::MergeMethod;
use gonogo::domain::pipeline::Door;

use super::*;

/// By what a merge into main asks for the status of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    /// A ruleset on GitHub, a protected branch on Forgejo and Gitea, a setting on GitLab.
    Usual,
    /// GitHub: the branch's own protection, of which its rules say nothing.
    Classic,
    Nothing,
}

async fn asking(server: ServerOf<'_>, asks: Asks) -> Place {
    place_with(server, |world, service| {
        let contexts = match asks {
            Asks::Nothing => Vec::new(),
            Asks::Usual | Asks::Classic => vec!["hold/production".to_owned()],
        };
        let mut repos = world.repos.iter_mut();
        let repo = repos.find(|it| it.name == service).unwrap();
        repo.must_succeed = asks != Asks::Nothing;
        repo.reviews = 0;
        repo.contexts.clone_from(&contexts);
        let flow = world.flows.get_mut(&repo.flow).unwrap();
        flow.protections.push(sim::world::ProtectionPlan {
            branch: "main".to_owned(),
            reviews: 0,
            contexts,
            classic: asks == Asks::Classic,
        });
    })
    .await
}

impl Place {
    /// The status of a hold on what the pull request would merge.
    fn on_head(&self, state: StatusState) -> Act {
        Act::SetStatus {
            sha: self.head.clone(),
            context: "hold/production".into(),
            state,
            description: "held by carol: heap grows".into(),
            target_url: None,
        }
    }

    async fn merge(&self, key: &str) -> Outcome {
        let act = Act::MergePullRequest {
            number: self.number,
            head: self.head.clone(),
            method: MergeMethod::Merge,
        };
        let outcome = self.forge.act(&self.repo, &act, &key.into()).await;
        self.sim.advance(SignedDuration::from_secs(3));
        outcome
    }

    /// Makes requests whose path has this meet a refusal.
    fn forbid(&self, path: &str) {
        self.sim.inject(Fault {
            matcher: Matcher {
                method: Some("GET".into()),
                path_contains: Some(path.into()),
                ..Matcher::default()
            },
            times: None,
            effect: Effect::Forbidden { permissions: None },
        });
    }
}

#[tokio::test]
async fn h5_what_is_told_of_a_required_status_is_what_the_forge_does() {
    for server in SERVERS {
        let mut ways = vec![Asks::Usual, Asks::Nothing];
        if server.1 == "github" {
            ways.push(Asks::Classic);
        }
        for asks in ways {
            let what = format!("{} {asks:?}", server.1);
            let place = asking(server, asks).await;
            place.sim.advance(SignedDuration::from_mins(20));
            let act = place.on_head(StatusState::Failure);
            let handle = place.sent(&act, &key()).await;
            let read = place.read_for(&act, &key(), &handle, Some("main")).await;
            let Reading::Ours { binds } = read else {
                panic!("{what}: {read:?}");
            };
            let outcome = place.merge("it-merge").await;
            if asks == Asks::Nothing {
                assert!(matches!(binds, Binds::No { .. }), "{what}: {binds:?}");
                let merged = matches!(outcome, Outcome::Accepted(_));
                assert!(
                    merged,
                    "the forge does it all the same, {what}: {outcome:?}"
                );
                continue;
            }
            assert_eq!(binds, Binds::Yes, "{what}");
            let refused = matches!(outcome, Outcome::Rejected { .. });
            assert!(refused, "{what}: {outcome:?}");
            let lift = IntentId::from("it-lift");
            place
                .sent(&place.on_head(StatusState::Success), &lift)
                .await;
            place.sim.advance(SignedDuration::from_secs(30));
            let outcome = place.merge("it-after").await;
            let merged = matches!(outcome, Outcome::Accepted(_));
            assert!(merged, "it was the brake, {what}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn what_a_forge_does_not_say_of_its_branch_is_told_as_not_read() {
    for (server, asks, forbidden, binds) in [
        (SERVERS[0], Asks::Usual, "/rules/branches/", "unread"),
        (SERVERS[0], Asks::Nothing, "/rules/branches/", "unread"),
        // One source that asks for it is enough, whichever can be read.
        (SERVERS[0], Asks::Classic, "/rules/branches/", "yes"),
        (SERVERS[0], Asks::Classic, "/branches/main", "unread"),
        (SERVERS[2], Asks::Usual, "/branches/main", "unread"),
        (SERVERS[4], Asks::Usual, "/branches/main", "unread"),
    ] {
        let what = format!("{} {asks:?} without {forbidden}", server.1);
        let place = asking(server, asks).await;
        let act = place.on_head(StatusState::Failure);
        let handle = place.sent(&act, &key()).await;
        place.forbid(forbidden);
        let read = place.read_for(&act, &key(), &handle, Some("main")).await;
        match (binds, &read) {
            ("yes", Reading::Ours { binds: Binds::Yes }) => {}
            (
                "unread",
                Reading::Ours {
                    binds: Binds::Unread { why },
                },
            ) => {
                assert!(!why.is_empty(), "{what}");
            }
            (wanted, read) => panic!("{what} is {wanted}: {read:?}"),
        }
    }
}

/// What waits for production somewhere, and the door it waits at.
async fn door(place: &Place, service: &str) -> (RunId, Door) {
    let wanted = Target {
        repo: place.repo.clone(),
        ..target(service)
    };
    let mut read = place.forge.board(&[wanted]).await;
    let facts = read.answers.remove(0).1.unwrap();
    let mut runs = facts.runs.iter();
    let run = runs.find(|run| !run.waiting.is_empty()).unwrap();
    (run.id, run.waiting[0].door.clone())
}

#[tokio::test]
async fn h5_what_was_turned_away_cannot_be_let_in_any_more() {
    let comment = || "held by carol: heap grows".to_owned();
    // A run before its environment on GitHub, a blocked deployment on GitLab.
    for (server, service) in [(SERVERS[0], "notify"), (SERVERS[1], "orders")] {
        let (world, flavor, token, _) = server;
        let place = place_with((world, flavor, token, service), |_, _| ()).await;
        place.sim.advance(SignedDuration::from_mins(10));
        let (run, door) = door(&place, service).await;
        let (reject, approve) = match door {
            Door::Review(environment) => (
                Act::Reject {
                    run,
                    environments: vec![environment],
                    comment: comment(),
                },
                Act::Approve {
                    run,
                    environments: vec![environment],
                    comment: comment(),
                },
            ),
            Door::Deployment {
                deployment, job, ..
            } => (
                Act::RejectDeployment {
                    run,
                    deployment,
                    comment: comment(),
                },
                Act::ApproveDeployment {
                    run,
                    deployment,
                    job,
                    comment: comment(),
                },
            ),
            Door::Job { .. } => panic!("{service} waits with a job"),
        };
        place.sent(&reject, &key()).await;
        let outcome = place
            .forge
            .act(&place.repo, &approve, &"it-in".into())
            .await;
        let refused = matches!(outcome, Outcome::Rejected { .. });
        assert!(refused, "{service}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_whose_times_somebody_changed_is_theirs() {
    let place = place(SERVERS[1]).await;
    let act = place.acts().pop().unwrap();
    let handle = place.sent(&act, &key()).await;
    let read = place.read(&act, &key(), &handle).await;
    assert_eq!(read, OURS);
    let route = format!(
        "/api/v4/projects/{}/freeze_periods/{}",
        place.repo.as_str().replace('/', "%2F"),
        handle.freeze.unwrap()
    );
    let token = place.sim.token("admin").unwrap();
    let body = r#"{"freeze_end": "30 14 21 11 *"}"#;
    crate::program::ask(place.sim.base_url(), "PUT", &route, Some(&token), body);
    let read = place.read(&act, &key(), &handle).await;
    let Reading::Foreign { says } = &read else {
        panic!("{read:?}");
    };
    assert!(says.contains("30 14 21 11 *"), "{says}");
}
