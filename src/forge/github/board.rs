//! The board's answer of one repository, from GraphQL, as facts.
//!
//! What only REST tells (waiting runs, their reviewers) is added in `runs.rs`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use self::checks::Rollup;
use self::deployment::{WireDeployment, deployment};
use self::pull_request::{WirePullRequest, pull_request};
use super::reply::{Nodes, nodes};
use super::words;
use crate::domain::deployment::Deployment;
use crate::domain::facts::{ForgeEnvironment, Head, Release, ServiceFacts};
use crate::domain::few::Few;
use crate::domain::ids::{
    DeploymentId, EnvironmentId, EnvironmentName, Person, ReleaseId, RepoPath, RunId, Sha,
};
use crate::domain::pipeline::{Checks, Run};
use crate::domain::text::clean;
use crate::forge::error::Error;

pub(super) mod checks;
mod deployment;
mod pull_request;

pub(super) use self::deployment::key;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    name_with_owner: String,
    url: String,
    #[serde(default)]
    is_archived: bool,
    #[serde(default)]
    is_disabled: bool,
    viewer_permission: Option<String>,
    default_branch_ref: Option<Named>,
    head: Option<BranchRef>,
    environments: Option<Nodes>,
    latest_release: Option<WireRelease>,
    releases: Option<Nodes>,
    pull_requests: Option<Nodes>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Login {
    pub(super) login: String,
}

