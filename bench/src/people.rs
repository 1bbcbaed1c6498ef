//! A million people, as they are called: a few names are everywhere, and many occur once.

use std::time::Instant;

use entity::words;
use sqlx::{Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use crate::Result;

/// How many there are.
pub const ALL: u64 = 1_000_000;
/// Rows of an INSERT.
const CHUNK: u64 = 1_000;

const FIRST: &str = "Maria James Anna Mohammed John Li Wei Ivan Olga José Sofia David Fatima Peter Elena Ali Laura Michael \
    Yuki Ahmed Linda Thomas Aisha Carlos Sarah Hans Chloé Björn Agnieszka Łukasz Åsa Émile Zoë Søren Nuño Iñaki Jürgen \
    Žofia Dvořák Ömer Şebnem Ángela Renée Noël Maël Ólafur Þóra Ragnhild Siobhán Caoimhe";
const LAST: &str = "Smith García Wang Müller Ivanov Kim Nguyen Silva Johnson Martínez Kowalski Rossi Singh Brown Andersson \
    Lindqvist Hernández Schmidt Tanaka Khan Santos O'Brien Dubois Petrov Berg Öztürk Novák Jørgensen Nielsen Popescu \
    Ünal Castaño Grünwald Sjöberg Łapiński Çelik Björklund Håkansson Fernández-Ruiz d'Angelo";
const SYLLABLES: [&str; 24] = [
    "ba", "ren", "do", "mik", "sta", "vor", "lin", "gu", "ter", "zan", "kos", "el", "dri", "mo", "sch",
    "wil", "fan", "hu", "per", "nak", "ost", "iv", "tra", "quel",
];

/// What somebody is called and known by.
pub struct Person {
    pub name: String,
    pub email: String,
    pub external_id: String,
}

/// The person number `n`: the same each time.
pub fn person(n: u64) -> Person {
    let (first, last) = (first(n), last(n));
    let plain = |text: &str| words::folded(text).replace(' ', "");
    let email = format!("{}.{}{}@example.com", plain(&first), plain(&last), n % 1_000);
    Person { name: format!("{first} {last}"), email, external_id: format!("crm-{n:07}") }
}

/// A first name: the one of rank k comes in proportion to 1/k.
fn first(n: u64) -> String {
    let names: Vec<_> = FIRST.split_whitespace().collect();
    let rank = rank(mixed(n, 1), names.len() * 20);
    names.get(rank).map_or_else(|| composed(rank as u64), |name| (*name).to_owned())
}

/// A surname: there are fifty thousand, of which most are rare.
fn last(n: u64) -> String {
    let names: Vec<_> = LAST.split_whitespace().collect();
    let rank = rank(mixed(n, 2), 50_000);
    names.get(rank).map_or_else(|| composed(rank as u64), |name| (*name).to_owned())
}

/// A rank below `count` by Zipf's law: as many are of the first as of the second and third together, and so on.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
fn rank(random: f64, count: usize) -> usize {
    (((count as f64).ln() * random).exp() as usize).saturating_sub(1)
}

fn composed(rank: u64) -> String {
    let mut name = String::new();
    let mut rest = rank.wrapping_mul(2_654_435_761) % 331_776;
    for _ in 0..3 {
        name.push_str(SYLLABLES[(rest % 24) as usize]);
        rest /= 24;
    }
    name[..1].to_uppercase() + &name[1..]
}

/// A number from 0 to 1 that looks like chance.
pub fn mixed(n: u64, salt: u64) -> f64 {
    let mut x = n.wrapping_add(salt << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// The columns of a chunk that begins at `from`.
struct Chunk {
    numbers: Vec<i64>,
    ids: Vec<Uuid>,
    external_ids: Vec<String>,
    emails: Vec<String>,
    names: Vec<String>,
    searches: Vec<String>,
}

impl Chunk {
    fn new(from: u64) -> Self {
        let mut chunk = Self {
            numbers: vec![],
            ids: vec![],
            external_ids: vec![],
            emails: vec![],
            names: vec![],
            searches: vec![],
        };
        for n in from..from + CHUNK {
            let Person { name, email, external_id } = person(n);
            chunk.numbers.push(n as i64);
            chunk.ids.push(Uuid::from_u128(0x0196_0000_0000_7000_8000_0000_0000_0000 + u128::from(n)));
            chunk.searches.push(words::searchable([&*name, &*email, &*external_id]));
            chunk.external_ids.push(external_id);
            chunk.emails.push(email);
            chunk.names.push(name);
        }
        chunk
    }
}

/// Puts them all into a PostgreSQL database.
pub async fn fill_postgres(url: &str) -> Result<()> {
    let began = Instant::now();
    let mut db = PgConnection::connect(url).await?;
    for from in (0..ALL).step_by(CHUNK as usize) {
        let Chunk { numbers, ids, external_ids, emails, names, searches } = Chunk::new(from);
        sqlx::query(
            "INSERT INTO users (id, external_id, email, name, search, status, created_at, updated_at, version)
             SELECT id, external_id, email, name, search, 'ACTIVE', at, at, 1
             FROM UNNEST($1::int8[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
                 AS new(n, id, external_id, email, name, search),
                 LATERAL (SELECT timestamptz '2025-01-01' + n * interval '20 seconds') AS made(at)",
        )
        .bind(numbers)
        .bind(ids)
        .bind(external_ids)
        .bind(emails)
        .bind(names)
        .bind(searches)
        .execute(&mut db)
        .await?;
    }
    sqlx::raw_sql("VACUUM ANALYZE users").execute(&mut db).await?;
    eprintln!("    a million people in {:.0} s", began.elapsed().as_secs_f64());
    Ok(db.close().await?)
}

/// Puts them all into an SQLite database that nobody has open.
pub async fn fill_sqlite(url: &str) -> Result<()> {
    let began = Instant::now();
    let mut db = SqliteConnection::connect(url).await?;
    sqlx::raw_sql("PRAGMA cache_size = -262144; BEGIN").execute(&mut db).await?;
    for from in (0..ALL).step_by(CHUNK as usize) {
        let chunk = Chunk::new(from);
        for i in 0..CHUNK as usize {
            sqlx::query(
                "INSERT INTO users (id, external_id, email, name, search, status, created_at, updated_at, version)
                 SELECT ?1, ?2, ?3, ?4, ?5, 'ACTIVE', at, at, 1
                 FROM (SELECT strftime('%Y-%m-%dT%H:%M:%S+00:00', 1735689600 + ?6 * 20, 'unixepoch') AS at)",
            )
            .bind(chunk.ids[i])
            .bind(&chunk.external_ids[i])
            .bind(&chunk.emails[i])
            .bind(&chunk.names[i])
            .bind(&chunk.searches[i])
            .bind(chunk.numbers[i])
            .execute(&mut db)
            .await?;
        }
    }
    sqlx::raw_sql("COMMIT").execute(&mut db).await?;
    eprintln!("    a million people in {:.0} s", began.elapsed().as_secs_f64());
    Ok(db.close().await?)
}
