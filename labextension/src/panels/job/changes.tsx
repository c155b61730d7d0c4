/** What changed since an earlier job: one is chosen, the differences are a table. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job, Json } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useAnswer } from '../../components/hooks';
import { age, exactTime, metric, stateWord } from '../../components/words';
import { apart, changes, otherFiles, type Change, type ChangeKind } from '../../models/changes';
import { specWord } from './spec';

export interface ChangesProps {
  job: Job;
  params: { readonly [name: string]: Json };
  /** Jobs that came before, the likeliest first. */
  readEarlier: () => Promise<readonly Job[]>;
  readParams: (id: string) => Promise<{ readonly [name: string]: Json }>;
  onVersion: (path: string, from: string, to: string) => void;
  onJob: (id: string) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function Changes(props: ChangesProps): React.ReactElement | null {
  const { job, readEarlier, onJob, trans } = props;
  const { value: known, problem } = useAnswer(readEarlier);
  const [chosen, choose] = React.useState<string | null>(null);
  if (problem !== null) {
    return <Message kind="failed">{problem}</Message>;
  }
  if (known === null) {
    return <Message kind="loading">{trans.__('Looking for earlier jobs…')}</Message>;
  }
  const before = known.find(one => one.id === chosen) ?? known[0];
  if (!before) {
    return <Message kind="empty">{trans.__('This is the first job of its project.')}</Message>;
  }
  return (
    <>
      <div className="sub-Controls">
        <label>
          {trans.__('Since')}{' '}
          <select
            className="jp-mod-styled"
            value={before.id}
            onChange={event => choose(event.target.value)}
          >
            <Choices known={known} name={job.name} trans={trans} />
          </select>
        </label>
        <TextButton onClick={() => onJob(before.id)}>{trans.__('Open that job')}</TextButton>
      </div>
      <Since key={before.id} {...props} before={before} />
    </>
  );
}

function Choices(props: {
  known: readonly Job[];
  name: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { known, name, trans } = props;
  const now = React.useMemo(() => Date.now(), []);
  const option = (one: Job) => (
    <option key={one.id} value={one.id} title={exactTime(one.created)}>
      {`${one.name} · ${stateWord(one.state, trans)} · ${age(one.created, now, trans)}`}
    </option>
  );
  const same = known.filter(one => one.name === name);
  const others = known.filter(one => one.name !== name);
  return (
    <>
      {same.length > 0 && (
        <optgroup label={trans.__('Of the same name')}>{same.map(option)}</optgroup>
      )}
      {others.length > 0 && (
        <optgroup label={trans.__('Others in the project')}>{others.map(option)}</optgroup>
      )}
    </>
  );
}

function Since(props: ChangesProps & { before: Job }): React.ReactElement {
  const { job, before, params, readParams, trans } = props;
  const read = React.useCallback(() => readParams(before.id), [readParams, before.id]);
  const { value, problem } = useAnswer(read);
  if (problem !== null) {
    return <Message kind="failed">{problem}</Message>;
  }
  if (value === null) {
    return <Message kind="loading">{trans.__('Comparing…')}</Message>;
  }
  const [was, is] = [
    { job: before, params: value },
    { job, params }
  ];
  const found = changes(was, is);
  const unknown = otherFiles(was, is);
  if (found.length === 0 && !unknown) {
    return (
      <Message kind="empty">{trans.__('Nothing: the same ran with the same result.')}</Message>
    );
  }
  return (
    <>
      <table className="sub-Changes">
        <thead>
          <tr>
            <th scope="col">{trans.__('What')}</th>
            <th scope="col">{trans.__('Before')}</th>
            <th scope="col">{trans.__('In this job')}</th>
          </tr>
        </thead>
        {GROUPS.map(kind => (
          <Group key={kind} {...props} kind={kind} rows={found.filter(one => one.kind === kind)} />
        ))}
      </table>
      {unknown && (
        <p className="sub-Changes-note">
          {trans.__('Its files differ, too. They lie outside a project, so no versions were kept.')}
        </p>
      )}
    </>
  );
}

const GROUPS: readonly ChangeKind[] = ['spec', 'param', 'file', 'metric'];

function groupWord(kind: ChangeKind, trans: TranslationBundle): string {
  switch (kind) {
    case 'spec':
      return trans.__('What it runs');
    case 'param':
      return trans.__('Parameters');
    case 'file':
      return trans.__('Files');
    default:
      return trans.__('Final metrics');
  }
}

function Group(
  props: ChangesProps & { kind: ChangeKind; rows: readonly Change[] }
): React.ReactElement | null {
  const { kind, rows, trans } = props;
  return rows.length === 0 ? null : (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={3} className="sub-Changes-group">
          {groupWord(kind, trans)}
        </th>
      </tr>
      {rows.map(short).map(change => (
        <tr key={change.name}>
          <th scope="row">{kind === 'spec' ? specWord(change.name, trans) : change.name}</th>
          <td>
            <Value text={valueOf(change.before, kind, trans)} />
          </td>
          <td>
            <Value text={valueOf(change.after, kind, trans)} />
            <Look {...props} change={change} />
          </td>
        </tr>
      ))}
    </tbody>
  );
}

function short(change: Change): Change {
  const { before, after } = change;
  if (before === null || after === null) {
    return change;
  }
  const [was, is] = apart(before, after);
  return { ...change, before: was, after: is };
}

/** A long one scrolls, also by keyboard. */
function Value({ text }: { text: string }): React.ReactElement {
  return (
    <div className="sub-Changes-value" tabIndex={text.length > 200 ? 0 : undefined}>
      {text}
    </div>
  );
}

/** What changed within a file, in its history. */
function Look(props: ChangesProps & { change: Change }): React.ReactElement | null {
  const { onVersion, trans } = props;
  const { kind, name, before, after } = props.change;
  return kind === 'file' && before !== null && after !== null ? (
    <TextButton onClick={() => onVersion(name, before, after)}>
      {trans.__('Show what changed')}
    </TextButton>
  ) : null;
}

function valueOf(value: string | null, kind: ChangeKind, trans: TranslationBundle): string {
  if (value === null) {
    return '–';
  }
  if (kind === 'file') {
    return trans.__('version %1', value);
  }
  return kind === 'metric' && Number.isFinite(Number(value)) ? metric(Number(value)) : value;
}
