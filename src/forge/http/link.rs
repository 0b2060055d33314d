//! The `Link` header of paged answers.

use http::HeaderMap;

/// Returns the address of the next page, if the answer names one.
pub fn next(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(http::header::LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|link| {
            let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
            parameters
                .split(';')
                .any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"))
                .then(|| address.to_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_wherever_it_stands() {
        let mut headers = HeaderMap::new();
        assert_eq!(next(&headers), None);
        headers.insert(
            http::header::LINK,
            "<https://a/x?page=1>; rel=\"prev\", <https://a/x?page=3>; rel=\"next\""
                .parse()
                .unwrap(),
        );
        assert_eq!(next(&headers).as_deref(), Some("https://a/x?page=3"));
        headers.insert(http::header::LINK, "garbage, <>; rel=last".parse().unwrap());
        assert_eq!(next(&headers), None);
    }
}
