/** The Details tab: everything that is known of a job, and how to run it again by typing. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Engine, Job, Json } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { enginePlace, exactTime } from '../../components/words';
import { asCommand, asMagic, asPython } from '../../models/spec';
import { Changes } from './changes';
import { resourceRows, specRows, type Row } from './spec';

export interface DetailsTabProps {
  job: Job;
  /** Where it runs, while the server has that engine. */
  engine: Engine | undefined;
  /** Whether one may see what it runs. */
  shown: boolean;
  params: { readonly [name: string]: Json };
  /** Jobs that came before, the likeliest first; and what one of them told of its parameters. */
  readEarlier: () => Promise<readonly Job[]>;
  readParams: (id: string) => Promise<{ readonly [name: string]: Json }>;
  /** Show a version of a file beside another, or beside the current one. */
  onVersion: (path: string, version: string, to?: string) => void;
  onJob: (id: string) => void;
  onCopy: (text: string) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function DetailsTab(props: DetailsTabProps): React.ReactElement {
  const { job, engine, shown, params, trans } = props;
  return (
    <div className="sub-Details">
      {shown && <Copies {...props} />}
      <div className="sub-Details-columns">
        <section aria-label={trans.__('Job')}>
          <h2>{trans.__('Job')}</h2>
          <Facts rows={facts(job, trans)} />
        </section>
        {shown && (
          <section aria-label={trans.__('What it runs')}>
            <h2>{trans.__('What it runs')}</h2>
            <Facts rows={specRows(job, engine, trans)} />
          </section>
        )}
        <section aria-label={trans.__('Resources')}>
          <h2>{trans.__('Resources')}</h2>
          <Facts rows={resourceRows(job, trans)} />
        </section>
        {Object.keys(params).length > 0 && (
          <section aria-label={trans.__('Parameters')}>
            <h2>{trans.__('Parameters')}</h2>
            <Facts
              rows={Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)])}
            />
          </section>
        )}
      </div>
      <Versions {...props} />
      <section aria-label={trans.__('What changed')}>
        <h2>{trans.__('What changed')}</h2>
        <Changes {...props} />
      </section>
      {shown ? (
        <details className="sub-Details-raw">
          <summary>{trans.__('The whole spec as JSON')}</summary>
          <pre className="sub-Json" tabIndex={0}>
            {JSON.stringify(job.spec, null, 2)}
          </pre>
        </details>
      ) : (
        <Message kind="empty">{trans.__('Only editors see what a job runs.')}</Message>
      )}
    </div>
  );
}

function Copies({ job, onCopy, trans }: DetailsTabProps): React.ReactElement {
  const command = asCommand(job);
  return (
    <div className="sub-Controls">
      <TextButton onClick={() => onCopy(asMagic(job))}>{trans.__('Copy as magic')}</TextButton>
      {command && (
        <TextButton onClick={() => onCopy(command)}>{trans.__('Copy as command')}</TextButton>
      )}
      <TextButton onClick={() => onCopy(asPython(job))}>{trans.__('Copy as Python')}</TextButton>
    </div>
  );
}

/** Exactly which versions of the project's files it ran. */
function Versions({ job, onVersion, trans }: DetailsTabProps): React.ReactElement | null {
  const versions = Object.entries(job.versions);
  return versions.length === 0 ? null : (
    <>
      <h2>{trans.__('Files that it ran')}</h2>
      <ul className="sub-Rows">
        {versions.map(([path, version]) => (
          <li key={path}>
            <span className="sub-FileRow-name">{path}</span>
            <TextButton onClick={() => onVersion(path, version)}>
              {trans.__('Version %1', version)}
            </TextButton>
          </li>
        ))}
      </ul>
    </>
  );
}

function facts(job: Job, trans: TranslationBundle): Row[] {
  const time = (iso: string | null | undefined) => iso && exactTime(iso);
  return [
    [trans.__('Id'), job.id],
    [trans.__('Owner'), job.owner],
    [trans.__('Project'), job.project],
    [trans.__('Engine'), enginePlace(job.engine, trans)],
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
            <dd tabIndex={(value?.length ?? 0) > 200 ? 0 : undefined}>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}
