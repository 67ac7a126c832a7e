//! Bodies, paths, headers and tokens.

use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::{CASES, PROCEDURE, empty_draft, post_bytes, post_with_key, shown};
use crate::support::app::{AOMORI, Person, TestApp, new_key, read};
use crate::support::db::TestDb;
use crate::support::traces::traces;

const NOBODYS: &str = "00000000-0000-7000-8000-000000000000";

on_both_databases!(a_body_that_is_no_good_json_is_refused_with_all_faults, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let before = traces(&db).await;
    let json = "application/json";
    let cut = post_bytes(&app, &business, CASES, json, b"{\"procedure\": ".to_vec()).await;
    insta::assert_snapshot!(shown(&cut), @r"
    400 malformed_request: The request is not well-formed.
       not_json: The body is not the expected JSON (1:14).
    ");
    let latin = post_bytes(&app, &business, CASES, json, b"{\"procedure\": \"\xe9\"}".to_vec()).await;
    insta::assert_snapshot!(shown(&latin), @r"
    400 malformed_request: The request is not well-formed.
       not_utf8: The body is not UTF-8.
    ");
    let wrong = br#"{"procedure": 1, "form": "x", "surprise": true}"#.to_vec();
    let wrong = post_bytes(&app, &business, CASES, json, wrong).await;
    insta::assert_snapshot!(shown(&wrong), @r#"
    400 malformed_request: The request is not well-formed.
      /form type: The value has the wrong type.
      /procedure type: The value has the wrong type.
      /surprise unknown_field: This field is not known here.
    "#);
    let empty = post_bytes(&app, &business, CASES, json, Vec::new()).await;
    insta::assert_snapshot!(shown(&empty), @r#"
    400 malformed_request: The request is not well-formed.
      /form required: This field is required.
      /procedure required: This field is required.
    "#);
    let xml = post_bytes(&app, &business, CASES, "application/xml", b"<a/>".to_vec()).await;
    insta::assert_snapshot!(shown(&xml), @"415 unsupported_media_type: This media type is not accepted.");
    let large = post_bytes(&app, &business, CASES, json, vec![b' '; 10 << 20]).await;
    insta::assert_snapshot!(shown(&large), @"413 too_large: The body is too large (limit 1048576 bytes).");
    assert_eq!(traces(&db).await, before);
});

on_both_databases!(a_file_that_is_too_large_or_not_asked_for_is_refused, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let id = empty_draft(&app, &business).await;
    let before = traces(&db).await;
    let file = |code: &str, bytes: &[u8]| {
        let content = data_encoding::BASE64.encode(bytes);
        json!({ "code": code, "filename": "a.pdf", "media_type": "application/pdf", "content_base64": content })
    };
    let unknown = app.attach(&business, AOMORI, &id, &file("selfie", b"%PDF-1.4\n")).await;
    assert_eq!(unknown.problem(), "422 validation_failed", "{}", unknown.body);
    let large = app.attach(&business, AOMORI, &id, &file("pledge", &vec![0; 11 << 20])).await;
    assert_eq!(large.problem(), "413 too_large", "{}", large.body);
    let path = format!("{CASES}/{id}/attachments");
    let json = post_bytes(&app, &business, &path, "application/json", b"{}".to_vec()).await;
    assert!(json.status.is_client_error(), "{}", json.body);
    assert_eq!(json.headers["content-type"], "application/problem+json");
    assert_eq!(traces(&db).await, before);
});

on_both_databases!(what_does_not_exist_and_what_is_not_yours_look_the_same, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let stranger = app.register("stranger@example.jp", "business").await;
    let id = empty_draft(&app, &business).await;
    let before = traces(&db).await;
    let draft = json!({ "procedure": PROCEDURE, "form": {} });
    let nowhere = app.post(&business, "/v1/tenants/999999/applications", draft.clone()).await;
    insta::assert_snapshot!(shown(&nowhere), @"404 not_found: Not found.");
    let unknown = json!({ "procedure": "no-such-thing", "form": {} });
    let mut same = vec![app.post(&business, CASES, unknown).await];
    same.push(app.post(&business, "/v1/tenants/aomori/applications", draft).await);
    same.push(app.call(Method::GET, "/v1/tenants/999999/procedures", None, &[], None).await);
    same.push(app.call(Method::GET, "/v1/tenants/020001/procedures/no-such-thing", None, &[], None).await);
    for (who, id) in [(&stranger, id.as_str()), (&stranger, NOBODYS), (&business, NOBODYS), (&business, "1")]
    {
        same.push(app.get(who, &format!("{CASES}/{id}")).await);
        same.push(app.post(who, &format!("{CASES}/{id}/submit"), json!({})).await);
        let change = json!({ "form": { "phone": "0177221111" } });
        let headers = [("idempotency-key", "k"), ("if-match", "\"1\"")];
        let path = format!("{CASES}/{id}");
        same.push(app.call(Method::PATCH, &path, Some(who), &headers, Some(change)).await);
    }
    for answer in &same {
        assert_eq!(shown(answer), shown(&nowhere));
    }
    assert_eq!(traces(&db).await, before);
});

on_both_databases!(a_wrong_method_is_told_the_right_ones, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let before = traces(&db).await;
    let headers = [("idempotency-key", "k")];
    let put = app.call(Method::PUT, &format!("{CASES}/{NOBODYS}"), Some(&business), &headers, None).await;
    insta::assert_snapshot!(shown(&put), @"405 method_not_allowed: This method is not allowed here.");
    assert_eq!(put.headers["allow"], "GET, PATCH");
    assert_eq!(traces(&db).await, before);
});

