//! What the description says of every operation alike: how one shows who one is, and the refusals that come before an
//! operation is reached or stand for its not being reached. Said here once instead of at each of them.

use utoipa::Modify;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, Content, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use super::guard::COOKIE;

const PROBLEM: &str = "application/problem+json";
const TOKEN: &str = "token";
const SESSION: &str = "session";
/// Operations that refuse what somebody shows, and want nothing shown before.
const SIGNS_IN: &[&str] = &["sign_in", "sign_in_with_code", "sign_in_with_passkey"];

/// Adds it.
pub(super) struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, description: &mut OpenApi) {
        let components = description.components.get_or_insert_with(Components::new);
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A program's token.")).build();
        components.add_security_scheme(TOKEN, SecurityScheme::Http(token));
        let session = ApiKeyValue::with_description(
            COOKIE,
            "The session of somebody who signed in. What changes something must also come from the dashboard's origin.",
        );
        components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(session)));
        for item in description.paths.paths.values_mut() {
            let PathItem { get, put, post, patch, delete, .. } = item;
            for (operation, changes) in
                [(get, false), (put, true), (post, true), (patch, true), (delete, true)].into_iter()
            {
                if let Some(operation) = operation {
                    say(operation, changes);
                }
            }
        }
    }
}

fn say(operation: &mut Operation, changes: bool) {
    let responses = &mut operation.responses.responses;
    for response in responses.values_mut() {
        if let RefOr::T(response) = response {
            name_problem(response);
        }
    }
    let signs_in = operation.operation_id.as_deref().is_some_and(|id| SIGNS_IN.contains(&id));
    if responses.contains_key("401") && !signs_in {
        let either = [TOKEN, SESSION].map(|name| SecurityRequirement::new(name, Vec::<String>::new()));
        operation.security = Some(either.to_vec());
    }
    let mut refusals = vec!["429", "500", "503"];
    if changes {
        refusals.push("403");
    }
    if operation.request_body.is_some() {
        refusals.extend(["400", "408", "413", "415", "422"]);
    }
    let is_in_query = |one: &RefOr<Parameter>| matches!(one, RefOr::T(one) if one.parameter_in == ParameterIn::Query);
    if operation.parameters.as_ref().is_some_and(|all| all.iter().any(is_in_query)) {
        refusals.push("400");
    }
    for status in refusals {
        responses.entry(status.to_owned()).or_insert_with(|| problem().into());
    }
    for (status, response) in responses.iter_mut() {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            meaning(status).clone_into(&mut response.description);
        }
    }
}

fn meaning(status: &str) -> &'static str {
    match status {
        "200" => "What was asked for.",
        "201" => "It was made.",
        "204" => "Done; there is nothing to tell.",
        "400" => "The body is not JSON, or a parameter of the address is unknown or of another kind.",
        "401" => "Nobody is signed in, or the token is not known.",
        "403" => "The caller's role does not allow it, or the request comes from another page.",
        "404" => "It is not there, or not the caller's to know of.",
        "408" => "The body did not come in time.",
        "409" => "Something stands in the way; `detail` says what.",
        "413" => "The body is larger than 64 KiB.",
        "415" => "The body is not application/json.",
        "422" => {
            "The body lacks a field, has one too many or one of another kind, or breaks a rule; `field` says which."
        }
        "429" => "Too many requests come from one address; `Retry-After` says when to try again.",
        "503" => "A database does not answer, or too much is under way; `Retry-After` says when to try again.",
        _ => "The server is at fault.",
    }
}

fn problem() -> Response {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new().content(PROBLEM, Content::new(Some(schema))).build()
}

/// Problems have a type of their own (RFC 9457).
fn name_problem(response: &mut Response) {
    let is_problem = |content: &Content| matches!(&content.schema, Some(RefOr::Ref(schema)) if schema.ref_location.ends_with("/Problem"));
    let is_problem = matches!(response.content.get("application/json"), Some(RefOr::T(content)) if is_problem(content));
    if is_problem && let Some(content) = response.content.swap_remove("application/json") {
        response.content.insert(PROBLEM.to_owned(), content);
    }
}