#[derive(Deserialize)]
struct BranchRef {
    name: Option<String>,
    target: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tip {
    oid: String,
    message_headline: Option<String>,
    committed_date: Option<Timestamp>,
    author: Option<Author>,
    status_check_rollup: Option<Rollup>,
    check_suites: Option<Nodes>,
}

#[derive(Deserialize)]
struct Author {
    name: Option<String>,
    user: Option<Login>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    oid: String,
    status_check_rollup: Option<Rollup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Suite {
    status: String,
    conclusion: Option<String>,
    workflow_run: Option<WorkflowRun>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkflowRun {
    database_id: u64,
    #[serde(default)]
    run_number: u64,
    event: String,
    url: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    workflow: Option<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Environment {
    database_id: Option<u64>,
    name: String,
    latest_completed_deployment: Option<Value>,
    protection_rules: Option<Nodes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    #[serde(rename = "type")]
    pub(super) kind: String,
    timeout: Option<i64>,
    prevent_self_review: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRelease {
    database_id: Option<u64>,
    tag_name: String,
    name: Option<String>,
    #[serde(default)]
    is_draft: bool,
    #[serde(default)]
    is_prerelease: bool,
    created_at: Timestamp,
    published_at: Option<Timestamp>,
    url: String,
    tag_commit: Option<Oid>,
}

#[derive(Deserialize)]
struct Oid {
    oid: String,
}

/// Reads what stood under one alias of the board's query.
pub(super) fn facts(mut fields: Map<String, Value>) -> Result<ServiceFacts, Error> {
    let mut gaps = Vec::new();
    let deployments = aliased(&mut fields, 'd');
    let revisions = aliased(&mut fields, 'c');
    let repository: Repository = serde_json::from_value(Value::Object(fields))
        .map_err(|error| Error::Unreadable(clean(&error.to_string())))?;

    let mut checks = Few::new();
    for value in revisions {
        if let Ok(commit) = Checked::deserialize(&value) {
            let sha = Sha::from(clean(&commit.oid).to_lowercase());
            let found = checks::read(&sha, commit.status_check_rollup, &mut gaps);
            checks.insert(sha, found);
        }
    }
    let (head, runs) = head(repository.head, &mut checks, &mut gaps);

    let mut found: BTreeMap<DeploymentId, Deployment> = BTreeMap::new();
    for list in deployments {
        if let Ok(list) = Nodes::deserialize(list) {
            for read in list.read::<WireDeployment>("deployments", &mut gaps) {
                if let Some(read) = deployment(read) {
                    found.insert(read.id, read);
                }
            }
        }
    }
    let mut environments = Vec::new();
    for read in nodes::<Environment>(repository.environments, "environments", &mut gaps) {
        // Behind ten failures the live one may still be the latest that completed.
        if let Some(last) = read
            .latest_completed_deployment
            .as_ref()
            .and_then(|last| WireDeployment::deserialize(last).ok())
            .and_then(deployment)
        {
            found.entry(last.id).or_insert(last);
        }
        environments.push(environment(read, &mut gaps));
    }
    let mut deployments: Vec<Deployment> = found.into_values().collect();
    deployments.sort_by_key(|each| std::cmp::Reverse((each.created_at, each.id)));

    let mut releases: Vec<Release> =
        nodes::<WireRelease>(repository.releases, "releases", &mut gaps)
            .into_iter()
            .map(release)
            .collect();
    if let Some(latest) = repository.latest_release.map(release)
        && releases.iter().all(|known| known.tag != latest.tag)
    {
        releases.push(latest);
    }
    releases.sort_by_key(|release| std::cmp::Reverse(release.created_at));
    // It was made in the place of the wire's, which are larger.
    releases.shrink_to_fit();

    let open = repository.pull_requests.unwrap_or_default();
    let open_pull_requests = open.total_count.unwrap_or_default();
    let pull_requests = open
        .read::<WirePullRequest>("pull requests", &mut gaps)
        .into_iter()
        .map(|read| pull_request(read, &mut Vec::new()))
        .collect();

    Ok(ServiceFacts {
        repo: RepoPath::from(clean(&repository.name_with_owner)),
        url: clean(&repository.url),
        archived: repository.is_archived || repository.is_disabled,
        permission: words::permission(repository.viewer_permission.as_deref()),
        default_branch: repository
            .default_branch_ref
            .map(|named| clean(&named.name)),
        head,
        checks,
        environments,
        deployments,
        runs,
        open_pull_requests,
        pull_requests,
        releases,
        labelled: BTreeMap::new(),
        gaps,
        hidden: Vec::new(),
    })
}

/// Takes out the values of aliases `d0`, `d1` and so on; a null one is left out.
fn aliased(fields: &mut Map<String, Value>, letter: char) -> Vec<Value> {
    let names: Vec<String> = fields
        .keys()
        .filter(|name| {
            name.strip_prefix(letter)
                .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
        })
        .cloned()
        .collect();
    names
        .iter()
        .filter_map(|name| fields.shift_remove(name))
        .filter(|value| !value.is_null())
        .collect()
}

fn head(
    branch: Option<BranchRef>,
    checks: &mut Few<Sha, Checks>,
    gaps: &mut Vec<String>,
) -> (Option<Head>, Vec<Run>) {
    let Some(branch) = branch else {
        return (None, Vec::new());
    };
    let Some(tip) = branch
        .target
        .and_then(|target| serde_json::from_value::<Tip>(target).ok())
    else {
        gaps.push("head: the branch does not point at a commit that can be read".to_owned());
        return (None, Vec::new());
    };
    let sha = Sha::from(clean(&tip.oid).to_lowercase());
    let found = checks::read(&sha, tip.status_check_rollup, gaps);
    checks.insert(sha.clone(), found);
    let mut runs: Vec<Run> = nodes::<Suite>(tip.check_suites, "runs", gaps)
        .into_iter()
        .filter_map(|suite| run(suite, &sha, branch.name.as_deref()))
        .collect();
    runs.shrink_to_fit();
    let head = Head {
        sha,
        headline: clean(tip.message_headline.as_deref().unwrap_or_default()),
        author: tip.author.and_then(|author| match author.user {
            Some(user) => Some(person(&user)),
            None => author.name.map(|name| Person::from(clean(&name))),
        }),
        at: tip.committed_date,
    };
    (Some(head), runs)
}

fn run(suite: Suite, sha: &Sha, branch: Option<&str>) -> Option<Run> {
    let run = suite.workflow_run?;
    let raw = suite.conclusion.as_deref().unwrap_or(&suite.status);
    Some(Run {
        id: RunId(run.database_id),
        name: clean(
            run.workflow
                .as_ref()
                .map_or("", |named| named.name.as_str()),
        ),
        workflow: None,
        title: None,
        number: run.run_number,
        attempt: 1,
        event: clean(&run.event),
        sha: sha.clone(),
        branch: branch.map(clean),
        phase: words::run(&suite.status, suite.conclusion.as_deref()),
        raw: clean(raw).to_lowercase(),
        url: clean(&run.url),
        actor: None,
        created_at: run.created_at,
        updated_at: run.updated_at,
        waiting: Vec::new(),
    })
}

fn environment(read: Environment, gaps: &mut Vec<String>) -> ForgeEnvironment {
    let mut environment = ForgeEnvironment {
        name: EnvironmentName::from(clean(&read.name)),
        id: read.database_id.map(EnvironmentId),
        required_reviewers: false,
        prevent_self_review: false,
        wait_timer: SignedDuration::ZERO,
        branch_policy: false,
    };
    for rule in nodes::<Rule>(read.protection_rules, "protection rules", gaps) {
        match rule.kind.as_str() {
            "REQUIRED_REVIEWERS" => environment.required_reviewers = true,
            "WAIT_TIMER" => {
                environment.wait_timer =
                    SignedDuration::from_mins(rule.timeout.unwrap_or_default().clamp(0, 43_200));
            }
            "BRANCH_POLICY" => environment.branch_policy = true,
            other => gaps.push(format!(
                "{}: unknown protection rule {}",
                environment.name,
                clean(other)
            )),
        }
        environment.prevent_self_review |= rule.prevent_self_review.unwrap_or_default();
    }
    environment
}

fn release(read: WireRelease) -> Release {
    Release {
        id: read.database_id.map(ReleaseId),
        tag: clean(&read.tag_name),
        name: read
            .name
            .as_deref()
            .map(clean)
            .filter(|name| !name.is_empty()),
        draft: read.is_draft,
        prerelease: read.is_prerelease,
        sha: read
            .tag_commit
            .map(|commit| Sha::from(clean(&commit.oid).to_lowercase())),
        created_at: read.created_at,
        published_at: read.published_at,
        url: clean(&read.url),
    }
}

pub(super) fn person(login: &Login) -> Person {
    Person::from(clean(&login.login))
}

#[cfg(test)]
mod tests;
