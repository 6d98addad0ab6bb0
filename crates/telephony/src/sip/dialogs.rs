//! The dialogs of the stack, and what becomes of each.
//!
//! A channel of rsipstack's states sets room aside for 32 of them, 12 kB, as long as its dialog lives. All
//! dialogs therefore share one, and each is told over a channel of pointers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, DialogStateSender};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invitation::{InviteAsyncResult, InviteOption};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::Uri;
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Call-ID and our tag: the same from the first INVITE to the end, whoever answers.
type Key = (String, String);

fn key(id: &DialogId) -> Key {
    (id.call_id.clone(), id.local_tag.clone())
}

/// Who is told of which dialog.
type Routes = HashMap<Key, mpsc::UnboundedSender<Box<DialogState>>>;

/// The dialogs that are open.
#[derive(Clone)]
pub(super) struct Dialogs {
    layer: Arc<DialogLayer>,
    all: DialogStateSender,
    routes: Arc<Mutex<Routes>>,
}

impl Dialogs {
    pub fn new(layer: Arc<DialogLayer>) -> Self {
        let (all, states) = layer.new_dialog_state_channel();
        let routes = Arc::new(Mutex::new(Routes::default()));
        tokio::spawn(tell(states, Arc::clone(&routes)));
        Self { layer, all, routes }
    }

    /// What the stack itself asks of them.
    pub fn layer(&self) -> &DialogLayer {
        &self.layer
    }

    /// The dialog that an INVITE opens with us.
    pub fn answer(
        &self,
        tx: &Transaction,
        contact: Uri,
    ) -> rsipstack::Result<(InviteDialog, States)> {
        let mut routes = lock(&self.routes);
        let dialog =
            self.layer
                .get_or_create_server_invite(tx, self.all.clone(), None, Some(contact))?;
        let states = self.route(&mut routes, key(&dialog.id()));
        Ok((dialog, states))
    }

    /// Sends an INVITE.
    pub fn invite(
        &self,
        option: InviteOption,
    ) -> rsipstack::Result<(InviteDialog, States, JoinHandle<InviteAsyncResult>)> {
        // Held until the way of its states is known: the first may come before this returns.
        let mut routes = lock(&self.routes);
        let (dialog, invited) = self.layer.do_invite_async(option, self.all.clone())?;
        let states = self.route(&mut routes, key(&dialog.id()));
        Ok((dialog, states, invited))
    }

    /// Forgets one that is over.
    pub fn remove(&self, id: &DialogId) {
        self.layer.remove_dialog(id);
    }

    fn route(&self, routes: &mut Routes, key: Key) -> States {
        let (sender, inbox) = mpsc::unbounded_channel();
        routes.insert(key.clone(), sender);
        States {
            inbox,
            key,
            routes: Arc::clone(&self.routes),
        }
    }
}

/// What becomes of one dialog.
pub(super) struct States {
    inbox: mpsc::UnboundedReceiver<Box<DialogState>>,
    key: Key,
    routes: Arc<Mutex<Routes>>,
}

impl States {
    /// The next; `None` when there will be none.
    pub async fn recv(&mut self) -> Option<DialogState> {
        self.inbox.recv().await.map(|state| *state)
    }
}

impl Drop for States {
    fn drop(&mut self) {
        self.inbox.close();
        let mut routes = lock(&self.routes);
        // The same call, sent once more by the same trunk, may have the way by now.
        if routes
            .get(&self.key)
            .is_some_and(mpsc::UnboundedSender::is_closed)
        {
            routes.remove(&self.key);
        }
    }
}

async fn tell(mut states: DialogStateReceiver, routes: Arc<Mutex<Routes>>) {
    while let Some(state) = states.recv().await {
        let to = lock(&routes).get(&key(state.id())).cloned();
        // A leg that is over is told nothing more.
        if let Some(to) = to {
            let _ = to.send(Box::new(state));
        }
    }
}

fn lock(routes: &Mutex<Routes>) -> MutexGuard<'_, Routes> {
    routes.lock().unwrap_or_else(PoisonError::into_inner)
}
