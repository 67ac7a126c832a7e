//! Electronic signatures of counterparts: over exactly these bytes, with the key of a certificate that is traced back to an anchor.
//!
//! The chain is given leaf first, each certificate issued by the next one. Nothing is fetched: whether a certificate was revoked is
//! looked up by an officer. A critical extension that is not understood here bars a certificate (RFC 5280, 4.2); policies may be
//! critical, as they are in certificates of the public personal certification (JPKI), whatever they say: which services count is
//! decided by the anchors.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

use super::trust_anchor::TrustAnchor;

/// The longest chain that is looked at.
pub const MAX_CHAIN: usize = 6;

/// Extensions that may be critical: key usage, basic constraints, policies, alternative names of subject and issuer.
const UNDERSTOOD: [&str; 5] = ["2.5.29.15", "2.5.29.19", "2.5.29.32", "2.5.29.17", "2.5.29.18"];

/// Signatures on certificates that are taken: RSA and ECDSA over SHA-256 and more, Ed25519. SHA-1 is not.
const ISSUING_ALGORITHMS: [&str; 7] = [
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.12",
    "1.2.840.113549.1.1.13",
    "1.2.840.113549.1.1.10",
    "1.2.840.10045.4.3.2",
    "1.2.840.10045.4.3.3",
    "1.3.101.112",
];

/// Why a signature is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// A certificate cannot be read, or the list is empty or too long.
    #[error("a certificate cannot be read")]
    Unreadable,
    /// The chain does not lead to an anchor.
    #[error("the chain leads to no anchor")]
    Untrusted,
    /// A certificate of the chain is not valid yet.
    #[error("a certificate is not valid yet")]
    NotYetValid,
    /// A certificate of the chain has expired.
    #[error("a certificate has expired")]
    Expired,
    /// The certificate is not for signatures, or is that of an issuer.
    #[error("the certificate is not for signatures")]
    NotForSignatures,
    /// The signature was not made over these bytes with the key of the certificate.
    #[error("the signature does not fit")]
    SignatureInvalid,
}

/// What a certificate says of whoever signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// The subject as printed.
    pub subject: String,
    /// The issuer as printed.
    pub issuer: String,
    /// The serial number in hexadecimal, pairs joined by colons.
    pub serial: String,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// How the signature was made, e.g. `ECDSA P-256 SHA-256`.
    pub algorithm: &'static str,
    /// The anchor that it is traced back to, by its name within the body.
    pub anchor: String,
}

/// A detached signature with the certificates that came with it.
#[derive(Clone, Copy, Debug)]
pub struct DetachedSignature<'a> {
    /// The bytes that were to be signed.
    pub signed: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
    /// DER, leaf first.
    pub chain: &'a [Vec<u8>],
}

/// Checks a signature as of `at`, or says what is wrong with it.
pub fn check(
    given: &DetachedSignature<'_>,
    anchors: &[&TrustAnchor],
    at: Timestamp,
) -> Result<Certified, CertificateFault> {
    if given.chain.is_empty() || given.chain.len() > MAX_CHAIN {
        return Err(CertificateFault::Unreadable);
    }
    let chain = given.chain.iter().map(|der| read(der)).collect::<Result<Vec<_>, _>>()?;
    let leaf = chain.first().ok_or(CertificateFault::Unreadable)?;
    let anchor = trace(&chain, anchors, at)?;
    for certificate in &chain {
        refuse_out_of_date(certificate, at)?;
    }
    if is_ca(leaf) || !signs(leaf) {
        return Err(CertificateFault::NotForSignatures);
    }
    let algorithm = algorithm_of(leaf.public_key(), given).ok_or(CertificateFault::SignatureInvalid)?;
    let validity = leaf.validity();
    let instant =
        |time: &ASN1Time| Timestamp::from_second(time.timestamp()).map_err(|_| CertificateFault::Unreadable);
    Ok(Certified {
        subject: leaf.subject().to_string(),
        issuer: leaf.issuer().to_string(),
        serial: leaf.raw_serial_as_string(),
        not_before: instant(&validity.not_before)?,
        not_after: instant(&validity.not_after)?,
        algorithm,
        anchor: anchor.id.clone(),
    })
}

/// Whether a PEM text is one certificate of an issuer.
pub fn is_issuer(pem: &str) -> bool {
    let Ok((_, pem)) = parse_x509_pem(pem.trim().as_bytes()) else { return false };
    pem.label == "CERTIFICATE" && read(&pem.contents).is_ok_and(|certificate| is_ca(&certificate))
}

/// One certificate of version 3 with nothing behind it and no critical extension that is not understood.
fn read(der: &[u8]) -> Result<X509Certificate<'_>, CertificateFault> {
    let unreadable = CertificateFault::Unreadable;
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| unreadable)?;
    let surprises = certificate.extensions().iter().any(|extension| {
        let is_broken = matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. });
        let is_understood = UNDERSTOOD.contains(&extension.oid.to_id_string().as_str());
        is_broken || (extension.critical && !is_understood)
    });
    // What stands twice could be read either way.
    let is_twice = certificate.extensions_map().is_err();
    let is_same_algorithm = certificate.signature_algorithm == certificate.tbs_certificate.signature;
    if rest.is_empty()
        && certificate.version() == X509Version::V3
        && is_same_algorithm
        && !surprises
        && !is_twice
    {
        Ok(certificate)
    } else {
        Err(unreadable)
    }
}

