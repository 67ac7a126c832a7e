//! The people of a demo, made through the same use cases as everybody else.

use std::collections::BTreeSet;

use jiff::civil::Date;
use secrecy::SecretString;

use super::Stop;
use crate::domain::account::AccountKind;
use crate::domain::calendar::jst_day;
use crate::domain::id::TenantCode;
use crate::domain::policy::{Post, Role};
use crate::service::account::{Register, email_index, register};
use crate::service::officer::{Appointment, appoint};
use crate::service::{Core, Failure};
use crate::store::accounts;
use crate::store::officers::Term;

/// The password of everybody in a demo.
pub(super) const PASSWORD: &str = "madoguchi-demo";

/// The body whose staff the demo has: 青森県.
pub(super) const DEPARTMENT_TENANT: &str = "020001";

/// 会計管理課, where the accountant sits.
const ACCOUNTING: &str = "suito-kaikei-kanri";

/// One of them.
pub(super) struct Person {
    pub(super) email: &'static str,
    pub(super) who: &'static str,
    name: &'static str,
    part: Part,
}

enum Part {
    Applicant(AccountKind),
    Officer { role: Role, title: &'static str },
}

/// All of them.
pub(super) const PEOPLE: [Person; 7] = [
    Person {
        email: "resident@example.jp",
        who: "住民 resident",
        name: "青森 花子",
        part: Part::Applicant(AccountKind::Resident),
    },
    Person {
        email: "business@example.jp",
        who: "事業者 business",
        name: "津軽電気工業株式会社",
        part: Part::Applicant(AccountKind::Business),
    },
    Person {
        email: "clerk@example.jp",
        who: "担当 clerk, 青森県",
        name: "工藤 太郎",
        part: Part::Officer { role: Role::Clerk, title: "主事" },
    },
    Person {
        email: "chief@example.jp",
        who: "課長 section chief, 青森県",
        name: "佐藤 一郎",
        part: Part::Officer { role: Role::SectionChief, title: "課長" },
    },
    Person {
        email: "accountant@example.jp",
        who: "会計担当 accountant, 青森県",
        name: "木村 洋子",
        part: Part::Officer { role: Role::Accountant, title: "主査" },
    },
    Person {
        email: "administrator@example.jp",
        who: "手続管理者 administrator, 青森県",
        name: "成田 美咲",
        part: Part::Officer { role: Role::Administrator, title: "主幹" },
    },
    Person {
        email: "administrator2@example.jp",
        who: "手続管理者 (second person), 青森県",
        name: "三上 健",
        part: Part::Officer { role: Role::Administrator, title: "主幹" },
    },
];

/// Makes those who are not there yet.
pub(super) async fn create_people(core: &Core) -> Result<(), Stop> {
    for person in &PEOPLE {
        let index = email_index(&core.keys, person.email);
        let known =
            core.db.read(move |tx| accounts::find_by_email(tx, &index).map_err(Failure::from)).await?;
        if known.is_some() {
            continue;
        }
        let (email, name, password) =
            (person.email.to_owned(), person.name.to_owned(), SecretString::from(PASSWORD));
        match person.part {
            Part::Applicant(kind) => {
                register(core, Register { email, password, name, kind, corporate_number: None }).await?;
            }
            Part::Officer { role, title } => {
                let tenant = TenantCode::parse(DEPARTMENT_TENANT)
                    .ok_or_else(|| Stop("the demo's body is no body".to_owned()))?;
                let posts = posts(core, &tenant, role, title);
                appoint(core, Appointment { tenant, email, name, password, posts }).await?;
            }
        }
    }
    Ok(())
}

/// A post in every department that handles a procedure; the accountant's is in 会計管理課.
fn posts(core: &Core, tenant: &TenantCode, role: Role, title: &str) -> Vec<(Post, Term)> {
    let today: Date = jst_day(core.clock.now());
    let departments: BTreeSet<String> = if role == Role::Accountant {
        BTreeSet::from([ACCOUNTING.to_owned()])
    } else {
        let catalogue = core.catalogue.current();
        let procedures = catalogue.procedures(tenant, today);
        procedures.iter().map(|procedure| procedure.definition.department.clone()).collect()
    };
    let post = |department| Post { department, role, title: title.to_owned() };
    departments.into_iter().map(|department| (post(department), Term { from: today, to: None })).collect()
}
