//! Object types other than the roots: handed on to async-graphql, with their arguments described and what is at hand told
//! apart from what waits.
//!
//! A field without arguments whose method doesn't await is at hand. Its body moves into a method that isn't async, which
//! async-graphql's calls and `AtHand`, beside it, points at.

use proc_macro2::{TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::{
    FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, LitStr, ReturnType, Type, ext::IdentExt, parse_quote,
};

use crate::{
    arguments::{OF_ANSWERS, describe},
    field,
    options::Options,
};

/// Rewrites an impl block; `args` are the macro's arguments, `item` is the block.
///
/// # Errors
///
/// What isn't an impl block, or has options that can't be read.
pub fn expand(args: &TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut block: ItemImpl = syn::parse2(item)?;
    let mut at_hand = Vec::new();
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item
            && let options = Options::take(&mut method.attrs.clone())?
            && !options.is_skipped()?
        {
            describe(method, OF_ANSWERS);
            if is_at_hand(method) {
                at_hand.push(AtHand::take(method, field::name(method, &options)?));
            }
        }
    }
    let (generics, _, bounds) = block.generics.split_for_impl();
    let object = &block.self_ty;
    let (names, idents): (Vec<_>, Vec<_>) = at_hand.iter().map(|field| (&field.name, &field.ident)).unzip();
    let methods = at_hand.iter().map(|field| &field.method);
    Ok(quote! {
        impl #generics #object #bounds {
            #(#methods)*
        }

        impl #generics crate::kernel::eager::AtHand for #object #bounds {
            fn at_hand(field: &str) -> ::std::option::Option<crate::kernel::eager::OnTheSpot<Self>> {
                match field {
                    #(#names => {
                        ::std::option::Option::Some(|object, ctx| crate::kernel::eager::leaf(ctx, &object.#idents()))
                    })*
                    _ => ::std::option::Option::None,
                }
            }
        }

        #[::async_graphql::Object(#args)]
        #block
    })
}

/// A field that is at hand.
struct AtHand {
    /// Its name in the schema.
    name: LitStr,
    /// Its method that isn't async.
    ident: Ident,
    method: ImplItemFn,
}

impl AtHand {
    /// Takes the body out of `method`, which calls it from now on.
    fn take(method: &mut ImplItemFn, name: LitStr) -> Self {
        let ident = format_ident!("{}_at_hand", method.sig.ident.unraw());
        let mut own = method.clone();
        own.attrs.retain(|attr| ["cfg", "expect"].iter().any(|name| attr.path().is_ident(name)));
        method.attrs.retain(|attr| !attr.path().is_ident("expect"));
        own.vis = syn::Visibility::Inherited;
        own.sig.asyncness = None;
        own.sig.ident = ident.clone();
        method.block = parse_quote!({ self.#ident() });
        Self { name, ident, method: own }
    }
}

/// Whether a field needs nothing but its object. One that may fail is async-graphql's to answer.
fn is_at_hand(method: &ImplItemFn) -> bool {
    let sig = &method.sig;
    let is_alone = sig.inputs.len() == 1 && matches!(sig.inputs.first(), Some(FnArg::Receiver(_)));
    let block = &method.block;
    sig.asyncness.is_some() && is_alone && !may_fail(&sig.output) && !awaits(quote!(#block))
}

fn may_fail(output: &ReturnType) -> bool {
    match output {
        ReturnType::Type(_, ty) => match &**ty {
            Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Result"),
            _ => false,
        },
        ReturnType::Default => false,
    }
}

fn awaits(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "await",
        TokenTree::Group(group) => awaits(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_nothing_but_its_object_is_at_hand() {
        for (method, expected) in [
            (
                parse_quote!(
                    async fn a(&self) -> ID {
                        self.0.id.into()
                    }
                ),
                true,
            ),
            (
                parse_quote!(
                    pub async fn a(&self) -> Option<&str> {
                        self.0.text.as_deref()
                    }
                ),
                true,
            ),
            (
                parse_quote!(
                    async fn a(&self) -> i32 {
                        if self.0 { wait().await } else { 0 }
                    }
                ),
                false,
            ),
            (
                parse_quote!(
                    async fn a(&self) -> Result<i32> {
                        Ok(1)
                    }
                ),
                false,
            ),
            (
                parse_quote!(
                    async fn a(&self) -> async_graphql::Result<i32> {
                        Ok(1)
                    }
                ),
                false,
            ),
            (
                parse_quote!(
                    async fn a(&self, ctx: &Context<'_>) -> i32 {
                        1
                    }
                ),
                false,
            ),
            (
                parse_quote!(
                    async fn a(&self, n: i32) -> i32 {
                        n
                    }
                ),
                false,
            ),
        ] {
            let method: ImplItemFn = method;
            assert_eq!(is_at_hand(&method), expected, "{}", quote!(#method));
        }
    }

    #[test]
    fn its_body_moves_and_its_name_is_the_schema_s() {
        let block = quote! {
            impl<T: Listed> Edge<T> {
                /// The place.
                async fn start_cursor(&self) -> &Cursor { &self.cursor }
                #[graphql(name = "other")]
                async fn one(&self) -> i32 { 1 }
                async fn node(&self, ctx: &Context<'_>) -> Eager<T> { load(ctx).await }
            }
        };
        let out = expand(&quote!(name_type), block).unwrap().to_string();
        for part in [
            quote!(
                impl<T: Listed> Edge<T> {
                    fn start_cursor_at_hand(&self) -> &Cursor {
                        &self.cursor
                    }
                    fn one_at_hand(&self) -> i32 {
                        1
                    }
                }
            ),
            quote!(impl<T: Listed> crate::kernel::eager::AtHand for Edge<T>),
            quote!(object.start_cursor_at_hand()),
            quote!(#[::async_graphql::Object(name_type)]),
            quote!(
                async fn start_cursor(&self) -> &Cursor {
                    self.start_cursor_at_hand()
                }
            ),
        ] {
            assert!(out.contains(&part.to_string()), "{part}\nisn't in\n{out}");
        }
        assert!(out.contains("\"startCursor\" =>") && out.contains("\"other\" =>"), "{out}");
    }
}
