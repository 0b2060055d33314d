//! What a sweep costs in requests: all that is read of each service, and the cheap look at all of them,
//! the first time and again when nothing has changed. The table is in `docs/performance.md`.

use super::*;

/// What one sweep asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// Requests of all kinds.
    requests: usize,
    /// Batched queries among them.
    queries: usize,
    /// Those that named an answer which we have.
    conditional: usize,
}

/// The sweeps of one server over a number of services.
#[derive(Clone, Copy, Debug)]
struct Sweeps {
    first: Asked,
    again: Asked,
    pulse: Asked,
    pulse_again: Asked,
}

/// A server whose services are there many times.
async fn grown(server: Server, count: usize) -> (Bench, Vec<Target>) {
    let mut originals = Vec::new();
    let bench = Bench::with(server, |world| {
        let plans = world.repos.clone();
        originals = plans.iter().map(|it| it.name.clone()).collect();
        for number in plans.len()..count {
            let mut plan = plans[number % plans.len()].clone();
            plan.name = format!("{}-{number}", plan.name);
            plan.moved_from.clear();
            world.repos.push(plan);
        }
        world.repos.truncate(count);
    })
    .await;
    let targets = (0..count.max(1)).map(|number| {
        let original = &originals[number % originals.len()];
        let name = if number < originals.len() {
            original.clone()
        } else {
            format!("{original}-{number}")
        };
        Target {
            service: ServiceName::from(name.as_str()),
            repo: bench.path(&name),
            ..bench.target(original)
        }
    });
    let targets: Vec<Target> = targets.collect();
    (bench, targets)
}

impl Bench {
    fn since(&self, before: usize) -> Asked {
        let requests = self.sim.requests().split_off(before);
        Asked {
            requests: requests.len(),
            queries: requests
                .iter()
                .filter(|it| it.path.ends_with("/graphql"))
                .count(),
            conditional: requests.iter().filter(|it| it.conditional).count(),
        }
    }

    async fn whole(&self, targets: &[Target]) -> Asked {
        let before = self.sim.requests().len();
        for (service, answer) in self.forge.board(targets).await.answers {
            let facts =
                answer.unwrap_or_else(|fault| panic!("{:?} {service}: {fault}", self.server));
            assert_eq!(
                facts.gaps,
                Vec::<String>::new(),
                "{:?} {service}",
                self.server
            );
        }
        self.since(before)
    }

    async fn pulse(&self, targets: &[Target], brief: bool) -> Asked {
        let targets: Vec<Target> = targets
            .iter()
            .map(|target| Target {
                brief,
                ..target.clone()
            })
            .collect();
        let before = self.sim.requests().len();
        for (service, answer) in self.forge.pulse(&targets).await.answers {
            answer.unwrap_or_else(|fault| panic!("{:?} {service}: {fault}", self.server));
        }
        self.since(before)
    }
}

async fn sweeps(server: Server, count: usize) -> Sweeps {
    let (bench, targets) = grown(server, count).await;
    let first = bench.whole(&targets).await;
    let pulse = bench.pulse(&targets, false).await;
    Sweeps {
        first,
        pulse,
        again: bench.whole(&targets).await,
        pulse_again: bench.pulse(&targets, true).await,
    }
}

/// Requests a service: of a whole read, of one again, of a pulse, of one again. What is asked for each
/// service by itself is held by the service.
fn most(server: Server) -> [f64; 4] {
    match server {
        Server::GitHub => [1.2, 1.2, 0.1, 0.1],
        Server::GitLab => [9.0, 6.0, 0.2, 0.2],
        Server::Forgejo | Server::ForgejoTasks => [9.0, 6.25, 2.75, 2.75],
        Server::Gitea => [7.0, 5.0, 2.5, 2.5],
    }
}

