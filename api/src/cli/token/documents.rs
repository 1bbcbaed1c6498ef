//! Documents in files, as front ends have them: GraphQL, or the manifests that their tools write.

use std::{
    collections::BTreeMap,
    fmt::Display,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::kernel::persisted::DocumentHash;

/// What a manifest is.
#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    /// Apollo's: `generate-persisted-query-manifest`.
    Apollo { operations: Vec<Entry> },
    /// A document by its hash: graphql-codegen's client preset, and Relay.
    Hashes(BTreeMap<String, String>),
}

/// An operation in a manifest of Apollo's.
#[derive(Deserialize)]
struct Entry {
    id: String,
    body: String,
}

/// A document, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The file, and which one in it.
    pub place: String,
    /// The document.
    pub text: String,
}

/// Reads the documents in `paths`: manifests (`.json`), files of GraphQL, and directories of such files, at any depth.
///
/// # Errors
/// What is wrong with which file.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Found>, String> {
    let mut found = Vec::new();
    for path in paths {
        let at = |error: &dyn Display| format!("{}: {error}", path.display());
        if path.is_dir() {
            let mut files = Vec::new();
            graphql_files(path, &mut files).map_err(|error| at(&error))?;
            if files.is_empty() {
                return Err(at(&"there is no .graphql file in it"));
            }
            files.sort();
            for file in files {
                found.push(graphql(&file)?);
            }
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(path).map_err(|error| at(&error))?;
            found.extend(manifest(&path.display().to_string(), &text)?);
        } else {
            found.push(graphql(path)?);
        }
    }
    Ok(found)
}

/// A file is one document, byte for byte: `sha256sum` prints its hash.
fn graphql(path: &Path) -> Result<Found, String> {
    let place = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| format!("{place}: {error}"))?;
    Ok(Found { place, text })
}

fn graphql_files(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            graphql_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "graphql" || extension == "gql") {
            files.push(path);
        }
    }
    Ok(())
}

/// The documents of a manifest, whose hashes have to be theirs.
fn manifest(place: &str, text: &str) -> Result<Vec<Found>, String> {
    let manifest: Manifest = serde_json::from_str(text).map_err(|_| {
        format!(r#"{place}: this is no manifest of persisted documents, such as {{"HASH": "query …"}}"#)
    })?;
    let entries: Vec<(String, String)> = match manifest {
        Manifest::Apollo { operations } => {
            operations.into_iter().map(|entry| (entry.id, entry.body)).collect()
        }
        Manifest::Hashes(documents) => documents.into_iter().collect(),
    };
    let is_its_own = |(id, text): &(String, String)| {
        DocumentHash::parse(id.strip_prefix("sha256:").unwrap_or(id)) == Some(DocumentHash::of(text))
    };
    if let Some((id, _)) = entries.iter().find(|entry| !is_its_own(entry)) {
        return Err(format!(
            "{place}: {id} isn't the SHA-256 of its document: have your tool hash with sha256 (graphql-codegen: \
             hashAlgorithm, Relay: algorithm)"
        ));
    }
    Ok(entries.into_iter().map(|(id, text)| Found { place: format!("{place}, {id}"), text }).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DOCUMENT: &str = "query Viewer { viewer { permissions } }";

    #[test]
    fn manifests_of_each_tool_are_read() {
        let hash = DocumentHash::of(DOCUMENT).to_string();
        let apollo = json!({
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [{ "id": hash, "name": "Viewer", "type": "query", "body": DOCUMENT }],
        });
        for written in [
            json!({ &hash: DOCUMENT }),
            json!({ format!("sha256:{hash}"): DOCUMENT }),
            json!({ hash.to_uppercase(): DOCUMENT }),
            apollo,
        ] {
            let found = manifest("m.json", &written.to_string()).unwrap();
            assert_eq!(found.len(), 1, "{written}");
            assert_eq!(found[0].text, DOCUMENT);
            assert!(found[0].place.starts_with("m.json, "), "{}", found[0].place);
        }
        assert_eq!(manifest("m.json", "{}").unwrap(), []);
    }

    #[test]
    fn what_is_no_manifest_says_so() {
        for text in ["", "[]", "1", r#"{"a": 1}"#, r#"{"operations": [{"id": "x"}]}"#] {
            let error = manifest("m.json", text).unwrap_err();
            assert!(error.starts_with("m.json: this is no manifest"), "{text}: {error}");
        }
    }

    #[test]
    fn a_hash_of_another_kind_is_refused_by_name() {
        // MD5, as Relay has it where nobody says otherwise, and SHA-1, as graphql-codegen has it.
        for id in ["0cc175b9c0f1b6a831c399e269772661", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"] {
            let error = manifest("m.json", &json!({ id: DOCUMENT }).to_string()).unwrap_err();
            assert!(error.contains(id) && error.contains("hashAlgorithm"), "{error}");
        }
        let other = DocumentHash::of("{ other }").to_string();
        manifest("m.json", &json!({ other: DOCUMENT }).to_string()).unwrap_err();
    }
}
