//! Certification services and people who sign, made with `openssl` for one test. Days of validity are said, because the clock of a
//! test stands where it wants.

use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::db::new_folder;

const CONFIGURATION: &str = "[ca]\ndefault_ca = d\n[d]\nnew_certs_dir = .\ndatabase = index.txt\nserial = serial\ndefault_md = sha256\n\
    policy = p\nunique_subject = no\n[p]\ncommonName = supplied\n[req]\ndistinguished_name = dn\n[dn]\n\
    [issuer]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n\
    [last_issuer]\nbasicConstraints = critical,CA:TRUE,pathlen:0\nkeyUsage = critical,keyCertSign,cRLSign\n\
    [signer]\nbasicConstraints = CA:FALSE\nkeyUsage = critical,digitalSignature,nonRepudiation\n\
    certificatePolicies = critical,1.2.392.200149.8.5.1.1.10\n\
    [encrypter]\nbasicConstraints = CA:FALSE\nkeyUsage = critical,keyEncipherment\n\
    [stranger]\nbasicConstraints = CA:FALSE\nkeyUsage = critical,digitalSignature\n1.2.3.4 = critical,DER:0500\n";

/// Valid while the tests take place.
pub const GOOD: (&str, &str) = ("20260101000000Z", "20270101000000Z");
/// Over before they begin.
pub const PAST: (&str, &str) = ("20250101000000Z", "20260301000000Z");
/// Valid later.
pub const FUTURE: (&str, &str) = ("20270101000000Z", "20280101000000Z");

/// How a key is made.
#[derive(Clone, Copy)]
pub enum KeyKind {
    /// ECDSA on P-256.
    P256,
    /// RSA of 2,048 bits, as on personal cards.
    Rsa,
}

/// A certification service with the folder of its files.
pub struct SigningService {
    folder: PathBuf,
}

impl Drop for SigningService {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Somebody with a certificate.
pub struct Signer {
    folder: PathBuf,
    name: String,
    /// DER, the own one first, each followed by its issuer; without the anchor.
    pub chain: Vec<Vec<u8>>,
}

fn openssl(folder: &Path, args: &[&str]) -> Vec<u8> {
    let ran = Command::new("openssl").current_dir(folder).args(args).output();
    let ran = ran.expect("the tests of signatures need the openssl program");
    assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    ran.stdout
}

impl SigningService {
    /// A new one, in a folder of its own.
    pub fn new() -> Self {
        let folder = new_folder();
        std::fs::write(folder.join("ca.cnf"), CONFIGURATION).unwrap();
        std::fs::write(folder.join("index.txt"), "").unwrap();
        std::fs::write(folder.join("serial"), "1000\n").unwrap();
        let service = Self { folder };
        service.request("root", "/CN=Test certification service", KeyKind::P256);
        service.issue("root", "root", "issuer", ("20200101000000Z", "20400101000000Z"));
        service
    }

    fn request(&self, name: &str, subject: &str, kind: KeyKind) {
        let kind: &[&str] = match kind {
            KeyKind::P256 => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            KeyKind::Rsa => &["-newkey", "rsa:2048"],
        };
        let (key, request) = (format!("{name}.key"), format!("{name}.csr"));
        let files = ["-keyout", &key, "-out", &request, "-subj", subject];
        openssl(
            &self.folder,
            &[&["req", "-config", "ca.cnf", "-utf8", "-new", "-nodes"], kind, &files].concat(),
        );
    }

    fn issue(&self, name: &str, issuer: &str, extensions: &str, (from, to): (&str, &str)) {
        let file = |name: &str, ending: &str| format!("{name}.{ending}");
        let (key, request) = (file(issuer, "key"), file(name, "csr"));
        let (by, out) = (file(issuer, "pem"), file(name, "pem"));
        let mut args =
            vec!["ca", "-config", "ca.cnf", "-utf8", "-batch", "-notext", "-keyfile", &key, "-in", &request];
        args.extend(["-out", &out, "-extensions", extensions, "-startdate", from, "-enddate", to]);
        let from_whom: &[&str] = if name == issuer { &["-selfsign"] } else { &["-cert", &by] };
        openssl(&self.folder, &[&args, from_whom].concat());
    }

    fn der(&self, name: &str) -> Vec<u8> {
        openssl(&self.folder, &["x509", "-in", &format!("{name}.pem"), "-outform", "DER"])
    }

    /// Its certificate.
    pub fn pem(&self) -> String {
        std::fs::read_to_string(self.folder.join("root.pem")).unwrap()
    }

    /// Certifies somebody, for what these extensions say and as long as that.
    pub fn certify(&self, name: &str, kind: KeyKind, extensions: &str, validity: (&str, &str)) -> Signer {
        self.request(name, &format!("/CN={name}"), kind);
        self.issue(name, "root", extensions, validity);
        Signer { folder: self.folder.clone(), name: name.to_owned(), chain: vec![self.der(name)] }
    }

    /// Certifies somebody through another issuer, whose certificate has these extensions.
    pub fn certify_through(&self, name: &str, extensions: &str) -> Signer {
        let issuer = format!("issuer-of-{name}");
        self.request(&issuer, &format!("/CN={issuer}"), KeyKind::P256);
        self.issue(&issuer, "root", extensions, GOOD);
        self.request(name, &format!("/CN={name}"), KeyKind::P256);
        self.issue(name, &issuer, "signer", GOOD);
        let chain = vec![self.der(name), self.der(&issuer)];
        Signer { folder: self.folder.clone(), name: name.to_owned(), chain }
    }

    /// Its certificate in DER.
    pub fn root(&self) -> Vec<u8> {
        self.der("root")
    }
}

impl Signer {
    /// A detached signature.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        std::fs::write(self.folder.join("signed"), bytes).unwrap();
        openssl(&self.folder, &["dgst", "-sha256", "-sign", &format!("{}.key", self.name), "signed"])
    }

    /// What is sent as the signature of a text.
    pub fn body(&self, text: &str) -> Value {
        let certificates: Vec<_> = self.chain.iter().map(|der| BASE64.encode(der)).collect();
        json!({ "signature": BASE64.encode(&self.sign(text.as_bytes())), "certificates": certificates })
    }
}
