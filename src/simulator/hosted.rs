//! The hosted page: plain forms in Japanese that work without JavaScript.
//!
//! A test or `curl` plays the payer with the same forms (`application/x-www-form-urlencoded`):
//!
//! | call | fields |
//! |---|---|
//! | `GET /hosted/{session}` | the page |
//! | `POST /hosted/{session}/card` | `number` (4111111111111111 asks for 3-D Secure, 4242424242424242 does not, 4000000000000002 is declined) |
//! | `GET /hosted/{session}/3ds`, `POST …/3ds` | `result` = `ok`, `fail` or `abandon` |
//! | `POST /hosted/{session}/nanaco`, `…/suica`, `…/edy`, `…/waon`, `…/paypay` | `result` = `ok` or `insufficient` |
//! | `POST /hosted/{session}/konbini`, `…/pay_easy` | issues the slip or the number |
//! | `GET /hosted/{session}/konbini`, `POST …/konbini/pay`, `…/pay_easy` likewise | shows the slip; pays it at the shop |
//! | `POST /hosted/{session}/cancel` | the payer gives up |
//!
//! Success answers 303 to `return_url?session_id=…`; with `stay=1` it answers 200 instead, as if the payer
//! had closed the tab. A failed attempt answers 303 to the page again, `?message=failed`. A refusal is
//! 404, 409 or 422 with a page that says why.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{self, Data, Form, Path, Query};
use reqwest::Url;
use serde::Deserialize;

use super::core::{ActFault, Simulator};
use super::engine::{self, Refusal};
use super::html::{STAY, buttons, escape, page, yen};
use super::model::{Payment, PaymentStatus, Session, SessionStatus, Step, Vendor};
use super::payer::{self, Balance, ChallengeAnswer, Progress};
use super::settings::SimulatorSettings;
use super::veritrans;

#[derive(Deserialize)]
struct CardForm {
    number: String,
    stay: Option<String>,
}

