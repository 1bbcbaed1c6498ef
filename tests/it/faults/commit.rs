//! The connection ends in the middle of a COMMIT: the gateway finds out what became of it, or says that it can't.

use tests::{Database, Ledger, Mode, Proxy, Trap};

use super::{Known, create, gateway_on, known};

const TITLE: &str = "in between";

/// What the client is told, and whether it is there.
async fn mid_commit(is_carried: bool, then: Mode) -> (Known, bool) {
    let database = Database::create().await;
    let proxy = Proxy::to(&database).await;
    let gateway = gateway_on(database.by_way_of(&proxy)).await;
    gateway.run_until_idle().await;
    proxy.lay(Trap { marker: TITLE, is_carried, then });
    let (answer, ()) = tokio::join!(create(gateway.owner(), TITLE), proxy.sprung());
    proxy.set(Mode::Open);
    let ledger = Ledger::read(database.sql().await).await;
    (known(&answer), ledger.incidents.iter().any(|incident| incident.title == TITLE))
}

#[tokio::test]
async fn a_lost_answer_is_asked_for() {
    if Database::is_postgres() {
        assert_eq!(mid_commit(true, Mode::Open).await, (Known::Done, true));
    }
}

#[tokio::test]
async fn a_commit_that_never_arrived_was_not_made() {
    if Database::is_postgres() {
        assert_eq!(mid_commit(false, Mode::Open).await, (Known::NotDone, false));
    }
}

#[tokio::test]
async fn where_nobody_can_be_asked_the_outcome_is_unknown() {
    if Database::is_postgres() {
        assert_eq!(mid_commit(true, Mode::Cut).await, (Known::Neither, true));
        assert_eq!(mid_commit(true, Mode::Frozen).await, (Known::Neither, true));
    }
}
