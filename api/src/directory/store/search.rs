//! Users by words.

use ::entity::{user, words};
use sea_orm::{
    ColumnTrait, DbBackend,
    sea_query::{Expr, ExprTrait},
};

use crate::kernel::page::Search;

/// Where SQLite finds words. PostgreSQL's index of trigrams serves LIKE itself.
const IN_SQLITE: &str = r#""users"."id" IN (SELECT "user_id" FROM "user_search" WHERE "place" IN
    (SELECT "rowid" FROM "user_search_words" WHERE "user_search_words" MATCH ?))"#;

/// The users in whose name, address or external id each of `words` occurs. What holds neither letter nor digit is no word;
/// where nothing else is given, nobody is found.
pub fn search(words: &[&str], backend: DbBackend) -> Search {
    let patterns = words.iter().map(|word| pattern(word)).filter(|pattern| !pattern.is_empty());
    let patterns: Vec<String> = patterns.collect();
    if patterns.is_empty() {
        let nobody = Expr::cust("1 = 0");
        return Search { row: nobody.clone(), index: nobody };
    }
    let occurs = patterns.iter().map(|pattern| user::Column::Search.like(format!("%{pattern}%")));
    let row = occurs.reduce(ExprTrait::and).unwrap_or_else(|| Expr::cust("1 = 1"));
    if backend == DbBackend::Postgres {
        return Search { row: row.clone(), index: row };
    }
    let phrases: Vec<String> = patterns.iter().map(|pattern| format!("\"{pattern}\"")).collect();
    Search { row, index: Expr::cust_with_values(IN_SQLITE, [phrases.join(" AND ")]) }
}

/// What occurs where `word` does. Trigrams have no part of a word that is shorter than three characters, but for its
/// beginning.
fn pattern(word: &str) -> String {
    let folded = words::folded(word);
    match folded.len() {
        1 | 2 => format!("{}{folded}", words::BEFORE),
        _ => folded,
    }
}
