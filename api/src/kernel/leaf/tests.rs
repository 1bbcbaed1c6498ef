//! The golden leaf, the published vectors, and what must survive.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn leaf() -> Leaf {
    Leaf {
        id: "aud_01h455vb4pex5vsknk084sn02q".to_owned(),
        event_id: "evt_01h455vb4pex5vsknk084sn02r".to_owned(),
        occurred_at: DateTime::from_timestamp(1_800_000_000, 120_000_000).unwrap(),
        service_name: "opsgate".to_owned(),
        event_type: "monitoring.incident.acknowledged".to_owned(),
        category: "OPERATIONS".to_owned(),
        severity: "INFO".to_owned(),
        action: "INCIDENT_ACKNOWLEDGE".to_owned(),
        outcome: "SUCCESS".to_owned(),
        actor: LeafActor { kind: "USER".to_owned(), id: "adm_01h455vb4pex5vsknk084sn02s".to_owned() },
        impersonator: Some("adm_01h455vb4pex5vsknk084sn02t".to_owned()),
        entity: Some(LeafEntity {
            kind: "Incident".to_owned(),
            id: "inc_01h455vb4pex5vsknk084sn02v".to_owned(),
        }),
        organization_id: Some("org_01h455vb4pex5vsknk084sn02w".to_owned()),
        subject: Some("5f1d7a".to_owned()),
        request_id: Some("req-1".to_owned()),
        correlation_id: Some("trace-1".to_owned()),
        data: Some(json!({
            "z": [1, -1, 0.5, 1e21, 9_007_199_254_740_991_i64, 9_007_199_254_740_992_i64, -9_007_199_254_740_993_i64,
                  u64::MAX],
            "note": "é €/\"\u{7}",
            "nested": {"big": i64::MIN, "none": null, "yes": true},
            "Upper": {},
        })),
        personal: Some(json!({"$.email": "00ff", "$.name": "ff00"})),
    }
}

/// If this fails, the form has changed: that is a new version, not a new golden value.
#[test]
fn the_golden_leaf() {
    let canonical = leaf().canonical().unwrap();
    assert_eq!(
        canonical,
        concat!(
            r#"{"action":"INCIDENT_ACKNOWLEDGE","actor":{"id":"adm_01h455vb4pex5vsknk084sn02s","kind":"USER"},"#,
            r#""category":"OPERATIONS","correlationId":"trace-1","data":{"Upper":{},"nested":"#,
            r#"{"big":"-9223372036854775808","none":null,"yes":true},"note":"é €/\"\u0007","z":[1,-1,0.5,1e+21,"#,
            r#"9007199254740991,"9007199254740992","-9007199254740993","18446744073709551615"]},"#,
            r#""entity":{"id":"inc_01h455vb4pex5vsknk084sn02v","type":"Incident"},"#,
            r#""eventId":"evt_01h455vb4pex5vsknk084sn02r","eventType":"monitoring.incident.acknowledged","#,
            r#""id":"aud_01h455vb4pex5vsknk084sn02q","impersonator":"adm_01h455vb4pex5vsknk084sn02t","#,
            r#""occurredAt":"2027-01-15T08:00:00.120000Z","organizationId":"org_01h455vb4pex5vsknk084sn02w","#,
            r#""outcome":"SUCCESS","personal":{"$.email":"00ff","$.name":"ff00"},"requestId":"req-1","#,
            r#""serviceName":"opsgate","severity":"INFO","subject":"5f1d7a","v":1}"#,
        )
    );
    assert_eq!(
        hex::encode(leaf_hash(canonical.as_bytes())),
        "6e205d5d965c3904aa1937f6f6e9e4ef3d9b08b664ab59f6aaa92b5c06bb08f3"
    );
}

#[test]
fn what_is_absent_is_left_out() {
    let bare = Leaf {
        impersonator: None,
        entity: None,
        organization_id: None,
        subject: None,
        request_id: None,
        correlation_id: None,
        data: None,
        personal: None,
        ..leaf()
    };
    assert_eq!(
        bare.canonical().unwrap(),
        concat!(
            r#"{"action":"INCIDENT_ACKNOWLEDGE","actor":{"id":"adm_01h455vb4pex5vsknk084sn02s","kind":"USER"},"#,
            r#""category":"OPERATIONS","eventId":"evt_01h455vb4pex5vsknk084sn02r","#,
            r#""eventType":"monitoring.incident.acknowledged","id":"aud_01h455vb4pex5vsknk084sn02q","#,
            r#""occurredAt":"2027-01-15T08:00:00.120000Z","outcome":"SUCCESS","serviceName":"opsgate","#,
            r#""severity":"INFO","v":1}"#,
        )
    );
}

