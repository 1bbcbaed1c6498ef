//! Methods in, fields or refusals out.

use quote::ToTokens;

use super::*;

fn rewrite(root: Root, mut method: ImplItemFn) -> syn::Result<(Option<Field>, ImplItemFn)> {
    Field::rewrite(root, &mut method).map(|field| (field, method))
}

fn refusals(root: Root, method: ImplItemFn) -> Vec<String> {
    let error = rewrite(root, method).err().expect("a refusal");
    error.into_iter().map(|error| error.to_string()).collect()
}

#[test]
fn a_mutation_gets_its_guard_directive_and_description() {
    let (field, method) = rewrite(
        Root::Mutation,
        parse_quote! {
            /// Says that somebody is on it; stops escalation.
            #[requires("incidents.acknowledge", step_up)]
            #[emits("monitoring.incident.acknowledged", "monitoring.alert.silenced")]
            #[graphql(deprecation = "Use another.")]
            async fn incident_acknowledge(&self, input: Input) -> Result<Payload> { todo() }
        },
    )
    .expect("well formed");
    let expected: ImplItemFn = parse_quote! {
        /// Says that somebody is on it; stops escalation.
        #[doc = ""]
        #[doc = "Requires: incidents.acknowledge and step-up"]
        #[doc = "Emits: monitoring.incident.acknowledged, monitoring.alert.silenced"]
        #[graphql(
            deprecation = "Use another.",
            name = "incidentAcknowledge",
            guard = crate::kernel::guard::Requires::permission("incidents.acknowledge", true),
            directive = crate::kernel::guard::requires::apply(
                ::std::string::String::from("incidents.acknowledge"),
                crate::kernel::guard::Flag(true)
            )
        )]
        async fn incident_acknowledge(
            &self,
            #[graphql(desc = "What is to be done.")] input: Input
        ) -> Result<Payload> { todo() }
    };
    assert_eq!(method.to_token_stream().to_string(), expected.to_token_stream().to_string());
    assert_eq!(
        field.expect("a field").entry(Root::Mutation).to_string(),
        quote! {
            crate::kernel::guard::RootField {
                name: "incidentAcknowledge",
                root: crate::kernel::guard::Root::Mutation,
                access: crate::kernel::guard::Access::Permission {
                    key: "incidents.acknowledge",
                    step_up: true
                },
                emits: &["monitoring.incident.acknowledged", "monitoring.alert.silenced"],
            }
        }
        .to_string()
    );
}

#[test]
fn a_name_of_the_authors_own_is_kept_and_conditions_reach_the_table() {
    let (field, method) = rewrite(
        Root::Query,
        parse_quote! {
            /// Who is asking.
            #[cfg(feature = "viewer")]
            #[graphql(name = "viewer")]
            #[authenticated]
            async fn current(&self) -> Viewer { Viewer }
        },
    )
    .expect("well formed");
    let expected: ImplItemFn = parse_quote! {
        /// Who is asking.
        #[cfg(feature = "viewer")]
        #[doc = ""]
        #[doc = "Requires: authentication"]
        #[graphql(
            name = "viewer",
            guard = crate::kernel::guard::Requires::authenticated(false),
            directive = crate::kernel::guard::authenticated::apply(
                crate::kernel::guard::Flag(false),
                crate::kernel::guard::Flag(false)
            )
        )]
        async fn current(&self) -> Viewer { Viewer }
    };
    assert_eq!(method.to_token_stream().to_string(), expected.to_token_stream().to_string());
    assert_eq!(
        field.expect("a field").entry(Root::Query).to_string(),
        quote! {
            #[cfg(feature = "viewer")]
            crate::kernel::guard::RootField {
                name: "viewer",
                root: crate::kernel::guard::Root::Query,
                access: crate::kernel::guard::Access::Authenticated { step_up: false },
                emits: &[],
            }
        }
        .to_string()
    );
}

#[test]
fn a_skipped_method_is_no_field_and_needs_nothing() {
    let (field, method) = rewrite(
        Root::Mutation,
        parse_quote!(
            #[graphql(skip)]
            fn helper(&self) {}
        ),
    )
    .expect("well formed");
    assert!(field.is_none());
    let expected: ImplItemFn = parse_quote!(
        #[graphql(skip)]
        fn helper(&self) {}
    );
    assert_eq!(method, expected);
}

