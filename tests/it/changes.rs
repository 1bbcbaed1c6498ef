//! `schemaChanges` is true: whatever is in the schema was added on some day, and what goes was deprecated long enough.
//!
//! Whoever changes the schema brings the list up to date by
//! `OPSGATE_TEST_UPDATE=1 cargo test --workspace --test it -- changes`. What the version at work brings may still be
//! changed and taken back; what an earlier one brought, clients have.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{ConstDirective, FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition},
    },
};
use chrono::{NaiveDate, TimeDelta};
use opsgate::{kernel::clock::Clock, schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tests::{TestGateway, workspace};

const LIST: &str = "api/src/platform/changes.json";
/// How long clients have at least to leave what is deprecated.
const NOTICE: TimeDelta = TimeDelta::days(90);
/// The version at work.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Deserialize, Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Change {
    on: NaiveDate,
    version: String,
    #[serde(default)]
    added: BTreeMap<String, BTreeSet<String>>,
    #[serde(default)]
    deprecated: Vec<Deprecation>,
    #[serde(default)]
    removed: BTreeSet<String>,
}

#[derive(Deserialize, Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Deprecation {
    coordinate: String,
    reason: String,
    removal: NaiveDate,
}

impl Change {
    fn new(on: NaiveDate) -> Self {
        let (added, deprecated, removed) = Default::default();
        Self { on, version: VERSION.to_owned(), added, deprecated, removed }
    }

    fn coordinates(&self) -> impl Iterator<Item = String> {
        self.added.iter().flat_map(|(ty, members)| {
            let alone = members.is_empty().then(|| ty.clone());
            alone.into_iter().chain(members.iter().map(move |member| format!("{ty}.{member}")))
        })
    }

    fn add(&mut self, coordinate: &str) {
        let (ty, member) =
            coordinate.split_once('.').map_or((coordinate, None), |(ty, rest)| (ty, Some(rest)));
        self.added.entry(ty.to_owned()).or_default().extend(member.map(str::to_owned));
    }

    /// Forgets what isn't there any more.
    fn keep(&mut self, members: &Members) {
        self.deprecated.retain(|one| members.get(&one.coordinate).is_some_and(Option::is_some));
        let kept: Vec<_> = self.coordinates().filter(|coordinate| members.contains_key(coordinate)).collect();
        self.added.clear();
        kept.iter().for_each(|coordinate| self.add(coordinate));
    }

    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.deprecated.is_empty() && self.removed.is_empty()
    }
}

/// What is in a schema, by its coordinate, with the reason where it is deprecated.
type Members = BTreeMap<String, Option<String>>;

/// Every field, argument, input field and enum value of a schema, and every type without any.
fn members(sdl: &str) -> Members {
    let mut found = Members::new();
    for definition in parse_schema(sdl).unwrap().definitions {
        let TypeSystemDefinition::Type(ty) = definition else { continue };
        let name = ty.node.name.node.as_str();
        let mut add = |member: &str, directives: &[Positioned<ConstDirective>]| {
            found.insert(format!("{name}.{member}"), reason(directives));
        };
        let mut fields = |fields: &[Positioned<FieldDefinition>]| {
            for field in fields.iter().map(|field| &field.node) {
                add(&field.name.node, &field.directives);
                for argument in field.arguments.iter().map(|argument| &argument.node) {
                    add(&format!("{}({}:)", field.name.node, argument.name.node), &argument.directives);
                }
            }
        };
        match &ty.node.kind {
            TypeKind::Object(object) => fields(&object.fields),
            TypeKind::Interface(interface) => fields(&interface.fields),
            TypeKind::InputObject(input) => {
                let add = |field: &Positioned<InputValueDefinition>| {
                    add(&field.node.name.node, &field.node.directives)
                };
                input.fields.iter().for_each(add);
            }
            TypeKind::Enum(words) => {
                words.values.iter().for_each(|word| add(&word.node.value.node, &word.node.directives));
            }
            TypeKind::Scalar | TypeKind::Union(_) => {
                found.insert(name.to_owned(), None);
            }
        }
    }
    found
}

fn reason(directives: &[Positioned<ConstDirective>]) -> Option<String> {
    let deprecated = directives.iter().find(|directive| directive.node.name.node == "deprecated")?;
    let reason =
        deprecated.node.get_argument("reason").map(|reason| reason.node.clone().into_json().unwrap());
    Some(reason.and_then(|reason| reason.as_str().map(str::to_owned)).unwrap_or_default())
}

