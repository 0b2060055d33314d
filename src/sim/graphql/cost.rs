//! What a query costs, by GitHub's published formula, before it is executed.
//!
//! Points: the requests needed for each connection if every `first` were filled, over 100, rounded,
//! at least 1. Nodes: all that could come back, at most 500,000.

use std::collections::HashMap;

use async_graphql::{
    Name, Value, Variables,
    parser::{
        parse_schema,
        types::{
            BaseType, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
            SelectionSet, Type, TypeKind, TypeSystemDefinition,
        },
    },
};

/// The most nodes that one call may ask for.
pub const NODE_LIMIT: u64 = 500_000;

/// What a query costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// What it takes from the budget.
    pub points: u32,
    /// How many nodes could come back.
    pub nodes: u64,
}

/// A query that asks for too much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooMany {
    /// The connection at which the limit is passed.
    pub connection: String,
    /// How many nodes it is by then.
    pub nodes: u64,
}

/// The type that each field of each type leads to.
#[derive(Debug, Default)]
pub struct Types(HashMap<String, HashMap<String, String>>);

impl Types {
    /// Reads a schema.
    pub fn of(sdl: &str) -> Result<Self, async_graphql::parser::Error> {
        let mut types = HashMap::new();
        for definition in parse_schema(sdl)?.definitions {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let fields = match &definition.node.kind {
                TypeKind::Object(it) => &it.fields,
                TypeKind::Interface(it) => &it.fields,
                _ => continue,
            };
            let fields = fields
                .iter()
                .map(|it| (it.node.name.node.to_string(), named(&it.node.ty.node)))
                .collect();
            types.insert(definition.node.name.node.to_string(), fields);
        }
        Ok(Self(types))
    }

    fn target(&self, of: &str, field: &str) -> &str {
        self.0
            .get(of)
            .and_then(|it| it.get(field))
            .map_or("", String::as_str)
    }

