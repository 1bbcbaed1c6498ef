//! The list of domains: what the schema is merged from, and what they declare.

mod node;

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, SchemaBuilder};

use crate::{
    access, audit, directory, events, incidents,
    kernel::{
        denial,
        guard::{RootField, RootFields},
        mutation,
        nulls::SpecNulls,
        permission::Catalogue,
        reactor, record,
        scalar::Int32,
        validity::ValidatedOnce,
    },
    monitoring, platform, tasks,
};

pub use node::{Node, NodeQuery};

/// What can be read.
#[derive(MergedObject, Default)]
pub struct Query(
    access::Query,
    access::AllowlistQuery,
    access::ImpersonationQuery,
    access::TokenQuery,
    audit::Query,
    directory::Query,
    directory::BillingQuery,
    events::Query,
    incidents::Query,
    monitoring::Query,
    platform::Query,
    NodeQuery,
);

/// What can be done.
#[derive(MergedObject, Default)]
pub struct Mutation(
    access::Mutation,
    access::AllowlistMutation,
    access::ImpersonationMutation,
    access::SignInMutation,
    access::TokenMutation,
    directory::UserMutation,
    directory::OrganizationMutation,
    incidents::Mutation,
    monitoring::Mutation,
);

/// What can be followed.
#[derive(MergedSubscription, Default)]
pub struct Subscription(
    audit::Subscription,
    events::Subscription,
    incidents::Subscription,
    monitoring::Subscription,
);

/// The schema of the gateway.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// How deep selection sets may be nested: as deep as the parser lets them. What a document may have is decided before it
/// gets here (http/limits).
const MAX_NESTING: usize = 64;

/// Builds the schema.
pub fn build() -> Schema {
    builder().extension(SpecNulls).extension(ValidatedOnce).finish()
}

/// The schema's types and rules: what executes is still to be added.
pub fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_input_type::<Int32>()
        .limit_recursive_depth(MAX_NESTING)
        .disable_suggestions()
}

/// The contract, as `schema.graphql` holds it.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().prefer_single_line_descriptions().include_specified_by();
    let sdl = build().sdl_with_options(options);
    let lines: Vec<&str> = sdl.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim())
}

/// What the domains declare.
pub fn catalogue() -> Catalogue {
    let permissions = [
        access::PERMISSIONS,
        audit::PERMISSIONS,
        directory::PERMISSIONS,
        events::PERMISSIONS,
        incidents::PERMISSIONS,
        monitoring::PERMISSIONS,
        platform::PERMISSIONS,
        tasks::PERMISSIONS,
    ];
    let fields: [&[RootField]; 25] = [
        access::Query::FIELDS,
        access::Mutation::FIELDS,
        access::AllowlistQuery::FIELDS,
        access::AllowlistMutation::FIELDS,
        access::ImpersonationQuery::FIELDS,
        access::ImpersonationMutation::FIELDS,
        access::TokenQuery::FIELDS,
        access::TokenMutation::FIELDS,
        access::SignInMutation::FIELDS,
        audit::Query::FIELDS,
        audit::Subscription::FIELDS,
        directory::Query::FIELDS,
        directory::UserMutation::FIELDS,
        directory::BillingQuery::FIELDS,
        directory::OrganizationMutation::FIELDS,
        events::Query::FIELDS,
        events::Subscription::FIELDS,
        incidents::Query::FIELDS,
        incidents::Mutation::FIELDS,
        incidents::Subscription::FIELDS,
        monitoring::Query::FIELDS,
        monitoring::Mutation::FIELDS,
        monitoring::Subscription::FIELDS,
        platform::Query::FIELDS,
        NodeQuery::FIELDS,
    ];
    let events = [
        access::EVENTS,
        audit::EVENTS,
        directory::EVENTS,
        directory::BILLING_EVENTS,
        incidents::EVENTS,
        monitoring::EVENTS,
        platform::EVENTS,
        tasks::EVENTS,
        &[&denial::DENIED, &reactor::DEAD_LETTER_PARKED],
    ];
    Catalogue::new(
        permissions.into_iter().flatten(),
        fields.into_iter().flatten().copied(),
        events.into_iter().flatten().copied(),
    )
    .with_actions(access::ACTIONS.iter().copied())
    .with_objects(node::objects())
    .with_sealed([access::SEALED, &[&record::SEALED, &mutation::SEALED]].into_iter().flatten().copied())
}
