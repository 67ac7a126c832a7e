//! The OpenAPI 3.1 document, made from the handlers. `openapi/madoguchi.yaml` is its checked-in copy.

use actix_web::App;
use actix_web::http::Method;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt;

/// The frame of the document; paths and schemas come from the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Madoguchi",
        description = "One counter for a prefecture and its municipalities: apply, pay, review, decide.\n\n\
            Errors are `application/problem+json` (RFC 9457) with all faults at once, in Japanese or English by \
            `Accept-Language`. Instants are RFC 3339, days ISO 8601, amounts whole yen. What the caller may not know of \
            is 404. POST, PATCH and DELETE under `/v1/tenants/` take an `Idempotency-Key`: the same key and request give \
            the same resource, marked `Idempotency-Replayed: true`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "accounts", description = "Registering, and who I am"),
        (name = "sessions", description = "Signing in and out; keys of the tokens"),
        (name = "catalogue", description = "Bodies, procedures and what they cost"),
        (name = "publishing", description = "Versions of procedures, written by one administrator and approved by another"),
        (name = "applications", description = "From the draft to the decision"),
        (name = "payments", description = "Invoices, payments and receipts"),
        (name = "accounting", description = "For the accounting post: bank statements, exceptions, closed days"),
        (name = "review", description = "For staff: queues, corrections, proposals, approvals"),
        (name = "organisation", description = "For administrators: departments, officers and the posts they hold"),
        (name = "documents", description = "Checking a paper that was issued here"),
        (name = "me", description = "My applications and invoices, at all counters"),
        (name = "gateways", description = "For payment gateways: their notifications"),
        (name = "operations", description = "For operators"),
    ),
    security(("bearer" = [])),
    modifiers(&Bearer),
)]
pub struct Frame;

/// Adds the one way to prove who calls.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token of `POST /v1/sessions`"))
            .build();
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The whole document.
pub fn document() -> Document {
    App::new().into_utoipa_app().openapi(Frame::openapi()).configure(super::configure).split_for_parts().1
}

/// The whole document as YAML, ending in a line break.
pub fn yaml() -> Result<String, String> {
    let text = document().to_yaml().map_err(|error| error.to_string())?;
    Ok(if text.ends_with('\n') { text } else { format!("{text}\n") })
}

/// Which methods each path of the document knows; for answering 405 with `Allow`.
#[derive(Clone, Debug)]
pub struct KnownPaths {
    paths: Vec<(Vec<Option<String>>, Vec<Method>)>,
}

impl KnownPaths {
    /// Reads the paths of a document.
    pub fn of(document: &Document) -> Self {
        let paths = document.paths.paths.iter().map(|(template, item)| {
            let methods = [
                (Method::GET, item.get.is_some()),
                (Method::POST, item.post.is_some()),
                (Method::PUT, item.put.is_some()),
                (Method::PATCH, item.patch.is_some()),
                (Method::DELETE, item.delete.is_some()),
            ];
            let methods = methods.into_iter().filter(|(_, known)| *known).map(|(method, _)| method).collect();
            let segments = template.split('/').map(|part| (!part.starts_with('{')).then(|| part.to_owned()));
            (segments.collect(), methods)
        });
        Self { paths: paths.collect() }
    }

    /// The methods that a path takes; none when there is no such path.
    pub fn methods(&self, path: &str) -> Vec<Method> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |segments: &[Option<String>]| {
            segments.len() == parts.len()
                && segments.iter().zip(&parts).all(|(segment, part)| match segment {
                    Some(fixed) => fixed == part,
                    None => !part.is_empty(),
                })
        };
        let found = self.paths.iter().filter(|(segments, _)| fits(segments));
        found.flat_map(|(_, methods)| methods.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_openapi_3_1_and_every_operation_has_an_id_of_its_own() {
        let document = serde_json::to_value(document()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut ids = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let id = operation["operationId"].as_str();
                ids.push(id.unwrap_or_else(|| panic!("{method} {path} has no operationId")).to_owned());
            }
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "an operationId is used twice");
    }

    #[test]
    fn known_paths_tell_a_wrong_method_from_a_wrong_path() {
        let known = KnownPaths::of(&document());
        assert_eq!(known.methods("/v1/accounts"), [Method::POST]);
        assert_eq!(known.methods("/v1/nothing"), Vec::<Method>::new());
        assert_eq!(known.methods("/v1/accounts/"), Vec::<Method>::new());
    }
}
