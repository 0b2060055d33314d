//! The kinds of entries, for people who choose among them: all that `Event::kind` can say.
//!
//! What an entry of a kind means lives in `entry.rs`.

use crate::domain::promotion::{Purpose, Step};

/// The kinds of what is not sent to a forge.
const RECORDED: [&str; 30] = [
    "hold.placed",
    "hold.edited",
    "hold.lifted",
    "hold.expired",
    "hold.asked",
    "vote.cast",
    "vote.voided",
    "gate.added",
    "gate.opened",
    "gate.closed",
    "task.done",
    "task.withdrawn",
    "override.granted",
    "override.confirmed",
    "override.withdrawn",
    "override.used",
    "verification.passed",
    "verification.failed",
    "alert.raised",
    "release.started",
    "release.resumed",
    "release.shipped",
    "release.stopped",
    "release.cancelled",
    "release.dropped",
    "release.restored",
    "handover.given",
    "handover.accepted",
    "deployment.seen",
    "deployment.out-of-band",
];

/// Every kind that an entry can be of.
pub fn kinds() -> Vec<String> {
    let sent = Purpose::ALL.into_iter().flat_map(|purpose| {
        let steps = std::iter::once("intended").chain(Step::WORDS);
        steps.map(move |step| format!("{purpose}.{step}"))
    });
    sent.chain(RECORDED.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts in quotes of a source between two of its lines.
    fn quoted<'s>(source: &'s str, from: &str, to: &str) -> Vec<&'s str> {
        let (_, rest) = source.split_once(from).expect("where it begins");
        let (part, _) = rest.split_once(to).expect("where it ends");
        part.split('"').skip(1).step_by(2).collect()
    }

    #[test]
    fn every_word_that_the_kind_of_an_event_is_made_of_is_listed() {
        let all = kinds();
        let kinds = quoted(
            include_str!("../entry.rs"),
            "pub fn kind(",
            "pub fn is_control(",
        );
        let whole: Vec<_> = kinds.iter().filter(|kind| !kind.contains('{')).collect();
        assert!(whole.len() > 20, "{whole:?}");
        for kind in whole {
            assert!(all.iter().any(|known| known == kind), "{kind}");
        }
        let steps = include_str!("../promotion.rs");
        for step in quoted(
            steps,
            "The word that the journal's",
            "The states from which",
        ) {
            assert!(all.contains(&format!("brake.{step}")), "{step}");
        }
        let endings = include_str!("../release/run.rs");
        for ending in quoted(endings, "pub fn word(", "impl Run") {
            assert!(all.contains(&format!("release.{ending}")), "{ending}");
        }
    }
}
