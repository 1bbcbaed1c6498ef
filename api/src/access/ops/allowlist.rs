//! Where accounts are accepted from.

use ::entity::{admin_user::AdminLevel, ip_allow_entry};
use uuid::Uuid;

use super::Locked;
use crate::{
    access::{
        events, permissions as keys,
        rules::{self, Keeper},
        store,
    },
    kernel::{
        actor::PLATFORM,
        error::{Error, Result, UserErrorCode, check_version},
        network::Networks,
        text,
        tx::Tx,
    },
};

/// A network to be added.
#[derive(Clone, Debug)]
pub struct NewIpAllowEntry {
    /// The accounts that are accepted from there.
    pub level: AdminLevel,
    /// In CIDR notation.
    pub network: String,
    /// What is there.
    pub description: String,
}

/// Accepts accounts of a level from a network. From its first on, from nowhere else.
///
/// # Errors
/// What is wrong with the input, TAKEN, LIMIT_EXCEEDED; NOT_ALLOWED as the [rules] say.
pub async fn add_ip_allow_entry(
    tx: &mut Tx,
    keeper: &Keeper,
    new: NewIpAllowEntry,
) -> Result<ip_allow_entry::Model> {
    if !tx.boundary().contains(PLATFORM) {
        let message =
            "accounts are the platform's own: a token of an organization doesn't say where they are";
        return Err(Error::invalid(UserErrorCode::NotAllowed, "", message));
    }
    let keeper = &lock(tx, keeper).await?;
    let network = Networks::parse([&*new.network]).ok().and_then(|networks| networks.iter().next());
    let network = network.ok_or_else(|| {
        let message = "this isn't a network: one looks like 203.0.113.0/24 or 2001:db8::/32";
        Error::invalid(UserErrorCode::Invalid, "network", message)
    })?;
    let description = text::bounded(&new.description, "description", rules::MAX_TEXT)?;
    let mut networks = networks_of(tx, new.level, None).await?;
    rules::check_entries(networks.len())?;
    if networks.contains(&network) {
        let message = "this level has the network already";
        return Err(Error::invalid(UserErrorCode::Taken, "network", message));
    }
    networks.push(network.clone());
    rules::check_allowlist(keeper, new.level, &parsed(&networks)?, "network")?;
    let now = tx.now();
    let row = ip_allow_entry::Model {
        id: tx.new_id(),
        level: new.level,
        network,
        description,
        created_by: keeper.granter.account(),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::insert_ip_allow_entry(tx, &row).await?;
    tx.record(events::ip_allow_entry(&events::IP_ALLOW_ENTRY_ADDED, &row));
    tx.rights_changed().await?;
    Ok(row)
}

/// Accepts accounts of a level from a network no more; without its last, from anywhere.
///
/// # Errors
/// NOT_FOUND, CONFLICT; NOT_ALLOWED as the [rules] say.
pub async fn remove_ip_allow_entry(
    tx: &mut Tx,
    keeper: &Keeper,
    id: Uuid,
    expected: Option<i32>,
) -> Result<ip_allow_entry::Model> {
    let keeper = &lock(tx, keeper).await?;
    let found = store::ip_allow_entry(tx, id).await?;
    let row = found.ok_or_else(|| Error::not_found("allowlist entry", "id"))?;
    check_version(id, row.version, expected)?;
    let networks = networks_of(tx, row.level, Some(id)).await?;
    rules::check_allowlist(keeper, row.level, &parsed(&networks)?, "id")?;
    store::delete_ip_allow_entry(tx, id).await?;
    tx.record(events::ip_allow_entry(&events::IP_ALLOW_ENTRY_REMOVED, &row));
    tx.rights_changed().await?;
    Ok(row)
}

/// All entries, in the order in which they were added.
///
/// # Errors
/// Where the database can't.
pub async fn ip_allow_entries(tx: &Tx) -> Result<Vec<ip_allow_entry::Model>> {
    let mut rows = store::lock_ip_allow_entries(tx).await?;
    rows.sort_unstable_by_key(|row| row.id);
    Ok(rows)
}

/// Whoever changes it, with what they have by now.
async fn lock(tx: &Tx, keeper: &Keeper) -> Result<Keeper> {
    let Locked { granter, .. } =
        Locked::lock(tx, &keeper.granter, keys::MANAGE_ALLOWLIST, None, None).await?;
    Ok(Keeper { granter, ..keeper.clone() })
}

/// The networks of a level but for one entry. Nobody else changes any before the transaction ends.
async fn networks_of(tx: &Tx, level: AdminLevel, but: Option<Uuid>) -> Result<Vec<String>> {
    let rows = store::lock_ip_allow_entries(tx).await?;
    let of_level = rows.into_iter().filter(|row| row.level == level && Some(row.id) != but);
    Ok(of_level.map(|row| row.network).collect())
}

fn parsed(networks: &[String]) -> Result<Networks> {
    Networks::parse(networks).map_err(|text| Error::internal(format!("{text} is stored as a network")))
}
