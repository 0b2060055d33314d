//! Probes against a server of the test, and programs of the machine.

use jiff::SignedDuration;
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::domain::figure::Bound;
use crate::domain::policy::Expect;
use crate::domain::seen::Outcome::{self, Failure, Inconclusive, Success};

fn prober() -> Prober {
    let env = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/home/ada"),
        ("GH_TOKEN", "secret"),
    ];
    Prober::new(&env.into_iter().collect(), Some(PathBuf::from("/tmp")))
}

fn http(name: &str, url: String, pointer: Option<&str>, expect: Expect) -> Probe {
    Probe {
        name: name.to_owned(),
        source: ProbeSource::Http {
            url,
            pointer: pointer.map(str::to_owned),
        },
        expect,
    }
}

fn most(bound: &str) -> Expect {
    Expect::Bound(Bound::AtMost(bound.parse().unwrap()))
}

async fn said(probe: Probe) -> (Outcome, String) {
    let round = prober().take(Sampling::Probes(vec![probe])).await;
    let [sample] = round.samples.as_slice() else {
        panic!("{round:?}")
    };
    (sample.outcome, sample.value.clone())
}

async fn ends(argv: &[&str]) -> (Outcome, String) {
    let errand = Errand {
        name: "smoke".to_owned(),
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        time_limit: SignedDuration::from_millis(500),
        told: vec![("GONOGO_SERVICE".to_owned(), "checkout".to_owned())],
    };
    let round = prober().take(Sampling::Errand(errand)).await;
    (round.samples[0].outcome, round.samples[0].value.clone())
}

async fn serve(at: &str, template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path(at))
        .respond_with(template)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn all_probes_of_a_round_are_asked_at_one_time() {
    let slow = ResponseTemplate::new(200)
        .set_body_string(r#"{"error_rate": 0.2}"#)
        .set_delay(Duration::from_millis(300));
    let server = serve("/health", slow).await;
    let query = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"301"]}}"#;
    Mock::given(path("/api/v1/query"))
        .and(query_param("query", "p99{a=\"b c\"}"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_string(query)
                .set_delay(Duration::from_millis(300)),
        )
        .mount(&server)
        .await;
    let url = format!("{}/health", server.uri());
    let prometheus = Probe {
        source: ProbeSource::Prometheus {
            url: server.uri(),
            query: "p99{a=\"b c\"}".to_owned(),
        },
        ..http("p99", String::new(), None, most("300"))
    };
    let started = tokio::time::Instant::now();
    let round = prober()
        .take(Sampling::Probes(vec![
            http("errors", url, Some("/error_rate"), most("1.5")),
            prometheus,
        ]))
        .await;
    assert!(started.elapsed() < Duration::from_millis(590));
    let said: Vec<_> = round
        .samples
        .iter()
        .map(|sample| (sample.probe.as_str(), sample.outcome, sample.value.as_str()))
        .collect();
    assert_eq!(said, [("errors", Success, "0.2"), ("p99", Failure, "301")]);
    let requests = server.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| {
        !request.headers.contains_key("authorization") && !request.headers.contains_key("cookie")
    }));
}

#[tokio::test]
async fn a_server_that_is_not_there_says_nothing() {
    let (outcome, value) = said(http(
        "up",
        "http://127.0.0.1:9".into(),
        None,
        Expect::Answer,
    ))
    .await;
    assert_eq!(outcome, Inconclusive);
    assert!(value.to_lowercase().contains("refused"), "{value}");
}

