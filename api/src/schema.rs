//! The list of domains: what the schema is merged from, and what they declare.

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions};

use crate::{
    access, audit, directory, incidents,
    kernel::{
        denial,
        guard::{RootField, RootFields},
        nulls::SpecNulls,
        permission::Catalogue,
    },
    monitoring,
};

/// What can be read.
#[derive(MergedObject, Default)]
pub struct Query(access::Query, directory::Query, incidents::Query, monitoring::Query);

/// What can be done.
#[derive(MergedObject, Default)]
pub struct Mutation(incidents::Mutation, monitoring::Mutation);

/// What can be followed.
#[derive(MergedSubscription, Default)]
pub struct Subscription(incidents::Subscription, monitoring::Subscription);

/// The schema of the gateway.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema.
pub fn build() -> Schema {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .extension(SpecNulls)
        .disable_suggestions()
        .finish()
}

/// The contract, as `schema.graphql` holds it.
pub fn sdl() -> String {
    let sdl = build().sdl_with_options(SDLExportOptions::new().prefer_single_line_descriptions());
    let lines: Vec<&str> = sdl.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim())
}

/// What the domains declare.
pub fn catalogue() -> Catalogue {
    let permissions = [
        access::PERMISSIONS,
        audit::PERMISSIONS,
        directory::PERMISSIONS,
        incidents::PERMISSIONS,
        monitoring::PERMISSIONS,
    ];
    let fields: [&[RootField]; 8] = [
        access::Query::FIELDS,
        directory::Query::FIELDS,
        incidents::Query::FIELDS,
        incidents::Mutation::FIELDS,
        incidents::Subscription::FIELDS,
        monitoring::Query::FIELDS,
        monitoring::Mutation::FIELDS,
        monitoring::Subscription::FIELDS,
    ];
    let events = [access::EVENTS, incidents::EVENTS, monitoring::EVENTS, &[&denial::DENIED]];
    Catalogue::new(
        permissions.into_iter().flatten(),
        fields.into_iter().flatten().copied(),
        events.into_iter().flatten().copied(),
    )
}
