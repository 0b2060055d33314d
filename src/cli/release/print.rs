//! Releases in words, for people.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::app::status::EarliestStatus;
use crate::app::status::release::{
    MoveStatus, PlanStatus, ProgressStatus, ReleaseDetail, ReleaseStatus, RunStatus, VoteStatus,
};
use crate::app::view::time::span as took;
use crate::cli::output::{self, instant, span};
use crate::domain::release::run::Ending;
use crate::domain::signoff::before;

pub(super) fn list(releases: &[ReleaseStatus]) {
    if releases.is_empty() {
        output::note("there is no release: add [release.NAME] to the config");
        return;
    }
    let mut rows = vec![
        [
            "RELEASE", "VERDICT", "VOTES", "START", "END", "DUE", "WAVES",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for release in releases {
        let given = release
            .votes
            .iter()
            .filter(|vote| vote.state == "go")
            .count();
        rows.push(vec![
            release.name.clone(),
            word(release).to_owned(),
            format!("{given}/{}", release.votes.len()),
            time_of(release.started_at, release.starts),
            time_of(release.ended_at, release.ends),
            release.due.map_or_else(|| "-".to_owned(), instant),
            release
                .waves
                .iter()
                .map(|wave| wave.join(", "))
                .collect::<Vec<_>>()
                .join(" > "),
        ]);
    }
    output::table(&rows);
}

/// The verdict while it is decided on, else how far its run is.
fn word(release: &ReleaseStatus) -> &'static str {
    match release.state {
        "planned" => release.verdict,
        state => state,
    }
}

/// When it happened; `~` before when it would.
fn time_of(happened: Option<Timestamp>, prognosis: Option<Timestamp>) -> String {
    match (happened, prognosis) {
        (Some(at), _) => instant(at),
        (None, Some(at)) => format!("~{}", instant(at)),
        (None, None) => "-".to_owned(),
    }
}

pub(super) fn detail(detail: &ReleaseDetail, now: Timestamp) {
    let status = &detail.status;
    let shipped = detail.moves.is_empty()
        && (detail.run.as_ref()).is_some_and(|run| run.state == Ending::Shipped.word());
    let word = if shipped { "shipped" } else { status.verdict };
    output::line(&format!(
        "{} > {}   {word}",
        status.name, detail.environment
    ));
    if let Some(due) = status.due {
        output::line(&format!("  due {}{}", instant(due), distance(due, now)));
    }
    if let Some(window) = &status.window {
        let then = match (status.at_close, status.votes_until) {
            (_, Some(at)) => format!(
                ": the votes end with it, {}{}",
                instant(at),
                distance(at, now)
            ),
            (Some("withdraw"), None) => ": votes end with it".to_owned(),
            _ => ": votes stay when it closes".to_owned(),
        };
        let then = if status.votes.is_empty() { "" } else { &then };
        output::line(&format!("  window {window}{then}"));
    }
    output::line(&format!(
        "  set@{}  {}",
        detail.digest.get(..7).unwrap_or(&detail.digest),
        detail.set
    ));
    for vote in &status.votes {
        output::line(&format!("  {}", said(vote)));
    }
    for why in detail.why.iter().filter(|_| !shipped) {
        output::line(&format!("  no-go because {why}"));
    }
    for moved in &detail.moves {
        output::line(&format!("  {}", moving(moved, now)));
    }
    for skipped in &detail.skipped {
        output::line(&format!("  skipped {}: {}", skipped.service, skipped.why));
    }
    if let Some(run) = &detail.run {
        self::run(run);
    }
}

fn said(vote: &VoteStatus) -> String {
    let who = vote.person.as_deref().unwrap_or("-");
    let note = vote
        .note
        .as_ref()
        .map(|note| format!("  \"{note}\""))
        .unwrap_or_default();
    let difference = if vote.difference.is_empty() {
        String::new()
    } else {
        format!("  changed: {}", vote.difference.join(" "))
    };
    let closed = vote.closed_at;
    let closed = closed.map_or_else(String::new, |at| format!("  {}", before(at)));
    let may = if vote.may.is_empty() {
        String::new()
    } else {
        format!("  may vote: {}", vote.may.join(", "))
    };
    format!(
        "{:<12} {who:<10} {}{note}{difference}{closed}{may}",
        vote.role, vote.state
    )
}

pub(super) fn plan(plan: &PlanStatus, now: Timestamp) {
    output::line(&format!(
        "{} > {}   set@{}",
        plan.name,
        plan.environment,
        plan.digest.get(..7).unwrap_or(&plan.digest)
    ));
    if let Some(shipped) = &plan.shipped {
        for (nth, wave) in plan.waves.iter().enumerate() {
            let services = wave.services.join(", ");
            let times = times(wave.starts, wave.ends);
            output::line(&format!("  wave {}  {times}: {services}", nth + 1));
        }
        for skipped in &plan.skipped {
            output::line(&format!("  {}: {}", skipped.service, skipped.why));
        }
        let times = times(shipped.started_at, shipped.ended_at);
        let by = &shipped.by;
        output::line(&format!(
            "  it has shipped, by {by}: {times}; nothing newer is there"
        ));
        return;
    }
    let mut number = 0;
    for wave in &plan.waves {
        let of_wave = || {
            let moves = plan.moves.iter();
            moves.filter(|moved| wave.services.contains(&moved.service))
        };
        number = of_wave()
            .map(|moved| moved.wave)
            .next()
            .unwrap_or(number + 1);
        let starts = wave.starts.map_or_else(
            || "nobody can say when".to_owned(),
            |starts| format!("{}{}", instant(starts), distance(starts, now)),
        );
        let ends = wave.ends.map_or_else(|| "?".to_owned(), instant);
        output::line(&format!("  wave {number}  starts {starts}, ends {ends}"));
        for moved in of_wave() {
            output::line(&format!("    {}", moving(moved, now)));
        }
    }
    for skipped in &plan.skipped {
        output::line(&format!("  skipped {}: {}", skipped.service, skipped.why));
    }
    if let Some(end) = &plan.votes_end {
        let (at, wave) = (instant(end.at), end.wave);
        output::line(&format!(
            "  the votes end with the window at {at}: each role votes again before wave {wave}"
        ));
    }
    let fits = match plan.fits {
        Some(true) => "it fits".to_owned(),
        Some(false) => "it does not fit".to_owned(),
        None => "nobody can say whether it fits".to_owned(),
    };
    match &plan.fits_why {
        Some(why) => output::line(&format!("  {fits}: {why}")),
        None => output::line(&format!("  {fits}{}", if_people_act(plan))),
    }
}

/// `started 20:03Z, ended 20:07Z`.
fn times(started: Option<Timestamp>, ended: Option<Timestamp>) -> String {
    let Some(started) = started else {
        return "nothing was sent".to_owned();
    };
    let ended = ended.map_or_else(String::new, |at| format!(", ended {}", instant(at)));
    format!("started {}{ended}", instant(started))
}

/// What fits only because it is taken that people act in time: who has to.
fn if_people_act(plan: &PlanStatus) -> String {
    let needed = plan.moves.iter().filter_map(|moved| {
        let gates = moved.blocked.iter().chain(&moved.lapses);
        let people = gates.filter_map(|gate| gate.who.as_deref());
        let people: Vec<&str> = people.collect();
        (!people.is_empty()).then(|| format!("{} needs {}", moved.service, people.join(" and ")))
    });
    let needed: Vec<String> = needed.collect();
    if needed.is_empty() {
        String::new()
    } else {
        format!(" if people act in time: {}", needed.join("; "))
    }
}

/// `api 1.0 > 1.1  p90 4m of 3  now`.
fn moving(moved: &MoveStatus, now: Timestamp) -> String {
    let from = moved.from.as_ref().map_or("nothing", |from| from.label());
    let took = match moved.p90_seconds {
        Some(seconds) => {
            let like = moved.p90_of.as_ref();
            format!(
                "takes {} ({} seen{})",
                took(jiff::SignedDuration::from_secs(seconds)),
                moved.samples,
                like.map_or_else(String::new, |like| format!(" in {like}"))
            )
        }
        None => moved.p90_why.unwrap_or("too little history").to_owned(),
    };
    let mut line = format!(
        "{} {from} > {}  {took}  {}",
        moved.service,
        moved.to.label(),
        earliest(&moved.earliest, now)
    );
    for blocked in &moved.blocked {
        let opens = match (blocked.opens_at, &blocked.who) {
            (Some(at), _) => format!("; opens {}{}", instant(at), distance(at, now)),
            (None, Some(who)) => format!("; needs {who}"),
            (None, None) => String::new(),
        };
        let _ = write!(
            line,
            "\n      {} {}: {}{opens}",
            blocked.verdict, blocked.gate, blocked.why
        );
    }
    for lapsed in &moved.lapses {
        let who = lapsed.who.as_ref();
        let who = who.map_or_else(String::new, |who| format!("; needs {who}"));
        let _ = write!(
            line,
            "\n      open now, {} when it starts: {}: {}{who}",
            lapsed.verdict, lapsed.gate, lapsed.why
        );
    }
    line
}

fn earliest(earliest: &EarliestStatus, now: Timestamp) -> String {
    let gate = earliest.gate.as_deref().unwrap_or("?");
    match (earliest.kind, earliest.at) {
        ("now", _) => "may go now".to_owned(),
        ("at", Some(at)) => format!("may go {}{}", instant(at), distance(at, now)),
        ("needs-person", at) => {
            let who = earliest.who.as_deref().unwrap_or("somebody");
            let at = at.map_or_else(String::new, |at| {
                format!(", not before {}{}", instant(at), distance(at, now))
            });
            format!("when {who} acts on {gate}{at}")
        }
        _ => format!("no known time: {gate}"),
    }
}

fn distance(at: Timestamp, now: Timestamp) -> String {
    let left = at.duration_since(now);
    if left.as_secs() <= 0 {
        return String::new();
    }
    format!(" (in {})", span(left))
}

pub(super) fn run(run: &RunStatus) {
    let driver = match run.driver_seen {
        Some(false) => "; NO DRIVER IS SEEN: gonogo release resume goes on with it",
        Some(true) | None => "",
    };
    let (id, state, by) = (&run.id, run.state, &run.by);
    let since = instant(run.started_at);
    output::line(&match run.ended_at {
        Some(ended) => format!(
            "  run {id} {state} {}, started by {by} {since}",
            instant(ended)
        ),
        None => format!("  run {id} {state}, started by {by} {since}{driver}"),
    });
    if let Some(why) = &run.why {
        output::line(&format!("    {why}"));
    }
    if let Some(why) = &run.standstill {
        output::line(&format!("    stands still: {why}"));
    }
    for moved in &run.moves {
        output::line(&format!("    {}", progress(moved)));
    }
    if !run.rollback.is_empty() {
        output::line(&format!(
            "    to go back, in this order: {}",
            run.rollback.join(", ")
        ));
    }
}

fn progress(moved: &ProgressStatus) -> String {
    let from = moved.from.as_ref().map_or("nothing", |from| from.label());
    let why = moved
        .why
        .as_ref()
        .map(|why| format!("  {why}"))
        .unwrap_or_default();
    let times = match moved.started_at {
        Some(_) => format!("  {}", times(moved.started_at, moved.ended_at)),
        None => String::new(),
    };
    format!(
        "wave {}  {:<9} {} {from} > {}{times}{why}",
        moved.wave,
        moved.state,
        moved.service,
        moved.to.label()
    )
}
