//! Records of ended cases: filed, published, held, transferred and destroyed (R-123…R-125).

mod archive;
mod books;
mod completeness;
mod disposal;
mod transfer;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use self::archive::{Archive, FILES, codes};
use crate::support::db::{TestDb, execute};

on_both_databases!(
    /// Looking again files nothing twice; the register says where, for how long and by whom, and names nobody.
    r123_an_ended_case_comes_into_its_record_file_once_and_the_register_is_public,
    async |db: TestDb| {
        let archive = Archive::open(&db).await;
        let (first, second) = (archive.withdrawn("denki-koji-toroku").await, archive.withdrawn("denki-koji-toroku").await);
        let open = archive.app.submitted(&archive.business, "020001", "denki-koji-toroku").await;
        for _ in 0..2 {
            archive.file().await;
        }
        let listed = archive.public(FILES).await.expect(200);
        let files = listed["items"].as_array().unwrap();
        assert_eq!(files.len(), 1, "one file for the cases of a procedure, department and year: {listed}");
        let file = &files[0];
        let says = ["fiscal_year", "retention", "expires_on", "measure", "state", "department", "medium"]
            .map(|field| file[field].clone());
        assert_eq!(
            says,
            [
                json!(2026),
                json!("10"),
                json!("2037-03-31"),
                json!("undecided"),
                json!("kept"),
                json!("kiki-shobo-hoan"),
                json!("電子")
            ]
        );
        let title = file["name"].as_str().unwrap();
        assert!(title.contains("令和8年度") && title.contains("電気工事業"), "{title}");
        assert_eq!(file["manager"], "消防保安課の文書管理者");

        let path = format!("{FILES}/{}", file["id"].as_str().unwrap());
        let details = archive.app.get(&archive.clerk, &path).await.expect(200);
        assert_eq!((&details["cases"], &details["measures"]), (&json!(2), &json!([])));
        let cases = archive.app.get(&archive.clerk, &format!("{path}/cases")).await.expect(200);
        let items = cases["items"].as_array().unwrap().iter();
        let members: BTreeSet<&str> = items.map(|case| case["application"].as_str().unwrap()).collect();
        assert_eq!(members, BTreeSet::from([first.as_str(), second.as_str()]));
        assert!(!members.contains(open["id"].as_str().unwrap()), "what has not ended is in no file");

        let table = archive.app.raw(Method::GET, FILES).header("accept", "text/csv");
        let table = table.send().await.unwrap().text().await.unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines[0],
            "大分類,中分類,小分類,標準行政文書ファイル,名称,作成年度,保存期間,保存期間満了日,満了後の措置,保存場所,管理者,記録媒体"
        );
        assert_eq!(lines.len(), 2);
        assert!(lines[1].contains(",2026,10年,2037-03-31,未定,文書管理システム,消防保安課の文書管理者,電子"), "{table}");
        for text in [listed.to_string(), table] {
            assert!(!text.contains("business@example.jp") && !text.contains(first.as_str()), "{text}");
        }
    }
);

on_both_databases!(
    /// what stands in the way of the cases of a page is read at once, not case by case.
    r125_a_page_of_cases_asks_the_database_as_often_for_many_as_for_one,
    async |db: TestDb| {
        let archive = Archive::open(&db).await;
        let case = archive.withdrawn("denki-koji-toroku").await;
        archive.file().await;
        let page = format!("{}/cases", archive.file_of(&case).await);
        let shown = async || archive.app.get(&archive.clerk, &page).await.expect(200)["items"].as_array().unwrap().len();
        assert_eq!(shown().await, 1);
        let one = db.queries_of(async || assert_eq!(shown().await, 1)).await;
        for _ in 0..3 {
            archive.withdrawn("denki-koji-toroku").await;
        }
        archive.file().await;
        let four = db.queries_of(async || assert_eq!(shown().await, 4)).await;
        assert_eq!(one.len(), four.len(), "{four:#?}");
    }
);

