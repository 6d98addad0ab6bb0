//! A platform that stands in for the real one: it tells the product what people do, in order, up to three times.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::body::Bytes;
use channels::demo as seeded;
use chrono::TimeDelta;
use kernel::problem::too_many;
use kernel::{App, Clock, Problem};

use super::memory::{Deed, File, Line, Memory, Push, Reached, Side, Talk, WAITING, Way};
use super::{qq, wechat};

/// How often something is told before the platform gives up.
const ATTEMPTS: u32 = 3;
/// How long the product may take to answer, as at Tencent.
const ANSWER: Duration = Duration::from_secs(5);
/// The pause before it is told again.
const PAUSE: Duration = Duration::from_secs(1);

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Platform {
    /// 微信公众号.
    Wechat,
    /// QQ 官方机器人.
    Qq,
}

impl Platform {
    /// The code of its channel.
    pub(super) fn channel(self) -> &'static str {
        match self {
            Self::Wechat => seeded::WECHAT,
            Self::Qq => seeded::QQ,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Wechat => seeded::WECHAT_PATH,
            Self::Qq => seeded::QQ_PATH,
        }
    }

    /// How long (in minutes) and how often a message may be answered.
    pub(super) fn window(self) -> (i64, u32) {
        match self {
            Self::Wechat => (48 * 60, 5),
            Self::Qq => (60, 5),
        }
    }
}

