//! Who may call a field, as declared, and what follows from it: guard, directive, sentence, table entry.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Attribute, LitStr, Token,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

mod keyword {
    syn::custom_keyword!(step_up);
    syn::custom_keyword!(enrolling);
}

/// Who may call a field.
pub enum Access {
    /// Anybody, signed in or not.
    Public,
    /// Anybody who is signed in, also who has to enrol a second factor first.
    Enrolling,
    /// Anybody who is signed in.
    Authenticated {
        /// Whether a second factor must have been proved lately.
        step_up: bool,
    },
    /// Holders of a permission.
    Permission {
        /// The permission's key.
        key: LitStr,
        /// Whether a second factor must have been proved lately.
        step_up: bool,
    },
}

impl Access {
    /// What an attribute declares; `None` where it is no declaration of access.
    pub fn read(attr: &Attribute) -> syn::Result<Option<Self>> {
        let path = attr.path();
        if path.is_ident("public") {
            attr.meta.require_path_only()?;
            Ok(Some(Self::Public))
        } else if path.is_ident("authenticated") {
            if attr.meta.require_path_only().is_ok() {
                return Ok(Some(Self::Authenticated { step_up: false }));
            }
            attr.parse_args::<Authenticated>().map(|Authenticated(access)| Some(access))
        } else if path.is_ident("requires") {
            attr.parse_args::<Permission>()
                .map(|Permission { key, step_up }| Some(Self::Permission { key, step_up }))
        } else {
            Ok(None)
        }
    }

