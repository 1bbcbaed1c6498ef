//! W3C Trace Context: which trace of the client's a request is part of.
//!
//! `traceparent` is read strictly, as its [specification](https://www.w3.org/TR/trace-context/) has it: what isn't
//! well formed is as good as absent, since a broken trace is worse than a new one. `tracestate` is other vendors' and
//! handed on as it came; without a `traceparent` it means nothing.

/// The longest `tracestate` that is handed on: the least that the specification asks for.
const MAX_STATE: usize = 512;
/// The most members of it.
const MAX_MEMBERS: usize = 32;

/// Where a request stands in the trace of whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    parent: String,
    state: Option<String>,
}

impl TraceContext {
    /// Reads `traceparent` and, beside it, `tracestate`.
    ///
    /// ```
    /// use opsgate::kernel::trace::TraceContext;
    ///
    /// let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let trace = TraceContext::parse(parent, Some("vendor=t61rcWkgMzE")).unwrap();
    /// assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    /// assert_eq!(trace.parent_id(), "00f067aa0ba902b7");
    /// assert!(trace.is_sampled());
    /// ```
    pub fn parse(parent: &str, state: Option<&str>) -> Option<Self> {
        // version, trace id, parent id, flags: "00-" + 32 + "-" + 16 + "-" + 2. Later versions may append more.
        let (known, rest) = parent.split_at_checked(55)?;
        let mut parts = known.split('-');
        let (version, trace_id, parent_id, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_form = parts.next().is_none()
            && is_hex(version, 2)
            && is_hex(trace_id, 32)
            && is_hex(parent_id, 16)
            && is_hex(flags, 2);
        let is_none = |id: &str| id.bytes().all(|byte| byte == b'0');
        let is_of_version = match version {
            "00" => rest.is_empty(),
            "ff" => false,
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        (is_form && is_of_version && !is_none(trace_id) && !is_none(parent_id)).then(|| Self {
            // What a later version appends isn't known to us; the flags of ours are the lowest bit.
            parent: format!("00-{trace_id}-{parent_id}-{flags}"),
            state: state.filter(|state| is_state(state)).map(str::to_owned),
        })
    }

    /// The trace.
    pub fn trace_id(&self) -> &str {
        &self.parent[3..35]
    }

    /// The span of whoever sent the request.
    pub fn parent_id(&self) -> &str {
        &self.parent[36..52]
    }

    /// Whether they record it.
    pub fn is_sampled(&self) -> bool {
        u8::from_str_radix(&self.parent[53..], 16).is_ok_and(|flags| flags & 1 == 1)
    }

    /// The `traceparent`, in version 00.
    pub fn parent(&self) -> &str {
        &self.parent
    }

    /// The `tracestate`.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether it is a list of `key=value` that may be handed on.
fn is_state(state: &str) -> bool {
    let members: Vec<_> = state
        .split(',')
        .map(|member| member.trim_matches([' ', '\t']))
        .filter(|member| !member.is_empty())
        .collect();
    (1..=MAX_MEMBERS).contains(&members.len())
        && state.len() <= MAX_STATE
        && members.iter().all(|member| {
            member.split_once('=').is_some_and(|(key, value)| {
                let is_key =
                    |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
                !key.is_empty()
                    && key.bytes().all(is_key)
                    && !value.is_empty()
                    && value.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=')
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    #[test]
    fn what_is_well_formed_is_read() {
        let trace = TraceContext::parse(PARENT, None).unwrap();
        assert_eq!((trace.parent(), trace.state(), trace.is_sampled()), (PARENT, None, false));
        // A version of the future: what it appends is left out.
        let later = TraceContext::parse(&format!("cc{}-what.ever", &PARENT[2..]), None).unwrap();
        assert_eq!(later, trace);
    }

    #[test]
    fn what_is_not_is_as_good_as_absent() {
        for parent in [
            "",
            "00",
            &PARENT[..54],
            &format!("{PARENT}-"),
            &format!("{PARENT}-extra"),
            &format!("ff{}", &PARENT[2..]),
            &format!("cc{}.extra", &PARENT[2..]),
            &PARENT.to_uppercase(),
            &PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &PARENT.replace('4', "g"),
            &PARENT.replace('-', "_"),
            &PARENT.replace("-00f", "00-f"),
            &format!(" {}", &PARENT[..54]),
            &"é".repeat(28),
        ] {
            assert_eq!(TraceContext::parse(parent, None), None, "{parent}");
        }
    }

    #[test]
    fn a_state_is_handed_on_where_it_is_one() {
        let handed_on = |state: &str| TraceContext::parse(PARENT, Some(state)).unwrap().state().is_some();
        for state in ["a=1", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "t@v=x y, b=2", "a=1,,b=2"] {
            assert!(handed_on(state), "{state}");
        }
        let many: Vec<String> = (0..33).map(|number| format!("k{number}=v")).collect();
        let long = format!("k={}", "v".repeat(MAX_STATE));
        for state in ["", ",", "a", "a=", "=1", "A=1", "a=1\n", "a=b=c", "a=é", &many.join(","), &long] {
            assert!(!handed_on(state), "{state}");
        }
    }
}
