//! Filters: the inputs by which clients choose rows, declared once a type.
//!
//! `filter!` lists a filter's fields: the operators that each takes and the [`Subject`] that they are applied to. From
//! that come the GraphQL input and its translation into a [`Predicate`], with `and`, `or` and `not` beside the fields.

use super::{
    column::Column,
    predicate::{Items, Predicate},
    walk::Walk,
};
use crate::kernel::{error::Result, id::Prefix, object::Stored};

/// A GraphQL input that chooses rows. `filter!` implements it.
pub trait Filter: Sized {
    /// The fields that look at a row, by their GraphQL names: what the state of an event must hold.
    fn fields() -> Vec<String>;

    /// The condition, as far as it is right; what isn't is noted in `walk`.
    fn translate(&self, walk: &mut Walk) -> Predicate;

    /// The condition of the argument `filter`; every row where it isn't given.
    ///
    /// # Errors
    /// BAD_USER_INPUT with all that is wrong: ids of another type, nulls, or more than a filter takes.
    fn predicate(&self) -> Result<Predicate> {
        Walk::through("filter", self)
    }
}

impl<F: Filter> Filter for Option<F> {
    fn fields() -> Vec<String> {
        F::fields()
    }

    fn translate(&self, walk: &mut Walk) -> Predicate {
        self.as_ref().map_or_else(Predicate::default, |filter| filter.translate(walk))
    }
}

/// What operators are applied to.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A column of the row.
    Column(Column),
    /// The row's values in a side table: one of them must pass all operators.
    Items(Items),
}

impl<C: Into<Column>> From<C> for Subject {
    fn from(column: C) -> Self {
        Self::Column(column.into())
    }
}

impl From<Items> for Subject {
    fn from(items: Items) -> Self {
        Self::Items(items)
    }
}

/// A [`Subject`] whose values are ids.
#[derive(Clone, Debug)]
pub struct Ids {
    pub(super) subject: Subject,
    /// The type of the objects, where it is one; else the ids are stored as they are shown.
    pub(super) ty: Option<(Prefix, &'static str)>,
    /// The nil UUID is none.
    pub(super) is_nil_none: bool,
}

impl Ids {
    /// UUIDs of `S`s.
    pub fn of<S: Stored>(subject: impl Into<Subject>) -> Self {
        Self::typed(S::PREFIX, S::NOUN, subject)
    }

    /// UUIDs of the type with this prefix, called `noun` in messages.
    pub fn typed(prefix: Prefix, noun: &'static str, subject: impl Into<Subject>) -> Self {
        Self { subject: subject.into(), ty: Some((prefix, noun)), is_nil_none: false }
    }

    /// Ids of several types, stored as text: an actor's.
    pub fn any(subject: impl Into<Subject>) -> Self {
        Self { subject: subject.into(), ty: None, is_nil_none: false }
    }

    /// The same, where the nil UUID says that there is none: the organization of the platform's own rows.
    pub fn or_nil(self) -> Self {
        Self { is_nil_none: true, ..self }
    }
}

/// Declares a filter: the input type and its translation.
///
/// ```text
/// page::filter! {
///     /// Which incidents.
///     pub IncidentFilter {
///         /// Where it stands.
///         status: EnumFilter<IncidentStatus> => Column::Status,
///         /// Who works on it.
///         assignee_id: IdFilter => Ids::of::<AdminUser>(Column::AssigneeId),
///         /// The names of the services that it affects.
///         affected_service: StringFilter =>
///             Items::new(incident_service::Column::ServiceName, incident_service::Column::IncidentId, Column::Id),
///     }
/// }
/// ```
macro_rules! filter {
    ($(#[$doc:meta])* pub $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $operators:ty => $subject:expr),* $(,)?
    }) => {
        $(#[$doc])*
        ///
        /// Each field that is given must hold; without any, everything passes. What has no value passes no
        /// comparison, nor the opposite of one: ask for it by `isNull`.
        #[derive(Clone, Debug, Default, async_graphql::InputObject)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<$operators>,)*
            /// Each of these must hold. An empty list holds.
            pub and: Option<Vec<$name>>,
            /// At least one of these must hold. An empty list doesn't.
            pub or: Option<Vec<$name>>,
            /// This must not hold.
            pub not: Option<Box<$name>>,
        }

        impl $crate::kernel::page::Filter for $name {
            fn fields() -> Vec<String> {
                vec![$($crate::kernel::page::camel(stringify!($field))),*]
            }

            fn translate(&self, walk: &mut $crate::kernel::page::Walk) -> $crate::kernel::page::Predicate {
                let mut all = Vec::new();
                $(
                    if let Some(operators) = &self.$field {
                        let key = $crate::kernel::page::camel(stringify!($field));
                        let subject = <$operators as $crate::kernel::page::Operators>::Subject::from($subject);
                        all.push(walk.at(key.clone(), |walk| {
                            $crate::kernel::page::Operators::translate(operators, &key, subject, walk)
                        }));
                    }
                )*
                all.extend(walk.connect(self.and.as_deref(), self.or.as_deref(), self.not.as_deref()));
                $crate::kernel::page::Predicate::All(all)
            }
        }
    };
}
pub(crate) use filter;
