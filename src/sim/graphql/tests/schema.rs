//! The schema against GitHub's own.

use std::collections::BTreeSet;

use async_graphql::parser::{
    parse_schema,
    types::{
        FieldDefinition, InputValueDefinition, InterfaceType, ObjectType, TypeKind,
        TypeSystemDefinition,
    },
};

use super::*;

/// Every field, argument, enum value and input field of a schema, with its type.
pub fn declared(sdl: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for definition in parse_schema(sdl).unwrap().definitions {
        let TypeSystemDefinition::Type(it) = definition else {
            continue;
        };
        let name = it.node.name.node;
        match it.node.kind {
            TypeKind::Object(ObjectType { fields, .. })
            | TypeKind::Interface(InterfaceType { fields, .. }) => {
                for field in fields {
                    let FieldDefinition {
                        name: field,
                        arguments,
                        ty,
                        ..
                    } = field.node;
                    all.insert(format!("{name}.{}: {}", field.node, ty.node));
                    for it in arguments {
                        let InputValueDefinition {
                            name: argument, ty, ..
                        } = it.node;
                        all.insert(format!(
                            "{name}.{}({}: {})",
                            field.node, argument.node, ty.node
                        ));
                    }
                }
            }
            TypeKind::Enum(it) => {
                for value in it.values {
                    all.insert(format!("{name} has {}", value.node.value.node));
                }
            }
            TypeKind::InputObject(it) => {
                for field in it.fields {
                    all.insert(format!(
                        "{name} takes {}: {}",
                        field.node.name.node, field.node.ty.node
                    ));
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {
                all.insert(name.to_string());
            }
        }
    }
    all
}

#[test]
fn every_name_and_type_of_githubs_schema_subset_is_ours() {
    let ours = declared(&schema().sdl());
    let theirs = declared(include_str!("github-schema-subset.graphql"));
    let lacking: Vec<&String> = theirs.difference(&ours).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
}
