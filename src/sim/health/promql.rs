//! A small part of Prometheus' query language: selectors, numbers, comparisons with numbers, and
//! the five aggregations. Of ranges and their functions it knows that it does not know them.

use std::{cmp::Ordering, collections::BTreeMap};

/// One series at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its labels, `__name__` among them.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// What a query comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Scalar(f64),
    /// Series.
    Vector(Vec<Sample>),
}

/// Why a query comes to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The status.
    pub status: u16,
    /// `bad_data`, `execution`.
    pub kind: &'static str,
    /// The words.
    pub message: String,
}

impl Fault {
    /// A request that makes no sense.
    pub fn bad_data(message: String) -> Self {
        Self {
            status: 400,
            kind: "bad_data",
            message,
        }
    }

    fn parse(at: usize, words: &str) -> Self {
        let at = at + 1;
        Self::bad_data(format!(
            "invalid parameter \"query\": 1:{at}: parse error: {words}"
        ))
    }

    fn execution(words: &str) -> Self {
        Self {
            status: 422,
            kind: "execution",
            message: words.to_owned(),
        }
    }
}

/// Evaluates a query over all series of this moment.
pub fn evaluate(query: &str, all: &[Sample]) -> Result<Value, Fault> {
    if query.trim().is_empty() {
        let words = "invalid parameter \"query\": unknown position: parse error: no expression found in input";
        return Err(Fault::bad_data(words.to_owned()));
    }
    let mut parser = Parser {
        text: query,
        at: 0,
        all,
    };
    let value = parser.expression()?;
    parser.space();
    match parser.peek() {
        None => Ok(value),
        Some(letter) => Err(parser.unexpected(letter)),
    }
}

/// How a comparison holds two numbers against each other.
type Holds = fn(f64, f64) -> bool;

struct Parser<'q> {
    text: &'q str,
    at: usize,
    all: &'q [Sample],
}

