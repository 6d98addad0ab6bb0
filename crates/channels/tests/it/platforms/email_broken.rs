//! Mail servers that do what no server should.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use kernel::Clock;
use testing::platforms::mail::{ADDRESS, Mailbox};

use super::email::look;
use super::{Line, account, adapter, app};

/// A server that says what the script says, whoever asks; `None` hangs up. A tag in the script is `TAG`.
fn scripted(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let _ = stream.write_all(b"* OK here\r\n");
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                let (tag, command) = line.trim().split_once(' ').unwrap();
                let Some(said) = answer(command) else { break };
                let said = String::from_utf8_lossy(&said)
                    .replace("TAG", tag)
                    .into_bytes();
                if stream.write_all(&said).is_err() {
                    break;
                }
                line.clear();
            }
        }
    });
    port
}

fn at(port: u16) -> Line {
    let settings = vec![
        ("address", ADDRESS.to_owned()),
        ("imap_host", "127.0.0.1".to_owned()),
        ("imap_port", port.to_string()),
        ("imap_security", "plain".to_owned()),
    ];
    Line {
        kind: "email",
        account: account("email", settings, Mailbox::secrets()),
    }
}

/// What a server says that has three mails; `mail` says the second.
fn three(command: &str, mail: impl Fn() -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let said = match command.split(' ').collect::<Vec<_>>()[..] {
        ["EXAMINE", ..] => "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] numbered\r\nTAG OK\r\n".to_owned(),
        // It does not know what to search for, as some do.
        ["UID", "SEARCH", ..] => "* SEARCH 3 1 2\r\nTAG OK\r\n".to_owned(),
        ["UID", "FETCH", _, "(UID", "RFC822.SIZE", ..] => "* 1 FETCH (UID 1 RFC822.SIZE 30)\r\n\
            * 2 FETCH (RFC822.SIZE 30 UID 2)\r\n* 5 FETCH (FLAGS ())\r\n* 3 FETCH (UID 3 RFC822.SIZE 30)\r\nTAG OK\r\n"
            .to_owned(),
        ["UID", "FETCH", "2", ..] => return mail(),
        ["UID", "FETCH", uid, ..] => {
            let body = format!("From: <a{uid}@x.example>\r\n\r\nhello");
            format!("* 9 FETCH (UID {uid} BODY[] {{{}}}\r\n{body})\r\nTAG OK\r\n", body.len())
        }
        _ => "TAG OK\r\n".to_owned(),
    };
    Some(said.into_bytes())
}

#[tokio::test]
async fn a_mail_that_the_server_cannot_give_is_set_aside() {
    let app = app().await;
    let line = at(scripted(|command| {
        three(command, || Some(b"TAG NO it is broken\r\n".to_vec()))
    }));
    let pulled = look(&app, &line, None).await;
    let users: Vec<_> = pulled
        .inbound
        .iter()
        .map(|one| one.external_user.as_str())
        .collect();
    assert_eq!(users, ["a1@x.example", "a3@x.example"]);
    assert_eq!(pulled.unreadable[0].1, "mail_not_given");
    assert_eq!(pulled.cursor.as_deref(), Some("7:3"));
    // All three are told of again by the search, and known by their numbers.
    assert!(look(&app, &line, Some("7:3")).await.inbound.is_empty());
}

#[tokio::test]
async fn a_mail_that_breaks_the_connection_is_given_up_after_three_times() {
    let app = app().await;
    let line = at(scripted(|command| three(command, || None)));
    let first = look(&app, &line, None).await;
    assert_eq!(first.inbound.len(), 1, "what came before is kept");
    assert_eq!(first.cursor.as_deref(), Some("7:1"));
    for _ in 0..2 {
        let pulled = adapter("email")
            .pull(&app, &line.account, Some("7:1"), None)
            .await;
        assert_eq!(pulled.unwrap_err().code, "platform_unreachable");
    }
    let pulled = look(&app, &line, Some("7:1")).await;
    assert_eq!(pulled.unreadable[0].1, "mail_not_given");
    assert_eq!(pulled.inbound[0].external_user, "a3@x.example");
    assert_eq!(pulled.cursor.as_deref(), Some("7:3"));
}

#[tokio::test]
async fn a_server_that_says_anything_is_no_panic_and_no_flood() {
    let app = app().await;
    let flood = format!("* 2 FETCH (UID 2 BODY[] {{{}}}\r\n", 900_usize << 20);
    let endless = "* ".to_owned() + &"x".repeat(2 << 20);
    let said: Vec<Vec<u8>> = vec![
        flood.into_bytes(),
        endless.into_bytes(),
        b"* BYE enough\r\n".to_vec(),
        b"* 2 FETCH (UID 2 BODY[] {99999999999999999999}\r\n".to_vec(),
        b"\xff\xfe\x00\r\nTAG\r\n".to_vec(),
        b"* 2 FETCH (UID 2 BODY[] \"unclosed\r\n)))(((\r\nTAG OK\r\n".to_vec(),
        b"* OK still here\r\n".repeat(10_001),
    ];
    for answer in said {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(40)]).into_owned();
        let line = at(scripted(move |command| {
            three(command, || Some(answer.clone()))
        }));
        let pulled = Clock::guard(Duration::from_secs(20), look(&app, &line, None)).await;
        let pulled = pulled.unwrap_or_else(|_| panic!("{shown}"));
        assert_eq!(pulled.inbound[0].external_user, "a1@x.example", "{shown}");
    }
    let line = at(scripted(|_| Some(b"* SEARCH (((\r\nTAG OK\r\n".to_vec())));
    let pulled = adapter("email")
        .pull(&app, &line.account, Some("no:cursor"), None)
        .await;
    assert_eq!(pulled.unwrap_err().code, "platform_unreachable");
}
