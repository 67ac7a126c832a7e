//! Parties of a case (当事者): whom something concerns is picked by role, never by where a party happens to stand in a list.

use super::id::AccountId;

/// What a party is in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartyRole {
    /// 申請者・届出者.
    Applicant,
    /// 代理人: acts for the applicant, and neither owes nor holds anything by that.
    Agent,
    /// 納付者: pays for whoever owes.
    Payer,
    /// 納入義務者, where it is not the applicant.
    Obligor,
    /// 連絡先.
    Contact,
}

impl PartyRole {
    /// The role of a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "applicant" => Some(Self::Applicant),
            "agent" => Some(Self::Agent),
            "payer" => Some(Self::Payer),
            "obligor" => Some(Self::Obligor),
            "contact" => Some(Self::Contact),
            _ => None,
        }
    }
}

/// Whose account is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// Who owes the fee: the obligor where the case names one, else the applicant.
    Obligor,
    /// Whose permit it is: the applicant's.
    Holder,
    /// Who is written to: the contact, else whoever acts for the applicant, else the applicant.
    Addressee,
}

impl Meant {
    /// The account among those that act for parties, each under the role of its party; none where no such party has an account.
    pub fn among(self, accounts: &[(PartyRole, AccountId)]) -> Option<AccountId> {
        let wanted: &[PartyRole] = match self {
            Self::Obligor => &[PartyRole::Obligor, PartyRole::Applicant],
            Self::Holder => &[PartyRole::Applicant],
            Self::Addressee => &[PartyRole::Contact, PartyRole::Agent, PartyRole::Applicant],
        };
        let of = |wanted: &PartyRole| accounts.iter().find(|(role, _)| role == wanted);
        wanted.iter().find_map(of).map(|(_, account)| *account)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn whoever_is_meant_is_found_by_role_whatever_the_order() {
        use PartyRole::{Agent, Applicant, Contact, Obligor, Payer};
        for (roles, expected) in [
            (vec![Applicant], [Some(Applicant); 3]),
            (vec![Agent, Applicant], [Some(Applicant), Some(Applicant), Some(Agent)]),
            (vec![Payer, Obligor, Applicant], [Some(Obligor), Some(Applicant), Some(Applicant)]),
            (vec![Agent, Applicant, Contact], [Some(Applicant), Some(Applicant), Some(Contact)]),
            (vec![Payer], [None; 3]),
            (vec![], [None; 3]),
        ] {
            let all = [Applicant, Agent, Payer, Obligor, Contact];
            let number = |role| (0..).zip(all).find(|(_, known)| *known == role).unwrap().0;
            let account = |role: PartyRole| AccountId(Uuid::from_u128(number(role)));
            let mut accounts: Vec<_> = roles.iter().map(|role| (*role, account(*role))).collect();
            for _ in 0..2 {
                let found =
                    [Meant::Obligor, Meant::Holder, Meant::Addressee].map(|meant| meant.among(&accounts));
                assert_eq!(found, expected.map(|role| role.map(account)), "{roles:?}");
                accounts.reverse();
            }
        }
    }
}
