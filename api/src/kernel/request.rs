//! One request: who asks, with which options, and what its reads run on.

use std::{
    net::IpAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use async_graphql::{Context, ServerError, Value};
use sea_orm::DatabaseTransaction;

use super::{
    Kernel,
    actor::Caller,
    db::Conn,
    error::{Error, Result, UserErrorCode},
    loader::Loaders,
    rights::UNKNOWN,
    trace::TraceContext,
    tx::Author,
};

/// Where a request came from and what it is part of.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The request's id: the client's, or ours.
    pub request_id: String,
    /// What ties it to work elsewhere: the trace id of `traceparent`.
    pub correlation_id: Option<String>,
    /// The same with the span that sent it, for spans of ours.
    pub trace: Option<TraceContext>,
    /// The client's address: the socket's, or what a trusted proxy says.
    pub ip_address: Option<IpAddr>,
    /// The `User-Agent`.
    pub user_agent: Option<String>,
}

/// What a client may ask of the whole request.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Repeating the request under the same key answers with the first receipt.
    pub idempotency_key: Option<String>,
    /// Do everything, then undo it.
    pub is_dry_run: bool,
}

impl Options {
    /// As the `extensions` of a request say, for clients that can't set headers.
    ///
    /// # Errors
    /// BAD_USER_INPUT where they say something else: who asks for a dry run in the wrong words must not get a real one.
    pub fn of(extensions: &async_graphql::Extensions) -> Result<Self> {
        let wrong = |message| Err(Error::invalid(UserErrorCode::Invalid, "", message));
        let idempotency_key = match extensions.get("idempotencyKey") {
            None | Some(Value::Null) => None,
            Some(Value::String(key)) => Some(key.clone()),
            Some(_) => return wrong("`idempotencyKey` in `extensions` is a string"),
        };
        let is_dry_run = match extensions.get("dryRun") {
            None | Some(Value::Null) => false,
            Some(Value::Boolean(is_dry_run)) => *is_dry_run,
            Some(_) => return wrong("`dryRun` in `extensions` is true or false"),
        };
        Ok(Self { idempotency_key, is_dry_run })
    }
}

/// The request that resolvers run in; async-graphql carries it.
#[derive(Debug)]
pub struct Request {
    kernel: Kernel,
    caller: Caller,
    origin: Origin,
    options: Options,
    /// The transaction of a dry run.
    dry_run: Option<Arc<DatabaseTransaction>>,
    /// Exchanged for those of the event, delivery by delivery, in a subscription.
    loaders: RwLock<Arc<Loaders>>,
    /// Several callers see its answers.
    is_shared: AtomicBool,
    /// The errors of nullable fields: see [`SpecNulls`](super::nulls::SpecNulls).
    pub(super) kept_errors: std::sync::Mutex<Vec<ServerError>>,
}

impl Request {
    /// A request whose reads run on any connection.
    pub fn new(kernel: &Kernel, caller: Caller, origin: Origin, options: Options) -> Self {
        let conn = kernel.db().readers();
        Self::over(kernel, caller, origin, options, conn, None)
    }

    /// A request that reads one snapshot throughout: for clients that go on from its `eventCursor`.
    ///
    /// # Errors
    /// Where the database can't.
    pub async fn in_snapshot(
        kernel: &Kernel,
        caller: Caller,
        origin: Origin,
        options: Options,
    ) -> Result<Self> {
        let conn = Conn::Tx(Arc::new(kernel.db().begin_snapshot().await?));
        Ok(Self::over(kernel, caller, origin, options, conn, None))
    }

    /// A request that runs in one transaction, which is rolled back when the request is dropped.
    ///
    /// # Errors
    /// Where the database can't.
    pub async fn dry_run(kernel: &Kernel, caller: Caller, origin: Origin, options: Options) -> Result<Self> {
        let tx = Arc::new(kernel.db().begin().await?);
        Ok(Self::over(kernel, caller, origin, options, Conn::Tx(tx.clone()), Some(tx)))
    }

    fn over(
        kernel: &Kernel,
        caller: Caller,
        origin: Origin,
        options: Options,
        conn: Conn,
        dry_run: Option<Arc<DatabaseTransaction>>,
    ) -> Self {
        Self {
            kernel: kernel.clone(),
            caller,
            origin,
            options,
            dry_run,
            loaders: RwLock::new(Arc::new(Loaders::new(conn))),
            is_shared: AtomicBool::new(false),
            kept_errors: std::sync::Mutex::default(),
        }
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Who asks, with what they may by now.
    ///
    /// # Errors
    /// UNAUTHENTICATED where what they showed isn't good any more; UNAVAILABLE where rights can't be read.
    pub fn caller_now(&self) -> Result<Caller> {
        match &self.caller.identity {
            Some(identity) => {
                let (rights, now) = (self.kernel.rights().current()?, self.kernel.clock().now());
                let caller = rights.resolve(&identity.credential, now, self.kernel.catalogue())?;
                if caller.may_come_from(self.origin.ip_address) {
                    Ok(caller)
                } else {
                    Err(Error::Unauthenticated(UNKNOWN))
                }
            }
            None => Ok(self.caller.clone()),
        }
    }

    /// What they ask of the whole request.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Where it came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The transaction that everything runs in, in a dry run.
    pub(super) fn dry_run_tx(&self) -> Option<&Arc<DatabaseTransaction>> {
        self.dry_run.as_ref()
    }

    /// The loaders of now.
    pub fn loaders(&self) -> Arc<Loaders> {
        self.loaders.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What reads run on.
    pub fn conn(&self) -> Conn {
        self.loaders().conn().clone()
    }

    /// From here on the loaders are those of another delivery.
    pub(super) fn use_loaders(&self, loaders: Arc<Loaders>) {
        *self.loaders.write().unwrap_or_else(PoisonError::into_inner) = loaders;
    }

    /// From here on several callers see its answers: what is refused in them is nobody's attempt.
    pub(super) fn share(&self) {
        self.is_shared.store(true, Ordering::Relaxed);
    }

    /// After a write: what was loaded before may be stale.
    pub(super) fn renew_loaders(&self) {
        let conn = self.conn();
        self.use_loaders(Arc::new(Loaders::new(conn)));
    }

    /// In whose name this request writes.
    ///
    /// # Errors
    /// UNAUTHENTICATED where nobody is signed in.
    pub fn author(&self) -> Result<Author> {
        Author::of(&self.caller, &self.origin)
    }

    /// Puts on the record that the caller was refused `field`: for want of what is `needed`, or of a right to give.
    pub async fn note_denial(&self, field: &str, needed: &[&'static str]) {
        let Ok(author) = self.author() else { return };
        if self.is_shared.load(Ordering::Relaxed) {
            return;
        }
        let note = |kernel: Kernel, field: String, needed: Vec<&'static str>| async move {
            kernel.denials().note(&kernel, author, &field, &needed).await;
        };
        let noting = note(self.kernel.clone(), field.to_owned(), needed.to_vec());
        if self.dry_run.is_some() {
            // The dry run holds SQLite's one writer: the note waits for its end, not the other way round.
            tokio::spawn(noting);
        } else {
            // Boxed, as every resolver's future has room for it.
            Box::pin(noting).await;
        }
    }
}

/// How resolvers reach their request.
pub trait RequestExt {
    /// The request that this context belongs to.
    fn request(&self) -> &Request;
}

impl RequestExt for Context<'_> {
    fn request(&self) -> &Request {
        self.data_unchecked::<Arc<Request>>()
    }
}
