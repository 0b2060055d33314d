//! A verdict as text, whole, for golden explanations.

use std::fmt::Write as _;

use crate::domain::gate::Verdict;

/// Writes verdicts with everything that an operator can see of them.
pub(super) fn explained<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> String {
    let mut out = String::new();
    for verdict in verdicts {
        let _ = writeln!(out, "{} {}: {}", verdict.gate, verdict.state, verdict.why);
        let mut say = |what: &str, text: Option<String>| {
            if let Some(text) = text {
                let _ = writeln!(out, "  {what} {text}");
            }
        };
        say("since", verdict.since.map(|at| at.to_string()));
        say("opens when", verdict.opens_when.clone());
        say("opens at", verdict.opens_at.map(|at| at.to_string()));
        say("who", verdict.who.clone());
        say("until", verdict.valid_until.map(|at| at.to_string()));
        for evidence in &verdict.evidence {
            let at = evidence.observed_at.map(|at| format!(" at {at}"));
            let url = evidence.url.as_ref().map(|url| format!(" <{url}>"));
            let _ = writeln!(
                out,
                "  seen {}: {}{}{}",
                evidence.what,
                evidence.value,
                at.unwrap_or_default(),
                url.unwrap_or_default()
            );
        }
    }
    out
}
