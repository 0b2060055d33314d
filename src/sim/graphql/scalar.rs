//! GitHub's scalars.

use std::borrow::Cow;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use jiff::{Timestamp, fmt::temporal::DateTimePrinter};

// GitHub never shows fractions of a second.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(0));

/// An ISO-8601 encoded UTC date string.
#[derive(Debug, Clone, Copy)]
pub struct DateTime(pub Timestamp);

/// An ISO-8601 encoded UTC date string.
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Ok(Self(text.parse()?)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(PRINTER.timestamp_to_string(&self.0))
    }
}

/// An RFC 3986, RFC 3987, and RFC 6570 (level 4) compliant URI string.
#[derive(Debug, Clone)]
pub struct Uri(pub String);

/// An RFC 3986, RFC 3987, and RFC 6570 (level 4) compliant URI string.
#[Scalar(name = "URI")]
impl ScalarType for Uri {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A Git object ID.
#[derive(Debug, Clone)]
pub struct GitObjectId<'a>(pub Cow<'a, str>);

/// A Git object ID.
#[Scalar(name = "GitObjectID")]
impl ScalarType for GitObjectId<'_> {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text)
                if text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
            {
                Ok(Self(text.into()))
            }
            Value::String(text) => Err(InputValueError::custom(format!(
                "Argument has an invalid value ({text:?}). Expected type 'GitObjectID'."
            ))),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone().into_owned())
    }
}

impl<'a> From<&'a str> for GitObjectId<'a> {
    fn from(sha: &'a str) -> Self {
        Self(Cow::Borrowed(sha))
    }
}

/// Narrows a number to GraphQL's 32-bit `Int`; what does not fit is null, as for `databaseId`.
pub fn int(number: u64) -> Option<i32> {
    i32::try_from(number).ok()
}

/// Narrows a count, which never exceeds what fits.
pub fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
