//! Which keys of a set are taken, for what, and whose signatures they tell from others: with the examples that the
//! standards publish.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{jwt::Rules, keys::Keys};

/// RFC 7515, appendix A.2.
const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4\
    d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS\
    -UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91\
    kzk2PAcDTW9gb54h4FRWyuXpoQ";
const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS\
    9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp\
    5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eS\
    N9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlV\
    mtVrBp0igcN_IoypGlUPQGe77Rw";
/// RFC 7515, appendix A.3.
const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS\
    9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// RFC 8037, appendix A.2 and A.4.
const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3A\
    IbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// What is wrong with the standards' examples once their signature was taken: they lack a `sub`.
const TAKEN: &str = "a claim is missing: sub, exp, or the aud of the settings";
/// A modulus of 1,024 bits.
const WEAK_N: &str = "36xUCf3NHX7U2VMq_rUZ-nJhgUlmEizDZV5zOLvzii39hsNaEw1sZM_rniZVZdLd_a3zbIGSU0xhKWXw9n-6gE70Cq1uiSL\
    nFikhdTRfFmm_FlW22bz4AuoPD9cZifn1n1n_85gO7Rl-4fJ3gRRDeRzKXIgH5USbLtyUNUNlclk";

fn rsa() -> Value {
    json!({ "kty": "RSA", "n": RSA_N, "e": "AQAB" })
}

