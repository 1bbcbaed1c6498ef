//! Who there is.

use ::entity::{admin_user::AdminLevel, organization::OrganizationStatus};

/// Somebody who runs the platform.
#[derive(Debug)]
pub struct Staff {
    /// What stories call them.
    pub key: &'static str,
    /// Their name.
    pub name: &'static str,
    /// What they may.
    pub level: AdminLevel,
    /// Where they sit: an address for documentation (RFC 5737).
    pub address: &'static str,
}

const fn staff(key: &'static str, name: &'static str, level: AdminLevel, address: &'static str) -> Staff {
    Staff { key, name, level, address }
}

/// Those who run the platform. The first makes the accounts of the others.
pub const STAFF: &[Staff] = &[
    staff("ines", "Inês Carvalho", AdminLevel::SuperAdmin, "192.0.2.11"),
    staff("tomasz", "Tomasz Zieliński", AdminLevel::SuperAdmin, "192.0.2.12"),
    staff("maja", "Maja Lindqvist", AdminLevel::Admin, "198.51.100.21"),
    staff("kwame", "Kwame Mensah", AdminLevel::Admin, "198.51.100.22"),
    staff("priya", "Priya Raman", AdminLevel::Admin, "198.51.100.23"),
    staff("aiko", "Aiko Tanaka", AdminLevel::Support, "203.0.113.31"),
    staff("jonas", "Jonas Weber", AdminLevel::Support, "203.0.113.32"),
    staff("lucia", "Lucía Ferrer", AdminLevel::Support, "203.0.113.33"),
];

/// A customer or partner.
#[derive(Debug)]
pub struct Organization {
    /// What stories call it.
    pub slug: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Where it stands.
    pub status: OrganizationStatus,
    /// How many members it has.
    pub members: usize,
}

const fn organization(
    slug: &'static str,
    name: &'static str,
    status: OrganizationStatus,
    members: usize,
) -> Organization {
    Organization { slug, name, status, members }
}

/// The partner whose token the demo prints.
pub const PARTNER: &str = "nordic-scales";

/// The organizations.
pub const ORGANIZATIONS: &[Organization] = &[
    organization(PARTNER, "Nordic Scales", OrganizationStatus::Active, 140),
    organization("gecko-garden", "Gecko Garden", OrganizationStatus::Active, 95),
    organization("desert-dragons", "Desert Dragons Rescue", OrganizationStatus::Active, 60),
    organization("herpetarium-leipzig", "Herpetarium Leipzig", OrganizationStatus::Active, 45),
    organization("chameleon-and-co", "Chameleon & Co.", OrganizationStatus::Active, 180),
    organization("the-python-post", "The Python Post", OrganizationStatus::Trial, 12),
    organization("tortuga-sanctuary", "Tortuga Sanctuary", OrganizationStatus::Active, 70),
    organization("blue-tongue-breeders", "Blue Tongue Breeders", OrganizationStatus::Active, 110),
    organization("monitor-lizard-club", "Monitor Lizard Club", OrganizationStatus::PastDue, 85),
    organization("emerald-tree", "Emerald Tree Terraria", OrganizationStatus::Active, 130),
    organization("axolotl-academy", "Axolotl Academy", OrganizationStatus::Trial, 25),
    organization("slow-and-steady", "Slow & Steady Tortoises", OrganizationStatus::Suspended, 48),
];

/// What members are.
pub const ROLES: &[&str] = &["owner", "manager", "breeder", "keeper", "vet", "buyer"];

/// Where addresses end.
pub const DOMAINS: &[&str] = &["example.com", "example.org", "example.net"];

/// Given names.
#[rustfmt::skip]
pub const FIRST: &[&str] = &[
    "Adaeze", "Ahmed", "Aino", "Akira", "Alma", "Amara", "Ana", "Anders", "Aoife", "Arjun", "Asha", "Astrid",
    "Ayşe", "Bao", "Beatriz", "Bence", "Björn", "Camille", "Carlos", "Chiara", "Chidi", "Clara", "Daan", "Dalia",
    "Diego", "Dilnoza", "Elif", "Elisa", "Emeka", "Emil", "Esther", "Fatima", "Felix", "Femi", "Freya", "Gabriel",
    "Giulia", "Hana", "Hassan", "Hugo", "Ida", "Ilya", "Imani", "Ingrid", "Isla", "Ivan", "Jaya", "João",
    "Julia", "Kaito", "Karim", "Katya", "Keanu", "Lars", "Layla", "Leon", "Linh", "Lukas", "Mina", "Malik",
    "Marta", "Mateo", "Mei", "Milan", "Naima", "Nia", "Nikolai", "Noor", "Olga", "Omar", "Oscar", "Paula",
    "Pilar", "Quentin", "Rafael", "Ravi", "Rosa", "Sami", "Sanna", "Sofia", "Tala", "Teo", "Uma", "Viktor",
    "Wanjiru", "Yara", "Yusuf", "Zanele", "Zofia", "Zuri",
];

/// Family names.
#[rustfmt::skip]
pub const LAST: &[&str] = &[
    "Abdi", "Adeyemi", "Almeida", "Andersson", "Bakker", "Banerjee", "Barros", "Bauer", "Berg", "Bianchi",
    "Botha", "Braun", "Chen", "Costa", "Cruz", "Da Silva", "Demir", "Diaz", "Dubois", "Eriksson", "Farah",
    "Fernandes", "Fischer", "Fontaine", "Gallo", "García", "Grant", "Gupta", "Haddad", "Hansen", "Hernández",
    "Horváth", "Ibrahim", "Ito", "Ivanova", "Jansen", "Jensen", "Johansson", "Kaya", "Keller", "Kim", "Kovač",
    "Kowalski", "Kruger", "Lam", "Larsen", "Lefèvre", "Lindberg", "López", "Maas", "Marino", "Martín", "Mbeki",
    "Meyer", "Moreau", "Morales", "Mwangi", "Nagy", "Ndiaye", "Nguyen", "Nielsen", "Novák", "Nowak", "O'Brien",
    "Okafor", "Olsen", "Osei", "Park", "Patel", "Pereira", "Petrov", "Popescu", "Quispe", "Ramos", "Reyes",
    "Ricci", "Romero", "Rossi", "Roux", "Ruiz", "Sato", "Schmidt", "Sharma", "Silva", "Singh", "Smit", "Suzuki",
    "Svensson", "Takahashi", "Tanaka", "Torres", "Tran", "Vargas", "Virtanen", "Vogel", "Wang", "Weiss", "Yilmaz",
    "Young", "Zhang",
];

/// Why somebody is kept out.
pub const SUSPENSIONS: &[&str] = &[
    "Three buyers report animals that never arrived.",
    "Sells a species that needs papers, and shows none.",
    "The card was reported stolen.",
    "Photographs of somebody else's animals in eleven listings.",
    "Harasses a breeder in the forum after two warnings.",
    "Logs in from five countries within an hour.",
];

/// Why somebody is let in again.
pub const REINSTATEMENTS: &[&str] = &[
    "Sent the papers; checked with the authority.",
    "The account was taken over; password and second factor are new.",
    "All three buyers have their money back.",
    "A mix-up of two accounts: apologised.",
];
