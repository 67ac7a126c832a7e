//! The check of a parsed expression: types, names, cost. It also lowers the tree: a path such as `form.trades` becomes
//! one variable and `has(form.trades)` another, so that an evaluation binds only what is read.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators};

use super::binding::{Presence, Slot};
use super::functions::{MATCHES_PATTERN, day};
use super::pattern::Pattern;
use super::signature::{self, Rows, Typed};
use super::{ExpressionFault, MAX_COST, MAX_DEPTH, MAX_LIST_STEPS, Scope, ValueType};

/// The name of the loop's own result in an expanded loop.
const ACCUMULATOR: &str = "@result";

/// What the check of an expression found out.
pub(super) struct Checked {
    /// The type of the result.
    pub(super) result: Typed,
    /// What it reads.
    pub(super) slots: Vec<Slot>,
    /// What it asks for with `has`.
    pub(super) presences: Vec<Presence>,
    /// The patterns it matches with.
    pub(super) patterns: Vec<(String, Pattern)>,
}

/// Checks `tree` against `scope` and lowers it.
pub(super) fn check(tree: &mut IdedExpr, scope: &Scope) -> Result<Checked, ExpressionFault> {
    let mut checker = Checker {
        scope,
        row: None,
        slots: BTreeMap::new(),
        presences: BTreeSet::new(),
        proven: Vec::new(),
        patterns: Vec::new(),
        cost: 0,
        depth: 0,
    };
    let result = checker.visit(tree)?;
    if checker.cost > MAX_COST {
        return Err(ExpressionFault::TooCostly { steps: checker.cost });
    }
    let presence = |path: String| Presence { name: presence_name(&path), path };
    Ok(Checked {
        result,
        slots: checker.slots.into_values().map(SlotDraft::finish).collect(),
        presences: checker.presences.into_iter().map(presence).collect(),
        patterns: checker.patterns,
    })
}

/// A slot while the columns it needs are being found.
struct SlotDraft {
    slot: Slot,
    columns: BTreeSet<String>,
}

impl SlotDraft {
    fn finish(self) -> Slot {
        let mut slot = self.slot;
        if let ValueType::List(element) = &mut slot.value_type
            && let ValueType::Record(parts) = element.as_mut()
        {
            parts.retain(|name, _| self.columns.contains(name));
        }
        slot
    }
}

struct Checker<'s> {
    scope: &'s Scope,
    /// The variable of the loop that is being checked.
    row: Option<(String, Typed)>,
    slots: BTreeMap<String, SlotDraft>,
    presences: BTreeSet<String>,
    /// What is known to be there, because `has` guards the place that is being checked.
    proven: Vec<String>,
    patterns: Vec<(String, Pattern)>,
    cost: u64,
    depth: u32,
}

fn presence_name(path: &str) -> String {
    format!("?{path}")
}

/// The name under which a cell of the present row is proven.
fn cell_name(column: &str) -> String {
    format!("@row.{column}")
}

fn not_supported<T>(construct: &'static str) -> Result<T, ExpressionFault> {
    Err(ExpressionFault::NotSupported { construct })
}

