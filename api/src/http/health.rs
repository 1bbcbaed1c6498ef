//! Whether the process is up, and whether it can do its work.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{Face, gateway::Gateway};

/// The process is up.
pub async fn live() -> &'static str {
    "live\n"
}

/// The database answers and rights are fresh: requests can be served.
pub async fn ready(State(face): State<Face>) -> impl IntoResponse {
    let kernel = face.kernel();
    let database = kernel.db().reader().execute_unprepared("SELECT 1").await.is_ok();
    let rights = kernel.rights().is_fresh();
    let stopping = kernel.shutdown().is_cancelled();
    let status =
        if database && rights && !stopping { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "database": database, "rights": rights, "isStopping": stopping })))
}
