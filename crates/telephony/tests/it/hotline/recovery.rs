//! After a kill: what was open is closed as interrupted, with what is known.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use floor::Floor;
use kernel::Scope;
use sea_orm::{EntityTrait as _, IntoActiveModel as _};
use telephony::calls::recording::path_of;
use telephony::calls::rows::{call, event};
use telephony::calls::store;
use telephony::{Settings, Telephony};
use uuid::Uuid;

use super::{People, agent, migrations};

pub fn left_open(id: u128, at: DateTime<Utc>, answered: bool) -> call::Model {
    let id = Uuid::from_u128(id);
    call::Model {
        id,
        direction: "inbound".to_owned(),
        hotline: "12333".to_owned(),
        caller: "13900000001".to_owned(),
        caller_hash: String::new(),
        requester_id: None,
        queue: Some("hotline".to_owned()),
        agent_id: answered.then(|| agent(1)),
        staff_no: None,
        state: if answered { "talking" } else { "queued" }.to_owned(),
        outcome: None,
        ended_by: None,
        arrived_at: at,
        queued_at: Some(at + TimeDelta::seconds(5)),
        rung_at: None,
        answered_at: answered.then(|| at + TimeDelta::seconds(10)),
        ended_at: None,
        held_ms: 0,
        trunk: "127.0.0.1".to_owned(),
        sip_call_id: "x".to_owned(),
        recording_state: if answered { "running" } else { "none" }.to_owned(),
        recording_path: answered.then(|| path_of(id, at)),
        recording_ms: None,
        recording_bytes: None,
        recording_sha256: None,
        recording_lost_ms: None,
        events: 1,
        rating: None,
        source: "shoujie".to_owned(),
        source_code: None,
        external_id: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_left_open_by_a_kill_are_interrupted_and_their_recordings_measured() {
    testing::on_both(&migrations(), async |app| {
        let at = app.clock.now() - TimeDelta::minutes(3);
        let rows = [left_open(1, at, true), left_open(2, at, false)];
        for row in rows.clone() {
            let line = event::ActiveModel {
                id: sea_orm::Set(app.ids.next()),
                call_id: sea_orm::Set(row.id),
                seq: sea_orm::Set(1),
                at: sea_orm::Set(at + TimeDelta::seconds(12)),
                event: sea_orm::Set("answered".to_owned()),
                details: sea_orm::Set(serde_json::json!({})),
            };
            app.db
                .write(async move |tx| {
                    call::Entity::insert(row.into_active_model())
                        .exec_without_returning(&*tx)
                        .await?;
                    event::Entity::insert(line)
                        .exec_without_returning(&*tx)
                        .await?;
                    Ok(())
                })
                .await
                .unwrap();
        }
        // 30 s of stereo A-law behind the header of a recording that still runs.
        let path = app
            .files
            .local_path(rows[0].recording_path.as_deref().unwrap())
            .unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = running_header();
        file.resize(file.len() + 30 * 8000 * 2, 0xd5);
        std::fs::write(&path, file).unwrap();

        let mut settings = Settings::load(&app.config).unwrap();
        settings.sip.listen = "127.0.0.1:0".parse().unwrap();
        let floor = Floor::new(&app, Arc::new(People));
        let telephony = Telephony::with_settings(&app, &floor, false, settings).unwrap();
        floor.start().await.unwrap();
        let recovered = telephony.start(Arc::new(People)).await.unwrap();
        assert_eq!((recovered.calls, recovered.recordings), (2, 1));

        let read = async |row: &call::Model| {
            store::get(app.db.read(), &Scope::All, row.id)
                .await
                .unwrap()
        };
        let talk = read(&rows[0]).await;
        assert_eq!(
            (talk.outcome.as_deref(), talk.state.as_str()),
            (Some("interrupted"), "ended")
        );
        assert_eq!(talk.recording_ms, Some(30_000));
        assert_eq!(talk.recording_state, "repaired");
        assert_eq!(
            talk.ended_at,
            Some(at + TimeDelta::seconds(40)),
            "the sound tells how long it went"
        );
        let waiting = read(&rows[1]).await;
        assert_eq!(waiting.outcome.as_deref(), Some("interrupted"));
        assert_eq!(waiting.ended_at, Some(at + TimeDelta::seconds(12)));
        let told = app
            .events
            .of_subject(app.db.read(), &talk.id.to_string())
            .await
            .unwrap();
        let kinds: Vec<_> = told.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(
            kinds,
            ["call.ended", "call.interrupted", "call.recorded"],
            "a repaired recording is measured and judged like any other"
        );
        app.shutdown.cancel();
    })
    .await;
}

/// What the recorder writes at the beginning: the sizes are not known yet.
fn running_header() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.wav");
    std::fs::write(&path, []).unwrap();
    telephony::media::recorder::repair(&path).unwrap();
    std::fs::read(&path).unwrap()
}
