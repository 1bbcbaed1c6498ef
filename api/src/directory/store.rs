//! Every query of the directory.

use std::collections::HashMap;

use ::entity::{organization, organization_member, user};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select};
use uuid::Uuid;

use crate::kernel::{actor::Boundary, db::Conn, error::Result};

/// The users within `boundary`: the members of its organizations.
pub(super) fn users(boundary: &Boundary) -> Select<user::Entity> {
    let select = user::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => {
            let members = organization_member::Entity::find()
                .select_only()
                .column(organization_member::Column::UserId)
                .filter(organization_member::Column::OrganizationId.is_in(ids.iter().copied()))
                .into_query();
            select.filter(user::Column::Id.in_subquery(members))
        }
    }
}

/// The organizations within `boundary`.
pub(super) fn organizations(boundary: &Boundary) -> Select<organization::Entity> {
    let select = organization::Entity::find();
    match boundary {
        Boundary::All => select,
        Boundary::Organizations(ids) => select.filter(organization::Column::Id.is_in(ids.iter().copied())),
    }
}

/// Users by id.
pub(super) async fn users_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, user::Model>> {
    let select = users(&Boundary::All).filter(user::Column::Id.is_in(ids.iter().copied()));
    Ok(select.all(db).await?.into_iter().map(|row| (row.id, row)).collect())
}

/// The organizations that users are members of, by the users' ids.
pub(super) async fn memberships(db: &Conn, users: &[Uuid]) -> Result<HashMap<Uuid, Vec<Uuid>>> {
    let rows = organization_member::Entity::find()
        .filter(organization_member::Column::UserId.is_in(users.iter().copied()))
        .all(db)
        .await?;
    let mut by_user: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        by_user.entry(row.user_id).or_default().push(row.organization_id);
    }
    Ok(by_user)
}

/// Organizations by id.
pub(super) async fn organizations_by_id(
    db: &Conn,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, organization::Model>> {
    let select = organizations(&Boundary::All).filter(organization::Column::Id.is_in(ids.iter().copied()));
    Ok(select.all(db).await?.into_iter().map(|row| (row.id, row)).collect())
}
