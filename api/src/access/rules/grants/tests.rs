use AdminLevel::{Admin, SuperAdmin, Support};
use proptest::{option, prelude::*};

use super::*;
use crate::kernel::permission::Permission;

static PERMISSIONS: [Permission; 2] = [
    Permission { key: "a.read", description: "See it.", is_sensitive: false, level: Support },
    Permission { key: "a.grant", description: "Give it.", is_sensitive: true, level: SuperAdmin },
];

fn of(level: Option<AdminLevel>, permissions: &[&'static str]) -> Granter {
    Granter::Caller {
        account: level.map(|_| Uuid::from_u128(1)),
        level,
        permissions: permissions.iter().copied().collect(),
    }
}

fn second(number: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(number, 0).unwrap()
}

#[test]
fn nobody_gives_or_changes_above_their_own_level() {
    for (own, level, expected) in [
        (Some(SuperAdmin), SuperAdmin, true),
        (Some(Admin), SuperAdmin, false),
        (Some(Admin), Admin, true),
        (Some(Support), Admin, false),
        (Some(Support), Support, true),
        // What these give is told by what they have.
        (None, SuperAdmin, true),
    ] {
        let granter = of(own, &[]);
        assert_eq!(check_level(&granter, level).is_ok(), expected, "{own:?} gives {level:?}");
        assert_eq!(check_rank(&granter, level).is_ok(), expected, "{own:?} changes {level:?}");
    }
    assert!(check_level(&Granter::Machine, SuperAdmin).is_ok());
}

#[test]
fn nobody_gives_to_themselves() {
    let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let granter = of(Some(SuperAdmin), &["a.read"]);
    assert_eq!(check_not_self(&granter, own, "id").unwrap_err().code, UserErrorCode::NotAllowed);
    assert!(check_not_self(&granter, other, "id").is_ok());
    assert!(check_not_self(&of(None, &[]), own, "id").is_ok());
    assert!(check_not_self(&Granter::Machine, own, "id").is_ok());
}

#[test]
fn what_is_given_is_had_and_what_is_sensitive_takes_a_second_person() {
    use UserErrorCode::{ApprovalRequired, NotAllowed};
    let catalogue = Catalogue::new(&PERMISSIONS, [], []);
    let (both, plain) = (&["a.read", "a.grant"][..], &["a.read"][..]);
    for (granter, given, super_admins, expected) in [
        (of(Some(Admin), plain), plain, 1, None),
        (of(Some(Admin), &[]), plain, 1, Some(NotAllowed)),
        (of(None, &[]), plain, 1, Some(NotAllowed)),
        (of(Some(Admin), plain), both, 1, Some(NotAllowed)),
        (of(Some(SuperAdmin), both), both, 1, Some(ApprovalRequired)),
        (of(Some(SuperAdmin), both), both, 3, Some(ApprovalRequired)),
        (Granter::Machine, both, 2, None),
        (Granter::Machine, both, 3, Some(ApprovalRequired)),
        (Granter::Machine, plain, 3, None),
        (of(Some(Support), &[]), &[], 1, None),
    ] {
        let given = given.iter().copied().collect();
        let found = check_grant(&granter, &given, &catalogue, super_admins, "roleId");
        assert_eq!(found.err().map(|v| v.code), expected, "{granter:?} gives {given:?}");
    }
}

#[test]
fn the_last_super_admin_stays() {
    assert_eq!(check_last_super_admin(1).unwrap_err().code, UserErrorCode::NotAllowed);
    assert!(check_last_super_admin(2).is_ok());
}

#[test]
fn an_account_goes_from_one_to_the_other() {
    for (is_active, wanted, expected) in
        [(true, false, true), (false, true, true), (true, true, false), (false, false, false)]
    {
        assert_eq!(check_active(is_active, wanted).is_ok(), expected, "{is_active} to {wanted}");
    }
}

#[test]
fn a_role_is_given_again_for_longer_alone() {
    use UserErrorCode::{OutOfRange, Taken};
    let (now, soon, late) = (second(10), Some(second(20)), Some(second(30)));
    for (end, others, expected) in [
        (None, &[][..], None),
        (late, &[], None),
        (Some(now), &[], Some(OutOfRange)),
        (Some(second(9)), &[], Some(OutOfRange)),
        (late, &[soon], None),
        (None, &[soon, late], None),
        (late, &[late], Some(Taken)),
        (soon, &[late], Some(Taken)),
        (late, &[soon, None], Some(Taken)),
        (None, &[None], Some(Taken)),
    ] {
        assert_eq!(check_end(end, others, now).err().map(|v| v.code), expected, "{end:?} beside {others:?}");
    }
}

proptest! {
    /// Over a life of an account: granted and revoked, taken out of use and back.
    #[test]
    fn an_assignment_counts_while_nothing_has_ended_it(
        expires in option::of(0..50_i64),
        revoked in option::of(0..50_i64),
        switches in proptest::collection::btree_set(0..50_i64, 0..6),
    ) {
        let mut was_over = false;
        for now in 0..50 {
            let is_active = switches.range(..=now).count() % 2 == 0;
            // Whether it was revoked is known from then on.
            let standing = Standing {
                expires_at: expires.map(second),
                revoked_at: revoked.filter(|at| *at <= now).map(second),
                is_active,
            };
            let is_over = expires.is_some_and(|end| end <= now) || revoked.is_some_and(|end| end <= now);
            prop_assert_eq!(is_effective(&standing, second(now)), is_active && !is_over, "at {}", now);
            // What is over doesn't come back, whatever becomes of the account.
            prop_assert!(!was_over || is_over);
            was_over = is_over;
        }
    }
}
