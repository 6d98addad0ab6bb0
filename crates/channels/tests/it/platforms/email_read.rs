//! What a mail says, without a server.

use channels::platform::email::parse::{Mail, Read, Reference, read};
use channels::platform::{Inbound, MediaKind, What};
use testing::platforms::mail::ADDRESS;

use super::email::{mail, said};

/// What a mail says, without a server.
fn parsed(bytes: &[u8]) -> Vec<Inbound> {
    let mail = Mail {
        bytes: bytes.to_vec(),
        whole: true,
        size: bytes.len(),
        at: None,
    };
    match read(&mail, ADDRESS) {
        Read::Said(inbound) => inbound,
        Read::Nothing => Vec::new(),
        Read::Unreadable(why) => panic!("{why}"),
    }
}

#[test]
fn what_a_machine_wrote_is_told_as_such() {
    let machines = [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; type=x",
        "Precedence: bulk",
        "Precedence: LIST",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "Return-Path: <>",
        "X-Autoreply: yes",
        "List-Id: <news.mail.example>",
    ];
    for header in machines {
        let headers = format!("Subject: x\n{header}");
        assert!(
            parsed(&mail("m", &headers, "text"))[0].automatic,
            "{header}"
        );
    }
    let people = [
        "Auto-Submitted: no",
        "X-Auto-Response-Suppress: None",
        "Precedence: normal",
        "X-Mailer: y",
    ];
    for header in people {
        let headers = format!("Subject: x\n{header}");
        assert!(
            !parsed(&mail("m", &headers, "text"))[0].automatic,
            "{header}"
        );
    }
    let nobody = b"From: <no-reply@shop.example>\r\nSubject: x\r\n\r\ntext";
    assert!(parsed(nobody)[0].automatic);
    let own = format!(
        "From: <{}>\r\nSubject: x\r\n\r\ntext",
        ADDRESS.to_uppercase()
    );
    assert!(
        parsed(own.as_bytes()).is_empty(),
        "what we wrote ourselves comes from nobody"
    );
}

#[test]
fn forged_references_make_nobody_somebody_else() {
    let ours = "0192f0c8-1c6d-7d3a-8b1e-2f3a4b5c6d7e@exam.example";
    let headers = format!(
        "Subject: Re: x\nIn-Reply-To: <{ours}>\nReferences: <{ours}> <victim@mail.example>"
    );
    let forged = parsed(&mail("f", &headers, "转给所有人"));
    assert_eq!(forged[0].external_user, "wang@mail.example");
    // With our own id it is still a mail of his.
    let same =
        format!("From: <eve@mail.example>\r\nMessage-ID: <{ours}>\r\nSubject: x\r\n\r\n代发");
    assert_eq!(parsed(same.as_bytes())[0].external_user, "eve@mail.example");
    // Who repeats another one's Message-ID keeps his mail away from nobody.
    let first = parsed(b"From: <a@mail.example>\r\nMessage-ID: <1@x>\r\n\r\na");
    let second = parsed(b"From: <b@mail.example>\r\nMessage-ID: <1@x>\r\n\r\nb");
    assert_ne!(first[0].external_id, second[0].external_id);

    let bad = "<a b@x>\n<c@x>\r\nBcc: z@x> no\nSubject\r\nBcc: y@x";
    let reference = Reference::of(bad);
    assert_eq!(reference.answered, None);
    assert!(
        reference
            .thread
            .iter()
            .all(|id| !id.contains(['\r', '\n', ' ']))
    );
    assert!(!reference.subject.contains(['\r', '\n']));
}

#[test]
fn texts_and_files_of_all_kinds_are_read() {
    let chinese = b"From: <a@mail.example>\r\nSubject: =?GB2312?B?1qTK6Q==?=\r\n\
        Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: base64\r\n\r\nxOO6w6Osus7KsbP2s8m8qKO/\r\n";
    assert_eq!(said(&parsed(chinese)[0]), "证书\n\n你好，何时出成绩？");
    let page = mail(
        "h",
        "Subject: 问\nContent-Type: text/html; charset=utf-8",
        "<html><head><style>p{}</style></head><body><p>第一&nbsp;行</p><script>alert(1)</script><p>第二行</p></body></html>",
    );
    let read = parsed(&page);
    assert!(said(&read[0]).contains("第一") && said(&read[0]).contains("第二行"));
    assert!(!said(&read[0]).contains("alert") && !said(&read[0]).contains('<'));

    let mixed = mail(
        "m",
        "Subject: 材料\nContent-Type: multipart/mixed; boundary=b",
        "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/plain; charset=utf-8\n\n请看\n\
         --c\nContent-Type: text/html; charset=utf-8\n\n<p>请看</p>\n--c--\n\
         --b\nContent-Type: image/png; name=\"=?utf-8?B?6K+B5Lu2LnBuZw==?=\"\nContent-Transfer-Encoding: base64\n\
         Content-Disposition: attachment\n\niVBORw==\n\
         --b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"../../x.pdf\"\n\nPDF\n\
         --b\nContent-Type: message/rfc822\n\nFrom: <z@mail.example>\nSubject: inner\n\ninner text\n--b--\n",
    );
    let read = parsed(&mixed);
    assert_eq!(said(&read[0]), "材料\n\n请看");
    let files: Vec<_> = read[1..]
        .iter()
        .map(|one| match &one.what {
            What::Media {
                kind,
                name,
                bytes,
                media_ref: None,
                ..
            } => (*kind, name.as_deref(), bytes.clone().unwrap().to_vec()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        files[0],
        (MediaKind::Image, Some("证件.png"), b"\x89PNG".to_vec())
    );
    assert_eq!((files[1].0, files[1].1), (MediaKind::File, Some("x.pdf")));
    assert_eq!(files[2].1, Some("mail.eml"));
    assert!(String::from_utf8_lossy(&files[2].2).contains("inner text"));
    let ids: Vec<_> = read.iter().map(|one| &one.external_id).collect();
    assert_eq!(*ids[1], format!("{}#1", ids[0]));

    let answer =
        "谢谢，还有一问：能代领吗？\n\n在 2026年11月23日，热线写道：\n> 您好\n> 证书已发\n";
    let answer = mail(
        "r",
        "Subject: Re: 证书\nIn-Reply-To: <q@x>\nContent-Type: text/plain; charset=utf-8",
        answer,
    );
    assert_eq!(said(&parsed(&answer)[0]), "谢谢，还有一问：能代领吗？");
    let below = "> 证书已发\n\n没有收到";
    let below = mail(
        "r",
        "Subject: Re: x\nIn-Reply-To: <q@x>\nContent-Type: text/plain; charset=utf-8",
        below,
    );
    assert_eq!(said(&parsed(&below)[0]), "> 证书已发\n\n没有收到");
    let many = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--",
        "--b\r\n\r\nx\r\n".repeat(600)
    );
    let many = Mail {
        bytes: format!("From: <a@x.example>\r\n{many}").into_bytes(),
        whole: true,
        size: 1,
        at: None,
    };
    assert_eq!(read_code(&many), Some("mail_too_many_parts"));
    let no_sender = Mail {
        bytes: b"Subject: x\r\n\r\ny".to_vec(),
        ..many
    };
    assert_eq!(read_code(&no_sender), Some("mail_without_sender"));
}

fn read_code(mail: &Mail) -> Option<&'static str> {
    match read(mail, ADDRESS) {
        Read::Unreadable(code) => Some(code),
        _ => None,
    }
}
