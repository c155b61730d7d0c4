/** Use beside its limits: a table of numbers with their units. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Quota, Use } from '../api/types';
import { amount } from '../models/quantity';
import { bytes } from './words';

type Row = [label: string, used: number, limit: number | null, words: (value: number) => string];

/** See the module's comment. */
export function UseTable(props: {
  title: string;
  quota: Quota;
  use: Use;
  trans: TranslationBundle;
}): React.ReactElement {
  const { title, quota, use, trans } = props;
  const rows: Row[] = [
    [trans.__('Jobs'), use.jobs, quota.jobs ?? null, String],
    [trans.__('CPUs'), use.cpu, amount(quota.cpu), short],
    [trans.__('Memory'), use.memory, amount(quota.memory), bytes],
    [trans.__('GPUs'), use.gpu, quota.gpu ?? null, String],
    [trans.__('GPU-hours this month'), use.gpu_hours, quota.gpu_hours ?? null, short]
  ];
  return (
    <table className="sub-Use">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('What')}</th>
          <th scope="col">{trans.__('Used')}</th>
          <th scope="col">{trans.__('Limit')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([label, used, limit, words]) => (
          <tr key={label} className={limit !== null && used >= limit ? 'sub-mod-full' : undefined}>
            <th scope="row">{label}</th>
            <td className="sub-Number">{words(used)}</td>
            <td className="sub-Number">{limit === null ? trans.__('none') : words(limit)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function short(value: number): string {
  return String(Number(value.toFixed(2)));
}
