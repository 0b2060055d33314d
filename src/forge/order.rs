//! The order of promotion of environments that no config orders.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::domain::ids::EnvironmentName;

/// Words of environment names, in the order in which revisions usually pass them.
const CONVENTION: &[&[&str]] = &[
    &["sandbox", "lab", "dev", "devel", "development", "develop"],
    &["test", "testing", "tst"],
    &["qa", "quality"],
    &["int", "integration", "integ"],
    &["uat", "acceptance", "acc"],
    &["staging", "stage", "stg"],
    // Here stand the names that the convention does not know.
    &[],
    &["preprod", "preproduction", "pre"],
    &["canary"],
    &["production", "prod", "prd", "live"],
];
const UNKNOWN: usize = 6;
const PRE_PRODUCTION: usize = 7;

/// Sorts environments as revisions are promoted through them: by the convention of names first,
/// then by which was deployed to first, then by name.
///
/// Preview environments (`pr-12`) are left out: nothing is promoted into them.
pub fn of_promotion(
    environments: Vec<(EnvironmentName, Option<Timestamp>)>,
) -> Vec<EnvironmentName> {
    let mut environments: Vec<_> = environments
        .into_iter()
        .filter(|(name, _)| !is_preview(name.as_str()))
        .collect();
    environments.sort_by(|(a, first_of_a), (b, first_of_b)| {
        let key = |name: &EnvironmentName, first: &Option<Timestamp>| {
            // An environment that was never deployed to comes after those that were.
            (place(name.as_str()), Reverse(first.map(Reverse)))
        };
        key(a, first_of_a)
            .cmp(&key(b, first_of_b))
            .then_with(|| a.cmp(b))
    });
    environments.into_iter().map(|(name, _)| name).collect()
}

fn words(name: &str) -> Vec<String> {
    name.to_lowercase()
        .split(|character: char| !character.is_alphanumeric())
        .map(|word| {
            word.trim_end_matches(|c: char| c.is_ascii_digit())
                .to_owned()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

fn place(name: &str) -> usize {
    let words = words(name);
    if words.iter().any(|word| word == "non" || word == "nonprod") {
        return UNKNOWN;
    }
    if words.iter().any(|word| word == "pre") {
        return PRE_PRODUCTION;
    }
    words
        .iter()
        .filter_map(|word| {
            CONVENTION
                .iter()
                .position(|known| known.contains(&word.as_str()))
        })
        .max()
        .unwrap_or(UNKNOWN)
}

/// Says whether a whole name is one that everybody uses for an environment.
pub fn is_usual(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut known = CONVENTION.iter().flat_map(|words| words.iter());
    known.any(|word| *word == name)
}

/// Says whether a name is one of production's.
pub fn is_production(name: &str) -> bool {
    place(name) == CONVENTION.len() - 1
}

fn is_preview(name: &str) -> bool {
    let name = name.to_lowercase();
    ["pr", "preview", "review", "pull"].iter().any(|prefix| {
        name.strip_prefix(prefix)
            .map(|rest| rest.trim_start_matches(['-', '_', '/', '#', ' ']))
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(names: &[(&str, i64)]) -> Vec<String> {
        let dated = names
            .iter()
            .map(|&(name, first)| {
                let first = (first > 0).then(|| Timestamp::from_second(first).unwrap());
                (EnvironmentName::from(name), first)
            })
            .collect();
        of_promotion(dated)
            .into_iter()
            .map(|name| name.to_string())
            .collect()
    }

    #[test]
    fn the_convention_of_names_comes_first() {
        assert_eq!(
            order(&[
                ("Production", 1),
                ("pre-production", 2),
                ("staging", 3),
                ("uat", 4),
                ("int", 5),
                ("qa", 6),
                ("test", 7),
                ("dev", 8),
                ("canary", 9),
            ]),
            [
                "dev",
                "test",
                "qa",
                "int",
                "uat",
                "staging",
                "pre-production",
                "canary",
                "Production"
            ]
        );
    }

    #[test]
    fn names_outside_the_convention_go_by_their_first_deployment() {
        assert_eq!(
            order(&[("never", 0), ("blue", 30), ("amber", 20)]),
            ["amber", "blue", "never"]
        );
    }

    #[test]
    fn a_name_that_nobody_knows_never_stands_after_production() {
        assert_eq!(
            order(&[("prod", 1), ("edge", 50), ("dev", 9), ("nonprod", 60)]),
            ["dev", "edge", "nonprod", "prod"]
        );
    }

    #[test]
    fn regions_of_one_stage_stay_together() {
        assert_eq!(
            order(&[
                ("prod-us", 20),
                ("staging-eu", 9),
                ("prod-eu", 10),
                ("staging2", 8)
            ]),
            ["staging2", "staging-eu", "prod-eu", "prod-us"]
        );
    }

    #[test]
    fn previews_are_left_out() {
        assert_eq!(
            order(&[
                ("pr-12", 1),
                ("preview/7", 2),
                ("prod", 3),
                ("review-3", 4),
                ("preprod", 5)
            ]),
            ["preprod", "prod"]
        );
    }
}
