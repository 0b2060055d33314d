//! What an act does on the forge, or why it is refused. Each that happens is in the record.

use jiff::Timestamp;

use super::{Change, Forge, Repo, Write, deployment, moves};
use crate::domain::act::{Act, Handle, StatusState};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::ids::{
    DeploymentId, EnvironmentName, FreezeId, IntentId, JobId, Person, RepoPath, RunId, Sha,
};
use crate::domain::phase::Phase;
use crate::domain::pipeline::Door;
use crate::domain::policy::{Stage, Via};
use crate::runtime::evenings::chance::Chance;

impl Forge {
    /// Does what an act says, once more if it is sent once more: a forge removes no duplicates.
    pub fn perform(
        &mut self,
        chance: &mut Chance,
        repo: &RepoPath,
        act: &Act,
        key: &IntentId,
        by: &Person,
        now: Timestamp,
    ) -> Result<Handle, String> {
        let found = self.repos.get_mut(repo);
        let found = found.ok_or_else(|| format!("404: no {repo}"))?;
        let handle = found.perform(chance, act, key, by, now)?;
        found.keep(now);
        self.writes.push(Write {
            at: now,
            key: key.clone(),
            act: act.clone(),
            handle: handle.clone(),
        });
        Ok(handle)
    }
}

impl Forge {
    /// The first half of an act that is two.
    pub fn approves_only(&mut self, repo: &RepoPath, act: &Act, now: Timestamp) {
        if let Some(found) = self.repos.get_mut(repo) {
            found.approved_only(act, now);
        }
    }

    /// Writes an act down as done, and does nothing.
    pub fn pretends(&mut self, act: &Act, key: &IntentId, now: Timestamp) -> Handle {
        self.writes.push(Write {
            at: now,
            key: key.clone(),
            act: act.clone(),
            handle: Handle::default(),
        });
        Handle::default()
    }
}

