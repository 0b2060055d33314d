//! The face by itself: a world, a clock, and requests without a socket.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;

use super::{Edition, Request, answer};
use crate::sim::{
    FORGEJO, GITEA, World, clock::Clock, common::Common, model::State, rest::Answer, shared::Shared,
};

mod actions;
mod gitea;
mod merges;
mod pulls;
mod reads;
mod releases;
mod shapes;
mod statuses;

/// A server without its sockets.
struct Lab {
    edition: Edition,
    shared: Arc<Shared>,
}

impl Lab {
    fn of(world: &World, edition: Edition) -> Self {
        let common = Arc::new(Common::new(Clock::default()));
        let state = world.build(common.now(), 7, 1.0).expect("a sound world");
        Self {
            edition,
            shared: Shared::new(state, common),
        }
    }

    fn forgejo() -> Self {
        Self::version("16.0.1")
    }

    /// The Forgejo world on a server of that version.
    fn version(version: &str) -> Self {
        let world = World::from_toml(FORGEJO).expect("the world file reads");
        Self::of(&world, Edition::parse(version).expect("a version"))
    }

    fn gitea() -> Self {
        let world = World::from_toml(GITEA).expect("the world file reads");
        Self::of(&world, Edition::GITEA)
    }

    fn state(&self) -> Arc<State> {
        self.shared.read()
    }

    fn advance(&self, seconds: i64) {
        self.shared
            .common()
            .advance(SignedDuration::from_secs(seconds));
    }

    /// Asks with a header of one's own, or none.
    fn raw(&self, method: &str, path: &str, body: &str, authorization: Option<&str>) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method,
            path: &format!("/api/v1{path}"),
            query,
            body: body.as_bytes(),
            authorization,
            known: None,
        };
        answer(self.edition, &self.shared, self.state(), &request)
    }

    fn secret(&self, label: &str) -> String {
        let state = self.state();
        let mut all = state.tokens.values();
        all.find(|it| it.label == label)
            .expect("a token")
            .secret
            .clone()
    }

    /// Asks as the owner of a token; an empty label asks as nobody.
    fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let header = (!token.is_empty()).then(|| format!("token {}", self.secret(token)));
        self.raw(method, path, &body, header.as_deref())
    }

    fn get(&self, token: &str, path: &str) -> Value {
        let answer = self.ask(token, "GET", path, &Value::Null);
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        answer.body.unwrap_or_default()
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("operate", "POST", path, body)
    }

    /// The number of the open pull request from a branch.
    fn open(&self, repo: &str, head: &str) -> u64 {
        let state = self.state();
        let repo = state.repo("tide", repo).expect("a repository");
        let pull = repo.pulls.iter().rev().find(|it| it.head == head);
        pull.expect("a pull request").number
    }
}

/// Status and message of an answer.
fn said(answer: &Answer) -> (u16, String) {
    let body = answer.body.clone().unwrap_or_default();
    let message = body["message"].as_str().unwrap_or_default().to_owned();
    (answer.status, message)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let found = answer.headers.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.as_str())
}

fn list<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
    let list = if name.is_empty() { value } else { &value[name] };
    list.as_array().expect("a list").iter().collect()
}
