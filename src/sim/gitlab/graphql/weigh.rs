//! How complex a query is, by GitLab's rules, and which of its fields there are.
//!
//! A field counts 1 and what is below it. One that a resolver answers counts 1 more when it sorts and
//! 5 more when it searches; a list multiplies by 1 + 0.01 for each row it may hold.

use std::collections::HashMap;

use async_graphql::{
    Name, Pos, Value, Variables,
    parser::{
        parse_schema,
        types::{
            BaseType, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
            Type, TypeKind, TypeSystemDefinition,
        },
    },
};
use serde_json::json;

/// What a query was found to weigh, for `queryComplexity`.
#[derive(Debug, Clone, Copy)]
pub struct Score {
    /// The query's.
    pub score: u32,
    /// The most there may be.
    pub limit: u32,
}

/// The fields that a resolver answers, which alone care for lists and sorting.
const RESOLVED: [&str; 9] = [
    "Query.projects",
    "Project.pipelines",
    "Project.mergeRequests",
    "Project.releases",
    "Project.environment",
    "Project.environments",
    "Pipeline.jobs",
    "MergeRequest.labels",
    "Environment.lastDeployment",
];

/// The most rows of a list, and what one without `first` counts as.
const ROWS: u64 = 100;

// Fragments may name each other in a circle, which validation finds only later.
const DEPTH: u32 = 50;

/// The type that each field of each type leads to.
#[derive(Debug, Default)]
pub struct Types(HashMap<String, HashMap<String, String>>);

impl Types {
    /// Reads a schema.
    pub fn of(sdl: &str) -> Result<Self, async_graphql::parser::Error> {
        let mut types = HashMap::new();
        for definition in parse_schema(sdl)?.definitions {
            let TypeSystemDefinition::Type(it) = definition else {
                continue;
            };
            if let TypeKind::Object(object) = &it.node.kind {
                let fields = object.fields.iter();
                let fields =
                    fields.map(|it| (it.node.name.node.to_string(), named(&it.node.ty.node)));
                types.insert(it.node.name.node.to_string(), fields.collect());
            }
        }
        Ok(Self(types))
    }

    /// Weighs an operation; fields that are not there are named in GitLab's words instead.
    pub fn weigh(
        &self,
        document: &ExecutableDocument,
        name: Option<&str>,
        variables: &Variables,
        lacks: &[String],
    ) -> Result<u32, Vec<serde_json::Value>> {
        let mut all = document.operations.iter();
        let chosen = all.find(|(it, _)| name.is_none_or(|name| it.is_some_and(|it| it == name)));
        // Validation says what is wrong with it.
        let Some((operation, chosen)) = chosen else {
            return Ok(0);
        };
        let operation = match operation {
            Some(name) => format!("query {name}"),
            None => "query".to_owned(),
        };
        let mut scale = Scale {
            types: self,
            document,
            operation: &chosen.node,
            variables,
            lacks,
            undefined: Vec::new(),
        };
        let path = vec![operation];
        let score = scale.walk(&chosen.node.selection_set.node, "Query", &path, 0);
        if scale.undefined.is_empty() {
            Ok(u32::try_from(score).unwrap_or(u32::MAX))
        } else {
            Err(scale.undefined)
        }
    }
}

fn named(ty: &Type) -> String {
    match &ty.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => named(inner),
    }
}

struct Scale<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    lacks: &'a [String],
    undefined: Vec<serde_json::Value>,
}

impl Scale<'_> {
    fn walk(&mut self, selections: &SelectionSet, of: &str, path: &[String], depth: u32) -> u64 {
        if depth > DEPTH {
            return 0;
        }
        let mut sum = 0_u64;
        for selection in &selections.items {
            if !self.included(&selection.node) {
                continue;
            }
            sum = sum.saturating_add(match &selection.node {
                Selection::Field(field) => self.field(&field.node, of, field.pos, path, depth),
                Selection::InlineFragment(it) => {
                    let condition = it.node.type_condition.as_ref();
                    let of = condition.map_or(of, |it| it.node.on.node.as_str());
                    self.walk(&it.node.selection_set.node, of, path, depth + 1)
                }
                Selection::FragmentSpread(it) => {
                    let document = self.document;
                    let name = &it.node.fragment_name.node;
                    document.fragments.get(name).map_or(0, |it| {
                        let of = it.node.type_condition.node.on.node.as_str();
                        let path = vec![format!("fragment {name}")];
                        self.walk(&it.node.selection_set.node, of, &path, depth + 1)
                    })
                }
            });
        }
        sum
    }

    fn field(&mut self, field: &Field, of: &str, pos: Pos, path: &[String], depth: u32) -> u64 {
        let name = field.name.node.as_str();
        if name.starts_with("__") {
            return 0;
        }
        let key = format!("{of}.{name}");
        let types = self.types;
        let target = types.0.get(of).and_then(|it| it.get(name));
        let shown = field.alias.as_ref().map_or(name, |it| it.node.as_str());
        let mut path = path.to_vec();
        path.push(shown.to_owned());
        let Some(target) = target.filter(|_| !self.lacks.contains(&key)) else {
            // A fragment that is used often is checked once.
            let error = json!({
                "message": format!("Field '{name}' doesn't exist on type '{of}'"),
                "locations": [{"line": pos.line, "column": pos.column}],
                "path": path,
                "extensions": {"code": "undefinedField", "typeName": of, "fieldName": name},
            });
            if !self.undefined.contains(&error) {
                self.undefined.push(error);
            }
            return 0;
        };
        let below = self.walk(&field.selection_set.node, target, &path, depth + 1);
        let mut weight = below.saturating_add(1);
        if RESOLVED.contains(&key.as_str()) {
            weight += u64::from(self.given(field, "sort").is_some());
            weight += 5 * u64::from(self.given(field, "search").is_some());
            if target.ends_with("Connection") {
                let first = match self.given(field, "first") {
                    Some(Value::Number(number)) => number.as_u64().unwrap_or(ROWS),
                    _ => ROWS,
                };
                weight = weight.saturating_mul(100 + first.min(ROWS)) / 100;
            }
        }
        weight
    }

    // What `@include` or `@skip` leaves out weighs nothing.
    fn included(&self, selection: &Selection) -> bool {
        selection.directives().iter().all(|it| {
            let written = it.node.get_argument("if").map(|it| it.node.clone());
            let value = written.and_then(|it| it.into_const_with(|name| self.variable(&name)).ok());
            match (it.node.name.node.as_str(), value) {
                ("include", Some(Value::Boolean(include))) => include,
                ("skip", Some(Value::Boolean(skip))) => !skip,
                _ => true,
            }
        })
    }

    fn given(&self, field: &Field, argument: &str) -> Option<Value> {
        let written = field.get_argument(argument)?.node.clone();
        let value = written.into_const_with(|name| self.variable(&name)).ok()?;
        (value != Value::Null).then_some(value)
    }

    fn variable(&self, name: &Name) -> Result<Value, ()> {
        let given = self.variables.get(name).cloned();
        let default = || {
            let mut all = self.operation.variable_definitions.iter();
            let found = all.find(|it| it.node.name.node == *name)?;
            found.node.default_value().cloned()
        };
        given.or_else(default).ok_or(())
    }
}
