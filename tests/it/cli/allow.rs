//! `opsgate allow`, beside a running gateway.

use opsgate::{config::Overrides, kernel::clock::Clock};
use tests::{Database, TestGateway, until};

use super::{opsgate, refused, said};

#[tokio::test]
async fn whoever_is_locked_out_is_let_in_at_the_machine() {
    let database = Database::create().await;
    let program = opsgate(&database);
    let gateway = TestGateway::start_on(database.into(), Overrides::default(), Clock::system()).await;
    let owner = gateway.owner();
    let is_let_in = async || owner.run("{ viewer { permissions } }").await.status == 200;
    let arguments =
        ["allow", "add", "--level", "super-admin", "203.0.113.0/24", "--description", "The office"];
    let id = said(program.run(&arguments).await).trim_end().to_owned();
    until("the owner is turned away", async || !is_let_in().await).await;
    let listed = said(program.run(&["allow", "list"]).await);
    assert_eq!(listed, format!("{id} SUPER_ADMIN 203.0.113.0/24\n"));
    said(program.run(&["allow", "remove", &id]).await);
    until("the owner is let in", is_let_in).await;
    for (arguments, why) in [
        (&["remove", &id][..], "there is no allowlist entry with this id"),
        (&["remove", "x"], "x: "),
        (&["add", "--level", "admin", "10.1.2.3/8"], "this isn't a network"),
    ] {
        let message = refused(program.run(&[&["allow"], arguments].concat()).await);
        assert!(message.starts_with("opsgate: ") && message.contains(why), "{arguments:?}: {message}");
    }
}
