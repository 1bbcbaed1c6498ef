//! Users by words.

use std::collections::BTreeSet;

use entity::user::{self, UserStatus};
use opsgate::directory;
use serde_json::{Value, json};
use tests::{Client, TestGateway};

use super::{record, tx};

const SEARCH: &str = "query($search: String, $first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: UserFilter) { \
     users(search: $search, first: $first, after: $after, last: $last, before: $before, filter: $filter) { \
     nodes { name } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

/// The names that are found, the newest first.
async fn found(client: &Client, search: &str) -> Vec<String> {
    let answer = client.run_with(SEARCH, json!({ "search": search, "first": 50 })).await.ok();
    let names = names(answer.at("/users"));
    assert_eq!(*answer.at("/users/totalCount"), names.len(), "{search:?}");
    names
}

fn names(users: &Value) -> Vec<String> {
    let nodes = users["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect()
}

/// People with these names and external ids.
async fn people(gateway: &TestGateway, people: &[(&str, &str)]) {
    let mut open = tx(gateway).await;
    let records = people.iter().map(|(name, id)| record(id, name, true)).collect();
    directory::upsert_users(&mut open, records).await.unwrap();
    open.commit().await.unwrap();
}

#[tokio::test]
async fn words_are_found_whatever_their_case_accents_and_place() {
    let gateway = TestGateway::start().await;
    let names = [
        ("Åsa Öberg", "crm-1"),
        ("Łukasz Müller", "crm-22"),
        ("Иван Петров", "crm-333"),
        ("李小龙", "crm-4444"),
        ("Conor O'Brien", "crm-5"),
        ("Anna-Lena Groß", "crm-6"),
        ("Al Li", "crm-7"),
    ];
    people(&gateway, &names).await;
    let owner = gateway.owner();
    for (search, expected) in [
        ("asa", vec!["Åsa Öberg"]),
        ("ÅSA oberg", vec!["Åsa Öberg"]),
        ("öBeRg ås", vec!["Åsa Öberg"]),
        ("ber", vec!["Åsa Öberg"]),
        ("lukasz mull", vec!["Łukasz Müller"]),
        ("иван", vec!["Иван Петров"]),
        ("petrov", vec!["Иван Петров"]),
        ("小龙", vec!["李小龙"]),
        ("o'brien", vec!["Conor O'Brien"]),
        ("brien", vec!["Conor O'Brien"]),
        ("gross", vec!["Anna-Lena Groß"]),
        ("anna-lena", vec!["Anna-Lena Groß"]),
        // One or two letters begin a word.
        ("lu", vec!["Łukasz Müller"]),
        ("m", vec!["Łukasz Müller"]),
        ("li", vec!["Al Li", "李小龙"]),
        ("al li", vec!["Al Li"]),
        ("nn", vec![]),
        // The address and the id elsewhere.
        ("crm-33@example.com", vec![]),
        ("crm-333@example.com", vec!["Иван Петров"]),
        ("crm-22", vec!["Łukasz Müller"]),
        ("rm-2", vec!["Łukasz Müller"]),
        ("4444", vec!["李小龙"]),
        // Each word must occur, and none from one field into the next.
        ("anna petrov", vec![]),
        ("petrov crm-333", vec!["Иван Петров"]),
        ("петров crm", vec!["Иван Петров"]),
        ("bergcrm", vec![]),
    ] {
        assert_eq!(found(owner, search).await, expected, "{search:?}");
    }
    for everybody in ["", "  ", "\t\n"] {
        assert_eq!(found(owner, everybody).await.len(), names.len() + 1, "{everybody:?}: and the owner");
    }
    // Whoever is called otherwise is found by that, and no more by what they were.
    people(&gateway, &[("Åsa Lund", "crm-1")]).await;
    assert_eq!(found(owner, "oberg").await, [""; 0]);
    assert_eq!(found(owner, "lund asa").await, ["Åsa Lund"]);
}

#[tokio::test]
async fn whatever_is_typed_is_words() {
    let gateway = TestGateway::start().await;
    people(&gateway, &[("Percent Under", "a"), ("Or And Not Near", "b"), ("שלום محمد", "c"), ("🙂", "d")])
        .await;
    let owner = gateway.owner();
    for nobody in [
        "%",
        "_",
        "%%%",
        "___",
        "'",
        "\"",
        "\\",
        "*",
        "^",
        ":",
        "()",
        "--",
        ";",
        "{",
        "|",
        "  |  ",
        "\u{200d}",
        "\u{202e}",
        "p%t",
        "u_der",
        "search:percent%",
        "NEAR(percent, under)",
        "percent* zzz",
        "'; DROP TABLE users; --",
        "\" OR 1=1",
        "zzz\" OR \"percent",
        "x' UNION SELECT 1 --",
        "-percent under*",
    ] {
        let found = found(owner, nobody).await;
        let is_words = ["-percent under*"].contains(&nobody);
        assert_eq!(found.is_empty(), !is_words, "{nobody:?}: {found:?}");
    }
    for (search, expected) in [
        ("or and not near", "Or And Not Near"),
        ("OR", "Or And Not Near"),
        ("\"percent\" (under)", "Percent Under"),
        ("%percent%", "Percent Under"),
        ("percent & under", "Percent Under"),
        ("שלום", "שלום محمد"),
        ("محمد שלום", "שלום محمد"),
        ("🙂", "🙂"),
    ] {
        assert_eq!(found(owner, search).await, [expected], "{search:?}");
    }
    let many = "a ".repeat(11);
    for (refused, code) in
        [("x".repeat(10_240), "TOO_LONG"), (many, "LIMIT_EXCEEDED"), ("a\0b".to_owned(), "INVALID")]
    {
        let answer = owner.run_with(SEARCH, json!({ "search": refused })).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{code}: {}", answer.body);
        assert!(!answer.body.to_string().contains("xxxxxxxxxx"));
    }
    assert_eq!(found(owner, "percent").await, ["Percent Under"], "and nothing is broken");
}

#[tokio::test]
async fn pages_of_a_search_are_whole_either_way_and_wherever_its_words_are() {
    let gateway = TestGateway::start().await;
    let now = gateway.kernel().clock().now();
    // More than is looked through before the index is asked: rare words lie beyond, some of them far apart.
    const ALL: i64 = 5_600;
    let mut expected: BTreeSet<(i64, String)> = BTreeSet::new();
    for chunk in (0..ALL).collect::<Vec<_>>().chunks(400) {
        let rows = chunk.iter().map(|n| {
            let name = match n {
                0 | 1 | 77 | 5_300 | 5_555 => format!("Rare {n}"),
                _ => format!("Frequent {n}"),
            };
            if name.starts_with("Rare") {
                expected.insert((-n, name.clone()));
            }
            let (id, email) = (gateway.kernel().new_id(now), format!("{n}@x"));
            let search = user::Model::searchable(&name, &email, None);
            // Several of each time, so that the id decides.
            let created_at = now + chrono::TimeDelta::seconds(n / 3);
            user::Model {
                id,
                external_id: None,
                email,
                name,
                status: if n % 2 == 0 { UserStatus::Active } else { UserStatus::Pending },
                verified_at: None,
                suspended_until: None,
                last_active_at: None,
                search,
                created_at,
                updated_at: created_at,
                version: 1,
            }
        });
        gateway.plant_all(rows.collect()).await;
    }
    let owner = gateway.owner();
    let expected: Vec<String> = expected.into_iter().map(|(_, name)| name).collect();
    for size in [1, 2, 5] {
        for is_backward in [false, true] {
            assert_eq!(walk(owner, "rare", size, is_backward).await, expected, "{size} {is_backward}");
        }
    }
    let frequent = json!({ "search": "freq", "first": 50 });
    let answer = owner.run_with(SEARCH, frequent).await.ok();
    let newest = names(answer.at("/users"));
    assert_eq!((newest.len(), &*newest[0]), (50, "Frequent 5599"));
    assert_eq!(*answer.at("/users/totalCount"), 5_595);
    let filtered = json!({ "search": "rare", "filter": { "status": { "eq": "PENDING" } } });
    let answer = owner.run_with(SEARCH, filtered).await.ok();
    assert_eq!(names(answer.at("/users")), ["Rare 5555", "Rare 77", "Rare 1"]);
    assert_eq!(*answer.at("/users/totalCount"), 3);
}

/// Everybody whom a search finds, page by page.
async fn walk(client: &Client, search: &str, size: usize, is_backward: bool) -> Vec<String> {
    let (amount, place, more, end) = match is_backward {
        true => ("last", "before", "hasPreviousPage", "startCursor"),
        false => ("first", "after", "hasNextPage", "endCursor"),
    };
    let (mut all, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut variables = json!({ "search": search });
        variables[amount] = json!(size);
        variables[place] = cursor;
        let answer = client.run_with(SEARCH, variables).await.ok();
        let page = names(answer.at("/users"));
        all = if is_backward {
            page.into_iter().chain(all).collect()
        } else {
            all.into_iter().chain(page).collect()
        };
        cursor = answer.at("/users/pageInfo")[end].clone();
        if answer.at("/users/pageInfo")[more] == false {
            return all;
        }
    }
}

#[tokio::test]
async fn a_partner_finds_members_alone_and_a_search_costs_what_its_page_does() {
    let gateway = TestGateway::start().await;
    let acme = gateway.organization("acme").await;
    gateway.member("Ada Member", acme).await;
    gateway.user("Ada Stranger").await;
    let partner = gateway.partner(&["directory.read"], acme).await;
    assert_eq!(found(&partner, "ada").await, ["Ada Member"]);
    assert_eq!(found(gateway.owner(), "ada").await.len(), 2);
    let nobody = gateway.with_scopes(&["incidents.read"]).await;
    assert_eq!(nobody.run_with(SEARCH, json!({ "search": "ada" })).await.codes(), ["FORBIDDEN"]);
    let answer = gateway.owner().run("{ users(search: \"ada\", first: 30) { nodes { id } } }").await.ok();
    assert_eq!(answer.body["extensions"]["cost"]["requestedQueryCost"], 30);
}
