//! What a hold's brakes have come to: effective, pending or advisory only, each with its proof.

use jiff::Timestamp;
use serde::Serialize;

use super::{Case, Mark, Reading, Standing, Tried, Way, is_labelled, leftovers, name};
use crate::domain::observed::Fact;

/// Whether the forge stops what a hold stops. In the order in which one spoils a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Read back from the forge.
    Effective,
    /// Nothing on the forge stops it, or not as far as the forge says.
    #[serde(rename = "advisory only")]
    Advisory,
    /// On its way, or not read back yet.
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
}

/// What the brakes of a cell have come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Effective only if every way is.
    pub effect: Effect,
    pub proofs: Vec<Proof>,
    /// Nothing holds the cell any more, and this is what is left of its brakes.
    pub left: bool,
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
    let effect = proofs.iter().map(|proof| proof.effect).max();
    Some(Bound {
        // Without any way, a hold is a word among gonogos.
        effect: effect.unwrap_or(Effect::Advisory),
        proofs,
        left: false,
    })
}

fn proof(way: Way, effect: Effect, says: impl Into<String>, at: Option<Timestamp>) -> Proof {
    Proof {
        way,
        effect,
        says: says.into(),
        at,
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
            Some(tried) => judge(case, tried),
            None => proof(way, Effect::Pending, "the project is not frozen yet", None),
        },
        Way::Reject => rejection(case),
    }
}

/// What a mark has come to that was wanted, whether it was tried or not.
fn of_mark(case: &Case<'_>, mark: &Mark) -> Proof {
    match case.tried(mark) {
        Some(tried) if tried.standing() != Standing::Lifted => judge(case, tried),
        Some(_) | None if is_labelled(case, mark) => proof(
            mark.way(),
            Effect::Effective,
            format!("{}, which was there before", mark.says()),
            case.facts.and_then(Fact::at),
        ),
        Some(_) | None => proof(
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
            proof(way, Effect::Pending, says, None)
        }
        Standing::OnTheWay => proof(way, Effect::Pending, format!("{what} is on its way"), None),
        Standing::Failed => proof(way, Effect::Advisory, format!("{what}: {}", why()), None),
        Standing::Lifted => proof(way, Effect::Pending, format!("{what} was lifted"), None),
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
    let Some(fact) = case.readings.of(tried) else {
        return proof(
            way,
            Effect::Pending,
            format!("{what} is placed, and not read back yet"),
            None,
        );
    };
    if let Some(fault) = &fact.fault {
        let says = format!("{what} could not be read back: {}", fault.why);
        return proof(way, Effect::Pending, says, fact.at());
    }
    let (effect, says) = match fact.value() {
        Some(Reading::Ours { binds: Some(false) }) => (
            Effect::Advisory,
            format!("{what} is there, but the branch does not require it"),
        ),
        Some(Reading::Ours { .. }) => (Effect::Effective, what),
        Some(Reading::Foreign { says }) => (
            Effect::Advisory,
            format!("{what} was replaced by somebody else: {says}"),
        ),
        Some(Reading::Gone) => (Effect::Advisory, format!("{what} is gone from the forge")),
        None => (
            Effect::Pending,
            format!("{what} is placed, and not read back yet"),
        ),
    };
    proof(way, effect, says, fact.at())
}

/// All pull requests as one: the first that spoils it says why.
fn labels(case: &Case<'_>) -> Proof {
    let Some(facts) = case.facts.and_then(Fact::value) else {
        let says = "it is not known yet what is open";
        return proof(Way::Label, Effect::Pending, says, None);
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
    let worst = each.iter().max_by_key(|proof| proof.effect).cloned();
    let Some(mut worst) = worst else {
        let says = "no pull request is open";
        let at = case.facts.and_then(Fact::at);
        return proof(Way::Label, Effect::Effective, says, at);
    };
    let shown = facts.pull_requests.len() as u64;
    if worst.effect == Effect::Effective {
        worst.says = match each.len() {
            1 => worst.says,
            many => format!("label {label} on {many} pull requests"),
        };
        worst.at = each.iter().filter_map(|proof| proof.at).min();
        if facts.open_pull_requests > shown {
            worst.effect = Effect::Advisory;
            let more = facts.open_pull_requests - shown;
            worst.says = format!("{}; {more} more are open without it", worst.says);
        }
    }
    worst
}

/// What waits is refused; with nothing waiting there is nothing left to stop.
fn rejection(case: &Case<'_>) -> Proof {
    let environment = case.environment();
    let Some(at) = case.facts.and_then(Fact::at) else {
        let says = "it is not known yet what waits";
        return proof(Way::Reject, Effect::Pending, says, None);
    };
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
        Some((effect, Some(why))) => proof(Way::Reject, effect, why, Some(at)),
        Some((effect, None)) => {
            let says = format!("{} run(s) still wait for {environment}", waiting.len());
            proof(Way::Reject, effect, says, Some(at))
        }
        None => {
            let says = format!("nothing waits for {environment}");
            proof(Way::Reject, Effect::Effective, says, Some(at))
        }
    }
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