    /// The guard, as an expression.
    pub fn guard(&self) -> TokenStream {
        match self {
            Self::Public => quote!(crate::kernel::guard::Requires::public()),
            Self::Enrolling => quote!(crate::kernel::guard::Requires::enrolling()),
            Self::Authenticated { step_up } => {
                quote!(crate::kernel::guard::Requires::authenticated(#step_up))
            }
            Self::Permission { key, step_up } => {
                quote!(crate::kernel::guard::Requires::permission(#key, #step_up))
            }
        }
    }

    /// The directive, in the one form that async-graphql takes: a call of `apply` on a path.
    pub fn directive(&self) -> TokenStream {
        match self {
            Self::Public => quote!(crate::kernel::guard::public::apply()),
            Self::Enrolling => authenticated(false, true),
            Self::Authenticated { step_up } => authenticated(*step_up, false),
            Self::Permission { key, step_up } => quote! {
                crate::kernel::guard::requires::apply(
                    ::std::string::String::from(#key),
                    crate::kernel::guard::Flag(#step_up)
                )
            },
        }
    }

    /// The value in the table of root fields.
    pub fn value(&self) -> TokenStream {
        match self {
            Self::Public => quote!(crate::kernel::guard::Access::Public),
            Self::Enrolling => quote!(crate::kernel::guard::Access::Enrolling),
            Self::Authenticated { step_up } => {
                quote!(crate::kernel::guard::Access::Authenticated { step_up: #step_up })
            }
            Self::Permission { key, step_up } => {
                quote!(crate::kernel::guard::Access::Permission { key: #key, step_up: #step_up })
            }
        }
    }

    /// The line for readers.
    pub fn sentence(&self) -> String {
        match self {
            Self::Public => "Requires: nothing".to_owned(),
            Self::Enrolling => "Requires: authentication, with or without a second factor".to_owned(),
            Self::Authenticated { step_up: false } => "Requires: authentication".to_owned(),
            Self::Authenticated { step_up: true } => "Requires: authentication and step-up".to_owned(),
            Self::Permission { key, step_up: false } => format!("Requires: {}", key.value()),
            Self::Permission { key, step_up: true } => {
                format!("Requires: {} and step-up", key.value())
            }
        }
    }
}

fn authenticated(step_up: bool, enrolling: bool) -> TokenStream {
    quote! {
        crate::kernel::guard::authenticated::apply(
            crate::kernel::guard::Flag(#step_up),
            crate::kernel::guard::Flag(#enrolling)
        )
    }
}

/// The argument of `#[authenticated(step_up)]` and `#[authenticated(enrolling)]`.
struct Authenticated(Access);

impl Parse for Authenticated {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let look = input.lookahead1();
        if look.peek(keyword::step_up) {
            input.parse::<keyword::step_up>()?;
            Ok(Self(Access::Authenticated { step_up: true }))
        } else if look.peek(keyword::enrolling) {
            input.parse::<keyword::enrolling>()?;
            Ok(Self(Access::Enrolling))
        } else {
            Err(look.error())
        }
    }
}

/// The arguments of `#[requires("a.b")]` and `#[requires("a.b", step_up)]`.
struct Permission {
    key: LitStr,
    step_up: bool,
}

impl Parse for Permission {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = dotted(input.parse()?)?;
        let mut step_up = false;
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            input.parse::<keyword::step_up>()?;
            step_up = true;
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(Self { key, step_up })
    }
}

/// The events of `#[emits("a.noun.verbed", …)]`: at least one, none twice.
pub fn read_events(attr: &Attribute) -> syn::Result<Vec<LitStr>> {
    let named = attr.parse_args_with(Punctuated::<LitStr, Token![,]>::parse_terminated)?;
    let mut events: Vec<LitStr> = Vec::new();
    for event in named {
        let event = dotted(event)?;
        if events.contains(&event) {
            let message = format!("`{}` is named twice", event.value());
            return Err(syn::Error::new(event.span(), message));
        }
        events.push(event);
    }
    if events.is_empty() {
        return Err(syn::Error::new_spanned(
            attr,
            "name at least one event: #[emits(\"area.noun.past_verb\")]",
        ));
    }
    Ok(events)
}

/// Permissions and events alike are lower-case words joined by dots; a slip in one would be a permission that
/// nobody can hold, so it is found here. Wildcards are for roles, not for fields.
fn dotted(key: LitStr) -> syn::Result<LitStr> {
    let value = key.value();
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    if value.contains('.') && value.split('.').all(is_word) {
        Ok(key)
    } else {
        let message =
            format!("`{value}` is neither a permission nor an event: write lower-case words joined by dots");
        Err(syn::Error::new(key.span(), message))
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn access(attr: Attribute) -> syn::Result<Access> {
        Access::read(&attr).map(|access| access.expect("a declaration"))
    }

    fn refusal<T>(result: syn::Result<T>) -> String {
        result.err().expect("a refusal").to_string()
    }

    #[test]
    fn reads_each_form() {
        let forms: [(Attribute, &str); 8] = [
            (parse_quote!(#[public]), "Requires: nothing"),
            (parse_quote!(#[authenticated]), "Requires: authentication"),
            (parse_quote!(#[authenticated(step_up)]), "Requires: authentication and step-up"),
            (
                parse_quote!(#[authenticated(enrolling)]),
                "Requires: authentication, with or without a second factor",
            ),
            (parse_quote!(#[requires("a.b")]), "Requires: a.b"),
            (parse_quote!(#[requires("a.b",)]), "Requires: a.b"),
            (parse_quote!(#[requires("a.b_2.c", step_up)]), "Requires: a.b_2.c and step-up"),
            (parse_quote!(#[requires("a.b", step_up,)]), "Requires: a.b and step-up"),
        ];
        for (attr, sentence) in forms {
            assert_eq!(access(attr).expect("well formed").sentence(), sentence);
        }
    }

    #[test]
    fn leaves_other_attributes_alone() {
        for attr in [
            parse_quote!(#[doc = "requires"]),
            parse_quote!(#[graphql(requires = "id")]),
            parse_quote!(#[other::public]),
        ] {
            assert!(Access::read(&attr).expect("not ours").is_none());
        }
    }

    #[test]
    fn refuses_malformed_declarations() {
        for attr in [
            parse_quote!(#[requires]),
            parse_quote!(#[requires()]),
            parse_quote!(#[requires(incidents.read)]),
            parse_quote!(#[requires("a.b", stepup)]),
            parse_quote!(#[requires("a.b", step_up, "c.d")]),
            parse_quote!(#[requires("a.b" step_up)]),
            parse_quote!(#[public("a.b")]),
            parse_quote!(#[authenticated()]),
            parse_quote!(#[authenticated("a.b")]),
            parse_quote!(#[authenticated(step_up, enrolling)]),
        ] {
            refusal(access(attr));
        }
    }

    #[test]
    fn refuses_keys_that_nobody_can_hold() {
        for key in ["", "incidents", "a.", ".a", "a..b", "a.B", "a.*", "a. b", "a.2b", "a-b.c"] {
            let message = refusal(access(parse_quote!(#[requires(#key)])));
            assert!(message.contains("joined by dots"), "{key}: {message}");
        }
    }

    #[test]
    fn reads_events() {
        let events = read_events(&parse_quote!(#[emits("a.b.opened", "a.b.closed",)])).expect("well formed");
        let names: Vec<String> = events.iter().map(LitStr::value).collect();
        assert_eq!(names, ["a.b.opened", "a.b.closed"]);
    }

    #[test]
    fn refuses_no_event_and_one_named_twice() {
        assert!(refusal(read_events(&parse_quote!(#[emits()]))).contains("at least one event"));
        assert!(refusal(read_events(&parse_quote!(#[emits("a.b", "a.b")]))).contains("twice"));
        refusal(read_events(&parse_quote!(#[emits])));
        refusal(read_events(&parse_quote!(#[emits("opened")])));
    }

    #[test]
    fn writes_guard_directive_and_value_from_one_declaration() {
        let access = access(parse_quote!(#[requires("a.b", step_up)])).expect("well formed");
        assert_eq!(
            access.guard().to_string(),
            quote!(crate::kernel::guard::Requires::permission("a.b", true)).to_string()
        );
        assert_eq!(
            access.directive().to_string(),
            quote!(crate::kernel::guard::requires::apply(
                ::std::string::String::from("a.b"),
                crate::kernel::guard::Flag(true)
            ))
            .to_string()
        );
        assert_eq!(
            access.value().to_string(),
            quote!(crate::kernel::guard::Access::Permission { key: "a.b", step_up: true }).to_string()
        );
    }
}
