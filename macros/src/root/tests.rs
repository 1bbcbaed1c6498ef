//! Impl blocks in, tokens or refusals out.

use super::*;

/// Tokens as items, since joint punctuation (`>>`) is spaced differently where it was written and where it
/// was parsed.
fn file(tokens: TokenStream) -> syn::File {
    syn::parse2(tokens).expect("items")
}

fn refusals(args: TokenStream, item: TokenStream) -> Vec<String> {
    let error = expand(Root::Query, args, item).expect_err("a refusal");
    error.into_iter().map(|error| error.to_string()).collect()
}

#[test]
fn a_block_goes_to_async_graphql_with_its_table_beside_it() {
    let expanded = expand(
        Root::Subscription,
        quote!(name = "Incidents"),
        quote! {
            /// Streams.
            #[cfg(unix)]
            impl IncidentSubscription {
                const LIMIT: usize = 3;

                /// Each change.
                #[requires("incidents.read")]
                async fn incident_changed(&self) -> Result<impl Stream<Item = Result<bool>>> { x() }

                #[graphql(skip)]
                fn helper(&self) {}
            }
        },
    )
    .expect("well formed");
    let expected = quote! {
        #[::async_graphql::Subscription(name = "Incidents")]
        /// Streams.
        #[cfg(unix)]
        impl IncidentSubscription {
            const LIMIT: usize = 3;

            /// Each change.
            #[doc = ""]
            #[doc = "Requires: incidents.read"]
            #[graphql(
                name = "incidentChanged",
                guard = crate::kernel::guard::Requires::permission("incidents.read", false),
                directive = crate::kernel::guard::requires::apply(
                    ::std::string::String::from("incidents.read"),
                    crate::kernel::guard::Flag(false)
                )
            )]
            async fn incident_changed(&self) -> Result<impl Stream<Item = Result<bool>>> { x() }

            #[graphql(skip)]
            fn helper(&self) {}
        }

        #[cfg(unix)]
        impl crate::kernel::guard::RootFields for IncidentSubscription {
            const FIELDS: &'static [crate::kernel::guard::RootField] =
                &[crate::kernel::guard::RootField {
                    name: "incidentChanged",
                    root: crate::kernel::guard::Root::Subscription,
                    access: crate::kernel::guard::Access::Permission {
                        key: "incidents.read",
                        step_up: false
                    },
                    emits: &[],
                }];
        }
    };
    assert_eq!(file(expanded), file(expected));
}

#[test]
fn queries_and_mutations_are_objects() {
    for root in [Root::Query, Root::Mutation] {
        let expanded = expand(root, TokenStream::new(), quote!(impl Empty {})).expect("well formed");
        let expected = quote! {
            #[::async_graphql::Object()]
            impl Empty {}
            impl crate::kernel::guard::RootFields for Empty {
                const FIELDS: &'static [crate::kernel::guard::RootField] = &[];
            }
        };
        assert_eq!(file(expanded), file(expected));
    }
}

#[test]
fn the_faults_of_all_fields_come_together() {
    let messages = refusals(
        TokenStream::new(),
        quote! {
            impl Q {
                async fn a(&self) -> bool { true }
                /// Text.
                #[public]
                async fn fine(&self) -> bool { true }
                #[public]
                async fn b(&self) -> bool { true }
            }
        },
    );
    assert_eq!(
        messages,
        [
            "root field `a` declares nobody who may call it: add #[requires(\"…\")], \
             #[authenticated] or #[public]",
            "root field `a` has no description: add a doc comment",
            "root field `b` has no description: add a doc comment",
        ]
    );
}

#[test]
fn blocks_that_are_no_plain_impl_are_refused() {
    let block = quote!(impl Q {});
    assert!(refusals(quote!(guard = Nobody), block.clone())[0].contains("no `guard`"));
    assert!(refusals(quote!(rename_fields = "lowercase"), block)[0].contains("no `rename_fields`"));
    let none = TokenStream::new;
    assert!(refusals(none(), quote!(impl Trait for Q {}))[0].contains("not of a trait"));
    assert!(
        refusals(
            none(),
            quote!(
                impl<T> Q<T> {}
            )
        )[0]
        .contains("generic")
    );
    assert_eq!(
        refusals(
            none(),
            quote!(
                struct Q;
            )
        )
        .len(),
        1
    );
}

#[test]
fn a_name_is_there_once_unless_under_conditions() {
    let twice = quote! {
        impl Q {
            /// Text.
            #[public]
            async fn a_b(&self) -> bool { true }
            /// Text.
            #[public]
            #[graphql(name = "aB")]
            async fn c(&self) -> bool { true }
        }
    };
    assert_eq!(refusals(TokenStream::new(), twice), ["root field `aB` is there twice"]);
    let alternatives = quote! {
        impl Q {
            /// Text.
            #[public]
            #[cfg(unix)]
            async fn a(&self) -> bool { true }
            /// Text.
            #[public]
            #[cfg(not(unix))]
            async fn a(&self) -> bool { false }
        }
    };
    assert!(expand(Root::Query, TokenStream::new(), alternatives).is_ok());
}
