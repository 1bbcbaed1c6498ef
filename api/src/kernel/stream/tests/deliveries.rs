//! What a member is told, read with patience.

use std::time::Duration;

use async_graphql::Value;
use futures_util::{FutureExt, StreamExt, stream::BoxStream};
use tokio::task::JoinHandle;

use crate::kernel::{log::EventCursor, stream::Delivery};

/// The deliveries of one subscription.
pub(crate) struct Deliveries(pub BoxStream<'static, Delivery>);

impl Deliveries {
    /// The next delivery.
    pub async fn any(&mut self) -> Delivery {
        let next = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await;
        next.expect("a delivery in time").expect("a delivery before the end")
    }

    /// The data of the next payload's root field, and the cursor beside it.
    pub async fn next(&mut self) -> (EventCursor, serde_json::Value) {
        match self.any().await {
            Delivery::Next { cursor, payload } => {
                let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
                assert_eq!(payload.get("errors"), None, "{payload}");
                (cursor, payload["data"]["widgetChanged"].clone())
            }
            other => panic!("a payload was expected, not {other:?}"),
        }
    }

    /// The `number`s of the next payloads.
    pub async fn numbers(&mut self, count: usize) -> Vec<i64> {
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            numbers.push(self.next().await.1["number"].as_i64().unwrap());
        }
        numbers
    }

    /// The code of the error that ends it.
    pub async fn refusal(&mut self) -> async_graphql::ServerError {
        match self.any().await {
            Delivery::Error(mut errors) => errors.remove(0),
            other => panic!("an error was expected, not {other:?}"),
        }
    }

    /// Gives it every chance to begin, and nothing to say.
    pub async fn settle(&mut self) {
        let early = tokio::time::timeout(Duration::from_millis(100), self.0.next()).await;
        assert!(early.is_err(), "nothing was expected yet, not {early:?}");
    }

    /// The same for one of many.
    pub async fn settle_quickly(&mut self) {
        for _ in 0..8 {
            assert!(self.0.next().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    }

    /// Goes on in a task.
    pub fn collect(mut self, count: usize) -> JoinHandle<Vec<i64>> {
        tokio::spawn(async move { self.numbers(count).await })
    }
}

/// `extensions.code`.
pub(crate) fn code(error: &async_graphql::ServerError) -> String {
    extension(error, "code")
}

pub(crate) fn extension(error: &async_graphql::ServerError, name: &str) -> String {
    match error.extensions.as_ref().and_then(|extensions| extensions.get(name)) {
        Some(Value::String(text)) => text.clone(),
        other => panic!("{name}: {other:?} in {error:?}"),
    }
}
