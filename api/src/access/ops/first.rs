//! The first account, which nobody gives anything.

use ::entity::{
    admin_user::{self, AdminLevel},
    list::StringList,
    user::{self, UserStatus},
};

use super::sign_in::{Invitation, open_invitation};
use crate::{
    access::{
        events,
        store::{self, AdminUserRow},
    },
    kernel::{error::Result, tx::Tx},
};

/// The external id of the first account: unique, so that two first starts at once make one.
const OWNER: &str = "opsgate:owner";

/// What that person is called, until somebody says otherwise.
const NAME: &str = "Owner";
/// The address of the first account's owner, and the one that they sign in by.
pub const OWNER_EMAIL: &str = "owner@localhost";

/// Makes the first account, a super admin, and an invitation to it. None where there is an account already.
///
/// # Errors
/// Where the database refuses.
pub async fn bootstrap(tx: &mut Tx) -> Result<Option<Invitation>> {
    if !store::has_no_admin(tx.db()).await? {
        return Ok(None);
    }
    let now = tx.now();
    let user = user::Model {
        id: tx.new_id(),
        external_id: Some(OWNER.to_owned()),
        email: OWNER_EMAIL.to_owned(),
        name: NAME.to_owned(),
        search: user::Model::searchable(NAME, OWNER_EMAIL, Some(OWNER)),
        status: UserStatus::Active,
        verified_at: None,
        suspended_until: None,
        last_active_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let account = admin_user::Model {
        id: tx.new_id(),
        user_id: user.id,
        level: AdminLevel::SuperAdmin,
        permissions: StringList::default(),
        is_active: true,
        created_by: None,
        last_login_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    tx.record(events::user(&events::USER_CREATED, None, &account));
    store::insert_admin(tx.db(), AdminUserRow { account: account.clone(), user }).await?;
    tx.rights_changed().await?;
    open_invitation(tx, &account, OWNER_EMAIL.to_owned(), None).await.map(Some)
}