    /// Weighs one operation of a document.
    pub fn weigh(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Variables,
    ) -> Result<Cost, TooMany> {
        let mut scale = Scale {
            types: self,
            document,
            operation,
            variables,
            requests: 0,
            nodes: 0,
        };
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        scale.walk(&operation.selection_set.node, root, 1, 0)?;
        let points = scale.requests.saturating_add(50) / 100;
        Ok(Cost {
            points: u32::try_from(points).unwrap_or(u32::MAX).max(1),
            nodes: scale.nodes,
        })
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
    requests: u64,
    nodes: u64,
}

// Fragments may name each other in a circle, which validation finds only later.
const DEPTH: u32 = 100;

impl Scale<'_> {
    fn walk(
        &mut self,
        selections: &SelectionSet,
        of: &str,
        parents: u64,
        depth: u32,
    ) -> Result<(), TooMany> {
        if depth > DEPTH {
            return Ok(());
        }
        for selection in &selections.items {
            if !self.included(&selection.node) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, of, parents, depth)?,
                Selection::InlineFragment(it) => {
                    let condition = it.node.type_condition.as_ref();
                    let of = condition.map_or(of, |it| it.node.on.node.as_str());
                    self.walk(&it.node.selection_set.node, of, parents, depth + 1)?;
                }
                Selection::FragmentSpread(it) => {
                    let document = self.document;
                    if let Some(it) = document.fragments.get(&it.node.fragment_name.node) {
                        let of = it.node.type_condition.node.on.node.as_str();
                        self.walk(&it.node.selection_set.node, of, parents, depth + 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, of: &str, parents: u64, depth: u32) -> Result<(), TooMany> {
        if field.selection_set.node.items.is_empty() {
            return Ok(());
        }
        let types = self.types;
        let target = types.target(of, &field.name.node);
        let mut children = parents;
        if target.ends_with("Connection") {
            self.requests = self.requests.saturating_add(parents);
            children = parents.saturating_mul(self.first(field));
            self.nodes = self.nodes.saturating_add(children);
            if self.nodes > NODE_LIMIT {
                return Err(TooMany {
                    connection: field.name.node.to_string(),
                    nodes: self.nodes,
                });
            }
        }
        self.walk(&field.selection_set.node, target, children, depth + 1)
    }

    // What `@include` or `@skip` leaves out costs nothing.
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

    fn first(&self, field: &Field) -> u64 {
        let written = field.get_argument("first").map(|it| it.node.clone());
        let value = written.and_then(|it| it.into_const_with(|name| self.variable(&name)).ok());
        match value {
            Some(Value::Number(number)) => number.as_u64().unwrap_or(0),
            _ => 0,
        }
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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use async_graphql::parser::parse_query;

    use super::*;
    use crate::sim::graphql::{
        schema,
        tests::{BOARD, OPS, PULSE, widened},
    };

    static TYPES: LazyLock<Types> = LazyLock::new(|| Types::of(&schema().sdl()).unwrap());

    fn weigh(query: &str, operation: &str) -> Result<Cost, TooMany> {
        let document = parse_query(query).unwrap();
        let (_, found) = document
            .operations
            .iter()
            .find(|(name, _)| name.is_none_or(|it| it.as_str() == operation))
            .unwrap();
        TYPES.weigh(&document, &found.node, &Variables::default())
    }

    #[test]
    fn costs_are_those_of_the_published_formula() {
        let board = |repos| weigh(&widened(BOARD, repos), "BoardBatch").unwrap();
        let pulse = |repos| weigh(&widened(PULSE, repos), "Pulse").unwrap();
        let table = [
            (board(1), 1, 141),
            (board(10), 3, 1_410),
            (board(20), 6, 2_820),
            (board(25), 7, 3_525),
            (board(50), 15, 7_050),
            (board(100), 29, 14_100),
            (pulse(1), 1, 11),
            (pulse(50), 1, 550),
            (pulse(100), 2, 1_100),
            (weigh(OPS, "CommitsInScope").unwrap(), 2, 50 + 150 + 1_500),
            (weigh(OPS, "Approve").unwrap(), 1, 0),
            (weigh("{ viewer { login } }", "").unwrap(), 1, 0),
        ];
        for (cost, points, nodes) in table {
            assert_eq!(cost, Cost { points, nodes });
        }
    }

    #[test]
    fn the_first_of_a_variable_counts_with_its_default() {
        let query = "query($n: Int = 7) { repository(owner: \"a\", name: \"b\") { \
                     releases(first: $n) { nodes { id } } } }";
        assert_eq!(weigh(query, "").unwrap().nodes, 7);
    }

    #[test]
    fn what_a_directive_leaves_out_costs_nothing() {
        let query = "query($yes: Boolean = true) { repository(owner: \"a\", name: \"b\") { \
                     releases(first: 5) @skip(if: $yes) { nodes { id } } \
                     environments(first: 3) @include(if: $yes) { nodes { id } } } }";
        assert_eq!(weigh(query, "").unwrap().nodes, 3);
    }

    #[test]
    fn named_checks_cost_their_nodes_and_nothing_below_them() {
        let query = "{ repository(owner: \"a\", name: \"b\") { object(expression: \"m\") { \
                     ... on Commit { statusCheckRollup { named: contexts(first: 100) { nodes { \
                     ... on CheckRun { name checkSuite { id } } \
                     ... on StatusContext { context } } } } } } } }";
        let cost = weigh(query, "").unwrap();
        assert_eq!((cost.points, cost.nodes), (1, 100));
    }

    #[test]
    fn more_than_half_a_million_nodes_are_refused_where_the_limit_is_passed() {
        let query = "{ repository(owner: \"a\", name: \"b\") { ref(qualifiedName: \"m\") { \
                     compare(headRef: \"h\") { commits(first: 100) { nodes { \
                     associatedPullRequests(first: 100) { nodes { \
                     labels(first: 100) { nodes { name } } } } } } } } } }";
        let refused = weigh(query, "").unwrap_err();
        assert_eq!(refused.connection, "labels");
        assert_eq!(refused.nodes, 1_010_100);
    }
}
