//! The typed forms of request types: which fields a complaint, a fault … has beside its summary.

use axum::extract::State;
use kernel::http::Json;
use kernel::problem::{Problem, Result, invalid};
use kernel::text::checked;
use kernel::{Actor, App};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::ViewMatters;
use crate::words::RequestType;

/// What a field of a form holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Text of up to 2,000 characters.
    Text,
    /// `2026-11-23` or `2026-11-23T10:00`.
    When,
    /// Yes or no.
    Flag,
}

/// A field of a form; the console has the words for it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = FormField)]
pub struct Field {
    /// `occurred_at`
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
}

/// The form of one request type.
#[derive(Debug, Serialize, ToSchema)]
pub struct Form {
    /// 诉求类型
    pub request_type: RequestType,
    /// Its fields, in the order of the console.
    pub fields: &'static [Field],
}

/// Every form.
#[derive(Debug, Serialize, ToSchema)]
pub struct Forms {
    /// One for each request type.
    pub items: Vec<Form>,
}

const fn text(name: &'static str) -> Field {
    Field {
        name,
        kind: FieldKind::Text,
    }
}

const fn when(name: &'static str) -> Field {
    Field {
        name,
        kind: FieldKind::When,
    }
}

const fn flag(name: &'static str) -> Field {
    Field {
        name,
        kind: FieldKind::Flag,
    }
}

fn fields(request_type: RequestType) -> &'static [Field] {
    match request_type {
        RequestType::Consult => const { &[text("exam"), text("region")] },
        RequestType::Help => const { &[text("exam"), text("wanted"), when("needed_by")] },
        RequestType::Complaint => {
            const {
                &[
                    text("about"),
                    when("occurred_at"),
                    text("place"),
                    text("wanted"),
                    flag("wants_reply"),
                ]
            }
        }
        RequestType::Report => {
            const {
                &[
                    text("about"),
                    when("occurred_at"),
                    text("place"),
                    text("evidence"),
                    flag("anonymous"),
                ]
            }
        }
        RequestType::Suggestion => const { &[text("about"), text("wanted")] },
        RequestType::Praise => const { &[text("about"), when("occurred_at")] },
        RequestType::Fault => {
            const {
                &[
                    text("system"),
                    text("step"),
                    text("error"),
                    text("device"),
                    when("occurred_at"),
                ]
            }
        }
    }
}

/// The forms of all request types.
#[utoipa::path(get, path = "/api/v1/ticket-forms", tag = "tickets", responses((status = 200, body = Forms)))]
pub(crate) async fn list(_actor: Actor<ViewMatters>, State(_app): State<App>) -> Json<Forms> {
    let items = RequestType::ALL.iter().map(|word| Form {
        request_type: *word,
        fields: fields(*word),
    });
    Json(Forms {
        items: items.collect(),
    })
}

/// The form as it is stored; says no to a field the request type does not have, or that holds something else.
pub(crate) fn checked_form(request_type: RequestType, form: Option<Value>) -> Result<Value> {
    let given = match form {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(given)) => given,
        Some(_) => return Err(misfit("form", "a form is an object")),
    };
    let known = fields(request_type);
    let mut kept = Map::new();
    for (name, value) in given {
        let Some(field) = known.iter().find(|field| field.name == name) else {
            return Err(misfit(
                &format!("form.{name}"),
                "the request type has no such field",
            ));
        };
        if let Some(value) = fitting(field, value)? {
            kept.insert(name, value);
        }
    }
    Ok(Value::Object(kept))
}

fn fitting(field: &Field, value: Value) -> Result<Option<Value>> {
    let at = format!("form.{}", field.name);
    match (field.kind, value) {
        (_, Value::Null) => Ok(None),
        (FieldKind::Flag, Value::Bool(flag)) => Ok(Some(Value::Bool(flag))),
        (FieldKind::Text, Value::String(text)) => {
            let text = checked("form", &text)?;
            Ok((!text.is_empty()).then_some(Value::String(text)))
        }
        (FieldKind::When, Value::String(text)) => {
            let day = text.get(..10).unwrap_or(&text);
            let time = text.get(10..).unwrap_or_default();
            let fits = day.parse::<chrono::NaiveDate>().is_ok()
                && (time.is_empty() || chrono::NaiveTime::parse_from_str(time, "T%H:%M").is_ok());
            if fits {
                Ok(Some(Value::String(text)))
            } else {
                Err(misfit(&at, "a day, or a day and a time: 2026-11-23T10:00"))
            }
        }
        _ => Err(misfit(&at, "the field holds something else")),
    }
}

fn misfit(field: &str, detail: &str) -> Problem {
    invalid(field, "form_field_invalid", detail)
}
