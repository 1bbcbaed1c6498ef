//! What a subscription of changes shows: where in the log, what happened, who did it, and the object as it is now.

/// Declares the item of a subscription of changes: the object under its name, and what every change says of itself.
///
/// ```text
/// change! {
///     /// A change of an incident.
///     IncidentChange { incident: Incident } by Actor
/// }
/// ```
macro_rules! change {
    ($(#[$doc:meta])* $name:ident { $field:ident: $object:ty } by $actor:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(std::sync::Arc<$crate::kernel::event::LogEvent>);

        impl $name {
            /// The change that `event` tells of, where its entity is one of these and `filter` passes its state
            /// before or after: a row that leaves the filter is heard once more.
            pub fn of(
                event: &std::sync::Arc<$crate::kernel::event::LogEvent>,
                filter: &$crate::kernel::page::Predicate,
            ) -> Option<Self> {
                event.entity_uuid(<$object as $crate::kernel::object::Stored>::PREFIX)?;
                let row = &event.row;
                let mut states = row.before.iter().chain(&row.after);
                states.any(|state| filter.matches(state) == Some(true)).then(|| Self(event.clone()))
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $name {
            /// Its place in the log: resume with this.
            async fn cursor(&self, ctx: &async_graphql::Context<'_>) -> $crate::kernel::log::EventCursor {
                let request = $crate::kernel::request::RequestExt::request(ctx);
                $crate::kernel::log::EventCursor::new(request.kernel().log_id(), self.0.position)
            }

            /// What happened: `monitoring.incident.acknowledged`.
            async fn r#type(&self) -> &str {
                &self.0.row.event_type
            }

            /// When.
            async fn occurred_at(&self) -> $crate::kernel::scalar::Timestamp {
                self.0.row.occurred_at.into()
            }

            /// Who did it.
            async fn actor(&self) -> $actor {
                let row = &self.0.row;
                <$actor>::new(row.actor_kind, &row.actor_id).acted_by(row.impersonator_id.as_deref())
            }

            /// The object's version after it. An object that is at this version or beyond shows the change already.
            async fn entity_version(&self) -> Option<i32> {
                self.0.row.entity_version
            }

            /// The object as it is now.
            async fn $field(&self, ctx: &async_graphql::Context<'_>) -> $crate::kernel::error::Result<
                Option<$crate::kernel::eager::Eager<$object>>,
            > {
                let id = self.0.entity_uuid(<$object as $crate::kernel::object::Stored>::PREFIX);
                $crate::kernel::object::edge(ctx, id).await
            }
        }
    };
}
pub(crate) use change;
