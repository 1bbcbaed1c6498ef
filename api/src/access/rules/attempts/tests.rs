use proptest::{collection::vec, prelude::*};

use super::*;

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_800_000_000_000 + ms).unwrap()
}

/// Counts as many attempts as are let through at these times.
fn try_at(pace: &Pace, times: impl IntoIterator<Item = DateTime<Utc>>) -> (Tally, usize) {
    let mut tally = Tally::default();
    let mut made = 0;
    for now in times {
        if let Ok(next) = tally.attempt(now, pace) {
            tally = next;
            made += 1;
        }
    }
    (tally, made)
}

#[test]
fn each_waits_twice_as_long_as_the_one_before() {
    let mut tally = Tally::default();
    let mut now = at(0);
    let mut waits = Vec::new();
    for _ in 0..18 {
        match tally.attempt(now, &PAIR) {
            Ok(next) => {
                tally = next;
                waits.push(0);
            }
            Err(wait) => {
                waits.push(wait.num_seconds());
                now += wait;
                // To the moment.
                assert!(tally.attempt(now - TimeDelta::microseconds(1), &PAIR).is_err());
                tally = tally.attempt(now, &PAIR).unwrap();
            }
        }
    }
    assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
}

#[test]
fn a_thousand_at_once_are_a_thousand() {
    let (tally, made) = try_at(&PAIR, std::iter::repeat_n(at(0), 1000));
    assert_eq!((tally.count, made), (5, 5));
}

#[test]
fn who_only_knocks_gets_no_longer_delay_by_it() {
    let (tally, _) = try_at(&PAIR, std::iter::repeat_n(at(0), 5));
    assert_eq!(tally.attempt(at(10), &PAIR), Err(TimeDelta::milliseconds(990)));
    assert_eq!(tally.attempt(at(999), &PAIR), Err(TimeDelta::milliseconds(1)));
    assert_eq!(tally.attempt(at(1000), &PAIR).unwrap().count, 6);
}

#[test]
fn what_was_no_guess_is_taken_back() {
    let (tally, _) = try_at(&PAIR, std::iter::repeat_n(at(0), 5));
    assert!(tally.taken_back().attempt(at(0), &PAIR).is_ok());
    assert_eq!(Tally::default().taken_back(), Tally::default());
}

#[test]
fn after_a_quiet_time_all_is_forgotten() {
    let (tally, _) = try_at(&PAIR, (0..10).map(|n| at(n * 1_000_000)));
    assert_eq!(tally.count, 10);
    let later = tally.last_at.unwrap() + PAIR.memory;
    assert_eq!(tally.attempt(later - TimeDelta::microseconds(1), &PAIR).unwrap().count, 11);
    assert_eq!(tally.attempt(later, &PAIR).unwrap().count, 1);
}

#[test]
fn a_clock_that_is_set_back_locks_nobody_out() {
    let (tally, _) = try_at(&PAIR, std::iter::repeat_n(at(0), 5));
    let wait = tally.attempt(at(-3_600_000), &PAIR).unwrap_err();
    assert_eq!(wait, TimeDelta::seconds(1));
}

#[test]
fn a_name_under_attack_makes_pairs_wary_and_delays_no_first_attempt() {
    let now = at(0);
    let calm = Tally { count: WARY_FROM - 1, last_at: Some(now) };
    // The most that is kept.
    let attacked = Tally { count: i32::MAX.unsigned_abs(), last_at: Some(now) };
    assert_eq!(pace_of_pair(&calm, now), PAIR);
    let pace = pace_of_pair(&attacked, now);
    assert_eq!(pace, WARY_PAIR);
    let first = Tally::default().attempt(now, &pace).expect("the first is free");
    assert_eq!(first.attempt(now, &pace), Err(TimeDelta::minutes(1)));
    assert_eq!(pace_of_pair(&attacked, now + NAME.memory), PAIR);
    // Its own is counted and never waited for.
    assert!(attacked.attempt(now, &NAME).is_ok());
}

#[test]
fn a_site_is_what_one_provider_gives() {
    for (address, expected) in [
        (Some("192.0.2.7"), None),
        (Some("::ffff:192.0.2.7"), None),
        (Some("2001:db8:1:2:3:4:5:6"), Some("2001:db8:1::/48")),
        (Some("2001:db8:1:ffff::1"), Some("2001:db8:1::/48")),
        (None, None),
    ] {
        let found = site(address.map(|text: &str| text.parse().unwrap()));
        assert_eq!(found.as_deref(), expected, "{address:?}");
    }
}

#[test]
fn networks_are_what_one_household_has() {
    for (address, expected) in [
        (Some("192.0.2.7"), "192.0.2.7"),
        (Some("::ffff:192.0.2.7"), "192.0.2.7"),
        (Some("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64"),
        (Some("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64"),
        (Some("::1"), "0:0:0:0::/64"),
        (None, "nowhere"),
    ] {
        assert_eq!(network(address.map(|text: &str| text.parse().unwrap())), expected, "{address:?}");
    }
}

#[test]
fn nothing_is_forgotten_while_it_is_waited_for() {
    for pace in [PAIR, WARY_PAIR, NETWORK, SITE, FACTOR, NAME] {
        assert!(pace.longest < pace.memory && pace.memory <= LONGEST_MEMORY, "{pace:?}");
    }
}

fn paces() -> impl Strategy<Value = Pace> {
    prop_oneof![Just(PAIR), Just(WARY_PAIR), Just(NETWORK), Just(SITE), Just(FACTOR)]
}

proptest! {
    /// However somebody spreads their attempts: within the memory no more get through than the doubling lets.
    #[test]
    fn guesses_are_few(pace in paces(), steps in vec(0..2_000_i64, 1..400)) {
        let mut now = 0;
        let times: Vec<_> = steps.iter().map(|step| { now += step; at(now) }).collect();
        let (tally, made) = try_at(&pace, times);
        // The delays of all that weren't free lie behind each other.
        let waited = (0..made as u32).map(|count| delay(count, &pace)).fold(TimeDelta::zero(), |sum, one| sum + one);
        prop_assert!(waited <= TimeDelta::milliseconds(now));
        prop_assert_eq!(tally.count as usize, made);
    }

    /// Whoever waits as long as they were told gets through, and nobody is told to wait for longer than the bound.
    #[test]
    fn who_waits_gets_through(pace in paces(), count: u32, quiet_ms in -100_000_000..100_000_000_i64) {
        let tally = Tally { count, last_at: Some(at(0)) };
        let now = at(quiet_ms);
        match tally.attempt(now, &pace) {
            Ok(next) => prop_assert_eq!(next.last_at, Some(now)),
            Err(wait) => {
                prop_assert!(TimeDelta::zero() < wait && wait <= pace.longest);
                if quiet_ms >= 0 {
                    prop_assert!(tally.attempt(now + wait, &pace).is_ok());
                }
            }
        }
    }

    /// What strangers do elsewhere delays nobody's first attempt from a network of their own.
    #[test]
    fn strangers_lock_nobody_out(strangers: u32, quiet_ms in 0..100_000_000_i64) {
        let name = Tally { count: strangers, last_at: Some(at(0)) };
        let now = at(quiet_ms);
        prop_assert!(name.attempt(now, &NAME).is_ok());
        prop_assert!(Tally::default().attempt(now, &pace_of_pair(&name, now)).is_ok());
    }

    #[test]
    fn a_longer_row_never_waits_for_less(pace in paces(), count in 0..u32::MAX) {
        prop_assert!(delay(count, &pace) <= delay(count + 1, &pace));
        prop_assert!(delay(count, &pace) <= pace.longest);
    }
}
