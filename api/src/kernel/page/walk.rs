//! The way through a filter as it came: where it is, what is wrong so far, and how much is left of its bounds.

use async_graphql::MaybeUndefined;

use super::{filter::Filter, predicate::Predicate};
use crate::kernel::error::{Result, UserErrorCode, Violation};

/// `and`, `or` and `not` within each other.
const MAX_DEPTH: usize = 8;
/// Comparisons and nested filters in all.
const MAX_CONDITIONS: usize = 100;
/// Items of a list.
const MAX_ITEMS: usize = 100;
/// Characters of a text.
const MAX_CHARS: usize = 1_000;

/// The way through one filter. It goes on past what is wrong, so that the caller hears of everything at once.
#[derive(Debug)]
pub struct Walk {
    path: Vec<String>,
    depth: usize,
    conditions: usize,
    violations: Vec<Violation>,
}

impl Walk {
    /// Reads `filter`, the argument `name`.
    pub(super) fn through<F: Filter>(name: &str, filter: &F) -> Result<Predicate> {
        let mut walk = Self { path: vec![name.to_owned()], depth: 0, conditions: 0, violations: Vec::new() };
        let predicate = filter.translate(&mut walk);
        if walk.violations.is_empty() { Ok(predicate) } else { Err(walk.violations.into()) }
    }

    /// Something is wrong here.
    pub fn refuse(&mut self, code: UserErrorCode, what: &str) {
        let path = self.path.join(".");
        self.violations.push(Violation::new(code, &path, format!("`{path}`: {what}")));
    }

    /// Goes into `name`, and comes back.
    pub fn at<R>(&mut self, name: impl Into<String>, go: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(name.into());
        let result = go(self);
        self.path.pop();
        result
    }

    /// The value of the operator `name`, as `read` understands it; none where it isn't given.
    pub fn operand<V, R>(
        &mut self,
        name: &str,
        value: &MaybeUndefined<V>,
        read: impl FnOnce(&V, &mut Self) -> Option<R>,
    ) -> Option<R> {
        self.at(name, |walk| match value {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => {
                // As if it weren't there, it would show everything to a client that lacks the value it meant to give.
                walk.refuse(
                    UserErrorCode::Invalid,
                    "null can't be compared: leave it out, or ask by `isNull`",
                );
                None
            }
            MaybeUndefined::Value(value) if walk.count() => read(value, walk),
            MaybeUndefined::Value(_) => None,
        })
    }

    /// The items of a list, each as `read` understands it.
    pub fn items<V, R>(&mut self, values: &[V], read: impl Fn(&V, &mut Self) -> Option<R>) -> Option<Vec<R>> {
        if values.len() > MAX_ITEMS {
            self.refuse(UserErrorCode::TooLong, &format!("a list has at most {MAX_ITEMS} items"));
            return None;
        }
        let read_each = |(i, value): (usize, &V)| self.at(i.to_string(), |walk| read(value, walk));
        values.iter().enumerate().map(read_each).collect()
    }

    /// A text within its bounds.
    pub fn text(&mut self, text: &str) -> Option<String> {
        if text.chars().count() > MAX_CHARS {
            self.refuse(UserErrorCode::TooLong, &format!("a text has at most {MAX_CHARS} characters"));
        } else if !is_storable(text) {
            self.refuse(UserErrorCode::Invalid, "a text can't hold the character U+0000");
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// The conditions of `and`, `or` and `not`.
    pub fn connect<F: Filter>(
        &mut self,
        and: Option<&[F]>,
        or: Option<&[F]>,
        not: Option<&F>,
    ) -> impl Iterator<Item = Predicate> + use<F> {
        let and = and.map(|filters| Predicate::All(self.each("and", filters)));
        let or = or.map(|filters| Predicate::Any(self.each("or", filters)));
        let not = not.and_then(|filter| self.deeper("not", |walk| walk.nested(filter))).map(Predicate::not);
        [and, or, not].into_iter().flatten()
    }

    fn each<F: Filter>(&mut self, name: &str, filters: &[F]) -> Vec<Predicate> {
        self.deeper(name, |walk| {
            let nested = |(i, filter): (usize, &F)| walk.at(i.to_string(), |walk| walk.nested(filter));
            filters.iter().enumerate().map_while(nested).collect()
        })
    }

    fn nested<F: Filter>(&mut self, filter: &F) -> Option<Predicate> {
        self.count().then(|| filter.translate(self))
    }

    /// Goes into `name`, which filters nest in; not at all where that is too deep.
    fn deeper<R: Default>(&mut self, name: &str, go: impl FnOnce(&mut Self) -> R) -> R {
        self.at(name, |walk| {
            if walk.depth == MAX_DEPTH {
                walk.refuse(UserErrorCode::LimitExceeded, &format!("filters nest at most {MAX_DEPTH} deep"));
                return R::default();
            }
            walk.depth += 1;
            let result = go(walk);
            walk.depth -= 1;
            result
        })
    }

    /// Counts a condition; false where it is one too many.
    fn count(&mut self) -> bool {
        self.conditions += 1;
        if self.conditions == MAX_CONDITIONS + 1 {
            let message =
                format!("a filter has at most {MAX_CONDITIONS} conditions, nested filters included");
            self.refuse(UserErrorCode::LimitExceeded, &message);
        }
        self.conditions <= MAX_CONDITIONS
    }
}

/// Whether both databases can hold the text: PostgreSQL refuses U+0000.
pub(super) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}
