//! The treasury with the organisation beside it: who brings files there, pays by a number, and takes files in.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::handed_in;
use crate::support::app::{AOMORI, Answer, Person, TestApp};
use crate::support::db::TestDb;
use crate::waivers::office::{Office, Owing};

pub fn uploads(rest: &str) -> String {
    format!("/v1/tenants/{AOMORI}/el-qr-uploads{rest}")
}

pub fn taken_in(rest: &str) -> String {
    format!("/v1/tenants/{AOMORI}/el-qr-results{rest}")
}

/// The office with the organisation beside it.
pub struct Counter<'a> {
    pub office: Office<'a>,
    pub client: reqwest::Client,
}

impl<'a> Counter<'a> {
    pub async fn open(app: &'a TestApp, db: &'a TestDb) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { office: Office::open(app, db).await, client }
    }

    fn app(&self) -> &TestApp {
        self.office.app
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.app().post(&self.office.accountant, path, body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.app().get(&self.office.accountant, path).await.expect(200)
    }

    /// The number by which the payer sees that the invoice can be paid; null where it cannot.
    pub async fn number(&self, owing: &Owing) -> Value {
        let notice = self.app().get(&self.office.business, &owing.path("/notice")).await.expect(200);
        let invoice = self.app().get(&self.office.business, &owing.path("")).await.expect(200);
        assert_eq!(notice["el_qr"], invoice["el_qr"], "both say the same");
        let by_gateway = invoice["payable_by"].as_array().unwrap();
        assert!(!by_gateway.contains(&json!("el_qr")), "nobody opens an attempt for it");
        notice["el_qr"].clone()
    }

    pub async fn at_organisation(&self, path: &str, bytes: Vec<u8>) -> (StatusCode, Vec<u8>) {
        let request =
            self.client.post(format!("{}{path}", self.app().simulator)).bearer_auth("el-qr-simulator");
        let answer = request.body(bytes).send().await.unwrap();
        (answer.status(), answer.bytes().await.unwrap().to_vec())
    }

    /// The bytes of a file of slips.
    pub async fn file(&self, upload: &Value) -> Vec<u8> {
        let path = uploads(&format!("/{}/file", upload["id"].as_str().unwrap()));
        let answer = self.app().raw(Method::GET, &path).bearer_auth(&self.office.accountant.token);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap().to_vec()
    }

    /// Makes a file of slips, and gives it with what it asks: operation and reason of each.
    pub async fn uploaded(&self) -> (Value, Vec<(String, Option<String>)>) {
        let made = self.post(&uploads(""), json!({})).await.expect(201);
        let shown = self.get(&uploads(&format!("/{}", made["id"].as_str().unwrap()))).await;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let asked = shown["items"].as_array().unwrap().iter();
        let asked = asked.map(|item| (text(&item["operation"]).unwrap(), text(&item["withdrawal_reason"])));
        (made, asked.collect())
    }

    /// Brings a file to the organisation and takes its report in; gives what each slip stands at.
    pub async fn told(&self, upload: &Value) -> Vec<(String, String)> {
        let (status, report) = self.at_organisation("/el-qr/uploads", self.file(upload).await).await;
        assert_eq!(status, 200);
        let path = uploads(&format!("/{}/acceptance", upload["id"].as_str().unwrap()));
        let shown = self.post(&path, handed_in(&report)).await.expect(200);
        assert_eq!(self.post(&path, handed_in(&report)).await.expect(200), shown, "the same report again");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let items = shown["items"].as_array().unwrap().iter();
        items.map(|item| (text(&item["outcome"]), text(&item["slip_state"]))).collect()
    }

    /// The payer pays by a number; gives the status of the answer.
    pub async fn pays(&self, number: &Value, form: &str) -> u16 {
        let number = number["payment_number"].as_str().unwrap();
        let request = self.client.post(format!("{}/el-qr/pay/{number}", self.app().simulator));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(form.to_owned()).send().await.unwrap().status().as_u16()
    }

    /// The organisation's next file of payments.
    pub async fn report(&self) -> Vec<u8> {
        let (status, file) = self.at_organisation(&format!("/el-qr/results?body={AOMORI}"), Vec::new()).await;
        assert_eq!(status, 200);
        file
    }

    /// Takes a file of payments in, books it, and gives what became of its lines: state and trouble.
    pub async fn imported(&self, file: &[u8]) -> Vec<(String, Option<String>)> {
        let made = self.post(&taken_in(""), handed_in(file)).await.expect(201);
        self.app().drain().await;
        let shown = self.get(&taken_in(&format!("/{}", made["id"].as_str().unwrap()))).await;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let items = shown["items"].as_array().unwrap().iter();
        items.map(|item| (text(&item["state"]).unwrap(), text(&item["trouble"]))).collect()
    }

    /// The kinds of the exceptions about lines and slips of the organisation.
    pub async fn exceptions(&self) -> Vec<String> {
        let listed = self.get(&format!("/v1/tenants/{AOMORI}/reconciliation/exceptions")).await;
        let items = listed["items"].as_array().unwrap().iter();
        items.map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// Two of the treasury look at an exception, and agree to end it so.
    pub async fn ends_one(&self, second: &Person, exception: &Value, resolution: &str) -> Answer {
        let id = exception["id"].as_str().unwrap();
        let path = format!("/v1/tenants/{AOMORI}/reconciliation/exceptions/{id}");
        let proposal = json!({ "resolution": resolution, "comment": "機構の報告どおり" });
        self.post(&format!("{path}/resolution"), proposal).await.expect(200);
        let own = self.post(&format!("{path}/approve"), json!({})).await;
        assert_eq!(own.problem(), "403 own_resolution");
        self.app().post(second, &format!("{path}/approve"), json!({})).await
    }

    pub async fn truth(&self) -> Value {
        let answer = self.client.get(format!("{}/_sim/ledger", self.app().simulator)).send().await.unwrap();
        answer.json().await.unwrap()
    }

    pub async fn page_of_notice(&self, owing: &Owing) -> String {
        let documents = format!("{}/documents", owing.case);
        let listed = self.app().get(&self.office.business, &documents).await.expect(200);
        let is_notice = |item: &&Value| item["kind"] == "payment_notice";
        let notice = listed["items"].as_array().unwrap().iter().find(is_notice).unwrap();
        let path = format!("{documents}/{}/page", notice["id"].as_str().unwrap());
        let answer = self.app().raw(Method::GET, &path).bearer_auth(&self.office.business.token);
        answer.send().await.unwrap().text().await.unwrap()
    }
}
