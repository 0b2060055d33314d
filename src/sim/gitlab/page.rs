//! Pages of lists, by number or by key.

use serde_json::{Value, json};

use super::{ask::Ask, ask::Done};
use crate::sim::rest::{Answer, encode};

const USUAL: usize = 20;
const MOST: usize = 100;
// Beyond this many rows GitLab does not count.
const COUNTED: usize = 10_000;

impl Ask<'_> {
    fn size(&self, name: &str, usual: usize) -> Done<usize> {
        let given = self.number(name)?;
        let given = given
            .and_then(|it| usize::try_from(it).ok())
            .filter(|it| *it > 0);
        Ok(given.unwrap_or(usual))
    }

    // This very address with some parameters changed.
    fn address(&self, changed: &[(&str, String)]) -> String {
        let kept = self
            .query
            .iter()
            .filter(|(key, _)| !changed.iter().any(|(name, _)| key == name))
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let new = changed.iter().map(|(key, value)| (*key, value.as_str()));
        let pairs: Vec<String> = kept
            .chain(new)
            .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
            .collect();
        format!("{}/{}?{}", self.api, self.raw.join("/"), pairs.join("&"))
    }

    /// Answers a list by page and number.
    pub fn paged<T>(&self, all: Vec<T>, shape: impl Fn(T) -> Value) -> Done {
        let per_page = self.size("per_page", USUAL)?.min(MOST);
        let page = self.size("page", 1)?;
        let total = all.len();
        let pages = total.div_ceil(per_page).max(1);
        let from = page.saturating_sub(1).saturating_mul(per_page);
        let shown: Vec<Value> = all
            .into_iter()
            .skip(from)
            .take(per_page)
            .map(shape)
            .collect();
        let at = |page: usize| {
            self.address(&[
                ("page", page.to_string()),
                ("per_page", per_page.to_string()),
            ])
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(format!("<{}>; rel=\"prev\"", at(page - 1)));
        }
        if page < pages {
            links.push(format!("<{}>; rel=\"next\"", at(page + 1)));
        }
        links.push(format!("<{}>; rel=\"first\"", at(1)));
        let near = |it: bool, page: usize| if it { page.to_string() } else { String::new() };
        let mut answer = Answer::json(200, json!(shown))
            .with("x-page", page.to_string())
            .with("x-per-page", per_page.to_string())
            .with("x-prev-page", near(page > 1, page.saturating_sub(1)))
            .with("x-next-page", near(page < pages, page + 1));
        if total <= COUNTED {
            links.push(format!("<{}>; rel=\"last\"", at(pages)));
            answer = answer
                .with("x-total", total.to_string())
                .with("x-total-pages", pages.to_string());
        }
        Ok(answer.with("link", links.join(", ")))
    }

    /// Answers a list that may also be walked by key; `id` is the key of a row.
    pub fn keyed<T>(
        &self,
        mut all: Vec<T>,
        id: impl Fn(&T) -> u64,
        shape: impl Fn(T) -> Value,
    ) -> Done {
        if self.text("pagination").as_deref() != Some("keyset") {
            return self.paged(all, shape);
        }
        if self.text("order_by").is_some_and(|it| it != "id") {
            let words = "Keyset pagination is not yet available for this type of request";
            return Err(Answer::json(405, json!({"error": words})));
        }
        let descends = self.one_of("sort", &["asc", "desc"])?.as_deref() != Some("asc");
        all.sort_by_key(|it| id(it));
        if descends {
            all.reverse();
        }
        let per_page = self.size("per_page", USUAL)?.min(MOST);
        let cursor = self
            .text("cursor")
            .and_then(|it| u64::from_str_radix(&it, 16).ok());
        let mut rest = all
            .into_iter()
            .filter(|it| {
                cursor.is_none_or(|cursor| (id(it) < cursor) == descends && id(it) != cursor)
            })
            .peekable();
        let mut shown = Vec::new();
        let mut last = 0;
        while shown.len() < per_page
            && let Some(it) = rest.next()
        {
            last = id(&it);
            shown.push(shape(it));
        }
        let answer = Answer::json(200, json!(shown)).with("x-per-page", per_page.to_string());
        Ok(match rest.peek() {
            Some(_) => {
                let next = self.address(&[("cursor", format!("{last:x}"))]);
                answer.with("link", format!("<{next}>; rel=\"next\""))
            }
            None => answer,
        })
    }

    /// `sort`, said whether it descends.
    pub fn descends(&self, usual: bool) -> Done<bool> {
        Ok(match self.one_of("sort", &["asc", "desc"])?.as_deref() {
            Some("desc") => true,
            Some(_) => false,
            None => usual,
        })
    }
}
