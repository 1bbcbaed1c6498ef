use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::Path};

use clap::Parser;
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;

use super::*;

const FILE: &str = "etc/opsgate.toml";
const SECRET: &str = "0123456789012345678901234567890123456789";

fn assemble(file: &str, environment: &[(&str, &str)], overrides: &Overrides) -> Result<Config, ConfigError> {
    let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Config::assemble(Some((Path::new(FILE), file)), environment, overrides)
}

fn from_file(text: &str) -> Result<Config, ConfigError> {
    assemble(text, &[], &Overrides::default())
}

fn from_environment(name: &str, value: &str) -> Result<Config, ConfigError> {
    assemble("", &[(name, value)], &Overrides::default())
}

fn from_flag(name: &str, value: &str) -> Result<Config, ConfigError> {
    assemble("", &[], &Overrides::default().with(name, value))
}

/// The message, which says what went wrong to an operator who has nothing else.
fn message(outcome: Result<Config, ConfigError>) -> String {
    outcome.expect_err("this configuration is wrong").to_string()
}

#[test]
fn defaults_start_a_gateway_on_sqlite() {
    let config = from_file("").unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.metrics_listen.to_string(), "127.0.0.1:9464");
    assert_eq!(config.database_url.to_string(), "sqlite:./data/opsgate.db");
    assert_eq!(config.sqlite_synchronous, SqliteSynchronous::Full);
    assert_eq!(config.request_timeout, Duration::from_secs(10));
    assert_eq!(config.body_limit_bytes, 1 << 20);
    assert_eq!(config.environment, "production");
    assert!(config.jwt_secret.is_none());
}

#[test]
fn the_database_file_lies_in_the_data_directory() {
    let config = from_flag("data_dir", "elsewhere").unwrap();
    assert_eq!(config.database_url.to_string(), "sqlite:elsewhere/opsgate.db");
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = "workers = 2\ndatabase_readers = 2\nlog_format = 'json'";
    let environment = [("OPSGATE_WORKERS", "3"), ("OPSGATE_DATABASE_READERS", "3")];
    let config = assemble(file, &environment, &Overrides::default().with("workers", "5")).unwrap();
    assert_eq!((config.workers, config.database_readers, config.log_format), (5, 3, LogFormat::Json));
}

#[test]
fn a_switch_is_on_or_off_wherever_it_stands() {
    assert!(from_file("").unwrap().graphiql);
    assert!(!from_file("graphiql = false").unwrap().graphiql);
    assert!(!from_environment("OPSGATE_GRAPHIQL", "false").unwrap().graphiql);
    assert!(from_flag("graphiql", "true").unwrap().graphiql);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    assert_eq!(from_environment("OPSGATE_WORKERS", "").unwrap().workers, 8);
}

#[test]
fn an_error_names_the_setting_its_place_and_what_it_takes() {
    let takes = r#""many" isn't accepted; workers takes a whole number from 1 to 1024"#;
    assert_eq!(message(from_file("workers = 'many'")), format!("workers in {FILE}: {takes}"));
    assert_eq!(
        message(from_environment("OPSGATE_WORKERS", "many")),
        format!("environment variable OPSGATE_WORKERS: {takes}")
    );
    assert_eq!(message(from_flag("workers", "many")), format!("flag --workers: {takes}"));
}

