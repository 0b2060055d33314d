//! The commits between two revisions, and the pull requests that brought them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::board::checks::{self, Rollup};
use super::board::{Login, person};
use super::paths::{below, owner_and_name, part};
use super::reads::hides_checks;
use super::reply::{Nodes, Reply, nodes};
use super::{GitHub, query, words};
use crate::domain::ids::{Person, PullRequestNumber, RepoPath, Sha};
use crate::domain::pull_request::Review;
use crate::domain::scope::{ChangedFile, Commit, Files, Scope, ScopedPullRequest};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

/// The account by which GitHub commits what people do on its pages.
const FORGE_ITSELF: &str = "web-flow";

/// Files that GitHub's comparison lists at most: where there are as many, there may be more.
const MOST_FILES: usize = 300;

/// Commits a query; GitHub's comparison names 250 at most.
const COMMITS: usize = 50;
const MOST_COMMITS: usize = 250;

#[derive(Deserialize)]
struct Comparison {
    status: String,
    #[serde(default)]
    total_commits: u64,
    html_url: Option<String>,
    #[serde(default)]
    commits: Vec<WireCommit>,
    files: Option<Vec<WireFile>>,
}

#[derive(Deserialize)]
struct WireFile {
    filename: String,
    previous_filename: Option<String>,
    #[serde(default)]
    additions: u64,
    #[serde(default)]
    deletions: u64,
}

