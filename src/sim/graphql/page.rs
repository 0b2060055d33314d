//! Connections: which part of a list is asked for, and how it is handed out.

use async_graphql::{Context, Error, SimpleObject};

use super::error::error;

/// Which part of a connection is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    first: usize,
    after: usize,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    /// The part.
    pub nodes: Vec<T>,
    /// How long the whole is.
    pub total: usize,
    /// What follows the last node of the part.
    pub end: usize,
}

/// Information about pagination in a connection.
#[derive(Debug, SimpleObject)]
pub struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

const CURSOR: &str = "Y3Vyc29yOnYyOpHO";

impl Page {
    /// Reads `first` and `after` of the connection that is being resolved.
    ///
    /// As on GitHub, a connection asked for nothing but `totalCount` needs no `first`.
    pub fn of(ctx: &Context<'_>, first: Option<i32>, after: Option<&str>) -> Result<Self, Error> {
        let name = ctx.field().name();
        let first = match first {
            Some(first @ 0..=100) => usize::try_from(first).unwrap_or_default(),
            Some(first) if first > 100 => {
                return Err(error(
                    "EXCESSIVE_PAGINATION",
                    format!(
                        "Requesting {first} records on the `{name}` connection exceeds the `first` limit of 100 records."
                    ),
                ));
            }
            Some(_) => {
                return Err(error(
                    "INVALID_PAGINATION",
                    format!("`first` on the `{name}` connection cannot be less than zero."),
                ));
            }
            None => {
                let ahead = ctx.look_ahead();
                if ["nodes", "pageInfo"]
                    .iter()
                    .any(|it| ahead.field(it).exists())
                {
                    return Err(error(
                        "MISSING_PAGINATION_BOUNDARIES",
                        format!(
                            "You must provide a `first` or `last` value to properly paginate the `{name}` connection."
                        ),
                    ));
                }
                0
            }
        };
        let after = match after {
            None => 0,
            Some(cursor) => cursor
                .strip_prefix(CURSOR)
                .and_then(|it| usize::from_str_radix(it, 16).ok())
                .ok_or_else(|| {
                    error(
                        "INVALID_CURSOR_ARGUMENTS",
                        format!("`{cursor}` does not appear to be a valid cursor."),
                    )
                })?,
        };
        Ok(Self { first, after })
    }

    /// Cuts the page out of a list.
    pub fn cut<T>(self, all: impl IntoIterator<Item = T>) -> Slice<T> {
        let until = self.after.saturating_add(self.first);
        let mut nodes = Vec::new();
        let mut total = 0;
        for item in all {
            if (self.after..until).contains(&total) {
                nodes.push(item);
            }
            total += 1;
        }
        let end = self.after + nodes.len();
        Slice { nodes, total, end }
    }
}

impl<T> Slice<T> {
    /// What comes after.
    pub fn info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.end < self.total,
            end_cursor: (!self.nodes.is_empty()).then(|| format!("{CURSOR}{:08x}", self.end)),
        }
    }
}

/// Defines a connection type, which GitHub has one of for every kind of list.
macro_rules! connection {
    ($name:ident of $node:ident) => {
        #[doc = concat!("The connection type for ", stringify!($node), ".")]
        #[derive(Debug)]
        pub struct $name<'a>(pub $crate::sim::graphql::page::Slice<$node<'a>>);

        #[async_graphql::Object]
        impl<'a> $name<'a> {
            /// Identifies the total count of items in the connection.
            async fn total_count(&self) -> i32 {
                $crate::sim::graphql::scalar::count(self.0.total)
            }

            /// Information to aid in pagination.
            async fn page_info(&self) -> $crate::sim::graphql::page::PageInfo {
                self.0.info()
            }

            /// A list of nodes.
            async fn nodes(&self) -> Option<Vec<Option<$node<'a>>>> {
                Some(self.0.nodes.iter().copied().map(Some).collect())
            }
        }
    };
}
pub(super) use connection;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let first = Page { first: 2, after: 0 }.cut(1..=5);
        assert_eq!(
            (first.nodes.as_slice(), first.total),
            ([1, 2].as_slice(), 5)
        );
        assert!(first.info().has_next_page);
        let last = Page { first: 2, after: 4 }.cut(1..=5);
        assert_eq!(last.nodes, [5]);
        assert!(!last.info().has_next_page);
        let none = Page { first: 2, after: 9 }.cut(1..=5);
        assert_eq!(none.info().end_cursor, None);
    }
}
