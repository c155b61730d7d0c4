/** The compare view: its head, the table, and the curves. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Message, TextButton } from '../../components/basics';
import { useSignal } from '../../components/hooks';
import { ordered, rows, type Compared, type Order, type Row } from '../../models/comparison';
import { lossFirst } from '../../models/metrics';
import type { Run, RunsModel } from '../../models/runs';
import { FEWEST, MOST } from './choose';
import { tableAsCsv } from './csv';
import { CompareTable } from './table';

export interface CompareActions {
  open: (id: string) => void;
  /** Ask which jobs to add. */
  add: (taken: readonly string[]) => void;
  copy: (text: string) => void;
}

export interface CompareBodyProps {
  runs: RunsModel;
  theme: string;
  actions: CompareActions;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function CompareBody(props: CompareBodyProps): React.ReactElement {
  const { runs, actions, trans } = props;
  useSignal(runs.changed);
  const [onlyDifferences, setOnlyDifferences] = React.useState(false);
  const [order, setOrder] = React.useState<Order | null>(null);
  const all = rows(runs.items.map(compared), metricKeys(runs.items));
  const shown = onlyDifferences ? all.filter(({ differs }) => differs) : all;
  const places = ordered(
    all.find(({ id }) => id === order?.row),
    runs.items.length,
    order?.descending ?? false
  );
  return (
    <div className="sub-Compare">
      <div className="sub-Controls">
        <TextButton
          disabled={runs.ids.length >= MOST}
          title={
            runs.ids.length >= MOST
              ? trans.__('At most %1 jobs can stand beside each other.', MOST)
              : undefined
          }
          onClick={() => actions.add(runs.ids)}
        >
          {trans.__('Add jobs…')}
        </TextButton>
        <label>
          <input
            type="checkbox"
            checked={onlyDifferences}
            onChange={event => setOnlyDifferences(event.target.checked)}
          />{' '}
          {trans.__('Only differences')}
        </label>
        <TextButton onClick={() => actions.copy(tableAsCsv(runs.items, places, shown, trans))}>
          {trans.__('Copy table as CSV')}
        </TextButton>
      </div>
      {runs.ids.length < FEWEST && (
        <Message kind="empty">
          {trans.__('Comparing takes at least %1 jobs: add some.', FEWEST)}
        </Message>
      )}
      <CompareTable
        runs={places.map(place => runs.items[place])}
        places={places}
        rows={shown}
        order={order}
        onOrder={setOrder}
        onOpen={actions.open}
        onRemove={id => runs.remove(id)}
        trans={trans}
      />
      {shown.length < all.length && shown.every(isMetric) && (
        <p className="sub-Compare-same">{sameWords(shown, trans)}</p>
      )}
    </div>
  );
}

function isMetric({ group }: Row): boolean {
  return group === 'metrics';
}

function sameWords(shown: readonly Row[], trans: TranslationBundle): string {
  return shown.length === 0
    ? trans.__('These jobs do not differ in anything.')
    : trans.__('Apart from their metrics these jobs do not differ.');
}

function compared({ id, job: { job }, metrics }: Run): Compared {
  return { id, job, params: metrics.params, summaries: metrics.summaries };
}

function metricKeys(runs: readonly Run[]): string[] {
  return [...new Set(runs.flatMap(({ metrics }) => metrics.keys))].sort(lossFirst);
}
