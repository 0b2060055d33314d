//! Whether the forge stops what a hold stops: in a word, and how that is known.

use super::line::{Line, Tone};
use super::look::Look;
use super::time;
use crate::domain::brake::{Bound, Effect};
use crate::domain::hold::Hold;
use crate::domain::ids::{EnvironmentName, ServiceName};

type Cell = ((ServiceName, EnvironmentName), Bound);

/// A line for each way of a cell's brakes; none where nothing has a brake.
pub(super) fn lines(
    look: &Look<'_>,
    service: &ServiceName,
    environment: &EnvironmentName,
) -> Vec<Line> {
    let Some(bound) = look.engine.bound(service, environment, look.now) else {
        return Vec::new();
    };
    let mut lines = proofs(look, &bound);
    lines.extend(hint([&bound]));
    lines
}

/// A line for each way: what it has come to, what was read back, when.
pub(super) fn proofs(look: &Look<'_>, bound: &Bound) -> Vec<Line> {
    let line = |proof: &crate::domain::brake::Proof| {
        let what = if bound.left { "BRAKE LEFT" } else { "BRAKE" };
        let line = Line::of(
            tone(proof.effect),
            format!("  {what} {}  ", proof.effect.word()),
        );
        let line = line.with(Tone::Plain, proof.says.clone());
        match proof.at {
            Some(at) => {
                let read = format!(", read {} ago", time::age(look.clock.ago(at)));
                line.with(Tone::Muted, read)
            }
            None => line,
        }
    };
    bound.proofs.iter().map(line).collect()
}

/// Every cell of a hold with its proofs, the worst first, on at most `room` lines.
pub(super) fn of_hold(look: &Look<'_>, hold: &Hold, room: usize) -> Vec<Line> {
    let mut cells = cells(look, hold);
    cells.sort_by_key(|(_, bound)| std::cmp::Reverse(bound.effect));
    let hint = hint(cells.iter().map(|(_, bound)| bound));
    let mut lines = Vec::new();
    let room = room.saturating_sub(usize::from(hint.is_some()));
    let alone = cells.len() == 1;
    let mut left = cells.len();
    for ((service, environment), bound) in &cells {
        let mut of_cell = proofs(look, bound);
        if !alone {
            let place = format!("{service} > {environment}");
            of_cell.insert(0, Line::of(Tone::Strong, place));
        }
        let last = usize::from(left > 1);
        if lines.len() + of_cell.len() + last > room {
            break;
        }
        lines.extend(of_cell);
        left -= 1;
    }
    if left > 0 && room > 0 {
        let plural = if left == 1 { "cell" } else { "cells" };
        lines.push(Line::of(Tone::Muted, format!("  {left} more {plural}")));
    }
    lines.extend(hint);
    lines
}

/// What the brakes of a hold have come to in a word, with how many of its cells are bound.
pub(super) fn sum(look: &Look<'_>, hold: &Hold) -> Line {
    let cells = cells(look, hold);
    let effect = cells.iter().map(|(_, bound)| bound.effect).max();
    let Some(effect) = effect else {
        // Without a brake, a hold is a word among gonogos.
        return Line::of(Tone::Muted, Effect::Advisory.word());
    };
    let bound = cells
        .iter()
        .filter(|(_, it)| it.effect == Effect::Effective);
    let word = match (bound.count(), cells.len()) {
        (_, 1) => effect.word().to_owned(),
        (bound, all) => format!("{} {bound}/{all}", effect.word()),
    };
    Line::of(tone(effect), word)
}

/// The same on a board's row: a word where there is room, else a glyph; nothing without a brake.
pub(super) fn short(look: &Look<'_>, service: &ServiceName, environment: &EnvironmentName) -> Line {
    if look.engine.ways(service, environment).is_empty() {
        return Line::new();
    }
    let Some(bound) = look.engine.bound(service, environment, look.now) else {
        return Line::new();
    };
    let (glyph, word) = match bound.effect {
        Effect::Effective => (look.glyphs.good(), "effective"),
        Effect::Pending => (look.glyphs.waiting(), "pending"),
        Effect::Advisory => ("!", "advisory"),
    };
    let roomy = look.shape.main() >= 100;
    let said = if roomy { word } else { glyph };
    // The blank is no part of it: a tone that underlines would join it to the name before it.
    Line::plain(" ").with(tone(bound.effect), said)
}

fn cells(look: &Look<'_>, hold: &Hold) -> Vec<Cell> {
    let mut cells = look.engine.bound_by(&hold.cover, look.now);
    cells.retain(|(_, bound)| !bound.proofs.is_empty());
    cells
}

/// What to do where something lacks, or where all is there and stops nothing.
fn hint<'a>(bounds: impl IntoIterator<Item = &'a Bound>) -> Option<Line> {
    let mut seen_alone = false;
    for bound in bounds {
        if bound.lacks() {
            let text =
                "  the hold is on for every gonogo; H, Bind again places what the forge lacks";
            return Some(Line::of(Tone::Muted, text));
        }
        seen_alone |= bound.is_seen_alone();
    }
    let text = "  the hold is on for every gonogo, and for a job that asks `gonogo check`";
    seen_alone.then(|| Line::of(Tone::Muted, text))
}

fn tone(effect: Effect) -> Tone {
    match effect {
        Effect::Effective => Tone::Good,
        Effect::Pending => Tone::Unknown,
        Effect::Advisory => Tone::Warning,
    }
}
