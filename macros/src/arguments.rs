//! What the arguments that many fields have mean: said once, and so everywhere and alike.

use syn::{Attribute, FnArg, ImplItemFn, Pat, ext::IdentExt, parse_quote};

/// Those of fields that answer once: lists, single objects, mutations.
pub const OF_ANSWERS: &[(&str, &str)] = &[
    ("first", "The first so many, 1–100. Where neither this nor `last` is given, 20."),
    ("after", "Only what comes after this place in the list: a `cursor` of it, or `endCursor`."),
    ("last", "The last so many, 1–100."),
    ("before", "Only what comes before this place in the list: a `cursor` of it, or `startCursor`."),
    ("filter", "Which of them. Without it, all."),
    ("order_by", "How they are sorted."),
    ("id", "Its id."),
    ("ids", "Their ids."),
    ("input", "What is to be done."),
];

/// Those of streams.
pub const OF_STREAMS: &[(&str, &str)] = &[
    (
        "after",
        "Begin after this place in the log: a `cursor` that came, or `eventCursor`. Without it, from now on.",
    ),
    ("filter", "Which of them. Without it, all."),
];

/// Describes the arguments of a field that bear one of these names and say nothing themselves.
pub fn describe(method: &mut ImplItemFn, meanings: &[(&str, &str)]) {
    for input in &mut method.sig.inputs {
        let FnArg::Typed(argument) = input else { continue };
        let Pat::Ident(pattern) = &*argument.pat else { continue };
        let name = pattern.ident.unraw().to_string();
        let meaning = meanings.iter().find(|(known, _)| *known == name);
        if let Some((_, meaning)) = meaning
            && !argument.attrs.iter().any(is_option)
        {
            argument.attrs.push(parse_quote!(#[graphql(desc = #meaning)]));
        }
    }
}

fn is_option(attr: &Attribute) -> bool {
    attr.path().is_ident("graphql")
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    #[test]
    fn arguments_of_known_names_are_described_unless_they_say_something_themselves() {
        let mut method: ImplItemFn = parse_quote! {
            async fn services(
                &self,
                ctx: &Context<'_>,
                last: Option<i32>,
                #[graphql(desc = "Only those.")] filter: Option<ServiceFilter>,
                search: Option<String>,
            ) -> Result<Connection<Service>> { todo() }
        };
        describe(&mut method, OF_ANSWERS);
        let expected: ImplItemFn = parse_quote! {
            async fn services(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "The last so many, 1–100.")] last: Option<i32>,
                #[graphql(desc = "Only those.")] filter: Option<ServiceFilter>,
                search: Option<String>,
            ) -> Result<Connection<Service>> { todo() }
        };
        assert_eq!(method.to_token_stream().to_string(), expected.to_token_stream().to_string());
    }
}