#[test]
fn an_error_names_the_place_that_won() {
    let error = assemble("workers = 0", &[("OPSGATE_WORKERS", "-1")], &Overrides::default());
    assert!(message(error).starts_with(r#"environment variable OPSGATE_WORKERS: "-1" isn't"#));
}

#[test]
fn bounds_and_types_are_checked() {
    for (file, found) in [
        ("workers = 0", "0 isn't"),
        ("workers = 1025", "1025 isn't"),
        ("workers = -1", "-1 isn't"),
        ("workers = 1.5", "1.5 isn't"),
        ("workers = true", "true isn't"),
        ("listen = 8080", "8080 isn't"),
        (
            "listen = 'localhost:8080'",
            r#""localhost:8080" isn't accepted; listen takes an IP address and a port"#,
        ),
        ("data_dir = ''", r#""" isn't accepted; data_dir takes the path of a directory"#),
        ("environment = 'two words'", r#""two words" isn't"#),
        ("sqlite_synchronous = 'OFF'", r#""OFF" isn't accepted; sqlite_synchronous takes FULL or NORMAL"#),
        ("log_format = 'xml'", r#""xml" isn't accepted; log_format takes pretty or json"#),
        ("graphiql = 1", "1 isn't accepted; graphiql takes true or false"),
        ("log = 'opsgate=loud'", r#""opsgate=loud" isn't"#),
    ] {
        let message = message(from_file(file));
        assert!(message.contains(found), "{file}: {message}");
    }
}

#[test]
fn every_setting_of_the_table_is_read_and_checked() {
    for setting in SETTINGS {
        let message = message(from_file(&format!("{} = [1]", setting.name)));
        assert!(message.starts_with(&format!("{} in {FILE}: ", setting.name)), "{message}");
        assert!(message.ends_with(&format!("{} takes {}", setting.name, setting.accepts())), "{message}");
    }
}

#[test]
fn unknown_settings_are_errors_with_the_nearest() {
    assert_eq!(
        message(from_file("data_dri = 'x'")),
        format!("data_dri in {FILE}: there is no such setting; did you mean data_dir?")
    );
    assert_eq!(message(from_file("[limits]\nx = 1")), format!("limits in {FILE}: there is no such setting"));
    assert_eq!(
        message(from_environment("OPSGATE_DATABASE_ULR", "x")),
        "environment variable OPSGATE_DATABASE_ULR: there is no such setting; did you mean OPSGATE_DATABASE_URL?"
    );
    assert_eq!(
        message(from_environment("OPSGATE_listen", "x")),
        "environment variable OPSGATE_listen: there is no such setting; did you mean OPSGATE_LISTEN?"
    );
    assert_eq!(
        message(from_environment("OPSGATE_COLOUR", "x")),
        "environment variable OPSGATE_COLOUR: there is no such setting"
    );
    assert_eq!(
        message(from_flag("worker", "1")),
        "flag --worker: there is no such setting; did you mean workers?"
    );
}

#[test]
fn variables_that_are_not_settings_are_left_alone() {
    for (name, value) in [
        ("PATH", "/bin"),
        ("OPSGATE_CONFIG", "x.toml"),
        ("OPSGATE_TOKEN", "opsk_x"),
        ("OPSGATE_TEST_POSTGRES_URL", "postgres://x"),
        ("OPSGATE_SERVICE_HOST", "10.0.0.1"),
        ("OPSGATE_PORT", "tcp://10.0.0.1:80"),
        ("OPSGATE_PORT_80_TCP_ADDR", "10.0.0.1"),
    ] {
        from_environment(name, value).unwrap();
    }
    message(from_environment("OPSGATE_PORT", "8080"));
}

#[test]
fn a_file_that_is_not_toml_names_the_line_and_quotes_nothing() {
    let message = message(from_file("workers = 2\njwt_secret = \"hunter2\nlog = 'info'"));
    assert!(
        message.starts_with(&format!("the configuration file {FILE} isn't TOML at line 2: ")),
        "{message}"
    );
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn a_named_file_must_exist() {
    let message = message(Config::load(Some(Path::new("no/such/file.toml")), &Overrides::default()));
    assert!(message.starts_with("the configuration file no/such/file.toml can't be read: "), "{message}");
}

#[test]
fn only_our_variables_need_be_unicode() {
    let broken = || OsString::from_vec(vec![0xff]);
    let variables = |name: &str| own_variables([(name.into(), broken())].into_iter());
    assert!(variables("ELSEWHERE").unwrap().is_empty());
    assert!(matches!(variables("OPSGATE_LOG"), Err(ConfigError::NotUnicode(name)) if name == "OPSGATE_LOG"));
}

#[test]
fn databases_are_files_or_postgres() {
    let shown = |url: &str| from_flag("database_url", url).map(|config| config.database_url.to_string());
    assert_eq!(shown("sqlite:a.db").unwrap(), "sqlite:a.db");
    assert_eq!(shown("sqlite://a.db").unwrap(), "sqlite:a.db");
    assert_eq!(shown("sqlite:///var/a.db").unwrap(), "sqlite:/var/a.db");
    assert_eq!(shown("postgres://me:hunter2@db.internal/ops").unwrap(), "postgres://db.internal:5432/ops");
    assert_eq!(shown("postgresql://db:6000/ops").unwrap(), "postgres://db:6000/ops");
    for refused in
        ["", "a.db", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro", "mysql://a", "postgres://a:b"]
    {
        let message = message(from_file(&format!("database_url = '{refused}'")));
        assert!(message.contains("database_url takes sqlite:PATH or postgres://"), "{refused}: {message}");
    }
}

#[test]
fn secrets_are_never_printed() {
    let environment =
        [("OPSGATE_JWT_SECRET", SECRET), ("OPSGATE_DATABASE_URL", "postgres://me:hunter2@127.0.0.1/ops")];
    let config = assemble("", &environment, &Overrides::default()).unwrap();
    assert_eq!(config.jwt_secret.as_ref().unwrap().expose_secret(), SECRET);
    let printed = format!("{config:?} {config:#?} {}", config.database_url);
    assert!(!printed.contains(SECRET) && !printed.contains("hunter2"), "{printed}");

    let overrides = Overrides::default().with("database_url", "postgres://me:hunter2@host:port/x");
    let printed = format!("{overrides:?} {}", message(assemble("", &[], &overrides)));
    assert!(printed.contains("flag --database-url: the value isn't accepted"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");

    let printed = message(from_environment("OPSGATE_JWT_SECRET", "hunter2"));
    assert_eq!(
        printed,
        "environment variable OPSGATE_JWT_SECRET: the value isn't accepted; jwt_secret takes at least 32 bytes"
    );
}

#[derive(Parser, Debug)]
struct CommandLine {
    #[command(flatten)]
    overrides: Overrides,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    Migrate,
}

#[test]
fn every_setting_but_the_jwt_secret_is_a_flag() {
    let given = CommandLine::try_parse_from(["opsgate", "migrate", "--data-dir", "elsewhere"]).unwrap();
    assert!(matches!(given.command, Some(Command::Migrate)));
    let config = assemble("data_dir = 'here'", &[], &given.overrides).unwrap();
    assert_eq!(config.data_dir, Path::new("elsewhere"));

    let help = <CommandLine as clap::CommandFactory>::command().render_long_help().to_string();
    for setting in SETTINGS {
        let has_flag = help.contains(&format!("--{} ", setting.flag()));
        assert_eq!(has_flag, setting.name != "jwt_secret", "{}", setting.name);
    }
}

#[test]
fn the_example_file_changes_nothing() {
    let plain = format!("{:?}", from_file("").unwrap());
    assert_eq!(format!("{:?}", from_file(&Config::example()).unwrap()), plain);
}

#[test]
fn the_example_file_shows_values_that_are_accepted() {
    let example = Config::example();
    let line = |setting: &Setting| {
        let start = format!("# {} = ", setting.name);
        &example.lines().find(|line| line.starts_with(&start)).expect(setting.name)[2..]
    };
    // All at once: some belong together.
    let lines: Vec<_> = SETTINGS.iter().filter(|setting| setting.name != "jwt_secret").map(line).collect();
    from_file(&lines.join("\n")).unwrap();
    // This one is refused as it stands: nobody shall run with a secret that is printed in a file.
    message(from_file("jwt_secret = \"\""));
}

/// `OPSGATE_TEST_UPDATE=1 cargo test -p opsgate committed` writes the files anew.
#[test]
fn the_committed_files_are_printed_from_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (name, printed) in
        [("opsgate.example.toml", Config::example()), ("docs/configuration.md", Config::reference())]
    {
        let path = root.join(name);
        if std::env::var_os("OPSGATE_TEST_UPDATE").is_some() {
            fs::write(&path, &printed).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap();
        assert!(committed == printed, "{name} differs: write it anew with OPSGATE_TEST_UPDATE=1");
    }
}

#[test]
fn origins_are_as_a_browser_writes_them() {
    let origins = |text: &str| from_flag("cors_origins", text).map(|config| config.cors_origins);
    assert_eq!(from_file("").unwrap().cors_origins, None);
    assert_eq!(origins(" * ").unwrap(), Some(CorsOrigins::Any));
    assert_eq!(
        origins("https://a.example, http://localhost:3000").unwrap(),
        Some(CorsOrigins::These(vec!["https://a.example".into(), "http://localhost:3000".into()]))
    );
    for wrong in [
        "https://a.example/",
        "https://A.example",
        "https://a.example:443",
        "a.example",
        "null",
        "https://*.example",
        "https://a.example,",
        "*, https://a.example",
        "https://me@a.example",
        "file:///a",
    ] {
        assert!(message(from_flag("cors_origins", wrong)).contains("cors_origins takes"), "{wrong}");
    }
}

#[test]
fn a_certificate_has_a_key() {
    let both = from_file("tls_certificate = 'a'\ntls_key = 'b'").unwrap();
    assert_eq!(both.tls, Some(TlsFiles { certificate: "a".into(), key: "b".into() }));
    assert_eq!(
        message(from_file("tls_key = 'b'")),
        "tls_key is set and tls_certificate isn't: they belong together"
    );
}

#[test]
fn a_hasty_database_is_the_same_one_without_the_wait() {
    for url in ["postgres://me:pw@db/ops", "postgres://me:pw@db/ops?options[lock_timeout]=5"] {
        let hasty = from_environment("OPSGATE_DATABASE_URL", url).unwrap().database_url.hasty();
        assert_eq!(hasty.to_string(), "postgres://db:5432/ops");
        let DatabaseUrl::Postgres(hasty) = hasty else { panic!("{hasty}") };
        let options: PgConnectOptions = hasty.expose_secret().parse().unwrap();
        assert!(options.get_options().unwrap().ends_with("-c synchronous_commit=off"), "{options:?}");
    }
}

#[test]
fn mail_takes_a_server_a_sender_and_where_links_lead() {
    let server = "smtp_url = 'smtps://opsgate:hunter2@mail.example:465'\n";
    let (sender, place) =
        ("mail_from = 'Opsgate <opsgate@example.com>'\n", "public_url = 'https://opsgate.example/'\n");
    let mail = from_file(&[server, sender, place].concat()).unwrap().mail.unwrap();
    assert_eq!(mail.public_url, "https://opsgate.example");
    assert_eq!(mail.from.to_string(), "Opsgate <opsgate@example.com>");
    assert!(!format!("{mail:?}").contains("hunter2"));
    assert!(from_file(place).unwrap().mail.is_none());
    for (text, expected) in [
        ([server, place].concat(), "smtp_url is set and mail_from isn't"),
        ([server, sender].concat(), "smtp_url is set and public_url isn't"),
        (sender.to_owned(), "mail_from is set and smtp_url isn't"),
        ("smtp_url = 'https://opsgate:hunter2@mail.example'".to_owned(), "smtp_url takes smtps://"),
        ("mail_from = 'nobody'".to_owned(), "mail_from takes an address"),
        ("public_url = 'opsgate.example'".to_owned(), "public_url takes an http://"),
    ] {
        let said = message(from_file(&text));
        assert!(said.contains(expected) && !said.contains("hunter2"), "{text}: {said}");
    }
}
