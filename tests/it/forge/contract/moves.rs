//! Repositories that were renamed or moved: reads follow on the forge's own host and tell the new
//! name; a write is sent to where it was told, once, and never on.

use gonogo::domain::act::Outcome;

use super::cases::possible;
use super::*;

const OLD: &str = "acme-was/old-name";

/// A server on which the service of that act was called something else once.
async fn moved(server: Server, name: &'static str) -> Bench {
    Bench::with(server, |world| {
        let repo = world.repos.iter_mut().find(|it| it.name == name).unwrap();
        repo.moved_from = vec![OLD.to_owned()];
    })
    .await
}

fn service(server: Server) -> &'static str {
    match server {
        Server::GitHub => "api-gateway",
        Server::GitLab => "gateway",
        Server::Forgejo | Server::ForgejoTasks => "harbour",
        Server::Gitea => "lighthouse",
    }
}

#[tokio::test]
async fn reads_follow_a_rename_and_tell_the_new_name() {
    for server in SERVERS {
        let name = service(server);
        let bench = moved(server, name).await;
        let by = bench.repo(name).commits[0].author.clone();
        bench.play(
            name,
            &format!(
                r#"{{ do = "push", by = "{by}", text = "Say it", write = {{ "deploy/it.toml" = "os = 1" }} }}"#
            ),
        );
        let target = Target {
            repo: RepoPath::from(OLD),
            ..bench.target(name)
        };
        let mut batch = bench.forge.board(std::slice::from_ref(&target)).await;
        let facts = batch.answers.remove(0).1;
        let facts = facts.unwrap_or_else(|fault| panic!("{server:?}: {fault}"));
        assert_eq!(
            facts.repo,
            bench.path(name),
            "{server:?}: it says where it is now"
        );
        let head = facts.head.as_ref().unwrap().sha.clone();
        assert_eq!(head, bench.head(name), "{server:?}");
        assert_eq!(facts.gaps, Vec::<String>::new(), "{server:?}");
        let mut batch = bench.forge.pulse(std::slice::from_ref(&target)).await;
        let pulse = batch.answers.remove(0).1;
        let pulse = pulse.unwrap_or_else(|fault| panic!("{server:?}: {fault}"));
        let path: Vec<&EnvironmentName> = target.environments.iter().collect();
        assert!(facts.agrees_with(&pulse, &path), "{server:?}: {pulse:?}");
        let old = RepoPath::from(OLD);
        let jobs = bench.forge.jobs(&old, facts.runs[0].id).await;
        assert!(jobs.is_ok_and(|it| !it.is_empty()), "{server:?}");
        let files = [("deploy/it.toml".to_owned(), head.clone())];
        let read = bench.forge.declared(&old, &files).await.remove(0);
        assert!(read.is_ok_and(|it| it.keys.is_some()), "{server:?}");
        let found = bench.forge.discover(&old).await;
        assert!(found.is_ok(), "{server:?}: {found:?}");
    }
}

#[tokio::test]
async fn a_write_to_the_old_name_is_one_request_and_does_nothing() {
    for server in SERVERS {
        let name = service(server);
        let bench = moved(server, name).await;
        let cases = possible(&bench).await;
        let own = cases.iter().filter(|it| it.service == name);
        let mut tried = 0;
        for case in own {
            let what = format!("{server:?}: {}", case.name);
            let before = bench.writes().len();
            let old = RepoPath::from(OLD);
            let sent_at = clock::now();
            let outcome = bench.forge.act(&old, &case.act, &key()).await;
            assert!(
                matches!(&outcome, Outcome::NoAnswer { why } if why.contains("redirected")),
                "{what}: {outcome:?}"
            );
            assert_eq!(bench.writes().len(), before + 1, "{what} is not sent on");
            bench.advance(3);
            let found = bench.forge.find(&old, &case.act, &key(), sent_at).await;
            assert_eq!(found, Ok(None), "{what}");
            tried += 1;
        }
        assert!(tried > 0, "{server:?}");
    }
}
