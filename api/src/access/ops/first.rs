//! The first account, which nobody gives anything.

use ::entity::{
    admin_user::{self, AdminLevel},
    list::StringList,
    user::{self, UserStatus},
};

use super::tokens::{NewToken, create_token};
use crate::{
    access::{
        events,
        store::{self, AdminUserRow},
    },
    kernel::{actor::PLATFORM, error::Result, token::ApiToken, tx::Tx},
};

/// The external id of the first account: unique, so that two first starts at once make one.
const OWNER: &str = "opsgate:owner";

/// What that person is called, until somebody says otherwise.
const NAME: &str = "Owner";
const EMAIL: &str = "owner@localhost";

/// Makes the first account, a super admin, and a token that acts as it. None where there is an account already.
///
/// # Errors
/// Where the database refuses.
pub async fn bootstrap(tx: &mut Tx) -> Result<Option<ApiToken>> {
    if !store::has_no_admin(tx.db()).await? {
        return Ok(None);
    }
    let now = tx.now();
    let user = user::Model {
        id: tx.new_id(),
        external_id: Some(OWNER.to_owned()),
        email: EMAIL.to_owned(),
        name: NAME.to_owned(),
        search: user::Model::searchable(NAME, EMAIL, Some(OWNER)),
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
    let id = account.id;
    tx.record(events::user(&events::USER_CREATED, None, &account));
    store::insert_admin(tx.db(), AdminUserRow { account, user }).await?;
    let token = create_token(
        tx,
        NewToken {
            name: "owner".to_owned(),
            scopes: vec!["*".to_owned()],
            organization_id: PLATFORM,
            expires_at: None,
            admin_user_id: Some(id),
        },
    )
    .await?;
    Ok(Some(token))
}
