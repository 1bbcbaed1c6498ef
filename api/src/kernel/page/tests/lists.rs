//! Pages of a list.

use super::{Bench, fixture::incident};

#[tokio::test]
async fn the_newest_come_first() {
    for bench in Bench::all().await {
        for n in 0..3 {
            bench.insert(incident(n)).await;
        }
        let data = bench
            .data("{ incidents(first: 2) { nodes { title } pageInfo { hasNextPage } totalCount } }")
            .await;
        assert_eq!(
            data["incidents"],
            serde_json::json!({
                "nodes": [{ "title": "incident 2" }, { "title": "incident 1" }],
                "pageInfo": { "hasNextPage": true },
                "totalCount": 3,
            })
        );
    }
}
