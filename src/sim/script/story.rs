//! The steps of a story, played as if somebody had done them.

use std::collections::BTreeMap;

use super::{push::Work, run::Start};
use crate::sim::{
    act::{merge::Merge, pull::NewPull},
    model::{
        Change, ChangeKind, CommitStatus, Conclusion, Deployment, IssueState, Job, MergeMethod,
        PullState, Release, Repo, Review, ReviewState, RunStatus, State, StatusState,
    },
    world::{Step, Verb},
};

impl State {
    /// Plays one step. A step that makes no sense at its moment is passed over: a story is
    /// checked by looking at the world, not by failing in the middle of a demonstration.
    /// Says whether it came to anything.
    pub(crate) fn story(&mut self, repo: u64, step: &Step) -> bool {
        let played = match step.verb {
            Verb::Push => self.play_push(repo, step),
            Verb::Land => self.play_land(repo, step),
            Verb::Open => self.play_open(repo, step),
            Verb::Review => self.play_review(repo, step),
            Verb::Merge => self.play_merge(repo, step),
            Verb::Approve => self.play_gate(repo, step, true),
            Verb::Reject => self.play_gate(repo, step, false),
            Verb::Dispatch => self.play_dispatch(repo, step),
            Verb::Deploy => self.play_deploy(repo, step),
            Verb::Release => self.play_release(repo, step),
            Verb::Publish => self.play_publish(repo, step),
            Verb::Status => self.play_status(repo, step),
            Verb::Rerun => self.play_rerun(repo, step),
            Verb::Cancel => self.play_cancel(repo, step),
            Verb::Issue => self.play_issue(repo, step),
            Verb::Close => self.play_issue_state(repo, step, IssueState::Closed),
            Verb::Reopen => self.play_issue_state(repo, step, IssueState::Open),
            Verb::Move => self.play_move(repo, step),
            Verb::Health => self.play_health(repo, step),
            Verb::Doom => self.play_doom(repo, step),
        };
        if played.is_none() {
            tracing::warn!(repo, ?step.verb, by = step.by, "a step of the story came to nothing");
        }
        played.is_some()
    }

    fn play_push(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?.clone();
        let branch = or(&step.branch, &found.default_branch);
        let sha = self.commit(repo, branch, self.work(step))?;
        if !step.tag.is_empty() {
            self.tag(repo, &step.tag, &sha);
            self.tagged(repo, &step.tag, &step.by);
        }
        self.reports_on(repo, &sha, &step.reports);
        self.pushed(repo, branch, &step.by, &fate(step));
        Some(())
    }

    fn play_land(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?.clone();
        let branch = format!("topic/{}", slug(&step.text));
        let trailers = self.trailers(step);
        self.commit(repo, &branch, self.work(step))?;
        let base = or(&step.base, &found.default_branch).to_owned();
        let new = NewPull {
            title: step.text.clone(),
            head: branch.clone(),
            base,
            body: body(&found, step),
            draft: false,
        };
        // It was tested before; only its merge is of interest now.
        let number = self.opened(repo, &step.by, new, false)?;
        self.decorate(repo, number, step);
        let merger = step.approved.first().unwrap_or(&step.by).clone();
        let merge = Merge {
            sha: None,
            method: MergeMethod::Squash,
            title: None,
            message: trailers,
        };
        let sha = self.merged(repo, number, &merger, &merge, &fate(step));
        self.reports_on(repo, &sha, &step.reports);
        if let Some(repo) = self.repo_mut(repo) {
            repo.branches.remove(&branch);
        }
        if !step.tag.is_empty() {
            self.tag(repo, &step.tag, &sha);
            self.tagged(repo, &step.tag, &step.by);
            self.write_release(repo, step, false);
        }
        Some(())
    }

