//! What the platform's accounts service says of its people: everybody at first, then every two hours who is new,
//! who has proved to be who they say, and who is called otherwise by now.

use std::collections::VecDeque;

use chrono::{DateTime, Timelike, Utc};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use super::content::people::{DOMAINS, FIRST, LAST};
use crate::directory::UserRecord;

/// People who register within two hours, on average.
const REGISTRATIONS: f64 = 14.4;
/// People of whom something changes within two hours, on average.
const CHANGES: f64 = 22.4;
/// How many of a hundred who registered prove to be who they say.
const PROVED_PERCENT: u32 = 92;

/// The accounts service.
#[derive(Debug)]
pub struct Feed {
    rng: StdRng,
    people: Vec<Person>,
    /// Those who registered and haven't proved anything yet.
    unproved: VecDeque<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Person {
    first: &'static str,
    last: &'static str,
    domain: &'static str,
    is_proved: bool,
}

impl Feed {
    /// One that knows nobody yet.
    pub fn new(rng: StdRng) -> Self {
        Self { rng, people: Vec::new(), unproved: VecDeque::new() }
    }

    /// The next `count` of those who were there before the gateway was.
    pub fn everybody(&mut self, count: usize) -> Vec<UserRecord> {
        let everybody: Vec<_> = (0..count).map(|_| self.somebody(true)).collect();
        everybody.into_iter().map(|i| self.record(i, None)).collect()
    }

    /// What is new within the two hours that end at `at`.
    pub fn news(&mut self, at: DateTime<Utc>) -> Vec<UserRecord> {
        let mut of = Vec::new();
        for _ in 0..self.unproved.len() {
            // A few of them look for the mail a little longer.
            if let Some(i) = self.unproved.pop_front() {
                if self.rng.random_ratio(3, 4) {
                    self.people[i].is_proved = true;
                    of.push(i);
                } else {
                    self.unproved.push_back(i);
                }
            }
        }
        for _ in 0..self.about(CHANGES * busyness(at)) {
            let i = self.rng.random_range(0..self.people.len());
            if !of.contains(&i) {
                self.change(i);
                of.push(i);
            }
        }
        for _ in 0..self.about(REGISTRATIONS * busyness(at)) {
            let i = self.somebody(false);
            if self.rng.random_ratio(PROVED_PERCENT, 100) {
                self.unproved.push_back(i);
            }
            of.push(i);
        }
        of.into_iter().map(|i| self.record(i, Some(at))).collect()
    }

    /// A whole number that is `average` on average.
    fn about(&mut self, average: f64) -> usize {
        (average + self.rng.random_range(0.0..1.0)) as usize
    }

    fn somebody(&mut self, is_proved: bool) -> usize {
        let person =
            Person { first: self.pick(FIRST), last: self.pick(LAST), domain: self.pick(DOMAINS), is_proved };
        self.people.push(person);
        self.people.len() - 1
    }

    /// Somebody has married, or another address.
    fn change(&mut self, i: usize) {
        let before = self.people[i];
        let after = if self.rng.random_ratio(1, 3) {
            Person { last: self.pick(LAST), ..before }
        } else {
            Person { domain: self.pick(DOMAINS), ..before }
        };
        self.people[i] = after;
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of.choose(&mut self.rng).copied().unwrap_or_default()
    }

    fn record(&self, i: usize, seen_at: Option<DateTime<Utc>>) -> UserRecord {
        let Person { first, last, domain, is_proved } = self.people[i];
        UserRecord {
            external_id: external_id(i),
            email: format!("{}.{}{}@{domain}", plain(first), plain(last), i + 1),
            name: format!("{first} {last}"),
            is_verified: is_proved,
            last_active_at: seen_at,
            is_deleted: false,
        }
    }
}

/// The id by which the platform knows the person number `i`.
pub fn external_id(i: usize) -> String {
    format!("rd-{:06}", i + 1)
}

/// How much goes on at this time of day: least at four in the morning, most at four in the afternoon.
pub fn busyness(at: DateTime<Utc>) -> f64 {
    let hours = f64::from(at.num_seconds_from_midnight()) / 3_600.0;
    1.0 - 0.8 * ((hours - 4.0) / 24.0 * std::f64::consts::TAU).cos()
}

/// A name as it stands in an address.
fn plain(name: &str) -> String {
    let letters = name.chars().flat_map(char::to_lowercase);
    let plain = letters.filter_map(|c| match c {
        'a'..='z' => Some(c),
        'á' | 'ã' | 'ä' => Some('a'),
        'ç' | 'č' => Some('c'),
        'è' | 'é' => Some('e'),
        'í' => Some('i'),
        'ó' | 'ö' => Some('o'),
        'ş' => Some('s'),
        _ => None,
    });
    plain.collect()
}
