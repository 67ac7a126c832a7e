//! Records management (文書管理, R-123…R-125): in which file an ended case is kept, for how long, and what becomes of it then.
//!
//! A record file (標準行政文書ファイル) holds the cases of one procedure and department that ended in one fiscal year; what it is
//! called and how long it is kept is data of the body. Books that belong to no case (会計帳票) come into files of their own. Nothing ever goes by itself: a measure is proposed by one officer,
//! approved by another, and carried out case by case where nothing stands in its way.

mod book;
mod bundle;
mod hold;
mod measure;
mod register;
mod retention;
mod rule;

pub use book::{BookKind, BookRule, FileContent, book_rule_faults, book_rule_for};
pub use bundle::{BookBundle, CaseBundle, bundle_hash, exported_standing, manifest_hash};
pub use hold::{DisposalBlock, Hold, HoldGround, grounds_at, hold_faults};
pub use measure::{
    FileState, Measure, MeasureState, MeasureStep, NotProposable, PlannedMeasure, StepRefused, may_propose,
};
pub use register::{REGISTER_COLUMNS, RegisterLine, csv};
pub use retention::RetentionClass;
pub use rule::{RecordRule, record_rule_faults, rule_for};
