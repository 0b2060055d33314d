//! What the answers of probes and programs mean: success, failure, or nothing that can be said.
//! Asking lives in `runtime`.

use std::cmp::Ordering;

use serde_json::Value;

use crate::domain::figure::{Bound, Figure};
use crate::domain::policy::{Expect, Probe, ProbeSource};
use crate::domain::seen::{Outcome, Sample};
use crate::domain::text::{clean, shorten};

/// The longest value that is shown.
const SHOWN: usize = 160;

/// How many lines of a program's output are kept.
const LINES: usize = 3;

/// How a program came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Exit(i32),
    /// Ended by a signal.
    Killed,
    TimedOut(String),
    /// It could not be started, in words.
    NotStarted(String),
}

/// A sample about which nothing can be said, and why.
pub fn nothing(probe: &Probe, why: impl AsRef<str>) -> Sample {
    sample(probe, Outcome::Inconclusive, why.as_ref())
}

fn sample(probe: &Probe, outcome: Outcome, value: &str) -> Sample {
    Sample {
        probe: probe.name.clone(),
        outcome,
        value: shorten(&clean(value), SHOWN),
        url: Some(match &probe.source {
            ProbeSource::Http { url, .. } | ProbeSource::Prometheus { url, .. } => url.clone(),
        }),
    }
}

/// Reads the answer of an HTTP endpoint: its status, and the value that the pointer leads to.
///
/// Health endpoints say 503 with a document that tells what is down, so a document counts with any
/// 5xx, but only as a failure.
pub fn http(probe: &Probe, status: u16, body: &[u8]) -> Sample {
    let good = (200..300).contains(&status);
    let broken = (500..600).contains(&status);
    let pointer = match &probe.source {
        ProbeSource::Http { pointer, .. } => pointer.as_deref(),
        ProbeSource::Prometheus { .. } => None,
    };
    let Some(pointer) = pointer else {
        let outcome = match (good, broken) {
            (true, _) => Outcome::Success,
            (false, true) => Outcome::Failure,
            (false, false) => Outcome::Inconclusive,
        };
        return sample(probe, outcome, &format!("status {status}"));
    };
    if !good && !broken {
        return nothing(probe, format!("status {status}"));
    }
    let at = if good {
        String::new()
    } else {
        format!(" with status {status}")
    };
    let Ok(document) = serde_json::from_slice::<Value>(body) else {
        return nothing(probe, format!("the answer is not JSON{at}"));
    };
    let Some(value) = document.pointer(pointer) else {
        return nothing(probe, format!("no value at {pointer}{at}"));
    };
    let Some(text) = scalar(value) else {
        let why = format!("neither a number, a text, true nor false at {pointer}{at}");
        return nothing(probe, why);
    };
    match keeps(&probe.expect, &text) {
        Some(true) if good => sample(probe, Outcome::Success, &text),
        Some(true) => nothing(probe, format!("{text}, but status {status}")),
        Some(false) => sample(probe, Outcome::Failure, &text),
        None => nothing(probe, format!("{text} is not a number")),
    }
}

/// Reads the answer of a Prometheus instant query, which must give one number.
pub fn prometheus(probe: &Probe, status: u16, body: &[u8]) -> Sample {
    let Ok(document) = serde_json::from_slice::<Value>(body) else {
        return nothing(
            probe,
            format!("status {status}, and the answer is not JSON"),
        );
    };
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    if text("/status") != Some("success") || !(200..300).contains(&status) {
        let why = text("/error").unwrap_or("no word why");
        return nothing(probe, format!("status {status}: {why}"));
    }
    let value = match text("/data/resultType") {
        Some("scalar") => text("/data/result/1"),
        Some("vector") => {
            let series = document.pointer("/data/result").and_then(Value::as_array);
            match series.map_or(0, Vec::len) {
                1 => text("/data/result/0/value/1"),
                0 => return nothing(probe, "the query gives no series"),
                many => return nothing(probe, format!("the query gives {many} series, not one")),
            }
        }
        other => {
            let why = format!(
                "the query gives a {}, not a number",
                other.unwrap_or("riddle")
            );
            return nothing(probe, why);
        }
    };
    let Some(value) = value else {
        return nothing(probe, "the answer holds no value");
    };
    match keeps(&probe.expect, value) {
        Some(true) => sample(probe, Outcome::Success, value),
        Some(false) => sample(probe, Outcome::Failure, value),
        None => nothing(probe, format!("{value} is not a number")),
    }
}

