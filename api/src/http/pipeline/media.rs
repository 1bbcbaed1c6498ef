//! What the answer is written as: the `Accept` header against what there is.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header::ACCEPT};

use super::Refusal;

/// How a response may be written. Both are JSON in UTF-8; they differ in what the status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: 200 for every request that is well formed, whatever became of it.
    Json,
    /// `application/graphql-response+json`: the status tells what became of the request.
    GraphqlResponse,
}

impl Media {
    /// The one that the client likes best. Where it has no wish it gets `application/json`, which every client knows;
    /// where it likes both as much, the one that says more.
    ///
    /// # Errors
    /// 406 where it can read neither.
    pub fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let accept = Accept::of(headers);
        let json = accept.quality("application", "json");
        let response = accept.quality("application", "graphql-response+json");
        match (response, json) {
            (Quality(0, _), Quality(0, _)) => Err(Refusal::http(
                StatusCode::NOT_ACCEPTABLE,
                "answers are application/graphql-response+json or application/json, both in UTF-8",
            )),
            (response, json) if response > json || (response == json && response.is_named()) => {
                Ok(Self::GraphqlResponse)
            }
            _ => Ok(Self::Json),
        }
    }

    /// Whether the client names HTML, and likes it better than JSON of either kind: then a person looks at the answer.
    pub fn is_html_preferred(headers: &HeaderMap) -> bool {
        let accept = Accept::of(headers);
        let html = accept.quality("text", "html");
        let json = ["json", "graphql-response+json"].map(|subkind| accept.quality("application", subkind));
        html.is_named() && json.iter().all(|json| html > *json)
    }

    /// The value of `Content-Type`.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }
}

/// The `Accept` headers of a request. One that can't be read accepts nothing; none at all accepts everything.
pub struct Accept<'a>(Vec<Range<'a>>);

/// One media range, `application/json;charset=utf-8;q=0.8`.
struct Range<'a> {
    kind: &'a str,
    subkind: &'a str,
    thousandths: u16,
}

/// How much something is liked, in thousandths, and how precisely it was named: 0 by `*/*`, 1 by `application/*`, 2 by
/// its name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Quality(u16, u8);

impl Quality {
    fn is_named(self) -> bool {
        self.1 == 2
    }
}

impl PartialOrd for Quality {
    /// By liking alone.
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.0.cmp(&other.0))
    }
}

impl<'a> Accept<'a> {
    /// Reads them.
    pub fn of(headers: &'a HeaderMap) -> Self {
        if !headers.contains_key(ACCEPT) {
            return Self(vec![Range { kind: "*", subkind: "*", thousandths: 1000 }]);
        }
        let lists = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        Self(lists.flat_map(|list| list.split(',')).filter_map(Range::read).collect())
    }

    /// Whether the client can read `kind/subkind`.
    pub fn takes(&self, kind: &str, subkind: &str) -> bool {
        self.quality(kind, subkind).0 > 0
    }

    /// How much the client likes `kind/subkind`: what the range says that names it most precisely (RFC 9110, 12.5.1).
    fn quality(&self, kind: &str, subkind: &str) -> Quality {
        let qualities = self.0.iter().filter_map(|range| {
            let precision = match (range.kind, range.subkind) {
                ("*", "*") => 0,
                (own, "*") if own.eq_ignore_ascii_case(kind) => 1,
                (own, sub) if own.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subkind) => 2,
                _ => return None,
            };
            Some((precision, range.thousandths))
        });
        qualities.max().map_or(Quality(0, 0), |(precision, thousandths)| Quality(thousandths, precision))
    }
}

impl<'a> Range<'a> {
    /// One that asks for another charset than UTF-8 is none of ours; other parameters don't matter here.
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subkind) = parts.next()?.split_once('/')?;
        let mut range = Self { kind, subkind, thousandths: 1000 };
        for parameter in parts.filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("q") => range.thousandths = thousandths(value)?,
                name if name.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") => {
                    return None;
                }
                _ => {}
            }
        }
        Some(range)
    }
}

/// `0`, `0.5`, `1.000`: a weight as RFC 9110 (12.4.2) has it.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit()) && fraction.len() <= 3;
    let fraction: u16 = format!("{fraction:0<3}").parse().ok().filter(|_| digits)?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: &[&str]) -> Option<Media> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Media::of(&headers).ok()
    }

    #[test]
    fn what_is_liked_best_is_chosen() {
        use Media::{GraphqlResponse, Json};
        for (accept, expected) in [
            (&[][..], Some(Json)),
            (&["*/*"], Some(Json)),
            (&["application/*"], Some(Json)),
            (&["application/json"], Some(Json)),
            (&["application/graphql-response+json"], Some(GraphqlResponse)),
            (&["APPLICATION/GraphQL-Response+JSON ; Charset=\"UTF-8\""], Some(GraphqlResponse)),
            (&["application/json, application/graphql-response+json"], Some(GraphqlResponse)),
            (&["application/graphql-response+json, application/json;q=0.9"], Some(GraphqlResponse)),
            (&["application/graphql-response+json;q=0.8, application/json;q=0.9"], Some(Json)),
            (&["application/json", "application/graphql-response+json"], Some(GraphqlResponse)),
            (&["*/*, application/graphql-response+json;q=0.5"], Some(Json)),
            (&["*/*;q=0.1, application/graphql-response+json;q=0.5"], Some(GraphqlResponse)),
            (&["application/json;q=0, */*"], Some(GraphqlResponse)),
            (&["multipart/mixed;deferSpec=20220824, application/json"], Some(Json)),
            (&["application/json;profile=x"], Some(Json)),
            (&["text/html, */*;q=0.8"], Some(Json)),
            (&["text/html"], None),
            (&["text/*"], None),
            (&[""], None),
            (&["nonsense"], None),
            (&["application/json;q=0"], None),
            (&["application/json;q=2"], None),
            (&["application/json;q=0.1234"], None),
            (&["application/json;q=-1"], None),
            (&["application/json;q=+0.5"], None),
            (&["application/json;charset=iso-8859-1"], None),
            (
                &["application/json;charset=iso-8859-1, application/graphql-response+json"],
                Some(GraphqlResponse),
            ),
            (&["é"], None),
        ] {
            assert_eq!(chosen(accept), expected, "{accept:?}");
        }
    }
    #[test]
    fn a_page_is_for_whoever_names_html_first() {
        for (accept, is_preferred) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", true),
            ("text/html", true),
            ("Text/HTML; charset=utf-8; q=0.9, application/json;q=0.5", true),
            ("application/json;q=0.1, text/html;q=0.2, */*;q=0.1", true),
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
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(Media::is_html_preferred(&headers), is_preferred, "{accept}");
        }
        assert!(!Media::is_html_preferred(&HeaderMap::new()));
    }
}
