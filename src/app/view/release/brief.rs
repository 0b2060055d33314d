//! The votes on a release in a few lines, for the right side: who says go, who does not, whom it waits
//! for, and by when it has to be decided.

use super::super::line::{Line, Tone, cut};
use super::super::look::Look;
use super::{Shown, countdown, deadline, verdict, voice};
use crate::domain::gate::Go;
use crate::domain::ids::Person;
use crate::domain::release::decision::Said;

/// `GO 3/5 R26.07`, for the header of a screen without a right side.
pub(in crate::app::view) fn short(look: &Look<'_>) -> Line {
    let release = look.interface.release(&look.engine.policy);
    let Some(release) = release.filter(|release| !release.roles.is_empty()) else {
        return Line::new();
    };
    let decision = look.engine.decision(release, look.now);
    if decision.shipped.is_some() {
        return Line::new();
    }
    let said = decision.roles();
    let given = said.iter().filter(|(_, said)| matches!(said, Said::Go(_)));
    let tone = match decision.go {
        Go::Go => Tone::Good,
        Go::NoGo => Tone::Warning,
        Go::Unknown => Tone::Unknown,
    };
    Line::of(tone, format!("GO {}/{}", given.count(), said.len()))
        .with(Tone::Muted, format!(" {}", cut(release.name.as_str(), 12)))
}

/// The title and a line for each thing that is said, with everybody who says it.
pub(in crate::app::view) fn lines(look: &Look<'_>) -> Option<(Line, Vec<Line>)> {
    let release = look.interface.release(&look.engine.policy)?;
    if release.roles.is_empty() {
        return None;
    }
    let shown = Shown::of(look, release);
    let said = shown.decision.roles();
    let given = said
        .iter()
        .filter(|(_, said)| matches!(said, Said::Go(_)))
        .count();
    let title = Line::of(Tone::Heading, format!("GO / NO-GO {given}/{} ", said.len()))
        .with(Tone::Plain, release.name.to_string());
    let mut lines: Vec<Line> = Vec::new();
    let mut told: Vec<(Line, usize)> = Vec::new();
    for (role, said) in said {
        let who = match said.ballot() {
            Some(ballot) => format!("{} ({role})", ballot.person),
            None => {
                let members = look.engine.policy.roles.get(role);
                let members: Vec<&str> =
                    members.into_iter().flatten().map(Person::as_str).collect();
                format!("{role}: {}", members.join(" "))
            }
        };
        let word = voice(look, said);
        match told.iter().find(|(known, _)| *known == word) {
            Some((_, place)) => {
                if let Some(line) = lines.get_mut(*place) {
                    line.push(Tone::Plain, format!(", {who}"));
                }
            }
            None => {
                told.push((word.clone(), lines.len()));
                lines.push(Line::plain(" ").then(word).with(Tone::Plain, who));
            }
        }
    }
    let standing = Line::plain(" ")
        .then(verdict(look, &shown))
        .with(Tone::Plain, "  ")
        .then(countdown(look, &shown));
    let columns = usize::from(look.shape.side).saturating_sub(2);
    let standing = if standing.width() > columns {
        let short = deadline::told(look, &shown, false);
        Line::plain(" ")
            .then(verdict(look, &shown))
            .with(Tone::Plain, "  ")
            .then(short)
    } else {
        standing
    };
    lines.insert(0, standing);
    Some((title, lines))
}
