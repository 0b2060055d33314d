//! The deployments of an environment: all of them newest first, or a few that tell most.

use std::cmp::Reverse;

use super::line::{Line, Tone};
use super::look::Look;
use super::time;
use crate::domain::board::Row;
use crate::domain::cell::{CellState, named};
use crate::domain::deployment::{self, Deployment};
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::EnvironmentName;
use crate::domain::origin;
use crate::domain::phase::Phase;
use crate::domain::promotion::{Promotion, Purpose, State};
use crate::domain::revision::Revision;

/// Which stand first.
#[derive(Clone, Copy)]
pub(super) enum Order<'a> {
    Newest,
    /// What is live, then what one would go back to; what never began is last. For where few fit.
    LiveFirst(Option<&'a Revision>),
}

impl Order<'_> {
    fn place(self, deployment: &Deployment, is_live: bool) -> u8 {
        let Self::LiveFirst(back) = self else {
            return 0;
        };
        let was_live = matches!(deployment.phase, Phase::Succeeded | Phase::Superseded);
        match deployment.phase {
            _ if is_live => 0,
            _ if was_live && back.is_some_and(|back| back.sha == deployment.sha) => 1,
            Phase::Queued | Phase::Gated | Phase::Cancelled | Phase::Skipped => 3,
            _ => 2,
        }
    }
}

/// One line each, of the first `most`: `5.2.9  ✓ OK  live 6d  raj  took 11m40  weekly`.
pub(super) fn lines(
    look: &Look<'_>,
    row: &Row,
    environment: &EnvironmentName,
    columns: usize,
    (order, most): (Order<'_>, usize),
) -> Vec<Line> {
    let Some(facts) = row.facts.value() else {
        return vec![Line::of(Tone::Unknown, "  ? not known")];
    };
    let current = deployment::live(&facts.deployments, environment).map(|deployment| deployment.id);
    let history = sorted(facts, environment, order);
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

fn sorted<'a>(
    facts: &'a ServiceFacts,
    environment: &EnvironmentName,
    order: Order<'_>,
) -> Vec<&'a Deployment> {
    let current = deployment::live(&facts.deployments, environment).map(|deployment| deployment.id);
    let all = facts.deployments.iter();
    let mut history: Vec<&Deployment> = all
        .filter(|deployment| deployment.environment == *environment)
        .collect();
    history.sort_by_key(|deployment| {
        let place = order.place(deployment, Some(deployment.id) == current);
        let age = Reverse((deployment.created_at, deployment.id));
        (place, age)
    });
    history
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::gate::fixture::{World, ago, sha};
    use crate::domain::ids::DeploymentId;

    #[test]
    fn where_few_fit_what_is_live_comes_first_and_what_only_waited_last() {
        let mut facts = World::new(Vec::new()).facts.value().cloned().unwrap();
        let made = facts.deployments[0].clone();
        let one = |id, letter, phase| Deployment {
            id: DeploymentId(id),
            environment: "prod".into(),
            sha: sha(letter),
            phase,
            created_at: ago(100 - i64::try_from(id).unwrap()),
            ..made.clone()
        };
        facts.deployments = vec![
            one(7, 'f', Phase::Gated),
            one(6, 'e', Phase::Cancelled),
            one(5, 'd', Phase::Failed),
            one(4, 'c', Phase::Succeeded),
            one(3, 'b', Phase::Superseded),
            one(2, 'a', Phase::Superseded),
        ];
        let ids = |order| -> Vec<u64> {
            let sorted = sorted(&facts, &"prod".into(), order);
            sorted.iter().map(|deployment| deployment.id.0).collect()
        };
        assert_eq!(ids(Order::Newest), [7, 6, 5, 4, 3, 2]);
        // 3 failed its verification, so one goes back to 2.
        let back = Revision::new(sha('a'));
        assert_eq!(ids(Order::LiveFirst(Some(&back))), [4, 2, 5, 3, 7, 6]);
        assert_eq!(ids(Order::LiveFirst(None)), [4, 5, 3, 2, 7, 6]);
    }
}