const AGGREGATIONS: [&str; 5] = ["sum", "avg", "min", "max", "count"];
const RANGES: [&str; 12] = [
    "rate",
    "irate",
    "increase",
    "delta",
    "deriv",
    "avg_over_time",
    "max_over_time",
    "min_over_time",
    "sum_over_time",
    "count_over_time",
    "quantile_over_time",
    "histogram_quantile",
];

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn unexpected(&self, letter: char) -> Fault {
        let words = match letter {
            ')' => "unexpected right parenthesis ')'".to_owned(),
            '}' => "unexpected \"}\"".to_owned(),
            letter => format!("unexpected character: {letter:?}"),
        };
        Fault::parse(self.at, &words)
    }

    fn word(&mut self) -> String {
        self.space();
        let rest = self.rest();
        let end = rest
            .find(|it: char| !(it.is_ascii_alphanumeric() || it == '_' || it == ':'))
            .unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default().to_owned();
        self.at += end;
        word
    }

    fn expression(&mut self) -> Result<Value, Fault> {
        let left = self.primary()?;
        let compare: [(&str, Holds); 6] = [
            (">=", |a, b| a >= b),
            ("<=", |a, b| a <= b),
            ("==", |a, b| a.partial_cmp(&b) == Some(Ordering::Equal)),
            ("!=", |a, b| a.partial_cmp(&b) != Some(Ordering::Equal)),
            (">", |a, b| a > b),
            ("<", |a, b| a < b),
        ];
        let from = self.at;
        let Some((_, holds)) = compare.into_iter().find(|(token, _)| self.take(token)) else {
            return Ok(left);
        };
        match (left, self.primary()?) {
            (Value::Vector(mut samples), Value::Scalar(limit)) => {
                samples.retain(|it| holds(it.value, limit));
                Ok(Value::Vector(samples))
            }
            (Value::Scalar(_), Value::Scalar(_)) => Err(Fault::parse(
                from,
                "comparisons between scalars must use BOOL modifier",
            )),
            (_, Value::Vector(_)) => Err(Fault::execution(
                "the simulated server compares series with numbers only",
            )),
        }
    }

    fn primary(&mut self) -> Result<Value, Fault> {
        self.space();
        let from = self.at;
        match self.peek() {
            None => Err(Fault::parse(self.at, "unexpected end of input")),
            Some('(') => {
                self.at += 1;
                let value = self.expression()?;
                self.close(from)?;
                Ok(value)
            }
            Some('{') => self.selector(String::new()),
            Some(it) if it.is_ascii_digit() || matches!(it, '.' | '-' | '+') => self.number(),
            Some(it) if it.is_ascii_alphabetic() || matches!(it, '_' | ':') => {
                let word = self.word();
                if AGGREGATIONS.contains(&word.as_str()) {
                    return self.aggregation(&word);
                }
                self.space();
                match self.peek() {
                    Some('(') if RANGES.contains(&word.as_str()) => Err(Fault::execution(
                        "the simulated server keeps no past: it evaluates no range vectors",
                    )),
                    Some('(') => Err(Fault::parse(
                        from,
                        &format!("unknown function with name {word:?}"),
                    )),
                    _ => self.selector(word),
                }
            }
            Some(it) => Err(self.unexpected(it)),
        }
    }

    fn close(&mut self, opened: usize) -> Result<(), Fault> {
        if self.take(")") {
            return Ok(());
        }
        match self.peek() {
            None => Err(Fault::parse(opened, "unclosed left parenthesis")),
            Some(it) => Err(self.unexpected(it)),
        }
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let rest = self.rest();
        let end = rest
            .find(|it: char| !(it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '+')))
            .unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or_default();
        let number = text.parse::<f64>();
        let number = number.map_err(|_| {
            Fault::parse(self.at, &format!("bad number or duration syntax: {text:?}"))
        })?;
        self.at += end;
        Ok(Value::Scalar(number))
    }

    fn selector(&mut self, name: String) -> Result<Value, Fault> {
        let mut matchers: Vec<(String, &str, String)> = Vec::new();
        let bare = name.is_empty();
        if !bare {
            matchers.push(("__name__".to_owned(), "=", name));
        }
        let from = self.at;
        if self.take("{") {
            while !self.take("}") {
                matchers.push(self.matcher()?);
                if !self.take(",") && !self.rest().starts_with('}') {
                    return Err(match self.peek() {
                        None => Fault::parse(self.at, "unexpected end of input inside braces"),
                        Some(it) => self.unexpected(it),
                    });
                }
            }
        }
        if bare && matchers.iter().all(|(_, _, value)| value.is_empty()) {
            let words = "vector selector must contain at least one non-empty matcher";
            return Err(Fault::parse(from, words));
        }
        self.space();
        if self.peek() == Some('[') {
            return Err(Fault::execution(
                "the simulated server keeps no past: it evaluates no range vectors",
            ));
        }
        let meant = |it: &&Sample| {
            matchers.iter().all(|(label, operator, value)| {
                let own = it.labels.get(label).map_or("", String::as_str);
                match *operator {
                    "=" => own == value,
                    "!=" => own != value,
                    "=~" => pattern(value, own),
                    _ => !pattern(value, own),
                }
            })
        };
        Ok(Value::Vector(
            self.all.iter().filter(meant).cloned().collect(),
        ))
    }

    fn matcher(&mut self) -> Result<(String, &'static str, String), Fault> {
        let label = self.word();
        self.space();
        if label.is_empty() {
            return Err(match self.peek() {
                None => Fault::parse(self.at, "unexpected end of input inside braces"),
                Some(it) => Fault::parse(
                    self.at,
                    &format!("unexpected character inside braces: {it:?}"),
                ),
            });
        }
        let operator = ["=~", "!~", "!=", "="].into_iter().find(|it| self.take(it));
        let operator = operator.ok_or_else(|| match self.peek() {
            None => Fault::parse(self.at, "unexpected end of input inside braces"),
            Some(it) => Fault::parse(
                self.at,
                &format!("unexpected character inside braces: {it:?}"),
            ),
        })?;
        Ok((label, operator, self.quoted()?))
    }

    fn quoted(&mut self) -> Result<String, Fault> {
        self.space();
        let from = self.at;
        let quote = self.peek().filter(|it| matches!(it, '"' | '\''));
        let Some(quote) = quote else {
            return Err(Fault::parse(
                from,
                "unexpected identifier in label matching, expected string",
            ));
        };
        self.at += 1;
        let mut text = String::new();
        while let Some(letter) = self.peek() {
            self.at += letter.len_utf8();
            match letter {
                it if it == quote => return Ok(text),
                '\\' => {
                    if let Some(next) = self.peek() {
                        self.at += next.len_utf8();
                        text.push(next);
                    }
                }
                it => text.push(it),
            }
        }
        Err(Fault::parse(from, "unterminated quoted string"))
    }

    fn aggregation(&mut self, how: &str) -> Result<Value, Fault> {
        let mut by = self.grouping()?;
        self.space();
        let opened = self.at;
        if !self.take("(") {
            return Err(match self.peek() {
                None => Fault::parse(self.at, "unexpected end of input in aggregation"),
                Some(it) => self.unexpected(it),
            });
        }
        let inner = self.expression()?;
        self.close(opened)?;
        if by.is_empty() {
            by = self.grouping()?;
        }
        let Value::Vector(samples) = inner else {
            return Err(Fault::parse(
                opened,
                "expected type instant vector in aggregation expression, got scalar",
            ));
        };
        let mut groups: BTreeMap<BTreeMap<String, String>, Vec<f64>> = BTreeMap::new();
        for sample in samples {
            let own = |label: &String| Some((label.clone(), sample.labels.get(label)?.clone()));
            let labels = by.iter().filter_map(own).collect();
            groups.entry(labels).or_default().push(sample.value);
        }
        let sum = |values: &[f64]| values.iter().sum::<f64>();
        let count = |values: &[f64]| u32::try_from(values.len()).map_or(f64::NAN, f64::from);
        let fold = |values: &[f64]| match how {
            "sum" => sum(values),
            "avg" => sum(values) / count(values),
            "min" => values.iter().copied().fold(f64::INFINITY, f64::min),
            "max" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            _ => count(values),
        };
        let samples = groups.into_iter().map(|(labels, values)| Sample {
            labels,
            value: fold(&values),
        });
        Ok(Value::Vector(samples.collect()))
    }

    fn grouping(&mut self) -> Result<Vec<String>, Fault> {
        let before = self.at;
        if self.word() != "by" {
            self.at = before;
            return Ok(Vec::new());
        }
        let mut labels = Vec::new();
        let opened = self.at;
        if !self.take("(") {
            return Err(Fault::parse(self.at, "unexpected token in grouping opts"));
        }
        loop {
            let label = self.word();
            if label.is_empty() {
                break;
            }
            labels.push(label);
            if !self.take(",") {
                break;
            }
        }
        self.close(opened)?;
        Ok(labels)
    }
}

