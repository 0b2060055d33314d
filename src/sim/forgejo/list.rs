//! Lists, page by page: `page` from 1, `limit` of at most fifty, `Link` and `X-Total-Count`.

use serde_json::{Value, json};

use super::Call;
use crate::sim::rest::{Answer, encode};

/// Entries of a page when nobody says how many.
pub const USUAL: usize = 30;
/// The most entries of a page.
pub const MOST: usize = 50;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// Reads `page` and `limit`; what makes no sense is taken as not said.
    pub fn of(call: &Call<'_>) -> Self {
        let number = |name| {
            let value = call.param(name).and_then(|it| it.parse::<usize>().ok());
            value.filter(|it| *it > 0)
        };
        Self {
            number: number("page").unwrap_or(1),
            size: number("limit").unwrap_or(USUAL).min(MOST),
        }
    }

    /// The entries of the page.
    pub fn part<T>(self, items: &[T]) -> impl Iterator<Item = &T> {
        let from = (self.number - 1).saturating_mul(self.size);
        items.iter().skip(from).take(self.size)
    }
}

impl Call<'_> {
    /// Answers a bare list.
    pub fn list<T>(&self, items: &[T], shape: impl Fn(&T) -> Value) -> Answer {
        let page = Page::of(self);
        let body = page.part(items).map(shape).collect();
        self.linked(Answer::json(200, Value::Array(body)), page, items.len())
    }

    /// Answers a list in an object with its total; then no header tells it.
    pub fn counted<T>(&self, name: &str, items: &[T], shape: impl Fn(&T) -> Value) -> Answer {
        let part: Vec<Value> = Page::of(self).part(items).map(shape).collect();
        Answer::json(200, json!({"total_count": items.len(), name: part}))
    }

    /// Adds the headers that lead on and tell the total.
    pub fn linked(&self, answer: Answer, page: Page, total: usize) -> Answer {
        let answer = answer
            .with("x-total-count", total.to_string())
            .with("access-control-expose-headers", "Link, X-Total-Count");
        let last = total.div_ceil(page.size).max(1);
        let mut links = Vec::new();
        let mut link = |number: usize, rel: &str| {
            let mut query = self.query.clone();
            query.retain(|(name, _)| name != "page");
            query.push(("page".to_owned(), number.to_string()));
            query.sort();
            let pairs = query
                .iter()
                .map(|(name, value)| format!("{}={}", encode(name), encode(value)));
            let query = pairs.collect::<Vec<_>>().join("&");
            links.push(format!(
                "<{}{}?{query}>; rel=\"{rel}\"",
                self.state.base, self.raw_path
            ));
        };
        if page.number < last {
            link(page.number + 1, "next");
            link(last, "last");
        }
        if page.number > 1 {
            link(1, "first");
            link(page.number - 1, "prev");
        }
        if links.is_empty() {
            answer
        } else {
            answer.with("link", links.join(","))
        }
    }
}
