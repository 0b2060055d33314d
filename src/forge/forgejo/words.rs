//! The words of Forgejo and Gitea for states as ours, and the other way. A word that we don't know
//! stays as it is, and is never good.

use crate::domain::act::MergeMethod;
use crate::domain::phase::Phase;
use crate::domain::text::clean;

fn unknown(word: &str) -> Phase {
    Phase::Unknown(clean(word).to_lowercase())
}

/// Reads the status and conclusion of a run, job or task. Forgejo has one word for both; Gitea's are
/// GitHub's, but for runs that wait for a person: it has none of these.
pub(super) fn run(status: &str, conclusion: Option<&str>, needs_approval: bool) -> Phase {
    let word = match conclusion {
        Some(conclusion) if !conclusion.is_empty() => conclusion,
        Some(_) | None => status,
    };
    match word.to_lowercase().as_str() {
        "waiting" | "blocked" if needs_approval => Phase::Gated,
        "waiting" | "blocked" | "queued" | "requested" | "pending" => Phase::Queued,
        "running" | "in_progress" => Phase::Running,
        "success" | "neutral" => Phase::Succeeded,
        "failure" | "timed_out" | "startup_failure" => Phase::Failed,
        "cancelled" => Phase::Cancelled,
        "skipped" => Phase::Skipped,
        "stale" => Phase::Superseded,
        "action_required" => Phase::Gated,
        _ => unknown(word),
    }
}

/// Reads the state of a commit status.
pub(super) fn status(word: &str) -> Phase {
    match word.to_lowercase().as_str() {
        "pending" => Phase::Running,
        "success" | "warning" => Phase::Succeeded,
        "failure" | "error" => Phase::Failed,
        "skipped" => Phase::Skipped,
        _ => unknown(word),
    }
}

/// Writes how a pull request is merged.
pub(super) fn merge(method: MergeMethod) -> &'static str {
    method.word()
}

/// Returns the scopes that a refused token lacks, where the refusal names them.
pub(super) fn lacking_scopes(why: &str) -> Option<String> {
    let (_, rest) = why.split_once("required scope")?;
    // Newer versions go on to say what the token has.
    let wanted = rest.split("token scope").next().unwrap_or(rest);
    let is_scope = |word: &&str| {
        let known = ["read:", "write:"].iter();
        known.into_iter().any(|prefix| word.starts_with(prefix))
            || *word == "sudo"
            || *word == "all"
    };
    let scopes: Vec<&str> = wanted
        .split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == ':' || sign == '-'))
        .filter(is_scope)
        .collect();
    Some(if scopes.is_empty() {
        "a scope; give it write:repository and write:issue".to_owned()
    } else {
        scopes.join(", ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_for_a_run_has_its_phase() {
        for (status, conclusion, approval, phase) in [
            ("waiting", None, false, Phase::Queued),
            ("blocked", None, false, Phase::Queued),
            ("blocked", None, true, Phase::Gated),
            ("waiting", None, true, Phase::Gated),
            ("running", None, true, Phase::Running),
            ("success", None, false, Phase::Succeeded),
            ("failure", None, false, Phase::Failed),
            ("cancelled", None, false, Phase::Cancelled),
            ("skipped", None, false, Phase::Skipped),
            ("unknown", None, false, Phase::Unknown("unknown".into())),
            ("", None, false, Phase::Unknown(String::new())),
            ("queued", Some(""), false, Phase::Queued),
            ("in_progress", None, false, Phase::Running),
            ("completed", Some("success"), false, Phase::Succeeded),
            ("completed", Some("timed_out"), false, Phase::Failed),
            (
                "completed",
                Some("odd"),
                false,
                Phase::Unknown("odd".into()),
            ),
            ("completed", None, false, Phase::Unknown("completed".into())),
        ] {
            assert_eq!(
                run(status, conclusion, approval),
                phase,
                "{status} {conclusion:?}"
            );
        }
    }

    #[test]
    fn every_word_of_a_status_has_its_phase() {
        for (word, phase) in [
            ("pending", Phase::Running),
            ("success", Phase::Succeeded),
            ("warning", Phase::Succeeded),
            ("error", Phase::Failed),
            ("failure", Phase::Failed),
            ("skipped", Phase::Skipped),
            ("", Phase::Unknown(String::new())),
            ("melted", Phase::Unknown("melted".into())),
        ] {
            assert_eq!(status(word), phase, "{word}");
        }
    }

    #[test]
    fn the_scopes_that_a_token_lacks_are_named() {
        for (why, scopes) in [
            (
                "token does not have at least one of required scope(s): [write:repository]",
                Some("write:repository"),
            ),
            (
                "token does not have at least one of required scope(s), required=[read:user], token scope=write:issue",
                Some("read:user"),
            ),
            (
                "token does not have at least one of required scope(s), required=[read:repository read:issue], token scope=",
                Some("read:repository, read:issue"),
            ),
            ("you may not", None),
        ] {
            assert_eq!(lacking_scopes(why).as_deref(), scopes, "{why}");
        }
    }
}