impl Checker<'_> {
    fn visit(&mut self, node: &mut IdedExpr) -> Result<Typed, ExpressionFault> {
        self.spend(1);
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return not_supported("nesting this deep");
        }
        let typed = match &mut node.expr {
            Expr::Literal(literal) => literal_type(literal),
            Expr::Ident(name) => self.name(name),
            Expr::Select(_) => self.select(node),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.list(list),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Map(_) => not_supported("{..}"),
            Expr::Struct(_) => not_supported("message"),
            Expr::Unspecified => not_supported("empty expression"),
        };
        self.depth -= 1;
        typed
    }

    /// Counts `steps` of evaluation, for every row when inside a loop.
    fn spend(&mut self, steps: u64) {
        let times = if self.row.is_some() { MAX_LIST_STEPS } else { 1 };
        self.cost = self.cost.saturating_add(steps.saturating_mul(times));
    }

    fn name(&mut self, name: &str) -> Result<Typed, ExpressionFault> {
        match &self.row {
            Some((row, typed)) if row == name => Ok(typed.clone()),
            _ => self.read(name),
        }
    }

    fn read(&mut self, path: &str) -> Result<Typed, ExpressionFault> {
        let Some(value_type) = self.scope.type_at(path) else {
            return Err(ExpressionFault::UnknownName { name: path.to_owned() });
        };
        let mut typed = Typed::of(value_type.clone());
        if matches!(value_type, ValueType::Record(_)) {
            return Err(typed.mismatch(path, "a part of it"));
        }
        if matches!(value_type, ValueType::List(element) if matches!(**element, ValueType::Record(_))) {
            typed.rows = Some(Rows { table: path.to_owned(), proven: BTreeSet::new() });
        }
        let required = !self.proven.iter().any(|proven| proven == path);
        let draft = self.slots.entry(path.to_owned()).or_insert_with(|| SlotDraft {
            slot: Slot {
                path: path.to_owned(),
                value_type: value_type.clone(),
                required: false,
                required_cells: BTreeSet::new(),
            },
            columns: BTreeSet::new(),
        });
        draft.slot.required |= required;
        Ok(typed)
    }

    fn select(&mut self, node: &mut IdedExpr) -> Result<Typed, ExpressionFault> {
        if let Some((path, is_question)) = self.path_of(&node.expr) {
            if !is_question {
                let typed = self.read(&path)?;
                node.expr = Expr::Ident(path);
                return Ok(typed);
            }
            if self.scope.type_at(&path).is_none() {
                return Err(ExpressionFault::UnknownName { name: path });
            }
            node.expr = Expr::Ident(presence_name(&path));
            self.presences.insert(path);
            return Ok(Typed::of(ValueType::Bool));
        }
        let Expr::Select(select) = &mut node.expr else { return not_supported("selection") };
        let is_present_row =
            matches!((&select.operand.expr, &self.row), (Expr::Ident(name), Some((row, _))) if name == row);
        let operand = self.visit(&mut select.operand)?;
        let unknown = || ExpressionFault::UnknownName { name: select.field.clone() };
        let (ValueType::Record(columns), Some(rows)) = (&operand.value_type, &operand.rows) else {
            return Err(unknown());
        };
        let cell = columns.get(&select.field).ok_or_else(unknown)?;
        if select.test && !is_present_row {
            return not_supported("has() of an indexed row");
        }
        let cell_is_proven = rows.proven.contains(&select.field)
            || is_present_row && self.proven.contains(&cell_name(&select.field));
        if let Some(draft) = self.slots.get_mut(&rows.table) {
            draft.columns.insert(select.field.clone());
            if !select.test && !cell_is_proven {
                draft.slot.required_cells.insert(select.field.clone());
            }
        }
        Ok(Typed::of(if select.test { ValueType::Bool } else { cell.clone() }))
    }

    /// The path a chain of selections spells from a name of the scope, and whether it is the question `has`.
    fn path_of(&self, expr: &Expr) -> Option<(String, bool)> {
        let is_question = matches!(expr, Expr::Select(select) if select.test);
        let mut segments = Vec::new();
        let mut at = expr;
        while let Expr::Select(select) = at {
            if select.test && !std::ptr::eq(at, expr) {
                return None;
            }
            segments.push(select.field.as_str());
            at = &select.operand.expr;
        }
        let Expr::Ident(root) = at else { return None };
        if self.row.as_ref().is_some_and(|(row, _)| row == root) {
            return None;
        }
        segments.push(root);
        segments.reverse();
        Some((segments.join("."), is_question))
    }

    fn call(&mut self, call: &mut CallExpr) -> Result<Typed, ExpressionFault> {
        if call.func_name == "matches" {
            return self.matches(call);
        }
        if call.target.is_none() {
            match (call.func_name.as_str(), call.args.as_mut_slice()) {
                (operators::LOGICAL_AND, [left, right]) => return self.connect("&&", left, right, true),
                (operators::LOGICAL_OR, [left, right]) => return self.connect("||", left, right, false),
                (operators::CONDITIONAL, [condition, yes, no]) => return self.choose(condition, yes, no),
                _ => {}
            }
        }
        let on = call.target.as_mut().map(|target| self.visit(target)).transpose()?;
        let mut arguments = Vec::with_capacity(call.args.len());
        for argument in &mut call.args {
            arguments.push(self.visit(argument)?);
        }
        let known = match (&on, arguments.as_slice()) {
            (None, [left, right]) => signature::binary(&call.func_name, left, right),
            (None, [operand]) => signature::unary(&call.func_name, operand),
            _ => None,
        };
        self.spend(price(&call.func_name, &arguments));
        known.unwrap_or_else(|| signature::function(&call.func_name, on.as_ref(), &arguments))
    }

    /// `left && right` or `left || right`: what `left` proves when `right` is looked at is known in `right`.
    fn connect(
        &mut self,
        place: &str,
        left: &mut IdedExpr,
        right: &mut IdedExpr,
        right_when: bool,
    ) -> Result<Typed, ExpressionFault> {
        self.visit(left)?.expect(&ValueType::Bool, place)?;
        self.guarded(left, right_when, right)?.expect(&ValueType::Bool, place)?;
        Ok(Typed::of(ValueType::Bool))
    }

    fn choose(
        &mut self,
        condition: &mut IdedExpr,
        yes: &mut IdedExpr,
        no: &mut IdedExpr,
    ) -> Result<Typed, ExpressionFault> {
        self.visit(condition)?.expect(&ValueType::Bool, "?:")?;
        let yes = self.guarded(condition, true, yes)?;
        let no = self.guarded(condition, false, no)?;
        yes.common(&no).ok_or_else(|| no.mismatch("?:", &yes.value_type.to_string()))
    }

    /// Checks `node`, knowing that `condition` (already checked) is `outcome`.
    fn guarded(
        &mut self,
        condition: &IdedExpr,
        outcome: bool,
        node: &mut IdedExpr,
    ) -> Result<Typed, ExpressionFault> {
        let known = self.proven.len();
        prove(condition, outcome, &mut self.proven);
        let typed = self.visit(node);
        self.proven.truncate(known);
        typed
    }

    /// `text.matches('pattern')`: the pattern is a literal and compiled here, once.
    fn matches(&mut self, call: &mut CallExpr) -> Result<Typed, ExpressionFault> {
        let (Some(mut text), [pattern]) = (call.target.take(), call.args.as_slice()) else {
            return Err(signature::unknown_call(&call.func_name, None, &[]));
        };
        let Expr::Literal(LiteralValue::String(source)) = &pattern.expr else {
            return not_supported("matches with a computed pattern");
        };
        let Some(compiled) = Pattern::compile(source.inner()) else {
            return Err(ExpressionFault::BadLiteral { literal: source.inner().to_owned() });
        };
        self.visit(&mut text)?.expect(&ValueType::Text, "matches")?;
        self.spend(50);
        let name = format!("@pattern {}", self.patterns.len());
        let pattern = IdedExpr { id: pattern.id, expr: Expr::Ident(name.clone()) };
        self.patterns.push((name, compiled));
        MATCHES_PATTERN.clone_into(&mut call.func_name);
        call.args = vec![*text, pattern];
        Ok(Typed::of(ValueType::Bool))
    }

    fn list(&mut self, list: &mut ListExpr) -> Result<Typed, ExpressionFault> {
        let Some((first, rest)) = list.elements.split_first_mut() else { return not_supported("[]") };
        let mut element = self.visit(first)?;
        if !element.value_type.is_scalar() {
            return Err(element.mismatch("[..]", "single values"));
        }
        for other in rest {
            let other = self.visit(other)?;
            element = element
                .common(&other)
                .ok_or_else(|| other.mismatch("[..]", &element.value_type.to_string()))?;
        }
        Ok(Typed { value_type: ValueType::list(element.value_type), ..element })
    }

    fn comprehension(&mut self, loop_: &mut ComprehensionExpr) -> Result<Typed, ExpressionFault> {
        if self.row.is_some() {
            return not_supported("a loop within a loop");
        }
        if self.scope.get(&loop_.iter_var).is_some() || loop_.accu_var != ACCUMULATOR {
            return not_supported("a loop variable with the name of an input");
        }
        let range = self.visit(&mut loop_.iter_range)?;
        let ValueType::List(element) = &range.value_type else { return Err(range.mismatch("loop", "list")) };
        let row = Typed {
            value_type: (**element).clone(),
            day_literal: range.day_literal,
            rows: range.rows.clone(),
        };
        self.row = Some((loop_.iter_var.clone(), row));
        let typed = self.step(&mut loop_.loop_step);
        self.row = None;
        typed
    }

    /// The body of a loop, as its macro wrote it.
    fn step(&mut self, step: &mut IdedExpr) -> Result<Typed, ExpressionFault> {
        let Expr::Call(call) = &mut step.expr else { return not_supported("loop") };
        match (call.func_name.as_str(), call.args.as_mut_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [_, predicate]) => {
                self.visit(predicate)?.expect(&ValueType::Bool, "all/exists")?;
                Ok(Typed::of(ValueType::Bool))
            }
            (operators::ADD, [_, item]) => self.collected(item, None),
            (operators::CONDITIONAL, [condition, IdedExpr { expr: Expr::Call(append), .. }, _]) => {
                let [_, item] = append.args.as_mut_slice() else { return not_supported("loop") };
                self.visit(condition)?.expect(&ValueType::Bool, "filter")?;
                self.collected(item, Some(condition))
            }
            _ => not_supported("loop"),
        }
    }

    /// The list that `map` or `filter` makes of what `item` (a list of one) gives, where `condition` holds.
    fn collected(
        &mut self,
        item: &mut IdedExpr,
        condition: Option<&IdedExpr>,
    ) -> Result<Typed, ExpressionFault> {
        let Expr::List(ListExpr { elements, .. }) = &mut item.expr else {
            return not_supported("exists_one");
        };
        let [element] = elements.as_mut_slice() else { return not_supported("loop") };
        let mut typed = match condition {
            Some(condition) => self.guarded(condition, true, element)?,
            None => self.visit(element)?,
        };
        if matches!(typed.value_type, ValueType::List(_)) {
            return Err(typed.mismatch("map", "single values"));
        }
        if let (Some(rows), Some(condition)) = (&mut typed.rows, condition) {
            let mut proven = Vec::new();
            prove(condition, true, &mut proven);
            let cell = |name: &String| name.strip_prefix("@row.").map(str::to_owned);
            rows.proven.extend(proven.iter().filter_map(cell));
        }
        Ok(Typed { value_type: ValueType::list(typed.value_type), ..typed })
    }
}