#[derive(Deserialize)]
struct WireCommit {
    sha: String,
    commit: Option<Inner>,
    author: Option<LoginOrNothing>,
    committer: Option<LoginOrNothing>,
    #[serde(default)]
    parents: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Inner {
    message: Option<String>,
    author: Option<GitPerson>,
    committer: Option<GitPerson>,
    verification: Option<Verification>,
}

#[derive(Deserialize)]
struct Verification {
    #[serde(default)]
    verified: bool,
}

#[derive(Deserialize)]
struct GitPerson {
    name: Option<String>,
    date: Option<Timestamp>,
}

/// A commit's author may be `{}` where GitHub knows no account.
#[derive(Deserialize)]
struct LoginOrNothing {
    login: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Brought {
    associated_pull_requests: Option<Nodes>,
    status_check_rollup: Option<Rollup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePullRequest {
    number: u64,
    title: String,
    body: Option<String>,
    head_ref_name: Option<String>,
    url: String,
    #[serde(default)]
    merged: bool,
    merged_by: Option<Login>,
    additions: Option<u64>,
    deletions: Option<u64>,
    author: Option<Login>,
    labels: Option<Nodes>,
    reviews: Option<Nodes>,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireReview {
    state: String,
    submitted_at: Option<Timestamp>,
    author: Option<Login>,
}

impl GitHub {
    pub(super) async fn read_scope(
        &self,
        repo: &RepoPath,
        base: &Sha,
        head: &Sha,
        named_checks: bool,
    ) -> Result<Scope, Error> {
        let range = format!("{}...{}", part(base.as_str()), part(head.as_str()));
        let route = below(repo, format!("/compare/{range}"));
        let comparison: Comparison = self.wire.get(Purpose::Look, &route).await?.json()?;
        let mut scope = compared(base, head, comparison);
        let shas: Vec<String> = scope
            .commits
            .iter()
            .take(MOST_COMMITS)
            .map(|commit| commit.sha.to_string())
            .collect();
        let mut found = BTreeMap::new();
        for (chunk, shas) in shas.chunks(COMMITS).enumerate() {
            let shas: Vec<&str> = shas.iter().map(String::as_str).collect();
            let reply = self.ask_scope(repo, &shas, named_checks).await?;
            let (mut data, errors) = reply.into_parts()?;
            // Trouble with checks alone says nothing against the commits and their reviews.
            let (of_checks, others): (Vec<_>, Vec<_>) = errors
                .iter()
                .partition(|error| error.touches("statusCheckRollup"));
            scope.complete &= others.is_empty();
            let checked = named_checks && of_checks.is_empty();
            match data.remove("repository") {
                Some(Value::Object(commits)) => {
                    let asked = scope
                        .commits
                        .iter_mut()
                        .skip(chunk * COMMITS)
                        .take(shas.len());
                    scope.complete &= brought(commits, asked, checked, &mut found);
                }
                _ => scope.complete = false,
            }
        }
        scope.pull_requests = found.into_values().rev().collect();
        Ok(scope)
    }

    /// Asks about some commits; for no more than the sum of their checks if the token turns out not
    /// to be allowed to read them one by one.
    async fn ask_scope(
        &self,
        repo: &RepoPath,
        shas: &[&str],
        named_checks: bool,
    ) -> Result<Reply, Error> {
        let (owner, name) = owner_and_name(repo);
        let now = (self.clock)();
        let single = !self.hidden.has(repo, now);
        let query = query::scope(owner, name, shas, named_checks.then_some(single));
        let reply = self
            .wire
            .query(Purpose::Look, &query.text, &query.variables)
            .await?;
        if !(named_checks && single && reply.errors().iter().any(hides_checks)) {
            return Ok(reply);
        }
        self.hidden.note(repo, now);
        let query = query::scope(owner, name, shas, Some(false));
        self.wire
            .query(Purpose::Look, &query.text, &query.variables)
            .await
    }
}

fn compared(base: &Sha, head: &Sha, comparison: Comparison) -> Scope {
    let commits: Vec<Commit> = comparison.commits.into_iter().rev().map(commit).collect();
    Scope {
        base: base.clone(),
        head: head.clone(),
        relation: words::relation(&comparison.status),
        total: comparison.total_commits,
        complete: comparison.total_commits <= commits.len() as u64 && commits.len() <= MOST_COMMITS,
        commits,
        pull_requests: Vec::new(),
        files: comparison.files.map(files),
        url: comparison.html_url.as_deref().map(clean),
    }
}

fn files(read: Vec<WireFile>) -> Files {
    let listed = read.into_iter().take(MOST_FILES).map(|file| ChangedFile {
        path: clean(&file.filename),
        was: file.previous_filename.as_deref().map(clean),
        additions: file.additions,
        deletions: file.deletions,
    });
    let listed: Vec<ChangedFile> = listed.collect();
    Files {
        cut: listed.len() == MOST_FILES,
        listed,
    }
}

fn commit(read: WireCommit) -> Commit {
    let inner = read.commit;
    let message = inner.as_ref().and_then(|inner| inner.message.as_deref());
    let (headline, message) = message
        .map(|message| message.split_once('\n').unwrap_or((message, "")))
        .unwrap_or_default();
    let login = read.author.and_then(|author| author.login);
    let signed = inner
        .as_ref()
        .and_then(|inner| inner.verification.as_ref())
        .is_some_and(|verification| verification.verified);
    let committer = read.committer.and_then(|committer| committer.login);
    let git_author = inner.as_ref().and_then(|inner| inner.author.as_ref());
    let git_committer = inner.as_ref().and_then(|inner| inner.committer.as_ref());
    Commit {
        sha: Sha::from(clean(&read.sha).to_lowercase()),
        headline: clean(headline),
        message: clean(message),
        has_account: login.is_some(),
        is_forge_merge: read.parents.len() > 1
            && signed
            && committer.as_deref() == Some(FORGE_ITSELF),
        author: login
            .or_else(|| git_author.and_then(|author| author.name.clone()))
            .map(|name| Person::from(clean(&name))),
        at: git_committer.or(git_author).and_then(|who| who.date),
        pull_requests: Vec::new(),
        checks: None,
    }
}

/// Adds the merged pull requests of each commit to it and to `found`, with `checked` also its
/// checks, and says whether all pull requests were there.
fn brought<'c>(
    mut commits: Map<String, Value>,
    asked: impl Iterator<Item = &'c mut Commit>,
    checked: bool,
    found: &mut BTreeMap<PullRequestNumber, ScopedPullRequest>,
) -> bool {
    let mut complete = true;
    for (index, scoped) in asked.enumerate() {
        let commit = commits
            .remove(&format!("c{index}"))
            .and_then(|commit| serde_json::from_value::<Brought>(commit).ok());
        let Some(commit) = commit else {
            complete = false;
            continue;
        };
        if checked {
            // What could not be read by name is seen by the names that are not there.
            let read = checks::read(&scoped.sha, commit.status_check_rollup, &mut Vec::new());
            scoped.checks = Some(read);
        }
        let Some(pulls) = commit.associated_pull_requests else {
            complete = false;
            continue;
        };
        let total = pulls.total_count;
        let mut gaps = Vec::new();
        let pulls = pulls.read::<WirePullRequest>("pull requests", &mut gaps);
        complete &= total.is_none_or(|total| total <= pulls.len() as u64);
        for read in pulls.into_iter().filter(|read| read.merged) {
            let number = PullRequestNumber(read.number);
            scoped.pull_requests.push(number);
            let pull = pull_request(read, &mut complete, &mut gaps);
            found.entry(number).or_insert(pull);
        }
        complete &= gaps.is_empty();
    }
    complete
}

fn pull_request(
    read: WirePullRequest,
    complete: &mut bool,
    gaps: &mut Vec<String>,
) -> ScopedPullRequest {
    let reviews = if let Some(reviews) = read.reviews {
        let total = reviews.total_count;
        let reviews = reviews.read::<WireReview>("reviews", gaps);
        *complete &= total.is_none_or(|total| total <= reviews.len() as u64);
        latest_opinions(reviews)
    } else {
        *complete = false;
        Vec::new()
    };
    ScopedPullRequest {
        number: PullRequestNumber(read.number),
        title: clean(&read.title),
        body: clean(read.body.as_deref().unwrap_or_default()),
        branch: read.head_ref_name.as_deref().map(clean),
        merged_by: read.merged_by.as_ref().map(person),
        author: read.author.as_ref().map(person),
        url: clean(&read.url),
        labels: nodes::<Label>(read.labels, "labels", gaps)
            .into_iter()
            .map(|label| clean(&label.name))
            .collect(),
        additions: read.additions,
        deletions: read.deletions,
        reviews,
    }
}

/// Keeps each reviewer's last word; one that was dismissed is none.
fn latest_opinions(mut reviews: Vec<WireReview>) -> Vec<Review> {
    reviews.sort_by_key(|review| review.submitted_at);
    let mut last: BTreeMap<Person, Option<Review>> = BTreeMap::new();
    for review in reviews {
        let Some(author) = review.author.as_ref().map(person) else {
            continue;
        };
        let approved = match review.state.as_str() {
            "APPROVED" => Some(true),
            "CHANGES_REQUESTED" => Some(false),
            "DISMISSED" => None,
            // A comment or a draft leaves the last opinion as it was.
            _ => continue,
        };
        let opinion = approved.map(|approved| Review {
            author: author.clone(),
            approved,
            at: review.submitted_at,
        });
        last.insert(author, opinion);
    }
    last.into_values().flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::scope::Relation;

    fn bare_commit() -> Commit {
        commit(WireCommit {
            sha: "aa".to_owned(),
            commit: None,
            author: None,
            committer: None,
            parents: Vec::new(),
        })
    }

    #[test]
    fn commits_come_newest_first_and_a_cut_list_says_so() {
        let (base, head) = (Sha::from("a"), Sha::from("c"));
        let comparison = serde_json::from_value(json!({
            "status": "ahead", "total_commits": 3, "html_url": "u",
            "commits": [
                {"sha": "B", "commit": {"message": "one\n\nmore", "author": {"name": "Ada", "date": "2026-01-01T00:00:00Z"}}, "author": {}},
                {"sha": "C", "commit": {"message": "two"}, "author": {"login": "bob"}}]}))
        .unwrap();
        let scope = compared(&base, &head, comparison);
        assert_eq!(scope.relation, Relation::Ahead);
        assert_eq!(scope.commits[0].sha, Sha::from("c"));
        assert_eq!(scope.commits[0].author, Some(Person::from("bob")));
        assert_eq!(scope.commits[1].headline, "one");
        assert_eq!(scope.commits[1].author, Some(Person::from("Ada")));
        assert_eq!(scope.commits[1].message, "more");
        assert!(!scope.complete);
        assert_eq!(scope.files, None, "an old server lists no files");
    }

    #[test]
    fn files_are_listed_and_a_list_of_three_hundred_may_be_cut() {
        let file = |place: usize| {
            json!({"filename": format!("src/{place}\u{202e}.rs"), "status": "renamed",
                "previous_filename": "old.rs", "additions": 2, "deletions": 1, "patch": "@@"})
        };
        let read = |count: usize| {
            let comparison = json!({"status": "ahead", "total_commits": 0,
                "files": (0..count).map(file).collect::<Vec<_>>()});
            let (base, head) = (Sha::from("a"), Sha::from("c"));
            let scope = compared(&base, &head, serde_json::from_value(comparison).unwrap());
            scope.files.unwrap()
        };
        let some = read(2);
        assert!(!some.cut);
        let first = &some.listed[0];
        assert_eq!(first.path, "src/0\u{fffd}.rs", "text of a forge is cleaned");
        assert_eq!(first.was.as_deref(), Some("old.rs"));
        assert_eq!((first.additions, first.deletions), (2, 1));
        let many = read(301);
        assert!(many.cut && many.listed.len() == 300);
    }

    #[test]
    fn an_author_has_an_account_or_only_a_name_and_a_merge_button_writes_nothing() {
        let read = |login: Value, committer: &str, parents: usize, verified: bool| {
            let read = json!({
                "sha": "A", "author": login, "committer": {"login": committer},
                "parents": vec![json!({"sha": "b"}); parents],
                "commit": {"message": "m", "author": {"name": "Ada"}, "verification": {"verified": verified}}});
            let commit = commit(serde_json::from_value(read).unwrap());
            (commit.has_account, commit.is_forge_merge)
        };
        let ada = || json!({"login": "ada"});
        assert_eq!(read(ada(), "ada", 1, false), (true, false));
        assert_eq!(read(Value::Null, "ada", 1, false), (false, false));
        assert_eq!(read(json!({}), "ada", 1, false), (false, false));
        assert_eq!(read(ada(), "web-flow", 2, true), (true, true));
        // A squash holds what somebody wrote, and anybody can call themselves web-flow.
        assert_eq!(read(ada(), "web-flow", 1, true), (true, false));
        assert_eq!(read(ada(), "web-flow", 2, false), (true, false));
    }

    #[test]
    fn the_last_word_of_each_reviewer_counts() {
        let review = |who: &str, state: &str, day: u32| json!({"state": state, "submittedAt": format!("2026-01-{day:02}T00:00:00Z"), "author": {"login": who}});
        let commits = json!({"c0": {"associatedPullRequests": {"totalCount": 2, "nodes": [
            {"number": 7, "title": "t", "body": "Closes PAY-1\n", "headRefName": "pay-1", "mergedBy": {"login": "raj"}, "url": "u", "merged": true, "author": {"login": "eve"}, "labels": {"nodes": []},
             "reviews": {"totalCount": 6, "nodes": [
                review("ada", "APPROVED", 3), review("ada", "CHANGES_REQUESTED", 1),
                review("bob", "APPROVED", 1), review("bob", "CHANGES_REQUESTED", 2),
                review("cyd", "APPROVED", 1), review("cyd", "DISMISSED", 2)]}},
            {"number": 8, "title": "open", "url": "u", "merged": false}]}}});
        let Value::Object(commits) = commits else {
            panic!("an object")
        };
        let mut found = BTreeMap::new();
        let mut asked = [bare_commit()];
        assert!(brought(commits, asked.iter_mut(), false, &mut found));
        assert_eq!(asked[0].pull_requests, [PullRequestNumber(7)]);
        assert_eq!(found.len(), 1, "an open pull request brought nothing");
        let request = &found[&PullRequestNumber(7)];
        assert_eq!(request.body, "Closes PAY-1");
        assert_eq!(request.branch.as_deref(), Some("pay-1"));
        assert_eq!(request.merged_by, Some(Person::from("raj")));
        let reviews = &request.reviews;
        let said: Vec<_> = reviews
            .iter()
            .map(|review| (review.author.as_str(), review.approved))
            .collect();
        assert_eq!(said, [("ada", true), ("bob", false)]);
    }

    #[test]
    fn a_commit_whose_pull_requests_are_hidden_leaves_the_scope_incomplete() {
        for commits in [
            json!({}),
            json!({"c0": null}),
            json!({"c0": {"associatedPullRequests": null}}),
            json!({"c0": {"associatedPullRequests": {"totalCount": 9, "nodes": []}}}),
        ] {
            let Value::Object(commits) = commits else {
                panic!("an object")
            };
            let mut asked = [bare_commit()];
            let mut found = BTreeMap::new();
            assert!(!brought(commits, asked.iter_mut(), true, &mut found));
        }
    }
}
