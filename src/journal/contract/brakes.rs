//! What every journal must do where a hold is carried to a forge while something else is ordered.

use super::fixtures::*;
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::promotion::{Purpose, Step};
use crate::journal::{Error, Journal};

/// A rollback leaves a hold, which is carried to the forge at once, and the next act on the cell may be
/// ordered while that goes on.
pub async fn what_is_written_of_a_brake_is_no_change_for_a_promotion(journal: &dyn Journal) {
    let of = |id: &str, purpose: Purpose| {
        let mut intent = intent(id, "checkout", "production");
        intent.purpose = purpose;
        draft("bob", Event::Intended { intent })
    };
    let seen = journal.head().await.unwrap();
    let brake = of("b1", Purpose::Brake);
    let brake = journal.append(brake, unchanged(seen)).await.unwrap();
    let promotion = of("i1", Purpose::Promotion);
    let promotion = journal.append(promotion, unchanged(seen)).await.unwrap();
    // Nor is what is written of a promotion one for a brake, but that of another brake is.
    let end = Step::Abandoned {
        why: "no hold any more".to_owned(),
    };
    let event = Event::Stepped {
        id: "b1".into(),
        purpose: Purpose::Brake,
        step: end,
    };
    let end = Draft {
        service: brake.draft.service.clone(),
        environment: brake.draft.environment.clone(),
        ..draft("bob", event)
    };
    let end = journal.append(end, Precondition::Follows).await.unwrap();
    let late = journal.append(of("b2", Purpose::Unbrake), unchanged(promotion.seq));
    let late = late.await;
    assert!(
        matches!(&late, Err(Error::Conflict { by }) if **by == end),
        "{late:?}"
    );
    let unbrake = of("b2", Purpose::Unbrake);
    journal.append(unbrake, unchanged(end.seq)).await.unwrap();
    // A hold in between wins over both.
    let seen = journal.head().await.unwrap();
    let by = hold("h9", cover(Some("checkout"), None, None));
    let by = journal.append(by, Precondition::None).await.unwrap();
    for (id, purpose) in [("i9", Purpose::Rerun), ("b9", Purpose::Brake)] {
        let refused = journal.append(of(id, purpose), unchanged(seen)).await;
        assert!(
            matches!(&refused, Err(Error::Conflict { by: found }) if **found == by),
            "{refused:?}"
        );
    }
}
