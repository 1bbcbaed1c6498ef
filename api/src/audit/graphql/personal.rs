//! What is personal in entries, as clients see it: on the record before it is shown.

use ::entity::audit_log;
use async_graphql::{Context, Json, Object, parser::types::OperationType};
use serde_json::Value;

use crate::{
    audit::{
        loaders::{Opened, PersonalReading, PersonalValues},
        ops::Reading,
        permissions,
        rules::{self, Body},
    },
    kernel::{
        error::{Error, Result, UserErrorCode},
        guard::check_read,
        request::RequestExt,
    },
};

/// Something about a person in an entry. The entry's hash covers a commitment to it, not the value, so that it can be
/// erased.
#[derive(Debug)]
pub struct AuditPersonalValue {
    path: String,
    commitment: String,
    opened: Option<Opened>,
}

/// Something about a person in an entry. The entry's hash covers a commitment to it, not the value, so that it can be
/// erased.
#[Object]
impl AuditPersonalValue {
    /// Where it would stand, as a JSONPath (RFC 9535) in `eventData`: `$.note`. `$request.…` for what the request said.
    async fn path(&self) -> &str {
        &self.path
    }

    /// The value. Null where it was erased.
    async fn value(&self) -> Result<Option<Json<Value>>> {
        Ok(self.read()?.map(Json))
    }

    /// Whether the value is gone for good.
    async fn is_erased(&self) -> bool {
        self.opened.is_none()
    }

    /// What the entry holds in its place: HMAC-SHA-256 under `salt` of the path, a zero byte and the canonical JSON of
    /// the value, in hexadecimal.
    async fn commitment(&self) -> &str {
        &self.commitment
    }

    /// The key of the commitment, in hexadecimal. Null where it was erased: nobody can guess the value without it.
    async fn salt(&self) -> Option<String> {
        self.opened.as_ref().map(|opened| hex::encode(&opened.salt))
    }
}

impl AuditPersonalValue {
    /// The value, where there is one still; a fault where it isn't the one that was recorded.
    fn read(&self) -> Result<Option<Value>> {
        let Some(opened) = &self.opened else { return Ok(None) };
        let value = opened.value.clone()?;
        if !rules::is_committed(&self.commitment, &opened.salt, &self.path, &value) {
            return Err(Error::internal("a personal value isn't the one that its audit entry commits to"));
        }
        Ok(Some(value))
    }
}

/// What is personal in `entry`, in the order of the paths.
///
/// # Errors
/// FORBIDDEN; BAD_USER_INPUT outside of queries; where the reading can't be recorded, nothing is shown.
pub(super) async fn read(ctx: &Context<'_>, entry: &audit_log::Model) -> Result<Vec<AuditPersonalValue>> {
    check_read(ctx, permissions::READ_PERSONAL).await?;
    if ctx.query_env.operation.node.ty != OperationType::Query {
        // Each delivery of a subscription would be a fact that is delivered in turn.
        let message = "personal values are shown by queries alone: read the entry by its id";
        return Err(Error::invalid(UserErrorCode::NotAllowed, "", message));
    }
    let request = ctx.request();
    let key = PersonalReading {
        reading: Reading {
            entry: entry.id,
            organization_id: entry.organization_id,
            subject: entry.subject.clone(),
            operation: ctx.query_env.operation_name.clone(),
            path: path(ctx),
        },
        author: request.author()?,
        kernel: request.kernel().clone(),
    };
    let opened = request.loaders().one::<PersonalValues>(key).await?.unwrap_or_default();
    let commitments = Body::read(&entry.body)?.personal;
    let values = commitments.into_iter().map(|(path, commitment)| AuditPersonalValue {
        opened: opened.get(&path).cloned(),
        path,
        commitment,
    });
    Ok(values.collect())
}

/// The one at `path`, where it is a text.
///
/// # Errors
/// As [`read`].
pub(super) async fn read_text(
    ctx: &Context<'_>,
    entry: &audit_log::Model,
    path: &str,
) -> Result<Option<String>> {
    let personal = read(ctx, entry).await?;
    let Some(value) = personal.iter().find(|value| value.path == path) else { return Ok(None) };
    Ok(value.read()?.and_then(|value| value.as_str().map(str::to_owned)))
}

/// The field of `ctx` as a path from the root, without the places in lists.
fn path(ctx: &Context<'_>) -> String {
    let mut names = ctx.path_node.map(|node| node.to_string_vec()).unwrap_or_default();
    names.retain(|name| !name.bytes().all(|byte| byte.is_ascii_digit()));
    names.join(".")
}
