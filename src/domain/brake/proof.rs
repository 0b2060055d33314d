//! What a hold's brakes have come to: effective, pending or advisory only, each with its proof.

use jiff::Timestamp;
use serde::Serialize;

use super::stops::{Stops, stops};
use super::{Binds, Case, Mark, Reading, Standing, Tried, Way, is_labelled, leftovers, name, span};
use crate::domain::facts::ServiceFacts;
use crate::domain::gate::words;
use crate::domain::observed::Fact;
use crate::domain::pipeline::Door;

/// Whether the forge stops what a hold stops. In the order in which one spoils a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Read back from the forge, which refuses what would promote.
    Effective,
    /// Nothing on the forge stops it, or not as far as the forge says.
    #[serde(rename = "advisory only")]
    Advisory,
    /// On its way, not read back yet, or not known to stop anything yet.
    Pending,
}

impl Effect {
    pub fn word(self) -> &'static str {
        match self {
            Self::Effective => "effective",
            Self::Advisory => "advisory only",
            Self::Pending => "pending",
        }
    }
}

/// What one way has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub way: Way,
    pub effect: Effect,
    /// What was read back, or why not.
    pub says: String,
    /// When it was read.
    pub at: Option<Timestamp>,
    /// It is not on the forge as it should be: a person may bind it again.
    pub lacks: bool,
}

/// What the brakes of a cell have come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Effective if one way is: what one of them stops is stopped.
    pub effect: Effect,
    pub proofs: Vec<Proof>,
    /// Nothing holds the cell any more, and this is what is left of its brakes.
    pub left: bool,
}

impl Bound {
    /// Says whether something of it is not on the forge as it should be.
    pub fn lacks(&self) -> bool {
        !self.left && self.proofs.iter().any(|proof| proof.lacks)
    }

    /// Says whether all of it is there, and none of it stops anything.
    pub fn is_seen_alone(&self) -> bool {
        self.effect == Effect::Advisory && !self.proofs.is_empty() && !self.left && !self.lacks()
    }
}

/// Says what the brakes of a cell have come to; `None` if nothing holds it and nothing is left.
pub fn bound(case: &Case<'_>) -> Option<Bound> {
    if case.holds.is_empty() {
        let proofs: Vec<Proof> = leftovers(case)
            .into_iter()
            .map(|tried| leftover(case, tried))
            .collect();
        return (!proofs.is_empty()).then_some(Bound {
            effect: Effect::Pending,
            proofs,
            left: true,
        });
    }
    let mut proofs: Vec<Proof> = case.ways.iter().map(|way| of_way(case, *way)).collect();
    proofs.sort_by_key(|proof| proof.way);
    let mut effects = proofs.iter().map(|proof| proof.effect);
    let effect = if effects.clone().any(|effect| effect == Effect::Effective) {
        Effect::Effective
    } else {
        // Without any way, a hold is a word among gonogos.
        effects.by_ref().max().unwrap_or(Effect::Advisory)
    };
    Some(Bound {
        effect,
        proofs,
        left: false,
    })
}

/// What is not on the forge as it should be.
fn lacking(way: Way, effect: Effect, says: impl Into<String>, at: Option<Timestamp>) -> Proof {
    Proof {
        way,
        effect,
        says: says.into(),
        at,
        lacks: true,
    }
}

fn proof(way: Way, effect: Effect, says: impl Into<String>, at: Option<Timestamp>) -> Proof {
    Proof {
        lacks: false,
        ..lacking(way, effect, says, at)
    }
}

fn of_way(case: &Case<'_>, way: Way) -> Proof {
    match way {
        Way::Status => match case.target {
            Some(target) => of_mark(
                case,
                &Mark::Status {
                    sha: target.sha.clone(),
                    context: name(case.environment()),
                },
            ),
            None => proof(
                way,
                Effect::Pending,
                "it is not known yet what it would be set on",
                None,
            ),
        },
        Way::Label => labels(case),
        Way::Freeze => match case.freeze() {
            Some(tried) if tried.standing() != Standing::Lifted => judge(case, tried),
            Some(_) | None => lacking(way, Effect::Pending, "the project is not frozen yet", None),
        },
        Way::Reject => rejection(case),
    }
}

