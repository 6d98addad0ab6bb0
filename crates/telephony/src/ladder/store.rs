//! Ladders on disk: one row a call, compressed, for as many days as the parameter says.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use kernel::problem::{Result, internal};
use kernel::{App, persist};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::{Message, Taken};

/// How long ladders are kept.
pub(crate) const KEEP_DAYS: &str = "telephony.ladder_keep_days";
/// Text of one ladder that is unpacked at most.
const UNPACKED: u64 = 64 * 1024 * 1024;
/// Rows taken away at once.
const BATCH: u64 = 200;

kernel::table! {
    /// The ladder of a call.
    pub mod ladder = "call_ladders" (
        /// The call.
        call_id: Uuid,
    ) {
        /// When it was written down.
        stored_at: DateTimeUtc,
        /// Messages in it.
        messages: i64,
        /// Messages that were too many.
        dropped: i64,
        /// JSON, gzip, Base64.
        body: String,
    }
}

fn packed(messages: &[Message]) -> Result<String> {
    let json = serde_json::to_vec(messages).map_err(internal)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&json).map_err(internal)?;
    Ok(BASE64_STANDARD.encode(encoder.finish().map_err(internal)?))
}

fn unpacked(body: &str) -> Result<Vec<Message>> {
    let bytes = BASE64_STANDARD.decode(body).map_err(internal)?;
    let mut json = Vec::new();
    let mut decoder = GzDecoder::new(bytes.as_slice()).take(UNPACKED);
    decoder.read_to_end(&mut json).map_err(internal)?;
    serde_json::from_slice(&json).map_err(internal)
}

/// Writes the ladder of a call down.
pub(crate) async fn keep(app: &App, call: Uuid, taken: Taken) {
    if taken.messages.is_empty() {
        return;
    }
    let row = match packed(&taken.messages) {
        Ok(body) => ladder::Model {
            call_id: call,
            stored_at: app.clock.now(),
            messages: taken.messages.len() as i64,
            dropped: taken.dropped as i64,
            body,
        },
        Err(problem) => {
            tracing::error!(%call, %problem, "ladder not packed");
            return;
        }
    };
    let what = format!("ladder of call {call}");
    let write = || {
        let (db, row) = (app.db.clone(), row.clone());
        async move {
            let written = db.write(move |tx| async move {
                ladder::Entity::insert(row.into_active_model())
                    .on_conflict_do_nothing()
                    .exec_without_returning(&*tx)
                    .await?;
                Ok(())
            });
            written.await
        }
    };
    // Not evidence of the talk: when the database takes nothing for long, it is let go.
    let probe = || async { Ok(()) };
    if let Err(problem) = persist::until_written(&app.clock, &what, write, probe).await {
        tracing::error!(%call, code = %problem.code, "ladder not written");
    }
}

/// The ladder of a call, if it is written down.
pub(crate) async fn read(conn: &impl ConnectionTrait, call: Uuid) -> Result<Option<Taken>> {
    let Some(row) = ladder::Entity::find_by_id(call).one(conn).await? else {
        return Ok(None);
    };
    Ok(Some(Taken {
        messages: unpacked(&row.body)?,
        dropped: row.dropped.unsigned_abs(),
    }))
}

/// Takes away what is older than the parameter says; how many.
pub async fn sweep(app: &App) -> Result<u64> {
    let now = app.clock.now();
    let days = app.params.get_i64(KEEP_DAYS, now).await?;
    let before = now - TimeDelta::days(days.max(1));
    let mut gone = 0;
    loop {
        let count = app
            .db
            .write(async move |tx| {
                let ids: Vec<Uuid> = ladder::Entity::find()
                    .select_only()
                    .column(ladder::Column::CallId)
                    .filter(ladder::Column::StoredAt.lt(before))
                    .limit(BATCH)
                    .into_tuple()
                    .all(&*tx)
                    .await?;
                let old = ladder::Column::CallId.is_in(ids);
                let gone = ladder::Entity::delete_many().filter(old).exec(&*tx).await?;
                Ok(gone.rows_affected)
            })
            .await?;
        gone += count;
        if count == 0 {
            return Ok(gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_as_it_was_and_is_small() {
        let message = Message {
            at: "2026-11-26T08:00:01.250Z".parse().unwrap(),
            from: "192.0.2.9:5062".parse().unwrap(),
            to: "192.0.2.1:5060".parse().unwrap(),
            incoming: true,
            transport: "UDP".to_owned(),
            dialog: "a@x".to_owned(),
            order: 0,
            text: "INVITE sip:12333@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n\r\n".repeat(10),
        };
        let messages = vec![message; 20];
        let body = packed(&messages).unwrap();
        assert!(body.len() < 1_000, "{}", body.len());
        assert_eq!(unpacked(&body).unwrap(), messages);
    }
}
