//! Opinions on a pull request: each reviewer's last word, and whether it counts for the rules of the
//! branch. They are read here, and remembered while nobody touched the pull request. What follows from
//! them is in `state`; which pull requests are worth the reading, in `pulls`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::WirePull;
use crate::domain::ids::{Person, RepoPath};
use crate::domain::pull_request::Review;
use crate::forge::error::Error;
use crate::forge::forgejo::Forgejo;
use crate::forge::forgejo::lists::below;
use crate::forge::forgejo::repos::{User, person};
use crate::forge::http::limiter::Purpose;

/// How long reviews of a pull request that nobody touched are believed.
const REVIEWS_FOR: SignedDuration = SignedDuration::from_mins(5);

#[derive(Clone, Debug, Deserialize)]
struct WireReview {
    state: Option<String>,
    user: Option<User>,
    #[serde(default)]
    official: bool,
    #[serde(default)]
    dismissed: bool,
    #[serde(default)]
    stale: bool,
    submitted_at: Option<Timestamp>,
}

/// One reviewer's last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::forge::forgejo) struct Opinion {
    pub(in crate::forge::forgejo) review: Review,
    /// By somebody whose word counts for the rules of the branch.
    pub(super) official: bool,
}

pub(in crate::forge::forgejo) type Opinions = Vec<Opinion>;

pub(super) fn approvals(opinions: &[Opinion]) -> u64 {
    let approving = opinions
        .iter()
        .filter(|opinion| opinion.official && opinion.review.approved);
    approving.count() as u64
}

/// Keeps each reviewer's last word; one that was dismissed is none, and a comment leaves it as it was.
fn last_words(mut reviews: Vec<WireReview>) -> Opinions {
    reviews.sort_by_key(|review| review.submitted_at);
    let mut last: BTreeMap<Person, Option<Opinion>> = BTreeMap::new();
    for review in reviews {
        let Some(author) = review.user.as_ref().and_then(person) else {
            continue;
        };
        let approved = match review.state.as_deref().unwrap_or_default() {
            "APPROVED" => true,
            "REQUEST_CHANGES" => false,
            _ => continue,
        };
        let opinion = (!review.dismissed).then(|| Opinion {
            review: Review {
                author: author.clone(),
                approved,
                at: review.submitted_at,
            },
            // An approval of what has changed since counts for a branch only if it says so, which
            // we cannot see: rather one approval too few.
            official: review.official && !(approved && review.stale),
        });
        last.insert(author, opinion);
    }
    last.into_values().flatten().collect()
}

impl Forgejo {
    /// Reads the reviews of a pull request.
    pub(in crate::forge::forgejo) async fn reviews(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        number: u64,
    ) -> Result<Opinions, Error> {
        let mut reviews = Vec::new();
        let route = below(repo, format!("/pulls/{number}/reviews?"));
        self.pages(purpose, &route, "reviews", |page| {
            reviews.extend(page.each::<WireReview>());
            true
        })
        .await?;
        Ok(last_words(reviews))
    }

    /// Reads the reviews of an open pull request, or remembers them if it has not changed since.
    pub(super) async fn opinions(
        &self,
        repo: &RepoPath,
        pull: &WirePull,
        always: bool,
    ) -> Result<Opinions, Error> {
        let head = pull.head.as_ref().and_then(|head| head.sha.clone());
        let key = (
            repo.clone(),
            pull.number,
            head.unwrap_or_default(),
            pull.updated_at,
        );
        let now = (self.clock)();
        let known = self.memory.reviews.get(&key, now, REVIEWS_FOR);
        if let (Some(known), false) = (known, always) {
            return Ok(known);
        }
        let read = self.reviews(Purpose::Look, repo, pull.number).await?;
        self.memory.reviews.put(key, now, read.clone());
        Ok(read)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(in super::super) fn review(who: &str, state: &str, official: bool, day: u32) -> Value {
        json!({"state": state, "official": official, "user": {"login": who},
            "submitted_at": format!("2026-10-{day:02}T00:00:00Z")})
    }

    pub(in super::super) fn opinions(reviews: &[Value]) -> Opinions {
        let reviews = reviews.iter().cloned().map(serde_json::from_value);
        last_words(reviews.map(Result::unwrap).collect())
    }

    #[test]
    fn the_last_word_of_each_reviewer_counts() {
        let mut dismissed = review("cyd", "APPROVED", true, 2);
        dismissed["dismissed"] = json!(true);
        let mut stale = review("dan", "APPROVED", true, 3);
        stale["stale"] = json!(true);
        let read = opinions(&[
            review("ada", "APPROVED", true, 3),
            review("ada", "REQUEST_CHANGES", true, 1),
            review("bob", "APPROVED", true, 1),
            review("bob", "COMMENT", true, 2),
            review("eve", "REQUEST_REVIEW", true, 2),
            review("fay", "PENDING", true, 2),
            dismissed,
            stale,
            json!({"state": "APPROVED", "official": true, "user": null}),
        ]);
        let said: Vec<_> = read
            .iter()
            .map(|it| (it.review.author.as_str(), it.review.approved, it.official))
            .collect();
        assert_eq!(
            said,
            [
                ("ada", true, true),
                ("bob", true, true),
                ("dan", true, false)
            ]
        );
        assert_eq!(approvals(&read), 2);
    }
}
