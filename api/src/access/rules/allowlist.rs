//! Where accounts are accepted from: by their level, from its networks alone where it has some.
//!
//! Nobody sets that for a level above their own, and nobody locks themselves out by it unless they say so.

use std::net::IpAddr;

use ::entity::admin_user::AdminLevel;

use super::Granter;
use crate::kernel::{
    error::{UserErrorCode, Violation},
    network::Networks,
};

/// The most networks of a level.
pub const MAX_ENTRIES: usize = 1_000;

/// Whoever changes where accounts are accepted from.
#[derive(Clone, Debug)]
pub struct Keeper {
    /// What they may give.
    pub granter: Granter,
    /// Where they are.
    pub address: Option<IpAddr>,
    /// They have said that it may lock them out.
    pub is_forced: bool,
}

/// Whether `keeper` may leave `level` with these networks.
///
/// # Errors
/// NOT_ALLOWED at `field`: nobody sets it for a level above their own, or so that they aren't accepted from where they are.
pub fn check_allowlist(
    keeper: &Keeper,
    level: AdminLevel,
    networks: &Networks,
    field: &str,
) -> Result<(), Violation> {
    let refused = |message: String| Err(Violation::new(UserErrorCode::NotAllowed, field, message));
    let own = keeper.granter.level();
    if keeper.granter.is_below(level) {
        return refused("nobody says from where those above their own level are accepted".to_owned());
    }
    if keeper.is_forced || own != Some(level) || networks.is_empty() {
        return Ok(());
    }
    match keeper.address {
        Some(address) if networks.contains(address) => Ok(()),
        Some(address) => refused(format!(
            "this would lock you out: you are at {address}, which wouldn't be in any of the level's networks; with \
             `isForced` it is done all the same"
        )),
        None => refused("this would lock you out: nobody knows where you are".to_owned()),
    }
}

/// Whether a level can have one more network than `count`.
///
/// # Errors
/// LIMIT_EXCEEDED.
pub fn check_entries(count: usize) -> Result<(), Violation> {
    if count < MAX_ENTRIES {
        return Ok(());
    }
    let message = format!("a level has {MAX_ENTRIES} networks at most");
    Err(Violation::new(UserErrorCode::LimitExceeded, "network", message))
}

#[cfg(test)]
mod tests {
    use AdminLevel::{Admin, SuperAdmin, Support};
    use uuid::Uuid;

    use super::*;
    use crate::access::rules::Reach;

    fn keeper(level: Option<AdminLevel>, address: Option<&str>, is_forced: bool) -> Keeper {
        let reach = Reach { level, ..Reach::default() };
        let granter = Granter::Caller { account: level.map(|_| Uuid::from_u128(1)), reach };
        Keeper { granter, address: address.map(|text| text.parse().unwrap()), is_forced }
    }

    #[test]
    fn nobody_locks_themselves_out_unless_they_say_so() {
        let [here, there] = ["203.0.113.7", "198.51.100.1"];
        for (own, address, is_forced, level, networks, expected) in [
            (Some(SuperAdmin), Some(here), false, SuperAdmin, &["203.0.113.0/24"][..], true),
            (Some(SuperAdmin), Some(there), false, SuperAdmin, &["203.0.113.0/24"], false),
            (Some(SuperAdmin), Some(there), true, SuperAdmin, &["203.0.113.0/24"], true),
            (Some(SuperAdmin), None, false, SuperAdmin, &["203.0.113.0/24"], false),
            // Without any network it is from anywhere.
            (Some(SuperAdmin), Some(there), false, SuperAdmin, &[], true),
            // Those below aren't themselves.
            (Some(SuperAdmin), Some(there), false, Admin, &["203.0.113.0/24"], true),
            (Some(Admin), Some(here), true, SuperAdmin, &["203.0.113.0/24"], false),
            (Some(Admin), Some(here), false, Support, &["203.0.113.0/24"], true),
            // A token that acts as itself is of no level.
            (None, Some(there), false, SuperAdmin, &["203.0.113.0/24"], true),
        ] {
            let networks = Networks::parse(networks).unwrap();
            let found = check_allowlist(&keeper(own, address, is_forced), level, &networks, "network");
            assert_eq!(found.is_ok(), expected, "{own:?} at {address:?} for {level:?}");
        }
        let machine = Keeper { granter: Granter::Machine, address: None, is_forced: false };
        assert!(check_allowlist(&machine, SuperAdmin, &Networks::parse(["::1"]).unwrap(), "").is_ok());
    }

    #[test]
    fn a_level_has_a_thousand_networks_at_most() {
        assert!(check_entries(999).is_ok());
        assert_eq!(check_entries(1_000).unwrap_err().code, UserErrorCode::LimitExceeded);
    }
}