#[tokio::test]
async fn a_redirect_is_followed_on_its_own_host_alone() {
    let other = serve("/", ResponseTemplate::new(200)).await;
    let away = ResponseTemplate::new(302).insert_header("location", other.uri());
    let server = serve("/away", away).await;
    let stays = ResponseTemplate::new(302).insert_header("location", "/home");
    for (at, template) in [
        ("/stays", stays),
        ("/home", ResponseTemplate::new(200)),
        (
            "/round",
            ResponseTemplate::new(302).insert_header("location", "/round"),
        ),
    ] {
        Mock::given(path(at))
            .respond_with(template)
            .mount(&server)
            .await;
    }
    let ask = |at: &str| {
        said(http(
            "up",
            format!("{}{at}", server.uri()),
            None,
            Expect::Answer,
        ))
    };
    assert_eq!(ask("/stays").await, (Success, "status 200".into()));
    assert_eq!(
        ask("/away").await,
        (Inconclusive, "it redirects to another host".into())
    );
    assert_eq!(ask("/round").await.0, Inconclusive);
    assert!(other.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_of_more_than_a_megabyte_is_not_read() {
    let body = format!("{{\"v\": 1, \"x\": \"{}\"}}", "x".repeat(LONGEST));
    let server = serve("/", ResponseTemplate::new(200).set_body_string(body)).await;
    let (outcome, _) = said(http("v", server.uri(), Some("/v"), most("2"))).await;
    assert_eq!(outcome, Inconclusive);
}

#[tokio::test]
async fn plain_http_leaves_this_machine_for_nobody() {
    let url = "http://health.example.com/".to_owned();
    let (outcome, value) = said(http("up", url, None, Expect::Answer)).await;
    assert_eq!(outcome, Inconclusive);
    assert!(value.contains("https"), "{value}");
}

#[tokio::test]
async fn a_programs_exit_code_is_the_answer() {
    assert_eq!(ends(&["true"]).await, (Success, "exit 0".into()));
    assert_eq!(ends(&["false"]).await, (Failure, "exit 1".into()));
    let (outcome, value) = ends(&["sh", "-c", "echo out; echo err >&2; exit 3"]).await;
    assert_eq!(
        (outcome, value.as_str()),
        (Inconclusive, "exit 3: out / err")
    );
    let (outcome, value) = ends(&["sh", "-c", "kill -9 $$"]).await;
    assert_eq!(
        (outcome, value.as_str()),
        (Inconclusive, "ended by a signal")
    );
    let (outcome, value) = ends(&["no-such-program-here"]).await;
    assert_eq!(outcome, Inconclusive);
    assert!(value.starts_with("not started: "), "{value}");
}

#[tokio::test]
async fn a_program_gets_a_small_environment_and_no_token() {
    let (_, value) = ends(&["sh", "-c", "echo $GH_TOKEN $GONOGO_SERVICE $HOME; pwd"]).await;
    assert_eq!(value, "exit 0: checkout /home/ada / /tmp");
}

#[tokio::test]
async fn at_its_time_limit_a_program_ends_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let script = format!("sleep 60 & echo $! > {}; wait", pid.display());
    let (outcome, value) = ends(&["sh", "-c", &script]).await;
    assert_eq!((outcome, value.as_str()), (Inconclusive, "no end in 500ms"));
    gone(&pid).await;
}

#[tokio::test]
async fn what_a_program_leaves_behind_neither_holds_the_answer_up_nor_stays() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let script = format!("sleep 60 & echo $! > {}; echo done", pid.display());
    assert_eq!(
        ends(&["sh", "-c", &script]).await,
        (Success, "exit 0: done".into())
    );
    gone(&pid).await;
}

#[tokio::test]
async fn a_program_that_nobody_waits_for_any_more_ends() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let script = format!("echo $$ > {}; sleep 60", pid.display());
    let patience = Duration::from_millis(250);
    let argv = ["sh", "-c", script.as_str()];
    assert!(tokio::time::timeout(patience, ends(&argv)).await.is_err());
    gone(&pid).await;
}

/// Waits until the process whose id is in a file is gone, or only its parent has not noticed yet.
async fn gone(file: &std::path::Path) {
    let id = std::fs::read_to_string(file).unwrap();
    let stat = format!("/proc/{}/stat", id.trim());
    for _ in 0..100 {
        match std::fs::read_to_string(&stat) {
            Err(_) => return,
            Ok(stat) if stat.contains(") Z ") => return,
            Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("{id} still runs");
}

#[tokio::test]
async fn a_program_that_floods_its_output_is_read_to_its_end() {
    let (outcome, value) = ends(&["sh", "-c", "yes | head -c 300000; exit 1"]).await;
    assert_eq!(outcome, Failure);
    assert!(value.len() < 200, "{value}");
}

#[tokio::test]
async fn what_an_own_command_says_is_clean_bounded_and_without_secrets() {
    let run = |script: &str| {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        Errand {
            name: "own".to_owned(),
            argv,
            time_limit: SignedDuration::from_secs(20),
            told: Vec::new(),
        }
    };
    let prober = prober();
    let said = prober
        .run(&run(
            "printf '\\033]0;x\\007one\\n  two\\n'; env | grep -c TOKEN; exit 3",
        ))
        .await;
    assert_eq!(
        (said.end.as_str(), said.good, said.cut),
        ("exit 3", false, false)
    );
    assert!(!said.lines.concat().contains('\u{1b}'));
    assert_eq!(said.lines.get(1).map(String::as_str), Some("  two"));
    assert_eq!(said.lines.last().map(String::as_str), Some("0"), "{said:?}");
    let said = prober
        .run(&run("printf '\\033[31mred\\033[0m\\033[2J then\\n'"))
        .await;
    assert_eq!(said.lines, ["red then"], "colours are no words");
    let said = prober.run(&run("yes | head -c 1000000")).await;
    assert!(said.cut && said.good && said.lines.len() <= 5_000);
    let mut slow = run("sleep 60");
    slow.time_limit = SignedDuration::from_millis(100);
    assert!(prober.run(&slow).await.end.starts_with("no end in"));
}
