//! Pure decisions: which types of events somebody is shown.

use crate::kernel::permission::{Catalogue, PermissionSet};

/// Whether who holds `permissions` may read events of the type `event_type`. One that nobody here declares, since
/// another service publishes it, takes no permission of its own.
pub fn is_shown(catalogue: &Catalogue, permissions: &PermissionSet, event_type: &str) -> bool {
    catalogue.event(event_type).is_none_or(|declared| permissions.has(declared.permission))
}

/// The types that who holds `permissions` may not read.
pub fn hidden(catalogue: &Catalogue, permissions: &PermissionSet) -> Vec<&'static str> {
    catalogue
        .events()
        .filter(|declared| !permissions.has(declared.permission))
        .map(|declared| declared.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use ::entity::{
        admin_user::AdminLevel,
        audit_log::{AuditCategory, AuditSeverity},
    };

    use super::*;
    use crate::kernel::{event::EventType, permission::Permission};

    const fn permission(key: &'static str) -> Permission {
        Permission { key, description: "", is_sensitive: false, level: AdminLevel::Support }
    }

    const fn event_type(name: &'static str, permission: &'static str) -> EventType {
        EventType {
            name,
            version: 1,
            description: "",
            category: AuditCategory::System,
            severity: AuditSeverity::Info,
            action: "",
            permission,
        }
    }

    #[test]
    fn a_type_is_shown_to_who_holds_its_permission() {
        static PERMISSIONS: [Permission; 2] = [permission("a.read"), permission("b.read")];
        static TYPES: [EventType; 3] = [
            event_type("a.x.made", "a.read"),
            event_type("a.y.made", "a.read"),
            event_type("b.x.made", "b.read"),
        ];
        let catalogue = Catalogue::new(&PERMISSIONS, [], &TYPES);
        for (scopes, expected) in [
            (vec!["a.read"], vec!["b.x.made"]),
            (vec!["b.*"], vec!["a.x.made", "a.y.made"]),
            (vec!["*"], vec![]),
            (vec![], vec!["a.x.made", "a.y.made", "b.x.made"]),
        ] {
            let scopes: Vec<String> = scopes.into_iter().map(str::to_owned).collect();
            let permissions = catalogue.of_scopes(&scopes);
            assert_eq!(hidden(&catalogue, &permissions), expected, "{scopes:?}");
            for ty in &TYPES {
                assert_eq!(
                    is_shown(&catalogue, &permissions, ty.name),
                    !expected.contains(&ty.name),
                    "{scopes:?}"
                );
            }
            assert!(is_shown(&catalogue, &permissions, "shop.order.paid"));
        }
    }
}
