//! What gates beside the board's own need: reports of checks, what is open with a label, what
//! deployments and files declare. Asked for where a rule needs it, and not otherwise.

use gonogo::domain::deployment::live;
use gonogo::domain::facts::ServiceFacts;
use gonogo::domain::fault::FaultKind;
use gonogo::domain::ids::Person;
use gonogo::forge::Forge;

use super::*;

const FILE: &str = "deploy/environment.toml";

async fn facts(site: &Site, target: Target) -> ServiceFacts {
    let mut answers = site.github.board(&[target]).await.answers;
    answers.remove(0).1.unwrap()
}

fn wanting(name: &str, labels: &[&str]) -> Target {
    Target {
        named_checks: true,
        reports: true,
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        payloads: true,
        brief: false,
        ..target(name)
    }
}

#[tokio::test]
async fn a_check_brings_what_it_reports_if_asked() {
    let site = Site::evening().await;
    let plain = Target {
        named_checks: true,
        ..target("search")
    };
    let sha = head(&site.sim.state(), "search");
    let report = |facts: &ServiceFacts| {
        let checks = &facts.checks[&sha];
        let unit = checks.contexts.iter().find(|check| check.name == "unit");
        unit.unwrap().report.clone()
    };
    assert_eq!(report(&facts(&site, plain).await), None);
    let reported = report(&facts(&site, wanting("search", &[])).await).unwrap();
    assert!(reported.starts_with("coverage 78.9 % "), "{reported}");
    assert!(
        reported.contains("5.7 points below"),
        "the summary: {reported}"
    );
}

#[tokio::test]
async fn a_commit_status_brings_its_description() {
    let site = Site::evening().await;
    let sha = head(&site.sim.state(), "auth");
    let facts = facts(&site, wanting("auth", &[])).await;
    let contexts = &facts.checks[&sha].contexts;
    let status = contexts.iter().find(|check| check.name == "coverage");
    assert_eq!(
        status.unwrap().report.as_deref(),
        Some("coverage 92.8 %"),
        "{contexts:?}"
    );
}

#[tokio::test]
async fn what_is_open_with_a_label_is_named_by_label() {
    let site = Site::evening().await;
    let none = facts(&site, target("billing")).await;
    assert!(none.labelled.is_empty(), "nobody asked");
    let labels = ["release-blocker", "no-such-label", "bug"];
    let found = facts(&site, wanting("billing", &labels)).await;
    assert_eq!(found.gaps, Vec::<String>::new());
    let blocking = &found.labelled["release-blocker"];
    assert_eq!(blocking.total, 1);
    let issue = &blocking.shown[0];
    assert_eq!(issue.title, "Invoices in JPY are off by one");
    assert_eq!(issue.author.as_ref().map(Person::as_str), Some("carol"));
    assert!(issue.labels.contains(&"release-blocker".to_owned()));
    assert!(!issue.is_pull_request);
    assert!(issue.url.ends_with(&format!("/issues/{}", issue.number)));
    assert_eq!(found.labelled["no-such-label"].total, 0);
    assert!(found.labelled["bug"].total >= 1);
}

#[tokio::test]
async fn open_pull_requests_with_a_label_count_too() {
    let site = Site::evening().await;
    let found = facts(&site, wanting("checkout", &["db-migration"])).await;
    let open = &found.labelled["db-migration"];
    assert!(
        open.shown
            .iter()
            .any(|it| it.is_pull_request && it.title == "Gift cards pay part of an order"),
        "{open:?}"
    );
}

#[tokio::test]
async fn a_pulse_sees_that_something_with_the_label_is_open() {
    let site = Site::evening().await;
    let all = [wanting("billing", &["release-blocker", "none"])];
    let pulse = site.github.pulse(&all).await.answers.remove(0).1.unwrap();
    let expected = [("release-blocker".to_owned(), 1), ("none".to_owned(), 0)];
    assert_eq!(pulse.labelled, expected);
}

#[tokio::test]
async fn files_are_read_at_their_revisions() {
    let site = Site::evening().await;
    let facts = facts(&site, target("checkout")).await;
    let at = |environment: &str| {
        let environment = EnvironmentName::from(environment);
        live(&facts.deployments, &environment).unwrap().sha.clone()
    };
    let (staging, production) = (at("staging"), at("production"));
    assert_ne!(staging, production);
    let files = [
        (FILE.to_owned(), staging.clone()),
        (FILE.to_owned(), production),
        ("no/such.toml".to_owned(), staging.clone()),
        ("deploy".to_owned(), staging),
        (
            FILE.to_owned(),
            Sha::from("0123456789012345678901234567890123456789"),
        ),
    ];
    let mut read = site.github.declared(&repo("checkout"), &files).await;
    assert_eq!(read.len(), files.len());
    let gone = read.pop().unwrap().unwrap_err();
    assert!(gone.why.contains("does not know commit 0123456"), "{gone}");
    let folder = read.pop().unwrap();
    assert!(folder.is_err() || folder.unwrap().keys.is_none());
    assert_eq!(
        read.pop().unwrap().unwrap().keys,
        None,
        "there is no such file"
    );
    let production = read.pop().unwrap().unwrap();
    let staging = read.pop().unwrap().unwrap();
    assert!(staging.url.unwrap().ends_with(&format!("/{FILE}")));
    let (staging, production) = (staging.keys.unwrap(), production.keys.unwrap());
    assert_eq!(staging["config.failover_region"], "eu-2");
    assert!(!production.contains_key("config.failover_region"));
    assert_eq!(staging["runtime"], "jvm-21.0.5");
}

#[tokio::test]
async fn files_of_a_repository_that_cannot_be_read_all_fail() {
    let site = Site::evening().await;
    let files = [
        (FILE.to_owned(), Sha::from("ab")),
        (FILE.to_owned(), Sha::from("cd")),
    ];
    let read = site.github.declared(&repo("nowhere"), &files).await;
    assert_eq!(read.len(), 2);
    for answer in read {
        let fault = answer.unwrap_err();
        assert_eq!(fault.kind, FaultKind::NotFound);
        assert!(fault.doing.contains(FILE), "{fault}");
    }
}

#[tokio::test]
async fn a_deployment_declares_by_its_payload_and_our_key_is_none_of_it() {
    let site = Site::evening().await;
    let sha = head(&site.sim.state(), "mailer");
    let act = Act::CreateDeployment {
        sha: sha.clone(),
        environment: EnvironmentName::from("staging"),
        description: "by hand".into(),
    };
    let before = facts(&site, wanting("mailer", &[])).await;
    let outcome = site.github.act(&repo("mailer"), &act, &key()).await;
    let after = facts(&site, wanting("mailer", &[])).await;
    let known: Vec<_> = before.deployments.iter().map(|it| it.id).collect();
    let made = after
        .deployments
        .iter()
        .find(|it| !known.contains(&it.id))
        .unwrap_or_else(|| panic!("{outcome:?}"));
    assert_eq!(made.key, Some(key()));
    assert_eq!(made.payload, None, "our key alone declares nothing");
}
