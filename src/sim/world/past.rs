//! A past in short, told in steps: changes that land, a tag, a promotion, version after version.

use std::sync::Arc;

use super::{Flow, History, Offset, Promote, Step, Verb};
use crate::sim::model::commit::sha_of;

const WORKS: [&str; 24] = [
    "Retry idempotent calls with jitter",
    "Shrink the connection pool",
    "Drop the legacy rate column",
    "Round half-even for JPY",
    "Trace outgoing calls",
    "Cache the price list for a minute",
    "Refuse empty cursors",
    "Speed up the cold start",
    "Log the request id everywhere",
    "Fix the leap-day report",
    "Bump the base image",
    "Split the write path",
    "Count timeouts per upstream",
    "Validate webhooks before parsing",
    "Raise the batch size",
    "Use the new queue client",
    "Delete the feature flag of spring",
    "Guard against double refunds",
    "Compress large answers",
    "Keep sessions over a failover",
    "Explain declined payments",
    "Check certificates at start",
    "Move the cron job into the service",
    "Tighten the index on orders",
];

/// Tells a past in steps: two changes a version, its tag, its promotion.
pub fn told(history: &History, flow: &Flow, seed: u64, repo: &str) -> Vec<Arc<Step>> {
    let mut steps = Vec::new();
    let count = i64::try_from(history.versions.len()).unwrap_or(0);
    let every = history.every.0.as_secs();
    let until = history.until.0.as_secs();
    let offset = sha_of(&[&seed.to_string(), repo]);
    let mut pick = usize::from_str_radix(offset.get(..6).unwrap_or("0"), 16).unwrap_or(0);
    let mut author = |turn: usize| {
        let count = history.authors.len().max(1);
        history
            .authors
            .get((turn + pick) % count)
            .cloned()
            .unwrap_or_default()
    };
    let people: Vec<_> = (0..history.versions.len() * 2).map(&mut author).collect();
    for (at, version) in (0_i64..).zip(&history.versions) {
        let when = until - (count - 1 - at) * every;
        let tag = format!("v{version}");
        let turn = usize::try_from(at).unwrap_or(0) * 2;
        let mut land = |hours: i64, turn: usize, tag: &str| {
            pick = pick.wrapping_add(7);
            let by = people.get(turn).cloned().unwrap_or_default();
            let reviewer = history.authors.iter().find(|it| **it != by).cloned();
            Arc::new(Step {
                at: Offset::seconds(when - hours * 3_600),
                verb: Verb::Land,
                text: WORKS
                    .get(pick % WORKS.len())
                    .copied()
                    .unwrap_or_default()
                    .to_owned(),
                approved: reviewer.into_iter().collect(),
                by,
                tag: tag.to_owned(),
                ..Step::default()
            })
        };
        steps.push(land(9, turn, ""));
        let drafts = flow.promote == Promote::Release;
        steps.push(land(4, turn + 1, if drafts { "" } else { &tag }));
        steps.extend(promoted(flow.promote, when, &tag, &history.by));
    }
    steps
}

fn promoted(promote: Promote, when: i64, tag: &str, by: &str) -> Vec<Arc<Step>> {
    let step = |verb, after: i64| Step {
        at: Offset::seconds(when + after),
        verb,
        by: by.to_owned(),
        environment: "production".to_owned(),
        ..Step::default()
    };
    let steps = match promote {
        Promote::Approval | Promote::Job => vec![step(Verb::Approve, 0)],
        Promote::Pipeline => {
            let inputs = [("ENVIRONMENT", "production"), ("REVISION", tag)];
            let inputs = inputs.map(|(name, value)| (name.to_owned(), value.to_owned()));
            vec![Step {
                inputs: inputs.into(),
                ..step(Verb::Dispatch, 0)
            }]
        }
        Promote::Workflow => {
            let inputs = [
                ("environment", "production"),
                ("revision", tag),
                ("gonogo", ""),
            ];
            let inputs = inputs.map(|(name, value)| (name.to_owned(), value.to_owned()));
            vec![Step {
                inputs: inputs.into(),
                ..step(Verb::Dispatch, 0)
            }]
        }
        Promote::Deployment => vec![Step {
            rev: tag.to_owned(),
            ..step(Verb::Deploy, 0)
        }],
        Promote::PullRequest => vec![
            Step {
                text: format!("Release {tag}"),
                head: "main".to_owned(),
                base: "production".to_owned(),
                ..step(Verb::Open, -900)
            },
            Step {
                head: "main".to_owned(),
                ..step(Verb::Merge, 0)
            },
        ],
        Promote::Release => vec![
            Step {
                tag: tag.to_owned(),
                draft: true,
                ..step(Verb::Release, -3_600)
            },
            Step {
                tag: tag.to_owned(),
                ..step(Verb::Publish, 0)
            },
        ],
    };
    steps.into_iter().map(Arc::new).collect()
}
