//! Which of the two forges answers, and in which version.

use std::fmt;

use crate::domain::text::clean;

/// Which forge it is. Forgejo was once a fork of Gitea, and names the Gitea that its API is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brand {
    Forgejo,
    Gitea,
}

/// What a forge says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) brand: Brand,
    /// The first two numbers: what the table of endpoints goes by.
    pub(super) number: (u64, u64),
    text: String,
}

impl Version {
    /// Reads what `/version` says. `forgejo` is what Forgejo alone answers, if it was asked.
    pub(super) fn of(text: &str, forgejo: Option<&str>) -> Self {
        let (own, brand) = match (text.split_once("+gitea-"), forgejo) {
            (Some((own, _)), _) => (own, Brand::Forgejo),
            (None, Some(own)) => (
                own.split_once("+gitea-").map_or(own, |it| it.0),
                Brand::Forgejo,
            ),
            (None, None) => (text, Brand::Gitea),
        };
        let mut numbers = own
            .trim_start_matches('v')
            .split(|sign: char| !sign.is_ascii_digit())
            .map(|number| number.parse().unwrap_or(0));
        let number = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Self {
            brand,
            number,
            text: clean(own),
        }
    }

    /// Says of itself whether it is Forgejo; otherwise it has to be asked in Forgejo's own way.
    pub(super) fn names_forgejo(text: &str) -> bool {
        text.contains("+gitea-")
    }

    pub(super) fn at_least(&self, brand: Brand, major: u64, minor: u64) -> bool {
        self.brand == brand && self.number >= (major, minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let brand = match self.brand {
            Brand::Forgejo => "Forgejo",
            Brand::Gitea => "Gitea",
        };
        write!(f, "{brand} {}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_forges_are_told_apart() {
        for (text, forgejo, brand, number, shown) in [
            (
                "15.0.0+gitea-1.22.0",
                None,
                Brand::Forgejo,
                (15, 0),
                "Forgejo 15.0.0",
            ),
            ("1.25.2", None, Brand::Gitea, (1, 25), "Gitea 1.25.2"),
            (
                "1.26.0+dev-12-gabc",
                None,
                Brand::Gitea,
                (1, 26),
                "Gitea 1.26.0+dev-12-gabc",
            ),
            (
                "17.0.0-dev-9-x+gitea-1.22.0",
                None,
                Brand::Forgejo,
                (17, 0),
                "Forgejo 17.0.0-dev-9-x",
            ),
            // An admin may have hidden the rest of it.
            (
                "9",
                Some("9.0.3+gitea-1.22.0"),
                Brand::Forgejo,
                (9, 0),
                "Forgejo 9.0.3",
            ),
            ("odd", None, Brand::Gitea, (0, 0), "Gitea odd"),
        ] {
            let version = Version::of(text, forgejo);
            assert_eq!((version.brand, version.number), (brand, number), "{text}");
            assert_eq!(version.to_string(), shown);
        }
        let forgejo = Version::of("13.0.1+gitea-1.22.0", None);
        assert!(forgejo.at_least(Brand::Forgejo, 13, 0));
        assert!(!forgejo.at_least(Brand::Forgejo, 16, 0));
        assert!(!forgejo.at_least(Brand::Gitea, 1, 0));
    }
}
