//! Bodies of requests, checked field by field as GitHub checks them.

use serde_json::{Map, Value};

use crate::sim::act::{FieldError, Refusal};

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text.
    Text,
    /// Text or null.
    TextOrNull,
    /// True or false.
    Flag,
    /// A whole number.
    Number,
    /// Whole numbers.
    Numbers,
    /// Texts.
    Texts,
    /// An object.
    Object,
    /// An object or text.
    ObjectOrText,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or null.
    WordOrNull(&'static [&'static str]),
    /// Labels: texts, or objects with a name.
    Labels,
}

/// A field that an operation knows.
#[derive(Debug, Clone, Copy)]
pub struct Field(pub &'static str, pub Type, pub bool);

/// A body that has been found good.
#[derive(Debug, Clone, Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body: one JSON object, every field known, of its type, and none missing.
    ///
    /// An empty body is an empty object if nothing is required.
    pub fn read(resource: &'static str, body: &[u8], fields: &[Field]) -> Result<Self, Refusal> {
        let trimmed = body.trim_ascii();
        let value = if trimmed.is_empty() {
            Value::Object(Map::new())
        } else {
            serde_json::from_slice(trimmed)
                .map_err(|_| Refusal::new(400, "Problems parsing JSON"))?
        };
        let Value::Object(map) = value else {
            return Err(Refusal::new(400, "Body should be a JSON object"));
        };
        let mut errors = Vec::new();
        let mut fault = |field: &str, code| {
            errors.push(FieldError {
                resource,
                field: field.to_owned(),
                code,
                message: None,
            });
        };
        for (name, value) in &map {
            match fields.iter().find(|it| it.0 == name) {
                None => fault(name, "unknown_field"),
                Some(field) if !fits(field.1, value) => fault(name, "invalid"),
                Some(_) => {}
            }
        }
        for field in fields.iter().filter(|it| it.2 && !map.contains_key(it.0)) {
            fault(field.0, "missing_field");
        }
        if errors.is_empty() {
            Ok(Self(map))
        } else {
            Err(Refusal::fields(errors))
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(str::to_owned)
    }

    /// A flag.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// Numbers.
    pub fn numbers(&self, name: &str) -> Vec<u64> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect()
    }

    /// Texts, if the field was given.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let list = self.0.get(name)?.as_array()?;
        let text = |it: &Value| {
            it.as_str()
                .or_else(|| it.get("name")?.as_str())
                .map(str::to_owned)
        };
        Some(list.iter().filter_map(text).collect())
    }

    /// Whatever the field holds.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

fn fits(kind: Type, value: &Value) -> bool {
    let all = |fits: fn(&Value) -> bool| value.as_array().is_some_and(|it| it.iter().all(fits));
    match kind {
        Type::Text => value.is_string(),
        Type::TextOrNull => value.is_string() || value.is_null(),
        Type::Flag => value.is_boolean(),
        Type::Number => value.is_u64(),
        Type::Numbers => all(Value::is_u64),
        Type::Texts => all(Value::is_string),
        Type::Object => value.is_object(),
        Type::ObjectOrText => value.is_object() || value.is_string(),
        Type::Word(words) => value.as_str().is_some_and(|it| words.contains(&it)),
        Type::WordOrNull(words) => value.is_null() || fits(Type::Word(words), value),
        Type::Labels => all(|it| it.is_string() || it.get("name").is_some_and(Value::is_string)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVIEW: [Field; 3] = [
        Field("environment_ids", Type::Numbers, true),
        Field("state", Type::Word(&["approved", "rejected"]), true),
        Field("comment", Type::Text, true),
    ];

    fn codes(body: &str) -> (u16, Vec<(String, &'static str)>) {
        match Fields::read("Review", body.as_bytes(), &REVIEW) {
            Ok(_) => (200, Vec::new()),
            Err(no) => (
                no.status,
                no.errors
                    .into_iter()
                    .map(|it| (it.field, it.code))
                    .collect(),
            ),
        }
    }

    #[test]
    fn a_body_is_refused_for_every_field_that_is_wrong() {
        let good = r#"{"environment_ids":[1],"state":"approved","comment":""}"#;
        assert_eq!(codes(good), (200, vec![]));
        let (status, faults) = codes(r#"{"environment_ids":["1"],"state":"yes","note":1}"#);
        assert_eq!(status, 422);
        let faults: Vec<_> = faults
            .iter()
            .map(|(field, code)| (field.as_str(), *code))
            .collect();
        assert_eq!(
            faults,
            [
                ("environment_ids", "invalid"),
                ("state", "invalid"),
                ("note", "unknown_field"),
                ("comment", "missing_field"),
            ]
        );
        assert_eq!(codes("{").0, 400);
        assert_eq!(codes("[]").0, 400);
    }
}
