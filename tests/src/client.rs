//! One caller, over HTTP.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::Socket;

/// Somebody with a credential, or nobody.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    credential: Option<String>,
    signer: Option<Signer>,
    headers: Vec<(String, String)>,
    http: reqwest::Client,
}

/// What gives somebody's next credential.
#[derive(Clone)]
struct Signer(Arc<dyn Fn() -> String + Send + Sync>);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr, credential: Option<&str>) -> Self {
        Self {
            address,
            credential: credential.map(str::to_owned),
            signer: None,
            headers: vec![],
            http: reqwest::Client::new(),
        }
    }

    /// Somebody who shows another credential with each request: what `sign` gives then.
    pub(crate) fn signing(address: SocketAddr, sign: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let client = Self::new(address, Some(&sign()));
        Self { signer: Some(Signer(Arc::new(sign))), ..client }
    }

    /// The same caller, on connections of its own.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { http: reqwest::Client::new(), ..self.clone() }
    }

    /// The same caller, sending a header along.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// Where the gateway is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What this caller shows.
    pub fn credential(&self) -> Option<&str> {
        self.credential.as_deref()
    }

    /// Sends a document without variables.
    pub async fn run(&self, document: &str) -> Answer {
        self.send(json!({ "query": document })).await
    }

    /// Sends a document with variables.
    pub async fn run_with(&self, document: &str, variables: Value) -> Answer {
        self.send(json!({ "query": document, "variables": variables })).await
    }

    /// Sends a mutation `field(input: …)` and answers its payload with this selection, `userErrors` and `receipt`.
    pub async fn mutate(&self, field: &str, input: Value, selection: &str) -> Answer {
        self.try_mutate(field, input, selection).await.unwrap()
    }

    /// The same, where the gateway may not be there.
    pub async fn try_mutate(&self, field: &str, input: Value, selection: &str) -> reqwest::Result<Answer> {
        let type_name = format!("{}{}Input!", field[..1].to_uppercase(), &field[1..]);
        let query = format!(
            "mutation($input: {type_name}) {{ {field}(input: $input) {{ {selection} \
             userErrors {{ code message field isRetryable }} \
             receipt {{ auditLogId leafHash cursor isDryRun isReplay committedAt }} }} }}"
        );
        let answer = self.try_send(json!({ "query": query, "variables": { "input": input } })).await?;
        Ok(Answer { root: Some(format!("/data/{field}")), ..answer })
    }

    /// The same, again and again while the answer is that the gateway can't now. Under an idempotency key that is safe
    /// whatever became of the times before.
    pub async fn insist(&self, field: &str, input: Value, selection: &str) -> reqwest::Result<Answer> {
        loop {
            let answer = self.try_mutate(field, input.clone(), selection).await?;
            if !answer.is_passing() {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends a body as it is.
    pub async fn send(&self, body: Value) -> Answer {
        self.try_send(body).await.unwrap()
    }

    /// The same, where the gateway may not be there.
    pub async fn try_send(&self, body: Value) -> reqwest::Result<Answer> {
        let mut request = self.http.post(format!("http://{}/graphql", self.address)).json(&body);
        let signed = self.signer.as_ref().map(|Signer(sign)| sign());
        if let Some(credential) = signed.as_ref().or(self.credential.as_ref()) {
            request = request.bearer_auth(credential);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: response.json().await?, root: None })
    }

    /// Opens a WebSocket and says who it is.
    pub async fn socket(&self) -> Socket {
        Socket::open(self.address, self.credential()).await
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status of the HTTP response.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Value,
    /// Where [`Answer::at`] begins.
    root: Option<String>,
}

impl Answer {
    /// The value at a JSON pointer below `data`, or below the payload of [`Client::mutate`].
    pub fn at(&self, pointer: &str) -> &Value {
        let root = self.root.as_deref().unwrap_or("/data");
        self.body.pointer(&format!("{root}{pointer}")).unwrap_or(&Value::Null)
    }

    /// The same as text.
    pub fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("no text at {pointer} of {}", self.body))
    }

    /// Whether the same request may succeed later.
    pub fn is_passing(&self) -> bool {
        self.codes() == ["UNAVAILABLE"] || *self.at("/userErrors/0/isRetryable") == true
    }

    /// Fails the test where there are errors of either kind.
    pub fn ok(self) -> Self {
        assert!(self.body.get("errors").is_none(), "{}", self.body);
        if let Some(errors) = self.at("/userErrors").as_array() {
            assert!(errors.is_empty(), "{}", self.body);
        }
        self
    }

    /// The codes of the top-level errors.
    pub fn codes(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array();
        errors.into_iter().flatten().filter_map(|error| error["extensions"]["code"].as_str()).collect()
    }

    /// The codes of the payload's user errors.
    pub fn user_error_codes(&self) -> Vec<&str> {
        let errors = self.at("/userErrors").as_array();
        errors.into_iter().flatten().filter_map(|error| error["code"].as_str()).collect()
    }
}
