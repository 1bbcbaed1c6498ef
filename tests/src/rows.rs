//! What no mutation can make yet: rows that a test puts into the database past the gateway.

use chrono::{DateTime, Utc};
use entity::{
    actor_kind::ActorKind,
    admin_user::{self, AdminLevel},
    api_token, authz_epoch, ip_allow_entry,
    list::StringList,
    organization::{self, OrganizationStatus},
    organization_member, role, role_assignment,
    user::{self, UserStatus},
};
use opsgate::kernel::token::ApiToken;
use sea_orm::{
    ActiveEnum, ActiveModelBehavior, ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait,
    IntoActiveModel, QueryFilter, sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use crate::{Client, TestGateway};

impl TestGateway {
    /// Puts a row into the database.
    pub async fn plant<A>(&self, row: impl IntoActiveModel<A>)
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
    {
        let db = self.database().sql().await;
        A::Entity::insert(row.into_active_model()).exec_without_returning(db).await.unwrap();
    }

    /// Puts rows into the database, in one statement.
    pub async fn plant_all<A, R>(&self, rows: Vec<R>)
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        R: IntoActiveModel<A>,
    {
        let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
        let insert = A::Entity::insert_many(rows);
        insert.exec_without_returning(self.database().sql().await).await.unwrap();
    }

    /// Tells every process that rights changed, and waits until this one has read them.
    pub async fn rights_changed(&self) {
        bump(self.database().sql().await).await;
        self.rights_read().await;
    }

    /// An organization.
    pub async fn organization(&self, slug: &str) -> Uuid {
        let row = self.organization_row(slug);
        let id = row.id;
        self.plant(row).await;
        id
    }

    /// An organization that went into another one.
    pub async fn merged_organization(&self, slug: &str, into: Uuid) -> Uuid {
        let row = organization::Model {
            status: OrganizationStatus::Merged,
            merged_into_id: Some(into),
            ..self.organization_row(slug)
        };
        let id = row.id;
        self.plant(row).await;
        self.rights_changed().await;
        id
    }

    /// Puts an organization into another one.
    pub async fn merge_organizations(&self, source: Uuid, target: Uuid) {
        let db = self.database().sql().await;
        organization::Entity::update_many()
            .col_expr(organization::Column::MergedIntoId, Expr::value(target))
            .col_expr(organization::Column::Status, Expr::value(OrganizationStatus::Merged.to_value()))
            .filter(organization::Column::Id.eq(source))
            .exec(db)
            .await
            .unwrap();
        self.rights_changed().await;
    }

    fn organization_row(&self, slug: &str) -> organization::Model {
        let now = self.kernel().clock().now();
        organization::Model {
            id: self.kernel().new_id(now),
            external_id: None,
            slug: slug.to_owned(),
            name: slug.to_uppercase(),
            status: OrganizationStatus::Active,
            settings: json!({}),
            merged_into_id: None,
            merged_at: None,
            merged_rows: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// A person.
    pub async fn user(&self, name: &str) -> Uuid {
        let now = self.kernel().clock().now();
        let email = format!("{}@example.com", name.to_lowercase());
        let row = user::Model {
            id: self.kernel().new_id(now),
            external_id: None,
            search: user::Model::searchable(name, &email, None),
            email,
            name: name.to_owned(),
            status: UserStatus::Active,
            verified_at: None,
            suspended_until: None,
            last_active_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let id = row.id;
        self.plant(row).await;
        id
    }

    /// A person who is a member of an organization.
    pub async fn member(&self, name: &str, organization_id: Uuid) -> Uuid {
        let now = self.kernel().clock().now();
        let user_id = self.user(name).await;
        let row = organization_member::Model {
            id: self.kernel().new_id(now),
            organization_id,
            user_id,
            role: "member".to_owned(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        self.plant(row).await;
        user_id
    }

    /// The id of the owner's account.
    pub async fn owner_id(&self) -> String {
        let answer = self.owner().run("{ viewer { adminUser { id } } }").await.ok();
        answer.text("/viewer/adminUser/id").to_owned()
    }

    /// An active admin account.
    pub async fn account(&self, name: &str, level: AdminLevel) -> Uuid {
        let now = self.kernel().clock().now();
        let row = admin_user::Model {
            id: self.kernel().new_id(now),
            user_id: self.user(name).await,
            level,
            permissions: StringList::default(),
            is_active: true,
            created_by: None,
            last_login_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let id = row.id;
        self.plant(row).await;
        self.rights_changed().await;
        id
    }

    /// A role.
    pub async fn role(&self, name: &str, permissions: &[&str]) -> Uuid {
        let now = self.kernel().clock().now();
        let row = role::Model {
            id: self.kernel().new_id(now),
            name: name.to_owned(),
            description: format!("{name} does this"),
            permissions: StringList(permissions.iter().map(|&key| key.to_owned()).collect()),
            is_built_in: false,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let id = row.id;
        self.plant(row).await;
        id
    }

    /// An account's having a role.
    pub async fn assign(&self, role: Uuid, account: Uuid, expires_at: Option<DateTime<Utc>>) -> Uuid {
        let now = self.kernel().clock().now();
        let row = role_assignment::Model {
            id: self.kernel().new_id(now),
            role_id: role,
            role_name: "planted".to_owned(),
            admin_user_id: account,
            granted_by_kind: ActorKind::System,
            granted_by_id: "test".to_owned(),
            granted_at: now,
            expires_at,
            revoked_by_kind: None,
            revoked_by_id: None,
            revoked_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let id = row.id;
        self.plant(row).await;
        self.rights_changed().await;
        id
    }

    /// Takes an account out of use.
    pub async fn deactivate(&self, account: Uuid) {
        let db = self.database().sql().await;
        admin_user::Entity::update_many()
            .col_expr(admin_user::Column::IsActive, Expr::value(false))
            .filter(admin_user::Column::Id.eq(account))
            .exec(db)
            .await
            .unwrap();
        self.rights_changed().await;
    }

    /// Gives an account a level.
    pub async fn set_level(&self, account: Uuid, level: AdminLevel) {
        let db = self.database().sql().await;
        admin_user::Entity::update_many()
            .col_expr(admin_user::Column::Level, Expr::value(level.to_value()))
            .filter(admin_user::Column::Id.eq(account))
            .exec(db)
            .await
            .unwrap();
        self.rights_changed().await;
    }

    /// The id of the token of `client`.
    pub async fn token_id(&self, client: &Client) -> Uuid {
        let hash = ApiToken::parse(client.credential().unwrap()).unwrap().hash();
        let token = api_token::Entity::find().filter(api_token::Column::TokenHash.eq(hash.to_vec()));
        token.one(self.kernel().db().reader()).await.unwrap().unwrap().id
    }

    /// A network that accounts of a level are accepted from.
    pub async fn allow(&self, level: AdminLevel, network: &str, description: &str) -> Uuid {
        let now = self.kernel().clock().now();
        let row = ip_allow_entry::Model {
            id: self.kernel().new_id(now),
            level,
            network: network.to_owned(),
            description: description.to_owned(),
            created_by: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let id = row.id;
        self.plant(row).await;
        self.rights_changed().await;
        id
    }

    /// Revokes a client's API token, as some other process does: nobody here is told.
    pub async fn revoke(&self, client: &Client) {
        let hash = ApiToken::parse(client.credential().unwrap()).unwrap().hash();
        let db = self.database().sql().await;
        let now = self.kernel().clock().now();
        let revoked = api_token::Entity::update_many()
            .col_expr(api_token::Column::RevokedAt, Expr::value(now))
            .filter(api_token::Column::TokenHash.eq(hash.to_vec()))
            .exec(db)
            .await
            .unwrap();
        assert_eq!(revoked.rows_affected, 1);
        bump(db).await;
    }
}

async fn bump(db: &impl ConnectionTrait) {
    authz_epoch::Entity::update_many()
        .col_expr(authz_epoch::Column::Epoch, Expr::col(authz_epoch::Column::Epoch).add(1))
        .exec(db)
        .await
        .unwrap();
}
