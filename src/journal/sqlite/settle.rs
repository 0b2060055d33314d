//! Settling what dead gonogos left: what was being sent is unknown, what was not is abandoned.

use jiff::Timestamp;
use sqlx::Row as _;

use super::{Left, Sqlite, fault, instance};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::ids::{Digest, InstanceId, IntentId, Person, Seq};
use crate::domain::promotion::{Purpose, State, Step};
use crate::journal::{Error, Journal as _};

/// An intent whose fate only its owner knows.
struct Pending {
    id: IntentId,
    purpose: String,
    state: String,
    owner: InstanceId,
    service: String,
    environment: String,
    revision: String,
    policy: String,
    intended: Seq,
}

impl Sqlite {
    /// Settles what gonogos that have died since left half-done.
    pub async fn settle(&self, at: Timestamp) -> Result<Left, Error> {
        self.settle_where(at, false).await
    }

    /// As `settle`, but what carries our own name was left by an earlier run: we have just started.
    pub(super) async fn settle_all(&self, at: Timestamp) -> Result<Left, Error> {
        self.settle_where(at, true).await
    }

    async fn settle_where(&self, at: Timestamp, also_ours: bool) -> Result<Left, Error> {
        let us = self.us.as_ref().ok_or(Error::ReadOnly)?;
        let mut left = Left::default();
        for pending in self.pending().await? {
            let dead = if pending.owner == us.instance {
                also_ours
            } else {
                instance::is_dead(&self.path, &pending.owner)
            };
            if !dead {
                continue;
            }
            let was_sending = pending.state == State::Sending.word();
            let id = pending.id.clone();
            let draft = pending.step(was_sending, at, us.actor.clone())?;
            match self.append(draft, Precondition::Follows).await {
                Ok(_) if was_sending => left.orphaned.push(id),
                Ok(_) => left.abandoned.push(id),
                // Another gonogo settled it first.
                Err(Error::NotPermitted { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(left)
    }

    async fn pending(&self) -> Result<Vec<Pending>, Error> {
        let mut slot = self.reader.lock().await;
        let mut connection = self.take(&mut slot).await?;
        let rows = sqlx::query(
            "SELECT intents.id, intents.purpose, intents.state, intents.owner, intents.service, \
             intents.environment, intents.revision, entries.policy, intents.intended \
             FROM intents JOIN entries ON entries.seq = intents.intended \
             WHERE intents.state IN ('intended', 'sending') ORDER BY intents.intended",
        )
        .fetch_all(&mut connection)
        .await
        .map_err(|error| fault(&self.path, error))?;
        *slot = Some(connection);
        rows.iter()
            .map(|row| {
                let column =
                    |index: usize| row.try_get::<String, _>(index).map_err(Error::Database);
                Ok(Pending {
                    id: column(0)?.into(),
                    purpose: column(1)?,
                    state: column(2)?,
                    owner: column(3)?.into(),
                    service: column(4)?,
                    environment: column(5)?,
                    revision: column(6)?,
                    policy: column(7)?,
                    intended: Seq(row.try_get(8).map_err(Error::Database)?),
                })
            })
            .collect()
    }
}

impl Pending {
    /// The step that says what became of it.
    fn step(self, was_sending: bool, at: Timestamp, actor: Person) -> Result<Draft, Error> {
        let purpose = Purpose::from_word(&self.purpose).ok_or_else(|| Error::Broken {
            seq: self.intended,
            what: format!(
                "intent {} has the unknown purpose {}",
                self.id, self.purpose
            ),
        })?;
        let step = if was_sending {
            Step::Unknown {
                why: "gonogo ended while sending".to_owned(),
            }
        } else {
            Step::Abandoned {
                why: "gonogo ended before sending".to_owned(),
            }
        };
        Ok(Draft {
            at,
            actor,
            service: Some(self.service.into()),
            environment: Some(self.environment.into()),
            revision: Some(self.revision.into()),
            reason: None,
            policy: Digest::from(self.policy),
            event: Event::Stepped {
                id: self.id,
                purpose,
                step,
            },
        })
    }
}
