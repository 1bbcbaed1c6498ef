//! One declaration at each root field, from which everything else about its access comes.
//!
//! Who may call a root field is said in four places: the guard refuses everybody else, the SDL shows a
//! directive, the description ends with a line for readers, and a table of all root fields feeds
//! explanations, documentation and the tests that try each field as each role. Written four times they would
//! drift apart, and where the guard is the one forgotten, the field stands open. So it is written once, and a
//! field without it doesn't compile.
//!
//! # How to declare
//!
//! [`macro@query`], [`macro@mutation`] and [`macro@subscription`] stand on an impl block, and each field in
//! it carries exactly one of
//!
//! | attribute | who may call | directive in the SDL | last lines of the description |
//! | --- | --- | --- | --- |
//! | `#[public]` | anybody | `@public` | `Requires: nothing` |
//! | `#[authenticated]` | anybody signed in | `@authenticated` | `Requires: authentication` |
//! | `#[authenticated(step_up)]` | the same, with a fresh second factor | `@authenticated(stepUp: true)` | `Requires: authentication and step-up` |
//! | `#[authenticated(enrolling)]` | anybody signed in, also who has no second factor yet | `@authenticated(enrolling: true)` | `Requires: authentication, with or without a second factor` |
//! | `#[requires("a.b")]` | holders of `a.b` | `@requires(permission: "a.b")` | `Requires: a.b` |
//! | `#[requires("a.b", step_up)]` | the same, with a fresh second factor | `@requires(permission: "a.b", stepUp: true)` | `Requires: a.b and step-up` |
//!
//! and a doc comment. A mutation also names the events that it records, `#[emits("a.noun.verbed", …)]`, which
//! the description shows as `Emits: a.noun.verbed, …`. A method that is no field is marked
//! `#[graphql(skip)]`.
//!
//! ```text
//! #[macros::mutation]
//! impl IncidentMutation {
//!     /// Says that somebody is on it; stops escalation.
//!     #[requires("incidents.acknowledge")]
//!     #[emits("monitoring.incident.acknowledged")]
//!     async fn incident_acknowledge(
//!         &self,
//!         ctx: &Context<'_>,
//!         input: IncidentAcknowledgeInput,
//!     ) -> Result<IncidentAcknowledgePayload> {
//!         ops::acknowledge(ctx, input).await
//!     }
//! }
//! ```
//!
//! # What comes out
//!
//! The impl block under `#[async_graphql::Object]` (or `Subscription`), each field with its `name`, `guard`
//! and `directive` in one `#[graphql(…)]`, and beside it the table:
//!
//! ```text
//! impl crate::kernel::guard::RootFields for IncidentMutation {
//!     const FIELDS: &'static [crate::kernel::guard::RootField] = &[crate::kernel::guard::RootField {
//!         name: "incidentAcknowledge",
//!         root: crate::kernel::guard::Root::Mutation,
//!         access: crate::kernel::guard::Access::Permission { key: "incidents.acknowledge", step_up: false },
//!         emits: &["monitoring.incident.acknowledged"],
//!     }];
//! }
//! ```
//!
//! Arguments that many fields have (`first`, `after`, `filter`, `input`, …) are described where they don't say
//! something of their own; [`macro@object`] does that for fields of other types.
//!
//! The name is given to async-graphql rather than left to it, so that table and schema can't disagree.
//!
//! # What is passed through, and what is refused
//!
//! Arguments of the macros go to async-graphql (`#[macros::query(name = "IncidentQuery")]`), and so does a
//! field's own `#[graphql(…)]` (`deprecation`, `complexity`, `name`, further directives). Refused is whatever
//! would put a field behind another guard than its declaration's, or behind none: `guard`, `flatten`,
//! `entity` and `derived` on a field, `guard` and `rename_fields` on a block.
//!
//! # What the crate that uses it provides
//!
//! In `crate::kernel::guard`: the guard `Requires` (`permission(key, step_up)`, `authenticated(step_up)`, `enrolling()`,
//! `public()`), the type directives `requires`, `authenticated` and `public` with the argument type `Flag`,
//! and the table's types `RootFields`, `RootField`, `Root` and `Access`.

use proc_macro::TokenStream;

use crate::root::Root;

mod access;
mod arguments;
mod columns;
mod errors;
mod field;
mod object;
mod options;
mod root;

/// Makes an impl block a part of `Query`, each of its fields with a declaration of who may call it.
///
/// The arguments are those of `async_graphql::Object`.
#[proc_macro_attribute]
pub fn query(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Root::Query, args, item)
}

/// Makes an impl block a part of `Mutation`, each of its fields with a declaration of who may call it and
/// which events it records.
///
/// The arguments are those of `async_graphql::Object`.
#[proc_macro_attribute]
pub fn mutation(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Root::Mutation, args, item)
}

/// Makes an impl block a part of `Subscription`, each of its fields with a declaration of who may call it.
///
/// The arguments are those of `async_graphql::Subscription`, and the methods return what it takes: a stream,
/// or a result of one.
#[proc_macro_attribute]
pub fn subscription(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Root::Subscription, args, item)
}

/// Makes an impl block an object type whose fields have the arguments of lists, described as those of the roots are.
///
/// The arguments are those of `async_graphql::Object`.
#[proc_macro_attribute]
pub fn object(args: TokenStream, item: TokenStream) -> TokenStream {
    object::expand(&args.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Implements `FromColumns` for a model of the entity crate: it is read by the places of its columns.
#[proc_macro_derive(FromColumns)]
pub fn from_columns(item: TokenStream) -> TokenStream {
    columns::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(root: Root, args: TokenStream, item: TokenStream) -> TokenStream {
    root::expand(root, args.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
