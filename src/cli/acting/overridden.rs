//! `--override`: gates are overridden once everything has been confirmed, and not before. What was granted
//! for a promotion that was not sent is taken back: nothing stays open behind it.

use std::time::Duration;

use crate::app::engine::Report;
use crate::app::engine::planning::Wish;
use crate::app::request::Request;
use crate::cli::{Exit, Failure, Global, output};
use crate::domain::entry::Event;
use crate::domain::ids::{EnvironmentName, OverrideId, ServiceName};
use crate::domain::override_::Standing;
use crate::runtime::headless::Headless;

const SOON: Duration = Duration::from_secs(30);

/// Overrides those of `gates` that are not passed already, and that no override waits for.
pub(super) async fn grant(
    global: &Global,
    headless: &mut Headless,
    place: (&ServiceName, &EnvironmentName),
    wish: &Wish,
    gates: &[String],
    reason: &str,
) -> Result<Option<OverrideId>, Failure> {
    let now = headless.state.now;
    let order = headless
        .engine()
        .override_for(place, wish, gates, reason, now)?;
    let Some(order) = order else { return Ok(None) };
    headless.reports();
    headless.orders();
    headless.ask(order);
    headless.until(SOON, |engine| !engine.is_writing()).await;
    for report in headless.reports() {
        match report {
            Report::Refused { id: None, refusal } => return Err(refusal.into()),
            Report::JournalTrouble { why, .. } => return Err(Failure::new(Exit::Journal, why)),
            Report::Refused { .. }
            | Report::Done { .. }
            | Report::Alert { .. }
            | Report::Trouble(_) => {}
        }
    }
    for (text, entry) in headless.orders() {
        if let Event::OverrideGranted { grant } = entry.draft.event {
            if !global.json {
                output::note(&text);
            }
            return Ok(Some(grant.id));
        }
    }
    let why = "the journal did not answer in time; nothing was sent";
    Err(Failure::new(Exit::Journal, why).hint("`gonogo override list` says what was granted"))
}

/// Takes an override back that was granted for a promotion which was not sent. One that waits for its
/// second person stays: the order is given again once it is confirmed.
pub(super) async fn take_back(global: &Global, headless: &mut Headless, id: &OverrideId) {
    let engine = headless.engine();
    let ledger = engine.ledger.as_ref();
    let one = ledger.and_then(|ledger| ledger.overrides.get(id));
    let standing = one.map(|one| one.standing(&engine.policy, false, headless.state.now));
    if standing != Some(Standing::InForce) {
        return;
    }
    headless.orders();
    headless.ask(Request::WithdrawOverride {
        id: id.clone(),
        reason: "what it was granted for was not sent".to_owned(),
    });
    headless.until(SOON, |engine| !engine.is_writing()).await;
    let taken = headless.orders();
    match taken.first() {
        Some((text, _)) if !global.json => output::note(text),
        Some(_) => {}
        None => output::note(&format!(
            "override {id} stays in force: gonogo override withdraw {id} --reason TEXT"
        )),
    }
}
