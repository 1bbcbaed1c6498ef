//! Stored objects: what has an id, a read permission and an owner, on whatever way it is reached.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, ID};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{
    actor::Boundary,
    eager::{AtHand, Eager},
    error::{Error, Result, UserErrorCode, Violation},
    guard::check_read,
    id::{self, IdError, Prefix},
    loader::Load,
    request::RequestExt,
};

/// A GraphQL type whose objects are rows with an id.
pub trait Stored: AtHand + Sized + 'static {
    /// The row behind it.
    type Row: Clone + Send + Sync + 'static;
    /// How rows are loaded by id.
    type ById: Load<Key = Uuid, Value = Arc<Self::Row>>;
    /// The prefix of its ids.
    const PREFIX: Prefix;
    /// What messages call it: `incident`.
    const NOUN: &'static str;
    /// The permission that reading one takes, on every way to it.
    const READ: &'static str;

    /// The object of a row.
    fn of(row: Arc<Self::Row>) -> Self;

    /// The row's id.
    fn id_of(row: &Self::Row) -> Uuid;

    /// Whether the row lies within `boundary`.
    fn is_within(row: &Self::Row, boundary: &Boundary) -> bool;

    /// Whether the caller may see the row: [`is_within`](Self::is_within), unless more than the row decides.
    fn is_visible(ctx: &Context<'_>, row: &Self::Row) -> impl Future<Output = Result<bool>> + Send {
        let is_within = Self::is_within(row, &ctx.request().caller().boundary);
        async move { Ok(is_within) }
    }
}

/// The object `id`, or none where it isn't there or isn't the caller's.
///
/// # Errors
/// FORBIDDEN where the caller may not read objects of this type.
pub async fn by_id<S: Stored>(ctx: &Context<'_>, id: Uuid) -> Result<Option<S>> {
    check_read(ctx, S::READ).await?;
    let request = ctx.request();
    match request.loaders().one::<S::ById>(id).await? {
        Some(row) if S::is_visible(ctx, &row).await? => Ok(Some(S::of(row))),
        _ => Ok(None),
    }
}

/// The object of an edge: [`by_id`], where there is an id.
///
/// # Errors
/// As [`by_id`].
pub async fn edge<S: Stored>(ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<Eager<S>>> {
    match id {
        Some(id) => Ok(by_id(ctx, id).await?.map(Eager)),
        None => Ok(None),
    }
}

/// The object of an id as it came from the client; none where it isn't there or isn't the caller's.
///
/// # Errors
/// BAD_USER_INPUT where it is no id, or another type's.
pub async fn find<S: Stored>(ctx: &Context<'_>, id: &ID) -> Result<Option<S>> {
    let id = parse_id(S::PREFIX, S::NOUN, id, "").map_err(Error::from)?;
    by_id(ctx, id).await
}

/// Reads the id of a `noun` that stands at the input field `field`.
///
/// # Errors
/// A violation that says what it is instead.
pub fn parse_id(prefix: Prefix, noun: &str, id: &ID, field: &str) -> Result<Uuid, Violation> {
    prefix.parse(id).map_err(|error| {
        let message = match error {
            IdError::WrongType { expected, found } => {
                format!("this is the id of another type ({found}_…), not of the {noun} that is wanted here ({expected}_…)")
            }
            IdError::Malformed => format!("this isn't an id: the id of the {noun} looks like {}_01j9…", prefix.0),
        };
        Violation::new(UserErrorCode::Invalid, field, message)
    })
}

/// How `node` finds objects: a function a type, by the prefix of its ids.
pub struct Nodes<N> {
    find: HashMap<&'static str, Find<N>>,
    reads: Vec<(String, &'static str)>,
}

type Find<N> = for<'a> fn(&'a Context<'a>, Uuid) -> BoxFuture<'a, Result<Option<N>>>;

impl<N: 'static> Nodes<N> {
    /// No type yet.
    #[expect(clippy::new_without_default, reason = "an empty one finds nothing: it is only a start")]
    pub fn new() -> Self {
        Self { find: HashMap::new(), reads: Vec::new() }
    }

    /// And `S`.
    pub fn with<S: Stored + Into<N> + Send>(mut self) -> Self {
        self.reads.push((S::type_name().into_owned(), S::READ));
        self.find.insert(S::PREFIX.0, |ctx, id| {
            Box::pin(async move { Ok(by_id::<S>(ctx, id).await?.map(Into::into)) })
        });
        self
    }

    /// The types, each with the permission that reading one of its objects takes.
    pub fn reads(&self) -> impl Iterator<Item = (String, &'static str)> {
        self.reads.iter().cloned()
    }

    /// The object of a TypeID; none where it isn't there or isn't the caller's.
    ///
    /// # Errors
    /// BAD_USER_INPUT where it is no id of a type that is known here.
    pub async fn find<'a>(&self, ctx: &'a Context<'a>, id: &ID) -> Result<Option<N>> {
        let unknown = |message: &str| Error::invalid(UserErrorCode::Invalid, "", message);
        let (prefix, uuid) =
            id::split(id).map_err(|_| unknown("this isn't an id: one looks like inc_01j9…"))?;
        let find = self.find.get(prefix).ok_or_else(|| unknown("no type here has ids with this prefix"))?;
        find(ctx, uuid).await
    }
}
