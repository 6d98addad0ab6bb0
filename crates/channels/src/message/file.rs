//! The files of conversations.

use axum::body::Bytes;
use kernel::problem::{Result, internal, not_found};
use kernel::{App, attachment};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Kind, MessageFile};

kernel::table! {
    /// One file.
    pub mod row = "conversation_files" (id: Uuid) {
        conversation_id: Uuid,
        name: String,
        media_type: String,
        bytes: i64,
        sha256: String,
        path: String,
        at: DateTimeUtc,
    }
}

impl From<row::Model> for MessageFile {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            media_type: row.media_type,
            bytes: row.bytes,
        }
    }
}

/// What a file shows as in a conversation.
pub(crate) fn kind_of(media_type: &str) -> Kind {
    match media_type.split('/').next() {
        Some("image") => Kind::Image,
        Some("audio") => Kind::Voice,
        Some("video") => Kind::Video,
        _ => Kind::File,
    }
}

/// Puts the bytes on disk; the row is written by [`keep`] with what it belongs to. 413, 415.
pub(crate) async fn put(app: &App, name: String, bytes: &Bytes) -> Result<row::Model> {
    let media_type = attachment::kind_of(&name, bytes)?;
    let (id, at) = (app.ids.next(), app.clock.now());
    let path = format!("conversations/{}/{id}", at.format("%Y/%m"));
    app.files.put(&path, bytes).await?;
    Ok(row::Model {
        id,
        conversation_id: Uuid::nil(),
        name,
        media_type: media_type.to_owned(),
        bytes: i64::try_from(bytes.len()).map_err(internal)?,
        sha256: hex::encode(Sha256::digest(bytes)),
        path,
        at,
    })
}

/// Writes the row of a file whose bytes are on disk.
pub(crate) async fn keep(conn: &impl ConnectionTrait, file: row::Model) -> Result<()> {
    row::Entity::insert(file.into_active_model())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// One file.
pub(crate) async fn find(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("file"))
}
