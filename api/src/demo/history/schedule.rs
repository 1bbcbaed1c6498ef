//! What happens within the thirty days, and when.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use crate::demo::{
    Plan,
    cast::INTERVAL_SECONDS,
    content::{
        Does, Raised, Story,
        alerts::ORDINARY,
        people::{ORGANIZATIONS, Organization, REINSTATEMENTS, SUSPENSIONS},
        stories,
    },
    weather::Spell,
};

/// People who were there before the gateway was, for each day of the plan: as many as make 50,000 entries of a month.
const EVERYBODY_A_DAY: usize = 1_080;
/// People that the accounts service sends at once, in the beginning.
pub const AT_ONCE: usize = 500;
/// From one of its messages to the next.
const NEWS: TimeDelta = TimeDelta::hours(2);
/// Until the register is complete, nothing else happens.
const SETTLING_IN: TimeDelta = TimeDelta::hours(3);
/// Alerts, and people who are kept out, on an ordinary day.
const ALERTS_A_DAY: u32 = 7;
const SUSPENSIONS_A_DAY: u32 = 3;
/// The people who deal with them.
const ON_CALL: &[&str] = &["kwame", "maja", "priya"];
const SUPPORT: &[&str] = &["aiko", "jonas", "lucia"];

/// Something that happens. Where it is one of several of its kind, it says which by a number.
#[derive(Debug)]
pub enum Act {
    /// The accounts service sends some of the people whom it has always known.
    Everybody,
    /// An organization gets its members.
    Members(&'static Organization),
    /// The accounts service sends what is new.
    News,
    /// Every service is asked.
    Probes,
    /// A story begins.
    Begin(usize, &'static Story),
    /// Somebody in a story does something.
    Step(usize, &'static str, &'static Does),
    /// A system raises an alert.
    Alert(usize, &'static Raised),
    /// Somebody is on it.
    Seen(usize, &'static str),
    /// It passes.
    Passed(usize, &'static Raised),
    /// Somebody keeps the nth person out, and says why.
    Suspend(usize, &'static str, &'static str),
    /// Somebody lets them in again.
    Reinstate(usize, &'static str, &'static str),
}

/// Everything that happens, in its order.
pub fn acts(plan: &Plan, mut rng: StdRng) -> Vec<(DateTime<Utc>, Act)> {
    let from = plan.from();
    let mut acts = Vec::new();
    let everybody = EVERYBODY_A_DAY * plan.days as usize;
    for (minute, _) in (0..everybody.div_ceil(AT_ONCE)).enumerate() {
        acts.push((from + minutes(1 + minute as i64), Act::Everybody));
    }
    for (minute, organization) in (0..).zip(ORGANIZATIONS) {
        acts.push((from + minutes(90 + minute), Act::Members(organization)));
    }
    acts.extend(every(NEWS, from + SETTLING_IN, plan.until).map(|at| (at, Act::News)));
    let interval = TimeDelta::seconds(INTERVAL_SECONDS.into());
    acts.extend(every(interval, from + interval, plan.until).map(|at| (at, Act::Probes)));
    for (number, (story, begins_at)) in told(plan).enumerate() {
        acts.push((begins_at, Act::Begin(number, story)));
        let steps = story
            .steps
            .iter()
            .map(|(after, by, does)| (begins_at + minutes(*after), Act::Step(number, by, does)));
        acts.extend(steps.filter(|(at, _)| *at < plan.until));
    }
    ordinary_days(plan, everybody, &mut rng, &mut acts);
    acts.sort_by_key(|(at, _)| *at);
    acts
}

/// Alerts that pass, and people who are kept out for a while.
fn ordinary_days(plan: &Plan, people: usize, rng: &mut StdRng, acts: &mut Vec<(DateTime<Utc>, Act)>) {
    let mut push = |at: DateTime<Utc>, act| {
        if at < plan.until {
            acts.push((at, act));
        }
    };
    let settled = plan.from() + SETTLING_IN;
    let whole = (plan.until - settled).num_minutes();
    let mut pick = |of: &'static [&'static str]| of.choose(rng).copied().unwrap_or_default();
    let people_on_call: Vec<_> = (0..plan.days * ALERTS_A_DAY).map(|_| pick(ON_CALL)).collect();
    let people_of_support: Vec<_> = (0..plan.days * SUSPENSIONS_A_DAY)
        .map(|_| (pick(SUPPORT), pick(SUSPENSIONS), pick(REINSTATEMENTS)))
        .collect();
    for (number, by) in people_on_call.into_iter().enumerate() {
        let Some(raised) = ORDINARY.choose(rng) else { continue };
        let at = settled + minutes(rng.random_range(0..whole));
        let seen_at = at + minutes(rng.random_range(2..40));
        let passed_at = seen_at + minutes(rng.random_range(5..180));
        push(at, Act::Alert(number, raised));
        push(seen_at, Act::Seen(number, by));
        push(passed_at, Act::Passed(number, raised));
    }
    for (by, why, why_again) in people_of_support {
        let at = settled + minutes(rng.random_range(0..whole));
        let person = rng.random_range(0..people);
        push(at, Act::Suspend(person, by, why));
        if rng.random_ratio(2, 5) {
            push(at + minutes(rng.random_range(60..6_000)), Act::Reinstate(person, by, why_again));
        }
    }
}

/// The trouble that the stories make.
pub fn spells(plan: &Plan) -> Vec<Spell> {
    let spells = told(plan).filter_map(|(story, from)| {
        let (service, trouble) = story.trouble?;
        let mended = story.steps.iter().find(|(_, _, does)| matches!(does, Does::Mend));
        Some(Spell { service, trouble, from, until: mended.map(|(after, ..)| from + minutes(*after)) })
    });
    spells.collect()
}

/// The stories that lie within the plan, each with its beginning.
fn told(plan: &Plan) -> impl Iterator<Item = (&'static Story, DateTime<Utc>)> {
    let begin = plan.until;
    let settled = plan.from() + SETTLING_IN;
    let beginning = move |story: &'static Story| {
        let (days, some) = story.ago;
        (story, begin - TimeDelta::days(days) - minutes(some))
    };
    stories::all().map(beginning).filter(move |(_, begins_at)| *begins_at >= settled)
}

fn every(step: TimeDelta, from: DateTime<Utc>, until: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    std::iter::successors(Some(from), move |at| Some(*at + step)).take_while(move |at| *at <= until)
}

fn minutes(number: i64) -> TimeDelta {
    TimeDelta::minutes(number)
}
