//! Every query of the directory.

use std::collections::HashMap;

use ::entity::{organization, organization_member, user};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select};
use uuid::Uuid;

use crate::kernel::{actor::Boundary, db::Conn, error::Result};

/// A user with the organizations that they are a member of.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// The user.
    pub user: user::Model,
    /// Whose members they are: what brings them into a boundary.
    pub organizations: Vec<Uuid>,
}

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

/// Users by id, in two statements.
pub(super) async fn users_by_id(db: &Conn, ids: &[Uuid]) -> Result<HashMap<Uuid, UserRow>> {
    let found = users(&Boundary::All).filter(user::Column::Id.is_in(ids.iter().copied())).all(db).await?;
    let members = organization_member::Entity::find()
        .filter(organization_member::Column::UserId.is_in(ids.iter().copied()))
        .all(db)
        .await?;
    let mut rows: HashMap<_, _> =
        found.into_iter().map(|user| (user.id, UserRow { user, organizations: vec![] })).collect();
    for member in members {
        if let Some(row) = rows.get_mut(&member.user_id) {
            row.organizations.push(member.organization_id);
        }
    }
    Ok(rows)
}

/// Organizations by id.
pub(super) async fn organizations_by_id(
    db: &Conn,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, organization::Model>> {
    let select = organizations(&Boundary::All).filter(organization::Column::Id.is_in(ids.iter().copied()));
    Ok(select.all(db).await?.into_iter().map(|row| (row.id, row)).collect())
}
