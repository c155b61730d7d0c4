/** Files that were deleted: back again, or gone for good. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Trashed } from '../../api/types';
import { Ago, Message, TextButton } from '../../components/basics';
import { useAction, useNow, useReading } from '../../components/hooks';
import { Trouble, Waiting } from '../../components/waiting';
import { bytes } from '../../components/words';
import { Reading } from '../../models/reading';
import { may } from '../../models/rights';
import type { TabProps } from './body';

/** See the module's comment. */
export function TrashTab({ session, project, trans }: TabProps): React.ReactElement {
  const { api, connection } = session;
  const { name } = project;
  const { busy, problem, run } = useAction();
  const trash = useReading(
    React.useCallback(
      () =>
        new Reading({
          read: () => api.sharing.trash(name),
          connection,
          topic: `projects/${name}`,
          when: ['file']
        }),
      [api, connection, name]
    )
  );
  const act = async (action: () => Promise<unknown>) => {
    await run(action);
    await trash.refresh();
  };
  const purge = (path: string) => void act(() => api.sharing.purge(name, path));
  return (
    <>
      <Trouble problem={problem} />
      <Waiting reading={trash} loading={trans.__('Loading the trash…')} trans={trans}>
        {items => (
          <List
            items={items}
            busy={busy}
            onRestore={({ path, version }) =>
              void act(() => api.sharing.restore(name, path, version))
            }
            onPurge={may(project, 'file:purge') ? purge : null}
            trans={trans}
          />
        )}
      </Waiting>
    </>
  );
}

interface ListProps {
  items: readonly Trashed[];
  busy: boolean;
  onRestore: (file: Trashed) => void;
  /** Null where one may not. */
  onPurge: ((path: string) => void) | null;
  trans: TranslationBundle;
}

function List(props: ListProps): React.ReactElement {
  const { items, trans } = props;
  const now = useNow();
  if (items.length === 0) {
    return <Message kind="empty">{trans.__('The trash is empty.')}</Message>;
  }
  return (
    <ul className="sub-Rows sub-Kept" aria-label={trans.__('Trash')}>
      {items.map(file => (
        <Row key={file.path} {...props} file={file} now={now} />
      ))}
    </ul>
  );
}

/** What can't be undone is asked twice. */
function Row(props: ListProps & { file: Trashed; now: number }): React.ReactElement {
  const { file, now, busy, onRestore, onPurge, trans } = props;
  const { path, size, deleted, by } = file;
  const [asked, setAsked] = React.useState(false);
  return (
    <li>
      <span className="sub-Kept-words">
        <span>{path}</span>
        <span className="sub-Kept-note">
          {trans.__('%1, deleted by %2', bytes(size), by)}{' '}
          <Ago time={deleted} now={now} trans={trans} />
        </span>
      </span>
      <span className="sub-Buttons">
        <TextButton
          disabled={busy}
          title={trans.__('Restore %1', path)}
          onClick={() => onRestore(file)}
        >
          {trans.__('Restore')}
        </TextButton>
        {onPurge && (
          <TextButton
            disabled={busy}
            title={trans.__('Delete %1 and its history for good', path)}
            onClick={() => (asked ? onPurge(path) : setAsked(true))}
          >
            {asked ? trans.__('Really delete it?') : trans.__('Delete for good')}
          </TextButton>
        )}
      </span>
    </li>
  );
}
