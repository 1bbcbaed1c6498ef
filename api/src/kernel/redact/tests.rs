//! What is masked, what stays, and how long it takes.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Whether a text under `key` is masked.
fn masks(key: &str) -> bool {
    let mut value = json!({ key: "something" });
    redact(&mut value);
    value[key] == MASK
}

#[test]
fn keys_that_name_a_secret() {
    let keys = "password Password PASSWORD passwd user_password userPassword newPassword2 password_confirmation \
        passwordHash PASSWORD_1 pwd passphrase passcode db_pass pass secret clientSecret client_secret CLIENT-SECRET \
        secretValue aws_secret_access_key mfaSecret token accessToken access_token ACCESS_TOKEN accesstoken refreshToken \
        id_token X-Auth-Token csrfToken deviceToken tokenHash tokens api_key apiKey APIKEY API-Key x-api-key apikey \
        x.api.key userAPIkey api_key_1 apiKeyValue authorization Authorization Proxy-Authorization \
        authorizationCode auth cookie Cookie Set-Cookie sessionCookie cookies private_key privateKey PRIVATE-KEY \
        privateKeyPem privatekey credential credentials CREDENTIALS credentialJson creds session sessionId session_id \
        sessionid PHPSESSID JSESSIONID session_token pin PIN userPin card_pin pinCode cvv CVV2 cvc otp otpCode totpSecret \
        one_time_code recoveryCodes backup_code jwt signingKey encryption_key accessKey ssh_key connectionString \
        magicLink passwordResetUrl mnemonic user[password]";
    for key in keys.split_whitespace() {
        assert!(masks(key), "{key}");
    }
}

#[test]
fn keys_that_only_resemble_one() {
    let keys = "tokenCount maxTokens max_tokens totalTokens promptTokens completion_tokens tokensUsed tokenType token_type \
        tokenId tokenExpiresAt tokenizer tokenization tokenLimit pricePerToken nextPageToken author authors authority \
        authorId authored secretary secretaryName secretId compassion passenger passed bypass passwordChangedAt \
        passwordPolicy password_length passwordResetAt hasPasswordExpired session_count sessionDuration sessions \
        obsession possession pinned pinnedAt pinCount spin shipping opinion cookieConsent cookiePolicy cookieName \
        publicKey primaryKey foreignKey sortKey keyId key apiKeyId apiKeyName accessKeyId keyboard monkey \
        authorizationUrl authorizationEndpoint tokenEndpoint credentialId credentialType otpEnabled mfaEnabled \
        code statusCode zipCode countryCode errorCode accessLevel name email value data id url hash signature nonce \
        clientId client_id grant_type bearing basicPlan accessibility incidentId dedupKey";
    for key in keys.split_whitespace() {
        assert!(!masks(key), "{key}");
    }
}

#[test]
fn values_under_a_secret_key() {
    let mut value = json!({
        "password": {"old": "a", "new": ["b"]},
        "tokens": ["a", "b"],
        "pin": 1234,
        "secret": null,
        "hasPassword": true,
        "usage": {"tokens": 512, "cookies": 3, "secrets": 0},
        "headers": [
            {"name": "Authorization", "value": "anything"},
            {"key": "X-Api-Key", "value": ["anything"]},
            {"name": "Accept", "value": "text/html"},
            {"name": "password", "value": true},
        ],
        "list": [[{"deep": {"api-key": "x", "note": "fine"}}]],
    });
    redact(&mut value);
    assert_eq!(
        value,
        json!({
            "password": MASK,
            "tokens": MASK,
            "pin": MASK,
            "secret": null,
            "hasPassword": true,
            "usage": {"tokens": 512, "cookies": 3, "secrets": 0},
            "headers": [
                {"name": "Authorization", "value": MASK},
                {"key": "X-Api-Key", "value": MASK},
                {"name": "Accept", "value": "text/html"},
                {"name": "password", "value": true},
            ],
            "list": [[{"deep": {"api-key": MASK, "note": "fine"}}]],
        })
    );
}

#[test]
fn secrets_in_keys_are_masked_and_stay_distinct() {
    let (a, b) = (format!("opsk_{}", "a".repeat(36)), format!("opsk_{}", "b".repeat(36)));
    let mut value = json!({ a: 1, b: 2, "plain": 3 });
    redact(&mut value);
    assert_eq!(value, json!({ "[REDACTED]": 1, "[REDACTED] 2": 2, "plain": 3 }));
}

/// Prefix and body apart, so that scanners of this repository find nothing.
fn token(prefix: &str, length: usize) -> String {
    let body = "0a1B2c3D4e5F6g7H8i9J".chars().cycle().take(length);
    prefix.chars().chain(body).collect()
}

