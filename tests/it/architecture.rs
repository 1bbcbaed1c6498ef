//! What may import what: the table of DESIGN.md, held against the sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use opsgate::kernel::telemetry;
use tests::{Source, rust_files, workspace};

/// What the files of one kind may name, beside what is their own kind's, the constants of their domain's `mod.rs`, and
/// its pure parts ([`PURE`]).
struct Kind {
    /// The file's or folder's name in a domain.
    name: &'static str,
    /// Other files of the domain. Of the store, `graphql` may name the types of rows.
    own: &'static [&'static str],
    /// The parts of the kernel; empty: all.
    kernel: &'static [&'static str],
    /// Whether it may name what other domains export.
    is_outgoing: bool,
    /// Which of the [`GUARDED`] crates.
    crates: &'static [&'static str],
}

/// Crates that bind a file to the database, to GraphQL or to the world outside.
const GUARDED: [&str; 7] = ["entity", "sea_orm", "sqlx", "async_graphql", "axum", "reqwest", "tokio"];
/// Files of a domain without I/O: whoever is of the domain may ask them.
const PURE: [&str; 2] = ["permissions", "rules"];

/// The files of a domain. `entity` is more than its rows: their enums are the words of the rules.
#[rustfmt::skip]
const KINDS: [Kind; 10] = [
    Kind { name: "rules", own: &["probe"], kernel: &["error", "id", "leaf", "network", "permission", "text"], is_outgoing: false, crates: &["entity"] },
    Kind { name: "permissions", own: &[], kernel: &["permission"], is_outgoing: false, crates: &["entity"] },
    Kind { name: "store", own: &["probe"], kernel: &[], is_outgoing: false, crates: &["entity", "sea_orm"] },
    Kind { name: "events", own: &["store"], kernel: &[], is_outgoing: false, crates: &["entity"] },
    Kind { name: "ops", own: &["events", "probe", "store"], kernel: &[], is_outgoing: true, crates: &["entity"] },
    Kind { name: "reads", own: &["graphql", "store"], kernel: &[], is_outgoing: false, crates: &["entity", "async_graphql"] },
    Kind { name: "loaders", own: &["store"], kernel: &[], is_outgoing: true, crates: &["entity", "async_graphql"] },
    Kind { name: "graphql", own: &["events", "loaders", "ops", "probe", "reads"], kernel: &[], is_outgoing: true, crates: &["entity", "async_graphql"] },
    Kind { name: "jobs", own: &["events", "ops", "probe", "store"], kernel: &[], is_outgoing: true, crates: &["entity", "tokio"] },
    // monitoring's way to the network.
    Kind { name: "probe", own: &[], kernel: &["error", "redact", "trace"], is_outgoing: false, crates: &["entity", "reqwest", "tokio"] },
];

/// What stands against the table, and why it may.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("audit/loaders.rs", "crate::audit::ops", "reading what is personal is itself recorded"),
    ("audit/reads.rs", "sea_orm", "one list by several ways: the selection is handed on"),
    ("monitoring/ops/results.rs", "sea_orm", "results are measurements: Telemetry takes statements"),
];

/// Edges of the schema that close a circle of domains, and why they may: GraphQL's types refer to one another.
const EDGES: &[(&str, &str, &str)] = &[(
    "directory/graphql/users.rs",
    "audit",
    "a person's activity is entries, and entries are about people",
)];

/// What isn't a domain.
const OTHERS: [&str; 9] = ["app", "cli", "config", "demo", "http", "kernel", "main", "schema", "workers"];

/// The parts of the kernel that name async-graphql.
const GRAPHQL_IN_KERNEL: [&str; 17] = [
    "change",
    "eager",
    "error",
    "guard",
    "id",
    "list_size",
    "loader",
    "log::cursor",
    "mutation",
    "nulls",
    "object",
    "page",
    "request",
    "scalar",
    "stream",
    "turn",
    "validity",
];

