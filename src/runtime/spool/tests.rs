use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn texts(spool: &mut Spool, from: u64, count: u64) -> Vec<String> {
    let lines = spool.read(from, count).unwrap();
    lines.iter().map(Line::text).collect()
}

#[test]
fn lines_are_read_from_anywhere_however_the_bytes_came() {
    let mut spool = Spool::new().unwrap();
    let text: String = (0..1_000).map(|line| format!("line {line}\n")).collect();
    for part in text.as_bytes().chunks(7) {
        assert!(spool.append(part).unwrap());
    }
    assert_eq!((spool.lines(), spool.bytes()), (1_000, text.len() as u64));
    assert_eq!(texts(&mut spool, 0, 2), ["line 0", "line 1"]);
    assert_eq!(texts(&mut spool, 63, 3), ["line 63", "line 64", "line 65"]);
    assert_eq!(texts(&mut spool, 998, 50), ["line 998", "line 999"]);
    assert!(texts(&mut spool, 1_000, 1).is_empty());
    spool.append(b"begun").unwrap();
    assert_eq!(texts(&mut spool, 999, 9), ["line 999", "begun"]);
    spool.append(b" and ended\n").unwrap();
    assert_eq!(texts(&mut spool, 1_000, 9), ["begun and ended"]);
}

#[test]
fn a_line_without_an_end_is_broken_and_not_held() {
    let mut spool = Spool::new().unwrap();
    spool.append(&vec![b'x'; LONGEST_LINE * 3 + 5]).unwrap();
    spool.append(b"\nnext\n").unwrap();
    assert_eq!(spool.lines(), 5);
    let lines = texts(&mut spool, 0, 9);
    assert_eq!(lines[0].len(), LONGEST_LINE);
    assert_eq!(lines[3..], ["xxxxx", "next"]);
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let mut spool = Spool::bounded(10).unwrap();
    assert!(!spool.append(b"0123456789abc").unwrap());
    assert!(spool.is_cut());
    assert_eq!(texts(&mut spool, 0, 9), ["0123456789"]);
}

#[test]
fn the_last_failure_is_found_with_its_step_and_its_last_lines() {
    let mut spool = Spool::new().unwrap();
    let mut text = String::from("2026-07-17T14:17:29.1234567Z ##[group]Run checkout\n");
    text.push_str("2026-07-17T14:17:29.1234567Z ##[group]Run npm test\n");
    for line in 0..40 {
        writeln!(text, "2026-07-17T14:17:29.1234567Z case {line}").unwrap();
    }
    text.push_str("2026-07-17T14:17:29.1234567Z ##[error]Process completed with exit code 1.\n");
    text.push_str("2026-07-17T14:17:29.1234567Z Post job cleanup.\n");
    spool.append(text.as_bytes()).unwrap();
    let failure = spool.failure().unwrap().clone();
    assert_eq!(failure.step.as_deref(), Some("npm test"));
    assert_eq!((failure.from, failure.to), (23, 42));
    let lines = texts(&mut spool, failure.from, SUMMARY);
    assert_eq!(
        lines.last().unwrap(),
        "error: Process completed with exit code 1."
    );
    let mut gitlab = Spool::new().unwrap();
    gitlab
        .append("section_start:1:step_script\r\u{1b}[0K\nboom\n\u{1b}[31;1mERROR: Job failed: exit code 1\n".as_bytes())
        .unwrap();
    let failure = gitlab.failure().unwrap();
    assert_eq!(failure.step.as_deref(), Some("step_script"));
    assert_eq!((failure.from, failure.to), (0, 2));
}

#[test]
fn words_are_found_in_both_directions_and_round_the_end() {
    let mut spool = Spool::new().unwrap();
    for line in 0..3_000 {
        let text = match line {
            10 => "an \u{1b}[31mErr\u{1b}[0mor\n".to_owned(),
            2_500 => "another error\n".to_owned(),
            _ => format!("line {line}\n"),
        };
        spool.append(text.as_bytes()).unwrap();
    }
    let mut find = |words: &str, from, forward| spool.find(words, from, forward).unwrap();
    assert_eq!(find("error", 0, true), Some(10));
    assert_eq!(find("error", 11, true), Some(2_500));
    assert_eq!(find("error", 2_501, true), Some(10));
    assert_eq!(find("error", 2_500, false), Some(10));
    assert_eq!(find("error", 10, false), Some(2_500));
    assert_eq!(find("Error", 0, true), Some(10));
    assert_eq!(find("ERROR", 0, true), None);
    assert_eq!(find("absent", 5, false), None);
}

/// Fifty megabytes: what is in memory of them is the index, and a screenful comes at once.
#[test]
fn a_large_log_is_read_in_parts() {
    let mut spool = Spool::new().unwrap();
    let chunk: String = (0..8_192).map(|line| format!("{line:<63}\n")).collect();
    for _ in 0..100 {
        spool.append(chunk.as_bytes()).unwrap();
    }
    assert_eq!(spool.lines(), 819_200);
    assert!(spool.index.len() * 8 < 110_000);
    let began = crate::runtime::clock::tick();
    for from in [0, 400_000, 819_100, 123_456] {
        assert_eq!(spool.read(from, 100).unwrap().len(), 100);
    }
    // A frame is 16 ms; a machine under load gets a good deal more.
    assert!(began.elapsed().as_millis() < 400, "{:?}", began.elapsed());
}

proptest! {
    #[test]
    fn however_it_is_cut_up_a_log_has_the_same_lines(
        text in "[a-c\n]{0,400}",
        size in 1_usize..50,
    ) {
        let mut whole = Spool::new().unwrap();
        whole.append(text.as_bytes()).unwrap();
        let mut parts = Spool::new().unwrap();
        for part in text.as_bytes().chunks(size) {
            parts.append(part).unwrap();
        }
        prop_assert_eq!(whole.lines(), parts.lines());
        let expected: Vec<&str> = text.lines().collect();
        prop_assert_eq!(texts(&mut whole, 0, 1_000), expected.clone());
        prop_assert_eq!(texts(&mut parts, 0, 1_000), expected);
    }
}
