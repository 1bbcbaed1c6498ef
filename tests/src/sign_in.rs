//! People who sign in by password, and the app in their pocket.

use opsgate::{
    access::{self, NewPassword},
    kernel::tx::Tx,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Answer, Authenticator, Client, TestGateway};

/// What an answer shows once.
const TOKENS: &str = "tokens { sessionId accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt \
                      isEnrolmentRequired }";

/// Somebody with a password.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their account.
    pub account: Uuid,
    /// The address that they sign in by.
    pub email: String,
    /// Their password.
    pub password: String,
}

impl Person {
    /// What they send to sign in.
    pub fn input(&self, second_factor: Value) -> Value {
        json!({ "email": self.email, "password": self.password, "secondFactor": second_factor })
    }
}

impl TestGateway {
    /// Gives an account a password, as `opsgate admin password` does.
    pub async fn person(&self, account: Uuid, email: &str) -> Person {
        let (new, password) = NewPassword::generate().await.unwrap();
        let mut tx = Tx::system(self.kernel(), "test").await.unwrap();
        access::set_password(&mut tx, account, email, new).await.unwrap();
        tx.commit().await.unwrap();
        self.rights_read().await;
        Person { account, email: email.to_owned(), password: password.expose_secret().to_owned() }
    }

    /// What signing in comes to.
    pub async fn sign_in(&self, input: Value) -> Answer {
        self.nobody().mutate("sessionCreate", input, TOKENS).await
    }

    /// What showing a refresh token comes to.
    pub async fn refresh(&self, token: &str) -> Answer {
        self.nobody().mutate("sessionRefresh", json!({ "refreshToken": token }), TOKENS).await
    }

    /// Whoever has the access token of `answer`.
    pub fn holder(&self, answer: &Answer) -> Client {
        self.client(answer.text("/tokens/accessToken"))
    }

    /// Has a person who is signed in as `client` enrol a second factor: their app, and what `mfaConfirm` answered.
    pub async fn enrol(&self, client: &Client) -> (Authenticator, Answer) {
        let begun = client.run("mutation { mfaEnroll { enrolment { uri } userErrors { code } } }").await.ok();
        let app = Authenticator::read(begun.text("/mfaEnroll/enrolment/uri"));
        let code = json!({ "code": app.code(self.kernel().clock().now()) });
        let selection = format!("{TOKENS} recoveryCodes");
        (app, client.mutate("mfaConfirm", code, &selection).await.ok())
    }
}