on_both_databases!(a_change_needs_the_version_it_is_based_on, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let path = format!("{CASES}/{}", empty_draft(&app, &business).await);
    let change = async |if_match: Option<&str>, phone: &str| {
        let key = new_key();
        let mut headers = vec![("idempotency-key", key.as_str())];
        headers.extend(if_match.map(|version| ("if-match", version)));
        let body = json!({ "form": { "phone": phone } });
        app.call(Method::PATCH, &path, Some(&business), &headers, Some(body)).await
    };
    let first = change(Some("\"1\""), "0177221111").await;
    assert_eq!((first.status.as_u16(), first.etag().as_str()), (200, "\"2\""));
    let before = traces(&db).await;
    insta::assert_snapshot!(shown(&change(None, "0177222222").await), @"428 version_required: The If-Match header is required.");
    insta::assert_snapshot!(shown(&change(Some("\"1\""), "0177222222").await), @"412 stale_version: It has been changed meanwhile (version 2 now); please reload.");
    for nonsense in ["*", "", "\"one\"", "1.0"] {
        let refused = change(Some(nonsense), "0177222222").await;
        assert_eq!(refused.problem(), "428 version_required", "{nonsense}: {}", refused.body);
    }
    assert_eq!(traces(&db).await, before);
    assert_eq!(app.get(&business, &path).await.expect(200)["form"]["phone"], "0177221111");
});

on_both_databases!(a_change_needs_a_key_and_a_key_is_good_for_one_thing, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let stranger = app.register("stranger@example.jp", "business").await;
    let draft = json!({ "procedure": PROCEDURE, "form": {} });
    let before = traces(&db).await;
    let missing = app.call(Method::POST, CASES, Some(&business), &[], Some(draft.clone())).await;
    insta::assert_snapshot!(shown(&missing), @"400 idempotency_key_required: The Idempotency-Key header (1 to 64 visible ASCII characters) is required.");
    let long = "k".repeat(65);
    for bad in [long.as_str(), "", "two words", "k\tk"] {
        let refused = post_with_key(&app, &business, CASES, bad, draft.clone()).await;
        assert_eq!(shown(&refused), shown(&missing), "{bad:?}");
    }
    // A refusal is not remembered: the same key may be used for the corrected request.
    let wrong = json!({ "procedure": PROCEDURE, "form": { "phone": "x" } });
    let refused = post_with_key(&app, &business, CASES, "once", wrong).await;
    assert_eq!(refused.problem(), "422 validation_failed");
    assert_eq!(traces(&db).await, before);

    let first = post_with_key(&app, &business, CASES, "once", draft.clone()).await;
    assert_eq!((first.status.as_u16(), first.headers.get("idempotency-replayed")), (201, None));
    let before = traces(&db).await;
    let again = post_with_key(&app, &business, CASES, "once", draft.clone()).await;
    assert_eq!((again.status, &again.body, again.etag()), (first.status, &first.body, first.etag()));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = json!({ "procedure": PROCEDURE, "form": { "phone": "0177221111" } });
    let taken = post_with_key(&app, &business, CASES, "once", other).await;
    insta::assert_snapshot!(shown(&taken), @"422 idempotency_key_reused: This Idempotency-Key was used for another request.");
    let elsewhere = format!("{CASES}/{}/withdraw", first.body["id"].as_str().unwrap());
    let taken = post_with_key(&app, &business, &elsewhere, "once", draft.clone()).await;
    assert_eq!(taken.problem(), "400 malformed_request", "{}", taken.body);
    let taken = post_with_key(&app, &business, &elsewhere, "once", json!({})).await;
    assert_eq!(taken.problem(), "422 idempotency_key_reused", "another path is another request");
    assert_eq!(traces(&db).await, before);

    let theirs = post_with_key(&app, &stranger, CASES, "once", draft).await;
    assert_eq!((theirs.status.as_u16(), theirs.headers.get("idempotency-replayed")), (201, None));
    assert_ne!(theirs.body["id"], first.body["id"], "a key belongs to who sent it");
});