/// What a mark has come to that was wanted, whether it was tried or not.
fn of_mark(case: &Case<'_>, mark: &Mark) -> Proof {
    match case.tried(mark) {
        Some(tried) if tried.standing() != Standing::Lifted => judge(case, tried),
        Some(_) | None if is_labelled(case, mark) => there(
            case,
            mark.way(),
            format!("{}, which was there before", mark.says()),
            &Binds::Unasked,
            case.facts.and_then(Fact::at),
        ),
        Some(_) | None => lacking(
            mark.way(),
            Effect::Pending,
            format!("{} is not placed yet", mark.says()),
            None,
        ),
    }
}

fn judge(case: &Case<'_>, tried: &Tried<'_>) -> Proof {
    let (way, what) = (tried.mark.way(), tried.mark.says());
    let why = || tried.placing.why.clone().unwrap_or_default();
    match tried.standing() {
        Standing::OnTheWay if tried.placing.state.is_unsettled() && tried.placing.why.is_some() => {
            let says = format!("{what}: the outcome is unknown: {}", why());
            lacking(way, Effect::Pending, says, None)
        }
        Standing::OnTheWay => proof(way, Effect::Pending, format!("{what} is on its way"), None),
        Standing::Failed => lacking(way, Effect::Advisory, format!("{what}: {}", why()), None),
        Standing::Lifted => lacking(way, Effect::Pending, format!("{what} was lifted"), None),
        Standing::Placed if tried.is_being_lifted() => proof(
            way,
            Effect::Pending,
            format!("{what} is being lifted"),
            None,
        ),
        Standing::Placed => read_back(case, tried),
    }
}

fn read_back(case: &Case<'_>, tried: &Tried<'_>) -> Proof {
    let (way, what) = (tried.mark.way(), tried.mark.says());
    let unread = |at| {
        let says = format!("{what} is placed, and not read back yet");
        proof(way, Effect::Pending, says, at)
    };
    let Some(fact) = case.readings.of(tried) else {
        return unread(None);
    };
    if let Some(fault) = &fact.fault {
        let says = format!("{what} could not be read back: {}", fault.why);
        return lacking(way, Effect::Pending, says, fact.at());
    }
    match fact.value() {
        Some(Reading::Ours { .. }) if !span::lasts(case, tried) => {
            let says = ends_too_soon(case, tried);
            lacking(way, Effect::Advisory, says, fact.at())
        }
        Some(Reading::Ours { binds }) => there(case, way, what, binds, fact.at()),
        Some(Reading::Foreign { says }) => {
            let says = format!("{what} was replaced by somebody else: {says}");
            lacking(way, Effect::Advisory, says, fact.at())
        }
        Some(Reading::Gone) => {
            let says = format!("{what} is gone from the forge");
            lacking(way, Effect::Advisory, says, fact.at())
        }
        None => unread(fact.at()),
    }
}

fn ends_too_soon(case: &Case<'_>, tried: &Tried<'_>) -> String {
    let what = tried.mark.says();
    let Some(end) = span::end(tried) else {
        return format!("{what} ends before the hold");
    };
    let left = end.duration_since(case.now);
    if left.is_positive() {
        format!("{what} ends in {}, before the hold", words::span(left))
    } else {
        format!("{what} ended {} ago, before the hold", words::span(-left))
    }
}

/// What is there as it should be: effective only if the forge refuses what would promote.
fn there(case: &Case<'_>, way: Way, what: String, binds: &Binds, at: Option<Timestamp>) -> Proof {
    // Why comes first: it is what has to fit on a narrow screen.
    let (effect, why) = match (stops(way, &case.stage.via), binds) {
        (Stops::Never(why), _) => (Effect::Advisory, why.to_owned()),
        (_, Binds::Yes) | (Stops::WhileNothingWaits, _) => {
            return proof(way, Effect::Effective, what, at);
        }
        (Stops::IfAskedFor, Binds::No { why }) => (Effect::Advisory, why.clone()),
        (Stops::IfAskedFor, Binds::Unread { why }) => (
            Effect::Pending,
            format!("whether a merge asks for it could not be read: {why}"),
        ),
        (Stops::IfAskedFor, Binds::Unasked) => (
            Effect::Pending,
            "whether a merge asks for it is not read yet".to_owned(),
        ),
    };
    let says = format!("{why}; {what} is there");
    proof(way, effect, says, at)
}

