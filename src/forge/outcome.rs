//! What an answer that is no success, or none at all, means for an act: the same on every forge.
//!
//! Which words of a forge lead to which advice is the adapters' business.

use crate::domain::act::Outcome;
use crate::domain::text::clean;

use super::error::{Error, Refusal};

/// Judges an answer that is no success: a definite refusal, or anything. `hint` is what the forge
/// means by it, where its own words say too little; `denied` whether it is the token that may not.
pub fn refused(refusal: &Refusal, hint: Option<&str>, denied: bool) -> Outcome {
    if is_definite(refusal) {
        return Outcome::Rejected {
            status: refusal.status,
            why: refusal.why.clone(),
            hint: hint.map(str::to_owned).or_else(|| refusal.hint.clone()),
            denied,
        };
    }
    Outcome::NoAnswer {
        why: match refusal.status {
            300..=399 => format!("redirected ({})", refusal.status),
            status => format!("{} ({status})", refusal.why),
        },
    }
}

/// Judges an error: only what provably never left is a refusal.
pub fn unanswered(error: &Error) -> Outcome {
    if error.is_unsent() {
        Outcome::Rejected {
            status: 0,
            why: format!("not sent: {error}"),
            hint: None,
            denied: false,
        }
    } else {
        Outcome::NoAnswer {
            why: clean(&error.to_string()),
        }
    }
}

/// Says whether nothing can have happened. A limit may have been met after the deed, and what stands
/// before a forge says 403 as well.
fn is_definite(refusal: &Refusal) -> bool {
    match refusal.status {
        400 | 401 | 404 | 405 | 406 | 409 | 410 | 413 | 422 | 423 | 451 => true,
        403 => refusal.says_why && !refusal.is_rate_limit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn of_all_statuses_few_are_definite() {
        for status in 300..=599_u16 {
            let body = br#"{"message":"No because"}"#;
            let refusal = Refusal::of(status, &HeaderMap::new(), body);
            let definite = [400, 401, 403, 404, 405, 406, 409, 410, 413, 422, 423, 451];
            let rejected = matches!(refused(&refusal, None, false), Outcome::Rejected { .. });
            assert_eq!(rejected, definite.contains(&status), "{status}");
        }
    }

    #[test]
    fn only_a_plain_no_is_a_refusal() {
        let message = br#"{"message":"No, because"}"#.as_slice();
        for (status, body, definite) in [
            (400, message, true),
            (403, message, true),
            (403, b"<html>a proxy</html>", false),
            (403, br#"{"message":"secondary rate limit"}"#, false),
            (409, message, true),
            (410, message, true),
            (423, message, true),
            (451, message, true),
            (307, b"", false),
            (408, message, false),
            (425, message, false),
            (429, message, false),
            (500, message, false),
            (503, message, false),
        ] {
            let refusal = Refusal::of(status, &HeaderMap::new(), body);
            let rejected = matches!(refused(&refusal, None, false), Outcome::Rejected { .. });
            assert_eq!(rejected, definite, "{status}");
        }
    }
}