// Alternatives of plain text with `.*` and `.+` in it, anchored at both ends as all are there.
fn pattern(pattern: &str, text: &str) -> bool {
    pattern
        .split('|')
        .any(|it| glob(it.as_bytes(), text.as_bytes()))
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'.', b'*', rest @ ..] => (0..=text.len()).any(|at| {
            let tail = text.get(at..).unwrap_or_default();
            glob(rest, tail)
        }),
        [b'.', b'+', rest @ ..] => (1..=text.len()).any(|at| {
            let tail = text.get(at..).unwrap_or_default();
            glob(rest, tail)
        }),
        [b'\\', letter, rest @ ..] | [letter, rest @ ..] => match text {
            [first, tail @ ..] => first == letter && glob(rest, tail),
            [] => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, service: &str, value: f64) -> Sample {
        let labels = [("__name__", name), ("service", service)];
        Sample {
            labels: labels
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            value,
        }
    }

    fn series() -> Vec<Sample> {
        vec![
            sample("errors", "web", 0.2),
            sample("errors", "auth", 3.0),
            sample("up", "web", 1.0),
        ]
    }

    fn values(query: &str) -> Vec<f64> {
        match evaluate(query, &series()) {
            Ok(Value::Vector(samples)) => samples.iter().map(|it| it.value).collect(),
            Ok(Value::Scalar(number)) => vec![number],
            Err(fault) => panic!("{query}: {fault:?}"),
        }
    }

    #[test]
    fn selectors_comparisons_and_aggregations_find_their_series() {
        let cases: [(&str, &[f64]); 12] = [
            ("errors", &[0.2, 3.0]),
            ("errors{service=\"web\"}", &[0.2]),
            ("errors{service!=\"web\",}", &[3.0]),
            ("errors{service=~\"w.*|x\"}", &[0.2]),
            ("{__name__=\"up\"}", &[1.0]),
            ("nothing", &[]),
            ("errors > 1", &[3.0]),
            ("sum(errors)", &[3.2]),
            ("max by (service) (errors)", &[3.0, 0.2]),
            ("count(errors) by (nothing)", &[2.0]),
            ("sum(nothing)", &[]),
            ("1.5", &[1.5]),
        ];
        for (query, expected) in cases {
            assert_eq!(values(query), expected, "{query}");
        }
    }

    #[test]
    fn a_malformed_query_says_where() {
        let cases = [
            (
                "up{",
                400,
                "1:4: parse error: unexpected end of input inside braces",
            ),
            ("sum(up", 400, "1:4: parse error: unclosed left parenthesis"),
            ("up!", 400, "1:3: parse error: unexpected character: '!'"),
            (
                "nope(up)",
                400,
                "1:1: parse error: unknown function with name \"nope\"",
            ),
            ("", 400, "no expression found in input"),
            ("{}", 400, "at least one non-empty matcher"),
            ("rate(up[5m])", 422, "no range vectors"),
        ];
        for (query, status, words) in cases {
            let fault = evaluate(query, &series()).unwrap_err();
            assert_eq!(fault.status, status, "{query}");
            assert!(fault.message.contains(words), "{query}: {}", fault.message);
        }
    }
}