fn ec() -> Value {
    json!({ "kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y })
}

fn ed() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": ED_X })
}

fn with(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

fn set(keys: &[Value]) -> Keys {
    Keys::parse(json!({ "keys": keys }).to_string().as_bytes(), &Rules::default()).unwrap()
}

/// Why a token isn't accepted.
fn flaw(keys: &Keys, algorithm: Algorithm, token: &str) -> String {
    keys.find(None, algorithm).unwrap().verify::<Value>(token).unwrap_err().to_string()
}

#[test]
fn the_published_signatures_are_told_from_others() {
    const FORGED: &str = "its signature isn't this key's";
    let keys = set(&[rsa(), ec(), ed()]);
    for (algorithm, token, other, expected) in [
        (Algorithm::RS256, RS256, ES256, TAKEN),
        (Algorithm::ES256, ES256, RS256, TAKEN),
        // What it signs aren't even claims.
        (Algorithm::EdDSA, EDDSA, RS256, "it can't be read"),
    ] {
        assert_eq!(flaw(&keys, algorithm, token), expected, "{algorithm:?}");
        assert_eq!(flaw(&keys, algorithm, other), "its algorithm isn't the key's", "{algorithm:?}");
        let parts: Vec<_> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("{token}") };
        let flipped = |text: &str, at: usize| {
            let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            format!("{}{other}{}", &text[..at], &text[at + 1..])
        };
        for at in 0..payload.len() - 1 {
            let forged = format!("{header}.{}.{signature}", flipped(payload, at));
            assert_eq!(flaw(&keys, algorithm, &forged), FORGED, "{algorithm:?} {at}");
        }
        for at in 0..signature.len() - 1 {
            let forged = format!("{header}.{payload}.{}", flipped(signature, at));
            assert_eq!(flaw(&keys, algorithm, &forged), FORGED, "{algorithm:?} {at}");
        }
        // Nothing but zeros: what a verifier that forgets to look at r and s takes.
        let zeros = "A".repeat(signature.len() - signature.len() % 4);
        assert_eq!(flaw(&keys, algorithm, &format!("{header}.{payload}.{zeros}")), FORGED, "{algorithm:?}");
        assert_eq!(flaw(&keys, algorithm, &format!("{header}.{payload}.")), FORGED, "{algorithm:?}");
    }
}

/// With the exponent 1 a signature is what was signed, padded: anybody can write it.
#[test]
fn a_signature_that_anybody_can_write_is_none() {
    const DIGEST_INFO: &[u8] =
        b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let message = RS256.rsplit_once('.').unwrap().0;
    let mut signature = vec![0xff; 256];
    (signature[0], signature[1], signature[204]) = (0, 1, 0);
    signature[205..224].copy_from_slice(DIGEST_INFO);
    signature[224..].copy_from_slice(&Sha256::digest(message));
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    for exponent in ["AQ", "AAAB", "AA", "Ag"] {
        let keys = set(&[with(rsa(), "e", json!(exponent))]);
        assert_ne!(flaw(&keys, Algorithm::RS256, &token), TAKEN, "{exponent}");
    }
}

#[test]
fn a_key_says_what_it_is_for() {
    use Algorithm::{ES256, EdDSA, RS256};
    for (jwk, expected) in [
        (rsa(), Some(RS256)),
        (with(rsa(), "alg", json!("RS256")), Some(RS256)),
        (with(rsa(), "use", json!("sig")), Some(RS256)),
        (with(rsa(), "key_ops", json!(["verify"])), Some(RS256)),
        (with(rsa(), "key_ops", json!(["sign", "verify"])), Some(RS256)),
        (with(rsa(), "x5t", json!("dGh1bWI")), Some(RS256)),
        (ec(), Some(ES256)),
        (with(ec(), "alg", json!("ES256")), Some(ES256)),
        (ed(), Some(EdDSA)),
        (with(ed(), "alg", json!("EdDSA")), Some(EdDSA)),
        // For something else.
        (with(rsa(), "use", json!("enc")), None),
        (with(rsa(), "use", json!("tls")), None),
        (with(rsa(), "use", json!(7)), None),
        (with(rsa(), "key_ops", json!(["encrypt"])), None),
        (with(rsa(), "key_ops", json!([])), None),
        (with(rsa(), "alg", json!("RS384")), None),
        (with(rsa(), "alg", json!("PS256")), None),
        (with(rsa(), "alg", json!("RSA-OAEP")), None),
        (with(rsa(), "alg", json!("HS256")), None),
        (with(rsa(), "alg", json!("ES256")), None),
        (with(rsa(), "alg", json!("none")), None),
        (with(ec(), "alg", json!("RS256")), None),
        (with(ec(), "alg", json!("ES384")), None),
        (with(ed(), "alg", json!("ES256")), None),
        // Weak, too large, or no key.
        (with(rsa(), "n", json!(WEAK_N)), None),
        (with(rsa(), "n", json!("A".repeat(342))), None),
        (with(rsa(), "n", json!(format!("{}{WEAK_N}", "A".repeat(172)))), None),
        (with(rsa(), "n", json!("_".repeat(1368))), None),
        (with(rsa(), "n", json!("not base64!")), None),
        (with(rsa(), "n", json!("")), None),
        (with(rsa(), "n", Value::Null), None),
        (with(ec(), "crv", json!("P-384")), None),
        (with(ec(), "crv", json!("secp256k1")), None),
        (with(ec(), "x", json!("f83OJ3D2")), None),
        (with(ec(), "y", Value::Null), None),
        (with(ed(), "crv", json!("X25519")), None),
        (with(ed(), "crv", json!("Ed448")), None),
        (with(ed(), "x", json!("")), None),
        // A secret is never published.
        (json!({ "kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T" }), None),
        (json!({ "kty": "XYZ" }), None),
        (json!({}), None),
        (json!("a key"), None),
    ] {
        let keys = set(std::slice::from_ref(&jwk));
        let all =
            [Algorithm::HS256, RS256, ES256, EdDSA, Algorithm::RS384, Algorithm::PS256, Algorithm::ES384];
        let found: Vec<_> =
            all.into_iter().filter(|algorithm| keys.find(None, *algorithm).is_some()).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{jwk}");
    }
}

#[test]
fn what_is_not_of_use_does_not_spoil_the_rest() {
    assert_eq!(set(&[json!({}), ed(), json!(null), with(ec(), "use", json!("enc"))]).len(), 1);
    let parse = |text: &str| Keys::parse(text.as_bytes(), &Rules::default()).map(|keys| keys.len());
    assert_eq!(parse(r#"{"keys":[],"more":1}"#), Ok(0));
    for none in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]"#, "null", "<html>"] {
        assert_eq!(parse(none), Err("it isn't a JSON object with `keys`"), "{none}");
    }
    let many = |count: usize| json!({ "keys": vec![ed(); count] }).to_string();
    assert_eq!(parse(&many(64)), Ok(64));
    assert_eq!(parse(&many(65)), Err("it has more than 64 keys"));
}

#[test]
fn a_name_and_an_algorithm_mean_one_key_or_none() {
    let named = |jwk: Value, id: &str| with(jwk, "kid", json!(id));
    let keys = set(&[
        named(rsa(), "a"),
        named(ec(), "a"),
        named(ed(), "b"),
        named(ed(), "c"),
        named(ed(), "d"),
        named(ed(), "d"),
    ]);
    for (id, algorithm, expected) in [
        (Some("a"), Algorithm::RS256, true),
        (Some("a"), Algorithm::ES256, true),
        (Some("a"), Algorithm::EdDSA, false),
        (Some("b"), Algorithm::EdDSA, true),
        (Some("B"), Algorithm::EdDSA, false),
        (Some(""), Algorithm::EdDSA, false),
        // Two have this name, and three are for this algorithm.
        (Some("d"), Algorithm::EdDSA, false),
        (None, Algorithm::EdDSA, false),
        (None, Algorithm::RS256, true),
    ] {
        assert_eq!(keys.find(id, algorithm).is_some(), expected, "{id:?} {algorithm:?}");
    }
    assert!(keys.has(Some("d")) && !keys.has(Some("e")) && keys.has(None) && !set(&[]).has(None));
}