/// The tables of measurements and bookkeeping: whatever else is written belongs on the record.
const TELEMETRY: [&str; 10] = [
    "api_token_uses",
    "dead_letters",
    "idempotency_keys",
    "probe_results",
    "reactor_cursors",
    "schedules",
    "sealing_keys",
    "service_status",
    "sign_in_attempts",
    "tasks",
];

/// The longest file.
const LINES: usize = 400;

fn domains(sources: &[Source]) -> BTreeSet<String> {
    let tops = sources.iter().filter_map(|source| source.module.first().cloned());
    tops.filter(|top| !OTHERS.contains(&top.as_str())).collect()
}

/// The sources of domains, each with its domain; and the domains.
fn domain_files() -> (Vec<(String, Source)>, BTreeSet<String>) {
    let sources = Source::all();
    let domains = domains(&sources);
    let own = |source: Source| Some((source.module.first()?.clone(), source));
    let files = sources.into_iter().filter_map(own).filter(|(domain, _)| domains.contains(domain));
    (files.collect(), domains)
}

/// What a file of a domain names and may not.
fn faults_of(domain: &str, source: &Source, domains: &BTreeSet<String>) -> Vec<String> {
    // The domain's mod.rs may name all that it holds.
    let Some(part) = source.module.get(1) else { return vec![] };
    let Some(kind) = KINDS.iter().find(|kind| kind.name == part) else {
        return vec!["its kind isn't in the table".to_owned()];
    };
    let is_allowed = |path: &[String]| {
        let names: Vec<_> = path.iter().map(String::as_str).collect();
        match names[..] {
            ["kernel", part, ..] => kind.kernel.is_empty() || kind.kernel.contains(&part),
            ["kernel"] => kind.kernel.is_empty(),
            [top, name, ..] if top == domain => {
                let is_row = kind.name == "graphql" && name == "store" && names.len() > 2;
                let is_item = name.starts_with(char::is_uppercase);
                let is_pure = PURE.contains(&name) && kind.name != "rules" && kind.name != "permissions";
                name == part || is_item || is_pure || is_row || kind.own.contains(&name)
            }
            [top, ..] => domains.contains(top) && top != domain && kind.is_outgoing,
            [] => true,
        }
    };
    let inside =
        source.internal().filter(|path| !is_allowed(path)).map(|path| format!("crate::{}", path.join("::")));
    let crates = GUARDED.into_iter().filter(|name| !kind.crates.contains(name) && source.names(name));
    inside.chain(crates.map(str::to_owned)).collect()
}

#[test]
fn a_domains_files_name_what_their_kind_may() {
    let (files, domains) = domain_files();
    assert!(files.len() > 20 && domains.contains("incidents"), "the sources are found");
    let mut needed = BTreeSet::new();
    let mut faults = Vec::new();
    for (domain, source) in &files {
        for fault in faults_of(domain, source, &domains) {
            let is_excepted =
                |(file, import, _): &&(&str, &str, &str)| source.file == *file && fault.starts_with(import);
            match EXCEPTIONS.iter().find(is_excepted) {
                Some((file, import, _)) => {
                    needed.insert((*file, *import));
                }
                None => faults.push(format!("{} names {fault}", source.file)),
            }
        }
    }
    assert!(faults.is_empty(), "against the table of DESIGN.md: {faults:#?}");
    let listed: BTreeSet<_> = EXCEPTIONS.iter().map(|(file, import, _)| (*file, *import)).collect();
    assert_eq!(needed, listed, "exceptions that nothing needs any more");
}

#[test]
fn domains_do_not_need_each_other_in_circles() {
    let (files, domains) = domain_files();
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut edges = BTreeSet::new();
    for (domain, source) in files {
        let others = source.internal().map(|path| path[0].clone());
        let mut others: BTreeSet<_> =
            others.filter(|other| *other != domain && domains.contains(other)).collect();
        for (file, other, _) in EDGES.iter().filter(|(file, _, _)| *file == source.file) {
            if others.remove(*other) {
                edges.insert((*file, *other));
            }
        }
        needs.entry(domain.clone()).or_default().extend(others);
    }
    assert_eq!(edges.len(), EDGES.len(), "edges that nothing needs any more: {edges:?}");
    // What needs nothing that is left goes, until nothing goes any more.
    while let Some(free) = needs.iter().find(|(_, others)| others.is_empty()).map(|(name, _)| name.clone()) {
        needs.remove(&free);
        for others in needs.values_mut() {
            others.remove(&free);
        }
    }
    assert!(needs.is_empty(), "in a circle: {needs:?}");
}