#[tokio::test]
async fn requests_of_a_sweep_are_few_and_grow_no_faster_than_services() {
    println!("| server | services | whole | again | of those conditional | pulse | again |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for server in SERVERS {
        let few = sweeps(server, 12).await;
        let more = sweeps(server, 36).await;
        for (count, asked) in [(12, few), (36, more)] {
            println!(
                "| {server:?} | {count} | {} | {} | {} | {} | {} |",
                asked.first.requests,
                asked.again.requests,
                asked.again.conditional,
                asked.pulse.requests,
                asked.pulse_again.requests,
            );
            let each = [asked.first, asked.again, asked.pulse, asked.pulse_again];
            for (asked, most) in each.iter().zip(most(server)) {
                let most = (most * f64::from(count)).max(4.0);
                let requests = u32::try_from(asked.requests).unwrap();
                assert!(
                    f64::from(requests) <= most,
                    "{server:?} {count}: {asked:?} > {most}"
                );
            }
            assert!(asked.again.requests <= asked.first.requests, "{server:?}");
        }
        // A thousand are as many times twelve, or fewer.
        let share = |few: Asked, more: Asked| {
            assert!(
                more.requests <= few.requests * 3 + 2,
                "{server:?}: {few:?} {more:?}"
            );
        };
        share(few.first, more.first);
        share(few.again, more.again);
        share(few.pulse, more.pulse);
        share(few.pulse_again, more.pulse_again);
    }
}

/// GitHub's are counted in `costs.rs`; the others have no queries.
#[tokio::test]
async fn a_look_at_a_thousand_projects_of_gitlab_is_forty_queries() {
    let (bench, targets) = grown(Server::GitLab, 500).await;
    // Some of them are known already, as always but at the first start.
    bench.whole(&targets[..12]).await;
    let first = bench.pulse(&targets, false).await;
    let again = bench.pulse(&targets, true).await;
    println!("GitLab, 500 services: {first:?}, again {again:?}");
    // Two for each fifty paths, as GitLab takes no more, and for a rest.
    for asked in [first, again] {
        assert_eq!(asked.requests, asked.queries);
        assert!(asked.requests <= 22, "{asked:?}");
    }
}

#[tokio::test]
async fn what_gitlab_does_not_show_is_not_asked_for_again_and_what_is_over_is_not_read_again() {
    let bench = Bench::of(Server::GitLab).await;
    let path = |text: &str| Matcher {
        path_contains: Some(text.into()),
        ..Matcher::default()
    };
    bench.meet(
        path("/protected_environments"),
        None,
        status(403, r#"{"message":"403 Forbidden"}"#),
    );
    let targets = bench.targets();
    let count = |bench: &Bench, what: &str| {
        let requests = bench.sim.requests();
        requests.iter().filter(|it| it.path.contains(what)).count()
    };
    bench.whole(&targets).await;
    let (protected, jobs) = (
        count(&bench, "/protected_environments"),
        count(&bench, "/jobs?") + count(&bench, "/bridges"),
    );
    assert_eq!(protected, targets.len(), "each once");
    bench.whole(&targets).await;
    assert_eq!(count(&bench, "/protected_environments"), protected);
    let again = count(&bench, "/jobs?") + count(&bench, "/bridges") - jobs;
    assert!(again < jobs, "{again} of {jobs}");
    // What goes on is read again: a push makes a pipeline, and the pipeline becomes another.
    let by = &bench.repo("orders").commits[0].author;
    bench.play(
        "orders",
        &format!(r#"{{ do = "push", by = "{by}", text = "More" }}"#),
    );
    bench.advance(5);
    let begun = bench.board("orders").await;
    let head = bench.head("orders");
    bench.advance(600);
    let ended = bench.board("orders").await;
    assert_ne!(begun.checks[&head], ended.checks[&head]);
    let facts = bench.again("operate", limits());
    let mut fresh = facts.board(&[bench.target("orders")]).await;
    let fresh = fresh.answers.remove(0).1.unwrap();
    assert_eq!(
        fresh.checks[&head], ended.checks[&head],
        "as one who knows nothing sees it"
    );
}
