//! What conversations are about: the organisation's topics, and a conversation's.

use axum::Json;
use axum::extract::State;
use domain::PublicId;
use http::StatusCode;
use store::topic::Topic;

use super::brought::{Named, Sent};
use super::conversations::row;
use super::guard::Caller;
use super::{Failure, Shared};
use crate::wire::Id;
use crate::wire::conversations::ConversationSummary;
use crate::wire::problem::Problem;
use crate::wire::topics::{NewTopic, TopicChange, TopicInfo, TopicsChange};

/// The topics of the organisation, archived ones included.
#[utoipa::path(get, path = "/api/topics", operation_id = "list_topics", tag = "topics",
    responses((status = 200, body = Vec<TopicInfo>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
) -> Result<Json<Vec<TopicInfo>>, Failure> {
    Ok(Json(shared.app.topics(principal).await?.into_iter().map(info).collect()))
}

/// Adds a topic.
#[utoipa::path(post, path = "/api/topics", operation_id = "add_topic", tag = "topics", request_body = NewTopic,
    responses((status = 201, body = TopicInfo), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn add(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<NewTopic>,
) -> Result<(StatusCode, Json<TopicInfo>), Failure> {
    let topic = shared.app.add_topic(principal, &body.name, body.colour).await?;
    Ok((StatusCode::CREATED, Json(info(topic))))
}

/// Gives a topic another name or colour, archives it or offers it again.
#[utoipa::path(patch, path = "/api/topics/{id}", operation_id = "change_topic", tag = "topics", params(("id" = Id, Path)),
    request_body = TopicChange,
    responses((status = 200, body = TopicInfo), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn change(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
    Sent(body): Sent<TopicChange>,
) -> Result<Json<TopicInfo>, Failure> {
    let change = app::topic::TopicChange { name: body.name, colour: body.colour, archived: body.archived };
    Ok(Json(info(shared.app.change_topic(principal, id.0, change).await?)))
}

/// Deletes a topic that no conversation was ever about.
#[utoipa::path(delete, path = "/api/topics/{id}", operation_id = "remove_topic", tag = "topics", params(("id" = Id, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn remove(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<StatusCode, Failure> {
    shared.app.remove_topic(principal, id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says what a conversation is about.
#[utoipa::path(patch, path = "/api/conversations/{id}/topics", operation_id = "set_conversation_topics", tag = "conversations",
    params(("id" = Id, Path)), request_body = TopicsChange,
    responses((status = 200, body = ConversationSummary), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn set(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
    Sent(body): Sent<TopicsChange>,
) -> Result<Json<ConversationSummary>, Failure> {
    let names = |ids: Vec<Id>| ids.into_iter().map(|id| id.0).collect::<Vec<PublicId>>();
    shared.app.set_topics(principal, id.0, &names(body.add), &names(body.remove)).await?;
    row(&shared, principal, id).await
}

pub(super) fn info(topic: Topic) -> TopicInfo {
    TopicInfo {
        id: topic.name.into(),
        name: topic.title,
        colour: topic.colour,
        archived: topic.is_archived,
        used: topic.is_used,
    }
}
