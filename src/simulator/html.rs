//! The few pieces of HTML the hosted page is built from; every text from outside goes through [`escape`].

use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// Makes text safe inside HTML and inside quoted attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Yen with thousands separators: `18,000円`.
pub fn yen(amount: u64) -> String {
    let digits = amount.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + "円"
}

/// A form of buttons that post `name=value` to `action`; labels are ours, never the payer's.
pub fn buttons(action: &str, name: &str, choices: &[(&str, &str)]) -> String {
    let mut html = format!("<form method=\"post\" action=\"{}\"><p>", escape(action));
    for (value, label) in choices {
        // Writing to a string cannot fail.
        let _ = write!(html, "<button name=\"{name}\" value=\"{value}\">{label}</button> ");
    }
    html + STAY + "</p></form>"
}

/// The choice not to come back to the merchant after paying.
pub const STAY: &str = "<label><input type=\"checkbox\" name=\"stay\" value=\"1\"> 支払い後、申請サイトへ戻らない（タブを閉じる）</label>";

/// A whole page.
pub fn page(status: StatusCode, title: &str, body: &str) -> HttpResponse {
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"ja\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>body{{font-family:sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;line-height:1.6}}\
         fieldset{{margin:1rem 0}}label{{display:block}}.note{{color:#555}}</style></head>\
         <body><p class=\"note\">決済シミュレーター（試験用。実際のお金は動きません）</p>\
         <h1>{title}</h1>{body}</body></html>"
    );
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .body(html)
}