fn literal_type(literal: &LiteralValue) -> Result<Typed, ExpressionFault> {
    match literal {
        LiteralValue::Boolean(_) => Ok(Typed::of(ValueType::Bool)),
        LiteralValue::Int(_) => Ok(Typed::of(ValueType::Int)),
        LiteralValue::String(text) => {
            Ok(Typed { day_literal: day(text.inner()).is_some(), ..Typed::of(ValueType::Text) })
        }
        LiteralValue::Double(_) => not_supported("a number with a fraction"),
        LiteralValue::UInt(_) => not_supported("an unsigned number"),
        LiteralValue::Bytes(_) => not_supported("bytes"),
        LiteralValue::Null => not_supported("null"),
    }
}

/// Further steps of a call: joining texts copies them, and some functions walk a list.
fn price(name: &str, arguments: &[Typed]) -> u64 {
    let walks_a_list = matches!(name, operators::IN | "sum");
    let has_text = arguments.iter().any(|argument| argument.value_type.is_text());
    if walks_a_list { MAX_LIST_STEPS } else { u64::from(has_text) * 10 }
}

/// Adds to `proven` what is known to be there when `condition` (already lowered) is `outcome`.
fn prove(condition: &IdedExpr, outcome: bool, proven: &mut Vec<String>) {
    match &condition.expr {
        Expr::Ident(name) if outcome => proven.extend(name.strip_prefix('?').map(str::to_owned)),
        Expr::Select(select) if outcome && select.test => proven.push(cell_name(&select.field)),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, [operand]) => prove(operand, !outcome, proven),
            (operators::LOGICAL_AND, [left, right]) if outcome => {
                prove(left, true, proven);
                prove(right, true, proven);
            }
            (operators::LOGICAL_OR, [left, right]) if !outcome => {
                prove(left, false, proven);
                prove(right, false, proven);
            }
            _ => {}
        },
        _ => {}
    }
}
