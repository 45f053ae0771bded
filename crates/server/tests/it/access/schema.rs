//! Answers compared with their schemas (SZ7).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::document;

/// How a value differs from its schema: what is missing, what is of another kind, and what nobody described (SZ7).
pub(super) fn misfits(schemas: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(target) = schema["$ref"].as_str() {
        return misfits(schemas, &schemas[target.rsplit('/').next().unwrap()], value, at);
    }
    if let Some(alternatives) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let tried: Vec<_> = alternatives.iter().map(|one| misfits(schemas, one, value, at)).collect();
        return tried.into_iter().min_by_key(Vec::len).unwrap();
    }
    let (mut properties, mut required) = (Map::new(), BTreeSet::new());
    gather(schemas, schema, &mut properties, &mut required);
    match value {
        Value::Object(fields) if !properties.is_empty() => {
            let missing = required
                .iter()
                .filter(|name| !fields.contains_key(*name))
                .map(|name| format!("{at}.{name} is missing"));
            let wrong = fields.iter().flat_map(|(name, value)| match properties.get(name) {
                Some(schema) => misfits(schemas, schema, value, &format!("{at}.{name}")),
                None => vec![format!("{at}.{name} is not described")],
            });
            missing.chain(wrong).collect()
        }
        Value::Array(items) if schema["items"].is_object() => {
            items.iter().flat_map(|item| misfits(schemas, &schema["items"], item, &format!("{at}[]"))).collect()
        }
        _ => {
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            let allowed = [&schema["type"], &schema["enum"]];
            let of_kind =
                schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&kind.into()));
            let of_value = schema["enum"].as_array().is_none_or(|all| all.contains(value))
                && schema.get("const").is_none_or(|only| only == value);
            if of_kind && of_value { Vec::new() } else { vec![format!("{at} is a {kind}, not {allowed:?}")] }
        }
    }
}

/// The fields of a schema and of all that it is made of.
fn gather(schemas: &Value, schema: &Value, properties: &mut Map<String, Value>, required: &mut BTreeSet<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        gather(schemas, &schemas[target.rsplit('/').next().unwrap()], properties, required);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        gather(schemas, part, properties, required);
    }
    properties.extend(schema["properties"].as_object().cloned().unwrap_or_default());
    required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
}

#[test]
fn the_comparison_with_the_schema_finds_what_is_planted() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let schema = json!({ "$ref": "#/components/schemas/EntryPage" });
    let good = json!({ "first": null, "items": [{ "type": "event", "conversation": "x", "sequence": 1, "visible": 1, "at": 1,
        "event": "ended", "operator": null, "cause": "idle" }] });
    assert_eq!(misfits(schemas, &schema, &good, ""), Vec::<String>::new());
    for (field, value) in [("hash", json!("x")), ("sequence", json!("1")), ("event", json!("exploded"))] {
        let mut bad = good.clone();
        bad["items"][0][field] = value;
        assert_eq!(misfits(schemas, &schema, &bad, "").len(), 1, "{field}");
    }
    let mut bad = good;
    bad["items"][0].as_object_mut().unwrap().remove("at");
    assert_eq!(misfits(schemas, &schema, &bad, "").len(), 1);
}
