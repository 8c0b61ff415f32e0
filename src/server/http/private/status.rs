//! `/api/v1/status`: how the server stands, for programs.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;

use super::PrivateSite;
use super::operator::Operator;
use super::standing::Standing;
use crate::http::language::Language;

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    operator: Who,
    #[serde(flatten)]
    standing: Standing,
}

#[derive(Debug, Serialize)]
struct Who {
    name: String,
    serial: String,
    certificate_until: String,
}

/// The answer.
pub(super) async fn status(
    operator: Operator,
    State(site): State<PrivateSite>,
    headers: HeaderMap,
) -> Json<Answer> {
    Json(Answer {
        operator: Who {
            name: operator.name.to_string(),
            serial: operator.serial.to_string(),
            certificate_until: operator.until.to_string(),
        },
        standing: Standing::now(&site, Language::of(&headers)).await,
    })
}
