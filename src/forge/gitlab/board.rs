//! The board of one project: what the batched query told, completed by REST.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::changes::Beside;
use super::memory;
use super::pipelines::{Pipeline, Wanted};
use super::project::Branch;
use super::reply::{Nodes, number};
use super::{GitLab, words};
use crate::domain::facts::{ForgeEnvironment, Head, Permission, Release, ServiceFacts};
use crate::domain::few::Few;
use crate::domain::ids::{Person, RepoPath, Sha};
use crate::domain::pipeline::Run;
use crate::domain::policy::EnvironmentModel;
use crate::domain::text::clean;
use crate::forge::Target;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

/// A project as the batched query has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProject {
    id: String,
    full_path: String,
    web_url: Option<String>,
    archived: Option<bool>,
    user_permissions: Option<Permissions>,
    merge_requests: Option<Nodes>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permissions {
    create_pipeline: Option<bool>,
    create_deployment: Option<bool>,
}

#[derive(Deserialize)]
struct WireRelease {
    tag_name: String,
    name: Option<String>,
    created_at: Option<Timestamp>,
    released_at: Option<Timestamp>,
    #[serde(default)]
    upcoming_release: bool,
    commit: Option<Committed>,
    #[serde(rename = "_links")]
    links: Option<Links>,
}

#[derive(Deserialize)]
struct Committed {
    id: String,
}

#[derive(Deserialize)]
struct Links {
    #[serde(rename = "self")]
    page: Option<String>,
}

/// What the batched query told of a project.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) repo: RepoPath,
    pub(super) number: Option<u64>,
    url: String,
    archived: bool,
    permission: Permission,
    open_changes: u64,
    beside: BTreeMap<u64, Beside>,
    pub(super) gaps: Vec<String>,
}

/// Reads a node of the batched query.
pub(super) fn base(node: Value) -> Result<Base, Error> {
    let project: WireProject = serde_json::from_value(node)
        .map_err(|error| Error::Unreadable(clean(&error.to_string())))?;
    let permissions = project.user_permissions.as_ref();
    let open = project.merge_requests.unwrap_or_default();
    let beside = open.nodes.into_iter().flatten();
    let beside = beside.filter_map(|node| {
        let beside: Beside = serde_json::from_value(node).ok()?;
        Some((beside.iid.parse().ok()?, beside))
    });
    Ok(Base {
        repo: RepoPath::from(clean(&project.full_path)),
        number: number(&project.id),
        url: clean(project.web_url.as_deref().unwrap_or_default()),
        archived: project.archived.unwrap_or_default(),
        permission: words::permission(
            permissions.and_then(|known| known.create_pipeline),
            permissions.and_then(|known| known.create_deployment),
        ),
        open_changes: open.count.unwrap_or_default(),
        beside: beside.collect(),
        gaps: Vec::new(),
    })
}

fn release(read: WireRelease, page: &str) -> Release {
    let at = read.created_at.or(read.released_at).unwrap_or_default();
    let tag = clean(&read.tag_name);
    let url = read.links.and_then(|links| links.page);
    Release {
        id: None,
        name: read
            .name
            .as_deref()
            .map(clean)
            .filter(|name| !name.is_empty() && *name != tag),
        draft: false,
        // It has a date in the future: announced, and not out yet.
        prerelease: read.upcoming_release,
        sha: read
            .commit
            .map(|commit| Sha::from(clean(&commit.id).to_lowercase())),
        created_at: at,
        published_at: read.released_at.filter(|_| !read.upcoming_release),
        url: url.map_or_else(
            || format!("{page}/-/releases/{}", part(&tag)),
            |url| clean(&url),
        ),
        tag,
    }
}

