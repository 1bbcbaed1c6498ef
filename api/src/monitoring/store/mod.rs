//! Every query of monitoring.

mod alerts;
mod results;
mod services;

pub use alerts::{
    alerts, alerts_by_id, count_open_critical, has_alert_since, incident_of_alert, insert_open, lock_alert,
    lock_of_incidents, lock_open, relink, update_alert,
};
pub use results::{delete_older, result_row, tallies};
pub use services::{
    ServiceRow, count_by_state, delete_service, dependencies, insert_service, is_name_taken, lock_service,
    name_taken, note_status, service, services, services_by_id, share_service, statuses_of, update_service,
    update_status, watched,
};
