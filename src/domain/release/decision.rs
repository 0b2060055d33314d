//! The decision on a release: what votes are bound to, how they add up, and what is in the way of
//! starting it. Nothing is started here.

use jiff::Timestamp;

use super::Release;
use super::agenda::{self, Agenda};
use super::prognosis::{Prognosis, Wave};
use super::run::{Ending, Run};
use crate::domain::board::Board;
use crate::domain::gate::Go;
use crate::domain::ids::{Digest, Person, RoleName, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::policy::Policy;
use crate::domain::signoff::{Ballot, Closings, ReleaseVote, Standing, Tally, Voice};

/// How a release stands before the people who decide on it.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    pub agenda: Agenda,
    /// The run that goes on, if one does.
    pub run: Option<&'a Run>,
    /// The run that has shipped it, while nothing newer is there to ship.
    pub shipped: Option<&'a Run>,
    /// What votes are bound to: the agenda, or, while it runs and once it has shipped, what was
    /// agreed on at its start.
    pub bound: Digest,
    /// That in words.
    pub words: String,
    pub tally: Tally<'a>,
    /// Whether it may start now; of one that runs, whether it may go on.
    pub go: Go,
    /// What is in the way, a sentence each.
    pub why: Vec<String>,
    /// What should ship and cannot: it holds the release up until it is skipped.
    pub stuck: Vec<ServiceName>,
    /// When its window closes and has closed, of one that has a window and has not shipped.
    pub closings: Option<Closings<'a>>,
}

impl<'a> Decision<'a> {
    /// Adds everything up at `now`. Without a ledger nobody knows who voted.
    pub fn of(
        release: &'a Release,
        board: &Board,
        ledger: Option<&'a Ledger>,
        policy: &'a Policy,
        now: Timestamp,
    ) -> Self {
        let agenda = Agenda::of(release, board, ledger);
        let run = ledger.and_then(|ledger| ledger.open_run(&release.name));
        let left = is_left(&agenda);
        let shipped = ledger
            .and_then(|ledger| ledger.last_run(&release.name))
            .filter(|run| !left && run.has_shipped());
        let (bound, words) = match run.or(shipped) {
            Some(run) => (run.bound(), run.words()),
            None => (agenda.digest.clone(), agenda.words()),
        };
        let ballots = ledger
            .into_iter()
            .flat_map(|ledger| ledger.votes_on_release(&release.name))
            .filter(|vote| release.roles.contains(&vote.role))
            .map(ReleaseVote::ballot);
        let (roles, distinct) = (&release.roles, release.distinct);
        // What was agreed on, and has shipped, stays as it was.
        let closings = match shipped {
            None => Closings::of_release(release, &policy.windows, now),
            Some(_) => None,
        };
        let tally = Tally::of(ballots, &bound, roles, distinct, policy, closings.as_ref());
        let mut why = against(&tally, roles);
        let mut go = if tally.is_go() { Go::Go } else { Go::NoGo };
        let mut stuck = Vec::new();
        if run.is_none() {
            for (service, standing) in &agenda.items {
                if let agenda::Standing::Stuck(reason) = standing {
                    stuck.push(service.clone());
                    why.push(format!("{service} is stuck: {reason}"));
                    go = Go::NoGo;
                }
            }
            if !left {
                let why_not = match shipped {
                    Some(_) => "it has shipped, and nothing newer is there",
                    None => "there is nothing to ship",
                };
                why.push(why_not.to_owned());
                go = Go::NoGo;
            }
            let unknown = unknown(release, board, ledger, policy, now);
            if !unknown.is_empty() {
                why.insert(0, unknown);
                go = Go::Unknown;
            }
        }
        if ledger.is_none() {
            why.insert(0, "the journal cannot be read".to_owned());
            go = Go::Unknown;
        }
        Self {
            agenda,
            run,
            shipped,
            bound,
            words,
            tally,
            go,
            why,
            stuck,
            closings,
        }
    }
}

