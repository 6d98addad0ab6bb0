//! Recordings as evidence: moved and read back, looked at, heard and exported with a reason, held, removed with proof.

mod s3;

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use floor::Floor;
use kernel::{App, Phone, Role};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use telephony::calls::archive::ArchiveSettings;
use telephony::calls::keeping::{self, file};
use telephony::calls::recording::path_of;
use telephony::calls::retention::{self, removal};
use telephony::calls::rows::call;
use telephony::{Settings, Telephony};
use testing::{Door, Kind, TestApp, principal};
use uuid::Uuid;

use crate::hotline::{agent, migrations, people, recovery};
use crate::screen::bytes;
use s3::S3;

/// Telephony over a database of its own, not started: nothing calls.
struct House {
    app: TestApp,
    telephony: Telephony,
    door: Door,
    /// Where the archive is, when it is a folder.
    folder: tempfile::TempDir,
}

impl House {
    async fn open(kind: Kind, archive: impl FnOnce(&str) -> ArchiveSettings) -> Self {
        let app = testing::app(kind, &migrations(), &[]).await;
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::load(&app.config).unwrap();
        settings.sip.listen = "127.0.0.1:0".parse().unwrap();
        settings.recordings = archive(folder.path().to_str().unwrap());
        let floor = Floor::new(&app, people());
        let telephony = Telephony::with_settings(&app, &floor, false, settings).unwrap();
        floor.start().await.unwrap();
        telephony.start(people()).await.unwrap();
        let mut capability = telephony::capability(&telephony);
        // The story does their work, at its own moments.
        capability.jobs.clear();
        let capabilities = vec![kernel::capability(&app), capability];
        let door = Door(app.start(capabilities).await);
        Self {
            app,
            telephony,
            door,
            folder,
        }
    }

    /// A call that ended then, with a recording of so many bytes.
    async fn recorded(&self, n: u128, ended: DateTime<Utc>, sound: usize) -> Uuid {
        let mut row = recovery::left_open(n, ended - TimeDelta::minutes(1), true);
        let path = path_of(row.id, row.arrived_at);
        let wav = wav(sound);
        self.app.files.put(&path, &wav).await.unwrap();
        row.ended_at = Some(ended);
        row.outcome = Some("answered".to_owned());
        "ended".clone_into(&mut row.state);
        "complete".clone_into(&mut row.recording_state);
        row.recording_bytes = Some(wav.len() as i64);
        row.recording_sha256 = Some(hex(&wav));
        row.recording_path = Some(path.clone());
        let kept = file::Model {
            call_id: row.id,
            direction: row.direction.clone(),
            queue: row.queue.clone(),
            made_at: ended,
            path,
            bytes: row.recording_bytes,
            sha256: row.recording_sha256.clone(),
            place: "local".to_owned(),
            archived_at: None,
            condition: None,
            checked_at: None,
            holds: 0,
            removing_at: None,
            removed_at: None,
        };
        let id = row.id;
        self.app
            .db
            .write(async move |tx| {
                call::Entity::insert(row.into_active_model())
                    .exec_without_returning(&*tx)
                    .await?;
                file::Entity::insert(kept.into_active_model())
                    .exec_without_returning(&*tx)
                    .await?;
                Ok(())
            })
            .await
            .unwrap();
        id
    }

    async fn file(&self, id: Uuid) -> file::Model {
        let found = file::Entity::find_by_id(id).one(self.app.db.read()).await;
        found.unwrap().unwrap()
    }

    fn local(&self, file: &file::Model) -> std::path::PathBuf {
        self.app.files.local_path(&file.path).unwrap()
    }

    async fn move_all(&self) -> kernel::Result<usize> {
        keeping::archive_due(&self.app, self.telephony.archive().unwrap()).await
    }

    async fn remove_all(&self) -> kernel::Result<usize> {
        retention::remove_due(&self.app, self.telephony.archive()).await
    }
}