#[test]
fn a_declaration_on_a_skipped_method_is_refused() {
    let method = parse_quote!(
        #[graphql(skip)]
        #[public]
        #[emits("a.b")]
        fn helper(&self) {}
    );
    let messages = refusals(Root::Mutation, method);
    assert_eq!(messages.len(), 2);
    assert!(messages[0].contains("is skipped"), "{messages:?}");
}

#[test]
fn an_undeclared_field_is_refused_with_all_its_faults() {
    let messages = refusals(
        Root::Mutation,
        parse_quote!(
            async fn opened(&self) -> bool {
                true
            }
        ),
    );
    assert_eq!(
        messages,
        [
            "root field `opened` declares nobody who may call it: add #[requires(\"…\")], \
             #[authenticated] or #[public]",
            "mutation `opened` records no event: add #[emits(\"area.noun.past_verb\")]",
            "root field `opened` has no description: add a doc comment",
        ]
    );
}

#[test]
fn a_declaration_behind_a_condition_is_none() {
    let method = parse_quote! {
        /// Text.
        #[cfg_attr(test, public)]
        async fn opened(&self) -> bool { true }
    };
    let messages = refusals(Root::Query, method);
    assert!(messages[0].contains("declares nobody"), "{messages:?}");
}

#[test]
fn two_declarations_are_refused() {
    for method in [
        parse_quote! {
            /// Text.
            #[public]
            #[requires("a.b")]
            async fn a(&self) -> bool { true }
        },
        parse_quote! {
            /// Text.
            #[requires("a.b")]
            #[requires("a.c")]
            async fn a(&self) -> bool { true }
        },
    ] {
        let messages = refusals(Root::Query, method);
        assert!(messages[0].contains("declares twice"), "{messages:?}");
    }
}

#[test]
fn a_description_must_say_something() {
    for method in [
        parse_quote!(
            #[public]
            async fn a(&self) -> bool {
                true
            }
        ),
        parse_quote!(
            #[doc = "  "]
            #[public]
            async fn a(&self) -> bool {
                true
            }
        ),
        parse_quote!(
            #[doc(hidden)]
            #[public]
            async fn a(&self) -> bool {
                true
            }
        ),
    ] {
        let messages = refusals(Root::Query, method);
        assert!(messages[0].contains("has no description"), "{messages:?}");
    }
    let included = parse_quote! {
        #[doc = include_str!("a.md")]
        #[public]
        async fn a(&self) -> bool { true }
    };
    assert!(rewrite(Root::Query, included).is_ok());
}

#[test]
fn only_mutations_emit_and_in_one_attribute() {
    for root in [Root::Query, Root::Subscription] {
        let method = parse_quote! {
            /// Text.
            #[public]
            #[emits("a.b")]
            async fn a(&self) -> bool { true }
        };
        let messages = refusals(root, method);
        assert!(messages[0].contains("only a mutation"), "{messages:?}");
    }
    let method = parse_quote! {
        /// Text.
        #[public]
        #[emits("a.b")]
        #[emits("a.c")]
        async fn a(&self) -> bool { true }
    };
    let messages = refusals(Root::Mutation, method);
    assert!(messages[0].contains("in one"), "{messages:?}");
}

#[test]
fn nothing_goes_past_the_declared_guard() {
    let ways: [Attribute; 4] = [
        parse_quote!(#[graphql(guard = Nobody)]),
        parse_quote!(#[graphql(flatten)]),
        parse_quote!(#[graphql(entity)]),
        parse_quote!(#[graphql(derived(name = "b", into = "B"))]),
    ];
    for way in ways {
        let method = parse_quote! {
            /// Text.
            #[public]
            #way
            async fn a(&self) -> bool { true }
        };
        let messages = refusals(Root::Query, method);
        assert!(messages[0].contains("comes from"), "{messages:?}");
    }
}

#[test]
fn names_are_those_of_the_schema() {
    for (snake, camel) in [
        ("viewer", "viewer"),
        ("incident_acknowledge", "incidentAcknowledge"),
        ("mfa_2fa_enable", "mfa2faEnable"),
        ("_a__b_", "aB"),
    ] {
        assert_eq!(camel_case(snake), camel);
    }
    let raw = parse_quote! {
        /// Text.
        #[public]
        async fn r#type(&self) -> bool { true }
    };
    let (field, _) = rewrite(Root::Query, raw).expect("well formed");
    assert_eq!(field.expect("a field").name.value(), "type");
}
