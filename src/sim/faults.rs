//! Faults on demand: which requests they meet, and what then goes wrong.
//!
//! `POST /_sim/faults` takes `{"match": {…}, "times": N, "effect": {"kind": …}}`; both `match` and
//! `times` may be left out: then every request is met, for ever. The answer is `{"id": N}`.
//! `DELETE /_sim/faults` takes all away, `DELETE /_sim/faults/N` one.
//!
//! `match` (all that is given must hold): `forge`, `method`, `path_prefix` (after `/api/v3` or its like
//! is taken off), `path_contains` (query included), `operation` (of a GraphQL document), `repo` (`owner/name`).
//!
//! | effect | what happens |
//! |---|---|
//! | `{"kind":"latency","ms":N}` | the answer comes N ms later |
//! | `{"kind":"status","status":502,"body":"…","headers":{…}}` | that answer instead; a body that starts with `<` is HTML |
//! | `{"kind":"cut","at":N}` | the connection ends after N bytes of the body |
//! | `{"kind":"drop"}` | the connection ends unanswered, nothing was done |
//! | `{"kind":"drop-after"}` | the request is carried out, then the connection ends unanswered |
//! | `{"kind":"unauthorized"}` | 401 Bad credentials |
//! | `{"kind":"forbidden","permissions":"actions=write"}` | 403, with `X-Accepted-GitHub-Permissions` |
//! | `{"kind":"sso","url":"…"}` | 403, with `X-GitHub-SSO` |
//! | `{"kind":"rate-limit"}` | the primary limit is spent: 403 for REST, 200 with errors for GraphQL |
//! | `{"kind":"secondary","retry_after":N}` | 403 of the secondary limit, with `Retry-After` |
//! | `{"kind":"stale","seconds":N}` | reads see the world of N seconds ago; without `seconds`, of now for ever |
//! | `{"kind":"partial","type":"NOT_FOUND","message":"…"}` | GraphQL: `match.repo` is null, with an error beside |
//! | `{"kind":"refuse"}` | the connection is reset at once; if it meets a whole forge for ever, nobody listens on its port (but on the first one, where control is) |
//! | `{"kind":"redirect","to":"…","status":301}` | sends the client elsewhere |
//! | `{"kind":"hang"}` | no answer, ever |

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::sim::{model::State, rest::decode};

/// A fault as it is ordered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests it meets.
    #[serde(default, rename = "match")]
    pub matcher: Matcher,
    /// How often; `None` is for ever.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub effect: Effect,
}

/// Which requests a fault meets.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matcher {
    /// The forge's name.
    pub forge: Option<String>,
    /// `GET`, `POST`, …
    pub method: Option<String>,
    /// How the path begins.
    pub path_prefix: Option<String>,
    /// What path or query contain.
    pub path_contains: Option<String>,
    /// The GraphQL operation.
    pub operation: Option<String>,
    /// `owner/name`, in the path or in the variables of a query.
    pub repo: Option<String>,
}

/// What goes wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Effect {
    Latency {
        ms: u64,
    },
    Status {
        status: u16,
        #[serde(default)]
        body: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    Cut {
        at: usize,
    },
    Drop,
    DropAfter,
    Unauthorized,
    Forbidden {
        #[serde(default)]
        permissions: Option<String>,
    },
    Sso {
        url: String,
    },
    RateLimit,
    Secondary {
        retry_after: Option<u64>,
    },
    Stale {
        seconds: Option<u64>,
    },
    Partial {
        #[serde(default, rename = "type")]
        error: Option<String>,
        #[serde(default)]
        message: Option<String>,
    },
    Refuse,
    Redirect {
        to: String,
        #[serde(default)]
        status: Option<u16>,
    },
    Hang,
}

/// A repository that a GraphQL answer leaves null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialError {
    /// `owner/name`.
    pub repo: String,
    /// GraphQL's `type`.
    pub error: String,
    /// The message; empty means GitHub's own.
    pub message: String,
}

/// What a matcher is held against.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The forge's name.
    pub forge: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path, `/api/v3` taken off.
    pub path: &'a str,
    /// Path and query.
    pub full: &'a str,
    /// The GraphQL operation.
    pub operation: Option<&'a str>,
    /// The body.
    pub body: &'a str,
    /// The repository that a number in the path names, where paths have numbers.
    pub project: Option<&'a str>,
}

impl Matcher {
    fn meets(&self, asked: Asked<'_>) -> bool {
        let same = |want: &Option<String>, is: &str| {
            want.as_ref().is_none_or(|it| it.eq_ignore_ascii_case(is))
        };
        same(&self.forge, asked.forge)
            && same(&self.method, asked.method)
            && self
                .path_prefix
                .as_ref()
                .is_none_or(|it| asked.path.starts_with(it.as_str()))
            && self
                .path_contains
                .as_ref()
                .is_none_or(|it| asked.full.contains(it.as_str()))
            && self
                .operation
                .as_ref()
                .is_none_or(|it| asked.operation == Some(it.as_str()))
            && self.repo.as_ref().is_none_or(|it| concerns(it, asked))
    }
}

