//! Who is in the demo: they come into the register, get their accounts and tokens, and act in their own names.

use std::collections::HashMap;

use ::entity::{admin_user::AdminLevel, audit_log::AuditSurface};
use uuid::Uuid;

use super::{
    content::{
        alerts::SOURCES,
        people::{ORGANIZATIONS, PARTNER, STAFF},
        services::SERVICES,
    },
    platform::{PATIENCE_MS, Platform},
};
use crate::{
    access::{self, Granter, NewAdminUser, NewToken},
    directory::{self, NewOrganization, UserRecord},
    kernel::{
        Kernel,
        actor::{Actor, Boundary},
        error::{Error, Result},
        token::ApiToken,
        tx::{Author, Tx},
    },
    monitoring::{self, NewService, ProbeChanges},
};

/// The system that says who is on the platform.
pub const ACCOUNTS: &str = "accounts";
/// From one probe to the next within the thirty days.
pub const INTERVAL_SECONDS: i32 = 300;
/// From one probe to the next while somebody watches, and how many make a service DOWN then.
const LIVE_INTERVAL_SECONDS: i32 = 5;
const LIVE_FAILURES_TO_DOWN: i32 = 2;

/// Everybody and everything that stories name.
#[derive(Clone, Debug, Default)]
pub struct Cast {
    staff: HashMap<&'static str, (Uuid, &'static str)>,
    systems: HashMap<&'static str, Uuid>,
    organizations: HashMap<&'static str, Uuid>,
    services: HashMap<&'static str, Uuid>,
}

/// A token that is printed, and whose it is.
#[derive(Clone, Debug)]
pub struct Pass {
    /// What kind of user it is for.
    pub role: &'static str,
    /// As whom it acts, or whose rows it shows.
    pub name: &'static str,
    /// The token.
    pub token: ApiToken,
}

impl Cast {
    /// The operators, their accounts, and the systems around the gateway with their tokens.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn hire(kernel: &Kernel) -> Result<Self> {
        let mut cast = Self::default();
        let mut tx = machine(kernel).await?;
        let records = STAFF.iter().map(|staff| UserRecord {
            external_id: format!("staff-{}", staff.key),
            email: format!("{}@reptidex.example", staff.key),
            name: staff.name.to_owned(),
            is_verified: true,
            last_active_at: None,
            is_deleted: false,
        });
        let people = directory::upsert_users(&mut tx, records.collect()).await?;
        let mut staff = STAFF.iter().zip(people);
        if let Some((first, person)) = staff.next() {
            let account = employ(&mut tx, person.id, first.level).await?;
            cast.staff.insert(first.key, (account, first.address));
        }
        tx.commit().await?;

