//! A run of a release: the moves that were agreed on, and what comes next. A wave starts when the
//! one before is verified; a failure starts nothing more and undoes nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::agenda::Move;
use crate::domain::ids::{Digest, InstanceId, Person, ReleaseName, ReleaseRunId, ServiceName};

/// A started release, frozen as it was agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: ReleaseRunId,
    pub release: ReleaseName,
    /// `Agenda::digest` at the start.
    pub digest: Digest,
    /// In the order of the waves.
    pub moves: Vec<Move>,
    /// What it was to move and leaves behind since it was dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Move>,
    pub by: Person,
    /// Which running gonogo carries it on. After a crash a person hands it to another.
    pub driver: InstanceId,
    pub started_at: Timestamp,
    pub ended: Option<Ended>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub how: Ending,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum Ending {
    Shipped,
    /// Something failed. What was done stays.
    Stopped {
        why: String,
    },
    /// A person ended it.
    Cancelled {
        why: String,
    },
}

impl Ending {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Stopped { .. } => "stopped",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

impl Run {
    pub fn has_shipped(&self) -> bool {
        let ended = self.ended.as_ref();
        ended.is_some_and(|ended| ended.how == Ending::Shipped)
    }
}

/// How one move stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Ready,
    /// A gate or a hold is in the way; it says which.
    Blocked(String),
    InFlight,
    /// Live and verified.
    Arrived,
    Failed(String),
}

/// What a run does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// These go; the others of the wave say why not (P9).
    Promote(Vec<&'a Move>),
    /// Something is on its way or in the way.
    Wait {
        wave: usize,
        why: Vec<(&'a ServiceName, String)>,
    },
    Stop(String),
    Shipped,
}

/// Decides what comes next.
///
/// 1. After a failure nothing more starts; once nothing is in flight any more, the run stops.
/// 2. Else the first wave that has not wholly arrived goes on: what is ready is promoted.
/// 3. Nothing left: shipped.
pub fn next(moves: &[Move], progress: impl Fn(&Move) -> Progress) -> Next<'_> {
    let standing: Vec<(&Move, Progress)> =
        moves.iter().map(|moved| (moved, progress(moved))).collect();
    let failed = standing
        .iter()
        .find_map(|(moved, progress)| match progress {
            Progress::Failed(why) => Some(format!("{}: {why}", moved.service)),
            Progress::Ready | Progress::Blocked(_) | Progress::InFlight | Progress::Arrived => None,
        });
    let in_flight: Vec<(&ServiceName, String)> = standing
        .iter()
        .filter(|(_, progress)| *progress == Progress::InFlight)
        .map(|(moved, _)| (&moved.service, "on its way".to_owned()))
        .collect();
    let unfinished = standing
        .iter()
        .filter(|(_, progress)| *progress != Progress::Arrived)
        .map(|(moved, _)| moved.wave)
        .min();
    let Some(wave) = unfinished else {
        return Next::Shipped;
    };
    if let Some(why) = failed {
        return if in_flight.is_empty() {
            Next::Stop(why)
        } else {
            Next::Wait {
                wave,
                why: in_flight,
            }
        };
    }
    let of_wave = || standing.iter().filter(|(moved, _)| moved.wave == wave);
    let ready: Vec<&Move> = of_wave()
        .filter(|(_, progress)| *progress == Progress::Ready)
        .map(|(moved, _)| *moved)
        .collect();
    if !ready.is_empty() {
        return Next::Promote(ready);
    }
    let why = of_wave()
        .filter_map(|(moved, progress)| match progress {
            Progress::Blocked(why) => Some((&moved.service, why.clone())),
            Progress::InFlight => Some((&moved.service, "on its way".to_owned())),
            Progress::Ready | Progress::Arrived | Progress::Failed(_) => None,
        })
        .collect();
    Next::Wait { wave, why }
}

/// Returns the order in which to go back: what failed first, then what arrived, the last wave first.
pub fn rollback_order(moves: &[Move], progress: impl Fn(&Move) -> Progress) -> Vec<&Move> {
    let mut back: Vec<(bool, &Move)> = moves
        .iter()
        .filter_map(|moved| match progress(moved) {
            Progress::Failed(_) => Some((true, moved)),
            Progress::Arrived => Some((false, moved)),
            Progress::Ready | Progress::Blocked(_) | Progress::InFlight => None,
        })
        .collect();
    back.sort_by_key(|(failed, moved)| (!failed, std::cmp::Reverse(moved.wave)));
    back.into_iter().map(|(_, moved)| moved).collect()
}
