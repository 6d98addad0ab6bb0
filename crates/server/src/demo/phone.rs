//! What the phone pages of `/site/` ask: no API of the product, it stands in no document and needs no rights.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Result, invalid, not_found, too_large};
use kernel::text::must_be_code;
use serde::{Deserialize, Serialize};

use super::MENU;
use super::memory::{Deed, File, Line, Way};
use super::stand_in::{Platform, StandIn};

/// The longest text in characters.
const LONGEST: usize = 2_000;
/// The largest picture in bytes.
const LARGEST: usize = 4 << 20;

/// Cast that are nobody.
const PEOPLE: [(&str, &str); 6] = [
    ("wang", "王小雨"),
    ("liu", "刘建军"),
    ("chen", "陈美玲"),
    ("zhao", "赵一鸣"),
    ("sun", "孙立"),
    ("zhou", "周燕"),
];

/// What both platforms' pages ask.
pub(super) fn routes() -> Router<StandIn> {
    Router::new()
        .route("/people", get(people))
        .route("/talk", get(talk))
        .route("/say", post(say))
        .route("/way", post(way))
        .route("/window-over", post(window_over))
        .route("/files/{id}", get(file))
        .route(
            "/picture",
            post(picture).layer(DefaultBodyLimit::max(LARGEST)),
        )
}

/// The name somebody goes by.
pub(super) fn name_of(person: &str) -> &str {
    let found = PEOPLE.iter().find(|(code, _)| *code == person);
    found.map_or(person, |(_, name)| name)
}

/// Refuses what is no person's code.
pub(super) fn must_be_person(person: &str) -> Result<()> {
    must_be_code("person", person)
}

#[derive(Serialize)]
struct Person {
    person: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Entry {
    key: &'static str,
    title: &'static str,
}

#[derive(Serialize)]
struct Cast {
    people: Vec<Person>,
    menu: Vec<Entry>,
    /// How long a message may be answered, in minutes.
    minutes: i64,
    /// How often.
    replies: u32,
}

async fn people(State(stand_in): State<StandIn>) -> Json<Cast> {
    let people = PEOPLE.iter().map(|&(person, name)| Person { person, name });
    let menu = match stand_in.platform() {
        Platform::Wechat => &MENU[..],
        Platform::Qq => &[],
    };
    let (minutes, replies) = stand_in.platform().window();
    Json(Cast {
        people: people.collect(),
        menu: menu
            .iter()
            .map(|&(key, title, _)| Entry { key, title })
            .collect(),
        minutes,
        replies,
    })
}

#[derive(Deserialize)]
struct Whose {
    person: String,
    /// The revision that is known already.
    #[serde(default)]
    known: Option<u64>,
}

/// What the window of a talk takes.
#[derive(Serialize)]
struct Open {
    until: DateTime<Utc>,
    left: u32,
    /// `over` or `used`.
    blocked: Option<&'static str>,
}

#[derive(Serialize)]
struct Shown {
    revision: u64,
    /// Null while nothing changed.
    lines: Option<Vec<Line>>,
    way: Way,
    /// Null before anything was written.
    window: Option<Open>,
}

async fn talk(State(stand_in): State<StandIn>, Query(whose): Query<Whose>) -> Result<Json<Shown>> {
    must_be_person(&whose.person)?;
    let now = stand_in.app().clock.now();
    let mut memory = stand_in.memory();
    let Some(talk) = memory.known(&whose.person) else {
        return Ok(Json(Shown {
            revision: 0,
            lines: Some(Vec::new()),
            way: Way::Clear,
            window: None,
        }));
    };
    let window = talk.window().map(|window| Open {
        until: window.until,
        left: window.left,
        blocked: match window.left {
            _ if window.until <= now => Some("over"),
            0 => Some("used"),
            _ => None,
        },
    });
    let changed = whose.known != Some(talk.revision);
    Ok(Json(Shown {
        revision: talk.revision,
        lines: changed.then(|| talk.lines.iter().cloned().collect()),
        way: talk.way,
        window,
    }))
}

/// Where it stands in the talk.
#[derive(Serialize)]
struct Done {
    seq: u64,
}

fn done(stand_in: &StandIn, person: &str, deed: Deed) -> Result<(StatusCode, Json<Done>)> {
    must_be_person(person)?;
    let seq = stand_in.does(person, deed)?;
    Ok((StatusCode::ACCEPTED, Json(Done { seq })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    person: String,
    text: String,
}

async fn say(
    State(stand_in): State<StandIn>,
    Json(said): Json<Said>,
) -> Result<(StatusCode, Json<Done>)> {
    let text = said.text.trim();
    if !(1..=LONGEST).contains(&text.chars().count()) {
        return Err(invalid("text", "text_length", "1 to 2,000 characters"));
    }
    if text
        .chars()
        .any(|char| char.is_control() && !matches!(char, '\n' | '\t'))
    {
        return Err(invalid("text", "text_not_plain", "a control character"));
    }
    done(&stand_in, &said.person, Deed::Text(text.to_owned()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    person: String,
    key: String,
}

/// Somebody chooses in the official account's menu.
pub(super) async fn menu(
    State(stand_in): State<StandIn>,
    Json(chosen): Json<Chosen>,
) -> Result<Response> {
    if !MENU.iter().any(|(key, _, _)| *key == chosen.key) {
        return Err(not_found("menu entry"));
    }
    Ok(done(&stand_in, &chosen.person, Deed::Menu(chosen.key))?.into_response())
}

async fn picture(
    State(stand_in): State<StandIn>,
    Query(whose): Query<Whose>,
    bytes: Bytes,
) -> Result<(StatusCode, Json<Done>)> {
    must_be_person(&whose.person)?;
    if bytes.len() >= LARGEST {
        return Err(too_large("a picture has less than 4 MB"));
    }
    if File::picture(&bytes).is_none() {
        return Err(invalid("file", "file_kind_not_taken", "a PNG, JPEG or GIF"));
    }
    let id = stand_in.keep(bytes);
    done(&stand_in, &whose.person, Deed::Picture(id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wayward {
    person: String,
    way: Way,
}

/// The way between the platform and the hotline is cut, or mended.
async fn way(State(stand_in): State<StandIn>, Json(asked): Json<Wayward>) -> Result<StatusCode> {
    must_be_person(&asked.person)?;
    let now = stand_in.app().clock.now();
    let mut memory = stand_in.memory();
    let talk = memory.talk(&asked.person, now);
    talk.way = asked.way;
    talk.revision += 1;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    person: String,
}

/// The window for answers ends now, for those who do not wait for it.
async fn window_over(State(stand_in): State<StandIn>, Json(who): Json<Who>) -> Result<StatusCode> {
    must_be_person(&who.person)?;
    let now = stand_in.app().clock.now();
    if let Some(talk) = stand_in.memory().known(&who.person) {
        talk.close(now);
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn file(State(stand_in): State<StandIn>, Path(id): Path<String>) -> Result<Response> {
    let file = stand_in.memory().file(&id);
    file.map(|file| shown(&file))
        .ok_or_else(|| not_found("file"))
}

/// A file: a picture is shown, anything else is a download.
pub(super) fn shown(file: &File) -> Response {
    let (media_type, how) = match File::picture(&file.bytes) {
        Some((media_type, name)) => (media_type, format!("inline; filename=\"{name}\"")),
        None => ("application/octet-stream", "attachment".to_owned()),
    };
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, how),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, file.bytes.clone()).into_response()
}
