//! Time stands still until a test moves it.

use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;

fn throttle(bucket: u64, per_second: u64) -> (Throttle, Clock) {
    let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    (Throttle::new(clock.clone(), Allowance { bucket, per_second, subscriptions: 2 }), clock)
}

const WHO: Who = Who::Network([1; 6]);
const OTHER: Who = Who::Network([2; 6]);

fn available(throttle: &Throttle, who: &Who) -> u64 {
    throttle.settle(who, 0, 0).available
}

/// When to come back.
fn wait(refused: Result<()>) -> u64 {
    match refused {
        Err(Error::RateLimited { retry_after_ms }) => retry_after_ms,
        other => panic!("it wasn't refused: {other:?}"),
    }
}

#[test]
fn a_bucket_gives_what_is_in_it_and_fills_up_again() {
    let (throttle, clock) = throttle(100, 10);
    throttle.take(&WHO, 60).unwrap();
    assert_eq!(wait(throttle.take(&WHO, 60)), 2000);
    throttle.take(&WHO, 40).unwrap();
    assert_eq!(wait(throttle.take(&WHO, 1)), 100);
    clock.advance(TimeDelta::milliseconds(99));
    assert_eq!(wait(throttle.take(&WHO, 1)), 1);
    clock.advance(TimeDelta::milliseconds(1));
    throttle.take(&WHO, 1).unwrap();
    clock.advance(TimeDelta::days(400));
    assert_eq!(available(&throttle, &WHO), 100);
    // Where the clock is set back nothing comes, and nothing goes.
    throttle.take(&WHO, 50).unwrap();
    clock.advance(TimeDelta::days(-1));
    assert_eq!(available(&throttle, &WHO), 50);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(available(&throttle, &WHO), 60);
    // Somebody else has a bucket of their own.
    assert_eq!(available(&throttle, &OTHER), 100);
}

#[test]
fn what_was_not_spent_is_given_back() {
    let (throttle, clock) = throttle(100, 10);
    throttle.take(&WHO, 60).unwrap();
    let standing = throttle.settle(&WHO, 60, 5);
    assert_eq!(standing, Standing { maximum: 100, available: 95, per_second: 10 });
    // What came meanwhile doesn't overflow it.
    throttle.take(&WHO, 60).unwrap();
    clock.advance(TimeDelta::minutes(1));
    assert_eq!(throttle.settle(&WHO, 60, 1).available, 100);
    // More than was asked for is taken, as far as it is there.
    throttle.take(&WHO, 1).unwrap();
    assert_eq!(throttle.settle(&WHO, 1, 11).available, 89);
    throttle.take(&WHO, 89).unwrap();
    assert_eq!(throttle.settle(&WHO, 89, 1000).available, 0);
}

#[test]
fn what_costs_more_than_a_bucket_takes_a_full_one() {
    let (throttle, clock) = throttle(100, 10);
    throttle.take(&WHO, 1_000_000).unwrap();
    assert_eq!(wait(throttle.take(&WHO, 1_000_000)), 10_000);
    clock.advance(TimeDelta::seconds(10));
    throttle.take(&WHO, u64::MAX).unwrap();
    assert_eq!(throttle.settle(&WHO, u64::MAX, 30).available, 70);
}

#[tokio::test]
async fn who_reads_again_waits_and_leaves_half_to_requests() {
    let (throttle, clock) = throttle(100, 10);
    assert_eq!(throttle.take_in_turn(&WHO, 3, 64).await, 16);
    assert_eq!(available(&throttle, &WHO), 52);
    let mut more = Box::pin(throttle.take_in_turn(&WHO, 3, 64));
    assert_eq!(more.as_mut().now_or_never(), None);
    // A request goes before, and makes the wait longer.
    throttle.take(&WHO, 12).unwrap();
    clock.advance(TimeDelta::milliseconds(1299));
    assert_eq!(more.as_mut().now_or_never(), None);
    clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(more.await, 1);
    clock.advance(TimeDelta::minutes(1));
    assert_eq!(throttle.take_in_turn(&WHO, 1, 20).await, 20, "at most");
    // An event may cost more than half a bucket, or than all of it.
    clock.advance(TimeDelta::minutes(1));
    assert_eq!(throttle.take_in_turn(&WHO, 1000, 64).await, 1);
    assert_eq!(available(&throttle, &WHO), 0);
}

