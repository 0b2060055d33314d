//! When something is due next, so that the runtime may sleep until then.

use jiff::{SignedDuration, Timestamp};

use super::super::{Engine, JournalState};

impl Engine {
    /// Returns the next instant at which something is due by itself: a question, a verdict that
    /// runs out, a hold that ends, a search, or an outcome that the journal did not take.
    pub fn due(&self, now: Timestamp) -> Timestamp {
        let mut due = now + SignedDuration::from_secs(60);
        let mut sooner = |at: Timestamp| due = due.min(at);
        if let Some(at) = self.board.due() {
            sooner(at);
        }
        if matches!(self.journal, JournalState::Unreachable { .. }) {
            sooner(self.schedule.journal_at.unwrap_or(now));
        }
        for search in self.reconciling.values().filter(|search| !search.asking) {
            sooner(search.next_at);
        }
        if self
            .flows
            .values()
            .any(|flow| flow.stage.failed_at().is_some())
        {
            sooner(now + SignedDuration::from_secs(2));
        }
        for hold in self.ledger.iter().flat_map(|ledger| ledger.holds.values()) {
            if let Some(until) = hold.until.filter(|until| *until > now) {
                sooner(until);
            }
        }
        if let Some(at) = self.drive_at(now) {
            sooner(at);
        }
        if let Some(at) = self.next_round(now) {
            sooner(at);
        }
        if let Some(at) = self.next_by_hand() {
            sooner(at);
        }
        for countdown in self.auto.countdowns.values() {
            sooner(countdown.ends_at);
        }
        if let Some(at) = self.braking_at(now) {
            sooner(at);
        }
        if !self.restless.is_empty() {
            sooner(now + SignedDuration::from_secs(1));
        }
        if !self.offline {
            sooner(self.due_of_forges(now));
        }
        due.max(now + SignedDuration::from_millis(50))
    }

    fn due_of_forges(&self, now: Timestamp) -> Timestamp {
        let mut due = now + SignedDuration::from_secs(60);
        let reading = self.schedule.reading();
        for (forge, clock) in &self.schedule.forges {
            if let Some(until) = clock.paused_until.filter(|until| *until > now) {
                due = due.min(until);
                continue;
            }
            let is_hot = clock.hot_at < clock.quiet_at && self.may_be_hot(forge);
            due = due.min(clock.pulse_at(is_hot, now));
            due = due.min(clock.turn_at.unwrap_or(now));
            let rows = self.board.rows.iter().enumerate();
            for (place, row) in rows.filter(|(_, row)| row.service.forge == *forge) {
                let service = &row.service.name;
                if !self.reaches(service) {
                    continue;
                }
                let look = self.schedule.looks.of(place, row.version);
                let at = match look.filter(|_| !self.watched.contains(service)) {
                    Some(look) => look.whole_at,
                    None if reading.contains(service) => None,
                    None => Some(self.whole_at(service).unwrap_or(now)),
                };
                due = at.map_or(due, |at| due.min(at));
            }
        }
        due
    }
}
