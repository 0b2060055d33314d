//! Rules against a webhook of the test: once each, over restarts, and told when it fails.

use wiremock::matchers::{body_string_contains, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::app::interface::harness::entry;
use crate::domain::entry::Event;
use crate::domain::notice::{Address, Form};
use crate::domain::promotion::{Purpose, Step};

fn failed(seq: i64) -> Entry {
    let event = Event::Stepped {
        id: "p-1".into(),
        purpose: Purpose::Promotion,
        step: Step::Failed {
            why: format!("<!channel> e2e of run {seq}"),
        },
    };
    entry((event, seq))
}

fn rule(channel: Channel) -> Rule {
    Rule {
        name: "chat".to_owned(),
        channel,
        events: vec!["promotion.failed".to_owned()],
        services: Vec::new(),
        environments: Vec::new(),
    }
}

async fn server(status: u16) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(status))
        .mount(&server)
        .await;
    server
}

fn teller(home: &Path, channel: Channel, head: i64) -> Teller {
    Teller::new(rule(channel), Some(home), &Env::default(), Seq(head))
        .unwrap_or_else(|lost| panic!("{lost:?}"))
}

fn webhook(server: &MockServer, form: Form) -> Channel {
    Channel::Webhook {
        form,
        address: Address::Url(server.uri()),
    }
}

#[tokio::test]
async fn an_entry_is_posted_once_also_by_a_gonogo_that_starts_again() {
    let home = tempfile::tempdir().unwrap();
    let server = server(200).await;
    let entries = [failed(4), failed(5)];
    let mut first = teller(home.path(), webhook(&server, Form::Slack), 3);
    assert!(first.tell(&entries).await.is_none());
    // Killed here: the next one looks at the same entries again, and at one that came meanwhile.
    drop(first);
    let mut second = teller(home.path(), webhook(&server, Form::Slack), 6);
    assert_eq!(second.told, Seq(3), "it goes on where the first began");
    let entries = [failed(4), failed(5), failed(6)];
    assert!(second.tell(&entries).await.is_none());
    let posts = server.received_requests().await.unwrap();
    assert_eq!(posts.len(), 2);
    let texts: Vec<String> = posts
        .iter()
        .map(|post| String::from_utf8_lossy(&post.body).into_owned())
        .collect();
    assert!(texts[0].contains("run 4") && texts[0].contains("run 5"));
    assert!(texts[1].contains("run 6") && !texts[1].contains("run 5"));
    assert!(!texts[0].contains("<!channel>"), "{}", texts[0]);
    for post in &posts {
        assert!(!post.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn a_webhook_that_fails_is_told_and_not_tried_again() {
    let home = tempfile::tempdir().unwrap();
    let server = server(503).await;
    let mut teller = teller(home.path(), webhook(&server, Form::Json), 0);
    let told = teller.tell(&[failed(1)]).await;
    let Some(Msg::NoticeLost { rule, why, .. }) = told else {
        panic!("{told:?}");
    };
    assert_eq!(
        (rule.as_str(), why.as_str()),
        ("chat", "the webhook answered 503")
    );
    assert!(!why.contains("127.0.0.1"), "no address in words");
    assert!(
        teller.not_before > clock::tick(),
        "it keeps still for a while"
    );
    assert!(teller.tell(&[failed(1)]).await.is_none());
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn plain_json_has_the_entry_and_a_desktop_gets_one_notice_for_several() {
    let home = tempfile::tempdir().unwrap();
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(body_string_contains(r#""kind":"promotion.failed""#))
        .and(body_string_contains(r#""service":"api""#))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let mut hook = teller(home.path(), webhook(&server, Form::Json), 0);
    assert!(hook.tell(&[failed(1)]).await.is_none());
    let desk = tempfile::tempdir().unwrap();
    let mut desktop = teller(desk.path(), Channel::Desktop, 0);
    let told = desktop.tell(&[failed(1), failed(2), failed(3)]).await;
    let Some(Msg::Noticed {
        ring: false,
        notice,
    }) = told
    else {
        panic!("{told:?}");
    };
    assert_eq!(notice.title, "promotion failed and 2 more");
}

#[test]
fn an_address_that_anybody_could_read_on_the_way_is_refused_without_repeating_it() {
    let env: Env = [
        ("HOOK", "http://hooks.example.com/s3cret"),
        ("TOKEN", "ghp_s3cret"),
    ]
    .into_iter()
    .collect();
    for name in ["HOOK", "TOKEN", "UNSET"] {
        let address = Address::Env(name.to_owned());
        let why = Hook::new(Form::Slack, &address, &env)
            .err()
            .expect("refused");
        assert!(!why.contains("s3cret"), "{why}");
    }
}
