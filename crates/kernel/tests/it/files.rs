use kernel::Files;

#[tokio::test]
async fn a_stored_file_is_whole_and_read_in_pieces() {
    let folder = testing::Folder::new();
    let files = Files::new(folder.path().join("files")).unwrap();
    files.put("2026/11/a.wav", b"0123456789").await.unwrap();
    assert_eq!(&*files.get("2026/11/a.wav").await.unwrap(), b"0123456789");
    assert_eq!(
        &*files.get_range("2026/11/a.wav", 3..6).await.unwrap(),
        b"345"
    );
    assert_eq!(
        &*files.get_range("2026/11/a.wav", 8..99).await.unwrap(),
        b"89"
    );
    assert_eq!(files.len("2026/11/a.wav").await.unwrap(), 10);
    let hash = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";
    assert_eq!(files.sha256("2026/11/a.wav").await.unwrap(), hash);
    files.put("2026/11/a.wav", b"new").await.unwrap();
    assert_eq!(&*files.get("2026/11/a.wav").await.unwrap(), b"new");
    let names = std::fs::read_dir(folder.path().join("files/2026/11"))
        .unwrap()
        .count();
    assert_eq!(names, 1, "no half is left");
    files.remove("2026/11/a.wav").await.unwrap();
    files.remove("2026/11/a.wav").await.unwrap();
    assert_eq!(files.get("2026/11/a.wav").await.unwrap_err().status, 404);
}

#[tokio::test]
async fn a_path_never_leaves_the_folder() {
    let folder = testing::Folder::new();
    let files = Files::new(folder.path().join("files")).unwrap();
    for path in ["../secret.key", "/etc/passwd", "a/../../b", "", "./a"] {
        assert_eq!(
            files.put(path, b"x").await.unwrap_err().code,
            "bad_path",
            "{path}"
        );
        assert_eq!(
            files.get(path).await.unwrap_err().code,
            "bad_path",
            "{path}"
        );
    }
}
