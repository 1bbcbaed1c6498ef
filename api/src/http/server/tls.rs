//! The certificate: read from two files at the start, and again when they change.
//!
//! Whoever renews a certificate replaces its files, and that is all: connections from then on have the new one. A pair that
//! can't be used, as while only one of the files is replaced, is logged, and the one from before goes on.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::TimeDelta;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    version::{TLS12, TLS13},
};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::{config::TlsFiles, kernel::clock::Clock};

/// How often the files are looked at.
const EVERY: TimeDelta = TimeDelta::seconds(5);

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{setting} {path} can't be read: {source}")]
    Unreadable {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file doesn't hold what it should.
    #[error("{setting} {path} holds no {wanted} in PEM")]
    Foreign {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// Why.
        source: pem::Error,
    },
    /// The two don't make a pair.
    #[error("tls_certificate {certificate} and tls_key {key} can't be used together: {source}")]
    Unfit {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

/// A certificate, followed.
pub struct Tls {
    files: TlsFiles,
    config: watch::Sender<Arc<ServerConfig>>,
    /// Of the files that `config` is made of.
    initially: Hash,
}

/// Names the contents of both files.
type Hash = [u8; 32];

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tls({:?})", self.files)
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// Which of them can't be used, and why.
    pub fn open(files: &TlsFiles) -> Result<Self, TlsError> {
        let contents = Contents::read(files)?;
        let config = watch::Sender::new(Arc::new(contents.config(files)?));
        Ok(Self { files: files.clone(), config, initially: contents.hash() })
    }

    /// What connections are begun with now.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.config.borrow().clone()
    }

    /// Keeps the certificate as the files have it, for good.
    pub async fn follow(self: Arc<Self>, clock: Clock) {
        let mut last = Ok(self.initially);
        loop {
            clock.sleep(EVERY).await;
            let found = match Contents::read(&self.files) {
                Ok(contents) if last == Ok(contents.hash()) => continue,
                Ok(contents) => contents.config(&self.files).map(|config| (contents.hash(), config)),
                Err(error) => Err(error),
            };
            let found = match found {
                Ok((hash, config)) => {
                    self.config.send_replace(Arc::new(config));
                    tracing::info!("the certificate is read again");
                    Ok(hash)
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(why) = &found
                && last != found
            {
                tracing::warn!(%why, "the certificate can't be read again; the one from before goes on");
            }
            last = found;
        }
    }
}

/// What the two files hold.
struct Contents {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Contents {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let read = |setting, path: &Path| {
            fs::read(path).map_err(|source| TlsError::Unreadable { setting, path: path.to_owned(), source })
        };
        Ok(Self {
            certificate: read("tls_certificate", &files.certificate)?,
            key: read("tls_key", &files.key)?.into(),
        })
    }

    fn hash(&self) -> Hash {
        let parts = [&self.certificate, &*self.key].map(Sha256::digest);
        Sha256::digest(parts.concat()).into()
    }

    fn config(&self, files: &TlsFiles) -> Result<ServerConfig, TlsError> {
        let foreign = |setting, path: &Path, wanted| {
            let path = path.to_owned();
            move |source| TlsError::Foreign { setting, path, wanted, source }
        };
        let chain = CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>();
        let chain =
            chain.and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) });
        let chain = chain.map_err(foreign("tls_certificate", &files.certificate, "certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(foreign(
            "tls_key",
            &files.key,
            "unencrypted private key",
        ))?;
        let unfit = |source| TlsError::Unfit {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            source,
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unfit)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unfit)?;
        config.alpn_protocols = [b"h2".as_slice(), b"http/1.1"].map(<[u8]>::to_vec).into();
        Ok(config)
    }
}