/// Why `list` isn't the history of a schema with `members`.
fn faults(list: &[Change], members: &Members) -> Vec<String> {
    let (mut there, mut deprecated, mut faults) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
    let mut last = NaiveDate::MIN;
    for change in list {
        if change.on < last {
            faults.push(format!("{} comes after {last}", change.on));
        }
        last = change.on;
        for coordinate in &change.removed {
            match deprecated.remove(coordinate) {
                None => faults.push(format!("{coordinate} is removed, and wasn't deprecated")),
                Some((_, removal)) if change.on < removal => {
                    faults.push(format!("{coordinate} is removed, and stays until {removal}"));
                }
                Some(_) => {}
            }
            there.remove(coordinate);
        }
        for coordinate in change.coordinates() {
            if !there.insert(coordinate.clone()) {
                faults.push(format!("{coordinate} is added twice"));
            }
        }
        for Deprecation { coordinate, reason, removal } in &change.deprecated {
            if *removal < change.on + NOTICE {
                faults.push(format!("{coordinate} is deprecated, and clients have less than 90 days"));
            }
            if reason.is_empty() {
                faults.push(format!("{coordinate} is deprecated without a reason"));
            }
            deprecated.insert(coordinate.clone(), (reason.clone(), *removal));
        }
    }
    let now: BTreeSet<_> = members.keys().cloned().collect();
    faults.extend(now.difference(&there).map(|coordinate| format!("{coordinate} isn't listed")));
    faults
        .extend(there.difference(&now).map(|coordinate| format!("{coordinate} is listed, and isn't there")));
    let listed: BTreeMap<_, _> = deprecated.into_iter().map(|(name, (reason, _))| (name, reason)).collect();
    let marked: BTreeMap<_, _> =
        members.iter().filter_map(|(name, reason)| Some((name.clone(), reason.clone()?))).collect();
    if listed != marked {
        faults.push(format!("deprecated is {marked:?}, and listed {listed:?}"));
    }
    faults
}

/// Brings `list` up to date on the day `today`.
fn update(list: &mut Vec<Change>, members: &Members, today: NaiveDate) {
    let (mut there, mut deprecated) = (BTreeSet::new(), BTreeSet::new());
    for change in &mut *list {
        if change.version == VERSION {
            change.keep(members);
        }
        there.retain(|coordinate| !change.removed.contains(coordinate));
        there.extend(change.coordinates());
        deprecated.extend(change.deprecated.iter().map(|one| one.coordinate.clone()));
    }
    list.retain(|change| !change.is_empty());
    let is_open = list.last().is_some_and(|last| last.version == VERSION && last.on == today);
    let mut change = if is_open { list.pop().unwrap() } else { Change::new(today) };
    for (coordinate, reason) in members {
        if !there.remove(coordinate) {
            change.add(coordinate);
        }
        if let Some(reason) = reason
            && !deprecated.contains(coordinate)
        {
            let (coordinate, reason) = (coordinate.clone(), reason.clone());
            change.deprecated.push(Deprecation { coordinate, reason, removal: today + NOTICE });
        }
    }
    change.removed.append(&mut there);
    if !change.is_empty() {
        list.push(change);
    }
}

/// The list as a file: a line a type.
fn printed(list: &[Change]) -> String {
    let change = |change: &Change| {
        let mut parts = vec![format!("\"on\": {}, \"version\": {}", json!(change.on), json!(change.version))];
        let types: Vec<_> = change
            .added
            .iter()
            .map(|(ty, members)| format!("      {}: {}", json!(ty), json!(members)))
            .collect();
        if !types.is_empty() {
            parts.push(format!("\"added\": {{\n{}\n    }}", types.join(",\n")));
        }
        if !change.deprecated.is_empty() {
            parts.push(format!("\"deprecated\": {}", json!(change.deprecated)));
        }
        if !change.removed.is_empty() {
            parts.push(format!("\"removed\": {}", json!(change.removed)));
        }
        format!("  {{\n    {}\n  }}", parts.join(",\n    "))
    };
    format!("[\n{}\n]\n", list.iter().map(change).collect::<Vec<_>>().join(",\n"))
}

#[test]
fn the_list_is_the_schemas() {
    let members = members(&schema::sdl());
    assert!(members.len() > 500, "the schema is read");
    let mut list: Vec<Change> =
        serde_json::from_str(&fs::read_to_string(workspace().join(LIST)).unwrap()).unwrap();
    if std::env::var_os("OPSGATE_TEST_UPDATE").is_some() {
        update(&mut list, &members, Clock::system().now().date_naive());
        fs::write(workspace().join(LIST), printed(&list)).unwrap();
    }
    let faults = faults(&list, &members);
    assert!(
        faults.is_empty(),
        "{LIST} isn't the schema's; OPSGATE_TEST_UPDATE=1 cargo test --workspace --test it -- changes\n{faults:#?}"
    );
    let file = fs::read_to_string(workspace().join(LIST)).unwrap();
    assert!(file == printed(&list), "{LIST} is printed in order");
}

