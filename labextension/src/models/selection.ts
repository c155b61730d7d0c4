/** Several rows of a list that are meant together: pure steps from one choice to the next. */

export interface Selection {
  ids: ReadonlySet<string>;
  /** From where a range is drawn. */
  anchor: string | null;
}

export const NONE: Selection = { ids: new Set(), anchor: null };

/** Take one in, or out. */
export function toggled(selection: Selection, id: string): Selection {
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) {
    ids.add(id);
  }
  return { ids, anchor: id };
}

/** All from the anchor to this one, in the order in which they are shown. */
export function extended(
  selection: Selection,
  id: string,
  shown: readonly { id: string }[]
): Selection {
  const to = shown.findIndex(one => one.id === id);
  const from = shown.findIndex(one => one.id === selection.anchor);
  if (to < 0 || from < 0) {
    return toggled(NONE, id);
  }
  const range = shown.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { ids: new Set(range.map(one => one.id)), anchor: selection.anchor };
}

/** Without those that are not shown any more. */
export function kept(selection: Selection, shown: readonly { id: string }[]): Selection {
  const there = shown.filter(one => selection.ids.has(one.id));
  return there.length === selection.ids.size
    ? selection
    : { ids: new Set(there.map(one => one.id)), anchor: selection.anchor };
}
