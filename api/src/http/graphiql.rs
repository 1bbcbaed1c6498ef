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
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::Face;

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
    let is_shown = face.config().graphiql && prefers_html(headers);
    is_shown.then(|| guarded("no-cache", ([(header::VARY, "accept")], Html(PAGE.as_str()))))
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

/// Whether HTML is named, and liked better than JSON.
fn prefers_html(headers: &HeaderMap) -> bool {
    let html = quality(headers, header::ACCEPT, &["text/html"]);
    let json = ["application/json", "application/graphql-response+json"]
        .map(|name| quality(headers, header::ACCEPT, &[name, "application/*", "*/*"]).unwrap_or(0));
    html.is_some_and(|html| html > json[0].max(json[1]))
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    // Where nothing is said, anything is taken.
    !headers.contains_key(header::ACCEPT_ENCODING)
        || quality(headers, header::ACCEPT_ENCODING, &["gzip", "*"]).is_some_and(|quality| quality > 0)
}

/// The quality, in thousandths, that the header gives to the first of `names` that it has; names are in lower case.
fn quality(headers: &HeaderMap, header: HeaderName, names: &[&str]) -> Option<u16> {
    let lines = headers.get_all(header);
    let items: Vec<_> =
        lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).collect();
    names.iter().find_map(|name| {
        items.iter().find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let is_it = parts.next()?.eq_ignore_ascii_case(name);
            let given = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            is_it.then(|| given.map_or(1000, thousandths))
        })
    })
}

/// `0.8` as 800; nothing where it isn't a number from 0 to 1.
fn thousandths(quality: &str) -> u16 {
    match quality.parse::<f32>() {
        // In bounds, so nothing is cut off.
        Ok(quality) if (0.0..=1.0).contains(&quality) => (quality * 1000.0).round() as u16,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_page_is_for_whoever_names_html_first() {
        for (accept, is_page) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", true),
            ("text/html", true),
            ("Text/HTML; charset=utf-8; q=0.9, application/json;q=0.5", true),
            ("*/*", false),
            ("text/*", false),
            ("", false),
            ("application/json", false),
            ("text/html, application/json", false),
            ("text/html, */*", false),
            ("text/html;q=0.5, application/*", false),
            ("application/graphql-response+json, text/html;q=0.9", false),
            ("text/html;q=0", false),
            ("text/html;q=2", false),
            ("application/json;q=0.1, text/html;q=0.2, */*;q=0.1", true),
        ] {
            assert_eq!(prefers_html(&with(header::ACCEPT, accept)), is_page, "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }

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
            assert_eq!(takes_gzip(&with(header::ACCEPT_ENCODING, encodings)), is_taken, "{encodings}");
        }
        assert!(takes_gzip(&HeaderMap::new()));
    }
}