impl Decision<'_> {
    /// Whether somebody still has to decide on it: it neither runs nor has shipped, and there is something
    /// to ship.
    pub fn is_open(&self) -> bool {
        self.run.is_none() && self.shipped.is_none() && is_left(&self.agenda)
    }

    /// What the votes have against it.
    pub fn against(&self, release: &Release) -> Vec<String> {
        against(&self.tally, &release.roles)
    }

    /// When the first go that it rests on ends with the window, where policy says that it does.
    pub fn goes_until(&self) -> Option<Timestamp> {
        self.tally.counts_until(self.closings.as_ref()?)
    }

    /// The first wave, from 0, that starts after a go has ended with the window, and when that ends: the
    /// roles vote again before it.
    pub fn lapses(&self, prognosis: &Prognosis) -> Option<(usize, Timestamp)> {
        let until = self.goes_until()?;
        let late = |wave: &&Wave| wave.starts.is_some_and(|starts| starts >= until);
        let wave = prognosis.waves.iter().find(late)?;
        Some((wave.number, until))
    }

    /// When the window closed after a vote that counts all the same.
    pub fn closed_since(&self, ballot: &Ballot<'_>) -> Option<Timestamp> {
        self.closings.as_ref()?.since(ballot.at)
    }

    /// The verdict in a word: of what has shipped and has nothing newer, that.
    pub fn word(&self) -> &'static str {
        match self.shipped {
            Some(_) => Ending::Shipped.word(),
            None => self.go.word(),
        }
    }
}

/// What votes on a release are bound to now, and that in words; the name of a service that has not been
/// read, without which nobody can tell.
pub fn bound(
    release: &Release,
    board: &Board,
    ledger: &Ledger,
) -> Result<(Digest, String), ServiceName> {
    if let Some(run) = ledger.open_run(&release.name) {
        return Ok((run.bound(), run.words()));
    }
    let unread = release.kept(Some(ledger)).find(|item| {
        let row = board.row(&item.service);
        row.is_none_or(|row| row.facts.value().is_none())
    });
    if let Some(unread) = unread {
        return Err(unread.service.clone());
    }
    let agenda = Agenda::of(release, board, Some(ledger));
    let shipped = ledger
        .last_run(&release.name)
        .filter(|run| run.has_shipped() && !is_left(&agenda));
    Ok(match shipped {
        Some(run) => (run.bound(), run.words()),
        None => (agenda.digest.clone(), agenda.words()),
    })
}

/// Says whether something of it is still to ship.
fn is_left(agenda: &Agenda) -> bool {
    let stuck = |standing: &agenda::Standing| matches!(standing, agenda::Standing::Stuck(_));
    let mut items = agenda.items.iter();
    agenda.moves().next().is_some() || items.any(|(_, standing)| stuck(standing))
}

fn against(tally: &Tally<'_>, roles: &[RoleName]) -> Vec<String> {
    let mut why: Vec<String> = tally
        .against()
        .iter()
        .map(|ballot| {
            format!(
                "{} says no-go as {}: {}",
                ballot.person, ballot.role, ballot.note
            )
        })
        .collect();
    let missing: Vec<&str> = tally.missing().iter().map(|role| role.as_str()).collect();
    if !missing.is_empty() {
        let gone = tally.withdrawn_words(roles);
        let gone = gone.map_or_else(String::new, |gone| format!(" ({gone})"));
        why.push(format!("no go of {}{gone}", missing.join(", ")));
    }
    why
}

/// Names the services of which too little is known to say what would move.
fn unknown(
    release: &Release,
    board: &Board,
    ledger: Option<&Ledger>,
    policy: &Policy,
    now: Timestamp,
) -> String {
    let old: Vec<&str> = release
        .kept(ledger)
        .filter(|item| {
            let row = board.row(&item.service);
            row.is_none_or(|row| {
                row.facts.value().is_none() || row.facts.is_stale(now, policy.max_age)
            })
        })
        .map(|item| item.service.as_str())
        .collect();
    match old.as_slice() {
        [] => String::new(),
        old => format!("facts are missing or too old: {}", old.join(", ")),
    }
}

