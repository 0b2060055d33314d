//! Brakes on each kind of forge: placed by one request, read back, lifted; what is not ours is told
//! apart, and no unclear answer makes one two.

use std::collections::BTreeMap;

use gonogo::domain::act::{Handle, Outcome, StatusState};
use gonogo::domain::brake::{Binds, Mark, Reading, Sought};
use gonogo::forge::Forge;
use gonogo::forge::{forgejo, gitlab};

use super::*;
use crate::harness::step;

mod binding;

/// It is there; nobody asked whether a merge asks for it.
const OURS: Reading = Reading::Ours {
    binds: Binds::Unasked,
};

/// A forge of some kind, and who works on it.
struct Place {
    sim: Running,
    forge: Box<dyn Forge>,
    repo: RepoPath,
    sha: Sha,
    /// Of the open pull request.
    head: Sha,
    number: PullRequestNumber,
    has_freezes: bool,
}

const SERVERS: [(&str, &str, &str, &str); 5] = [
    (sim::EVENING, "github", "operate", "geo"),
    (sim::GITLAB, "gitlab", "admin", "portal"),
    (sim::FORGEJO, "forgejo", "operate", "harbour"),
    (sim::FORGEJO, "forgejo-tasks", "operate", "harbour"),
    (sim::GITEA, "gitea", "operate", ""),
];

type ServerOf<'a> = (&'a str, &'a str, &'a str, &'a str);

async fn place(server: ServerOf<'_>) -> Place {
    place_with(server, |_, _| ()).await
}

async fn place_with(
    (world, flavor, token, service): ServerOf<'_>,
    change: impl FnOnce(&mut World, &str),
) -> Place {
    let mut world = World::from_toml(world).unwrap();
    let service = match service {
        "" => world.repos[0].name.clone(),
        service => service.to_owned(),
    };
    change(&mut world, &service);
    // Forgejo and Gitea put only labels on that are there.
    let label = ("hold/production".to_owned(), "e11d21".to_owned());
    world.labels.extend([label]);
    if flavor != "github" {
        flavor.clone_into(&mut world.forge.flavor);
    }
    world.forge.flaky = 0.0;
    world.forge.lag_ms = 0;
    let sim = sim::start(world, Options::default()).await.unwrap();
    let open = r#"{ do = "open", by = "bob", head = "topic-brake", text = "Something new" }"#;
    assert!(sim.play(&service, (*step(open)).clone()));
    sim.advance(SignedDuration::from_secs(15));
    let state = sim.state();
    let found = state.repos.iter().find(|it| it.name == service).unwrap();
    let pull = found.pulls.iter().max_by_key(|it| it.number).unwrap();
    let forge = speak(&sim, flavor, token, limits());
    Place {
        repo: RepoPath::from(found.full_name()),
        sha: Sha::from(found.branches["main"].sha.as_str()),
        head: Sha::from(pull.head_sha.as_str()),
        number: PullRequestNumber(pull.number),
        has_freezes: flavor == "gitlab",
        forge,
        sim,
    }
}

fn speak(sim: &Running, flavor: &str, token: &str, limits: Limits) -> Box<dyn Forge> {
    let name = ForgeName::from("one");
    let url = sim.base_url().to_owned();
    let token = Some(SecretString::from(sim.token(token).unwrap()));
    match flavor {
        "github" => Box::new(
            GitHub::new(
                Settings {
                    name,
                    url,
                    api_url: None,
                    token,
                    ca_file: None,
                    limits,
                },
                clock::clock(),
            )
            .unwrap(),
        ),
        "gitlab" => Box::new(
            gitlab::GitLab::new(
                gonogo::forge::Settings {
                    name,
                    url,
                    api_url: None,
                    token,
                    ca_file: None,
                    limits,
                },
                clock::clock(),
            )
            .unwrap(),
        ),
        _ => Box::new(
            forgejo::Forgejo::new(
                gonogo::forge::Settings {
                    name,
                    url,
                    api_url: None,
                    token,
                    ca_file: None,
                    limits,
                },
                clock::clock(),
            )
            .unwrap(),
        ),
    }
}

impl Place {
    fn status(&self, state: StatusState) -> Act {
        Act::SetStatus {
            sha: self.sha.clone(),
            context: "hold/production".into(),
            state,
            description: "held by carol: heap grows".into(),
            target_url: None,
        }
    }

    /// The acts that place a brake.
    fn acts(&self) -> Vec<Act> {
        let mut acts = vec![
            self.status(StatusState::Failure),
            Act::AddLabel {
                number: self.number,
                label: "hold/production".into(),
            },
        ];
        if self.has_freezes {
            acts.push(Act::Freeze {
                start: "20 14 21 11 *".into(),
                end: "19 14 21 11 *".into(),
            });
        }
        acts
    }

