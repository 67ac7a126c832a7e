//! Tests of access tokens.

use aws_lc_rs::hmac;

use super::*;
use crate::clock::SeededIds;

const SECRET: [u8; 32] = [7; 32];
const ISSUER: &str = "http://127.0.0.1:8080";
const ACCOUNT: AccountId = AccountId(Uuid::from_u128(1));
const SESSION: Uuid = Uuid::from_u128(2);
const BEARER: Bearer = Bearer { account: ACCOUNT, session: SESSION, assurance: Assurance::Id };

fn signer() -> TokenSigner {
    TokenSigner::new(&SECRET, ISSUER, 10).unwrap()
}

fn now() -> Timestamp {
    "2027-04-01T00:00:00Z".parse().unwrap()
}

fn later(seconds: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn good(signer: &TokenSigner) -> String {
    signer.issue(BEARER, now(), &SeededIds::new(3)).unwrap().0
}

/// The parts of a good token: header, claims, signature.
fn parts(signer: &TokenSigner) -> (Value, Value, String) {
    let token = good(signer);
    let pieces: Vec<&str> = token.split('.').collect();
    let read =
        |piece: &str| serde_json::from_slice(&BASE64URL_NOPAD.decode(piece.as_bytes()).unwrap()).unwrap();
    (read(pieces[0]), read(pieces[1]), pieces[2].to_owned())
}

fn part(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

/// Signs any header and claims with the key of `secret`.
fn forge(secret: [u8; 32], header: &Value, claims: &Value) -> String {
    let seed = Keyring::derive_secret(&secret, PURPOSE);
    let message = format!("{}.{}", part(header), part(claims));
    let signature = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap().sign(message.as_bytes());
    format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
}

fn with(value: &Value, key: &str, new: Value) -> Value {
    let mut changed = value.clone();
    changed[key] = new;
    changed
}

fn without(value: &Value, key: &str) -> Value {
    let mut changed = value.clone();
    changed.as_object_mut().unwrap().remove(key);
    changed
}

#[test]
fn a_token_names_account_and_session_until_it_expires_by_our_clock() {
    let signer = signer();
    let (token, life_s) = signer.issue(BEARER, now(), &SeededIds::new(3)).unwrap();
    assert_eq!(life_s, 600);
    let bearer = BEARER;
    for (seconds, expected) in [
        (0, Ok(bearer)),
        (599, Ok(bearer)),
        (600, Err(Refusal::NotSignedIn)),
        // Remembered as good, and still judged by the clock.
        (86_400, Err(Refusal::NotSignedIn)),
        (1, Ok(bearer)),
    ] {
        assert_eq!(signer.bearer(&token, later(seconds)), expected, "{seconds}");
    }
    assert_eq!(signer.verify(&token, now()), Ok(ACCOUNT));
    let (header, claims, _) = parts(&signer);
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
}

#[test]
fn a_restart_with_the_same_secret_believes_the_same_tokens() {
    let token = good(&signer());
    assert_eq!(signer().verify(&token, now()), Ok(ACCOUNT));
    let other = TokenSigner::new(&[8; 32], ISSUER, 10).unwrap();
    assert_eq!(other.verify(&token, now()), Err(Refusal::NotSignedIn));
}

#[test]
fn the_key_set_names_the_key_of_the_tokens_by_its_thumbprint() {
    let signer = signer();
    let jwks = signer.jwks();
    let (header, ..) = parts(&signer);
    let key = &jwks["keys"][0];
    assert_eq!(key["kid"], header["kid"]);
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":{}}}"#, key["x"]);
    assert_eq!(key["kid"], BASE64URL_NOPAD.encode(&sha256(canonical.as_bytes())));
    assert!(key.get("d").is_none());
}

#[test]
fn the_forger_of_these_tests_can_make_a_good_token() {
    let signer = signer();
    let (header, claims, _) = parts(&signer);
    assert_eq!(signer.verify(&forge(SECRET, &header, &claims), now()), Ok(ACCOUNT));
}

#[test]
fn no_forged_token_is_believed() {
    let signer = signer();
    let (header, claims, signature) = parts(&signer);
    let token = good(&signer);
    let ours = |header: &Value, claims: &Value| forge(SECRET, header, claims);
    let header_with = |key: &str, value: Value| ours(&with(&header, key, value), &claims);
    let claims_with = |key: &str, value: Value| ours(&header, &with(&claims, key, value));
    let unsigned = |alg: &str| format!("{}.{}.", part(&with(&header, "alg", json!(alg))), part(&claims));
    let hs256_key = BASE64URL_NOPAD.decode(signer.public_key.as_bytes()).unwrap();
    let hs256_message = format!("{}.{}", part(&with(&header, "alg", json!("HS256"))), part(&claims));
    let hs256_tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &hs256_key), hs256_message.as_bytes());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": signer.public_key });
    let mut rows = vec![
        ("nothing", String::new()),
        ("two dots", "..".to_owned()),
        ("no token at all", "not-a-token".to_owned()),
        ("alg none", unsigned("none")),
        ("alg None", unsigned("None")),
        ("no alg", ours(&without(&header, "alg"), &claims)),
        ("another alg in the header", header_with("alg", json!("ES256"))),
        ("no signature", token.trim_end_matches(&signature).to_owned()),
        (
            "HS256 with the public key",
            format!("{hs256_message}.{}", BASE64URL_NOPAD.encode(hs256_tag.as_ref())),
        ),
        ("another installation's key under our kid", forge([8; 32], &header, &claims)),
        ("another kid", header_with("kid", json!("another"))),
        ("no kid", ours(&without(&header, "kid"), &claims)),
        ("a path as kid", header_with("kid", json!("../../dev/null"))),
        ("typ JWT", header_with("typ", json!("JWT"))),
        ("no typ", ours(&without(&header, "typ"), &claims)),
        ("an embedded jwk", header_with("jwk", jwk)),
        ("a jku", header_with("jku", json!("https://example.com/jwks.json"))),
        ("an x5u", header_with("x5u", json!("https://example.com/key.pem"))),
        ("a critical extension", header_with("crit", json!(["b64"]))),
        ("expired", claims_with("exp", json!(now().as_second()))),
        ("expired long ago", claims_with("exp", json!(0))),
        ("living for a year", claims_with("exp", json!(now().as_second() + 31_536_000))),
        ("no exp", ours(&header, &without(&claims, "exp"))),
        ("exp as text", claims_with("exp", json!("4102444800"))),
        ("another issuer", claims_with("iss", json!("https://example.com"))),
        ("no issuer", ours(&header, &without(&claims, "iss"))),
        ("another audience", claims_with("aud", json!("somebody-else"))),
        ("no audience", ours(&header, &without(&claims, "aud"))),
        ("no subject", ours(&header, &without(&claims, "sub"))),
        ("a subject that is no id", claims_with("sub", json!("admin"))),
        ("no session", ours(&header, &without(&claims, "sid"))),
        (
            "another subject under the old signature",
            format!(
                "{}.{}.{signature}",
                part(&header),
                part(&with(&claims, "sub", json!(Uuid::from_u128(9))))
            ),
        ),
        ("too long", format!("{token}{}", "A".repeat(4_000))),
        ("a blank before", format!(" {token}")),
        ("four parts", format!("{token}.{signature}")),
    ];
    for length in [1, 10, 60, token.len() / 2, token.len() - 1] {
        rows.push(("truncated", token[..length].to_owned()));
    }
    for (name, forged) in rows {
        assert_eq!(signer.verify(&forged, now()), Err(Refusal::NotSignedIn), "{name}: {forged}");
        assert_eq!(signer.verify(&forged, now()), Err(Refusal::NotSignedIn), "again: {name}");
    }
    assert_eq!(signer.verify(&token, now()), Ok(ACCOUNT));
}

