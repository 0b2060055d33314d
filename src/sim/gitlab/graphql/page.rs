//! Connections: which part of a list is asked for, at most a hundred rows.

use async_graphql::{Error, SimpleObject};

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    /// The part.
    pub nodes: Vec<T>,
    /// How long the whole is.
    pub total: usize,
    end: usize,
}

/// Information about pagination in a connection.
#[derive(Debug, SimpleObject)]
pub struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl<T> Slice<T> {
    /// Cuts a page out of a list.
    pub fn of(all: Vec<T>, first: Option<i32>, after: Option<&str>) -> Result<Self, Error> {
        let first = match first {
            None => 100,
            Some(first) => usize::try_from(first)
                .map_err(|_| Error::new("`first` must be greater than or equal to 0"))?,
        };
        let after = match after {
            None => 0,
            Some(cursor) => usize::from_str_radix(cursor, 16)
                .map_err(|_| Error::new("Please provide a valid cursor"))?,
        };
        let total = all.len();
        let nodes: Vec<T> = all.into_iter().skip(after).take(first.min(100)).collect();
        let end = after + nodes.len();
        Ok(Self { nodes, total, end })
    }

    /// What comes after.
    pub fn info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.end < self.total,
            end_cursor: (!self.nodes.is_empty()).then(|| format!("{:x}", self.end)),
        }
    }
}

/// Defines a connection type; some of them count their rows.
macro_rules! connection {
    ($name:ident of $node:ident $(, $count:ident)?) => {
        #[doc = concat!("The connection type for ", stringify!($node), ".")]
        #[derive(Debug)]
        pub struct $name<'a>(pub $crate::sim::gitlab::graphql::page::Slice<$node<'a>>);

        #[async_graphql::Object]
        impl<'a> $name<'a> {
            $(
                /// Total count of collection.
                async fn $count(&self) -> i32 {
                    i32::try_from(self.0.total).unwrap_or(i32::MAX)
                }
            )?

            /// Information to aid in pagination.
            async fn page_info(&self) -> $crate::sim::gitlab::graphql::page::PageInfo {
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
