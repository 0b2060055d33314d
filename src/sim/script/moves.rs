//! The steps of a story that move what is there: issues, branches, health, decided outcomes.
//!
//! What `story` has plays what people do to a change on its way; this is the rest of the evening.

use crate::sim::{
    act::issue::{IssueChange, NewIssue},
    model::{IssueReason, IssueState, State},
    world::Step,
};

impl State {
    pub(super) fn play_issue(&mut self, repo: u64, step: &Step) -> Option<()> {
        let new = NewIssue {
            title: step.text.clone(),
            body: step.body.clone(),
            labels: step.labels.clone(),
        };
        self.write_issue(repo, &step.by, new).map(|_| ())
    }

    /// Closes the open issue of that title, or opens the closed one again.
    pub(super) fn play_issue_state(
        &mut self,
        repo: u64,
        step: &Step,
        state: IssueState,
    ) -> Option<()> {
        let all = &self.repo_by_id(repo)?.issues;
        let issue = all
            .iter()
            .rev()
            .find(|it| it.title == step.text && it.state != state)?;
        let change = IssueChange {
            state: Some(state),
            reason: IssueReason::parse(&step.state),
            ..IssueChange::default()
        };
        self.change_issue(repo, issue.number, &step.by, change)
    }

    /// Points a branch at a revision, whatever it pointed at: a forced push.
    pub(super) fn play_move(&mut self, repo: u64, step: &Step) -> Option<()> {
        let found = self.repo_by_id(repo)?;
        let branch = if step.branch.is_empty() {
            found.default_branch.clone()
        } else {
            step.branch.clone()
        };
        let sha = found.resolve(&step.rev)?.sha.clone();
        self.point(repo, &branch, &sha);
        self.pushed(repo, &branch, &step.by, &super::story::fate(step));
        Some(())
    }

    /// Says how the service is from now on; without a word, it is as it would be.
    pub(super) fn play_health(&mut self, repo: u64, step: &Step) -> Option<()> {
        let lasts = step.lasts.map(|it| self.scaled(it.0.as_secs_f64()));
        self.say_health(repo, &step.environment, step.health.clone(), lasts)
    }

    pub(super) fn play_doom(&mut self, repo: u64, step: &Step) -> Option<()> {
        let doom = step.doom.clone()?;
        self.repo_mut(repo)?.dooms.push(doom);
        Some(())
    }
}
