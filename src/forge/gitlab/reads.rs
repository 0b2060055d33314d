//! Batched reads: which projects are asked together, and which answer is whose.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::board::{self, Base};
use super::query::MOST_ENVIRONMENTS;
use super::reply::{Projects, Reply};
use super::{GitLab, QUERIES, pulse, query};
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{EnvironmentName, RepoPath};
use crate::domain::policy::EnvironmentModel;
use crate::domain::text::clean;
use crate::forge::batch::{Part, sweep};
use crate::forge::error::{Error, Refusal};
use crate::forge::http::limiter::Purpose;
use crate::forge::{Batch, Target};

/// Services of one query have these in common, since its arguments hold for all of them.
type Alike<'t> = (Option<String>, &'t [EnvironmentName]);

impl GitLab {
    pub(super) async fn read_pulse(&self, targets: &[Target]) -> Batch<Pulse> {
        let asked = targets;
        let there: Vec<Target> = targets.iter().map(|it| self.where_now(it)).collect();
        let targets = there.as_slice();
        let mut groups: BTreeMap<Alike<'_>, Vec<usize>> = BTreeMap::new();
        for (index, target) in targets.iter().enumerate() {
            let branch = target.branch.clone();
            let branch = branch.or_else(|| self.memory.project(&target.repo).default_branch);
            let own = match target.model {
                EnvironmentModel::Native => target.environments.as_slice(),
                // What stands for them is read beside.
                _ => &[],
            };
            groups.entry((branch, own)).or_default().push(index);
        }
        let mut answers: BTreeMap<usize, Result<Pulse, Error>> = BTreeMap::new();
        for ((branch, environments), members) in groups {
            let (members, branch) = (&members, &branch);
            let read = sweep(
                &self.pulse_size,
                members.len(),
                self.rest.limits().concurrency,
                |batch| async move {
                    let picked = pick(targets, members, &batch);
                    self.ask_pulse(&picked, branch.as_deref(), environments)
                        .await
                },
            )
            .await;
            answers.extend(members.iter().copied().zip(read));
        }
        let modelled: Vec<Result<Pulse, Error>> = stream::iter(answers)
            .map(|(place, answer)| async move {
                let target = targets.get(place).ok_or_else(missing)?;
                self.model_pulse(target, answer?).await
            })
            .buffered(self.rest.limits().concurrency.max(1))
            .collect()
            .await;
        self.batch(asked, modelled)
    }

    /// The service under the path that its project has now, if the last whole read found it moved.
    fn where_now(&self, target: &Target) -> Target {
        let moved = self.memory.project(&target.repo).moved_to;
        Target {
            repo: moved.unwrap_or_else(|| target.repo.clone()),
            ..target.clone()
        }
    }

    pub(super) async fn read_board(&self, targets: &[Target]) -> Batch<ServiceFacts> {
        let all: Vec<usize> = (0..targets.len()).collect();
        let all = &all;
        let bases = sweep(
            &self.board_size,
            targets.len(),
            self.rest.limits().concurrency,
            |batch| async move { self.ask_board(&pick(targets, all, &batch)).await },
        )
        .await;
        // By place: what is borrowed from a stream's items cannot be named across an await.
        let answers = stream::iter(bases.into_iter().enumerate())
            .map(|(place, base)| async move {
                let target = targets.get(place).ok_or_else(missing)?;
                // A path that answers by itself is nobody's old one.
                if base.is_ok() {
                    self.memory
                        .note(&target.repo, |known| known.moved_to = None);
                }
                let base = match base {
                    // Hidden, gone, or somewhere else now.
                    Err(error) if error.kind() == FaultKind::NotFound => {
                        self.moved(target, error).await?
                    }
                    base => base?,
                };
                self.complete(base, target).await
            })
            .buffered(self.rest.limits().concurrency.max(1))
            .collect()
            .await;
        self.batch(targets, answers)
    }

    async fn ask_board(&self, targets: &[&Target]) -> Result<Vec<Part<Base>>, Error> {
        let variables = json!({ "paths": paths(targets), "target": null });
        let found = self.ask(Purpose::Poll, query::board, &variables).await?;
        let gaps: HashMap<usize, String> = found
            .troubles
            .iter()
            .filter_map(|trouble| Some((trouble.place()?, trouble.message())))
            .collect();
        let mut by_path = HashMap::new();
        for (place, node) in found.nodes.into_iter().enumerate() {
            if let Some(path) = full_path(&node) {
                by_path.insert(path, (place, node));
            }
        }
        let parts = targets.iter().map(|target| {
            let Some((place, node)) = by_path.get(&same(&target.repo)) else {
                return Part::Done(Err(missing()));
            };
            let mut base = board::base(node.clone());
            if let (Ok(base), Some(gap)) = (&mut base, gaps.get(place)) {
                base.gaps.push(gap.clone());
            }
            Part::Done(base)
        });
        Ok(parts.collect())
    }

