//! What people do on a forge past gonogo: push, deploy, run again, stop, and meddle with what holds
//! have left there.

use jiff::Timestamp;

use super::moves::CONTEXTS;
use super::{Change, Repo};
use crate::domain::brake::Mark;
use crate::domain::phase::Phase;
use crate::domain::pull_request::ChangeState;
use crate::runtime::evenings::chance::Chance;

impl Repo {
    /// Something that nobody here ordered; says what.
    pub fn surprise(&mut self, chance: &mut Chance, now: Timestamp) -> String {
        let marked = u32::from(self.is_marked());
        let told = match chance.weighted(&[30, 25, 25, 20, marked * 25]) {
            0 => {
                self.push(chance, now);
                "somebody pushes".to_owned()
            }
            1 => {
                // Somebody deploys past gonogo: any commit to any environment.
                let stage = chance.pick(&self.path).unwrap().clone();
                let newest = self.commits.len();
                let sha = self.commits[newest - 1 - chance.below(newest.min(3))].clone();
                let told = format!("somebody deploys {} to {}", sha.short(), stage.environment);
                let id = self.deploys(chance, &stage.environment, sha, None, None, now);
                self.made_by.insert(id, None);
                told
            }
            2 => {
                // A check of a recent commit is run again, and may come out otherwise.
                let newest = self.commits.len();
                let sha = self.commits[newest - 1 - chance.below(newest.min(3))].clone();
                let place = chance.below(CONTEXTS.len());
                self.check_is(&sha, place, Phase::Running, now);
                let phase = if chance.percent(50) {
                    Phase::Succeeded
                } else {
                    Phase::Failed
                };
                let ends = now + chance.seconds(2, 40);
                self.comes(ends, Change::Check(sha.clone(), place, phase));
                format!("{} of {} is run again", CONTEXTS[place], sha.short())
            }
            4 => self.meddled(chance, now),
            _ => self.settled_elsewhere(now),
        };
        self.keep(now);
        told
    }

    /// Says whether there is anything of a hold, or where a label could be put.
    fn is_marked(&self) -> bool {
        !self.marks.all().is_empty()
    }

    /// Somebody does something with what a hold has left: by hand, on the forge's own pages.
    fn meddled(&mut self, chance: &mut Chance, now: Timestamp) -> String {
        let marks = self.marks.all();
        if let (Some(request), true) = (self.truth.pull_requests.first(), chance.percent(30)) {
            let label = format!("hold/{}", self.path[self.path.len() - 1].environment);
            let mark = Mark::Label {
                number: request.number,
                label,
            };
            self.marks.labelled(&mark, now);
            self.show_labels(now);
            return format!("somebody puts {}", mark.says());
        }
        let undone = chance.pick(&marks).cloned();
        let told = undone.and_then(|mark| {
            let told = self.marks.undone(&mark, now)?;
            if let Mark::Status { sha, context } = &mark {
                self.status_is(sha, context, Phase::Succeeded, now);
            }
            Some(told)
        });
        self.show_labels(now);
        told.unwrap_or_else(|| "nothing happens".to_owned())
    }

    /// Somebody approves, merges or publishes on the forge's own pages.
    fn settled_elsewhere(&mut self, now: Timestamp) -> String {
        if let Some(run) = self
            .truth
            .runs
            .iter_mut()
            .find(|run| !run.waiting.is_empty())
        {
            run.waiting.clear();
            run.phase = Phase::Cancelled;
            "cancelled".clone_into(&mut run.raw);
            run.updated_at = now;
            let (id, sha) = (run.id, run.sha.clone());
            for gated in &mut self.truth.deployments {
                if gated.sha == sha && gated.phase == Phase::Gated {
                    gated.phase = Phase::Cancelled;
                    gated.changed_at = now;
                }
            }
            return format!("somebody stops the waiting run {id}");
        }
        if let Some(pull) = self.truth.pull_requests.first_mut() {
            pull.state = ChangeState::Conflict;
            return format!("#{} has a conflict", pull.number);
        }
        self.truth.permission = crate::domain::facts::Permission::Write;
        "nothing happens".to_owned()
    }
}
