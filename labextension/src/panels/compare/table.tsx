/**
 * Jobs as columns, what is known of them as rows: head and first column stay in sight, each row
 * sorts the jobs, and what differs is marked by a sign. Props only.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownEmptyThinIcon, caretUpEmptyThinIcon, closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton, State } from '../../components/basics';
import { Swatch } from '../../components/swatch';
import { useNow } from '../../components/hooks';
import type { Cell, Group, Order, Row } from '../../models/comparison';
import type { Run } from '../../models/runs';
import { look } from '../curves/lines';
import { cellText, groupWord, markWord, rowName, took } from './words';

export interface CompareTableProps {
  /** In the order in which they are shown. */
  runs: readonly Run[];
  /** The place of each of them among the cells of a row. */
  places: readonly number[];
  rows: readonly Row[];
  order: Order | null;
  onOrder: (order: Order | null) => void;
  onOpen: (id: string) => void;
  onRemove: (id: string) => void;
  trans: TranslationBundle;
}

const GROUPS: readonly Group[] = ['parameters', 'metrics', 'spec', 'code'];

/** The sign of a mark: colour is never the only one. */
const SIGNS = { odd: '≠', lowest: '▾', highest: '▴' } as const;

/** Jobs from which on columns are narrow, so that more of them are in sight. */
const MANY = 6;

/** See the module's comment. */
export function CompareTable(props: CompareTableProps): React.ReactElement {
  const { runs, rows, trans } = props;
  return (
    <div
      className={`sub-CompareTable${runs.length > MANY ? ' sub-mod-many' : ''}`}
      role="region"
      aria-label={trans.__('Jobs beside each other')}
      tabIndex={0}
    >
      <table>
        <thead>
          <tr>
            <td className="sub-CompareTable-corner" />
            {runs.map(run => (
              <Head key={run.id} run={run} {...props} />
            ))}
          </tr>
        </thead>
        {GROUPS.map(group => (
          <GroupRows
            key={group}
            {...props}
            group={group}
            rows={rows.filter(row => row.group === group)}
          />
        ))}
      </table>
    </div>
  );
}

function Head(props: CompareTableProps & { run: Run }): React.ReactElement {
  const { run, onOpen, onRemove, trans } = props;
  const { job } = run.job;
  const name = job?.name ?? run.id;
  return (
    <th scope="col" className="sub-CompareTable-job">
      <div className="sub-CompareTable-name">
        <Swatch {...look(0, run.place, true, true)} />
        <button type="button" className="sub-Link" title={name} onClick={() => onOpen(run.id)}>
          {name}
        </button>
        <IconButton
          icon={closeIcon}
          name={trans.__('Remove %1', name)}
          onClick={() => onRemove(run.id)}
        />
      </div>
      {job ? <Facts run={run} trans={trans} /> : <Gone run={run} trans={trans} />}
    </th>
  );
}

function Facts(props: { run: Run; trans: TranslationBundle }): React.ReactElement | null {
  const { run, trans } = props;
  const now = useNow(1000);
  const { job } = run.job;
  return (
    job && (
      <div className="sub-CompareTable-facts">
        <State job={job} trans={trans} /> {took(job, now, trans)}
        <div>{job.owner}</div>
      </div>
    )
  );
}

/** In the place of a job that is not there (any more), or not yet. */
function Gone(props: { run: Run; trans: TranslationBundle }): React.ReactElement {
  const { run, trans } = props;
  const { missing, problem } = run.job;
  if (missing) {
    return (
      <div className="sub-CompareTable-gone" role="status">
        {trans.__('Not here: it was deleted, or you may not see it any more.')}
      </div>
    );
  }
  return (
    <div className="sub-CompareTable-gone" role="status">
      {problem ?? trans.__('Loading…')}
    </div>
  );
}

function GroupRows(props: CompareTableProps & { group: Group }): React.ReactElement | null {
  const { group, runs, rows, trans } = props;
  if (rows.length === 0) {
    return null;
  }
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={runs.length + 1} className="sub-CompareTable-group">
          <span>{groupWord(group, trans)}</span>
        </th>
      </tr>
      {rows.map(row => (
        <tr key={row.id}>
          <RowHead {...props} row={row} />
          {props.places.map((place, at) => (
            <Value key={runs[at].id} row={row} cell={row.cells[place]} trans={trans} />
          ))}
        </tr>
      ))}
    </tbody>
  );
}

/** Its button sorts: up, down, and back to the order of adding. */
function RowHead(props: CompareTableProps & { row: Row }): React.ReactElement {
  const { row, order, onOrder, trans } = props;
  const sorts = order?.row === row.id;
  const next = !sorts
    ? { row: row.id, descending: false }
    : order.descending
      ? null
      : { row: row.id, descending: true };
  const Arrow = order?.descending ? caretDownEmptyThinIcon : caretUpEmptyThinIcon;
  const name = rowName(row, trans);
  return (
    <th
      scope="row"
      aria-sort={!sorts ? 'none' : order.descending ? 'descending' : 'ascending'}
      className="sub-CompareTable-row"
    >
      <button
        type="button"
        title={trans.__('Sort the jobs by %1', name)}
        onClick={() => onOrder(next)}
      >
        <span>{name}</span>
        {sorts && <Arrow.react tag="span" width="16px" height="16px" />}
      </button>
    </th>
  );
}

function Value(props: { row: Row; cell: Cell; trans: TranslationBundle }): React.ReactElement {
  const { row, cell, trans } = props;
  const text = cellText(row, cell.value);
  return (
    <td className={cell.mark ? `sub-mod-${cell.mark}` : undefined}>
      <div title={text.length > 24 ? text : undefined}>
        {cell.mark && (
          <span className="sub-CompareTable-mark" title={markWord(cell, trans)}>
            <span aria-hidden="true">{SIGNS[cell.mark]}</span>
            <span className="sub-Hidden">{markWord(cell, trans)}</span>
          </span>
        )}
        <span>{text}</span>
      </div>
    </td>
  );
}
