//! The order in which conditions are judged: a field after everything that decides whether it is there, or what it is.

use std::collections::{BTreeMap, BTreeSet};

use super::types::mentions;
use crate::domain::procedure::Field;

/// The order of `fields`, or a circle of names, the first of them again at the end.
pub(super) fn of(fields: &[Field], root: &str) -> Result<Vec<usize>, Vec<String>> {
    let names: BTreeMap<&str, usize> =
        fields.iter().enumerate().map(|(index, field)| (field.name.as_str(), index)).collect();
    let needs: Vec<Vec<usize>> = fields
        .iter()
        .map(|field| needs(field, root).iter().filter_map(|name| names.get(name.as_str()).copied()).collect())
        .collect();
    let mut walk = Walk { needs, done: BTreeSet::new(), order: Vec::new() };
    for index in 0..fields.len() {
        walk.visit(index).map_err(|circle| {
            let fields = circle.iter().filter_map(|index| fields.get(*index));
            fields.map(|field| field.name.clone()).collect::<Vec<_>>()
        })?;
    }
    Ok(walk.order)
}

/// Names of fields that must be settled before `field`; a table waits for what its columns read.
fn needs(field: &Field, root: &str) -> BTreeSet<String> {
    let own = field.visible_if.iter().chain(&field.value);
    let columns = field.columns.iter().flat_map(|column| column.visible_if.iter().chain(&column.value));
    own.chain(columns).flat_map(|text| mentions(text, root)).collect()
}

struct Walk {
    needs: Vec<Vec<usize>>,
    done: BTreeSet<usize>,
    order: Vec<usize>,
}

impl Walk {
    /// Settles what `start` needs, then `start`, without recursion; a circle is given back.
    fn visit(&mut self, start: usize) -> Result<(), Vec<usize>> {
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((node, next)) = path.last().copied() {
            if self.done.contains(&node) {
                path.pop();
                continue;
            }
            let Some(need) = self.needs.get(node).and_then(|needs| needs.get(next)).copied() else {
                self.done.insert(node);
                self.order.push(node);
                path.pop();
                continue;
            };
            if let Some(last) = path.last_mut() {
                last.1 = next.saturating_add(1);
            }
            if let Some(from) = path.iter().position(|(node, _)| *node == need) {
                let mut circle: Vec<usize> = path.iter().skip(from).map(|(node, _)| *node).collect();
                circle.push(need);
                return Err(circle);
            }
            path.push((need, 0));
        }
        Ok(())
    }
}
