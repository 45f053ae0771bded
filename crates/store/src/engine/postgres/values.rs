//! Values on their way into a statement and out of a row.

use tokio_postgres::types::{ToSql, Type};

use super::error;
use crate::engine::statement::Column;
use crate::engine::{Row, Statement, Value};
use crate::{Error, Result};

fn parameter(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Null => &None::<i64>,
        Value::Int(value) => value,
        Value::Text(value) => value,
        Value::Bytes(value) => value,
    }
}

/// A NULL must carry the type that the statement expects, so parameters are matched with the prepared types.
#[derive(Debug)]
pub(super) struct Parameter<'v>(pub(super) &'v Value);

impl ToSql for Parameter<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> std::result::Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(tokio_postgres::types::IsNull::Yes),
            value => parameter(value).to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

pub(super) fn rows(found: &[tokio_postgres::Row]) -> Result<Vec<Row>> {
    found.iter().map(row).collect()
}

fn row(found: &tokio_postgres::Row) -> Result<Row> {
    let mut values = Vec::with_capacity(found.len());
    for (index, column) in found.columns().iter().enumerate() {
        let value: Value = match *column.type_() {
            Type::INT8 => found.try_get::<_, Option<i64>>(index).map(Value::from),
            Type::INT4 => found.try_get::<_, Option<i32>>(index).map(|value| value.map(i64::from).into()),
            Type::BYTEA => found.try_get::<_, Option<Vec<u8>>>(index).map(Value::from),
            Type::TEXT | Type::VARCHAR => found.try_get::<_, Option<String>>(index).map(Value::from),
            ref other => return Err(Error::Broken(format!("column {index} is of type {other}"))),
        }
        .map_err(|e| error(&e))?;
        values.push(value);
    }
    Ok(Row(values))
}

/// Turns rows of values into one array per column, as `unnest` takes them.
pub(super) fn columns<'v>(
    statement: &Statement,
    inputs: &'v [Vec<Value>],
) -> Result<Vec<Box<dyn ToSql + Sync + Send + 'v>>> {
    let other = |name: &str| Error::Broken(format!("{}: {name} is given another kind of value", statement.name));
    statement
        .input
        .iter()
        .enumerate()
        .map(|(index, (column, name))| -> Result<Box<dyn ToSql + Sync + Send + 'v>> {
            let values = inputs.iter().map(|row| row.get(index).ok_or_else(|| other(name)));
            Ok(match column {
                Column::Int => Box::new(
                    values
                        .map(|value| match value? {
                            Value::Null => Ok(None),
                            Value::Int(value) => Ok(Some(*value)),
                            _ => Err(other(name)),
                        })
                        .collect::<Result<Vec<Option<i64>>>>()?,
                ),
                Column::Bytes => Box::new(
                    values
                        .map(|value| match value? {
                            Value::Null => Ok(None),
                            Value::Bytes(value) => Ok(Some(value.as_slice())),
                            _ => Err(other(name)),
                        })
                        .collect::<Result<Vec<Option<&'v [u8]>>>>()?,
                ),
                Column::Text => Box::new(
                    values
                        .map(|value| match value? {
                            Value::Null => Ok(None),
                            Value::Text(value) => Ok(Some(value.as_str())),
                            _ => Err(other(name)),
                        })
                        .collect::<Result<Vec<Option<&'v str>>>>()?,
                ),
            })
        })
        .collect()
}
