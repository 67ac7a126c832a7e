//! Passwords: argon2id on a bounded pool of threads of its own.
//!
//! A hash takes tens of milliseconds and megabytes by design, so it runs neither on the reactor nor on a database
//! thread, and only so many may wait: beyond that the answer is 503. An unknown account costs the same work as a
//! known one, because its password is checked against a hash that nobody's password makes.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use super::{Failure, Refusal};
use crate::clock::IdGen;
use crate::config::IdentitySettings;

/// Whether a password is the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Right,
    /// It is, and it was hashed anew because the settings have changed: this is what should be stored now.
    RightButOutdated {
        /// The new PHC string.
        rehashed: String,
    },
    /// It is not, or there is no such account.
    Wrong,
}

/// One piece of work for a hashing thread.
enum Job {
    Hash {
        password: SecretString,
        answer: oneshot::Sender<Result<String, Failure>>,
    },
    Verify {
        password: SecretString,
        stored: Option<String>,
        answer: oneshot::Sender<Result<Verdict, Failure>>,
    },
}

/// The pool. Dropping it lets the threads finish what waits and end.
#[derive(Debug)]
pub struct PasswordPool {
    queue: SyncSender<Job>,
}

impl PasswordPool {
    /// Starts the threads; parameters that argon2 does not take are a failure here, not at the first sign-in.
    pub fn start(settings: &IdentitySettings, ids: Arc<dyn IdGen>) -> Result<Self, Failure> {
        let hasher = Arc::new(Hasher::new(settings, ids)?);
        let (queue, waiting) = sync_channel(settings.hashing_queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..settings.hashing_threads {
            let (hasher, waiting) = (Arc::clone(&hasher), Arc::clone(&waiting));
            let thread = std::thread::Builder::new().name(format!("madoguchi-hashing-{number}"));
            thread
                .spawn(move || hasher.run(&waiting))
                .map_err(|error| Failure::Internal(error.to_string()))?;
        }
        Ok(Self { queue })
    }

    /// Hashes a new password to a PHC string.
    pub async fn hash(&self, password: SecretString) -> Result<String, Failure> {
        let (answer, result) = oneshot::channel();
        self.submit(Job::Hash { password, answer })?;
        result.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Checks a password against the stored PHC string; `None` (no such account) takes as long and is wrong.
    pub async fn verify(&self, password: SecretString, stored: Option<String>) -> Result<Verdict, Failure> {
        let (answer, result) = oneshot::channel();
        self.submit(Job::Verify { password, stored, answer })?;
        result.await.unwrap_or_else(|_| Err(ended()))
    }

    fn submit(&self, job: Job) -> Result<(), Failure> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::Busy { retry_after_s: 1 }.into(),
            TrySendError::Disconnected(_) => ended(),
        })
    }
}

fn ended() -> Failure {
    Failure::Internal("the hashing threads have ended".to_owned())
}

/// What the threads share.
struct Hasher {
    argon2: Argon2<'static>,
    params: Params,
    ids: Arc<dyn IdGen>,
    /// The hash of random bytes, for accounts that do not exist.
    nobody: PasswordHash,
}

impl Hasher {
    fn new(settings: &IdentitySettings, ids: Arc<dyn IdGen>) -> Result<Self, Failure> {
        let (memory, passes) = (settings.argon2_memory_kib, settings.argon2_iterations);
        let params =
            Params::new(memory, passes, settings.argon2_parallelism, Some(Params::DEFAULT_OUTPUT_LEN))
                .map_err(|error| Failure::Internal(format!("identity.argon2_*: {error}")))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let mut unguessable = [0; 32];
        ids.fill(&mut unguessable);
        let nobody = hash(&argon2, &unguessable, ids.as_ref())?;
        Ok(Self { argon2, params, ids, nobody })
    }

    fn run(&self, waiting: &Mutex<Receiver<Job>>) {
        loop {
            // The lock is held while waiting for a job, not while working on it.
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
            // An error from `send` means that nobody waits for the answer any more.
            match next {
                Ok(Job::Hash { answer, .. }) if answer.is_closed() => {}
                Ok(Job::Verify { answer, .. }) if answer.is_closed() => {}
                Ok(Job::Hash { password, answer }) => drop(answer.send(self.hash(&password))),
                Ok(Job::Verify { password, stored, answer }) => {
                    drop(answer.send(self.verify(&password, stored.as_deref())));
                }
                Err(_) => return,
            }
        }
    }

