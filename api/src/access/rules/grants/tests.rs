use AdminLevel::{Admin, SuperAdmin, Support};
use proptest::{option, prelude::*};

use super::*;
use crate::kernel::permission::Permission;

static PERMISSIONS: [Permission; 2] = [
    Permission { key: "a.read", description: "See it.", is_sensitive: false, level: Support },
    Permission { key: "a.grant", description: "Give it.", is_sensitive: true, level: SuperAdmin },
];

fn of(level: Option<AdminLevel>, permissions: &[&'static str]) -> Granter {
    Granter::Caller { account: level.map(|_| Uuid::from_u128(1)), reach: reach(level, permissions) }
}

fn reach(level: Option<AdminLevel>, permissions: &[&'static str]) -> Reach {
    let permissions: PermissionSet = permissions.iter().copied().collect();
    Reach { level, now: permissions.clone(), lasting: permissions }
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
        let found = check_rank(&granter, level, &PermissionSet::default(), "id");
        assert_eq!(found.is_ok(), expected, "{own:?} changes {level:?}");
    }
    assert!(check_level(&Granter::Machine, SuperAdmin).is_ok());
}

#[test]
fn nobody_changes_who_may_do_more() {
    let account: PermissionSet = ["a.grant", "a.read"].into_iter().collect();
    for (own, has, lacking) in [
        (Some(SuperAdmin), &["a.read", "a.grant"][..], &[][..]),
        (Some(SuperAdmin), &["a.grant"], &["a.read"]),
        (None, &["a.read", "a.grant"], &[]),
        (None, &["a.grant"], &["a.read"]),
        (None, &[], &["a.grant", "a.read"]),
    ] {
        let found = check_rank(&of(own, has), Support, &account, "id");
        assert_eq!(found.err().map(|v| v.lacking).unwrap_or_default(), lacking, "{own:?} with {has:?}");
    }
    // What they have for a while is enough for that, and nothing to give.
    let reach = Reach { lasting: PermissionSet::default(), ..reach(None, &["a.read", "a.grant"]) };
    let granter = Granter::Caller { account: None, reach };
    assert!(check_rank(&granter, Support, &account, "id").is_ok());
    assert_eq!(check_given(&granter, &account, "id").unwrap_err().lacking, ["a.grant", "a.read"]);
    assert!(check_rank(&Granter::Machine, SuperAdmin, &account, "id").is_ok());
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
    let approved = Granter::Approved { account: Uuid::from_u128(1), reach: reach(Some(SuperAdmin), both) };
    // Somebody with an account asks others, once there are enough; everybody else is told to.
    let asks = [(of(Some(SuperAdmin), both), 3, true), (of(Some(SuperAdmin), both), 2, false)];
    for (granter, super_admins, expected) in asks.into_iter().chain([
        (of(None, both), 3, false),
        (Granter::Machine, 3, false),
        (approved.clone(), 3, false),
    ]) {
        let given = both.iter().copied().collect();
        let found = check_grant(&granter, &given, &catalogue, super_admins, "roleId");
        assert_eq!(matches!(found, Ok(Consent::Needed(_))), expected, "{granter:?}");
    }
    for (granter, given, super_admins, expected) in [
        (of(Some(Admin), plain), plain, 1, None),
        (of(Some(Admin), &[]), plain, 1, Some(NotAllowed)),
        (of(None, &[]), plain, 1, Some(NotAllowed)),
        (of(Some(Admin), plain), both, 1, Some(NotAllowed)),
        (of(Some(SuperAdmin), both), both, 1, Some(ApprovalRequired)),
        (of(Some(SuperAdmin), both), both, 3, Some(ApprovalRequired)),
        (of(None, both), both, 3, Some(ApprovalRequired)),
        (approved.clone(), both, 1, None),
        (approved, &["b.read"], 3, Some(NotAllowed)),
        (Granter::Machine, both, 2, None),
        (Granter::Machine, both, 3, Some(ApprovalRequired)),
        (Granter::Machine, plain, 3, None),
        (of(Some(Support), &[]), &[], 1, None),
    ] {
        let given = given.iter().copied().collect();
        let found = check_grant(&granter, &given, &catalogue, super_admins, "roleId");
        let found = found.and_then(Consent::required);
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
