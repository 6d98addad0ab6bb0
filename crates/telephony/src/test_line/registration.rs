//! A binding at a registrar (RFC 3261 §10), made, kept and given back.

use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::typed::{Contact, From, To};
use rsipstack::sip::{
    CallId, Header, Method, Response, SipMessage, StatusCode, StatusCodeKind, Uri,
};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::{Transaction, make_tag};

use super::LineError;
use super::digest::Challenge;
use super::user_agent::{UserAgent, uri};

/// Challenges answered for one REGISTER: one for the first, one for a nonce that grew stale, one
/// more for a registrar that restarts in between.
const CHALLENGES: u32 = 3;

/// One user's binding.
pub(crate) struct Registration {
    user: String,
    secret: String,
    call_id: CallId,
    sequence: u32,
    challenge: Option<Challenge>,
}

impl Registration {
    /// Nothing is sent yet.
    pub fn new(user: &str, secret: &str) -> Self {
        Self {
            user: user.to_owned(),
            secret: secret.to_owned(),
            call_id: format!("{:032x}@test.invalid", rand::random::<u128>()).into(),
            sequence: 0,
            challenge: None,
        }
    }

    /// Registers for `expires` seconds, 0 gives the binding back. Tells the seconds that were granted.
    pub async fn register(&mut self, agent: &UserAgent, expires: u32) -> Result<u32, LineError> {
        // The server's own address stands for its domain.
        let registrar = uri(&format!("sip:{}", agent.server.addr))?;
        let contact = agent.contact(&self.user)?;
        let mut fresh = false;
        for _ in 0..=CHALLENGES {
            let response = Box::pin(self.send(agent, &registrar, &contact, expires)).await?;
            if response.status_code == StatusCode::OK {
                return Ok(granted(&response, &contact).unwrap_or(expires));
            }
            if response.status_code != StatusCode::Unauthorized {
                return Err(LineError::Refused(response.status_code.code()));
            }
            let challenge = response
                .www_authenticate_header()
                .and_then(|header| Challenge::parse(header.value()))
                .ok_or(LineError::Refused(StatusCode::Unauthorized.code()))?;
            // An answer to this server's newest challenge was refused, and not for its age.
            if fresh && !challenge.stale {
                return Err(LineError::WrongSecret);
            }
            fresh = true;
            self.challenge = Some(challenge);
        }
        Err(LineError::WrongSecret)
    }

    async fn send(
        &mut self,
        agent: &UserAgent,
        registrar: &Uri,
        contact: &Uri,
        expires: u32,
    ) -> Result<Response, LineError> {
        self.sequence += 1;
        let address = agent.at_server(&self.user)?;
        let from = From {
            display_name: None,
            uri: address.clone(),
            params: vec![],
        }
        .with_tag(make_tag());
        let to = To {
            display_name: None,
            uri: address,
            params: vec![],
        };
        let via = agent.endpoint.get_via(None, None)?;
        let mut request = agent.endpoint.make_request(
            Method::Register,
            registrar.clone(),
            via,
            from,
            to,
            self.sequence,
            Some(self.call_id.clone()),
        );
        let contact = Contact {
            display_name: None,
            uri: contact.clone(),
            params: vec![],
        };
        request.headers.push(contact.into());
        request.headers.push(Header::Expires(expires.into()));
        if let Some(challenge) = &mut self.challenge {
            let cnonce = format!("{:016x}", rand::random::<u64>());
            let uri = registrar.to_string();
            let answer = challenge.answer(&self.user, &self.secret, "REGISTER", &uri, &cnonce);
            request.headers.push(Header::Authorization(answer.into()));
        }
        let key = TransactionKey::from_request(&request, TransactionRole::Client)?;
        let mut transaction = Transaction::new_client(key, request, agent.endpoint.clone(), None);
        transaction.destination = Some(agent.server.clone());
        transaction.send().await?;
        while let Some(message) = transaction.receive().await {
            match message {
                SipMessage::Response(response)
                    if response.status_code == StatusCode::RequestTimeout =>
                {
                    break;
                }
                SipMessage::Response(response)
                    if response.status_code.kind() != StatusCodeKind::Provisional =>
                {
                    return Ok(response);
                }
                _ => {}
            }
        }
        Err(LineError::NoReply)
    }
}

/// The seconds granted to our contact; other devices' contacts may be listed with it.
fn granted(response: &Response, ours: &Uri) -> Option<u32> {
    let contacts = response.typed_contact_headers().unwrap_or_default();
    let own = contacts
        .iter()
        .find(|contact| contact.uri.host_with_port == ours.host_with_port);
    own.and_then(Contact::expires).or_else(|| {
        response
            .expires_header()
            .and_then(|header| header.value().trim().parse().ok())
    })
}