#[test]
fn the_kernel_knows_no_domain_and_http_only_the_schema() {
    let sources = Source::all();
    for source in &sources {
        let allowed: &[&str] = match source.module.first().map(String::as_str) {
            Some("kernel") => &["config", "kernel"],
            Some("http") => &["config", "http", "kernel", "schema"],
            Some("config") => &["config"],
            // It stands on everything, and nothing but the command line on it.
            Some("demo") | Some("cli") => continue,
            Some(_) => {
                assert!(source.internal().all(|path| path[0] != "demo"), "{} names the demo", source.file);
                continue;
            }
            None => continue,
        };
        for path in source.internal() {
            assert!(allowed.contains(&&*path[0]), "{} names crate::{}", source.file, path.join("::"));
        }
        assert!(source.module[0] != "http" || !source.names("entity"), "{} names entity", source.file);
    }
}

#[test]
fn only_some_parts_of_the_kernel_name_async_graphql() {
    for source in
        Source::all().iter().filter(|source| source.module.first().is_some_and(|top| top == "kernel"))
    {
        let part = source.module[1..].join("::");
        let is_one =
            GRAPHQL_IN_KERNEL.iter().any(|one| part == *one || part.starts_with(&format!("{one}::")));
        assert!(is_one || !source.names("async_graphql"), "{} names async_graphql", source.file);
        assert!(!source.names("axum"), "{} names axum", source.file);
    }
}

#[test]
fn only_the_clock_reads_the_wall_clock() {
    let clock = [["Utc", "now"], ["Local", "now"], ["SystemTime", "now"]];
    for source in Source::all() {
        let asks = |path: &Vec<String>| clock.iter().any(|ask| path.ends_with(&ask.map(str::to_owned)));
        let expected = source.file == "kernel/clock.rs";
        assert_eq!(source.paths.iter().any(asks), expected, "{} and the wall clock", source.file);
    }
}

#[test]
fn roots_are_made_by_the_macros_that_guard_them() {
    let mut count = 0;
    for source in Source::all() {
        for (root, macro_name) in
            [("Query", "query"), ("Mutation", "mutation"), ("Subscription", "subscription")]
        {
            for attributes in source.blocks(root) {
                count += 1;
                let expected = format!("[macros::{macro_name}(");
                let found = attributes.replace(' ', "");
                assert!(
                    found.starts_with(&expected),
                    "{}: impl {root} stands under {attributes}",
                    source.file
                );
            }
        }
    }
    assert!(count >= 8, "{count} roots are found");
}

#[test]
fn measurements_have_a_list_of_tables() {
    assert_eq!(telemetry::TABLES, TELEMETRY);
    // The way around it: who may take the connection that writes.
    let doors = [
        "app.rs",
        "cli/mod.rs",
        "demo/database.rs",
        "kernel/db.rs",
        "kernel/log/prune.rs",
        "kernel/queue/store.rs",
        "kernel/telemetry.rs",
    ];
    for source in Source::all() {
        let writes = source.calls("writer");
        assert!(!writes || doors.contains(&&*source.file), "{} takes the writer", source.file);
    }
}

#[test]
fn no_file_is_too_long() {
    let mut long = Vec::new();
    for package in ["api", "bench", "entity", "macros", "tests"] {
        for file in rust_files(&workspace().join(package)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            if lines > LINES {
                long.push(format!("{}: {lines}", file.display()));
            }
        }
    }
    assert!(long.is_empty(), "make them folders of the same name: {long:#?}");
}
