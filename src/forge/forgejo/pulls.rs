//! Open pull requests: what stands between each and its merge. The forge gives no decision, so it is
//! put together from reviews, the rules of the branch and the statuses of the head.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::Forgejo;
use super::lists::below;
use super::repos::{Branch, Branches, Repository, User, person, sha};
use crate::domain::ids::{Person, PullRequestNumber, RepoPath, Sha};
use crate::domain::phase::Phase;
use crate::domain::pull_request::{ChangeState, PullRequest, Review};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::modelled::statuses::Status;

/// How long after a push the forge may still be looking for conflicts.
const CHECKING: SignedDuration = SignedDuration::from_secs(10);
/// Pull requests into the service's own branch that are shown.
const SHOWN: usize = 10;
/// And those of them whose reviews are read.
const REVIEWED: usize = 5;
/// How long reviews of a pull request that nobody touched are believed.
const REVIEWS_FOR: SignedDuration = SignedDuration::from_mins(5);

#[derive(Clone, Debug, Deserialize)]
pub(super) struct WirePull {
    pub(super) number: u64,
    title: Option<String>,
    body: Option<String>,
    user: Option<User>,
    merged_by: Option<User>,
    html_url: Option<String>,
    #[serde(default)]
    draft: bool,
    /// False also for drafts, and while conflicts are looked for.
    mergeable: Option<bool>,
    #[serde(default)]
    pub(super) merged: bool,
    pub(super) merge_commit_sha: Option<String>,
    labels: Option<Vec<Label>>,
    pub(super) head: Option<End>,
    base: Option<End>,
    updated_at: Option<Timestamp>,
    additions: Option<u64>,
    deletions: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct End {
    #[serde(rename = "ref")]
    name: Option<String>,
    pub(super) sha: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Label {
    pub(super) name: String,
}

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
pub(super) struct Opinion {
    pub(super) review: Review,
    /// By somebody whose word counts for the rules of the branch.
    official: bool,
}

pub(super) type Opinions = Vec<Opinion>;

/// What is known of the branch that a pull request goes into, and of its head.
#[derive(Clone, Copy, Default)]
struct Around<'a> {
    base: Option<&'a Branch>,
    /// Statuses of the head, where they were read.
    statuses: Option<&'a [Status]>,
    opinions: Option<&'a [Opinion]>,
}

/// What a read of the open pull requests came to.
pub(super) struct Open {
    pub(super) total: u64,
    list: Vec<WirePull>,
}

impl Open {
    /// The list could not be read, its length is known.
    pub(super) fn none(total: u64) -> Self {
        Self {
            total,
            list: Vec::new(),
        }
    }
}

impl WirePull {
    pub(super) fn head_sha(&self) -> Option<Sha> {
        sha(self.head.as_ref()?.sha.as_deref())
    }

    fn base_name(&self) -> String {
        let base = self.base.as_ref().and_then(|base| base.name.as_deref());
        clean(base.unwrap_or_default())
    }

    pub(super) fn title(&self) -> String {
        clean(self.title.as_deref().unwrap_or_default())
    }

    pub(super) fn body(&self) -> String {
        clean(self.body.as_deref().unwrap_or_default())
    }

    pub(super) fn branch(&self) -> Option<String> {
        self.head.as_ref()?.name.as_deref().map(clean)
    }

    pub(super) fn merged_by(&self) -> Option<Person> {
        self.merged_by.as_ref().and_then(person)
    }

    pub(super) fn author(&self) -> Option<Person> {
        self.user.as_ref().and_then(person)
    }

    pub(super) fn url(&self) -> String {
        clean(self.html_url.as_deref().unwrap_or_default())
    }

    pub(super) fn labels(&self) -> Vec<String> {
        let labels = self.labels.iter().flatten();
        labels.map(|label| clean(&label.name)).collect()
    }

    pub(super) fn size(&self) -> (Option<u64>, Option<u64>) {
        (self.additions, self.deletions)
    }

