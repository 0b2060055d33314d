//! A request to the REST API, taken apart: whose, what, with which parameters.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    answer::{forbidden, invalid, message, missing, not_found},
    words::level,
};
use crate::sim::{
    model::{Permission, Repo, State, Token},
    rest::{Answer, query_text},
    shared::Session,
};

/// What the client sent.
#[derive(Debug)]
pub struct Ask<'a> {
    /// Who asks, and what they see.
    pub session: &'a Session,
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The segments of the path, percent-decoded, without `/api/v4`.
    pub path: Vec<String>,
    /// The same as they came.
    pub raw: Vec<&'a str>,
    /// The parameters of the address, decoded.
    pub query: Vec<(String, String)>,
    /// The parameters of the body.
    pub body: Map<String, Value>,
    /// What URLs of the API begin with: `http://127.0.0.1:1/api/v4`.
    pub api: String,
}

/// What came of an act.
pub type Done<T = Answer> = Result<T, Answer>;

impl Ask<'_> {
    /// The state that this request reads.
    pub fn state(&self) -> &State {
        &self.session.state
    }

    /// Whose request it is.
    pub fn token(&self) -> &Token {
        &self.session.token
    }

    /// Changes the state.
    pub fn act<T>(&self, act: impl FnOnce(&mut State) -> Done<T>) -> Done<T> {
        self.session.shared.act(act)
    }

    /// The state after an act.
    pub fn fresh(&self) -> Arc<State> {
        self.session.shared.read()
    }

    /// A parameter as text, from wherever it came; an empty one counts as absent.
    pub fn text(&self, name: &str) -> Option<String> {
        let given = match self.body.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Bool(it)) => Some(it.to_string()),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => self
                .query
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone()),
        };
        given.filter(|it| !it.is_empty())
    }

    /// A parameter that must be there.
    pub fn needs(&self, name: &str) -> Done<String> {
        self.text(name).ok_or_else(|| missing(name))
    }

    /// A parameter that is one of a few words.
    pub fn one_of(&self, name: &str, allowed: &[&str]) -> Done<Option<String>> {
        match self.text(name) {
            Some(it) if !allowed.contains(&it.as_str()) => Err(invalid(name)),
            other => Ok(other),
        }
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Done<Option<u64>> {
        self.text(name)
            .map(|it| {
                it.parse()
                    .map_err(|_| super::answer::error(format!("{name} is invalid")))
            })
            .transpose()
    }

    /// A parameter that is yes or no.
    pub fn flag(&self, name: &str) -> Done<Option<bool>> {
        match self.text(name).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(super::answer::error(format!("{name} is invalid"))),
        }
    }

    /// A parameter that may be given several times (`name[]`), or as a list with commas.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        if let Some(Value::Array(items)) = self.body.get(name) {
            let words = items.iter().filter_map(Value::as_str);
            return Some(words.map(str::to_owned).collect());
        }
        let many = format!("{name}[]");
        let given: Vec<String> = self
            .query
            .iter()
            .filter(|(key, _)| *key == many)
            .map(|(_, value)| value.clone())
            .collect();
        if !given.is_empty() {
            return Some(given);
        }
        let text = self.text(name)?;
        let words = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        Some(words.map(str::to_owned).collect())
    }

    /// The project of a number or path; an old path is answered with where it has gone.
    pub fn project(&self, id: &str) -> Done<&Arc<Repo>> {
        let state = self.state();
        let sees = |it: &&Arc<Repo>| !it.private || self.token().sees(&it.owner, &it.name);
        let found = match id.parse::<u64>() {
            Ok(number) => state.repo_by_id(number),
            Err(_) => id
                .rsplit_once('/')
                .and_then(|(owner, name)| state.repo(owner, name)),
        };
        if let Some(found) = found.filter(sees) {
            return Ok(found);
        }
        match state.moved(id).filter(sees) {
            Some(moved) => Err(self.gone_to(moved)),
            None => Err(not_found("Project")),
        }
    }

    fn gone_to(&self, moved: &Repo) -> Answer {
        let mut rest = vec!["projects".to_owned(), moved.id.to_string()];
        rest.extend(self.raw.iter().skip(2).map(|it| (*it).to_owned()));
        let query = query_text(&self.query);
        let location = format!("{}/{}{query}", self.api, rest.join("/"));
        message(301, json!({"location": location})).with("location", location)
    }

    /// Checks that the person's role is at least this one.
    pub fn role(&self, needed: Permission) -> Done<()> {
        if level(self.token().permission) < level(needed) {
            return Err(forbidden(""));
        }
        Ok(())
    }
}
