//! Who follows the log loses nothing: not by being slow, nor by an outage, nor by a restart; and hears nothing more once
//! they may not.

mod away;
mod revoked;
mod shutdown;
mod slow;
