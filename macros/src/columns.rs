//! Models that are read by the places of their columns.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, GenericArgument, PathArguments, Type};

/// Implements `crate::row::FromColumns` for a struct with named fields.
///
/// # Errors
///
/// What is something else.
pub fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "a row is a struct with named fields"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(&input.ident, "a row is a struct with named fields"));
    };
    let names: Vec<_> = fields.named.iter().filter_map(|field| field.ident.as_ref()).collect();
    let columns = names.iter().map(|name| name.to_string().trim_start_matches("r#").to_owned());
    let values = fields.named.iter().enumerate().map(|(place, field)| match optional(&field.ty) {
        _ if is(&field.ty, &PLAIN) => quote!(crate::row::plain(row, first + #place)?),
        Some(inner) if is(inner, &OTHERS) => quote!(crate::row::optional::<#inner>(row, first + #place)?),
        None if is(&field.ty, &OTHERS) => quote!(crate::row::required(row, first + #place)?),
        Some(_) => quote!(crate::row::perhaps_coded(row, first + #place)?),
        None => quote!(crate::row::coded(row, first + #place)?),
    });
    let ident = &input.ident;
    Ok(quote! {
        impl crate::row::FromColumns for #ident {
            const COLUMNS: &'static [&'static str] = &[#(#columns),*];

            fn from_columns(row: &::sea_orm::QueryResult, first: usize) -> ::std::result::Result<Self, ::sea_orm::DbErr> {
                Ok(Self { #(#names: #values),* })
            }
        }
    })
}

/// The types that the drivers of both databases read themselves, as entities name them.
const PLAIN: [&str; 7] = ["String", "Uuid", "DateTimeUtc", "bool", "i16", "i32", "i64"];

/// Those that SeaORM puts together. Any other type is an enum.
const OTHERS: [&str; 4] = ["Json", "Vec", "StringList", "IdList"];

/// Whether a column's type, or what it is perhaps, is one of these.
fn is(ty: &Type, names: &[&str]) -> bool {
    match optional(ty).unwrap_or(ty) {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name))
        }
        _ => false,
    }
}

/// What is in an `Option`.
fn optional(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}
