//! Batched reads: which services are asked together, and which answer is whose.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use futures_util::{StreamExt, stream};
use serde_json::{Map, Value};

use super::query::Query;
use super::reply::{Kind, Reply, Trouble};
use super::{GitHub, board, drafts, labelled, pulse, query, runs};
use crate::domain::capability::Capability;
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::phase::Phase;
use crate::domain::pipeline::Run;
use crate::forge::batch::{Part, sweep};
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::{Batch, Target};

/// What a board says where the token may not read checks one by one.
const NO_CHECKS: &str = "checks: only their sum is readable with this token";

impl GitHub {
    pub(super) async fn read_pulse(&self, targets: &[Target]) -> Batch<Pulse> {
        let counts = targets.iter().any(|target| !target.brief);
        let size = if counts {
            &self.counting_size
        } else {
            &self.pulse_size
        };
        let answers = sweep(
            size,
            targets.len(),
            self.wire.limits().concurrency,
            |batch| async move {
                let picked = pick(targets, &batch);
                let reply = self.ask(Purpose::Poll, &query::pulse(&picked)).await?;
                parts(reply, &picked, |fields, _, target| {
                    pulse::pulse(fields, &target.labels)
                })
            },
        )
        .await;
        let modelling: Vec<_> = targets
            .iter()
            .zip(answers)
            .map(|(target, answer)| async move {
                match answer {
                    Ok(pulse) => self.model_pulse(target, pulse).await,
                    Err(error) => Err(error),
                }
            })
            .collect();
        let answers = stream::iter(modelling)
            .buffered(self.wire.limits().concurrency.max(1))
            .collect()
            .await;
        self.batch(targets, answers)
    }

    pub(super) async fn read_board(&self, targets: &[Target]) -> Batch<ServiceFacts> {
        let answers = sweep(
            &self.board_size,
            targets.len(),
            self.wire.limits().concurrency,
            |batch| async move { self.ask_board(&pick(targets, &batch)).await },
        )
        .await;
        let completing: Vec<_> = targets
            .iter()
            .zip(answers)
            .map(|(target, answer)| async move {
                match answer {
                    Ok(facts) => Ok(self.model(target, self.complete(facts).await).await),
                    Err(error) => Err(error),
                }
            })
            .collect();
        let answers = stream::iter(completing)
            .buffered(self.wire.limits().concurrency.max(1))
            .collect()
            .await;
        self.batch(targets, answers)
    }

    /// Asks for the board of a few services; without single checks those of which the token turns out
    /// not to be allowed to read them.
    async fn ask_board(&self, targets: &[&Target]) -> Result<Vec<Part<ServiceFacts>>, Error> {
        let now = (self.clock)();
        let (mut summed, single): (Vec<usize>, Vec<usize>) =
            (0..targets.len()).partition(|&place| self.hidden.has(&targets[place].repo, now));
        let of = |places: &[usize]| places.iter().map(|&place| targets[place]).collect();
        let mut read = Vec::with_capacity(targets.len());
        if !single.is_empty() {
            let asked: Vec<&Target> = of(&single);
            let reply = self.ask(Purpose::Look, &query::board(&asked, true)).await?;
            let hiding = hiding(reply.errors(), single.len());
            let answers = parts(reply, &asked, |fields, errors, target| {
                facts(fields, errors, target, true)
            })?;
            for (index, (place, answer)) in single.into_iter().zip(answers).enumerate() {
                if hiding.contains(&index) {
                    self.hidden.note(&targets[place].repo, now);
                    summed.push(place);
                } else {
                    read.push((place, answer));
                }
            }
        }
        if !summed.is_empty() {
            let asked: Vec<&Target> = of(&summed);
            let reply = self
                .ask(Purpose::Look, &query::board(&asked, false))
                .await?;
            let answers = parts(reply, &asked, |fields, errors, target| {
                facts(fields, errors, target, false)
            })?;
            read.extend(summed.into_iter().zip(answers));
        }
        read.sort_by_key(|(place, _)| *place);
        Ok(read.into_iter().map(|(_, answer)| answer).collect())
    }

