//! The handle everybody holds: queues in front of the database threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection;

use super::backend::{self, AnyConn, Purpose};
use super::error::StoreError;
use super::instrument::{Counters, Monitor, Statistics};
use super::migrations;
use super::reader::{ReadMessage, ReadQueue, Reader};
use super::roots::Root;
use super::settings::DatabaseSettings;
use super::task::{Closure, Company, Job};
use super::tx::{ReadTx, Reads, Tx};
use super::url::DatabaseUrl;
use super::writer::{Link, Message, Writer};
use crate::clock::{Clock, IdGen};

/// What all threads of one `Db` share.
pub(super) struct Shared {
    pub(super) settings: DatabaseSettings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdGen>,
    pub(super) counters: Arc<Counters>,
}

struct Inner {
    shared: Arc<Shared>,
    /// The batching writers, then the ones for work that goes alone.
    writers: Vec<SyncSender<Message>>,
    batching: usize,
    readers: SyncSender<ReadMessage>,
    stale_readers: Option<SyncSender<ReadMessage>>,
    monitors: Vec<Arc<Monitor>>,
    closing: AtomicBool,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A database, cheap to clone. Dropping the last clone lets the threads finish what waits and end.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

impl Db {
    /// Checks that the database answers and starts its threads. It does not migrate.
    pub fn open(
        settings: &DatabaseSettings,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGen>,
    ) -> Result<Self, StoreError> {
        let counters = Arc::new(Counters::default());
        let shared = Arc::new(Shared { settings: settings.clone(), clock, ids, counters });
        let mut start = Starter { shared: Arc::clone(&shared), monitors: Vec::new(), threads: Vec::new() };
        // The first connection is made here so that a wrong URL is an error at start, not at the first request.
        start.probe(&settings.url)?;
        let (batching, alone) = backend::writer_threads(settings);
        let max_batch = settings.max_batch.unwrap_or_else(|| backend::default_max_batch(&settings.url));
        let writers = (0..batching + alone)
            .map(|index| start.writer(index, if index < batching { max_batch } else { 1 }))
            .collect::<Result<Vec<_>, _>>()?;
        let readers = start.readers("reader", &settings.url)?;
        let stale_readers =
            settings.read_url.as_ref().map(|url| start.readers("stale-reader", url)).transpose()?;
        let inner = Inner {
            shared,
            writers,
            batching,
            readers,
            stale_readers,
            monitors: start.monitors,
            closing: AtomicBool::new(false),
            threads: Mutex::new(start.threads),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Runs `f` in a transaction that it may share with others, and answers after the commit.
    ///
    /// `f` may run more than once and must change nothing but the transaction. Whatever it returns, a failed
    /// statement in it undoes the transaction. If the returned future is dropped before `f` began, it never runs.
    pub async fn write<T, E>(
        &self,
        root: Root,
        f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let writer = root.writer(self.inner.batching);
        self.enqueue(writer, vec![root], Company::Shared, f).await
    }

    /// Runs `f` in a transaction of its own: for long, bulky or many-rooted work. The roots may come in any order.
    pub async fn write_alone<T, E>(
        &self,
        roots: Vec<Root>,
        f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        // The last writer: on PostgreSQL the one that batches nothing, on SQLite the only one.
        let writer = self.inner.writers.len().saturating_sub(1);
        self.enqueue(writer, roots, Company::Alone, f).await
    }

    /// Runs `f` in a read transaction on the primary: it sees everything committed before.
    pub async fn read<T, E>(
        &self,
        f: impl Fn(&mut ReadTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.enqueue_read(&self.inner.readers, f).await
    }

    /// Like [`Db::read`], but on the replica if there is one; what it sees may be old.
    pub async fn read_stale<T, E>(
        &self,
        f: impl Fn(&mut ReadTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let queue = self.inner.stale_readers.as_ref().unwrap_or(&self.inner.readers);
        self.enqueue_read(queue, f).await
    }

    /// Whether the database answers a query now.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|tx| tx.read().batch_execute("SELECT 1").map_err(StoreError::from)).await
    }

    /// Applies the migrations that are missing, and names them. Two processes do not do it at the same time.
    pub fn migrate(&self) -> Result<Vec<String>, StoreError> {
        migrations::apply(&mut self.connection()?)
    }

    /// The names of the migrations that are missing; ready to serve means none.
    pub fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        migrations::pending(&mut self.connection()?)
    }

    /// The URL this database was opened with.
    pub fn url(&self) -> &DatabaseUrl {
        &self.inner.shared.settings.url
    }

    /// Counters since the start.
    pub fn statistics(&self) -> Statistics {
        self.inner.shared.counters.snapshot()
    }

    /// Starts to keep the statements, without values, of the threads whose name contains `thread`
    /// (`writer-0`, `reader-1` …).
    pub fn start_recording(&self, thread: &str) {
        self.monitors(thread).for_each(|monitor| monitor.start_recording());
    }

    /// Ends the recording and returns the statements, thread by thread in their order.
    pub fn stop_recording(&self, thread: &str) -> Vec<String> {
        self.monitors(thread).flat_map(|monitor| monitor.stop_recording()).collect()
    }

    /// Refuses new work, finishes what waits, and joins the threads. Blocks: not for the reactor.
    pub fn shutdown(&self) {
        self.inner.closing.store(true, Ordering::SeqCst);
        let mut threads = self.inner.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for writer in &self.inner.writers {
            // An error means the thread has ended already.
            let _ = writer.send(Message::Stop);
        }
        let readers = std::iter::once(&self.inner.readers).chain(&self.inner.stale_readers);
        for queue in readers {
            // One for each thread; when the last has gone the queue is closed and sending fails at once.
            for _ in 0..self.inner.shared.settings.readers.max(1) {
                let _ = queue.send(ReadMessage::Stop);
            }
        }
        for thread in threads.drain(..) {
            let _ = thread.join();
        }
    }

    fn connection(&self) -> Result<AnyConn, StoreError> {
        let shared = &self.inner.shared;
        let monitor =
            Monitor::new("madoguchi-migrate".to_owned(), Arc::clone(&shared.counters), Duration::MAX);
        backend::connect(&shared.settings.url, Purpose::Write, &shared.settings, &monitor)
            .map_err(|fault| StoreError::Unavailable(fault.message))
    }

    fn monitors<'a>(&'a self, thread: &'a str) -> impl Iterator<Item = &'a Arc<Monitor>> {
        self.inner.monitors.iter().filter(move |monitor| monitor.name.contains(thread))
    }

    async fn enqueue<T, E, F>(&self, writer: usize, roots: Vec<Root>, company: Company, f: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (closure, answer) = Closure::new(f);
        let job = Job { roots, company, task: Box::new(closure) };
        let queue = self.inner.writers.get(writer).ok_or_else(stopped)?;
        self.send(queue, Message::Job(job))?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    async fn enqueue_read<T, E, F>(&self, queue: &SyncSender<ReadMessage>, f: F) -> Result<T, E>
    where
        F: Fn(&mut ReadTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (closure, answer) = Closure::new(f);
        self.send(queue, ReadMessage::Job(Box::new(closure)))?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    fn send<M>(&self, queue: &SyncSender<M>, message: M) -> Result<(), StoreError> {
        if self.inner.closing.load(Ordering::SeqCst) {
            return Err(stopped());
        }
        queue.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => {
                metrics::counter!("madoguchi_database_busy_total").increment(1);
                StoreError::busy()
            }
            TrySendError::Disconnected(_) => stopped(),
        })
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the database threads have stopped".to_owned())
}

/// Starts the threads of one `Db`.
struct Starter {
    shared: Arc<Shared>,
    monitors: Vec<Arc<Monitor>>,
    threads: Vec<JoinHandle<()>>,
}

impl Starter {
    fn monitor(&mut self, name: String) -> Arc<Monitor> {
        let settings = &self.shared.settings;
        let slow = Duration::from_millis(settings.slow_query_ms);
        let monitor = Monitor::new(name, Arc::clone(&self.shared.counters), slow);
        self.monitors.push(Arc::clone(&monitor));
        monitor
    }

    fn probe(&self, url: &DatabaseUrl) -> Result<(), StoreError> {
        let monitor =
            Monitor::new("madoguchi-open".to_owned(), Arc::clone(&self.shared.counters), Duration::MAX);
        backend::connect(url, Purpose::Write, &self.shared.settings, &monitor)
            .map(drop)
            .map_err(|fault| StoreError::Unavailable(fault.message))
    }

    fn writer(&mut self, index: usize, max_batch: usize) -> Result<SyncSender<Message>, StoreError> {
        let name = format!("madoguchi-writer-{index}");
        let monitor = self.monitor(name.clone());
        let (sender, queue) = sync_channel(self.shared.settings.queue.max(1));
        let url = self.shared.settings.url.clone();
        let link = Link::new(Arc::clone(&self.shared), url, Purpose::Write, monitor);
        let writer = Writer::new(Arc::clone(&self.shared), link, queue, max_batch);
        self.spawn(name, move || writer.run())?;
        Ok(sender)
    }

    fn readers(&mut self, kind: &str, url: &DatabaseUrl) -> Result<SyncSender<ReadMessage>, StoreError> {
        let (sender, receiver) = sync_channel(self.shared.settings.queue.max(1));
        let queue: ReadQueue = Arc::new(Mutex::new(receiver));
        for index in 0..self.shared.settings.readers.max(1) {
            let name = format!("madoguchi-{kind}-{index}");
            let monitor = self.monitor(name.clone());
            let link = Link::new(Arc::clone(&self.shared), url.clone(), Purpose::Read, monitor);
            let reader = Reader::new(Arc::clone(&self.shared), link, Arc::clone(&queue));
            self.spawn(name, move || reader.run())?;
        }
        Ok(sender)
    }

    fn spawn(&mut self, name: String, body: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let thread = std::thread::Builder::new().name(name).spawn(body);
        self.threads.push(thread.map_err(|error| StoreError::Unavailable(error.to_string()))?);
        Ok(())
    }
}
