//! E-mail.

use super::{Account, Adapter, Fetched, Outgoing, RawRequest, Received, Sent, Setting};
use async_trait::async_trait;
use kernel::App;
use kernel::problem::Result;

/// What an account is made of.
pub const SETTINGS: &[Setting] = &[];

/// The adapter.
pub struct Mail;

#[async_trait]
impl Adapter for Mail {
    fn receive(&self, _app: &App, _account: &Account, _request: &RawRequest) -> Result<Received> {
        Err(super::verify::method_not_expected())
    }
    async fn send(&self, _app: &App, _account: &Account, _message: &Outgoing) -> Sent {
        super::token::later("todo")
    }
    async fn fetch(&self, _app: &App, _account: &Account, _media_ref: &str) -> Result<Fetched> {
        Err(kernel::problem::not_found("file"))
    }
}
