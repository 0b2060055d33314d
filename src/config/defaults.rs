//! What holds where a config file says nothing. `config.example.toml` shows each of these values,
//! marked `# default`, and a test proves that it does.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{Env, JournalUrl, Poll, Theme, Ui};
use crate::domain::override_::OverrideRule;
use crate::domain::policy::{Before, GateSpec, PipelineRule};

pub const POLL: Poll = Poll {
    interval: SignedDuration::from_secs(15),
    max_age: SignedDuration::from_secs(60),
    adapt: true,
};

pub const UI: Ui = Ui {
    theme: Theme::Auto,
    ascii: false,
    motion: true,
    utc: true,
    session: true,
    mouse: true,
};

/// The web addresses of the forges that need no `url`.
pub const GITHUB: &str = "https://github.com";
pub const GITLAB: &str = "https://gitlab.com";
pub const CODEBERG: &str = "https://codeberg.org";

/// The tier of an environment that names none.
pub const TIER: &str = "standard";

/// Names of environments that are protected unless the file says otherwise.
const PRODUCTION_LIKE: &[&str] = &["production", "prod", "live"];

/// Says whether a promotion into an environment asks for its name to be typed.
pub fn protected(name: &str, tier: &str) -> bool {
    tier == "regulated" || is_production_like(name)
}

/// Says whether a name is, or starts or ends with, a word for production: `prod-eu`, `eu/live`.
pub fn is_production_like(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|character: char| !character.is_alphanumeric());
    let is_production = |word: &str| PRODUCTION_LIKE.contains(&word);
    let first = words.next().is_some_and(is_production);
    first || words.next_back().is_some_and(is_production)
}

/// Returns the gates of the built-in tiers. A `[policy.NAME]` replaces one wholly.
pub fn tiers() -> BTreeMap<String, Vec<GateSpec>> {
    let pipeline = || GateSpec::Pipeline(PipelineRule::default());
    let path = || GateSpec::Path { from: Before::Next };
    let review = |approvals| GateSpec::Review {
        approvals,
        own: false,
    };
    let soak = GateSpec::Soak {
        at_least: SignedDuration::from_hours(1),
    };
    BTreeMap::from([
        ("fast".to_owned(), complete(vec![pipeline(), path()])),
        (
            TIER.to_owned(),
            complete(vec![pipeline(), path(), review(1), GateSpec::Window]),
        ),
        (
            "regulated".to_owned(),
            complete(vec![pipeline(), path(), soak, review(2), GateSpec::Window]),
        ),
    ])
}

/// Returns who may override the gates of the built-in tiers: any operator with a reason, and in
/// `regulated` with a second person.
pub fn overrides() -> BTreeMap<String, OverrideRule> {
    let usual = OverrideRule::default;
    let regulated = OverrideRule {
        second_person: true,
        ..usual()
    };
    BTreeMap::from([
        ("fast".to_owned(), usual()),
        (TIER.to_owned(), usual()),
        ("regulated".to_owned(), regulated),
    ])
}

/// Adds the gates that are always there: `fresh` first, `forge`, `hold` and `manual` last, each
/// unless the list has already placed it.
pub fn complete(listed: Vec<GateSpec>) -> Vec<GateSpec> {
    let missing = |gate: &GateSpec| !listed.contains(gate);
    let first = Some(GateSpec::Fresh).filter(missing);
    let last: Vec<GateSpec> = [GateSpec::Forge, GateSpec::Hold, GateSpec::Manual]
        .into_iter()
        .filter(missing)
        .collect();
    first.into_iter().chain(listed).chain(last).collect()
}

/// Returns the journal's place in the state folder; `None` without a home.
pub fn journal(env: &Env) -> Option<JournalUrl> {
    Some(JournalUrl::Sqlite(
        env.state_home()?.join("gonogo").join("journal.db"),
    ))
}
