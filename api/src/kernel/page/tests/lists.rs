//! Pages of a list: every row once, whichever way, whatever comes and goes.

use ::entity::incident;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value as Json, json};

use super::fixture::{Bench, incident};

/// Titles in the order of their code points, which no locale has.
const TITLES: [&str; 8] = ["", "A", "B", "a", "a b", "a_b", "á", "b"];

/// Incidents whose titles and severities repeat, inserted in no order.
async fn mixed(bench: &Bench) -> Vec<incident::Model> {
    use incident::IncidentSeverity::{Critical, High, Low, Medium};
    let mut rows: Vec<_> = (0..16).map(|n| incident(n * 7 % 16)).collect();
    for (i, row) in rows.iter_mut().enumerate() {
        row.title = TITLES[i % TITLES.len()].to_owned();
        row.severity = [High, Low, Critical, Medium, Low][i % 5];
        bench.insert(row.clone()).await;
    }
    rows
}

/// The titles and cursors of a page.
fn edges(data: &Json, field: &str) -> Vec<(String, String)> {
    let edges = data[field]["edges"].as_array().unwrap();
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    edges.iter().map(|edge| (text(&edge["node"]["id"]), text(&edge["cursor"]))).collect()
}

/// Everything in `field`, page by page.
async fn walk(bench: &Bench, field: &str, order_by: &str, size: usize, is_backward: bool) -> Vec<String> {
    let (amount, place) = if is_backward { ("last", "before") } else { ("first", "after") };
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let from = cursor.as_ref().map(|cursor| format!(", {place}: \"{cursor}\"")).unwrap_or_default();
        let document = format!(
            "{{ {field}({amount}: {size}{from}{order_by}) {{ \
                edges {{ cursor node {{ id }} }} \
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        let data = bench.data(&document).await;
        let (page, info) = (edges(&data, field), &data[field]["pageInfo"]);
        let (more, other) =
            if is_backward { ("hasPreviousPage", "hasNextPage") } else { ("hasNextPage", "hasPreviousPage") };
        assert_eq!(info[other], cursor.is_some());
        assert_eq!(info["startCursor"], json!(page.first().map(|(_, cursor)| cursor)));
        assert_eq!(info["endCursor"], json!(page.last().map(|(_, cursor)| cursor)));
        let next = if is_backward { page.first() } else { page.last() };
        cursor = next.map(|(_, cursor)| cursor.clone());
        let page = page.into_iter().map(|(id, _)| id);
        ids = if is_backward { page.chain(ids).collect() } else { ids.into_iter().chain(page).collect() };
        if info[more] == false {
            return ids;
        }
    }
}

#[tokio::test]
async fn every_row_comes_once_in_every_order_either_way() {
    for bench in Bench::all().await {
        let mut rows = mixed(&bench).await;
        let mut check = async |field: &str, order_by: &str, sort: fn(&mut Vec<incident::Model>)| {
            sort(&mut rows);
            let expected: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
            for (size, is_backward) in [(1, false), (3, false), (5, true), (16, true), (100, false)] {
                let found = walk(&bench, field, order_by, size, is_backward).await;
                assert_eq!(found, expected, "{field}{order_by}, {size} a page, backward: {is_backward}");
            }
        };
        let name = "incidents";
        check(name, "", |rows| rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)))).await;
        let asc = ", orderBy: { field: TITLE, direction: ASC }";
        check(name, asc, |rows| rows.sort_by_key(|row| (row.title.clone(), row.id))).await;
        let desc = ", orderBy: { field: SEVERITY }";
        check(name, desc, |rows| rows.sort_by_key(|row| std::cmp::Reverse((row.severity, row.id)))).await;
        // Two columns in opposite directions.
        check("triage", "", |rows| {
            rows.sort_by_key(|row| (std::cmp::Reverse(row.severity), row.created_at, row.id));
        })
        .await;
    }
}

