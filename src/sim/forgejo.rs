//! The face of a Forgejo or Gitea: `/api/v1` over the common state, with the answers and refusals of
//! the version that is imitated.
//!
//! It is a function from request to answer; sockets and faults are the server's.

use std::sync::Arc;

use serde_json::json;

use crate::sim::{
    model::State,
    rest::{Answer, decode},
    shared::Shared,
};

mod actions;
mod call;
mod edition;
mod files;
mod issues;
mod list;
mod merge;
mod no;
mod pulls;
mod reads;
mod releases;
mod route;
mod runs;
mod shape;
mod statuses;
mod swagger;
mod tags;

#[cfg(test)]
mod tests;

pub use edition::Edition;
use {call::Call, no::No};

type Done = Result<Answer, No>;

/// A path without the API's own beginning: what a fault is matched against.
pub fn inside(path: &str) -> &str {
    match path.strip_prefix("/api/v1") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    }
}

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path, still encoded, and with the folder that the server is installed in.
    pub path: &'a str,
    /// What comes after the question mark.
    pub query: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `If-None-Match` header.
    pub known: Option<&'a str>,
}

/// Answers a request, whatever it is; `seen` is what it reads, which a fault may have made old.
pub fn answer(
    edition: Edition,
    shared: &Arc<Shared>,
    seen: Arc<State>,
    request: &Request<'_>,
) -> Answer {
    let outside = || {
        let kind = "text/plain; charset=utf-8";
        Answer::raw(404, kind, b"404 page not found\n".to_vec())
    };
    let Some(path) = request.path.strip_prefix(&*seen.root) else {
        return outside();
    };
    let address = seen.base.clone();
    match (request.method, path) {
        ("GET" | "HEAD", "/swagger.v1.json") => return swagger::answer(edition, &seen.root),
        ("GET" | "HEAD", "/api/forgejo/v1/version") => {
            return edition
                .forgejo_version()
                .map_or_else(outside, |it| Answer::json(200, json!({ "version": it })));
        }
        _ => {}
    }
    let raw_path = path;
    let Some(path) = path.strip_prefix("/api/v1/") else {
        return outside();
    };
    let token = match credentials(&seen, request.authorization) {
        Ok(token) => token,
        Err(no) => return no.into_answer(&address),
    };
    let query = request.query.split('&').filter(|it| !it.is_empty());
    let query = query.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |text: &str| decode(&text.replace('+', " ")).into_owned();
        (plain(name), plain(value))
    });
    let call = Call {
        edition,
        shared,
        state: seen.clone(),
        token,
        method: if request.method == "HEAD" {
            "GET"
        } else {
            request.method
        },
        path: path.split('/').map(|it| decode(it).into_owned()).collect(),
        query: query.collect(),
        body: request.body,
        raw_path,
        known: request.known,
    };
    route::answer(&call).unwrap_or_else(|no| no.into_answer(&address))
}

/// What a token that nobody knows is answered; `address` is where the server is.
pub fn unauthorized(address: &str) -> Answer {
    No::stranger().into_answer(address)
}

/// What a token without a scope is answered.
pub fn forbidden(address: &str, scope: &str) -> Answer {
    No::scope(scope).into_answer(address)
}

// `token T` and `Bearer T` are both taken; a token that nobody knows is refused everywhere.
fn credentials(
    state: &State,
    header: Option<&str>,
) -> Result<Option<Arc<crate::sim::model::Token>>, No> {
    let Some(header) = header else {
        return Ok(None);
    };
    let (kind, secret) = header.split_once(' ').unwrap_or((header, ""));
    let taken = kind.eq_ignore_ascii_case("token") || kind.eq_ignore_ascii_case("bearer");
    let known = state.tokens.get(secret.trim()).filter(|_| taken);
    known.cloned().map(Some).ok_or_else(No::stranger)
}
