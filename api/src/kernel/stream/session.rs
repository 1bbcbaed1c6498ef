//! The caller of a connection, for as long as it lasts.

use std::{net::IpAddr, sync::Arc};

use tokio::sync::watch;

use crate::kernel::{Kernel, actor::Caller, error::Error, rights::EXPIRED};

/// Who is connected, with what they may now. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Session {
    kernel: Kernel,
    caller: Arc<watch::Sender<Arc<Caller>>>,
    address: Option<IpAddr>,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The credential was revoked, its account isn't active any more, or it isn't accepted from there: it never works again.
    Revoked,
    /// The credential's time is over: a fresh one would work.
    Expired,
}

impl Session {
    /// The session of `caller`, who asks from `address`.
    pub fn new(kernel: &Kernel, caller: Caller, address: Option<IpAddr>) -> Self {
        Self { kernel: kernel.clone(), caller: Arc::new(watch::Sender::new(Arc::new(caller))), address }
    }

    /// The caller, as of the rights of now.
    pub fn caller(&self) -> Arc<Caller> {
        self.caller.borrow().clone()
    }

    /// Wakes whenever the caller's scope has changed, or the documents that they may run.
    pub(super) fn watch(&self) -> watch::Receiver<Arc<Caller>> {
        self.caller.subscribe()
    }

    /// Keeps the caller up to date and returns when the session is over. Whoever holds a session has to wait for this
    /// beside everything else, and first: it is what a revocation works through.
    pub async fn ended(self) -> Ended {
        let Some(identity) = self.caller().identity.clone() else { return std::future::pending().await };
        let mut snapshots = self.kernel.rights().watch();
        loop {
            let snapshot = snapshots.borrow_and_update().clone();
            let now = self.kernel.clock().now();
            let until = match snapshot.resolve(&identity.credential, now, self.kernel.catalogue()) {
                Ok(caller) if !caller.may_come_from(self.address) => return Ended::Revoked,
                Ok(caller) => {
                    let expires_at = caller.identity.as_ref().and_then(|identity| identity.expires_at);
                    let ends = [expires_at, caller.permissions_until];
                    self.caller.send_if_modified(|held| {
                        let is_changed = held.scope() != caller.scope() || held.trusted() != caller.trusted();
                        if is_changed {
                            *held = Arc::new(caller);
                        }
                        is_changed
                    });
                    ends.into_iter().flatten().min()
                }
                Err(Error::Unauthenticated(EXPIRED)) => return Ended::Expired,
                Err(_) => return Ended::Revoked,
            };
            let expiry = async {
                match until {
                    Some(at) => self.kernel.clock().sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // An error says that the rights are gone with the kernel, which we hold.
                _ = snapshots.changed() => {}
                () = expiry => {}
            }
        }
    }
}