    fn undo(&self, act: &Act, handle: &Handle) -> Act {
        match act {
            Act::SetStatus { .. } => self.status(StatusState::Success),
            Act::AddLabel { number, label } => Act::RemoveLabel {
                number: *number,
                label: label.clone(),
            },
            Act::Freeze { start, end } => Act::Unfreeze {
                freeze: handle.freeze.unwrap(),
                start: start.clone(),
                end: end.clone(),
            },
            other => panic!("{other:?}"),
        }
    }

    fn writes(&self) -> usize {
        writes(&self.sim.requests()).len()
    }

    async fn sent(&self, act: &Act, key: &IntentId) -> Handle {
        let before = self.writes();
        let outcome = self.forge.act(&self.repo, act, key).await;
        let Outcome::Accepted(handle) = outcome else {
            panic!("{act:?}: {outcome:?}");
        };
        assert_eq!(self.writes(), before + 1, "{act:?} is one request");
        self.sim.advance(SignedDuration::from_secs(3));
        handle
    }

    async fn read(&self, act: &Act, key: &IntentId, handle: &Handle) -> Reading {
        self.read_for(act, key, handle, None).await
    }

    /// As `read`, and whether a merge into a branch asks for it.
    async fn read_for(
        &self,
        act: &Act,
        key: &IntentId,
        handle: &Handle,
        branch: Option<&str>,
    ) -> Reading {
        let sought = Sought {
            mark: Mark::of(act).unwrap(),
            key: key.clone(),
            freeze: handle.freeze,
            branch: branch.map(str::to_owned),
        };
        let mut read = self.forge.marks(&self.repo, &[sought]).await;
        read.remove(0)
            .unwrap_or_else(|fault| panic!("{act:?}: {fault}"))
    }
}

#[tokio::test]
async fn a_brake_is_placed_read_back_and_lifted() {
    for server in SERVERS {
        let place = place(server).await;
        for act in place.acts() {
            let none = place.read(&act, &key(), &Handle::default()).await;
            assert_eq!(none, Reading::Gone, "{server:?} {act:?}");
            let handle = place.sent(&act, &key()).await;
            let there = place.read(&act, &key(), &handle).await;
            assert_eq!(there, OURS, "{} {act:?}", server.1);
            let undo = place.undo(&act, &handle);
            let lift = IntentId::from("it-lift");
            let sent_at = clock::now();
            let found = place.forge.find(&place.repo, &undo, &lift, sent_at).await;
            assert_eq!(found.unwrap(), None, "{} {undo:?}", server.1);
            place.sent(&undo, &lift).await;
            let found = place.forge.find(&place.repo, &undo, &lift, sent_at).await;
            assert!(found.unwrap().is_some(), "{} {undo:?}", server.1);
            let after = place.read(&act, &key(), &handle).await;
            assert!(
                !matches!(after, Reading::Ours { .. }),
                "{} {act:?}",
                server.1
            );
        }
    }
}

#[tokio::test]
async fn what_somebody_else_has_put_there_is_not_ours() {
    for server in SERVERS {
        let place = place(server).await;
        let act = place.status(StatusState::Failure);
        let handle = place.sent(&act, &key()).await;
        place.sent(&act, &IntentId::from("it-other")).await;
        let read = place.read(&act, &key(), &handle).await;
        let Reading::Foreign { says } = &read else {
            panic!("{}: {read:?}", server.1);
        };
        assert!(says.contains("heap grows"), "{says}");
    }
}

