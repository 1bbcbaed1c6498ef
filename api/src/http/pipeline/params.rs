//! What a GraphQL request consists of, whichever way it came.

use async_graphql::{Extensions, Value, Variables};
use serde::{Deserialize, de::DeserializeOwned};

use super::Refusal;

/// The parameters of a request, as the specification of GraphQL over HTTP names them. Null is as good as absent, and
/// what else there is isn't looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    /// The document.
    #[serde(default)]
    pub query: Option<String>,
    /// Which document, where it isn't sent.
    #[serde(default)]
    pub document_id: Option<String>,
    /// Which of its operations.
    #[serde(default)]
    pub operation_name: Option<String>,
    /// Values for the operation's variables.
    #[serde(default)]
    pub variables: Variables,
    /// Whatever else the client wants said.
    #[serde(default)]
    pub extensions: Extensions,
}

impl Params {
    /// Reads the JSON of a body.
    ///
    /// # Errors
    /// 400 where it isn't one request, well formed. What was sent isn't repeated.
    pub fn from_json(body: &[u8]) -> Result<Self, Refusal> {
        if body.trim_ascii_start().starts_with(b"[") {
            return Err(Refusal::malformed("requests come one at a time: there are no batches here"));
        }
        serde_json::from_slice::<Self>(body)
            .map_err(|_| {
                Refusal::malformed(
                    r#"the body isn't a GraphQL request: send {"query": "…", "variables": {…}, "operationName": "…"}"#,
                )
            })
            .map(Self::tidied)
    }

    /// Reads the query of a URL, encoded as forms are; `variables` and `extensions` are JSON in it.
    ///
    /// # Errors
    /// 400 where it isn't a request, well formed.
    pub fn from_url(query: &str) -> Result<Self, Refusal> {
        let mut params = Self::default();
        let mut seen = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let known = ["query", "documentId", "operationName", "variables", "extensions"];
            let Some(known) = known.into_iter().find(|known| *known == name) else { continue };
            if seen.contains(&known) {
                return Err(Refusal::malformed("a parameter of the URL is there twice"));
            }
            seen.push(known);
            match known {
                "query" => params.query = Some(value.into_owned()),
                "documentId" => params.document_id = Some(value.into_owned()),
                "operationName" => params.operation_name = Some(value.into_owned()),
                "variables" => params.variables = json(&value)?,
                _ => params.extensions = json(&value)?,
            }
        }
        Ok(params.tidied())
    }

    /// Whether it says which document, in whatever way.
    pub fn has_document(&self) -> bool {
        let names = |value: &Value| *value != Value::Null;
        self.query.is_some()
            || self.document_id.is_some()
            || self.extensions.get("persistedQuery").is_some_and(names)
    }

    /// Empty is as good as absent.
    fn tidied(mut self) -> Self {
        self.operation_name = self.operation_name.filter(|name| !name.is_empty());
        self
    }
}

/// The parameter `name` of a URL's query.
///
/// # Errors
/// 400 where it is there twice.
pub fn named(query: Option<&str>, name: &str) -> Result<Option<String>, Refusal> {
    let mut found =
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).filter(|(known, _)| known == name);
    match (found.next(), found.next()) {
        (value, None) => Ok(value.map(|(_, value)| value.into_owned())),
        (_, Some(_)) => Err(Refusal::malformed("a parameter of the URL is there twice")),
    }
}

/// A parameter that is JSON; empty is as good as absent.
fn json<T: DeserializeOwned + Default>(value: &str) -> Result<T, Refusal> {
    if value.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_str(value)
        .map_err(|_| Refusal::malformed("`variables` and `extensions` of the URL are JSON objects"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_is_one_request() {
        let params = Params::from_json(
            br#" {"query": "{ a }", "operationName": "", "variables": null, "extensions": {"x": 1}, "more": 1}"#,
        )
        .unwrap();
        assert_eq!(params.query.as_deref(), Some("{ a }"));
        assert_eq!((params.operation_name, params.variables.len(), params.extensions.len()), (None, 0, 1));
        for body in [
            "",
            "null",
            "1",
            "\"{ a }\"",
            "{",
            "[]",
            r#"[{"query": "{ a }"}]"#,
            r#"{"query": 1}"#,
            r#"{"query": ["{ a }"]}"#,
            r#"{"query": "{ a }", "variables": []}"#,
            r#"{"query": "{ a }", "variables": "{}"}"#,
            r#"{"query": "{ a }", "operationName": {}}"#,
            r#"{"documentId": ["sha256:"]}"#,
            r#"{"query": "{ a }", "extensions": false}"#,
            r#"{"query": "{ a }", "query": "{ b }"}"#,
            r#"{"query": "{ a }"} trailing"#,
            "\u{feff}{\"query\": \"{ a }\"}",
        ] {
            assert_eq!(Params::from_json(body.as_bytes()).unwrap_err().status, 400, "{body}");
        }
        assert_eq!(Params::from_json(b"{\"query\": \"\xff\"}").unwrap_err().status, 400);
        let deep = format!(
            r#"{{"query": "{{ a }}", "variables": {{"x": {}{}}}}}"#,
            "[".repeat(1000),
            "]".repeat(1000)
        );
        assert_eq!(Params::from_json(deep.as_bytes()).unwrap_err().status, 400);
    }

    #[test]
    fn a_url_holds_a_request() {
        let params = Params::from_url(
            "query=%7B+a%28x%3A+%24x%29+%7D&variables=%7B%22x%22%3A1%7D&operationName=&extensions=&other=1",
        )
        .unwrap();
        assert_eq!(params.query.as_deref(), Some("{ a(x: $x) }"));
        assert_eq!((params.operation_name, params.variables.len()), (None, 1));
        for url in ["variables=1", "variables=%5B%5D", "extensions=x", "query=a&query=b"] {
            assert_eq!(Params::from_url(url).unwrap_err().status, 400, "{url}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,200}") {
            let _ = Params::from_json(&body);
            let _ = Params::from_json(text.as_bytes());
            let _ = Params::from_url(&text);
        }
    }
}
