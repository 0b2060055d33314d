//! Which of the known words somebody meant: for hints like "did you mean".
//!
//! It decides nothing: a word that is not known stays an error.

/// How many known words are listed: more than these are cut to the first few.
const LISTED: usize = 20;
const FIRST: usize = 12;

/// Returns the word of `known` that `word` was probably meant to be: one a few slips of the finger
/// away, else the only one that it is the beginning of.
pub fn nearest<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    let near = known
        .clone()
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate);
    near.or_else(|| {
        // One or two letters are the beginning of too much.
        let whole = word.chars().count() >= 3;
        let mut begun = known.into_iter().filter(|it| whole && it.starts_with(word));
        begun.next().filter(|_| begun.next().is_none())
    })
}

/// Says "did you mean" if a known word is near, else lists what there is.
pub fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(near) = nearest(word, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<String> = known.into_iter().map(|word| format!("`{word}`")).collect();
    let shown = if all.len() > LISTED { FIRST } else { all.len() };
    let (first, more) = all.split_at(shown);
    match (first, more.len()) {
        ([], _) => None,
        (first, 0) => Some(format!("known: {}", first.join(", "))),
        (first, more) => Some(format!("known: {} and {more} more", first.join(", "))),
    }
}

/// Counts the edits between two words, a swap of neighbours being one.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, &a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &b) in right.iter().enumerate() {
            let cost = usize::from(a != b);
            let mut best = (above[column] + cost)
                .min(above[column + 1] + 1)
                .min(current[column] + 1);
            let swapped = row > 0
                && column > 0
                && left.get(row - 1) == Some(&b)
                && right.get(column - 1) == Some(&a);
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["interval", "max_age", "url"];
        assert_eq!(nearest("intervall", known), Some("interval"));
        assert_eq!(nearest("itnerval", known), Some("interval"));
        assert_eq!(nearest("ulr", known), Some("url"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn the_beginning_of_one_word_alone_means_it() {
        let known = ["production", "staging", "stage-two"];
        assert_eq!(nearest("prod", known), Some("production"));
        assert_eq!(nearest("sta", known), None);
        assert_eq!(nearest("pr", known), None);
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let words: Vec<String> = (100..130).map(|number| number.to_string()).collect();
        let list = |count: usize| meant("x", words.iter().take(count).map(String::as_str));
        assert_eq!(list(0), None);
        assert!(list(20).is_some_and(|told| told.ends_with("`119`")));
        assert!(list(30).is_some_and(|told| told.ends_with("`111` and 18 more")));
    }
}
