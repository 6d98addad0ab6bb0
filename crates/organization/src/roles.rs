//! Which roles one person may hold, and what they are called.

use kernel::problem::{Problem, refused};
use kernel::{Role, Side};

/// Why a set of roles is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleRefusal {
    /// 三员 (GB/T 22239-2019 8.1.4.2): an administrator holds no business role.
    AdministratorWithBusinessRole(Role, Role),
    /// 三员: an administrator holds no other administrator's role.
    TwoAdministrators(Role, Role),
    /// The supplier's people hold the supplier's roles, the purchaser's the purchaser's.
    RoleOfOtherSide(Role),
}

impl RoleRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::AdministratorWithBusinessRole(..) => "administrator_with_business_role",
            Self::TwoAdministrators(..) => "two_administrators",
            Self::RoleOfOtherSide(_) => "role_of_other_side",
        }
    }
}

impl From<RoleRefusal> for Problem {
    fn from(refusal: RoleRefusal) -> Self {
        let (detail, way_out) = match refusal {
            RoleRefusal::AdministratorWithBusinessRole(admin, business) => (
                format!(
                    "{} may not hold the business role {}",
                    admin.as_str(),
                    business.as_str()
                ),
                "give the roles to two people",
            ),
            RoleRefusal::TwoAdministrators(one, other) => (
                format!("{} may not also be {}", one.as_str(), other.as_str()),
                "give the roles to two people",
            ),
            RoleRefusal::RoleOfOtherSide(role) => (
                format!("{} is a role of the other side", role.as_str()),
                "choose a role of the user's own side",
            ),
        };
        refused(refusal.code(), detail)
            .with_field("roles")
            .with_way_out(way_out)
    }
}

/// Whether one person of `side` may hold all of `roles`.
pub fn check_roles(roles: &[Role], side: Side) -> Result<(), RoleRefusal> {
    let foreign = |role: &&Role| role.side() != Side::Either && role.side() != side;
    if let Some(role) = roles.iter().find(foreign) {
        return Err(RoleRefusal::RoleOfOtherSide(*role));
    }
    let Some(admin) = roles.iter().find(|role| role.is_administrator()) else {
        return Ok(());
    };
    match roles.iter().find(|role| *role != admin) {
        Some(other) if other.is_administrator() => {
            Err(RoleRefusal::TwoAdministrators(*admin, *other))
        }
        Some(other) => Err(RoleRefusal::AdministratorWithBusinessRole(*admin, *other)),
        None => Ok(()),
    }
}

/// What the role is called in the console (glossary).
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Agent => "座席",
        Role::ShiftLead => "班长",
        Role::OpsManager => "运营经理",
        Role::Quality => "质检员",
        Role::Trainer => "培训师",
        Role::Analyst => "数据分析员",
        Role::HrCompliance => "人事合规专员",
        Role::Liaison => "日常联络人（服务商）",
        Role::Counterpart => "日常联络人（采购人）",
        Role::PurchaserAdmin => "采购人管理员",
        Role::PurchaserBusiness => "采购人业务科室",
        Role::PurchaserReviewer => "采购人结算审核员",
        Role::SysAdmin => "系统管理员",
        Role::SecAdmin => "安全管理员",
        Role::AuditAdmin => "审计管理员",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_administrator_holds_no_business_role() {
        let refusal = check_roles(&[Role::ShiftLead, Role::SysAdmin], Side::Supplier).unwrap_err();
        assert_eq!(refusal.code(), "administrator_with_business_role");
        let problem = Problem::from(refusal);
        assert_eq!(
            problem.detail,
            "sys_admin may not hold the business role shift_lead"
        );
    }

    #[test]
    fn an_administrator_is_not_another_administrator() {
        let roles = [Role::SecAdmin, Role::AuditAdmin];
        assert_eq!(
            check_roles(&roles, Side::Purchaser).unwrap_err().code(),
            "two_administrators"
        );
    }

    #[test]
    fn each_side_has_its_own_roles() {
        assert_eq!(
            check_roles(&[Role::PurchaserReviewer], Side::Supplier),
            Err(RoleRefusal::RoleOfOtherSide(Role::PurchaserReviewer))
        );
        assert_eq!(check_roles(&[Role::AuditAdmin], Side::Supplier), Ok(()));
        assert_eq!(
            check_roles(&[Role::Agent, Role::Quality], Side::Supplier),
            Ok(())
        );
    }

    proptest! {
        #[test]
        fn nobody_ever_holds_an_administrators_role_beside_another(
            roles in proptest::sample::subsequence(Role::ALL, 0..=4),
            purchaser in any::<bool>(),
        ) {
            let side = if purchaser { Side::Purchaser } else { Side::Supplier };
            if check_roles(&roles, side).is_ok() {
                let administrators = roles.iter().filter(|role| role.is_administrator()).count();
                prop_assert!(administrators == 0 || roles.len() == 1);
            }
        }
    }
}
