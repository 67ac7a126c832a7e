//! A closure on its way to a database thread and its answer on the way back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::error::StoreError;
use super::roots::Root;

/// How a closure ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It returned `Ok`.
    Accepted,
    /// It returned `Err`.
    Refused,
    /// It panicked.
    Panicked,
}

/// A closure over a transaction `C` with its types forgotten. `C` is [`super::Tx`] or [`super::ReadTx`].
pub(super) trait Task<C: ?Sized>: Send {
    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool;
    /// Runs the closure and keeps its result; an earlier result is forgotten.
    fn run(&mut self, tx: &mut C) -> Ended;
    /// Sends the kept result.
    fn answer(self: Box<Self>);
    /// Sends the kept result if it is a refusal, else `error`.
    fn answer_refusal(self: Box<Self>, error: StoreError);
    /// Sends `error` in place of any result.
    fn fail(self: Box<Self>, error: StoreError);
}

/// A piece of writing in a writer's queue.
pub(super) struct Job {
    pub(super) roots: Vec<Root>,
    pub(super) company: Company,
    pub(super) task: Box<dyn for<'a> Task<super::Tx<'a>>>,
}

/// Whether a closure may share its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    /// With the others that wait.
    Shared,
    /// With nobody (`Db::write_alone`).
    Alone,
}

/// A closure, its result once it has run, and whom to tell.
pub(super) struct Closure<F, T, E> {
    run: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Closure<F, T, E> {
    pub(super) fn new(run: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Self { run, result: None, reply }, answer)
    }

    fn keep(&mut self, result: std::thread::Result<Result<T, E>>) -> Ended {
        self.result = None;
        match result {
            Ok(result) => {
                let ended = if result.is_ok() { Ended::Accepted } else { Ended::Refused };
                self.result = Some(result);
                ended
            }
            Err(_) => Ended::Panicked,
        }
    }

    fn send(self) {
        if let Some(result) = self.result {
            // Nobody waits any more: the request was given up. What was stored stays stored.
            let _ = self.reply.send(result);
        }
    }
}

macro_rules! task_over {
    ($tx:ident) => {
        impl<'a, F, T, E> Task<super::$tx<'a>> for Closure<F, T, E>
        where
            F: for<'b> Fn(&mut super::$tx<'b>) -> Result<T, E> + Send,
            T: Send,
            E: From<StoreError> + Send,
        {
            fn is_wanted(&self) -> bool {
                !self.reply.is_closed()
            }

            fn run(&mut self, tx: &mut super::$tx<'a>) -> Ended {
                // The closure changes nothing but the transaction, which is rolled back after a panic.
                let result = catch_unwind(AssertUnwindSafe(|| (self.run)(tx)));
                self.keep(result)
            }

            fn answer(self: Box<Self>) {
                self.send();
            }

            fn answer_refusal(self: Box<Self>, error: StoreError) {
                match self.result {
                    Some(Err(_)) => self.send(),
                    Some(Ok(_)) | None => self.fail(error),
                }
            }

            fn fail(self: Box<Self>, error: StoreError) {
                let _ = self.reply.send(Err(E::from(error)));
            }
        }
    };
}

task_over!(Tx);
task_over!(ReadTx);
