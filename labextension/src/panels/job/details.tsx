/** The Details tab: everything that is known of a job, and how to run it again by typing. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job, Json } from '../../api/types';
import { TextButton } from '../../components/basics';
import { exactTime } from '../../components/words';
import { asCommand, asMagic, asPython, summary } from '../../models/spec';

export interface DetailsTabProps {
  job: Job;
  params: { readonly [name: string]: Json };
  onCopy: (text: string) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function DetailsTab(props: DetailsTabProps): React.ReactElement {
  const { job, params, onCopy, trans } = props;
  const command = asCommand(job);
  return (
    <div className="sub-Details">
      <div className="sub-Controls">
        <TextButton onClick={() => onCopy(asMagic(job))}>{trans.__('Copy as magic')}</TextButton>
        {command && (
          <TextButton onClick={() => onCopy(command)}>{trans.__('Copy as command')}</TextButton>
        )}
        <TextButton onClick={() => onCopy(asPython(job))}>{trans.__('Copy as Python')}</TextButton>
      </div>
      <Facts rows={facts(job, trans)} />
      {Object.keys(params).length > 0 && (
        <>
          <h2>{trans.__('Parameters')}</h2>
          <Facts
            rows={Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)])}
          />
        </>
      )}
      <h2>{trans.__('Spec')}</h2>
      <pre className="sub-Json" tabIndex={0}>
        {JSON.stringify(job.spec, null, 2)}
      </pre>
    </div>
  );
}

type Row = readonly [string, string | null | undefined];

function facts(job: Job, trans: TranslationBundle): Row[] {
  const time = (iso: string | null | undefined) => iso && exactTime(iso);
  return [
    [trans.__('Id'), job.id],
    [trans.__('Owner'), job.owner],
    [trans.__('Project'), job.project],
    [trans.__('Engine'), job.engine],
    [trans.__('Runs'), job.spec.code ? trans.__('a cell') : summary(job.spec)],
    [trans.__('Environment'), job.spec.environment ?? trans.__("the server's own")],
    [trans.__('Attempt'), String(job.attempt)],
    [trans.__('Ranks'), String(job.ranks)],
    [trans.__('Created'), time(job.created)],
    [trans.__('Queued'), time(job.queued)],
    [trans.__('Started'), time(job.started)],
    [trans.__('Finished'), time(job.finished)],
    [trans.__('Exit code'), job.exit_code?.toString()]
  ];
}

function Facts({ rows }: { rows: readonly Row[] }): React.ReactElement {
  return (
    <dl className="sub-Facts">
      {rows
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}
