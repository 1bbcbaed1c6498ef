//! An issuer's keys change, and the gateway follows.

use std::fs;

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use futures_util::future::join_all;
use opsgate::{
    app::App,
    config::Overrides,
    kernel::{actor::ADMIN_USER, clock::Clock},
};
use serde_json::{Value, json};
use tests::{Database, Issuer, Socket, Target, TestGateway, key_set, until};

use super::is_let_in;

/// A gateway with an issuer at `jwks`, and the claims of an active admin for the next hours.
async fn gateway_with(jwks: &str) -> (TestGateway, Value) {
    let gateway = TestGateway::start_with(Overrides::default().with("jwt_jwks", jwks)).await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let exp = gateway.kernel().clock().now().timestamp() + 36_000;
    (gateway, json!({ "sub": ADMIN_USER.encode(account), "exp": exp }))
}

async fn serving(keys: &str) -> Target {
    let target = Target::start().await;
    target.answer(|answers| answers.body = keys.to_owned());
    target
}

fn url(target: &Target) -> String {
    format!("http://127.0.0.1:{}/jwks.json", target.port())
}

#[tokio::test]
async fn a_key_nobody_has_seen_is_asked_for_once_a_minute_and_by_one() {
    let (old, new) = (Issuer::rs256("old"), Issuer::es256("new"));
    let target = serving(&key_set(&[&old])).await;
    let (gateway, claims) = gateway_with(&url(&target)).await;
    let asked = || target.heads().len();
    let (by_old, by_new) = (gateway.client(&old.sign(&claims)), gateway.client(&new.sign(&claims)));
    // The first requests wait for the first answer.
    assert!(is_let_in(&by_old).await);
    assert_eq!(asked(), 1);
    assert!(target.heads()[0].starts_with("GET /jwks.json "), "{:?}", target.heads());

    // The issuer changes its key. Within the minute nobody is asked for it.
    target.answer(|answers| answers.body = key_set(&[&old, &new]));
    gateway.advance(TimeDelta::milliseconds(59_999));
    assert!(!is_let_in(&by_new).await);
    assert_eq!(asked(), 1);
    gateway.advance(TimeDelta::milliseconds(1));
    assert!(is_let_in(&by_new).await && is_let_in(&by_old).await);
    assert_eq!(asked(), 2);

    // Twenty strangers at once, before and after the minute is over.
    let strangers: Vec<_> = (0..20)
        .map(|number| gateway.client(&Issuer::eddsa(&format!("stranger {number}")).sign(&claims)))
        .collect();
    for expected in [2, 3] {
        let let_in = join_all(strangers.iter().map(is_let_in)).await;
        assert!(let_in.iter().all(|is_in| !is_in));
        assert_eq!(asked(), expected);
        gateway.advance(TimeDelta::minutes(1));
    }
    // Whom it knows it doesn't ask about, nor a token that is no token.
    assert!(is_let_in(&by_old).await && !is_let_in(&gateway.client("let.me.in")).await);
    assert!(!is_let_in(&gateway.client(&format!("{}x", new.sign(&claims)))).await);
    assert_eq!(asked(), 3);

    // The issuer withdraws the old key: it counts no longer once somebody was asked.
    target.answer(|answers| answers.body = key_set(&[&new]));
    assert!(!is_let_in(&strangers[0]).await);
    assert!(!is_let_in(&by_old).await && is_let_in(&by_new).await);
    // Not even for a stranger's token: the time alone does it.
    target.answer(|answers| answers.body = key_set(&[&old]));
    gateway.advance(TimeDelta::minutes(5));
    until("the keys are read anew", async || !is_let_in(&by_new).await).await;
    assert!(is_let_in(&by_old).await);
}

