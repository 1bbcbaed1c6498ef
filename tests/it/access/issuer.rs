//! JWTs of an issuer: what lets in, and what has been tried elsewhere.

use entity::admin_user::AdminLevel;
use jsonwebtoken::Algorithm;
use opsgate::{config::Overrides, kernel::actor::ADMIN_USER};
use serde_json::{Value, json};
use tests::{Issuer, Log, Target, TestGateway, base64url, key_set, sign};

use super::{is_let_in, permissions, turned_away};

const ISSUER: &str = "https://issuer.example/";
const AUDIENCE: &str = "opsgate";

/// A gateway that follows these issuers by a file, and the claims of an active admin.
async fn gateway_of(issuers: &[&Issuer]) -> (TestGateway, Value) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jwks.json");
    std::fs::write(&path, key_set(issuers)).unwrap();
    let settings = Overrides::default()
        .with("jwt_jwks", path.display().to_string())
        .with("jwt_issuer", ISSUER)
        .with("jwt_audience", AUDIENCE);
    let gateway = TestGateway::start_with(settings).await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let exp = gateway.kernel().clock().now().timestamp() + 300;
    let claims = json!({ "sub": ADMIN_USER.encode(account), "exp": exp, "iss": ISSUER, "aud": AUDIENCE });
    (gateway, claims)
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

#[tokio::test]
async fn each_algorithm_lets_in_by_its_own_key() {
    let issuers = [Issuer::rs256("rsa"), Issuer::es256("ec"), Issuer::eddsa("ed")];
    let (gateway, claims) = gateway_of(&issuers.each_ref()).await;
    for issuer in &issuers {
        let algorithm = issuer.algorithm;
        assert!(is_let_in(&gateway.client(&issuer.sign(&claims))).await, "{algorithm:?}");
        // One key is for each, so that its name may be missing.
        for header in [
            json!({ "alg": algorithm }),
            json!({ "alg": algorithm, "typ": "at+jwt" }),
            json!({ "alg": algorithm, "typ": "jwt", "x5t": "dGh1bWI", "more": 1 }),
        ] {
            assert!(
                is_let_in(&gateway.client(&issuer.sign_under(header.clone(), &claims))).await,
                "{header}"
            );
        }
        let narrow = issuer.sign(&with(&claims, "scope", json!("openid incidents.read")));
        assert_eq!(permissions(&gateway.client(&narrow)).await, ["incidents.read"]);
    }
    assert!(is_let_in(&gateway.with_jwt(claims)).await, "the gateway's own secret");
}

#[tokio::test]
async fn the_claims_are_looked_at() {
    let issuer = Issuer::eddsa("ed");
    let (gateway, claims) = gateway_of(&[&issuer]).await;
    let now = gateway.kernel().clock().now().timestamp();
    for (name, value, expected) in [
        ("iss", Value::Null, false),
        ("iss", json!("https://issuer.example"), false),
        ("iss", json!("https://other.example/"), false),
        ("iss", json!([ISSUER]), false),
        ("aud", Value::Null, false),
        ("aud", json!("other"), false),
        ("aud", json!(["other"]), false),
        ("aud", json!([]), false),
        ("aud", json!(7), false),
        ("aud", json!(["other", AUDIENCE]), true),
        ("exp", json!(now - 59), true),
        ("exp", json!(now - 60), false),
        ("exp", Value::Null, false),
        ("nbf", json!(now + 60), true),
        ("nbf", json!(now + 61), false),
        ("iat", json!(now - 86_400), true),
        ("iat", json!(now + 60), true),
        ("iat", json!(now + 61), false),
        ("iat", json!("today"), false),
        ("scope", json!(["*"]), false),
        ("sub", Value::Null, false),
        ("sub", json!("auth0|5f7c8ec7c33c6c004bbafe82"), false),
        ("sub", json!("ada@example.org"), false),
        ("sub", json!(""), false),
    ] {
        let claims = with(&claims, name, value);
        assert_eq!(is_let_in(&gateway.client(&issuer.sign(&claims))).await, expected, "{claims}");
        // They are looked at alike where the gateway's own secret has signed.
        assert_eq!(
            is_let_in(&gateway.with_jwt(claims.clone())).await,
            expected && claims["exp"].is_i64(),
            "{claims}"
        );
    }
}

