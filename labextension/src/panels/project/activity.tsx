/** Who did what in a project, the newest first, day by day and live. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { AuditEntry } from '../../api/types';
import { auditSentence, happened, jobNames } from '../../components/auditwords';
import { Ago, Message, TextButton } from '../../components/basics';
import { useNow, useOwned, useSignal } from '../../components/hooks';
import { Skeleton } from '../../components/skeleton';
import { Trouble } from '../../components/waiting';
import { dayWord, initials } from '../../components/words';
import { AuditModel } from '../../models/audit';
import type { TabProps } from './body';

/** See the module's comment. */
export function ActivityTab({ session, project, trans }: TabProps): React.ReactElement {
  const { api, connection } = session;
  const { name } = project;
  const audit = useOwned(
    React.useCallback(
      () => new AuditModel({ project: name, connection, read: query => api.sharing.audit(query) }),
      [api, connection, name]
    )
  );
  return <Entries model={audit} trans={trans} />;
}

function Entries(props: { model: AuditModel; trans: TranslationBundle }): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const now = useNow();
  const { items, loading, hasMore, problem } = model;
  if (items.length === 0) {
    return <Nothing model={model} trans={trans} />;
  }
  const names = jobNames(items);
  return (
    <>
      <Trouble problem={problem} />
      {days(items, now, trans).map(([day, entries]) => (
        <section key={day} className="sub-Activity-day">
          <h2>{day}</h2>
          <ol className="sub-Activity" aria-label={trans.__('Activity: %1', day)}>
            {entries.map(entry => (
              <Entry key={entry.seq} entry={entry} names={names} now={now} trans={trans} />
            ))}
          </ol>
        </section>
      ))}
      {hasMore && (
        <TextButton disabled={loading} onClick={() => void model.loadMore()}>
          {loading ? trans.__('Loading…') : trans.__('Earlier')}
        </TextButton>
      )}
    </>
  );
}

function Nothing(props: { model: AuditModel; trans: TranslationBundle }): React.ReactElement {
  const { model, trans } = props;
  if (model.problem !== null) {
    return (
      <Message kind="failed">
        {model.problem}{' '}
        <TextButton onClick={() => void model.refresh()}>{trans.__('Try again')}</TextButton>
      </Message>
    );
  }
  return model.loading ? (
    <Skeleton label={trans.__('Loading the activity…')} rows={6} shape="row" />
  ) : (
    <Message kind="empty">{trans.__('Nothing was done here yet.')}</Message>
  );
}

function Entry(props: {
  entry: AuditEntry;
  names: ReadonlyMap<string, string>;
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { entry, names, now, trans } = props;
  const sentence = auditSentence(entry, names, trans);
  return (
    <li>
      {happened(entry) ? (
        <span className="sub-Activity-words sub-mod-quiet">{sentence}</span>
      ) : (
        <span className="sub-Activity-words">
          <span className="sub-Avatar" aria-hidden="true">
            {initials(entry.actor)}
          </span>
          <span>
            <strong>{entry.actor}</strong> {sentence}
          </span>
        </span>
      )}
      <span className="sub-FileRow-age">
        <Ago time={entry.time} now={now} trans={trans} />
      </span>
    </li>
  );
}

/** The entries by day, in their order. */
function days(
  items: readonly AuditEntry[],
  now: number,
  trans: TranslationBundle
): readonly (readonly [string, readonly AuditEntry[]])[] {
  const found = new Map<string, AuditEntry[]>();
  for (const entry of items) {
    const day = dayWord(entry.time, now, trans);
    found.set(day, [...(found.get(day) ?? []), entry]);
  }
  return [...found];
}