impl Repo {
    fn perform(
        &mut self,
        chance: &mut Chance,
        act: &Act,
        key: &IntentId,
        by: &Person,
        now: Timestamp,
    ) -> Result<Handle, String> {
        let of_run = |run: RunId| Handle {
            run: Some(run),
            ..Handle::default()
        };
        if !self.host.has(act) {
            return Err("404: this forge has no such call".to_owned());
        }
        match act {
            Act::Approve {
                run, environments, ..
            } => self.opens(
                chance,
                *run,
                true,
                key,
                by,
                now,
                |door| matches!(door, Door::Review(known) if environments.contains(known)),
            ),
            Act::Reject {
                run, environments, ..
            } => self.opens(
                chance,
                *run,
                false,
                key,
                by,
                now,
                |door| matches!(door, Door::Review(known) if environments.contains(known)),
            ),
            Act::ApproveDeployment {
                run,
                deployment: id,
                ..
            } => self.opens(
                chance,
                *run,
                true,
                key,
                by,
                now,
                |door| matches!(door, Door::Deployment { deployment, .. } if deployment == id),
            ),
            Act::RejectDeployment {
                run,
                deployment: id,
                ..
            } => self.opens(
                chance,
                *run,
                false,
                key,
                by,
                now,
                |door| matches!(door, Door::Deployment { deployment, .. } if deployment == id),
            ),
            Act::PlayJob { run, job: id, .. } => self.opens(
                chance,
                *run,
                true,
                key,
                by,
                now,
                |door| matches!(door, Door::Job { job, .. } if job == id),
            ),
            Act::RetryJob { job, .. } => self.job_again(chance, *job, key, by, now),
            // No deployment here tells of a manual job, so that nobody can mean one.
            Act::CancelJob { .. } => Err("404: no such job".to_owned()),
            Act::Dispatch { inputs, .. }
            | Act::RunPipeline {
                variables: inputs, ..
            } => {
                let wanted =
                    |name: &str| inputs.get(name).cloned().ok_or("422: an input is missing");
                let environment = EnvironmentName::from(wanted("environment")?);
                let sha = Sha::from(wanted("revision")?);
                let run = RunId(self.next_id());
                self.truth
                    .runs
                    .insert(0, moves::new_run(run, &sha, Phase::Running, now));
                let begins = now + chance.seconds(2, 20);
                let change = Change::Deploy {
                    environment,
                    sha,
                    key: Some(key.clone()),
                    cause: Some(key.clone()),
                    run: Some(run),
                };
                self.comes(begins, change);
                let told = self.host.tells_run;
                Ok(Handle {
                    run: told.then_some(run),
                    ..Handle::default()
                })
            }
            Act::CreateDeployment {
                sha, environment, ..
            } => {
                let id = self.deploys(
                    chance,
                    environment,
                    sha.clone(),
                    Some(key.clone()),
                    None,
                    now,
                );
                self.made_by.insert(id, Some(key.clone()));
                Ok(Handle {
                    deployment: Some(id),
                    ..Handle::default()
                })
            }
            Act::MergePullRequest { number, head, .. } => {
                let place = self
                    .truth
                    .pull_requests
                    .iter()
                    .position(|known| known.number == *number && known.head == *head);
                let place = place.ok_or_else(|| format!("409: #{number} was modified"))?;
                let merged = self.truth.pull_requests.remove(place);
                self.truth.open_pull_requests = self.truth.pull_requests.len() as u64;
                let sha = Sha::from(chance.sha());
                self.merged.insert(sha.clone(), head.clone());
                let begins = now + chance.seconds(2, 20);
                let change = Change::Deploy {
                    environment: EnvironmentName::from(merged.base_ref),
                    sha: sha.clone(),
                    key: None,
                    cause: Some(key.clone()),
                    run: None,
                };
                self.comes(begins, change);
                Ok(Handle {
                    sha: Some(sha),
                    ..Handle::default()
                })
            }
            Act::PublishRelease { tag, target, .. } => {
                let found = self.truth.releases.iter_mut().find(|known| {
                    known.tag == *tag && known.draft && known.sha.as_ref() == Some(target)
                });
                let found = found.ok_or_else(|| format!("404: no draft {tag}"))?;
                found.draft = false;
                found.published_at = Some(now);
                let release = found.id;
                let stage = self.path.iter().find(|stage| stage.via == Via::Release);
                let stage = stage.ok_or("404: nothing is released")?;
                let change = Change::Deploy {
                    environment: stage.environment.clone(),
                    sha: target.clone(),
                    key: None,
                    cause: Some(key.clone()),
                    run: None,
                };
                let begins = now + chance.seconds(2, 20);
                self.comes(begins, change);
                Ok(Handle {
                    release,
                    ..Handle::default()
                })
            }
            Act::Cancel { run } => {
                let found = self.truth.runs.iter().find(|known| known.id == *run);
                let found = found.filter(|known| known.phase.is_in_flight());
                let found = found.ok_or_else(|| format!("409: run {run} has ended"))?;
                let sha = found.sha.clone();
                self.run_is(*run, &Phase::Cancelled, now);
                for known in &mut self.truth.deployments {
                    if known.sha == sha && known.phase.is_in_flight() && known.phase != Phase::Gated
                    {
                        known.phase = Phase::Failed;
                        "failure".clone_into(&mut known.raw);
                        known.changed_at = now;
                    }
                }
                Ok(of_run(*run))
            }
            Act::Rerun {
                run,
                failed_only: false,
            } if self.host.kind == ForgeKind::GitHub => {
                self.again(*run, now).map(|()| of_run(*run))
            }
            Act::Rerun { run, .. } => {
                let found = self.truth.runs.iter_mut().find(|known| known.id == *run);
                let found = found.filter(|known| known.phase == Phase::Failed);
                let found = found.ok_or_else(|| format!("403: run {run} cannot be run again"))?;
                found.phase = Phase::Running;
                found.attempt += 1;
                found.updated_at = now;
                if let Some(change) = self.deploys_again(*run, key) {
                    let begins = now + chance.seconds(2, 20);
                    self.comes(begins, change);
                    return Ok(of_run(*run));
                }
                let ends = now + chance.seconds(35, 60);
                let phase = if chance.percent(60) {
                    Phase::Succeeded
                } else {
                    Phase::Failed
                };
                self.comes(ends, Change::Run(*run, phase));
                Ok(of_run(*run))
            }
            Act::CreateTag { tag, target } => {
                if self.tags.contains_key(tag) {
                    return Err(format!("409: there is a tag {tag}"));
                }
                self.tags.insert(tag.clone(), (target.clone(), now));
                let tagged = |stage: &&Stage| {
                    let Via::Tag { .. } = stage.via else {
                        return false;
                    };
                    tag.starts_with(&format!("{}-", stage.environment))
                };
                let stage = self.path.iter().find(tagged);
                let environment = stage.map(|stage| stage.environment.clone());
                self.brings_about(chance, environment, target, key, now);
                Ok(Handle {
                    sha: Some(target.clone()),
                    ..Handle::default()
                })
            }
            Act::SetStatus {
                sha,
                context,
                state,
                ..
            } => {
                let phase = match state {
                    StatusState::Success => Phase::Succeeded,
                    StatusState::Failure | StatusState::Error => Phase::Failed,
                    StatusState::Pending => Phase::Running,
                };
                self.status_is(sha, context, phase, now);
                self.marks.act(act, None, key, now)?;
                // A deployer waits for it.
                let wanted = context.strip_prefix("promote/");
                let environment = wanted.map(EnvironmentName::from);
                self.brings_about(chance, environment, sha, key, now);
                Ok(Handle {
                    sha: Some(sha.clone()),
                    ..Handle::default()
                })
            }
            Act::AddLabel { number, .. } => {
                let mut open = self.truth.pull_requests.iter();
                if !open.any(|request| request.number == *number) {
                    return Err(format!("404: #{number} is not open"));
                }
                self.marked(act, key, now)
            }
            Act::RemoveLabel { .. } | Act::Freeze { .. } | Act::Unfreeze { .. } => {
                self.marked(act, key, now)
            }
            Act::ByHand => Err("nobody sends it".to_owned()),
        }
    }

