//! Whether the forge stops what a hold stops: in a word, and how that is known.

use super::line::{Line, Tone};
use super::look::Look;
use super::time;
use crate::domain::brake::Effect;
use crate::domain::ids::{EnvironmentName, ServiceName};

/// A line for each way of a cell's brakes; none where nothing has a brake.
pub(super) fn lines(
    look: &Look<'_>,
    service: &ServiceName,
    environment: &EnvironmentName,
) -> Vec<Line> {
    let Some(bound) = look.engine.bound(service, environment, look.now) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for proof in &bound.proofs {
        let tone = match proof.effect {
            Effect::Effective => Tone::Good,
            Effect::Pending => Tone::Unknown,
            Effect::Advisory => Tone::Warning,
        };
        let what = if bound.left { "BRAKE LEFT" } else { "BRAKE" };
        let mut line = Line::of(tone, format!("  {what} {}  ", proof.effect.word()))
            .with(Tone::Plain, proof.says.clone());
        if let Some(at) = proof.at {
            let read = format!(", read {} ago", time::age(look.clock.ago(at)));
            line = line.with(Tone::Muted, read);
        }
        lines.push(line);
    }
    if bound.effect != Effect::Effective && !bound.proofs.is_empty() && !bound.left {
        let hint = "  the hold is on for every gonogo; H, Bind again places what the forge lacks";
        lines.push(Line::of(Tone::Muted, hint));
    }
    lines
}
