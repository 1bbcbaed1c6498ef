//! GraphiQL: the page on which people try the API in a browser.
//!
//! The page is built from `graphiql/` and embedded, each file compressed already and by itself: half a dozen of them with
//! fixed names need no crate that walks folders, and nothing is left to do when one is asked for. It is served where a
//! browser opens the address of GraphQL. Programs, which take anything, never get it.
//!
//! Nothing on it comes from elsewhere, and its policy lets nothing in. Styles alone may stand in the document: the editor
//! places its lines by them.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{Face, pipeline::Media};

/// What the page and its workers may load, and from where.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The folder of the files, as the page names it: relative, so that a proxy may put a prefix before it.
const FOLDER: &str = "graphql/assets/";

/// A file of the page.
struct Asset {
    media_type: &'static str,
    /// By gzip.
    compressed: &'static [u8],
}

macro_rules! assets {
    ($($name:literal: $media_type:literal,)+) => {
        BTreeMap::from([$(($name, Asset {
            media_type: $media_type,
            compressed: include_bytes!(concat!("../../../graphiql/dist/", $name, ".gz")),
        })),+])
    };
}

static ASSETS: LazyLock<BTreeMap<&str, Asset>> = LazyLock::new(|| {
    assets! {
        "app.css": "text/css; charset=utf-8",
        "app.js": "text/javascript; charset=utf-8",
        "codicon.ttf": "font/ttf",
        "icon.svg": "image/svg+xml",
        "licenses.txt": "text/plain; charset=utf-8",
        "worker.js": "text/javascript; charset=utf-8",
    }
});

/// Names the contents of all files: what has it in its address never changes.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let hash = ASSETS.values().fold(Sha256::new(), |hash, asset| hash.chain_update(asset.compressed));
    hex::encode(&hash.finalize()[..8])
});

static PAGE: LazyLock<String> = LazyLock::new(|| {
    include_str!("../../../graphiql/index.html").replace(FOLDER, &format!("{FOLDER}{}/", *VERSION))
});

/// The page, where this request is a browser's that opens it and the settings have it.
pub(super) fn page(face: &Face, headers: &HeaderMap) -> Option<Response> {
    let is_shown = face.config().graphiql && Media::is_html_preferred(headers);
    is_shown.then(|| guarded("no-cache", ([(header::VARY, "accept")], Html(PAGE.as_str()))))
}

/// Any other path. Whoever opens the address alone in a browser looks for the page.
pub(super) async fn elsewhere(State(face): State<Face>, uri: Uri, headers: HeaderMap) -> Response {
    if uri.path() == "/" && page(&face, &headers).is_some() {
        // Relative, so that a proxy may put a prefix before it.
        return guarded("no-store", (StatusCode::FOUND, [(header::LOCATION, "graphql")]));
    }
    (StatusCode::NOT_FOUND, "there is nothing here: GraphQL is at /graphql\n").into_response()
}

/// `GET /graphql/assets/{version}/{name}`: a file of the page.
///
/// A browser keeps it for good, and has it when the gateway is away. While replicas are replaced a page may come from one
/// and ask another: it gets what is there, just not to keep.
pub(super) async fn asset(
    State(face): State<Face>,
    Path((version, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(asset) = ASSETS.get(name.as_str()).filter(|_| face.config().graphiql) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !takes_gzip(&headers) {
        let message = "this file is compressed: take it with Accept-Encoding: gzip\n";
        return guarded(
            "no-store",
            (StatusCode::NOT_ACCEPTABLE, [(header::VARY, "accept-encoding")], message),
        );
    }
    let kept = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-store" };
    let content = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CONTENT_ENCODING, "gzip"),
        (header::VARY, "accept-encoding"),
    ];
    guarded(kept, (content, asset.compressed))
}

/// With the headers that every answer here carries.
fn guarded(kept: &'static str, response: impl IntoResponse) -> Response {
    let headers = [
        (header::CACHE_CONTROL, kept),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let mut response = response.into_response();
    response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

/// Whether `Accept-Encoding` has gzip, by its name or by `*`; where nothing is said, everything is taken.
fn takes_gzip(headers: &HeaderMap) -> bool {
    if !headers.contains_key(header::ACCEPT_ENCODING) {
        return true;
    }
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let codings = lists.flat_map(|list| list.split(',')).map(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = parameters.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0));
        (name.trim(), !is_refused)
    });
    let codings: Vec<_> = codings.collect();
    let wish = |name: &str| codings.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, is)| *is);
    wish("gzip").or_else(|| wish("*")).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_files_go_to_whoever_takes_them() {
        for (encodings, is_taken) in [
            ("gzip, deflate, br, zstd", true),
            ("*", true),
            ("br", false),
            ("gzip;q=0", false),
            ("*, gzip;q=0", false),
            ("", false),
        ] {
            let headers =
                HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(encodings))]);
            assert_eq!(takes_gzip(&headers), is_taken, "{encodings}");
        }
        assert!(takes_gzip(&HeaderMap::new()));
    }
}
