//! `opsgate doctor`: looks at everything that a gateway needs, and says what to do.

use std::{net::SocketAddr, path::Path, process::ExitCode};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Statement};

use super::output::print;
use crate::{
    app::{missing_keys, ring_path},
    config::{Config, DatabaseUrl, JwksSource, TlsFiles},
    http::{Jwks, Tls},
    kernel::{
        clock::Clock,
        db::Db,
        secret::{KeyRing, load_or_create_secret, sealed},
    },
};

/// Said where no migration is pending.
const UP_TO_DATE: &str = "up to date";
/// How far the database's clock may be off.
const MAX_SKEW: TimeDelta = TimeDelta::seconds(5);

/// Prints what it finds; fails where something must be done.
///
/// # Errors
/// As [`print`].
pub async fn run(config: &Config) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut findings = vec![("configuration", Ok("every setting is valid".to_owned()))];
    findings.push(("data directory", data_dir(&config.data_dir)));
    findings.push(("keys", keys(config)));
    if let Some(source) = &config.jwt_jwks {
        findings.push(("jwt_jwks", issuer(source).await));
    }
    if let Some(files) = &config.tls {
        findings.push(("tls_certificate", certificate(files)));
    }
    database(config, &mut findings).await;
    findings.push(("listen", port(config.listen)));
    findings.push(("metrics_listen", port(config.metrics_listen)));
    let mut code = ExitCode::SUCCESS;
    for (what, finding) in findings {
        match finding {
            Ok(fine) => print(format_args!("ok    {what}: {fine}\n"))?,
            Err(problem) => {
                print(format_args!("FAIL  {what}: {problem}\n"))?;
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

type Finding = Result<String, String>;

fn data_dir(path: &Path) -> Finding {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(format!("{} will be made at the first start", path.display()))
        }
        Err(error) => Err(format!("{} can't be read: {error}. Check its owner and mode.", path.display())),
        Ok(found) if !found.is_dir() => {
            Err(format!("{} isn't a directory. Set OPSGATE_DATA_DIR to one.", path.display()))
        }
        Ok(found) if found.permissions().readonly() => {
            Err(format!("{} can't be written to. Check its owner and mode.", path.display()))
        }
        Ok(_) => Ok(path.display().to_string()),
    }
}

fn keys(config: &Config) -> Finding {
    let in_data_dir = |name: &str| Some(config.data_dir.join(name)).filter(|path| path.exists());
    // Loading doesn't make one: it is there.
    if let Some(path) = in_data_dir("jwt.key").filter(|_| config.jwt_secret.is_none()) {
        load_or_create_secret(&path).map_err(|error| error.to_string())?;
    }
    let ring = in_data_dir("sealing.key").map(|path| KeyRing::load(&path)).transpose();
    match ring.map_err(|error| error.to_string())?.flatten() {
        Some(ring) => Ok(format!("{} seals", ring.first_id())),
        None => Ok("will be made at the first start".to_owned()),
    }
}

fn certificate(files: &TlsFiles) -> Finding {
    match Tls::open(files) {
        Ok(_) => Ok(format!("{} and its key belong together", files.certificate.display())),
        Err(why) => Err(format!("{why}. Check OPSGATE_TLS_CERTIFICATE and OPSGATE_TLS_KEY.")),
    }
}

async fn issuer(source: &JwksSource) -> Finding {
    match Jwks::look(source).await {
        Ok(0) => {
            Err("none of its keys is of use: RSA from 2048 bits, P-256 or Ed25519, for signatures."
                .to_owned())
        }
        Ok(keys) => Ok(format!("keys of use: {keys}")),
        Err(why) => Err(format!("{why}. Check OPSGATE_JWT_JWKS.")),
    }
}

async fn database(config: &Config, findings: &mut Vec<(&'static str, Finding)>) {
    if let DatabaseUrl::Sqlite(path) = &config.database_url
        && !path.exists()
    {
        findings.push(("database", Ok(format!("{} will be made at the first start", path.display()))));
        return;
    }
    let db = match Db::open(config).await {
        Ok(db) => db,
        Err(error) => {
            let problem =
                format!("{} can't be reached: {error}. Check OPSGATE_DATABASE_URL.", config.database_url);
            findings.push(("database", Err(problem)));
            return;
        }
    };
    findings.push(("database", Ok(config.database_url.to_string())));
    let tables = tables(&db).await;
    let are_there = tables.as_ref().is_ok_and(|found| found == UP_TO_DATE);
    findings.push(("tables", tables));
    if are_there && let Some(finding) = sealed_values(config, &db).await {
        findings.push(("sealed values", finding));
    }
    if db.is_postgres() {
        findings.push(("clock", skew(&db).await));
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            findings.push((setting, durable(&db, setting).await));
        }
    } else {
        findings.push(("integrity", integrity(&db).await));
    }
    db.close().await;
}

async fn tables(db: &Db) -> Finding {
    let all = migration::status(db.reader()).await.map_err(|error| error.to_string())?;
    let pending = all.iter().filter(|m| m.status() == migration::MigrationStatus::Pending).count();
    Ok(match pending {
        0 => UP_TO_DATE.to_owned(),
        n => format!("{n} migrations are pending: the next start, or `opsgate migrate`, applies them"),
    })
}

/// Whether there are the keys for all that may be sealed. Nothing where the ring can't be read: that is told already.
async fn sealed_values(config: &Config, db: &Db) -> Option<Finding> {
    let missing = match KeyRing::load(&ring_path(config)).ok()? {
        Some(ring) => missing_keys(&ring, db).await,
        None => sealed::declared(db.reader()).await,
    };
    let missing = match missing {
        Ok(missing) => missing,
        Err(error) => return Some(Err(error.to_string())),
    };
    if missing.is_empty() {
        return Some(Ok("every key is there".to_owned()));
    }
    Some(Err(format!(
        "some need the key {}, which isn't in {}. Restore that file from a backup, or add the key to it by \
         `opsgate keys add --from`; where a key is lost for good, `opsgate keys forget` gives it up (docs/keys.md).",
        missing.join(", "),
        ring_path(config).display()
    )))
}

async fn skew(db: &Db) -> Finding {
    let before = Clock::system().now();
    let theirs: DateTime<Utc> = one(db, "SELECT clock_timestamp() AS value").await?;
    let skew = (theirs - before).abs();
    if skew > MAX_SKEW {
        return Err(format!(
            "it differs from the database's by {} s. Run NTP on both machines.",
            skew.num_seconds()
        ));
    }
    Ok(format!("within {} ms of the database's", skew.num_milliseconds()))
}

async fn durable(db: &Db, setting: &str) -> Finding {
    let value: String = one(db, &format!("SELECT current_setting('{setting}') AS value")).await?;
    if value == "off" {
        return Err("is off: what was acknowledged can be lost. Turn it on in postgresql.conf.".to_owned());
    }
    Ok(value)
}

async fn integrity(db: &Db) -> Finding {
    let value: String = one(db, "SELECT quick_check AS value FROM pragma_quick_check LIMIT 1").await?;
    if value == "ok" { Ok(value) } else { Err(format!("{value}. Restore the file from a backup.")) }
}

async fn one<T: sea_orm::TryGetable>(db: &Db, sql: &str) -> Result<T, String> {
    let statement = Statement::from_string(db.backend(), sql);
    let row = db.reader().query_one_raw(statement).await.map_err(|error| error.to_string())?;
    row.ok_or("the database said nothing")?.try_get("", "value").map_err(|error| error.to_string())
}

fn port(address: SocketAddr) -> Finding {
    match std::net::TcpListener::bind(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(error) => Err(format!(
            "{address} can't be listened on: {error}. A gateway may be running; else set another address."
        )),
    }
}