#[test]
fn times_have_six_digits_and_four_digit_years() {
    for (seconds, nanos, written) in [
        (0, 0, "1970-01-01T00:00:00.000000Z"),
        (-1, 1_000, "1969-12-31T23:59:59.000001Z"),
        (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999Z"),
    ] {
        let occurred_at = DateTime::from_timestamp(seconds, nanos).unwrap();
        let canonical = Leaf { occurred_at, ..leaf() }.canonical().unwrap();
        assert!(canonical.contains(&format!(r#""occurredAt":"{written}""#)), "{canonical}");
    }
    let occurred_at = DateTime::from_timestamp(253_402_300_800, 0).unwrap();
    assert!(matches!(Leaf { occurred_at, ..leaf() }.canonical(), Err(LeafError::Year(10_000))));
}

#[test]
fn data_is_refused_where_no_parser_would_read_it_back() {
    let nested = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let deepest = Leaf { data: Some(nested(MAX_DEPTH)), ..leaf() }.canonical().unwrap();
    assert!(serde_json::from_str::<Value>(&deepest).is_ok());
    let deeper = Leaf { data: Some(nested(MAX_DEPTH + 1)), ..leaf() }.canonical().unwrap_err();
    assert!(deeper.to_string().contains("100 levels"), "{deeper}");
    assert!(commit(&[0; 32], "$", &nested(MAX_DEPTH + 1)).is_err());
}

/// RFC 8785, section 3.2.2 and its hexadecimal result in 3.2.4.
#[test]
fn jcs_example() {
    let value = parse_unique(
        r#"{
          "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        }"#,
    )
    .unwrap();
    let hex = "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333\
               332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c7530\
               3030665c6e4127425c225c5c5c5c5c222f227d";
    let canonical = serde_json_canonicalizer::to_vec(&json::Exact::new(&value)).unwrap();
    assert_eq!(hex::encode(canonical), hex);
}

/// RFC 8785, section 3.2.3: keys in the order of their UTF-16 code units.
#[test]
fn jcs_sorts_by_utf_16() {
    let value = parse_unique(
        r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"}"#,
    )
    .unwrap();
    let canonical = serde_json_canonicalizer::to_string(&json::Exact::new(&value)).unwrap();
    let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
    let places: Vec<_> = order.iter().map(|name| canonical.find(name).unwrap()).collect();
    assert!(places.is_sorted(), "{canonical}");
}

/// RFC 8785, appendix B: the bits of a double and its text.
#[test]
fn jcs_numbers() {
    for (bits, text) in [
        (0x0000000000000000_u64, "0"),
        (0x8000000000000000, "0"),
        (0x0000000000000001, "5e-324"),
        (0x8000000000000001, "-5e-324"),
        (0x7fefffffffffffff, "1.7976931348623157e+308"),
        (0xffefffffffffffff, "-1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992"),
        (0xc340000000000000, "-9007199254740992"),
        (0x4430000000000000, "295147905179352830000"),
        (0x44b52d02c7e14af5, "9.999999999999997e+22"),
        (0x44b52d02c7e14af6, "1e+23"),
        (0x44b52d02c7e14af7, "1.0000000000000001e+23"),
        (0x444b1ae4d6e2ef4e, "999999999999999700000"),
        (0x444b1ae4d6e2ef4f, "999999999999999900000"),
        (0x444b1ae4d6e2ef50, "1e+21"),
        (0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"),
        (0x3eb0c6f7a0b5ed8d, "0.000001"),
        (0x41b3de4355555553, "333333333.3333332"),
        (0x41b3de4355555554, "333333333.33333325"),
        (0x41b3de4355555555, "333333333.3333333"),
        (0x41b3de4355555556, "333333333.3333334"),
        (0x41b3de4355555557, "333333333.33333343"),
        (0xbecbf647612f3696, "-0.0000033333333333333333"),
        (0x43143ff3c1cb0959, "1424953923781206.2"),
    ] {
        let value = Value::from(f64::from_bits(bits));
        assert_eq!(serde_json_canonicalizer::to_string(&json::Exact::new(&value)).unwrap(), text);
    }
}

/// RFC 6962: the hash of a leaf without content is SHA-256 of the one zero byte.
#[test]
fn leaf_hashes() {
    let empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(hex::encode(leaf_hash(b"")), empty);
    let object = "28a3a18f6cd6406b086e9ffda1f9b8a13dbcf44b0f3f32cb9031a11fd053acf9";
    assert_eq!(hex::encode(leaf_hash(b"{}")), object);
}

#[test]
fn commitments() {
    let salt = [7; 32];
    let value = json!({"b": "Ada", "a": 9_007_199_254_740_993_i64});
    let commitment = commit(&salt, "$.name", &value).unwrap();
    assert_eq!(commitment, "8ef5139a40120e063e776b05ffb81f27c3271ed5e0cd5a3d58feb5838e8794ef");
    for (salt, path, value) in [
        ([8; 32], "$.name", value.clone()),
        (salt, "$.other", value.clone()),
        (salt, "$.name", json!({"b": "Ada", "a": 9_007_199_254_740_992_i64})),
    ] {
        assert_ne!(commit(&salt, path, &value).unwrap(), commitment);
    }
}

#[test]
fn duplicate_keys_are_refused() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":1}"#,
        r#"[{"b":{"c":null,"d":[],"c":null}}]"#,
        r#"{"":0,"":0}"#,
    ] {
        let error = parse_unique(text).unwrap_err().to_string();
        assert!(error.starts_with("duplicate key at line 1"), "{error}");
    }
    let fine = r#"{"a":{"a":[{"a":1.5},{"a":null}]},"A":"a","b":[true,"x",-3,18446744073709551615]}"#;
    assert_eq!(parse_unique(fine).unwrap(), serde_json::from_str::<Value>(fine).unwrap());
}

#[test]
fn integers_of_more_than_64_bits_are_refused() {
    for text in ["18446744073709551616", "[-9223372036854775809]", r#"{"a\"":"1","b":100000000000000000001}"#]
    {
        assert!(parse_unique(text).unwrap_err().to_string().contains("send it as a string"), "{text}");
    }
    for text in [
        "18446744073709551615",
        "-9223372036854775808",
        "-0",
        "1e20",
        "-100000000000000000000",
        "100000000000000000000.0",
        r#""18446744073709551616""#,
        r#"["\\", "\"18446744073709551616", {"99999999999999999999": "é\u00e9"}]"#,
    ] {
        assert!(parse_unique(text).is_ok(), "{text}");
    }
}

#[test]
fn what_is_not_json_is_refused() {
    let deep = "[".repeat(10_000);
    for text in ["", "{", "nul", "1 2", "{\"a\":1,}", "NaN", "1e999", "'a'", deep.as_str()] {
        assert!(parse_unique(text).is_err(), "{text}");
    }
}

/// Any JSON, with whole numbers over the range of 64 bits.
fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-(1_i64 << 54)..1 << 54).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u32>().prop_map(|number| Value::from(f64::from(number) * 1e12)),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// `value` as it is to be found in a leaf.
fn expected(value: &Value) -> Value {
    match value {
        Value::Number(number) if !number.is_f64() => {
            let integer: i128 = number.to_string().parse().unwrap();
            if integer.abs() < 1 << 53 { value.clone() } else { number.to_string().into() }
        }
        Value::Array(items) => items.iter().map(expected).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), expected(value))).collect(),
        other => other.clone(),
    }
}

