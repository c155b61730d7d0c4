/** Use beside its limits: a bar where there is a limit, and always the numbers. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Quota, Use } from '../api/types';
import { amount } from '../models/quantity';
import { bytes } from './words';

interface Kind {
  label: string;
  used: number;
  limit: number | null;
  words: (value: number) => string;
}

/** All kinds, also those that nobody limits. */
export function UseTable(props: {
  title: string;
  quota: Quota;
  use: Use;
  /** Leave out what is neither limited nor used. */
  brief?: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { title, quota, use, brief, trans } = props;
  const kinds = kindsOf(quota, use, trans);
  const shown = brief ? kinds.filter((kind, index) => index === 0 || matters(kind)) : kinds;
  return (
    <table className="sub-Use">
      <caption>{title}</caption>
      <thead className="sub-Hidden">
        <tr>
          <th scope="col">{trans.__('What')}</th>
          <th scope="col">{trans.__('Used')}</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(kind => (
          <Row key={kind.label} kind={kind} trans={trans} />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: { kind: Kind; trans: TranslationBundle }): React.ReactElement {
  const { kind, trans } = props;
  const { label, used, limit, words } = kind;
  const full = limit !== null && used >= limit;
  return (
    <tr className={full ? 'sub-mod-full' : undefined}>
      <th scope="row">{label}</th>
      <td className="sub-Number">
        {limit === null
          ? trans.__('%1, no limit', words(used))
          : trans.__('%1 of %2', words(used), words(limit))}
        {full && <strong> {trans.__('(full)')}</strong>}
        {limit !== null && <Bar used={used} limit={limit} />}
      </td>
    </tr>
  );
}

/** The numbers stand above it: for the eye only. */
export function Bar(props: { used: number; limit: number }): React.ReactElement {
  const { used, limit } = props;
  const part = limit > 0 ? Math.min(1, used / limit) : 1;
  return (
    <div className={`sub-Bar${part >= 1 ? ' sub-mod-full' : ''}`} aria-hidden="true">
      <div style={{ width: `${part * 100}%` }} />
    </div>
  );
}

function kindsOf(quota: Quota, use: Use, trans: TranslationBundle): Kind[] {
  return [
    { label: trans.__('Jobs'), used: use.jobs, limit: quota.jobs ?? null, words: String },
    { label: trans.__('CPUs'), used: use.cpu, limit: amount(quota.cpu), words: short },
    { label: trans.__('Memory'), used: use.memory, limit: amount(quota.memory), words: bytes },
    { label: trans.__('GPUs'), used: use.gpu, limit: quota.gpu ?? null, words: String },
    {
      label: trans.__('GPU-hours this month'),
      used: use.gpu_hours,
      limit: quota.gpu_hours ?? null,
      words: short
    }
  ];
}

function matters({ used, limit }: Kind): boolean {
  return limit !== null || used > 0;
}

function short(value: number): string {
  return String(Number(value.toFixed(2)));
}