    async fn ask_pulse(
        &self,
        targets: &[&Target],
        branch: Option<&str>,
        environments: &[EnvironmentName],
    ) -> Result<Vec<Part<Pulse>>, Error> {
        let variables = json!({ "paths": paths(targets), "ref": branch, "target": null });
        let found = self.ask(Purpose::Poll, query::pulse, &variables).await?;
        let mut by_path: HashMap<String, Value> = keyed(found);
        let mut beside: Vec<(&[EnvironmentName], HashMap<String, Value>)> = Vec::new();
        for names in environments.chunks(MOST_ENVIRONMENTS) {
            let mut variables = json!({ "paths": paths(targets) });
            for (place, name) in names.iter().enumerate() {
                variables[format!("e{place}")] = json!(name);
            }
            let text = |lacking: &BTreeSet<String>| query::environments(names, lacking);
            beside.push((
                names,
                keyed(self.ask(Purpose::Poll, text, &variables).await?),
            ));
        }
        let parts = targets.iter().map(|target| {
            let path = same(&target.repo);
            let Some(node) = by_path.remove(&path) else {
                return Part::Done(Err(missing()));
            };
            let beside: Vec<(&[EnvironmentName], &Map<String, Value>)> = beside
                .iter()
                .filter_map(|(names, nodes)| Some((*names, nodes.get(&path)?.as_object()?)))
                .collect();
            Part::Done(pulse::pulse(
                node,
                &beside,
                &self.memory.project(&target.repo),
            ))
        });
        Ok(parts.collect())
    }

    /// Asks for a project that a batch did not answer by its path: one that was renamed answers by
    /// redirect, under its new path.
    async fn moved(&self, target: &Target, error: Error) -> Result<Base, Error> {
        let project = self.read_project(Purpose::Look, &target.repo).await?;
        let now = RepoPath::from(clean(&project.path_with_namespace));
        if same(&now) == same(&target.repo) {
            return Err(error);
        }
        self.memory
            .note(&target.repo, |known| known.moved_to = Some(now.clone()));
        let there = Target {
            repo: now,
            ..target.clone()
        };
        match self.ask_board(&[&there]).await?.pop() {
            Some(Part::Done(base)) => base,
            Some(Part::TooHeavy(error)) => Err(error),
            None => Err(error),
        }
    }

    /// Asks a query about projects. A server that does not know some of it is asked once what it
    /// knows, and from then on for that.
    async fn ask(
        &self,
        purpose: Purpose,
        text: impl Fn(&BTreeSet<String>) -> String,
        variables: &Value,
    ) -> Result<Projects, Error> {
        let known = self.memory.known().lacking.clone();
        let lacking = known.clone().unwrap_or_default();
        let reply = self.post(purpose, &text(&lacking), variables).await?;
        let reply = if known.is_none() && reply.is_of_version() {
            let lacking = self.shape(purpose).await?;
            self.memory.known().lacking = Some(lacking.clone());
            self.post(purpose, &text(&lacking), variables).await?
        } else {
            reply
        };
        let found = reply.projects()?;
        if let Some(weight) = found.complexity {
            tracing::debug!(
                score = weight.score,
                limit = weight.limit,
                "a query weighed"
            );
        }
        Ok(found)
    }

    async fn post(&self, purpose: Purpose, text: &str, variables: &Value) -> Result<Reply, Error> {
        self.rest
            .query(purpose, QUERIES, text, variables)
            .await?
            .json()
    }

    /// Asks which of the fields that can be left out a server has. One that does not tell is asked
    /// for none of them.
    async fn shape(&self, purpose: Purpose) -> Result<BTreeSet<String>, Error> {
        let answer = self
            .rest
            .query(purpose, QUERIES, query::SHAPE, &json!({}))
            .await?;
        let shape: Shape = answer.json()?;
        let known = shape.data.unwrap_or_default();
        let has = |what: &String| {
            let (kind, name) = what.split_once('.').unwrap_or((what, ""));
            let names = known.get(kind).and_then(Option::as_ref);
            names.is_some_and(|names| names.has(name))
        };
        Ok(query::optional()
            .into_iter()
            .filter(|what| !has(what))
            .collect())
    }

    fn batch<T>(&self, targets: &[Target], answers: Vec<Result<T, Error>>) -> Batch<T> {
        let answers = targets
            .iter()
            .zip(answers)
            .map(|(target, answer)| {
                let answer =
                    answer.map_err(|error| self.fault(&error, format!("reading {}", target.repo)));
                (target.service.clone(), answer)
            })
            .collect();
        Batch { answers }
    }
}

/// What a server says of its types.
#[derive(Deserialize)]
struct Shape {
    data: Option<HashMap<String, Option<Names>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    fields: Option<Vec<Named>>,
    enum_values: Option<Vec<Named>>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Names {
    fn has(&self, name: &str) -> bool {
        let mut names = self.fields.iter().chain(&self.enum_values).flatten();
        names.any(|known| known.name == name)
    }
}

fn pick<'t>(targets: &'t [Target], members: &[usize], batch: &[usize]) -> Vec<&'t Target> {
    batch
        .iter()
        .filter_map(|place| targets.get(*members.get(*place)?))
        .collect()
}

/// Two services may stand in one project; GitLab wants no path twice.
fn paths<'t>(targets: &[&'t Target]) -> BTreeSet<&'t str> {
    targets.iter().map(|target| target.repo.as_str()).collect()
}

/// Paths differ from each other by more than case.
fn same(repo: &RepoPath) -> String {
    repo.as_str().to_lowercase()
}

fn full_path(node: &Value) -> Option<String> {
    Some(node.get("fullPath")?.as_str()?.to_lowercase())
}

/// The order of the answer is the forge's own.
fn keyed(found: Projects) -> HashMap<String, Value> {
    let nodes = found.nodes.into_iter();
    nodes
        .filter_map(|node| Some((full_path(&node)?, node)))
        .collect()
}

/// A project that does not exist, or that the token may not see, is simply not there.
fn missing() -> Error {
    Error::Refused(Box::new(Refusal {
        status: 404,
        kind: FaultKind::NotFound,
        why: "there is no such project, or the token may not see it".to_owned(),
        hint: Some("check the path with all its groups, and that the token may read it".to_owned()),
        request: None,
        retry_at: None,
        says_why: true,
    }))
}
