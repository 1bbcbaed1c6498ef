//! Permissions: who may do what, as keys `domain.action`.
//!
//! A domain declares its permissions in its `permissions.rs`; `schema.rs` collects them into the [`Catalogue`]. The
//! kernel knows the type, not the list.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ::entity::admin_user::AdminLevel;

use super::{
    event::EventType,
    guard::{Root, RootField},
    secret::sealed::SealedTable,
};

/// Something that a caller may be allowed to do.
#[derive(Debug)]
pub struct Permission {
    /// `incidents.acknowledge`
    pub key: &'static str,
    /// What it allows, for the people who grant it.
    pub description: &'static str,
    /// Granting it needs a second person.
    pub is_sensitive: bool,
    /// The lowest level of an admin account that has it without further ado.
    pub level: AdminLevel,
}

/// Something that takes other people's approval before it is done.
#[derive(Debug)]
pub struct Action {
    /// What is done, and the kind of the task that does it: `access.assign_role`.
    pub kind: &'static str,
    /// What deciding about it takes beside the right to approve anything, and what whoever asks must have until it is done.
    pub permission: &'static str,
    /// How many others must approve: at least one.
    pub approvals: i32,
}

/// Every permission, root field, event type, action that takes approval, type of objects, and table with sealed columns
/// there is.
#[derive(Debug, Default)]
pub struct Catalogue {
    permissions: BTreeMap<&'static str, &'static Permission>,
    fields: BTreeMap<&'static str, RootField>,
    events: BTreeMap<&'static str, &'static EventType>,
    actions: BTreeMap<&'static str, &'static Action>,
    objects: BTreeMap<String, &'static str>,
    sealed: Vec<&'static SealedTable>,
}

impl Catalogue {
    /// Collects what the domains declare.
    ///
    /// # Panics
    /// Where a key is declared twice, or a root field or event names a permission that nobody declares: a mistake in
    /// the source that no start may survive.
    pub fn new(
        permissions: impl IntoIterator<Item = &'static Permission>,
        fields: impl IntoIterator<Item = RootField>,
        events: impl IntoIterator<Item = &'static EventType>,
    ) -> Self {
        let mut catalogue = Self::default();
        for permission in permissions {
            let twice = catalogue.permissions.insert(permission.key, permission).is_some();
            assert!(!twice, "the permission {} is declared twice", permission.key);
        }
        for field in fields {
            if let Some(key) = field.access.permission() {
                assert!(
                    catalogue.permissions.contains_key(key),
                    "{} needs {key}, which nobody declares",
                    field.name
                );
            }
            assert!(catalogue.fields.insert(field.name, field).is_none(), "{} is declared twice", field.name);
        }
        for event in events {
            let key = event.permission;
            assert!(
                catalogue.permissions.contains_key(key),
                "{} needs {key}, which nobody declares",
                event.name
            );
            assert!(catalogue.events.insert(event.name, event).is_none(), "{} is declared twice", event.name);
        }
        catalogue
    }

    /// And what takes approval.
    ///
    /// # Panics
    /// Where a kind is declared twice, takes nobody's approval, or names a permission that nobody declares.
    #[must_use]
    pub fn with_actions(mut self, actions: impl IntoIterator<Item = &'static Action>) -> Self {
        for action in actions {
            let Action { kind, permission, approvals } = action;
            assert!(
                self.permissions.contains_key(permission),
                "{kind} needs {permission}, which nobody declares"
            );
            assert!(*approvals > 0, "{kind} takes nobody's approval");
            assert!(self.actions.insert(action.kind, action).is_none(), "{kind} is declared twice");
        }
        self
    }

    /// And the tables with sealed columns.
    #[must_use]
    pub fn with_sealed(mut self, tables: impl IntoIterator<Item = &'static SealedTable>) -> Self {
        self.sealed.extend(tables);
        self
    }

    /// And the types of objects with an id, each with the permission that reading one takes on every way to it.
    ///
    /// # Panics
    /// Where nobody declares the permission.
    #[must_use]
    pub fn with_objects(mut self, objects: impl IntoIterator<Item = (String, &'static str)>) -> Self {
        for (ty, key) in objects {
            assert!(self.permissions.contains_key(key), "{ty} needs {key}, which nobody declares");
            self.objects.insert(ty, key);
        }
        self
    }

    /// The tables with sealed columns.
    pub fn sealed(&self) -> impl Iterator<Item = &'static SealedTable> {
        self.sealed.iter().copied()
    }

