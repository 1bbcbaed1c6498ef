//! What it takes to know who is asking and whether they may, of each kind of credential; issue 4 asks for less than
//! 100 µs a request. Without a socket or a document: those are measured by `bench/run`.
//!
//!     cargo bench --workspace --bench authentication
#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on should say where")]

use criterion::{Criterion, criterion_group, criterion_main};
use entity::admin_user::AdminLevel;
use opsgate::{
    config::Overrides,
    http::Authenticator,
    kernel::{actor::ADMIN_USER, request::Origin},
};
use serde_json::json;
use tests::{Issuer, TestGateway, key_set};

fn authentication(criterion: &mut Criterion) {
    // The gateway's own tasks (whose rights changed?) go on beside, as they do in a process.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (gateway, authenticator, credentials) = runtime.block_on(prepare());
    let mut group = criterion.benchmark_group("authentication");
    for (kind, credential) in credentials {
        let (authorization, origin) = (format!("Bearer {credential}"), Origin::default());
        group.bench_function(kind, |bencher| {
            bencher.iter(|| {
                let shown = authenticator.authenticate(gateway.kernel(), Some(&authorization), &origin);
                runtime.block_on(shown).unwrap().require("incidents.read").unwrap();
            });
        });
    }
    group.finish();
    runtime.block_on(gateway.stop());
}

/// A gateway that follows three issuers' keys, what judges credentials there, and one of each kind.
async fn prepare() -> (TestGateway, Authenticator, Vec<(&'static str, String)>) {
    let gateway = TestGateway::start().await;
    let issuers = [
        ("JWT, RS256", Issuer::rs256("rsa")),
        ("JWT, ES256", Issuer::es256("ec")),
        ("JWT, EdDSA", Issuer::eddsa("ed")),
    ];
    let keys = gateway.database().dir.path().join("jwks.json");
    std::fs::write(&keys, key_set(&issuers.each_ref().map(|(_, issuer)| issuer))).unwrap();
    let settings = Overrides::default().with("jwt_jwks", keys.display().to_string());
    let config = gateway.database().config_with(settings);
    let clock = gateway.kernel().clock().clone();
    let authenticator = Authenticator::open(&config, &gateway.jwt_secret(), clock).await.unwrap();

    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let exp = gateway.kernel().clock().now().timestamp() + 36_000;
    let claims = json!({ "sub": ADMIN_USER.encode(account), "exp": exp });
    let token = gateway.with_scopes(&["incidents.read"]).await;
    gateway.rights_read().await;
    let mut credentials = vec![
        ("API token", token.credential().unwrap().to_owned()),
        ("JWT, HS256", gateway.jwt(claims.clone())),
    ];
    credentials.extend(issuers.map(|(kind, issuer)| (kind, issuer.sign(&claims))));
    (gateway, authenticator, credentials)
}

criterion_group!(benches, authentication);
criterion_main!(benches);
