//! The impl block as a whole: handed on to async-graphql, with the table of its fields beside it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ImplItem, ItemImpl, LitStr};

use crate::{arguments, errors::Errors, field::Field, options::Options};

/// The root type that an impl block is a part of.
#[derive(Clone, Copy)]
pub enum Root {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
    /// Streams.
    Subscription,
}

impl Root {
    /// The value in the table of root fields.
    pub fn value(self) -> TokenStream {
        match self {
            Self::Query => quote!(crate::kernel::guard::Root::Query),
            Self::Mutation => quote!(crate::kernel::guard::Root::Mutation),
            Self::Subscription => quote!(crate::kernel::guard::Root::Subscription),
        }
    }

    /// What the arguments mean that many fields have.
    pub fn arguments(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Query | Self::Mutation => arguments::OF_ANSWERS,
            Self::Subscription => arguments::OF_STREAMS,
        }
    }

    fn engine(self) -> TokenStream {
        match self {
            Self::Query | Self::Mutation => quote!(::async_graphql::Object),
            Self::Subscription => quote!(::async_graphql::Subscription),
        }
    }
}

/// Rewrites an impl block; `args` are the macro's arguments, `item` is the block.
///
/// # Errors
///
/// Every fault found in the block, combined.
pub fn expand(root: Root, args: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut block: ItemImpl = syn::parse2(item)?;
    let mut errors = Errors::default();
    errors.note(&check_block(&block));
    errors.note(&check_args(args.clone()));

    let mut fields = Vec::new();
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            match Field::rewrite(root, method) {
                Ok(field) => fields.extend(field),
                Err(error) => errors.push(error),
            }
        }
    }
    errors.note(&check_names(&fields));
    errors.finish()?;

    let engine = root.engine();
    let subject = &block.self_ty;
    let cfg = block.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let entries = fields.iter().map(|field| field.entry(root));
    Ok(quote! {
        #[#engine(#args)]
        #block

        #(#cfg)*
        impl crate::kernel::guard::RootFields for #subject {
            const FIELDS: &'static [crate::kernel::guard::RootField] = &[#(#entries),*];
        }
    })
}

fn check_block(block: &ItemImpl) -> syn::Result<()> {
    if let Some((_, path, _)) = &block.trait_ {
        let message = "a root's fields stand in an impl block of the type itself, not of a trait";
        return Err(syn::Error::new_spanned(path, message));
    }
    if !block.generics.params.is_empty() {
        let message = "a root's type has no generic parameters";
        return Err(syn::Error::new_spanned(&block.generics, message));
    }
    Ok(())
}

/// A guard on the block is dropped for each field that has one, and here all have; renamed fields would have
/// other names in the schema than in the table.
fn check_args(args: TokenStream) -> syn::Result<()> {
    let options = Options::parse(args)?;
    let mut errors = Errors::default();
    for error in options.refuse(&["guard"], "each field's own declaration guards it") {
        errors.push(error);
    }
    for error in options.refuse(&["rename_fields"], "give the field #[graphql(name = \"…\")]") {
        errors.push(error);
    }
    errors.finish()
}

/// Of two fields with one name async-graphql would keep the second, without a word. Fields under a condition
/// may be alternatives, so they are left to their author.
fn check_names(fields: &[Field]) -> syn::Result<()> {
    let mut names: Vec<&LitStr> = Vec::new();
    let mut errors = Errors::default();
    for field in fields.iter().filter(|field| field.cfg.is_empty()) {
        if names.contains(&&field.name) {
            let message = format!("root field `{}` is there twice", field.name.value());
            errors.push(syn::Error::new(field.name.span(), message));
        }
        names.push(&field.name);
    }
    errors.finish()
}

#[cfg(test)]
mod tests;