    fn marked(&mut self, act: &Act, key: &IntentId, now: Timestamp) -> Result<Handle, String> {
        let freeze = matches!(act, Act::Freeze { .. }).then(|| FreezeId(self.next_id()));
        self.marks.act(act, freeze, key, now)?;
        self.show_labels(now);
        Ok(Handle {
            freeze,
            ..Handle::default()
        })
    }

    /// What was ordered by a name of its own is deployed a little later, and shows no key.
    fn brings_about(
        &mut self,
        chance: &mut Chance,
        environment: Option<EnvironmentName>,
        sha: &Sha,
        key: &IntentId,
        now: Timestamp,
    ) {
        let Some(environment) = environment else {
            return;
        };
        let change = Change::Deploy {
            environment,
            sha: sha.clone(),
            key: None,
            cause: Some(key.clone()),
            run: None,
        };
        let begins = now + chance.seconds(2, 20);
        self.comes(begins, change);
    }

    /// A deployment is approved, and its job is not started: it waits as a job does.
    pub(super) fn approved_only(&mut self, act: &Act, now: Timestamp) {
        let Act::ApproveDeployment {
            run,
            deployment: id,
            ..
        } = act
        else {
            return;
        };
        let run = self.truth.runs.iter_mut().find(|known| known.id == *run);
        let waiting = run.into_iter().flat_map(|run| &mut run.waiting);
        for waiting in waiting {
            if let Door::Deployment {
                deployment,
                job,
                name,
            } = &waiting.door
                && deployment == id
            {
                waiting.door = Door::Job {
                    job: *job,
                    name: name.clone(),
                };
            }
        }
        self.keep(now);
    }

    /// Lets a run in, or turns it away, at the doors that an act is about.
    #[expect(clippy::too_many_arguments, reason = "all of what an act says")]
    fn opens(
        &mut self,
        chance: &mut Chance,
        run: RunId,
        approved: bool,
        key: &IntentId,
        by: &Person,
        now: Timestamp,
        meant: impl Fn(&Door) -> bool,
    ) -> Result<Handle, String> {
        let found = self.truth.runs.iter_mut().find(|known| known.id == run);
        let found = found.ok_or_else(|| format!("404: no run {run}"))?;
        let waited = found.waiting.len();
        let let_in: Vec<(EnvironmentName, Option<JobId>)> = found
            .waiting
            .iter()
            .filter(|waiting| meant(&waiting.door))
            .map(|waiting| {
                let job = match &waiting.door {
                    Door::Job { job, .. } | Door::Deployment { job, .. } => Some(*job),
                    Door::Review(_) => None,
                };
                (waiting.environment.clone(), job)
            })
            .collect();
        found.waiting.retain(|waiting| !meant(&waiting.door));
        if found.waiting.len() == waited {
            return Err(format!("422: run {run} does not wait for it"));
        }
        found.phase = if approved {
            Phase::Running
        } else {
            Phase::Failed
        };
        found.phase.word().clone_into(&mut found.raw);
        found.updated_at = now;
        let sha = found.sha.clone();
        self.let_in(chance, run, &sha, &let_in, approved, key, by, now);
        Ok(Handle {
            run: Some(run),
            ..Handle::default()
        })
    }

    #[expect(clippy::too_many_arguments, reason = "one call site")]
    fn let_in(
        &mut self,
        chance: &mut Chance,
        run: RunId,
        sha: &Sha,
        environments: &[(EnvironmentName, Option<JobId>)],
        approved: bool,
        key: &IntentId,
        by: &Person,
        now: Timestamp,
    ) {
        for (environment, job) in environments {
            let gated = self.truth.deployments.iter_mut().find(|known| {
                known.sha == *sha
                    && known.environment == *environment
                    && known.phase == Phase::Gated
            });
            let id = match gated {
                Some(gated) => {
                    gated.phase = if approved {
                        Phase::Queued
                    } else {
                        Phase::Failed
                    };
                    gated.phase.word().clone_into(&mut gated.raw);
                    gated.changed_at = now;
                    gated.creator = Some(by.clone());
                    gated.id
                }
                None => {
                    let id = self.next_id();
                    let phase = if approved {
                        Phase::Queued
                    } else {
                        Phase::Failed
                    };
                    let made = deployment(id, environment, sha.clone(), phase, now);
                    self.truth.deployments.insert(0, made);
                    DeploymentId(id)
                }
            };
            self.made_by.insert(id, Some(key.clone()));
            if approved {
                let maker = self.maker(run, *job);
                let mut known = self.truth.deployments.iter_mut();
                if let Some(known) = known.find(|known| known.id == id) {
                    known.made_by = maker;
                }
                self.last_of.insert(run, id);
                self.will_end(chance, id, Some(run), now);
            }
        }
    }
}
