//! Signing in by password and second factor.

mod attempts;
mod factors;
mod invitations;
mod secrets;
mod sessions;

use chrono::TimeDelta;
use entity::admin_user::AdminLevel;
use serde_json::{Value, json};
use tests::{Answer, Authenticator, Client, Person, TestGateway};

/// Somebody who has enrolled, signed in.
struct Enrolled {
    person: Person,
    app: Authenticator,
    client: Client,
    confirmed: Answer,
}

async fn enrolled(gateway: &TestGateway, name: &str, level: AdminLevel) -> Enrolled {
    let account = gateway.account(name, level).await;
    let person = gateway.person(account, &format!("{}@example.com", name.to_lowercase())).await;
    let begun = gateway.sign_in(person.input(Value::Null)).await.ok();
    let (app, confirmed) = gateway.enrol(&gateway.holder(&begun)).await;
    let client = gateway.holder(&confirmed);
    gateway.rights_read().await;
    Enrolled { person, app, client, confirmed }
}

impl Enrolled {
    /// The next code of theirs that was never shown.
    fn fresh_code(&self, gateway: &TestGateway) -> String {
        gateway.advance(TimeDelta::seconds(30));
        self.app.code(gateway.kernel().clock().now())
    }

    async fn sign_in_again(&self, gateway: &TestGateway) -> Answer {
        let code = self.fresh_code(gateway);
        gateway.sign_in(self.person.input(json!({ "totp": code }))).await
    }
}
