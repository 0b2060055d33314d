//! What is kept comes back, all of it or nothing.

use super::*;
use crate::app::state::State;
use crate::app::view::scenes::{many, now};
use crate::domain::board::Board;

const SERVICES: usize = 3 * PART + 5;

fn facts(engine: &Engine) -> Vec<(ServiceName, bool, usize)> {
    let rows = engine.board.rows.iter();
    rows.map(|row| {
        let known = row.facts.last.is_some();
        (row.service.name.clone(), known, row.scopes.len())
    })
    .collect()
}

fn at(path: &Path) -> Place {
    let forges = [("gh", "https://github.com/")].into_iter();
    Place {
        path: path.to_owned(),
        forges: forges
            .map(|(name, url)| (name.into(), url.to_owned()))
            .collect(),
    }
}

/// The same engine as if it had just been started.
fn emptied(mut state: State) -> State {
    let policy = state.engine.policy.clone();
    state.engine.board = Board::unjudged(&policy, Board::default());
    state
}

fn keep(state: &State, path: &Path, most: usize) {
    let (mut keeping, work) = Keeping::begin(&state.engine, now(), &at(path));
    std::thread::scope(|scope| {
        scope.spawn(work);
        for _ in 0..most {
            while keeping.parts.capacity() == 0 {
                std::thread::yield_now();
            }
            if !keeping.go_on(&state.engine) {
                break;
            }
        }
        drop(keeping);
    });
}

#[test]
fn what_is_stored_comes_back_the_first_picture_s_part_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep").join("cache");
    let state = many(SERVICES, 80, 24);
    let before = facts(&state.engine);
    assert!(before.iter().all(|(_, known, _)| *known));
    store(&at(&path), &state.engine, now()).unwrap();
    let mut state = emptied(state);
    let cache = Reading::of(&at(&path));
    assert_eq!(
        cache.restore_first(&mut state.engine, &at(&path)).len(),
        PART
    );
    let known = facts(&state.engine);
    assert_eq!(known.iter().filter(|(_, known, _)| *known).count(), PART);
    cache.restore_rest(&mut state.engine, &at(&path));
    assert_eq!(facts(&state.engine), before);
}

#[test]
fn keeping_beside_the_loop_makes_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let state = many(SERVICES, 80, 24);
    store(&at(&one), &state.engine, now()).unwrap();
    keep(&state, &other, usize::MAX);
    assert_eq!(std::fs::read(one).unwrap(), std::fs::read(other).unwrap());
}

#[test]
fn what_was_not_kept_to_its_end_leaves_the_last_cache() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let state = many(SERVICES, 80, 24);
    keep(&state, &path, 2);
    assert!(!path.exists());
    std::fs::write(&path, b"before").unwrap();
    keep(&state, &path, 2);
    assert_eq!(std::fs::read(&path).unwrap(), b"before");
    keep(&emptied(state), &path, usize::MAX);
    assert_eq!(std::fs::read(&path).unwrap(), b"before");
}

#[test]
fn another_format_or_half_a_file_is_no_cache() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let place = at(&path);
    let mut state = emptied(many(3, 80, 24));
    let mut known = || {
        Reading::of(&place).restore_rest(&mut state.engine, &place);
        facts(&state.engine).iter().any(|(_, known, _)| *known)
    };
    assert!(!known(), "there is no file");
    std::fs::write(&path, b"gonogo04\x05\0\0\0abcde").unwrap();
    assert!(!known());
    std::fs::write(&path, FORMAT).unwrap();
    assert!(!known());
    std::fs::write(&path, [&FORMAT[..], b"\xff\xff\xff\xffabcde"].concat()).unwrap();
    assert!(!known());
}

#[test]
fn caches_of_configs_that_are_gone_are_taken_away_and_nothing_else() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("gonogo");
    let path = folder.join("one.facts");
    let state = many(SERVICES, 80, 24);
    store(&at(&path), &state.engine, now()).unwrap();
    let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    let days = |days: u64| written - Duration::from_secs(days * 86_400);
    for (name, at) in [
        ("old.facts", days(31)),
        ("young.facts", days(29)),
        ("old.toml", days(31)),
    ] {
        let file = File::create(folder.join(name)).unwrap();
        file.set_modified(at).unwrap();
    }
    store(&at(&path), &state.engine, now()).unwrap();
    let mut left: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["old.toml", "one.facts", "young.facts"]);
}

/// Facts of the services that are still what they were, whatever else the config says by now.
#[test]
fn a_changed_config_keeps_what_still_comes_from_where_it_came_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let state = many(5, 80, 24);
    store(&at(&path), &state.engine, now()).unwrap();
    let mut policy = (*state.engine.policy).clone();
    let mut added = Service::clone(&policy.services[0]);
    added.name = "added".into();
    policy.services.push(added.into());
    policy.nth(0).repo = "acme/elsewhere".into();
    policy.nth(1).branch = Some("next".to_owned());
    policy.nth(2).path.pop();
    let mut state = emptied(state);
    state.engine.board = Board::unjudged(&policy, Board::default());
    let restored = |place: &Place, state: &mut State| {
        Reading::of(place).restore_first(&mut state.engine, place);
        let known = facts(&state.engine).into_iter();
        known.map(|(_, known, _)| known).collect::<Vec<_>>()
    };
    // Of another server of the same name nothing is known.
    let mut moved = at(&path);
    let forge = state.engine.board.rows[3].service.forge.clone();
    moved
        .forges
        .insert(forge, "https://git.example.com/".to_owned());
    assert_eq!(restored(&moved, &mut state), [false; 6]);
    assert_eq!(
        restored(&at(&path), &mut state),
        [false, false, false, true, true, false]
    );
}

#[test]
fn what_is_kept_is_named_by_where_the_config_lies_and_not_by_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.toml");
    std::fs::write(&file, "").unwrap();
    let link = folder.path().join("link.toml");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let config = |path: &Path, services: &[&str]| {
        let tables = services.iter().map(|service| {
            format!("[service.{service}]\nrepo = \"acme/{service}\"\npath = [\"production\"]\n")
        });
        let text: String = std::iter::once("[environment.production]\n".to_owned())
            .chain(tables)
            .collect();
        name(&crate::config::load(&text, path).unwrap())
    };
    let one = config(&file, &["api"]);
    assert_eq!(one, config(&file, &["api", "web"]));
    assert_eq!(one, config(&link, &["api"]));
    let other = folder.path().join("two.toml");
    std::fs::write(&other, "").unwrap();
    assert_ne!(one, config(&other, &["api"]));
}
