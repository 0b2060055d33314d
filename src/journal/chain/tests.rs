use proptest::prelude::*;

use super::*;
use crate::domain::entry::Event;
use crate::domain::hold::{Cover, HoldKind, Then};

/// A chain of drafts as the journal would have made it.
fn chained(drafts: Vec<Draft>) -> Vec<Entry> {
    let mut previous = genesis();
    let mut entries = Vec::new();
    for (seq, draft) in (1..).zip(drafts) {
        let entry = sealed(Seq(seq), previous, draft);
        previous = entry.hash.clone();
        entries.push(entry);
    }
    entries
}

fn sealed(seq: Seq, previous: Digest, draft: Draft) -> Entry {
    let hash = hash(previous.as_str(), seq, &draft, &Texts::of(&draft).unwrap());
    Entry {
        seq,
        draft,
        previous,
        hash,
    }
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let text = || "[a-c]{0,3}";
    let maybe = || prop::option::of("[a-c]{0,3}");
    let draft = (
        0_i64..100,
        text(),
        maybe(),
        maybe(),
        maybe(),
        maybe(),
        text(),
        text(),
    )
        .prop_map(
            |(second, actor, service, environment, revision, reason, policy, id)| Draft {
                at: jiff::Timestamp::from_second(1_795_000_000 + second).unwrap(),
                actor: actor.into(),
                service: service.map(Into::into),
                environment: environment.map(Into::into),
                revision: revision.map(Into::into),
                reason,
                policy: policy.into(),
                event: Event::HoldLifted {
                    id: id.into(),
                    cover: Cover::default(),
                },
            },
        );
    prop::collection::vec(draft, 1..6)
}

/// Changes one field of an entry into something that it was not.
fn tamper(entry: &mut Entry, field: usize) {
    fn other<N: From<String>>(name: &mut Option<N>, text: Option<String>) {
        // Absent, empty and full must all differ.
        *name = match text {
            None => Some(String::new().into()),
            Some(text) if text.is_empty() => None,
            Some(mut text) => {
                text.pop();
                Some(text.into())
            }
        };
    }
    let draft = &mut entry.draft;
    match field {
        0 => entry.seq.0 += 1,
        1 => draft.at += jiff::SignedDuration::from_nanos(1),
        2 => draft.actor = format!("{}x", draft.actor).into(),
        3 => {
            let text = draft.service.as_ref().map(ToString::to_string);
            other(&mut draft.service, text);
        }
        4 => {
            let text = draft.environment.as_ref().map(ToString::to_string);
            other(&mut draft.environment, text);
        }
        5 => {
            let text = draft.revision.as_ref().map(ToString::to_string);
            other(&mut draft.revision, text);
        }
        6 => {
            let text = draft.reason.clone();
            other(&mut draft.reason, text);
        }
        7 => draft.policy = format!("{}x", draft.policy).into(),
        8 => {
            draft.event = Event::HoldEdited {
                id: "h".into(),
                cover: Cover::default(),
                kind: HoldKind::default(),
                until: None,
                then: Then::End,
                keeps_end: false,
            }
        }
        9 => {
            if let Event::HoldLifted { cover, .. } = &mut draft.event {
                cover.service = Some("x".into());
            }
        }
        10 => entry.previous = Digest::of(["another"]),
        _ => entry.hash = Digest::of(["another"]),
    }
}

fn broken_at(entries: &[Entry]) -> Option<Seq> {
    match verify(entries) {
        Ok(_) => None,
        Err(Error::Broken { seq, .. }) => Some(seq),
        Err(error) => panic!("{error}"),
    }
}

proptest! {
    #[test]
    fn a_whole_chain_is_accepted(drafts in drafts()) {
        let entries = chained(drafts);
        prop_assert_eq!(verify(&entries).unwrap(), entries.len() as u64);
    }

    #[test]
    fn a_change_of_any_field_is_found_at_its_entry(
        drafts in drafts(),
        place in any::<prop::sample::Index>(),
        field in 0_usize..12,
    ) {
        let mut entries = chained(drafts);
        let place = place.index(entries.len());
        tamper(&mut entries[place], field);
        let expected = Seq(i64::try_from(place).unwrap() + 1);
        prop_assert_eq!(broken_at(&entries), Some(expected));
    }

    #[test]
    fn a_change_that_is_sealed_again_is_found_at_the_next_entry(
        drafts in drafts(),
        place in any::<prop::sample::Index>(),
        field in 1_usize..10,
    ) {
        let mut entries = chained(drafts);
        prop_assume!(entries.len() > 1);
        let place = place.index(entries.len() - 1);
        tamper(&mut entries[place], field);
        let Entry { seq, draft, previous, .. } = entries[place].clone();
        entries[place] = sealed(seq, previous, draft);
        prop_assert_eq!(broken_at(&entries), Some(Seq(seq.0 + 1)));
    }

    #[test]
    fn a_missing_or_swapped_entry_is_found(
        drafts in drafts(),
        place in any::<prop::sample::Index>(),
    ) {
        let entries = chained(drafts);
        prop_assume!(entries.len() > 1);
        let place = place.index(entries.len() - 1);
        let expected = Some(Seq(i64::try_from(place).unwrap() + 1));
        let mut missing = entries.clone();
        missing.remove(place);
        prop_assert_eq!(broken_at(&missing), expected);
        let mut swapped = entries;
        swapped.swap(place, place + 1);
        prop_assert_eq!(broken_at(&swapped), expected);
    }
}

#[test]
fn no_text_moves_from_one_field_into_the_next() {
    let mut one = Draft {
        at: jiff::Timestamp::UNIX_EPOCH,
        actor: "ann".into(),
        service: Some("ab".into()),
        environment: Some("c".into()),
        revision: None,
        reason: None,
        policy: "p".into(),
        event: Event::HoldLifted {
            id: "h1".into(),
            cover: Cover::default(),
        },
    };
    let first = sealed(Seq(1), genesis(), one.clone());
    one.service = Some("a".into());
    one.environment = Some("bc".into());
    assert_ne!(first.hash, sealed(Seq(1), genesis(), one).hash);
}

#[test]
fn the_layout_of_the_hash_stays_as_it_is() {
    let draft = Draft {
        at: jiff::Timestamp::UNIX_EPOCH,
        actor: "ann".into(),
        service: Some("checkout".into()),
        environment: None,
        revision: None,
        reason: Some("done".to_owned()),
        policy: "p".into(),
        event: Event::HoldLifted {
            id: "h1".into(),
            cover: Cover::default(),
        },
    };
    // Journals that exist were hashed like this. If this differs, they no longer verify.
    assert_eq!(
        sealed(Seq(1), genesis(), draft).hash.as_str(),
        "31949e7f70c82bca0bc5703030b72cde7c894335254d11f622b631f8136697b4"
    );
}
