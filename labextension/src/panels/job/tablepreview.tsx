/** The first rows of a table, of which only those in view are drawn. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';
import { rowsOf } from '../../models/preview';

/** Height of a row in pixels; the style sheet has the same. */
const ROW = 24;
/** Rows that are read from the text, and columns that are drawn. */
const MOST_ROWS = 100_000;
const MOST_COLUMNS = 100;

/** See the module's comment. */
export function TablePreview(props: {
  path: string;
  text: string;
  cut: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { path, text, cut, trans } = props;
  const [head = [], ...rows] = React.useMemo(
    () => rowsOf(path, text, MOST_ROWS, cut),
    [path, text, cut]
  );
  const scroller = React.useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10
  });
  const items = list.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = list.getTotalSize() - (items[items.length - 1]?.end ?? 0);
  const words = trans._n('%1 row', '%1 rows', rows.length);
  const columns = head.slice(0, MOST_COLUMNS);
  return (
    <>
      <p className="sub-Preview-note">
        {cut || rows.length >= MOST_ROWS - 1 ? trans.__('The first %1', words) : words}
        {' · '}
        {trans._n('%1 column', '%1 columns', head.length)}
        {head.length > MOST_COLUMNS && ` · ${trans.__('the first %1 are shown', MOST_COLUMNS)}`}
      </p>
      <div className="sub-Preview-table" ref={scroller} tabIndex={0}>
        <table aria-rowcount={rows.length + 1}>
          <thead>
            <tr>
              {columns.map((name, at) => (
                <th
                  key={at}
                  scope="col"
                  className={isNumber(rows[0]?.[at]) ? 'sub-Number' : undefined}
                >
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
            {items.map(({ key, index }) => (
              <tr key={key} aria-rowindex={index + 2}>
                {columns.map((_, at) => (
                  <td key={at} className={isNumber(rows[index][at]) ? 'sub-Number' : undefined}>
                    {rows[index][at]}
                  </td>
                ))}
              </tr>
            ))}
            {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
          </tbody>
        </table>
      </div>
    </>
  );
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== '' && Number.isFinite(Number(text));
}
