//! A certificate that can't be used: the message names the setting and the file, and nothing is served.

use std::fs;

use tests::{Certificate, Database, Program};

use super::{opsgate, refused, said};

const SEE: &str = "See OPSGATE_TLS_CERTIFICATE and OPSGATE_TLS_KEY.\n";

fn with(program: &Program, certificate: &Certificate) -> Program {
    let certificate = (certificate.certificate(), certificate.key());
    program
        .with("tls_certificate", certificate.0.to_str().unwrap())
        .with("tls_key", certificate.1.to_str().unwrap())
}

#[tokio::test]
async fn a_certificate_and_its_key_belong_together() {
    let database = Database::create().await;
    let certificate = Certificate::new();
    let half = opsgate(&database).with("tls_certificate", certificate.certificate().to_str().unwrap());
    let message = refused(half.run(&["serve"]).await);
    assert_eq!(message, "opsgate: tls_certificate is set and tls_key isn't: they belong together\n");
    let half = opsgate(&database).with("tls_key", certificate.key().to_str().unwrap());
    let message = refused(half.run(&["doctor"]).await);
    assert_eq!(message, "opsgate: tls_key is set and tls_certificate isn't: they belong together\n");

    let program = with(&opsgate(&database), &certificate);
    let fine = said(program.run(&["doctor"]).await);
    assert!(fine.contains("ok    tls_certificate: "), "{fine}");
    fs::copy(Certificate::new().key(), certificate.key()).unwrap();
    let message = refused(program.run(&["serve"]).await);
    let both = format!(
        "opsgate: tls_certificate {} and tls_key {} can't be used together: ",
        certificate.certificate().display(),
        certificate.key().display()
    );
    assert!(message.contains(&both) && message.ends_with(SEE), "{message}");
    let found = program.run(&["doctor"]).await;
    assert!(found.stdout.contains("FAIL  tls_certificate: "), "{found:?}");
}

#[tokio::test]
async fn a_file_that_is_missing_or_something_else_is_named() {
    let database = Database::create().await;
    let certificate = Certificate::new();
    let program = with(&opsgate(&database), &certificate);
    for (setting, file, wanted) in [
        ("tls_certificate", certificate.certificate(), "certificate"),
        ("tls_key", certificate.key(), "unencrypted private key"),
    ] {
        let right = fs::read(&file).unwrap();
        fs::write(&file, "neither\n").unwrap();
        let message = refused(program.run(&["serve"]).await);
        let expected = format!("opsgate: {setting} {} holds no {wanted} in PEM", file.display());
        assert!(message.contains(&expected) && message.contains(SEE), "{message}");
        fs::remove_file(&file).unwrap();
        let message = refused(program.run(&["serve"]).await);
        let expected = format!("opsgate: {setting} {} can't be read: ", file.display());
        assert!(message.contains(&expected) && message.contains(SEE), "{message}");
        fs::write(&file, right).unwrap();
    }
    // Nothing was begun meanwhile.
    assert!(!database.dir.path().join("sealing.key").exists());
}