#[test]
fn tokens_are_masked_anywhere() {
    let jwt =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
    for secret in [
        jwt.to_owned(),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.".to_owned(),
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXY.Y2lwaGVy.dGFn".to_owned(),
        token("opsk_", 36),
        token("opsa_", 107),
        token("opsr_", 70),
        token("opsi_", 32),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        "ASIAIOSFODNN7EXAMPLE".to_owned(),
        token("AIza", 35),
        token("ya29.", 40),
        token("ghp_", 36),
        token("gho_", 36),
        token("github_pat_", 82),
        token("glpat-", 20),
        token("xoxb-", 40),
        token("xoxe.xoxp-", 40),
        token("xapp-1-", 40),
        token("sk_live_", 24),
        token("rk_live_", 24),
        token("sk_test_", 24),
        token("SG.", 22) + &token(".", 43),
        token("npm_", 36),
        token("sk-ant-", 60),
    ] {
        for (text, expected) in [
            (secret.clone(), MASK.to_owned()),
            (format!("it was ({secret}), twice: {secret}"), format!("it was ({MASK}), twice: {MASK}")),
            (format!("é{secret}\n"), format!("é{MASK}\n")),
        ] {
            assert_eq!(redact_text(&text), expected);
        }
    }
}

#[test]
fn secrets_by_their_place() {
    for (text, expected) in [
        // Headers.
        ("Authorization: Bearer x", "Authorization: Bearer [REDACTED]"),
        ("authorization: basic eDp5, and more", "authorization: basic [REDACTED], and more"),
        ("Proxy-Authorization: token abc", "Proxy-Authorization: token [REDACTED]"),
        (
            "Authorization: Digest username=\"Mufasa\", response=\"66\"\nHost: x",
            "Authorization: Digest [REDACTED]\nHost: x",
        ),
        (
            "GET / HTTP/1.1\r\nCookie: sid=1; theme=a\r\nHost: x",
            "GET / HTTP/1.1\r\nCookie: [REDACTED]\r\nHost: x",
        ),
        ("Set-Cookie: sid=1; Path=/", "Set-Cookie: [REDACTED]"),
        ("X-Api-Key: abcdef", "X-Api-Key: [REDACTED]"),
        ("sent Bearer mF_9.B5f-4.1JqM to it", "sent Bearer [REDACTED] to it"),
        ("BEARER AbCdEfGh", "BEARER [REDACTED]"),
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic [REDACTED]"),
        ("Basic YTpi", "Basic [REDACTED]"),
        // URLs.
        ("postgres://app:hunter2@db:5432/x?y=1", "postgres://app:[REDACTED]@db:5432/x?y=1"),
        ("redis://:hunter2@cache", "redis://:[REDACTED]@cache"),
        ("https://a:p@ss:w@example.com/@b", "https://a:[REDACTED]@example.com/@b"),
        ("mongodb://u:p@h1:27017,h2:27017/d", "mongodb://u:[REDACTED]@h1:27017,h2:27017/d"),
        ("see http://u:ü@x and http://v:w@y", "see http://u:[REDACTED]@x and http://v:[REDACTED]@y"),
        ("https://hooks.slack.com/services/T0/B0/xyz now", "https://hooks.slack.com/services/[REDACTED] now"),
        ("https://discord.com/api/webhooks/12/a-b_c", "https://discord.com/api/webhooks/12/[REDACTED]"),
        ("/cb?state=1&access_token=abc&x=2#f", "/cb?state=1&access_token=[REDACTED]&x=2#f"),
        ("https://x/reset?token=abc", "https://x/reset?token=[REDACTED]"),
        (
            "https://b/o?X-Amz-Signature=ab12&X-Amz-Date=1",
            "https://b/o?X-Amz-Signature=[REDACTED]&X-Amz-Date=1",
        ),
        // Assignments.
        (
            "grant_type=password&client_secret=s3&user=x",
            "grant_type=password&client_secret=[REDACTED]&user=x",
        ),
        ("Server=db;User Id=sa;Password=p w;", "Server=db;User Id=sa;Password=[REDACTED] w;"),
        ("level=info password = hunter2 user=x", "level=info password = [REDACTED] user=x"),
        ("--api-key='a b' --user=x", "--api-key='[REDACTED]' --user=x"),
        (r#"{"password": "a\"b", "user": "x"}"#, r#"{"password": "[REDACTED]", "user": "x"}"#),
        (r#"{\"password\":\"a\\\"b\",\"user\":\"x\"}"#, r#"{\"password\":\"[REDACTED]\",\"user\":\"x\"}"#),
        (r#"{"pin": 1234, "tokens": 12}"#, r#"{"pin": [REDACTED], "tokens": 12}"#),
        (
            r#"{"credentials": {"secret": "x", "id": 1}}"#,
            r#"{"credentials": {"secret": "[REDACTED]", "id": 1}}"#,
        ),
        (r#"{"password": "cut o"#, r#"{"password": "[REDACTED]"#),
        ("'secret' => 'x', 'id' => 1", "'secret' => '[REDACTED]', 'id' => 1"),
        ("user[password]=x", "user[password]=[REDACTED]"),
        // Private keys.
        (
            "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nb",
            "a\n[REDACTED]\nb",
        ),
        ("-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n", "[REDACTED]\\n"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl cut off", "[REDACTED]"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nx\n-----END PGP PRIVATE KEY BLOCK-----", "[REDACTED]"),
    ] {
        assert_eq!(redact_text(text), expected);
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "",
        "opsk_",
        "opsk_zQWB",
        "the prefix whsec_ names a secret",
        "the bearer of bad news, bearer authentication and bearer bonds",
        "Basic authentication failed on the basic plan; Basic Economy",
        "Authorization: required",
        "authorization denied by policy",
        "Cookie: preferences",
        "password: must have at least 12 characters",
        "the password is too short, token expired, secret: none",
        "hasPassword=true&tokens=12&tokenType=bearer&author=x",
        "if token == other",
        "https://user@example.com/a:b@c",
        "https://example.com:8443/path@x?y=a:b@c",
        "http://[::1]:8080/x",
        r#"["http://a:80","x@y"]"#,
        "git@github.com:owner/repository.git, mailto:a@b.c, 12:30@noon",
        "https://hooks.slack.com/docs and https://discord.com/api/users/1",
        "eyJust.a.name",
        "eyJhbGciOiJIUzI1NiJ9",
        "e30.e30.",
        "pk_live_0a1B2c3D4e5F6g7H8i9J",
        "xoxo-hugs-and-kisses",
        "AKIAIOSFODNN7EXAMPLEAND4MORE, MAKIAIOSFODNN7EXAMPLE",
        "inc_01h455vb4pex5vsknk084sn02q",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "2027-01-15T08:00:00.120000Z 10.0.0.1:8080 a=b c:d \"e\":\"f\"",
        "Müßiggang = ✓",
        MASK,
    ] {
        assert!(
            matches!(redact_text(text), Cow::Borrowed(same) if same == text),
            "{text}: {}",
            redact_text(text)
        );
    }
}

/// A quadratic pass would take minutes on one of these.
#[test]
fn hostile_text_takes_linear_time() {
    let secret = token("opsk_", 36);
    let patterns = concat!(
        r#"a| |=|:|"|\|'|":|\":|é|-|😀|eyJ|eyJaaaaaaaa.|eyJaaaaaaaa-|://|://:|://a:b|://a:b@|a://b:c@d |"#,
        r#"password|token=|token= |token            =|tokens=1|tokenCount=|token='|token=\\\|token=>>>  |"#,
        r#""token":|"token":"|"token":\"|"tokens":1"|token='true'|password=x,|cookie:|cookie: a|Cookie:a=|"#,
        r#"-----BEGIN |-----BEGIN PRIVATE KEY-----|-----BEGIN PRIVATE KEY----------END |bearer |bearer a|"#,
        r#"Basic aaaa|authorization:|authorization: digest |xoxb-|opsk_|whsec_|SG.|SG.aaaaaaaaaaaaaaaa.|"#,
        r#"AKIA|ghp_|github_pat_|hooks.slack.com/services/"#,
    );
    for pattern in patterns.split('|') {
        for between in ["", &secret] {
            let text = format!("{pattern}{between}").repeat(200_000 / (pattern.len() + between.len()));
            let masked = redact_text(&text);
            assert!(!masked.contains(&secret), "{pattern}");
        }
    }
}

#[test]
fn any_depth_is_walked() {
    // By hand: the macro would copy what it is given, level by level, on the stack.
    let wrap = |key: &str, value| Value::Object([(key.to_owned(), value)].into_iter().collect());
    let mut value = wrap("password", "x".into());
    for _ in 0..200_000 {
        value = Value::Array(vec![wrap("inner", value)]);
    }
    redact(&mut value);
    let innermost = (0..200_000).fold(&value, |value, _| &value[0]["inner"]);
    assert_eq!(innermost["password"], MASK);
    // Masked as a whole it is dropped, which doesn't overflow either.
    let mut value = wrap("password", value);
    redact(&mut value);
    assert_eq!(value, json!({ "password": MASK }));
}

/// Texts of the parts that the patterns are made of.
fn fragments() -> impl Strategy<Value = String> {
    let parts = concat!(
        r#"password|token|api_key|tokens|count|=| = |:|":"|"|'|\"|\|&|;|,| |?|/|://|@|user|1234|true|{|[|]|}|"#,
        r#"=>|Bearer |Basic |YTpi|Authorization: |Digest |Cookie: |sid=|eyJhbGciOiJub25lIn0|.|opsk_|whsec_|"#,
        "é|\n|-----BEGIN PRIVATE KEY-----|-----END PRIVATE KEY-----|0a1B2c3D4e5F6g7H8i9J|[REDACTED]|",
        "X-Api-Key: |hooks.slack.com/services/",
    );
    let parts: Vec<_> = parts.split('|').collect();
    prop::collection::vec(prop::sample::select(parts), 0..16).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn masking_twice_changes_nothing(text in fragments()) {
        let once = redact_text(&text).into_owned();
        prop_assert_eq!(redact_text(&once), once.as_str());
    }

    #[test]
    fn a_token_never_stays(before in fragments(), after in "[ ,;\"'&\n]\\PC{0,20}") {
        let secret = token("opsk_", 36);
        let text = format!("{before}{secret}{after}");
        prop_assert!(!redact_text(&text).contains(&secret));
    }

    #[test]
    fn any_text_is_handled(text in "\\PC{0,200}") {
        redact_text(&text);
    }
}
