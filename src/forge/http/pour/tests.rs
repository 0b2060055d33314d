use std::sync::Arc;

use jiff::Timestamp;
use wiremock::matchers::{header, header_exists, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::client::Pool;
use super::*;

impl Sink for Vec<u8> {
    fn take(&mut self, bytes: &[u8]) -> bool {
        self.extend_from_slice(bytes);
        self.len() < 100
    }
}

async fn pour(server: &MockServer, from: u64, sink: &mut Vec<u8>) -> Result<Poured, Error> {
    let base = Url::parse(&server.uri()).unwrap();
    let limits = Limits::default();
    let limiter = Limiter::new(limits.clone(), Arc::new(|| Timestamp::UNIX_EPOCH));
    let client = client::build(&base, None, &limits, Pool::Kept).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(
        header::AUTHORIZATION,
        HeaderValue::from_static("Bearer secret"),
    );
    let source = Source {
        client: &client,
        base: &base,
        headers,
        limiter: &limiter,
        limits: &limits,
    };
    source.pour(base.join("/log").unwrap(), from, sink).await
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/log"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn the_new_part_alone_is_taken_whether_the_forge_understands_ranges_or_not() {
    let whole = answering(ResponseTemplate::new(200).set_body_string("old new")).await;
    let mut sink = Vec::new();
    let poured = pour(&whole, 4, &mut sink).await.unwrap();
    assert!(matches!(poured, Poured::Done { ranged: false }));
    assert_eq!(sink, b"new");

    let part = MockServer::start().await;
    Mock::given(header("range", "bytes=4-"))
        .respond_with(ResponseTemplate::new(206).set_body_string("new"))
        .expect(1)
        .mount(&part)
        .await;
    let mut sink = Vec::new();
    let poured = pour(&part, 4, &mut sink).await.unwrap();
    assert!(matches!(poured, Poured::Done { ranged: true }));
    assert_eq!(sink, b"new");

    let nothing = answering(ResponseTemplate::new(416)).await;
    let poured = pour(&nothing, 4, &mut Vec::new()).await.unwrap();
    assert!(matches!(poured, Poured::Done { ranged: true }));
}

#[tokio::test]
async fn the_token_does_not_go_where_the_forge_sends_us() {
    let store = MockServer::start().await;
    Mock::given(header_exists("authorization"))
        .respond_with(ResponseTemplate::new(401))
        .with_priority(1)
        .expect(0)
        .mount(&store)
        .await;
    Mock::given(path("/stored"))
        .respond_with(ResponseTemplate::new(200).set_body_string("a log"))
        .mount(&store)
        .await;
    let to = format!("{}/stored?sig=1", store.uri());
    let server = answering(ResponseTemplate::new(302).insert_header("location", to)).await;
    let mut sink = Vec::new();
    pour(&server, 0, &mut sink).await.unwrap();
    assert_eq!(sink, b"a log");
}

#[tokio::test]
async fn a_redirect_to_plain_http_on_another_machine_or_in_a_circle_leads_nowhere() {
    let away = ResponseTemplate::new(302).insert_header("location", "http://logs.example.com/1");
    let server = answering(away).await;
    let refused = pour(&server, 0, &mut Vec::new()).await;
    assert!(matches!(refused, Err(Error::Address { .. })), "{refused:?}");
    let circle = answering(ResponseTemplate::new(302).insert_header("location", "/log")).await;
    let refused = pour(&circle, 0, &mut Vec::new()).await;
    assert!(matches!(refused, Err(Error::Redirects(_))), "{refused:?}");
}

#[tokio::test]
async fn no_more_is_read_than_is_wanted_and_a_refusal_says_who_refused() {
    let long = answering(ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 4_000_000])).await;
    let mut sink = Vec::new();
    pour(&long, 0, &mut sink).await.unwrap();
    assert!(sink.len() < 4_000_000, "{}", sink.len());
    let refusing = answering(ResponseTemplate::new(403).set_body_string("no")).await;
    let poured = pour(&refusing, 0, &mut Vec::new()).await.unwrap();
    let Poured::Refused {
        status: 403,
        by_forge: true,
        ..
    } = poured
    else {
        panic!("{poured:?}");
    };
}
