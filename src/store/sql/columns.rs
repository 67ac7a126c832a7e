//! How values of ours stand in columns.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::MultiBackend;
use crate::domain::id::{
    AbsenceId, AccountId, AcknowledgementId, ActingDecisionId, ActingInstructionId, ApplicationId,
    AttachmentId, BankCreditId, BankStatementId, BasketId, BulkApprovalId, BulkReviewId, CaseLinkId,
    CaseTaskId, ClockPauseId, ContractId, CorrectionId, DecisionId, DelayReasonId, DisputeId,
    ElQrCancellationId, ElQrFileId, ElQrLineId, ElQrSlipId, ElQrUploadId, ExceptionId, FalseClaimId,
    InspectionId, InvoiceId, JobId, MessageId, NoticeId, OfficerId, OperationId, OpinionId, PayableId,
    PaymentAlertId, PaymentId, PaymentLinkId, PayoutId, PermitId, ProposalId, PublicationId, QueueViewId,
    ReassessmentId, ReceiptId, RecordBookId, RecordFileId, RecordHoldId, RecordMeasureId, RecordMemberId,
    RefundId, SettlementId, SettlementLineId, SignedSubjectId, StampUseId, TenantCode, TransferId, WaiverId,
};
use crate::domain::money::Yen;
use crate::domain::settlement::SignedYen;

/// Writes `ToSql` for both databases and for the enum of both; `$to` makes the raw value from `&Self`.
macro_rules! column {
    ($(@[$($generic:ident: $bound:path),*])? $ty:ty, $sql:ty, $raw:ty, $to:expr) => {
        impl$(<$($generic: $bound + std::fmt::Debug + Send + Sync + 'static),*>)? ToSql<$sql, Pg> for $ty {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                let to: fn(&Self) -> Result<$raw, Failure> = $to;
                <$raw as ToSql<$sql, Pg>>::to_sql(&to(self)?, &mut out.reborrow())
            }
        }

        impl$(<$($generic: $bound + std::fmt::Debug + Send + Sync + 'static),*>)? ToSql<$sql, Sqlite> for $ty {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                let to: fn(&Self) -> Result<$raw, Failure> = $to;
                out.set_value(to(self)?);
                Ok(IsNull::No)
            }
        }

        impl$(<$($generic: $bound + std::fmt::Debug + Send + Sync + 'static),*>)? ToSql<$sql, MultiBackend> for $ty {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((<$sql>::default(), self));
                Ok(IsNull::No)
            }
        }
    };
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

macro_rules! text_ids {
    ($($name:ident)*) => {$(
        const _: () = {
            #[derive(AsExpression, FromSqlRow)]
            #[diesel(foreign_derive)]
            #[diesel(sql_type = Text)]
            #[expect(dead_code, reason = "only carries the derives to a type of another module")]
            struct Proxy($name);
        };

        column!($name, Text, String, |id| Ok(id.to_string()));

        impl<DB: Backend> FromSql<Text, DB> for $name
        where
            String: FromSql<Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(String::from_sql(bytes)?.parse()?)
            }
        }
    )*};
}

text_ids! {
    AccountId AcknowledgementId StampUseId OfficerId ApplicationId AttachmentId BasketId CaseTaskId ClockPauseId ContractId CorrectionId DelayReasonId ProposalId DecisionId SignedSubjectId InvoiceId PayableId
    FalseClaimId PaymentAlertId PaymentId PaymentLinkId OperationId JobId PublicationId RefundId PayoutId ReceiptId DisputeId
    SettlementId SettlementLineId ExceptionId QueueViewId AbsenceId BulkReviewId BulkApprovalId ActingDecisionId ActingInstructionId WaiverId ReassessmentId BankStatementId BankCreditId ElQrSlipId ElQrUploadId ElQrFileId ElQrLineId ElQrCancellationId PermitId NoticeId
    MessageId OpinionId InspectionId CaseLinkId TransferId RecordFileId RecordBookId RecordMemberId RecordMeasureId RecordHoldId
}

const _: () = {
    #[derive(AsExpression, FromSqlRow)]
    #[diesel(foreign_derive)]
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "only carries the derives to a type of another module")]
    struct Proxy(TenantCode);
};

column!(TenantCode, Text, String, |code| Ok(code.as_str().to_owned()));

impl<DB: Backend> FromSql<Text, DB> for TenantCode
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Self::parse(&String::from_sql(bytes)?).ok_or_else(|| "not a tenant code".into())
    }
}

const _: () = {
    #[derive(AsExpression, FromSqlRow)]
    #[diesel(foreign_derive)]
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "only carries the derives to a type of another module")]
    struct Proxy(Yen);
};

column!(Yen, BigInt, i64, |yen| Ok(yen.amount()));

impl<DB: Backend> FromSql<BigInt, DB> for Yen
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::new(i64::from_sql(bytes)?)?)
    }
}

const _: () = {
    #[derive(AsExpression, FromSqlRow)]
    #[diesel(foreign_derive)]
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "only carries the derives to a type of another module")]
    struct Proxy(SignedYen);
};

column!(SignedYen, BigInt, i64, |yen| Ok(yen.amount()));

impl<DB: Backend> FromSql<BigInt, DB> for SignedYen
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::new(i64::from_sql(bytes)?)?)
    }
}

/// An instant, as whole microseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Micros(pub Timestamp);

column!(Micros, BigInt, i64, |at| Ok(at.0.as_microsecond()));

impl<DB: Backend> FromSql<BigInt, DB> for Micros
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Timestamp::from_microsecond(i64::from_sql(bytes)?)?))
    }
}

impl From<Timestamp> for Micros {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl From<Micros> for Timestamp {
    fn from(at: Micros) -> Self {
        at.0
    }
}

/// A calendar day, as `YYYY-MM-DD`; text order is time order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct IsoDate(pub jiff::civil::Date);

column!(IsoDate, Text, String, |day| Ok(day.0.to_string()));

impl<DB: Backend> FromSql<Text, DB> for IsoDate
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(String::from_sql(bytes)?.parse()?))
    }
}

impl From<jiff::civil::Date> for IsoDate {
    fn from(day: jiff::civil::Date) -> Self {
        Self(day)
    }
}

impl From<IsoDate> for jiff::civil::Date {
    fn from(day: IsoDate) -> Self {
        day.0
    }
}

/// Any serialisable value, as JSON text. It is never searched by the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Json<T>(pub T);

column!(@[T: Serialize] Json<T>, Text, String, |json| Ok(serde_json::to_string(&json.0)?));

impl<DB: Backend, T: DeserializeOwned> FromSql<Text, DB> for Json<T>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(&String::from_sql(bytes)?)?))
    }
}
