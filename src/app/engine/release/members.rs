//! What a release leaves behind and takes back: who asks, why it is refused, and what the journal is
//! to say. What that does to the set and to a run is in `domain/release/dropped.rs`.

use jiff::Timestamp;

use super::super::Engine;
use super::super::flow::Pending;
use super::super::known::required;
use crate::app::effect::Effect;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::ids::{ReleaseName, ServiceName};
use crate::domain::promotion::State;
use crate::domain::release::Release;
use crate::domain::release::dropped;
use crate::domain::release::run::{Progress, Run};

/// What is done with a service of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Drop,
    Restore,
}

impl Engine {
    /// Drops a service from a release, or takes it back: what was voted on is another set then.
    pub(crate) fn change_set(
        &mut self,
        change: Change,
        name: &ReleaseName,
        service: &ServiceName,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refusal> {
        let operator = self.may_record()?.clone();
        let release = self.known_release(name)?.clone();
        let (release_name, member) = (name.clone(), service.clone());
        let (text, event) = match change {
            Change::Drop => {
                self.may_drop(&release, service, now)?;
                let event = Event::ReleaseDropped {
                    release: release_name,
                    service: member,
                };
                (format!("dropped {service} from {name}"), event)
            }
            Change::Restore => {
                self.may_restore(&release, service)?;
                let event = Event::ReleaseRestored {
                    release: release_name,
                    service: member,
                };
                (format!("took {service} back into {name}"), event)
            }
        };
        let reason = required(reason, "a reason")?;
        // Of all services, as a no-go is: none of them was agreed on without the others.
        let draft = Draft {
            environment: Some(release.environment),
            reason: Some(reason),
            ..self.draft(&operator, event, now)
        };
        Ok(vec![self.append(
            Pending::Said(text),
            draft,
            Precondition::None,
        )])
    }

    /// Says why a service cannot be dropped from a release now.
    pub(crate) fn may_drop(
        &self,
        release: &Release,
        service: &ServiceName,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let name = &release.name;
        let ledger = self.ledger.as_ref();
        member(release, service)?;
        if let Some(dropped) = ledger.and_then(|ledger| ledger.dropped(name, service)) {
            let why = format!("{service} is {} already", dropped.words());
            return Err(no_go(why).hint(format!("gonogo release restore {name} {service}")));
        }
        let run = ledger.and_then(|ledger| ledger.open_run(name));
        let kept = match run {
            Some(run) => run.moves.len(),
            None => release.kept(ledger).count(),
        };
        let Some(run) = run else {
            return if kept > 1 { Ok(()) } else { Err(last(release)) };
        };
        let Some(moved) = run.moves.iter().find(|moved| moved.service == *service) else {
            let why = format!("the run of {name} that goes on does not move {service}");
            return Err(no_go(why));
        };
        match self.progress(run, moved, now) {
            Progress::Ready | Progress::Blocked(_) if self.was_sent(run, service) => {
                Err(too_late(service, "was sent by its run"))
            }
            Progress::Ready | Progress::Blocked(_) if kept > 1 => Ok(()),
            Progress::Ready | Progress::Blocked(_) => Err(last(release)),
            Progress::InFlight => Err(too_late(service, "is on its way")),
            Progress::Arrived => Err(too_late(service, "is live already")),
            Progress::Failed(_) => Err(too_late(service, "failed")),
        }
    }

    /// Says why a service cannot be taken back into a release now.
    pub(crate) fn may_restore(
        &self,
        release: &Release,
        service: &ServiceName,
    ) -> Result<(), Refusal> {
        let name = &release.name;
        member(release, service)?;
        let ledger = self.ledger.as_ref();
        if ledger.is_some_and(|ledger| ledger.dropped(name, service).is_none()) {
            return Err(no_go(format!("{service} was not dropped from {name}")));
        }
        match ledger.and_then(|ledger| ledger.open_run(name)) {
            Some(run) if run.dropped.iter().all(|moved| moved.service != *service) => {
                Err(no_go(format!("{name} was started without {service}"))
                    .hint("it can be taken back when the run has ended"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Says whether a run has sent a service's promotion, whatever came of it.
    fn was_sent(&self, run: &Run, service: &ServiceName) -> bool {
        let mut promotions = self.ledger.iter().flat_map(|it| it.promotions.values());
        promotions.any(|promotion| {
            promotion.intent.release.as_ref() == Some(&run.id)
                && promotion.intent.service == *service
                && !matches!(promotion.state, State::Intended | State::Abandoned)
        })
    }

    /// The members that depend on a service, and whether each waits without it.
    pub fn dependants(
        &self,
        release: &Release,
        service: &ServiceName,
        now: Timestamp,
    ) -> Vec<(ServiceName, bool)> {
        let ledger = self.ledger.as_ref();
        dropped::dependants(release, service, &self.board, ledger, &self.policy, now)
    }
}

fn member(release: &Release, service: &ServiceName) -> Result<(), Refusal> {
    let mut items = release.items.iter();
    if items.any(|item| item.service == *service) {
        return Ok(());
    }
    let names: Vec<&str> = release
        .waves
        .iter()
        .flatten()
        .map(ServiceName::as_str)
        .collect();
    let why = format!("{service} is not in {}", release.name);
    Err(Refusal::new(RefusalKind::Usage, why).hint(format!("in it are {}", names.join(", "))))
}

fn last(release: &Release) -> Refusal {
    let name = &release.name;
    let why = format!("it is the last that is left in {name}: without it, it would ship nothing");
    no_go(why).hint(format!(
        "a run that goes on is ended by `gonogo release cancel {name}`"
    ))
}

fn too_late(service: &ServiceName, why: &str) -> Refusal {
    no_go(format!("{service} {why}: it cannot be dropped"))
        .hint("going back is a rollback; a run is ended by `gonogo release cancel`")
}

fn no_go(why: String) -> Refusal {
    Refusal::new(RefusalKind::NoGo, why)
}