#[tokio::test]
async fn without_settings_an_audience_is_somebody_else() {
    let gateway = TestGateway::start().await;
    let account = gateway.account("Ada", AdminLevel::Admin).await;
    let claims = json!({ "sub": ADMIN_USER.encode(account), "iss": "anybody" });
    assert!(is_let_in(&gateway.with_jwt(claims.clone())).await);
    assert!(!is_let_in(&gateway.with_jwt(with(&claims, "aud", json!("somebody")))).await);
    // And without a key set, nobody but the secret lets in.
    let exp = gateway.kernel().clock().now().timestamp() + 300;
    assert!(!is_let_in(&gateway.client(&Issuer::rs256("rsa").sign(&with(&claims, "exp", json!(exp))))).await);
}

#[tokio::test]
async fn what_has_been_tried_elsewhere_is_refused_without_a_word_about_it() {
    let log = Log::listen();
    let (rsa, ed, attacker) = (Issuer::rs256("rsa"), Issuer::eddsa("ed"), Issuer::es256("attacker"));
    let (gateway, claims) = gateway_of(&[&rsa, &ed]).await;
    let elsewhere = Target::start().await;
    elsewhere.answer(|answers| answers.body = key_set(&[&attacker]));
    let url = format!("http://127.0.0.1:{}/jwks.json", elsewhere.port());

    let payload = base64url(claims.to_string());
    let unsigned = |header: &str| format!("{}.{payload}.", base64url(header));
    let by_hmac = |secret: &[u8], header: Value| {
        let signed = sign(secret, Algorithm::HS256, &claims);
        let message = format!("{}.{payload}", base64url(header.to_string()));
        let key = jsonwebtoken::EncodingKey::from_secret(secret);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        assert_ne!(signed, message);
        format!("{message}.{signature}")
    };
    let modulus = rsa.jwk()["n"].as_str().unwrap().to_owned();
    let set = key_set(&[&rsa, &ed]);
    let good = rsa.sign(&claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let of_attacker = |header: Value| attacker.sign_under(header, &claims);
    let of_rsa = |header: Value| rsa.sign_under(header, &claims);
    let zeros = base64url([0; 64]);

    let mut attacks = vec![
        // No signature at all.
        ("none", unsigned(r#"{"alg":"none","kid":"rsa"}"#)),
        ("None", unsigned(r#"{"alg":"None","kid":"rsa"}"#)),
        ("nOnE", unsigned(r#"{"alg":"nOnE"}"#)),
        ("no algorithm", unsigned(r#"{"kid":"rsa"}"#)),
        ("null as the algorithm", unsigned(r#"{"alg":null,"kid":"rsa"}"#)),
        ("none, and signed", rsa.sign_by(Algorithm::RS256, r#"{"alg":"none","kid":"rsa"}"#, &claims)),
        ("the signature left out", format!("{message}.")),
        ("two parts", message.to_owned()),
        ("four parts", format!("{good}.{signature}")),
        ("zeros", format!("{}.{payload}.{zeros}", base64url(r#"{"alg":"EdDSA","kid":"ed"}"#))),
        ("zeros on a curve", format!("{}.{payload}.{zeros}", base64url(r#"{"alg":"ES256","kid":"ed"}"#))),
        // A public key taken for a secret.
        ("HS256 by the modulus", by_hmac(modulus.as_bytes(), json!({ "alg": "HS256", "kid": "rsa" }))),
        ("HS256 by the set", by_hmac(set.as_bytes(), json!({ "alg": "HS256", "kid": "rsa" }))),
        ("HS256 by the key", by_hmac(rsa.jwk().to_string().as_bytes(), json!({ "alg": "HS256" }))),
        ("RS256 over an HMAC", by_hmac(modulus.as_bytes(), json!({ "alg": "RS256", "kid": "rsa" }))),
        ("the secret under RS256", by_hmac(&gateway.jwt_secret(), json!({ "alg": "RS256", "kid": "rsa" }))),
        ("HS384 by the secret", sign(&gateway.jwt_secret(), Algorithm::HS384, &claims)),
        // Another algorithm than the key's, by the right key.
        ("RS384", rsa.sign_by(Algorithm::RS384, r#"{"alg":"RS384","kid":"rsa"}"#, &claims)),
        ("PS256", rsa.sign_by(Algorithm::PS256, r#"{"alg":"PS256","kid":"rsa"}"#, &claims)),
        ("RS512 called RS256", rsa.sign_by(Algorithm::RS512, r#"{"alg":"RS256","kid":"rsa"}"#, &claims)),
        (
            "two algorithms",
            rsa.sign_by(Algorithm::RS256, r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#, &claims),
        ),
        ("another's name", of_rsa(json!({ "alg": "RS256", "kid": "ed" }))),
        ("another's key", of_attacker(json!({ "alg": "ES256", "kid": "rsa" }))),
        // A key that the token brings, or says where to get.
        ("jwk", of_attacker(json!({ "alg": "ES256", "jwk": attacker.jwk() }))),
        ("jwk under a name", of_attacker(json!({ "alg": "ES256", "kid": "rsa", "jwk": attacker.jwk() }))),
        ("jwk of its own", of_rsa(json!({ "alg": "RS256", "kid": "rsa", "jwk": rsa.jwk() }))),
        ("jku", of_attacker(json!({ "alg": "ES256", "kid": "attacker", "jku": url }))),
        ("jku beside a good name", of_rsa(json!({ "alg": "RS256", "kid": "rsa", "jku": url }))),
        ("x5u", of_attacker(json!({ "alg": "ES256", "kid": "attacker", "x5u": url }))),
        ("x5u beside a good name", of_rsa(json!({ "alg": "RS256", "kid": "rsa", "x5u": url }))),
        ("x5c", of_rsa(json!({ "alg": "RS256", "kid": "rsa", "x5c": ["MIIB"] }))),
        // What must be understood and isn't.
        ("crit", of_rsa(json!({ "alg": "RS256", "kid": "rsa", "crit": ["exp"], "exp": 1 }))),
        ("crit, empty", of_rsa(json!({ "alg": "RS256", "kid": "rsa", "crit": [] }))),
        ("b64", of_rsa(json!({ "alg": "RS256", "kid": "rsa", "b64": false }))),
        ("zip", of_rsa(json!({ "alg": "RS256", "kid": "rsa", "zip": "DEF" }))),
        ("a token within", of_rsa(json!({ "alg": "RS256", "kid": "rsa", "cty": "JWT" }))),
        ("a logout", of_rsa(json!({ "alg": "RS256", "kid": "rsa", "typ": "logout+jwt" }))),
    ];
    // Names that somebody might take for a path, a query, a URL or a pattern.
    for kid in [
        "../../../../../../dev/null",
        "/proc/sys/kernel/randomize_va_space",
        "rsa' OR '1'='1",
        "rsa\u{0}",
        "RSA",
        " rsa",
        "",
        "*",
        "rsa|ed",
        "$(id)",
        "http://127.0.0.1/jwks.json",
        "\u{202e}asr",
        "rsa\r\nset-cookie: a=b",
    ] {
        attacks.push((kid, of_rsa(json!({ "alg": "RS256", "kid": kid }))));
    }
    attacks.push(("a long name", of_rsa(json!({ "alg": "RS256", "kid": "x".repeat(257) }))));
    for kid in [json!(7), json!(["rsa"]), json!({ "kid": "rsa" }), json!(true)] {
        attacks.push(("a name that is none", of_rsa(json!({ "alg": "RS256", "kid": kid }))));
    }

    for (what, token) in &attacks {
        let answer = gateway.client(token).run("{ viewer { permissions } }").await;
        turned_away(&answer);
        let said = format!("{} {:?}", answer.body, answer.headers);
        assert!(!token.split('.').any(|part| part.len() > 3 && said.contains(part)), "{what}: {said}");
    }
    assert!(is_let_in(&gateway.client(&good)).await, "the way itself is right");
    assert!(elsewhere.heads().is_empty(), "{:?}", elsewhere.heads());

    let log = log.text();
    assert!(log.contains("a JWT was refused"), "{log}");
    for (what, token) in &attacks {
        assert!(!token.split('.').any(|part| part.len() > 3 && log.contains(part)), "{what}: {log}");
    }
    for said in
        ["Ada", "/dev/null", "logout+jwt", "set-cookie", "issuer.example", claims["sub"].as_str().unwrap()]
    {
        assert!(!log.lines().any(|line| line.contains("refused") && line.contains(said)), "{said}: {log}");
    }
}
