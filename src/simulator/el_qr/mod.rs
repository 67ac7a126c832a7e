//! The organisation that takes public money by eL-QR (地方税共同機構), as far as a body meets it.
//!
//! Its own reading of the sample layout `mihon-1`: the real interface is not public. A body brings its slips and hears of each
//! whether it is taken; payers pay by the number, on a plain page or by the same form; what was paid is told in files, and paid
//! out less a fee.
//!
//! | call | what |
//! |---|---|
//! | `POST /el-qr/uploads` (bearer key) | a file of slips; the answer is the report about it |
//! | `GET /el-qr/pay/{number}` | the page of a slip |
//! | `POST /el-qr/pay/{number}` | `confirmation_number`, `channel` (`01` site, `02` window), `read_before=1`: the window had read the slip before it was paid or withdrawn |
//! | `POST /el-qr/results?body=` (bearer key) | the file of what was paid and told in no file yet; 204 where there is nothing |
//! | `POST /el-qr/payouts?body=` (bearer key) | what was told and paid out in no payout yet, as JSON with the table of its lines; 204 where there is nothing |
//!
//! Refusals have a code: `E01` the number is known, `E02` the line is no slip, `E03` the number is unknown, `E04` it is paid.

mod files;
mod office;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Bytes, Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use serde::Deserialize;
use serde_json::json;

use super::core::Simulator;
use super::html::{buttons, escape, page, yen};
use super::state::Entry;

pub use office::{ElPayment, ElSlip, ElTruth, truth};

/// What proves a body; the listener is loopback only.
const KEY: &str = "el-qr-simulator";

#[derive(Deserialize)]
struct BodyQuery {
    body: String,
}

#[derive(Deserialize)]
struct PayForm {
    confirmation_number: Option<String>,
    channel: Option<String>,
    read_before: Option<String>,
}

/// Adds the organisation's routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/el-qr/uploads", web::post().to(upload))
        .route("/el-qr/pay/{number}", web::get().to(show))
        .route("/el-qr/pay/{number}", web::post().to(pay))
        .route("/el-qr/results", web::post().to(results))
        .route("/el-qr/payouts", web::post().to(payout));
}

fn is_known(request: &HttpRequest) -> bool {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|text| text.strip_prefix("Bearer ")) == Some(KEY)
}

/// The day in Japan.
fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::fixed(offset(9))).date()
}

fn refused(status: StatusCode, code: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "code": code }))
}

fn broken(error: &std::io::Error) -> HttpResponse {
    HttpResponse::InternalServerError().json(json!({ "code": error.to_string() }))
}

async fn upload(sim: Data<Simulator>, request: HttpRequest, bytes: Bytes) -> HttpResponse {
    if !is_known(&request) {
        return refused(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let Some(file) = files::read_upload(&bytes) else {
        return refused(StatusCode::BAD_REQUEST, "bad_file");
    };
    let mut inner = sim.lock();
    let (slips, outcomes) = office::take(&inner.state, &file);
    match inner.record(slips.into_iter().map(Entry::ElSlip).collect()) {
        Ok(()) => HttpResponse::Ok()
            .content_type("application/octet-stream")
            .body(files::acceptance(&file.body, &outcomes)),
        Err(error) => broken(&error),
    }
}

async fn show(sim: Data<Simulator>, number: Path<String>) -> HttpResponse {
    let inner = sim.lock();
    match inner.state.el_slips.get(number.as_str()) {
        None => page(StatusCode::NOT_FOUND, "eL-QR", "<p>この番号の納付書はありません。</p>"),
        Some(slip) => {
            let facts =
                format!("<p>納付番号 {}</p><p>{}</p>", escape(&slip.payment_number), yen(slip.amount));
            let action = format!("/el-qr/pay/{}", slip.payment_number);
            let form = buttons(&action, "channel", &[("01", "お支払サイトで支払う"), ("02", "窓口で支払う")]);
            page(StatusCode::OK, "eL-QR", &format!("{facts}{form}"))
        }
    }
}

async fn pay(sim: Data<Simulator>, number: Path<String>, form: Form<PayForm>) -> HttpResponse {
    let mut inner = sim.lock();
    let today = day(inner.now());
    let late = if form.read_before.is_some() { office::Window::HadReadIt } else { office::Window::Reads };
    let channel = form.channel.as_deref().unwrap_or("01");
    let confirmation = form.confirmation_number.as_deref();
    match office::pay(&inner.state, (number.as_str(), confirmation), channel, (today, late)) {
        Err(office::PayRefusal { status, code }) => {
            refused(StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT), code)
        }
        Ok(paid) => {
            let answer = json!({ "payment_key": paid.key, "amount": paid.amount, "paid_on": paid.paid_on });
            match inner.record(vec![Entry::ElPayment(paid)]) {
                Ok(()) => HttpResponse::Ok().json(answer),
                Err(error) => broken(&error),
            }
        }
    }
}

async fn results(sim: Data<Simulator>, request: HttpRequest, query: Query<BodyQuery>) -> HttpResponse {
    if !is_known(&request) {
        return refused(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let mut inner = sim.lock();
    let told = office::to_tell(&inner.state, &query.body);
    if told.is_empty() {
        return HttpResponse::NoContent().finish();
    }
    let file = files::results(&query.body, &told, &inner.state.el_slips);
    match inner.record(told.into_iter().map(Entry::ElPayment).collect()) {
        Ok(()) => HttpResponse::Ok().content_type("application/octet-stream").body(file),
        Err(error) => broken(&error),
    }
}

async fn payout(sim: Data<Simulator>, request: HttpRequest, query: Query<BodyQuery>) -> HttpResponse {
    if !is_known(&request) {
        return refused(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let mut inner = sim.lock();
    let today = day(inner.now());
    let sent = office::to_pay_out(&inner.state, &query.body);
    let Some(batch) = sent.first().and_then(|paid| paid.payout) else {
        return HttpResponse::NoContent().finish();
    };
    let gross: u64 = sent.iter().map(|paid| paid.amount).sum();
    let fee: u64 = sent.iter().map(|_| office::FEE).sum();
    let answer = json!({ "batch_reference": format!("EL-{}-{batch}", query.body), "payout_on": today,
        "gross": gross, "fee": fee, "net": gross.saturating_sub(fee), "table": files::payout(&sent) });
    match inner.record(sent.into_iter().map(Entry::ElPayment).collect()) {
        Ok(()) => HttpResponse::Ok().json(answer),
        Err(error) => broken(&error),
    }
}