/// The anchor that issued the last certificate, or is it, where every other one was issued by the next.
fn trace<'a>(
    chain: &[X509Certificate<'_>],
    anchors: &[&'a TrustAnchor],
    at: Timestamp,
) -> Result<&'a TrustAnchor, CertificateFault> {
    for (below, (subject, issuer)) in chain.iter().zip(chain.iter().skip(1)).enumerate() {
        if !issued(subject, issuer, below) {
            return Err(CertificateFault::Untrusted);
        }
    }
    let (last, below) = (chain.last().ok_or(CertificateFault::Unreadable)?, chain.len() - 1);
    let leads_to = |anchor: &&&TrustAnchor| {
        let Ok((_, pem)) = parse_x509_pem(anchor.pem.trim().as_bytes()) else { return false };
        let Ok(root) = read(&pem.contents) else { return false };
        let is_in_date = refuse_out_of_date(&root, at).is_ok();
        is_in_date && ((below > 0 && last.as_raw() == root.as_raw()) || issued(last, &root, below))
    };
    anchors.iter().find(leads_to).copied().ok_or(CertificateFault::Untrusted)
}

/// Whether `issuer` may issue certificates, with `below` others between it and the leaf, and issued this one.
fn issued(subject: &X509Certificate<'_>, issuer: &X509Certificate<'_>, below: usize) -> bool {
    let is_taken =
        ISSUING_ALGORITHMS.contains(&subject.signature_algorithm.algorithm.to_id_string().as_str());
    let may_sign = match issuer.key_usage() {
        Ok(Some(usage)) => usage.value.key_cert_sign(),
        Ok(None) => true,
        Err(_) => false,
    };
    let is_within_length = match issuer.basic_constraints() {
        Ok(Some(found)) => {
            let allowed = found.value.path_len_constraint.map(usize::try_from);
            found.value.ca && allowed.is_none_or(|allowed| allowed.is_ok_and(|allowed| below <= allowed))
        }
        Ok(None) | Err(_) => false,
    };
    is_taken
        && may_sign
        && is_within_length
        && subject.issuer().as_raw() == issuer.subject().as_raw()
        && subject.verify_signature(Some(issuer.public_key())).is_ok()
}

fn is_ca(certificate: &X509Certificate<'_>) -> bool {
    certificate.basic_constraints().ok().flatten().is_some_and(|found| found.value.ca)
}

/// Whether its key is for signatures; a certificate that does not say may be.
fn signs(leaf: &X509Certificate<'_>) -> bool {
    match leaf.key_usage() {
        Ok(Some(usage)) => usage.value.digital_signature() || usage.value.non_repudiation(),
        Ok(None) => true,
        Err(_) => false,
    }
}

fn refuse_out_of_date(certificate: &X509Certificate<'_>, at: Timestamp) -> Result<(), CertificateFault> {
    let validity = certificate.validity();
    if at.as_second() < validity.not_before.timestamp() {
        return Err(CertificateFault::NotYetValid);
    }
    if at.as_second() > validity.not_after.timestamp() { Err(CertificateFault::Expired) } else { Ok(()) }
}

/// By which algorithm of the key the signature fits the bytes; nothing where it fits by none.
fn algorithm_of(key: &SubjectPublicKeyInfo<'_>, given: &DetachedSignature<'_>) -> Option<&'static str> {
    type Algorithm = (&'static str, &'static dyn VerificationAlgorithm);
    const RSA: [Algorithm; 3] = [
        ("RSA PKCS#1 SHA-256", &RSA_PKCS1_2048_8192_SHA256),
        ("RSA PKCS#1 SHA-384", &RSA_PKCS1_2048_8192_SHA384),
        ("RSA PKCS#1 SHA-512", &RSA_PKCS1_2048_8192_SHA512),
    ];
    const P256: [Algorithm; 1] = [("ECDSA P-256 SHA-256", &ECDSA_P256_SHA256_ASN1)];
    const P384: [Algorithm; 1] = [("ECDSA P-384 SHA-384", &ECDSA_P384_SHA384_ASN1)];
    const EDWARDS: [Algorithm; 1] = [("Ed25519", &ED25519)];
    let curve = || key.algorithm.parameters.as_ref()?.as_oid().ok().map(|oid| oid.to_id_string());
    let algorithms: &[Algorithm] = match key.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => &RSA,
        "1.2.840.10045.2.1" => match curve()?.as_str() {
            "1.2.840.10045.3.1.7" => &P256,
            "1.3.132.0.34" => &P384,
            _ => return None,
        },
        "1.3.101.112" => &EDWARDS,
        _ => return None,
    };
    let point: &[u8] = &key.subject_public_key.data;
    let fits = |(_, algorithm): &&Algorithm| {
        UnparsedPublicKey::new(*algorithm, point).verify(given.signed, given.signature).is_ok()
    };
    algorithms.iter().find(fits).map(|(name, _)| *name)
}
