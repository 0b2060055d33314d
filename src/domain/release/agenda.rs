//! The agenda: what a release would move now, and what it would not, hashed so that votes bind to
//! exactly that (S1).

use serde::{Deserialize, Serialize};

use super::dropped::Dropped;
use super::{Item, Release};
use crate::domain::board::{Board, Row};
use crate::domain::ids::{Digest, EnvironmentName, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::revision::Revision;

/// One service going into its environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub service: ServiceName,
    pub environment: EnvironmentName,
    /// From 0.
    pub wave: usize,
    pub from: Option<Revision>,
    pub to: Revision,
}

impl Move {
    /// `api 1.0 > 1.1`.
    pub fn words(&self) -> String {
        let from = self.from.as_ref().map_or("nothing", Revision::label);
        format!("{} {from} > {}", self.service, self.to)
    }
}

/// How one service of a release stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Moves(Move),
    /// What should ship is live already.
    Level(Option<Revision>),
    /// It cannot be said what should move, or it is not what was pinned.
    Stuck(String),
    /// Somebody dropped it: it is no part of what ships, and holds nothing up.
    Dropped(Dropped),
}

/// Everything that a release is about now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agenda {
    /// In the order of the waves.
    pub items: Vec<(ServiceName, Standing)>,
    /// What votes are bound to.
    pub digest: Digest,
}

impl Agenda {
    /// Reads the board, and in the ledger what was dropped.
    pub fn of(release: &Release, board: &Board, ledger: Option<&Ledger>) -> Self {
        let listed = release
            .waves
            .iter()
            .enumerate()
            .flat_map(|(wave, services)| {
                services.iter().filter_map(move |service| {
                    let item = release.items.iter().find(|item| item.service == *service)?;
                    Some((wave, item))
                })
            });
        let items: Vec<(ServiceName, Standing)> = listed
            .map(|(wave, item)| {
                let dropped =
                    ledger.and_then(|ledger| ledger.dropped(&release.name, &item.service));
                let standing = match (dropped, board.row(&item.service)) {
                    (Some(dropped), _) => Standing::Dropped(dropped.clone()),
                    (None, Some(row)) => standing(release, item, wave, row),
                    (None, None) => Standing::Stuck("it is not on the board".to_owned()),
                };
                (item.service.clone(), standing)
            })
            .collect();
        let digest = digest(release, &items);
        Self { items, digest }
    }

    pub fn moves(&self) -> impl Iterator<Item = &Move> {
        self.items
            .iter()
            .filter_map(|(_, standing)| match standing {
                Standing::Moves(moved) => Some(moved),
                Standing::Level(_) | Standing::Stuck(_) | Standing::Dropped(_) => None,
            })
    }

    /// Returns what does not move, and why.
    pub fn skipped(&self) -> impl Iterator<Item = (&ServiceName, String)> {
        self.items
            .iter()
            .filter_map(|(service, standing)| match standing {
                Standing::Moves(_) => None,
                Standing::Level(Some(live)) => Some((service, format!("{live} is live already"))),
                Standing::Level(None) => Some((service, "there is nothing to promote".to_owned())),
                Standing::Stuck(why) => Some((service, why.clone())),
                Standing::Dropped(dropped) => Some((service, dropped.words())),
            })
    }

    /// Returns what cannot move as it should, and why: nothing starts with one of these.
    pub fn stuck(&self) -> impl Iterator<Item = (&ServiceName, &str)> {
        self.items
            .iter()
            .filter_map(|(service, standing)| match standing {
                Standing::Stuck(why) => Some((service, why.as_str())),
                Standing::Moves(_) | Standing::Level(_) | Standing::Dropped(_) => None,
            })
    }

    /// What it is, in words, so that a void vote can show the difference.
    pub fn words(&self) -> String {
        let words: Vec<String> = self
            .items
            .iter()
            .map(|(service, standing)| match standing {
                Standing::Moves(moved) => moved.words(),
                Standing::Level(_) => format!("{service} stays"),
                Standing::Stuck(_) => format!("{service} stuck"),
                Standing::Dropped(_) => format!("{service} dropped"),
            })
            .collect();
        words.join(", ")
    }
}

fn standing(release: &Release, item: &Item, wave: usize, row: &Row) -> Standing {
    let environment = &release.environment;
    let Some(cell) = row.cell(environment) else {
        return Standing::Stuck(format!("it has no environment {environment}"));
    };
    if row.facts.value().is_none() {
        return Standing::Stuck("it has not been read yet".to_owned());
    }
    let pinned = item.pin.is_some();
    let live = cell.live.as_ref();
    match &cell.candidate {
        _ if pinned && live.is_some_and(|live| item.takes(live)) => Standing::Level(live.cloned()),
        Some(candidate) if item.takes(candidate) => Standing::Moves(Move {
            service: item.service.clone(),
            environment: environment.clone(),
            wave,
            from: cell.live.clone(),
            to: candidate.clone(),
        }),
        Some(candidate) => Standing::Stuck(format!(
            "{} is pinned, the candidate is {candidate}",
            item.pin.as_deref().unwrap_or_default()
        )),
        None if pinned => Standing::Stuck(format!(
            "{} is pinned, and there is no candidate",
            item.pin.as_deref().unwrap_or_default()
        )),
        None => Standing::Level(cell.live.clone()),
    }
}

/// The waves are part of what is agreed on: another order is another release.
fn digest(release: &Release, items: &[(ServiceName, Standing)]) -> Digest {
    let mut parts = vec![release.name.as_str(), release.environment.as_str()];
    for wave in &release.waves {
        parts.push("wave");
        parts.extend(wave.iter().map(ServiceName::as_str));
    }
    for (service, standing) in items {
        parts.push(service.as_str());
        match standing {
            Standing::Moves(Move { from, to, .. }) => {
                parts.push(from.as_ref().map_or("", |from| from.sha.as_str()));
                parts.push(to.sha.as_str());
            }
            Standing::Level(_) => parts.push("level"),
            Standing::Stuck(_) => parts.push("stuck"),
            Standing::Dropped(_) => parts.push("dropped"),
        }
    }
    Digest::of(parts)
}
