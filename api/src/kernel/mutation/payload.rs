//! What a mutation answers with.

/// Declares the payload of a mutation: the changed object under its name, `userErrors` and `receipt`. With `or`, what it
/// may have to wait for, too; with `and`, a secret that is shown once.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $field:ident: $object:ty } or { $awaited:ident: $waits:ty }) => {
        $(#[$doc])*
        pub struct $name(
            $crate::kernel::mutation::Outcome<$object>,
            $crate::kernel::mutation::Outcome<$waits>,
        );

        impl From<($crate::kernel::mutation::Outcome<$object>, $crate::kernel::mutation::Outcome<$waits>)>
            for $name
        {
            fn from(
                (done, awaited): (
                    $crate::kernel::mutation::Outcome<$object>,
                    $crate::kernel::mutation::Outcome<$waits>,
                ),
            ) -> Self {
                Self(done, awaited)
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $name {
            /// The object as it is now; null where it wasn't found or can't be shown, or waits for approval.
            async fn $field(&self, ctx: &async_graphql::Context<'_>) -> async_graphql::Result<Option<$object>> {
                Ok(self.0.object(ctx).await?)
            }

            /// What it waits for: nothing else is done until others have approved it. Null where it waits for nobody.
            async fn $awaited(&self, ctx: &async_graphql::Context<'_>) -> async_graphql::Result<Option<$waits>> {
                Ok(self.1.object(ctx).await?)
            }

            /// What to mend. Empty where it was done, or asked for.
            async fn user_errors(&self) -> &[$crate::kernel::error::Violation] {
                &self.0.user_errors
            }

            /// Proof that it happened. Absent where nothing was changed.
            async fn receipt(&self) -> Option<&$crate::kernel::mutation::Receipt> {
                self.0.receipt.as_ref()
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $field:ident: $object:ty } and { $(#[$about:meta])* $secret:ident }) => {
        $(#[$doc])*
        pub struct $name(
            $crate::kernel::mutation::Outcome<$object>,
            Option<secrecy::SecretString>,
        );

        impl From<($crate::kernel::mutation::Outcome<$object>, Option<secrecy::SecretString>)> for $name {
            fn from(
                (outcome, secret): (
                    $crate::kernel::mutation::Outcome<$object>,
                    Option<secrecy::SecretString>,
                ),
            ) -> Self {
                Self(outcome, secret)
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $name {
            /// The object as it is now; null where it wasn't found or can't be shown.
            async fn $field(&self, ctx: &async_graphql::Context<'_>) -> async_graphql::Result<Option<$object>> {
                Ok(self.0.object(ctx).await?)
            }

            $(#[$about])*
            async fn $secret(&self) -> Option<&str> {
                self.1.as_ref().map(secrecy::ExposeSecret::expose_secret)
            }

            /// What to mend. Empty where it was done.
            async fn user_errors(&self) -> &[$crate::kernel::error::Violation] {
                &self.0.user_errors
            }

            /// Proof that it happened. Absent where nothing was changed.
            async fn receipt(&self) -> Option<&$crate::kernel::mutation::Receipt> {
                self.0.receipt.as_ref()
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $field:ident: $object:ty }) => {
        $(#[$doc])*
        pub struct $name($crate::kernel::mutation::Outcome<$object>);

        impl From<$crate::kernel::mutation::Outcome<$object>> for $name {
            fn from(outcome: $crate::kernel::mutation::Outcome<$object>) -> Self {
                Self(outcome)
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $name {
            /// The object as it is now; null where it wasn't found or can't be shown.
            async fn $field(&self, ctx: &async_graphql::Context<'_>) -> async_graphql::Result<Option<$object>> {
                Ok(self.0.object(ctx).await?)
            }

            /// What to mend. Empty where it was done.
            async fn user_errors(&self) -> &[$crate::kernel::error::Violation] {
                &self.0.user_errors
            }

            /// Proof that it happened. Absent where nothing was changed.
            async fn receipt(&self) -> Option<&$crate::kernel::mutation::Receipt> {
                self.0.receipt.as_ref()
            }
        }
    };
}
pub(crate) use payload;
