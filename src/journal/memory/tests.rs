use super::*;
use crate::journal::contract;
use crate::journal::contract::fixtures::{intend, permit, sending, state};

const US: &str = "us";

macro_rules! contract {
    ($($name:ident($($us:ident)?);)*) => {$(
        #[tokio::test]
        async fn $name() {
            contract::$name(&Memory::new(US) $(, $us)?).await;
        }
    )*};
}

contract! {
    entries_are_numbered_chained_and_read_back_as_they_were();
    the_scope_of_an_entry_is_that_of_what_it_is_about();
    a_release_has_one_open_run_and_only_that_is_handed_over_or_ended();
    a_cell_takes_one_open_promotion_and_says_whose();
    what_is_written_of_a_brake_is_no_change_for_a_promotion();
    an_intent_is_refused_after_anything_on_its_cell_or_any_control_that_covers_it();
    an_intent_that_saw_more_than_there_is_is_refused();
    a_hold_between_intent_and_permit_always_wins(US);
    a_no_go_on_a_release_between_intent_and_permit_stops_it(US);
    a_word_on_a_release_between_intent_and_permit_stops_what_was_agreed(US);
    a_vote_between_intent_and_permit_stops_it(US);
    an_override_is_for_one_use();
    a_refused_intent_leaves_its_override_unused();
    an_override_is_only_used_as_it_was_granted();
    a_withdrawn_override_between_intent_and_permit_stops_it(US);
    a_permit_is_given_once_and_only_for_what_was_seen(US);
    a_step_without_its_own_precondition_is_refused(US);
    only_the_steps_that_may_follow_are_taken(US);
    what_is_noted_once_is_noted_once();
    p8_out_of_band_is_said_only_by_who_has_read_everything();
    any_text_survives();
}

#[tokio::test]
async fn what_the_dead_were_sending_is_unknown_and_what_they_only_intended_is_abandoned() {
    let journal = Memory::new(US);
    let seen = intend(&journal, "i1").await;
    journal
        .settle_dead(contract::fixtures::at(1))
        .await
        .unwrap();
    assert_eq!(state(&journal, "i1").await, State::Intended, "we live");
    let nobody = BTreeSet::new();
    let settle = |journal: &Memory| {
        let at = contract::fixtures::at(2);
        journal.book().settle(&nobody, &Person::from("ann"), at);
    };
    journal
        .append(sending("i1", US), permit(seen))
        .await
        .unwrap();
    settle(&journal);
    assert_eq!(state(&journal, "i1").await, State::Unknown);
    contract::fixtures::finish(&journal, "i1").await;
    intend(&journal, "i2").await;
    settle(&journal);
    assert_eq!(state(&journal, "i2").await, State::Abandoned);
    journal.verify().await.unwrap();
}
