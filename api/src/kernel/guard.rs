//! The one declaration at each root field, and its enforcement.
//!
//! `#[requires("incidents.read")]` at a resolver becomes a guard ([`Requires`]), a directive in the SDL
//! (`@requires(permission: "incidents.read")`), a line of the description, and a row of [`RootFields::FIELDS`], from
//! which `authorizationExplanation` and the tests come. The macros crate does that; what they refer to stands here.

use std::borrow::Cow;

use async_graphql::{
    Context, Guard, InputType, InputValueError, InputValueResult, TypeDirective, Value,
    parser::types::OperationType, registry::Registry,
};

use super::{
    error::{Error, Result},
    request::RequestExt,
};

/// The root types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
    /// Streams.
    Subscription,
}

/// Who may call a root field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Anybody who is signed in, also who has to enrol a second factor first.
    Enrolling,
    /// Anybody who is signed in.
    Authenticated {
        /// Whether a second factor must have been proved lately, too.
        step_up: bool,
    },
    /// Who holds a permission.
    Permission {
        /// The permission.
        key: &'static str,
        /// Whether a second factor must have been proved lately, too.
        step_up: bool,
    },
}

impl Access {
    /// Whether it takes a second factor that was proved lately.
    pub fn is_step_up(&self) -> bool {
        matches!(self, Self::Authenticated { step_up: true } | Self::Permission { step_up: true, .. })
    }

    /// The permission that it takes, if one.
    pub fn permission(&self) -> Option<&'static str> {
        match self {
            Self::Permission { key, .. } => Some(key),
            Self::Public | Self::Enrolling | Self::Authenticated { .. } => None,
        }
    }
}

/// A root field's declaration.
#[derive(Clone, Copy, Debug)]
pub struct RootField {
    /// Its name in the schema.
    pub name: &'static str,
    /// The type that it is a field of.
    pub root: Root,
    /// Who may call it.
    pub access: Access,
    /// The events that a mutation records.
    pub emits: &'static [&'static str],
}

/// The root fields of one part of a root type.
pub trait RootFields {
    /// In the order of the source.
    const FIELDS: &'static [RootField];
}

/// How long a proof of a second factor counts, in seconds.
pub const STEP_UP_SECONDS: u32 = 300;

/// The guard of a root field.
#[derive(Clone, Copy, Debug)]
pub struct Requires(Access);

impl Requires {
    /// Needs `key`, and with `step_up` a second factor.
    pub const fn permission(key: &'static str, step_up: bool) -> Self {
        Self(Access::Permission { key, step_up })
    }

    /// Needs somebody, and with `step_up` a second factor.
    pub const fn authenticated(step_up: bool) -> Self {
        Self(Access::Authenticated { step_up })
    }

    /// Needs somebody, with or without a second factor.
    pub const fn enrolling() -> Self {
        Self(Access::Enrolling)
    }

    /// Needs nobody.
    pub const fn public() -> Self {
        Self(Access::Public)
    }
}

impl Guard for Requires {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        let request = ctx.request();
        let now = request.kernel().clock().now();
        let checked = match ctx.query_env.operation.node.ty {
            // One document may be many changes, which take their time: each is for who may do it when it begins.
            OperationType::Mutation => request.caller_now().and_then(|caller| {
                if let Some(impersonator) = caller.impersonator() {
                    impersonator.check(&self.0)?;
                }
                caller.check(&self.0, now)
            }),
            _ => request.caller().check(&self.0, now),
        };
        if let Err(error) = &checked {
            note_refusal(ctx, error).await;
        }
        Ok(checked?)
    }
}

/// Whether the caller of `ctx` may read objects of a type that takes `key`, on whatever way they were reached.
///
/// # Errors
/// FORBIDDEN, and it is on the record.
pub async fn check_read(ctx: &Context<'_>, key: &'static str) -> Result<()> {
    let request = ctx.request();
    let checked = request.caller().require(key);
    if let Err(error) = &checked {
        note_refusal(ctx, error).await;
    }
    checked
}

/// Puts a refusal on the record: for want of a permission, or of a second factor. Whoever has found a token hasn't that,
/// and its owner reads of it.
pub(super) async fn note_refusal(ctx: &Context<'_>, error: &Error) {
    let needed: &[_] = match error {
        Error::Forbidden(needed) => needed,
        Error::StepUpRequired { .. } | Error::MustEnrol | Error::InPlace { .. } => &[],
        Error::Invalid(invalid) if invalid.violations.iter().any(|violation| violation.is_denial) => &[],
        _ => return,
    };
    ctx.request().note_denial(ctx.field().name(), needed).await;
}

/// Anybody may, signed in or not.
#[TypeDirective(location = "FieldDefinition")]
pub fn public() {}

/// Anybody who is signed in may; `stepUp`: who has proved a second factor within the last five minutes; `enrolling`: also
/// who has none yet, and has to enrol one before anything else.
#[TypeDirective(location = "FieldDefinition")]
pub fn authenticated(
    #[graphql(default_with = "Flag(false)")] step_up: Flag,
    #[graphql(default_with = "Flag(false)")] enrolling: Flag,
) {
}

/// Needs this permission; `stepUp`: and a second factor proved within the last five minutes.
#[TypeDirective(location = "FieldDefinition")]
pub fn requires(permission: String, #[graphql(default_with = "Flag(false)")] step_up: Flag) {}

/// An argument like `stepUp: Boolean! = false` of `@requires`: a boolean that isn't printed where it is the default.
#[derive(Clone, Copy, Debug)]
pub struct Flag(pub bool);

impl InputType for Flag {
    type RawValueType = bool;

    fn type_name() -> Cow<'static, str> {
        <bool as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <bool as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        bool::parse(value).map(Self).map_err(InputValueError::propagate)
    }

    fn to_value(&self) -> Value {
        Value::Boolean(self.0)
    }

    fn as_raw_value(&self) -> Option<&bool> {
        self.0.then_some(&self.0)
    }
}