#[tokio::test]
async fn while_the_issuer_fails_its_keys_count_and_nobody_waits_for_long() {
    let known = Issuer::rs256("known");
    let good = key_set(&[&known]);
    let mut target = serving(&good).await;
    let (gateway, claims) = gateway_with(&url(&target)).await;
    let by_known = gateway.client(&known.sign(&claims));
    let stranger = gateway.client(&Issuer::eddsa("stranger").sign(&claims));
    assert!(is_let_in(&by_known).await);
    let large = format!("{{\"keys\":[],\"more\":\"{}\"}}", "x".repeat(256 * 1024));
    for (asked, (status, body)) in
        [(500, good.as_str()), (404, ""), (302, &good), (204, ""), (200, "<html>"), (200, ""), (200, &large)]
            .into_iter()
            .enumerate()
    {
        target.answer(|answers| (answers.status, answers.body) = (status, body.to_owned()));
        gateway.advance(TimeDelta::minutes(1));
        // The stranger's request waits until the issuer has answered.
        assert!(!is_let_in(&stranger).await);
        assert_eq!(target.heads().len(), asked + 2);
        assert!(is_let_in(&by_known).await, "{status} {body:.20}");
    }
    target.stop().await;
    gateway.advance(TimeDelta::minutes(1));
    assert!(!is_let_in(&stranger).await && is_let_in(&by_known).await);
    // An issuer that says nothing holds up a stranger for two seconds, and those it knows not at all.
    target.resume().await;
    target.answer(|answers| answers.delay = TimeDelta::hours(1).to_std().unwrap());
    gateway.advance(TimeDelta::minutes(1));
    assert!(!is_let_in(&stranger).await && is_let_in(&by_known).await);
}

#[tokio::test]
async fn a_socket_waits_for_a_key_as_a_request_does() {
    let (old, new) = (Issuer::rs256("old"), Issuer::es256("new"));
    let target = serving(&key_set(&[&old])).await;
    let (gateway, claims) = gateway_with(&url(&target)).await;
    for (issuer, is_in) in [(&old, true), (&new, false)] {
        assert_eq!(is_let_in(&gateway.client(&issuer.sign(&claims))).await, is_in);
    }
    target.answer(|answers| answers.body = key_set(&[&old, &new]));
    gateway.advance(TimeDelta::minutes(1));
    Socket::open(gateway.address(), Some(&new.sign(&claims))).await;
    assert_eq!(target.heads().len(), 2);
}

#[tokio::test]
async fn an_issuer_that_is_away_at_the_start_keeps_only_its_own_out() {
    let issuer = Issuer::eddsa("late");
    let mut target = serving(&key_set(&[&issuer])).await;
    target.stop().await;
    let (gateway, claims) = gateway_with(&url(&target)).await;
    let client = gateway.client(&issuer.sign(&claims));
    assert!(!is_let_in(&client).await && is_let_in(gateway.owner()).await);
    assert!(is_let_in(&gateway.with_jwt(claims)).await, "the gateway's own secret");
    target.resume().await;
    gateway.advance(TimeDelta::minutes(1));
    assert!(is_let_in(&client).await);
}

#[tokio::test]
async fn a_file_is_read_again_when_it_changes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jwks.json");
    let (old, new) = (Issuer::es256("old"), Issuer::eddsa("new"));
    fs::write(&path, key_set(&[&old])).unwrap();
    let (gateway, claims) = gateway_with(path.to_str().unwrap()).await;
    let (by_old, by_new) = (gateway.client(&old.sign(&claims)), gateway.client(&new.sign(&claims)));
    assert!(is_let_in(&by_old).await && !is_let_in(&by_new).await);
    fs::write(&path, key_set(&[&new])).unwrap();
    gateway.advance(TimeDelta::seconds(5));
    until("the file is read again", async || is_let_in(&by_new).await).await;
    assert!(!is_let_in(&by_old).await);
    // One that is broken or gone leaves the keys as they were.
    for broken in [Some("{"), None] {
        match broken {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        gateway.advance(TimeDelta::minutes(1));
        assert!(!is_let_in(&by_old).await && is_let_in(&by_new).await);
    }
}

#[tokio::test]
async fn a_file_that_is_no_key_set_stops_the_start() {
    let database = Database::create().await;
    let path = database.dir.path().join("jwks.json");
    let config = database.config_with(Overrides::default().with("jwt_jwks", path.display().to_string()));
    for (text, why) in [
        (None, "No such file or directory"),
        (Some("{}".to_owned()), "it isn't a JSON object with `keys`"),
        (Some(format!("{{\"keys\":[]}}{}", " ".repeat(256 * 1024))), "it is larger than 262144 bytes"),
    ] {
        if let Some(text) = text {
            fs::write(&path, text).unwrap();
        }
        let error = App::open(config.clone(), Clock::system()).await.unwrap_err().to_string();
        assert!(
            error.contains(why) && error.contains("jwks.json") && error.contains("OPSGATE_JWT_JWKS"),
            "{error}"
        );
    }
}
