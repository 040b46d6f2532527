//! JSON Schema, draft 2020-12, as an implementation has it that shares no code with the filter.

use std::fmt;

use boon::{Compiler, Draft, SchemaIndex, Schemas, ValidationError};
use serde_json::Value;

/// A schema that satisfies its metaschema.
pub struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}

impl Schema {
    /// Panics where it is none.
    pub fn new(schema: &Value) -> Self {
        // Nobody fetches it: a schema needs an address.
        const ADDRESS: &str = "https://schema.invalid/";
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.add_resource(ADDRESS, schema.clone()).unwrap();
        let index = compiler.compile(ADDRESS, &mut schemas).unwrap_or_else(|e| panic!("{e:#}"));
        Self { schemas, index }
    }

    /// Of a JSON text; panics where it is none.
    pub fn parse(schema: &str) -> Self {
        Self::new(&serde_json::from_str(schema).unwrap())
    }

    pub fn is_valid(&self, value: &Value) -> bool {
        self.check(value).is_ok()
    }

    /// What a value breaks, with the places.
    pub fn check<'s, 'v>(&'s self, value: &'v Value) -> Result<(), Box<ValidationError<'s, 'v>>> {
        self.schemas.validate(value, self.index).map_err(Box::new)
    }
}
