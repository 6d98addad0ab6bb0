use std::os::unix::fs::PermissionsExt;

use kernel::{Clock, Ids, Key};

#[test]
fn the_first_start_makes_a_key_for_our_eyes_only_and_the_next_finds_it() {
    let folder = testing::Folder::new();
    let (file, ids) = (folder.path().join("secret.key"), Ids::new(Clock::system()));
    let first = Key::open(&file, &ids).unwrap();
    assert_eq!(first.bytes().len(), 32);
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
    assert_eq!(Key::open(&file, &ids).unwrap().bytes(), first.bytes());
    assert_eq!(format!("{first:?}"), "Key(***)");
}

#[test]
fn a_key_that_others_may_read_or_that_is_none_is_refused() {
    let folder = testing::Folder::new();
    let (file, ids) = (folder.path().join("secret.key"), Ids::new(Clock::system()));
    std::fs::write(&file, "00").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    assert!(
        Key::open(&file, &ids)
            .unwrap_err()
            .way_out
            .unwrap()
            .contains("32 bytes")
    );
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    assert!(
        Key::open(&file, &ids)
            .unwrap_err()
            .way_out
            .unwrap()
            .contains("chmod 600")
    );
}

#[test]
fn what_was_sealed_is_read_with_the_same_key_under_the_same_label_only() {
    let folder = testing::Folder::new();
    let ids = Ids::new(Clock::system());
    let key = Key::open(&folder.path().join("secret.key"), &ids).unwrap();
    let sealed = key.seal(&ids, "totp:1", "GEZDGNBV").unwrap();
    assert!(!sealed.contains(&hex::encode("GEZDGNBV")));
    assert_ne!(key.seal(&ids, "totp:1", "GEZDGNBV").unwrap(), sealed);
    assert_eq!(key.unseal("totp:1", &sealed).unwrap(), "GEZDGNBV");
    assert!(key.unseal("totp:2", &sealed).is_err(), "another row");
    let other = Key::open(&folder.path().join("other.key"), &ids).unwrap();
    assert!(
        other.unseal("totp:1", &sealed).is_err(),
        "another installation"
    );
    for broken in ["", "00", "no hex", &sealed[2..]] {
        assert!(key.unseal("totp:1", broken).is_err(), "{broken}");
    }
}
