//! The people of a predecessor: their files come in as candidates, what they say of themselves as evidence that
//! somebody still checks. Read and compared by `carry`; written here.

use chrono::NaiveDate;
use documents::sheet::{Field, Kind, Line};
use kernel::audit::Who;
use kernel::problem::{Result, invalid, refused};
use kernel::{App, Tx, versioned};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter,
};
use uuid::Uuid;

use super::evidence::NewEvidence;
use super::http::{Person, empty, known_already, must_be_free};
use super::store::{self, evidence, row};
use crate::post::store as posts;
use crate::qualification::Item;
use crate::transition::Willingness;
use crate::transition::store as transitions;
use crate::transition::verbs::{Seated, sit};
use kernel::day;

const LEVELS: Kind = Kind::Word(&[
    ("初中", "junior_secondary"),
    ("中专", "secondary"),
    ("高中", "secondary"),
    ("大专", "associate"),
    ("本科", "bachelor"),
    ("硕士", "master"),
    ("博士", "doctor"),
]);
const MANDARIN: Kind = Kind::Word(&[
    ("三级乙等", "third_b"),
    ("三级甲等", "third_a"),
    ("二级乙等", "second_b"),
    ("二级甲等", "second_a"),
    ("一级乙等", "first_b"),
    ("一级甲等", "first_a"),
]);
const WILLING: Kind = Kind::Word(&[
    ("未表态", "unknown"),
    ("愿意", "willing"),
    ("不愿意", "unwilling"),
]);

/// The columns of a sheet of people.
pub const FIELDS: &[Field] = &[
    Field::of("number", &["原工号", "工号", "人员编号"])
        .with(Kind::Line, 100)
        .needed(),
    Field::of("name", &["姓名"]).with(Kind::Line, 60).needed(),
    Field::of("account", &["账号", "系统账号"]).with(Kind::Line, 100),
    Field::of("born_on", &["出生日期"])
        .with(Kind::Day, 20)
        .personal(),
    Field::of("id_number", &["身份证号"])
        .with(Kind::Line, 30)
        .personal(),
    Field::of("phone", &["电话", "联系电话"])
        .with(Kind::Line, 20)
        .personal(),
    Field::of("post", &["岗位", "座席"]).with(Kind::Line, 10),
    Field::of("willing", &["承接意愿", "意愿"]).with(WILLING, 10),
    Field::of("education", &["学历"]).with(LEVELS, 20),
    Field::of("graduated_on", &["毕业日期"]).with(Kind::Day, 20),
    Field::of("mandarin", &["普通话等级"]).with(MANDARIN, 20),
    Field::of("mandarin_on", &["普通话证书日期"]).with(Kind::Day, 20),
    Field::of("experience_from", &["热线经验起", "入职日期"]).with(Kind::Day, 20),
    Field::of("employer", &["原单位", "原运营公司"]).with(Kind::Line, 60),
];

async fn account(conn: &impl ConnectionTrait, line: &Line) -> Result<Option<Uuid>> {
    let name = line.text("account");
    if name.is_empty() {
        return Ok(None);
    }
    let unknown = || invalid("account", "account_unknown", "nobody signs in by this name");
    let user = organization::users::store::by_username(conn, name).await?;
    user.map(|user| Some(user.id)).ok_or_else(unknown)
}

fn person(line: &Line, user_id: Option<Uuid>) -> Person {
    Person {
        name: line.some("name"),
        user_id,
        born_on: line.day("born_on"),
        id_number: line.some("id_number"),
        phone: line.some("phone"),
        other_project: None,
    }
}

fn proofs(line: &Line, today: NaiveDate) -> Vec<NewEvidence> {
    let new = |item, on: Option<NaiveDate>| NewEvidence {
        item,
        on: on.unwrap_or(today),
        until: None,
        level: None,
        number: None,
        seconds: None,
        issuer: None,
        scorecard: Vec::new(),
        note: Some(format!("前运营公司移交，原工号 {}", line.text("number"))),
    };
    let mut proofs = Vec::new();
    for (item, level, on) in [
        (Item::Education, "education", "graduated_on"),
        (Item::Mandarin, "mandarin", "mandarin_on"),
    ] {
        if let Some(level) = line.some(level) {
            proofs.push(NewEvidence {
                level: Some(level),
                ..new(item, line.day(on))
            });
        }
    }
    if let Some(from) = line.day("experience_from") {
        let employer = line
            .some("employer")
            .unwrap_or_else(|| "原运营公司".to_owned());
        proofs.push(NewEvidence {
            issuer: Some(employer),
            ..new(Item::Experience, Some(from))
        });
    }
    proofs
}