/// All pull requests as one: the first that spoils it says why.
fn labels(case: &Case<'_>) -> Proof {
    let way = Way::Label;
    let Some(facts) = case.facts.and_then(Fact::value) else {
        return proof(
            way,
            Effect::Pending,
            "it is not known yet what is open",
            None,
        );
    };
    let requests = case.requests();
    let label = name(case.environment());
    let each: Vec<Proof> = requests
        .iter()
        .map(|request| {
            let mark = Mark::Label {
                number: request.number,
                label: label.clone(),
            };
            of_mark(case, &mark)
        })
        .collect();
    let worst = each.iter().max_by_key(|proof| (proof.lacks, proof.effect));
    let Some(worst) = worst.cloned() else {
        let at = case.facts.and_then(Fact::at);
        let says = "no pull request is open that it would be put on";
        return proof(way, Effect::Advisory, says, at);
    };
    let more = hidden(facts);
    let alone = each.len() == 1 && more == 0;
    if alone || worst.lacks || worst.effect == Effect::Pending {
        return worst;
    }
    let mut what = format!("label {label} on {} pull requests", each.len());
    if more > 0 {
        what = format!("{what}, not on {more} more that are open,");
    }
    let at = each.iter().filter_map(|proof| proof.at).min();
    there(case, way, what, &Binds::Unasked, at)
}

/// How many pull requests are open of which nothing else is known.
fn hidden(facts: &ServiceFacts) -> u64 {
    let shown = facts.pull_requests.len() as u64;
    facts.open_pull_requests.saturating_sub(shown)
}

/// What waits is refused; with nothing waiting there is nothing left to let in.
fn rejection(case: &Case<'_>) -> Proof {
    let way = Way::Reject;
    let environment = case.environment();
    let Some(at) = case.facts.and_then(Fact::at) else {
        return proof(way, Effect::Pending, "it is not known yet what waits", None);
    };
    if let Some(fault) = case.facts.and_then(|facts| facts.fault.as_ref()) {
        let says = format!("what waits could not be read: {}", fault.why);
        return proof(way, Effect::Pending, says, Some(at));
    }
    let waiting = case.rejections();
    let marks = waiting.iter().filter_map(Mark::of);
    let worst = marks
        .map(|mark| match case.tried(&mark) {
            Some(tried) if matches!(tried.standing(), Standing::Failed) => {
                (Effect::Advisory, tried.placing.why.clone())
            }
            Some(_) | None => (Effect::Pending, None),
        })
        .max();
    match worst {
        Some((effect, Some(why))) => lacking(way, effect, why, Some(at)),
        Some((effect, None)) => {
            let says = format!("{} run(s) still wait for {environment}", waiting.len());
            lacking(way, effect, says, Some(at))
        }
        None if jobs_wait(case) => {
            let says = format!("a job waits for {environment}, and cannot be turned away");
            proof(way, Effect::Advisory, says, Some(at))
        }
        None => match stops(way, &case.stage.via) {
            Stops::Never(why) => {
                let says = format!("{why}; nothing waits for {environment}");
                proof(way, Effect::Advisory, says, Some(at))
            }
            Stops::IfAskedFor | Stops::WhileNothingWaits => {
                let says = format!("nothing waits for {environment}");
                proof(way, Effect::Effective, says, Some(at))
            }
        },
    }
}

/// Says whether a job waits that whoever may can start: there is no no to it.
fn jobs_wait(case: &Case<'_>) -> bool {
    let facts = case.facts.and_then(Fact::value);
    let runs = facts.into_iter().flat_map(|facts| &facts.runs);
    runs.flat_map(|run| &run.waiting).any(|waits| {
        waits.environment == *case.environment() && matches!(waits.door, Door::Job { .. })
    })
}

fn leftover(case: &Case<'_>, tried: &Tried<'_>) -> Proof {
    let what = tried.mark.says();
    let lifting = tried.lifting;
    let at = case.readings.of(tried).and_then(Fact::at);
    let says = match lifting {
        Some(lifting) if lifting.state.is_open() => format!("{what} is being lifted"),
        Some(lifting) => {
            let why = lifting.why.clone().unwrap_or_default();
            format!("{what} could not be lifted: {why}")
        }
        None => format!("{what} is not lifted yet"),
    };
    proof(tried.mark.way(), Effect::Pending, says, at)
}