#[derive(Deserialize)]
struct ChallengeForm {
    result: ChallengeChoice,
    stay: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChallengeChoice {
    Ok,
    Fail,
    Abandon,
}

#[derive(Deserialize)]
struct WalletForm {
    result: WalletChoice,
    stay: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WalletChoice {
    Ok,
    Insufficient,
}

#[derive(Deserialize)]
struct PageQuery {
    message: Option<String>,
}

/// Adds the payer's routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/hosted/{session}", web::get().to(show))
        .route("/hosted/{session}/card", web::post().to(card))
        .route("/hosted/{session}/3ds", web::get().to(show_challenge))
        .route("/hosted/{session}/3ds", web::post().to(challenge))
        .route("/hosted/{session}/{wallet:(nanaco|suica|edy|waon|paypay)}", web::post().to(wallet))
        .route("/hosted/{session}/{slip:(konbini|pay_easy)}", web::post().to(slip))
        .route("/hosted/{session}/{slip:(konbini|pay_easy)}", web::get().to(show_slip))
        .route("/hosted/{session}/{slip:(konbini|pay_easy)}/pay", web::post().to(pay_slip))
        .route("/hosted/{session}/cancel", web::post().to(cancel));
}

async fn show(sim: Data<Simulator>, id: Path<String>, query: Query<PageQuery>) -> HttpResponse {
    let inner = sim.lock();
    let Some(session) = inner.state.sessions.get(id.as_str()) else { return refused(&Refusal::NotFound) };
    if let Some(closed) = closed_page(&sim.settings, session, session.lapsed(inner.now())) {
        return closed;
    }
    let failed = query.message.as_deref() == Some("failed");
    page(StatusCode::OK, "お支払い", &choices(&sim.settings.merchant_name, session, failed))
}

async fn card(sim: Data<Simulator>, id: Path<String>, form: Form<CardForm>) -> HttpResponse {
    let done = sim.act(|state, now, ids| payer::pay_by_card(state, &id, &form.number, now, ids));
    next(&sim, &id, done, form.stay.as_deref())
}

async fn show_challenge(sim: Data<Simulator>, id: Path<String>) -> HttpResponse {
    let inner = sim.lock();
    let Some(session) = inner.state.sessions.get(id.as_str()) else { return refused(&Refusal::NotFound) };
    if inner.state.payment_of(session).is_none_or(|payment| payment.step != Step::Challenge) {
        return redirect(&format!("/hosted/{}", session.id));
    }
    let choices = [("ok", "認証する"), ("fail", "認証に失敗する"), ("abandon", "中止する")];
    let body = format!(
        "<p>カード発行会社の本人認証（3Dセキュア）です。</p><p>加盟店: {}<br>金額: {}</p>{}",
        escape(&sim.settings.merchant_name),
        yen(session.amount),
        buttons(&format!("/hosted/{}/3ds", session.id), "result", &choices)
    );
    page(StatusCode::OK, "本人認証", &body)
}

async fn challenge(sim: Data<Simulator>, id: Path<String>, form: Form<ChallengeForm>) -> HttpResponse {
    let answer = match form.result {
        ChallengeChoice::Ok => ChallengeAnswer::Ok,
        ChallengeChoice::Fail => ChallengeAnswer::Fail,
        ChallengeChoice::Abandon => ChallengeAnswer::Abandon,
    };
    let done = sim.act(|state, now, _| payer::answer_challenge(state, &id, answer, now));
    next(&sim, &id, done, form.stay.as_deref())
}

async fn wallet(sim: Data<Simulator>, path: Path<(String, String)>, form: Form<WalletForm>) -> HttpResponse {
    let (id, wallet) = path.into_inner();
    let balance = match form.result {
        WalletChoice::Ok => Balance::Sufficient,
        WalletChoice::Insufficient => Balance::Insufficient,
    };
    let done = sim.act(|state, now, ids| payer::pay_by_wallet(state, &id, &wallet, balance, now, ids));
    next(&sim, &id, done, form.stay.as_deref())
}

async fn slip(sim: Data<Simulator>, path: Path<(String, String)>) -> HttpResponse {
    let (id, method) = path.into_inner();
    let done = sim.act(|state, now, ids| payer::issue_slip(state, &id, &method, now, ids));
    next(&sim, &id, done, None)
}

async fn show_slip(sim: Data<Simulator>, path: Path<(String, String)>) -> HttpResponse {
    let (id, _) = path.into_inner();
    let inner = sim.lock();
    let Some(session) = inner.state.sessions.get(id.as_str()) else { return refused(&Refusal::NotFound) };
    let found =
        inner.state.payment_of(session).and_then(|payment| Some((payment, payment.slip_number.as_ref()?)));
    let Some((payment, number)) = found else { return redirect(&format!("/hosted/{}", session.id)) };
    page(StatusCode::OK, "コンビニ払込票", &slip_body(&sim.settings, session, payment, number))
}

async fn pay_slip(sim: Data<Simulator>, path: Path<(String, String)>) -> HttpResponse {
    let (id, _) = path.into_inner();
    let done = sim.act(|state, now, _| payer::pay_slip(state, &id, now));
    next(&sim, &id, done, None)
}

async fn cancel(sim: Data<Simulator>, id: Path<String>) -> HttpResponse {
    let done = sim.act(|state, now, _| Ok((engine::cancel_session(state, &id, now)?, Progress::Done)));
    next(&sim, &id, done, None)
}

/// Sends the payer on.
fn next(sim: &Simulator, id: &str, done: Result<Progress, ActFault>, stay: Option<&str>) -> HttpResponse {
    match done {
        Ok(Progress::Challenge) => redirect(&format!("/hosted/{id}/3ds")),
        Ok(Progress::TryAgain) => redirect(&format!("/hosted/{id}?message=failed")),
        Ok(Progress::Slip) => redirect(&format!("/hosted/{id}/{}", slip_method(sim, id))),
        Ok(Progress::Done) if stay.is_some() => {
            page(StatusCode::OK, "お支払いが完了しました", "<p>このタブを閉じてください。</p>")
        }
        Ok(Progress::Done) => sim.lock().state.sessions.get(id).map_or_else(
            || refused(&Refusal::NotFound),
            |session| redirect(&way_back(&sim.settings, session)),
        ),
        Err(ActFault::Refused(refusal)) => refused(&refusal),
        Err(ActFault::Journal(error)) => {
            tracing::error!(%error, "the simulator's journal cannot be written");
            page(StatusCode::INTERNAL_SERVER_ERROR, "障害", "<p>記録を書き込めませんでした。</p>")
        }
    }
}

/// The method by which the slip of a session was issued.
fn slip_method(sim: &Simulator, id: &str) -> String {
    let inner = sim.lock();
    let session = inner.state.sessions.get(id);
    let payment = session.and_then(|session| inner.state.payment_of(session));
    payment.map_or_else(|| "konbini".to_owned(), |payment| payment.method.clone())
}

fn way_back(settings: &SimulatorSettings, session: &Session) -> String {
    if session.vendor == Vendor::Veritrans {
        let signed = veritrans::way_back(settings, session);
        return signed.unwrap_or_else(|| format!("/hosted/{}", session.id));
    }
    match Url::parse(&session.return_url) {
        Ok(mut url) => {
            url.query_pairs_mut().append_pair("session_id", &session.id);
            url.to_string()
        }
        Err(_) => format!("/hosted/{}", session.id),
    }
}

fn redirect(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
}

fn refused(refusal: &Refusal) -> HttpResponse {
    let (status, why) = match refusal {
        Refusal::NotFound => (StatusCode::NOT_FOUND, "この支払いページは見つかりません。"),
        Refusal::WrongStatus(_) => (StatusCode::CONFLICT, "この支払いは、いまこの操作を受け付けません。"),
        Refusal::BadInput(why) => (StatusCode::UNPROCESSABLE_ENTITY, *why),
        Refusal::MethodCannot(_) => (StatusCode::UNPROCESSABLE_ENTITY, "この支払い方法は使えません。"),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, "この操作はできません。"),
    };
    page(status, "お支払いできません", &format!("<p role=\"alert\">{}</p>", escape(why)))
}

