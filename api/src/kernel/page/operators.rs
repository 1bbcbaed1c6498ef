//! What a filter may ask of one field: the inputs that all filters share.

use std::borrow::Cow;

use async_graphql::{ID, InputObject, InputType, MaybeUndefined, TypeName};
use uuid::Uuid;

use super::{
    column::{Datum, Word},
    filter::{Ids, Subject},
    predicate::{Field, Predicate, Test},
    walk::Walk,
};
use crate::kernel::{id::Prefix, object::parse_id, scalar::Timestamp};

/// The operators on one field of a filter. Each that is given must hold.
pub trait Operators {
    /// What they are applied to.
    type Subject;

    /// The condition on `subject`, which is the field `key` of the API.
    fn translate(&self, key: &str, subject: Self::Subject, walk: &mut Walk) -> Predicate;
}

/// Compares a value of an enum.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct EnumFilter<W: Word> {
    /// It is this.
    pub eq: MaybeUndefined<W>,
    /// It is another than this.
    pub ne: MaybeUndefined<W>,
    /// It is one of these: at most 100. None is one of an empty list.
    pub r#in: MaybeUndefined<Vec<W>>,
    /// It is none of these: at most 100.
    pub not_in: MaybeUndefined<Vec<W>>,
}

impl<W: Word> TypeName for EnumFilter<W> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Filter", <W as InputType>::type_name()).into()
    }
}

/// Compares a text, by its characters: case counts, and none is a wildcard. Texts have at most 1,000 characters.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StringFilter {
    /// It is this.
    pub eq: MaybeUndefined<String>,
    /// It is another than this.
    pub ne: MaybeUndefined<String>,
    /// It is one of these: at most 100. None is one of an empty list.
    pub r#in: MaybeUndefined<Vec<String>>,
    /// This occurs in it.
    pub contains: MaybeUndefined<String>,
    /// It begins with this.
    pub starts_with: MaybeUndefined<String>,
    /// Whether there is none.
    pub is_null: MaybeUndefined<bool>,
}

/// Compares an id. Where the type is known, the plain UUID is accepted too.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "IDFilter")]
pub struct IdFilter {
    /// It is this.
    pub eq: MaybeUndefined<ID>,
    /// It is another than this.
    pub ne: MaybeUndefined<ID>,
    /// It is one of these: at most 100. None is one of an empty list.
    pub r#in: MaybeUndefined<Vec<ID>>,
    /// Whether there is none.
    pub is_null: MaybeUndefined<bool>,
}

/// Compares a point in time.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateTimeFilter {
    /// It is this, to the microsecond.
    pub eq: MaybeUndefined<Timestamp>,
    /// It is later.
    pub gt: MaybeUndefined<Timestamp>,
    /// It is later, or this.
    pub gte: MaybeUndefined<Timestamp>,
    /// It is earlier.
    pub lt: MaybeUndefined<Timestamp>,
    /// It is earlier, or this.
    pub lte: MaybeUndefined<Timestamp>,
    /// Whether there is none.
    pub is_null: MaybeUndefined<bool>,
}

/// Compares a whole number.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IntFilter {
    /// It is this.
    pub eq: MaybeUndefined<i64>,
    /// It is another than this.
    pub ne: MaybeUndefined<i64>,
    /// It is one of these: at most 100. None is one of an empty list.
    pub r#in: MaybeUndefined<Vec<i64>>,
    /// It is greater.
    pub gt: MaybeUndefined<i64>,
    /// It is greater, or this.
    pub gte: MaybeUndefined<i64>,
    /// It is less.
    pub lt: MaybeUndefined<i64>,
    /// It is less, or this.
    pub lte: MaybeUndefined<i64>,
    /// Whether there is none.
    pub is_null: MaybeUndefined<bool>,
}

/// Compares what is true or false.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BooleanFilter {
    /// It is this.
    pub eq: MaybeUndefined<bool>,
    /// Whether there is none.
    pub is_null: MaybeUndefined<bool>,
}

impl<W: Word> Operators for EnumFilter<W> {
    type Subject = Subject;

    fn translate(&self, key: &str, subject: Subject, walk: &mut Walk) -> Predicate {
        let word = |word: &W, _: &mut Walk| Some(Datum::from(*word));
        let mut asked = Asked::new(walk);
        asked.is("eq", &self.eq, word, Test::Eq);
        asked.is_not("ne", &self.ne, word, Test::Eq);
        asked.is("in", &self.r#in, items(word), Test::In);
        asked.is_not("notIn", &self.not_in, items(word), Test::In);
        asked.of(key, subject)
    }
}

impl Operators for StringFilter {
    type Subject = Subject;

    fn translate(&self, key: &str, subject: Subject, walk: &mut Walk) -> Predicate {
        let text = |text: &String, walk: &mut Walk| walk.text(text);
        let datum = |text: &String, walk: &mut Walk| walk.text(text).map(Datum::from);
        let mut asked = Asked::new(walk);
        asked.is("eq", &self.eq, datum, Test::Eq);
        asked.is_not("ne", &self.ne, datum, Test::Eq);
        asked.is("in", &self.r#in, items(datum), Test::In);
        asked.is("contains", &self.contains, text, Test::Contains);
        asked.is("startsWith", &self.starts_with, text, Test::StartsWith);
        asked.is_null(&self.is_null);
        asked.of(key, subject)
    }
}

impl Operators for IdFilter {
    type Subject = Ids;