    /// Adds what GraphQL does not tell, only where there may be something to tell.
    async fn complete(&self, mut facts: ServiceFacts) -> ServiceFacts {
        if facts.hidden.contains(&Capability::Checks)
            && let Some(head) = &facts.head
        {
            match runs::of_commit(&self.wire, &facts.repo, &head.sha).await {
                Ok(found) => merge(&mut facts.runs, found),
                Err(error) => facts.gaps.push(format!("runs: {error}")),
            }
        }
        let may_wait = facts
            .environments
            .iter()
            .any(|each| each.required_reviewers)
            || facts
                .deployments
                .iter()
                .any(|each| each.phase == Phase::Gated)
            || facts.runs.iter().any(|run| run.phase == Phase::Gated);
        if may_wait {
            match runs::waiting(&self.wire, &facts.repo).await {
                Ok((found, total)) => {
                    let read = found.len();
                    if total > read as u64 {
                        let gap = format!("waiting runs: more than {read}, {total} in all");
                        facts.gaps.push(gap);
                    }
                    merge(&mut facts.runs, found);
                }
                Err(error) => facts.gaps.push(format!("waiting runs: {error}")),
            }
        }
        if facts.releases.iter().any(drafts::is_open)
            && let Err(error) = drafts::fill(&self.wire, &mut facts).await
        {
            facts.gaps.push(format!("draft releases: {error}"));
        }
        facts
            .runs
            .sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id)));
        facts
    }

    /// Asks a batch, again only for trouble that has nothing to do with its size.
    async fn ask(&self, purpose: Purpose, query: &Query) -> Result<Reply, Error> {
        let mut retry = 0;
        loop {
            let reply = self
                .wire
                .query_once(purpose, &query.text, &query.variables)
                .await;
            match reply {
                Err(error)
                    if error.is_passing()
                        && !error.is_overload()
                        && retry + 1 < self.wire.limits().tries =>
                {
                    tokio::time::sleep(self.wire.limits().retry_delay(retry)).await;
                    retry += 1;
                }
                reply => return reply,
            }
        }
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

    pub(super) fn known(&self) -> std::sync::MutexGuard<'_, super::Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pick<'a>(targets: &'a [Target], batch: &[usize]) -> Vec<&'a Target> {
    batch
        .iter()
        .filter_map(|&index| targets.get(index))
        .collect()
}

/// Says whether an error means that this token may not read single checks or suites.
pub(super) fn hides_checks(error: &Trouble) -> bool {
    error.kind() == Kind::Forbidden
        && ["contexts", "checkSuites", "statusCheckRollup"]
            .iter()
            .any(|field| error.touches(field))
}

/// Which of the aliases of a batch hide their single checks; all, where it is not said which.
fn hiding(errors: &[Trouble], asked: usize) -> BTreeSet<usize> {
    let place = |error: &Trouble| error.alias()?.strip_prefix('r')?.parse::<usize>().ok();
    let mut hiding = BTreeSet::new();
    for error in errors.iter().filter(|error| hides_checks(error)) {
        match place(error) {
            Some(place) => drop(hiding.insert(place)),
            None => hiding.extend(0..asked),
        }
    }
    hiding
}

/// Reads what the board shows of one service; `single` says whether its checks were asked for by name.
fn facts(
    mut fields: Map<String, Value>,
    errors: &[&Trouble],
    target: &Target,
    single: bool,
) -> Result<ServiceFacts, Error> {
    let mut gaps = Vec::new();
    let labelled = labelled::read(&mut fields, &target.labels, &mut gaps);
    let mut facts = board::facts(fields)?;
    facts.labelled = labelled;
    facts.gaps.append(&mut gaps);
    if !target.payloads {
        for deployment in &mut facts.deployments {
            deployment.payload = None;
        }
    }
    if !single {
        facts.gaps.push(NO_CHECKS.to_owned());
        facts.hidden.push(Capability::Checks);
    }
    for error in errors {
        let gap = match error.field() {
            Some(field) => format!("{field}: {}", error.message()),
            None => error.message(),
        };
        if !facts.gaps.contains(&gap) {
            facts.gaps.push(gap);
        }
    }
    Ok(facts)
}

/// Hands each alias its fields and its errors.
fn parts<T>(
    reply: Reply,
    targets: &[&Target],
    read: impl Fn(Map<String, Value>, &[&Trouble], &Target) -> Result<T, Error>,
) -> Result<Vec<Part<T>>, Error> {
    let (mut data, errors) = reply.into_parts()?;
    Ok(targets
        .iter()
        .enumerate()
        .map(|(index, target)| {
            let alias = format!("r{index}");
            let own: Vec<&Trouble> = errors
                .iter()
                .filter(|error| error.alias() == Some(alias.as_str()))
                .collect();
            if let Some(heavy) = own.iter().find(|error| error.kind() == Kind::TooHeavy) {
                return Part::TooHeavy(heavy.to_error());
            }
            match data.remove(&alias) {
                Some(Value::Object(fields)) => {
                    let own: Vec<&Trouble> =
                        own.into_iter().filter(|error| error.is_partial()).collect();
                    Part::Done(read(fields, &own, target))
                }
                _ => Part::Done(Err(own.first().copied().or(errors.first()).map_or_else(
                    || Error::Unreadable("the answer leaves this service out".to_owned()),
                    Trouble::to_error,
                ))),
            }
        })
        .collect())
}

/// Adds runs to runs; of the same one, REST knows more than GraphQL.
fn merge(runs: &mut Vec<Run>, found: Vec<Run>) {
    for run in found {
        runs.retain(|known| known.id != run.id);
        runs.push(run);
    }
}
