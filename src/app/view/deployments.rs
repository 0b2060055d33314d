//! The deployments of an environment, newest first.

use super::line::{Line, Tone};
use super::look::Look;
use super::time;
use crate::domain::board::Row;
use crate::domain::cell::{CellState, named};
use crate::domain::deployment::{self, Deployment};
use crate::domain::ids::EnvironmentName;
use crate::domain::origin;
use crate::domain::phase::Phase;
use crate::domain::promotion::{Promotion, Purpose, State};

/// One line each, of the newest `most`: `5.2.9  ✓ OK  live 6d  raj  took 11m40  weekly`.
pub(super) fn lines(
    look: &Look<'_>,
    row: &Row,
    environment: &EnvironmentName,
    columns: usize,
    most: usize,
) -> Vec<Line> {
    let Some(facts) = row.facts.value() else {
        return vec![Line::of(Tone::Unknown, "  ? not known")];
    };
    let current = deployment::live(&facts.deployments, environment).map(|deployment| deployment.id);
    let mut history: Vec<&Deployment> = facts
        .deployments
        .iter()
        .filter(|deployment| deployment.environment == *environment)
        .collect();
    history.sort_by_key(|deployment| std::cmp::Reverse((deployment.created_at, deployment.id)));
    if history.is_empty() {
        return vec![Line::of(Tone::Muted, "  nothing was deployed here yet")];
    }
    let label = |deployment: &Deployment| named(Some(facts), &deployment.sha).label().to_owned();
    let widest = history
        .iter()
        .take(40)
        .map(|deployment| super::line::width(&label(deployment)))
        .max()
        .unwrap_or_default()
        .clamp(7, 20);
    history
        .iter()
        .take(most)
        .map(|deployment| {
            let since = deployment.live_since().unwrap_or(deployment.began());
            let age = time::age(look.clock.ago(since));
            let is_live = Some(deployment.id) == current;
            let journalled = journalled(look, row, deployment);
            // Who let it in here, where somebody did: a forge names who began its run.
            let ledger = look.engine.ledger.as_ref();
            let ours = ledger.and_then(|ledger| {
                origin::promotion_of(ledger, &row.service.name, environment, deployment)
            });
            let by = ours.map(|promotion| &promotion.actor);
            let by = by.or(deployment.creator.as_ref());
            let by = by.map_or("?", |person| person.as_str());
            let text = super::line::cut(&label(deployment), 20).into_owned();
            let line = Line::of(
                if is_live { Tone::Strong } else { Tone::Plain },
                format!("  {text}"),
            )
            .padded(widest + 4)
            .then(match &journalled {
                Some(Journalled::Left(_)) => {
                    let (glyph, word, tone) = look.glyphs.state(CellState::RolledBack);
                    Line::of(tone, format!("{glyph} {word}"))
                }
                Some(Journalled::Brought(_)) | None => look.glyphs.phase(&deployment.phase),
            })
            .padded(widest + 14);
            let line = if is_live {
                line.with(Tone::Good, "live ")
            } else {
                line.with(Tone::Plain, "     ")
            };
            let line = line
                .with(Tone::Muted, format!("{age:>4}  "))
                .with(Tone::Plain, format!("{by:<10} "))
                .with(Tone::Muted, format!("{:<12} ", took(deployment)));
            let why = match journalled {
                Some(Journalled::Left(why)) => format!("rolled back: {why}"),
                Some(Journalled::Brought(why)) => format!("\"{why}\""),
                None => deployment.description.clone().unwrap_or_default(),
            };
            let room = columns.saturating_sub(line.width());
            line.with(Tone::Plain, super::line::cut(&why, room).into_owned())
        })
        .collect()
}

/// What the journal knows of a deployment.
enum Journalled<'a> {
    /// It was rolled back, and why.
    Left(&'a str),
    /// It was promoted from here, and why.
    Brought(&'a str),
}

fn journalled<'a>(look: &Look<'a>, row: &Row, deployment: &Deployment) -> Option<Journalled<'a>> {
    let ledger = look.engine.ledger.as_ref()?;
    let all = || ledger.promotions_of(&row.service.name, &deployment.environment);
    let left = all().rfind(|promotion| {
        let from = promotion.intent.from.as_ref();
        promotion.intent.rollback
            && promotion.state == State::Succeeded
            && from.is_some_and(|from| from.sha == deployment.sha)
            && promotion.intended_at >= deployment.created_at
    });
    let why = |promotion: &'a Promotion| promotion.intent.reason.as_str();
    left.map(|promotion| Journalled::Left(why(promotion)))
        .or_else(|| {
            let went = |promotion: &Promotion| {
                promotion.intent.purpose == Purpose::Promotion
                    && matches!(
                        promotion.state,
                        State::Accepted | State::Running | State::Succeeded | State::Failed
                    )
            };
            let brought = all()
                .rfind(|promotion| went(promotion) && origin::brings(promotion, &deployment.sha))?;
            Some(Journalled::Brought(why(brought)))
        })
}

fn took(deployment: &Deployment) -> String {
    let word = match deployment.phase {
        Phase::Failed | Phase::Cancelled => "after",
        _ => "took",
    };
    let took = deployment.took();
    took.map_or_else(String::new, |span| format!("{word} {}", time::span(span)))
}