    fn translate(&self, key: &str, ids: Ids, walk: &mut Walk) -> Predicate {
        let id = |id: &ID, walk: &mut Walk| read_id(id, ids.ty, walk);
        let mut asked = Asked::new(walk);
        asked.is("eq", &self.eq, id, Test::Eq);
        asked.is_not("ne", &self.ne, id, Test::Eq);
        asked.is("in", &self.r#in, items(id), Test::In);
        if ids.is_nil_none {
            asked.is_nil(&self.is_null);
        } else {
            asked.is_null(&self.is_null);
        }
        asked.of(key, ids.subject)
    }
}

impl Operators for DateTimeFilter {
    type Subject = Subject;

    fn translate(&self, key: &str, subject: Subject, walk: &mut Walk) -> Predicate {
        let time = |at: &Timestamp, _: &mut Walk| Some(Datum::from(at.0));
        let mut asked = Asked::new(walk);
        asked.is("eq", &self.eq, time, Test::Eq);
        asked.is("gt", &self.gt, time, Test::Gt);
        asked.is("gte", &self.gte, time, Test::Gte);
        asked.is("lt", &self.lt, time, Test::Lt);
        asked.is("lte", &self.lte, time, Test::Lte);
        asked.is_null(&self.is_null);
        asked.of(key, subject)
    }
}

impl Operators for IntFilter {
    type Subject = Subject;

    fn translate(&self, key: &str, subject: Subject, walk: &mut Walk) -> Predicate {
        let number = |number: &i64, _: &mut Walk| Some(Datum::from(*number));
        let mut asked = Asked::new(walk);
        asked.is("eq", &self.eq, number, Test::Eq);
        asked.is_not("ne", &self.ne, number, Test::Eq);
        asked.is("in", &self.r#in, items(number), Test::In);
        asked.is("gt", &self.gt, number, Test::Gt);
        asked.is("gte", &self.gte, number, Test::Gte);
        asked.is("lt", &self.lt, number, Test::Lt);
        asked.is("lte", &self.lte, number, Test::Lte);
        asked.is_null(&self.is_null);
        asked.of(key, subject)
    }
}

impl Operators for BooleanFilter {
    type Subject = Subject;

    fn translate(&self, key: &str, subject: Subject, walk: &mut Walk) -> Predicate {
        let mut asked = Asked::new(walk);
        asked.is("eq", &self.eq, |is, _| Some(Datum::from(*is)), Test::Eq);
        asked.is_null(&self.is_null);
        asked.of(key, subject)
    }
}

/// Reads each item of a list by `read`.
fn items<V, R>(
    read: impl Fn(&V, &mut Walk) -> Option<R>,
) -> impl FnOnce(&Vec<V>, &mut Walk) -> Option<Vec<R>> {
    move |values, walk| walk.items(values, read)
}

fn read_id(id: &ID, ty: Option<(Prefix, &'static str)>, walk: &mut Walk) -> Option<Datum> {
    let Some((prefix, noun)) = ty else { return walk.text(id).map(Datum::from) };
    match parse_id(prefix, noun, id, "") {
        Ok(id) => Some(id.into()),
        Err(violation) => {
            walk.refuse(violation.code, &violation.message);
            None
        }
    }
}

/// What is asked of one field.
struct Asked<'w> {
    walk: &'w mut Walk,
    /// Each test, and whether it must hold or must not.
    tests: Vec<(Test, bool)>,
    is_null: Option<bool>,
}

impl<'w> Asked<'w> {
    fn new(walk: &'w mut Walk) -> Self {
        Self { walk, tests: Vec::new(), is_null: None }
    }

    fn is<V, R>(
        &mut self,
        operator: &str,
        value: &MaybeUndefined<V>,
        read: impl FnOnce(&V, &mut Walk) -> Option<R>,
        test: fn(R) -> Test,
    ) {
        let value = self.walk.operand(operator, value, read);
        self.tests.extend(value.map(|value| (test(value), true)));
    }

    fn is_not<V, R>(
        &mut self,
        operator: &str,
        value: &MaybeUndefined<V>,
        read: impl FnOnce(&V, &mut Walk) -> Option<R>,
        test: fn(R) -> Test,
    ) {
        let value = self.walk.operand(operator, value, read);
        self.tests.extend(value.map(|value| (test(value), false)));
    }

    fn is_null(&mut self, value: &MaybeUndefined<bool>) {
        self.is_null = self.walk.operand("isNull", value, |is, _| Some(*is));
    }

    /// As [`Self::is_null`], where the nil UUID is none.
    fn is_nil(&mut self, value: &MaybeUndefined<bool>) {
        let is = self.walk.operand("isNull", value, |is, _| Some(*is));
        self.tests.extend(is.map(|is| (Test::Eq(Uuid::nil().into()), is)));
    }

    /// All of it, of `subject`.
    fn of(self, key: &str, subject: Subject) -> Predicate {
        let tests = |field: Field| {
            let test = |(test, must_hold)| {
                let test = Predicate::Is(field.clone(), test);
                if must_hold { test } else { test.not() }
            };
            self.tests.into_iter().map(test).collect::<Vec<_>>()
        };
        let key = key.to_owned();
        match subject {
            Subject::Column(column) => {
                let field = Field { key, column };
                let is_null = self.is_null.map(|is| {
                    let null = Predicate::is_null(field.clone());
                    if is { null } else { null.not() }
                });
                Predicate::All(tests(field).into_iter().chain(is_null).collect())
            }
            Subject::Items(items) => {
                let items = super::Items { key, ..items };
                let tests = tests(Field::from(items.column));
                // To have no value is to have no item.
                let is_null = self.is_null.map(|is| {
                    let some = items.clone().any(Predicate::default());
                    if is { some.not() } else { some }
                });
                let passes = (!tests.is_empty()).then(|| items.any(Predicate::All(tests)));
                Predicate::All(passes.into_iter().chain(is_null).collect())
            }
        }
    }
}