#[test]
fn subscriptions_are_counted_while_they_are_open() {
    let (throttle, _) = throttle(1, 1);
    let first = throttle.subscribe(&WHO).unwrap();
    let second = throttle.subscribe(&WHO).unwrap();
    assert!(throttle.subscribe(&WHO).is_none());
    let other = throttle.subscribe(&OTHER).unwrap();
    drop(first);
    let third = throttle.subscribe(&WHO).unwrap();
    assert!(throttle.subscribe(&WHO).is_none());
    drop((second, third, other));
    assert!(throttle.subscriptions().is_empty(), "who has none isn't remembered");
}

#[test]
fn what_is_known_of_callers_is_bounded() {
    let (throttle, _) = throttle(10, 1);
    throttle.take(&WHO, 5).unwrap();
    for n in 0..CALLERS.get() as u64 {
        throttle.take(&Who::Token(Uuid::from_u64_pair(1, n), None), 1).unwrap();
    }
    assert_eq!(throttle.0.buckets.lock().unwrap().len(), CALLERS.get());
    // Whoever wasn't heard of for longest was forgotten.
    assert_eq!(available(&throttle, &WHO), 10);
}

#[test]
fn without_a_credential_it_is_the_network() {
    let who = |address: Option<&str>| {
        let origin = Origin { ip_address: address.map(|text| text.parse().unwrap()), ..Origin::default() };
        Who::of(&Caller::anonymous(), &origin)
    };
    assert_eq!(who(Some("192.0.2.1")), who(Some("192.0.2.254")));
    assert_eq!(who(Some("192.0.2.1")), who(Some("::ffff:192.0.2.9")));
    assert_ne!(who(Some("192.0.2.1")), who(Some("192.0.3.1")));
    assert_eq!(who(Some("2001:db8:1::1")), who(Some("2001:db8:1:ffff::2")));
    assert_ne!(who(Some("2001:db8:1::1")), who(Some("2001:db8:2::1")));
    assert_ne!(who(None), who(Some("192.0.2.1")));
}

#[test]
fn a_token_may_have_less_than_others_and_never_more() {
    let (throttle, clock) = throttle(100, 10);
    let of = |bucket, per_second| Who::Token(Uuid::from_u128(9), Some(Budget { bucket, per_second }));
    let (small, large) = (of(20, 1), of(1_000, 1_000));
    throttle.take(&small, 20).unwrap();
    assert!(throttle.take(&small, 1).is_err());
    clock.advance(TimeDelta::seconds(5));
    assert_eq!(throttle.settle(&small, 0, 0), Standing { maximum: 20, available: 5, per_second: 1 });
    assert_eq!(throttle.settle(&large, 0, 0), Standing { maximum: 100, available: 100, per_second: 10 });
    // Whatever costs more than the whole bucket takes the whole bucket.
    clock.advance(TimeDelta::seconds(60));
    throttle.take(&small, 50).unwrap();
    assert_eq!(available(&throttle, &small), 0);
}

proptest! {
    /// Over any time nobody gets more than a bucket and what came meanwhile.
    #[test]
    fn nobody_takes_more_than_their_rate(steps in prop::collection::vec((0..2000_i64, 0..150_u64), 1..60)) {
        let (throttle, clock) = throttle(100, 30);
        let (mut passed, mut taken) = (0, 0);
        for (pause, cost) in steps {
            clock.advance(TimeDelta::milliseconds(pause));
            passed += pause.unsigned_abs();
            if throttle.take(&WHO, cost).is_ok() {
                taken += cost.min(100);
            }
            prop_assert!(taken * 1000 <= 100 * 1000 + passed * 30);
        }
    }
}