fn closed_page(settings: &SimulatorSettings, session: &Session, lapsed: bool) -> Option<HttpResponse> {
    let why = match session.status {
        SessionStatus::Pending if lapsed => "支払期限が過ぎました。",
        SessionStatus::Pending => return None,
        SessionStatus::Completed => "この支払いの手続きは完了しています。",
        SessionStatus::Cancelled => "この支払いは取り消されました。",
    };
    let back = escape(&way_back(settings, session));
    let body = format!("<p>{why}</p><p><a href=\"{back}\">申請サイトへ戻る</a></p>");
    Some(page(StatusCode::OK, "お支払い", &body))
}

fn choices(merchant: &str, session: &Session, failed: bool) -> String {
    let id = escape(&session.id);
    let alert = if failed {
        "<p role=\"alert\">お支払いは完了していません。もう一度お試しください。</p>"
    } else {
        ""
    };
    let methods: Vec<String> = session.payment_types.iter().map(|method| method_form(method, &id)).collect();
    format!(
        "{alert}<p>請求元: {}<br>金額: {}</p>{}\
         <form method=\"post\" action=\"/hosted/{id}/cancel\"><p><button>支払いをやめる</button></p></form>",
        escape(merchant),
        yen(session.amount),
        methods.concat()
    )
}

fn method_form(method: &str, id: &str) -> String {
    match method {
        "credit_card" => format!(
            "<fieldset><legend>クレジットカード</legend><form method=\"post\" action=\"/hosted/{id}/card\">\
             <label>カード番号（試験用） <input name=\"number\" inputmode=\"numeric\" autocomplete=\"off\" required></label>\
             <p class=\"note\">4111111111111111: 本人認証あり / 4242424242424242: 本人認証なし / 4000000000000002: 拒否</p>\
             {STAY}<button>カードで支払う</button></form></fieldset>"
        ),
        "nanaco" | "suica" | "edy" | "waon" | "paypay" => {
            let (kind, name) = wallet_name(method);
            let (enough, too_little) =
                (format!("{name}で支払う（残高あり）"), format!("{name}で支払う（残高不足）"));
            let choices = [("ok", enough.as_str()), ("insufficient", too_little.as_str())];
            let form = buttons(&format!("/hosted/{id}/{method}"), "result", &choices);
            format!("<fieldset><legend>{kind} {name}</legend>{form}</fieldset>")
        }
        "konbini" => format!(
            "<fieldset><legend>コンビニ</legend><form method=\"post\" action=\"/hosted/{id}/konbini\">\
             <button>払込票を発行する</button></form></fieldset>"
        ),
        "pay_easy" => format!(
            "<fieldset><legend>ペイジー</legend><form method=\"post\" action=\"/hosted/{id}/pay_easy\">\
             <button>納付番号を発行する</button></form></fieldset>"
        ),
        _ => String::new(),
    }
}

/// What kind of wallet it is, and its name.
fn wallet_name(method: &str) -> (&'static str, &'static str) {
    match method {
        "suica" => ("電子マネー", "モバイルSuica"),
        "edy" => ("電子マネー", "楽天Edy"),
        "waon" => ("電子マネー", "WAON"),
        "paypay" => ("QRコード", "PayPay"),
        _ => ("電子マネー", "nanaco"),
    }
}

fn slip_body(settings: &SimulatorSettings, session: &Session, payment: &Payment, number: &str) -> String {
    let back = escape(&way_back(settings, session));
    let state = match payment.status {
        PaymentStatus::Authorized => format!(
            "<form method=\"post\" action=\"/hosted/{}/{}/pay\"><button>{}</button></form>",
            escape(&session.id),
            escape(&payment.method),
            if payment.method == "pay_easy" { "ATMで支払った" } else { "店頭で支払った" }
        ),
        PaymentStatus::Captured | PaymentStatus::Refunded => "<p>支払済みです。</p>".to_owned(),
        _ => "<p>この払込票は使えません。</p>".to_owned(),
    };
    format!(
        "<p>払込票番号: <strong>{}</strong><br>金額: {}</p>{state}<p><a href=\"{back}\">申請サイトへ戻る</a></p>",
        escape(number),
        yen(payment.amount)
    )
}
