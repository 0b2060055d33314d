//! `promote --at`: a promotion that starts later (W6). It is judged for that instant when it is
//! ordered, waits in the foreground, and is judged again at its start by who would promote now.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::output::{self, instant, span};
use super::status::PATIENCE;
use super::{Exit, Failure, Global};
use crate::app::engine::planning::Wish;
use crate::app::interface::until;
use crate::domain::ids::{EnvironmentName, ServiceName};
use crate::runtime::clock;
use crate::runtime::headless::{Headless, Waited};

/// How late it may start: after that the machine has slept over it, and nobody expects it any more.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// Reads when it starts: an instant, or a time or distance as for a hold; `23:00 Europe/Berlin` is
/// the time of a zone, without one it is that of this machine.
pub(super) fn when(text: &str, now: Timestamp, own: &TimeZone) -> Result<Timestamp, Failure> {
    let usage = |why: String| {
        Failure::new(Exit::Usage, why)
            .hint("for instance 2026-11-22T21:00:00Z, 23:00 or \"23:00 Europe/Berlin\"")
    };
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return if at > now {
            Ok(at)
        } else {
            Err(usage(format!("{text} is in the past")))
        };
    }
    let (time, zone) = match text.rsplit_once(' ') {
        Some((time, name)) if name.contains(|letter: char| letter.is_ascii_alphabetic()) => {
            let zone = TimeZone::get(name);
            let zone = zone.map_err(|_| usage(format!("there is no time zone {name}")))?;
            (time, zone)
        }
        _ => (text, own.clone()),
    };
    until::parse(time, now, &zone)
        .map_err(usage)?
        .ok_or_else(|| usage("--at needs a time".to_owned()))
}

/// Judges a promotion for its scheduled time, tells what would be in its way then, and pins it to the
/// candidate that is meant.
pub(super) fn order(
    global: &Global,
    headless: &Headless,
    service: &ServiceName,
    environment: &EnvironmentName,
    wish: &Wish,
    at: Timestamp,
) -> Result<Wish, Failure> {
    let engine = headless.engine();
    engine.may_act()?;
    let cell = engine.foresee(service, environment, (headless.state.now, at))?;
    let Some(candidate) = &cell.candidate else {
        let why = format!("nothing to promote: {service} {environment} has no candidate");
        return Err(Failure::new(Exit::NoGo, why));
    };
    if let Wish::Promote {
        revision: Some(wanted),
    } = wish
        && !crate::domain::rollback::is_named(candidate, wanted)
    {
        let why = format!("the candidate of {service} {environment} is {candidate}, not {wanted}");
        return Err(Failure::new(Exit::NoGo, why));
    }
    if !global.json {
        let start = instant(at);
        output::note(&format!("{service} > {environment} {candidate} at {start}"));
        for verdict in cell.judgement.blocking(at) {
            let (gate, why) = (&verdict.gate, &verdict.why);
            output::note(&format!("  would be no-go then: {gate}: {why}"));
            if let Some(opens) = verdict.opens_at {
                output::note(&format!("    it opens at {}", instant(opens)));
            }
        }
    }
    Ok(Wish::Promote {
        revision: Some(candidate.sha.to_string()),
    })
}

/// Waits for the start, and reads everything again for it.
pub(super) async fn wait(
    global: &Global,
    headless: &mut Headless,
    services: &[ServiceName],
    environment: &EnvironmentName,
    at: Timestamp,
) -> Result<(), Failure> {
    headless.follow_journal();
    if !global.json {
        let left = at.duration_since(clock::now());
        output::note(&format!(
            "waits for its start, in {}; ctrl+c ends it",
            span(left)
        ));
    }
    while clock::now() < at {
        let left = at.duration_since(clock::now()).unsigned_abs();
        let waited = headless.until(left.max(Duration::from_millis(1)), |_| clock::now() >= at);
        if waited.await == Waited::Ended {
            let why = "asked to end before its start; nothing was sent";
            return Err(Failure::new(Exit::NoGo, why));
        }
    }
    let late = clock::now().duration_since(at);
    if late > LATE {
        let why = format!("its start was {} ago; nothing was sent", span(late));
        return Err(Failure::new(Exit::NoGo, why).hint("the machine slept: order it anew"));
    }
    headless.refresh(services);
    headless.settle(services, PATIENCE).await;
    headless.sample(services, Some(environment)).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_an_instant_or_a_time_in_a_zone() {
        let now: Timestamp = "2026-11-21T16:00:00Z".parse().unwrap();
        let own = TimeZone::get("America/New_York").unwrap();
        let at = |text: &str| when(text, now, &own).map(|at| at.to_string());
        for (text, start) in [
            ("2026-11-21T22:00:00+01:00", "2026-11-21T21:00:00Z"),
            ("23:00 Europe/Berlin", "2026-11-21T22:00:00Z"),
            ("2026-11-22 06:00 Europe/Berlin", "2026-11-22T05:00:00Z"),
            ("23:00", "2026-11-22T04:00:00Z"),
            ("23:00Z", "2026-11-21T23:00:00Z"),
            ("90m", "2026-11-21T17:30:00Z"),
        ] {
            assert_eq!(at(text).unwrap(), start, "{text}");
        }
        for wrong in [
            "",
            "soon",
            "2026-11-21T15:00:00Z",
            "16:00 Europe/Berlin",
            "23:00 Europe/Nowhere",
        ] {
            assert_eq!(at(wrong).unwrap_err().exit, Exit::Usage, "{wrong}");
        }
    }
}
