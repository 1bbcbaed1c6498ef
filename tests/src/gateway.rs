//! A gateway in the test's own process.

use std::net::SocketAddr;

use chrono::{DateTime, TimeDelta, Utc};
use opsgate::{
    access::{self, NewToken},
    app::App,
    config::Overrides,
    kernel::{Kernel, actor::PLATFORM, clock::Clock, tx::Tx},
};
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

use crate::{Client, Database, until};

/// When the tests' time begins: a Saturday.
pub const START: &str = "2026-11-21T03:00:00Z";

/// A running gateway.
#[derive(Debug)]
pub struct TestGateway {
    /// Its database. Dropped last.
    database: std::sync::Arc<Database>,
    kernel: Kernel,
    address: SocketAddr,
    owner: Client,
    invitation: Option<String>,
    serving: Option<JoinHandle<std::io::Result<()>>>,
}

impl TestGateway {
    /// One on a database of its own, with a clock that stands still.
    pub async fn start() -> Self {
        Self::start_with(Overrides::default()).await
    }

    /// The same, with further settings.
    pub async fn start_with(overrides: Overrides) -> Self {
        let start: DateTime<Utc> = START.parse().unwrap();
        Self::start_on(Database::create().await.into(), overrides, Clock::manual(start)).await
    }

    /// As many as share a database: two on PostgreSQL, and one on SQLite, which has one process. Each has a clock of its own
    /// that stands still.
    pub async fn start_replicas() -> Vec<Self> {
        let database = std::sync::Arc::new(Database::create().await);
        let mut replicas = Vec::new();
        for _ in 0..if Database::is_postgres() { 2 } else { 1 } {
            let clock = Clock::manual(START.parse().unwrap());
            replicas.push(Self::start_on(database.clone(), Overrides::default(), clock).await);
        }
        replicas
    }

    /// The same, on a database that is there already.
    pub async fn start_on(database: std::sync::Arc<Database>, overrides: Overrides, clock: Clock) -> Self {
        let app = App::open(database.config_with(overrides), clock).await.unwrap();
        let kernel = app.kernel().clone();
        let invitation = app.bootstrap().await.unwrap();
        let token = match &invitation {
            // Whether the owner has accepted it by now is no matter of most tests.
            Some(_) => make_owner_token(&kernel).await,
            // The second gateway on one database: its owner is the first's, its token one of its own.
            None => make_token(&kernel, &["*"], PLATFORM, None).await,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(app.serve(listener));
        let gateway = Self {
            owner: Client::new(address, Some(&token)),
            invitation: invitation.map(|invitation| invitation.token.expose().to_owned()),
            database,
            kernel,
            address,
            serving: Some(serving),
        };
        gateway.rights_read().await;
        gateway
    }

    /// The owner: a super admin.
    pub fn owner(&self) -> &Client {
        &self.owner
    }

    /// What the first start prints for the owner.
    pub fn invitation(&self) -> Option<&str> {
        self.invitation.as_deref()
    }

    /// Nobody.
    pub fn nobody(&self) -> Client {
        Client::new(self.address, None)
    }

    /// Whoever shows this credential.
    pub fn client(&self, credential: &str) -> Client {
        Client::new(self.address, Some(credential))
    }

    /// A token with these scopes, for the whole platform.
    pub async fn with_scopes(&self, scopes: &[&str]) -> Client {
        self.token(scopes, PLATFORM, None).await
    }

    /// A token with these scopes within an organization.
    pub async fn partner(&self, scopes: &[&str], organization: Uuid) -> Client {
        self.token(scopes, organization, None).await
    }

    /// A token with an end.
    pub async fn token(
        &self,
        scopes: &[&str],
        organization: Uuid,
        expires_at: Option<DateTime<Utc>>,
    ) -> Client {
        let token = make_token(&self.kernel, scopes, organization, expires_at).await;
        self.rights_read().await;
        self.client(&token)
    }

    /// A token that acts as an account, within these scopes.
    pub async fn acting(&self, account: Uuid, scopes: &[&str]) -> Client {
        let new = NewToken {
            name: "acting".to_owned(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            admin_user_id: Some(account),
            ..NewToken::default()
        };
        self.token_of(new).await
    }

    /// Whoever shows a new token.
    pub async fn token_of(&self, new: NewToken) -> Client {
        let mut tx = Tx::system(&self.kernel, "test").await.unwrap();
        let token = access::create_token(&mut tx, new).await.unwrap();
        tx.commit().await.unwrap();
        self.rights_read().await;
        self.client(token.expose())
    }

    /// Has the token of `client` run these documents and nothing else; where there is no list, any.
    pub async fn trust(&self, client: &Client, documents: Option<&[&str]>) {
        let mut tx = Tx::system(&self.kernel, "test").await.unwrap();
        let id = self.token_id(client).await;
        let documents = documents.map(|texts| texts.iter().map(|&text| text.to_owned()).collect());
        access::trust(&mut tx, id, documents).await.unwrap();
        tx.commit().await.unwrap();
        self.rights_read().await;
    }

    /// Waits until this process's rights are as the database has them.
    pub async fn rights_read(&self) {
        use sea_orm::EntityTrait;
        let row =
            entity::authz_epoch::Entity::find_by_id(1).one(self.kernel.db().reader()).await.unwrap().unwrap();
        let mut rights = self.kernel.rights().watch();
        self.kernel.rights().poke();
        rights.wait_for(|snapshot| snapshot.epoch >= row.epoch).await.unwrap();
    }

    /// Moves the time.
    pub fn advance(&self, by: TimeDelta) {
        self.kernel.clock().advance(by);
    }

    /// Waits until everything that is due at this time is done: events sequenced, delivered and reacted to, tasks run.
    pub async fn run_until_idle(&self) {
        // Nothing tells when the last of many independent parts is done, so it is asked for.
        until("the gateway is idle", async || self.kernel.is_idle().await.unwrap()).await;
    }

    /// The kernel inside, for what no client can see.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The database.
    pub fn database(&self) -> &std::sync::Arc<Database> {
        &self.database
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it as SIGTERM does, and waits for the end.
    pub async fn stop(mut self) {
        self.kernel.shutdown().cancel();
        if let Some(serving) = self.serving.take() {
            serving.await.unwrap().unwrap();
        }
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        self.kernel.shutdown().cancel();
    }
}

/// A token that acts as the owner, as `opsgate token create --as` makes it.
async fn make_owner_token(kernel: &Kernel) -> String {
    let mut tx = Tx::system(kernel, "test").await.unwrap();
    let account = access::named_account(&tx, access::OWNER_EMAIL).await.unwrap();
    let new = NewToken {
        name: "owner".to_owned(),
        scopes: vec!["*".to_owned()],
        admin_user_id: Some(account),
        ..NewToken::default()
    };
    let token = access::create_token(&mut tx, new).await.unwrap();
    tx.commit().await.unwrap();
    token.expose().to_owned()
}

async fn make_token(
    kernel: &Kernel,
    scopes: &[&str],
    organization_id: Uuid,
    expires_at: Option<DateTime<Utc>>,
) -> String {
    let mut tx = Tx::system(kernel, "test").await.unwrap();
    let new = NewToken {
        name: scopes.join(" ").chars().take(100).collect(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        organization_id,
        expires_at,
        ..NewToken::default()
    };
    let token = access::create_token(&mut tx, new).await.unwrap();
    tx.commit().await.unwrap();
    token.expose().to_owned()
}
