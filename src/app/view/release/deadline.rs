//! By when a release has to be decided on: the last instant at which it can start and still be done in
//! time, and how long that is away. Whether it fits is judged in `domain/release/prognosis.rs`.

use jiff::{SignedDuration, Timestamp};

use super::super::line::{Line, Tone};
use super::super::look::Look;
use super::super::time;
use super::Shown;
use crate::domain::release::run::Ending;
use crate::domain::window::Schedule;

/// By when it has to be live: its due time, or the end of its window.
pub(super) fn deadline(look: &Look<'_>, shown: &Shown<'_>) -> Option<(&'static str, Timestamp)> {
    let release = shown.release;
    let window = release.window.as_ref().and_then(|name| {
        let windows = &look.engine.policy.windows;
        let window = windows.iter().find(|window| window.name == *name)?;
        let starts = shown.prognosis.waves.first().and_then(|wave| wave.starts);
        let from = starts.unwrap_or(look.now).max(look.now);
        let state = Schedule::only(window).state(from);
        state.open.then_some(state.changes_at).flatten()
    });
    let due = release.due.map(|due| ("due", due));
    let closes = window.map(|closes| ("window closes", closes));
    due.into_iter().chain(closes).min_by_key(|(_, at)| *at)
}

/// `decide by 14:30Z in 00:12:10`: the last instant at which it can start and still be done in time.
pub(super) fn countdown(look: &Look<'_>, shown: &Shown<'_>) -> Line {
    told(look, shown, true)
}

/// The same; where there is no room for both, how long that is away without when it is.
pub(super) fn told(look: &Look<'_>, shown: &Shown<'_>, whole: bool) -> Line {
    let until = |word: &str, at: Timestamp| {
        let when = if whole {
            format!("{word} {} in ", look.clock.short(at))
        } else {
            format!("{} in ", word.trim_end_matches(" by"))
        };
        Line::of(Tone::Plain, when).with(Tone::Strong, time::countdown(look.clock.until(at)))
    };
    let deadline = deadline(look, shown);
    let late =
        |word: &str, at: Timestamp| Line::of(Tone::Bad, format!("{word} {}", look.clock.short(at)));
    if let Some(run) = shown.run {
        match (&run.ended, deadline) {
            (Some(ended), _) if ended.how == Ending::Shipped => {
                return Line::of(Tone::Good, "SHIPPED")
                    .with(Tone::Muted, format!(" {}", look.clock.short(ended.at)));
            }
            (_, Some((word, at))) if at > look.now => return until(word, at),
            (_, Some((word, at))) => return late(&format!("LATE: {word}"), at),
            (_, None) => return Line::new(),
        }
    }
    let Some((word, at)) = deadline else {
        return Line::of(Tone::Muted, "no due time, no window");
    };
    let starts = shown.prognosis.waves.first().and_then(|wave| wave.starts);
    let takes = starts
        .zip(shown.prognosis.ends)
        .map(|(starts, ends)| ends.duration_since(starts));
    match takes.map(|takes| at.checked_sub(takes.max(SignedDuration::ZERO))) {
        Some(Ok(by)) if by > look.now => until("decide by", by),
        Some(Ok(by)) => late("TOO LATE since", by),
        // How long it takes is not known.
        Some(Err(_)) | None if at > look.now => until(word, at),
        Some(Err(_)) | None => late("TOO LATE:", at),
    }
}

/// When the release that is shown must be decided on, if that is still ahead: its name, and when.
pub(in crate::app::view) fn decide_by(look: &Look<'_>) -> Option<(String, Timestamp)> {
    let release = look.interface.release(&look.engine.policy)?;
    let shown = Shown::of(look, release);
    if shown.run.is_some() {
        return None;
    }
    let (_, at) = deadline(look, &shown)?;
    let starts = shown.prognosis.waves.first()?.starts?;
    let takes = shown.prognosis.ends?.duration_since(starts);
    let by = at.checked_sub(takes.max(SignedDuration::ZERO)).ok()?;
    (by > look.now).then(|| (release.name.to_string(), by))
}
