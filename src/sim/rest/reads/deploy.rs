//! Reads of environments, deployments and releases.

use std::sync::Arc;

use serde_json::json;

use super::{Done, number};
use crate::sim::{
    act::Refusal,
    model::{Deployment, Environment, Permission, Repo},
    rest::{Answer, Ask},
};

impl Ask<'_> {
    /// Environments.
    pub fn environments(&self, repo: &Repo) -> Answer {
        self.counted("environments", &repo.environments, |it| {
            self.shape().environment(repo, it)
        })
    }

    fn place<'r>(repo: &'r Repo, name: &str) -> Result<&'r Environment, Refusal> {
        repo.environment(name).ok_or_else(Refusal::not_found)
    }

    /// One environment.
    pub fn environment(&self, repo: &Repo, name: &str) -> Done {
        Ok(Answer::json(
            200,
            self.shape().environment(repo, Self::place(repo, name)?),
        ))
    }

    /// The name patterns of the branches that may deploy.
    pub fn branch_policies(&self, repo: &Repo, name: &str) -> Done {
        let place = Self::place(repo, name)?;
        let patterns = place
            .branch_policy
            .as_ref()
            .map(|it| it.patterns.clone())
            .unwrap_or_default();
        let first = place.id * 100;
        let patterns: Vec<_> = (first..).zip(patterns).collect();
        Ok(self.counted("branch_policies", &patterns, |(id, name)| {
            json!({"id": id, "node_id": format!("DBP_{id}"), "name": name, "type": "branch"})
        }))
    }

    /// Protection by apps: the simulation has none.
    pub fn custom_rules(&self, repo: &Repo, name: &str) -> Done {
        Self::place(repo, name)?;
        let body = json!({"total_count": 0, "custom_deployment_protection_rules": []});
        Ok(Answer::json(200, body))
    }

    /// Deployments, newest first.
    pub fn deployments(&self, repo: &Repo) -> Answer {
        let same = |name, value: &str| {
            self.param(name)
                .is_none_or(|it| it == "none" || it == value)
        };
        let list: Vec<&Arc<Deployment>> = repo
            .deployments
            .iter()
            .rev()
            .filter(|it| same("sha", &it.sha) && same("ref", &it.ref_))
            .filter(|it| same("task", &it.task) && same("environment", &it.environment))
            .collect();
        self.list(&list, |it| self.shape().deployment(repo, it))
    }

    fn deployed<'r>(repo: &'r Repo, id: &str) -> Result<&'r Arc<Deployment>, Refusal> {
        repo.deployment(number(id)?).ok_or_else(Refusal::not_found)
    }

    /// One deployment.
    pub fn deployment(&self, repo: &Repo, id: &str) -> Done {
        Ok(Answer::json(
            200,
            self.shape().deployment(repo, Self::deployed(repo, id)?),
        ))
    }

    /// The statuses of a deployment, newest first.
    pub fn deployment_statuses(&self, repo: &Repo, id: &str) -> Done {
        let of = Self::deployed(repo, id)?;
        let list: Vec<_> = of.statuses.iter().rev().collect();
        Ok(self.list(&list, |it| self.shape().deployment_status(repo, of, it)))
    }

    /// One status of a deployment.
    pub fn one_status(&self, repo: &Repo, id: &str, status: &str) -> Done {
        let of = Self::deployed(repo, id)?;
        let status = number(status)?;
        let found = of
            .statuses
            .iter()
            .find(|it| it.id == status)
            .ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(
            200,
            self.shape().deployment_status(repo, of, found),
        ))
    }

    /// Releases, newest first; drafts only for those who may publish them.
    pub fn releases(&self, repo: &Repo) -> Answer {
        let drafts = self.token().permission >= Permission::Write;
        let mut list: Vec<_> = repo
            .releases
            .iter()
            .filter(|it| drafts || !it.draft)
            .collect();
        list.sort_by_key(|it| std::cmp::Reverse((it.created_at, it.id)));
        self.list(&list, |it| self.shape().release(repo, it))
    }

    /// The latest release.
    pub fn latest_release(&self, repo: &Repo) -> Done {
        let found = repo.latest_release().ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(200, self.shape().release(repo, found)))
    }

    /// The published release of a tag.
    pub fn release_of_tag(&self, repo: &Repo, tag: &str) -> Done {
        let found = repo.releases.iter().find(|it| it.tag == tag && !it.draft);
        Ok(Answer::json(
            200,
            self.shape()
                .release(repo, found.ok_or_else(Refusal::not_found)?),
        ))
    }

    /// One release.
    pub fn release(&self, repo: &Repo, id: &str) -> Done {
        let id = number(id)?;
        let drafts = self.token().permission >= Permission::Write;
        let found = repo
            .releases
            .iter()
            .find(|it| it.id == id && (drafts || !it.draft));
        Ok(Answer::json(
            200,
            self.shape()
                .release(repo, found.ok_or_else(Refusal::not_found)?),
        ))
    }
}