    fn play_open(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?.clone();
        if !found.branches.contains_key(&step.head) {
            self.commit(repo, &step.head, self.work(step))?;
        }
        let new = NewPull {
            title: step.text.clone(),
            head: step.head.clone(),
            base: or(&step.base, &found.default_branch).to_owned(),
            body: body(&found, step),
            draft: step.draft,
        };
        let number = self.opened(repo, &step.by, new, true)?;
        self.decorate(repo, number, step);
        self.doom(repo, &step.head, &fate(step));
        Some(())
    }

    // The checks of a pull request start a moment after it was opened; their fate is
    // written into the runs that are on the way.
    fn doom(&mut self, repo: u64, branch: &str, fate: &BTreeMap<String, Conclusion>) {
        if fate.is_empty() {
            return;
        }
        for (at, event) in self.agenda.entries.values_mut() {
            if let (true, super::Event::Appear(run)) = (*at == repo, event)
                && run.head_branch.as_deref() == Some(branch)
            {
                std::sync::Arc::make_mut(run).fate.clone_from(fate);
            }
        }
    }

    fn decorate(&mut self, repo_id: u64, number: u64, step: &Step) {
        for label in &step.labels {
            self.label(repo_id, number, label);
        }
        for login in &step.approved {
            self.add_review(repo_id, number, login, ReviewState::Approved, "");
        }
        let conflicts = step.conflicts;
        let Some(repo) = self.repo_mut(repo_id) else {
            return;
        };
        if let Some(pull) = repo.pull_mut(number) {
            pull.conflicts = conflicts;
        }
    }

    fn add_review(&mut self, repo: u64, number: u64, login: &str, state: ReviewState, text: &str) {
        let id = self.next_id();
        let now = self.now;
        let Some(repo) = self.repo_mut(repo) else {
            return;
        };
        if let Some(pull) = repo.pull_mut(number) {
            pull.updated_at = now;
            pull.reviews.push(Review {
                id,
                author: login.to_owned(),
                state,
                body: text.to_owned(),
                at: now,
                commit: pull.head_sha.clone(),
            });
        }
    }

    fn play_review(&mut self, repo: u64, step: &Step) -> Option<()> {
        // A merged pull request can still be reviewed.
        let found = self.repo_by_id(repo)?;
        let number = found
            .pulls
            .iter()
            .rev()
            .find(|it| it.head == step.head)?
            .number;
        let state = ReviewState::parse(or(&step.state, "approved"))?;
        self.add_review(repo, number, &step.by, state, &step.text);
        Some(())
    }

    fn play_merge(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?.clone();
        let number = open_pull(&found, &step.head)?;
        let into_default = found.pull(number)?.base == found.default_branch;
        let method = if into_default {
            MergeMethod::Squash
        } else {
            MergeMethod::Merge
        };
        let merge = Merge {
            sha: None,
            method,
            title: None,
            message: None,
        };
        let sha = self.merged(repo, number, &step.by, &merge, &fate(step));
        if !step.tag.is_empty() {
            self.tag(repo, &step.tag, &sha);
            self.tagged(repo, &step.tag, &step.by);
        }
        Some(())
    }

    fn play_gate(&mut self, repo: u64, step: &Step, approve: bool) -> Option<()> {
        let found = self.repo_by_id(repo)?.clone();
        let place = found.environment(or(&step.environment, "production"))?;
        if found.gitlab.is_some() {
            let sha = found.resolve(&step.rev).map(|it| it.sha.clone());
            let name = place.name.clone();
            drop(found);
            return self.play_waiting(repo, &name, sha.as_deref(), &step.by, approve);
        }
        let run = found.runs.iter().rev().find(|run| {
            found
                .pending(run)
                .iter()
                .any(|it| it.environment.id == place.id)
                && (step.rev.is_empty()
                    || found
                        .resolve(&step.rev)
                        .is_some_and(|it| it.sha == run.head_sha))
        })?;
        let jobs: Vec<Job> = run
            .latest_jobs()
            .filter(|it| it.status == RunStatus::Waiting)
            .filter(|it| it.environment.as_deref() == Some(&place.name))
            .cloned()
            .collect();
        let doomed = fate(step);
        if !doomed.is_empty() {
            self.with_run(repo, run.id, |run| run.fate.extend(doomed));
        }
        self.reviewed(
            repo,
            run.id,
            &step.by,
            &[place.id],
            approve,
            &step.text,
            &jobs,
        );
        Some(())
    }

