//! How officers are shown: name, and the title and department of the day in question.

use std::collections::HashMap;

use jiff::civil::Date;

use super::account::Profile;
use super::{Core, Failure};
use crate::domain::id::{OfficerId, TenantCode};
use crate::store::Reads;
use crate::store::officer_names::{self, DatedPost};

/// An officer as shown on a page.
#[derive(Clone, Debug)]
pub struct OfficerLabel {
    /// 氏名.
    pub name: String,
    posts: Vec<DatedPost>,
}

/// The post of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostLabel {
    /// Title.
    pub title: String,
    /// Code of the department.
    pub department: String,
}

impl OfficerLabel {
    /// The post held on `day`, the one that began last if there are several.
    pub fn post_on(&self, day: Date) -> Option<PostLabel> {
        let held = |post: &&DatedPost| post.from.0 <= day && post.to.is_none_or(|last| day <= last.0);
        let post = self.posts.iter().rev().find(held)?;
        Some(PostLabel { title: post.title.clone(), department: post.department.clone() })
    }
}

/// The labels of officers, in two statements however many they are.
pub fn labels(
    tx: &mut impl Reads,
    core: &Core,
    tenant: &TenantCode,
    mut ids: Vec<OfficerId>,
) -> Result<HashMap<OfficerId, OfficerLabel>, Failure> {
    ids.sort_unstable();
    ids.dedup();
    let mut labels = HashMap::new();
    if ids.is_empty() {
        return Ok(labels);
    }
    for sealed in officer_names::names(tx, tenant, &ids)? {
        let key = core.keys.open_account_key(&sealed.wrapped_key)?;
        let place = format!("accounts.sealed_profile:{}", sealed.account);
        let profile: Profile = key.open_json(&place, &sealed.sealed_profile)?;
        labels.insert(sealed.officer, OfficerLabel { name: profile.name, posts: Vec::new() });
    }
    for post in officer_names::posts(tx, tenant, &ids)? {
        if let Some(label) = labels.get_mut(&post.officer) {
            label.posts.push(post);
        }
    }
    Ok(labels)
}
