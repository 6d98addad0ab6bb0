//! The parameters that ship.

use calendar::OvertimeClass;
use kernel::params::parameter;
use organization::parameters::{overtime_rate_bp, shipped};
use sea_orm::EntityTrait;

use crate::house::on_both;

#[tokio::test]
async fn overtime_rates_and_targets_ship_once_with_their_source_and_are_to_be_confirmed() {
    on_both(async |house| {
        house.organization.prepare().await.unwrap();
        let rows = parameter::Entity::find()
            .all(house.app.db.read())
            .await
            .unwrap();
        assert_eq!(rows.len(), shipped().len(), "once, however often it starts");
        for row in rows {
            assert!(
                row.confirm_before_use && row.confirmed_by.is_none(),
                "{}",
                row.key
            );
            assert!(
                !row.source_doc_no.is_empty() && !row.note.is_empty(),
                "{}",
                row.key
            );
        }
        let day = "2026-10-01".parse().unwrap();
        let rate = async |class| {
            overtime_rate_bp(&house.app.params, class, day)
                .await
                .unwrap()
        };
        assert_eq!(rate(OvertimeClass::Extended).await, 15_000);
        assert_eq!(rate(OvertimeClass::RestDay).await, 20_000);
        assert_eq!(rate(OvertimeClass::StatutoryHoliday).await, 30_000);
        let target = house
            .app
            .params
            .get_i64("service.k01_answered_target_bp", house.app.clock.now());
        assert_eq!(target.await.unwrap(), 9_500);
    })
    .await;
}
