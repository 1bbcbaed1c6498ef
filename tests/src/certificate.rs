//! A certificate that nobody but the test trusts.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use opsgate::config::Overrides;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A certificate for 127.0.0.1 and its key, in files that a gateway is given.
#[derive(Debug)]
pub struct Certificate {
    directory: TempDir,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// A new one.
    pub fn new() -> Self {
        let mut own = Self { directory: tempfile::tempdir().unwrap(), der: Vec::new().into() };
        own.renew();
        own
    }

    /// Puts another certificate and its key into the files.
    pub fn renew(&mut self) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        fs::write(self.certificate(), pem("CERTIFICATE", cert.der())).unwrap();
        fs::write(self.key(), pem("PRIVATE KEY", signing_key.serialized_der())).unwrap();
        self.der = cert.der().clone();
    }

    /// The file of the certificate.
    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join("tls.crt")
    }

    /// The file of the key.
    pub fn key(&self) -> PathBuf {
        self.directory.path().join("tls.key")
    }

    /// The settings of a gateway that has it.
    pub fn settings(&self) -> Overrides {
        Overrides::default()
            .with("tls_certificate", self.certificate().display().to_string())
            .with("tls_key", self.key().display().to_string())
    }

    /// A client of HTTP that trusts nobody else, on a connection of its own.
    pub fn client(&self) -> reqwest::Client {
        let root = reqwest::Certificate::from_der(&self.der).unwrap();
        reqwest::Client::builder().tls_certs_only([root]).build().unwrap()
    }

    /// A connection to a gateway that shows it, for one of these protocols.
    ///
    /// # Errors
    /// Where it shows another, or none of the protocols is its.
    pub async fn connect(
        &self,
        address: SocketAddr,
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::from(address.ip());
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}