/// What is told to the product's address.
pub(super) struct Callback {
    pub query: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// A platform at work.
#[derive(Clone)]
pub(super) struct StandIn {
    inner: Arc<Inner>,
}

struct Inner {
    app: App,
    platform: Platform,
    base: String,
    inbox: String,
    client: reqwest::Client,
    memory: Mutex<Memory>,
}

impl StandIn {
    pub(super) fn new(app: &App, platform: Platform, base: &str) -> Result<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let inner = Inner {
            app: app.clone(),
            platform,
            base: format!("{base}{}", platform.path()),
            inbox: format!("{base}/api/v1/channel-inbox/{}", platform.channel()),
            client,
            memory: Mutex::new(Memory::new(app.clock.now())),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    pub(super) fn app(&self) -> &App {
        &self.inner.app
    }

    pub(super) fn platform(&self) -> Platform {
        self.inner.platform
    }

    /// Where its own files are found.
    pub(super) fn file_url(&self, id: &str) -> String {
        format!("{}/files/{id}", self.inner.base)
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.inner
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What is typed at both sides of the account.
    pub(super) async fn account(&self) -> kernel::Result<channels::platform::Account> {
        seeded::account(self.app(), self.platform().channel()).await
    }

    /// Keeps a file and gives its id.
    pub(super) fn keep(&self, bytes: Bytes) -> String {
        let id = self.app().ids.secret(12);
        self.memory().keep(File {
            id: id.clone(),
            bytes,
        });
        id
    }

    /// Somebody does something; it is delivered behind his back. Gives its place in the talk.
    pub(super) fn does(&self, person: &str, deed: Deed) -> Result<u64, Problem> {
        let now = self.app().clock.now();
        let mut memory = self.memory();
        let number = memory.number();
        let talk = memory.talk(person, now);
        if talk.waiting.len() >= WAITING {
            let detail = "messages of this person wait for the hotline already";
            return Err(too_many("demo_messages_wait", detail));
        }
        let (kind, text, file) = match &deed {
            Deed::Text(text) => ("text", text.clone(), None),
            Deed::Picture(id) => ("image", String::new(), Some(id.clone())),
            Deed::Menu(key) => ("menu", key.clone(), None),
        };
        let seq = talk.add(Line {
            seq: 0,
            from: Side::Person,
            at: now,
            kind,
            text,
            file,
            reached: Some(Reached::Sending),
            attempts: 0,
            code: None,
        });
        let (minutes, replies) = self.platform().window();
        match (&deed, self.platform()) {
            (Deed::Menu(_), _) => talk.open_short(now, 1, 3),
            (_, Platform::Wechat) => talk.open("", now + TimeDelta::minutes(minutes), replies),
            (_, Platform::Qq) => {
                let until = now + TimeDelta::minutes(minutes);
                talk.open(&qq::message_id(number), until, replies);
            }
        }
        talk.waiting.push_back(Push {
            seq,
            number,
            at: now,
            deed,
        });
        if !talk.busy {
            talk.busy = true;
            let (stand_in, person) = (self.clone(), person.to_owned());
            self.app()
                .tasks
                .spawn(async move { stand_in.deliver(&person).await });
        }
        Ok(seq)
    }

    fn next(&self, person: &str) -> Option<Push> {
        let mut memory = self.memory();
        let talk = memory.known(person)?;
        let next = talk.waiting.pop_front();
        talk.busy = next.is_some();
        next
    }

    fn note(&self, person: &str, note: impl FnOnce(&mut Talk)) {
        if let Some(talk) = self.memory().known(person) {
            note(talk);
        }
    }

    async fn deliver(&self, person: &str) {
        while let Some(push) = self.next(person) {
            tokio::select! {
                () = self.app().shutdown.cancelled() => return,
                () = self.tell(person, &push) => {}
            }
        }
    }

    async fn tell(&self, person: &str, push: &Push) {
        for attempt in 1..=ATTEMPTS {
            let way = self
                .memory()
                .known(person)
                .map_or(Way::Clear, |talk| talk.way);
            let told = match way {
                Way::Cut => Err("unreachable".to_owned()),
                Way::Clear | Way::Deaf => self.call(person, push).await,
            };
            let told = match way {
                Way::Deaf if attempt < ATTEMPTS => Err("answer_lost".to_owned()),
                _ => told,
            };
            let (reached, code) = match told {
                Ok(()) => (Reached::Sent, None),
                Err(code) if attempt < ATTEMPTS => (Reached::Retrying, Some(code)),
                Err(code) => (Reached::Failed, Some(code)),
            };
            self.note(person, |talk| talk.mark(push.seq, reached, attempt, code));
            if reached != Reached::Retrying {
                return;
            }
            self.app().clock.sleep(PAUSE).await;
        }
    }

    /// Tells the product once.
    async fn call(&self, person: &str, push: &Push) -> Result<(), String> {
        let account = self.account().await;
        let account = account.map_err(|problem| problem.code.to_owned())?;
        let callback = match self.platform() {
            Platform::Wechat => wechat::callback(self, &account, person, push),
            Platform::Qq => qq::callback(self, &account, person, push),
        };
        let address = format!("{}?{}", self.inner.inbox, callback.query);
        let mut request = self.inner.client.post(address).body(callback.body);
        for (name, value) in callback.headers {
            request = request.header(name, value);
        }
        let answer = Clock::guard(ANSWER, request.send()).await;
        match answer {
            Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
            Ok(Ok(answer)) => Err(format!("http_{}", answer.status().as_u16())),
            Ok(Err(_)) => Err("unreachable".to_owned()),
            Err(_elapsed) => Err("no_answer_in_time".to_owned()),
        }
    }

    /// The hotline says something that was taken.
    pub(super) fn heard(
        &self,
        talk: &mut Talk,
        kind: &'static str,
        text: &str,
        file: Option<String>,
    ) {
        self.line(talk, Side::Hotline, (kind, text), file, None);
    }

    /// The platform does not take what the hotline says; the person sees why.
    pub(super) fn refused(&self, talk: &mut Talk, code: i64) {
        self.line(
            talk,
            Side::Platform,
            ("refused", ""),
            None,
            Some(code.to_string()),
        );
    }

    fn line(
        &self,
        talk: &mut Talk,
        from: Side,
        (kind, text): (&'static str, &str),
        file: Option<String>,
        code: Option<String>,
    ) {
        talk.add(Line {
            seq: 0,
            from,
            at: self.app().clock.now(),
            kind,
            text: text.to_owned(),
            file,
            reached: None,
            attempts: 0,
            code,
        });
    }
}
