//! Waiting for what must come.

use std::time::Duration;

/// How long a test waits for what must come. Not a speed: a slow machine only waits longer for nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until something is so; fails the test where it never is.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

/// Waits for what must come by itself; fails the test where it never does.
pub async fn patiently<T>(what: &str, coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, coming).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