fn concerns(repo: &str, asked: Asked<'_>) -> bool {
    let root = format!("/repos/{repo}");
    let rest = asked.path.strip_prefix(root.as_str());
    if rest.is_some_and(|it| it.is_empty() || it.starts_with('/')) {
        return true;
    }
    // GitLab's way, by path or by number.
    if let Some(project) = asked.path.strip_prefix("/projects/") {
        let project = project.split('/').next().unwrap_or_default();
        let named = decode(project).eq_ignore_ascii_case(repo);
        return named
            || asked
                .project
                .is_some_and(|it| it.eq_ignore_ascii_case(repo));
    }
    let name = repo.rsplit('/').next().unwrap_or(repo);
    let named = |it: &str| asked.body.contains(&format!("\"{it}\""));
    asked.path.ends_with("/graphql") && (named(name) || named(repo))
}

#[derive(Debug)]
struct Standing {
    id: u64,
    fault: Fault,
    left: Option<u32>,
    // What each forge looked like, for stale reads, oldest first.
    past: HashMap<Arc<str>, VecDeque<(Timestamp, Arc<State>)>>,
}

/// The faults in force.
#[derive(Debug, Default)]
pub struct Faults {
    standing: Vec<Standing>,
    last: u64,
}

impl Faults {
    /// Puts a fault in force; `states` are what stale reads go back to.
    pub fn inject(&mut self, fault: Fault, now: Timestamp, states: Vec<Arc<State>>) -> u64 {
        self.last += 1;
        let left = fault.times;
        let past = states
            .into_iter()
            .map(|it| (it.name.clone(), VecDeque::from([(now, it)])));
        self.standing.push(Standing {
            id: self.last,
            fault,
            left,
            past: past.collect(),
        });
        self.last
    }

    /// Says whether nobody is to listen on a forge's port.
    pub fn refuses(&self, forge: &str) -> bool {
        self.standing.iter().any(|it| {
            let Matcher {
                forge: meant,
                method: None,
                path_prefix: None,
                path_contains: None,
                operation: None,
                repo: None,
            } = &it.fault.matcher
            else {
                return false;
            };
            let whole = meant
                .as_ref()
                .is_none_or(|it| it.eq_ignore_ascii_case(forge));
            whole && it.fault.times.is_none() && matches!(it.fault.effect, Effect::Refuse)
        })
    }

    /// Takes one fault away, and says whether it was there.
    pub fn lift(&mut self, id: u64) -> bool {
        let before = self.standing.len();
        self.standing.retain(|it| it.id != id);
        self.standing.len() < before
    }

    /// Takes all faults away.
    pub fn clear(&mut self) {
        self.standing.clear();
    }

    /// How many are in force.
    pub fn len(&self) -> usize {
        self.standing.len()
    }

    /// Says whether none is in force.
    pub fn is_empty(&self) -> bool {
        self.standing.is_empty()
    }

    /// The effects that a request meets, in the order they were ordered; each use counts.
    pub fn meet(&mut self, asked: Asked<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for it in &mut self.standing {
            let partial = matches!(
                it.fault.effect,
                Effect::Partial { .. } | Effect::Stale { .. }
            );
            if partial || !it.fault.matcher.meets(asked) {
                continue;
            }
            if it.left == Some(0) {
                continue;
            }
            it.left = it.left.map(|left| left - 1);
            effects.push(it.fault.effect.clone());
        }
        self.standing.retain(|it| it.left != Some(0));
        effects
    }

    /// The repositories that a GraphQL query is to answer with errors.
    pub fn partial(&mut self, asked: Asked<'_>) -> Vec<PartialError> {
        let mut errors = Vec::new();
        for it in &mut self.standing {
            let Effect::Partial { error, message } = &it.fault.effect else {
                continue;
            };
            let Some(repo) = &it.fault.matcher.repo else {
                continue;
            };
            if it.left == Some(0) || !it.fault.matcher.meets(asked) {
                continue;
            }
            it.left = it.left.map(|left| left - 1);
            errors.push(PartialError {
                repo: repo.clone(),
                error: error.clone().unwrap_or_else(|| "NOT_FOUND".to_owned()),
                message: message.clone().unwrap_or_default(),
            });
        }
        self.standing.retain(|it| it.left != Some(0));
        errors
    }

    /// The states that a read gets: those of `current`, or older ones if a fault says so.
    pub fn as_seen(
        &mut self,
        asked: Asked<'_>,
        now: Timestamp,
        current: &[Arc<State>],
    ) -> Vec<Arc<State>> {
        let mut seen = current.to_vec();
        for it in &mut self.standing {
            let Effect::Stale { seconds } = it.fault.effect else {
                continue;
            };
            if it.left == Some(0) || !it.fault.matcher.meets(asked) {
                continue;
            }
            it.left = it.left.map(|left| left - 1);
            for (seen, current) in seen.iter_mut().zip(current) {
                let past = it.past.entry(current.name.clone()).or_default();
                if let Some(seconds) = seconds {
                    past.push_back((now, current.clone()));
                    let ago = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
                    let until = now.saturating_sub(ago).unwrap_or(Timestamp::MIN);
                    while past.get(1).is_some_and(|(at, _)| *at <= until) {
                        past.pop_front();
                    }
                }
                if let Some((_, old)) = past.front() {
                    *seen = old.clone();
                }
            }
        }
        self.standing.retain(|it| it.left != Some(0));
        seen
    }
}
