//! Faults between a permit and the procedure that renews it: they lie in two files, so neither file shows them alone.

use super::read::Procedures;
use crate::domain::fault::Fault;
use crate::domain::procedure::{Field, FieldType, ProcedureDefinition, RenewalOffer};

/// What the renewal of a definition names and no version of the procedure it names has.
pub(super) fn faults(definition: &ProcedureDefinition, procedures: &Procedures) -> Vec<Fault> {
    let offer = definition.validity.as_ref().and_then(|validity| validity.renewal.as_ref());
    let Some(offer) = offer else { return Vec::new() };
    let versions = procedures.get(&definition.tenant).and_then(|known| known.get(&offer.procedure));
    let Some(renewing) = versions.and_then(|versions| versions.last()) else {
        let (ja, en) = ("この団体にない手続です", "the body has no such procedure");
        return vec![Fault::new("/validity/renewal/procedure", "unknown_procedure", ja, en)];
    };
    field_faults(offer, &renewing.definition.form)
}

fn field_faults(offer: &RenewalOffer, form: &[Field]) -> Vec<Fault> {
    let known = |name: &str| form.iter().find(|field| field.name == name);
    let named = [
        ("expiry_field", &offer.expiry_field, FieldType::Date),
        ("granted_field", &offer.granted_field, FieldType::Date),
        ("number_field", &offer.number_field, FieldType::Text),
    ];
    let mut faults = Vec::new();
    for name in offer.preset.keys().filter(|name| known(name).is_none()) {
        faults.push(unknown(&format!("preset/{name}")));
    }
    for (member, name, wanted) in named {
        let Some(name) = name else { continue };
        match known(name) {
            None => faults.push(unknown(member)),
            Some(field) if field.field_type != wanted => {
                let (ja, en) = ("項目の種類が合いません", "the field is of another type");
                faults.push(Fault::new(place(member), "field_type", ja, en));
            }
            Some(_) => {}
        }
    }
    faults
}

fn place(member: &str) -> String {
    format!("/validity/renewal/{member}")
}

fn unknown(member: &str) -> Fault {
    let (ja, en) = ("更新の手続の様式にない項目です", "the form of the renewing procedure has no such field");
    Fault::new(place(member), "unknown_field", ja, en)
}