/// Whether `a` and `b` are equal; a number may be a float here and an integer there.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

proptest! {
    #[test]
    fn big_integers_survive(a: i64, b: u64) {
        let canonical = |data| Leaf { data: Some(data), ..leaf() }.canonical().unwrap();
        let written: Value = serde_json::from_str(&canonical(json!({"deep": [{"a": a, "b": b}]}))).unwrap();
        for (key, integer) in [("a", i128::from(a)), ("b", i128::from(b))] {
            let found = &written["data"]["deep"][0][key];
            let digits = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            prop_assert_eq!(digits.parse::<i128>().unwrap(), integer);
            prop_assert_eq!(found.is_number(), integer.abs() < 1 << 53);
        }
        prop_assert_ne!(canonical(json!(a)), canonical(json!(a.wrapping_add(1))));
    }

    #[test]
    fn the_text_holds_all_of_the_data(data in any_json(), said: String, path: String) {
        let actor = LeafActor { kind: said.clone(), id: said.clone() };
        let personal = Some(json!({ "$": "ff", path: "00" }));
        let (request_id, data) = (Some(said), Some(data));
        let text = Leaf { data: data.clone(), request_id, actor, personal, ..leaf() }.canonical().unwrap();
        let data = data.unwrap();
        let written = parse_unique(&text).unwrap();
        prop_assert!(equal(&written["data"], &expected(&data)), "{} {}", written["data"], data);
        prop_assert_eq!(serde_json_canonicalizer::to_string(&written).unwrap(), text);
    }

    #[test]
    fn parsing_agrees_with_serde_json(value in any_json(), text in "[\\[\\]{},:\"a0-9.e+-]{0,24}") {
        let printed = value.to_string();
        prop_assert_eq!(parse_unique(&printed).unwrap(), serde_json::from_str::<Value>(&printed).unwrap());
        if let Ok(value) = parse_unique(&text) {
            prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
        }
    }
}