on_both_databases!(an_expired_and_a_forged_token_open_nothing, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let before = traces(&db).await;
    let draft = json!({ "procedure": PROCEDURE, "form": {} });
    let unsigned = format!(
        "{}.{}.",
        BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#),
        business.token.split('.').nth(1).unwrap()
    );
    let mut other_subject: Vec<&str> = business.token.split('.').collect();
    let claims = BASE64URL_NOPAD.encode(
        format!(r#"{{"sub":"{NOBODYS}","iss":"madoguchi","aud":"madoguchi","exp":99999999999}}"#).as_bytes(),
    );
    other_subject[1] = &claims;
    for token in ["", "x", &format!("{}x", business.token), &unsigned, &other_subject.join(".")] {
        let forger = Person { token: token.to_owned(), id: business.id.clone() };
        let refused = app.post(&forger, CASES, draft.clone()).await;
        insta::allow_duplicates! { insta::assert_snapshot!(shown(&refused), @"401 not_signed_in: Please sign in."); }
        assert_eq!(refused.headers["www-authenticate"], "Bearer");
    }
    let basic = app.raw(Method::GET, "/v1/me").header("authorization", "Basic dGFybzpwYXNz").send();
    assert_eq!(read(basic.await.unwrap()).await.problem(), "401 not_signed_in");
    app.clock.advance(SignedDuration::from_mins(10));
    let expired = app.post(&business, CASES, draft).await;
    assert_eq!(expired.problem(), "401 not_signed_in", "ten minutes are over");
    assert_eq!(traces(&db).await, before);
});

on_both_databases!(wrong_answers_are_all_named_in_japanese_and_in_english, async |db: TestDb| {
    let app = TestApp::start(&db).await;
    let business = app.register("business@example.jp", "business").await;
    let id = empty_draft(&app, &business).await;
    let before = traces(&db).await;
    let form = json!({
        "phone": "電話なし", "works_kind": "nuclear", "representative": 1, "favourite_colour": "blue",
        "corporate_number": "1234567890123", "office_name": "長".repeat(101),
    });
    let ask = async |language: &str| {
        let key = new_key();
        let headers = [("idempotency-key", key.as_str()), ("accept-language", language)];
        let body = json!({ "procedure": PROCEDURE, "form": form });
        let mut request = app.raw(Method::POST, CASES).bearer_auth(&business.token).json(&body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        read(request.send().await.unwrap()).await
    };
    insta::assert_snapshot!(shown(&ask("en-GB, ja;q=0.5").await), @r"
    422 validation_failed: Some of the answers are not acceptable.
      /form/corporate_number corporate_number: Corporate number has a wrong check digit
      /form/favourite_colour unknown_field: favourite_colour is not a field of this form
      /form/office_name too_long: Name of the office must have at most 100 characters
      /form/phone pattern: Phone does not have the expected form
      /form/representative type: Representative has the wrong type
      /form/works_kind choice: Kind of works must be one of the choices
    ");
    insta::assert_snapshot!(shown(&ask("fr, ja;q=0.5").await), @r"
    422 validation_failed: 入力内容に誤りがあります。
      /form/corporate_number corporate_number: 法人番号の検査数字が正しくありません
      /form/favourite_colour unknown_field: favourite_colourという項目はありません
      /form/office_name too_long: 営業所の名称は100文字以内にしてください
      /form/phone pattern: 電話番号の形式が正しくありません
      /form/representative type: 代表者の氏名の型が正しくありません
      /form/works_kind choice: 電気工事の種類は選択肢から選んでください
    ");
    let incomplete = app.post(&business, &format!("{CASES}/{id}/submit"), json!({})).await;
    insta::assert_snapshot!(shown(&incomplete), @r#"
    422 validation_failed: Some of the answers are not acceptable.
      /attachments/pledge required: The document "Pledge" is required.
      /form/address required: Address is required
      /form/applicant_kana required: Reading in katakana is required
      /form/applicant_name required: Name of the applicant is required
      /form/chief_electrician required: Chief electrician is required
      /form/licence_number required: Licence number of the chief electrician is required
      /form/office_address required: Address of the office is required
      /form/office_name required: Name of the office is required
      /form/phone required: Phone is required
      /form/postcode required: Postcode is required
      /form/representative required: Representative is required
      /form/works_kind required: Kind of works is required
    "#);
    assert_eq!(traces(&db).await, before);
});