    fn play_dispatch(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?.clone();
        let workflow = match &found.gitlab {
            None => found.workflow(or(&step.workflow, "deploy.yml"))?.clone(),
            Some(_) => found.pipeline_for("api")?.clone(),
        };
        let branch = or(&step.branch, &found.default_branch);
        let start = Start {
            event: "workflow_dispatch",
            branch: Some(branch.to_owned()),
            sha: found.resolve(branch)?.sha.clone(),
            actor: step.by.clone(),
            title: workflow.name.clone(),
            inputs: step.inputs.clone(),
            pull: None,
            fate: fate(step),
        };
        self.start_run(repo, &workflow, start);
        Some(())
    }

    fn play_deploy(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?.clone();
        let rev = or(&step.rev, &found.default_branch).to_owned();
        let place = self.ensure_environment(repo, &step.environment)?;
        let id = self.next_id();
        let now = self.now;
        let made = Deployment {
            id,
            sha: found.resolve(&rev)?.sha.clone(),
            ref_: rev,
            task: "deploy".to_owned(),
            payload: step
                .payload
                .clone()
                .unwrap_or_else(|| serde_json::json!({})),
            environment: place.name.clone(),
            original_environment: place.name,
            description: (!step.text.is_empty()).then(|| step.text.clone()),
            creator: step.by.clone(),
            transient: false,
            production: place.production,
            run: None,
            created_at: now,
            updated_at: now,
            statuses: Vec::new(),
            consents: Vec::new(),
        };
        self.repo_mut(repo)?
            .deployments
            .push(std::sync::Arc::new(made));
        self.bot_takes(repo, id, step.fails);
        Some(())
    }

    fn write_release(&mut self, repo: u64, step: &Step, draft: bool) -> Option<u64> {
        let id = self.next_id();
        let now = self.now;
        let found = self.repo_mut(repo)?;
        found.releases.push(Release {
            id,
            tag: step.tag.clone(),
            target: or(&step.rev, &found.default_branch).to_owned(),
            name: Some(step.tag.trim_start_matches('v').to_owned()),
            body: step.text.clone(),
            draft,
            prerelease: step.state == "prerelease",
            latest: true,
            author: step.by.clone(),
            created_at: now,
            published_at: (!draft).then_some(now),
        });
        Some(id)
    }

    fn play_release(&mut self, repo: u64, step: &Step) -> Option<()> {
        let id = self.write_release(repo, step, true)?;
        if !step.draft {
            self.publish(repo, id, &step.by);
        }
        Some(())
    }

    fn play_publish(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?;
        let id = found
            .releases
            .iter()
            .rev()
            .find(|it| it.tag == step.tag && it.draft)?
            .id;
        self.publish(repo, id, &step.by);
        Some(())
    }

    fn play_status(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?;
        let sha = found
            .resolve(or(&step.rev, &found.default_branch))?
            .sha
            .clone();
        let id = self.next_id();
        let status = CommitStatus {
            id,
            sha,
            context: step.context.clone(),
            state: StatusState::parse(or(&step.state, "success"))?,
            description: (!step.text.is_empty()).then(|| step.text.clone()),
            target_url: (!step.url.is_empty()).then(|| step.url.clone()),
            creator: step.by.clone(),
            created_at: self.now,
        };
        self.repo_mut(repo)?.statuses.push(status);
        Some(())
    }