#[tokio::test]
async fn rows_that_come_and_go_neither_repeat_nor_hide_others() {
    for bench in Bench::all().await {
        for n in 2..8 {
            bench.insert(incident(n)).await;
        }
        let page = "edges { cursor node { id } }";
        let first = edges(&bench.data(&format!("{{ incidents(first: 3) {{ {page} }} }}")).await, "incidents");
        let cursor = &first[2].1;
        // A newer one, an older one, and the row of the cursor itself.
        bench.insert(incident(9)).await;
        bench.insert(incident(0)).await;
        incident::Entity::delete_by_id(incident(5).id).exec(bench.db().writer()).await.unwrap();
        let next = bench.data(&format!("{{ incidents(first: 9, after: \"{cursor}\") {{ {page} }} }}")).await;
        let ids: Vec<String> = edges(&next, "incidents").into_iter().map(|(id, _)| id).collect();
        let expected: Vec<String> = [4, 3, 2, 0].into_iter().map(|n| incident(n).id.to_string()).collect();
        assert_eq!(ids, expected);
    }
}

#[tokio::test]
async fn between_two_places_either_end_may_be_asked_for() {
    for bench in Bench::all().await {
        for n in 0..6 {
            bench.insert(incident(n)).await;
        }
        let all = edges(&bench.data("{ incidents { edges { cursor node { id } } } }").await, "incidents");
        let (after, before) = (&all[0].1, &all[5].1);
        for (amount, expected, info) in [
            ("first: 2", &all[1..3], (json!(true), json!(true))),
            ("last: 2", &all[3..5], (json!(true), json!(true))),
            // No more between the two: who pages forward is done.
            ("first: 4", &all[1..5], (json!(false), json!(true))),
        ] {
            let document = format!(
                "{{ incidents({amount}, after: \"{after}\", before: \"{before}\") {{ \
                    edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"
            );
            let data = bench.data(&document).await;
            assert_eq!(edges(&data, "incidents"), expected);
            let found = &data["incidents"]["pageInfo"];
            assert_eq!((&found["hasNextPage"], &found["hasPreviousPage"]), (&info.0, &info.1), "{amount}");
        }
        // Whoever gives `before` alone goes back from there.
        let data = bench
            .data(&format!("{{ incidents(before: \"{before}\") {{ edges {{ cursor node {{ id }} }} }} }}"))
            .await;
        assert_eq!(edges(&data, "incidents"), &all[..5]);
    }
}

#[tokio::test]
async fn arguments_that_no_page_takes_are_refused_with_what_is_taken() {
    let bench = Bench::sqlite().await;
    bench.insert(incident(0)).await;
    let ask = async |args: &str| bench.refusal(&format!("{{ incidents({args}) {{ totalCount }} }}")).await;
    assert_eq!(ask("first: 0").await, "`first` is 1 to 100, not 0");
    assert_eq!(ask("first: 101").await, "`first` is 1 to 100, not 101");
    assert_eq!(ask("last: -1").await, "`last` is 1 to 100, not -1");
    assert_eq!(
        ask("first: 1, last: 1").await,
        "give `first` to page forward or `last` to page backward, not both"
    );

    let data = bench
        .data("{ incidents { edges { cursor node { id } } } triage { edges { cursor node { id } } } }")
        .await;
    let (own, other) = (&edges(&data, "incidents")[0].1, &edges(&data, "triage")[0].1);
    assert!(ask(&format!("after: \"{other}\"")).await.starts_with("`after` is a cursor of another list"));
    let reordered = ask(&format!("before: \"{own}\", orderBy: {{ field: TITLE }}")).await;
    assert!(reordered.starts_with("`before` is a cursor of this list under another order"), "{reordered}");
    for garbage in
        ["", "abc", "W10", "WyJpbmNpZGVudHMiLCJjcmVhdGVkX2F0LSJd", &own[..own.len() - 4], "\\u0000", "é"]
    {
        let message = ask(&format!("after: \"{garbage}\"")).await;
        assert!(message.starts_with("`after` isn't a cursor"), "{garbage}: {message}");
    }
    let response = bench.run("{ incidents(first: 0) { totalCount } }").await;
    let source = response.errors[0].source::<crate::kernel::error::Error>().unwrap();
    assert_eq!(source.code(), "BAD_USER_INPUT");
}