/// Reads a program's end: 0 is open, 1 is closed, anything else says nothing.
pub fn program(name: &str, end: &End, output: &[u8]) -> Sample {
    let said = lines(output);
    let (outcome, how) = match end {
        End::Exit(0) => (Outcome::Success, "exit 0".to_owned()),
        End::Exit(1) => (Outcome::Failure, "exit 1".to_owned()),
        End::Exit(code) => (Outcome::Inconclusive, format!("exit {code}")),
        End::Killed => (Outcome::Inconclusive, "ended by a signal".to_owned()),
        End::TimedOut(limit) => (Outcome::Inconclusive, format!("no end in {limit}")),
        End::NotStarted(why) => (Outcome::Inconclusive, format!("not started: {why}")),
    };
    let value = if said.is_empty() {
        how
    } else {
        format!("{how}: {said}")
    };
    Sample {
        probe: name.to_owned(),
        outcome,
        value,
        url: None,
    }
}

/// The first lines of what a program wrote, clean and short.
fn lines(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<String> = text
        .lines()
        .map(clean)
        .filter(|line| !line.is_empty())
        .take(LINES)
        .collect();
    shorten(&lines.join(" / "), SHOWN)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Says whether a value is what is expected; `None` if it would have to be a number and is none.
fn keeps(expect: &Expect, text: &str) -> Option<bool> {
    match expect {
        Expect::Answer => Some(true),
        Expect::Value(wanted) => Some(wanted == text || equal(wanted, text)),
        // Rounded against whoever measures: what is over the bound by less than we keep is over it.
        Expect::Bound(bound) => {
            let (below, above) = Figure::around(text)?;
            Some(match bound {
                Bound::AtLeast(_) => bound.holds(below),
                Bound::AtMost(_) => bound.holds(above),
            })
        }
    }
}

/// Says whether two texts are the same number: `0` and `0.0`.
fn equal(one: &str, other: &str) -> bool {
    let number =
        |text| Figure::around(text).filter(|(below, above)| below.cmp(above) == Ordering::Equal);
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        (_, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(most: &str) -> Expect {
        Expect::Bound(Bound::AtMost(most.parse().unwrap()))
    }

    fn asks(pointer: Option<&str>, expect: Expect) -> Probe {
        Probe {
            name: "errors".to_owned(),
            source: ProbeSource::Http {
                url: "https://a.test/health".to_owned(),
                pointer: pointer.map(str::to_owned),
            },
            expect,
        }
    }

    fn queries(expect: Expect) -> Probe {
        Probe {
            source: ProbeSource::Prometheus {
                url: "https://prom.test".to_owned(),
                query: "up".to_owned(),
            },
            ..asks(None, expect)
        }
    }

    fn said(sample: Sample) -> (Outcome, String) {
        (sample.outcome, sample.value)
    }

    use Outcome::{Failure, Inconclusive, Success};

    #[test]
    fn a_status_alone_tells_success_failure_and_neither() {
        for (status, outcome) in [
            (200, Success),
            (204, Success),
            (301, Inconclusive),
            (401, Inconclusive),
            (404, Inconclusive),
            (429, Inconclusive),
            (500, Failure),
            (503, Failure),
        ] {
            let sample = http(&asks(None, Expect::Answer), status, b"");
            assert_eq!(said(sample), (outcome, format!("status {status}")));
        }
    }

    #[test]
    fn a_pointer_leads_to_the_value() {
        let body =
            br#"{"db": {"error_rate": 0.2, "a/b": "UP", "list": [1]}, "ok": true, "no": null}"#;
        let read = |pointer, expect| said(http(&asks(Some(pointer), expect), 200, body));
        let value = |text: &str| Expect::Value(text.to_owned());
        assert_eq!(
            read("/db/error_rate", bound("1.5")),
            (Success, "0.2".into())
        );
        assert_eq!(
            read("/db/error_rate", bound("0.1")),
            (Failure, "0.2".into())
        );
        assert_eq!(read("/db/a~1b", value("UP")), (Success, "UP".into()));
        assert_eq!(read("/db/list/0", value("1.0")), (Success, "1".into()));
        assert_eq!(read("/ok", value("true")), (Success, "true".into()));
        assert_eq!(read("/ok", value("false")), (Failure, "true".into()));
        assert_eq!(
            read("/gone", value("x")),
            (Inconclusive, "no value at /gone".into())
        );
        assert_eq!(
            read("/db", value("x")).1,
            "neither a number, a text, true nor false at /db"
        );
        assert_eq!(read("/no", value("null")).0, Inconclusive);
        assert_eq!(
            read("/ok", bound("1")),
            (Inconclusive, "true is not a number".into())
        );
    }

    #[test]
    fn a_document_that_says_down_with_503_is_a_failure_and_one_that_says_up_is_not_believed() {
        let probe = asks(Some("/status"), Expect::Value("UP".to_owned()));
        let read = |status, body: &[u8]| said(http(&probe, status, body));
        assert_eq!(read(503, br#"{"status":"DOWN"}"#), (Failure, "DOWN".into()));
        assert_eq!(
            read(503, br#"{"status":"UP"}"#),
            (Inconclusive, "UP, but status 503".into())
        );
        assert_eq!(
            read(502, b"<html>"),
            (
                Inconclusive,
                "the answer is not JSON with status 502".into()
            )
        );
        assert_eq!(
            read(403, br#"{"status":"UP"}"#),
            (Inconclusive, "status 403".into())
        );
    }

    #[test]
    fn a_value_a_hair_over_the_bound_is_over_it() {
        let read =
            |body: &str, expect| said(http(&asks(Some("/v"), expect), 200, body.as_bytes())).0;
        assert_eq!(read(r#"{"v": 1.5}"#, bound("1.5")), Success);
        assert_eq!(read(r#"{"v": 1.5000001}"#, bound("1.5")), Failure);
        let least = |text: &str| Expect::Bound(Bound::AtLeast(text.parse().unwrap()));
        assert_eq!(read(r#"{"v": 99.9999}"#, least("100")), Failure);
        assert_eq!(read(r#"{"v": 1e2}"#, least("100")), Success);
        assert_eq!(read(r#"{"v": 1e-9}"#, bound("0")), Failure);
    }

    #[test]
    fn a_query_must_give_one_number() {
        let read = |body: &str| said(prometheus(&queries(bound("300")), 200, body.as_bytes()));
        let vector = |result: &str| {
            format!(
                r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#
            )
        };
        let one = |value: &str| format!(r#"{{"metric":{{}},"value":[1,"{value}"]}}"#);
        assert_eq!(read(&vector(&one("212.5"))), (Success, "212.5".into()));
        assert_eq!(read(&vector(&one("301"))), (Failure, "301".into()));
        assert_eq!(read(&vector(&one("1.2e-05"))), (Success, "1.2e-05".into()));
        assert_eq!(
            read(&vector(&one("NaN"))),
            (Inconclusive, "NaN is not a number".into())
        );
        assert_eq!(
            read(&vector(&one("+Inf"))),
            (Inconclusive, "+Inf is not a number".into())
        );
        assert_eq!(
            read(&vector("")),
            (Inconclusive, "the query gives no series".into())
        );
        let two = format!("{},{}", one("1"), one("2"));
        assert_eq!(
            read(&vector(&two)),
            (Inconclusive, "the query gives 2 series, not one".into())
        );
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"7"]}}"#;
        assert_eq!(read(scalar), (Success, "7".into()));
        let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
        assert_eq!(
            read(matrix),
            (
                Inconclusive,
                "the query gives a matrix, not a number".into()
            )
        );
    }

    #[test]
    fn a_refused_query_says_why() {
        let body = br#"{"status":"error","errorType":"bad_data","error":"parse error\u001b[2J"}"#;
        let (outcome, value) = said(prometheus(&queries(bound("1")), 400, body));
        assert_eq!(outcome, Inconclusive);
        assert_eq!(value, "status 400: parse error\u{fffd}[2J");
        let (outcome, value) = said(prometheus(&queries(bound("1")), 502, b"<html>"));
        assert_eq!(outcome, Inconclusive);
        assert_eq!(value, "status 502, and the answer is not JSON");
    }

    #[test]
    fn a_program_opens_with_0_closes_with_1_and_says_nothing_with_anything_else() {
        let read = |end, output: &[u8]| said(program("smoke", &end, output));
        assert_eq!(read(End::Exit(0), b""), (Success, "exit 0".into()));
        assert_eq!(
            read(End::Exit(1), b"\n12 of 13 passed\nsee log\n"),
            (Failure, "exit 1: 12 of 13 passed / see log".into())
        );
        assert_eq!(read(End::Exit(2), b"").0, Inconclusive);
        assert_eq!(
            read(End::Killed, b""),
            (Inconclusive, "ended by a signal".into())
        );
        assert_eq!(
            read(End::TimedOut("30s".into()), b"waiting"),
            (Inconclusive, "no end in 30s: waiting".into())
        );
        assert_eq!(
            read(End::NotStarted("no such file".into()), b""),
            (Inconclusive, "not started: no such file".into())
        );
    }

    #[test]
    fn what_a_program_writes_is_cleaned_and_cut() {
        let long = vec![b'x'; 10_000];
        assert!(said(program("smoke", &End::Exit(1), &long)).1.len() < 200);
        let evil = said(program("smoke", &End::Exit(1), b"\x1b[2Jgone \xff"));
        assert_eq!(evil.1, "exit 1: \u{fffd}[2Jgone \u{fffd}");
    }
}
