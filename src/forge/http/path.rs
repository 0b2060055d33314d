//! Paths of REST calls: one part of a path, encoded. What the parts are is each forge's own.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand in one part of a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Encodes one part of a path, or a value of a query: a `/` in it is no separator.
pub fn part(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}