    pub(super) fn merge_commit(&self) -> Option<Sha> {
        sha(self.merge_commit_sha.as_deref())
    }

    fn into_pull_request(self, around: Around<'_>, now: Timestamp) -> Option<PullRequest> {
        let state = state(&self, around, now);
        let head_name = self.head.as_ref().and_then(|head| head.name.as_deref());
        let checks = around.statuses.map(|statuses| {
            let phases = statuses.iter().map(|status| &status.phase);
            Phase::worst(phases).cloned()
        });
        let mergeable = match self.mergeable {
            Some(true) => "mergeable",
            Some(false) => "not mergeable",
            None => "mergeable unknown",
        };
        let approvals = around.opinions.map(approvals);
        Some(PullRequest {
            number: PullRequestNumber(self.number),
            title: self.title(),
            author: self.author(),
            url: self.url(),
            head: self.head_sha()?,
            head_ref: clean(head_name.unwrap_or_default()),
            base_ref: self.base_name(),
            state,
            checks: checks.flatten(),
            raw: match approvals {
                Some(count) => format!("{mergeable}, {count} official approvals"),
                None => mergeable.to_owned(),
            },
            labels: self.labels(),
            updated_at: self.updated_at.unwrap_or(now),
        })
    }
}

fn approvals(opinions: &[Opinion]) -> u64 {
    let approving = opinions
        .iter()
        .filter(|opinion| opinion.official && opinion.review.approved);
    approving.count() as u64
}

/// Says what stands between a pull request and its merge; the first that applies.
fn state(pull: &WirePull, around: Around<'_>, now: Timestamp) -> ChangeState {
    if pull.draft {
        return ChangeState::Draft;
    }
    match pull.mergeable {
        Some(true) => {}
        Some(false) => {
            let pushed = pull.updated_at;
            let fresh = pushed.is_some_and(|at| now.duration_since(at).abs() < CHECKING);
            return if fresh {
                ChangeState::Checking
            } else {
                ChangeState::Conflict
            };
        }
        None => return ChangeState::Unknown("mergeable is not told".to_owned()),
    }
    let Some(base) = around.base else {
        return ChangeState::Unknown("the rules of its branch were not read".to_owned());
    };
    match around.opinions {
        Some(opinions) => {
            let refused = |opinion: &Opinion| opinion.official && !opinion.review.approved;
            if opinions.iter().any(refused) {
                return ChangeState::ChangesRequested;
            }
            if approvals(opinions) < base.required_approvals {
                return ChangeState::NeedsReview;
            }
        }
        None => return ChangeState::Unknown("its reviews were not read".to_owned()),
    }
    let required = base.required_contexts();
    if required.is_empty() {
        return ChangeState::Ready;
    }
    let Some(statuses) = around.statuses else {
        return ChangeState::Unknown("its checks were not read".to_owned());
    };
    let mut running = false;
    for wanted in required {
        let named = |status: &&Status| is_named(wanted, &status.context);
        let phases: Vec<&Phase> = statuses.iter().filter(named).map(|it| &it.phase).collect();
        match Phase::worst(phases) {
            Some(Phase::Succeeded | Phase::Skipped) => {}
            Some(Phase::Failed | Phase::Cancelled) => return ChangeState::ChecksFailed,
            Some(_) | None => running = true,
        }
    }
    if running {
        ChangeState::ChecksRunning
    } else {
        ChangeState::Ready
    }
}

/// A rule may name contexts by a pattern with `*`.
fn is_named(pattern: &str, context: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = context.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
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
    /// Reads the open pull requests, those that changed last first.
    pub(super) async fn open_pulls(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        known: &Repository,
        may_be_open: bool,
    ) -> Result<Open, Error> {
        if known.has_pull_requests == Some(false) || !may_be_open {
            return Ok(Open {
                total: 0,
                list: Vec::new(),
            });
        }
        let route = below(repo, "/pulls?state=open&sort=recentupdate");
        let page = self.page(purpose, &route, "pulls", 1).await?;
        // An item may be empty: its repository is gone.
        let there = page.items.iter().filter(|item| !item.is_null());
        let count = there.count() as u64;
        let total = page.total.unwrap_or(count).max(count);
        Ok(Open {
            total,
            list: page.each(),
        })
    }

    /// Reads the reviews of a pull request.
    pub(super) async fn reviews(
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

    /// Says of each open pull request what it lacks. `own` is the service's branch; `branches` and
    /// `statuses` are those that were read anyway.
    ///
    /// Pull requests that promote, which go into another branch, are looked at whole each time; of
    /// the others the newest few, as long as they change.
    pub(super) async fn pull_requests(
        &self,
        repo: &RepoPath,
        open: Open,
        own: Option<&str>,
        branches: &mut Branches,
        statuses: &BTreeMap<Sha, Vec<Status>>,
        gaps: &mut Vec<String>,
    ) -> Result<Vec<PullRequest>, Error> {
        let now = self.forge_time();
        let mut read = Vec::new();
        let mut others = 0;
        for pull in open.list {
            let base = pull.base_name();
            let promotes = own.is_none_or(|name| name != base);
            others += usize::from(!promotes);
            if !promotes && others > SHOWN {
                continue;
            }
            if promotes {
                let purpose = Purpose::Look;
                let branch = self.branch_once(purpose, repo, &base, branches).await;
                branch.or_else(|error| gap(gaps, "branch rules", error))?;
            }
            let open = !pull.draft && pull.mergeable == Some(true);
            let opinions = if open && (promotes || others <= REVIEWED) {
                let opinions = self.opinions(repo, &pull, promotes).await;
                opinions
                    .map(Some)
                    .or_else(|error| gap(gaps, "reviews", error))?
            } else {
                None
            };
            let around = Around {
                base: branches.get(&base).and_then(Option::as_ref),
                statuses: pull
                    .head_sha()
                    .and_then(|head| statuses.get(&head))
                    .map(Vec::as_slice),
                opinions: opinions.as_deref(),
            };
            read.extend(pull.into_pull_request(around, now));
        }
        Ok(read)
    }

    /// Reads the reviews of an open pull request, or remembers them if it has not changed since.
    async fn opinions(
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

/// Turns an error into a gap, unless the forge as a whole is in trouble: then nothing was read.
pub(super) fn gap<T: Default>(
    gaps: &mut Vec<String>,
    what: &str,
    error: Error,
) -> Result<T, Error> {
    if error.kind().is_of_forge() || error.is_passing() {
        return Err(error);
    }
    let hint = match &error {
        Error::Refused(refusal) => refusal.hint.clone(),
        _ => None,
    };
    let said = match hint {
        Some(hint) => format!("{what}: {error} ({hint})"),
        None => format!("{what}: {error}"),
    };
    let said = clean(&said);
    if !gaps.contains(&said) {
        gaps.push(said);
    }
    Ok(T::default())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn now() -> Timestamp {
        "2026-11-01T12:00:00Z".parse().unwrap()
    }

    fn pull(changes: Value) -> WirePull {
        let mut wire = json!({"number": 7, "title": "t", "mergeable": true, "updated_at": "2026-11-01T10:00:00Z",
            "head": {"ref": "main", "sha": "AA"}, "base": {"ref": "env/production", "sha": "bb"}, "labels": null});
        for (name, value) in changes.as_object().unwrap() {
            wire[name] = value.clone();
        }
        serde_json::from_value(wire).unwrap()
    }

    fn review(who: &str, state: &str, official: bool, day: u32) -> Value {
        json!({"state": state, "official": official, "user": {"login": who},
            "submitted_at": format!("2026-10-{day:02}T00:00:00Z")})
    }

    fn opinions(reviews: &[Value]) -> Opinions {
        let reviews = reviews.iter().cloned().map(serde_json::from_value);
        last_words(reviews.map(Result::unwrap).collect())
    }

    fn branch(approvals: u64, contexts: &[&str]) -> Branch {
        let wire = json!({"required_approvals": approvals, "enable_status_check": !contexts.is_empty(),
            "status_check_contexts": contexts, "commit": {"id": "bb"}});
        serde_json::from_value(wire).unwrap()
    }

    fn status(context: &str, phase: Phase) -> Status {
        Status {
            id: "1".to_owned(),
            sha: Sha::from("aa"),
            context: context.to_owned(),
            raw: phase.word().to_owned(),
            phase,
            description: None,
            url: None,
            creator: None,
            created_at: now(),
        }
    }

    #[test]
    fn the_first_thing_that_stands_before_a_merge_is_named() {
        let plain = branch(0, &[]);
        let strict = branch(1, &["ci / *"]);
        let approved = opinions(&[review("ada", "APPROVED", true, 1)]);
        let unofficial = opinions(&[review("ada", "APPROVED", false, 1)]);
        let refused = opinions(&[
            review("ada", "APPROVED", true, 1),
            review("bob", "REQUEST_CHANGES", true, 2),
        ]);
        let green = [
            status("ci / unit (push)", Phase::Succeeded),
            status("other", Phase::Failed),
        ];
        let red = [status("ci / unit (push)", Phase::Failed)];
        let running = [status("ci / unit (push)", Phase::Running)];
        #[expect(clippy::type_complexity, reason = "a table, read once")]
        let table: [(WirePull, &Branch, &[Opinion], &[Status], ChangeState); 12] = [
            (
                pull(json!({"draft": true, "mergeable": false})),
                &plain,
                &[],
                &[],
                ChangeState::Draft,
            ),
            (
                pull(json!({"mergeable": false})),
                &plain,
                &[],
                &[],
                ChangeState::Conflict,
            ),
            (
                pull(json!({"mergeable": false, "updated_at": "2026-11-01T11:59:55Z"})),
                &plain,
                &[],
                &[],
                ChangeState::Checking,
            ),
            (pull(json!({})), &plain, &[], &[], ChangeState::Ready),
            (
                pull(json!({})),
                &plain,
                &refused,
                &[],
                ChangeState::ChangesRequested,
            ),
            (
                pull(json!({})),
                &strict,
                &[],
                &green,
                ChangeState::NeedsReview,
            ),
            (
                pull(json!({})),
                &strict,
                &unofficial,
                &green,
                ChangeState::NeedsReview,
            ),
            (
                pull(json!({})),
                &strict,
                &approved,
                &green,
                ChangeState::Ready,
            ),
            (
                pull(json!({})),
                &strict,
                &approved,
                &red,
                ChangeState::ChecksFailed,
            ),
            (
                pull(json!({})),
                &strict,
                &approved,
                &running,
                ChangeState::ChecksRunning,
            ),
            (
                pull(json!({})),
                &strict,
                &approved,
                &[],
                ChangeState::ChecksRunning,
            ),
            (
                pull(json!({"mergeable": null})),
                &plain,
                &[],
                &[],
                ChangeState::Unknown("mergeable is not told".to_owned()),
            ),
        ];
        for (pull, base, opinions, statuses, expected) in table {
            let around = Around {
                base: Some(base),
                statuses: Some(statuses),
                opinions: Some(opinions),
            };
            assert_eq!(state(&pull, around, now()), expected, "{pull:?}");
        }
        let unread = Around {
            base: Some(&plain),
            ..Around::default()
        };
        assert!(matches!(
            state(&pull(json!({})), unread, now()),
            ChangeState::Unknown(_)
        ));
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

    #[test]
    fn contexts_are_named_by_patterns() {
        for (pattern, context, is) in [
            ("ci", "ci", true),
            ("ci", "ci / unit", false),
            ("ci / *", "ci / unit (push)", true),
            ("*unit*", "ci / unit (push)", true),
            ("*(push)", "ci / unit (pull_request)", false),
            ("a*b", "ab", true),
            ("a*b*c", "aXbYc", true),
            ("*", "", true),
        ] {
            assert_eq!(is_named(pattern, context), is, "{pattern} {context}");
        }
    }
}