/// Runs a story on both databases with this archive.
async fn on_both(archive: impl Fn(&str) -> ArchiveSettings, story: impl AsyncFn(House)) {
    for kind in Kind::all() {
        eprintln!("--- on {kind:?}");
        let house = Box::pin(House::open(*kind, &archive)).await;
        Box::pin(story(house)).await;
    }
}

fn folder(path: &str) -> ArchiveSettings {
    ArchiveSettings {
        store: path.to_owned(),
        ..ArchiveSettings::default()
    }
}

fn nowhere(_: &str) -> ArchiveSettings {
    ArchiveSettings::default()
}

fn bucket(s3: &S3) -> ArchiveSettings {
    ArchiveSettings {
        store: "s3://b/recordings-of-2026".to_owned(),
        s3_endpoint: s3.endpoint.clone(),
        s3_region: "us-east-1".to_owned(),
        s3_access_key: "access".to_owned(),
        s3_secret_key: "secret".to_owned(),
        s3_path_style: true,
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| format!("{byte:02x}");
    Sha256::digest(bytes).iter().map(digits).collect()
}

/// One of our recordings with so many bytes of sound that are all different.
fn wav(sound: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    std::fs::write(&path, []).unwrap();
    telephony::media::recorder::repair(&path).unwrap();
    let mut wav = std::fs::read(&path).unwrap();
    wav.extend((0..sound).map(|n| (n % 251) as u8));
    for (at, size) in [(4, 50 + sound), (46, sound / 2), (54, sound)] {
        wav[at..at + 4].copy_from_slice(&(size as u32).to_le_bytes());
    }
    wav
}

/// The audit trail.
pub async fn trail(app: &App) -> Vec<kernel::audit::entry::Model> {
    let rows = kernel::audit::entry::Entity::find();
    rows.all(app.db.read()).await.unwrap()
}

async fn actions(app: &App) -> Vec<String> {
    trail(app).await.into_iter().map(|row| row.action).collect()
}

const LISTEN: &str = "reason=%E8%B4%A8%E6%A3%80";

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_moves_to_the_folder_and_is_heard_from_there() {
    on_both(folder, async |house| {
        let now = house.app.clock.now();
        let small = house.recorded(1, now, 64_000).await;
        // More than one part.
        let large = house.recorded(2, now, 9 * 1024 * 1024).await;
        assert_eq!(house.move_all().await.unwrap(), 2);
        for id in [small, large] {
            let file = house.file(id).await;
            assert_eq!(file.place, "archive");
            assert!(file.archived_at.is_some());
            assert!(!house.local(&file).exists());
            let moved = std::fs::read(house.folder.path().join(&file.path)).unwrap();
            assert_eq!(Some(hex(&moved)), file.sha256);
        }
        assert_eq!(house.move_all().await.unwrap(), 0);
        let lead = principal(&[Role::ShiftLead]);
        let path = format!("/api/v1/calls/{small}/recording?{LISTEN}");
        let whole = wav(64_000);
        let (status, headers, body) =
            bytes(&house.door.0, &lead, &path, Some("bytes=100-299")).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT);
        assert_eq!(body, &whole[100..300]);
        let told = format!("bytes 100-299/{}", whole.len());
        assert_eq!(headers["content-range"].to_str().unwrap(), told);
        let (status, _, body) = bytes(&house.door.0, &lead, &path, None).await;
        assert_eq!((status, body), (StatusCode::OK, whole));
        let wave = format!("/api/v1/calls/{small}/waveform?buckets=10");
        let wave = house.door.get(&lead, &wave).await;
        assert_eq!(wave["duration_ms"], 4_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_fails_or_alters_is_tried_again_and_nothing_is_lost() {
    for kind in Kind::all() {
        let s3 = S3::start().await;
        let house = Box::pin(House::open(*kind, |_| bucket(&s3))).await;
        let now = house.app.clock.now();
        let small = house.recorded(1, now, 64_000).await;
        let large = house.recorded(2, now, 9 * 1024 * 1024).await;
        // It refuses: everything stays as it was.
        s3.bucket.failing.store(2, Relaxed);
        assert!(house.move_all().await.is_err());
        for id in [small, large] {
            let file = house.file(id).await;
            assert_eq!(file.place, "local");
            assert!(house.local(&file).exists());
        }
        // It keeps something else than it was sent: seen when it is read back.
        s3.bucket.altering.store(true, Relaxed);
        let problem = house.move_all().await.unwrap_err();
        assert_eq!(problem.code, "recording_store_altered");
        assert_eq!(house.file(small).await.place, "local");
        s3.bucket.altering.store(false, Relaxed);
        assert_eq!(house.move_all().await.unwrap(), 2);
        for id in [small, large] {
            let file = house.file(id).await;
            assert!(!house.local(&file).exists());
            let key = format!("/b/recordings-of-2026/{}", file.path);
            let stored = s3.bucket.objects.lock().unwrap()[&key].clone();
            assert_eq!(Some(hex(&stored)), file.sha256);
        }
        // Played by ranges from the bucket.
        let lead = principal(&[Role::ShiftLead]);
        let path = format!("/api/v1/calls/{large}/recording?{LISTEN}");
        let (status, _, body) =
            bytes(&house.door.0, &lead, &path, Some("bytes=9000000-9000099")).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT);
        assert_eq!(body, &wav(9 * 1024 * 1024)[9_000_000..9_000_100]);
        // And removed there, with its proof, when its time is over.
        house.app.clock.advance(Duration::from_hours(24 * 1_096));
        assert_eq!(house.remove_all().await.unwrap(), 2);
        assert!(s3.bucket.objects.lock().unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_between_the_copies_goes_on_from_there() {
    on_both(folder, async |house| {
        let id = house.recorded(1, house.app.clock.now(), 1_000).await;
        let file = house.file(id).await;
        // Killed after the copy and before the row: it is copied again.
        let copy = house.folder.path().join(&file.path);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::write(&copy, b"half of it").unwrap();
        assert_eq!(house.move_all().await.unwrap(), 1);
        let moved = std::fs::read(&copy).unwrap();
        assert_eq!(Some(hex(&moved)), file.sha256);
        // Killed after the row and before the file here was taken away.
        std::fs::write(house.local(&file), &moved).unwrap();
        house
            .app
            .db
            .write(async move |tx| {
                let mut row = house_file(&*tx, id).await.into_active_model();
                row.place = sea_orm::Set("both".to_owned());
                file::Entity::update(row).exec(&*tx).await?;
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(house.move_all().await.unwrap(), 1);
        assert!(!house.local(&file).exists());
        assert_eq!(house.file(id).await.place, "archive");
    })
    .await;
}

async fn house_file(conn: &impl sea_orm::ConnectionTrait, id: Uuid) -> file::Model {
    file::Entity::find_by_id(id)
        .one(conn)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_or_missing_is_named_and_not_passed_off() {
    on_both(folder, async |house| {
        let now = house.app.clock.now();
        let mut ids = Vec::new();
        for n in 1..=4 {
            ids.push(house.recorded(n, now, 1_000).await);
        }
        // The third and the fourth are in the archive already.
        let [good, altered, lost, rotten] = ids[..] else {
            unreachable!()
        };
        let flip = |path: &std::path::Path| {
            let mut bytes = std::fs::read(path).unwrap();
            bytes[500] ^= 1;
            std::fs::write(path, bytes).unwrap();
        };
        flip(&house.local(&house.file(altered).await));
        // A copy that is not the recording any more is never uploaded.
        assert_eq!(house.move_all().await.unwrap(), 3);
        let file = house.file(altered).await;
        assert_eq!(
            (file.place.as_str(), file.condition.as_deref()),
            ("local", Some("damaged"))
        );
        std::fs::remove_file(house.folder.path().join(house.file(lost).await.path)).unwrap();
        flip(&house.folder.path().join(house.file(rotten).await.path));
        let archive = house.telephony.archive();
        let checked = keeping::check_due(&house.app, archive).await.unwrap();
        // The altered one was looked at a moment ago.
        assert_eq!((checked.good, checked.damaged, checked.missing), (1, 1, 1));
        for (id, condition) in [
            (good, "good"),
            (altered, "damaged"),
            (lost, "missing"),
            (rotten, "damaged"),
        ] {
            assert_eq!(house.file(id).await.condition.as_deref(), Some(condition));
            let subject = id.to_string();
            let told = house.app.events.of_subject(house.app.db.read(), &subject);
            let told = told.await.unwrap();
            let named = told
                .iter()
                .filter(|event| event.kind == "recording.not_intact");
            assert_eq!(named.count(), usize::from(condition != "good"));
        }
        let quality = principal(&[Role::Quality]);
        let listed = house
            .door
            .get(&quality, "/api/v1/recordings?condition=damaged")
            .await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        // Not looked at again the same night, but a week later.
        let again = keeping::check_due(&house.app, archive).await.unwrap();
        assert_eq!(again, keeping::Checked::default());
        house.app.clock.advance(Duration::from_hours(24 * 7));
        let later = keeping::check_due(&house.app, archive).await.unwrap();
        assert_eq!((later.good, later.damaged, later.missing), (1, 2, 1));

        let lead = principal(&[Role::ShiftLead]);
        let hear = async |id: Uuid, more: &str| {
            let path = format!("/api/v1/calls/{id}/recording?{LISTEN}{more}");
            let (status, _, body) = bytes(&house.door.0, &lead, &path, None).await;
            let code = serde_json::from_slice::<Value>(&body).ok();
            let code = code.and_then(|json| json["code"].as_str().map(str::to_owned));
            (status.as_u16(), code.unwrap_or_default())
        };
        assert_eq!(
            hear(altered, "").await,
            (409, "recording_damaged".to_owned())
        );
        assert_eq!(
            hear(rotten, "").await,
            (409, "recording_damaged".to_owned())
        );
        assert_eq!(hear(lost, "").await, (409, "recording_missing".to_owned()));
        assert_eq!(hear(rotten, "&damaged=true").await.0, 200);
        assert_eq!(hear(good, "").await.0, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_found_by_their_calls_within_what_one_may_hear() {
    on_both(nowhere, async |house| {
        let now = house.app.clock.now();
        let day = |days| now - TimeDelta::days(days);
        let mut ids = Vec::new();
        for (n, days, number, whose) in [
            (1, 3, "13900001234", agent(1)),
            (2, 2, "13900005678", agent(2)),
            (3, 1, "02083301234", agent(1)),
        ] {
            let id = house.recorded(n, day(days), 1_000).await;
            let hash = Phone::new(number.to_owned()).hash(house.app.key.bytes());
            house
                .app
                .db
                .write(async move |tx| {
                    call::Entity::update_many()
                        .col_expr(call::Column::Caller, number.into())
                        .col_expr(call::Column::CallerHash, hash.into())
                        .col_expr(call::Column::AgentId, whose.into())
                        .filter(call::Column::Id.eq(id))
                        .exec(&*tx)
                        .await?;
                    Ok(())
                })
                .await
                .unwrap();
            ids.push(id);
        }
        let [first, second, third] = ids[..] else {
            unreachable!()
        };
        let (lead, manager) = (
            principal(&[Role::ShiftLead]),
            principal(&[Role::OpsManager]),
        );
        let hold = json!({ "reason": "诉讼保全" });
        let holds = format!("/api/v1/calls/{second}/recording/holds");
        let placed = house
            .door
            .ask(&manager, Method::POST, &holds, Some(hold))
            .await;
        assert_eq!(placed.status, StatusCode::CREATED);
        let found = async |who: &kernel::Principal, filters: &str| {
            let list = house
                .door
                .get(who, &format!("/api/v1/recordings?{filters}"))
                .await;
            let rows = list["items"].as_array().unwrap().iter();
            rows.map(|row| row["call_id"].as_str().unwrap().parse::<Uuid>().unwrap())
                .collect::<Vec<_>>()
        };
        let (from, to) = (day(2).to_rfc3339(), day(1).to_rfc3339());
        let range = format!(
            "from={}&to={}",
            from.replace('+', "%2B"),
            to.replace('+', "%2B")
        );
        for (filters, expected) in [
            (String::new(), vec![third, second, first]),
            (range, vec![second]),
            (format!("agent={}", agent(1)), vec![third, first]),
            ("q=13900001234".to_owned(), vec![first]),
            ("q=*1234".to_owned(), vec![third, first]),
            ("q=*1234&per_page=1".to_owned(), vec![third]),
            ("held=true".to_owned(), vec![second]),
            (format!("held=true&agent={}", agent(1)), vec![]),
            (
                "queue=hotline&place=local&checked=false".to_owned(),
                vec![third, second, first],
            ),
            ("queue=moon".to_owned(), vec![]),
            ("place=archive".to_owned(), vec![]),
        ] {
            assert_eq!(found(&lead, &filters).await, expected, "{filters}");
        }
        // One request tells what a row of the page shows.
        let list = house.door.get(&lead, "/api/v1/recordings?held=true").await;
        let row = &list["items"][0];
        assert_eq!(
            (&row["call"]["caller"], &row["holds_open"]),
            (&json!("139****5678"), &json!(1))
        );
        assert!(
            row["keep_until"].is_string() && row["rule"] == "*/*",
            "{row}"
        );
        // An agent finds his own, whatever he asks for; and in the list of calls too.
        let mut own = principal(&[Role::Agent]);
        own.user_id = agent(2);
        for filters in ["", "queue=hotline", "q=*5678"] {
            assert_eq!(found(&own, filters).await, [second], "{filters}");
            let calls = house
                .door
                .get(&own, &format!("/api/v1/calls?{filters}"))
                .await;
            assert_eq!(calls["total"], 1, "{filters}: {calls}");
        }
        assert!(found(&own, "q=*1234").await.is_empty());
        let admin = principal(&[Role::SysAdmin]);
        let path = "/api/v1/recordings";
        let refused = house.door.ask(&admin, Method::GET, path, None).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_stays_and_what_is_removed_leaves_its_proof() {
    on_both(nowhere, async |house| {
        let now = house.app.clock.now();
        let (old, held, young) = (
            house.recorded(1, now - TimeDelta::days(1_200), 1_000).await,
            house.recorded(2, now - TimeDelta::days(1_200), 1_000).await,
            house.recorded(3, now - TimeDelta::days(100), 1_000).await,
        );
        let manager = principal(&[Role::OpsManager]);
        let holds = format!("/api/v1/calls/{held}/recording/holds");
        let agent = principal(&[Role::Agent]);
        let hold = json!({ "reason": "诉讼保全" });
        let refused = house
            .door
            .ask(&agent, Method::POST, &holds, Some(hold.clone()))
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let placed = house
            .door
            .ask(&manager, Method::POST, &holds, Some(hold))
            .await;
        assert_eq!(placed.status, StatusCode::CREATED, "{}", placed.json);
        assert_eq!(placed.json["holds_open"], 1);
        let until = json!({ "reason": "复核", "until": now + TimeDelta::days(3) });
        house
            .door
            .ask(&manager, Method::POST, &holds, Some(until))
            .await;

        assert_eq!(house.remove_all().await.unwrap(), 1);
        assert!(!house.local(&house.file(old).await).exists());
        for id in [held, young] {
            assert!(house.local(&house.file(id).await).exists());
        }
        let sha256 = house.file(old).await.sha256;
        let proof = removal::Entity::find_by_id(old)
            .one(house.app.db.read())
            .await;
        let proof = proof.unwrap().unwrap();
        assert_eq!((proof.rule.as_str(), proof.rule_days), ("*/*", 1_095));
        assert_eq!(proof.sha256, sha256);
        let path = format!("/api/v1/calls/{old}/recording");
        let gone = house.door.ask(&manager, Method::GET, &path, None).await;
        assert_eq!(
            (gone.status, &gone.json["code"]),
            (StatusCode::GONE, &json!("recording_removed"))
        );
        let shown = house.door.get(&manager, &format!("{path}/keeping")).await;
        assert_eq!(shown["removal"]["rule"], "*/*");
        let late = json!({ "reason": "太晚了" });
        let late = house
            .door
            .ask(&manager, Method::POST, &format!("{path}/holds"), Some(late))
            .await;
        assert_eq!(
            (late.status, &late.json["code"]),
            (StatusCode::CONFLICT, &json!("recording_removed"))
        );

        // The second hold runs out by itself, the first only by a release with a reason.
        house.app.clock.advance(Duration::from_hours(24 * 4));
        assert_eq!(house.remove_all().await.unwrap(), 0);
        let keeping = house
            .door
            .get(&manager, &format!("/api/v1/calls/{held}/recording/keeping"))
            .await;
        assert_eq!(keeping["holds_open"], 1, "{keeping}");
        let first = keeping["holds"]
            .as_array()
            .unwrap()
            .iter()
            .find(|hold| hold["until"].is_null());
        let release = format!("{holds}/{}/release", first.unwrap()["id"].as_str().unwrap());
        let none = house
            .door
            .ask(&manager, Method::POST, &release, Some(json!({})))
            .await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        let why = Some(json!({ "reason": "案件终结" }));
        let released = house
            .door
            .ask(&manager, Method::POST, &release, why.clone())
            .await;
        assert_eq!(
            (released.status, &released.json["holds_open"]),
            (StatusCode::OK, &json!(0))
        );
        let twice = house.door.ask(&manager, Method::POST, &release, why).await;
        assert_eq!(twice.status, StatusCode::CONFLICT);
        assert_eq!(house.remove_all().await.unwrap(), 1);
        assert!(!house.local(&house.file(held).await).exists());
        let done = actions(&house.app).await;
        for (action, times) in [
            ("recording.held", 2),
            ("recording.released", 2),
            ("recording.removed", 2),
        ] {
            assert_eq!(
                done.iter().filter(|found| *found == action).count(),
                times,
                "{done:?}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_the_queue_counts_and_a_killed_removal_is_ended() {
    on_both(nowhere, async |house| {
        let now = house.app.clock.now();
        let id = house.recorded(1, now - TimeDelta::days(40), 1_000).await;
        assert_eq!(house.remove_all().await.unwrap(), 0);
        let manager = principal(&[Role::OpsManager]);
        let rules = "/api/v1/rules/recording-retention";
        let short = json!({
            "rule": { "queue": "hotline", "direction": null, "days": 30 }, "effective_from": null, "source": "纪要",
        });
        let set = house.door.ask(&manager, Method::POST, rules, Some(short)).await;
        assert_eq!(set.status, StatusCode::CREATED, "{}", set.json);
        let never = json!({
            "rule": { "queue": null, "direction": null, "days": 0 }, "effective_from": null, "source": "纪要",
        });
        let refused = house.door.ask(&manager, Method::POST, rules, Some(never)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        house.app.clock.advance(Duration::from_secs(1));
        // Killed when the removal had begun and the file was gone, before the proof.
        let path = house.local(&house.file(id).await);
        house
            .app
            .db
            .write(async move |tx| {
                let mut row = house_file(&*tx, id).await.into_active_model();
                row.removing_at = sea_orm::Set(Some(now));
                file::Entity::update(row).exec(&*tx).await?;
                Ok(())
            })
            .await
            .unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!(house.remove_all().await.unwrap(), 1);
        let proof = removal::Entity::find_by_id(id).one(house.app.db.read()).await;
        assert_eq!(proof.unwrap().unwrap().rule, "hotline/*");
        assert_eq!(house.remove_all().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn listening_needs_a_reason_and_an_export_names_who_took_it() {
    on_both(nowhere, async |house| {
        let id = house.recorded(1, house.app.clock.now(), 32_000).await;
        let mut quality = principal(&[Role::Quality]);
        quality.staff_no = Some("8005".to_owned());
        quality.name = "李质检".to_owned();
        let path = format!("/api/v1/calls/{id}/recording");
        let none = house.door.ask(&quality, Method::GET, &path, None).await;
        assert_eq!(
            (none.status, &none.json["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("reason_needed"))
        );
        let (status, ..) = bytes(&house.door.0, &quality, &format!("{path}?{LISTEN}"), None).await;
        assert_eq!(status, StatusCode::OK);
        // Going on listening is the same act.
        let (status, ..) = bytes(&house.door.0, &quality, &path, Some("bytes=0-9")).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT);

        let export = format!("{path}/export");
        let agent = principal(&[Role::Agent]);
        let refused = house
            .door
            .ask(&agent, Method::GET, &format!("{export}?{LISTEN}"), None)
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let none = house.door.ask(&quality, Method::GET, &export, None).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        let (status, _, copy) =
            bytes(&house.door.0, &quality, &format!("{export}?{LISTEN}"), None).await;
        assert_eq!(status, StatusCode::OK);
        let text = String::from_utf8_lossy(&copy);
        for named in [
            "LIST",
            "INFO",
            "李质检",
            "8005",
            "质检",
            &id.to_string(),
            &hex(&wav(32_000)),
        ] {
            assert!(text.contains(named), "{named}");
        }
        // The talk follows the spoken mark, untouched; sox reads all of it.
        let talk = wav(32_000)[58..].to_vec();
        let at = copy
            .windows(talk.len())
            .position(|part| part == talk)
            .unwrap();
        assert!(at > 58 + 2 * 8_000, "at least a second of mark: {at}");
        let file = house.folder.path().join("export.wav");
        std::fs::write(&file, &copy).unwrap();
        let told = std::process::Command::new("soxi")
            .arg("-s")
            .arg(&file)
            .output()
            .unwrap();
        assert!(told.status.success());
        let samples: usize = String::from_utf8(told.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert_eq!(samples, (at - 58) / 2 + 16_000);
        let trail = trail(&house.app).await;
        let listened: Vec<_> = trail
            .iter()
            .filter(|row| row.action == "call.listened")
            .collect();
        assert_eq!(listened.len(), 1);
        assert_eq!(listened[0].details["reason"], "质检");
        let exported = trail
            .iter()
            .find(|row| row.action == "call.recording_exported");
        assert_eq!(exported.unwrap().details["sha256"], json!(hex(&copy)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_archive_costs_no_recording() {
    // A folder that takes nothing: a file stands where it should be.
    for kind in Kind::all() {
        let house = Box::pin(House::open(*kind, folder)).await;
        let id = house.recorded(1, house.app.clock.now(), 1_000).await;
        std::fs::write(house.folder.path().join("recordings"), b"in the way").unwrap();
        assert!(house.move_all().await.is_err());
        let file = house.file(id).await;
        assert_eq!(
            (file.place.as_str(), house.local(&file).exists()),
            ("local", true)
        );
        std::fs::remove_file(house.folder.path().join("recordings")).unwrap();
        assert_eq!(house.move_all().await.unwrap(), 1);
    }
}
