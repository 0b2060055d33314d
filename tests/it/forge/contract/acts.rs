//! Every act on every server that has it: nothing is found before, one request (two where the act
//! says two), found afterwards; and where a server has none, nothing leaves and the reason is told.

use gonogo::domain::act::Outcome;
use gonogo::forge::Capability;

use super::cases::{lacking, possible, samples};
use super::*;

#[tokio::test]
async fn every_act_is_sent_once_and_found_by_reading() {
    for server in SERVERS {
        let count = possible(&Bench::of(server).await).await.len();
        for at in 0..count {
            // Each on a server of its own: none may stand in the other's way.
            let bench = Bench::of(server).await;
            bench.forge.identify().await.unwrap();
            let case = possible(&bench).await.swap_remove(at);
            let what = format!("{server:?}: {}", case.name);
            let (repo, sent_at) = (bench.path(case.service), clock::now());
            let found = bench.forge.find(&repo, &case.act, &key(), sent_at).await;
            assert_eq!(found, Ok(None), "{what} is not there before it is sent");
            let before = bench.writes().len();
            let outcome = bench.forge.act(&repo, &case.act, &key()).await;
            let Outcome::Accepted(handle) = outcome else {
                panic!("{what}: {outcome:?}")
            };
            // What the operator read before confirming is what was sent.
            let call = case.act.call(server.kind(), repo.as_str());
            let said: Vec<&str> = call.split(", then ").collect();
            let sent = bench.writes().split_off(before);
            let paths: Vec<&str> = sent.iter().map(|it| it.path.as_str()).collect();
            assert_eq!(sent.len(), said.len(), "{what}: {call} is not {paths:?}");
            for (said, sent) in said.iter().zip(&sent) {
                let mut words = said.split(' ');
                assert_eq!(words.next(), Some(sent.method.as_str()), "{what}");
                let path = sent.path.split('?').next().unwrap();
                let shown = words.next().unwrap();
                assert!(
                    path.ends_with(shown) || path.contains(shown),
                    "{what}: {path} is not {shown}"
                );
            }
            bench.advance(30);
            let found = bench.forge.find(&repo, &case.act, &key(), sent_at).await;
            let found = found.unwrap_or_else(|fault| panic!("{what}: {fault}"));
            let found = found.unwrap_or_else(|| panic!("{what} is not found"));
            assert!(
                handle.run.is_none() || found.run == handle.run,
                "{what}: {handle:?} {found:?}"
            );
            assert!(
                handle.release.is_none() || found.release == handle.release,
                "{what}"
            );
            assert_eq!(
                bench.writes().len(),
                before + sent.len(),
                "{what}: finding only reads"
            );
        }
    }
}

/// As GitHub asks between two requests that change something; the others are spared alike.
#[tokio::test]
async fn writes_that_are_ordered_at_once_leave_one_after_the_other() {
    let gap = SignedDuration::from_millis(300);
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let spaced = Limits {
            write_gap: gap.unsigned_abs(),
            ..limits()
        };
        let forge = bench.again("operate", spaced);
        forge.identify().await.unwrap();
        let cases = possible(&bench).await;
        let before = bench.writes().len();
        let key = key();
        let acts = cases.iter().take(3).map(async |case| {
            let repo = bench.path(case.service);
            forge.act(&repo, &case.act, &key).await
        });
        futures_util::future::join_all(acts).await;
        let sent = bench.writes().split_off(before);
        assert!(sent.len() >= 3, "{server:?}");
        for pair in sent.windows(2) {
            let apart = pair[1].at.duration_since(pair[0].at);
            assert!(apart >= gap, "{server:?}: {apart}");
        }
    }
}

#[tokio::test]
async fn what_a_server_has_no_call_for_is_not_sent_and_says_so() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        bench.forge.identify().await.unwrap();
        let repo = RepoPath::from(bench.sim.state().repos[0].full_name());
        let mut refused = 0;
        for (name, act) in samples() {
            let Some(words) = lacking(server, name) else {
                continue;
            };
            refused += 1;
            let outcome = bench.forge.act(&repo, &act, &key()).await;
            let Outcome::Rejected { status: 0, why, .. } = outcome else {
                panic!("{server:?} {name}: {outcome:?}")
            };
            assert!(why.contains(words), "{server:?} {name}: {why}");
            let found = bench.forge.find(&repo, &act, &key(), clock::now()).await;
            assert!(
                !matches!(found, Ok(Some(_))),
                "{server:?} {name}: {found:?}"
            );
        }
        assert!(refused > 0 && bench.writes().is_empty(), "{server:?}");
    }
}

#[tokio::test]
async fn capabilities_say_what_acts_there_are() {
    for server in SERVERS {
        let bench = Bench::of(server).await;
        let identity = bench.forge.identify().await.unwrap();
        assert_eq!(identity.login.as_str(), "alice", "{server:?}");
        let can = |names: &[&str]| names.iter().any(|name| lacking(server, name).is_none());
        for (capability, names) in [
            (
                Capability::Approve,
                &["approve a run", "approve a deployment"][..],
            ),
            (Capability::Dispatch, &["dispatch", "run a pipeline"]),
            (Capability::CreateDeployment, &["create a deployment"]),
            (Capability::MergePullRequest, &["merge"]),
            (Capability::PublishRelease, &["make a release"]),
            (Capability::Cancel, &["cancel"]),
            (Capability::Rerun, &["rerun", "rerun what failed"]),
            (Capability::SetStatus, &["set a status"]),
        ] {
            let has = identity.capabilities.contains(&capability);
            assert_eq!(has, can(names), "{server:?}: {capability:?}");
        }
    }
}
