//! One method of the impl block: its declaration taken out, what follows from it put in.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, ImplItemFn, Lit, LitStr, Meta, ext::IdentExt, parse_quote};

use crate::{
    access::{Access, read_events},
    arguments,
    errors::Errors,
    options::Options,
    root::Root,
};

/// Options that would put the field behind another guard than its declaration's, or behind none:
/// async-graphql resolves flattened fields and entities without the field's guard, and a derived field is a
/// second field of no declaration.
const REFUSED: [&str; 4] = ["guard", "flatten", "entity", "derived"];

/// A field of a root, as declared.
pub struct Field {
    /// Its name in the schema.
    pub name: LitStr,
    /// The conditions under which it is compiled.
    pub cfg: Vec<Attribute>,
    access: Access,
    events: Vec<LitStr>,
}

impl Field {
    /// Rewrites a method and answers with what it declared; `None` where it is marked as no field.
    pub fn rewrite(root: Root, method: &mut ImplItemFn) -> syn::Result<Option<Self>> {
        let declared: Vec<Attribute> = method.attrs.extract_if(.., |attr| is_declaration(attr)).collect();
        let options = Options::take(&mut method.attrs)?;
        if options.is_skipped()? {
            refuse_on_skipped(&declared)?;
            method.attrs.push(parse_quote!(#[graphql(skip)]));
            return Ok(None);
        }

        let mut errors = Errors::default();
        let access = access(method, &declared);
        let events = events(root, method, &declared);
        let name = name(method, &options);
        errors.note(&access);
        errors.note(&events);
        errors.note(&name);
        for error in options.refuse(&REFUSED, "the guard comes from the field's declaration") {
            errors.push(error);
        }
        if !has_description(&method.attrs) {
            let message = format!("root field `{}` has no description: add a doc comment", method.sig.ident);
            errors.push(syn::Error::new(method.sig.ident.span(), message));
        }
        errors.finish()?;

        let field = Self { name: name?, cfg: cfg(&method.attrs), access: access?, events: events? };
        field.describe(&mut method.attrs);
        arguments::describe(method, root.arguments());
        method.attrs.push(field.options(&options));
        Ok(Some(field))
    }

    /// The entry in the table of root fields.
    pub fn entry(&self, root: Root) -> TokenStream {
        let Self { name, cfg, events, .. } = self;
        let root = root.value();
        let access = self.access.value();
        quote! {
            #(#cfg)*
            crate::kernel::guard::RootField {
                name: #name,
                root: #root,
                access: #access,
                emits: &[#(#events),*],
            }
        }
    }

    /// A paragraph of its own, so that it doesn't run into a list or a sentence before it.
    fn describe(&self, attrs: &mut Vec<Attribute>) {
        let requires = self.access.sentence();
        attrs.push(parse_quote!(#[doc = ""]));
        attrs.push(parse_quote!(#[doc = #requires]));
        if !self.events.is_empty() {
            let names: Vec<String> = self.events.iter().map(LitStr::value).collect();
            let emits = format!("Emits: {}", names.join(", "));
            attrs.push(parse_quote!(#[doc = #emits]));
        }
    }

    fn options(&self, options: &Options) -> Attribute {
        let name = &self.name;
        let guard = self.access.guard();
        let directive = self.access.directive();
        let options = options.with(&quote!(name = #name, guard = #guard, directive = #directive));
        parse_quote!(#[graphql(#options)])
    }
}

fn is_declaration(attr: &Attribute) -> bool {
    ["requires", "authenticated", "public", "emits"].iter().any(|name| attr.path().is_ident(name))
}

fn access(method: &ImplItemFn, declared: &[Attribute]) -> syn::Result<Access> {
    let field = &method.sig.ident;
    let mut found = None;
    for attr in declared {
        let Some(access) = Access::read(attr)? else {
            continue;
        };
        if found.replace(access).is_some() {
            let message = format!(
                "root field `{field}` declares twice who may call it: keep one of #[requires(\"…\")], \
                 #[authenticated] and #[public]"
            );
            return Err(syn::Error::new_spanned(attr, message));
        }
    }
    found.ok_or_else(|| {
        let message = format!(
            "root field `{field}` declares nobody who may call it: add #[requires(\"…\")], \
             #[authenticated] or #[public]"
        );
        syn::Error::new(field.span(), message)
    })
}

fn events(root: Root, method: &ImplItemFn, declared: &[Attribute]) -> syn::Result<Vec<LitStr>> {
    let field = &method.sig.ident;
    let mut emits = declared.iter().filter(|attr| attr.path().is_ident("emits"));
    match (root, emits.next(), emits.next()) {
        (Root::Mutation, Some(attr), None) => read_events(attr),
        (Root::Mutation, None, _) => {
            let message =
                format!("mutation `{field}` records no event: add #[emits(\"area.noun.past_verb\")]");
            Err(syn::Error::new(field.span(), message))
        }
        (Root::Mutation, Some(_), Some(second)) => {
            Err(syn::Error::new_spanned(second, "name all events in one #[emits(\"…\", \"…\")]"))
        }
        (Root::Query | Root::Subscription, Some(attr), _) => {
            Err(syn::Error::new_spanned(attr, "only a mutation records events: remove #[emits]"))
        }
        (Root::Query | Root::Subscription, None, _) => Ok(Vec::new()),
    }
}

fn refuse_on_skipped(declared: &[Attribute]) -> syn::Result<()> {
    let mut errors = Errors::default();
    for attr in declared {
        errors.push(syn::Error::new_spanned(
            attr,
            "the method is skipped, so it is no field: remove this or `skip`",
        ));
    }
    errors.finish()
}

/// The name that a method has in the schema.
pub fn name(method: &ImplItemFn, options: &Options) -> syn::Result<LitStr> {
    let ident = &method.sig.ident;
    let given = options.name()?;
    Ok(given.unwrap_or_else(|| LitStr::new(&camel_case(&ident.unraw().to_string()), ident.span())))
}

/// `incident_acknowledge` to `incidentAcknowledge`.
fn camel_case(snake_case: &str) -> String {
    let mut camel = String::with_capacity(snake_case.len());
    for word in snake_case.split('_') {
        let mut letters = word.chars();
        let first =
            letters.next().map(|letter| if camel.is_empty() { letter } else { letter.to_ascii_uppercase() });
        camel.extend(first);
        camel.extend(letters);
    }
    camel
}

fn cfg(attrs: &[Attribute]) -> Vec<Attribute> {
    let is_cfg = |attr: &&Attribute| attr.path().is_ident("cfg");
    attrs.iter().filter(is_cfg).cloned().collect()
}

/// Whether there is text; a macro's (`include_str!`) is taken on trust.
fn has_description(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => !text.value().trim().is_empty(),
            Expr::Macro(_) => true,
            _ => false,
        },
        _ => false,
    })
}

#[cfg(test)]
mod tests;
