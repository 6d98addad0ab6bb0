//! The demo's people, and a server that refuses to start over them.

use crate::house::on_both;

#[tokio::test]
async fn seeding_twice_changes_nothing() {
    on_both(async |house| {
        let before = house.audited("user.created").await.len();
        organization::demo::seed(&house.app).await.unwrap();
        assert_eq!(
            (before, house.audited("user.created").await.len()),
            (21, 21)
        );
    })
    .await;
}

#[tokio::test]
async fn without_the_demo_its_secrets_keep_the_server_from_starting() {
    on_both(async |house| {
        let refused = house.organization.refuse_demo_secrets().await.unwrap_err();
        assert_eq!(refused.code, "demo_secrets");
        assert_eq!(
            refused.detail,
            "21 users and 6 desk phones have the secret of the demo"
        );
    })
    .await;
}

#[tokio::test]
async fn a_house_without_demo_secrets_starts() {
    testing::on_both(&organization::migrations(), async |app| {
        let organization = organization::Organization::new(&app).unwrap();
        organization.prepare().await.unwrap();
        organization.refuse_demo_secrets().await.unwrap();
    })
    .await;
}
