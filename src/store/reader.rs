//! Reader threads: each takes the next closure from one common queue and runs it in a read transaction.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use super::backend::{self, Fault, FaultKind};
use super::db::Shared;
use super::error::StoreError;
use super::task::{Ended, Task};
use super::tx::ReadTx;
use super::writer::Link;

/// What a reader takes from the queue.
pub(super) enum ReadMessage {
    /// A closure.
    Job(Box<dyn for<'a> Task<ReadTx<'a>>>),
    /// End.
    Stop,
}

/// The queue all readers of one database share.
pub(super) type ReadQueue = Arc<Mutex<Receiver<ReadMessage>>>;

/// The body of a reader thread.
pub(super) struct Reader {
    shared: Arc<Shared>,
    link: Link,
    queue: ReadQueue,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, link: Link, queue: ReadQueue) -> Self {
        Self { shared, link, queue }
    }

    /// Serves the queue until it is closed.
    pub(super) fn run(mut self) {
        loop {
            // Only the taking is locked: the thread that waits in `recv` holds the lock for the others.
            let message = self.queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            match message {
                Ok(ReadMessage::Job(task)) if task.is_wanted() => self.serve(task),
                Ok(ReadMessage::Job(_)) => {}
                Ok(ReadMessage::Stop) | Err(_) => return,
            }
        }
    }

    fn serve(&mut self, mut task: Box<dyn for<'a> Task<ReadTx<'a>>>) {
        // A connection that died while idle is noticed only by the next query: one more try.
        match self.attempt(&mut *task) {
            Err(fault) if fault.kind == FaultKind::Disconnected => {
                self.link.drop_connection();
                match self.attempt(&mut *task) {
                    Ok(ended) => answer(task, ended),
                    Err(fault) => self.refuse(task, fault),
                }
            }
            Ok(ended) => answer(task, ended),
            Err(fault) => self.refuse(task, fault),
        }
    }

    fn refuse(&mut self, task: Box<dyn for<'a> Task<ReadTx<'a>>>, fault: Fault) {
        match fault.kind {
            FaultKind::Lasting => task.answer_refusal(fault.into_error()),
            FaultKind::Disconnected => {
                self.link.drop_connection();
                task.fail(fault.into_error());
            }
            _ => task.fail(fault.into_error()),
        }
    }

    fn attempt(&mut self, task: &mut dyn for<'a> Task<ReadTx<'a>>) -> Result<Ended, Fault> {
        let monitor = Arc::clone(&self.link.monitor);
        monitor.take_fault();
        let faults = monitor.faults();
        let now = self.shared.clock.now();
        let conn = self.link.open()?;
        let begun = backend::begin_read(conn);
        let ended = match begun {
            Ok(()) => Ok(task.run(&mut ReadTx::new(conn, now))),
            Err(error) => Err(backend::classify(&error)),
        };
        let failed = (monitor.faults() != faults).then(|| monitor.take_fault()).flatten();
        self.link.rollback();
        match failed {
            Some(fault) => Err(fault),
            None => ended,
        }
    }
}

fn answer(task: Box<dyn for<'a> Task<ReadTx<'a>>>, ended: Ended) {
    match ended {
        Ended::Accepted | Ended::Refused => task.answer(),
        Ended::Panicked => task.fail(StoreError::Inconsistent("a closure panicked".to_owned())),
    }
}
