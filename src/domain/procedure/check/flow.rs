//! Faults between the legal kind, the money, the route, the queue and the clock.

use super::route::{OF_PROCEDURE, RouteData};
use super::{MAX_DAYS, check_span, check_text, duplicate_fault, empty_fault, is_name, is_slug, slug_fault};
use crate::domain::fault::Fault;
use crate::domain::procedure::{FeeDue, IssuanceChannel, ProcedureDefinition, ProcedureKind, RoutingRule};

impl ProcedureDefinition {
    /// The legal kind, the money and the route must agree.
    pub(super) fn check_flow(&self, faults: &mut Vec<Fault>) {
        self.check_legal_kind(faults);
        self.check_approval_route(faults);
        self.check_checklist(faults);
        self.check_allowed_methods(faults);
        self.check_processing(faults);
        self.check_routing(faults);
    }

    fn check_legal_kind(&self, faults: &mut Vec<Fault>) {
        let has_fee = !self.fees.is_empty();
        if has_fee == (self.fee_due == FeeDue::None) {
            let (ja, en) =
                ("手数料と納付時期が一致しません", "fee_due must be none exactly when there is no fee");
            faults.push(Fault::new("/fee_due", "fee_due", ja, en));
        }
        match self.kind {
            ProcedureKind::Notification if has_fee => {
                let (ja, en) = ("届出に手数料の関門はありません", "a notification has no fee gate (R-196)");
                faults.push(Fault::new("/fees", "notification_fee", ja, en));
            }
            ProcedureKind::Notification if !self.approval_route.is_empty() => {
                let (ja, en) = ("届出に諾否の決裁はありません", "a notification is never decided (R-2)");
                faults.push(Fault::new("/approval_route", "notification_route", ja, en));
            }
            ProcedureKind::Application if self.approval_route.is_empty() => {
                faults.push(empty_fault("/approval_route"));
            }
            ProcedureKind::Notification | ProcedureKind::Application => {}
        }
        if self.kind == ProcedureKind::Application {
            return;
        }
        // Nothing is granted by a notification, so nothing is handed over, valid for a time or renewed.
        let hands_over = self.issuance.as_ref().is_some_and(|it| it.channel != IssuanceChannel::Nothing);
        let granted = [
            ("/issuance/channel", hands_over),
            ("/validity", self.validity.is_some()),
            ("/renewal", self.renewal.is_some()),
            ("/inspection", self.inspection.is_some()),
            ("/identity_in_person", self.identity_in_person.is_some()),
        ];
        for (pointer, _) in granted.into_iter().filter(|(_, is_given)| *is_given) {
            let (ja, en) = ("届出では何も許可・交付されません", "a notification grants nothing (R-2)");
            faults.push(Fault::new(pointer, "notification_grant", ja, en));
        }
    }

    fn check_approval_route(&self, faults: &mut Vec<Fault>) {
        let (steps, standing) = (&self.approval_route, &self.standing_decisions);
        let route = RouteData { steps, standing, matters: OF_PROCEDURE };
        faults.extend(route.faults(&self.tenant, ("/approval_route", "/standing_decisions")));
    }

    /// Every item is called by a name of its own, says what is looked at and why; so does an inspection.
    fn check_checklist(&self, faults: &mut Vec<Fault>) {
        if self.inspection.as_ref().is_some_and(|inspection| inspection.basis.trim().is_empty()) {
            faults.push(empty_fault("/inspection/basis"));
        }
        if self.identity_in_person.as_ref().is_some_and(|identity| identity.basis.trim().is_empty()) {
            faults.push(empty_fault("/identity_in_person/basis"));
        }
        for (index, item) in self.checklist.iter().enumerate() {
            let pointer = format!("/checklist/{index}");
            if !is_slug(&item.id) {
                faults.push(slug_fault(format!("{pointer}/id")));
            }
            if self.checklist.iter().take(index).any(|before| before.id == item.id) {
                faults.push(duplicate_fault(format!("{pointer}/id")));
            }
            check_text(&format!("{pointer}/text"), &item.text, faults);
            if item.clause.trim().is_empty() {
                faults.push(empty_fault(format!("{pointer}/clause")));
            }
        }
    }

    fn check_allowed_methods(&self, faults: &mut Vec<Fault>) {
        match &self.allowed_methods {
            None if !self.fees.is_empty() => faults.push(empty_fault("/allowed_methods")),
            Some(allowed) => {
                if allowed.basis.trim().is_empty() {
                    faults.push(empty_fault("/allowed_methods/basis"));
                }
                for (index, method) in allowed.methods.iter().enumerate() {
                    if !is_name(method) {
                        faults.push(slug_fault(format!("/allowed_methods/methods/{index}")));
                    }
                }
            }
            None => {}
        }
    }

    fn check_processing(&self, faults: &mut Vec<Fault>) {
        let Some(processing) = &self.processing else { return };
        if processing.days == 0 || processing.total_days() > MAX_DAYS {
            let (ja, en) = ("1日以上、10年以内にしてください", "at least one day, at most ten years");
            faults.push(Fault::new("/processing/days", "days", ja, en));
        }
        if processing.consultation_days > processing.days {
            let (ja, en) =
                ("協議の期間が処理期間を超えています", "is a part of days and cannot exceed them (R-16)");
            faults.push(Fault::new("/processing/consultation_days", "days", ja, en));
        }
        if processing.source.trim().is_empty() {
            faults.push(empty_fault("/processing/source"));
        }
    }

    /// Rules that say where a case goes; that their departments exist is for the catalogue to see (R-172…R-175).
    fn check_routing(&self, faults: &mut Vec<Fault>) {
        if self.jurisdiction.as_ref().is_some_and(|it| !is_slug(&it.area)) {
            faults.push(slug_fault("/jurisdiction/area"));
        }
        for (index, rule) in self.routing.iter().enumerate() {
            let pointer = format!("/routing/{index}");
            if !is_slug(&rule.department) {
                faults.push(slug_fault(format!("{pointer}/department")));
            }
            if rule.basis.trim().is_empty() {
                faults.push(empty_fault(format!("{pointer}/basis")));
            }
            check_span(&pointer, rule.effective_from.unwrap_or_default(), rule.effective_to, faults);
            if self.routing.iter().take(index).any(RoutingRule::takes_everything) {
                let ja = "前の規則がすべての申請を受けるため、この規則は使われません";
                let en = "a rule before takes every case, so this one never applies";
                faults.push(Fault::new(pointer, "unreachable", ja, en));
            }
        }
    }
}

impl RoutingRule {
    fn takes_everything(&self) -> bool {
        self.when.is_none() && self.effective_from.is_none() && self.effective_to.is_none()
    }
}