/// Says no to a row that cannot be a staff file, or that there is one of which did not come from it.
pub async fn check(
    app: &App,
    conn: &impl ConnectionTrait,
    line: &Line,
    known: Option<Uuid>,
) -> Result<()> {
    let user = account(conn, line).await?;
    let blank = empty(app, None);
    let own = known.unwrap_or(blank.id);
    must_be_free(conn, user, own)
        .await
        .map_err(|problem| problem.with_field("account"))?;
    let staff = person(line, user).onto(app, blank)?;
    if let Some(hash) = &staff.id_number_hash {
        let there = row::Entity::find()
            .filter(row::Column::IdNumberHash.eq(hash.as_str()))
            .one(conn)
            .await?;
        if there.is_some_and(|there| Some(there.id) != known) {
            let detail = "there is a staff file of this identity number";
            return Err(refused("staff_file_exists", detail).with_field("id_number"));
        }
    }
    for proof in proofs(line, day::today(app)) {
        proof.into_row(app, own, None)?;
    }
    let post = line.text("post");
    let all = posts::all(conn).await?;
    if !post.is_empty() && !all.iter().any(|known| known.id == post) {
        return Err(invalid("post", "post_unknown", "Z1 to Z6"));
    }
    Ok(())
}

/// Writes the file of a row, new or over the one it became, and seats him on the board of the transition.
pub async fn put(
    app: &App,
    tx: &Tx,
    who: &Who,
    (transition, known): (Option<Uuid>, Option<Uuid>),
    line: &Line,
) -> Result<Uuid> {
    let user = account(&**tx, line).await?;
    let staff = if let Some(id) = known {
        let before = store::held(tx, id).await?;
        let after = person(line, user).onto(app, before.clone())?;
        let after = versioned::save(app, &**tx, &before, after)
            .await
            .map_err(known_already)?;
        let scribe = after.scribe(app, tx, who);
        scribe.tell("changed", None, after.facts()).await?;
        after
    } else {
        let staff = person(line, user).onto(app, empty(app, who.user_id))?;
        versioned::insert(&**tx, &staff)
            .await
            .map_err(known_already)?;
        let scribe = staff.scribe(app, tx, who);
        scribe
            .tell("created", Some("前运营公司移交"), staff.facts())
            .await?;
        staff
    };
    let there = store::evidence_of(&**tx, &[staff.id]).await?;
    for proof in proofs(line, day::today(app)) {
        let made = proof.into_row(app, staff.id, who.user_id)?;
        let same = |known: &evidence::Model| {
            known.item == made.item && known.level == made.level && known.issuer == made.issuer
        };
        if !there.iter().any(same) {
            evidence::Entity::insert(made.into_active_model().reset_all())
                .exec_without_returning(&**tx)
                .await?;
        }
    }
    if let (Some(transition), false) = (transition, line.text("post").is_empty()) {
        let row = transitions::held(tx, transition).await?;
        // Whoever came in before keeps the seat, the will and the note that were written on the board since.
        let board = transitions::people(&**tx, transition).await?;
        let kept = |seat: &transitions::person::Model| {
            seat.staff_id == staff.id || seat.post_id == line.text("post")
        };
        if known.is_some() && board.iter().any(kept) {
            return Ok(staff.id);
        }
        let seated = Seated {
            post: line.text("post"),
            staff: staff.id,
            willing: Willingness::parse(line.text("willing")).unwrap_or(Willingness::Unknown),
            note: None,
            resigned_on: None,
        };
        sit(app, tx, who, &row, seated).await?;
    }
    Ok(staff.id)
}