#[test]
fn only_so_many_tokens_are_remembered() {
    let signer = signer();
    for number in 0..REMEMBERED_MAX + 10 {
        signer.remember(sha256(&number.to_be_bytes()), BEARER, later(600), now());
    }
    let count = signer.remembered.lock().unwrap().len();
    assert!((1..=REMEMBERED_MAX).contains(&count), "{count}");
}

/// R-45: the token says how surely its session identifies; nobody writes a higher level into it.
#[test]
fn r45_a_token_carries_the_level_of_its_session() {
    let signer = signer();
    for assurance in Assurance::ALL {
        let bearer = Bearer { assurance, ..BEARER };
        let (token, _) = signer.issue(bearer, now(), &SeededIds::new(3)).unwrap();
        assert_eq!(signer.bearer(&token, now()), Ok(bearer));
    }
    let (header, claims, signature) = parts(&signer);
    let of_before = forge(SECRET, &header, &without(&claims, "acr"));
    assert_eq!(
        signer.bearer(&of_before, now()),
        Ok(BEARER),
        "a token from before the claim came of a password"
    );
    let raised = with(&claims, "acr", json!("signature"));
    let raised = format!("{}.{}.{signature}", part(&header), part(&raised));
    assert_eq!(signer.bearer(&raised, now()), Err(Refusal::NotSignedIn));
    let unknown = forge(SECRET, &header, &with(&claims, "acr", json!("divine")));
    assert_eq!(signer.bearer(&unknown, now()), Err(Refusal::NotSignedIn));
}
