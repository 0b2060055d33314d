use super::golden::explained;
use crate::domain::gate::fixture::{World, ago, now};
use crate::domain::gate::{Case, Judgement, Peer, Peers, State, Verdict, judge};
use crate::domain::ids::{Digest, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::policy::GateSpec;
use crate::domain::release::{Item, Release};
use crate::domain::signoff::{AtClose, ReleaseVote, Voice};

/// What votes are bound to here.
#[derive(Clone, Debug)]
struct Ships(Result<&'static str, String>);

impl Peers for Ships {
    fn peer(&self, _: &ServiceName) -> Option<Peer<'_>> {
        None
    }

    fn bound(&self, _: &Release, _: &Ledger) -> Result<(Digest, String), String> {
        let words = self.0.clone()?;
        Ok((Digest::of([words]), words.to_owned()))
    }
}

const NOW: &str = "checkout 2.40.3 > 2.41.0, payments stays";
const BEFORE: &str = "checkout 2.40.3 > 2.40.9, payments stays";

/// `checkout` ships in 2026.47, on which qa and sre decide.
fn world() -> World {
    let mut world = World::new(vec![GateSpec::Fresh]);
    for (role, person) in [("qa", "alice"), ("sre", "bob")] {
        let members = world.policy.roles.entry(role.into()).or_default();
        members.insert(person.into());
    }
    world.policy.releases = vec![Release {
        name: "2026.47".into(),
        environment: "production".into(),
        items: ["checkout", "payments"]
            .map(|service| Item {
                service: service.into(),
                pin: None,
            })
            .to_vec(),
        waves: vec![vec!["checkout".into(), "payments".into()]],
        window: None,
        at_close: AtClose::Keep,
        due: None,
        roles: vec!["qa".into(), "sre".into()],
        distinct: true,
        owner: None,
    }];
    world
}

fn voted(mut world: World, person: &str, role: &str, voice: Voice, saw: &str) -> World {
    let vote = ReleaseVote {
        release: "2026.47".into(),
        role: role.into(),
        person: person.into(),
        voice,
        scope: Digest::of([saw]),
        saw: saw.to_owned(),
        note: "heap grows".to_owned(),
        at: ago(5),
    };
    let key = (vote.release.clone(), vote.person.clone());
    world.book().release_votes.insert(key, vote);
    world
}

fn judged(world: &World, peers: &Ships) -> Judgement {
    let case = Case {
        peers,
        ..world.case()
    };
    judge::judge(&case, now())
}

fn verdict(world: &World) -> Option<Verdict> {
    of(world, &Ships(Ok(NOW)))
}

fn of(world: &World, peers: &Ships) -> Option<Verdict> {
    let judgement = judged(world, peers);
    let mut verdicts = judgement.verdicts.iter();
    verdicts.find(|verdict| verdict.gate == "release").cloned()
}

fn state(world: &World) -> Option<State> {
    verdict(world).map(|verdict| verdict.state)
}

#[test]
fn a_no_go_to_a_release_closes_what_ships_in_it_until_it_is_taken_back() {
    let world = world();
    assert_eq!(state(&world), None, "nobody has said anything");
    let go = voted(world.clone(), "alice", "qa", Voice::Go, NOW);
    assert_eq!(state(&go), None, "undecided closes nothing");
    let no_go = voted(go, "bob", "sre", Voice::NoGo, NOW);
    let closed = verdict(&no_go).expect("a verdict");
    assert_eq!(
        (closed.state, closed.why.as_str()),
        (
            State::Closed,
            "bob says no-go to 2026.47 as sre: heap grows"
        )
    );
    assert_eq!(closed.who.as_deref(), Some("bob"));
    let taken_back = voted(no_go, "bob", "sre", Voice::Go, NOW);
    assert_eq!(state(&taken_back), None);
}

#[test]
fn a_no_go_counts_for_what_was_seen_by_who_has_the_role_and_for_these_cells_alone() {
    let stale = voted(world(), "bob", "sre", Voice::NoGo, BEFORE);
    assert_eq!(state(&stale), Some(State::Open));
    let mut left = voted(world(), "bob", "sre", Voice::NoGo, NOW);
    left.policy.roles.entry("sre".into()).or_default().clear();
    assert_eq!(state(&left), Some(State::Open));
    let stranger = voted(world(), "bob", "intern", Voice::NoGo, NOW);
    assert_eq!(state(&stranger), None, "nobody asks that role");
    let mut elsewhere = voted(world(), "bob", "sre", Voice::NoGo, NOW);
    elsewhere.policy.releases[0].environment = "staging".into();
    assert_eq!(state(&elsewhere), None);
    let mut level = voted(world(), "bob", "sre", Voice::NoGo, NOW);
    level.candidate = None;
    assert_eq!(state(&level), None);
}

#[test]
fn going_back_is_not_asked() {
    let mut back = voted(world(), "bob", "sre", Voice::NoGo, NOW);
    back.back = true;
    assert_eq!(state(&back), None);
}

#[test]
fn it_can_be_overridden_for_what_it_said() {
    let world = overridden();
    assert_eq!(state(&world), Some(State::Overridden));
    let again = voted(world, "alice", "qa", Voice::NoGo, NOW);
    assert_eq!(state(&again), Some(State::Closed), "somebody else says no");
}

fn overridden() -> World {
    let mut world = voted(world(), "bob", "sre", Voice::NoGo, NOW);
    let closed = verdict(&world).expect("a verdict");
    let one = super::overridden::of(closed);
    world.book().overrides.insert(one.id.clone(), one);
    world
}

#[test]
fn every_verdict_explains_itself() {
    let both = voted(world(), "bob", "sre", Voice::NoGo, NOW);
    let both = voted(both, "alice", "qa", Voice::NoGo, NOW);
    let mut unread = both.clone();
    unread.ledger = None;
    let unknown = Ships(Err("payments has not been read".to_owned()));
    let mut left = voted(world(), "bob", "sre", Voice::NoGo, NOW);
    left.policy.roles.entry("sre".into()).or_default().clear();
    let verdicts = [
        verdict(&voted(world(), "bob", "sre", Voice::NoGo, NOW)),
        verdict(&both),
        verdict(&voted(world(), "bob", "sre", Voice::NoGo, BEFORE)),
        verdict(&left),
        of(&both, &unknown),
        verdict(&unread),
        verdict(&overridden()),
    ];
    insta::assert_snapshot!(explained(verdicts.iter().flatten()));
}
