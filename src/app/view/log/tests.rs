use super::*;

fn row(spans: &[(Tone, &str)]) -> Line {
    let mut line = Line::new();
    for (tone, text) in spans {
        line.push(*tone, (*text).to_owned());
    }
    line
}

fn owned(spans: &[(Tone, &str)]) -> Vec<(Tone, String)> {
    spans
        .iter()
        .map(|(tone, text)| (*tone, (*text).to_owned()))
        .collect()
}

#[test]
fn a_long_line_is_broken_or_cut_and_keeps_its_tones() {
    let spans = owned(&[(Tone::Bad, "abcde"), (Tone::Plain, "日本fg")]);
    assert_eq!(
        broken(spans.clone(), 6),
        [
            row(&[(Tone::Bad, "abcde")]),
            row(&[(Tone::Plain, "日本fg")])
        ]
    );
    assert_eq!(
        shortened(spans.clone(), 8),
        row(&[(Tone::Bad, "abcde"), (Tone::Plain, "日…")])
    );
    assert_eq!(
        shortened(spans, 11),
        row(&[(Tone::Bad, "abcde"), (Tone::Plain, "日本fg")])
    );
    assert_eq!(broken(Vec::new(), 5), [Line::new()]);
}

#[test]
fn what_was_searched_for_is_lit_small_letters_find_capitals() {
    let mut spans = Vec::new();
    lit("An Error, an error", "error", Tone::Plain, &mut spans);
    let lit_ones: Vec<&str> = spans
        .iter()
        .filter(|(tone, _)| *tone == Tone::Focus)
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(lit_ones, ["Error", "error"]);
    let whole: String = spans.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(whole, "An Error, an error");
}
