//! Lists on GitLab: by page, by key, and what a client already has.

use serde_json::Value;

use super::{GATEWAY, Visitor, both};

fn header(answer: &reqwest::Response, name: &str) -> String {
    let found = answer.headers().get(name);
    found
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

fn next(link: &str) -> Option<String> {
    let found = link.split(", ").find(|it| it.ends_with("rel=\"next\""))?;
    let (url, _) = found.trim_start_matches('<').split_once('>')?;
    Some(url.to_owned())
}

async fn walk(alice: &Visitor, first: String) -> Vec<Value> {
    let mut ids = Vec::new();
    let mut url = Some(first);
    while let Some(at) = url {
        let request = alice.http.get(&at).header("private-token", &alice.token);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{at}");
        url = next(&header(&answer, "link"));
        let page: Value = answer.json().await.expect("JSON");
        ids.extend(
            page.as_array()
                .expect("a list")
                .iter()
                .map(|it| it["id"].clone()),
        );
    }
    ids
}

#[tokio::test]
async fn pages_and_keys_lead_through_the_whole_list() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let path = format!("/projects/{GATEWAY}/jobs");
    let first = alice.send("GET", &format!("{path}?per_page=7"), None).await;
    let total: usize = header(&first, "x-total").parse().expect("a number");
    let figures = ["x-page", "x-per-page", "x-next-page", "x-prev-page"];
    assert_eq!(figures.map(|it| header(&first, it)), ["1", "7", "2", ""]);
    assert_eq!(
        header(&first, "x-total-pages"),
        total.div_ceil(7).to_string()
    );
    let pages = walk(&alice, format!("{}{path}?per_page=7", alice.api)).await;
    assert_eq!(pages.len(), total);
    let keyed = format!(
        "{}{path}?pagination=keyset&order_by=id&sort=asc&per_page=9",
        alice.api
    );
    let mut keys = walk(&alice, keyed).await;
    keys.reverse();
    assert_eq!(keys, pages);
    let odd = alice
        .send(
            "GET",
            &format!("{path}?pagination=keyset&order_by=name"),
            None,
        )
        .await;
    assert_eq!(odd.status(), 405);
    let beyond = alice.send("GET", &format!("{path}?page=900"), None).await;
    assert_eq!(beyond.text().await.expect("a body"), "[]");
    sim.stop().await;
}

#[tokio::test]
async fn a_known_answer_is_304_and_counts_all_the_same() {
    let sim = both().await;
    let alice = Visitor::new(&sim, "operate");
    let url = format!("{}/projects/{GATEWAY}/releases", alice.api);
    let ask = |tag: String| {
        let request = alice.http.get(&url).bearer_auth(&alice.token);
        request.header("if-none-match", tag).send()
    };
    let first = ask(String::new()).await.expect("an answer");
    let tag = header(&first, "etag");
    assert!(tag.starts_with("W/\""));
    let second = ask(tag).await.expect("an answer");
    assert_eq!(second.status(), 304);
    let observed = |it: &reqwest::Response| header(it, "ratelimit-observed").parse::<u32>().ok();
    assert_eq!(observed(&second), observed(&first).map(|it| it + 1));
    assert_eq!(header(&first, "ratelimit-limit"), "2000");
    assert_eq!(header(&first, "server"), "nginx");
    sim.stop().await;
}