#[test]
fn a_schema_grows_and_what_goes_is_announced() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let of = |text: &str| members(&format!("scalar Id enum Level {{ LOW HIGH }} type Query {{ {text} }}"));
    let mut list = Vec::new();
    let first = of("users: Id teams(first: Id): Id");
    assert_eq!(faults(&list, &first).len(), 6, "{:?}", faults(&list, &first));
    update(&mut list, &first, day("2026-01-01"));
    assert_eq!(faults(&list, &first), [""; 0]);
    assert_eq!(
        list[0].coordinates().collect::<Vec<_>>(),
        ["Id", "Level.HIGH", "Level.LOW", "Query.teams", "Query.teams(first:)", "Query.users"]
    );
    // The version at work may still take back what it brought, and adds to its day.
    let other = of("people: Id teams(first: Id): Id");
    assert_eq!(
        faults(&list, &other),
        ["Query.people isn't listed", "Query.users is listed, and isn't there"]
    );
    update(&mut list, &other, day("2026-01-01"));
    assert_eq!((faults(&list, &other), list.len()), (vec![], 1));
    // Another day is another change.
    let grown = of("people: Id teams(first: Id, after: Id): Id");
    update(&mut list, &grown, day("2026-01-02"));
    assert_eq!(list[1].coordinates().collect::<Vec<_>>(), ["Query.teams(after:)"]);
    assert_eq!(faults(&list, &grown), [""; 0]);

    // That version is out.
    list.iter_mut().for_each(|change| change.version = "0.0.1".to_owned());
    let mut hasty = list.clone();
    let gone = of("teams(first: Id, after: Id): Id");
    update(&mut hasty, &gone, day("2026-02-01"));
    assert_eq!(faults(&hasty, &gone), ["Query.people is removed, and wasn't deprecated"]);

    let marked = of("people: Id @deprecated(reason: \"teams\") teams(first: Id, after: Id): Id");
    assert_eq!(faults(&list, &marked), [r#"deprecated is {"Query.people": "teams"}, and listed {}"#]);
    update(&mut list, &marked, day("2026-02-01"));
    assert_eq!(faults(&list, &marked), [""; 0]);
    assert_eq!(
        list[2].deprecated,
        [Deprecation {
            coordinate: "Query.people".to_owned(),
            reason: "teams".to_owned(),
            removal: day("2026-05-02"),
        }]
    );
    list.iter_mut().for_each(|change| change.version = "0.0.2".to_owned());
    for (on, expected) in
        [("2026-05-01", vec!["Query.people is removed, and stays until 2026-05-02"]), ("2026-05-02", vec![])]
    {
        let mut list = list.clone();
        update(&mut list, &gone, day(on));
        assert_eq!(faults(&list, &gone), expected, "{on}");
        assert_eq!(list[3].removed, BTreeSet::from(["Query.people".to_owned()]));
    }
    // Less notice than that isn't given.
    list[2].deprecated[0].removal = day("2026-05-01");
    assert_eq!(faults(&list, &marked), ["Query.people is deprecated, and clients have less than 90 days"]);
}

#[tokio::test]
async fn clients_read_the_list() {
    // As it was when the gateway was built.
    let list: Vec<Change> =
        serde_json::from_str(include_str!("../../api/src/platform/changes.json")).unwrap();
    let gateway = TestGateway::start().await;
    let client = gateway.with_scopes(&["directory.read"]).await;
    let all = "changedAt version added removed deprecated { coordinate reason removalAt }";
    let answer = client.run(&format!("{{ schemaChanges {{ {all} }} }}")).await.ok();
    let expected: Vec<_> = list
        .iter()
        // The newest comes first.
        .rev()
        .map(|change| {
            let deprecated = change.deprecated.iter().map(|one| {
                json!({ "coordinate": one.coordinate, "reason": one.reason, "removalAt": beginning(one.removal) })
            });
            json!({
                "changedAt": beginning(change.on),
                "version": change.version,
                "added": change.coordinates().collect::<Vec<_>>(),
                "removed": change.removed,
                "deprecated": deprecated.collect::<Vec<_>>(),
            })
        })
        .collect();
    assert_eq!(*answer.at("/schemaChanges"), json!(expected));
    assert!(expected.iter().any(|change| change.to_string().contains("\"Query.schemaChanges(since:)\"")));

    let newest = list.last().unwrap().on;
    let on_newest = list.iter().filter(|change| change.on == newest).count();
    for (since, count) in [
        ("1970-01-01T00:00:00Z".to_owned(), expected.len()),
        // The day counts as a whole: a list that was read at its noon may have grown since.
        (format!("{newest}T23:59:59Z"), on_newest),
        (beginning(newest.succ_opt().unwrap()), 0),
    ] {
        let document = "query($since: DateTime) { schemaChanges(since: $since) { version } }";
        let answer = client.run_with(document, json!({ "since": since })).await.ok();
        assert_eq!(answer.at("/schemaChanges").as_array().unwrap().len(), count, "{since}");
    }
    let nobody = gateway.nobody().run("{ schemaChanges { version } }").await;
    assert_eq!((nobody.codes(), nobody.body["data"].clone()), (vec!["UNAUTHENTICATED"], Value::Null));
}

fn beginning(day: NaiveDate) -> String {
    format!("{day}T00:00:00.000000Z")
}
