//! The clock: the only place that reads the wall clock.
//!
//! Production runs on [`Clock::system`]. Tests run on [`Clock::manual`], which stands still until somebody moves it,
//! so that whatever depends on time (a lease, an escalation, an expiry) happens exactly when the test says. Clones
//! share their time.

use chrono::{DateTime, Duration, SubsecRound, Utc};
use tokio::sync::watch;

/// The longest that a sleeper on the system clock goes without looking at it. The wall clock can be set and the
/// machine can be suspended, neither of which the runtime's timer notices.
const LOOK_AGAIN: Duration = Duration::seconds(60);

/// Tells the time and waits for it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(watch::Sender<DateTime<Utc>>),
}

impl Clock {
    /// The machine's wall clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows `start` until it is moved.
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Source::Manual(watch::Sender::new(to_micros(start))))
    }

    /// The time now in UTC, whole microseconds: what both databases keep, so that a time reads back as it was
    /// written.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the place that the rule means")]
            Source::System => to_micros(Utc::now()),
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Whether this clock only moves by hand.
    pub fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    /// Moves a manual clock by `by` and wakes whoever slept until then.
    ///
    /// # Panics
    /// On the system clock: nobody moves that from here.
    pub fn advance(&self, by: Duration) {
        self.time().send_modify(|now| *now = to_micros(*now + by));
    }

    /// Sets a manual clock to `to`, backwards too, and wakes whoever slept until then.
    ///
    /// # Panics
    /// On the system clock: nobody moves that from here.
    pub fn set(&self, to: DateTime<Utc>) {
        self.time().send_replace(to_micros(to));
    }

    /// Waits until the clock shows `at` or later; at once where it already does. Dropping it is harmless.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        match &self.0 {
            Source::System => loop {
                let left = at - self.now();
                if left <= Duration::zero() {
                    return;
                }
                tokio::time::sleep(left.min(LOOK_AGAIN).to_std().unwrap_or_default()).await;
            },
            Source::Manual(time) => {
                // It can't fail: `self` keeps the sender.
                let _ = time.subscribe().wait_for(|now| *now >= at).await;
            }
        }
    }

    /// Waits for `duration`; not at all where it isn't positive. Dropping it is harmless.
    ///
    /// On the system clock the length is kept even where the wall clock is set meanwhile.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System => tokio::time::sleep(duration.to_std().unwrap_or_default()).await,
            Source::Manual(_) => {
                let at = self.now().checked_add_signed(duration).unwrap_or(DateTime::<Utc>::MAX_UTC);
                self.sleep_until(at).await;
            }
        }
    }

    /// Waits until `duration` has passed since `since`, which is a time of this clock's just now: what a beat took is part of
    /// the pause after it. A clock that is set back or forward meanwhile doesn't make it longer than `duration`.
    pub async fn sleep_since(&self, since: DateTime<Utc>, duration: Duration) {
        match &self.0 {
            Source::System => {
                let left = duration - (self.now() - since);
                self.sleep(left.min(duration)).await;
            }
            Source::Manual(_) => {
                self.sleep_until(since.checked_add_signed(duration).unwrap_or(DateTime::<Utc>::MAX_UTC))
                    .await;
            }
        }
    }

    fn time(&self) -> &watch::Sender<DateTime<Utc>> {
        match &self.0 {
            Source::Manual(time) => time,
            Source::System => panic!("the system clock can't be moved"),
        }
    }
}

fn to_micros(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 123_456_789).unwrap()
    }

    /// Whether `future` is ready, given every chance to be.
    async fn is_done<T>(task: &tokio::task::JoinHandle<T>) -> bool {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        task.is_finished()
    }

    #[test]
    fn times_are_whole_microseconds() {
        let clock = Clock::manual(start());
        assert_eq!(clock.now().timestamp_subsec_nanos(), 123_456_000);
        clock.advance(Duration::nanoseconds(1_999));
        assert_eq!(clock.now().timestamp_subsec_nanos(), 123_457_000);
        clock.set(start());
        assert_eq!(clock.now().timestamp_subsec_nanos(), 123_456_000);
        assert_eq!(Clock::system().now().timestamp_subsec_nanos() % 1_000, 0);
        // Rounding is downwards on both sides of 1970.
        let before = DateTime::from_timestamp(-1, 999_999_999).unwrap();
        assert_eq!(Clock::manual(before).now().timestamp_subsec_nanos(), 999_999_000);
    }

    #[test]
    fn clones_share_their_time() {
        let clock = Clock::manual(start());
        let other = clock.clone();
        clock.advance(Duration::days(90));
        assert_eq!(other.now(), clock.now());
        assert!(clock.is_manual() && !Clock::system().is_manual());
    }

    #[test]
    #[should_panic(expected = "can't be moved")]
    fn the_system_clock_cannot_be_moved() {
        Clock::system().advance(Duration::seconds(1));
    }

    #[tokio::test]
    async fn sleepers_wake_when_the_clock_arrives() {
        let clock = Clock::manual(start());
        let (until, during) = (clock.clone(), clock.clone());
        let at = clock.now() + Duration::seconds(10);
        let until = tokio::spawn(async move { until.sleep_until(at).await });
        let during = tokio::spawn(async move { during.sleep(Duration::seconds(20)).await });
        assert!(!is_done(&until).await);
        clock.advance(Duration::microseconds(9_999_999));
        assert!(!is_done(&until).await);
        clock.advance(Duration::microseconds(1));
        assert!(is_done(&until).await && !is_done(&during).await);
        clock.set(at + Duration::days(1));
        assert!(is_done(&during).await);
    }

    #[tokio::test]
    async fn the_past_is_not_waited_for() {
        for clock in [Clock::manual(start()), Clock::system()] {
            clock.sleep_until(clock.now()).await;
            clock.sleep_until(DateTime::<Utc>::MIN_UTC).await;
            clock.sleep(Duration::seconds(-5)).await;
        }
    }

    #[tokio::test]
    async fn the_system_clock_waits_for_the_wall_clock() {
        let clock = Clock::system();
        let at = clock.now() + Duration::milliseconds(5);
        clock.sleep_until(at).await;
        assert!(clock.now() >= at);
    }

    #[test]
    fn sleeping_is_send() {
        fn check(_: impl Future<Output = ()> + Send) {}
        let clock = Clock::manual(start());
        check(clock.sleep_until(start()));
        check(clock.sleep(Duration::zero()));
    }
}
