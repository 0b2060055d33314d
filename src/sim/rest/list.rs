//! Lists, page by page, with the `Link` header that leads from one to the next.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Answer, Ask, encode};

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: usize,
    /// 1 to 100.
    pub size: usize,
}

impl Page {
    /// Reads `page` and `per_page`; what makes no sense is taken as not said.
    pub fn of(ask: &Ask<'_>) -> Self {
        let number = |name| {
            ask.param(name)
                .and_then(|it| it.parse::<usize>().ok())
                .filter(|it| *it > 0)
        };
        Self {
            number: number("page").unwrap_or(1),
            size: number("per_page").unwrap_or(30).min(100),
        }
    }

    const fn from(self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    fn part<T>(self, items: &[T], shape: impl Fn(&T) -> Value) -> Vec<Value> {
        let part = items.iter().skip(self.from()).take(self.size);
        part.map(shape).collect()
    }
}

impl Ask<'_> {
    /// Answers a bare list.
    pub fn list<T>(&self, items: &[T], shape: impl Fn(&T) -> Value) -> Answer {
        let page = Page::of(self);
        let part = page.part(items, shape);
        self.linked(Answer::json(200, Value::Array(part)), page, items.len())
    }

    /// Answers a list in an object, with its total.
    pub fn counted<T>(&self, name: &str, items: &[T], shape: impl Fn(&T) -> Value) -> Answer {
        let page = Page::of(self);
        let part = page.part(items, shape);
        let body = json!({"total_count": items.len(), name: part});
        self.linked(Answer::json(200, body), page, items.len())
    }

    /// Adds the `Link` header.
    pub fn linked(&self, answer: Answer, page: Page, total: usize) -> Answer {
        let last = total.div_ceil(page.size).max(1);
        let mut links = Vec::new();
        let mut link = |number: usize, rel: &str| {
            let mut url = format!("{}{}?", self.session.state.base, self.raw_path);
            for (name, value) in self.query.iter().filter(|(name, _)| name != "page") {
                let _ = write!(url, "{}={}&", encode(name), encode(value));
            }
            links.push(format!("<{url}page={number}>; rel=\"{rel}\""));
        };
        if page.number > 1 {
            link(page.number - 1, "prev");
        }
        if page.number < last {
            link(page.number + 1, "next");
            link(last, "last");
        }
        if page.number > 1 {
            link(1, "first");
        }
        if links.is_empty() {
            answer
        } else {
            answer.with("link", links.join(", "))
        }
    }
}
