//! Object types other than the roots: handed on to async-graphql, with their arguments described.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ImplItem, ItemImpl};

use crate::{
    arguments::{OF_ANSWERS, describe},
    options::Options,
};

/// Rewrites an impl block; `args` are the macro's arguments, `item` is the block.
///
/// # Errors
///
/// What isn't an impl block, or has options that can't be read.
pub fn expand(args: &TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut block: ItemImpl = syn::parse2(item)?;
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item
            && !Options::take(&mut method.attrs.clone())?.is_skipped()?
        {
            describe(method, OF_ANSWERS);
        }
    }
    Ok(quote! {
        #[::async_graphql::Object(#args)]
        #block
    })
}