    fn play_rerun(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?.clone();
        let workflow = found.workflow(&step.workflow)?.id;
        let named = found.resolve(&step.rev).map(|it| it.sha.as_str());
        let run = found
            .runs
            .iter()
            .rev()
            .filter(|it| step.rev.is_empty() || Some(it.head_sha.as_str()) == named)
            .find(|it| it.workflow == workflow && it.done())?;
        let decided = fate(step);
        let mut kept: Vec<Job> = run
            .latest_jobs()
            .filter(|it| it.conclusion == Some(Conclusion::Success))
            .filter(|it| !decided.contains_key(&it.name))
            .cloned()
            .collect();
        // Nothing failed and nothing was named: all of it runs again.
        if kept.len() == run.latest_jobs().count() {
            kept.clear();
        }
        self.reports_on(repo, &run.head_sha, &step.reports);
        self.again(repo, run.id, &step.by, kept);
        self.with_run(repo, run.id, |run| run.fate = decided);
        Some(())
    }

    fn play_cancel(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?.clone();
        let workflow = found.workflow(&step.workflow)?.id;
        let run = found
            .runs
            .iter()
            .rev()
            .find(|it| it.workflow == workflow && !it.done())?;
        self.run_cancelled(repo, run.id);
        Some(())
    }
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}

fn slug(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|it| !it.is_empty()).take(5).collect();
    words.join("-").to_lowercase()
}

impl State {
    fn work(&self, step: &Step) -> Work {
        let length = u32::try_from(step.text.len()).unwrap_or(0);
        let message = match self.trailers(step) {
            Some(trailers) => format!("{}\n\n{trailers}", step.text),
            None => step.text.clone(),
        };
        Work {
            message,
            author: step.by.clone(),
            merges: None,
            lines: step.lines.unwrap_or((length * 3, length)),
            files: changes(step),
        }
    }

    // Who else wrote a commit, as git has it at the end of the message.
    fn trailers(&self, step: &Step) -> Option<String> {
        let trailer = |login: &String| {
            let user = self.user(login);
            format!("Co-authored-by: {} <{}>", user.name, user.email)
        };
        let lines: Vec<String> = step.with.iter().map(trailer).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

// The text of a pull request, with the issues that it closes.
fn body(repo: &Repo, step: &Step) -> String {
    let number = |title: &String| {
        let issue = repo.issues.iter().rev().find(|it| it.title == *title)?;
        Some(format!("Closes #{}", issue.number))
    };
    let own = (!step.body.is_empty()).then(|| step.body.clone());
    let closes = step.closes.iter().filter_map(number);
    let lines: Vec<String> = own.into_iter().chain(closes).collect();
    lines.join("\n\n")
}

// Files that are written hold what they say; others have nothing but a name.
fn changes(step: &Step) -> Vec<Change> {
    let change = |path: &str, kind, content| Change {
        path: path.to_owned(),
        kind,
        additions: 0,
        deletions: 0,
        content,
    };
    let mut all: Vec<Change> = step
        .files
        .iter()
        .map(|path| change(path, ChangeKind::Modified, None))
        .collect();
    if all.is_empty() && step.remove.is_empty() {
        let path = format!("src/{}.rs", slug(&step.text));
        all.push(change(&path, ChangeKind::Modified, None));
    }
    all.extend(step.write.iter().map(|(path, text)| {
        let text = Some(text.as_str().into());
        change(path, ChangeKind::Modified, text)
    }));
    let gone = step.remove.iter();
    all.extend(gone.map(|path| change(path, ChangeKind::Removed, None)));
    all
}

pub(super) fn fate(step: &Step) -> BTreeMap<String, Conclusion> {
    let parse = |(job, word): (&String, &String)| Some((job.clone(), Conclusion::parse(word)?));
    step.fate.iter().filter_map(parse).collect()
}

fn open_pull(repo: &Repo, head: &str) -> Option<u64> {
    let open = |it: &&crate::sim::model::Pull| it.state == PullState::Open && it.head == head;
    repo.pulls.iter().rev().find(open).map(|it| it.number)
}
