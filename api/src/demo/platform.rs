//! The platform whose services are watched: a small server on the loopback that answers for all of them, as well or as
//! badly as the story wants it just now. The gateway's probes ask it over the network as they would ask anybody.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tokio::net::TcpListener;

use super::content::{
    Trouble,
    services::{SERVICES, Service},
};
use crate::{
    kernel::Kernel,
    monitoring::{HttpTarget, Method, StatusRange, Target},
};

/// How long a probe waits for an answer.
pub const PATIENCE_MS: i32 = 2_000;
/// From when on an answer is late.
pub const LATE_MS: i32 = 400;
/// By how much a slow service is slower than usual.
pub const SLOW_MS: i32 = 700;

/// The platform's services.
#[derive(Debug)]
pub struct Platform {
    listener: TcpListener,
    address: SocketAddr,
    troubles: Troubles,
}

/// What is wrong with whom, now. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Troubles(Arc<Mutex<HashMap<&'static str, Trouble>>>);

impl Troubles {
    /// Something is wrong with `service` from now on, or nothing any more.
    pub fn set(&self, service: &'static str, trouble: Option<Trouble>) {
        match trouble {
            Some(trouble) => self.lock().insert(service, trouble),
            None => self.lock().remove(service),
        };
    }

    fn of(&self, service: &str) -> Option<Trouble> {
        self.lock().get(service).copied()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Trouble>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Platform {
    /// Finds itself a port of the loopback.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, troubles: Troubles::default() })
    }

    /// What is wrong with whom.
    pub fn troubles(&self) -> &Troubles {
        &self.troubles
    }

    /// How `service` is asked.
    pub fn target(&self, service: &Service) -> Target {
        Target::Http(HttpTarget {
            url: format!("http://{}/{}/health", self.address, service.name),
            method: Method::Get,
            expected_status: vec![StatusRange::SUCCESS],
            body_contains: None,
            headers: Vec::new(),
            degraded_above_ms: Some(LATE_MS),
        })
    }

    /// Answers as long as the gateway runs.
    pub fn serve(self, kernel: &Kernel) {
        let router = Router::new().route("/{service}/health", get(answer)).with_state(self.troubles);
        kernel.background(async move {
            if let Err(error) = axum::serve(self.listener, router).await {
                tracing::error!(%error, "the demo's services can't be served");
            }
        });
    }
}

async fn answer(Path(name): Path<String>, State(troubles): State<Troubles>) -> Response {
    let Some(service) = SERVICES.iter().find(|service| service.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let work = |ms: i32| {
        let ms = f64::from(ms) * rand::random_range(0.8..1.6);
        tokio::time::sleep(Duration::from_millis(ms as u64))
    };
    match troubles.of(service.name) {
        None => work(service.usual_ms).await,
        Some(Trouble::Slow) => work(service.usual_ms + SLOW_MS).await,
        Some(Trouble::Errors) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        // Whoever asks gives up some time.
        Some(Trouble::Down) => std::future::pending().await,
    }
    Json(json!({ "service": service.name, "status": "ok" })).into_response()
}
