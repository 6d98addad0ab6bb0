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
