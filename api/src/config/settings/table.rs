//! Every setting.

use super::{
    Accepts::{self, OneOf, Switch, Text, Whole},
    Initially::{self, Unset, Value},
    Setting,
};

/// A day, the most that a timeout takes.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// The deepest document that any setting lets in. The stacks of threads are made for it (cli/mod.rs).
const MAX_DEPTH: u64 = 30;

/// The settings, in the order of the example file.
pub const SETTINGS: &[Setting] = &[
    open("listen", "Where the gateway serves GraphQL.", SOCKET, Value("127.0.0.1:8080")),
    open(
        "tls_certificate",
        "The certificate for TLS on listen, with those between it and its root; tls_key belongs to it. Both files are\n\
         read again when they change. Unset, the gateway speaks plain HTTP.",
        Text("the path of a PEM file"),
        Unset("/etc/opsgate/tls.crt"),
    ),
    open(
        "tls_key",
        "The private key of tls_certificate.",
        Text("the path of a PEM file"),
        Unset("/etc/opsgate/tls.key"),
    ),
    open(
        "cors_origins",
        "The origins whose pages may ask the gateway from a browser. Unset, only its own pages may.",
        Text("*, or origins such as https://dashboard.example with commas between them"),
        Unset("https://dashboard.example, http://localhost:3000"),
    ),
    open(
        "trusted_proxies",
        "The proxies whose X-Forwarded-For says who the client is, read from the right. Unset, the client is who connects.",
        Text("networks such as 10.0.0.0/8 with commas between them"),
        Unset("10.0.0.0/8, fd00::/8"),
    ),
    open(
        "metrics_listen",
        "Where it serves its metrics: keep this address inside your network.",
        SOCKET,
        Value("127.0.0.1:9464"),
    ),
    open(
        "data_dir",
        "Where the gateway keeps its keys and, unless database_url says otherwise, its database.",
        Text("the path of a directory"),
        Value("./data"),
    ),
    open(
        "environment",
        "What this installation is called in its audit entries.",
        Text("1 to 64 letters, digits, dots, dashes and underscores"),
        Value("production"),
    ),
    secret(
        "database_url",
        "The database. Unset, it is the SQLite file opsgate.db in data_dir.",
        Text("sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
        Unset("postgres://opsgate@127.0.0.1:5432/opsgate"),
    ),
    open(
        "database_writers",
        "PostgreSQL: the most connections that one process opens for what writes, and for tasks. SQLite has one.",
        Whole(1..=1000),
        Value("8"),
    ),
    open(
        "database_readers",
        "The most connections that one process opens for what requests read.",
        Whole(1..=1000),
        Value("8"),
    ),
    open(
        "sqlite_synchronous",
        "SQLite: with FULL an acknowledged commit survives a power cut. NORMAL commits faster, and a power\n\
         cut may take the last commits with it.",
        OneOf(&["FULL", "NORMAL"]),
        Value("FULL"),
    ),
    open(
        "statement_timeout_ms",
        "How long one statement may run before the database gives it up, in milliseconds.",
        Whole(100..=DAY_MS),
        Value("10000"),
    ),
    secret(
        "jwt_secret",
        "The key of the JWTs (HS256) by which admin users sign in. Unset, a key file is made in data_dir.\n\
         Replicas that don't share a data_dir need the same secret. It has no flag: anyone on the machine can read those.",
        Text("at least 32 bytes"),
        Unset(""),
    ),
    open(
        "jwt_jwks",
        "Where the public keys of an issuer of JWTs (RS256, ES256, EdDSA) are: a file, or a URL. A file is read\n\
         again when it changes. Over plain HTTP, whoever is in between can put a key of their own there.",
        Text("the path of a JWKS file, or an http:// or https:// URL of one"),
        Unset("https://issuer.example/.well-known/jwks.json"),
    ),
    open(
        "jwt_issuer",
        "The iss that every JWT must have. Unset, it isn't looked at.",
        Text("any text"),
        Unset("https://issuer.example/"),
    ),
    open(
        "jwt_audience",
        "The aud that every JWT must have. Unset, a JWT that has one is refused: it was made for somebody else.",
        Text("any text"),
        Unset("opsgate"),
    ),
    open(
        "public_url",
        "Where people reach the gateway: what links begin with. Unset, that is where it listens.",
        Text("an http:// or https:// URL without a query"),
        Unset("https://opsgate.example"),
    ),
    secret(
        "smtp_url",
        "The server that mail goes to: smtps:// for TLS at once, smtp:// with ?tls=required for STARTTLS. Unset, no mail is\n\
         sent. With it, mail_from and public_url have to be set.",
        Text("smtps://USER:PASSWORD@HOST:PORT or smtp://USER:PASSWORD@HOST:PORT?tls=required"),
        Unset("smtps://opsgate@mail.example:465"),
    ),
    open(
        "mail_from",
        "Who mail is from.",
        Text("an address, as opsgate@example.com or Opsgate <opsgate@example.com>"),
        Unset("Opsgate <opsgate@example.com>"),
    ),
    open("workers", "Background tasks that one process runs at the same time.", Whole(1..=1024), Value("8")),
    open(
        "max_connections",
        "Connections that clients have at the same time to one process. A new one takes the place of the one that has\n\
         rested for longest; where none rests, it waits.",
        Whole(1..=1_000_000),
        Value("10000"),
    ),
    open(
        "header_timeout_ms",
        "How long a new connection may take until its first request is there, handshake and headers, in milliseconds.",
        Whole(100..=DAY_MS),
        Value("10000"),
    ),
    open(
        "idle_timeout_ms",
        "How long a connection may rest until its next request is there, or not take its answer, in milliseconds.\n\
         A proxy in front should give up its connections earlier.",
        Whole(100..=DAY_MS),
        Value("75000"),
    ),
    open(
        "request_timeout_ms",
        "How long one request may take, in milliseconds.",
        Whole(1..=DAY_MS),
        Value("10000"),
    ),
    open("body_limit_bytes", "The largest body of a request.", Whole(1024..=1 << 30), Value("1048576")),
    open(
        "bodies_limit_bytes",
        "What all bodies that are being read may take together. One for which there is no room is refused.",
        Whole(1024..=1 << 40),
        Value("268435456"),
    ),
    open(
        "body_timeout_ms",
        "How long the body of a request may take to arrive, in milliseconds.",
        Whole(1..=DAY_MS),
        Value("10000"),
    ),
    open(
        "document_max_bytes",
        "The longest GraphQL document. Long values belong into variables.",
        Whole(1024..=1 << 20),
        Value("65536"),
    ),
    open(
        "document_max_tokens",
        "Tokens in a document, comments counted; selections in it, with fragments written out.",
        Whole(100..=100_000),
        Value("2000"),
    ),
    open(
        "document_max_nesting",
        "Brackets within each other in a document, and lists and objects within each other in variables.",
        Whole(4..=64),
        Value("32"),
    ),
    open(
        "document_max_depth",
        "Fields within each other in a document, introspection aside.",
        Whole(1..=MAX_DEPTH),
        Value("12"),
    ),
    open("document_max_aliases", "Aliases in an operation.", Whole(0..=10_000), Value("30")),
    open("document_max_root_fields", "Root fields in an operation.", Whole(1..=1000), Value("20")),
    open("document_max_directives", "Directives in an operation.", Whole(0..=10_000), Value("50")),
    open(
        "introspection_max_depth",
        "Fields within each other in an introspection: GraphiQL's has 15.",
        Whole(1..=MAX_DEPTH),
        Value("16"),
    ),
    open(
        "introspection_max_values",
        "What an introspection may ask for, with each list counted as ten: GraphiQL's asks for 52,000.",
        Whole(1..=100_000_000),
        Value("100000"),
    ),
    open(
        "variables_max_values",
        "Values in the variables of a request: scalars, lists and objects.",
        Whole(100..=1_000_000),
        Value("20000"),
    ),
    open(
        "request_max_cost",
        "What a request may cost, in points: about the objects that it reads (docs/limits.md).",
        Whole(1..=1_000_000),
        Value("1000"),
    ),
    open(
        "caller_cost_bucket",
        "What one caller may spend at once, in points, and has back after a while.",
        Whole(1..=1_000_000_000),
        Value("50000"),
    ),
    open(
        "caller_cost_per_second",
        "What comes back to a caller each second, in points.",
        Whole(1..=1_000_000_000),
        Value("5000"),
    ),
    open(
        "caller_max_subscriptions",
        "Subscriptions that one caller has at the same time in one process, over all connections.",
        Whole(1..=1_000_000),
        Value("1000"),
    ),
    open(
        "persisted_queries",
        "Whether clients may name a document by its hash instead of sending it (docs/persisted-documents.md).",
        Switch,
        Value("true"),
    ),
    open(
        "persisted_queries_max_bytes",
        "The memory of one process for the documents that clients name so.",
        Whole(1024..=1 << 30),
        Value("8388608"),
    ),
    open(
        "websocket_init_timeout_ms",
        "How long a new WebSocket may stay silent before it says connection_init, in milliseconds.",
        Whole(1..=DAY_MS),
        Value("3000"),
    ),
    open(
        "max_subscriptions_per_connection",
        "Operations that one WebSocket or event stream carries at the same time.",
        Whole(1..=10_000),
        Value("100"),
    ),
    open(
        "websocket_ping_interval_ms",
        "How often the gateway pings an open WebSocket, in milliseconds.",
        Whole(100..=DAY_MS),
        Value("15000"),
    ),
    open(
        "stream_keep_alive_ms",
        "The longest silence of an event stream, in milliseconds: then a comment says that it is still there.",
        Whole(100..=DAY_MS),
        Value("12000"),
    ),
    open(
        "graphiql",
        "Whether browsers find GraphiQL, where people try the API, at the address of GraphQL.",
        Switch,
        Value("true"),
    ),
    open(
        "log",
        "What is logged: a level, or levels by module.",
        Text("a filter such as info or info,opsgate=debug"),
        Value("info,sea_orm_migration=warn,sqlx::postgres::notice=warn"),
    ),
    open("log_format", "How a line of the log looks.", OneOf(&["pretty", "json"]), Value("pretty")),
    secret(
        "otlp_endpoint",
        "Where the spans of requests go, by OTLP over HTTP: the address of a collector. Unset, there are none.",
        Text("a URL such as http://127.0.0.1:4318"),
        Unset("http://127.0.0.1:4318"),
    ),
    open(
        "otlp_sample_percent",
        "How many of the requests that are part of no trace begin one. Whoever sends a trace along decides for it.",
        Whole(0..=100),
        Value("100"),
    ),
];

const SOCKET: Accepts = Text("an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080");

const fn open(name: &'static str, about: &'static str, accepts: Accepts, initially: Initially) -> Setting {
    Setting { name, about, accepts, initially, is_secret: false }
}

const fn secret(name: &'static str, about: &'static str, accepts: Accepts, initially: Initially) -> Setting {
    Setting { name, about, accepts, initially, is_secret: true }
}