#[tokio::test]
async fn what_isnt_selected_isnt_read() {
    for bench in Bench::all().await {
        bench.insert(incident(0)).await;
        for (selection, statements) in [
            ("__typename", 0),
            ("totalCount", 1),
            ("totalCount isTotalCountExact n: totalCount", 1),
            ("nodes { id }", 1),
            ("edges { cursor node { id } } nodes { id } pageInfo { hasNextPage }", 1),
            ("...Page totalCount @skip(if: true)", 1),
            ("...Page ... on IncidentConnection { totalCount }", 2),
        ] {
            let document = format!(
                "{{ incidents {{ {selection} }} }} {}",
                if selection.contains("...Page") {
                    "fragment Page on IncidentConnection { edges { node { id } } }"
                } else {
                    ""
                }
            );
            assert_eq!(bench.counted(&document).await.1, statements, "{selection}");
        }
    }
}

#[tokio::test]
async fn counting_ends_at_ten_thousand() {
    for bench in Bench::all().await {
        let insert = async |range: std::ops::Range<u32>| {
            for start in range.clone().step_by(500) {
                let rows = (start..range.end.min(start + 500)).map(|n| incident(n).into_active_model());
                incident::Entity::insert_many(rows)
                    .exec_without_returning(bench.db().writer())
                    .await
                    .unwrap();
            }
        };
        let count =
            async || bench.data("{ incidents { totalCount isTotalCountExact } }").await["incidents"].clone();
        insert(0..10_000).await;
        assert_eq!(count().await, json!({ "totalCount": 10_000, "isTotalCountExact": true }));
        insert(10_000..10_003).await;
        assert_eq!(count().await, json!({ "totalCount": 10_000, "isTotalCountExact": false }));
    }
}

#[tokio::test]
async fn the_rows_of_a_page_are_at_hand_for_who_loads_them_by_id() {
    let bench = Bench::sqlite().await;
    bench.insert(incident(0)).await;
    let (data, statements) = bench.counted("{ incidents { nodes { id again { id } } } }").await;
    assert_eq!(data["incidents"]["nodes"][0]["again"]["id"], data["incidents"]["nodes"][0]["id"]);
    assert_eq!(statements, 1);
}

#[tokio::test]
async fn who_may_not_read_the_objects_gets_no_list_of_them() {
    let bench = Bench::sqlite().await;
    let response = bench.run_without_permission("{ incidents { totalCount } }").await;
    let source = response.errors[0].source::<crate::kernel::error::Error>().unwrap();
    assert_eq!(source.code(), "FORBIDDEN");
}

#[tokio::test]
async fn search_finds_each_word_in_any_column_whatever_the_case() {
    for bench in Bench::all().await {
        for (n, title, description) in [
            (0, "Checkout is slow", Some("Card payments time out at 100%")),
            (1, "checkout_v2 fails", None),
            (2, "Äpfel!", None),
        ] {
            let row = incident::Model {
                title: title.to_owned(),
                description: description.map(str::to_owned),
                ..incident(n)
            };
            bench.insert(row).await;
        }
        for (search, expected) in [
            ("", vec![2, 1, 0]),
            ("CHECKOUT", vec![1, 0]),
            ("  checkout   card ", vec![0]),
            ("checkout inc-2026-000001", vec![1]),
            ("t_v", vec![1]),
            ("0%", vec![0]),
            ("ut%is", vec![]),
            ("Äpfel!", vec![2]),
            ("\\\\", vec![]),
        ] {
            let data =
                bench.data(&format!("{{ incidents(search: \"{search}\") {{ nodes {{ id }} }} }}")).await;
            let expected: Vec<Json> = expected.into_iter().map(|n| json!({ "id": incident(n).id })).collect();
            assert_eq!(data["incidents"]["nodes"], json!(expected), "{search:?}");
        }
        let ask = async |search: String| {
            bench.refusal(&format!("{{ incidents(search: \"{search}\") {{ totalCount }} }}")).await
        };
        assert_eq!(ask("x".repeat(201)).await, "`search` takes at most 200 characters");
        assert_eq!(ask("a ".repeat(11)).await, "`search` takes at most 10 words");
        assert_eq!(ask("\\u0000".to_owned()).await, "`search` can't hold the character U+0000");
    }
}