        let mut tx = Tx::begin(kernel, cast.person(STAFF[0].key)?).await?;
        for (staff, person) in staff {
            let account = employ(&mut tx, person.id, staff.level).await?;
            cast.staff.insert(staff.key, (account, staff.address));
        }
        for system in SOURCES {
            cast.add_system(
                &mut tx,
                system,
                &["monitoring.read", "monitoring.trigger", "monitoring.respond"],
            )
            .await?;
        }
        cast.add_system(&mut tx, ACCOUNTS, &["directory.read"]).await?;
        tx.commit().await?;
        Ok(cast)
    }

    async fn add_system(&mut self, tx: &mut Tx, name: &'static str, scopes: &[&str]) -> Result<()> {
        let (row, _) = access::issue_token(tx, token(name, scopes)).await?;
        self.systems.insert(name, row.id);
        Ok(())
    }

    /// The organizations, without their members.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn sign_up(&mut self, kernel: &Kernel) -> Result<()> {
        let mut tx = Tx::begin(kernel, self.system(ACCOUNTS)?).await?;
        for organization in ORGANIZATIONS {
            let new = NewOrganization {
                slug: organization.slug.to_owned(),
                name: organization.name.to_owned(),
                status: organization.status,
            };
            let row = directory::create_organization(&mut tx, new).await?;
            self.organizations.insert(organization.slug, row.id);
        }
        tx.commit().await?;
        Ok(())
    }

    /// The services, each asked on `platform`.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn watch(&mut self, kernel: &Kernel, platform: &Platform) -> Result<()> {
        let mut tx = Tx::begin(kernel, self.person("tomasz")?).await?;
        for service in SERVICES {
            let depends_on =
                service.depends_on.iter().map(|name| self.service(name)).collect::<Result<_>>()?;
            let new = NewService {
                name: service.name.to_owned(),
                description: Some(service.description.to_owned()),
                tier: service.tier,
                owner: Some(service.owner.to_owned()),
                depends_on,
                probe: ProbeChanges {
                    target: Some(Some(platform.target(service))),
                    interval_seconds: Some(INTERVAL_SECONDS),
                    timeout_ms: Some(PATIENCE_MS),
                    ..ProbeChanges::default()
                },
                maintenance_until: None,
                organization_id: None,
            };
            let row = monitoring::register(&mut tx, new).await?;
            self.services.insert(service.name, row.id);
        }
        tx.commit().await?;
        Ok(())
    }

    /// Has the services asked as often as can be, now that somebody watches.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn watch_closely(&self, kernel: &Kernel) -> Result<()> {
        let mut tx = Tx::begin(kernel, self.person("tomasz")?).await?;
        for service in SERVICES {
            let changes = monitoring::Changes {
                probe: ProbeChanges {
                    interval_seconds: Some(LIVE_INTERVAL_SECONDS),
                    failures_to_down: Some(LIVE_FAILURES_TO_DOWN),
                    ..ProbeChanges::default()
                },
                ..monitoring::Changes::default()
            };
            monitoring::update(&mut tx, self.service(service.name)?, changes, None).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// A token for each kind of user, to be printed.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn passes(&self, kernel: &Kernel) -> Result<Vec<Pass>> {
        let mut tx = machine(kernel).await?;
        let mut passes = Vec::new();
        for (role, key) in [("super admin", "ines"), ("on call", "maja"), ("support", "aiko")] {
            let staff = STAFF.iter().find(|staff| staff.key == key).ok_or_else(|| unknown(key))?;
            let new = NewToken { admin_user_id: Some(self.account(key)?), ..token(role, &["*"]) };
            passes.push(Pass { role, name: staff.name, token: access::create_token(&mut tx, new).await? });
        }
        let partner = ORGANIZATIONS.iter().find(|organization| organization.slug == PARTNER);
        let partner = partner.ok_or_else(|| unknown(PARTNER))?;
        let new = NewToken {
            organization_id: self.organization(PARTNER)?,
            ..token(partner.name, &["incidents.read", "monitoring.read", "events.read"])
        };
        passes.push(Pass {
            role: "partner",
            name: partner.name,
            token: access::create_token(&mut tx, new).await?,
        });
        tx.commit().await?;
        Ok(passes)
    }

    /// The operator `key`, at their desk.
    ///
    /// # Errors
    /// INTERNAL where there is no such person.
    pub fn person(&self, key: &str) -> Result<Author> {
        let (id, address) = self.staff.get(key).ok_or_else(|| unknown(key))?;
        Ok(Author {
            actor: Actor::admin(*id),
            surface: AuditSurface::Console,
            ip_address: Some((*address).to_owned()),
            ..Author::system(key)
        })
    }

    /// The system `name`, by its token.
    ///
    /// # Errors
    /// INTERNAL where there is no such system.
    pub fn system(&self, name: &str) -> Result<Author> {
        let id = self.systems.get(name).ok_or_else(|| unknown(name))?;
        Ok(Author {
            actor: Actor::token(*id),
            boundary: Boundary::All,
            surface: AuditSurface::Api,
            ..Author::system(name)
        })
    }

    /// The account of the operator `key`.
    ///
    /// # Errors
    /// INTERNAL where there is no such person.
    pub fn account(&self, key: &str) -> Result<Uuid> {
        self.staff.get(key).map(|(id, _)| *id).ok_or_else(|| unknown(key))
    }

    /// The organization of a slug.
    ///
    /// # Errors
    /// INTERNAL where there is none.
    pub fn organization(&self, slug: &str) -> Result<Uuid> {
        self.organizations.get(slug).copied().ok_or_else(|| unknown(slug))
    }

    /// The service of a name.
    ///
    /// # Errors
    /// INTERNAL where there is none.
    pub fn service(&self, name: &str) -> Result<Uuid> {
        self.services.get(name).copied().ok_or_else(|| unknown(name))
    }
}

/// Whoever sits at the machine and starts the demo.
async fn machine(kernel: &Kernel) -> Result<Tx> {
    Tx::begin(kernel, Author { surface: AuditSurface::Cli, ..Author::system("demo") }).await
}

fn token(name: &str, scopes: &[&str]) -> NewToken {
    NewToken {
        name: name.to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..NewToken::default()
    }
}

fn unknown(name: &str) -> Error {
    Error::internal(format!("the demo knows no {name}"))
}

/// Makes an account for somebody of the staff, and answers its id.
async fn employ(tx: &mut Tx, user_id: Uuid, level: AdminLevel) -> Result<Uuid> {
    let new = NewAdminUser { user_id, level, permissions: vec![] };
    Ok(access::create_admin_user(tx, &Granter::Machine, new).await?.id)
}