/// The difference between what a voter saw and what there is now, in words: `-api 1 > 2`,
/// `+api 1 > 3`.
pub fn difference(saw: &str, now: &str) -> Vec<String> {
    let parts = |text: &str| -> Vec<String> {
        let parts = text.split(", ").filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (saw, now) = (parts(saw), parts(now));
    let gone = saw.iter().filter(|part| !now.contains(part));
    let new = now.iter().filter(|part| !saw.contains(part));
    let (stayed, moved): (Vec<_>, Vec<_>) = gone.partition(|part| part.ends_with(" stays"));
    // A run names what it moves: what stays all the while is not gone.
    let stayed = stayed.into_iter().filter(|part| {
        let service = part.split(' ').next().unwrap_or_default();
        let mut others = now.iter().filter_map(|part| part.split(' ').next());
        others.any(|other| other == service)
    });
    let mut told: Vec<String> = moved.into_iter().map(|part| format!("-{part}")).collect();
    told.extend(stayed.map(|part| format!("-{part}")));
    told.extend(new.map(|part| format!("+{part}")));
    if told.is_empty() {
        told.push("the order or the environment is another".to_owned());
    }
    told
}

/// What one required role has said.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    Go(Ballot<'a>),
    NoGo(Ballot<'a>),
    /// What was voted on has changed since (S1).
    Void(Ballot<'a>),
    /// Its caster no longer has the role (S2).
    NotAMember(Ballot<'a>),
    /// Its window closed then, and policy keeps no go beyond that (W5).
    Withdrawn(Ballot<'a>, Timestamp),
    Nothing,
}

impl<'a> Said<'a> {
    pub fn ballot(self) -> Option<Ballot<'a>> {
        match self {
            Self::Go(ballot)
            | Self::NoGo(ballot)
            | Self::Void(ballot)
            | Self::NotAMember(ballot)
            | Self::Withdrawn(ballot, _) => Some(ballot),
            Self::Nothing => None,
        }
    }
}

impl<'a> Decision<'a> {
    /// What each required role has said, in the order of the config.
    pub fn roles(&self) -> Vec<(&'a RoleName, Said<'a>)> {
        let roles = self.tally.roles.iter();
        roles
            .map(|(role, person)| (*role, self.said(role, *person)))
            .collect()
    }

    fn said(&self, role: &RoleName, filled: Option<&Person>) -> Said<'a> {
        let newest = |wanted: Standing, by: &dyn Fn(&Ballot<'_>) -> bool| {
            let ballots = self.tally.ballots.iter();
            ballots
                .filter(|(ballot, standing)| *standing == wanted && by(ballot))
                .map(|(ballot, _)| *ballot)
                .max_by_key(|ballot| ballot.at)
        };
        let own = |ballot: &Ballot<'_>| ballot.role == role;
        let against = |ballot: &Ballot<'_>| own(ballot) && ballot.voice == Voice::NoGo;
        let fills = |ballot: &Ballot<'_>| Some(ballot.person) == filled;
        let withdrawn = || {
            let ballots = self.tally.ballots.iter();
            let gone = ballots.filter_map(|(ballot, standing)| match standing {
                Standing::Withdrawn(at) if own(ballot) => Some((*ballot, *at)),
                _ => None,
            });
            gone.max_by_key(|(ballot, _)| ballot.at)
        };
        newest(Standing::Valid, &against)
            .map(Said::NoGo)
            .or_else(|| newest(Standing::Valid, &fills).map(Said::Go))
            .or_else(|| withdrawn().map(|(ballot, at)| Said::Withdrawn(ballot, at)))
            .or_else(|| newest(Standing::Void, &own).map(Said::Void))
            .or_else(|| newest(Standing::NotAMember, &own).map(Said::NotAMember))
            .unwrap_or(Said::Nothing)
    }
}