#[tokio::test]
async fn no_ambiguous_answer_makes_a_brake_two() {
    let status = |status| Effect::Status {
        status,
        body: "<html>a proxy</html>".into(),
        headers: BTreeMap::default(),
    };
    let answers = [
        (Effect::DropAfter, true),
        (Effect::Drop, false),
        (status(502), false),
        (status(200), false),
    ];
    for server in SERVERS {
        for (answer, carried_out) in &answers {
            let place = place(server).await;
            for act in place.acts() {
                for method in ["POST", "PUT"] {
                    let matcher = Matcher {
                        method: Some(method.into()),
                        path_prefix: Some("/".into()),
                        ..Matcher::default()
                    };
                    // GitHub's queries are posts as well; none is needed here.
                    place.sim.inject(Fault {
                        matcher,
                        times: None,
                        effect: answer.clone(),
                    });
                }
                let sent_at = clock::now();
                let before = place.writes();
                let outcome = place.forge.act(&place.repo, &act, &key()).await;
                let said = format!("{} {answer:?} {act:?}: {outcome:?}", server.1);
                assert!(matches!(outcome, Outcome::NoAnswer { .. }), "{said}");
                assert_eq!(place.writes(), before + 1, "{said}");
                place.sim.clear_faults();
                place.sim.advance(SignedDuration::from_secs(3));
                let reader = speak(&place.sim, server.1, server.2, limits());
                let found = reader.find(&place.repo, &act, &key(), sent_at).await;
                let found = found.unwrap_or_else(|fault| panic!("{said}: {fault}"));
                assert_eq!(found.is_some(), *carried_out, "{said}");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_says_which_right_is_missing() {
    // Bob may write, and freeze periods are for maintainers, even to read.
    let place = place((sim::GITLAB, "gitlab", "second", "portal")).await;
    let act = place.acts().pop().unwrap();
    let outcome = place.forge.act(&place.repo, &act, &key()).await;
    let Outcome::Rejected {
        hint: Some(hint), ..
    } = &outcome
    else {
        panic!("{outcome:?}");
    };
    assert!(hint.contains("Maintainer"), "{hint}");
}

/// An older Forgejo, a newer one and Gitea, where a label must be there before it is put on anything.
async fn without_label(flavor: &str) -> Place {
    let text = if flavor == "gitea" {
        sim::GITEA
    } else {
        sim::FORGEJO
    };
    let mut world = World::from_toml(text).unwrap();
    flavor.clone_into(&mut world.forge.flavor);
    world.forge.flaky = 0.0;
    world.forge.lag_ms = 0;
    let sim = sim::start(world, Options::default()).await.unwrap();
    let service = sim.state().repos[0].name.clone();
    let open = r#"{ do = "open", by = "bob", head = "topic-brake", text = "Something new" }"#;
    assert!(sim.play(&service, (*step(open)).clone()));
    sim.advance(SignedDuration::from_secs(15));
    let found = (*sim.state().repos[0]).clone();
    let pull = found.pulls.iter().max_by_key(|it| it.number).unwrap();
    Place {
        repo: RepoPath::from(found.full_name()),
        sha: Sha::from(found.branches["main"].sha.as_str()),
        head: Sha::from(pull.head_sha.as_str()),
        number: PullRequestNumber(pull.number),
        has_freezes: false,
        forge: speak(&sim, flavor, "operate", limits()),
        sim,
    }
}

const LABEL: &str = "hold/elsewhere";

impl Place {
    fn label(&self) -> Act {
        Act::AddLabel {
            number: self.number,
            label: LABEL.into(),
        }
    }

    /// The labels of that name, with what they say.
    fn labels(&self) -> Vec<String> {
        let state = self.sim.state();
        let labels = state.repos[0].labels.iter().filter(|it| it.name == LABEL);
        labels.map(|it| it.description.clone()).collect()
    }
}

#[tokio::test]
async fn a_label_that_is_missing_is_made_once_and_then_put_on() {
    for flavor in ["forgejo", "forgejo-tasks", "gitea"] {
        let place = without_label(flavor).await;
        for key in ["it-first", "it-second"] {
            let key = IntentId::from(key);
            let outcome = place.forge.act(&place.repo, &place.label(), &key).await;
            let Outcome::Accepted(handle) = &outcome else {
                panic!("{flavor}: {outcome:?}");
            };
            let there = place.read(&place.label(), &key, handle).await;
            assert_eq!(there, OURS, "{flavor}");
        }
        let made = place.labels();
        assert_eq!(made.len(), 1, "{flavor}: {made:?}");
        assert!(made[0].contains("[gonogo it-first]"), "{flavor}: {made:?}");
        assert_eq!(place.writes(), 3, "{flavor}: made once, put on twice");
    }
}

#[tokio::test]
async fn who_may_not_make_a_label_is_told_which_one_and_nothing_is_put_on() {
    for flavor in ["forgejo", "forgejo-tasks", "gitea"] {
        let place = without_label(flavor).await;
        let making = |effect| {
            place.sim.clear_faults();
            place.sim.inject(Fault {
                matcher: Matcher {
                    method: Some("POST".into()),
                    path_contains: Some("/labels".into()),
                    ..Matcher::default()
                },
                times: Some(1),
                effect,
            });
        };
        making(Effect::Status {
            status: 403,
            body: r#"{"message":"user should have a permission to write to a repo","url":""}"#
                .into(),
            headers: BTreeMap::default(),
        });
        let outcome = place.forge.act(&place.repo, &place.label(), &key()).await;
        let Outcome::Rejected { why, .. } = &outcome else {
            panic!("{flavor}: {outcome:?}");
        };
        assert!(
            why.contains("no label hold/elsewhere: make it once"),
            "{why}"
        );
        assert!(why.contains("should have a permission"), "{why}");
        assert_eq!((place.writes(), place.labels().len()), (1, 0), "{flavor}");
        // An answer that is lost: the label is there, the next try finds it.
        making(Effect::DropAfter);
        let outcome = place.forge.act(&place.repo, &place.label(), &key()).await;
        let Outcome::Rejected { why, .. } = &outcome else {
            panic!("{flavor}: {outcome:?}");
        };
        assert!(why.contains("may or may not have been made"), "{why}");
        assert_eq!((place.writes(), place.labels().len()), (2, 1), "{flavor}");
        place.sim.clear_faults();
        let outcome = place.forge.act(&place.repo, &place.label(), &key()).await;
        assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
        assert_eq!((place.writes(), place.labels().len()), (3, 1), "{flavor}");
    }
}
