//! A request taken apart: who asks, for what, and what they may do.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::{Edition, No, shape::Shape};
use crate::sim::{
    model::{Permission, Repo, State, Token},
    rest::{Answer, query_text},
    shared::Shared,
};

/// A request taken apart.
#[derive(Debug)]
pub struct Call<'a> {
    /// The server asked.
    pub edition: Edition,
    /// What acts change.
    pub shared: &'a Arc<Shared>,
    /// What is read.
    pub state: Arc<State>,
    /// Who asks; nobody sees what is public.
    pub token: Option<Arc<Token>>,
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The segments behind `/api/v1`, decoded.
    pub path: Vec<String>,
    /// The parameters, decoded.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: &'a [u8],
    /// The path as it came, but for the folder, for links.
    pub raw_path: &'a str,
    /// What the client already has.
    pub known: Option<&'a str>,
}

impl Call<'_> {
    /// A parameter; an empty one counts as absent.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params(name).next()
    }

    /// All values of a parameter: said more than once, or with commas between.
    pub fn params(&self, name: &str) -> impl Iterator<Item = &str> {
        self.query
            .iter()
            .filter(move |(key, _)| key == name)
            .flat_map(|(_, value)| value.split(','))
            .filter(|it| !it.is_empty())
    }

    /// A parameter that is true or false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.param(name)? {
            "true" | "1" | "on" => Some(true),
            "false" | "0" | "off" => Some(false),
            _ => None,
        }
    }

    /// What the answer's shapes need.
    pub fn shape(&self) -> Shape<'_> {
        self.shape_of(&self.state)
    }

    /// The shapes out of another state: the one after an act.
    pub fn shape_of<'s>(&'s self, state: &'s State) -> Shape<'s> {
        Shape {
            state,
            edition: self.edition,
            address: state.base.to_string(),
            permission: self.token.as_ref().map(|it| it.permission),
        }
    }

    /// The token, where there must be one.
    pub fn signed(&self) -> Result<&Arc<Token>, No> {
        self.token.as_ref().ok_or_else(No::anonymous)
    }

    /// Refuses a token without a scope; `write` holds `read`, and nobody needs none.
    pub fn scope(&self, category: &str, write: bool) -> Result<(), No> {
        let Some(token) = &self.token else {
            return Ok(());
        };
        let held = |level: &str| {
            token
                .scopes
                .iter()
                .any(|it| *it == format!("{level}:{category}"))
        };
        if token.scopes.iter().any(|it| it == "all") || held("write") || (!write && held("read")) {
            return Ok(());
        }
        let level = if write { "write" } else { "read" };
        Err(No::scope(&format!("{level}:{category}")))
    }

    /// Says whether the caller may know of a repository.
    pub fn sees(&self, repo: &Repo) -> bool {
        let named = |token: &Arc<Token>| {
            token.repos.is_empty()
                || token
                    .repos
                    .iter()
                    .any(|it| it.eq_ignore_ascii_case(&repo.full_name()))
        };
        !repo.private || self.token.as_ref().is_some_and(named)
    }

    /// A repository that the caller may know of.
    pub fn repo(&self, owner: &str, name: &str) -> Result<&Arc<Repo>, No> {
        let found = self.state.repo(owner, name);
        found.filter(|it| self.sees(it)).ok_or_else(No::not_found)
    }

    /// Where the old path of a repository leads, whatever was to be done there.
    pub fn moved(&self, owner: &str, name: &str) -> Option<Answer> {
        let old = format!("{owner}/{name}");
        let found = self.state.moved(&old).filter(|it| self.sees(it))?;
        let path = self.raw_path.replacen(&old, &found.full_name(), 1);
        let to = format!("{}{path}{}", self.state.root, query_text(&self.query));
        Some(Answer::empty(307).with("location", to))
    }

    /// The token, if its owner may write to a repository that can be written to.
    pub fn writer(&self, repo: &Repo) -> Result<&Arc<Token>, No> {
        let token = self.signed()?;
        if token.permission < Permission::Write {
            return Err(No::reader());
        }
        unarchived(repo)?;
        Ok(token)
    }

    /// Changes the present state; only reads can be stale.
    pub fn act<T>(&self, act: impl FnOnce(&mut State) -> Result<T, No>) -> Result<T, No> {
        self.shared.act(act)
    }

    /// The state after an act, and the repository in it.
    pub fn after(&self, repo: &Repo) -> Result<(Arc<State>, Arc<Repo>), No> {
        let state = self.shared.read();
        let repo = state.repo_by_id(repo.id).cloned();
        Ok((state, repo.ok_or_else(No::not_found)?))
    }

    /// The body.
    pub fn fields(&self) -> Result<Fields, No> {
        Fields::read(self.body)
    }
}

/// Refuses what would change an archived repository.
pub fn unarchived(repo: &Repo) -> Result<(), No> {
    if repo.archived {
        return Err(No::archived(repo.id, &repo.full_name()));
    }
    Ok(())
}

/// A token that the common acts let do what this face has already allowed.
pub fn deputy(token: &Token) -> Token {
    Token {
        scopes: vec!["repo".to_owned()],
        fine: None,
        ..token.clone()
    }
}

/// A body: one JSON object; fields that nobody knows are not read, as in Go.
#[derive(Debug, Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    fn read(body: &[u8]) -> Result<Self, No> {
        let body = body.trim_ascii();
        if body.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(No::new(
                422,
                "[]: json: cannot unmarshal value into Go struct",
            )),
            Err(error) => Err(No::new(422, format!("[]: {error}"))),
        }
    }

    /// Whatever a field holds; null counts as absent.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|it| !it.is_null())
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<String>, No> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => wrong(name),
        }
    }

    /// A text that must be there, by its name in Go.
    pub fn needed(&self, name: &str, go: &str) -> Result<String, No> {
        let text = self.text(name)?.filter(|it| !it.is_empty());
        text.ok_or_else(|| No::required(go))
    }

    /// A flag.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, No> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(it)) => Ok(Some(*it)),
            Some(_) => wrong(name),
        }
    }

    /// Texts by name.
    pub fn texts(&self, name: &str) -> Result<BTreeMap<String, String>, No> {
        let Some(value) = self.value(name) else {
            return Ok(BTreeMap::new());
        };
        let Some(map) = value.as_object() else {
            return wrong(name);
        };
        let pairs = map.iter().map(|(key, value)| match value {
            Value::String(text) => Ok((key.clone(), text.clone())),
            _ => wrong(name),
        });
        pairs.collect()
    }
}

fn wrong<T>(name: &str) -> Result<T, No> {
    let words = format!("[]: json: cannot unmarshal into Go struct field .{name}");
    Err(No::new(422, words))
}

/// Reads a number in a path.
pub fn number(text: &str) -> Result<u64, No> {
    text.parse().map_err(|_| No::not_found())
}