impl GitLab {
    /// Completes a project. What is missing of the rest is a gap; without its deployments or the
    /// head of its branch, a board would say wrong things, so those must be there.
    pub(super) async fn complete(
        &self,
        base: Base,
        target: &Target,
    ) -> Result<ServiceFacts, Error> {
        let Base {
            repo,
            number,
            url,
            archived,
            permission,
            open_changes,
            beside,
            mut gaps,
        } = base;
        self.memory
            .note(&repo, |known| known.number = number.or(known.number));
        let branch = self
            .branch_of(Purpose::Poll, &repo, target.branch.as_deref())
            .await?;
        let head = match &branch {
            Some(branch) => self.head(&repo, branch).await?,
            None => None,
        };
        let is_native = target.model == EnvironmentModel::Native;
        let own = if is_native {
            target.environments.as_slice()
        } else {
            &[]
        };
        let mut found = self.deployments(&repo, own, &target.jobs).await?;
        // Without the right to see pipelines there are deployments all the same.
        let recent = self
            .recent_pipelines(Purpose::Poll, &repo)
            .await
            .unwrap_or_else(|error| {
                gaps.push(format!("pipelines: {error}"));
                Vec::new()
            });
        if let Err(error) = self
            .named_jobs(&repo, &target.jobs, &recent, &mut found)
            .await
        {
            gaps.push(format!("jobs: {error}"));
        }
        // A commit may have no pipeline: a pulse is compared by the branch's newest, whosever it is.
        let of_branch = |pipeline: &&Pipeline| pipeline.git_ref == branch;
        let newest_there = recent.iter().find(of_branch).cloned();
        let mut facts = ServiceFacts {
            repo: repo.clone(),
            archived,
            permission,
            default_branch: branch,
            head,
            checks: Few::new(),
            environments: Vec::new(),
            deployments: Vec::new(),
            runs: recent.iter().map(Pipeline::run).collect(),
            open_pull_requests: open_changes,
            pull_requests: Vec::new(),
            releases: Vec::new(),
            labelled: self.labelled(&repo, &target.labels, &mut gaps).await,
            gaps: Vec::new(),
            hidden: Vec::new(),
            url,
        };
        let wanted = Wanted {
            named: target.named_checks,
            reports: target.reports,
            deploying: &found.jobs,
        };
        let newest = self
            .all_checks(&mut facts, target, &recent, wanted, &mut gaps)
            .await;
        let reviewed = self.reviewed_lately(&repo).await.unwrap_or_else(|error| {
            gaps.push(format!("protected environments: {error}"));
            std::collections::BTreeSet::new()
        });
        facts.environments = target
            .environments
            .iter()
            .filter(|name| found.environments.contains_key(*name) || reviewed.contains(*name))
            .map(|name| ForgeEnvironment {
                name: name.clone(),
                id: found.environments.get(name).copied(),
                required_reviewers: reviewed.contains(name),
                prevent_self_review: false,
                wait_timer: SignedDuration::ZERO,
                branch_policy: false,
            })
            .collect();
        if open_changes > 0 {
            match self.open_changes(&repo, &beside).await {
                Ok(changes) => facts.pull_requests = changes,
                Err(error) => gaps.push(format!("merge requests: {error}")),
            }
        }
        let releases = "/releases?order_by=released_at&sort=desc&per_page=20";
        match self
            .read_if_there::<Vec<WireRelease>>(Purpose::Poll, &repo, releases)
            .await
        {
            Ok(read) => {
                let read = read.unwrap_or_default().into_iter();
                facts.releases = read.map(|read| release(read, &facts.url)).collect();
            }
            Err(error) => gaps.push(format!("releases: {error}")),
        }
        self.remember(&facts, newest_there.or(newest), found.numbers.clone());
        facts.deployments = found.into_runs(&mut facts.runs);
        facts
            .runs
            .sort_by_key(|run: &Run| std::cmp::Reverse((run.created_at, run.id)));
        facts.gaps = gaps;
        if !is_native {
            self.model(target, &mut facts).await;
        }
        Ok(facts)
    }

    /// Reads the checks of the head and of the revisions that are wanted, and returns the head's
    /// newest pipeline.
    async fn all_checks(
        &self,
        facts: &mut ServiceFacts,
        target: &Target,
        recent: &[Pipeline],
        wanted: Wanted<'_>,
        gaps: &mut Vec<String>,
    ) -> Option<Pipeline> {
        let head = facts.head.as_ref().map(|head| head.sha.clone());
        let mut newest = None;
        let mut shas: Vec<Sha> = head.iter().cloned().collect();
        shas.extend(
            target
                .revisions
                .iter()
                .filter(|sha| Some(*sha) != head.as_ref())
                .cloned(),
        );
        for sha in shas {
            let known: Vec<Pipeline> = recent
                .iter()
                .filter(|pipeline| pipeline.sha() == sha)
                .cloned()
                .collect();
            let pipelines = if known.is_empty() {
                self.pipelines_of(Purpose::Poll, &facts.repo, &sha).await
            } else {
                Ok(known)
            };
            let read = match pipelines {
                Ok(pipelines) => {
                    if Some(&sha) == head.as_ref() {
                        newest = pipelines.first().cloned();
                    }
                    self.checks(&facts.repo, &sha, &pipelines, wanted).await
                }
                Err(error) => Err(error),
            };
            match read {
                Ok(checks) => {
                    facts.checks.insert(sha, checks);
                }
                Err(error) => gaps.push(format!("checks of {}: {error}", sha.short())),
            }
        }
        newest
    }

    /// Reads the head of a branch. Where a project is there and its branch is not, a proxy may have
    /// taken the project's path apart: then its number helps, or there is no such branch.
    async fn head(&self, repo: &RepoPath, branch: &str) -> Result<Option<Head>, Error> {
        let route = format!("/repository/branches/{}", part(branch));
        let mut read = self.read::<Branch>(Purpose::Poll, repo, &route).await;
        let is_missing = |read: &Result<Branch, Error>| matches!(read, Err(Error::Refused(refusal)) if refusal.status == 404);
        if is_missing(&read) {
            let project = self.read_if_there::<Value>(Purpose::Poll, repo, "").await?;
            let number = self.memory.project(repo).number;
            if project.is_none() && number.is_some() {
                self.memory.known().by_number = true;
                read = self.read(Purpose::Poll, repo, &route).await;
            }
        }
        if is_missing(&read) {
            return Ok(None);
        }
        let tip = read?.commit;
        Ok(Some(Head {
            sha: Sha::from(clean(&tip.id).to_lowercase()),
            headline: clean(tip.title.as_deref().unwrap_or_default()),
            author: tip.author_name.map(|name| Person::from(clean(&name))),
            at: tip.committed_date,
        }))
    }

    /// Keeps what a pulse is compared by.
    fn remember(
        &self,
        facts: &ServiceFacts,
        newest: Option<Pipeline>,
        numbers: BTreeMap<u64, u64>,
    ) {
        let head = facts.head.as_ref().map(|head| memory::Head {
            sha: head.sha.clone(),
            pipeline: newest.as_ref().map(|pipeline| pipeline.id),
            status: newest.map_or_else(String::new, |pipeline| pipeline.status.to_lowercase()),
            checks: facts
                .checks
                .get(&head.sha)
                .and_then(|checks| checks.phase.clone()),
        });
        self.memory.note(&facts.repo, |known| {
            known.head = head;
            known.deployments = numbers;
        });
    }
}
