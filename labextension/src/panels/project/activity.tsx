/** Who did what in a project, the newest first. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { AuditEntry } from '../../api/types';
import { auditSentence } from '../../components/auditwords';
import { Ago, Message, TextButton } from '../../components/basics';
import { useNow, useOwned, useSignal } from '../../components/hooks';
import { Trouble } from '../../components/waiting';
import { AuditModel } from '../../models/audit';
import type { TabProps } from './body';

/** See the module's comment. */
export function ActivityTab({ session, project, trans }: TabProps): React.ReactElement {
  const { sharing } = session.api;
  const { name } = project;
  const audit = useOwned(
    React.useCallback(
      () => new AuditModel({ project: name, read: query => sharing.audit(query) }),
      [sharing, name]
    )
  );
  return <Entries model={audit} trans={trans} />;
}

function Loading({ trans }: { trans: TranslationBundle }): React.ReactElement {
  return <Message kind="loading">{trans.__('Loading the activity…')}</Message>;
}

function Entries(props: { model: AuditModel; trans: TranslationBundle }): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const now = useNow();
  const { items, loading, hasMore, problem } = model;
  if (items.length === 0 && loading) {
    return <Loading trans={trans} />;
  }
  return (
    <>
      <div className="sub-Controls">
        <TextButton disabled={loading} onClick={() => void model.refresh()}>
          {trans.__('Refresh')}
        </TextButton>
      </div>
      <Trouble problem={problem} />
      <ol className="sub-Activity" aria-label={trans.__('Activity')}>
        {items.map(entry => (
          <Entry key={entry.seq} entry={entry} now={now} trans={trans} />
        ))}
      </ol>
      {hasMore && items.length > 0 && (
        <TextButton disabled={loading} onClick={() => void model.loadMore()}>
          {trans.__('Earlier')}
        </TextButton>
      )}
    </>
  );
}

function Entry(props: {
  entry: AuditEntry;
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { entry, now, trans } = props;
  return (
    <li>
      <span>
        <strong>{entry.actor}</strong> {auditSentence(entry, trans)}
      </span>
      <span className="sub-FileRow-age">
        <Ago time={entry.time} now={now} trans={trans} />
      </span>
    </li>
  );
}
