//! The demo's people (design §5): real roles, a password everyone knows. Only `shoujie serve --demo` calls
//! this, and a server without `--demo` refuses to start over what it left: see
//! [`Organization::refuse_demo_secrets`].

mod stage;

use kernel::audit::Who;
use kernel::problem::{Result, refused};
use kernel::{App, Role, Side};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::devices::NewDevice;
pub use crate::password::DEMO_PASSWORD as PASSWORD;
use crate::password::DEMO_PASSWORD;
use crate::rows::{device, user};
use crate::users::{NewUser, Secrets, store};
use crate::{Organization, parties};
pub use stage::{Stage, moment};

/// One person of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// Sign-in name.
    pub username: &'static str,
    /// Role.
    pub role: Role,
    /// Side.
    pub side: Side,
    /// Name.
    pub name: &'static str,
    /// Department or section.
    pub department: &'static str,
    /// 工号, empty without one.
    pub staff_no: &'static str,
}

const fn person(
    username: &'static str,
    role: Role,
    side: Side,
    name: &'static str,
    department: &'static str,
    staff_no: &'static str,
) -> Person {
    Person {
        username,
        role,
        side,
        name,
        department,
        staff_no,
    }
}

use Side::{Purchaser, Supplier};

/// Everybody in the demo.
#[rustfmt::skip]
pub const PEOPLE: &[Person] = &[
    person("agent1", Role::Agent, Supplier, "陈晓雯", "热线座席组", "801"),
    person("agent2", Role::Agent, Supplier, "李志强", "热线座席组", "802"),
    person("agent3", Role::Agent, Supplier, "黄丽娟", "热线座席组", "803"),
    person("agent4", Role::Agent, Supplier, "张俊杰", "热线座席组", "804"),
    person("agent5", Role::Agent, Supplier, "林佩珊", "热线座席组", "805"),
    person("agent6", Role::Agent, Supplier, "吴浩然", "热线座席组", "806"),
    person("lead", Role::ShiftLead, Supplier, "周敏", "现场管理组", "800"),
    person("quality", Role::Quality, Supplier, "何静", "质检组", ""),
    person("trainer", Role::Trainer, Supplier, "郑宏", "培训组", ""),
    person("manager", Role::OpsManager, Supplier, "梁国栋", "运营管理部", ""),
    person("analyst", Role::Analyst, Supplier, "谢思远", "数据分析组", ""),
    person("hr", Role::HrCompliance, Supplier, "苏婉仪", "人力资源部", ""),
    person("liaison", Role::Liaison, Supplier, "邓志明", "综合部", ""),
    person("counterpart", Role::Counterpart, Purchaser, "罗建平", "办公室", ""),
    person("purchaser", Role::PurchaserAdmin, Purchaser, "冯惠芳", "服务管理科", ""),
    person("section", Role::PurchaserBusiness, Purchaser, "曾文斌", "考试科", ""),
    person("titles", Role::PurchaserBusiness, Purchaser, "彭雪梅", "职称科", ""),
    person("reviewer", Role::PurchaserReviewer, Purchaser, "蔡永康", "财务科", ""),
    person("sysadmin", Role::SysAdmin, Supplier, "杜明辉", "信息技术部", ""),
    person("secadmin", Role::SecAdmin, Purchaser, "钟毅", "信息科", ""),
    person("auditor", Role::AuditAdmin, Purchaser, "潘瑞", "审计科", ""),
];

/// Who stands in for the six: trained, with no post of his own.
pub const RESERVE: Person = person(
    "agent7",
    Role::Agent,
    Supplier,
    "何嘉仪",
    "热线座席组",
    "807",
);

/// Makes the parties, the people and a desk phone for each agent; what is there already stays.
pub async fn seed(app: &App) -> Result<()> {
    let organization = Organization::new(app)?;
    let who = Who::system("demo");
    for (side, name) in [
        (Supplier, "首接客户服务有限公司（演示）"),
        (Purchaser, "市人事服务中心（演示）"),
    ] {
        if parties::of_side(app.db.read(), side).await.is_err() {
            organization.put_party(&who, side, name).await?;
        }
    }
    put(organization, who, PEOPLE).await
}

/// Makes the [`RESERVE`], where a story needs somebody to stand in.
pub async fn seed_reserve(app: &App) -> Result<()> {
    put(Organization::new(app)?, Who::system("demo"), &[RESERVE]).await
}

async fn put(organization: Organization, who: Who, people: &'static [Person]) -> Result<()> {
    // One hash for all: hashing each would cost the start a second, and the password is no secret.
    let password_hash = organization.hasher.hash(DEMO_PASSWORD).await?;
    let db = organization.app.db.clone();
    db.write(async move |tx| {
        for person in people {
            if store::by_username(&*tx, person.username).await?.is_some() {
                continue;
            }
            let new = NewUser {
                username: person.username.to_owned(),
                name: person.name.to_owned(),
                staff_no: person.staff_no.to_owned(),
                department: person.department.to_owned(),
                side: person.side,
                roles: vec![person.role],
                password: None,
            };
            let secrets = Secrets {
                password_hash: password_hash.clone(),
                must_change: false,
                demo: true,
            };
            let id = organization.insert_user(&tx, &who, new, secrets).await?;
            if person.role == Role::Agent {
                let label = format!("{} 号座席", person.staff_no);
                let phone = NewDevice {
                    user_id: id,
                    label,
                    secret: DEMO_PASSWORD,
                    demo: true,
                };
                organization.insert_device(&tx, &who, phone).await?;
            }
        }
        Ok(())
    })
    .await
}

impl Organization {
    /// For a server without `--demo`: refuses to start while a user or a desk phone still has the secret
    /// that the demo gave to everyone.
    pub async fn refuse_demo_secrets(&self) -> Result<()> {
        let conn = self.app.db.read();
        let enabled = user::Column::DemoSecret
            .eq(true)
            .and(user::Column::Disabled.eq(false));
        let users = user::Entity::find().filter(enabled).count(conn).await?;
        let devices = device::Entity::find()
            .filter(device::Column::DemoSecret.eq(true))
            .count(conn)
            .await?;
        if users + devices == 0 {
            return Ok(());
        }
        let detail = format!("{users} users and {devices} desk phones have the secret of the demo");
        Err(refused("demo_secrets", detail)
            .with_way_out("start with --demo, or set SHOUJIE__DATA_DIR to a folder of its own"))
    }
}
