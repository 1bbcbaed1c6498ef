//! The `#[graphql(…)]` options that a field or a block already has.
//!
//! async-graphql reads the first such attribute of a method and leaves a second one standing, so ours are
//! merged with the author's into one.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Attribute, Expr, ExprLit, Lit, LitBool, LitStr, Meta, Token, parse::Parser, punctuated::Punctuated,
};

type Metas = Punctuated<Meta, Token![,]>;

/// What the author wrote, in order.
#[derive(Default)]
pub struct Options(Vec<Meta>);

impl Options {
    /// Options as they stand in a macro's own arguments.
    pub fn parse(tokens: TokenStream) -> syn::Result<Self> {
        Metas::parse_terminated.parse2(tokens).map(|metas| Self(metas.into_iter().collect()))
    }

    /// Takes the options of every `#[graphql(…)]` out of `attrs`.
    pub fn take(attrs: &mut Vec<Attribute>) -> syn::Result<Self> {
        let mut options = Vec::new();
        for attr in attrs.extract_if(.., |attr| attr.path().is_ident("graphql")) {
            options.extend(attr.parse_args_with(Metas::parse_terminated)?);
        }
        Ok(Self(options))
    }

    /// An error at each of `names` that is among the options.
    pub fn refuse(&self, names: &[&str], why: &str) -> impl Iterator<Item = syn::Error> {
        self.0.iter().filter_map(move |meta| {
            let name = names.iter().find(|name| meta.path().is_ident(name))?;
            Some(syn::Error::new_spanned(meta, format!("no `{name}` here: {why}")))
        })
    }

    /// Whether the method is marked as no field: `skip` or `skip = true`.
    pub fn is_skipped(&self) -> syn::Result<bool> {
        match self.find("skip") {
            None => Ok(false),
            Some(Meta::Path(_)) => Ok(true),
            Some(meta) => literal(meta, |lit| match lit {
                Lit::Bool(LitBool { value, .. }) => Some(*value),
                _ => None,
            }),
        }
    }

    /// The name that the author gave the field.
    pub fn name(&self) -> syn::Result<Option<LitStr>> {
        self.find("name")
            .map(|meta| {
                literal(meta, |lit| match lit {
                    Lit::Str(name) => Some(name.clone()),
                    _ => None,
                })
            })
            .transpose()
    }

    /// The options as they were, without `name`, and after them `more`: the inside of one attribute.
    pub fn with(&self, more: &TokenStream) -> TokenStream {
        let rest = self.0.iter().filter(|meta| !meta.path().is_ident("name"));
        quote!(#(#rest,)* #more)
    }

    fn find(&self, name: &str) -> Option<&Meta> {
        self.0.iter().find(|meta| meta.path().is_ident(name))
    }
}

fn literal<T>(meta: &Meta, read: impl Fn(&Lit) -> Option<T>) -> syn::Result<T> {
    if let Meta::NameValue(pair) = meta
        && let Expr::Lit(ExprLit { lit, .. }) = &pair.value
        && let Some(value) = read(lit)
    {
        return Ok(value);
    }
    Err(syn::Error::new_spanned(meta, "expected a literal"))
}

#[cfg(test)]
mod tests {
    use syn::{ImplItemFn, parse_quote};

    use super::*;

    fn options(method: ImplItemFn) -> Options {
        let mut attrs = method.attrs;
        let options = Options::take(&mut attrs).expect("well formed");
        assert!(attrs.iter().all(|attr| attr.path().is_ident("doc")));
        options
    }

    #[test]
    fn merges_several_attributes_into_one() {
        let options = options(parse_quote! {
            /// Text.
            #[graphql(deprecation = "Use `b`.", name = "c")]
            #[graphql(complexity = 5 + child_complexity, visible = false)]
            fn a() {}
        });
        assert_eq!(
            options.with(&quote!(guard = x())).to_string(),
            quote!(deprecation = "Use `b`.", complexity = 5 + child_complexity, visible = false, guard = x())
                .to_string()
        );
    }

    #[test]
    fn reads_name_and_skip() {
        let plain = options(parse_quote!(
            fn a() {}
        ));
        assert!(plain.name().expect("absent").is_none());
        assert!(!plain.is_skipped().expect("absent"));

        let named = options(parse_quote!(
            #[graphql(name = "b")]
            fn a() {}
        ));
        let name = named.name().expect("well formed").expect("present");
        assert_eq!(name.value(), "b");

        for (is_skipped, method) in [
            (
                true,
                parse_quote!(
                    #[graphql(skip)]
                    fn a() {}
                ),
            ),
            (
                true,
                parse_quote!(
                    #[graphql(skip = true)]
                    fn a() {}
                ),
            ),
            (
                false,
                parse_quote!(
                    #[graphql(skip = false)]
                    fn a() {}
                ),
            ),
        ] {
            let skip = options(method).is_skipped().expect("well formed");
            assert_eq!(skip, is_skipped);
        }
    }

    #[test]
    fn refuses_names_and_skips_that_are_no_literals() {
        let method = parse_quote!(
            #[graphql(name = NAME, skip = "yes")]
            fn a() {}
        );
        let options = options(method);
        assert!(options.name().is_err());
        assert!(options.is_skipped().is_err());
    }

    #[test]
    fn finds_what_is_refused() {
        let options = Options::parse(quote!(guard = x(), name = "b", flatten)).expect("well formed");
        let errors: Vec<String> =
            options.refuse(&["guard", "flatten"], "because").map(|error| error.to_string()).collect();
        assert_eq!(errors, ["no `guard` here: because", "no `flatten` here: because"]);
    }
}
