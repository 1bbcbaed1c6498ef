//! What is answered on the spot is what the library would have answered.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{Context, EmptyMutation, EmptySubscription, Interface, Object, Schema};

use super::*;

/// A tree: its fields are at hand, wait, fail, or lead on.
#[derive(Clone, Copy, Debug)]
struct Leaf(i32);

#[derive(Clone, Copy, Debug)]
struct Tree(i32);

/// Begun calls of `later`.
#[derive(Default)]
struct Begun(AtomicUsize);

#[macros::object]
impl Tree {
    async fn number(&self) -> i32 {
        self.0
    }

    async fn plus(&self, n: i32) -> i32 {
        self.0 + n
    }

    async fn later(&self, ctx: &Context<'_>) -> i32 {
        ctx.data_unchecked::<Begun>().0.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        -self.0
    }

    async fn failing(&self) -> Result<i32, &'static str> {
        Err("never")
    }

    async fn odd(&self) -> Option<i32> {
        (self.0 % 2 == 1).then_some(self.0)
    }

    async fn leaf(&self) -> Leaf {
        Leaf(self.0)
    }

    async fn below(&self) -> Vec<Tree> {
        tokio::task::yield_now().await;
        (0..self.0).map(Tree).collect()
    }

    async fn eagerly(&self) -> EagerList<Tree> {
        tokio::task::yield_now().await;
        EagerList((0..self.0).map(Tree).collect())
    }
}

#[Object]
impl Leaf {
    async fn number(&self) -> i32 {
        self.0
    }
}

#[derive(Interface)]
#[graphql(field(name = "number", ty = "i32"))]
enum Numbered {
    Tree(Tree),
    Leaf(Leaf),
}

struct Query;

#[Object]
impl Query {
    async fn plain(&self) -> Tree {
        Tree(3)
    }

    async fn eager(&self) -> Eager<Tree> {
        Eager(Tree(3))
    }

    async fn any(&self) -> Numbered {
        Numbered::Leaf(Leaf(1))
    }
}

/// The answers of the library, and of ours.
async fn both(selection: &str) -> (async_graphql::Response, async_graphql::Response) {
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription).data(Begun::default()).finish();
    let fragments =
        "fragment F on Tree { f: number below { g: number ...G } } fragment G on Tree { h: plus(n: 2) }";
    let ask = async |root: &str, below: &str| {
        let selection = selection.replace("BELOW", below);
        let fragments = if selection.contains("...F") {
            fragments
        } else if selection.contains("...G") {
            "fragment G on Tree { h: plus(n: 2) }"
        } else {
            ""
        };
        schema.execute(format!("{{ answer: {root} {{ {selection} }} }} {fragments}")).await
    };
    (ask("plain", "below").await, ask("eager", "eagerly").await)
}

#[tokio::test]
async fn the_answers_are_the_library_s() {
    for selection in [
        "number",
        "b: number a: number number",
        "__typename t: __typename",
        "plus(n: 4) more: plus(n: 5)",
        "later number leaf { number __typename }",
        "odd leaf { n: number }",
        "x: BELOW { number later leaf { number } x: BELOW { odd later } }",
        "...F number",
        "... { number } ... on Tree { later ... on Numbered { number } }",
        "...G number h: plus(n: 2) ...G",
        "leaf { number } leaf { n: number } later",
        "... on Tree { x: BELOW { number } } x: BELOW { n: number y: BELOW { number } }",
        "number @include(if: false) later @skip(if: false) odd @include(if: true)",
    ] {
        let (plain, eager) = both(selection).await;
        assert_eq!(plain.errors, [], "{selection}");
        assert_eq!(eager.errors, [], "{selection}");
        let text = |response: &async_graphql::Response| serde_json::to_string(&response.data).unwrap();
        assert_eq!(text(&eager), text(&plain), "{selection}");
    }
}

#[tokio::test]
async fn errors_have_their_paths() {
    let (plain, eager) = both("number x: BELOW { number y: failing }").await;
    assert_eq!(eager.data, plain.data);
    assert_eq!((eager.errors.len(), plain.errors.len()), (1, 1));
    // The library forgets what was below the list.
    let path = serde_json::to_string(&eager.errors[0].path).unwrap();
    assert_eq!(path, r#"["answer","x",0,"y"]"#);
}

#[tokio::test]
async fn what_waits_is_begun_once() {
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription).data(Begun::default()).finish();
    let response = schema.execute("{ eager { later eagerly { later } } }").await;
    assert_eq!(response.errors, []);
    let counted = schema.data::<Begun>().unwrap().0.load(Ordering::Relaxed);
    assert_eq!(counted, 4);
}
