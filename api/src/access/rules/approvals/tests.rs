use ApprovalDecision::{Approved as Yes, Denied as No};
use ApprovalStatus::{Approved, Cancelled, Denied, Executed, Expired, Open};
use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::*;

fn second(number: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(number, 0).unwrap()
}

fn account(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// The account `number`, of somebody of their own.
fn voter(number: u128) -> Voter {
    Voter { account: account(number), person: Uuid::from_u128(100 + number), may: true }
}

fn yes(number: u128) -> Vote {
    Vote { account: account(number), decision: Yes }
}

/// Asked for by 1, for the person behind 2, until 10.
fn standing(status: ApprovalStatus, required: usize) -> Standing {
    Standing {
        status,
        expires_at: second(10),
        required,
        requested_by: account(1),
        beneficiary: Some(voter(2).person),
    }
}

#[test]
fn others_who_may_decide() {
    use UserErrorCode::{InvalidTransition, NotAllowed};
    let idle = Voter { may: false, ..voter(3) };
    for (stands, voter, decision, votes, at, expected) in [
        (standing(Open, 1), voter(3), Yes, &[][..], 0, Ok(Approved)),
        (standing(Open, 1), voter(3), No, &[], 0, Ok(Denied)),
        (standing(Open, 2), voter(3), Yes, &[], 0, Ok(Open)),
        (standing(Open, 2), voter(3), Yes, &[yes(4)], 0, Ok(Approved)),
        (standing(Open, 3), voter(3), Yes, &[yes(4)], 0, Ok(Open)),
        // One who has approved may think better of it.
        (standing(Open, 2), voter(4), No, &[yes(4)], 0, Ok(Denied)),
        (standing(Approved, 1), voter(3), No, &[yes(4)], 0, Ok(Denied)),
        (standing(Open, 2), voter(4), Yes, &[yes(4)], 0, Err(NotAllowed)),
        (standing(Approved, 1), voter(3), Yes, &[yes(4)], 0, Err(InvalidTransition)),
        // Neither who asked, nor whom it is for, nor who may not.
        (standing(Open, 1), voter(1), Yes, &[], 0, Err(NotAllowed)),
        (standing(Open, 1), voter(1), No, &[], 0, Err(NotAllowed)),
        (standing(Open, 1), voter(2), Yes, &[], 0, Err(NotAllowed)),
        (standing(Open, 1), voter(2), No, &[], 0, Err(NotAllowed)),
        (standing(Open, 1), idle, Yes, &[], 0, Err(NotAllowed)),
        (standing(Open, 1), idle, No, &[], 0, Err(NotAllowed)),
        // The last moment, and the first that is too late.
        (standing(Open, 1), voter(3), Yes, &[], 9, Ok(Approved)),
        (standing(Open, 1), voter(3), Yes, &[], 10, Err(InvalidTransition)),
        (standing(Approved, 1), voter(3), No, &[], 10, Err(InvalidTransition)),
        (standing(Executed, 1), voter(3), No, &[], 0, Err(InvalidTransition)),
        (standing(Denied, 1), voter(3), Yes, &[], 0, Err(InvalidTransition)),
        (standing(Cancelled, 1), voter(3), Yes, &[], 0, Err(InvalidTransition)),
        (standing(Expired, 1), voter(3), Yes, &[], 0, Err(InvalidTransition)),
    ] {
        let found = decide(&stands, &voter, decision, votes, second(at)).map_err(|violation| violation.code);
        assert_eq!(found, expected, "{decision:?} by {voter:?} at {at} about {stands:?} after {votes:?}");
    }
}

#[test]
fn who_asked_takes_it_back_while_it_is_pending() {
    use UserErrorCode::{InvalidTransition, NotAllowed};
    for (status, by, at, expected) in [
        (Open, Some(1), 0, None),
        (Approved, Some(1), 0, None),
        (Open, Some(1), 10, Some(InvalidTransition)),
        (Executed, Some(1), 0, Some(InvalidTransition)),
        (Open, Some(3), 0, Some(NotAllowed)),
        (Open, None, 0, Some(NotAllowed)),
    ] {
        let found = check_cancel(&standing(status, 1), by.map(account), second(at));
        assert_eq!(found.err().map(|violation| violation.code), expected, "{status:?} by {by:?} at {at}");
    }
}

#[test]
fn what_was_true_when_it_was_approved_must_be_when_it_is_done() {
    let idle = |number| Voter { may: false, ..voter(number) };
    let one = || standing(Approved, 1);
    for (stands, approvers, may_requester, is_intact, at, expected) in [
        (one(), &[voter(3)][..], true, true, 0, Some(Verdict::CarryOut)),
        (one(), &[idle(3), voter(4)], true, true, 0, Some(Verdict::CarryOut)),
        (one(), &[voter(3)], true, true, 10, Some(Verdict::Expire)),
        (one(), &[voter(3)], true, false, 0, None),
        (one(), &[voter(3)], false, true, 0, None),
        (one(), &[idle(3)], true, true, 0, None),
        (one(), &[], true, true, 0, None),
        // Whatever the table of votes says.
        (one(), &[voter(1)], true, true, 0, None),
        (one(), &[voter(2)], true, true, 0, None),
        (standing(Approved, 2), &[voter(3), voter(3)], true, true, 0, None),
        (standing(Open, 1), &[voter(3)], true, true, 0, Some(Verdict::Leave)),
        (standing(Cancelled, 1), &[voter(3)], true, true, 0, Some(Verdict::Leave)),
    ] {
        let found = judge(&stands, approvers, may_requester, is_intact, second(at));
        match expected {
            Some(expected) => assert_eq!(found, expected, "{stands:?} by {approvers:?}"),
            None => assert!(matches!(found, Verdict::Deny(_)), "{found:?}: {stands:?} by {approvers:?}"),
        }
    }
}

#[test]
fn whatever_is_frozen_is_in_the_hash() {
    let payload = json!({ "a": 1, "b": [2] });
    let terms = Terms {
        kind: "a.do",
        permission: "a.read",
        required: 1,
        summary: "Do it.",
        payload: &payload,
        requested_by: account(1),
        beneficiary: Some(account(2)),
    };
    let hash = terms.hash().unwrap();
    let reordered: Value = serde_json::from_str(r#"{ "b": [2], "a": 1 }"#).unwrap();
    assert_eq!(Terms { payload: &reordered, ..terms }.hash().unwrap(), hash);
    let other = json!({ "a": 1, "b": [3] });
    for changed in [
        Terms { kind: "b.do", ..terms },
        Terms { permission: "b.read", ..terms },
        Terms { required: 2, ..terms },
        Terms { summary: "Do.", ..terms },
        Terms { payload: &other, ..terms },
        Terms { requested_by: account(3), ..terms },
        Terms { beneficiary: None, ..terms },
    ] {
        assert_ne!(changed.hash().unwrap(), hash, "{changed:?}");
    }
}

/// Something that happens to an approval.
#[derive(Clone, Copy, Debug)]
enum Step {
    Vote(u128, ApprovalDecision),
    Cancel(u128),
    Lose(u128),
    Wait(i64),
    Lapse,
    CarryOut,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let somebody = || 1..6_u128;
    let decision = prop_oneof![4 => Just(Yes), 1 => Just(No)];
    let step = prop_oneof![
        6 => (somebody(), decision).prop_map(|(who, decision)| Step::Vote(who, decision)),
        1 => somebody().prop_map(Step::Cancel),
        2 => somebody().prop_map(Step::Lose),
        2 => (0..4_i64).prop_map(Step::Wait),
        1 => Just(Step::Lapse),
        3 => Just(Step::CarryOut),
    ];
    vec(step, 0..24)
}

proptest! {
    #[test]
    fn nothing_is_done_but_what_enough_others_approved_who_still_may(required in 1..4_usize, steps in steps()) {
        let mut now = 0;
        let mut stands = standing(Open, required);
        let mut votes: Vec<Vote> = Vec::new();
        let mut lost = Vec::new();
        for step in steps {
            let before = stands.status;
            let as_now = |who: u128| Voter { may: !lost.contains(&who), ..voter(who) };
            match step {
                Step::Vote(who, decision) => {
                    if let Ok(status) = decide(&stands, &as_now(who), decision, &votes, second(now)) {
                        stands.status = status;
                        votes.retain(|vote| vote.account != account(who));
                        votes.push(Vote { account: account(who), decision });
                    }
                }
                Step::Cancel(who) => {
                    if check_cancel(&stands, Some(account(who)), second(now)).is_ok() {
                        stands.status = Cancelled;
                    }
                }
                Step::Lose(who) => lost.push(who),
                Step::Wait(seconds) => now += seconds,
                Step::Lapse if has_lapsed(&stands, second(now)) => stands.status = Expired,
                Step::Lapse => {}
                Step::CarryOut => {
                    let approved = (1..6).filter(|who| votes.contains(&yes(*who)));
                    let approvers: Vec<_> = approved.map(as_now).collect();
                    match judge(&stands, &approvers, !lost.contains(&1), true, second(now)) {
                        Verdict::CarryOut => stands.status = Executed,
                        Verdict::Deny(_) => stands.status = Denied,
                        Verdict::Expire => stands.status = Expired,
                        Verdict::Leave => {}
                    }
                }
            }
            let after = stands.status;
            if !matches!(before, Open | Approved) {
                prop_assert_eq!(after, before, "an end is an end");
            }
            prop_assert!(!(before == Approved && after == Open), "what is approved isn't open again");
            if before != Executed && after == Executed {
                prop_assert_eq!(before, Approved);
                prop_assert!(now < 10);
                let others = (3..6).filter(|who| votes.contains(&yes(*who)) && !lost.contains(who));
                prop_assert!(others.count() >= required, "{:?}, and {:?} may not any more", votes, lost);
                prop_assert!(votes.iter().all(|vote| vote.decision == Yes), "nobody has denied it");
            }
        }
    }
}
