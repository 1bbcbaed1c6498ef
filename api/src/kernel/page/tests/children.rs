//! Lists below a parent: as many statements as lists, however many parents.

use ::entity::incident_timeline::Visibility::{Internal, Public};
use serde_json::{Value as Json, json};

use super::fixture::{Bench, incident};

/// `parents` incidents; the `n`th has `n` entries, every third of them public.
async fn family(bench: &Bench, parents: u32) {
    for n in 0..parents {
        bench.insert(incident(n)).await;
        for entry in 0..n {
            let visibility = if entry % 3 == 0 { Public } else { Internal };
            bench.insert_entry(incident(n).id, entry.into(), visibility).await;
        }
    }
}

fn bodies(numbers: impl IntoIterator<Item = u32>) -> Json {
    numbers.into_iter().map(|n| json!({ "body": format!("entry {n}") })).collect()
}

#[tokio::test]
async fn a_page_costs_one_statement_and_each_list_below_it_one() {
    for bench in Bench::all().await {
        family(&bench, 8).await;
        let document = |first: u32| {
            format!(
                "{{ incidents(first: {first}) {{ nodes {{ \
                    timeline(first: 3) {{ nodes {{ body }} pageInfo {{ hasNextPage }} totalCount }} \
                    shown: timeline(first: 2, isPublic: true) {{ edges {{ cursor node {{ body }} }} }} }} }} }}"
            )
        };
        for first in [1, 2, 8] {
            // The page, two lists, one count.
            assert_eq!(bench.counted(&document(first)).await.1, 4, "{first} parents");
        }
        let data = bench.data(&document(8)).await;
        for (parent, node) in (0..8).rev().zip(data["incidents"]["nodes"].as_array().unwrap()) {
            let timeline = &node["timeline"];
            assert_eq!(timeline["nodes"], bodies((0..parent).rev().take(3)), "of {parent}");
            assert_eq!(timeline["pageInfo"]["hasNextPage"], parent > 3, "of {parent}");
            assert_eq!(timeline["totalCount"], parent, "of {parent}");
            let shown: Vec<&Json> =
                node["shown"]["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]).collect();
            assert_eq!(json!(shown), bodies((0..parent).rev().filter(|n| n % 3 == 0).take(2)), "of {parent}");
        }
    }
}

#[tokio::test]
async fn the_pages_of_a_parent_follow_each_other_either_way() {
    for bench in Bench::all().await {
        family(&bench, 8).await;
        let page = "{ nodes { body } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } }";
        let ask = async |args: &str| {
            let data = bench
                .data(&format!("{{ incidents(first: 1) {{ nodes {{ timeline({args}) {page} }} }} }}"))
                .await;
            data["incidents"]["nodes"][0]["timeline"].clone()
        };
        let cursor = |page: &Json, end: &str| page["pageInfo"][end].as_str().unwrap().to_owned();
        let first = ask("first: 3").await;
        assert_eq!(first["nodes"], bodies([6, 5, 4]));
        let next = ask(&format!("first: 9, after: \"{}\"", cursor(&first, "endCursor"))).await;
        assert_eq!(next["nodes"], bodies([3, 2, 1, 0]));
        assert_eq!(
            (&next["pageInfo"]["hasNextPage"], &next["pageInfo"]["hasPreviousPage"]),
            (&json!(false), &json!(true))
        );
        let last = ask("last: 2").await;
        assert_eq!(last["nodes"], bodies([1, 0]));
        let before = ask(&format!("last: 2, before: \"{}\"", cursor(&last, "startCursor"))).await;
        assert_eq!(before["nodes"], bodies([3, 2]));
        assert_eq!(before["pageInfo"]["hasPreviousPage"], true);
    }
}

#[tokio::test]
async fn arguments_are_refused_below_a_parent_too() {
    let bench = Bench::sqlite().await;
    family(&bench, 2).await;
    let data = bench.data("{ incidents { pageInfo { endCursor } } }").await;
    let cursor = data["incidents"]["pageInfo"]["endCursor"].as_str().unwrap();
    let document =
        format!("{{ incidents(first: 1) {{ nodes {{ timeline(after: \"{cursor}\") {{ totalCount }} }} }} }}");
    assert!(bench.refusal(&document).await.starts_with("`after` is a cursor of another list"));
}