    fn hash(&self, password: &SecretString) -> Result<String, Failure> {
        let hash = hash(&self.argon2, password.expose_secret().as_bytes(), self.ids.as_ref())?;
        Ok(hash.to_string())
    }

    fn verify(&self, password: &SecretString, stored: Option<&str>) -> Result<Verdict, Failure> {
        let parsed = stored.map(PasswordHash::new).transpose();
        let parsed = parsed.map_err(|error| Failure::Internal(format!("a stored password hash: {error}")))?;
        let against = parsed.as_ref().unwrap_or(&self.nobody);
        let checked = self.argon2.verify_password(password.expose_secret().as_bytes(), against);
        let Some(parsed) = parsed.filter(|_| checked.is_ok()) else { return Ok(Verdict::Wrong) };
        if self.is_current(&parsed) {
            return Ok(Verdict::Right);
        }
        Ok(Verdict::RightButOutdated { rehashed: self.hash(password)? })
    }

    fn is_current(&self, stored: &PasswordHash) -> bool {
        let current = |params: Params| {
            params.m_cost() == self.params.m_cost()
                && params.t_cost() == self.params.t_cost()
                && params.p_cost() == self.params.p_cost()
        };
        stored.algorithm == argon2::ARGON2ID_IDENT && Params::try_from(stored).is_ok_and(current)
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8], ids: &dyn IdGen) -> Result<PasswordHash, Failure> {
    let mut salt = [0; argon2::RECOMMENDED_SALT_LEN];
    ids.fill(&mut salt);
    argon2
        .hash_password_with_salt(password, &salt)
        .map_err(|error| Failure::Internal(format!("a password could not be hashed: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededIds;

    fn settings(memory_kib: u32, queue: usize) -> IdentitySettings {
        let mut identity = crate::config::Settings::load(None).unwrap().identity;
        identity.argon2_memory_kib = memory_kib;
        identity.argon2_iterations = 1;
        identity.hashing_threads = 1;
        identity.hashing_queue = queue;
        identity
    }

    fn pool(memory_kib: u32, queue: usize) -> PasswordPool {
        PasswordPool::start(&settings(memory_kib, queue), Arc::new(SeededIds::new(1))).unwrap()
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let pool = pool(64, 8);
        let stored = pool.hash(secret("正しいパスワード")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        assert_eq!(
            pool.verify(secret("正しいパスワード"), Some(stored.clone())).await.unwrap(),
            Verdict::Right
        );
        assert_eq!(pool.verify(secret("違うパスワード"), Some(stored)).await.unwrap(), Verdict::Wrong);
        assert_eq!(pool.verify(secret("正しいパスワード"), None).await.unwrap(), Verdict::Wrong);
        assert!(matches!(pool.verify(secret("x"), Some("broken".into())).await, Err(Failure::Internal(_))));
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let pool = pool(64, 8);
        assert_ne!(pool.hash(secret("same")).await.unwrap(), pool.hash(secret("same")).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_made_with_other_parameters_is_made_anew() {
        let stored = pool(64, 8).hash(secret("password")).await.unwrap();
        let stronger = pool(128, 8);
        let verdict = stronger.verify(secret("password"), Some(stored.clone())).await.unwrap();
        let Verdict::RightButOutdated { rehashed } = verdict else { panic!("{verdict:?}") };
        assert_eq!(stronger.verify(secret("password"), Some(rehashed)).await.unwrap(), Verdict::Right);
        assert_eq!(stronger.verify(secret("wrong"), Some(stored)).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_full_queue_is_refused_at_once() {
        let pool = pool(65_536, 1);
        let attempts = (0..8).map(|_| pool.hash(secret("password")));
        let results = futures_util::future::join_all(attempts).await;
        let busy = |result: &&Result<String, Failure>| {
            matches!(result, Err(Failure::Refused(Refusal::Busy { retry_after_s: 1 })))
        };
        assert!(results.iter().filter(busy).count() >= 5);
        assert!(results.iter().any(Result::is_ok));
    }
}
