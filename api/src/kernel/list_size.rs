//! How long lists are that aren't connections: what is assumed of them before anything is executed.

use async_graphql::TypeDirective;

/// The name of [`list_size`] in the schema.
pub const NAME: &str = "listSize";
/// The name of its argument.
pub const ASSUMED: &str = "assumedSize";

/// The list has about so many items; where it says nothing, a list that isn't a connection is taken for 5 long.
#[TypeDirective(name = "listSize", location = "FieldDefinition")]
pub fn list_size(assumed_size: u32) {}