on_both_databases!(
    /// Pages follow each other by the file's id; a filter by year finds its own files only.
    r123_the_register_is_read_page_by_page_and_by_year,
    async |db: TestDb| {
        let archive = Archive::open(&db).await;
        archive.withdrawn("denki-koji-toroku").await;
        archive.file().await;
        archive.copies_of_the_file(&db, 230).await;
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = archive.public(&format!("{FILES}?fiscal_year=2001{cursor}")).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap().to_owned()));
            pages += 1;
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!((seen.len(), pages), (230, 3));
        assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(archive.public(&format!("{FILES}?fiscal_year=2026")).await.expect(200)["items"].as_array().unwrap().len(), 1);
        assert_eq!(archive.public(&format!("{FILES}?state=lost")).await.problem(), "400 malformed_request");
    }
);

on_both_databases!(
    /// Whatever is open of the money, and a permit in force, is read from where it is booked; each reason by its own name.
    r125_open_money_and_a_permit_in_force_stand_in_the_way,
    async |db: TestDb| {
        let mut archive = Archive::open(&db).await;
        let case = archive.granted().await;
        archive.file().await;
        assert_eq!(archive.blocks(&case).await, ["permit_in_force", "unpaid_claim"], "entrusted money has not arrived");
        archive.hold(&case, "audit", "監査委員の定期監査").await;
        archive.hold(&case, "litigation", "令和8年（行ウ）第1号").await;
        let all = archive.blocks(&case).await;
        assert_eq!(all, ["held_for_audit", "held_for_litigation", "permit_in_force", "unpaid_claim"]);
        // A refund that is asked for, and a payment that the payer's bank contests.
        archive.ask_refund(&case).await;
        archive.contest(&db, &case).await;
        let all = archive.blocks(&case).await;
        assert_eq!(
            all,
            [
                "held_for_audit",
                "held_for_litigation",
                "open_dispute",
                "open_refund",
                "permit_in_force",
                "unpaid_claim"
            ]
        );
    }
);

on_both_databases!(
    r125_a_hold_names_ground_and_days_is_released_once_and_never_rewritten,
    async |db: TestDb| {
        let archive = Archive::open(&db).await;
        let case = archive.withdrawn("denki-koji-toroku").await;
        archive.file().await;
        let path = format!("/v1/tenants/020001/applications/{case}/record-holds");
        let ahead =
            json!({ "ground": "appeal", "from_on": "2026-04-02", "until_on": "2026-04-01", "note": " " });
        let refused = archive.app.post(&archive.clerk, &path, ahead).await;
        assert_eq!(refused.problem(), "422 validation_failed");
        assert_eq!(
            codes(&refused.body),
            ["bad_text", "ends_before_it_begins", "in_the_future"],
            "all at once"
        );
        let placed = archive.hold(&case, "appeal", "審査請求第3号").await;
        assert_eq!(
            (&placed["ground"], &placed["stands"], &placed["note"]),
            (&json!("appeal"), &json!(true), &json!("審査請求第3号"))
        );
        assert_eq!(archive.blocks(&case).await, ["held_for_appeal"]);
        let release = format!("/v1/tenants/020001/record-holds/{}/release", placed["id"].as_str().unwrap());
        let why = json!({ "reason": "裁決が確定した" });
        let released = archive.app.post(&archive.chief, &release, why.clone()).await.expect(200);
        assert_eq!(
            (&released["stands"], &released["release_reason"]),
            (&json!(false), &json!("裁決が確定した"))
        );
        assert_eq!(archive.app.post(&archive.clerk, &release, why).await.problem(), "409 hold_released");
        assert_eq!(archive.blocks(&case).await, Vec::<String>::new());
        let listed = archive.app.get(&archive.clerk, &path).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        assert_eq!(archive.app.get(&archive.business, &path).await.problem(), "403 forbidden");
        assert_eq!(db.count("(SELECT COUNT(*) FROM record_holds WHERE ground = 'appeal')").await, 1);
        let url = db.settings.url.clone();
        let rewrite = |statement: &'static str| {
            let url = url.clone();
            std::thread::spawn(move || execute(&url, statement)).join()
        };
        for refused in [
            "UPDATE record_holds SET ground = 'audit'",
            "DELETE FROM record_holds",
            "DELETE FROM record_hold_releases",
            "DELETE FROM record_files",
            "DELETE FROM record_cases",
        ] {
            assert!(rewrite(refused).is_err(), "{refused}");
        }
    }
);