    /// The permission called `key`.
    pub fn permission(&self, key: &str) -> Option<&'static Permission> {
        self.permissions.get(key).copied()
    }

    /// What takes approval under the name `kind`.
    pub fn action(&self, kind: &str) -> Option<&'static Action> {
        self.actions.get(kind).copied()
    }

    /// All that takes approval, by kind.
    pub fn actions(&self) -> impl Iterator<Item = &'static Action> {
        self.actions.values().copied()
    }

    /// The permission that reading objects of the type `name` takes; none for types whose objects have no id.
    pub fn object(&self, name: &str) -> Option<&'static str> {
        self.objects.get(name).copied()
    }

    /// All permissions, by key.
    pub fn permissions(&self) -> impl Iterator<Item = &'static Permission> {
        self.permissions.values().copied()
    }

    /// The declaration of a root field.
    pub fn field(&self, name: &str) -> Option<&RootField> {
        self.fields.get(name)
    }

    /// All root fields, by name.
    pub fn fields(&self) -> impl Iterator<Item = &RootField> {
        self.fields.values()
    }

    /// All event types, by name.
    pub fn events(&self) -> impl Iterator<Item = &'static EventType> {
        self.events.values().copied()
    }

    /// The declaration of an event type; none for types of other services.
    pub fn event(&self, name: &str) -> Option<&'static EventType> {
        self.events.get(name).copied()
    }

    /// What an account of `level` may, with `extra` permissions and wildcards of its own.
    pub fn of_account(&self, level: AdminLevel, extra: &[String]) -> PermissionSet {
        self.select(|p| p.level <= level || covers_any(extra, p.key))
    }

    /// What `scopes` name.
    pub fn of_scopes(&self, scopes: &[String]) -> PermissionSet {
        self.select(|p| covers_any(scopes, p.key))
    }

    /// What of `held` is left to who acts in another one's place: nothing by which rights are given or taken, and where they
    /// only look, nothing by which anything is changed. What something is read by is left.
    pub fn in_place(&self, held: &PermissionSet, is_read_only: bool) -> PermissionSet {
        let is_left = |key: &&'static str| {
            let of = || self.fields().filter(|field| field.access.permission() == Some(*key));
            let is_banned = is_about_rights(key) || is_read_only && of().any(|f| f.root == Root::Mutation);
            !is_banned || of().any(|field| field.root != Root::Mutation)
        };
        held.iter().filter(is_left).collect()
    }

    /// Every permission: what a part of the gateway itself may.
    pub fn all(&self) -> PermissionSet {
        self.select(|_| true)
    }

    /// The scopes that name no permission: a mistake where they are granted.
    pub fn unknown_scopes<'a>(&self, scopes: &'a [String]) -> Vec<&'a str> {
        scopes
            .iter()
            .map(String::as_str)
            .filter(|scope| !self.permissions.keys().any(|key| covers(scope, key)))
            .collect()
    }

    fn select(&self, keep: impl Fn(&Permission) -> bool) -> PermissionSet {
        self.permissions().filter(|p| keep(p)).map(|p| p.key).collect()
    }
}

/// What acting in somebody's place takes, for as long as it lasts.
pub const IMPERSONATE: &str = "access.impersonate";
/// What changing anything so takes.
pub const IMPERSONATE_WRITING: &str = "access.impersonate_writing";

/// Whether `key` is about who may what.
pub fn is_about_rights(key: &str) -> bool {
    key.starts_with("access.")
}

fn covers_any(scopes: &[String], key: &str) -> bool {
    scopes.iter().any(|scope| covers(scope, key))
}

/// `incidents.read` covers itself, `incidents.*` the domain; `*` and `operations.*` cover everything (the latter is the
/// scope by which issuers say "whatever the account may").
fn covers(scope: &str, key: &str) -> bool {
    scope == "*"
        || scope == "operations.*"
        || scope == key
        || scope.strip_suffix('*').is_some_and(|domain| domain.ends_with('.') && key.starts_with(domain))
}

/// A set of permissions, with wildcards already spelled out. Cheap to clone, compare and hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PermissionSet(Arc<BTreeSet<&'static str>>);

impl PermissionSet {
    /// Whether `key` is in it.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains(key)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What both have.
    pub fn intersection(&self, other: &Self) -> Self {
        self.0.intersection(&other.0).copied().collect()
    }

    /// What either has.
    pub fn union(&self, other: &Self) -> Self {
        self.0.union(&other.0).copied().collect()
    }

    /// What this one has and `other` doesn't.
    pub fn without(&self, other: &Self) -> Self {
        self.0.difference(&other.0).copied().collect()
    }

    /// The keys, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}

impl FromIterator<&'static str> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = &'static str>>(keys: I) -> Self {
        Self(Arc::new(keys.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn wildcards_cover_a_domain_and_nothing_beside_it() {
        for (scope, key, expected) in [
            ("incidents.read", "incidents.read", true),
            ("incidents.read", "incidents.readable", false),
            ("incidents.*", "incidents.read", true),
            ("incidents.*", "incidentsx.read", false),
            ("incident*", "incidents.read", false),
            ("*", "incidents.read", true),
            ("operations.*", "incidents.read", true),
            ("", "incidents.read", false),
        ] {
            assert_eq!(covers(scope, key), expected, "{scope} over {key}");
        }
    }
}
