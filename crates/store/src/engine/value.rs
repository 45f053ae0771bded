//! What goes into statements and comes out of them. Three kinds suffice: integers (ids, counts, times, flags), text
//! (names of settings) and bytes (everything sealed, hashed or random).

use crate::{Error, Result};

/// A value of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

macro_rules! from {
    ($($from:ty => |$value:ident| $make:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $make
            }
        })*
    };
}

from! {
    i64 => |value| Self::Int(value);
    bool => |value| Self::Int(i64::from(value));
    &str => |value| Self::Text(value.to_owned());
    String => |value| Self::Text(value);
    Vec<u8> => |value| Self::Bytes(value);
    &[u8] => |value| Self::Bytes(value.to_vec());
    [u8; 32] => |value| Self::Bytes(value.to_vec());
    domain::PublicId => |value| Self::Bytes(value.as_bytes().to_vec());
    domain::Timestamp => |value| Self::Int(value.0);
    domain::OrganisationId => |value| Self::Int(value.0);
    domain::OperatorId => |value| Self::Int(value.0);
    domain::WidgetId => |value| Self::Int(value.0);
    domain::ConversationId => |value| Self::Int(value.0);
    domain::KeyId => |value| Self::Int(value.0);
    domain::ErasureId => |value| Self::Int(value.0);
    domain::JobId => |value| Self::Int(value.0);
    domain::SenderId => |value| Self::Int(value.0);
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of a result.
#[derive(Clone, Debug)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    fn at(&self, index: usize) -> Result<&Value> {
        self.0.get(index).ok_or_else(|| Error::Broken(format!("a row has no column {index}")))
    }

    fn broken<T>(index: usize) -> Result<T> {
        Err(Error::Broken(format!("column {index} holds another kind of value")))
    }

    pub(crate) fn int(&self, index: usize) -> Result<i64> {
        match self.at(index)? {
            Value::Int(value) => Ok(*value),
            _ => Self::broken(index),
        }
    }

    pub(crate) fn int_or_null(&self, index: usize) -> Result<Option<i64>> {
        match self.at(index)? {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(*value)),
            _ => Self::broken(index),
        }
    }

    pub(crate) fn text(&self, index: usize) -> Result<String> {
        match self.at(index)? {
            Value::Text(value) => Ok(value.clone()),
            _ => Self::broken(index),
        }
    }

    pub(crate) fn text_or_null(&self, index: usize) -> Result<Option<String>> {
        match self.at(index)? {
            Value::Null => Ok(None),
            Value::Text(value) => Ok(Some(value.clone())),
            _ => Self::broken(index),
        }
    }

    pub(crate) fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        match self.at(index)? {
            Value::Bytes(value) => Ok(value.clone()),
            _ => Self::broken(index),
        }
    }

    pub(crate) fn bytes_or_null(&self, index: usize) -> Result<Option<Vec<u8>>> {
        match self.at(index)? {
            Value::Null => Ok(None),
            Value::Bytes(value) => Ok(Some(value.clone())),
            _ => Self::broken(index),
        }
    }

    pub(crate) fn public_id(&self, index: usize) -> Result<domain::PublicId> {
        match self.at(index)? {
            Value::Bytes(value) => value.as_slice().try_into().or_else(|_| Self::broken(index)),
            _ => Self::broken(index),
        }
    }
}
