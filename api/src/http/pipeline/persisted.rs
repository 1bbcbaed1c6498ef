//! Requests that name their document by its SHA-256 instead of sending it.
//!
//! There are two ways to name it: `extensions.persistedQuery`, as Apollo's *automatic persisted queries* have it, and
//! `documentId: "sha256:…"`, as the [draft] of GraphQL over HTTP does. Both mean the same here. With the hash alone, the
//! document is the one that was remembered under it; where there is none, the client is told so and sends both, once:
//! then the hash is verified, and the document remembered.
//!
//! Only callers who are signed in have their documents remembered, and only those whose requests are let in: within all
//! limits, and paid for. So nobody else can push out what others need.
//!
//! A token that is *trusted* with certain documents runs these and nothing else, sent or named. It needn't send any: they
//! are in the database, and in memory as soon as they were asked for.
//!
//! [draft]: https://github.com/graphql/graphql-over-http/blob/main/spec/Appendix%20A%20--%20Persisted%20Documents.md

use async_graphql::Value;

use super::{Operation, Params, Refusal};
use crate::{
    config::Config,
    kernel::{
        Kernel,
        actor::Caller,
        error::Error,
        persisted::{self, DocumentHash, Texts, Trusted},
    },
};

/// The one version of Apollo's that there is.
const VERSION: u64 = 1;

/// What a request says of its document: its text, its hash, or both.
#[derive(Debug)]
pub struct Named {
    /// The text, where it was sent.
    pub text: Option<String>,
    /// The hash, where it was named by one. It is that of the text, where there is a text.
    pub hash: Option<DocumentHash>,
}

impl Named {
    /// Takes it out of `params`, whichever way they say it.
    ///
    /// # Errors
    /// BAD_USER_INPUT where they say nothing, or the hash isn't one, or isn't that of the document.
    pub fn of(params: &mut Params) -> Result<Self, Refusal> {
        let hash = hash(params)?;
        // Who names a document may have to say `query`, and then says nothing there.
        let text = params.query.take().filter(|text| hash.is_none() || !text.is_empty());
        match (&text, hash) {
            (None, None) => Err(Refusal::malformed("the request has no `query`")),
            (Some(text), Some(hash)) if DocumentHash::of(text) != hash => {
                Err(Refusal::malformed("the hash isn't the SHA-256 of the document"))
            }
            _ => Ok(Self { text, hash }),
        }
    }
}

/// The room for trusted documents, in bytes.
const TRUSTED_ROOM: usize = 8 * 1024 * 1024;

/// The documents that clients needn't send.
#[derive(Debug)]
pub struct Persisted {
    /// Those that they have sent before. `None`: they are to send them always.
    remembered: Option<Texts>,
    /// Those that tokens are trusted with.
    trusted: Texts,
}

impl Persisted {
    /// None yet, in the room of the settings.
    pub fn of(config: &Config) -> Self {
        let room = config.persisted_queries_max_bytes;
        Self {
            remembered: config.persisted_queries.then(|| Texts::within(room)),
            trusted: Texts::within(TRUSTED_ROOM),
        }
    }

    /// The document that was sent; or, where it wasn't, the one that was remembered under its hash.
    ///
    /// # Errors
    /// PERSISTED_QUERY_NOT_FOUND, or PERSISTED_QUERY_NOT_SUPPORTED where nothing is remembered. Official clients look for
    /// these codes, or for the messages.
    pub fn text(&self, named: Named) -> Result<String, Refusal> {
        let (Some(hash), None) = (named.hash, &named.text) else { return Ok(named.text.unwrap_or_default()) };
        let Some(texts) = &self.remembered else {
            let (code, message) = ("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported");
            return Err(Refusal::document(code, message, None));
        };
        let text = texts
            .get(&hash)
            .ok_or_else(|| Refusal::document("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound", None))?;
        Ok(text.to_string())
    }

    /// The document that is named or was sent, where it is one of `trusted`.
    ///
    /// # Errors
    /// Where it has to be read from the database, which can't.
    pub async fn trusted(
        &self,
        kernel: &Kernel,
        trusted: &Trusted,
        named: Named,
    ) -> Result<Option<String>, Error> {
        let Named { text, hash } = named;
        let hash = hash.or_else(|| text.as_deref().map(DocumentHash::of));
        let Some(hash) = hash.filter(|hash| trusted.contains(hash)) else { return Ok(None) };
        if let Some(text) = text.or_else(|| self.trusted.get(&hash).map(|text| text.to_string())) {
            return Ok(Some(text));
        }
        let text = persisted::trusted(&kernel.db().readers(), &hash).await?;
        self.trusted.keep(hash, &text);
        Ok(Some(text))
    }

    /// Remembers the document of `operation`, which was let in for `caller` and named by `hash`.
    pub fn remember(&self, caller: &Caller, hash: Option<DocumentHash>, operation: &Operation) {
        if let (Some(texts), Some(hash), Some(_)) = (&self.remembered, hash, &caller.identity) {
            texts.keep(hash, &operation.request.query);
        }
    }
}

/// The hash by which a request names its document.
fn hash(params: &mut Params) -> Result<Option<DocumentHash>, Refusal> {
    let by_id = params.document_id.take().map(|id| of_id(&id)).transpose()?;
    let by_apollo = match params.extensions.get("persistedQuery") {
        None | Some(Value::Null) => None,
        Some(value) => Some(of_apollo(value)?),
    };
    match (by_id, by_apollo) {
        (Some(one), Some(other)) if one != other => {
            Err(Refusal::malformed("`documentId` and `persistedQuery` name different documents"))
        }
        (one, other) => Ok(one.or(other)),
    }
}

/// `sha256:` and the hash.
fn of_id(id: &str) -> Result<DocumentHash, Refusal> {
    let hash = id.strip_prefix("sha256:").and_then(DocumentHash::parse);
    hash.ok_or_else(|| Refusal::malformed("`documentId` is `sha256:` and 64 hexadecimal digits"))
}

/// `{"version": 1, "sha256Hash": "…"}`
fn of_apollo(value: &Value) -> Result<DocumentHash, Refusal> {
    let Value::Object(named) = value else {
        return Err(Refusal::malformed("`persistedQuery` in `extensions` is an object"));
    };
    let is_version =
        |value: &Value| matches!(value, Value::Number(number) if number.as_u64() == Some(VERSION));
    if !named.get("version").is_some_and(is_version) {
        return Err(Refusal::malformed("`version` in `persistedQuery` is 1"));
    }
    match named.get("sha256Hash") {
        Some(Value::String(text)) => DocumentHash::parse(text),
        _ => None,
    }
    .ok_or_else(|| Refusal::malformed("`sha256Hash` in `persistedQuery` is 64 hexadecimal digits"))
}
